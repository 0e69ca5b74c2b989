/**
 * same-vectors.js - what <note-same> computes: the vectors of the last token of two or three sentences.
 */

import { idsOf, tokenViews, withSession } from '../../../web/figures/figure.js';
import { cosine } from '../../../web/figures/numbers.js';

const MAX_TOKENS = 64;
export const SHOWN = 48; // numbers of a vector

/** @typedef {{ tokens: import('../../../web/figures/figure.js').TokenView[], embed: Float32Array, last: Float32Array, cosines: number[], equal: boolean }} Side cosines: with the first sentence, at the input and after each block; equal: whether the two rows are the same in every bit */
/** @typedef {{ sides: Side[], width: number, tokens: import('../../../web/figures/figure.js').TokenView[], total: number }} View */

/** Vectors of a text's last token: at the input, then after each block. @param {import('../../../web/jielong.js').Model} model @param {Int32Array} ids @param {AbortSignal} signal */
async function vectorsOf(model, ids, signal) {
  const positions = /** @type {[number, number]} */ ([ids.length - 1, ids.length]);
  const taps = [
    { name: 'embed', positions },
    { name: 'resid_post', layer: /** @type {const} */ ('all'), positions },
  ];
  const run = await withSession(model, ids.length, (s) => s.run(ids, { taps, signal }));
  return run.taps.map(({ data }) => data);
}

/** @type {import('../../../web/figures/figure.js').Figure} */
export const same = {
  name: 'same',
  settings: ['text', 'other', 'third'],
  /** @returns {Promise<View>} */
  async compute(model, { text, other, third }, { signal }) {
    /** @type {Side[]} */ const sides = [];
    /** @type {Float32Array[]} */ let first = [];
    let all = 0;
    for (const sentence of [text, other, third].filter(Boolean)) {
      const { ids, total } = await idsOf(model, sentence, MAX_TOKENS);
      const vectors = await vectorsOf(model, ids, signal);
      if (!first.length) [first, all] = [vectors, total];
      sides.push({
        tokens: await tokenViews(model, ids),
        embed: vectors[0].slice(0, SHOWN),
        last: vectors[vectors.length - 1].slice(0, SHOWN),
        cosines: vectors.map((vector, i) => cosine(vector, first[i])),
        equal: vectors[0].every((x, i) => x === first[0][i]),
      });
    }
    return { sides, width: first[0].length, tokens: sides[0].tokens, total: all };
  },
};
