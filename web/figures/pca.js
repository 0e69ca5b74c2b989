/**
 * pca.js - the two directions in which rows of numbers differ most (principal component analysis).
 *
 * The rows are few and long, so it takes the eigenvectors of their n × n products, by power iteration.
 */
import { dot } from './numbers.js';

const ROUNDS = 2000;
const SMALL = 1e-12; // of the largest value

/** The largest eigenvalue and its unit vector of a symmetric matrix. @param {Float64Array[]} matrix */
function largest(matrix) {
  const n = matrix.length;
  const start = matrix.reduce((best, row, i) => (row[i] > matrix[best][best] ? i : best), 0);
  let vector = Float64Array.from(matrix[start]);
  let value = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const length = Math.sqrt(dot(vector, vector));
    if (!(length > 0)) return { value: 0, vector: new Float64Array(n) };
    vector = vector.map((x) => x / length);
    const next = Float64Array.from(matrix, (row) => dot(row, vector));
    const gone = next.reduce((sum, x, i) => sum + (x - length * vector[i]) ** 2, 0);
    value = dot(next, vector);
    if (round && gone <= (SMALL * length) ** 2) break;
    vector = next;
  }
  const length = Math.sqrt(dot(vector, vector));
  return { value, vector: vector.map((x) => x / length) };
}

/**
 * @param {Float32Array[]} rows at least one
 * @returns {{ project: (row: Float32Array) => [number, number], share: [number, number] }} share: of the variance
 */
export function principal(rows) {
  const mean = Float64Array.from(
    rows[0],
    (_, i) => rows.reduce((s, row) => s + row[i], 0) / rows.length,
  );
  const centred = rows.map((row) => Float64Array.from(row, (x, i) => x - mean[i]));
  const products = centred.map((a) => Float64Array.from(centred, (b) => dot(a, b)));
  const total = products.reduce((sum, row, i) => sum + row[i], 0);
  const axes = [0, 1].map(() => {
    const { value, vector } = largest(products);
    products.forEach((row, i) => {
      row.forEach((_, j) => {
        row[j] -= value * vector[i] * vector[j];
      });
    });
    const far = vector.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
    const scale = value > SMALL * total ? Math.sign(far) / Math.sqrt(value) : 0;
    const axis = Float64Array.from(mean, (_, i) =>
      centred.reduce((sum, row, k) => sum + scale * vector[k] * row[i], 0),
    );
    return { axis, share: total > 0 ? value / total : 0 };
  });
  return {
    project: (row) => {
      const x = Float64Array.from(row, (v, i) => v - mean[i]);
      return [dot(x, axes[0].axis), dot(x, axes[1].axis)];
    },
    share: [axes[0].share, axes[1].share],
  };
}
