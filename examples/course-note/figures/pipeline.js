/**
 * pipeline.js - <note-pipeline>: the five stations from text to a guess, with the shape of the numbers at each.
 */
import { JlElement } from '../../../web/elements/base.js';
import { once } from '../../../web/elements/controls.js';
import { idsOf, tokenViews, withSession } from '../../../web/figures/figure.js';
import { largest as largestOf, softmax } from '../../../web/figures/numbers.js';
import { make } from '../../../web/ui/dom.js';
import { pictureOfHtml } from '../../../web/ui/picture.js';
import { svg } from '../../../web/ui/svg.js';
import { largest, strip } from './heat.js';

const MAX_TOKENS = 64;
const SHOWN = 48; // numbers of a vector

/** @type {import('../../../web/figures/figure.js').Figure} */
export const pipeline = {
  name: 'pipeline',
  settings: ['text'],
  async compute(model, { text }, { signal }) {
    const { ids, total } = await idsOf(model, text, MAX_TOKENS);
    const {
      layers,
      heads,
      embeddingLength: width,
      vocabularySize,
      attentionLayers,
      sites,
    } = model.info;
    const block = attentionLayers[attentionLayers.length - 1];
    const last = /** @type {[number, number]} */ ([ids.length - 1, ids.length]);
    const wanted = [
      { name: 'embed', positions: last },
      { name: 'pattern', layer: block, positions: last },
      { name: 'mlp_out', layer: block, positions: last },
      { name: 'resid_post', layer: layers - 1, positions: last },
    ];
    const run = await withSession(model, ids.length, (s) => s.run(ids, { taps: wanted, signal }));
    const [embed, pattern, feed, stream] = run.taps.map(({ data }) => data);
    const shares = softmax(run.logits);
    const best = largestOf(shares, 5);
    const mean = Float32Array.from({ length: ids.length }, (_, key) => {
      let sum = 0;
      for (let h = 0; h < heads; h++) sum += pattern[h * ids.length + key];
      return sum / heads;
    });
    const inner = sites.find((site) => site.short === 'mlp.post')?.size ?? 0;
    return {
      tokens: await tokenViews(model, ids),
      total,
      shape: { layers, heads, width, inner, vocabulary: vocabularySize },
      block,
      embed: embed.slice(0, SHOWN),
      mean,
      feed: feed.slice(0, SHOWN),
      stream: stream.slice(0, SHOWN),
      best: (await tokenViews(model, best)).map((token, i) => ({
        ...token,
        share: shares[best[i]],
      })),
    };
  },
};

/** @type {import('../../../web/ui/words.js').Words} */
const words = {
  title: ['The whole pipeline', '整條流程'],
  token: ['tokens', '詞元'],
  embed: ['embedding, position', '嵌入與位置'],
  attention: ['attention', '注意力'],
  feed: ['feed-forward', '前饋網路'],
  output: ['distribution', '機率分佈'],
  'token.shape': ['{n} ids', '{n} 個編號'],
  'embed.shape': ['{n} × {width} numbers', '{n} × {width} 個數'],
  'attention.shape': ['{heads} heads of {n} × {n} weights', '{heads} 個頭，各 {n} × {n} 個權重'],
  'feed.shape': ['{n} × {inner}, back to {width}', '{n} × {inner}，再回到 {width}'],
  'output.shape': ['{vocabulary} probabilities', '{vocabulary} 個機率'],
  'token.about': ['your text in pieces', '你的文字切成的片段'],
  'embed.about': [
    'the last token’s first {shown} numbers: red above zero, blue below',
    '最後一個詞元最前面的 {shown} 個數，紅正藍負',
  ],
  'attention.about': [
    'how much the last token takes from each token (mean of the heads)',
    '最後一個詞元從每個詞元拿多少（各個頭平均）',
  ],
  'feed.about': [
    'what it adds to the last token: the first {shown} numbers',
    '它給最後一個詞元加上什麼：最前面的 {shown} 個數',
  ],
  'output.about': ['the most probable next tokens', '最可能的下一個詞元'],
  times: ['one block, {layers} times', '一個區塊，重複 {layers} 次'],
  summary: [
    '{n} tokens become vectors of {width} numbers, pass {layers} blocks of attention and feed-forward, and end as a distribution over {vocabulary} tokens; the best guess is {best} with {share}.',
    '{n} 個詞元變成 {width} 個數的向量，通過 {layers} 個由注意力與前饋網路組成的區塊，最後成為 {vocabulary} 個詞元上的機率分佈；最好的猜測是「{best}」，{share}。',
  ],
};

/** Stations, their chapter in the note, and the tap of the numbers shown. */
const STATIONS = /** @type {const} */ ([
  ['token', 'token', 'tokenize'],
  ['embed', 'meaning', 'hook_embed'],
  ['attention', 'attention', 'attn.hook_pattern'],
  ['feed', 'block', 'hook_mlp_out'],
  ['output', 'output', 'logits'],
]);

export class NotePipeline extends JlElement {
  static figure = pipeline;
  static words = words;
  static css = `
    ol { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 0.5rem 1rem; }
    li { border-top: 3px solid var(--jl-line); padding-top: 0.5rem; min-width: 0; }
    li.block { border-color: var(--jl-accent); }
    li a { color: inherit; font-weight: 600; text-underline-offset: 0.2em; min-height: var(--target); display: inline-block; }
    li p { margin: 0; font-size: 0.8125rem; color: var(--jl-quiet); }
    li .show { min-height: 6.5rem; margin-block: 0.5rem; font-size: 0.8125rem; overflow: hidden; }
    .words { font-family: var(--jl-mono); overflow-wrap: anywhere; line-height: 1.7; }
    .guess { display: grid; grid-template-columns: 1fr auto; gap: 0 0.5rem; align-items: end; margin-bottom: 0.25rem; } .guess .chip { border: 0; }
    .guess .bar { grid-column: 1 / -1; height: 4px; }
    .chip { margin-inline-end: 0.25rem; }`;

  /** @param {HTMLElement} body @param {any} view */
  draw(body, view) {
    const list = once(this, 'list', () => make('ol'));
    if (list.parentNode !== body) body.replaceChildren(list);
    const values = this.#values(view);
    const stations = STATIONS.map(([name, chapter, site], i) => {
      const link = make('a', { href: `#${chapter}` }, `${i + 1} ${this.t(name)}`);
      const shape = make('p', {}, this.t(`${name}.shape`, values));
      shape.dataset.source = ['attention', 'feed'].includes(name)
        ? `blocks.${view.block}.${site}`
        : site;
      const about = make('p', {}, this.t(`${name}.about`, { shown: String(SHOWN) }));
      const station = make('li', {}, link, shape, this.#show(name, view), about);
      if (name === 'attention' || name === 'feed') {
        station.className = 'block';
        shape.append(` · ${this.t('times', values)}`);
      }
      return station;
    });
    list.replaceChildren(...stations);
  }
  /** @param {any} view @returns {Record<string, string>} */
  #values({ shape, tokens, best }) {
    const count = (/** @type {number} */ x) => this.format.number(x);
    return {
      n: count(tokens.length),
      width: count(shape.width),
      heads: count(shape.heads),
      inner: count(shape.inner),
      layers: count(shape.layers),
      vocabulary: count(shape.vocabulary),
      best: best[0].label,
      share: this.format.percent(best[0].share),
    };
  }
  /** The picture of a station. @param {string} name @param {any} view */
  #show(name, view) {
    const box = make('div', { className: 'show' });
    if (name === 'token') {
      box.classList.add('words');
      for (const { glyph, label } of view.tokens.slice(-18))
        box.append(make('span', { className: 'chip' }, glyph ?? label), ' ');
    } else if (name === 'output') {
      for (const { label, share } of view.best) {
        const bar = make('span', { className: 'bar' });
        bar.style.width = `${100 * share}%`;
        const row = make('div', { className: 'guess' });
        row.append(make('span', { className: 'chip' }, label), this.format.percent(share), bar);
        box.append(row);
      }
    } else
      box.append(
        this.#strip(name === 'attention' ? view.mean : name === 'embed' ? view.embed : view.feed),
      );
    return box;
  }
  /** @param {Float32Array} values */
  #strip(values) {
    const image = svg('svg', { viewBox: '0 0 160 96', 'aria-hidden': 'true' });
    const columns = Math.min(8, values.length);
    const most = largest(values);
    for (let i = 0; i < values.length; i += columns) {
      const row = values.subarray(i, i + columns);
      const width = (160 * row.length) / columns;
      image.append(...strip(row, most, { x: 0, y: (i / columns) * 16, width, height: 14 }));
    }
    return image;
  }
  /** @param {any} view */
  summary(view) {
    return this.t('summary', this.#values(view));
  }
  /** @param {any} view */
  twin(view) {
    const values = this.#values(view);
    const rows = STATIONS.map(([name, , site]) => [
      this.t(name),
      { text: this.t(`${name}.shape`, values), source: site },
    ]);
    return { columns: [this.t('title'), '×'], rows };
  }
  picture() {
    return pictureOfHtml(this.frame.body, this.summary(this.view));
  }
}
