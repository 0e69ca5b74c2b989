/**
 * heads-parts.js - the places, kinds and table of jl-heads, and the working of a head's scores.
 */
import { KINDS } from '../figures/heads.js';
import { fiveDigits } from './working.js';

/** @typedef {import('../figures/heads.js').HeadsView} View */

export const DIGITS = { minimumFractionDigits: 2, maximumFractionDigits: 2 };

/** The block and head of an index. @param {View} view @param {number} index */
export const placeOf = (view, index) => ({
  layer: view.layers[Math.floor(index / view.heads)],
  head: index % view.heads,
});

/** The kind of a head, if it has a label. @param {View} view @param {number} index */
export function kindOf(view, index) {
  const { layer, head } = placeOf(view, index);
  return view.labels.find((one) => one.layer === layer && one.head === head)?.kind;
}

/** @param {import('./base.js').JlElement} element @param {View} view @param {number[]} order @returns {import('./frame.js').Twin} */
export function headsTable({ t, format }, view, order) {
  const rows = order.map((i) => {
    const kind = kindOf(view, i);
    const scores = [...KINDS, 'entropy'].map((of) => ({
      text: format.number(view.scores[of][i], DIGITS),
      source: `headScores ${of}`,
    }));
    return [t('chosen', placeOf(view, i)), ...scores, kind ? t(`kind.${kind}`) : ''];
  });
  const names = KINDS.map((kind) => t(`sort.${kind}`));
  return { columns: [t('label.head'), ...names, t('twin.entropy'), t('twin.label')], rows };
}

/**
 * The scores of the computed head, as means of the attention of each scored token.
 * @param {import('./base.js').JlElement} element @param {View} view
 * @returns {import('./working.js').Working | undefined}
 */
export function headWorking(element, { shares, change: { layer, head } }) {
  if (!shares) return undefined;
  const { t } = element;
  const say = fiveDigits(element);
  const n = shares.names.length;
  const names = KINDS.map((kind) => t(`sort.${kind}`));
  const lines = KINDS.map((kind, i) => {
    const sum = shares.kinds[kind].reduce((a, b) => a + b, 0);
    const text = `${names[i]}: Σ / ${n} = ${say(sum)} / ${n} = ${say(sum / n)}`;
    return { text, source: `headScores ${kind}` };
  });
  const rows = shares.names.map(({ label }, i) => [
    label,
    ...KINDS.map((kind) => say(shares.kinds[kind][i])),
  ]);
  return {
    lines,
    twin: { columns: [t('label.token'), ...names], rows },
    caption: t('chosen', { layer, head }),
  };
}
