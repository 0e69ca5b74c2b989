/**
 * kernels.js - chooses the precision of a model's matmuls and their kernels.
 *
 * Two separate decisions. Precision `fast` (8-bit activations) changes results, so it depends only on
 * browser and processor, never on a measured time: a seed gives the same tokens in every load. The
 * kernels change only the speed: the build's own kernels and those with relaxed SIMD
 * (jielong-relaxed.wasm) give the same bits. They are chosen by timing both on real tokens, because at
 * load the optimising compiler has not finished yet.
 *
 * engine.js creates Kernels at load, calls set() on the complete model, and reports the time of each
 * evaluation. threads.js chooses the number of threads.
 */

import { compile } from './instance.js';
import { linkRelaxed, RELAXED_DATA } from './link.js';

/* ---- Precision ------------------------------------------------------------------------------- */

/** f(x, w): lane 0 of i32x4.relaxed_dot_i8x16_i7x16_add_s of bytes x, bytes w, and 0. */
const PROBE = Uint8Array.from(
  // magic, version; type (i32, i32) → i32; function; export f; code
  `0061736d01000000 01070160027f7f017f 03020100 070501 01660000 0a16011400
   2000fd0f 2001fd0f 4100fd11 fd9302 fd1b00 0b`.match(/[0-9a-f]{2}/g) ?? [],
  (byte) => Number.parseInt(byte, 16),
);

/**
 * The 8-bit dot product of the processor: 'whole' (the second operand may have 8 bits: unsigned in
 * AVX-VNNI, signed on ARM), 'split' (older x86 saturates sums of two products, so 8-bit weights need
 * two products of nibbles), 'none' (no relaxed SIMD, or V8 11.3 with wrong results).
 * @returns {'whole' | 'split' | 'none'}
 */
export function byteDot() {
  if (!WebAssembly.validate(PROBE)) return 'none';
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(PROBE));
  const f = /** @type {(x: number, w: number) => number} */ (exports.f);
  if (f(-128, 127) !== 4 * -128 * 127) return 'none';
  return [4 * 127 * 255, 4 * 127 * -1].includes(f(127, 255)) ? 'whole' : 'split';
}

/**
 * The weight classes (0: below 8 bits, 1: 8 bits) with precision `fast`.
 * @param {'auto' | 'exact' | 'fast'} precision @param {'whole' | 'split' | 'none'} dot
 * @returns {number[]}
 */
export function fastClasses(precision, dot) {
  if (precision === 'exact') return [];
  if (precision === 'fast' || dot === 'whole') return [0, 1];
  return dot === 'split' ? [0] : [];
}

/* ---- Kernels with relaxed SIMD --------------------------------------------------------------- */

/**
 * The module with relaxed SIMD, or undefined: the file is missing (its build is optional).
 * @param {import('./assets.js').Wasm} file @param {boolean} shared
 * @returns {Promise<WebAssembly.Module | undefined>}
 */
async function compileRelaxed(file, shared) {
  try {
    return await compile(file, shared);
  } catch {
    return undefined;
  }
}

/** Kernels that pool workers must also link. @typedef {{ module: WebAssembly.Module, data: number }} Relaxed */

/**
 * Links the module to the engine's instance.
 * @param {WebAssembly.Module} module @param {import('./exports.js').Calls} calls
 * @returns {Relaxed & { at: number } | undefined} undefined: the memory is of the other kind, or full
 */
function provideRelaxed(module, calls) {
  const data = calls.call('alloc', RELAXED_DATA) >>> 0;
  if (!data) return undefined;
  calls.bytes(data, RELAXED_DATA).fill(0);
  try {
    return { module, data, at: linkRelaxed(module, calls.exports, data) };
  } catch {
    calls.free(data);
    return undefined;
  }
}

/* ---- Which kernels compute --------------------------------------------------------------------- */

const OWN = 0;
const PROVIDED = 1;
const SAMPLE_MS = 40; // min length of a sample, because some clocks have a resolution of 1 ms
const MIN_SAMPLES = 3; // per kernel set; the first is discarded
const MAX_SAMPLES = 12;
const LARGE_BATCH = 32; // tokens; smaller batches are slower per token, so not comparable
const FALLING = 0.93; // sample / best so far; below this the compiler has not finished

/**
 * The next step of a measurement: the kernels to sample next, or the faster kernels. Pure.
 * @param {readonly number[][]} times samples in ms per token, of [own, provided] kernels
 * @returns {{ sample: number } | { use: number }}
 */
export function chooseKernels(times) {
  const [own, provided] = times.map((list) => {
    const counted = list.slice(1);
    const before = Math.min(...counted.slice(0, -1));
    const done =
      list.length >= MAX_SAMPLES ||
      (list.length >= MIN_SAMPLES && (counted.at(-1) ?? 0) > FALLING * before);
    return { n: list.length, best: Math.min(...counted), done };
  });
  if (own.done && provided.done) return { use: own.best < provided.best ? OWN : PROVIDED };
  return { sample: own.n < provided.n ? OWN : PROVIDED };
}

/** Times the kernels on real evaluations, separately for batches and for single tokens. */
export class Tuner {
  /** [batches, single tokens]: samples, the current sample, the kernels in use. */
  #kinds = [0, 1].map(() => ({ times: [[], []], ms: 0, tokens: 0, use: PROVIDED, done: false }));
  #use;
  /** Milliseconds of the current batch. */ #pending = 0;

  /** @param {(provided: number) => void} use sets which products the provided kernels compute: bit 0 batches, bit 1 single tokens */
  constructor(use) {
    this.#use = use;
  }

  /** Adds one call. @param {number} tokens evaluated; 0: inside a batch @param {number} time ms */
  note(tokens, time) {
    this.#pending += time;
    if (tokens === 0) return;
    const ms = this.#pending;
    this.#pending = 0;
    if (tokens !== 1 && tokens < LARGE_BATCH) return;
    const kind = this.#kinds[tokens > 1 ? 0 : 1];
    if (kind.done) return;
    kind.ms += ms;
    kind.tokens += tokens;
    if (kind.ms < SAMPLE_MS) return;
    /** @type {number[][]} */ (kind.times)[kind.use].push(kind.ms / kind.tokens);
    kind.ms = kind.tokens = 0;
    const next = chooseKernels(kind.times);
    kind.done = 'use' in next;
    kind.use = 'use' in next ? next.use : next.sample;
    const [batches, single] = this.#kinds;
    this.#use(batches.use + 2 * single.use);
  }

  /** Ends the measurement and sets the kernels. @param {number} provided see the constructor */
  force(provided) {
    for (const [i, kind] of this.#kinds.entries()) {
      kind.done = true;
      kind.use = (provided >> i) & 1;
    }
    this.#use(provided);
  }

  /** Whether more samples are needed. */
  get measuring() {
    return this.#kinds.some(({ done }) => !done);
  }

  /** [batches, single tokens]. @returns {{ times: number[][], use: number, done: boolean }[]} */
  get state() {
    return this.#kinds.map(({ times, use, done }) => ({ times, use, done }));
  }
}

/* ---- For one model --------------------------------------------------------------------------- */

/** The precision and the kernels of one model. */
export class Kernels {
  #classes;
  #relaxed;
  /** @type {Tuner | undefined} */ #tuner;

  /**
   * Starts to compile the kernels of the precision.
   * @param {'auto' | 'exact' | 'fast'} precision
   * @param {import('./assets.js').Wasm | undefined} relaxed undefined: the caller's own engine has no such module
   * @param {boolean} shared whether the memory is shared
   */
  constructor(precision, relaxed, shared) {
    const dot = relaxed ? byteDot() : 'none';
    this.#classes = fastClasses(precision, dot);
    const usable = this.#classes.length > 0 && dot !== 'none';
    this.#relaxed = relaxed && usable ? compileRelaxed(relaxed, shared) : undefined;
  }

  /**
   * Sets the precision of a complete model's weight classes, and provides kernels.
   * @param {import('./exports.js').Calls} calls @param {number} model
   * @returns {Promise<Relaxed | undefined>} for the pool workers
   */
  async set(calls, model) {
    const set = (/** @type {number} */ weights, at = 0) =>
      calls.call('model_fast', model, weights, at, at && at + 1);
    const present = this.#classes.filter((weights) => set(weights));
    const module = await this.#relaxed;
    const relaxed = module && present.length > 0 ? provideRelaxed(module, calls) : undefined;
    if (!relaxed) return undefined;
    for (const weights of present) set(weights, relaxed.at);
    this.#tuner = new Tuner((provided) => calls.call('model_use_provided', model, provided));
    return relaxed;
  }

  /** State of the Tuner. @param {number} [force] kernels to use from now on, see Tuner */
  choice(force) {
    if (force !== undefined) this.#tuner?.force(force);
    return this.#tuner?.state;
  }

  /** Whether evaluations are to be timed. */
  get measuring() {
    return !!this.#tuner?.measuring;
  }

  /** Adds one evaluation. @param {number} tokens 0: inside a batch @param {number} ms */
  note(tokens, ms) {
    this.#tuner?.note(tokens, ms);
  }
}
