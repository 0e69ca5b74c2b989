/**
 * train-readings.js - what a trained model says at some step: its next tokens, and where its heads look.
 */

import { patternsOf } from './attention.js';
import { tokenViews, withSession } from './figure.js';
import { largest, logSum, softmax } from './numbers.js';
import { OTHER, PERIOD, repeated } from './training.js';

const TOP = 6;

/** @typedef {import('./figure.js').Job} Job */
/** @typedef {import('./train.js').Kept} Kept */
/** @typedef {import('./train.js').Moment} Moment */

/** Four digits: a scene has hundreds of these numbers. @param {number} x */
export const short = (x) => Number(x.toPrecision(4));

/** Calls `work` with a model from its bytes. @template T @param {Uint8Array} file @param {Job} job @param {(model: import('./figure.js').Model) => Promise<T>} work */
async function withModel(file, { signal }, work) {
  const { loadModel } = await import('../jielong.js');
  const model = await loadModel(file, { precision: 'exact', signal });
  try {
    return await work(model);
  } finally {
    await model.close();
  }
}

/** Logits at every position of a prompt. @param {import('./figure.js').Model} model @param {Int32Array} ids */
const logitsOf = (model, ids) =>
  withSession(
    model,
    ids.length,
    async (session) => {
      const rows = [];
      for await (const logits of session.eachLogits(ids)) rows.push(logits.slice());
      return rows;
    },
    { allLogits: true },
  );

/** @param {Kept} kept @param {number} index of the moment @param {Job} job @returns {Promise<Pick<Moment, 'next' | 'parts'>>} */
export const nextOf = (kept, index, job) =>
  withModel(kept.files[index], job, async (model) => {
    const ids = await model.tokenize(kept.view.prompt);
    const rows = await logitsOf(model, ids);
    const now = softmax(rows[rows.length - 1]);
    if (!index) kept.first = now;
    const order = largest(now, TOP);
    const views = await tokenViews(model, order);
    const next = views.map((view) => {
      const [before, after] = [kept.first, now].map((p) => short(p[view.id]));
      return { ...view, before, now: after };
    });
    const tokens = (await tokenViews(model, ids)).slice(1);
    const parts = tokens.map((token, i) => {
      return { token, logit: rows[i][token.id], sum: logSum(rows[i]) };
    });
    return { next, parts };
  });

/**
 * Mean attention, of each head, on the token after the nearest earlier copy of the query's: over queries that have one.
 * @param {import('../jielong.js').TapResult[]} taps @param {number} period distance of the copies
 */
const copying = (taps, period) =>
  taps.flatMap(({ shape: [heads, n, keys], data }) =>
    Array.from({ length: heads }, (_, h) => {
      let sum = 0;
      for (let q = period; q < n; q++) sum += data[(h * n + q) * keys + q - period + 1];
      return short(sum / (n - period));
    }),
  );

/** Patterns and scores of all heads over a new sequence. @param {Kept} kept @param {Uint8Array} file @param {Job} job */
export const headsOf = (kept, file, job) =>
  withModel(file, job, async (model) => {
    const read = async (/** @type {number} */ period) => {
      const ids = await model.tokenize(repeated(1, 99, period));
      const { taps } = await withSession(model, ids.length, (session) =>
        session.run(ids, { taps: [{ name: 'pattern', layer: 'all' }] }),
      );
      return { ids, taps, scores: copying(taps, period) };
    };
    const { ids, taps, scores } = await read(PERIOD);
    kept.view.labels = (await tokenViews(model, ids)).map(({ label }) => label);
    return {
      scores,
      others: (await read(OTHER)).scores,
      patterns: Float32Array.from(patternsOf(taps).flatMap((one) => [...one])),
    };
  });
