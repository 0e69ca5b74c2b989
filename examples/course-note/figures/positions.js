/**
 * positions.js - <note-positions>: four ways to tell a vector its position, drawn from their formulas.
 *
 * Sinusoidal (Vaswani et al. 2017): rows of sines. RoPE (Su et al. 2021): the angle by which pairs of features are
 * turned. ALiBi (Press et al. 2022): what is taken from a score by distance. Learned: the table of a small model.
 */
import { JlElement } from '../../../web/elements/base.js';
import { choice, once } from '../../../web/elements/controls.js';
import { oneOf } from '../../../web/elements/settings.js';
import { withSession } from '../../../web/figures/figure.js';
import { make } from '../../../web/ui/dom.js';
import { picture, resize, svg } from '../../../web/ui/svg.js';
import { startWith } from './files.js';
import { largest, strip } from './heat.js';

const [POSITIONS, FEATURES] = [32, 32];
const SCHEMES = ['sinusoidal', 'rope', 'alibi', 'learned'];

/** Value of a scheme at a position and feature. @type {Record<string, (t: number, i: number) => number>} */
const FORMULAS = {
  sinusoidal: (t, i) => {
    const angle = t / 10000 ** ((2 * Math.floor(i / 2)) / FEATURES);
    return i % 2 ? Math.cos(angle) : Math.sin(angle);
  },
  rope: (t, i) => Math.sin(t / 10000 ** (i / FEATURES)), // the sine of the angle of pair i
  alibi: (t, i) => -(2 ** (-8 * ((i >> 2) + 1) * (1 / 8))) * t, // eight heads, four columns each
};

/** @param {string} scheme @returns {Float32Array} [position][feature] */
const drawn = (scheme) =>
  Float32Array.from({ length: POSITIONS * FEATURES }, (_, at) =>
    FORMULAS[scheme](Math.floor(at / FEATURES), at % FEATURES),
  );

/** @type {import('../../../web/figures/figure.js').Figure} */
export const positions = {
  name: 'positions',
  settings: [],
  async compute(model, _request, { signal }) {
    const ids = new Int32Array(POSITIONS).fill(5);
    const { taps } = await withSession(model, POSITIONS, (s) =>
      s.run(ids, { taps: ['hook_pos_embed'], signal }),
    );
    const width = taps[0].shape[1];
    const learned = Float32Array.from({ length: POSITIONS * FEATURES }, (_, at) => {
      const [t, i] = [Math.floor(at / FEATURES), at % FEATURES];
      return taps[0].data[t * width + i];
    });
    const others = Object.fromEntries(Object.keys(FORMULAS).map((name) => [name, drawn(name)]));
    return { ...others, learned };
  },
};

/** @type {import('../../../web/ui/words.js').Words} */
const words = {
  title: ['Four ways to tell a position', '四種告訴模型位置的方法'],
  scheme: ['Encoding', '編碼'],
  sinusoidal: ['sines, added', '正弦波，相加'],
  rope: ['RoPE, rotated', 'RoPE，旋轉'],
  alibi: ['ALiBi, by distance', 'ALiBi，依距離'],
  learned: ['learned, added', '學來的，相加'],
  'sinusoidal.about': [
    'Each column is a wave, slower the farther right; each row, one position, is a pattern of its own. It is added to the embedding.',
    '每一行是一個波，愈往右變得愈慢；每一列是一個位置，圖樣各不相同，直接加到嵌入上。',
  ],
  'rope.about': [
    'Each column is a pair of features of q and k; the colour is the sine of the angle by which it is turned. A product of two turned vectors depends on their distance alone.',
    '每一行是 q 與 k 的一對特徵，顏色是旋轉角度的正弦。兩個轉過的向量相乘，結果只和距離有關。',
  ],
  'alibi.about': [
    'Each group of columns is a head: what is taken from its score grows with the distance, steeply in some heads, gently in others.',
    '每一組行是一個頭：距離愈遠，分數扣得愈多，有的頭扣得陡，有的頭扣得緩。',
  ],
  'learned.about': [
    'The first features of the position vectors that a small model has learned for positions 0 to 31.',
    '一個小模型替第 0 到 31 個位置學來的位置向量，這裡畫出前面幾個特徵。',
  ],
  position: ['position', '位置'],
  summary: [
    '{name}: {positions} positions as rows, {features} features as columns.',
    '{name}：{positions} 個位置為列，{features} 個特徵為行。',
  ],
};

export class NotePositions extends JlElement {
  static figure = positions;
  static words = words;
  static settings = { scheme: oneOf('sinusoidal', SCHEMES) };
  static input = null;

  startText() {
    return this.model === 'position-learned' ? startWith(this, ['position-learned']) : undefined;
  }
  /** @param {HTMLElement} body @param {any} view */
  draw(body, view) {
    const parts = once(this, 'parts', () => ({
      image: picture(),
      about: make('p', { className: 'readout' }),
    }));
    if (parts.image.parentNode !== body) body.replaceChildren(parts.image, parts.about);
    const scheme = this.value('scheme');
    const values = view[scheme];
    const most = largest(values);
    const width = Math.max(280, Math.min(body.clientWidth, 640));
    const nodes = Array.from({ length: POSITIONS }, (_, t) => {
      const row = values.subarray(t * FEATURES, (t + 1) * FEATURES);
      const label =
        t % 4
          ? []
          : [svg('text', { x: 32, y: t * 10 + 9, 'text-anchor': 'end', class: 'axis' }, String(t))];
      return [...label, ...strip(row, most, { x: 40, y: t * 10, width: width - 40, height: 9 })];
    }).flat();
    parts.image.replaceChildren(...nodes);
    resize(parts.image, width, POSITIONS * 10);
    parts.image.setAttribute('aria-label', this.summary(view));
    parts.about.textContent = this.t(`${scheme}.about`);
    parts.about.dataset.source = scheme === 'learned' ? 'hook_pos_embed' : `formula ${scheme}`;
  }
  /** @param {any} _view */
  own(_view) {
    const options = SCHEMES.map((name) => /** @type {const} */ ([name, this.t(name)]));
    return [choice(this, 'scheme', this.t('scheme'), options, this.value('scheme'))];
  }
  /** @param {any} _view */
  summary(_view) {
    return this.t('summary', {
      name: this.t(this.value('scheme')),
      positions: POSITIONS,
      features: FEATURES,
    });
  }
  /** @param {any} view */
  twin(view) {
    const scheme = this.value('scheme');
    const source = scheme === 'learned' ? 'hook_pos_embed' : `formula ${scheme}`;
    const rows = Array.from({ length: POSITIONS }, (_, t) => [
      String(t),
      ...Array.from(view[scheme].subarray(t * FEATURES, (t + 1) * FEATURES), (x, i) => ({
        text: this.format.number(x, { maximumFractionDigits: 3 }),
        source: `${source}[${t},${i}]`,
      })),
    ]);
    return {
      columns: [this.t('position'), ...Array.from({ length: FEATURES }, (_, i) => String(i))],
      rows,
    };
  }
}
