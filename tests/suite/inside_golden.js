/**
 * inside_golden.js - taps, edits and rules of session.run() against a second forward pass in numpy.
 *
 * tests/golden/inside/NAME.json holds requests in the form of the API, NAME.f32 their answers, written
 * by tests/golden/inside.py (the form: tests/golden/README.md). A tensor is stored as Σx² and, for each
 * position, p sums of its values with random signs. The square of such a sum is on average Σx², so
 * Σ(difference of sums)² / p estimates the squared error (within 20 % for 44 sums) without the tensor.
 *
 * Tolerances of the normalised mean squared error, and reasons:
 *   F32 files, 1e-10   only the order of float32 sums differs; the reference in float32 gives 2e-12
 *   with GELU, 1e-6    a float that differs in its last bit may round to another half; likewise 6e-8
 *   others, 1e-5       int16 activations of quantised weights; streams of SmolLM2 differ by 1e-7
 *   F16 cache, 1e-4    keys and values rounded to halves
 */
import { below, ok, same } from './assert.js';

/** @typedef {import('./index.js').T} T */
/** @typedef {import('./index.js').Case} Case */
/** @typedef {{ name: string, layer?: number, dims: string[], shape: number[], data: Float32Array }} Tensor */
/**
 * What a tap must give. projections 0: every value is stored. Layer 'all': one tensor per block, in order.
 * @typedef {{ name: string, layer?: number | 'all', head?: number, positions?: number[], offset: number,
 *   shape: number[], axis: number, projections: number, hidden?: number[] }} Entry
 */
/** @typedef {{ label: string, ids: number[], session: any, edits: any[], expect: Entry[], argmax?: number[] }} Request */

/* ---- Random signs and random data ------------------------------------------------------------ */

/** 32 bits of place i of a stream: MurmurHash3's finaliser. @param {number} i @param {number} stream */
export function mixed(i, stream) {
  let h = (Math.imul(i + 1, 0x9e3779b1) + Math.imul(stream + 1, 0x85ebca77)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** @type {Map<string, Int8Array>} */
const memo = new Map();

/** ±1 [width][projections]: bit p % 32 of mixed(i, ⌊p / 32⌋). @param {number} width @param {number} projections */
function signs(width, projections) {
  const key = `${width} ${projections}`;
  let found = memo.get(key);
  if (!found) {
    found = new Int8Array(width * projections);
    for (let k = 0; k < found.length; k++) {
      const p = k % projections;
      found[k] = (mixed((k - p) / projections, p >> 5) >>> (p & 31)) & 1 ? 1 : -1;
    }
    memo.set(key, found);
  }
  return found;
}

/**
 * Data of an edit: values in ±scale, or in 0..scale if positive. causal: `hidden` (0 or '-inf') where the key, on the
 * last axis, is after the query, on the axis before.
 * @param {{ seed: number, scale: number, positive?: boolean, causal?: boolean, hidden?: string }} rule @param {number[]} shape
 */
export function editData({ seed, scale, positive, causal, hidden }, shape) {
  const [queries, keys] = shape.slice(-2);
  return Float32Array.from({ length: count(shape) }, (_, i) => {
    if (causal && i % keys > Math.floor(i / keys) % queries) return hidden ? -Infinity : 0;
    const u = (mixed(i, seed) >>> 8) / 2 ** 24;
    return scale * (positive ? u : 2 * u - 1);
  });
}

/* ---- Comparing ------------------------------------------------------------------------------- */

/** Floats of one tensor of an entry. @param {Entry} entry */
const sizeOf = ({ shape, axis, projections }) =>
  1 + (projections ? shape[axis] * projections : count(shape));

/** @param {number[]} shape */
const count = (shape) => shape.reduce((a, b) => a * b, 1);

/** Signed sums, or the values themselves, by position; −∞ counts as 0. @param {Tensor} tensor @param {Entry} entry */
function sumsOf({ shape, data }, { axis, projections, shape: whole }) {
  const inner = count(shape.slice(axis + 1));
  const width = count(whole) / whole[axis];
  const sign = projections ? signs(width, projections) : null;
  const sums = projections || width;
  const found = new Float64Array(shape[axis] * sums);
  for (let i = 0; i < data.length; i += inner) {
    const row = (i / inner) % shape[axis];
    const first = axis ? inner * Math.floor(i / inner / shape[axis]) : 0;
    for (let j = 0; j < inner; j++) {
      const x = data[i + j] === -Infinity ? 0 : data[i + j];
      const at = (first + j) * sums;
      if (!sign) found[row * sums + first + j] = x;
      else for (let p = 0; p < sums; p++) found[row * sums + p] += sign[at + p] * x;
    }
  }
  return found;
}

/**
 * Normalised mean squared error of a tensor, estimated.
 * @param {Tensor} tensor all rows, or those from `from` on @param {Entry} entry
 * @param {Float32Array} stored floats from the tensor's offset on
 */
export function distance(tensor, entry, stored, from = 0) {
  const sums = sumsOf(tensor, entry);
  const wanted = stored.subarray(1 + (from * sums.length) / tensor.shape[entry.axis]);
  let [error, power] = [0, 0];
  sums.forEach((x, i) => {
    error += (x - wanted[i]) ** 2;
    power += wanted[i] ** 2;
  });
  if (from === 0) power = stored[0] * (entry.projections || 1);
  return error / (power || 1e-30);
}

/**
 * Shapes and the number of hidden scores must be equal.
 * @param {Tensor[]} tensors @param {Entry} entry @param {Float32Array} floats @param {string} what @param {number} limit
 */
function compare(tensors, entry, floats, what, limit) {
  tensors.forEach((tensor, i) => {
    const where = `${what}, ${entry.name} of layer ${tensor.layer ?? '-'}`;
    same(tensor.shape, entry.shape, `shape: ${where}`);
    same(tensor.data.length, count(entry.shape), `length: ${where}`);
    const hidden = tensor.data.reduce((n, x) => n + (x === -Infinity ? 1 : 0), 0);
    same(hidden, entry.hidden?.[i] ?? 0, `hidden scores: ${where}`);
    const stored = floats.subarray(entry.offset + i * sizeOf(entry));
    below(distance(tensor, entry, stored), limit, `NMSE: ${where}`);
  });
}

/** @param {Tensor} logits @param {number[]} wanted -1: too close to tell */
function compareBest({ shape, data }, wanted) {
  wanted.forEach((id, row) => {
    const best = data.subarray(row * shape[1], (row + 1) * shape[1]);
    if (id >= 0) same(best.indexOf(best.reduce((a, b) => Math.max(a, b))), id, `best id ${row}`);
  });
}

/* ---- Running --------------------------------------------------------------------------------- */

/** The options of a session. @param {any} session @param {string} type of the cache */
function optionsOf({ positions, ...rest }, type) {
  const ids = positions?.ids;
  const own = ids ? { ...positions, ids: Int32Array.from(ids) } : positions;
  return { ...rest, ...(positions ? { positions: own } : {}), cache: { type } };
}

/** @param {Entry} entry */
const tapOf = ({ name, layer, head, positions }) => ({
  name,
  ...(layer === undefined ? {} : { layer }),
  ...(head === undefined ? {} : { head }),
  ...(positions ? { positions } : {}),
});

/**
 * Runs ids in a session of its own. Edits get their data: that of a formula or of another run, in the shape of a tap
 * of the same place.
 * @param {any} model @param {Request} request @param {string} type
 * @returns {Promise<Tensor[]>}
 */
async function run(model, { ids, session: options, edits, expect }, type) {
  const once = async (/** @type {number[]} */ list, /** @type {any} */ request) => {
    const session = await model.createSession(optionsOf(options, type));
    const { taps } = await session.run(Int32Array.from(list), request);
    await session.close();
    return taps;
  };
  const filled = [];
  for (const edit of edits) {
    const [tap] = edit.data ? await once(edit.data.ids ?? ids, { taps: [tapOf(edit)] }) : [];
    const data = edit.data?.ids ? tap.data : tap && editData(edit.data, tap.shape);
    filled.push(data ? { ...edit, data } : edit);
  }
  return once(ids, { taps: expect.map(tapOf), ...(filled.length ? { edits: filled } : {}) });
}

/** Distributes the tensors of a run to the entries. @param {Tensor[]} tensors @param {Entry[]} expect */
function distribute(tensors, expect) {
  const layers = 1 + Math.max(0, ...tensors.map((tensor) => tensor.layer ?? 0));
  const rest = [...tensors];
  const found = expect.map((entry) => rest.splice(0, entry.layer === 'all' ? layers : 1));
  same(rest.length, 0, 'tensors that nothing asked for');
  return found;
}

/** @param {any} model @param {Request} request @param {Float32Array} floats @param {number} limit @param {string} [type] */
export async function check(model, request, floats, limit, type = 'f32') {
  const tensors = distribute(await run(model, request, type), request.expect);
  tensors.forEach((list, i) => {
    compare(list, request.expect[i], floats, request.label, limit);
  });
  if (request.argmax) compareBest(/** @type {Tensor} */ (tensors.at(-1)?.[0]), request.argmax);
}

/** The second half of a text in a run of its own, on the first half's cache. @param {any} model @param {Request} request @param {Float32Array} floats @param {number} limit */
export async function checkHalves(model, { ids, expect }, floats, limit) {
  const half = ids.length >> 1;
  const session = await model.createSession({ cache: { type: 'f32' } });
  await session.run(Int32Array.from(ids.slice(0, half)), {});
  const { taps } = await session.run(Int32Array.from(ids.slice(half)), { taps: expect.map(tapOf) });
  await session.close();
  distribute(taps, expect).forEach((list, e) => {
    list.forEach((tensor, i) => {
      const entry = expect[e];
      const stored = floats.subarray(entry.offset + i * sizeOf(entry));
      below(distance(tensor, entry, stored, half), limit, `second half, ${entry.name} ${i}`);
    });
  });
}

/**
 * Wrong tensors that must be found, for every place and block: positions shifted by one, a wrong scale, a wrong
 * head, the largest value missing.
 * @param {any} model @param {Request} request @param {Float32Array} floats @param {number} limit
 */
export async function checkSensitivity(model, request, floats, limit) {
  const tensors = distribute(await run(model, request, 'f32'), request.expect);
  let wrong = 0;
  tensors.forEach((list, e) => {
    const entry = request.expect[e];
    list.forEach(({ shape, data, layer }, i) => {
      const stored = floats.subarray(entry.offset + i * sizeOf(entry));
      const step = count(shape.slice(entry.axis + 1));
      const heads = entry.axis === 1 ? shape[0] : (shape.length === 3 && shape[1]) || 1;
      const size = entry.axis === 1 ? data.length / heads : shape[2]; // of a head
      const largest = data.reduce((a, x) => (x === -Infinity ? a : Math.max(a, Math.abs(x))), 0);
      /** @type {Record<string, Float32Array>} */
      const variants = {
        shifted: data.map((_, k) => data[(k + step) % data.length]),
        unscaled: data.map((x) => x * 1.05),
        'another head': data.map((_, k) => data[(k + size) % data.length]),
        'one value missing': data.map((x) => (Math.abs(x) === largest ? 0 : x)),
      };
      if (heads < 2) delete variants['another head'];
      if (shape[entry.axis] < 3 || data.length < 100) return;
      for (const [kind, other] of Object.entries(variants)) {
        const far = distance({ name: '', dims: [], shape, data: other }, entry, stored);
        ok(far > limit, `${kind} ${entry.name} of layer ${layer} is only ${far} away`);
        wrong++;
      }
    });
  });
  ok(wrong > 0, 'nothing was compared');
}

/* ---- Cases ----------------------------------------------------------------------------------- */

/** Files of tests/golden/inside, the tolerance, what must be there. @type {any[]} */
export const FILES = [
  ...'llama qwen3 olmo2 llama-moe maincoder'.split(' ').map((name) => [name, 1e-10]),
  ...'gpt2 gptneox gemma3 falcon bert'.split(' ').map((name) => [name, 1e-6]),
  ...'tales poems position-learned'.split(' ').map((name) => [name, 1e-5]),
  ['smollm2', 1e-5, 'smollm2'],
];

/** @param {T} t @param {string} name @returns {Promise<{ golden: { cases: Request[] }, floats: Float32Array, model: any }>} */
async function open(t, name) {
  const golden = await t.json(`inside/${name}.json`);
  const floats = await t.floats(`inside/${name}.f32`);
  const path = golden.model.replace(/^tests\/golden\//, '').replace(/^(web|build)\//, '../../$1/');
  return { golden, floats, model: await t.model(name === 'smollm2' ? name : path) };
}

/**
 * The cases of one pair of files.
 * @param {string} name @param {number} limit @param {'smollm2'} [needs] @returns {Case[]}
 */
export function insideCases(name, limit, needs) {
  /** @param {string} title @param {(request: Request) => boolean} wanted @param {(model: any, request: Request,
   *   floats: Float32Array, limit: number) => Promise<unknown>} how @returns {Case} */
  const over = (title, wanted, how) => ({
    name: `inside ${name}: ${title}`,
    needs,
    slow: needs !== undefined,
    hosts: needs && 'one',
    async run(t) {
      const { golden, floats, model } = await open(t, name);
      const requests = golden.cases.filter(wanted);
      ok(requests.length > 0, 'no request');
      for (const request of requests) await how(model, request, floats, limit);
    },
  });
  const plain = (/** @type {Request} */ r) => !r.edits.length && !Object.keys(r.session).length;
  const every = (/** @type {Request} */ r) => r.label === 'every place';
  const list = [
    over('every tap as the reference', plain, check),
    over('every edit gives the logits of the reference', (r) => r.edits.length > 0, check),
    over('wrong tensors are found', every, checkSensitivity),
  ];
  if (name === 'bert') return list;
  list.push(over('rules', (r) => !r.edits.length && !plain(r), check));
  list.push(over('a run continues the cache', every, checkHalves));
  if (name === 'tales')
    list.push(over('F16 cache', every, (m, r, f) => check(m, r, f, 1e-4, 'f16')));
  return list;
}

export const insideGolden = FILES.flatMap(([name, limit, needs]) =>
  insideCases(name, limit, needs),
);
