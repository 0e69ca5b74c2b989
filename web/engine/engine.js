/**
 * engine.js - the engine as an object: one method per operation on a model and its sessions.
 *
 * Arguments and results can be cloned, so that backend.js can call it in this thread and worker.js by messages.
 * exports.js has the calls of exports, their errors and the memory access. A file whose header asks for what
 * jielong.wasm lacks is read on by an instance of jielong-all.wasm. One instance holds one model, because
 * WebAssembly memory never shrinks: it is freed with the instance. Nothing here parses, tokenises, samples or
 * reads a struct, except candidates: pairs {i32 id, f32 probability}. readings.js has the methods of a model
 * without a session.
 */

import { closed, JielongError, wordsOf } from '../base/error.js';
import { openSource } from '../source/source.js';
import { Calls } from './exports.js';
import { open } from './instance.js';
import { Kernels } from './kernels.js';
import { cosines, rows, trace, unembed, unembedding } from './readings.js';
import { receive } from './receive.js';
import { withSampling } from './sampling.js';
import { restore, states } from './state.js';
import { startInNode, Threads, threadsHere } from './threads.js';

const MORE = 1;
const LOST = -12; // JL_ERR_THREAD
const ROOM = 1.5; // memory of a model and its sessions / file size
const FINISH = /** @type {const} */ ([undefined, 'length', 'end', 'stop', 'context']);
const WORK = 1 << 19; // per step of tokenize, about 10 ms (unit: jl_encoding_step in jielong.h)
const POOLINGS = ['', 'mean', 'cls', 'last', 'rank'];
const COUNTERS = 18; // numbers of jl_wasm_session_counters

const encoder = new TextEncoder();
// Keeps U+FEFF at the beginning.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** @param {Uint8Array[]} parts @param {number} length total */
function joined(parts, length) {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * @typedef {{ assets?: import('./assets.js').Assets, wasm?: any, threads?: number, sha256?: string, memoryLimit?: number,
 *   precision?: 'auto' | 'exact' | 'fast', header?: boolean }} LoadOptions header: only the header is read, for info
 */

/** Taps and edits of a run as numbers (api/inside.js). @typedef {import('../api/inside.js').Request} Request */

/* ---- The engine ------------------------------------------------------------------------------ */

export class Engine {
  #calls = new Calls({
    name: 'model',
    afterCrash: 'load the model again',
    ifFull: 'use shorter texts or contexts, or close sessions',
    onEnd: () => {
      this.#threads?.end('the model is closed');
      this.#sessions.clear();
      this.#encodings.clear();
    },
  });
  #model = 0;
  /** @type {Threads | undefined} */ #threads;
  #startPoolWorker;
  /** @type {Kernels | undefined} */ #kernels;
  #vocabulary = 0; // entries
  #width = 0; // of the residual stream
  #encoder = false; // no logits
  /** Defaults, from the engine. */ #defaults = {};
  /**
   * Sessions by handle, so that the handle of a closed session is rejected.
   * @type {Map<number, number>}
   */
  #sessions = new Map();
  /** Unfinished tokenisations by handle: pointers to free. @type {Map<number, number[]>} */
  #encodings = new Map();
  #next = 1;
  #drawn = 0; // handle of a session with a sampled, not yet evaluated token; 0: none

  /** @param {import('./threads.js').StartPoolWorker} [startPoolWorker] by the page */
  constructor(startPoolWorker) {
    this.#startPoolWorker = startPoolWorker;
  }

  /** Drops the instance and its memory. */
  close() {
    this.#calls.end();
  }

  /**
   * Calls an export that evaluates tokens, and times it for the choice of kernels. If a thread is lost, the
   * session is unchanged and the call is repeated on one thread.
   * @param {string} name @param {number} session @param {(number | boolean)[]} more
   */
  #evaluate(name, session, ...more) {
    const args = [session, ...more];
    const kernels = this.#kernels?.measuring ? this.#kernels : undefined;
    const evaluated = () => (kernels ? this.#calls.call('session_evaluated', session) : 0);
    const before = evaluated();
    const start = performance.now();
    const result = this.#calls.call(name, ...args);
    const ms = performance.now() - start;
    if (result >= 0) {
      kernels?.note((evaluated() - before) >>> 0, ms);
      return result;
    }
    if (result !== LOST) throw this.#calls.error();
    this.#threads?.lost();
    return this.#calls.try(name, ...args);
  }

  /** @param {number} handle */
  #session(handle) {
    this.#calls.check();
    const session = this.#sessions.get(handle);
    if (!session) throw closed('session');
    return session;
  }

  /* ---- Model ---- */

  /**
   * @param {import('../source/source.js').Described} source @param {LoadOptions} options
   * @param {((progress: any) => void) | undefined} onProgress @param {AbortSignal} [signal]
   */
  async load(source, options, onProgress, signal) {
    const opening = openSource(source, signal); // in parallel with the compilation
    opening.catch(() => {}); // handled where it is awaited
    const size = async () => (await opening).size;
    try {
      await this.#start(options.assets?.engine, options, size);
    } catch (e) {
      opening.then((unread) => unread.cancel()).catch(() => {});
      throw e;
    }
    const reader = await opening;
    const cancel = () => reader.cancel(signal?.reason); // also ends a pending read
    signal?.addEventListener('abort', cancel);
    try {
      signal?.throwIfAborted(); // aborted before the listener was added
      this.#newModel(reader, options);
      const all = !options.wasm && options.assets?.all;
      const restart = all
        ? (/** @type {JielongError} */ refusal) => this.#restart(refusal, all, reader, options)
        : undefined;
      await receive(this.#calls, this.#model, reader, { ...options, restart }, onProgress, signal);
      if (options.header) {
        const bytes = this.#calls.call('model_file_bytes', this.#model);
        return { ...this.#info(reader), fileBytes: reader.fileBytes || reader.size || bytes };
      }
      const relaxed = await this.#kernels?.set(this.#calls, this.#model);
      await this.#threads?.join(this.#model, !options.threads, relaxed);
      signal?.throwIfAborted();
      return this.#info(reader);
    } catch (e) {
      signal?.throwIfAborted();
      throw e;
    } finally {
      signal?.removeEventListener('abort', cancel);
      reader.cancel();
    }
  }

  /** @param {{ size: number }} reader @param {LoadOptions} options */
  #newModel({ size }, { memoryLimit = 0, header }) {
    this.#model = this.#calls.make('model_new', size, memoryLimit);
    if (header) this.#calls.call('model_header_only', this.#model);
    return this.#model;
  }

  /**
   * Another instance, of the module with all models, in place of the one that refused a file by its header.
   * @param {JielongError} refusal @param {import('./assets.js').Wasm} all the module
   * @param {{ size: number }} reader @param {LoadOptions} options
   * @returns {Promise<number>} its model
   */
  async #restart(refusal, all, reader, options) {
    this.#threads?.end('the module with all models takes over');
    try {
      await this.#start(all, options, async () => reader.size);
    } catch (e) {
      const { code, message, where, offset } = refusal;
      const why = `jielong-all.wasm may support it, but could not be fetched: ${wordsOf(e)}`;
      throw new JielongError(code, `${message}; ${why}`, where, offset);
    }
    return this.#newModel(reader, options);
  }

  /**
   * Creates the instance, and starts pool workers and the compilation of kernels during the download.
   * @param {import('./assets.js').Wasm | undefined} file of the module, unless the caller gives one
   * @param {LoadOptions} options @param {() => Promise<number>} size bytes of the file, 0: unknown
   */
  async #start(file, { assets, wasm, threads, precision = 'auto' }, size) {
    const { possible, why } = threadsHere(threads, this.#startPoolWorker);
    const room = possible ? async () => (await size()) * ROOM : undefined;
    const { exports, module, shared } = await open(wasm ?? file, room);
    this.#calls.attach(exports);
    this.#kernels = new Kernels(precision, wasm ? undefined : assets?.relaxed, shared);
    this.#threads = new Threads(
      this.#calls,
      this.#startPoolWorker ?? startInNode(assets?.poolWorker),
    );
    if (shared) this.#threads.start(module, threads, await size());
    else this.#threads.why = why ?? 'the browser cannot allocate shared memory';
  }

  /** @param {{ kept?: string | null, why?: string | null }} reader */
  #info({ kept = null, why: notKept = null }) {
    const length = this.#calls.call('model_info', this.#model, 0, 0);
    const json = this.#calls.withCopies([new Uint8Array(length + 1)], (pointer) => {
      this.#calls.call('model_info', this.#model, pointer, length + 1);
      return this.#calls.text(pointer, length);
    });
    const { count = 1, why } = this.#threads ?? {};
    const about = { threads: count, threadsReason: why ?? null, kept, keptReason: notKept };
    const info = { ...JSON.parse(json), ...about };
    this.#vocabulary = info.vocabularySize;
    this.#width = info.embeddingLength;
    this.#encoder = info.encoder;
    this.#defaults = { ...info.sampling };
    return info;
  }

  /**
   * The ids of a text; for a long text, a handle for tokenizeMore.
   * @param {[text: string, quoted: boolean][]} parts concatenated; quoted parts form no special
   *   tokens
   * @param {boolean} special @param {boolean} bos @param {boolean} [eos] add it if the file says so
   * @returns {Int32Array | number}
   */
  tokenize(parts, special, bos, eos = false) {
    /** @type {number[]} */ const quotes = []; // bytes [start, end), pair after pair
    const pieces = parts.map(([text]) => encoder.encode(text));
    let n = 0;
    for (const [i, { length }] of pieces.entries()) {
      if (parts[i][1]) quotes.push(n, n + length);
      n += length;
    }
    const flags = (special ? 1 : 0) | (bos ? 2 : 0) | (eos ? 4 : 0);
    const handle = this.#next++;
    /** @type {number[]} */ const owned = [];
    this.#encodings.set(handle, owned);
    try {
      for (const data of [joined(pieces, n), Int32Array.from(quotes)])
        owned.push(this.#calls.copy(data));
      const [text, quoted] = owned;
      owned.push(
        this.#calls.make('encoding_new', this.#model, text, n, flags, quoted, quotes.length / 2),
      );
    } catch (e) {
      this.endTokenize(handle);
      throw e;
    }
    return this.tokenizeMore(handle);
  }

  /** One step. @param {number} handle @returns {Int32Array | number} the handle until it is done */
  tokenizeMore(handle) {
    this.#calls.check();
    const [, , encoding] = this.#encodings.get(handle) ?? [];
    if (!encoding) throw new JielongError('CLOSED', 'this tokenisation has ended');
    let more = false;
    try {
      more = this.#calls.try('encoding_step', encoding, WORK) === MORE;
      return more
        ? handle
        : this.#calls.ints(
            this.#calls.call('encoding_ids', encoding),
            this.#calls.call('token_length'),
          );
    } finally {
      if (!more) this.endTokenize(handle);
    }
  }

  /** Frees an unfinished tokenisation. @param {number} handle */
  endTokenize(handle) {
    const [text, quotes, encoding] = this.#encodings.get(handle) ?? [];
    this.#encodings.delete(handle);
    if (this.#calls.ended) return;
    if (encoding) this.#calls.call('encoding_free', encoding);
    this.#calls.free(text, quotes);
  }

  /** A view of a token's bytes. @param {number} id @param {number} flags 1: special, 2: first of a text */
  #tokenBytes(id, flags) {
    const pointer = this.#calls.call('token_bytes', this.#model, id, flags);
    return pointer ? this.#calls.bytes(pointer, this.#calls.call('token_length')) : undefined;
  }
  /** @param {number} id */
  #tokenText(id) {
    return decoder.decode(this.#tokenBytes(id, 1)?.slice());
  }

  /**
   * The bytes of some ids of a text.
   * @param {Int32Array} ids @param {boolean} special @param {boolean} first whether ids[0] begins the text
   */
  detokenize(ids, special, first) {
    const flags = special ? 1 : 0;
    const parts = Array.from(ids, (id, i) => this.#known(id, flags | (first && i === 0 ? 2 : 0)));
    return joined(
      parts,
      parts.reduce((n, part) => n + part.length, 0),
    );
  }

  /** A copy of a token's bytes; throws on an unknown id. @param {number} id @param {number} flags */
  #known(id, flags) {
    if (!this.#tokenBytes(id, 1)) {
      throw new JielongError(
        'BAD_ARGUMENT',
        `there is no token ${id} in this model's vocabulary`,
        'id',
      );
    }
    return this.#tokenBytes(id, flags)?.slice() ?? new Uint8Array(0);
  }

  /** @param {Int32Array} ids */
  pieces(ids) {
    return Array.from(ids, (id) => {
      const bytes = this.#known(id, 1);
      let whole = true;
      try {
        strict.decode(bytes);
      } catch {
        whole = false;
      }
      const special = bytes.length > 0 && this.#known(id, 0).length === 0;
      const end = !!this.#calls.call('token_is_end', this.#model, id);
      return { id, text: decoder.decode(bytes), bytes, whole, special, end };
    });
  }

  /* ---- Readings without a session ---- */

  /** @param {string} text @param {boolean} special */
  trace(text, special) {
    return trace(this.#calls, this.#model, text, special);
  }
  /** @param {number} table @param {Int32Array} ids */
  rows(table, ids) {
    return rows(this.#calls, this.#model, table, ids, this.#width);
  }
  /** @param {number} id @param {number} from @param {number} n */
  cosines(id, from, n) {
    return cosines(this.#calls, this.#model, id, from, n);
  }
  /** @param {Float32Array} x [n][width] @param {number} n @param {boolean} norm */
  unembed(x, n, norm) {
    return unembed(this.#calls, this.#model, x, n, norm, this.#vocabulary, this.#threads);
  }
  unembedding() {
    return unembedding(this.#calls, this.#model, this.#width, this.#vocabulary);
  }

  /**
   * State of the kernel choice, for benchmarks.
   * @param {number} [force] kernels to use from now on, see Tuner
   */
  kernels(force) {
    return this.#kernels?.choice(force);
  }

  /* ---- Session ---- */

  /**
   * @param {number} contextLength 0: the engine's default @param {boolean} allLogits
   * @param {import('../api/rules.js').Rules} [rules] @param {Request} [edits]
   * @param {number} [texts] maximum texts that are embedded together; contextLength: their tokens
   */
  openSession(contextLength, allLogits, rules, edits, texts = 0) {
    const sizes = [this.#model, contextLength, 0, allLogits, this.#threads?.pool ?? 0];
    const { ints, ropeBase = 0, ropeScale = 0 } = rules ?? {};
    const session = this.#calls.withCopies(ints ? [ints] : [], (pointer = 0) =>
      this.#calls.make('session_new', ...sizes, pointer, ropeBase, ropeScale, texts),
    );
    const opened = this.#register(session);
    try {
      if (edits)
        this.#calls.withCopies([edits.ints, edits.data], (ints, data) =>
          this.#calls.try('session_set_edits', session, ints, data, edits.edits),
        );
    } catch (e) {
      if (!this.#calls.ended) this.closeSession(opened.handle);
      throw e;
    }
    return opened;
  }

  /** @param {Uint8Array} bytes of a state */
  restoreSession(bytes) {
    return this.#register(restore(this.#calls, this.#model, bytes, this.#threads?.pool ?? 0));
  }

  /** @param {number} session */
  #register(session) {
    const handle = this.#next++;
    this.#sessions.set(handle, session);
    const contextLength = this.#calls.call('session_n_ctx', session);
    return { handle, contextLength, position: this.#calls.call('session_position', session) };
  }

  /**
   * A function of state.js for a session.
   * @param {number} handle @param {keyof typeof states} what @param {any[]} args
   */
  state(handle, what, ...args) {
    return /** @type {any} */ (states[what])(this.#calls, this.#session(handle), ...args);
  }

  /** @param {number} handle */
  closeSession(handle) {
    this.#calls.call('session_free', this.#session(handle));
    this.#sessions.delete(handle);
  }

  /** @param {number} handle @param {Int32Array} ids @returns {{ position: number }} afterwards */
  append(handle, ids) {
    const session = this.#session(handle);
    this.#calls.withCopies([ids], (pointer) =>
      this.#calls.try('session_append', session, pointer, ids.length),
    );
    return { position: this.#calls.call('session_position', session) };
  }

  /**
   * Evaluates the next batch of appended tokens, or a part of it.
   * @param {number} handle
   * @returns {boolean} whether appended tokens remain
   */
  advance(handle) {
    return this.#evaluate('session_advance', this.#session(handle)) === MORE;
  }

  /** @param {number} handle */
  logits(handle) {
    const pointer = this.#calls.call('session_logits', this.#session(handle));
    if (!pointer) throw new JielongError('BAD_ARGUMENT', 'there are no logits yet', 'session');
    return this.#calls.floats(pointer, this.#vocabulary);
  }

  /** The logits of each position of the last complete batch. @param {number} handle */
  batchLogits(handle) {
    const rows = [];
    const session = this.#session(handle);
    for (;;) {
      const pointer = this.#calls.call('session_batch_logits', session, rows.length);
      if (!pointer) return rows;
      rows.push(this.#calls.floats(pointer, this.#vocabulary));
    }
  }

  /** @param {number} handle */
  ids(handle) {
    const session = this.#session(handle);
    const n = this.#calls.call('session_position', session);
    return this.#calls.ints(this.#calls.call('session_ids', session), n);
  }

  /** Length of the common prefix of the session's ids and `ids`. @param {number} handle @param {Int32Array} ids */
  commonPrefix(handle, ids) {
    const have = this.ids(handle);
    let n = 0;
    while (n < have.length && n < ids.length && have[n] === ids[n]) n++;
    return n;
  }

  /** @param {number} handle @param {number} position */
  rewind(handle, position) {
    this.#calls.try('session_rewind', this.#session(handle), position);
    return { position };
  }

  /* ---- Sampling and generation ---- */

  /** The candidates of the last stage or step. */
  #candidates() {
    const n = this.#calls.call('candidate_count');
    const pointer = this.#calls.call('candidates') >>> 0;
    const pairs = this.#calls.bytes(pointer, n * 8).slice().buffer;
    const [ids, probabilities] = [new Int32Array(pairs), new Float32Array(pairs)];
    return Array.from({ length: n }, (_, i) => ({
      id: ids[2 * i],
      text: this.#tokenText(ids[2 * i]),
      probability: probabilities[2 * i + 1],
    }));
  }

  /** @param {number} handle @param {any} sampling @param {number} top */
  stages(handle, sampling, top) {
    const session = this.#session(handle);
    return withSampling(this.#calls, this.#defaults, sampling, (names) =>
      ['model', ...names].map((stage, i) => {
        const kept = this.#calls.try('session_stage', session, i, top);
        return { stage, kept, top: this.#candidates() };
      }),
    );
  }

  /**
   * Appends a prompt and starts a generation; rewinds on failure.
   * @param {number} handle
   * @param {Int32Array} ids
   * @param {any} options
   */
  generate(handle, ids, options) {
    const session = this.#session(handle);
    const before = this.#calls.call('session_position', session);
    const after = this.append(handle, ids);
    const stops = encoder.encode(options.stop.map((/** @type {string} */ s) => `${s}\0`).join(''));
    const { maxTokens, ignoreEos, topLogprobs } = options;
    try {
      this.#calls.withCopies([stops], (pointer) => {
        const limits = [maxTokens, ignoreEos, topLogprobs, pointer, options.stop.length];
        withSampling(this.#calls, this.#defaults, options, () =>
          this.#calls.try('session_generate', session, ...limits),
        );
      });
    } catch (e) {
      if (!this.#calls.ended) this.#calls.call('session_rewind', session, before);
      throw e;
    }
    return after;
  }

  /**
   * One step of a generation.
   * @param {number} handle
   * @returns {{ more: boolean, token?: any, position: number }} more false and no token: the end
   */
  step(handle) {
    const session = this.#session(handle);
    const status = this.#evaluate('session_generate_step', session);
    const position = this.#calls.call('session_position', session);
    if (status !== 0) return { more: status === MORE, position };
    const token = this.#token();
    this.#drawn = token.finish ? 0 : handle;
    return { more: false, token, position };
  }

  /**
   * Evaluates the token of the last step while the caller processes it, so that the next step only samples.
   * Ignores a failure, because the next step repeats it.
   */
  evaluateAhead() {
    const handle = this.#drawn;
    this.#drawn = 0;
    try {
      if (handle) this.advance(handle);
    } catch {}
  }

  #token() {
    const call = (/** @type {string} */ name) => this.#calls.call(`step_${name}`);
    const top = this.#candidates().map(({ id, text, probability }) => ({
      id,
      text,
      logprob: Math.log(probability),
    }));
    const finish = FINISH[call('finish')];
    return {
      id: call('id'),
      text: this.#calls.text(call('text'), call('text_length')),
      logprob: call('logprob'),
      index: call('index'),
      ...(top.length && { top }),
      ...(finish && { finish }),
    };
  }

  /**
   * Replaces the texts of a session that embeds several; returns how many were accepted.
   * @param {number} handle @param {Int32Array[]} list
   */
  appendTexts(handle, list) {
    this.rewind(handle, 0);
    const session = this.#session(handle);
    const rejected = list.findIndex((ids) =>
      this.#calls.withCopies(
        [ids],
        (pointer) => this.#calls.call('session_append', session, pointer, ids.length) < 0,
      ),
    );
    return rejected < 0 ? list.length : rejected;
  }

  /**
   * The next step of the embedding of a session's text, or texts, whose vectors follow each other.
   * @param {number} handle @param {string} pooling @param {Float32Array} vector of the steps so far
   */
  embed(handle, pooling, vector) {
    const session = this.#session(handle);
    return this.#calls.withCopies([vector], (pointer) => {
      const status = this.#evaluate('session_embed', session, POOLINGS.indexOf(pooling), pointer);
      return { more: status === MORE, vector: this.#calls.floats(pointer, vector.length) };
    });
  }

  /* ---- The inside ---- */

  /**
   * Appends ids and begins a run, which ends by runEnd.
   * @param {number} handle @param {Int32Array} ids @param {Request} request
   */
  runBegin(handle, ids, { ints, data, taps, edits, layers, maxBytes }) {
    const session = this.#session(handle);
    this.#calls.withCopies([ids, ints, data], (pointer, request, floats) =>
      this.#calls.try(
        'session_run_begin',
        session,
        pointer,
        ids.length,
        request,
        floats,
        taps,
        edits,
        layers,
        maxBytes,
      ),
    );
    return { position: this.#calls.call('session_position', session) };
  }

  /** @param {number} handle @returns {{ more: boolean, evaluated: number }} evaluated: tokens so far, a counter */
  runStep(handle) {
    const session = this.#session(handle);
    const more = this.#evaluate('session_run_step', session) === MORE;
    return { more, evaluated: this.#calls.call('session_evaluated', session) };
  }

  /**
   * The results of a complete run, or of none to abandon it.
   * @param {number} handle @param {number} taps how many @param {boolean} logits
   */
  runEnd(handle, taps, logits) {
    const session = this.#session(handle);
    let results;
    try {
      results = {
        taps: this.#calls.withCopies([new Int32Array(3)], (pointer) =>
          Array.from({ length: taps }, (_, i) => {
            const data = this.#calls.call('session_tap', session, i, pointer);
            const shape = [...this.#calls.ints(pointer, 3)];
            return { shape, data: this.#calls.floats(data, shape[0] * shape[1] * shape[2]) };
          }),
        ),
        logits: logits && !this.#encoder ? this.logits(handle) : new Float32Array(0),
      };
    } finally {
      if (!this.#calls.ended) this.#calls.call('session_run_end', session);
    }
    return { ...results, position: this.#calls.call('session_position', session) };
  }

  /** Bytes of a run's results. @param {number} handle @param {number} n tokens @param {Request} request */
  forecast(handle, n, { ints, data, taps, edits, layers }) {
    const session = this.#session(handle);
    return this.#calls.withCopies([ints, data], (request, floats) =>
      this.#calls.try('session_forecast', session, n, request, floats, taps, edits, layers),
    );
  }

  /** @param {number} handle @param {boolean} reset @returns {Float64Array} see boundary.c */
  counters(handle, reset) {
    const session = this.#session(handle);
    return this.#calls.withCopies([new Float64Array(COUNTERS)], (pointer) => {
      this.#calls.call('session_counters', session, reset, pointer);
      return this.#calls.doubles(pointer, COUNTERS);
    });
  }
}
