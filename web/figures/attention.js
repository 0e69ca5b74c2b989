/**
 * attention.js - the attention weights of all heads over a text.
 *
 * The weights of a head are a lower triangle, because a query attends to itself and earlier keys only: row q begins
 * at q(q + 1) / 2.
 */

import { causalIds } from './causal.js';
import { tokenViews, unstored, withSession } from './figure.js';
import { triangle } from './numbers.js';
import { workingOf, workingTaps } from './working.js';

const EXACT = { cache: { type: 'f32' } }; // so that the scores are those of the tapped keys
const MAX_WORKING = 2 ** 26; // bytes of the working of all blocks; above it, of one

/** @typedef {import('./figure.js').TokenView} TokenView */
/**
 * @typedef {object} AttentionView
 * @property {TokenView[]} tokens
 * @property {number} total tokens of the text; those after `tokens` are left out
 * @property {number[]} layers blocks with attention
 * @property {number} heads
 * @property {Float32Array[]} patterns per layer: [head][query, key ≤ query]
 * @property {Map<number, import('./working.js').Inputs>} [inputs] of the working, by layer; not stored in scenes
 */

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

/** The largest weight of a head for an earlier key. @param {AttentionView} view @param {number} layer @param {number} head */
export function largest(view, layer, head) {
  let best = { row: view.tokens.length - 1, column: 0, weight: -1 };
  for (let row = 1; row < view.tokens.length; row++)
    for (let column = 0; column < row; column++) {
      const weight = weightOf(view, layer, head, row, column);
      if (weight > best.weight) best = { row, column, weight };
    }
  return best;
}

/**
 * The working of a weight, if its inputs are there.
 * @param {AttentionView} view @param {number} layer @param {number} head @param {number} query @param {number} key
 */
export function workingIn({ inputs, heads }, layer, head, query, key) {
  const found = inputs?.get(layer);
  return found && workingOf(found, heads, head, query, key);
}

/** Patterns of all blocks for a text. @param {import('../jielong.js').TapResult[]} taps */
export const patternsOf = (taps) => taps.map(triangles);

/** @type {import('./figure.js').Figure} */
export const attention = {
  name: 'attention',
  settings: ['text', 'working'],
  /** @returns {Promise<AttentionView>} */
  async compute(model, { text, working, layer }, { signal, progress }) {
    const { ids, total } = await causalIds(model, text);
    const { heads, attentionLayers: layers } = model.info;
    const { taps, shown } = await withSession(
      model,
      ids.length,
      async (session) => {
        const all = layers.map((one) => ({ name: 'pattern', layer: one }));
        let shown = working ? layers : [];
        const more = () => shown.flatMap((one) => workingTaps(model.info, one));
        if (shown.length && (await session.forecast(ids, { taps: more() })) > MAX_WORKING)
          shown = layers.includes(layer) ? [layer] : [layers[layers.length - 1]];
        const { taps } = await session.run(ids, {
          taps: [...all, ...more()],
          signal,
          onProgress: ({ evaluated, total: n }) => progress(evaluated, n, 'tokens'),
        });
        return { taps, shown };
      },
      working ? EXACT : {},
    );
    const tokens = await tokenViews(model, ids);
    const patterns = patternsOf(taps.slice(0, layers.length));
    const view = { tokens, total, layers, heads, patterns };
    const rest = taps.slice(layers.length);
    const inputs = new Map(
      shown.map((one, i) => [one, { q: rest[3 * i], k: rest[3 * i + 1], scores: rest[3 * i + 2] }]),
    );
    return working ? unstored(view, { inputs }) : view;
  },
};
