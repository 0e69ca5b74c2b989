/**
 * inside.js - requests to read and edit the inside of a run, as the numbers the engine takes.
 *
 * Sites are those of model.info.sites, which the engine publishes. A name is TransformerLens' full one
 * ('blocks.3.attn.hook_z') or a short one beside a layer ({ name: 'z', layer: 3 }). Layers, heads and
 * positions count from 0. The engine checks ranges again; it names taps and edits by their index.
 */
import {
  badArgument,
  COUNT,
  checkOptions,
  describe,
  integer,
  number,
  reading,
} from '../base/options.js';

/** @typedef {import('./types.js').Tap} Tap */
/** @typedef {import('./types.js').Edit} Edit */
/** @typedef {import('./types.js').TapResult} TapResult */
/** @typedef {import('./types.js').ModelInfo} ModelInfo */
/** @typedef {import('./types.js').Site} Site */
/**
 * ints: site, layer, head, from, to of each tap; the same and operation, factor, number of floats of each edit;
 * data: the floats.
 * @typedef {{ ints: Int32Array, data: Float32Array, taps: number, edits: number, layers: number,
 *   maxBytes: number }} Request
 */
/** @typedef {{ site: Site, layer: number, head: number, from: number, to: number }} Place */
/** @typedef {Place & { op: string, factor: number, data: Float32Array }} PlacedEdit */

const OPS = ['zero', 'scale', 'set', 'add', 'mean'];
const FLOATS = 2 ** 28; // of one edit
const ALL = -1;

/** @type {import('../base/options.js').Rule} */
const NAME = [(v) => typeof v === 'string', "a site's name"];
/** @type {import('../base/options.js').Rule} */
const LAYER = [(v) => v === 'all' || (Number.isInteger(v) && v >= 0), "a block from 0, or 'all'"];
/** @type {import('../base/options.js').Rule} */
const POSITIONS = [
  (v) => v.length === 2 && v.every((/** @type {any} */ x) => COUNT[0](x)) && v[0] < v[1],
  'two integers [from, to), from < to < 2^31',
  (v) => Array.from({ length: v.length <= 2 ? v.length : 0 }, (_, i) => v[i]),
];
/** @type {(v: any) => boolean} */
const isList = (v) => Array.isArray(v) || (ArrayBuffer.isView(v) && !(v instanceof DataView));
/** @type {import('../base/options.js').Rule} */
const NUMBERS = [
  (v) => v instanceof Float32Array,
  'a Float32Array or an array of numbers',
  (v) => {
    if (!isList(v)) return undefined;
    if (!(v.length <= FLOATS)) throw badArgument(`data has more than ${FLOATS} numbers`, 'data');
    return Float32Array.from({ length: v.length }, (_, i) => {
      if (typeof v[i] === 'number') return v[i];
      throw badArgument(`data[${i}] is ${describe(v[i])}, not a number`, 'data');
    });
  },
];
const PLACE = { name: NAME, layer: LAYER, head: integer(0, 65535), positions: POSITIONS };
const EDIT = {
  ...PLACE,
  op: /** @type {import('../base/options.js').Rule} */ ([
    (v) => OPS.includes(v),
    `one of ${OPS.join(', ')}`,
  ]),
  factor: number(-Infinity),
  data: NUMBERS,
};

/** @param {ModelInfo} info @param {string} name @param {string} caller @returns {{ site: Site, layer?: number }} */
function siteOf(info, name, caller) {
  const block = name.match(/^blocks\.(\d+)\.(.+)$/);
  const plain = block ? block[2] : name;
  const site = info.sites.find((s) => s.name === plain || (!block && s.short === plain));
  if (site && !(block && !site.layers))
    return { site, layer: block ? Number(block[1]) : undefined };
  const known = info.sites.map((s) => s.short).join(', ');
  throw badArgument(
    `${caller}: this model has no site ${describe(name)}; its sites: ${known}`,
    `${caller}.name`,
  );
}

/** The places of a tap or an edit: one, or one of each block. @param {any} given @param {string} caller @param {ModelInfo} info @returns {Place[]} */
function placesOf(given, caller, info) {
  if (given.name === undefined) throw badArgument(`${caller} needs a name`, `${caller}.name`);
  const { site, layer: named } = siteOf(info, given.name, caller);
  const layer = named ?? given.layer;
  if (given.layer !== undefined && given.layer !== layer)
    throw badArgument(
      `${caller}: the name is in block ${named}, but layer is ${given.layer}`,
      `${caller}.layer`,
    );
  const { head = ALL, positions: [from, to] = [0, ALL] } = given;
  if (head !== ALL && !(head < site.heads)) {
    const has = site.heads ? `heads 0 to ${site.heads - 1}` : 'no heads';
    throw badArgument(`${caller}.head: ${site.short} has ${has}, not ${head}`, `${caller}.head`);
  }
  const place = { site, head, from, to };
  if (!site.layers) return [{ ...place, layer: 0 }];
  if (layer === undefined)
    throw badArgument(`${caller}: ${site.short} needs a layer, or 'all'`, `${caller}.layer`);
  if (layer !== 'all' && !site.layers.includes(layer)) {
    const { layers } = site;
    const last = layers[layers.length - 1];
    const listed = last - layers[0] < layers.length ? `${layers[0]} to ${last}` : layers.join(', ');
    const has = `in blocks ${listed}, not in ${layer}`;
    throw badArgument(`${caller}.layer: this model has ${site.short} ${has}`, `${caller}.layer`);
  }
  return (layer === 'all' ? site.layers : [layer]).map((one) => ({ ...place, layer: one }));
}

/** @param {any[]} taps @param {ModelInfo} info @returns {Place[]} */
export const expandTaps = (taps, info) =>
  taps.flatMap((tap, i) => {
    const caller = `taps[${i}]`;
    const given = reading(caller, () => (typeof tap === 'string' ? { name: tap } : tap));
    return placesOf(checkOptions(caller, given, PLACE), caller, info);
  });

/** @param {any[]} edits @param {ModelInfo} info @param {boolean} ofRun @returns {PlacedEdit[]} */
export const expandEdits = (edits, info, ofRun) =>
  edits.flatMap((edit, i) => {
    const caller = `edits[${i}]`;
    const given = /** @type {any} */ (checkOptions(caller, edit, EDIT));
    const { op, factor, data } = given;
    if (!op) throw badArgument(`${caller} needs an op: ${OPS.join(', ')}`, `${caller}.op`);
    const needs = { scale: 'factor', set: 'data', add: 'data' }[/** @type {string} */ (op)];
    if (needs && given[needs] === undefined)
      throw badArgument(`${caller}: op '${op}' needs ${needs}`, `${caller}.${needs}`);
    if (op === 'mean' && !ofRun) {
      const why = "has a mean only over the positions of a run; read it, then use 'set'";
      throw badArgument(`${caller}: a session ${why}`, `${caller}.op`);
    }
    return placesOf(given, caller, info).flatMap((place) => {
      if (!place.site.editable)
        throw badArgument(`${caller}: ${place.site.short} can only be read`, `${caller}.name`);
      const one = { ...place, op, factor: op === 'zero' ? 0 : (factor ?? 0), data };
      const eachHead = op === 'mean' && place.head === ALL && place.site.dims.includes('key');
      if (!eachHead) return one;
      return Array.from({ length: place.site.heads }, (_, head) => ({ ...one, head }));
    });
  });

/**
 * @param {Place[]} taps @param {PlacedEdit[]} edits none of them 'mean'
 * @param {{ layers?: number, maxBytes?: number }} [limits] @returns {Request}
 */
export function requestOf(taps, edits, { layers = 0, maxBytes = 0 } = {}) {
  const empty = new Float32Array(0);
  const floats = edits.map(({ op, data }) => (op === 'set' || op === 'add' ? data : empty));
  const data = new Float32Array(floats.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const part of floats) {
    data.set(part, at);
    at += part.length;
  }
  const bits = new Int32Array(Float32Array.from(edits, ({ factor }) => factor).buffer);
  /** @param {Place} place */
  const place = ({ site, layer, head, from, to }) => [site.site, layer, head, from, to];
  const code = { zero: 0, scale: 0, set: 1, add: 2 };
  const ints = [
    ...taps.flatMap(place),
    ...edits.flatMap((edit, i) => [
      ...place(edit),
      code[/** @type {'set'} */ (edit.op)],
      bits[i],
      floats[i].length,
    ]),
  ];
  return {
    ints: Int32Array.from(ints),
    data,
    taps: taps.length,
    edits: edits.length,
    layers,
    maxBytes,
  };
}

/**
 * A result as the caller sees it; the axis of a selected head goes.
 * @param {Place} place @param {{ shape: number[], data: Float32Array }} result @returns {TapResult}
 */
export function tapResult({ site, layer, head }, { shape: [heads, rows, cols], data }) {
  /** @type {Record<string, number>} */
  const lengths = { head: heads, token: rows, query: rows, feature: cols, key: cols };
  const dims = site.dims.filter((dim) => dim !== 'head' || head === ALL);
  return {
    name: site.layers ? `blocks.${layer}.${site.name}` : site.name,
    short: site.short,
    ...(site.layers && { layer }),
    ...(head !== ALL && { head }),
    dims,
    shape: dims.map((dim) => lengths[dim]),
    data,
  };
}

/** Order in which a pass visits places. @param {Place} a @param {Place} b */
export const byPlace = (a, b) => order(a) - order(b);

/** @param {Place} place */
const order = ({ site, layer }) =>
  (site.layers ? (layer + 1) * 64 : site.short.includes('embed') ? 0 : 1e9) + site.site;

/**
 * The mean over the rows of a tap: one row. @param {{ shape: number[], data: Float32Array }} tap
 * @param {Place} place with one head, if the columns are keys
 */
export function meanOf({ shape: [heads, rows, cols], data }, place) {
  const width = place.site.dims.includes('key') ? cols : heads * cols;
  const mean = new Float64Array(width);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < width; c++) mean[c] += data[r * width + c] / rows;
  return Float32Array.from(mean);
}
