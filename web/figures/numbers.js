/** numbers.js - sums over rows of numbers that several figures take: products, softmax, the largest. In double precision. */

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** The cosine of the angle between two vectors; 0 if one is zero. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export const cosine = (a, b) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b) || 1);

/** ln Σ e^(x · scale), without overflow. @param {ArrayLike<number>} row @param {number} [scale] */
export function logSum(row, scale = 1) {
  let max = -Infinity;
  for (let i = 0; i < row.length; i++) max = Math.max(max, row[i]);
  let sum = 0;
  for (let i = 0; i < row.length; i++)
    if (row[i] > -Infinity) sum += Math.exp((row[i] - max) * scale);
  return max * scale + Math.log(sum);
}

/** @param {ArrayLike<number>} row */
export function softmax(row) {
  const all = logSum(row);
  return Float64Array.from(row, (x) => Math.exp(x - all));
}

/** The index of the largest, the first of equals. @param {ArrayLike<number>} row */
export const best = (row) => largest(row, 1)[0];

/** The indices of the n largest, in order; the first of equals first. @param {ArrayLike<number>} row @param {number} n */
export function largest(row, n) {
  /** @type {number[]} */ const top = [];
  for (let i = 0; i < row.length; i++) {
    if (top.length === n && !(row[i] > row[top[n - 1]])) continue;
    let at = Math.min(top.length, n - 1);
    for (; at > 0 && row[top[at - 1]] < row[i]; at--) top[at] = top[at - 1];
    top[at] = i;
  }
  return top;
}

/** Number of cells on and under the diagonal of n rows: where row n of a lower triangle begins. @param {number} n */
export const triangle = (n) => (n * (n + 1)) / 2;
