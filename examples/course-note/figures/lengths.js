/**
 * lengths.js - <note-lengths>: models that were trained on texts of 64 tokens, scored on longer ones.
 */
import { JlElement } from '../../../web/elements/base.js';
import { once } from '../../../web/elements/controls.js';
import { withSession } from '../../../web/figures/figure.js';
import { logSum } from '../../../web/figures/numbers.js';
import { make } from '../../../web/ui/dom.js';
import { drawPlot, plotStyle } from '../../../web/ui/plot.js';
import { picture, resize } from '../../../web/ui/svg.js';
import { bytesOf, startWith, textOf } from './files.js';

const SCHEMES = ['alibi', 'rope', 'learned', 'sinusoidal'];
const FILES = SCHEMES.map((name) => `position-${name}`);
const MODEL = { name: FILES.join(', '), type: '' };
const LENGTHS = [32, 64, 128, 256, 512];
const TRAINED = 64;
const SCORED = 2048; // tokens of the held-out text

/** Nats of ids in windows of a length; each begins with the last token of the one before. @param {import('../../../web/jielong.js').Model} model @param {Int32Array} ids @param {number} length @param {AbortSignal} signal */
async function nats(model, ids, length, signal) {
  const last = { name: 'resid_post', layer: model.info.layers - 1 };
  let sum = 0;
  for (let at = 0; at + 1 < ids.length; at += length) {
    const part = ids.subarray(at, Math.min(at + length + 1, ids.length));
    const input = part.subarray(0, -1);
    const run = await withSession(model, input.length, (s) =>
      s.run(input, { taps: [last], signal }),
    );
    const { shape, data } = await model.unembed(run.taps[0].data);
    for (let i = 0; i < input.length; i++) {
      const logits = data.subarray(i * shape[1], (i + 1) * shape[1]);
      sum += logSum(logits) - logits[part[i + 1]];
    }
  }
  return sum;
}

/** @type {import('../../../web/figures/figure.js').Figure} */
export const lengths = {
  name: 'lengths',
  settings: [],
  async compute(_model, _request, { signal, pause, progress, show }) {
    const { loadModel } = await import('../../../web/jielong.js');
    const text = await textOf('held-out', signal);
    /** @type {any[]} */ const rows = [];
    for (const [i, name] of SCHEMES.entries()) {
      const model = await loadModel(await bytesOf(`position-${name}`, signal), {
        precision: 'exact',
        signal,
      });
      try {
        const ids = (await model.tokenize(text)).slice(0, SCORED);
        const known = new Map(
          (await model.pieces([...new Set(ids)])).map((p) => [p.id, p.bytes.length]),
        );
        const bytes = ids.slice(1).reduce((sum, id) => sum + (known.get(id) ?? 0), 0);
        const bits = [];
        for (const [k, length] of LENGTHS.entries()) {
          await pause();
          bits.push((await nats(model, ids, length, signal)) / Math.LN2 / bytes);
          progress(i * LENGTHS.length + k + 1, SCHEMES.length * LENGTHS.length, 'steps');
        }
        rows.push({ name, bits });
        show({ model: MODEL, rows: [...rows], lengths: LENGTHS });
      } finally {
        await model.close();
      }
    }
    return { model: MODEL, rows, lengths: LENGTHS };
  },
};

/** @type {import('../../../web/ui/words.js').Words} */
const words = {
  title: ['Trained short, tested long', '短的練，長的考'],
  alibi: ['ALiBi', 'ALiBi'],
  rope: ['RoPE', 'RoPE'],
  learned: ['learned vectors', '學來的向量'],
  sinusoidal: ['sines', '正弦波'],
  length: ['tokens of a text', '一段文字的詞元數'],
  bits: ['bits per byte', '每位元組位元數'],
  scheme: ['Positions', '位置'],
  trained: ['trained at {n} tokens', '訓練長度 {n} 個詞元'],
  summary: [
    'Bits per byte of four models trained on texts of {trained} tokens, on texts of {from} and of {to} tokens: {list}.',
    '四個以 {trained} 個詞元的文字訓練的模型，在 {from} 與 {to} 個詞元的文字上的每位元組位元數：{list}。',
  ],
};

const THREE = { minimumFractionDigits: 3, maximumFractionDigits: 3 };

export class NoteLengths extends JlElement {
  static figure = lengths;
  static words = words;
  static needsModel = false;
  static input = null;
  static css = plotStyle;

  startText() {
    return startWith(this, FILES);
  }
  /** @param {HTMLElement} body @param {any} view */
  draw(body, view) {
    const parts = once(this, 'parts', () => ({
      image: picture(),
      note: make('p', { className: 'note' }),
    }));
    if (parts.image.parentNode !== body) body.replaceChildren(parts.image, parts.note);
    const all = view.rows.flatMap((/** @type {any} */ row) => row.bits);
    const number = (/** @type {number} */ x) => this.format.number(x);
    const width = Math.max(280, body.clientWidth);
    const plot = drawPlot({
      area: { left: 0, top: 0, width, height: 320 },
      x: {
        low: 32,
        high: 512,
        log: true,
        ticks: view.lengths,
        label: this.t('length'),
        show: number,
      },
      y: {
        low: Math.floor(10 * Math.min(...all)) / 10,
        high: Math.ceil(10 * Math.max(...all)) / 10,
        label: this.t('bits'),
        show: (y) => this.format.number(y, { maximumFractionDigits: 2 }),
      },
      series: view.rows.map((/** @type {any} */ { name, bits }) => ({
        name: this.t(name),
        points: bits.map((/** @type {number} */ y, /** @type {number} */ i) => ({
          x: view.lengths[i],
          y,
          source: `−log2 p(held-out.txt) / bytes, position-${name}, ${view.lengths[i]}`,
        })),
        line: bits.map((/** @type {number} */ y, /** @type {number} */ i) => [view.lengths[i], y]),
      })),
    });
    parts.image.replaceChildren(...plot);
    resize(parts.image, width, 320);
    parts.image.setAttribute('aria-label', this.summary(view));
    parts.note.textContent = this.t('trained', { n: TRAINED });
  }
  /** @param {any} view */
  summary(view) {
    const number = (/** @type {number} */ x) => this.format.number(x, THREE);
    const list = view.rows.map(
      (/** @type {any} */ { name, bits }) =>
        `${this.t(name)} ${number(bits[1])} → ${number(bits[bits.length - 1])}`,
    );
    return this.t('summary', { trained: TRAINED, from: 64, to: 512, list: list.join('; ') });
  }
  /** @param {any} view */
  twin(view) {
    return {
      columns: [this.t('scheme'), ...view.lengths.map(String)],
      rows: view.rows.map((/** @type {any} */ { name, bits }) => [
        this.t(name),
        ...bits.map((/** @type {number} */ x, /** @type {number} */ i) => ({
          text: this.format.number(x, THREE),
          source: `−log2 p(held-out.txt) / bytes, position-${name}, ${view.lengths[i]}`,
        })),
      ]),
    };
  }
}
