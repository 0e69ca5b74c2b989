/**
 * lens.js - the logit lens: what the model would predict after each block, for all positions of a text.
 *
 * A large vocabulary makes this slow, so positions are computed a few at a time; of very large models only the selected
 * one is.
 */
import { causalIds } from './causal.js';
import { tokenViews, unstored, viewsOf, withSession } from './figure.js';
import { logSum } from './numbers.js';

/** @typedef {import('./figure.js').TokenView} TokenView */
/** @typedef {import('../api/types.js').LensRow} LensRow */

const STEP = 2 ** 30; // multiply-adds between two pauses
const MAX = 2 ** 34; // multiply-adds of all positions; above it, one position
const TOP = 5; // tokens of each block

/** @typedef {{ id: number, logprob: number }} Guess */
/** @typedef {{ layer: number, top: Guess[], entropy: number }} Row after a block, most probable token first */
/** Logits of a row's tokens, and ln Σ e^logit over the vocabulary. @typedef {{ logits: number[], sum: number, vocabulary: number }} Logits */
/**
 * @typedef {object} LensView
 * @property {TokenView[]} tokens
 * @property {number} total
 * @property {number} layers
 * @property {number} position of `column`
 * @property {Row[]} column what each block predicts after the token at `position`
 * @property {{ ids: Int32Array, p: Float32Array } | null} table the best token of each block and position, and its
 *   probability: [layer, position]; null: only one position was computed
 * @property {TokenView[]} names of all ids in it
 * @property {{ vocabulary: number, counts?: { label: string, p: number, entropy: number } }} [anchors] what predictions
 *   are compared with; counts: the most frequent token of the training text
 * @property {Row[][]} [columns] of all positions; not stored in scenes
 * @property {Logits[][]} [logits] [position][block], if the working is shown; not stored in scenes
 */

/** @param {LensRow} row @returns {Row} */
const rowOf = ({ layer, top, entropy }) => ({
  layer,
  top: top.map(({ id, logprob }) => ({ id, logprob })),
  entropy,
});

/** The position of a request within n tokens; default: the last. @param {number} n @param {number} [token] */
export const positionIn = (n, token) => Math.min(token ?? n - 1, n - 1);

/**
 * The logits behind the columns of positions [from, to).
 * @param {import('../jielong.js').Model} model @param {import('../jielong.js').Session} session @param {Int32Array} ids
 * @param {Row[][]} columns @param {number} from @param {number} to @param {AbortSignal} signal
 * @returns {Promise<Logits[][]>}
 */
async function logitsOf(model, session, ids, columns, from, to, signal) {
  const width = model.info.embeddingLength;
  await session.rewind(from);
  const taps = [{ name: 'resid_post', layer: /** @type {const} */ ('all') }];
  const run = await session.run(ids.subarray(from, to), { taps, signal });
  const found = [];
  for (let i = from; i < to; i++) {
    const streams = new Float32Array(run.taps.length * width);
    for (const [layer, { data }] of run.taps.entries())
      streams.set(data.subarray((i - from) * width, (i - from + 1) * width), layer * width);
    const { shape, data } = await model.unembed(streams);
    const vocabulary = shape[1];
    const rows = columns[i].map(({ layer, top }) => {
      const row = data.subarray(layer * vocabulary, (layer + 1) * vocabulary);
      return { logits: top.map(({ id }) => row[id]), sum: logSum(row), vocabulary };
    });
    found.push(rows);
  }
  return found;
}

/** @type {import('./figure.js').Figure} */
export const lens = {
  name: 'lens',
  settings: ['text', 'token', 'working'],
  /** @returns {Promise<LensView>} */
  async compute(model, { text, token, working }, { signal, progress, pause, show }) {
    const { ids, total } = await causalIds(model, text, { attention: false });
    const { layers, embeddingLength, vocabularySize } = model.info;
    const n = ids.length;
    const tokens = await tokenViews(model, ids);
    const position = positionIn(n, token);
    const each = layers * embeddingLength * vocabularySize;
    const count = Math.max(1, Math.floor(STEP / each));
    /** @type {Row[][]} */ const columns = [];
    /** @type {Logits[][]} */ const logits = [];
    const seen = { tokens, total, layers, position, anchors: await anchorsOf(model) };
    /** The columns of positions [from, to). @param {import('../jielong.js').Session} session @param {number} from @param {number} to */
    const read = async (session, from, to) => {
      await session.append(ids.subarray(session.position, to));
      const positions = Array.from({ length: to - from }, (_, i) => from + i);
      const rows = await session.lens({ positions, top: TOP, signal });
      for (const i of positions) columns[i] = rows.filter((row) => row.position === i).map(rowOf);
      if (!working) return;
      const found = await logitsOf(model, session, ids, columns, from, to, signal);
      for (const [i, rows] of found.entries()) logits[from + i] = rows;
    };
    if (count < n) {
      await withSession(model, n, (session) => read(session, position, position + 1));
      const column = columns[position];
      const names = await namesOf(model, idsOf([column]));
      const view = unstored({ ...seen, column, table: null, names }, { logits });
      if (n * each > MAX) return view;
      show(view);
    }
    await withSession(model, n, async (session) => {
      for (let at = 0; at < n; at += count) {
        if (at) await pause();
        await read(session, at, Math.min(at + count, n));
        progress(Math.min(at + count, n), n);
      }
    });
    const [column, table] = [columns[position], tableOf(columns, layers)];
    const stored = new Set([...table.ids, ...idsOf([column])]);
    const view = { ...seen, column, table, names: await namesOf(model, stored) };
    const all = await namesOf(model, idsOf(columns));
    const every = new Map(all.map((name) => [name.id, name]));
    return unstored(view, { columns, every, logits });
  },
};

/** @param {import('../jielong.js').Model} model @returns {Promise<LensView['anchors']>} */
async function anchorsOf(model) {
  const vocabulary = model.info.vocabularySize;
  const { countEntropy, countsOf } = await import('../counts.js');
  const counts = countsOf(model.info);
  if (!counts) return { vocabulary };
  const [{ label }] = await tokenViews(model, counts.ids.slice(0, 1));
  return { vocabulary, counts: { label, p: counts.shares[0], entropy: countEntropy(counts) } };
}

/** All tokens of columns. @param {Row[][]} columns */
const idsOf = (columns) => new Set(columns.flat().flatMap(({ top }) => top.map(({ id }) => id)));

/** @param {Row[][]} columns @param {number} layers */
function tableOf(columns, layers) {
  const n = columns.length;
  const [ids, p] = [new Int32Array(layers * n), new Float32Array(layers * n)];
  for (const [position, column] of columns.entries())
    for (const [i, { top }] of column.entries()) {
      ids[i * n + position] = top[0].id;
      p[i * n + position] = Math.exp(top[0].logprob);
    }
  return { ids, p };
}

/** @param {import('../jielong.js').Model} model @param {Set<number>} ids */
async function namesOf(model, ids) {
  const pieces = await model.pieces([...ids]);
  return pieces.map((piece) => viewsOf([piece])[0]); // one by one: they are not a text
}

/**
 * What each block predicts at a position, if it was computed.
 * @param {LensView} view @param {number} position
 */
export const columnOf = (view, position) =>
  view.columns?.[position] ?? (position === view.position ? view.column : undefined);

/** The first block whose best token is the last block's. @param {Row[]} column */
export const settledAt = (column) =>
  column.findIndex(({ top }) => top[0].id === column[column.length - 1].top[0].id);
