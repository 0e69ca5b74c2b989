/**
 * lens.js - the logit lens: what the model would predict after each block, for all positions of a text.
 *
 * A large vocabulary makes this slow, so positions are computed a few at a time; of very large models only the selected
 * one is.
 */
import { causalIds } from './causal.js';
import { tokenViews, viewsOf, withSession } from './figure.js';

/** @typedef {import('./figure.js').TokenView} TokenView */
/** @typedef {import('../api/types.js').LensRow} LensRow */

const STEP = 2 ** 30; // multiply-adds between two pauses
const MAX = 2 ** 35; // multiply-adds of all positions; above it, one position
const TOP = 5; // tokens of each block

/** @typedef {{ id: number, logprob: number }} Guess */
/** @typedef {{ layer: number, top: Guess[], entropy: number }} Row after a block, most probable token first */
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
 * @property {Row[][]} [columns] of all positions; not stored in scenes
 */

/** @param {LensRow} row @returns {Row} */
const rowOf = ({ layer, top, entropy }) => ({
  layer,
  top: top.map(({ id, logprob }) => ({ id, logprob })),
  entropy,
});

/** The position of a request within n tokens; default: the last. @param {number} n @param {number} [token] */
export const positionIn = (n, token) => Math.min(token ?? n - 1, n - 1);

/** @type {import('./figure.js').Figure} */
export const lens = {
  name: 'lens',
  settings: ['text', 'token'],
  /** @returns {Promise<LensView>} */
  async compute(model, { text, token }, { signal, progress, pause }) {
    const { ids, total } = await causalIds(model, text, { attention: false });
    const { layers, embeddingLength, vocabularySize } = model.info;
    const n = ids.length;
    const position = positionIn(n, token);
    const each = layers * embeddingLength * vocabularySize;
    const all = Array.from({ length: n }, (_, i) => i);
    const wanted = n * each <= MAX ? all : [position];
    const count = Math.max(1, Math.floor(STEP / each));
    /** @type {Row[][]} */ const columns = [];
    await withSession(model, n, async (session) => {
      await session.append(ids);
      for (let at = 0; at < wanted.length; at += count) {
        if (at) await pause();
        const positions = wanted.slice(at, at + count);
        for (const row of await session.lens({ positions, top: TOP, signal }))
          columns[row.position] = [...(columns[row.position] ?? []), rowOf(row)];
        progress(at + positions.length, wanted.length);
      }
    });
    const tokens = await tokenViews(model, ids);
    const column = columns[position];
    const table = wanted.length === n ? tableOf(columns, layers) : null;
    const shown = new Set([
      ...(table?.ids ?? []),
      ...column.flatMap((row) => row.top.map((g) => g.id)),
    ]);
    const view = {
      tokens,
      total,
      layers,
      position,
      column,
      table,
      names: await namesOf(model, shown),
    };
    if (!table) return view;
    const rest = new Set(columns.flat().flatMap((row) => row.top.map((g) => g.id)));
    const every = new Map((await namesOf(model, rest)).map((name) => [name.id, name]));
    // not enumerable, so that a scene does not store them
    return Object.defineProperties(view, { columns: { value: columns }, every: { value: every } });
  },
};

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
