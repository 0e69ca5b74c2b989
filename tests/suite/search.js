/**
 * search.js - the index of vectors against a plain sort, its bytes, and impossible arguments.
 */
import { createIndex, loadIndex } from '../../web/search.js';
import { cosine } from '../helpers/cosine.js';
import { below, ok, rejects, same, sameBits } from './assert.js';

/** @typedef {import('./index.js').Case} Case */

/** Pseudorandom numbers from −1 to 1. @param {number} seed */
function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
}

/** @param {number} n @param {number} dimension @param {number} seed */
function vectors(n, dimension, seed) {
  const draw = random(seed);
  return Array.from({ length: n }, () => Float32Array.from({ length: dimension }, draw));
}

/** @param {() => any} work */
const fails = (work) => rejects((async () => work())(), 'BAD_ARGUMENT', /./);

/** @type {Case[]} */
export const search = [
  {
    name: 'an index finds what a plain sort finds, for any number and dimension of vectors',
    async run() {
      for (const [n, dimension, k] of [
        [1, 1, 3],
        [7, 5, 7],
        [50, 384, 10],
        [4100, 6, 25], // more than one block
        [9000, 3, 9000],
      ]) {
        const all = vectors(n, dimension, n + dimension);
        const index = await createIndex(dimension);
        same(index.search(all[0], k), [], 'an empty index');
        const half = n >> 1;
        same([index.add(all.slice(0, half)), index.add(all.slice(half))], [0, half], 'the first');
        same([index.size, index.dimension], [n, dimension], 'size');
        for (const query of vectors(3, dimension, 99)) {
          const wanted = all.map((v, i) => ({ index: i, score: cosine(v, query) }));
          wanted.sort((a, b) => b.score - a.score || a.index - b.index);
          const found = index.search(query, k);
          same(found.length, Math.min(k, n), 'matches');
          for (const [i, { index: at, score }] of found.entries()) {
            below(Math.abs(score - cosine(all[at], query)), 1e-6, `score of ${at}`);
            below(Math.abs(score - wanted[i].score), 1e-6, `place ${i} of ${n} × ${dimension}`);
            if (i) ok(found[i - 1].score >= score, `place ${i} is not larger than the one before`);
          }
          same(new Set(found.map((m) => m.index)).size, found.length, 'no vector twice');
        }
        index.close();
      }
    },
  },
  {
    name: 'equal scores are in the order of the vectors; a zero vector has score 0',
    async run() {
      const index = await createIndex(3);
      index.add([
        [0, 0, 0],
        [1, 0, 0],
        [5, 0, 0],
        [-1, 0, 0],
        [0.5, 0, 0],
      ]);
      const found = index.search([2, 0, 0], 5);
      same(
        found.map((m) => m.index),
        [1, 2, 4, 0, 3],
        'indices',
      );
      same(
        found.map((m) => m.score),
        [1, 1, 1, 0, -1],
        'scores',
      );
      same(index.search([2, 0, 0], 1), [{ index: 1, score: 1 }], 'the first of equals');
      index.close();
    },
  },
  {
    name: 'an index loaded from its bytes gives the same scores',
    async run() {
      const all = vectors(4099, 7, 5);
      const index = await createIndex(7);
      index.add(all);
      const bytes = index.save();
      same(bytes.length, 16 + 4099 * 7 * 4, 'bytes');
      const other = await loadIndex(bytes);
      sameBits(new Float32Array(other.save().buffer), new Float32Array(bytes.buffer), 'bytes');
      for (const query of vectors(3, 7, 8))
        same(other.search(query, 20), index.search(query, 20), 'matches');
      const empty = await loadIndex((await createIndex(3)).save());
      same([empty.size, empty.dimension], [0, 3], 'an empty one');
      for (const damaged of [bytes.slice(0, 12), bytes.slice(0, -4), bytes.slice(4)])
        await rejects(loadIndex(damaged), 'BAD_ARGUMENT', /bytes of an index/);
      const nan = bytes.slice();
      new Float32Array(nan.buffer)[9] = Number.NaN;
      await rejects(loadIndex(nan), 'BAD_ARGUMENT', /not finite/);
      await rejects(loadIndex(/** @type {any} */ ('x')), 'BAD_ARGUMENT', /takes bytes/);
      index.close();
      other.close();
    },
  },
  {
    name: 'impossible vectors are refused and change nothing',
    async run() {
      const index = await createIndex(2);
      index.add([[1, 0]]);
      for (const bad of [[[1, 0], [1]], [[1, Number.NaN]], [[1, Infinity]], [null], [3], 7, null])
        await fails(() => index.add(/** @type {any} */ (bad)));
      same(index.size, 1, 'size');
      await fails(() => index.search([1]));
      await fails(() => index.search([1, 0], 0));
      await fails(() => index.search(/** @type {any} */ (null)));
      await rejects(createIndex(0), 'BAD_ARGUMENT', /dimension/);
      await rejects(createIndex(2, /** @type {any} */ ({ size: 1 })), 'BAD_ARGUMENT', /size/);
      index.close();
      await rejects((async () => index.search([1, 0]))(), 'CLOSED', /index is closed/);
      await rejects((async () => index.add([[1, 0]]))(), 'CLOSED', /index is closed/);
    },
  },
  {
    name: 'texts that mean the same are found by the vectors of their model',
    async run(t) {
      const model = await t.model('arch/bert.gguf');
      const texts = ['the old king', 'a wolf in the forest', 'once upon a time', 'green birds'];
      const index = await createIndex(model.info.embeddingLength);
      index.add(await model.embed(texts));
      for (const [i, text] of texts.entries()) {
        const [best] = index.search(await model.embed(text), 1);
        same(best.index, i, text);
        below(Math.abs(best.score - 1), 1e-6, 'score');
      }
      index.close();
    },
  },
];
