/**
 * lens.js - the logit lens: what the model would predict after each block (nostalgebraist 2020).
 *
 * The residual stream after a block goes through the last norm and the output matrix, as if the blocks after it
 * added nothing. Entropy and divergence are in nats.
 */
import { badArgument, checkOptions, integer, LIST, SIGNAL } from '../base/options.js';
import { largest } from './readings.js';
import { run } from './run.js';

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./timeline.js').Timeline} Timeline */
/** @typedef {import('./types.js').LensOptions} LensOptions */
/** @typedef {import('./types.js').LensRow} LensRow */

const ROWS = 16; // unembedded at a time, between which an abort takes effect

const LENS = { positions: LIST, layers: LIST, top: integer(1, 50), signal: SIGNAL };

/** @param {any[]} list @param {number} n @param {string} name */
function checkList(list, n, name) {
  const bad = list.find((x) => !Number.isInteger(x) || x < 0 || x >= n);
  if (bad === undefined) return list;
  throw badArgument(`lens takes ${name} from 0 to ${n - 1}, not ${String(bad).slice(0, 40)}`, name);
}

/**
 * @param {Timeline} timeline @param {Model} model @param {LensOptions} options @returns {Promise<LensRow[]>}
 */
export async function lens(timeline, model, options) {
  const given = checkOptions('lens', options, LENS);
  const { top = 5, signal } = given;
  const n = timeline.position;
  const { layers: count } = model.info;
  if (n === 0) throw badArgument('lens needs a session with tokens', 'session');
  const positions = checkList(given.positions ?? [n - 1], n, 'positions');
  const layers = checkList(given.layers ?? [...Array(count).keys()], count, 'layers');
  if (positions.length === 0 || layers.length === 0) return [];
  const streams = await read(timeline, model, positions, layers, signal);
  /** @type {LensRow[]} */ const rows = [];
  for (const position of positions) {
    const own = layers.map((layer) => ({ layer, x: streams.row(layer, position) }));
    const last = { layer: count - 1, x: streams.row(count - 1, position) };
    rows.push(...(await predictions(model, position, own, last, top, signal)));
  }
  return rows;
}

/**
 * Evaluates the session's tokens from the first position on again, with taps after the blocks.
 * @param {Timeline} timeline @param {Model} model @param {number[]} positions @param {number[]} layers
 * @param {AbortSignal} [signal]
 */
async function read(timeline, model, positions, layers, signal) {
  const [first, end] = [Math.min(...positions), Math.max(...positions) + 1];
  const ids = /** @type {Int32Array} */ (await timeline.call('ids'));
  const undo = await timeline.restorer(first);
  const wanted = [...new Set([...layers, model.info.layers - 1])];
  await timeline.rewind(first);
  try {
    const range = /** @type {[number, number]} */ ([0, end - first]);
    const { taps } = await run(timeline, model.info, ids.subarray(first), {
      taps: wanted.map((layer) => ({ name: 'resid_post', layer, positions: range })),
      signal,
    });
    const width = model.info.embeddingLength;
    /** @param {number} layer @param {number} position */
    const row = (layer, position) => {
      const at = (position - first) * width;
      return taps[wanted.indexOf(layer)].data.subarray(at, at + width);
    };
    return { row };
  } finally {
    if (timeline.position !== ids.length) await undo().catch(() => {});
  }
}

/**
 * @param {Model} model @param {number} position @param {{ layer: number, x: Float32Array }[]} own
 * @param {{ layer: number, x: Float32Array }} last @param {number} top @param {AbortSignal} [signal]
 */
async function predictions(model, position, own, last, top, signal) {
  const truth = logSoftmax((await model.unembed(last.x)).data);
  /** @type {LensRow[]} */ const rows = [];
  for (let i = 0; i < own.length; i += ROWS) {
    signal?.throwIfAborted();
    const part = own.slice(i, i + ROWS);
    const width = last.x.length;
    const x = new Float32Array(part.length * width);
    for (const [j, row] of part.entries()) x.set(row.x, j * width);
    const { shape, data } = await model.unembed(x);
    for (const [j, { layer }] of part.entries()) {
      const logp = logSoftmax(data.subarray(j * shape[1], (j + 1) * shape[1]));
      const best = largest(logp, top);
      const named = await model.pieces(best);
      rows.push({
        layer,
        position,
        top: best.map((id, k) => ({ id, text: named[k].text, logprob: logp[id] })),
        entropy: -expectation(logp, (i) => logp[i]),
        kl: expectation(truth, (i) => truth[i] - logp[i]),
      });
    }
  }
  return rows;
}

/** log softmax in double precision. @param {Float32Array} logits */
function logSoftmax(logits) {
  let max = -Infinity;
  for (const x of logits) max = Math.max(max, x);
  let sum = 0;
  for (const x of logits) sum += Math.exp(x - max);
  const all = max + Math.log(sum);
  return Float64Array.from(logits, (x) => x - all);
}

/** Σ p·f over tokens with p > 0. @param {Float64Array} logp @param {(id: number) => number} f */
function expectation(logp, f) {
  let sum = 0;
  for (let i = 0; i < logp.length; i++) {
    const p = Math.exp(logp[i]);
    if (p > 0) sum += p * f(i);
  }
  return sum;
}
