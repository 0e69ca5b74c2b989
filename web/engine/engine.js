/**
 * engine.js - the engine as an object: wraps the exports of a running instance, one method a call.
 *
 * Knows the exports (wasm/boundary.c) and touches their memory, as learn.js and ngram.js do besides.
 * Methods take and give plain values that can be cloned, so that jielong.js can call it in this
 * thread and worker.js can pass it messages. Each call makes its own view of the memory, because the memory
 * may have grown; no pointer and no view survives a call or an `await`. Negative results become
 * JielongErrors with the engine's own words. A trap is our bug: the instance is given up, and every
 * later call says so.
 *
 * One instance holds one model: memory of a .wasm never shrinks, so it goes back with the instance.
 * It does not parse, tokenise, sample or know a struct; candidates are pairs {i32 id, f32
 * probability}.
 */

import { JielongError } from '../base/error.js';
import { open } from './instance.js';
import { byteDot, compileRelaxed, fastClasses, provideRelaxed, Tuner } from './kernels.js';
import { openSource, sha256 } from '../source/source.js';
import { Threads, threadsHere } from './threads.js';

/** @typedef {import('./instance.js').Exports} Exports */

const MORE = 1;
const LOST = -12; // JL_ERR_THREAD
const ROOM = 1.5; // memory for a model and its sessions, in sizes of its file
const STAGES = /** @type {const} */ (['model', 'penalty', 'temperature', 'topK', 'topP', 'minP']);
const FINISH = /** @type {const} */ ([undefined, 'length', 'end', 'stop', 'context']);
const WORK = 1 << 19; // of one step of tokenize: at most some 10 ms (units: jl_encoding_step in jielong.h)
const POOLINGS = ['', 'mean', 'cls', 'last'];
const PROGRESS_MS = 50; // between two reports

const encoder = new TextEncoder();
// U+FEFF at the beginning is text like any other.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** @param {string} what */
const outOfMemory = (what) =>
  new JielongError('OUT_OF_MEMORY', `no room for ${what}; ask for less at once, or close sessions`);

/** @param {Uint8Array[]} parts @param {number} length of all */
function joined(parts, length) {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/* ---- The engine ------------------------------------------------------------------------------ */

export class Engine {
  /** @type {Exports | undefined} */ #exports;
  #model = 0;
  /** @type {Threads | undefined} */ #threads;
  #makeHelper;
  /** @type {Tuner | undefined} */ #tuner;
  #vocabulary = 0; // entries
  #encoder = false; // no logits
  /**
   * Sessions by handle; a handle that is gone is refused instead of dereferenced.
   * @type {Map<number, number>}
   */
  #sessions = new Map();
  /** Texts on their way to ids by handle: what is freed at the end. @type {Map<number, number[]>} */
  #encodings = new Map();
  #next = 1;
  /** Why no call can be made any more. @type {JielongError | undefined} */ #fault;

  /** @param {import('./threads.js').MakeHelper} [makeHelper] workers that a page makes for it */
  constructor(makeHelper) {
    this.#makeHelper = makeHelper;
  }

  /* ---- Calls and memory ---- */

  /** @param {string} name @param {(number | boolean)[]} args */
  #call(name, ...args) {
    if (this.#fault) throw this.#fault;
    try {
      return /** @type {Exports} */ (this.#exports)[`jl_wasm_${name}`](...args);
    } catch (e) {
      // Exports only throw when they trap.
      const why = /** @type {Error} */ (e).message;
      this.#stop(
        new JielongError(
          'ENGINE_CRASHED',
          `the engine crashed in ${name} (${why}); load the model again, and please report this`,
        ),
      );
      throw this.#fault;
    }
  }

  /** A negative result is an error. @param {string} name @param {(number | boolean)[]} args */
  #try(name, ...args) {
    const result = this.#call(name, ...args);
    if (result < 0) throw this.#error();
    return result;
  }

  /**
   * A call that evaluates tokens of a session, timed for the tuner. When a thread was lost on the way,
   * it is made again without threads: the session is as it was.
   * @param {string} name @param {number} session @param {(number | boolean)[]} more
   */
  #evaluate(name, session, ...more) {
    const args = [session, ...more];
    const evaluated = () => this.#call('session_evaluated', session);
    const before = evaluated();
    const start = performance.now();
    const result = this.#call(name, ...args);
    const ms = performance.now() - start;
    if (result >= 0) {
      this.#tuner?.note((evaluated() - before) >>> 0, ms);
      return result;
    }
    if (result !== LOST) throw this.#error();
    this.#threads?.lost();
    return this.#try(name, ...args);
  }

  /** A zero result is an error. @param {string} name @param {(number | boolean)[]} args */
  #make(name, ...args) {
    const pointer = this.#call(name, ...args) >>> 0;
    if (!pointer) throw this.#error();
    return pointer;
  }

  /** What the engine says about its last failure. */
  #error() {
    const [name, where, message] = ['name', 'where', 'message'].map((part) =>
      this.#cString(this.#call(`error_${part}`)),
    );
    const offset = this.#call('error_offset');
    return new JielongError(name, message || name, where, offset < 0 ? undefined : offset);
  }

  /** @param {JielongError} fault */
  #stop(fault) {
    this.#fault = fault;
    this.#threads?.end('the model is closed');
    this.#exports = undefined;
    this.#sessions.clear();
    this.#encodings.clear();
  }

  get #buffer() {
    return /** @type {Exports} */ (this.#exports).memory.buffer;
  }
  /** @param {number} pointer @param {number} n */
  #bytes(pointer, n) {
    return new Uint8Array(this.#buffer, pointer >>> 0, n);
  }
  /** A copy of n floats. @param {number} pointer @param {number} n */
  #floats(pointer, n) {
    return new Float32Array(this.#buffer, pointer >>> 0, n).slice();
  }
  /** A copy of n integers. @param {number} pointer @param {number} n */
  #ints(pointer, n) {
    return new Int32Array(this.#buffer, pointer >>> 0, n).slice();
  }
  /** Decoders take no view of a shared memory. @param {number} pointer @param {number} n */
  #text(pointer, n) {
    return decoder.decode(this.#bytes(pointer, n).slice());
  }
  /** @param {number} pointer */
  #cString(pointer) {
    return this.#text(pointer, new Uint8Array(this.#buffer, pointer >>> 0).indexOf(0));
  }

  /** A copy of an array, to be freed. @param {Uint8Array | Int32Array | Float32Array} data */
  #copy(data) {
    const pointer = this.#call('alloc', data.byteLength) >>> 0;
    if (!pointer) throw outOfMemory(`${data.byteLength} bytes`);
    this.#bytes(pointer, data.byteLength).set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
    return pointer;
  }

  /**
   * Lends a copy of an array to `use`.
   * @template T
   * @param {Uint8Array | Int32Array | Float32Array} data
   * @param {(pointer: number) => T} use
   */
  #lend(data, use) {
    const pointer = this.#copy(data);
    try {
      return use(pointer);
    } finally {
      if (!this.#fault) this.#call('free', pointer);
    }
  }

  /** @param {number} handle */
  #session(handle) {
    if (this.#fault) throw this.#fault;
    const session = this.#sessions.get(handle);
    if (!session) throw new JielongError('CLOSED', 'this session is closed');
    return session;
  }

  /* ---- Model ---- */

  /**
   * @param {import('../source/source.js').Described} source
   * @param {{ wasm?: any, threads?: number, sha256?: string, memoryLimit?: number, precision?: 'auto' | 'exact' | 'fast' }} options
   * @param {((progress: any) => void) | undefined} onProgress @param {AbortSignal} [signal]
   */
  async load(source, options, onProgress, signal) {
    const opening = openSource(source, signal); // the bytes set out while the module is compiled
    opening.catch(() => {}); // said where it is awaited
    let shared = false;
    try {
      shared = await this.#start(options, async () => (await opening).size);
    } catch (e) {
      opening.then((unread) => unread.cancel()).catch(() => {});
      throw e;
    }
    const reader = await opening;
    const { precision = 'auto' } = options;
    const relaxed = precision === 'exact' ? undefined : compileRelaxed(options.wasm, shared);
    const cancel = () => reader.cancel(signal?.reason); // also ends a read that waits
    signal?.addEventListener('abort', cancel);
    try {
      signal?.throwIfAborted(); // it may have come before there was a listener
      this.#model = this.#make('model_new', reader.size, options.memoryLimit ?? 0);
      const hash = options.sha256 ? sha256() : undefined;
      await this.#receive(reader, hash, onProgress, signal);
      this.#try('model_finish', this.#model);
      if (hash && hash.hex() !== options.sha256?.toLowerCase()) {
        const why = "its SHA-256 differs from the option 'sha256'";
        throw new JielongError('CHECKSUM', `${reader.name} is another file: ${why}`, reader.name);
      }
      const also = this.#setPrecision(precision, options.wasm, await relaxed);
      await this.#threads?.join(this.#model, !options.threads, also);
      signal?.throwIfAborted();
      return this.#info();
    } catch (e) {
      signal?.throwIfAborted();
      throw e;
    } finally {
      signal?.removeEventListener('abort', cancel);
      reader.cancel();
    }
  }

  /**
   * Sets the precision of each class of weights, and provides kernels for it.
   * @param {'auto' | 'exact' | 'fast'} precision @param {any} wasm the option: a module of the caller's
   * @param {WebAssembly.Module} [module] see compileRelaxed()
   * @returns {import('./kernels.js').Relaxed | undefined} what other threads must link too
   */
  #setPrecision(precision, wasm, module) {
    const classes = fastClasses(precision, wasm ? 'none' : byteDot());
    const relaxed =
      module && classes.length && provideRelaxed(module, /** @type {Exports} */ (this.#exports));
    const at = relaxed ? relaxed.at : 0;
    for (const weights of classes)
      this.#call('model_fast', this.#model, weights, at, relaxed ? at + 1 : 0);
    if (!relaxed) return undefined;
    this.#tuner = new Tuner((provided) => this.#call('model_use_provided', this.#model, provided));
    return relaxed;
  }

  /**
   * An instance, and threads that come while the file does.
   * @param {{ wasm?: any, threads?: number }} options
   * @param {() => Promise<number>} size bytes of the file, 0: unknown
   * @returns {Promise<boolean>} whether its memory is shared
   */
  async #start(options, size) {
    const { possible, why } = threadsHere(options.threads, this.#makeHelper);
    const room = possible ? async () => (await size()) * ROOM : undefined;
    const { exports, module, shared } = await open(options.wasm, room);
    this.#exports = exports;
    this.#threads = new Threads(exports, this.#makeHelper);
    if (shared) this.#threads.start(module, options.threads, await size());
    else this.#threads.why = why ?? 'the browser gives no shared memory';
    return shared;
  }

  /**
   * Feeds the file as it arrives.
   * @param {import('../source/source.js').Reader} reader
   * @param {ReturnType<typeof sha256> | undefined} hash that is to follow
   * @param {((progress: any) => void) | undefined} onProgress @param {AbortSignal} [signal]
   */
  async #receive(reader, hash, onProgress, signal) {
    let [loaded, reported, complete] = [0, 0, false];
    // What follows the last tensor is only read when it counts for the hash.
    while (hash || !complete) {
      const chunk = await reader.read();
      signal?.throwIfAborted();
      if (!chunk) break;
      loaded += chunk.length;
      hash?.update(chunk);
      complete ||= this.#feed(chunk);
      if (onProgress && performance.now() - reported > PROGRESS_MS) {
        reported = performance.now();
        const total = reader.total && reader.total >= loaded ? reader.total : undefined;
        onProgress({ phase: 'download', loaded, total });
      }
    }
    onProgress?.({ phase: 'download', loaded, total: loaded });
  }

  /**
   * Copies a chunk straight to where the engine wants it.
   * @param {Uint8Array} chunk
   * @returns {boolean} whether the model is complete
   */
  #feed(chunk) {
    for (let at = 0; at < chunk.length; ) {
      const pointer = this.#make('model_reserve', this.#model);
      const part = chunk.subarray(at, at + (this.#call('model_room') >>> 0));
      this.#bytes(pointer, part.length).set(part);
      at += part.length;
      if (this.#try('model_feed', this.#model, part.length) !== MORE) return true;
    }
    return false;
  }

  #info() {
    const length = this.#call('model_info', this.#model, 0, 0);
    const json = this.#lend(new Uint8Array(length + 1), (pointer) => {
      this.#call('model_info', this.#model, pointer, length + 1);
      return this.#text(pointer, length);
    });
    const { count = 1, why } = this.#threads ?? {};
    const info = { ...JSON.parse(json), threads: count, threadsReason: why ?? null };
    this.#vocabulary = info.vocabularySize;
    this.#encoder = info.encoder;
    return info;
  }

  /**
   * The ids of a text, or the handle of a long one for tokenizeMore.
   * @param {[text: string, quoted: boolean][]} parts that make the text; special tokens do not count
   *   in quoted ones
   * @param {boolean} special @param {boolean} bos @param {boolean} [eos] ends, where the file asks
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
      for (const data of [joined(pieces, n), Int32Array.from(quotes)]) owned.push(this.#copy(data));
      const [text, quoted] = owned;
      owned.push(
        this.#make('encoding_new', this.#model, text, n, flags, quoted, quotes.length / 2),
      );
    } catch (e) {
      this.endTokenize(handle);
      throw e;
    }
    return this.tokenizeMore(handle);
  }

  /** One step. @param {number} handle @returns {Int32Array | number} the handle: there is more to do */
  tokenizeMore(handle) {
    if (this.#fault) throw this.#fault;
    const [, , encoding] = this.#encodings.get(handle) ?? [];
    if (!encoding) throw new JielongError('CLOSED', 'this text is not being tokenised');
    let more = false;
    try {
      more = this.#try('encoding_step', encoding, WORK) === MORE;
      return more
        ? handle
        : this.#ints(this.#call('encoding_ids', encoding), this.#call('token_length'));
    } finally {
      if (!more) this.endTokenize(handle);
    }
  }

  /** Gives back what a text on its way holds. @param {number} handle */
  endTokenize(handle) {
    const [text, quotes, encoding] = this.#encodings.get(handle) ?? [];
    this.#encodings.delete(handle);
    if (this.#fault) return;
    if (encoding) this.#call('encoding_free', encoding);
    for (const pointer of [text, quotes]) if (pointer) this.#call('free', pointer);
  }

  /** The bytes of a token: a view. @param {number} id @param {number} flags 1: special, 2: first of a text */
  #tokenBytes(id, flags) {
    const pointer = this.#call('token_bytes', this.#model, id, flags);
    return pointer ? this.#bytes(pointer, this.#call('token_length')) : undefined;
  }
  /** @param {number} id */
  #tokenText(id) {
    return decoder.decode(this.#tokenBytes(id, 1)?.slice());
  }

  /**
   * The bytes of a part of a text's ids.
   * @param {Int32Array} ids @param {boolean} special @param {boolean} first whether the text begins here
   */
  detokenize(ids, special, first) {
    const flags = special ? 1 : 0;
    const parts = Array.from(ids, (id, i) => this.#known(id, flags | (first && i === 0 ? 2 : 0)));
    return joined(
      parts,
      parts.reduce((n, part) => n + part.length, 0),
    );
  }

  /** A copy of the bytes of a token that must exist. @param {number} id @param {number} flags */
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
      const end = !!this.#call('token_is_end', this.#model, id);
      return { id, text: decoder.decode(bytes), bytes, whole, special, end };
    });
  }

  /** Gives up the instance, and its memory with it. */
  close() {
    this.#stop(new JielongError('CLOSED', 'this model is closed'));
  }

  /* ---- Session ---- */

  /** @param {number} contextLength 0: the engine's default @param {boolean} allLogits */
  openSession(contextLength, allLogits) {
    const pool = this.#threads?.pool ?? 0;
    const session = this.#make('session_new', this.#model, contextLength, 0, allLogits, pool);
    const handle = this.#next++;
    this.#sessions.set(handle, session);
    return { handle, contextLength: this.#call('session_n_ctx', session) };
  }

  /** @param {number} handle */
  closeSession(handle) {
    this.#call('session_free', this.#session(handle));
    this.#sessions.delete(handle);
  }

  /** @param {number} handle @param {Int32Array} ids @returns {number} the position afterwards */
  append(handle, ids) {
    const session = this.#session(handle);
    this.#lend(ids, (pointer) => this.#try('session_append', session, pointer, ids.length));
    return this.#call('session_position', session);
  }

  /**
   * Evaluates the next step of what was appended: a batch, or a part of one.
   * @param {number} handle
   * @returns {boolean} whether some is left
   */
  advance(handle) {
    return this.#evaluate('session_advance', this.#session(handle)) === MORE;
  }

  /** @param {number} handle */
  logits(handle) {
    const pointer = this.#call('session_logits', this.#session(handle));
    if (!pointer) throw new JielongError('BAD_ARGUMENT', 'there are no logits yet', 'session');
    return this.#floats(pointer, this.#vocabulary);
  }

  /** The logits of every position of the last batch, once it is complete. @param {number} handle */
  batchLogits(handle) {
    const rows = [];
    const session = this.#session(handle);
    for (;;) {
      const pointer = this.#call('session_batch_logits', session, rows.length);
      if (!pointer) return rows;
      rows.push(this.#floats(pointer, this.#vocabulary));
    }
  }

  /** @param {number} handle */
  ids(handle) {
    const session = this.#session(handle);
    const n = this.#call('session_position', session);
    return this.#ints(this.#call('session_ids', session), n);
  }

  /** @param {number} handle @param {number} position */
  rewind(handle, position) {
    this.#try('session_rewind', this.#session(handle), position);
    return position;
  }

  /* ---- Sampling and generation ---- */

  /** For the next stages or generation. @param {any} s */
  #sampling(s) {
    const seed = BigInt(s.seed ?? 0);
    const [low, high] = [seed & 0xffffffffn, seed >> 32n].map(Number);
    this.#call(
      'sampling',
      s.temperature,
      s.topK,
      s.topP,
      s.minP,
      s.repeatPenalty,
      s.repeatLast,
      low,
      high,
    );
  }

  /** The candidates of the last stage or step. */
  #candidates() {
    const n = this.#call('candidate_count');
    const pointer = this.#call('candidates') >>> 0;
    const pairs = this.#bytes(pointer, n * 8).slice().buffer;
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
    this.#sampling(sampling);
    return STAGES.map((stage, i) => {
      const kept = this.#try('session_stage', session, i, top);
      return { stage, kept, top: this.#candidates() };
    });
  }

  /**
   * Appends a prompt and starts to generate; takes the prompt back if that fails.
   * @param {number} handle
   * @param {Int32Array} ids
   * @param {any} options
   */
  generate(handle, ids, options) {
    const session = this.#session(handle);
    const before = this.#call('session_position', session);
    const position = this.append(handle, ids);
    this.#sampling(options);
    const stops = encoder.encode(options.stop.map((/** @type {string} */ s) => `${s}\0`).join(''));
    const { maxTokens, ignoreEos, topLogprobs } = options;
    try {
      this.#lend(stops, (pointer) =>
        this.#try(
          'session_generate',
          session,
          maxTokens,
          ignoreEos,
          topLogprobs,
          pointer,
          options.stop.length,
        ),
      );
    } catch (e) {
      if (!this.#fault) this.#call('session_rewind', session, before);
      throw e;
    }
    return position;
  }

  /**
   * One pull.
   * @param {number} handle
   * @returns {{ more: boolean, token?: any, position: number }} neither more nor token: the end
   */
  step(handle) {
    const session = this.#session(handle);
    const status = this.#evaluate('session_generate_step', session);
    const position = this.#call('session_position', session);
    return status === 0
      ? { more: false, token: this.#token(), position }
      : { more: status === MORE, position };
  }

  #token() {
    const call = (/** @type {string} */ name) => this.#call(`step_${name}`);
    const top = this.#candidates().map(({ id, text, probability }) => ({
      id,
      text,
      logprob: Math.log(probability),
    }));
    const finish = FINISH[call('finish')];
    return {
      id: call('id'),
      text: this.#text(call('text'), call('text_length')),
      logprob: call('logprob'),
      index: call('index'),
      ...(top.length && { top }),
      ...(finish && { finish }),
    };
  }

  /**
   * The next step of a text that a fresh session holds.
   * @param {number} handle @param {string} pooling @param {Float32Array} vector as far as it is
   */
  embed(handle, pooling, vector) {
    const session = this.#session(handle);
    return this.#lend(vector, (pointer) => {
      const status = this.#evaluate('session_embed', session, POOLINGS.indexOf(pooling), pointer);
      return { more: status === MORE, vector: this.#floats(pointer, vector.length) };
    });
  }

  /* ---- Taps ---- */

  /**
   * @param {number} handle
   * @param {Int32Array} ids
   * @param {{ kind: string, layer: number, head: number }[]} taps one layer, one head each
   */
  run(handle, ids, taps) {
    const session = this.#session(handle);
    const wanted = Int32Array.from(
      taps.flatMap(({ kind, layer, head }) => [kind === 'attention' ? 0 : 1, layer, head]),
    );
    const table = this.#call('taps', taps.length) >>> 0;
    if (!table) throw outOfMemory(`${taps.length} taps`);
    new Int32Array(this.#buffer, table, wanted.length).set(wanted);
    try {
      this.#lend(ids, (pointer) => this.#evaluate('session_run', session, pointer, ids.length));
      const results = taps.map(({ kind, layer, head }, i) => {
        const shape = [this.#call('tap_rows', i), this.#call('tap_cols', i)];
        const data = this.#floats(this.#call('tap_data', i), shape[0] * shape[1]);
        return kind === 'attention'
          ? { kind, layer, head, shape, data }
          : { kind, layer, shape, data };
      });
      return {
        taps: results,
        logits: this.#encoder ? new Float32Array(0) : this.logits(handle),
        position: this.#call('session_position', session),
      };
    } finally {
      if (!this.#fault) this.#call('session_clear_taps', session);
    }
  }
}
