/**
 * attention.js - <jl-attention>: the attention matrix of one head, rows are queries, columns keys; beside it the
 * strongest keys of the selected query.
 *
 * Pointer or arrow keys select a cell; `token` is the row. `working` shows how the selected weight comes about.
 */
import { attention, largest, weightOf, workingIn } from '../figures/attention.js';
import { make } from '../ui/dom.js';
import { cellAfter, cellAt, drawMatrix, LEGIBLE } from '../ui/matrix.js';
import { attentionWorking } from './attention-working.js';
import { JlElement } from './base.js';
import { once } from './controls.js';
import { flag } from './settings.js';
import { stepper } from './stepper.js';
import { DIGITS, drawStrongest, STRONGEST } from './strongest.js';
import { words } from './words/attention.js';
import { drawWorking, shows, WORKING, workingButton } from './working.js';

/** @typedef {import('../figures/attention.js').AttentionView} View */

const SIDE = 272; // px for the list and the space before it
const WIDE = 560; // px from which it stands beside the matrix

export class JlAttention extends JlElement {
  static figure = attention;
  static words = words;
  static settings = { working: flag() };
  static css = `${STRONGEST}${WORKING}
    .pair { display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; align-items: start; }
    .matrix { flex: none; max-width: 100%; touch-action: pan-y; cursor: crosshair; }
    .readout { min-height: 3em; margin: 0; }`;

  /** The selected key; none: the strongest of the query. @type {number | undefined} */ #column;

  /** The shown block, within those that the view has. @param {View} view */
  #layer(view) {
    const wanted = this.value('layer') ?? 0;
    return view.layers.includes(wanted) ? wanted : view.layers[view.layers.length - 1];
  }
  /** @param {View} view */
  #head(view) {
    return Math.min(this.value('head') ?? 0, view.heads - 1);
  }
  /** @param {View} view */
  #cursor(view) {
    const row = Math.min(this.value('token') ?? view.tokens.length - 1, view.tokens.length - 1);
    if (this.#column !== undefined) return { row, column: Math.min(this.#column, row) };
    let column = 0;
    for (let key = 1; key <= row; key++)
      if (this.#weight(view, row, key) > this.#weight(view, row, column)) column = key;
    return { row, column };
  }
  /** @param {View} view @param {number} query @param {number} key */
  #weight(view, query, key) {
    return weightOf(view, this.#layer(view), this.#head(view), query, key);
  }
  /** @param {View} view @param {number} query @param {number} key */
  #source(view, query, key) {
    return `blocks.${this.#layer(view)}.attn.hook_pattern[${this.#head(view)},${query},${key}]`;
  }

  /** @param {string} name */
  needs(name) {
    const { inputs } = this.view ?? {};
    const more =
      name === 'layer' && inputs && this.value('working') && !inputs.has(this.value('layer'));
    return super.needs(name) || !!more;
  }

  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const parts = once(this, 'parts', () => this.#create());
    const { canvas, readout, legend, pair, working } = parts;
    if (pair.parentNode !== body) body.replaceChildren(pair, working);
    const cursor = this.#cursor(view);
    const width = body.clientWidth;
    const picture = {
      n: view.tokens.length,
      labels: view.tokens.map((token) => token.glyph ?? token.label),
      weight: (/** @type {number} */ row, /** @type {number} */ column) =>
        this.#weight(view, row, column),
      cursor,
      axes: { queries: this.t('queries'), keys: this.t('keys') },
    };
    const beside = width - SIDE;
    const fits = width >= WIDE && picture.n * LEGIBLE + 80 <= beside;
    if (width) drawMatrix(canvas, picture, fits ? beside : width);
    canvas.setAttribute('aria-label', this.summary(view));
    readout.textContent = this.#sentence('cell', view, cursor.row, cursor.column);
    readout.dataset.source = this.#source(view, cursor.row, cursor.column);
    const [low, masked] = legend.querySelectorAll('span');
    low.textContent = this.t('legend');
    masked.textContent = this.t('masked');
    const { row, column } = cursor;
    drawStrongest(this, parts, {
      names: view.tokens.map((token) => token.label),
      row,
      column,
      weight: (/** @type {number} */ key) => this.#weight(view, row, key),
      source: (/** @type {number} */ key) => this.#source(view, row, key),
    });
    this.#working(working, view, cursor);
  }

  /** @param {HTMLElement} box @param {View} view @param {{ row: number, column: number }} cursor */
  #working(box, view, { row, column }) {
    const [layer, head] = [this.#layer(view), this.#head(view)];
    const found = shows(this) ? workingIn(view, layer, head, row, column) : undefined;
    const weight = this.#weight(view, row, column);
    const place = { row, column, layer, head, weight };
    drawWorking(box, found && attentionWorking(this, found, place));
  }

  #create() {
    const canvas = make('canvas', { tabIndex: 0, className: 'matrix' });
    canvas.setAttribute('role', 'img');
    const readout = make('p', { className: 'readout' });
    readout.setAttribute('aria-live', 'polite');
    const legend = make('p', { className: 'legend' }, make('span'), make('i'));
    legend.append(make('i', { className: 'masked' }), make('span'));
    const [title, list, rest] = [
      make('p', { className: 'name' }),
      make('ol'),
      make('p', { className: 'rest' }),
    ];
    const side = make('div', { className: 'side' }, readout, title, list, rest);
    const pair = make('div', { className: 'pair' }, make('div', {}, canvas, legend), side);
    const point = (/** @type {PointerEvent} */ event) => {
      const cell = cellAt(canvas, event, this.view.tokens.length);
      if (cell) this.#move(cell.row, cell.column);
    };
    canvas.addEventListener('pointermove', point);
    canvas.addEventListener('pointerdown', point);
    canvas.addEventListener('keydown', (event) => {
      const cell = cellAfter(event.key, this.#cursor(this.view), this.view.tokens.length);
      if (!cell) return;
      event.preventDefault();
      this.#move(cell.row, cell.column);
    });
    return { canvas, readout, legend, pair, title, list, rest, working: make('div') };
  }

  /** @param {number} row @param {number} column */
  #move(row, column) {
    const { row: before, column: old } = this.#cursor(this.view);
    if (row === before && column === old) return;
    this.#column = column;
    if (row === before) this.draw(this.frame.body, this.view);
    this.select({ token: row });
  }
  /** @param {View} view */
  own(view) {
    const heads = Array.from({ length: view.heads }, (_, i) => i);
    return [
      stepper(this, 'layer', this.t('label.layer'), view.layers, this.#layer(view)),
      stepper(this, 'head', this.t('label.head'), heads, this.#head(view)),
      workingButton(this),
    ];
  }
  /** @param {string} key @param {View} view @param {number} row @param {number} column */
  #sentence(key, view, row, column) {
    return this.t(key, {
      n: view.tokens.length,
      layer: this.#layer(view),
      head: this.#head(view),
      query: view.tokens[row].label,
      key: view.tokens[column].label,
      value: this.format.number(this.#weight(view, row, column), DIGITS),
    });
  }
  /** @param {View} view */
  summary(view) {
    const best = largest(view, this.#layer(view), this.#head(view));
    return this.#sentence('summary', view, best.row, best.column);
  }
  /** @param {View} view */
  twin(view) {
    const labels = view.tokens.map((token) => token.label);
    const rows = labels.map((label, query) => [
      label,
      ...labels.map((_, key) =>
        key > query
          ? ''
          : {
              text: this.format.number(this.#weight(view, query, key), DIGITS),
              source: this.#source(view, query, key),
            },
      ),
    ]);
    return { columns: [`${this.t('queries')} \\ ${this.t('keys')}`, ...labels], rows };
  }
}
