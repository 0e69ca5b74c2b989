/**
 * models.js - the embedded models for the note's claims, and what the claims ask of them: logits of every position,
 * losses, cosines.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel } from '../../web/jielong.js';
import { root } from '../helpers/paths.js';

/** @typedef {import('../../web/jielong.js').Model} Model */

/** @type {Map<string, Promise<Model>>} */
const open = new Map();

/** An embedded model, loaded once. @param {string} name @returns {Promise<Model>} */
export function modelOf(name) {
  const file = join(root, 'web/models', `${name}.gguf`);
  const known = open.get(name) ?? loadModel(file, { precision: 'exact' });
  open.set(name, known);
  return known;
}

export const closeModels = async () => {
  for (const model of open.values()) await (await model).close();
  open.clear();
};

/** @param {string} path from the root */
export const textOf = (path) => readFileSync(join(root, path), 'utf8');

/** log softmax of a row, in double precision. @param {ArrayLike<number>} row */
export function logSoftmax(row) {
  let max = -Infinity;
  for (let i = 0; i < row.length; i++) max = Math.max(max, row[i]);
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += Math.exp(row[i] - max);
  const all = max + Math.log(sum);
  return Float64Array.from(row, (x) => x - all);
}

/**
 * Evaluates ids in a session of its own.
 * @param {Model} model @param {ArrayLike<number>} ids @param {any} [run] taps and edits @param {any} [rules] of the session
 */
export async function evaluate(model, ids, run = {}, rules = {}) {
  const session = await model.createSession({ contextLength: ids.length + 1, ...rules });
  try {
    return await session.run(Int32Array.from(ids), run);
  } finally {
    await session.close();
  }
}

/**
 * Log-probabilities after each position: [position][id].
 * @param {Model} model @param {ArrayLike<number>} ids @param {any} [run] @param {any} [rules]
 */
export async function logProbabilities(model, ids, run = {}, rules = {}) {
  const last = { name: 'resid_post', layer: model.info.layers - 1 };
  const { taps } = await evaluate(model, ids, { ...run, taps: [last] }, rules);
  const { shape, data } = await model.unembed(taps[0].data);
  return Array.from({ length: shape[0] }, (_, i) =>
    logSoftmax(data.subarray(i * shape[1], (i + 1) * shape[1])),
  );
}

/**
 * Mean loss in nats of the tokens from `from` on.
 * @param {Model} model @param {ArrayLike<number>} ids @param {any} [run] @param {any} [rules] @param {number} [from]
 */
export async function loss(model, ids, run = {}, rules = {}, from = 1) {
  const rows = await logProbabilities(model, ids, run, rules);
  let sum = 0;
  for (let i = from; i < ids.length; i++) sum -= rows[i - 1][ids[i]];
  return sum / (ids.length - from);
}

/** Windows of a text's ids. @param {Int32Array} ids @param {number} size @param {number} count */
export const windows = (ids, size, count) =>
  Array.from({ length: count }, (_, i) => ids.slice(i * size, (i + 1) * size));

export { cosine } from '../helpers/cosine.js';

/** @param {ArrayLike<number>} values */
export const mean = (values) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

/** Largest absolute difference. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export const difference = (a, b) =>
  Array.from(a).reduce((max, x, i) => Math.max(max, Math.abs(x - b[i])), 0);

/** Id of the largest value. @param {ArrayLike<number>} row */
export function best(row) {
  let at = 0;
  for (let i = 1; i < row.length; i++) if (row[i] > row[at]) at = i;
  return at;
}
