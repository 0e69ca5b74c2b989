/**
 * heads.js - scores attention heads by what they attend to. Pure functions on the taps of session.run().
 *
 * The definition is that of TransformerLens' detect_head (transformer_lens/head_detector.py): a detection pattern,
 * a mask over (query, key), is compared with the head's attention pattern. 'mul': Σ (pattern · mask) / Σ pattern,
 * the share of the head's attention on the mask. 'abs': 1 − Σ |pattern − mask| / queries, not rounded. The masks
 * previous-token, duplicate-token and induction are TransformerLens'; first-token is the same measure for
 * attention sinks (Xiao et al. 2023). Induction: Olsson et al. 2022.
 */
import {
  ANY,
  badArgument,
  COUNT,
  checkIds,
  checkOptions,
  describe,
  FLAG,
  number,
  reading,
} from '../base/options.js';

/** @typedef {import('./types.js').Ids} Ids */
/** @typedef {import('./types.js').HeadKind} HeadKind */
/** @typedef {import('./types.js').HeadScore} HeadScore */
/** @typedef {import('./types.js').HeadOptions} HeadOptions */
/** @typedef {(query: number, key: number) => number} Mask */

/** Labels in order of preference, and their masks. @type {Record<string, (ids: Int32Array) => Mask>} */
const MASKS = {
  'previous-token': () => (q, k) => Number(k === q - 1),
  'duplicate-token': (ids) => (q, k) => Number(k < q && ids[k] === ids[q]),
  // the token after an earlier copy of the query's; TransformerLens shifts the duplicates by one
  induction: (ids) => (q, k) => Number(k >= 1 && k <= q && ids[k - 1] === ids[q]),
  'first-token': () => (_, k) => Number(k === 0),
};
const NEED_IDS = ['duplicate-token', 'induction'];
/** The threshold of a label; ARENA's exercises on TransformerLens use the same. */
const THRESHOLD = 0.4;

const RULES = {
  ids: ANY,
  from: COUNT,
  excludeFirst: FLAG,
  excludeCurrent: FLAG,
  measure: /** @type {import('../base/options.js').Rule} */ ([
    (v) => v === 'mul' || v === 'abs',
    "'mul' or 'abs'",
  ]),
};

/**
 * One head's pattern. `from`: position of its first query.
 * @typedef {{ layer: number, head: number, from: number, queries: number, keys: number,
 *   data: Float32Array }} Pattern
 */

/**
 * The patterns of all heads in a run's taps.
 * @param {{ taps: any[] }} run @param {number} [first] position of the first query
 * @returns {Pattern[]}
 */
function patternsOf(run, first) {
  const isPattern = (/** @type {any} */ tap) =>
    tap?.short === 'pattern' || /hook_pattern$/.test(tap?.name);
  const taps = Array.isArray(run?.taps) ? run.taps.filter(isPattern) : [];
  if (taps.length === 0)
    throw badArgument("the run has no tap of 'pattern'; ask session.run() for one", 'run');
  return taps.flatMap(({ layer, head, shape, data }) => {
    const [queries, keys] = shape.slice(-2);
    const [size, from] = [queries * keys, first ?? keys - queries];
    if (from + queries > keys)
      throw badArgument(`${queries} queries from ${from} on do not fit ${keys} keys`, 'from');
    if (shape.length === 2) return [{ layer, head: head ?? 0, from, queries, keys, data }];
    return Array.from({ length: shape[0] }, (_, h) => ({
      layer,
      head: h,
      from,
      queries,
      keys,
      data: data.subarray(h * size, (h + 1) * size),
    }));
  });
}

/**
 * Σ over the positions of a pattern that are not excluded.
 * @param {Pattern} pattern @param {HeadOptions} options
 * @param {(weight: number, query: number, key: number) => number} term
 */
function total({ from, queries, keys, data }, { excludeFirst, excludeCurrent }, term) {
  let sum = 0;
  for (let t = 0; t < queries; t++) {
    const query = from + t;
    for (let key = 0; key <= query; key++)
      if (!(excludeFirst && key === 0) && !(excludeCurrent && key === query))
        sum += term(data[t * keys + key], query, key);
  }
  return sum;
}

/** @param {Pattern} pattern @param {Mask} mask @param {HeadOptions} options */
function score(pattern, mask, options) {
  if (options.measure === 'abs') {
    const difference = total(pattern, options, (w, q, k) => Math.abs(w - mask(q, k)));
    return 1 - difference / pattern.queries;
  }
  const all = total(pattern, options, (w) => w);
  return all > 0 ? total(pattern, options, (w, q, k) => w * mask(q, k)) / all : 0;
}

/** Mean over the queries of −Σ p ln p, in nats. @param {Pattern} pattern @param {HeadOptions} options */
const entropy = (pattern, options) =>
  total(pattern, options, (w) => (w > 0 ? -w * Math.log(w) : 0)) / pattern.queries;

/** @param {HeadKind | Mask} kind @param {unknown} ids @param {Pattern[]} patterns @returns {Mask} */
function maskOf(kind, ids, patterns) {
  if (typeof kind === 'function') return kind;
  if (!Object.hasOwn(MASKS, kind)) {
    const known = [...Object.keys(MASKS), 'entropy'].join(', ');
    throw badArgument(`there is no kind of head ${describe(kind)}; known are ${known}`, 'kind');
  }
  if (!NEED_IDS.includes(kind)) return MASKS[kind](new Int32Array(0));
  const list = checkIds(/** @type {any} */ (ids), 'headScores');
  const wrong = patterns.find(({ keys }) => keys !== list.length);
  if (wrong)
    throw badArgument(
      `the pattern has ${wrong.keys} keys, so ids must be the ${wrong.keys} tokens of the session, not ${list.length}`,
      'ids',
    );
  return MASKS[kind](list);
}

/**
 * The score of every head whose pattern the run has (taps of 'pattern'), in the order of the taps.
 * kind: 'previous-token', 'duplicate-token', 'induction', 'first-token': from 0 to 1, the share of the attention on
 * these keys; 'entropy': mean over the queries in nats, 0 if each attends to one key; or a function (query, key)
 * → 0 or 1 of positions. Keys after the query are ignored, as in TransformerLens. If everything is excluded, the
 * score is 0. A query without a key in the mask lowers the score: after one repetition of a text, induction can
 * reach 0.5 (with the queries of the second half alone, 1).
 * @param {{ taps: any[] }} run the result of session.run()
 * @param {HeadKind | Mask} kind
 * @param {HeadOptions} [options]
 * @returns {HeadScore[]}
 */
export function headScores(run, kind, options = {}) {
  const given = checkOptions('headScores', options, RULES);
  const patterns = reading('headScores', () => patternsOf(run, given.from));
  if (kind === 'entropy')
    return patterns.map((p) => ({ layer: p.layer, head: p.head, score: entropy(p, given) }));
  const ids = given.ids ?? reading('headScores', () => /** @type {any} */ (run).ids);
  const mask = maskOf(kind, ids, patterns);
  return patterns.map((p) => ({ layer: p.layer, head: p.head, score: score(p, mask, given) }));
}

/**
 * The label of one head: the kind with the highest score, or null if none reaches the threshold. Entropy gives no
 * label.
 * @param {Record<string, number>} scores by kind, of measure 'mul'
 * @param {{ threshold?: number }} [options] threshold: 0.4 of the head's attention
 * @returns {HeadKind | null}
 */
export function labelOf(scores, options = {}) {
  const { threshold = THRESHOLD } = checkOptions('labelOf', options, { threshold: number(0, 1) });
  /** @type {string | null} */ let best = null;
  for (const kind of Object.keys(MASKS))
    if (scores[kind] >= threshold && (best === null || scores[kind] > scores[best])) best = kind;
  return /** @type {HeadKind | null} */ (best);
}
