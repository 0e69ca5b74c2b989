/**
 * frame.js - the DOM around a figure's picture: title, picture, controls, status, table and export.
 *
 * Knows no model and no state; base.js fills it.
 */
import { make } from '../ui/dom.js';
import { MAX_TEXT } from './settings.js';

/** @typedef {ReturnType<typeof createFrame>} Frame */
/** @typedef {(key: string, values?: Record<string, string | number>) => string} Say */

/**
 * @param {ShadowRoot} root
 * @param {'line' | 'area' | null} input kind of the text field
 */
export function createFrame(root, input) {
  const title = make('figcaption');
  const enlarge = make('button', { type: 'button', className: 'plain enlarge' });
  const body = make('div', { className: 'body' });
  const field = make(input === 'area' ? 'textarea' : 'input', {
    autocomplete: 'off',
    maxLength: MAX_TEXT,
  });
  field.setAttribute('spellcheck', 'false');
  const start = make('button', { type: 'button', className: 'primary start' });
  const stop = make('button', { type: 'button', className: 'stop' });
  const ask = make('div', { className: 'ask' }); // not a form: sandboxed frames submit none
  if (input) ask.append(make('label', {}, field));
  ask.append(make('span', { className: 'go' }, start, stop));
  const own = make('div', { className: 'controls own' });
  const badge = make('span', { className: 'badge' });
  const said = make('span', {});
  said.setAttribute('role', 'status');
  const progress = make('span', { ariaHidden: 'true' });
  const status = make('p', { className: 'status' }, badge, said, progress);
  const more = make('details', { className: 'more' });
  const moreTitle = make('summary');
  const moreBody = make('div');
  more.append(moreTitle, moreBody);
  const figure = make(
    'figure',
    {},
    make('div', { className: 'head' }, title, enlarge),
    body,
    own,
    make('div', { className: 'controls' }, ask),
    status,
    more,
  );
  root.replaceChildren(figure);
  return {
    figure,
    title,
    enlarge,
    body,
    field,
    /** The text that was last written into the field. */ written: '',
    ask,
    start,
    stop,
    own,
    badge,
    said,
    progress,
    more,
    moreTitle,
    moreBody,
  };
}

/** @typedef {{ text: string, source?: string } | string} Cell */
/** @typedef {{ columns: string[], rows: Cell[][] }} Twin a table with the values of the picture; a row begins with its name */

/** @param {Cell} cell */
export const textOf = (cell) => (typeof cell === 'string' ? cell : cell.text);

/** @param {Cell} cell @param {number} i */
function cellElement(cell, i) {
  const element = make(i ? 'td' : 'th', {}, textOf(cell));
  if (!i) element.setAttribute('scope', 'row');
  if (typeof cell !== 'string' && cell.source) element.dataset.source = cell.source;
  return element;
}

/** The table of a twin. @param {Twin} twin @param {string} caption */
export function tableOf({ columns, rows }, caption) {
  const heads = columns.map((name) => make('th', { scope: 'col' }, name));
  const lines = rows.map((row) => make('tr', {}, ...row.map(cellElement)));
  return make(
    'table',
    {},
    make('caption', {}, caption),
    make('thead', {}, make('tr', {}, ...heads)),
    make('tbody', {}, ...lines),
  );
}

/** A box that scrolls, reached by Tab. @param {HTMLElement} content @param {string} label */
export function scrolling(content, label) {
  const box = make('div', { className: 'scroll', tabIndex: 0 }, content);
  box.setAttribute('role', 'region');
  box.setAttribute('aria-label', label);
  return box;
}

/**
 * Puts children only where they differ, so that the focus stays.
 * @param {Element} parent @param {Node[]} children
 */
export function fill(parent, children) {
  if (
    children.length === parent.childNodes.length &&
    children.every((c, i) => c === parent.childNodes[i])
  )
    return;
  parent.replaceChildren(...children);
}
