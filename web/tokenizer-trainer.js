/**
 * tokenizer-trainer.js - trains a byte-pair encoding on a text, merge by merge, for figures.
 *
 * Not imported by jielong.js. Its engine runs in the calling thread: a step takes microseconds, 300 merges
 * of 200 KB of English less than a second.
 */
import { JielongError } from './base/error.js';
import { BINARY, checkOptions, describe, SIGNAL, typed } from './base/options.js';
import { assets } from './engine/assets.js';
import { start, trainingCalls } from './engine/training.js';

/**
 * @typedef {object} MergeStep
 * @property {number} left  ids: 0 is <|endoftext|>, 1 to 256 are the bytes, then one per step
 * @property {number} right
 * @property {number} id  of the new token
 * @property {Uint8Array} bytes  of the new token
 * @property {string} text  the bytes as UTF-8, with U+FFFD for incomplete characters
 * @property {number} count  of the pair in the text
 * @property {number} tokens  of the text, after the step
 * @property {number} sampleBefore  tokens of the sample
 * @property {number} sampleAfter
 */

/**
 * @typedef {object} TrainTokenizerOptions
 * @property {string} [sample]  a text that gets the merges but is not counted
 * @property {string} [pre]  the pre-tokenizer, 'gpt-2' by default
 * @property {number} [merges]  max steps
 * @property {AbortSignal} [signal]
 * @property {any} [wasm]  a WebAssembly.Module or its bytes; default: the jielong-train.wasm beside this file
 */

const DONE = 2;
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

/** Trains one merge at a time. The caller must close() it. */
export class TokenizerTrainer {
  #calls = trainingCalls('trainer');
  #trainer = 0;
  #out = 0;

  /** Trains on `text`; `sample` gets the merges too. @param {string} text @param {TrainTokenizerOptions} [options] */
  static async open(text, options = {}) {
    if (typeof text !== 'string') throw wrong('text', 'a string', text);
    const { sample = '', pre = 'gpt-2', wasm } = checkOptions('open', options, OPTIONS);
    const self = new TokenizerTrainer();
    const calls = await start(self.#calls, wasm ?? assets().train);
    self.#out = calls.alloc(7 * 8);
    const texts = [text, sample, `${pre}\0`].map((part) => encoder.encode(part));
    const [n, sampleLength] = texts.map(({ length }) => length);
    self.#trainer = calls.withCopies(texts, (a, b, c) =>
      calls.make('bpe_new', a, n, b, sampleLength, c),
    );
    return self;
  }

  /** The next merge; undefined when no pair occurs twice. @returns {MergeStep | undefined} */
  step() {
    if (this.#calls.try('bpe_step', this.#trainer, this.#out) === DONE) return undefined;
    const [left, right, id, count, tokens, sampleBefore, sampleAfter] = this.#calls.doubles(
      this.#out,
      7,
    );
    const bytes = this.token(id);
    const text = decoder.decode(bytes);
    return { left, right, id, bytes, text, count, tokens, sampleBefore, sampleAfter };
  }

  /** The bytes of a token. @param {number} id */
  token(id) {
    if (!Number.isInteger(id) || id < 0 || id >= this.#calls.call('bpe_n_tokens', this.#trainer)) {
      throw wrong('id', 'a token id of this vocabulary', id);
    }
    const at = this.#calls.call('bpe_token', this.#trainer, id);
    return this.#calls.bytes(at, this.#calls.call('token_length')).slice();
  }

  /** The ids of the sample after the last step. */
  sample() {
    const at = this.#calls.call('bpe_sample', this.#trainer);
    return this.#calls.ints(at, this.#calls.call('token_length'));
  }

  /** Frees the engine and its memory. */
  close() {
    this.#calls.end();
  }
}

/**
 * Yields one merge at a time: `for await (const step of trainTokenizer(text, { sample })) …`. Ends after
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
