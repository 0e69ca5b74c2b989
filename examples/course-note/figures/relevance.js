/**
 * relevance.js - <note-relevance>: one query against every key: scores, then weights after softmax.
 */
import { JlElement } from '../../../web/elements/base.js';
import { numbers, once } from '../../../web/elements/controls.js';
import { make } from '../../../web/ui/dom.js';
import { picture, resize, svg } from '../../../web/ui/svg.js';
import { head } from './head.js';
import { words } from './head-words.js';

/** @typedef {import('./head.js').HeadView} View */

const [ROW, LABEL, NUMBER] = [24, 92, 48]; // px
const TWO = { minimumFractionDigits: 2, maximumFractionDigits: 2 };

export class NoteRelevance extends JlElement {
  static figure = head;
  static words = words;
  static css = `
    .score { fill: var(--jl-k); } .weight { fill: var(--jl-heat-2); } .zero { stroke: var(--jl-edge); }
    .name { font-family: var(--jl-mono); }`;

  /** @param {View} view */
  #query(view) {
    return Math.min(this.value('token') ?? view.tokens.length - 1, view.tokens.length - 1);
  }
  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const { image, readout } = once(this, 'parts', () => ({
      image: picture(),
      readout: make('p', { className: 'readout' }),
    }));
    if (image.parentNode !== body) body.replaceChildren(image, readout);
    const query = this.#query(view);
    const width = Math.max(280, Math.min(body.clientWidth, 720));
    image.replaceChildren(...this.#nodes(view, query, width));
    resize(image, width, 20 + view.tokens.length * ROW);
    image.setAttribute('aria-label', this.summary(view));
    const sum = view.weights[query].reduce((a, b) => a + b, 0);
    readout.textContent = this.t('sum', { sum: this.format.number(sum, TWO) });
    readout.dataset.source = `blocks.${view.layer}.attn.hook_pattern[${view.head},${query}]`;
  }
  /** @param {View} view @param {number} query @param {number} width */
  #nodes(view, query, width) {
    const half = (width - LABEL - 2 * NUMBER) / 2;
    const scores = view.scores[query];
    const [low, high] = [Math.min(0, ...scores), Math.max(0, ...scores)];
    const scale = half / (high - low || 1);
    const zero = LABEL - low * scale;
    const second = LABEL + half + NUMBER;
    const height = 20 + (query + 1) * ROW;
    const nodes = [
      svg('text', { x: LABEL, y: 12, class: 'axis' }, this.t('score')),
      svg('text', { x: second, y: 12, class: 'axis' }, this.t('weight')),
      svg('line', { x1: zero, x2: zero, y1: 20, y2: height, class: 'zero' }),
    ];
    scores.forEach((score, key) => {
      const y = 20 + key * ROW;
      const weight = view.weights[query][key];
      const name = view.tokens[key].glyph ?? view.tokens[key].label;
      const from = Math.min(zero, zero + score * scale);
      nodes.push(
        svg(
          'text',
          { x: LABEL - 8, y: y + 16, 'text-anchor': 'end', class: 'name' },
          name.slice(0, 11),
        ),
        svg('rect', {
          x: from,
          y: y + 5,
          width: Math.abs(score * scale),
          height: 14,
          class: 'score',
        }),
        svg('text', { x: LABEL + half + 4, y: y + 16 }, this.format.number(score, TWO)),
        svg('rect', { x: second, y: y + 5, width: weight * half, height: 14, class: 'weight' }),
        svg('text', { x: second + weight * half + 4, y: y + 16 }, this.format.number(weight, TWO)),
      );
    });
    return nodes;
  }
  /** @param {View} view */
  own(view) {
    const tokens = view.tokens.map((_, i) => i);
    return [numbers(this, 'token', this.t('query'), tokens, this.#query(view))];
  }
  /** @param {View} view */
  summary(view) {
    const query = this.#query(view);
    const row = view.weights[query];
    const best = row.indexOf(Math.max(...row));
    return this.t('relevance', {
      query: view.tokens[query].label,
      key: view.tokens[best].label,
      weight: this.format.number(row[best], TWO),
    });
  }
  /** @param {View} view */
  twin(view) {
    const query = this.#query(view);
    const at = (/** @type {string} */ site, /** @type {number} */ key) =>
      `blocks.${view.layer}.attn.hook_${site}[${view.head},${query},${key}]`;
    return {
      columns: [this.t('query'), this.t('score'), this.t('weight')],
      rows: Array.from(view.scores[query], (score, key) => [
        view.tokens[key].label,
        { text: this.format.number(score, TWO), source: at('attn_scores', key) },
        { text: this.format.number(view.weights[query][key], TWO), source: at('pattern', key) },
      ]),
    };
  }
}
