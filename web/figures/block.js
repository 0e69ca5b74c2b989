/**
 * block.js - the stages of every block at one token: shapes, norms, first values, and whether the parts add up.
 *
 * A stage is a place of model.info.sites that the block has, so a model with parallel sublayers has no resid_mid, and
 * a block with a short convolution no queries.
 */
import { idsOf, tokenViews, withSession } from './figure.js';

const MAX_TOKENS = 64;
const FIRST = 3; // values of each vector

/** In the order of a pass. */
export const STAGES = [
  'resid_pre',
  'ln1.normalized',
  'q',
  'k',
  'v',
  'z',
  'attn_out',
  'resid_mid',
  'ln2.normalized',
  'mlp.post',
  'expert_weights',
  'mlp_out',
  'resid_post',
];

/** @typedef {{ name: string, shape: number[], norms: (number | null)[], first: (number[] | null)[] }} Stage its full
 * name in a block; of each block the norm of its vector and its first values, null where a block has no such stage */
/**
 * @typedef {object} BlockView
 * @property {import('./figure.js').TokenView[]} tokens
 * @property {number} total tokens of the text
 * @property {number} token at which the stages are read
 * @property {Record<string, Stage>} stages
 * @property {number[]} errors per block, of resid_post = resid_pre + attn_out + mlp_out: the largest difference relative
 *   to the norm of resid_post
 * @property {boolean} after whether norms stand after the sums, as in BERT: then the stream is not the sum of its parts
 * @property {boolean} gated
 * @property {number} experts @property {number} expertsUsed
 */

/** The stages of a block. @param {BlockView} view @param {number} layer */
export const stagesOf = ({ stages }, layer) =>
  STAGES.filter((name) => (stages[name]?.norms[layer] ?? null) !== null);

/** @param {ArrayLike<number>} x */
export const normOf = (x) => {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return Math.sqrt(sum);
};

/** @param {Record<string, Float32Array>} read the vectors of a block */
function sumError({ resid_pre: pre, attn_out: attention, mlp_out: forward, resid_post: post }) {
  let worst = 0;
  for (let i = 0; i < post.length; i++)
    worst = Math.max(worst, Math.abs(post[i] - pre[i] - attention[i] - (forward?.[i] ?? 0)));
  return worst / (normOf(post) || 1);
}

/**
 * Adds what the taps read to a view.
 * @param {BlockView} view @param {import('../jielong.js').TapResult[]} taps @param {number} layers
 */
function fillIn({ stages, errors }, taps, layers) {
  for (const { short, layer = 0, data } of taps) {
    stages[short].norms[layer] = normOf(data);
    stages[short].first[layer] = Array.from(data.subarray(0, FIRST), (x) =>
      Number(x.toPrecision(3)),
    );
  }
  for (let layer = 0; layer < layers; layer++) {
    const own = taps.filter((tap) => tap.layer === layer);
    errors.push(sumError(Object.fromEntries(own.map(({ short, data }) => [short, data]))));
  }
}

/** @typedef {{ id: string, row: number, place: 'stream' | 'sum' | 'branch', part?: [number, number] }} Placed */

/**
 * Where the stages of a block stand in a drawing from top to bottom, and the arrows between them. Without resid_mid
 * both sublayers read the same stream and stand side by side; without mlp_out there is only one (Mamba). Norms after
 * the sums are not drawn.
 * @param {string[]} stages of the block @param {boolean} after whether norms follow the sums
 */
export function layout(stages, after) {
  const has = (/** @type {string} */ stage) => stages.includes(stage);
  const alone = !has('mlp_out');
  const parallel = !alone && !has('resid_mid');
  const boxes = /** @type {Placed[]} */ ([]);
  const arrows = /** @type {[string, string][]} */ ([]);
  const half = /** @type {(i: number) => [number, number]} */ ((i) => (parallel ? [i, 2] : [0, 1]));
  /** @param {string} id @param {number} row @param {Placed['place']} place @param {[number, number]} [part] */
  const put = (id, row, place, part) => boxes.push({ id, row, place, part });
  /** The input of a sublayer: its norm, or the stream. @param {string} norm @param {string} stream @param {number} row */
  const input = (norm, stream, row) => {
    if (!has(norm) || after) return stream;
    put(norm, row, 'branch');
    arrows.push([stream, norm]);
    return norm;
  };
  put('resid_pre', 0, 'stream');
  const first = input('ln1.normalized', 'resid_pre', 0);
  let row = 1;
  if (has('q')) {
    ['q', 'k', 'v'].forEach((stage, i) => {
      put(stage, row, 'branch', [i, 3]);
      arrows.push([first, stage], [stage, 'z']);
    });
    put('z', ++row, 'branch', half(0));
    row++;
  }
  put('attn_out', row, 'branch', half(0));
  put('sum1', row, 'sum');
  arrows.push([has('q') ? 'z' : first, 'attn_out'], ['attn_out', 'sum1']);
  if (alone) {
    put('resid_post', row + 1, 'stream');
    return { boxes, arrows };
  }
  let second = first;
  if (!parallel) {
    put('resid_mid', ++row, 'stream');
    second = input('ln2.normalized', 'resid_mid', row);
    put('sum2', row + 2, 'sum');
    row += 2;
  } else second = has('ln2.normalized') && !after ? input('ln2.normalized', 'resid_pre', 0) : first;
  const hidden = ['mlp.post', 'expert_weights'].find(has);
  if (hidden) {
    put(hidden, row - 1, 'branch', half(1));
    arrows.push([second, hidden]);
  }
  put('mlp_out', row, 'branch', half(1));
  arrows.push([hidden ?? second, 'mlp_out'], ['mlp_out', parallel ? 'sum1' : 'sum2']);
  put('resid_post', row + 1, 'stream');
  if (parallel) shareRow(boxes, ['ln1.normalized', 'ln2.normalized']);
  return { boxes, arrows };
}

/** Puts two boxes of one row side by side. @param {Placed[]} boxes @param {string[]} names */
function shareRow(boxes, names) {
  const found = boxes.filter(({ id }) => names.includes(id));
  if (found.length === 2)
    found.forEach((box, i) => {
      box.part = [i, 2];
    });
}

/** @type {import('./figure.js').Figure} */
export const block = {
  name: 'block',
  settings: ['text', 'token'],
  /** @returns {Promise<BlockView>} */
  async compute(model, { text = '', token }, { signal, progress }) {
    const { info } = model;
    const { ids, total } = await idsOf(model, text, MAX_TOKENS);
    const at = Math.min(token ?? ids.length - 1, ids.length - 1);
    const sites = info.sites.filter(({ short, layers }) => layers && STAGES.includes(short));
    const none = () => Array(info.layers).fill(null);
    const stageOf = (/** @type {import('../api/types.js').Site} */ { name, heads, size }) => ({
      name,
      shape: heads ? [heads, size] : [size],
      norms: none(),
      first: none(),
    });
    const view = /** @type {BlockView} */ ({
      tokens: await tokenViews(model, ids),
      total,
      token: at,
      stages: Object.fromEntries(sites.map((site) => [site.short, stageOf(site)])),
      errors: [],
      after: false,
      gated: info.sites.some(({ short }) => short === 'mlp.pre_linear'),
      experts: info.experts,
      expertsUsed: info.expertsUsed,
    });
    if (!ids.length) return view;
    const { taps } = await withSession(model, ids.length, (session) =>
      session.run(ids, {
        taps: sites.map(({ short }) => ({ name: short, layer: 'all', positions: [at, at + 1] })),
        signal,
        onProgress: ({ evaluated, total: all }) => progress(evaluated, all, 'tokens'),
      }),
    );
    fillIn(view, taps, info.layers);
    view.after = info.encoder && view.errors.some((error) => error > 1e-3);
    return view;
  },
};
