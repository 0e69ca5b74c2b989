/**
 * cache-losses.js - the loss of a text with keys and values of fewer bits, and with windows.
 */

import { withSession } from './figure.js';
import { logSum } from './numbers.js';
import { cacheEdits } from './rules.js';

export const LOSS = { least: 48, most: 256 }; // tokens of a text whose loss is measured
export const TYPES = ['f32', 'f16', 'q8', 'q4'];
const BITS = [8, 4, 3]; // of rounded keys and values
const MAX_LAYERS = 16; // of a model whose keys and values are rounded: each block takes a run

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {import('../jielong.js').Session} Session */
/** @typedef {{ cache: string, window: number, sinks: number, loss: number, change: number, error: number,
 *   bits: number, cacheBytes: number, attention: number }} LossRow change: of the loss against the first row; error:
 *   its standard error; bits: of keys and values that were rounded, 0: none; then cacheBytes is what such a cache would
 *   take, with a scale of 4 bytes per vector; attention: multiply-adds of scores and gather */

/** @param {number[]} values */
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** The options of createSession for a request. @param {import('./figure.js').Request} request */
export function rulesFor({ cache: type = 'model', window = 0, sinks = 0 }) {
  return {
    ...(window && { attention: { window, sinks } }),
    cache: TYPES.includes(type) ? { type } : {},
  };
}

/** What the cache keeps of a token. @param {Model} model */
export const shapeOf = ({ info }) => ({
  layers: info.attentionLayers.length,
  kvHeads: info.kvHeads,
  headSize: info.sites.find(({ short }) => short === 'k')?.size ?? 0,
});

/** The loss of a token under logits. @param {Float32Array} logits @param {number} id */
const lossOf = (logits, id) => logSum(logits) - logits[id];

/** The loss of the text under rules, per token but the first. @param {Model} model @param {Int32Array} ids @param {any} rules */
function lossesOf(model, ids, rules) {
  /** @param {Session} session */
  const work = async (session) => {
    const nats = [];
    for await (const logits of session.eachLogits(ids))
      if (nats.length < ids.length - 1) nats.push(lossOf(logits, ids[nats.length + 1]));
    const { multiplyAdds, cacheBytes } = await session.counters();
    return { nats, cacheBytes, attention: multiplyAdds.scores + multiplyAdds.gather };
  };
  return withSession(model, ids.length, work, { ...rules, allLogits: true });
}

/** The same with keys and values rounded to few bits. @param {Model} model @param {Int32Array} ids @param {number} bits @param {AbortSignal} signal */
function roundedLosses(model, ids, bits, signal) {
  const { layers, kvHeads, headSize } = shapeOf(model);
  /** @param {Session} session */
  const work = async (session) => {
    const edits = await cacheEdits(session, model, [...ids], bits, signal);
    await session.counters({ reset: true });
    const { taps } = await session.run(ids, { edits, taps: ['logits'], signal });
    const [{ data, shape }] = taps;
    const row = (/** @type {number} */ i) => data.subarray(i * shape[1], (i + 1) * shape[1]);
    const nats = Array.from({ length: ids.length - 1 }, (_, i) => lossOf(row(i), ids[i + 1]));
    const { multiplyAdds } = await session.counters();
    const cacheBytes = ids.length * 2 * layers * kvHeads * ((headSize * bits) / 8 + 4);
    return { nats, cacheBytes, attention: multiplyAdds.scores + multiplyAdds.gather };
  };
  return withSession(model, ids.length, work);
}

/**
 * The loss of a text under several rules.
 * @param {Model} model @param {Int32Array} ids @param {string[]} types of cache that the engine offers
 * @param {import('./figure.js').Request} request @param {import('./figure.js').Job} job
 */
export async function losses(model, ids, types, { window = 0, sinks = 0 }, job) {
  const none = { cache: 'model', window: 0, sinks: 0, bits: 0 };
  const narrow = { ...none, window: window || 16 };
  const few = model.info.layers > MAX_LAYERS ? [] : BITS;
  const plans = [
    ...types.map((cache) => ({ ...none, cache })),
    ...few.map((bits) => ({ ...none, bits })),
    narrow,
    { ...narrow, sinks: sinks || 4 },
  ];
  const rows = /** @type {LossRow[]} */ ([]);
  let first = /** @type {number[] | undefined} */ (undefined);
  for (const plan of plans) {
    const { nats, ...work } = await (plan.bits
      ? roundedLosses(model, ids, plan.bits, job.signal)
      : lossesOf(model, ids, rulesFor(plan)));
    const changes = nats.map((x, i) => x - (first ?? nats)[i]);
    first ??= nats;
    const change = mean(changes);
    const error = Math.sqrt(mean(changes.map((x) => (x - change) ** 2)) / changes.length);
    rows.push({ ...plan, loss: mean(nats), change, error, ...work });
    job.progress(rows.length, plans.length);
    await job.pause();
  }
  return rows;
}
