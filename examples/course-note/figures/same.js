/**
 * same.js - <note-same>: the last token of two or three sentences: its row of the table and its vector after each block.
 *
 * `show` is 'row' (the first numbers at the input and after the last block) or 'apart' (cosines against the first
 * sentence, by block).
 */
import { JlElement } from '../../../web/elements/base.js';
import { once } from '../../../web/elements/controls.js';
import { oneOf, string } from '../../../web/elements/settings.js';
import { make } from '../../../web/ui/dom.js';
import { pictureOfHtml } from '../../../web/ui/picture.js';
import { drawPlot, plotStyle } from '../../../web/ui/plot.js';
import { picture, resize, svg } from '../../../web/ui/svg.js';
import { largest, strip } from './heat.js';
import { SHOWN, same } from './same-vectors.js';

const HEIGHT = 260; // px of the plot
const TWO = { minimumFractionDigits: 2, maximumFractionDigits: 2 };

/** @typedef {import('./same-vectors.js').Side} Side */
/** @typedef {import('./same-vectors.js').View} View */

/** @type {import('../../../web/ui/words.js').Words} */
const words = {
  title: ['One token in several sentences', '同一個詞元，幾個句子'],
  embed: ['row of the table (id {id})', '表裡的那一列（編號 {id}）'],
  last: ['after the last block', '最後一個區塊之後'],
  equal: [
    'The two rows are equal in all {width} numbers; after the last block their cosine is {cosine}.',
    '兩列的 {width} 個數完全相同；經過最後一個區塊，餘弦值是 {cosine}。',
  ],
  differ: [
    'The sentences end in different tokens, so their rows differ.',
    '兩句結尾的詞元不同，所以查到的列也不同。',
  ],
  block: ['after block', '區塊之後'],
  input: ['input', '輸入'],
  cosine: ['cosine with the first sentence', '與第一句的餘弦值'],
  sentence: ['Sentence {n}', '第 {n} 句'],
  series: ['sentence {n} · …{end}', '第 {n} 句 · …{end}'],
  summary: [
    'Cosine of the last token with that of the first sentence, from the input to the last block: {list}.',
    '每句最後一個詞元與第一句的餘弦值，從輸入到最後一個區塊：{list}。',
  ],
};

export class NoteSame extends JlElement {
  static figure = same;
  static words = words;
  static settings = {
    other: string(undefined, 2000),
    third: string(undefined, 2000),
    show: oneOf('row', ['row', 'apart']),
  };
  static css = `${plotStyle}
    ol { margin: 0.25rem 0 0.5rem; padding: 0; list-style: none; }
    li { margin-bottom: 0.75rem; }
    .text { display: block; overflow-wrap: anywhere; line-height: 1.9; }
    .strips { display: grid; grid-template-columns: minmax(6rem, 12rem) minmax(0, 1fr); gap: 0.25rem 0.75rem; align-items: center; font-size: 0.8125rem; color: var(--jl-quiet); }
    .strips svg { width: 100%; height: 1.25rem; }
    .others { flex: 1 1 100%; } .others label { flex: 1 1 100%; } .others input { flex: 1; min-width: 0; }`;

  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const parts = once(this, 'parts', () => ({
      list: make('ol'),
      image: picture(),
      said: make('p', { className: 'readout' }),
    }));
    const apart = this.value('show') === 'apart';
    const nodes = apart ? [parts.list, parts.image] : [parts.list, parts.said];
    if (nodes.some((node) => node.parentNode !== body)) body.replaceChildren(...nodes);
    parts.list.replaceChildren(...view.sides.map((side, i) => this.#side(view, side, i, apart)));
    if (apart) this.#plot(parts.image, view, Math.max(280, body.clientWidth));
    else parts.said.textContent = this.#said(view);
  }
  /** A sentence; in it the last token is marked. @param {View} view @param {Side} side @param {number} i @param {boolean} apart */
  #side({ sides }, { tokens, embed, last }, i, apart) {
    const text = make('span', { className: 'text' });
    const number = make('span', { className: 'id' }, `${i + 1}  `);
    const end = tokens.length - 1;
    const shown = tokens.map(({ glyph, label }, at) =>
      make('span', { className: `chip${at === end ? ' chosen' : ''}` }, glyph ?? label),
    );
    text.append(number);
    for (const chip of shown) text.append(chip, '\u200a');
    if (apart) return make('li', {}, text);
    const strips = make('div', { className: 'strips' });
    const rows = /** @type {const} */ ([
      ['embed', embed, 'hook_embed'],
      ['last', last, 'hook_resid_post'],
    ]);
    for (const [name, values, source] of rows) {
      const most = Math.max(...sides.map((side) => largest(side[name])));
      const image = svg('svg', {
        viewBox: '0 0 480 20',
        preserveAspectRatio: 'none',
        'aria-hidden': 'true',
      });
      image.append(...strip(values, most, { x: 0, y: 0, width: 480, height: 20 }));
      const label = make('span', {}, this.t(name, { id: String(tokens[end].id) }));
      label.dataset.source = `${source}[${end},0:${SHOWN}], sentence ${i + 1}`;
      strips.append(label, image);
    }
    return make('li', {}, text, strips);
  }
  /** @param {View} view */
  #said({ sides, width }) {
    const { equal, cosines } = sides[1] ?? sides[0];
    const cosine = this.format.number(cosines[cosines.length - 1], TWO);
    return equal ? this.t('equal', { width, cosine }) : this.t('differ');
  }
  /** @param {SVGSVGElement} image @param {View} view @param {number} width */
  #plot(image, view, width) {
    const number = (/** @type {number} */ x) => this.format.number(x, TWO);
    const blocks = view.sides[0].cosines.length - 1;
    const lowest = Math.min(...view.sides.flatMap(({ cosines }) => cosines));
    const series = view.sides.slice(1).map(({ cosines, tokens }, i) => ({
      name: `${this.#name(i + 1, tokens)} · ${number(cosines[blocks])}`,
      points: cosines.map((y, x) => ({ x, y, source: `cosine, sentence ${i + 2}, depth ${x}` })),
      line: cosines.map((y, x) => /** @type {[number, number]} */ ([x, y])),
    }));
    const depth = (/** @type {number} */ x) => (x ? String(x - 1) : this.t('input'));
    const ticks = Array.from({ length: blocks + 1 }, (_, i) => i);
    const plot = drawPlot({
      area: { left: 0, top: 0, width, height: HEIGHT },
      x: { low: 0, high: blocks, ticks, label: this.t('block'), show: depth },
      y: { low: Math.min(0, lowest), high: 1, label: this.t('cosine'), show: number },
      series,
    });
    image.replaceChildren(...plot);
    resize(image, width, HEIGHT);
    image.setAttribute('aria-label', this.summary(view));
  }
  /** @param {number} i @param {Side['tokens']} tokens */
  #name(i, tokens) {
    const end = tokens.slice(-3).map(({ label }) => label.replace('␣', ' '));
    return this.t('series', { n: i + 1, end: end.join('') });
  }
  /** The fields of the other sentences. @param {View} view */
  own({ sides }) {
    const fields = /** @type {const} */ (['other', 'third']).slice(0, sides.length - 1);
    const box = once(this, 'others', () => make('div', { className: 'controls others' }));
    const labels = fields.map((name, i) => {
      const { label, field } = once(this, name, () => this.#field(name));
      label.firstChild?.replaceWith(this.t('sentence', { n: i + 2 }));
      if (this.shadowRoot?.activeElement !== field) field.value = this.value(name) ?? '';
      return label;
    });
    if (labels.some((label) => label.parentNode !== box)) box.replaceChildren(...labels);
    return [box];
  }
  /** @param {'other' | 'third'} name */
  #field(name) {
    const field = make('input', { autocomplete: 'off', spellcheck: false });
    field.addEventListener('change', () => {
      this.setAttribute(name, field.value);
      if (!this.live) this.start();
    });
    return { field, label: make('label', {}, '', field) };
  }
  /** @param {View} view */
  summary({ sides }) {
    const number = (/** @type {number} */ x) => this.format.number(x, TWO);
    const list = sides.slice(1).map(({ cosines, tokens }, i) => {
      return `${this.#name(i + 1, tokens)}: ${cosines.map(number).join(', ')}`;
    });
    return this.t('summary', { list: list.join('; ') });
  }
  /** @param {View} view */
  twin({ sides }) {
    const depths = sides[0].cosines.map((_, i) =>
      i ? `${this.t('block')} ${i - 1}` : this.t('input'),
    );
    const rows = sides.map(({ tokens, cosines }, i) => [
      `${i + 1} ${tokens.map(({ label }) => label.replace('␣', ' ')).join('')}`,
      ...cosines.map((x, k) => ({
        text: this.format.number(x, { maximumFractionDigits: 4 }),
        source: `cosine, sentence ${i + 1}, depth ${k}`,
      })),
    ]);
    return { columns: [this.t('cosine'), ...depths], rows };
  }
  picture() {
    return pictureOfHtml(this.frame.body, this.summary(this.view));
  }
}
