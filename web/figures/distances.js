/** distances.js - which tokens two texts share at begin and end, and how far their hidden states lie apart. */
import { cosine } from './numbers.js';

/** streams: [depth][token, feature]. @typedef {{ ids: Int32Array, streams: Float32Array[] }} Evaluated */

/** Positions of the common begin and end. @param {Int32Array} a @param {Int32Array} b @returns {[number, number][]} */
export function pairsOf(a, b) {
  const least = Math.min(a.length, b.length);
  let begin = 0;
  while (begin < least && a[begin] === b[begin]) begin++;
  let end = 0;
  while (end < least - begin && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const first = Array.from({ length: begin }, (_, i) => [i, i]);
  const last = Array.from({ length: end }, (_, i) => [a.length - end + i, b.length - end + i]);
  return /** @type {[number, number][]} */ ([...first, ...last]);
}

/** How far the hidden states of each pair lie apart. @param {Evaluated} a @param {Evaluated} b @param {[number, number][]} pairs */
export function distances(a, b, pairs) {
  const depths = a.streams.length;
  const width = a.streams[0].length / a.ids.length;
  const cosines = new Float32Array(pairs.length * depths);
  const apart = pairs.map(([i, j], p) => {
    let first = -1;
    for (let d = 0; d < depths; d++) {
      const x = a.streams[d].subarray(i * width, (i + 1) * width);
      const y = b.streams[d].subarray(j * width, (j + 1) * width);
      const equal = x.every((value, k) => value === y[k]);
      if (!equal && first < 0) first = d;
      cosines[p * depths + d] = equal ? 1 : cosine(x, y);
    }
    return first;
  });
  return { depths, cosine: cosines, apart };
}
