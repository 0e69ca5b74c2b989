/**
 * formula.js - <note-formula>: softmax(QKᵀ/√d)V with the numbers of one head; each symbol can be chosen.
 */
import { JlElement } from '../../../web/elements/base.js';
import { numbers, once } from '../../../web/elements/controls.js';
import { oneOf } from '../../../web/elements/settings.js';
import { make } from '../../../web/ui/dom.js';
import { picture, resize, svg } from '../../../web/ui/svg.js';
import { apart, head, outputOf } from './head.js';
import { words } from './head-words.js';
import { largest, strip } from './heat.js';

/** @typedef {import('./head.js').HeadView} View */

const SYMBOLS = ['q', 'k', 's', 'w', 'v', 'z'];
const [ROW, LABEL] = [18, 88]; // px

export class NoteFormula extends JlElement {
  static figure = head;
  static words = words;
  static settings = { symbol: oneOf('w', SYMBOLS) };
  static css = `
    .formula { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.125rem; font-size: 1.25rem; margin: 0.5rem 0; }
    .formula button { border: 0; border-bottom: 1px solid var(--jl-edge); border-radius: 0; padding: 0 0.25rem; font-style: italic; background: none; min-width: var(--target); }
    .formula button[aria-pressed="true"] { border-bottom: 2px solid var(--jl-accent); font-weight: 600; }
    .formula .q { color: var(--jl-q); } .formula .k { color: var(--jl-k); } .formula .v { color: var(--jl-v); }`;

  /** Rows of a symbol. @param {View} view @param {string} symbol @returns {ArrayLike<number>[]} */
  #rows(view, symbol) {
    if (symbol === 's') return view.scores;
    if (symbol === 'w') return view.weights;
    const matrix = /** @type {any} */ (view)[symbol];
    return view.tokens.map((_, i) => matrix.subarray(i * view.size, (i + 1) * view.size));
  }
  /** @param {string} symbol @param {View} view */
  #source(symbol, { layer }) {
    const site = { q: 'rot_q', k: 'rot_k', v: 'v', s: 'attn_scores', w: 'pattern', z: 'z' }[symbol];
    return `blocks.${layer}.attn.hook_${site}`;
  }

  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const parts = once(this, 'parts', () => this.#create());
    if (parts.line.parentNode !== body)
      body.replaceChildren(parts.line, parts.shape, parts.image, parts.same);
    const symbol = this.value('symbol');
    for (const button of parts.line.querySelectorAll('button')) {
      button.setAttribute('aria-pressed', String(button.value === symbol));
      button.setAttribute(
        'aria-label',
        `${button.textContent}: ${this.t(`symbol.${button.value}`)}`,
      );
    }
    const rows = this.#rows(view, symbol);
    const [n, d] = [rows.length, view.size];
    const columns = symbol === 's' || symbol === 'w' ? n : d;
    parts.shape.textContent = this.t('shape', {
      name: this.t(`symbol.${symbol}`),
      rows: n,
      columns,
      d,
      root: this.format.number(Math.sqrt(d), { maximumFractionDigits: 2 }),
    });
    parts.shape.dataset.source = this.#source(symbol, view);
    this.#paint(parts.image, body.clientWidth, view, rows, columns);
    const error = Math.max(
      ...view.tokens.map((_, q) => apart(outputOf(view, q), this.#rows(view, 'z')[q])),
    );
    parts.same.textContent = this.live
      ? this.t('same', {
          error: this.format.number(error, { notation: 'scientific', maximumSignificantDigits: 2 }),
        })
      : '';
  }
  /** @param {SVGElement} image @param {number} room @param {View} view @param {ArrayLike<number>[]} rows @param {number} columns */
  #paint(image, room, view, rows, columns) {
    const width = Math.max(280, Math.min(room, 640));
    const most = largest(rows.flatMap((row) => Array.from(row)));
    const token = this.value('token') ?? rows.length - 1;
    const nodes = rows.flatMap((row, i) => {
      const span = ((width - LABEL) * row.length) / columns;
      const area = { x: LABEL, y: i * ROW, width: span, height: ROW - 2 };
      const label = view.tokens[i].glyph ?? view.tokens[i].label;
      const text = svg(
        'text',
        { x: LABEL - 8, y: i * ROW + 12, 'text-anchor': 'end' },
        label.slice(0, 11),
      );
      if (i === token) text.style.fontWeight = '600';
      return [text, ...strip(row, most, area)];
    });
    image.replaceChildren(...nodes);
    resize(image, width, rows.length * ROW);
    image.setAttribute('aria-label', this.summary(view));
  }
  #create() {
    const line = make('p', { className: 'formula' });
    /** @param {string} symbol @param {string} text */
    const button = (symbol, text) => {
      const node = make('button', { type: 'button', value: symbol, className: symbol }, text);
      node.addEventListener('click', () => this.setAttribute('symbol', symbol));
      return node;
    };
    const [open, close] = ['(', ')'];
    line.append(button('z', 'Z'), ' = ', button('w', 'softmax'), open, button('q', 'Q'));
    line.append(button('k', 'Kᵀ'), ' / ', button('s', '√d'), close, button('v', 'V'));
    const shape = make('p', { className: 'readout' });
    shape.setAttribute('aria-live', 'polite');
    return { line, shape, image: picture(), same: make('p', { className: 'readout' }) };
  }
  /** @param {View} view */
  own(view) {
    const tokens = view.tokens.map((_, i) => i);
    return [
      numbers(this, 'token', this.t('query'), tokens, this.value('token') ?? tokens.length - 1),
    ];
  }
  /** @param {View} view */
  summary(view) {
    const { layer, head: h, size: d, tokens } = view;
    return this.t('formula', { layer, head: h, d, rows: tokens.length });
  }
  /** @param {View} view */
  twin(view) {
    const symbol = this.value('symbol');
    const rows = this.#rows(view, symbol);
    const columns = Math.max(...rows.map((row) => row.length));
    const number = (/** @type {number} */ x) =>
      this.format.number(x, { maximumSignificantDigits: 4 });
    return {
      columns: [
        this.t(`symbol.${symbol}`),
        ...Array.from({ length: columns }, (_, i) => String(i)),
      ],
      rows: rows.map((row, r) => [
        view.tokens[r].label,
        ...Array.from({ length: columns }, (_, i) =>
          i < row.length
            ? {
                text: number(row[i]),
                source: `${this.#source(symbol, view)}[${r},${view.head},${i}]`,
              }
            : '',
        ),
      ]),
    };
  }
}
