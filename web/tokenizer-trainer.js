/**
 * tokenizer-trainer.js - how a vocabulary is learnt, step by step, for figures: byte-pair encoding of a text of
 * the page's own.
 *
 * Apart from jielong.js, which needs none of it, and with an engine of its own in this thread: a step
 * takes microseconds, 300 merges of 200 KB of English less than a second. Like engine.js it makes
 * views anew after each call.
 */
import { JielongError } from './base/error.js';
import { instantiate } from './engine/instance.js';
import { BINARY, checkOptions, describe, SIGNAL, typed } from './base/options.js';

/**
 * @typedef {object} MergeStep
 * @property {number} left  ids: 0 is <|endoftext|>, 1 to 256 are the bytes, then one a step
 * @property {number} right
 * @property {number} id  what the two become
 * @property {Uint8Array} bytes  of the new token
 * @property {string} text  the same, a byte that is no whole character as U+FFFD
 * @property {number} count  how often the pair stood in the text
 * @property {number} tokens  of the text, after the step
 * @property {number} sampleBefore  tokens of the sample
 * @property {number} sampleAfter
 */

/**
 * @typedef {object} TrainTokenizerOptions
 * @property {string} [sample]  a text that is not learnt from but joined along
 * @property {string} [pre]  the pre-tokenizer, 'gpt-2' where it is left out
 * @property {number} [merges]  at most so many steps
 * @property {AbortSignal} [signal]
 * @property {any} [wasm]  a WebAssembly.Module or its bytes; left out: the jielong-train.wasm beside this file
 */

const DONE = 2;
/** The module that learns; jielong.wasm only runs models. */
const TRAINING = { kind: 'url', url: new URL('./jielong-train.wasm', import.meta.url).href };
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const STRING = typed('string', 'a string');
const OPTIONS = {
  sample: STRING,
  pre: STRING,
  merges: /** @type {import('./base/options.js').Rule} */ ([
    (v) => typeof v === 'number' && v >= 0,
    'a number of at least 0',
  ]),
  signal: SIGNAL,
  wasm: BINARY,
};

/** @param {string} where @param {string} expected @param {unknown} found */
const wrong = (where, expected, found) =>
  new JielongError('BAD_ARGUMENT', `expected ${expected}, found ${describe(found)}`, where);

/** A vocabulary that grows. Close it; an iteration that ends does so itself. */
export class TokenizerTrainer {
  /** @type {import('./engine/instance.js').Exports | undefined} */ #exports;
  #trainer = 0;
  #out = 0;

  /** Learns from `text` with `sample` along. @param {string} text @param {TrainTokenizerOptions} [options] */
  static async open(text, options = {}) {
    if (typeof text !== 'string') throw wrong('text', 'a string', text);
    const { sample = '', pre = 'gpt-2', wasm } = checkOptions('open', options, OPTIONS);
    const self = new TokenizerTrainer();
    self.#exports = await instantiate(wasm ?? TRAINING);
    const [a, b, c] = [text, sample, `${pre}\0`].map((s) => self.#copy(s));
    self.#out = self.#call('alloc', 7 * 8);
    self.#trainer = self.#call('bpe_new', a.at, a.n, b.at, b.n, c.at) >>> 0;
    for (const { at } of [a, b, c]) self.#call('free', at);
    if (!self.#trainer) throw self.#error();
    return self;
  }

  /** The next merge; undefined when no pair occurs twice. @returns {MergeStep | undefined} */
  step() {
    const status = this.#call('bpe_step', this.#trainer, this.#out);
    if (status === DONE) return undefined;
    if (status < 0) throw this.#error();
    const memory = /** @type {any} */ (this.#exports).memory.buffer;
    const [left, right, id, count, tokens, sampleBefore, sampleAfter] = new Float64Array(
      memory,
      this.#out >>> 0,
      7,
    );
    const bytes = this.token(id);
    const text = decoder.decode(bytes);
    return { left, right, id, bytes, text, count, tokens, sampleBefore, sampleAfter };
  }

  /** The bytes of a token. @param {number} id */
  token(id) {
    if (!Number.isInteger(id) || id < 0 || id >= this.#call('bpe_n_tokens', this.#trainer)) {
      throw wrong('id', 'the id of a token', id);
    }
    const at = this.#call('bpe_token', this.#trainer, id) >>> 0;
    return this.#bytes(at, this.#call('token_length')).slice();
  }

  /** The sample's tokens as they are now. */
  sample() {
    const at = this.#call('bpe_sample', this.#trainer) >>> 0;
    const n = this.#call('token_length');
    const memory = /** @type {any} */ (this.#exports).memory.buffer;
    return n ? new Int32Array(memory, at, n).slice() : new Int32Array(0);
  }

  /** Lets go of the engine and with it of its memory. */
  close() {
    this.#exports = undefined;
  }

  /** @param {string} name @param {number[]} args */
  #call(name, ...args) {
    if (!this.#exports) throw new JielongError('CLOSED', 'this trainer is closed');
    return this.#exports[`jl_wasm_${name}`](...args);
  }
  /** @param {number} at @param {number} n */
  #bytes(at, n) {
    return new Uint8Array(/** @type {any} */ (this.#exports).memory.buffer, at >>> 0, n);
  }
  /** @param {string} text */
  #copy(text) {
    const bytes = encoder.encode(text);
    const at = this.#call('alloc', bytes.length);
    if (!at) throw new JielongError('OUT_OF_MEMORY', `no room for ${bytes.length} bytes of text`);
    this.#bytes(at, bytes.length).set(bytes);
    return { at, n: bytes.length };
  }
  #error() {
    const [name, where, message] = ['name', 'where', 'message'].map((part) => {
      const bytes = this.#bytes(this.#call(`error_${part}`), 256);
      return decoder.decode(bytes.slice(0, bytes.indexOf(0)));
    });
    return new JielongError(name, message || name, where);
  }
}

/**
 * Learns merges one by one: `for await (const step of trainTokenizer(text, { sample })) …`. Ends after
 * `merges` steps or when no pair occurs twice.
 * @param {string} text
 * @param {TrainTokenizerOptions} [options]
 * @returns {AsyncGenerator<MergeStep & { sample: Int32Array }, void, void>}
 */
export async function* trainTokenizer(text, options = {}) {
  const given = checkOptions('trainTokenizer', options, OPTIONS);
  const { merges = Infinity, signal } = given;
  signal?.throwIfAborted();
  const trainer = await TokenizerTrainer.open(text, given);
  try {
    for (let i = 0; i < merges; i++) {
      signal?.throwIfAborted();
      const step = trainer.step();
      if (!step) return;
      yield { ...step, sample: trainer.sample() };
    }
  } finally {
    trainer.close();
  }
}
