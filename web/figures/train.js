/**
 * train.js - trains a small model: loss, held-out loss, and at some steps what it writes, its next tokens, its heads.
 *
 * A stopped training stays in job.kept and continues with the next compute() of the same plan. kept.files has the model
 * after each moment.
 */
import { unstored } from './figure.js';
import { headsOf, nextOf, short } from './train-readings.js';
import { planOf } from './training.js';

const [POINTS, WRITTEN, SHOW_MS] = [40, 60, 100];
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
 * @property {{ token: TokenView, logit: number, sum: number }[]} [parts] of the loss of each token of the prompt but the
 *   first: its logit, and ln Σ e^logit; not stored in scenes
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
 * @property {ArrayLike<number>} first probabilities at step 0
 */

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

/** Measures everything after a step. @param {Kept} kept @param {Plan} plan @param {number} held @param {Job} job */
async function measure(kept, plan, held, job) {
  const { trainer, view, files } = kept;
  const file = await trainer.export();
  files.push(file);
  const sample = await trainer.sample({ prompt: plan.prompt, maxTokens: WRITTEN });
  const { next, parts } = await nextOf(kept, files.length - 1, job);
  const heads = plan.task === 'induction' ? await headsOf(kept, file, job) : {};
  const said = { step: trainer.step, held: short(held), sample: printable(sample), next };
  view.moments.push(unstored({ ...said, ...heads }, { parts }));
}

/** A moment with another prompt. @param {Moment} moment @param {Pick<Moment, 'next' | 'parts'>} read @returns {Moment} */
const again = (moment, { next, parts }) => unstored({ ...moment, next }, { parts });

/** @param {Kept} kept @param {import('../api/types.js').TrainReport} report */
function record({ view, losses }, { step, loss, heldOut }) {
  view.step = step;
  if (step > 0) losses.push(loss); // the first report has no batch
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
        kept.view.moments[i] = again(moment, await nextOf(kept, i, job));
    }
    await advance(kept, plan, job);
    return { ...kept.view };
  },
};
