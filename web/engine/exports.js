/**
 * exports.js - calls of a running instance's exports: the wrapper that engine.js, train-engine.js,
 * tokenizer-trainer.js and ngram.js share.
 *
 * A failed call becomes a JielongError with the engine's own message. A trap is our bug: the instance is
 * dropped, and every later call throws the same error. Each call makes its own view of the memory, because the
 * memory may have grown; no pointer and no view survives a call or an `await`.
 */
import { closed, JielongError, wordsOf } from '../base/error.js';

/** @typedef {import('./instance.js').Exports} Exports */

/** What can be copied into the memory. @typedef {Uint8Array | Int32Array | Float32Array} Data */

// U+FEFF at the beginning is text like any other.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class Calls {
  /** @type {Exports | undefined} */ #exports;
  /** Why no call can be made any more. @type {JielongError | undefined} */ #fault;
  #words;

  /**
   * @param {object} words for errors, and what to do at the end
   * @param {string} words.name of what the instance is
   * @param {string} words.afterCrash what the caller can do
   * @param {string} [words.ifFull] what the caller can do when there is no memory
   * @param {() => void} [words.onEnd] called once, when no call can be made any more
   */
  constructor(words) {
    this.#words = words;
  }

  /** @param {Exports} exports of a running instance */
  attach(exports) {
    if (this.#fault) throw this.#fault;
    this.#exports = exports;
  }

  /** The exports themselves, for what links to them. */
  get exports() {
    this.check();
    return /** @type {Exports} */ (this.#exports);
  }

  /** Whether no call can be made any more. */
  get ended() {
    return !!this.#fault;
  }

  /** Throws the reason when no call can be made. */
  check() {
    if (!this.#exports) throw this.#fault ?? closed(this.#words.name);
  }

  /** Drops the instance, and its memory with it. @param {JielongError} [fault] what later calls throw */
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
      // Exports only throw when they trap.
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

  /** A negative result is an error. @param {string} name @param {(number | boolean)[]} args */
  try(name, ...args) {
    const result = this.call(name, ...args);
    if (result < 0) throw this.error();
    return result;
  }

  /** A pointer; a null pointer is an error. @param {string} name @param {(number | boolean)[]} args */
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
  /** Decoders accept no view of a shared memory. @param {number} pointer @param {number} n */
  text(pointer, n) {
    return decoder.decode(this.bytes(pointer, n).slice());
  }
  /** @param {number} pointer */
  #cString(pointer) {
    return this.text(pointer, new Uint8Array(this.#buffer, pointer >>> 0).indexOf(0));
  }

  /** An error for memory that was refused. @param {string} what */
  outOfMemory(what) {
    const { ifFull } = this.#words;
    return new JielongError('OUT_OF_MEMORY', `no room for ${what}${ifFull ? `; ${ifFull}` : ''}`);
  }

  /** Memory that the caller frees. @param {number} n bytes */
  alloc(n) {
    const pointer = this.call('alloc', n) >>> 0;
    if (!pointer) throw this.outOfMemory(`${n} bytes`);
    return pointer;
  }

  /** @param {number[]} pointers null pointers are skipped, and all of them once the instance is gone */
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
   * Copies arrays into the memory while `use` runs.
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
