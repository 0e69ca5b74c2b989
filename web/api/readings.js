/**
 * readings.js - what can be read from a model without a session: merges, rows of the token tables, neighbours,
 * logits of any vectors. The methods of Model, in several short calls, which a signal can stop.
 */
import {
  badArgument,
  checkIds,
  checkOptions,
  describe,
  FLAG,
  integer,
  reading,
  SIGNAL,
} from '../base/options.js';
import { mergesOf } from './merges.js';

/** @typedef {import('../engine/backend.js').Backend} Backend */
/** @typedef {import('./types.js').ModelInfo} ModelInfo */
/** @typedef {import('./types.js').Floats} Floats */

const TABLES = /** @type {const} */ (['embedding', 'output']); // jl_table
/** @type {import('../base/options.js').Rule} */
const TABLE = [(v) => TABLES.includes(v), "'embedding' or 'output'"];
const MAX_BYTES = 2 ** 28; // of a result
const PART = 2 ** 20; // floats of a part of a result
const WORK = 2 ** 30; // multiplications per call of unembed
const ROWS = 2 ** 22; // floats read per call of cosines

/** Refuses a result over MAX_BYTES. @param {string} caller @param {number} rows @param {number} cols */
function checkSize(caller, rows, cols) {
  const bytes = 4 * rows * cols;
  if (bytes <= MAX_BYTES) return;
  const limit = `at most ${MAX_BYTES} are allowed`;
  throw badArgument(`${caller}: ${rows} rows of ${cols} take ${bytes} bytes; ${limit}`, caller);
}

/** @param {Backend} backend @param {ModelInfo} info @param {string} text @param {any} options */
export async function merges(backend, info, text, options) {
  const { special = false } = checkOptions('merges', options, { special: FLAG });
  if (typeof text !== 'string')
    throw badArgument(`merges takes a string, not ${describe(text)}`, 'text');
  return mergesOf(await backend.call('trace', text, special), text, info);
}

/**
 * @param {Backend} backend @param {ModelInfo} info @param {any} ids @param {any} options
 * @returns {Promise<Floats>}
 */
export async function embeddings(backend, info, ids, options) {
  const rules = { table: TABLE, signal: SIGNAL };
  const { table = 'embedding', signal } = checkOptions('embeddings', options, rules);
  const list = checkIds(ids, 'embeddings');
  const width = info.embeddingLength;
  checkSize('embeddings', list.length, width);
  const data = new Float32Array(list.length * width);
  const step = Math.max(1, Math.floor(PART / width));
  for (let at = 0; at < list.length; at += step) {
    signal?.throwIfAborted();
    const part = list.slice(at, at + step);
    data.set(await backend.call('rows', TABLES.indexOf(table), part), at * width);
  }
  return { shape: [list.length, width], data };
}

/** The indices of the largest numbers, in descending order, equal ones by index. @param {ArrayLike<number>} x @param {number} count */
export function largest(x, count) {
  /** @type {number[]} */ const best = [];
  for (let i = 0; i < x.length; i++) {
    if (best.length === count && !(x[i] > x[best[count - 1]])) continue;
    let at = best.length;
    while (at > 0 && x[best[at - 1]] < x[i]) at--;
    best.splice(at, 0, i);
    best.length = Math.min(best.length, count);
  }
  return best;
}

/**
 * @param {Backend} backend @param {ModelInfo} info @param {(ids: number[]) => Promise<{ text: string }[]>} pieces
 * @param {number} id @param {any} options
 */
export async function neighbours(backend, info, pieces, id, options) {
  const rules = { count: integer(1, 1000), signal: SIGNAL };
  const { count = 10, signal } = checkOptions('neighbours', options, rules);
  const [from] = checkIds([id], 'neighbours');
  const { vocabularySize: n, embeddingLength: width } = info;
  const cosines = new Float32Array(n);
  const step = Math.max(1, Math.floor(ROWS / width));
  for (let at = 0; at < n; at += step) {
    signal?.throwIfAborted();
    cosines.set(await backend.call('cosines', from, at, Math.min(step, n - at)), at);
  }
  cosines[from] = -Infinity;
  const ids = largest(cosines, Math.min(count, n - 1));
  const texts = await pieces(ids);
  return ids.map((one, i) => ({ id: one, text: texts[i].text, similarity: cosines[one] }));
}

/** The vectors as floats. @param {any} vectors @param {number} width @returns {Float32Array} */
function checkVectors(vectors, width) {
  return reading('unembed', () => {
    const { data = vectors, shape } = vectors ?? {};
    const words = `a Float32Array of rows of ${width} numbers, or { shape: [rows, ${width}], data }`;
    if (!(data instanceof Float32Array))
      throw badArgument(`unembed takes ${words}, not ${describe(data)}`, 'vectors');
    const rows = data.length / width;
    if (!Number.isInteger(rows) || (shape && (shape[0] !== rows || shape[1] !== width)))
      throw badArgument(
        `unembed takes ${words}; found ${data.length} numbers${shape ? ` of shape [${describe(shape[0])}, ${describe(shape[1])}]` : ''}`,
        'vectors',
      );
    return data.slice();
  });
}

/**
 * @param {Backend} backend @param {ModelInfo} info @param {any} vectors @param {any} options
 * @returns {Promise<Floats>}
 */
export async function unembed(backend, info, vectors, options) {
  const rules = { norm: FLAG, signal: SIGNAL };
  const { norm = true, signal } = checkOptions('unembed', options, rules);
  const { vocabularySize: n, embeddingLength: width } = info;
  const x = checkVectors(vectors, width);
  const rows = x.length / width;
  checkSize('unembed', rows, n);
  const data = new Float32Array(rows * n);
  const step = Math.max(1, Math.floor(Math.min(WORK / width, 4 * PART) / n));
  for (let at = 0; at < rows; at += step) {
    signal?.throwIfAborted();
    const part = x.slice(at * width, (at + step) * width);
    data.set(await backend.call('unembed', part, part.length / width, norm), at * n);
  }
  return { shape: [rows, n], data };
}
