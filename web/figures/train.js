/**
 * train.js - trains a small model: loss, held-out loss, and at some steps what it writes, its next tokens, its heads.
 *
 * A stopped training stays in job.kept and continues with the next compute() of the same plan. kept.files has the model
 * after each moment.
 */
import { tokenViews, withSession } from './figure.js';
import { OTHER, PERIOD, planOf, repeated } from './training.js';

const [POINTS, TOP, WRITTEN, SHOW_MS] = [40, 6, 60, 100];
const NAME = 'Trained in the page';

/** @typedef {import('./figure.js').TokenView} TokenView */
/** @typedef {import('./figure.js').Job} Job */
/** @typedef {import('./training.js').Plan} Plan */
/** @typedef {import('../train.js').Trainer} Trainer */
/**
 * @typedef {object} Moment
 * @property {number} step
 * @property {number} held nats per token
 * @property {string} sample what it writes after the prompt; · is a byte that is no character
 * @property {(TokenView & { before: number, now: number })[]} next the most probable tokens after the prompt, with
 *   their probabilities at step 0 and now
 * @property {number[]} [scores] per head: mean attention on the token after the copy, which lies 16 tokens back
 * @property {number[]} [others] the same for copies that lie 12 tokens back, which it was not trained on
 * @property {Float32Array} [patterns] [head][query, key ≤ query]
 */
/**
 * @typedef {object} TrainView
 * @property {'text' | 'induction'} task
 * @property {{ name: string, type: string }} model
 * @property {number} steps of the whole training
 * @property {number} step that it has reached
 * @property {string} prompt
 * @property {number} heads per block
 * @property {string[]} labels of the tokens of `patterns`
 * @property {{ parameters: number, vocabulary: number, tokens: number, uniform: number, unigram: number }} info
 * @property {[step: number, nats: number][]} loss means over a part of the steps
 * @property {[step: number, nats: number][]} held
 * @property {Moment[]} moments
 */
/**
 * @typedef {object} Kept
 * @property {Trainer} trainer
 * @property {string} key of its plan
 * @property {TrainView} view
 * @property {number[]} losses since the last point of the curve
 * @property {Uint8Array[]} files
 * @property {Float32Array} first probabilities at step 0
 */

/** Four digits: a scene has hundreds of these numbers. @param {number} x */
const short = (x) => Number(x.toPrecision(4));
/** @param {string} text */
const printable = (text) => text.replace(/[\uFFFD\p{Cc}]/gu, (c) => (c === '\n' ? '↵' : '·'));

/** @param {Plan} plan @param {Job} job @returns {Promise<Kept>} */
async function begin(plan, job) {
  const { createTrainer } = await import('../train.js');
  const { text, config } = plan;
  const steps = /** @type {number} */ (config.steps);
  const every = Math.max(1, Math.round(steps / POINTS));
  const trainer = await createTrainer({
    text,
    config: { ...config, evaluateEvery: 2 * every, sampleEvery: steps },
    signal: job.signal,
  });
  const { parameters, vocabularySize: vocabulary, trainTokens, uniform, unigram } = trainer.info;
  const view = {
    ...{ task: plan.task, model: { name: NAME, type: 'F32' }, steps, step: 0, prompt: plan.prompt },
    heads: /** @type {number} */ (config.heads),
    info: { parameters, vocabulary, tokens: trainTokens, uniform, unigram },
    ...{ labels: [], loss: [], held: [], moments: [] },
  };
  return { trainer, key: keyOf(plan), view, losses: [], files: [], first: new Float32Array(0) };
}

/** What a training depends on. @param {Plan} plan */
const keyOf = ({ task, text, config }) =>
  JSON.stringify([task, config, text.length, text.slice(0, 2000)]);

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

/** Probabilities of the token after a prompt. @param {import('./figure.js').Model} model @param {Int32Array} ids */
const probabilities = (model, ids) =>
  withSession(model, ids.length, async (session) => {
    const { logits } = await session.run(ids);
    const max = logits.reduce((m, x) => Math.max(m, x), -Infinity);
    const all = logits.map((x) => Math.exp(x - max));
    const sum = all.reduce((s, x) => s + x, 0);
    return all.map((p) => p / sum);
  });

/** @param {Kept} kept @param {number} index of the moment @param {Job} job @returns {Promise<Moment['next']>} */
const nextOf = (kept, index, job) =>
  withModel(kept.files[index], job, async (model) => {
    const ids = await model.tokenize(kept.view.prompt);
    const now = await probabilities(model, ids);
    if (!index) kept.first = now;
    const order = Array.from(now.keys()).sort((a, b) => now[b] - now[a] || a - b);
    const views = await tokenViews(model, order.slice(0, TOP));
    return views.map((view) => {
      const [before, after] = [kept.first, now].map((p) => short(p[view.id]));
      return { ...view, before, now: after };
    });
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
const headsOf = (kept, file, job) =>
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
    return { scores, others: (await read(OTHER)).scores, patterns: triangles(taps) };
  });

/** The parts that the mask leaves, of all heads of all blocks. @param {import('../jielong.js').TapResult[]} taps */
function triangles(taps) {
  const out = /** @type {number[]} */ ([]);
  for (const { shape, data } of taps)
    for (let h = 0; h < shape[0]; h++)
      for (let q = 0; q < shape[1]; q++) {
        const row = (h * shape[1] + q) * shape[2];
        for (const p of data.subarray(row, row + q + 1)) out.push(p);
      }
  return Float32Array.from(out);
}

/** Measures everything after a step. @param {Kept} kept @param {Plan} plan @param {number} held @param {Job} job */
async function measure(kept, plan, held, job) {
  const { trainer, view, files } = kept;
  const file = await trainer.export();
  files.push(file);
  const sample = await trainer.sample({ prompt: plan.prompt, maxTokens: WRITTEN });
  const next = await nextOf(kept, files.length - 1, job);
  const heads = plan.task === 'induction' ? await headsOf(kept, file, job) : {};
  view.moments.push({
    step: trainer.step,
    held: short(held),
    sample: printable(sample),
    next,
    ...heads,
  });
}

/** @param {Kept} kept @param {import('../api/types.js').TrainReport} report */
function record({ view, losses }, { step, loss, heldOut }) {
  view.step = step;
  if (loss !== undefined) losses.push(loss);
  const every = Math.max(1, Math.round(view.steps / POINTS));
  if (losses.length >= every || (step === view.steps && losses.length)) {
    const mean = losses.reduce((sum, x) => sum + x, 0) / losses.length;
    view.loss.push([step, short(mean)]);
    losses.length = 0;
  }
  if (heldOut !== undefined) view.held.push([step, short(heldOut)]);
}

/** Trains to the end. @param {Kept} kept @param {Plan} plan @param {Job} job */
async function advance(kept, plan, job) {
  const { trainer, view } = kept;
  let shown = 0;
  for await (const report of trainer.run({ signal: job.signal })) {
    record(kept, report);
    if (plan.moments.includes(report.step)) {
      const held = report.heldOut ?? (await trainer.heldOut(plan.config.evaluateWindows));
      await measure(kept, plan, held, job);
    }
    job.progress(report.step, view.steps, 'steps');
    if (Date.now() - shown > SHOW_MS) {
      job.show({ ...view });
      shown = Date.now();
    }
    await job.pause();
  }
}

/** @type {import('./figure.js').Figure} */
export const train = {
  name: 'train',
  settings: ['text', 'corpus', 'task', 'unit', 'steps', 'seed'],
  /** @returns {Promise<TrainView>} */
  async compute(_model, request, job) {
    const plan = await planOf(request, job.kept.own ?? '');
    const known = /** @type {Kept | undefined} */ (job.kept.training);
    if (known && known.key !== keyOf(plan)) job.kept.close?.();
    const kept = /** @type {Kept} */ (job.kept.training ?? (await begin(plan, job)));
    job.kept.training = kept;
    job.kept.close = () => {
      kept.trainer.close();
      job.kept.training = job.kept.close = undefined;
    };
    if (kept.view.prompt !== plan.prompt) {
      kept.view.prompt = plan.prompt;
      for (const [i, moment] of kept.view.moments.entries())
        moment.next = await nextOf(kept, i, job);
    }
    await advance(kept, plan, job);
    return { ...kept.view };
  },
};
