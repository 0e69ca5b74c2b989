/**
 * tokenizer-trainer.js - how a vocabulary is learnt, step by step, for figures: byte-pair encoding of a text of
 * the page's own.
 *
 * Apart from jielong.js, which needs none of it, and with an engine of its own in this thread: a step
 * takes microseconds, 300 merges of 200 KB of English less than a second.
 */
import { JielongError } from './base/error.js';
import { BINARY, checkOptions, describe, SIGNAL, typed } from './base/options.js';
import { start, trainingCalls } from './engine/training.js';

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
  #calls = trainingCalls('trainer');
  #trainer = 0;
  #out = 0;

  /** Learns from `text` with `sample` along. @param {string} text @param {TrainTokenizerOptions} [options] */
  static async open(text, options = {}) {
    if (typeof text !== 'string') throw wrong('text', 'a string', text);
    const { sample = '', pre = 'gpt-2', wasm } = checkOptions('open', options, OPTIONS);
    const self = new TokenizerTrainer();
    const calls = await start(self.#calls, wasm);
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
      throw wrong('id', 'the id of a token', id);
    }
    const at = this.#calls.call('bpe_token', this.#trainer, id);
    return this.#calls.bytes(at, this.#calls.call('token_length')).slice();
  }

  /** The sample's tokens as they are now. */
  sample() {
    const at = this.#calls.call('bpe_sample', this.#trainer);
    return this.#calls.ints(at, this.#calls.call('token_length'));
  }

  /** Releases the engine, and its memory with it. */
  close() {
    this.#calls.end();
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
