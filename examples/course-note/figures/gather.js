/**
 * gather.js - <note-gather>: the weighted sum of the value vectors; the reader can drag the weights.
 */
import { JlElement } from '../../../web/elements/base.js';
import { button, numbers, once } from '../../../web/elements/controls.js';
import { make } from '../../../web/ui/dom.js';
import { pictureOfHtml } from '../../../web/ui/picture.js';
import { svg } from '../../../web/ui/svg.js';
import { apart, gathered, head, rowOf } from './head.js';
import { words } from './head-words.js';
import { largest, strip } from './heat.js';

/** @typedef {import('./head.js').HeadView} View */

const TWO = { minimumFractionDigits: 2, maximumFractionDigits: 2 };

export class NoteGather extends JlElement {
  static figure = head;
  static words = words;
  static css = `
    .rows { display: grid; grid-template-columns: minmax(4.5rem, 6rem) minmax(5rem, 1fr) 3rem minmax(8rem, 3fr); align-items: center; gap: 0 0.5rem; }
    .rows > .name { font-family: var(--jl-mono); font-size: 0.8125rem; overflow: hidden; text-overflow: ellipsis; }
    .rows input { width: 100%; min-width: 0; }
    .rows svg { width: 100%; height: 1.25rem; } .rows > .numbers { font-size: 0.8125rem; }
    .total { border-top: 1px solid var(--jl-edge); padding-block: 0.25rem; }`;

  /** The reader's weights of a query; empty: the head's. @type {Map<number, number>} */ #dragged =
    new Map();
  /** The view and query that they belong to. */ #key = '';

  /** @param {View} view */
  #query(view) {
    return Math.min(this.value('token') ?? view.tokens.length - 1, view.tokens.length - 1);
  }
  /** @param {View} view @param {number} query */
  #weights(view, query) {
    const key = `${view.layer}.${view.head}.${query}.${view.tokens.length}`;
    if (key !== this.#key) this.#dragged.clear();
    this.#key = key;
    return Array.from(view.weights[query], (w, i) => this.#dragged.get(i) ?? w);
  }

  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const parts = once(this, 'parts', () => ({
      rows: make('div', { className: 'rows' }),
      readout: make('p', { className: 'readout' }),
    }));
    if (parts.rows.parentNode !== body) body.replaceChildren(parts.rows, parts.readout);
    const query = this.#query(view);
    const weights = this.#weights(view, query);
    const most = largest(view.v.subarray(0, (query + 1) * view.size));
    const lines = weights.flatMap((w, key) => this.#line(view, key, w, most));
    const sum = gathered(view, weights);
    const own = rowOf(view, 'z', query);
    lines.push(
      ...this.#total('output', sum, largest(own)),
      ...this.#total('engine', own, largest(own)),
    );
    parts.rows.replaceChildren(...lines);
    const part = this.format.number(apart(sum, own), { maximumSignificantDigits: 2 });
    parts.readout.textContent = this.t(this.#dragged.size ? 'moved' : 'unmoved', { part });
    parts.readout.dataset.source = `blocks.${view.layer}.attn.hook_z[${query},${view.head}]`;
  }
  /** @param {View} view @param {number} key @param {number} weight @param {number} most */
  #line(view, key, weight, most) {
    const { input, output, image, name } = once(this, `key.${key}`, () => {
      const made = make('input', { type: 'range', min: '0', max: '1', step: '0.01' });
      made.addEventListener('input', () => {
        this.#dragged.set(key, Number(made.value));
        this.draw(this.frame.body, this.view);
      });
      const box = { input: made, output: make('output', { className: 'numbers' }) };
      return {
        ...box,
        image: svg('svg', { preserveAspectRatio: 'none', 'aria-hidden': 'true' }),
        name: make('span', { className: 'name' }),
      };
    });
    name.textContent = view.tokens[key].glyph ?? view.tokens[key].label;
    input.setAttribute('aria-label', this.t('share', { key: view.tokens[key].label }));
    input.value = String(weight);
    output.value = this.format.number(weight, TWO);
    // The height of a strip is its weight: what flows into the sum.
    const height = Math.max(1, weight * 20);
    image.replaceChildren(
      ...strip(rowOf(view, 'v', key), most, { x: 0, y: 10 - height / 2, width: 320, height }),
    );
    image.setAttribute('viewBox', '0 0 320 20');
    return [name, input, output, image];
  }
  /** @param {string} word @param {ArrayLike<number>} values @param {number} most */
  #total(word, values, most) {
    const image = svg('svg', {
      viewBox: '0 0 320 20',
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
    });
    image.append(...strip(values, most, { x: 0, y: 0, width: 320, height: 18 }));
    const name = make('span', { className: 'total' }, this.t(word));
    name.style.gridColumn = '1 / 4';
    return [name, image];
  }
  /** @param {View} view */
  own(view) {
    const tokens = view.tokens.map((_, i) => i);
    const reset = button(this, 'reset', this.t('reset'), () => {
      this.#dragged.clear();
      this.draw(this.frame.body, this.view);
    });
    return [numbers(this, 'token', this.t('query'), tokens, this.#query(view)), reset];
  }
  /** @param {View} view */
  summary(view) {
    const query = this.#query(view);
    const row = view.weights[query];
    const best = row.indexOf(Math.max(...row));
    return this.t('gather', {
      query: view.tokens[query].label,
      key: view.tokens[best].label,
      weight: this.format.number(row[best], TWO),
    });
  }
  /** @param {View} view */
  twin(view) {
    const query = this.#query(view);
    const columns = Array.from({ length: view.size }, (_, i) => String(i));
    const number = (/** @type {number} */ x) =>
      this.format.number(x, { maximumSignificantDigits: 3 });
    const rows = Array.from(view.weights[query], (w, key) => [
      view.tokens[key].label,
      {
        text: number(w),
        source: `blocks.${view.layer}.attn.hook_pattern[${view.head},${query},${key}]`,
      },
      ...Array.from(rowOf(view, 'v', key), number),
    ]);
    return { columns: [this.t('value'), this.t('weight'), ...columns], rows };
  }
  picture() {
    return pictureOfHtml(this.frame.body, this.summary(this.view), 'input');
  }
}
