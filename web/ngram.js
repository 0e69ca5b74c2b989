/**
 * ngram.js - the oldest ancestor in a page: a language model that counts, from the file that
 * `jielong ngram --out` writes.
 *
 * Apart from jielong.js, with an engine of its own in this thread; a distribution takes microseconds.
 * Ids are those of the vocabulary it was counted with, so the tokens of a Transformer that was
 * trained with the same one serve both: `ngram.distribution(await model.tokenize(text))`.
 */
import { JielongError } from './base/error.js';
import { instantiate } from './engine/instance.js';
import { BINARY, checkIds, checkOptions, reading } from './base/options.js';

const decoder = new TextDecoder();
/** The module that counts and learns; jielong.wasm only runs models. */
const TRAINING = { kind: 'url', url: new URL('./jielong-train.wasm', import.meta.url).href };

export class Ngram {
  /** @type {import('./engine/instance.js').Exports | undefined} */ #exports;
  #handle = 0;

  /**
   * @param {Uint8Array | ArrayBuffer} file
   * @param {{ wasm?: any }} [options]  wasm: a WebAssembly.Module or its bytes; left out: the jielong-train.wasm beside this file
   */
  static async open(file, options = {}) {
    const { wasm } = checkOptions('open', options, { wasm: BINARY });
    const bytes = reading('file', () =>
      file instanceof Uint8Array
        ? new Uint8Array(file.buffer, file.byteOffset, file.length)
        : file instanceof ArrayBuffer && new Uint8Array(file),
    );
    if (!bytes) throw new JielongError('BAD_ARGUMENT', 'expected the bytes of a file', 'file');
    const self = new Ngram();
    self.#exports = await instantiate(wasm ?? TRAINING);
    self.#handle = self.#lend(bytes, (at) => self.#call('ngram_new', at, bytes.length) >>> 0);
    if (!self.#handle) throw self.#error();
    return self;
  }

  /** Tokens of the longest n-grams: it looks order − 1 tokens back. */
  get order() {
    return this.#call('ngram_order', this.#handle);
  }

  /** The probability of every token after ids: Float32Array over the vocabulary. @param {import('./api/types.js').Ids} ids */
  distribution(ids) {
    const n = this.#call('ngram_n_vocab', this.#handle);
    const context = checkIds(ids, 'distribution').slice(-this.order);
    return this.#lend(new Uint8Array(context.buffer), (at) =>
      this.#lend(new Uint8Array(4 * n), (p) => {
        this.#call('ngram_distribution', this.#handle, at, context.length, p);
        return new Float32Array(this.#memory, p, n).slice();
      }),
    );
  }

  /** Lets go of the engine and with it of its memory. */
  close() {
    this.#exports = undefined;
  }

  get #memory() {
    return /** @type {any} */ (this.#exports).memory.buffer;
  }
  /** @param {string} name @param {number[]} args */
  #call(name, ...args) {
    if (!this.#exports) throw new JielongError('CLOSED', 'this n-gram model is closed');
    return this.#exports[`jl_wasm_${name}`](...args);
  }
  /**
   * Lends a copy of bytes to `use`.
   * @template T
   * @param {Uint8Array} bytes
   * @param {(at: number) => T} use
   */
  #lend(bytes, use) {
    const at = this.#call('alloc', bytes.length) >>> 0;
    if (!at) throw new JielongError('OUT_OF_MEMORY', `no room for ${bytes.length} bytes`);
    new Uint8Array(this.#memory, at, bytes.length).set(bytes);
    const result = use(at);
    this.#call('free', at);
    return result;
  }
  #error() {
    const [name, where, message] = ['name', 'where', 'message'].map((part) => {
      const bytes = new Uint8Array(this.#memory, this.#call(`error_${part}`) >>> 0);
      return decoder.decode(bytes.slice(0, bytes.indexOf(0)));
    });
    return new JielongError(name, message || name, where);
  }
}
