/**
 * train-engine.js - a training run as an object: one method per operation of jielong-train.wasm, like
 * engine.js for jielong.wasm.
 *
 * Imported by backend.js (this thread) or worker.js (a worker) on first use. Arguments and results are
 * plain values. Samples come from jielong.wasm and the exported file, so that they match the output of
 * the model after loadModel.
 */
import { LIMITS } from '../base/options.js';
import { describeSource } from '../source/source.js';
import { Engine } from './engine.js';
import { compile } from './instance.js';
import { start, trainingCalls } from './training.js';

const DONE = 2;
const encoder = new TextEncoder();
/** Tensor type numbers of GGUF. @type {Record<string, number>} */
const TYPES = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 8 };

export class TrainEngine {
  #calls = trainingCalls('trainer');
  /** @type {import('./assets.js').Wasm | undefined} */ #engine;
  /** jielong.wasm, compiled once. @type {WebAssembly.Module | undefined} */ #sampler;
  #run = 0;
  #out = 0; // eight doubles

  /**
   * @param {string} text @param {string} recipe  `key = value` lines (src/train/config.h)
   * @param {number} vocabulary  size; 0: characters
   * @param {import('./assets.js').Assets} assets @param {any} wasm the caller's own module, if any
   */
  async open(text, recipe, vocabulary, assets, wasm) {
    this.#engine = assets.engine;
    const calls = await start(this.#calls, wasm ?? assets.train);
    this.#out = calls.alloc(8 * 8);
    const [words, settings] = [text, recipe].map((part) => encoder.encode(part));
    this.#run = calls.withCopies([words, settings], (a, b) =>
      calls.make('training_run_new', a, words.length, b, settings.length, vocabulary),
    );
    calls.call('training_run_describe', this.#run, this.#out);
    const [vocabularySize, parameters, trainTokens, heldOutTokens, ...rest] = calls.doubles(
      this.#out,
      8,
    );
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
    if (this.#calls.try('training_run_step', this.#run, this.#out) === DONE) return undefined;
    const [step, loss, norm, epoch] = this.#calls.doubles(this.#out, 4);
    return { step, loss, norm, epoch };
  }

  /** @param {number} windows 0: all */
  heldOut(windows) {
    return this.#calls.call('training_run_held_out', this.#run, windows);
  }

  /** The bytes of a GGUF file. @param {string} type */
  write(type) {
    const calls = this.#calls;
    const n = calls.call('training_run_export', this.#run, TYPES[type], 0);
    return calls.withCopies([new Uint8Array(n)], (at) => {
      calls.call('training_run_export', this.#run, TYPES[type], at);
      return calls.bytes(at, n).slice();
    });
  }

  /**
   * Generates a text. When the context is full, evaluates its last half in a fresh one.
   * @param {string} prompt @param {any} options  of a generation
   */
  async sample(prompt, options) {
    const engine = new Engine();
    this.#sampler ??= await compile(this.#engine, false);
    await engine.load(describeSource(this.write('F32')), { wasm: this.#sampler }, undefined);
    const { handle, contextLength } = engine.openSession(0, false);
    const settings = { ...LIMITS, ignoreEos: true, stop: [], ...options };
    let made = engine.tokenize([[prompt, false]], false, true);
    while (typeof made === 'number') made = engine.tokenizeMore(made);
    let ids = made.slice(1 - contextLength);
    let [text, position] = ['', 0];
    for (let left = settings.maxTokens; left > 0; left -= position - ids.length) {
      if (position) {
        ids = engine.ids(handle).slice(-(contextLength >> 1));
        settings.seed++; // or the text would repeat
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
}
