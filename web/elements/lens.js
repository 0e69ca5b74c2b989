/**
 * lens.js - <jl-lens>: the best token after each block at each position, and at the selected one the distribution.
 *
 * Rows are blocks, columns positions; `token` is the selected position. A click or the arrow keys on the tokens select.
 */
import { columnOf, lens, positionIn, settledAt } from '../figures/lens.js';
import { COLUMNS, drawColumns, onColumn } from '../ui/columns.js';
import { make } from '../ui/dom.js';
import { pictureOfHtml } from '../ui/picture.js';
import { JlElement } from './base.js';
import { once } from './controls.js';
import { words } from './words/lens.js';

/** @typedef {import('../figures/lens.js').LensView} View */
/** @typedef {import('../figures/lens.js').Row} Row */

const TWO = { minimumFractionDigits: 2, maximumFractionDigits: 2 };

export class JlLens extends JlElement {
  static figure = lens;
  static words = words;
  static css = `${COLUMNS}
    .note { margin: 0 0 0.25rem; }
    .name { margin: 0.75rem 0 0.25rem; font-size: 0.875rem; font-weight: 600; }
    .strip { display: grid; grid-template-columns: max-content minmax(3rem, max-content) minmax(3rem, 10rem) max-content max-content minmax(0, 1fr); column-gap: 0.75rem; font-size: 0.875rem; }
    .strip > div { display: grid; grid-template-columns: subgrid; grid-column: 1 / -1; align-items: center; min-height: 1.75rem; border-bottom: 1px solid var(--jl-line); }
    .strip .then { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; color: var(--jl-quiet); }
    .strip .then b { font-weight: 400; color: var(--jl-ink); font-family: var(--jl-mono); }
    .strip .chip { max-width: 9rem; overflow: hidden; text-overflow: ellipsis; justify-self: start; }
    .said { min-height: 3em; margin: 0.5rem 0 0; font-size: 0.875rem; }
    @media (max-width: 40rem) {
      .strip { grid-template-columns: max-content minmax(3rem, max-content) minmax(2rem, 1fr) max-content max-content; }
      .strip .then { grid-column: 2 / -1; padding-bottom: 0.25rem; }
    }`;

  /** @param {string} name */
  needs(name) {
    return name === 'token' ? !this.view?.columns : super.needs(name);
  }
  /** @param {View} view */
  #position(view) {
    return positionIn(view.tokens.length, this.value('token'));
  }
  /** @param {View & { every?: Map<number, any> }} view @param {number} id */
  #name(view, id) {
    return (view.every?.get(id) ?? view.names.find((name) => name.id === id))?.label ?? `#${id}`;
  }

  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const parts = once(this, 'parts', () => this.#create());
    if (parts.map.parentNode !== body)
      body.replaceChildren(parts.note, parts.map, parts.title, parts.strip, parts.said);
    parts.note.textContent = this.t('table');
    drawColumns(parts.map, {
      corner: this.t('block'),
      names: view.tokens.map((token) => token.label),
      rows: view.layers,
      chosen: this.#position(view),
      cell: (layer, i) => ({
        ...this.#cell(view, layer, i),
        source: `session.lens[${layer},${i}]`,
      }),
    });
    this.#strip(parts, view);
  }
  #create() {
    const map = make('div', { className: 'map' });
    const [title, strip, said] = [
      make('p', { className: 'name' }),
      make('div', { className: 'strip' }),
      make('p', { className: 'said' }),
    ];
    said.setAttribute('aria-live', 'polite');
    onColumn(map, (token) => this.select({ token }));
    return { map, title, strip, said, note: make('p', { className: 'note' }) };
  }
  /** @param {View} view @param {number} layer @param {number} i position */
  #cell(view, layer, i) {
    const n = view.tokens.length;
    const row = columnOf(view, i);
    const best = (/** @type {number} */ l) => view.table?.ids[l * n + i] ?? row?.[l].top[0].id;
    const id = best(layer);
    if (id === undefined) return { label: '', p: 0, final: false };
    const p = view.table?.p[layer * n + i] ?? Math.exp(row?.[layer].top[0].logprob ?? -Infinity);
    return { label: this.#name(view, id), p, final: id === best(view.layers - 1) };
  }

  /** What each block predicts at the selected position. @param {any} parts @param {View} view */
  #strip({ title, strip, said }, view) {
    const at = this.#position(view);
    const column = columnOf(view, at);
    title.textContent = this.t('after', { token: view.tokens[at].label });
    said.textContent = column ? this.t('settled', this.#values(view, column)) : this.t('missing');
    const first = column ? settledAt(column) : -1;
    const lines = Array.from({ length: view.layers }, (_, i) =>
      this.#line(view, column?.[i], i, at, i === first),
    );
    const heads = ['block', 'best', '', '', 'entropy', 'next'].map((key) =>
      make('span', { className: 'quiet' }, key && this.t(key)),
    );
    heads[5].className = 'then';
    strip.replaceChildren(make('div', {}, ...heads), ...lines);
  }
  /** @param {View} view @param {Row | undefined} row @param {number} layer @param {number} at @param {boolean} first */
  #line(view, row, layer, at, first) {
    if (!row)
      return make(
        'div',
        {},
        make('span', {}, String(layer)),
        make('span'),
        make('span'),
        make('span'),
        make('span'),
        make('span', { className: 'then' }, '–'),
      );
    const [best, ...rest] = row.top;
    const p = Math.exp(best.logprob);
    const bar = make('div', { className: 'bar' });
    bar.style.width = `${100 * p}%`;
    const number = (/** @type {string} */ text, /** @type {string} */ what) => {
      const made = make('span', { className: 'numbers' }, text);
      made.dataset.source = `session.lens[${layer},${at}].${what}`;
      return made;
    };
    const then = make('span', { className: 'then numbers' });
    for (const { id, logprob } of rest)
      then.append(make('b', {}, this.#name(view, id)), ` ${this.format.number(logprob, TWO)}  `);
    const chip = make(
      'span',
      { className: first ? 'chip chosen' : 'chip' },
      this.#name(view, best.id),
    );
    return make(
      'div',
      {},
      make('span', {}, String(layer)),
      chip,
      make('div', {}, bar),
      number(this.format.percent(p), 'top[0].logprob'),
      number(this.format.number(row.entropy, TWO), 'entropy'),
      then,
    );
  }
  /** @param {View} view @param {Row[]} column */
  #values(view, column) {
    const [best] = column[column.length - 1].top;
    return {
      answer: this.#name(view, best.id),
      p: this.format.percent(Math.exp(best.logprob)),
      layer: settledAt(column),
      last: view.layers - 1,
    };
  }
  /** @param {View} view */
  summary(view) {
    const at = columnOf(view, this.#position(view)) ? this.#position(view) : view.position;
    const values = this.#values(view, columnOf(view, at) ?? view.column);
    return this.t('summary', { ...values, token: view.tokens[at].label });
  }
  /** @param {View} view */
  twin(view) {
    const rows = Array.from({ length: view.layers }, (_, layer) => [
      `${this.t('block')} ${layer}`,
      ...view.tokens.map((_, i) => {
        const { label, p } = this.#cell(view, layer, i);
        return {
          text: label && `${label} ${this.format.percent(p)}`,
          source: `session.lens[${layer},${i}]`,
        };
      }),
    ]);
    return { columns: [this.t('block'), ...view.tokens.map((token) => token.label)], rows };
  }
  picture() {
    return pictureOfHtml(this.frame.body, this.summary(this.view));
  }
}
