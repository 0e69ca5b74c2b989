/**
 * attention.js - the attention weights of all heads over a text.
 *
 * The weights of a head are a lower triangle, because a query attends to itself and earlier keys only: row q begins
 * at q(q + 1) / 2.
 */
import { idsOf, tokenViews, withSession } from './figure.js';

const MAX_TOKENS = 64;

/** @typedef {import('./figure.js').TokenView} TokenView */
/**
 * @typedef {object} AttentionView
 * @property {TokenView[]} tokens
 * @property {number} total tokens of the text; those after `tokens` are left out
 * @property {number[]} layers blocks with attention
 * @property {number} heads
 * @property {Float32Array[]} patterns per layer: [head][query, key ≤ query]
 */

/** @param {number} n */
const triangle = (n) => (n * (n + 1)) / 2;

/** The lower triangles of a tap of 'pattern'. @param {import('../jielong.js').TapResult} tap */
function triangles({ shape: [heads, n], data }) {
  const size = triangle(n);
  const out = new Float32Array(heads * size);
  for (let h = 0; h < heads; h++)
    for (let q = 0; q < n; q++) {
      const row = (h * n + q) * n;
      out.set(data.subarray(row, row + q + 1), h * size + triangle(q));
    }
  return out;
}

/**
 * The weight of a key for a query.
 * @param {AttentionView} view @param {number} layer of the model @param {number} head @param {number} query
 * @param {number} key
 */
export function weightOf(view, layer, head, query, key) {
  const pattern = view.patterns[view.layers.indexOf(layer)];
  if (!pattern || key > query) return 0;
  return pattern[head * triangle(view.tokens.length) + triangle(query) + key];
}

/** @type {import('./figure.js').Figure} */
export const attention = {
  name: 'attention',
  settings: ['text'],
  /** @returns {Promise<AttentionView>} */
  async compute(model, { text }, { signal, progress }) {
    const { ids, total } = await idsOf(model, text, MAX_TOKENS);
    const layers = model.info.attentionLayers;
    const { taps } = await withSession(model, ids.length, (session) =>
      session.run(ids, {
        taps: layers.map((layer) => ({ name: 'pattern', layer })),
        signal,
        onProgress: ({ evaluated, total: all }) => progress(evaluated, all, 'tokens'),
      }),
    );
    const tokens = await tokenViews(model, ids);
    return { tokens, total, layers, heads: model.info.heads, patterns: taps.map(triangles) };
  },
};
