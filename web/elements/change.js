/** change.js - a table of what an edit changes: loss and next token, before, after, and the difference. */
import { make } from '../ui/dom.js';

/** Rules of the style sheet. */
export const CHANGE = `
  .change { width: 100%; }
  .change :is(td, th) { text-align: end; padding: 0.25rem 0 0.25rem 0.5rem; height: 1.875rem; }
  .change :is(td, th):first-child { text-align: start; padding-inline-start: 0; white-space: normal; overflow-wrap: anywhere; }
  .change .twin { width: 25%; }
  .change .twin i { display: block; height: 0.375rem; background: var(--jl-edge); }
  .change .twin i + i { background: var(--jl-heat-2); margin-top: 1px; }`;

/** @typedef {import('../figures/heads.js').Change} Change */

const ROWS = 6; // tokens
const NATS = { minimumFractionDigits: 3, maximumFractionDigits: 3 };
const ONE = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
const SIGNED = /** @type {const} */ ({ signDisplay: 'exceptZero' });

/**
 * @param {import('./base.js').JlElement} element @param {HTMLTableElement} table @param {Change} change
 * @param {boolean} known whether `after` belongs to the selected head
 */
export function drawChange({ t, format }, table, change, known) {
  const edit = `${change.edit} z[${change.layer},${change.head}]`;
  /** @param {string} text @param {string} [source] */
  const cell = (text, source) => {
    const made = make('td', { className: 'numbers' }, text);
    if (source) made.dataset.source = source;
    return made;
  };
  /** @param {string} name @param {[number, number]} values @param {string} source @param {(x: number) => string} say @param {(x: number) => string} by says the difference */
  const line = (name, [before, after], source, say, by) => [
    make('th', { scope: 'row', className: source === 'logits' ? 'chip' : '' }, name),
    cell(say(before), source),
    cell(known ? say(after) : '–', `${source}; ${edit}`),
    cell(known ? by(after - before) : '–'),
  ];
  const nats = (/** @type {number} */ x) => format.number(x, NATS);
  const more = (/** @type {number} */ x) => format.number(x, { ...NATS, ...SIGNED });
  const points = (/** @type {number} */ x) => format.number(100 * x, { ...ONE, ...SIGNED });
  const heads = ['what', 'before', 'after', 'difference'].map((name) =>
    make('th', { scope: 'col' }, t(`change.${name}`)),
  );
  const rows = change.top.slice(0, ROWS).map(({ token, before, after }) => {
    const bars = make(
      'td',
      { className: 'twin', ariaHidden: 'true' },
      bar(before),
      bar(known ? after : 0),
    );
    return make(
      'tr',
      {},
      ...line(token.label, [before, after], 'logits', format.percent, points),
      bars,
    );
  });
  const loss = change.loss
    ? line(t('change.loss'), change.loss, 'loss', nats, more)
    : [make('th', { scope: 'row' }, t('change.noLoss'))];
  table.className = 'change';
  table.replaceChildren(
    make('thead', {}, make('tr', {}, ...heads, make('td'))),
    make('tbody', {}, make('tr', {}, ...loss), ...rows),
  );
}

/** @param {number} share */
function bar(share) {
  const made = make('i');
  made.style.width = `${100 * share}%`;
  return made;
}
