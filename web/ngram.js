/**
 * ngram.js - the oldest ancestor in a page: a language model that counts, from the file that
 * `jielong ngram --out` writes.
 *
 * Apart from jielong.js, with an engine of its own in this thread; a distribution takes microseconds.
 * Ids are those of the vocabulary it was counted with, so the tokens of a Transformer that was
 * trained with the same one serve both: `ngram.distribution(await model.tokenize(text))`.
 */
import { JielongError } from './base/error.js';
import { BINARY, checkIds, checkOptions, reading } from './base/options.js';
import { start, trainingCalls } from './engine/training.js';

export class Ngram {
  #calls = trainingCalls('n-gram model');
  #handle = 0;

  /**
   * @param {Uint8Array | ArrayBuffer} file
   * @param {{ wasm?: any }} [options]  wasm: a WebAssembly.Module or its bytes; left out: the jielong-train.wasm beside this file
   */
  static async open(file, options = {}) {
    const { wasm } = checkOptions('open', options, { wasm: BINARY });
    const bytes = reading('file', () =>
      file instanceof Uint8Array
        ? new Uint8Array(file.buffer, file.byteOffset, file.length)
        : file instanceof ArrayBuffer && new Uint8Array(file),
    );
    if (!bytes) throw new JielongError('BAD_ARGUMENT', 'expected the bytes of a file', 'file');
    const self = new Ngram();
    const calls = await start(self.#calls, wasm);
    self.#handle = calls.withCopies([bytes], (at) => calls.make('ngram_new', at, bytes.length));
    return self;
  }

  /** Tokens of the longest n-grams: it looks order − 1 tokens back. */
  get order() {
    return this.#calls.call('ngram_order', this.#handle);
  }

  /** The probability of every token after ids: Float32Array over the vocabulary. @param {import('./api/types.js').Ids} ids */
  distribution(ids) {
    const calls = this.#calls;
    const n = calls.call('ngram_n_vocab', this.#handle);
    const context = checkIds(ids, 'distribution').slice(-this.order);
    const room = new Float32Array(n);
    return calls.withCopies([context, room], (at, out) => {
      calls.call('ngram_distribution', this.#handle, at, context.length, out);
      return calls.floats(out, n);
    });
  }

  /** Releases the engine, and its memory with it. */
  close() {
    this.#calls.end();
  }
}
