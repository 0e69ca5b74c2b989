/**
 * working.js - how one attention weight comes about: q·k/√d, then softmax over the keys of a query. The values come
 * from taps; the arithmetic is done here again, so that a reader can check it.
 */

/** @typedef {import('../jielong.js').TapResult} TapResult */
/** @typedef {{ q: TapResult, k: TapResult, scores: TapResult }} Inputs of one block */

/** The taps of a block that its working needs. @param {import('../jielong.js').ModelInfo} info @param {number} layer */
export function workingTaps({ sites }, layer) {
  const has = (/** @type {string} */ short) =>
    sites.some((site) => site.short === short && site.layers?.includes(layer));
  const [q, k] = has('rot_q') && has('rot_k') ? ['rot_q', 'rot_k'] : ['q', 'k'];
  return [q, k, 'attn_scores'].map((name) => ({ name, layer }));
}

/** One row of a tap [token, head, feature]. @param {TapResult} tap @param {number} token @param {number} head */
function rowOf({ shape: [, heads, size], data }, token, head) {
  const at = (token * heads + head) * size;
  return data.subarray(at, at + size);
}

/**
 * The working of one weight.
 * @param {Inputs} inputs @param {number} heads of queries @param {number} head @param {number} query @param {number} key
 */
export function workingOf({ q, k, scores }, heads, head, query, key) {
  const keyHead = Math.floor((head * k.shape[1]) / heads); // several heads may share keys
  const [a, b] = [rowOf(q, query, head), rowOf(k, key, keyHead)];
  const dot = a.reduce((sum, x, i) => sum + x * b[i], 0);
  const score = dot / Math.sqrt(a.length);
  const n = scores.shape[2];
  const row = scores.data.subarray((head * n + query) * n, (head * n + query) * n + query + 1);
  const max = row.reduce((m, x) => Math.max(m, x), -Infinity);
  const exp = Math.exp(row[key] - max);
  const sum = row.reduce((s, x) => s + Math.exp(x - max), 0);
  /** Whether the model's score is q·k/√d: some add a bias of distance, a cap or another scale. */
  const plain = Math.abs(score - row[key]) <= 1e-4 * Math.max(1, Math.abs(score));
  return {
    q: a,
    k: b,
    keyHead,
    names: [q.short, k.short],
    dot,
    size: a.length,
    score,
    given: row[key],
    plain,
    max,
    exp,
    sum,
    weight: exp / sum,
  };
}
