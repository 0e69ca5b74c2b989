/**
 * counts.js - how often each token occurs in the training text of an included model: what predictions are compared with.
 *
 * The table has the most frequent tokens; all others have the same share of the rest.
 */
import { TABLES } from './unigrams.js';

/** @typedef {{ ids: number[], shares: number[], rest: number, others: number }} Counts rest: share of each of the others */

/** Token counts of a model's training text; undefined: it is not an included model. @param {import('./jielong.js').ModelInfo} info @returns {Counts | undefined} */
export function countsOf(info) {
  const table = TABLES.find(({ name, size }) => name === info.name && size === info.vocabularySize);
  if (!table) return undefined;
  const [ids, millionths] = [table.ids, table.millionths].map((list) =>
    list.split(' ').map(Number),
  );
  const shares = millionths.map((n) => n / 1e6);
  const others = info.vocabularySize - ids.length;
  return { ids, shares, rest: (1 - shares.reduce((a, b) => a + b, 0)) / others, others };
}

/** Mean loss of the tokens after the first, in nats, if only counts are known; null: they are not. @param {import('./jielong.js').ModelInfo} info @param {ArrayLike<number>} ids */
export function countLoss(info, ids) {
  const counts = countsOf(info);
  if (!counts || ids.length < 2) return null;
  const losses = Array.from(
    ids,
    (id) => -Math.log(counts.shares[counts.ids.indexOf(id)] ?? counts.rest),
  );
  return losses.slice(1).reduce((a, b) => a + b, 0) / (ids.length - 1);
}

/** Entropy of the counts, in nats. @param {Counts} counts */
export const countEntropy = ({ shares, rest, others }) =>
  shares.reduce((sum, p) => sum - p * Math.log(p), -others * rest * Math.log(rest));
