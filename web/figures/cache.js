/**
 * cache.js - the KV cache at work: the same tokens are generated with the cache and without it, and the work of each
 * step is counted; then what smaller caches and windows do to the loss of the text (cache-losses.js).
 *
 * Step 0 evaluates the text. Counts and times are the engine's; a time is the median and range of several runs.
 */

import { LOSS, losses, rulesFor, shapeOf, TYPES } from './cache-losses.js';
import { idsOf, tokenViews, withSession } from './figure.js';
import { best } from './numbers.js';

const MAX_TOKENS = 64; // of the text before the first step
export const RUNS = 5; // that a median needs
const PATIENCE = 20_000; // ms for the further runs

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {import('../jielong.js').Session} Session */
/** @typedef {import('./figure.js').Job} Job */
/** @typedef {[median: number, low: number, high: number]} Range */
/** @typedef {{ tokens: number[], multiplyAdds: number[], stepMs: Range[] }} Steps the work of each step */
/**
 * @typedef {object} CacheView
 * @property {import('./figure.js').TokenView[]} tokens of the text
 * @property {number} total tokens of the text; those after `tokens` are not used for the steps
 * @property {number} steps to take
 * @property {import('./figure.js').TokenView[]} drawn after each step
 * @property {boolean} encoder
 * @property {false} [attends] no block has attention, and so keys and values
 * @property {string[]} types of cache that the engine offers
 * @property {{ layers: number, kvHeads: number, headSize: number }} shape of what is kept
 * @property {Steps} cached
 * @property {Steps} fresh without the cache
 * @property {number[]} cacheBytes after each step
 * @property {number} runs of the times
 * @property {boolean} same whether both generated the same tokens
 * @property {number} lossTokens tokens of the text whose loss was measured
 * @property {import('./cache-losses.js').LossRow[]} losses empty: the text is too short
 */

/** @param {Record<string, number>} parts */
const sum = (parts) => Object.values(parts).reduce((a, b) => a + b, 0);

/** Three digits of the median, the least and the greatest. @param {number[]} values @returns {Range} */
export function rangeOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  const median = (sorted[(n - 1) >> 1] + sorted[n >> 1]) / 2;
  const digits = (/** @type {number} */ x) => Number(x.toPrecision(3));
  return [digits(median), digits(sorted[0]), digits(sorted[n - 1])];
}

/** Evaluates what was appended, and counts it. @param {Session} session */
async function step(session) {
  const id = best(await session.logits());
  const { tokens, multiplyAdds, cacheBytes, milliseconds } = await session.counters({
    reset: true,
  });
  return { id, tokens, multiplyAdds: sum(multiplyAdds), cacheBytes, ms: sum(milliseconds) };
}

/** @param {Steps} steps @param {{ tokens: number, multiplyAdds: number, ms: number }} work */
function note(steps, { tokens, multiplyAdds, ms }) {
  steps.tokens.push(tokens);
  steps.multiplyAdds.push(multiplyAdds);
  steps.stepMs.push([ms, ms, ms]);
}

/** @param {ReturnType<typeof rulesFor>} rules */
const without = (rules) => ({ ...rules, cache: { ...rules.cache, reuse: false } });

/** The types of cache that this engine has. @param {Model} model */
async function offered(model) {
  const types = /** @type {string[]} */ ([]);
  for (const type of TYPES)
    await withSession(model, 16, async () => types.push(type), { cache: { type } }).catch((e) => {
      if (e?.code !== 'BAD_ARGUMENT') throw e;
    });
  return types;
}

/** Generates in both sessions, showing each step. @param {Session[]} sessions @param {Int32Array} ids @param {number} n @param {CacheView} view @param {Job} job */
async function generate([a, b], ids, n, view, job) {
  for (let i = 0; i < n; i++) {
    for (const session of [a, b]) await session.append(i ? [view.drawn[i - 1].id] : ids);
    const [one, two] = [await step(a), await step(b)];
    note(view.cached, one);
    note(view.fresh, two);
    view.cacheBytes.push(one.cacheBytes);
    view.same &&= one.id === two.id;
    view.drawn = [...view.drawn, ...(await tokenViews(a.model, [one.id]))];
    job.progress(i + 1, n);
    job.show({ ...view });
    await job.pause();
  }
}

/** The engine's time of each step, in one more run. @param {Model} model @param {Int32Array} ids @param {number[]} drawn @param {any} rules */
function timed(model, ids, drawn, rules) {
  /** @param {Session} session */
  const work = async (session) => {
    const ms = [];
    for (let i = 0; i < drawn.length; i++) {
      await session.append(i ? [drawn[i - 1]] : ids);
      ms.push((await step(session)).ms);
    }
    return ms;
  };
  return withSession(model, ids.length + drawn.length, work, rules);
}

/** Median and range of the times. @param {Model} model @param {Int32Array} ids @param {CacheView} view @param {any} rules @param {Job} job */
async function measure(model, ids, view, rules, job) {
  const drawn = view.drawn.map(({ id }) => id);
  const plans = [
    { steps: view.cached, rules },
    { steps: view.fresh, rules: without(rules) },
  ];
  const times = plans.map(({ steps }) => steps.stepMs.map(([x]) => [x]));
  const began = Date.now();
  while (view.runs < RUNS && Date.now() - began < PATIENCE) {
    for (const [k, plan] of plans.entries()) {
      const ms = await timed(model, ids, drawn, plan.rules);
      for (const [i, x] of ms.entries()) times[k][i].push(x);
      await job.pause();
    }
    view.runs++;
    job.progress(view.runs, RUNS);
  }
  for (const [k, { steps }] of plans.entries()) steps.stepMs = times[k].map(rangeOf);
}

/** @type {import('./figure.js').Figure} */
export const cache = {
  name: 'cache',
  settings: ['text', 'steps', 'cache', 'window', 'sinks'],
  /** @returns {Promise<CacheView>} */
  async compute(model, request, job) {
    const { info } = model;
    const { ids, total } = await idsOf(model, request.text ?? '', LOSS.most);
    const used = ids.subarray(0, Math.min(MAX_TOKENS, info.contextLength - 1));
    const none = () => ({ tokens: [], multiplyAdds: [], stepMs: [] });
    const view = /** @type {CacheView} */ ({
      tokens: await tokenViews(model, used),
      total,
      steps: 0,
      drawn: [],
      encoder: info.encoder,
      ...(info.attentionLayers.length ? {} : { attends: false }),
      types: [],
      shape: shapeOf(model),
      cached: none(),
      fresh: none(),
      cacheBytes: [],
      runs: 1,
      same: true,
      lossTokens: 0,
      losses: [],
    });
    if (info.encoder || view.attends === false || !used.length) return view;
    view.types = await offered(model);
    const rules = rulesFor(request);
    const n = Math.min(request.steps ?? 16, info.contextLength - used.length + 1);
    view.steps = n;
    await withSession(
      model,
      used.length + n,
      (a) =>
        withSession(
          model,
          used.length + n,
          (b) => generate([a, b], used, n, view, job),
          without(rules),
        ),
      rules,
    );
    await measure(model, used, view, rules, job);
    const text = ids.subarray(0, info.contextLength);
    if (text.length < LOSS.least) return view;
    view.lossTokens = text.length;
    view.losses = await losses(model, text, view.types, request, job);
    return view;
  },
};
