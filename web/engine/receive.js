/**
 * receive.js - feeds the bytes of a model file to the engine, checks the file's hash, and reports progress.
 *
 * Copies chunks into the engine's input buffer; the engine parses and packs them. A reader that keeps the file
 * (source/store.js) is told whether the engine accepted it.
 */
import { JielongError } from '../base/error.js';
import { sha256 } from '../source/sha256.js';

const MORE = 1;
const RARE = ['UNKNOWN_ARCHITECTURE', 'UNKNOWN_TYPE', 'BAD_TOKENIZER'];
/**
 * Whether a header may ask for what only jielong-all.wasm has; a classification head is refused as a tensor too many.
 * @param {any} e the refusal
 */
const isRare = ({ code, where }) =>
  RARE.includes(code) || (code === 'BAD_TENSOR' && /^cls/.test(where));
const PROGRESS_MS = 50; // between two reports
/**
 * Copies a chunk into the engine's input buffers.
 * @param {import('./exports.js').Calls} calls @param {number} model @param {Uint8Array} chunk
 * @returns {boolean} whether the model is complete
 */
function feed(calls, model, chunk) {
  for (let at = 0; at < chunk.length; ) {
    const pointer = calls.make('model_reserve', model);
    const part = chunk.subarray(at, at + (calls.call('model_room') >>> 0));
    calls.bytes(pointer, part.length).set(part);
    at += part.length;
    if (calls.try('model_feed', model, part.length) !== MORE) return true;
  }
  return false;
}

/** Feeds a model, and after its header refused it, once more from the beginning a model of another instance. */
class Feeder {
  #calls;
  #model;
  #restart;
  /** Chunks until the header was read. @type {Uint8Array[]} */ #header = [];

  /**
   * @param {import('./exports.js').Calls} calls @param {number} model
   * @param {((refusal: JielongError) => Promise<number>) | undefined} restart see receive()
   */
  constructor(calls, model, restart) {
    this.#calls = calls;
    this.#model = model;
    this.#restart = restart;
  }

  /** @param {Uint8Array} chunk @returns {Promise<boolean>} whether the model is complete */
  async feed(chunk) {
    if (!this.#restart) return feed(this.#calls, this.#model, chunk);
    this.#header.push(chunk.slice()); // a reader may use its buffer again
    try {
      const complete = feed(this.#calls, this.#model, chunk);
      if (this.#calls.call('model_file_bytes', this.#model)) this.#forget(); // the header is accepted
      return complete;
    } catch (e) {
      if (!isRare(e)) throw e;
      this.#model = await this.#restart(/** @type {JielongError} */ (e));
      const parts = this.#header;
      this.#forget();
      return parts.map((part) => feed(this.#calls, this.#model, part)).includes(true);
    }
  }
  #forget() {
    this.#restart = undefined;
    this.#header = [];
  }
  finish() {
    this.#calls.try('model_finish', this.#model);
  }
}

/**
 * Completes a model.
 * @param {import('./exports.js').Calls} calls @param {number} model its handle
 * @param {import('../source/source.js').Reader} reader
 * @param {{ sha256?: string, header?: boolean, restart?: (refusal: JielongError) => Promise<number> }} options
 *   header: the reader ends after the header; restart attaches an instance that knows more models, and returns its
 *   model
 * @param {((progress: any) => void) | undefined} onProgress @param {AbortSignal} [signal]
 */
export async function receive(calls, model, reader, options, onProgress, signal) {
  try {
    const hash = await fill(calls, model, reader, options, onProgress, signal);
    if (!options.header) await reader.accept?.(hash);
  } catch (e) {
    throw (!signal?.aborted && (await reader.refuse?.(e))) || e;
  }
}

/**
 * @param {import('./exports.js').Calls} calls @param {number} model @param {import('../source/source.js').Reader} reader
 * @param {{ sha256?: string, header?: boolean, restart?: (refusal: JielongError) => Promise<number> }} options
 * @param {((progress: any) => void) | undefined} onProgress @param {AbortSignal} [signal]
 * @returns {Promise<string | undefined>} the hash, if it was checked
 */
async function fill(calls, model, reader, { sha256: given, header, restart }, onProgress, signal) {
  const feeder = new Feeder(calls, model, restart);
  const wanted = header ? undefined : (given ?? reader.expected)?.toLowerCase();
  const hash = wanted && wanted !== reader.sha256 ? sha256() : undefined;
  let [loaded, reported, complete] = [0, 0, false];
  // Bytes after the last tensor are read only for the hash, and to keep the file.
  while (hash || !complete || (reader.whole && !header)) {
    const chunk = await reader.read();
    signal?.throwIfAborted();
    if (!chunk) break;
    loaded += chunk.length;
    hash?.update(chunk);
    complete ||= await feeder.feed(chunk);
    if (onProgress && performance.now() - reported > PROGRESS_MS) {
      reported = performance.now();
      const total = reader.total && reader.total >= loaded ? reader.total : undefined;
      onProgress({ phase: 'download', loaded, total });
    }
  }
  onProgress?.({ phase: 'download', loaded, total: loaded });
  feeder.finish();
  if (!hash || hash.hex() === wanted) return wanted;
  const why = "its SHA-256 differs from the option 'sha256', or the published one";
  throw new JielongError(
    'CHECKSUM',
    `${reader.name} is not the expected file: ${why}`,
    reader.name,
  );
}
