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

/** Parts that sum to the last stream. 'resid_pre' of block 0 replaces the embeddings where it was tapped. */
const SUBLAYERS = ['attn_out', 'mlp_out'];
const STARTS = ['embed', 'pos_embed'];

/** Row `position` of a tap, and of which positions it has rows. @param {any} tap @param {number} row */
function rowOf(tap, row) {
  const rows = tap.shape[0];
  if (!(row < rows))
    throw badArgument(`the tap ${tap.name} has ${rows} rows, so none at ${row}`, 'position');
  const size = tap.data.length / rows;
  return tap.data.subarray(row * size, (row + 1) * size);
}

/** The taps of a place. @param {any[]} taps @param {string} short @returns {any[]} */
const tapsOf = (taps, short) => taps.filter((tap) => tap.short === short);

/** @param {any[]} taps @param {number} row @returns {Part[]} */
function startOf(taps, row) {
  const first = tapsOf(taps, 'resid_pre').find((tap) => tap.layer === 0);
  if (first) return [{ name: 'resid_pre', layer: 0, vector: rowOf(first, row) }];
  const found = STARTS.flatMap((name) => tapsOf(taps, name));
  if (!found.some((tap) => tap.short === 'embed'))
    throw badArgument("the run needs a tap of 'embed' (or 'resid_pre' of layer 0)", 'run');
  return found.map((tap) => ({ name: tap.short, vector: rowOf(tap, row) }));
}

/** The heads' shares of attn_out, from taps of 'result'. @param {any[]} taps @param {number} row @returns {Part[]} */
function headsOf(taps, row) {
  return tapsOf(taps, 'result').flatMap((tap) => {
    const all = rowOf(tap, row); // [heads][width], or one head's [width]
    const heads = tap.shape.length === 3 ? tap.shape[1] : 1;
    const width = all.length / heads;
    return Array.from({ length: heads }, (_, h) => ({
      name: 'result',
      layer: tap.layer,
      head: tap.head ?? h,
      vector: all.subarray(h * width, (h + 1) * width),
    }));
  });
}

/** @param {any[]} taps @param {number} row @param {number} layers @returns {Part[]} */
function sublayersOf(taps, row, layers) {
  const parts = SUBLAYERS.flatMap((name) =>
    tapsOf(taps, name).map((tap) => ({ name, layer: tap.layer, vector: rowOf(tap, row) })),
  ).sort((a, b) => a.layer - b.layer);
  for (const name of SUBLAYERS) {
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
 * the run has taps of 'result'. The run needs taps of 'embed' ('pos_embed' too where the model has it; or
 * 'resid_pre' of layer 0), 'attn_out' and 'mlp_out' of all layers, and 'ln_final.scale'.
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
  const { layers, embeddingLength: width } = model.info;
  const parts = [...startOf(taps, row), ...sublayersOf(taps, row, layers)];
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
  const { contributions: heads } = attribute({ ...given, parts: headsOf(taps, row), scale });
  return { ...attribute({ ...given, parts, scale }), heads };
}
