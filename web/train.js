/**
 * train.js - trains a small Transformer on a text, in the page or in Node, with progress reports.
 *
 *   const trainer = await createTrainer({ text, config: { steps: 1000 } });
 *   for await (const { step, loss, heldOut, sample } of trainer.run({ signal })) …
 *   const model = await loadModel(await trainer.export());
 *
 * jielong.js imports this file when createTrainer is first called. In a page training runs in its own
 * worker, in Node in the calling thread. The caller pulls one step at a time and pauses by not pulling (or
 * by `break`, then run() again); an AbortSignal takes effect between two steps. The same text, config and
 * seed give the same losses, samples and file on every machine, bit for bit. This file checks and names
 * the options; the engine (src/train) implements model, optimiser and file format.
 */

import { closed, JielongError } from './base/error.js';
import {
  ANY,
  BINARY,
  badArgument,
  checkOptions,
  describe,
  integer,
  number,
  POSITIVE,
  SAMPLING,
  SIGNAL,
  typed,
  WORKER,
} from './base/options.js';
import { assets } from './engine/assets.js';
import { openAnywhere, openBackend } from './engine/backend.js';

/** @typedef {import('./api/types.js').TrainConfig} TrainConfig */
/** @typedef {import('./api/types.js').TrainInfo} TrainInfo */
/** @typedef {import('./api/types.js').TrainReport} TrainReport */

/** @typedef {import('./base/options.js').Rule} Rule */
const STRING = typed('string', 'a string');
/** @param {string[]} names @returns {Rule} */
const choice = (...names) => [(v) => names.includes(v), names.map((n) => `'${n}'`).join(', ')];
/** A recipe value. @type {Rule} */
const LINE = [(v) => typeof v === 'string' && !/[\n\r]/.test(v), 'a string of one line'];

/** Recipe keys of `jielong train` (src/train/config.h), in camelCase. */
const NETWORK = {
  context: integer(1, 65536),
  width: integer(2, 8192),
  layers: integer(1, 64),
  heads: integer(1, 256),
  kvHeads: integer(1, 256),
  hidden: integer(1, 65536),
  position: choice('rope', 'learned', 'sinusoidal', 'alibi', 'none'),
  ropeBase: number(1),
  dropout: number(0, 0.99),
  optimizer: choice('adamw', 'muon'),
  steps: integer(1, 1e9),
  warmup: integer(0, 1e9),
  lr: number(0),
  lrMatrix: number(0),
  lrEnd: number(0, 1),
  beta1: number(0, 1),
  beta2: number(0, 1),
  momentum: number(0, 1),
  decay: number(0),
  clip: number(0),
  batch: integer(1, 65536),
  seed: integer(0, Number.MAX_SAFE_INTEGER),
  name: LINE,
  author: LINE,
  license: LINE,
  description: LINE,
};
/** Options of this file, unknown to the engine. */
const REPORT = {
  vocabulary: /** @type {Rule} */ ([
    (v) => v === 'characters' || (Number.isInteger(v) && v >= 257 && v <= 65536),
    "'characters' or a number of tokens from 257 to 65536",
  ]),
  evaluateEvery: POSITIVE,
  evaluateWindows: integer(0, 1e6),
  sampleEvery: POSITIVE,
  sampleTokens: integer(0, 65536),
  prompt: STRING,
};

/** A character-level model of 0.36 million parameters. @type {Required<Omit<TrainConfig, 'kvHeads' | 'ropeBase' | 'beta1' | 'beta2' | 'momentum' | 'author' | 'license' | 'description'>>} */
export const TRAIN_DEFAULTS = {
  vocabulary: 'characters',
  context: 128,
  width: 96,
  layers: 3,
  heads: 3,
  hidden: 256,
  position: 'rope',
  dropout: 0,
  optimizer: 'muon',
  steps: 600,
  warmup: 40,
  lr: 0.005,
  lrMatrix: 0.02,
  lrEnd: 0.05,
  decay: 0.1,
  clip: 1,
  batch: 8,
  seed: 1,
  name: 'Trained in the page',
  evaluateEvery: 20,
  evaluateWindows: 16,
  sampleEvery: 50,
  sampleTokens: 200,
  prompt: '\n',
};

/** A recipe: `key = value` lines. @param {Record<string, any>} config */
const recipeOf = (config) =>
  Object.keys(NETWORK)
    .filter((key) => config[key] !== undefined)
    .map((key) => {
      const name = key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
      return `${name} = ${config[key]}\n`;
    })
    .join('');

/**
 * Builds a vocabulary from the text and initialises a model for it.
 * @param {import('./api/types.js').TrainOptions} options
 * @returns {Promise<Trainer>}
 */
export async function createTrainer(options) {
  const rules = { text: STRING, config: ANY, signal: SIGNAL, worker: WORKER, wasm: BINARY };
  const given = checkOptions('createTrainer', options, rules);
  if (given.text === undefined) throw badArgument("createTrainer needs the option 'text'", 'text');
  const wanted = checkOptions('config', given.config ?? {}, { ...NETWORK, ...REPORT });
  const config = { ...TRAIN_DEFAULTS, ...wanted };
  // The default warm-up takes at most half of a short run.
  if (wanted.warmup === undefined)
    config.warmup = Math.min(TRAIN_DEFAULTS.warmup, config.steps >> 1);
  given.signal?.throwIfAborted();
  return openAnywhere(given.worker, (worker) => openTrainer({ ...given, worker }, config));
}

/** @param {Record<string, any>} given options @param {any} config */
async function openTrainer(given, config) {
  const backend = openBackend(given.worker);
  const cancel = () => backend.close(); // terminates the worker
  given.signal?.addEventListener('abort', cancel);
  try {
    const vocabulary = config.vocabulary === 'characters' ? 0 : config.vocabulary;
    const recipe = recipeOf(config);
    const args = [given.text, recipe, vocabulary, assets(), given.wasm];
    const info = await backend.call('train.open', ...args);
    given.signal?.throwIfAborted();
    return new Trainer(backend, info, config);
  } catch (e) {
    backend.close();
    given.signal?.throwIfAborted();
    throw e;
  } finally {
    given.signal?.removeEventListener('abort', cancel);
  }
}

/** A model in training. Made by createTrainer; close() frees its memory. */
export class Trainer {
  #backend;
  #config;
  #step = 0;
  #started = false;
  #running = false;
  #closed = false;

  /** @param {import('./engine/backend.js').Backend} backend @param {TrainInfo} info @param {any} config */
  constructor(backend, info, config) {
    this.#backend = backend;
    this.#config = config;
    /** @readonly */
    this.info = info;
    /** The config with defaults filled in. @type {TrainConfig} @readonly */
    this.config = Object.freeze({ ...config });
  }

  /** Steps done. */
  get step() {
    return this.#step;
  }

  /** @param {string} op @param {any[]} args */
  async #call(op, ...args) {
    if (this.#closed) throw closed('trainer');
    return this.#backend.call(`train.${op}`, ...args);
  }

  /**
   * Trains until the last step; yields a report before the first step and after each one. `break` pauses;
   * run() again continues. Rejects with signal.reason after an abort (the trainer stays usable), or with a
   * JielongError: NOT_A_NUMBER when the loss diverges, BUSY when another run is open.
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {AsyncGenerator<TrainReport, void, void>}
   */
  async *run(options = {}) {
    const { signal: stop } = checkOptions('run', options, { signal: SIGNAL });
    if (this.#running) throw new JielongError('BUSY', 'another run of this trainer is open', 'run');
    this.#running = true;
    try {
      stop?.throwIfAborted();
      if (!this.#started) {
        const first = await this.#report({ step: 0, epoch: 0 });
        this.#started = true;
        yield first;
      }
      for (;;) {
        stop?.throwIfAborted();
        const done = await this.#call('step');
        if (!done) return;
        this.#step = done.step;
        yield await this.#report(done);
      }
    } finally {
      this.#running = false;
    }
  }

  /** Adds a held-out loss and a sample when due. @param {any} done @returns {Promise<TrainReport>} */
  async #report(done) {
    const { evaluateEvery, evaluateWindows, sampleEvery, sampleTokens } = this.#config;
    const last = done.step === this.info.steps;
    const report = { ...done };
    if (last || done.step % evaluateEvery === 0) {
      report.heldOut = await this.heldOut(evaluateWindows);
      report.bitsPerByte = report.heldOut / Math.LN2 / this.info.bytesPerToken;
    }
    if (sampleTokens && (last || done.step % sampleEvery === 0)) {
      report.sample = await this.sample();
    }
    return report;
  }

  /**
   * Held-out loss: mean nats per token, over independent windows of the context's length.
   * windows: how many, at even distances (0: all).
   * @param {number} [windows]
   * @returns {Promise<number>}
   */
  async heldOut(windows = 0) {
    if (!REPORT.evaluateWindows[0](windows))
      throw badArgument(`heldOut takes ${REPORT.evaluateWindows[1]}, not ${describe(windows)}`);
    return this.#call('heldOut', windows);
  }

  /**
   * Generates text. Each call uses the same seed by default, so that samples of two steps are comparable.
   * @param {{ prompt?: string, maxTokens?: number, seed?: number } & import('./api/types.js').SamplingOptions} [options]
   * @returns {Promise<string>}
   */
  async sample(options = {}) {
    const { prompt, sampleTokens: maxTokens, seed } = this.#config;
    const rules = { ...SAMPLING, prompt: STRING, maxTokens: POSITIVE, seed: NETWORK.seed };
    const given = checkOptions('sample', options, rules);
    const all = { prompt, maxTokens: maxTokens || 1, seed, temperature: 0.8, ...given };
    const { prompt: start, ...rest } = all;
    if (!start)
      throw badArgument("the option 'prompt' is empty; it needs at least one character", 'prompt');
    return this.#call('sample', start, rest);
  }

  /**
   * The current model as the bytes of a GGUF file, for loadModel, a download or llama.cpp.
   * @param {{ type?: 'F32' | 'F16' | 'Q8_0' | 'Q4_0' }} [options] of matrices; default F32
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async export(options = {}) {
    const { type = 'F32' } = checkOptions('export', options, {
      type: choice('F32', 'F16', 'Q8_0', 'Q4_0'),
    });
    return this.#call('write', type);
  }

  /** Stops the engine and frees its memory. */
  async close() {
    this.#closed = true;
    this.#backend.close();
  }
}
