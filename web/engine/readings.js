/**
 * readings.js - the engine's methods that read a model without a session: how a text becomes tokens, rows of
 * the token tables, cosines, logits of any vectors.
 *
 * Part of engine.js: each function takes its calls and the model's handle, and copies its results out of the
 * module's memory. Callers ask for a few rows at a time, so that calls stay short.
 */

/** @typedef {import('./exports.js').Calls} Calls */

const LOST = -12; // JL_ERR_THREAD
const encoder = new TextEncoder();

/**
 * The recorded tokenisation of a text: events (rows of 7 int32, jl_trace_event in jielong_inside.h), the bytes
 * of its pieces, its ids.
 * @param {Calls} calls @param {number} model @param {string} text @param {boolean} special
 */
export function trace(calls, model, text, special) {
  const bytes = encoder.encode(text);
  return calls.withCopies([bytes], (pointer) => {
    const made = calls.make('trace_new', model, pointer, bytes.length, special ? 1 : 0);
    try {
      const n = (/** @type {string} */ what) => [
        calls.call(`trace_${what}`, made),
        calls.call('token_length'),
      ];
      const [events, count] = n('events');
      const all = calls.ints(events, 7 * count);
      const [pieces, length] = n('bytes');
      const stored = calls.bytes(pieces, length).slice();
      const [ids, tokens] = n('ids');
      return { events: all, bytes: stored, ids: calls.ints(ids, tokens) };
    } finally {
      if (!calls.ended) calls.call('trace_free', made);
    }
  });
}

/**
 * Calls `fill` with room for n floats and returns them.
 * @param {Calls} calls @param {number} n @param {(pointer: number) => void} fill
 */
function filled(calls, n, fill) {
  const pointer = calls.alloc(4 * n);
  try {
    fill(pointer);
    return calls.floats(pointer, n);
  } finally {
    calls.free(pointer);
  }
}

/** @param {Calls} calls @param {number} model @param {number} table @param {Int32Array} ids @param {number} width */
export const rows = (calls, model, table, ids, width) =>
  calls.withCopies([ids], (pointer) =>
    filled(calls, ids.length * width, (out) =>
      calls.try('model_rows', model, table, pointer, ids.length, out),
    ),
  );

/** @param {Calls} calls @param {number} model @param {number} id @param {number} from @param {number} n */
export const cosines = (calls, model, id, from, n) =>
  filled(calls, n, (out) => calls.try('model_cosines', model, id, from, n, out));

/**
 * Logits of residual streams; repeated on one thread if another is lost.
 * @param {Calls} calls @param {number} model
 * @param {Float32Array} x [n][width] @param {number} n @param {boolean} norm
 * @param {number} vocabulary @param {import('./threads.js').Threads} [threads]
 */
export const unembed = (calls, model, x, n, norm, vocabulary, threads) =>
  calls.withCopies([x], (pointer) =>
    filled(calls, n * vocabulary, (out) => {
      const args = [model, pointer, n, norm, threads?.pool ?? 0, out];
      const status = calls.call('model_unembed', ...args);
      if (status === LOST) threads?.lost();
      if (status < 0) calls.try('model_unembed', ...args);
    }),
  );

/** @param {Calls} calls @param {number} model @param {number} width @param {number} vocabulary */
export function unembedding(calls, model, width, vocabulary) {
  const pointer = calls.alloc(32);
  try {
    calls.try('model_unembedding', model, pointer);
    const [layerNorm, epsilon, logitScale, logitCap] = calls.doubles(pointer, 4);
    const [weight, bias, outputBias] = [width, width, vocabulary].map((n, i) => {
      const at = calls.call('unembedding_vector', model, i) >>> 0;
      return at ? calls.floats(at, n) : null;
    });
    const norm = weight ? (layerNorm ? 'layer' : 'rms') : null;
    return { norm, epsilon, weight, bias, outputBias, logitScale, logitCap };
  } finally {
    calls.free(pointer);
  }
}
