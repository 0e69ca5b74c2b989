/**
 * head.js - what figures 10, 11 and 12 compute: queries, keys, values, scores, weights and output of one head.
 */

import { idsOf, tokenViews, withSession } from '../../../web/figures/figure.js';
import { softmax } from '../../../web/figures/numbers.js';

const MAX_TOKENS = 32;
const NAMES = ['rot_q', 'rot_k', 'v', 'attn_scores', 'pattern', 'z'];

/**
 * @typedef {object} HeadView
 * @property {import('../../../web/figures/figure.js').TokenView[]} tokens
 * @property {number} total @property {number} layer @property {number} head
 * @property {number} size d, of a head
 * @property {Float32Array} q [token][d] @property {Float32Array} k @property {Float32Array} v
 * @property {Float32Array} z [token][d], the head's output
 * @property {Float32Array[]} scores per query, of the keys up to it
 * @property {Float32Array[]} weights likewise
 */

/** Rows of a lower triangle. @param {Float32Array} data @param {number} n */
const triangle = (data, n) => Array.from({ length: n }, (_, q) => data.slice(q * n, q * n + q + 1));

/** @type {import('../../../web/figures/figure.js').Figure} */
export const head = {
  name: 'head',
  settings: ['text', 'layer', 'head'],
  /** @returns {Promise<HeadView>} */
  async compute(model, { text, layer: block = 0, head: wanted = 0 }, { signal }) {
    const { ids, total } = await idsOf(model, text, MAX_TOKENS);
    const { attentionLayers, heads, kvHeads } = model.info;
    const layer = attentionLayers.includes(block) ? block : attentionLayers[0];
    const head = Math.min(wanted, heads - 1);
    const shared = Math.floor((head * kvHeads) / heads);
    const taps = NAMES.map((name) => ({
      name,
      layer,
      head: ['rot_k', 'v'].includes(name) ? shared : head,
    }));
    const rules = { cache: { type: 'f32' } }; // the keys and values shown are those computed with
    const run = await withSession(model, ids.length, (s) => s.run(ids, { taps, signal }), rules);
    const [q, k, v, scores, pattern, z] = run.taps.map(({ data }) => data);
    const n = ids.length;
    return {
      tokens: await tokenViews(model, ids),
      total,
      layer,
      head,
      size: q.length / n,
      q,
      k,
      v,
      z,
      scores: triangle(scores, n),
      weights: triangle(pattern, n),
    };
  },
};

/** A row of a matrix [token][d]. @param {HeadView} view @param {'q' | 'k' | 'v' | 'z'} name @param {number} token */
export const rowOf = ({ size, ...view }, name, token) =>
  view[name].subarray(token * size, (token + 1) * size);

/** Σ weight · value. @param {HeadView} view @param {ArrayLike<number>} weights */
export function gathered(view, weights) {
  const out = new Float64Array(view.size);
  for (let key = 0; key < weights.length; key++)
    rowOf(view, 'v', key).forEach((x, i) => {
      out[i] += weights[key] * x;
    });
  return out;
}

/** The output of a query, computed from Q, K and V as shown. @param {HeadView} view @param {number} query */
export function outputOf(view, query) {
  const q = rowOf(view, 'q', query);
  const scores = Array.from(
    { length: query + 1 },
    (_, key) =>
      rowOf(view, 'k', key).reduce((sum, x, i) => sum + x * q[i], 0) / Math.sqrt(view.size),
  );
  return gathered(view, softmax(scores));
}

/** Largest difference of two vectors, against the larger's size. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function apart(a, b) {
  let [most, size] = [0, 1e-9];
  for (let i = 0; i < a.length; i++) {
    most = Math.max(most, Math.abs(a[i] - b[i]));
    size = Math.max(size, Math.abs(a[i]), Math.abs(b[i]));
  }
  return most / size;
}
