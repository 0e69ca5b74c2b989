/**
 * embedding.js - rows of the embedding table on a plane: words of some groups, and the tokens of the text.
 *
 * The plane is the PCA of the groups' rows, never of the whole table, where it shows how frequent a token is. Cosines
 * are those of the raw rows.
 */
import { idsOf, tokenViews } from './figure.js';
import { groupsFor } from './groups.js';
import { dot } from './numbers.js';
import { principal } from './pca.js';

const MAX_TOKENS = 64; // of the text
const MAX_OWN = 12; // of them that are points
const NEIGHBOURS = 4;
const READ = 2e8; // numbers of the table read for neighbours in a run; the points after that have none yet

/** @typedef {import('./figure.js').Model} Model */
/** @typedef {import('./figure.js').TokenView} TokenView */
/**
 * @typedef {object} EmbeddingView
 * @property {TokenView[]} tokens of the text
 * @property {number} total tokens of the text
 * @property {string[]} groups their names
 * @property {number[]} ids of the points
 * @property {string[]} labels of the points
 * @property {number[]} kinds group of each point; -1: from the text
 * @property {Float32Array} x
 * @property {Float32Array} y
 * @property {number[]} share of the variance of the groups' rows, that each direction has
 * @property {Float32Array} cosines of points i > j: at i(i − 1) / 2 + j
 * @property {number[]} near ids of the nearest neighbours in the vocabulary, `count` per point; −1: not computed
 * @property {Float32Array} similarities of them, cosines
 * @property {number} count
 * @property {string[]} names labels of the neighbours' ids in ascending order
 */

/** The rows of the points of a computed view. A scene does not store them. @type {WeakMap<EmbeddingView, Float32Array[]>} */
const rowsOfViews = new WeakMap();

/** @param {EmbeddingView} view @returns {Float32Array[] | undefined} undefined: the view is recorded */
export const rowsOf = (view) => rowsOfViews.get(view);

/** The cosine of two points. @param {EmbeddingView} view @param {number} i @param {number} j */
export function cosineOf({ cosines }, i, j) {
  if (i === j) return 1;
  const [a, b] = i > j ? [i, j] : [j, i];
  return cosines[(a * (a - 1)) / 2 + b];
}

/** The point most similar to a point; −1: there is no other. @param {EmbeddingView} view @param {number} point */
export function closestTo(view, point) {
  let best = -1;
  for (let i = 0; i < view.ids.length; i++)
    if (i !== point && (best < 0 || cosineOf(view, point, i) > cosineOf(view, point, best)))
      best = i;
  return best;
}

/** The two most similar words of groups, without groups the two most similar points. @param {EmbeddingView} view @returns {[number, number]} */
export function closestPair(view) {
  const n = view.groups.length ? view.kinds.filter((kind) => kind >= 0).length : view.ids.length;
  /** @type {[number, number]} */ let best = [n ? 0 : -1, -1];
  for (let i = 1; i < n; i++)
    for (let j = 0; j < i; j++)
      if (best[1] < 0 || cosineOf(view, j, i) > cosineOf(view, ...best)) best = [j, i];
  return best;
}

/** @param {number[]} near */
const sortedIds = (near) => [...new Set(near)].filter((id) => id >= 0).sort((a, b) => a - b);

/** The nearest neighbours of a point; []: not computed. @param {EmbeddingView} view @param {number} point */
export function neighboursOf({ near, similarities, count, names }, point) {
  const sorted = sortedIds(near);
  const own = near.slice(point * count, (point + 1) * count).map((id, i) => ({
    id,
    label: names[sorted.indexOf(id)],
    similarity: similarities[point * count + i],
  }));
  return own.filter(({ id }) => id >= 0);
}

/** Mean cosine of points of the same group, and of different groups. @param {EmbeddingView} view */
export function meansOf(view) {
  const sums = { within: [0, 0], between: [0, 0] };
  for (let i = 0; i < view.ids.length; i++)
    for (let j = 0; j < i; j++) {
      if (view.kinds[i] < 0 || view.kinds[j] < 0) continue;
      const sum = sums[view.kinds[i] === view.kinds[j] ? 'within' : 'between'];
      sum[0] += cosineOf(view, i, j);
      sum[1]++;
    }
  const mean = (/** @type {number[]} */ [sum, n]) => (n ? sum / n : 0);
  return { within: mean(sums.within), between: mean(sums.between) };
}

/** @param {Float32Array[]} rows */
function cosinesOf(rows) {
  const norms = rows.map((row) => Math.sqrt(dot(row, row)));
  const out = new Float32Array((rows.length * (rows.length - 1)) / 2);
  let at = 0;
  for (let i = 0; i < rows.length; i++)
    for (let j = 0; j < i; j++) out[at++] = dot(rows[i], rows[j]) / (norms[i] * norms[j] || 1);
  return out;
}

/** The points: words of groups, then the text's tokens that are whole characters. @param {Model} model @param {string} text @param {TokenView[]} tokens */
async function pointsOf(model, text, tokens) {
  const groups = await groupsFor(model, text);
  const ids = groups.flatMap((group) => group.ids);
  const kinds = groups.flatMap((group, k) => group.ids.map(() => k));
  const own = tokens.filter(({ id, kind }) => !kind && !ids.includes(id)).map(({ id }) => id);
  const some = [...new Set(own)].slice(0, MAX_OWN);
  return {
    groups: groups.map(({ name }) => name),
    ids: [...ids, ...some],
    kinds: [...kinds, ...some.map(() => -1)],
  };
}

/** Neighbours that are known. @type {WeakMap<Model, Map<number, { id: number, similarity: number }[]>>} */
const knownNeighbours = new WeakMap();

/**
 * The neighbours of points, for the first `wanted` of `order` and those that are known.
 * @param {Model} model @param {EmbeddingView} view @param {number[]} order indices of points, the most wanted first
 * @param {import('./figure.js').Job} job
 */
async function findNeighbours(model, { ids }, order, { signal, progress, pause }) {
  const known = knownNeighbours.get(model) ?? new Map();
  knownNeighbours.set(model, known);
  const { vocabularySize, embeddingLength } = model.info;
  const wanted = Math.max(1, Math.floor(READ / (vocabularySize * embeddingLength)));
  for (const [i, point] of order.slice(0, wanted).entries()) {
    if (known.has(ids[point])) continue;
    progress(i, Math.min(wanted, order.length), 'steps');
    known.set(ids[point], await model.neighbours(ids[point], { count: NEIGHBOURS, signal }));
    await pause();
  }
  const count = Math.min(NEIGHBOURS, vocabularySize - 1);
  const none = Array.from({ length: count }, () => ({ id: -1, similarity: 0 }));
  return { count, found: ids.flatMap((id) => known.get(id) ?? none) };
}

/** The points in the order in which their neighbours are wanted. @param {EmbeddingView} view @param {number} [chosen] id */
function orderOf(view, chosen) {
  const all = view.ids.map((_, i) => i);
  const first = [view.ids.indexOf(chosen ?? -1), ...closestPair(view)].filter((i) => i >= 0);
  return [...new Set([...first, ...all.filter((i) => view.kinds[i] < 0), ...all])];
}

/** @type {import('./figure.js').Figure} */
export const embedding = {
  name: 'embedding',
  settings: ['text'],
  /** @returns {Promise<EmbeddingView>} */
  async compute(model, { text = '', point }, job) {
    const { ids: textIds, total } = await idsOf(model, text, MAX_TOKENS);
    const tokens = await tokenViews(model, textIds);
    const { groups, ids, kinds } = await pointsOf(model, text, tokens);
    const labels = (await tokenViews(model, ids)).map(({ label }) => label);
    const { data, shape } = await model.embeddings(ids, { signal: job.signal });
    const rows = ids.map((_, i) => data.slice(i * shape[1], (i + 1) * shape[1]));
    const fitted = groups.length ? rows.filter((_, i) => kinds[i] >= 0) : rows;
    const { project, share } = fitted.length
      ? principal(fitted)
      : { project: () => [0, 0], share: [0, 0] };
    const places = rows.map(project);
    const view = {
      tokens,
      total,
      groups,
      ids,
      labels,
      kinds,
      share,
      x: Float32Array.from(places, ([x]) => x),
      y: Float32Array.from(places, ([, y]) => y),
      cosines: cosinesOf(rows),
      near: /** @type {number[]} */ ([]),
      similarities: new Float32Array(0),
      count: 0,
      names: /** @type {string[]} */ ([]),
    };
    rowsOfViews.set(view, rows);
    job.show(view);
    const { count, found } = await findNeighbours(model, view, orderOf(view, point), job);
    const near = found.map(({ id }) => id);
    const names = await tokenViews(model, sortedIds(near));
    const whole = {
      ...view,
      near,
      similarities: Float32Array.from(found, ({ similarity }) => similarity),
      count,
      names: names.map(({ label }) => label),
    };
    rowsOfViews.set(whole, rows);
    return whole;
  },
};
