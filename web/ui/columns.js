/**
 * columns.js - a table of short texts with colours, of which one column is selected: by a click, or by arrow keys on its
 * heading. It scrolls sideways; the names of rows stay in sight.
 */
import { make } from './dom.js';

/** Rules of the style sheet. */
export const COLUMNS = `
  .map { overflow-x: auto; }
  .map table { border-collapse: separate; border-spacing: 0; font-size: 0.8125rem; min-width: 100%; }
  .map td, .map th { padding: 0 0.25rem; border: 0; text-align: center; height: 1.75rem; font-family: var(--jl-mono); max-width: 6.5rem; overflow: hidden; text-overflow: ellipsis; }
  .map th:first-child { position: sticky; left: 0; z-index: 1; background: var(--jl-paper); color: var(--jl-quiet); font-family: var(--jl-sans); padding-inline: 0 0.5rem; }
  .map td { cursor: pointer; border: 1px solid var(--jl-paper); }
  .map td.final { text-decoration: underline 2px var(--jl-accent); text-underline-offset: 0.2em; }
  .map .chosen:is(td, th) { border-inline: 2px solid var(--jl-accent); }
  .map button { font-size: inherit; width: 100%; overflow: hidden; text-overflow: ellipsis; outline-offset: -2px; }
  @media print { .map { overflow: visible; } .map table { font-size: 0.625rem; } }`;

/**
 * @typedef {object} Columns
 * @property {string} corner what the rows are
 * @property {string[]} names of the columns
 * @property {number} rows
 * @property {number} chosen index of a column
 * @property {(row: number, column: number) => { label: string, p: number, final: boolean, source: string }} cell
 *   final: underlined
 */

/** @param {HTMLElement} box @param {Columns} columns */
export function drawColumns(box, { corner, names, rows, chosen, cell }) {
  const root = /** @type {ShadowRoot} */ (box.getRootNode());
  const focused = !!root.activeElement && box.contains(root.activeElement);
  const { scrollLeft } = box;
  /** @template {HTMLElement} E @param {E} node @param {number} i @returns {E} */
  const placed = (node, i) => {
    node.dataset.column = String(i);
    node.classList.toggle('chosen', i === chosen);
    return node;
  };
  const heads = names.map((name, i) => {
    const button = make('button', { type: 'button', className: 'chip' }, name);
    button.tabIndex = i === chosen ? 0 : -1;
    if (i === chosen) button.setAttribute('aria-current', 'true');
    return placed(make('th', { scope: 'col' }, button), i);
  });
  const lines = Array.from({ length: rows }, (_, row) => {
    const cells = names.map((_, i) => {
      const { label, p, final, source } = cell(row, i);
      const made = make('td', { className: final ? 'final' : '' }, label);
      made.dataset.source = source;
      const share = Math.round(60 * p);
      made.style.background = `color-mix(in srgb, var(--jl-heat-2) ${share}%, var(--jl-paper))`;
      return placed(made, i);
    });
    return make('tr', {}, make('th', { scope: 'row' }, String(row)), ...cells);
  });
  const first = make('th', { scope: 'col' }, corner);
  const head = make('thead', {}, make('tr', {}, first, ...heads));
  box.className = 'map';
  box.replaceChildren(make('table', {}, head, make('tbody', {}, ...lines)));
  box.scrollLeft = scrollLeft;
  reveal(box, heads[chosen], first.offsetWidth);
  if (focused) heads[chosen].querySelector('button')?.focus({ preventScroll: true });
}

/** Scrolls sideways until a column is in sight. @param {HTMLElement} box @param {HTMLElement} head @param {number} covered px at the left */
function reveal(box, head, covered) {
  const [left, right] = [head.offsetLeft - covered, head.offsetLeft + head.offsetWidth];
  if (left < box.scrollLeft) box.scrollLeft = left;
  else if (right > box.scrollLeft + box.clientWidth) box.scrollLeft = right - box.clientWidth;
}

/** Calls `select` with the column that is clicked, or reached by a key. @param {HTMLElement} box @param {(column: number) => void} select */
export function onColumn(box, select) {
  /** @param {EventTarget | null} node */
  const columnAt = (node) => {
    const at = /** @type {HTMLElement} */ (node).closest('[data-column]');
    return at ? Number(/** @type {HTMLElement} */ (at).dataset.column) : -1;
  };
  box.addEventListener('click', (event) => {
    if (columnAt(event.target) >= 0) select(columnAt(event.target));
  });
  box.addEventListener('keydown', (event) => {
    const [at, last] = [
      columnAt(event.target),
      box.querySelectorAll('thead [data-column]').length - 1,
    ];
    /** @type {Record<string, number>} */
    const moves = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last };
    const to = moves[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    if (to >= 0 && to <= last) select(to);
  });
}
