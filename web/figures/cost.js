/**
 * cost.js - what a forward pass costs, by part, for texts of growing length; and what the counts predict for long ones.
 *
 * The work of each part is a polynomial of the length: passes over 1, 2 and 3 tokens give its coefficients, and the
 * counts of longer passes check them. Attention that sees only a window departs from it; then nothing is predicted.
 */
import { rangeOf } from './cache.js';
import { idsOf, tokenViews, withSession } from './figure.js';

const MAX_TOKENS = 64; // of the text; longer passes repeat it
const LENGTHS = [16, 32, 64, 128, 256, 512, 1024, 2048];
export const LONG = 100_000; // tokens to predict for
const RUNS = 5;
const PATIENCE = 2000; // ms of a pass; a longer one is not begun

export const PARTS = /** @type {const} */ ([
  'qkv',
  'scores',
  'gather',
  'output',
  'feedForward',
  'unembed',
]);
/** rest: all but the attention between pairs of tokens. */
export const TIMES = /** @type {const} */ ([
  'qkv',
  'attention',
  'output',
  'feedForward',
  'unembed',
  'other',
  'rest',
]);

/** @typedef {import('../jielong.js').Session} Session */
/** @typedef {import('./cache.js').Range} Range */
/** @typedef {[constant: number, linear: number, square: number]} Polynomial */
/**
 * @typedef {object} CostView
 * @property {import('./figure.js').TokenView[]} tokens of the text
 * @property {number} total
 * @property {number} context tokens that the model can read
 * @property {boolean} causal
 * @property {number[]} lengths of the measured passes
 * @property {Record<string, number[]>} multiplyAdds of each part, per length
 * @property {Record<string, Range[]>} partMs times of each part, per length
 * @property {number} runs of each time
 * @property {number[]} weights bytes read, per length
 * @property {number[]} cacheBytes of the cache after the pass, per length
 * @property {Record<string, Polynomial>} formulas
 * @property {boolean} holds whether the formulas give every count
 */

/** @param {Polynomial} formula @param {number} n */
export const predict = ([constant, linear, square], n) => constant + linear * n + square * n * n;

/** The polynomial with these values at 1, 2 and 3. @param {number[]} values @returns {Polynomial} */
export function polynomial([one, two, three]) {
  const square = (three - 2 * two + one) / 2;
  const linear = two - one - 3 * square;
  return [one - linear - square, linear, square];
}

/** A pass over n tokens, and its counters. @param {Session} session @param {number[]} ids @param {number} n @param {AbortSignal} signal */
async function pass(session, ids, n, signal) {
  await session.run(
    Array.from({ length: n }, (_, i) => ids[i % ids.length]),
    { signal },
  );
  const counters = await session.counters({ reset: true });
  await session.rewind(0);
  return counters;
}

/** @param {Session} session @param {number[]} ids @param {CostView} view @param {import('./figure.js').Job} job */
async function measure(session, ids, view, job) {
  const small = [];
  for (const n of [1, 2, 3]) small.push((await pass(session, ids, n, job.signal)).multiplyAdds);
  for (const part of PARTS) view.formulas[part] = polynomial(small.map((counts) => counts[part]));
  const lengths = LENGTHS.filter((n) => n <= session.contextLength);
  let last = 0;
  for (const [i, n] of lengths.entries()) {
    if (last * (n / (lengths[i - 1] ?? n)) > PATIENCE) break;
    const passes = [];
    for (let r = 0; r < RUNS; r++) {
      passes.push(await pass(session, ids, n, job.signal));
      job.progress(i * RUNS + r + 1, lengths.length * RUNS);
      await job.pause();
    }
    const [{ multiplyAdds, bytesRead, cacheBytes }] = passes;
    view.lengths.push(n);
    view.weights.push(bytesRead.weights);
    view.cacheBytes.push(cacheBytes);
    for (const part of PARTS) {
      view.multiplyAdds[part].push(multiplyAdds[part]);
      view.holds &&= multiplyAdds[part] === predict(view.formulas[part], n);
    }
    const times = passes.map(({ milliseconds: ms }) => ({
      ...ms,
      rest: ms.feedForward + ms.qkv + ms.output + ms.unembed + ms.other,
    }));
    for (const part of TIMES) view.partMs[part].push(rangeOf(times.map((ms) => ms[part])));
    last = times.reduce((sum, ms) => sum + ms.attention + ms.rest, 0) / RUNS;
    job.show({ ...view });
  }
}

/** @type {import('./figure.js').Figure} */
export const cost = {
  name: 'cost',
  settings: ['text'],
  /** @returns {Promise<CostView>} */
  async compute(model, { text = '' }, job) {
    const { info } = model;
    const { ids, total } = await idsOf(model, text, MAX_TOKENS);
    /** @param {readonly string[]} parts */
    const lists = (parts) => Object.fromEntries(parts.map((part) => [part, []]));
    const view = /** @type {CostView} */ ({
      tokens: await tokenViews(model, ids),
      total,
      context: info.contextLength,
      causal: !info.encoder,
      lengths: [],
      multiplyAdds: lists(PARTS),
      partMs: lists(TIMES),
      runs: RUNS,
      weights: [],
      cacheBytes: [],
      formulas: {},
      holds: true,
    });
    if (!ids.length) return view;
    const room = Math.min(info.contextLength, LENGTHS[LENGTHS.length - 1]);
    await withSession(model, room, (session) => measure(session, [...ids], view, job));
    return view;
  },
};
