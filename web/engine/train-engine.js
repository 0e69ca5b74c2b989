/**
 * train-engine.js - a run of training as an object: wraps the exports of jielong-train.wasm, as
 * engine.js does those of jielong.wasm.
 *
 * Fetched by whoever holds an engine (backend.js in this thread, worker.js in a worker) when training is
 * first asked for. Methods take and give plain values. A sample is drawn by the engine itself from the file
 * that an export would give, so what a reader sees is what loadModel will make of it.
 */
import { Engine } from './engine.js';
import { JielongError } from '../base/error.js';
import { compile, instantiate } from './instance.js';
import { DEFAULTS, LIMITS } from '../base/options.js';
import { describeSource } from '../source/source.js';

const DONE = 2;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** The numbers of tensor types in GGUF. @type {Record<string, number>} */
const TYPES = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 8 };

export class TrainEngine {
  /** @type {import('./instance.js').Exports | undefined} */ #exports;
  /** Compiled once for all samples. @type {WebAssembly.Module | undefined} */ #sampler;
  #live = 0;
  #out = 0; // room for eight doubles
  /** Why no call can be made any more. @type {JielongError | undefined} */ #fault;

  /**
   * @param {string} text @param {string} recipe  `key = value` lines (src/train/config.h)
   * @param {number} vocabulary  0: characters, else tokens
   * @param {any} wasm
   */
  async open(text, recipe, vocabulary, wasm) {
    const beside = { kind: 'url', url: new URL('../jielong-train.wasm', import.meta.url).href };
    this.#exports = await instantiate(wasm ?? beside);
    this.#out = this.#call('alloc', 8 * 8);
    const [a, b] = [text, recipe].map((s) => this.#copy(s));
    this.#live = this.#call('live_new', a.at, a.n, b.at, b.n, vocabulary) >>> 0;
    for (const { at } of [a, b]) this.#call('free', at);
    if (!this.#live) throw this.#error();
    this.#call('live_describe', this.#live, this.#out);
    const [vocabularySize, parameters, trainTokens, heldOutTokens, ...rest] = this.#numbers(8);
    const [bytesPerToken, unigram, steps, stepTokens] = rest;
    return {
      parameters,
      vocabularySize,
      trainTokens,
      heldOutTokens,
      bytesPerToken,
      uniform: Math.log(vocabularySize),
      unigram,
      steps,
      stepTokens,
    };
  }

  /** One step; undefined after the last. */
  step() {
    const status = this.#call('live_step', this.#live, this.#out);
    if (status === DONE) return undefined;
    if (status < 0) throw this.#error();
    const [step, loss, norm, epoch] = this.#numbers(4);
    return { step, loss, norm, epoch };
  }

  /** @param {number} windows 0: all */
  heldOut(windows) {
    return this.#call('live_held_out', this.#live, windows);
  }

  /** The bytes of a GGUF file. @param {string} type */
  write(type) {
    const n = this.#call('live_export', this.#live, TYPES[type], 0);
    const at = this.#call('alloc', n) >>> 0;
    if (!at) throw new JielongError('OUT_OF_MEMORY', `no room for a file of ${n} bytes`, 'export');
    this.#call('live_export', this.#live, TYPES[type], at);
    const file = new Uint8Array(this.#memory, at, n).slice();
    this.#call('free', at);
    return file;
  }

  /**
   * A text longer than the context slides on: the last half of what stands there is read anew.
   * @param {string} prompt @param {any} options  of a generation
   */
  async sample(prompt, options) {
    const engine = new Engine();
    this.#sampler ??= await compile(undefined, false);
    await engine.load(describeSource(this.write('F32')), { wasm: this.#sampler }, undefined);
    const { handle, contextLength } = engine.openSession(0, false);
    const settings = { ...DEFAULTS, ...LIMITS, ignoreEos: true, stop: [], ...options };
    let made = engine.tokenize([[prompt, false]], false, true);
    while (typeof made === 'number') made = engine.tokenizeMore(made);
    let ids = made.slice(1 - contextLength);
    let [text, position] = ['', 0];
    for (let left = settings.maxTokens; left > 0; left -= position - ids.length) {
      if (position) {
        ids = engine.ids(handle).slice(-(contextLength >> 1));
        settings.seed++; // or the draws would repeat, and the text with them
      }
      engine.rewind(handle, 0);
      engine.generate(handle, ids, { ...settings, maxTokens: left });
      for (let more = true; more; ) {
        const pulled = engine.step(handle);
        text += pulled.token?.text ?? '';
        position = pulled.position;
        more = pulled.more || (pulled.token !== undefined && !pulled.token.finish);
      }
    }
    engine.close();
    return text;
  }

  /* ---- Calls and memory ---- */

  get #memory() {
    return /** @type {any} */ (this.#exports).memory.buffer;
  }
  /** @param {number} n */
  #numbers(n) {
    return Array.from(new Float64Array(this.#memory, this.#out >>> 0, n));
  }
  /** @param {string} name @param {number[]} args */
  #call(name, ...args) {
    if (this.#fault) throw this.#fault;
    try {
      return /** @type {any} */ (this.#exports)[`jl_wasm_${name}`](...args);
    } catch (e) {
      const why = `the trainer crashed in ${name} (${/** @type {Error} */ (e).message})`;
      this.#fault = new JielongError(
        'ENGINE_CRASHED',
        `${why}; start afresh, and please report it`,
      );
      this.#exports = undefined;
      throw this.#fault;
    }
  }
  /** @param {string} text */
  #copy(text) {
    const bytes = encoder.encode(text);
    const at = this.#call('alloc', bytes.length) >>> 0;
    if (!at) throw new JielongError('OUT_OF_MEMORY', `no room for ${bytes.length} bytes`, 'text');
    new Uint8Array(this.#memory, at, bytes.length).set(bytes);
    return { at, n: bytes.length };
  }
  #error() {
    const [name, where, message] = ['name', 'where', 'message'].map((part) => {
      const bytes = new Uint8Array(this.#memory, this.#call(`error_${part}`) >>> 0);
      return decoder.decode(bytes.subarray(0, bytes.indexOf(0)));
    });
    return new JielongError(name, message || name, where);
  }
}
