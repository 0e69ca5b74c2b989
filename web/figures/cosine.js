/** cosine.js - how the cosine of two rows of numbers is computed, with all the numbers. */
import { dot } from './numbers.js';

/**
 * @typedef {object} Row
 * @property {ArrayLike<number>} row
 * @property {string} label
 * @property {string} source of the row
 */

/**
 * The working as data: a row per dimension, and the values of the last line.
 * @param {Row} a @param {Row} b @param {(value: number) => string} show
 */
export function cosineOfRows(a, b, show) {
  const [product, x, y] = [dot(a.row, b.row), ...[a, b].map(({ row }) => Math.sqrt(dot(row, row)))];
  const rows = Array.from(a.row, (value, k) => [
    String(k),
    { text: show(value), source: `${a.source}[${k}]` },
    { text: show(b.row[k]), source: `${b.source}[${k}]` },
    show(value * b.row[k] || 0),
  ]);
  const cosine = product / (x * y || 1);
  const values = { product: show(product), x: show(x), y: show(y), cosine: show(cosine) };
  return { rows, values: { a: a.label, b: b.label, ...values }, cosine };
}
