/**
 * ranks.js - a fixed number of lines, each with a label, a bar and a value. Lines without data are empty, so that
 * the height never changes.
 */
import { make } from './dom.js';

/**
 * @typedef {object} Rank
 * @property {string} label
 * @property {string} text the value for people
 * @property {number} share of the bar's length, 0 to 1
 * @property {string} [source] of the value
 * @property {boolean} [chosen]
 * @property {boolean} [plain] the label is words, not a token
 */

/** Rules for the style sheet of an element with such lines. */
export const RANKS = `
.ranks { display: grid; grid-template-columns: fit-content(60%) minmax(3rem, 1fr) max-content; column-gap: 0.625rem; align-items: center; margin: 0; padding: 0; list-style: none; }
.rank { display: grid; grid-template-columns: subgrid; grid-column: 1 / -1; align-items: center; min-height: 1.625rem; font-size: 0.875rem; }
.rank > .chip { overflow: hidden; text-overflow: ellipsis; justify-self: start; max-width: 100%; }
.rank > .chosen { font-weight: 600; }
.rank:empty { visibility: hidden; }
`;

/**
 * Fills a list.
 * @param {HTMLElement} list @param {Rank[]} ranks @param {number} count lines in all
 */
export function drawRanks(list, ranks, count) {
  list.className = 'ranks';
  while (list.children.length < count) list.append(make('li', { className: 'rank' }));
  while (list.children.length > count) list.lastElementChild?.remove();
  for (const [i, line] of [...list.children].entries())
    line.replaceChildren(...(i < ranks.length ? lineOf(ranks[i]) : []));
}

/** @param {Rank} rank */
function lineOf({ label, text, share, source, chosen, plain }) {
  const bar = make('div', { className: 'bar' });
  bar.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
  const value = make('span', { className: 'numbers' }, text);
  if (source) value.dataset.source = source;
  return [
    make('span', { className: `${plain ? '' : 'chip'}${chosen ? ' chosen' : ''}` }, label),
    make('div', {}, bar),
    value,
  ];
}
