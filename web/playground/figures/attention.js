/**
 * attention.js - figure 2: the attention of one layer and head as a matrix, from the engine's taps.
 *
 * A second session evaluates the text again, so that the user's session does not change: first the
 * tokens before the shown ones, without taps; then the shown tokens, with taps on all heads of one
 * layer. Another layer rewinds to the first shown token. Pointer or arrow keys select a cell.
 */

import { byId, make } from '../../ui/dom.js';
import { number, time } from '../../ui/format.js';
import { t } from '../../ui/i18n.js';
import { drawMatrix, geometry } from '../../ui/matrix.js';
import { label, pieces } from '../../ui/pieces.js';
import { on, state } from '../state.js';
import { setUpFigure } from './figure.js';

/** @typedef {import('../../jielong.js').Session} Session */

const MAX_TOKENS = 64; // shown
const TWIN = 5; // keys per row of the table

const canvas = byId('attention-canvas', HTMLCanvasElement);
const matrix = byId('attention-matrix', HTMLElement);
const readout = byId('attention-readout', HTMLElement);
const layerSelect = byId('attention-layer', HTMLSelectElement);
const headSelect = byId('attention-head', HTMLSelectElement);
const partSelect = byId('attention-part', HTMLSelectElement);
const twin = byId('attention-twin', HTMLDetailsElement);

/**
 * A matrix of n tokens from position `start` of the text on.
 * @typedef {{ n: number, start: number, labels: string[],
 *   weight: (row: number, column: number) => number }} View
 */
/** @type {View | undefined} */
let view;
let cursor = { row: 0, column: 0 };

/**
 * The second session, and its ids before the shown tokens.
 * @type {{ session: Session, key: string } | undefined}
 */
let probe;
on('model', () => (probe = undefined)); // its engine is closed

/**
 * The second session, with the ids `before` and space for `n` more.
 * @param {import('../../jielong.js').Model} model @param {Int32Array} before @param {number} n
 */
async function prepare(model, before, n) {
  const key = before.join();
  if (probe?.key === key && probe.session.contextLength >= before.length + n) {
    await probe.session.rewind(before.length);
    return probe.session;
  }
  const old = probe?.session;
  probe = undefined;
  await old?.close();
  const session = await model.createSession({ contextLength: before.length + MAX_TOKENS });
  probe = { session, key };
  if (before.length) await session.run(before);
  return session;
}

/** @param {import('./figure.js').Job} job */
async function draw({ model, stale, say }) {
  const { ids } = state;
  fillSelects(model.info.layers, model.info.heads, ids.length);
  const start = partSelect.value === 'last' ? ids.length - MAX_TOKENS : 0;
  const shown = ids.slice(start, start + MAX_TOKENS);
  const layer = Number(layerSelect.value);
  say(t('attention.working', { layer: number(layer), count: number(shown.length) }));

  const began = performance.now();
  const second = await prepare(model, ids.slice(0, start), shown.length);
  const { taps } = await second.run(shown, { taps: [{ name: 'pattern', layer: layer - 1 }] });
  const milliseconds = time((performance.now() - began) / 1000);
  const named = await pieces(model, shown);
  if (stale()) return;

  const n = shown.length;
  /** @param {number} row @param {number} column */
  const weight = (row, column) => {
    const { data, shape } = taps[0];
    const head = Number(headSelect.value) - 1;
    return data[(head * shape[1] + row) * shape[2] + start + column];
  };
  view = { n, start, labels: named.map(label), weight };
  cursor = { row: n - 1, column: 0 };
  const count = number(n);
  status = (head) => {
    const values = {
      model: state.modelName,
      layer: number(layer),
      head: number(head),
      milliseconds,
    };
    const part = partSelect.selectedOptions[0]?.textContent ?? '';
    return n === ids.length
      ? t('attention.status', { ...values, count })
      : t('attention.statusCut', { ...values, part, total: number(ids.length) });
  };
  sayStatus = say;
  show();
}

/** @type {(head: number) => string} */
let status = () => '';
/** @type {(sentence: string) => void} */
let sayStatus = () => {};

/**
 * Lists layers, heads and parts; keeps the selections.
 * @param {number} layers
 * @param {number} heads
 * @param {number} n
 */
function fillSelects(layers, heads, n) {
  fill(layerSelect, range(layers));
  fill(headSelect, range(heads));
  /** @type {[string, string][]} */
  const parts =
    n <= MAX_TOKENS
      ? [['all', t('attention.all', { count: number(n) })]]
      : ['last', 'first'].map((part) => [
          part,
          t(`attention.${part}`, { count: number(MAX_TOKENS) }),
        ]);
  fill(partSelect, parts);
}

/** @param {number} n @returns {[string, string][]} */
const range = (n) => Array.from({ length: n }, (_, i) => [String(i + 1), number(i + 1)]);

/** @param {HTMLSelectElement} select @param {[string, string][]} options */
function fill(select, options) {
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, text]) => make('option', { value }, text)));
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}

/** Updates everything that depends on `view`, head and cursor. */
function show() {
  if (!view) return;
  paint();
  sayStatus(status(Number(headSelect.value)));
  if (twin.open) showTwin();
}

function paint() {
  if (!view) return;
  const { row, column } = cursor;
  const axes = { queries: t('attention.queries'), keys: t('attention.keys') };
  drawMatrix(canvas, { ...view, cursor, axes });
  readout.textContent = t('attention.cell', {
    row: number(view.start + row + 1),
    column: number(view.start + column + 1),
    query: view.labels[row],
    key: view.labels[column],
    value: number(view.weight(row, column), { minimumFractionDigits: 3, maximumFractionDigits: 3 }),
  });
}

/** @param {number} row @param {number} column */
function moveTo(row, column) {
  if (!view) return;
  const last = view.n - 1;
  const inside = Math.min(Math.max(row, 0), last);
  cursor = { row: inside, column: Math.min(Math.max(column, 0), inside) };
  paint();
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const { row, column } = cursor;
  /** @type {Record<string, [number, number]>} */
  const moves = {
    ArrowUp: [Math.max(row - 1, column), column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    Home: [row, 0],
    End: [row, row],
    PageUp: [0, 0],
    PageDown: [view ? view.n - 1 : 0, column],
  };
  const move = moves[event.key];
  if (!move) return;
  event.preventDefault();
  moveTo(...move);
}

/** @param {PointerEvent} event */
function onPointer(event) {
  if (!view) return;
  const { gutter, cell } = geometry(canvas, view.n);
  const column = Math.floor((event.offsetX - gutter.x) / cell);
  const row = Math.floor((event.offsetY - gutter.y) / cell);
  if (row >= 0 && row < view.n && column >= 0 && column <= row) moveTo(row, column);
}

/** The table of the strongest keys of each query. */
function showTwin() {
  if (!view) return;
  const { n, labels, weight } = view;
  const rows = labels.map((query, row) => {
    const keys = Array.from({ length: row + 1 }, (_, column) => ({
      column,
      value: weight(row, column),
    }));
    const best = keys.sort((a, b) => b.value - a.value).slice(0, TWIN);
    const cells = best.map(({ column, value }) =>
      make(
        'td',
        {},
        make('span', { className: 'chip' }, labels[column]),
        ' ',
        number(value, { maximumFractionDigits: 3 }),
      ),
    );
    while (cells.length < Math.min(TWIN, n)) cells.push(make('td', {}));
    return make(
      'tr',
      {},
      make('th', { scope: 'row' }, make('span', { className: 'chip' }, query)),
      ...cells,
    );
  });
  const strongest = make(
    'th',
    { scope: 'colgroup', colSpan: Math.min(TWIN, n) },
    t('attention.strongest'),
  );
  byId('attention-table', HTMLTableElement).replaceChildren(
    make(
      'thead',
      {},
      make('tr', {}, make('th', { scope: 'col' }, t('attention.query')), strongest),
    ),
    make('tbody', {}, ...rows),
  );
}

function empty() {
  view = undefined;
  readout.textContent = '';
  canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height);
  byId('attention-table', HTMLTableElement).replaceChildren();
}

/** Connects the figure. */
export function setUp() {
  const refresh = setUpFigure('attention', ['text', 'busy', 'language'], draw, empty);
  layerSelect.addEventListener('change', refresh);
  partSelect.addEventListener('change', refresh);
  headSelect.addEventListener('change', show);
  twin.addEventListener('toggle', () => twin.open && showTwin());
  matrix.tabIndex = 0;
  matrix.addEventListener('keydown', onKey);
  canvas.addEventListener('pointermove', onPointer);
  canvas.addEventListener('pointerdown', onPointer);
  on('theme', paint);
  new ResizeObserver(paint).observe(canvas);
}
