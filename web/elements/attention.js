/**
 * attention.js - <jl-attention>: the attention matrix of one head, rows are queries, columns keys.
 *
 * Pointer or arrow keys select a cell; `token` is the row.
 */
import { attention, weightOf } from '../figures/attention.js';
import { make } from '../ui/dom.js';
import { drawMatrix, geometry } from '../ui/matrix.js';
import { JlElement } from './base.js';
import { numbers, once } from './controls.js';
import { words } from './words/attention.js';

/** @typedef {import('../figures/attention.js').AttentionView} View */

const DIGITS = { minimumFractionDigits: 3, maximumFractionDigits: 3 };

export class JlAttention extends JlElement {
  static figure = attention;
  static words = words;

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

  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const { canvas, readout, legend } = once(this, 'parts', () => this.#create(body));
    if (canvas.parentNode !== body) body.replaceChildren(canvas, readout, legend);
    const cursor = this.#cursor(view);
    drawMatrix(canvas, {
      n: view.tokens.length,
      labels: view.tokens.map((token) => token.glyph ?? token.label),
      weight: (row, column) => this.#weight(view, row, column),
      cursor,
      axes: { queries: this.t('queries'), keys: this.t('keys') },
    });
    canvas.setAttribute('aria-label', this.summary(view));
    readout.textContent = this.#sentence('cell', view, cursor.row, cursor.column);
    readout.dataset.source = this.#source(view, cursor.row, cursor.column);
    const [low, masked] = legend.querySelectorAll('span');
    low.textContent = this.t('legend');
    masked.textContent = this.t('masked');
  }

  /** @param {HTMLElement} body */
  #create(body) {
    const canvas = make('canvas', { tabIndex: 0 });
    canvas.style.width = '100%';
    canvas.setAttribute('role', 'img');
    const readout = make('p', { className: 'readout' });
    readout.setAttribute('aria-live', 'polite');
    const legend = make('p', { className: 'legend' }, make('span'), make('i'));
    legend.append(make('i', { className: 'masked' }), make('span'));
    const point = (/** @type {PointerEvent} */ event) => this.#point(canvas, event);
    canvas.addEventListener('pointermove', point);
    canvas.addEventListener('pointerdown', point);
    canvas.addEventListener('keydown', (event) => this.#key(event));
    body.replaceChildren(canvas, readout, legend);
    return { canvas, readout, legend };
  }

  /** @param {HTMLCanvasElement} canvas @param {PointerEvent} event */
  #point(canvas, event) {
    const { gutter, cell } = geometry(canvas, this.view.tokens.length);
    const row = Math.floor((event.offsetY - gutter.y) / cell);
    const column = Math.floor((event.offsetX - gutter.x) / cell);
    if (row >= 0 && row < this.view.tokens.length && column >= 0 && column <= row)
      this.#move(row, column);
  }
  /** @param {number} row @param {number} column */
  #move(row, column) {
    const { row: before, column: old } = this.#cursor(this.view);
    if (row === before && column === old) return;
    this.#column = column;
    if (row === before) this.draw(this.frame.body, this.view);
    this.select({ token: row });
  }
  /** @param {KeyboardEvent} event */
  #key(event) {
    const n = this.view.tokens.length;
    const { row, column } = this.#cursor(this.view);
    /** @type {Record<string, [number, number]>} */
    const moves = {
      ArrowUp: [Math.max(row - 1, 0), column],
      ArrowDown: [Math.min(row + 1, n - 1), column],
      ArrowLeft: [row, Math.max(column - 1, 0)],
      ArrowRight: [row, Math.min(column + 1, row)],
      Home: [row, 0],
      End: [row, row],
      PageUp: [0, 0],
      PageDown: [n - 1, column],
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    this.#move(move[0], Math.min(move[1], move[0]));
  }

  /** @param {View} view */
  own(view) {
    const heads = Array.from({ length: view.heads }, (_, i) => i);
    return [
      numbers(this, 'layer', this.t('label.layer'), view.layers, this.#layer(view)),
      numbers(this, 'head', this.t('label.head'), heads, this.#head(view)),
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
    let best = { row: view.tokens.length - 1, column: 0, weight: -1 };
    for (let row = 1; row < view.tokens.length; row++)
      for (let column = 0; column < row; column++) {
        const weight = this.#weight(view, row, column);
        if (weight > best.weight) best = { row, column, weight };
      }
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
