/**
 * exports.js - calls the exports of an instance, for engine.js, train-engine.js, tokenizer-trainer.js and
 * ngram.js.
 *
 * A failed call throws a JielongError with the engine's message. A trap is a bug of the engine: the instance
 * is dropped, and every later call throws the same error. Views of the memory are made anew, because the
 * memory may have grown; do not keep a view across a call or an `await`.
 */
import { closed, JielongError, wordsOf } from '../base/error.js';

/** @typedef {import('./instance.js').Exports} Exports */

/** Types for copy(). @typedef {Uint8Array | Int32Array | Float32Array | Float64Array} Data */

// Keeps U+FEFF at the beginning.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class Calls {
  /** @type {Exports | undefined} */ #exports;
  /** Set when the instance has ended: later calls throw it. @type {JielongError | undefined} */ #fault;
  #words;

  /**
   * @param {object} words for error messages
   * @param {string} words.name of the instance's user
   * @param {string} words.afterCrash advice after a crash
   * @param {string} [words.ifFull] advice when memory is exhausted
   * @param {() => void} [words.onEnd] called once, when the instance ends
   */
  constructor(words) {
    this.#words = words;
  }

  /** @param {Exports} exports of a running instance */
  attach(exports) {
    if (this.#fault) throw this.#fault;
    this.#exports = exports;
  }

  /** The raw exports, for linking. */
  get exports() {
    this.check();
    return /** @type {Exports} */ (this.#exports);
  }

  /** Whether the instance has ended. */
  get ended() {
    return !!this.#fault;
  }

  /** Throws unless an instance is attached. */
  check() {
    if (!this.#exports) throw this.#fault ?? closed(this.#words.name);
  }

  /** Drops the instance and its memory. @param {JielongError} [fault] thrown by later calls */
  end(fault = closed(this.#words.name)) {
    this.#fault = fault;
    this.#exports = undefined;
    this.#words.onEnd?.();
  }

  /* ---- Calls ---- */

  /** @param {string} name of an export, without jl_wasm_ @param {(number | boolean)[]} args */
  call(name, ...args) {
    this.check();
    try {
      return /** @type {Exports} */ (this.#exports)[`jl_wasm_${name}`](...args);
    } catch (e) {
      // Exports throw only on a trap.
      const { name: what, afterCrash } = this.#words;
      const where = `the engine of this ${what} crashed in ${name} (${wordsOf(e)})`;
      const fault = new JielongError(
        'ENGINE_CRASHED',
        `${where}; ${afterCrash}, and please report this`,
      );
      this.end(fault);
      throw fault;
    }
  }

  /** Throws on a negative result. @param {string} name @param {(number | boolean)[]} args */
  try(name, ...args) {
    const result = this.call(name, ...args);
    if (result < 0) throw this.error();
    return result;
  }

  /** Returns a pointer; throws on NULL. @param {string} name @param {(number | boolean)[]} args */
  make(name, ...args) {
    const pointer = this.call(name, ...args) >>> 0;
    if (!pointer) throw this.error();
    return pointer;
  }

  /** The engine's last failure. */
  error() {
    const [name, where, message] = ['name', 'where', 'message'].map((part) =>
      this.#cString(this.call(`error_${part}`)),
    );
    const offset = this.call('error_offset');
    return new JielongError(name, message || name, where, offset < 0 ? undefined : offset);
  }

  /* ---- Memory ---- */

  get #buffer() {
    return this.exports.memory.buffer;
  }

  /** A view. @param {number} pointer @param {number} n */
  bytes(pointer, n) {
    return new Uint8Array(this.#buffer, pointer >>> 0, n);
  }
  /** A copy of n floats. @param {number} pointer @param {number} n */
  floats(pointer, n) {
    return new Float32Array(this.#buffer, pointer >>> 0, n).slice();
  }
  /** A copy of n doubles. @param {number} pointer @param {number} n */
  doubles(pointer, n) {
    return new Float64Array(this.#buffer, pointer >>> 0, n).slice();
  }
  /** A copy of n integers. @param {number} pointer @param {number} n */
  ints(pointer, n) {
    return n ? new Int32Array(this.#buffer, pointer >>> 0, n).slice() : new Int32Array(0);
  }
  /** Copies first, because decoders reject shared memory. @param {number} pointer @param {number} n */
  text(pointer, n) {
    return decoder.decode(this.bytes(pointer, n).slice());
  }
  /** @param {number} pointer */
  #cString(pointer) {
    return this.text(pointer, new Uint8Array(this.#buffer, pointer >>> 0).indexOf(0));
  }

  /** The error for a failed allocation. @param {string} what */
  outOfMemory(what) {
    const { ifFull } = this.#words;
    return new JielongError(
      'OUT_OF_MEMORY',
      `not enough memory for ${what}${ifFull ? `; ${ifFull}` : ''}`,
    );
  }

  /** Memory that the caller frees. @param {number} n bytes */
  alloc(n) {
    const pointer = this.call('alloc', n) >>> 0;
    if (!pointer) throw this.outOfMemory(`${n} bytes`);
    return pointer;
  }

  /** @param {number[]} pointers NULL is skipped; after the end nothing is freed */
  free(...pointers) {
    if (this.#fault) return;
    for (const pointer of pointers) if (pointer) this.call('free', pointer);
  }

  /** A copy that the caller frees. @param {Data} data */
  copy(data) {
    const pointer = this.alloc(data.byteLength);
    this.bytes(pointer, data.byteLength).set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
    return pointer;
  }

  /**
   * Calls `use` with temporary copies of arrays in the memory.
   * @template T
   * @param {Data[]} list
   * @param {(...pointers: number[]) => T} use
   */
  withCopies(list, use) {
    /** @type {number[]} */ const pointers = [];
    try {
      for (const data of list) pointers.push(this.copy(data));
      return use(...pointers);
    } finally {
      this.free(...pointers);
    }
  }
}
