/** compare-table.js - the values of jl-compare as a table: losses, next tokens, hidden states, continuations. */
import { shown } from '../ui/pairs.js';
import { changeOf } from './compare-picture.js';

/** @typedef {import('../figures/compare.js').CompareView} View */

/**
 * @param {View} view @param {number} chosen a pair @param {import('./compare-picture.js').Words} words
 * @returns {import('./frame.js').Twin}
 */
export function compareTable(view, chosen, { t, nats, signed, percent, depth }) {
  const [a, b] = view.sides;
  const cell = (/** @type {string} */ text, /** @type {string} */ source) => ({ text, source });
  /** Rows of all tokens of a side without a pair, and of pairs. @type {import('./frame.js').Cell[][]} */
  const rows = [];
  const used = [new Set(), new Set()];
  for (const pair of view.pairs) pair.forEach((i, side) => void used[side].add(i));
  const loss = (/** @type {number} */ side, /** @type {number} */ i) =>
    i
      ? cell(
          nats(view.sides[side].loss[i - 1]),
          `logits[${i - 1},${view.sides[side].tokens[i].id}]`,
        )
      : '–';
  a.tokens.forEach((token, i) => {
    const p = view.pairs.findIndex(([x]) => x === i);
    const paired =
      p < 0
        ? ['', '', '']
        : [loss(1, view.pairs[p][1]), signed(changeOf(view, view.pairs[p])), depth(view.apart[p])];
    rows.push([token.label, t('row.loss'), loss(0, i), ...paired]);
  });
  b.tokens.forEach((token, j) => {
    if (!used[1].has(j)) rows.push([token.label, t('row.loss'), '', loss(1, j), '', '']);
  });
  const anchor = (
    /** @type {string} */ name,
    /** @type {(number | null | undefined)[]} */ values,
  ) => {
    const cells = values.map((x) => nats(x ?? undefined));
    if (view.uniform !== undefined && !view.encoder)
      rows.push([t(`anchor.${name}`), t('twin.anchor'), ...cells, '', '']);
  };
  anchor('uniform', [view.uniform, view.uniform]);
  if (a.counts ?? b.counts) anchor('counts', [a.counts, b.counts]);
  for (const c of view.candidates)
    rows.push([
      c.label,
      t('kind.next'),
      percent(c.before),
      percent(c.after),
      signed(100 * (c.after - c.before)),
      '',
    ]);
  for (let d = 0; chosen >= 0 && d < view.depths; d++)
    rows.push([
      shown(a.tokens[view.pairs[chosen][0]]),
      t('kind.cosine', { where: depth(d) }),
      ...['', ''],
      nats(view.cosine[chosen * view.depths + d]),
      d === view.apart[chosen] ? t('apart') : '',
    ]);
  a.next.forEach((token, i) => {
    const mark = i === view.turn ? t('apart') : '';
    rows.push([String(i + 1), t('kind.continued'), token.label, b.next[i]?.label ?? '', mark, '']);
  });
  const columns = [t('twin.token'), t('twin.kind'), 'A', 'B', t('row.change'), t('apart')];
  return { columns, rows };
}
