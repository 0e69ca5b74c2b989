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
import { anchorsOf, drawStrip, STRIP, TWO } from './lens-strip.js';
import { lensWorking } from './lens-working.js';
import { flag } from './settings.js';
import { stepper } from './stepper.js';
import { words } from './words/lens.js';
import { drawWorking, shows, WORKING, workingButton } from './working.js';

/** @typedef {import('../figures/lens.js').LensView} View */
/** @typedef {import('../figures/lens.js').Row} Row */

export class JlLens extends JlElement {
  static figure = lens;
  static words = words;
  static settings = { working: flag() };
  static css = `${COLUMNS}${STRIP}${WORKING}
    .note { margin: 0 0 0.25rem; }
    .name { margin: 0.75rem 0 0.25rem; font-size: 0.875rem; font-weight: 600; }
    .said { min-height: 3em; margin: 0.5rem 0 0; font-size: 0.875rem; }`;

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
      body.replaceChildren(
        parts.note,
        parts.map,
        parts.title,
        parts.strip,
        parts.said,
        parts.about,
        parts.working,
      );
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
    parts.about.textContent = view.anchors ? this.t('anchors') : '';
    this.#strip(parts, view);
    this.#working(parts.working, view);
  }
  /** The block of the working. @param {View} view */
  #layer(view) {
    return Math.min(this.value('layer') ?? view.layers - 1, view.layers - 1);
  }
  /** @param {HTMLElement} box @param {View} view */
  #working(box, view) {
    const [at, layer] = [this.#position(view), this.#layer(view)];
    const [row, found] = [columnOf(view, at)?.[layer], view.logits?.[at]?.[layer]];
    const name = (/** @type {number} */ id) => this.#name(view, id);
    const known = shows(this) && row && found;
    drawWorking(box, known ? lensWorking(this, row, found, at, name) : undefined);
  }
  /** @param {View} view */
  own(view) {
    const blocks = Array.from({ length: view.layers }, (_, i) => i);
    const layer = stepper(this, 'layer', this.t('label.layer'), blocks, this.#layer(view));
    return shows(this) ? [workingButton(this), layer] : [workingButton(this)];
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
    const [note, about] = [
      make('p', { className: 'note' }),
      make('p', { className: 'note quiet' }),
    ];
    return { map, title, strip, said, note, about, working: make('div') };
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
    const name = (/** @type {number} */ id) => this.#name(view, id);
    drawStrip(this, strip, { view, column, at, first, name });
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
    const anchors = anchorsOf(this, view).map(({ name, label, p, entropy, source }) => {
      const nats = `${this.t('entropy')} ${this.format.number(entropy, TWO)}`;
      return [name, { text: `${label} ${this.format.percent(p)}, ${nats}`.trim(), source }];
    });
    const columns = [this.t('block'), ...view.tokens.map((token) => token.label)];
    return {
      columns,
      rows: [...rows, ...anchors.map((row) => [...row, ...columns.slice(2).map(() => '')])],
    };
  }
  picture() {
    return pictureOfHtml(this.frame.body, this.summary(this.view));
  }
}
