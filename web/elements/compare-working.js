/**
 * compare-working.js - how jl-compare's difference of losses comes about: logits and their log-sums on both sides.
 */
import { shown } from '../ui/pairs.js';
import { changeOf } from './compare-picture.js';
import { fiveDigits } from './working.js';

/** @typedef {import('../figures/compare.js').CompareView} View */
/** @typedef {import('./working.js').Working} Working */

/**
 * @param {import('./base.js').JlElement} element @param {View} view @param {number} chosen a pair
 * @returns {Working | undefined}
 */
export function compareWorking(element, view, chosen) {
  const { sides, pairs, parts, from } = view;
  if (!parts || view.encoder) return undefined;
  const { t } = element;
  const say = fiveDigits(element);
  const source = (/** @type {number} */ side, /** @type {number} */ i) =>
    `logits[${i - 1},${sides[side].tokens[i].id}]`;
  const line = (/** @type {number} */ side, /** @type {number} */ i) => {
    const { sum, logit } = parts[side][i - 1];
    const text = `${'AB'[side]}: −ln p = ln Σ e^logit − logit = ${say(sum)} − ${say(logit)} = ${say(sum - logit)}`;
    return { text, source: source(side, i) };
  };
  const pair = pairs[chosen];
  const change = pair && changeOf(view, pair);
  const lines = /** @type {Working['lines']} */ ([]);
  if (pair && change !== undefined) {
    const [b, a] = [sides[1].loss[pair[1] - 1], sides[0].loss[pair[0] - 1]];
    const text = `B − A = ${say(b)} − ${say(a)} = ${say(change)}`;
    lines.push(t('working.of', { token: shown(sides[0].tokens[pair[0]]) }));
    lines.push(line(0, pair[0]), line(1, pair[1]), { text, source: source(1, pair[1]) });
  } else lines.push(t('working.none'));
  for (const [side, { loss, mean }] of sides.entries()) {
    if (mean === null) continue;
    const counted = loss.slice(from);
    const sum = counted.reduce((a, b) => a + b, 0);
    const text = `${t('working.mean', { side: 'AB'[side] })}: ${say(sum)} / ${counted.length} = ${say(mean)}`;
    lines.push({ text, source: `logits ${'AB'[side]}` });
  }
  const rows = sides.flatMap(({ tokens, loss }, side) =>
    loss.map((x, i) => [
      `${'AB'[side]} ${shown(tokens[i + 1])}`,
      say(parts[side][i].sum),
      { text: say(parts[side][i].logit), source: source(side, i + 1) },
      say(x),
    ]),
  );
  const columns = [t('twin.token'), 'ln Σ e^logit', 'logit', '−ln p'];
  return { lines, twin: { columns, rows }, caption: t('working.inputs') };
}
