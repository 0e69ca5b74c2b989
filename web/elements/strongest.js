/** strongest.js - the strongest keys of one query as a list with bars. */
import { drawRanks, RANKS } from '../ui/ranks.js';

/** Rules of the style sheet. */
export const STRONGEST = `${RANKS}
  .side { flex: 1 1 14rem; min-width: 0; max-width: 32rem; }
  .side .name { margin: 0 0 0.25rem; font-size: 0.875rem; font-weight: 600; min-height: 1.5em; }
  .rest { margin: 0; min-height: 1.5em; font-size: 0.875rem; color: var(--jl-quiet); }`;

export const DIGITS = { minimumFractionDigits: 3, maximumFractionDigits: 3 };
const KEYS = 8;

/**
 * @param {import('./base.js').JlElement} element
 * @param {{ title: HTMLElement, list: HTMLElement, rest: HTMLElement }} parts
 * @param {{ names: string[], row: number, column: number, weight: (key: number) => number,
 *   source: (key: number) => string }} query row: its position; column: the selected key
 */
export function drawStrongest(element, parts, { names, row, column, weight, source }) {
  const { t, format } = element;
  const keys = Array.from({ length: row + 1 }, (_, key) => key);
  const order = keys.sort((a, b) => weight(b) - weight(a));
  parts.title.textContent = t('row', { query: names[row] });
  const lines = order.slice(0, KEYS).map((key) => ({
    label: names[key],
    text: format.number(weight(key), DIGITS),
    share: weight(key),
    source: source(key),
    chosen: key === column,
  }));
  drawRanks(parts.list, lines, Math.min(KEYS, names.length));
  const others = order.slice(KEYS);
  const value = format.number(
    others.reduce((sum, key) => sum + weight(key), 0),
    DIGITS,
  );
  parts.rest.textContent = others.length ? t('rest', { n: others.length, value }) : '';
}
