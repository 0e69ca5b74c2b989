/**
 * attribution.js - direct logit attribution: what each part of a model adds to a logit.
 *
 * The last residual stream is a sum of parts: the embedding, and what each attention and feed-forward sublayer adds.
 * With the divisor of the final norm held at its value in the run, the map from stream to logit is linear, so the
 * logit is the sum of the parts' contributions and a constant (Elhage et al. 2021; TransformerLens'
 * ActivationCache.logit_attrs with apply_ln_to_stack):
 *
 *   logit(x) = c · (w · (centre(x) / scale ⊙ weight + bias) + output bias)
 *
 * centre subtracts the mean in a LayerNorm and does nothing in an RMSNorm; w is a row of the output matrix, or the
 * difference of two. A logit cap is not linear, so models with one are refused. Sums are in double.
 */
import { badArgument, COUNT, checkOptions } from '../base/options.js';

/** @typedef {import('./types.js').Unembedding} Unembedding */
/** @typedef {import('./types.js').Contribution} Contribution */
/** @typedef {import('./types.js').Attribution} Attribution */
/** @typedef {import('./model.js').Model} Model */
/** @typedef {{ name: string, layer?: number, head?: number, vector: ArrayLike<number> }} Part */

/** @param {Unembedding} unembedding */
function refuseCap({ logitCap }) {
  if (!(logitCap > 0)) return;
  const cap = `this model caps its logits at ±${logitCap} (tanh)`;
  throw badArgument(`${cap}, so they are no sum of contributions`, 'model');
}

/**
 * The contributions of parts of a residual stream to w · norm(stream): the linear map above.
 * @param {object} given
 * @param {Part[]} given.parts their vectors sum to the stream
 * @param {ArrayLike<number>} given.direction w: a row of the output matrix, or a difference of rows
 * @param {number} given.scale the divisor of the final norm at this position
 * @param {Unembedding} given.unembedding of the model
 * @param {number} [given.outputBias] of the logit, or the difference
 * @returns {Attribution}
 */
export function attribute({ parts, direction, scale, unembedding, outputBias = 0 }) {
  const { norm, weight, bias, logitScale } = unembedding;
  refuseCap(unembedding);
  const n = direction.length;
  const weighted = Float64Array.from(direction, (w, i) => w * (weight ? weight[i] : 1));
  const mean = norm === 'layer' ? weighted.reduce((sum, w) => sum + w, 0) / n : 0;
  const factor = logitScale / (norm ? scale : 1);
  // Centring x or the row gives the same dot product.
  const along = weighted.map((w) => (w - mean) * factor);
  const contributions = parts.map(({ vector, ...part }) => {
    if (vector.length !== n)
      throw badArgument(`${part.name} has ${vector.length} numbers, expected ${n}`, part.name);
    return { ...part, value: along.reduce((sum, a, i) => sum + a * vector[i], 0) };
  });
  let constant = outputBias;
  for (let i = 0; bias && i < n; i++) constant += direction[i] * bias[i];
  constant *= logitScale;
  const total = contributions.reduce((sum, { value }) => sum + value, constant);
  return { contributions, constant, total };
}

/* ---- Parts from a run ------------------------------------------------------------------------ */

const SUBLAYERS = ['attn_out', 'mlp_out'];
const EMBEDDINGS = ['embed', 'pos_embed'];
const CLOSE = 1e-3; // of the largest value: sums of floats in another order, cached keys of 16 bits

/** Row `position` of a tap, and of which positions it has rows. @param {any} tap @param {number} row */
function rowOf(tap, row) {
  const rows = tap.shape[0];
  if (!(row < rows))
    throw badArgument(`the tap ${tap.name} has ${rows} rows, so none at ${row}`, 'position');
  const size = tap.data.length / rows;
  return tap.data.subarray(row * size, (row + 1) * size);
}

/** The taps of a place. @param {any[]} taps @param {string} short @returns {any[]} */
const tapsOf = (taps, short) => taps.filter((tap) => tap?.short === short);

/**
 * Whether two vectors are equal up to rounding.
 * @param {ArrayLike<number>} a @param {ArrayLike<number>} b @param {ArrayLike<number>} scale a vector of usual size
 */
function equal(a, b, scale = a) {
  let [worst, largest] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    worst = Math.max(worst, Math.abs(a[i] - b[i]));
    largest = Math.max(largest, Math.abs(scale[i]));
  }
  return worst <= CLOSE * largest;
}

/** @param {ArrayLike<number>[]} vectors @param {number} n */
const sumOf = (vectors, n) =>
  Float64Array.from({ length: n }, (_, i) => vectors.reduce((sum, v) => sum + v[i], 0));

/** The stream before block 0: the embeddings, if they are all of it. @param {any[]} taps @param {number} row @returns {Part[]} */
function startOf(taps, row) {
  const first = tapsOf(taps, 'resid_pre').find((tap) => tap.layer === 0);
  if (!first) throw badArgument("the run needs a tap of 'resid_pre' of layer 0", 'run');
  const vector = rowOf(first, row);
  const found = EMBEDDINGS.flatMap((name) => tapsOf(taps, name));
  const parts = found.map((tap) => ({ name: tap.short, vector: rowOf(tap, row) }));
  const sum = sumOf(
    parts.map((part) => part.vector),
    vector.length,
  );
  // Some models normalise their embeddings.
  return found.length && equal(vector, sum) ? parts : [{ name: 'resid_pre', layer: 0, vector }];
}

/**
 * One block's heads, from a tap of 'result', and what its attn_out adds to them: the bias of the output.
 * @param {any} tap @param {any} out the tap of attn_out of the block @param {number} row
 * @returns {Part[]}
 */
function headsOf(tap, out, row) {
  const heads = tap.shape.length === 3 ? tap.shape[1] : 1;
  const partsAt = (/** @type {number} */ at) => {
    const all = rowOf(tap, at); // [heads][width], or one head's [width]
    const width = all.length / heads;
    return Array.from({ length: heads }, (_, h) => all.subarray(h * width, (h + 1) * width));
  };
  const part = { name: 'result', layer: tap.layer };
  const parts = partsAt(row).map((vector, h) => ({ ...part, head: tap.head ?? h, vector }));
  if (tap.shape.length !== 3) return parts;
  const restAt = (/** @type {number} */ at) => {
    const whole = rowOf(out, at);
    const sum = sumOf(partsAt(at), whole.length);
    return Float64Array.from(whole, (x, i) => x - sum[i]);
  };
  const rest = restAt(row);
  if (!equal(rest, restAt(row ? 0 : tap.shape[0] - 1), rowOf(out, row)))
    throw badArgument(
      `attention of block ${tap.layer} is followed by a norm or a scale, so its heads ('result') have no share of ` +
        'the logit; leave their taps out',
      'run',
    );
  const zero = equal(rest, new Float64Array(rest.length), rowOf(out, row));
  return zero ? parts : [...parts, { name: 'attn_bias', layer: tap.layer, vector: rest }];
}

/** @param {any[]} taps @param {number} row @param {import('../jielong.js').ModelInfo} info @returns {Part[]} */
function sublayersOf(taps, row, { layers, sites }) {
  // A Mamba block has no feed-forward sublayer.
  const names = SUBLAYERS.filter((name) => sites.some(({ short }) => short === name));
  const parts = names
    .flatMap((name) =>
      tapsOf(taps, name).map((tap) => ({ name, layer: tap.layer, vector: rowOf(tap, row) })),
    )
    .sort((a, b) => a.layer - b.layer);
  for (const name of names) {
    const found = parts.filter((part) => part.name === name).length;
    if (found !== layers)
      throw badArgument(
        `the run needs taps of '${name}' of all ${layers} blocks, found ${found}`,
        'run',
      );
  }
  return parts;
}

/**
 * Direct logit attribution of one position of a run: what the embedding, each attention and each feed-forward
 * sublayer adds to the logit of token `id` (to its difference to that of `against`), and what each head adds, if
 * the run has taps of 'result'. The run needs taps of 'resid_pre' of layer 0, of 'attn_out' and 'mlp_out' of all
 * layers, and of 'ln_final.scale', where the model has them; with 'embed' (and 'pos_embed'), these replace resid_pre.
 * @param {Model} model
 * @param {{ taps: any[] }} run the result of session.run()
 * @param {{ id: number, against?: number, position?: number }} options position: a row of the taps; default: the last
 * @returns {Promise<Attribution>} contributions + constant = total = the logit, or the difference
 */
export async function attribution(model, run, options) {
  const rules = { id: COUNT, against: COUNT, position: COUNT };
  const { id, against, position } = checkOptions('attribution', options, rules);
  if (id === undefined) throw badArgument('attribution needs the id of a token', 'id');
  const taps = Array.isArray(run?.taps) ? run.taps : [];
  const scaleTap = tapsOf(taps, 'ln_final.scale')[0];
  const unembedding = await model.unembedding();
  refuseCap(unembedding);
  if (unembedding.norm && !scaleTap)
    throw badArgument("the run needs a tap of 'ln_final.scale'", 'run');
  const rowsOfTap = (scaleTap ?? taps[0])?.shape[0] ?? 0;
  const row = position ?? rowsOfTap - 1;
  const { embeddingLength: width } = model.info;
  const parts = [...startOf(taps, row), ...sublayersOf(taps, row, model.info)];
  const ids = against === undefined ? [id] : [id, against];
  const { data } = await model.embeddings(ids, { table: 'output' });
  const direction = Float64Array.from(
    { length: width },
    (_, i) => data[i] - (against === undefined ? 0 : data[width + i]),
  );
  const bias = (/** @type {number | undefined} */ token) =>
    token === undefined ? 0 : (unembedding.outputBias?.[token] ?? 0);
  const given = { direction, unembedding, outputBias: bias(id) - bias(against) };
  const scale = scaleTap ? rowOf(scaleTap, row)[0] : 1;
  const outs = tapsOf(taps, 'attn_out');
  const shares = tapsOf(taps, 'result').flatMap((tap) =>
    headsOf(
      tap,
      outs.find((out) => out.layer === tap.layer),
      row,
    ),
  );
  const { contributions: heads } = attribute({ ...given, parts: shares, scale });
  return { ...attribute({ ...given, parts, scale }), heads };
}
