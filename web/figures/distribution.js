/**
 * distribution.js - the distribution of the next token after a text, through the stages of the sampler to the draw.
 *
 * The engine gives the logits, the probabilities after each stage and the drawn token. Outside of the candidates that it
 * lists (50 a stage), the probability of a drawn token follows from the ratio to the first: e^((logit − first) / T).
 */

import { idsOf, tokenViews, viewsOf } from './figure.js';
import { largest, logSum } from './numbers.js';
import { samplingOf } from './sampling.js';
import { roomOf, withKept } from './sessions.js';

const ROWS = 10;
const LISTED = 50; // per stage, the engine's limit
const STAGES = /** @type {import('../jielong.js').StageName[]} */ ([
  ...['penalty', 'temperature', 'topK', 'topP', 'minP'],
]);

/** @typedef {import('./figure.js').TokenView} TokenView */
/** @typedef {import('../jielong.js').Session} Session */
/** @typedef {import('./sampling.js').Sampling} Sampling */
/** @typedef {TokenView & { text?: string, logit: number, rank: number, end?: boolean,
 *   unigram?: number }} Candidate text: to append to the text; none for a part of a character or a control token. rank: from
 *   0. unigram: its share of the training text, 0 below `floor` */
/** @typedef {{ stage: 'model' | 'penalty' | 'temperature' | 'topK' | 'topP' | 'minP', kept: number, p: number[], others: number }} StageView
 *   p: per row, 0 if filtered out; others: the sum of all other tokens */
/**
 * @typedef {object} DistributionView
 * @property {TokenView[]} tokens
 * @property {number} total tokens of the text; those after `tokens` are left out
 * @property {number} vocabulary number of entries
 * @property {Sampling} sampling
 * @property {Candidate[]} rows the most probable; the last is the drawn token if that is none of them
 * @property {number} drawn index in `rows`
 * @property {number} [floor] the smallest known share of the training text; undefined: no share is known
 * @property {number} logSum ln Σ e^logit, so that a probability is e^(logit − logSum)
 * @property {number} logSumT ln Σ e^(logit / T); 0 if T is 0
 * @property {StageView[]} stages
 */

/** @param {Float32Array} logits @param {number} id */
const rankOf = (logits, id) =>
  logits.reduce((n, x, i) => n + Number(x > logits[id] || (x === logits[id] && i < id)), 0);

/** The token that the engine draws; the session is as before. @param {Session} session @param {Sampling} sampling */
async function draw(session, sampling) {
  const before = session.position;
  const { ids } = await session.complete([], { ...sampling, maxTokens: 1, ignoreEos: true });
  await session.rewind(before);
  return ids[0];
}

/**
 * @param {import('../jielong.js').Stage} stage @param {Candidate[]} rows @param {number} drawn row
 * @param {Sampling} sampling
 * @returns {StageView}
 */
function stageView({ stage, kept, top }, rows, drawn, { temperature }) {
  const known = new Map(top.map(({ id, probability }) => [id, probability]));
  const scale = stage === 'model' || stage === 'penalty' ? 1 : 1 / temperature;
  const p = rows.map(({ id, logit }, row) => {
    const listed = known.get(id);
    if (listed !== undefined || row !== drawn || kept <= top.length) return listed ?? 0;
    return top[0].probability * Math.exp((logit - rows[0].logit) * scale);
  });
  const rest = kept > p.filter((x) => x > 0).length ? 1 - p.reduce((a, b) => a + b, 0) : 0;
  const name = /** @type {StageView['stage']} */ (stage);
  return { stage: name, kept, p, others: Math.max(0, rest) };
}

/** @type {import('./figure.js').Figure} */
export const distribution = {
  name: 'distribution',
  settings: ['text', 'temperature', 'topk', 'topp', 'minp', 'penalty', 'seed'],
  /** @returns {Promise<DistributionView | { tokens: [], missing: 'encoder' | 'text' }>} */
  async compute(model, request, { signal }) {
    if (model.info.encoder) return { tokens: [], missing: 'encoder' };
    const { ids, total } = await idsOf(model, request.text ?? '', roomOf(model) - 1);
    if (!ids.length) return { tokens: [], missing: 'text' };
    const sampling = samplingOf(model, request, request.seed ?? 1);
    const { seed: _, ...options } = sampling;
    const { logits, stages, id } = await withKept(model, async (session) => {
      await session.replace(ids);
      const logits = await session.logits();
      const stages = await session.stages({ ...options, stages: STAGES, top: LISTED });
      return { logits, stages, id: await draw(session, sampling) };
    });
    signal.throwIfAborted();
    const listed = largest(logits, ROWS);
    if (!listed.includes(id)) listed[ROWS - 1] = id;
    const rows = await candidates(model, listed, logits);
    const drawn = listed.indexOf(id);
    const { temperature } = sampling;
    const floor = await addUnigrams(model, rows);
    return {
      ...(floor && { floor }),
      tokens: await tokenViews(model, ids),
      total,
      vocabulary: logits.length,
      sampling,
      rows,
      drawn,
      logSum: logSum(logits),
      logSumT: temperature ? logSum(logits, 1 / temperature) : 0,
      stages: stages.map((stage) => stageView(stage, rows, drawn, sampling)),
    };
  },
};

/**
 * @param {import('../jielong.js').Model} model @param {number[]} ids @param {Float32Array} logits
 * @returns {Promise<Candidate[]>}
 */
async function candidates(model, ids, logits) {
  return (await model.pieces(ids)).map((piece) => {
    const text = piece.whole && !piece.special ? { text: piece.text } : {};
    const end = piece.end ? { end: true } : {};
    const [view] = viewsOf([piece]); // one by one: bytes of neighbours do not form a character here
    return { ...view, ...text, ...end, logit: logits[piece.id], rank: rankOf(logits, piece.id) };
  });
}

/** Adds the shares of an included model's training text; returns the smallest. @param {import('../jielong.js').Model} model @param {Candidate[]} rows */
async function addUnigrams({ info }, rows) {
  const { countsOf } = await import('../counts.js');
  const counts = countsOf(info);
  if (!counts) return 0;
  const { ids, shares } = counts;
  for (const row of rows) row.unigram = shares[ids.indexOf(row.id)] ?? 0;
  return shares[shares.length - 1];
}
