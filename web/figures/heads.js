/**
 * heads.js - all attention heads over a text: their patterns, scores by kind, and what the prediction loses without one.
 *
 * Scores are measured on at least 64 tokens, because a few tokens resemble any kind: on the reader's text if it is long
 * enough, else on an included one. The tokens are given twice and the queries of the second copy are scored, so that
 * each has an earlier copy to find.
 */
import { compared, outcome, without } from './ablation.js';
import { patternsOf } from './attention.js';
import { causalIds, chosenHead } from './causal.js';
import { tokenViews, unstored, withSession } from './figure.js';
import { TEXTS } from './texts.js';

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {import('./figure.js').TokenView} TokenView */
/** @typedef {import('./ablation.js').Change} Change */

export const KINDS = /** @type {const} */ ([
  'previous-token',
  'duplicate-token',
  'induction',
  'first-token',
]);
/** A score from which on a head has the label of its kind: half of its attention. */
export const THRESHOLD = 0.5;
const SCORED = 64; // tokens at least
const MAX_SCORED = 128;
const MAX_BYTES = 2 ** 26; // of the patterns of one run
const LARGE = 50e6; // parameters from which an unfinished view is shown

/**
 * @typedef {object} Measured what the scores were measured on
 * @property {string} text the reader's, or the name of an included one
 * @property {boolean} own whether it is the reader's
 * @property {number} tokens of one copy; 0: none, the model's context is too short
 * @property {boolean} [pending] not yet measured
 */
/**
 * @typedef {object} HeadsView
 * @property {TokenView[]} tokens
 * @property {number} total
 * @property {number[]} layers
 * @property {number} heads
 * @property {Float32Array[]} patterns as in AttentionView, rounded to the shades of small pictures
 * @property {Measured} measured
 * @property {Record<string, Float32Array>} scores by kind, and 'entropy': [layer index · heads + head]
 * @property {{ layer: number, head: number, kind: string }[]} labels
 * @property {Change} change
 * @property {Shares} [shares] if the working is shown; not stored in scenes
 */
/** @typedef {{ names: TokenView[], kinds: Record<string, number[]> }} Shares attention of each scored token by kind, of the selected head */

const PENDING = { text: '', own: false, tokens: 0, pending: true };

/** The ids that are scored. @param {Model} model @param {string} text */
async function scoredIds(model, text) {
  const room = Math.min(MAX_SCORED, Math.floor(model.info.contextLength / 2) || MAX_SCORED);
  const own = await causalIds(model, text, { max: room });
  if (own.ids.length >= SCORED) return { text, own: true, ids: own.ids };
  const included = /\p{Script=Han}/u.test(text) ? 'chinese' : 'english';
  const { ids } = await causalIds(model, TEXTS[included], { max: room });
  return { text: included, own: false, ids };
}

/**
 * Scores of all heads, a few blocks at a time.
 * @param {Model} model @param {string} text @param {import('./figure.js').Job} job
 */
async function scoresOf(model, text, { signal, pause, progress }) {
  const { headScores, labelOf } = await import('../jielong.js');
  const { ids, ...of } = await scoredIds(model, text);
  const { heads, attentionLayers: layers } = model.info;
  /** @type {Record<string, Float32Array>} */ const scores = {};
  for (const kind of [...KINDS, 'entropy']) scores[kind] = new Float32Array(layers.length * heads);
  const n = ids.length;
  if (n < SCORED) return { measured: { ...of, tokens: 0 }, scores, labels: [] };
  const twice = Int32Array.from([...ids, ...ids]);
  const step = Math.max(1, Math.floor(MAX_BYTES / (heads * n * 2 * n * 4)));
  for (let at = 0; at < layers.length; at += step) {
    const some = layers.slice(at, at + step);
    const run = await withSession(model, 2 * n, (session) =>
      session.run(twice, {
        taps: some.map((layer) => ({ name: 'pattern', layer, positions: [n, 2 * n] })),
        signal,
        onProgress: ({ evaluated, total }) => progress(evaluated, total, 'tokens'),
      }),
    );
    for (const kind of [...KINDS, /** @type {const} */ ('entropy')])
      scores[kind].set(
        headScores(run, kind).map(({ score }) => score),
        at * heads,
      );
    await pause();
  }
  const labels = [];
  for (const [i, layer] of layers.entries())
    for (let head = 0; head < heads; head++) {
      const own = Object.fromEntries(KINDS.map((kind) => [kind, scores[kind][i * heads + head]]));
      const kind = labelOf(own, { threshold: THRESHOLD });
      if (kind) labels.push({ layer, head, kind });
    }
  return { measured: { ...of, tokens: n }, scores, labels, twice };
}

/**
 * The attention of each scored token on what each kind looks at.
 * @param {Model} model @param {Int32Array} twice @param {{ layer: number, head: number }} place @param {AbortSignal} signal
 * @returns {Promise<Shares>}
 */
async function sharesOf(model, twice, { layer, head }, signal) {
  const { headScores } = await import('../jielong.js');
  const n = twice.length / 2;
  const tap = { name: 'pattern', layer, head, positions: [n, 2 * n] };
  const { taps } = await withSession(model, 2 * n, (session) =>
    session.run(twice, { taps: [/** @type {any} */ (tap)], signal }),
  );
  const shares = (/** @type {typeof KINDS[number]} */ kind) =>
    Array.from({ length: n }, (_, i) => {
      const data = taps[0].data.subarray(i * 2 * n, (i + 1) * 2 * n);
      const run = { ids: twice, taps: [{ ...taps[0], shape: [1, 2 * n], data }] };
      return headScores(run, kind, { from: n + i })[0].score;
    });
  const kinds = Object.fromEntries(KINDS.map((kind) => [kind, shares(kind)]));
  return { names: await tokenViews(model, twice.subarray(n)), kinds };
}

const SHADES = 16; // of a small picture's colours, which are linear in the square root of a weight

/** Weights as exact as small pictures show them, so that a scene compresses well. @param {Float32Array} weights */
const coarse = (weights) => weights.map((w) => (Math.round(SHADES * Math.sqrt(w)) / SHADES) ** 2);

/** What does not depend on the selected head, by model: the last text's. @type {WeakMap<Model, { text: string, base: any }>} */
const known = new WeakMap();

/** @param {Model} model @param {string} text @param {import('./figure.js').Job} job @param {any} wanted layer and head */
async function baseOf(model, text, job, wanted) {
  const found = known.get(model);
  if (found?.text === text) return found.base;
  const { ids, total } = await causalIds(model, text);
  const { heads, attentionLayers: layers, vocabularySize } = model.info;
  const { taps } = await withSession(model, ids.length, (session) =>
    session.run(ids, {
      taps: layers.map((layer) => ({ name: 'pattern', layer })),
      signal: job.signal,
    }),
  );
  await job.pause();
  const before = await outcome(model, ids, [], job.signal);
  await job.pause();
  const tokens = await tokenViews(model, ids);
  const shown = { tokens, total, layers, heads, patterns: patternsOf(taps).map(coarse) };
  const { countLoss } = await import('../counts.js');
  const anchors = { uniform: Math.log(vocabularySize), unigram: countLoss(model.info, ids) };
  if (model.info.parameters > LARGE) {
    const same = await compared(model, before, before);
    const change = { ...chosenHead(shown, wanted), edit: 'pending', ...anchors, ...same };
    job.show({ ...shown, measured: PENDING, scores: {}, labels: [], change });
  }
  const scored = await scoresOf(model, text, job);
  const { twice, ...rest } = scored;
  const base = { ids, before, anchors, twice, view: { ...shown, ...rest } };
  known.set(model, { text, base });
  return base;
}

/** @type {import('./figure.js').Figure} */
export const heads = {
  name: 'heads',
  settings: ['text', 'layer', 'head', 'edit', 'working'],
  /** @returns {Promise<HeadsView>} */
  async compute(model, request, job) {
    const { ids, before, anchors, twice, view } = await baseOf(
      model,
      request.text ?? '',
      job,
      request,
    );
    const { layer, head } = chosenHead(view, request);
    const { edit = 'off' } = request;
    const after = await without(model, ids, edit, { layer, head }, before, job.signal);
    const change = { layer, head, edit, ...anchors, ...(await compared(model, before, after)) };
    if (!request.working || !twice) return { ...view, change };
    const shares = await sharesOf(model, twice, { layer, head }, job.signal);
    return unstored({ ...view, change }, { shares });
  },
};
