/**
 * ngram.js - an n-gram language model in a page, from a file written by `jielong ngram --out`.
 *
 * Not imported by jielong.js. Its engine runs in the calling thread; a distribution takes microseconds.
 * Ids refer to the vocabulary of the counts. A Transformer with the same vocabulary can tokenise for it:
 * `ngram.distribution(await model.tokenize(text))`.
 */
import { JielongError } from './base/error.js';
import { BINARY, checkIds, checkOptions, reading } from './base/options.js';
import { assets } from './engine/assets.js';
import { start, trainingCalls } from './engine/training.js';

export class Ngram {
  #calls = trainingCalls('n-gram model');
  #handle = 0;

  /**
   * @param {Uint8Array | ArrayBuffer} file
   * @param {{ wasm?: any }} [options]  wasm: a WebAssembly.Module or its bytes; default: the jielong-train.wasm beside this file
   */
  static async open(file, options = {}) {
    const { wasm } = checkOptions('open', options, { wasm: BINARY });
    const bytes = reading('file', () =>
      file instanceof Uint8Array
        ? new Uint8Array(file.buffer, file.byteOffset, file.length)
        : file instanceof ArrayBuffer && new Uint8Array(file),
    );
    if (!bytes)
      throw new JielongError(
        'BAD_ARGUMENT',
        'the file must be a Uint8Array or ArrayBuffer',
        'file',
      );
    const self = new Ngram();
    const calls = await start(self.#calls, wasm ?? assets().train);
    self.#handle = calls.withCopies([bytes], (at) => calls.make('ngram_new', at, bytes.length));
    return self;
  }

  /** n of the longest n-grams; the context is order − 1 tokens. */
  get order() {
    return this.#calls.call('ngram_order', this.#handle);
  }

  /** The next-token distribution after ids: Float32Array over the vocabulary. @param {import('./api/types.js').Ids} ids */
  distribution(ids) {
    const calls = this.#calls;
    const n = calls.call('ngram_n_vocab', this.#handle);
    const context = checkIds(ids, 'distribution').slice(-this.order);
    const buffer = new Float32Array(n);
    return calls.withCopies([context, buffer], (at, out) => {
      calls.call('ngram_distribution', this.#handle, at, context.length, out);
      return calls.floats(out, n);
    });
  }

  /** Frees the engine and its memory. */
  close() {
    this.#calls.end();
  }
}
