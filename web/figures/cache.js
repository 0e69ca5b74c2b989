/**
 * cache.js - the KV cache at work: the same tokens are generated with the cache and without it, and the work of each
 * step is counted; then what smaller caches and windows do to the loss of the text.
 *
 * Step 0 evaluates the text. Counts and times are the engine's; a time is the median and range of several runs.
 */
import { idsOf, tokenViews, withSession } from './figure.js';

const MAX_TOKENS = 64; // of the text before the first step
export const RUNS = 5; // that a median needs
const PATIENCE = 20_000; // ms for the further runs
export const LOSS = { least: 48, most: 256 }; // tokens of a text whose loss is measured
const TYPES = ['f32', 'f16', 'q8', 'q4'];

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {import('../jielong.js').Session} Session */
/** @typedef {import('./figure.js').Job} Job */
/** @typedef {[median: number, low: number, high: number]} Range */
/** @typedef {{ tokens: number[], multiplyAdds: number[], stepMs: Range[] }} Steps the work of each step */
/** @typedef {{ cache: string, window: number, sinks: number, loss: number, change: number, error: number,
 *   cacheBytes: number, attention: number }} LossRow change: of the loss against the first row; error: its standard
 *   error; attention: multiply-adds of scores and gather */
/**
 * @typedef {object} CacheView
 * @property {import('./figure.js').TokenView[]} tokens of the text
 * @property {number} total tokens of the text; those after `tokens` are not used for the steps
 * @property {number} steps to take
 * @property {import('./figure.js').TokenView[]} drawn after each step
 * @property {boolean} encoder
 * @property {string[]} types of cache that the engine offers
 * @property {{ layers: number, kvHeads: number, headSize: number }} shape of what is kept
 * @property {Steps} cached
 * @property {Steps} fresh without the cache
 * @property {number[]} cacheBytes after each step
 * @property {number} runs of the times
 * @property {boolean} same whether both generated the same tokens
 * @property {LossRow[]} losses empty: the text is too short
 */

/** @param {Record<string, number>} parts */
const sum = (parts) => Object.values(parts).reduce((a, b) => a + b, 0);

/** @param {number[]} values */
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** Three digits of the median, the least and the greatest. @param {number[]} values @returns {Range} */
export function rangeOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  const median = (sorted[(n - 1) >> 1] + sorted[n >> 1]) / 2;
  const digits = (/** @type {number} */ x) => Number(x.toPrecision(3));
  return [digits(median), digits(sorted[0]), digits(sorted[n - 1])];
}

/** @param {Float32Array} values */
const largest = (values) => values.reduce((best, x, i) => (x > values[best] ? i : best), 0);

/** Evaluates what was appended, and counts it. @param {Session} session */
async function step(session) {
  const id = largest(await session.logits());
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

/** The options of createSession for a request. @param {import('./figure.js').Request} request */
export function rulesFor({ cache: type = 'model', window = 0, sinks = 0 }) {
  return {
    ...(window && { attention: { window, sinks } }),
    cache: TYPES.includes(type) ? { type } : {},
  };
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

/** The loss of the text under rules, per token but the first. @param {Model} model @param {Int32Array} ids @param {any} rules */
function lossesOf(model, ids, rules) {
  /** @param {Session} session */
  const work = async (session) => {
    const nats = [];
    for await (const logits of session.eachLogits(ids)) {
      if (nats.length === ids.length - 1) continue; // the last predicts no token of the text
      const top = logits.reduce((a, b) => Math.max(a, b), -Infinity);
      const total = logits.reduce((a, b) => a + Math.exp(b - top), 0);
      nats.push(top + Math.log(total) - logits[ids[nats.length + 1]]);
    }
    const { multiplyAdds, cacheBytes } = await session.counters();
    return { nats, cacheBytes, attention: multiplyAdds.scores + multiplyAdds.gather };
  };
  return withSession(model, ids.length, work, { ...rules, allLogits: true });
}

/** The loss under several rules, compared with the first. @param {Model} model @param {Int32Array} ids @param {CacheView} view @param {import('./figure.js').Request} request @param {Job} job */
async function compare(model, ids, view, { window = 0, sinks = 0 }, job) {
  const narrow = { cache: 'model', window: window || 16 };
  const types = view.types.map((cache) => ({ cache, window: 0, sinks: 0 }));
  const plans = [...types, { ...narrow, sinks: 0 }, { ...narrow, sinks: sinks || 4 }];
  let first = /** @type {number[] | undefined} */ (undefined);
  for (const plan of plans) {
    const { nats, cacheBytes, attention } = await lossesOf(model, ids, rulesFor(plan));
    const changes = nats.map((x, i) => x - (first ?? nats)[i]);
    first ??= nats;
    const change = mean(changes);
    const error = Math.sqrt(mean(changes.map((x) => (x - change) ** 2)) / changes.length);
    view.losses.push({ ...plan, loss: mean(nats), change, error, cacheBytes, attention });
    job.progress(view.losses.length, plans.length);
    await job.pause();
  }
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
    const size = info.sites.find(({ short }) => short === 'k')?.size ?? 0;
    const none = () => ({ tokens: [], multiplyAdds: [], stepMs: [] });
    const view = /** @type {CacheView} */ ({
      tokens: await tokenViews(model, used),
      total,
      steps: 0,
      drawn: [],
      encoder: info.encoder,
      types: [],
      shape: { layers: info.attentionLayers.length, kvHeads: info.kvHeads, headSize: size },
      cached: none(),
      fresh: none(),
      cacheBytes: [],
      runs: 1,
      same: true,
      losses: [],
    });
    if (info.encoder || !used.length) return view;
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
    if (text.length >= LOSS.least) await compare(model, text, view, request, job);
    return view;
  },
};
