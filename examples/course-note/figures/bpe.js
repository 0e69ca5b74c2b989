/**
 * bpe.js - <note-bpe>: byte-pair encoding learned from a text, merge by merge, and what it does to a sample.
 */
import { JlElement } from '../../../web/elements/base.js';
import { once } from '../../../web/elements/controls.js';
import { Player } from '../../../web/elements/player.js';
import { whole } from '../../../web/elements/settings.js';
import { visible } from '../../../web/figures/figure.js';
import { make } from '../../../web/ui/dom.js';
import { pictureOfHtml } from '../../../web/ui/picture.js';
import { textOf } from './files.js';

const MERGES = 300;
const FIRST = 257; // id of the first learned piece: 0 is <|endoftext|>, 1 to 256 are the bytes

/** Whether GPT-2's alphabet writes a byte as itself; those bytes come first in it. @param {number} byte */
const isPlain = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
const ALL = Array.from({ length: 256 }, (_, byte) => byte);
/** Bytes in the order of GPT-2's alphabet. */
const BYTES = [...ALL.filter(isPlain), ...ALL.filter((byte) => !isPlain(byte))];

/** @typedef {{ left: number, right: number, text: string, count: number }} Merge */
/** @typedef {{ model: { name: string, type: string }, text: string, merges: Merge[], learned: number }} View learned: bytes of the text */

/** @type {import('../../../web/figures/figure.js').Figure} */
export const bpe = {
  name: 'bpe',
  settings: ['text'],
  /** @returns {Promise<View>} */
  async compute(_model, { text }, { signal, pause, progress }) {
    const { TokenizerTrainer } = await import('../../../web/tokenizer-trainer.js');
    const learned = await textOf('held-out', signal);
    const trainer = await TokenizerTrainer.open(learned, { sample: text });
    /** @type {Merge[]} */ const merges = [];
    try {
      for (let step = trainer.step(); step; step = trainer.step()) {
        merges.push({
          left: step.left,
          right: step.right,
          text: visible(step.text),
          count: step.count,
        });
        progress(merges.length, MERGES, 'steps');
        if (merges.length === MERGES) break;
        if (merges.length % 20 === 0) await pause();
      }
    } finally {
      trainer.close();
    }
    const model = { name: 'A few pages of fairy tales', type: '' };
    return { model, text, merges, learned: learned.length };
  },
};

/**
 * The pieces of a text after the first k merges, per word: ids. A word begins with the space before it.
 * @param {string} text @param {Merge[]} merges @param {number} k
 */
export function segment(text, merges, k) {
  const words = text.match(/ ?[^\s]+|\s+/g) ?? [];
  return words.map((word) => {
    let ids = [...new TextEncoder().encode(word)].map((byte) => BYTES.indexOf(byte) + 1);
    for (let i = 0; i < k; i++) {
      const { left, right } = merges[i];
      if (!ids.includes(left)) continue;
      /** @type {number[]} */ const next = [];
      for (let at = 0; at < ids.length; at++)
        if (ids[at] === left && ids[at + 1] === right) {
          next.push(FIRST + i);
          at++;
        } else next.push(ids[at]);
      ids = next;
    }
    return ids;
  });
}

/** @param {Merge[]} merges @param {number} id */
const textOfId = (merges, id) =>
  id < FIRST ? visible(String.fromCharCode(BYTES[id - 1])) : merges[id - FIRST].text;

/** @type {import('../../../web/ui/words.js').Words} */
const words = {
  title: ['Learning the pieces', '學習片段'],
  start: ['Learn · no download', '學習 · 不用下載'],
  back: ['Back', '上一個'],
  next: ['Next', '下一個'],
  play: ['Play', '播放'],
  pause: ['Pause', '暫停'],
  step: ['Merges', '合併'],
  sample: ['The sample in {n} pieces after {k} merges', '範例在 {k} 次合併之後是 {n} 塊'],
  merge: [
    'Merge {k}: “{left}” + “{right}” → “{text}”, side by side {count} times',
    '第 {k} 次合併：「{left}」+「{right}」→「{text}」，相鄰 {count} 次',
  ],
  none: ['No merge yet: every byte is a piece', '還沒有合併：一個位元組一塊'],
  rank: ['Merge', '合併'],
  piece: ['Piece', '片段'],
  count: ['Times', '次數'],
  summary: [
    '{n} merges learned from {bytes} bytes of fairy tales; the first are {list}.',
    '從 {bytes} 個位元組的童話學到 {n} 次合併，最前面的是 {list}。',
  ],
};

export class NoteBpe extends JlElement {
  static figure = bpe;
  static words = words;
  static needsModel = false;
  static settings = { step: whole(0, 0, MERGES) };
  static css = `
    .words { display: flex; flex-wrap: wrap; gap: 0.5rem 0.75rem; margin: 0.5rem 0; }
    .word { display: inline-flex; gap: 2px; }
    .word .chip { padding-inline: 0.125rem; }
    .recent { color: var(--jl-accent); font-weight: 600; }
    .list { font-size: 0.875rem; color: var(--jl-quiet); margin: 0; }`;

  #player = new Player(this, 'step', () => ({
    step: this.#step(this.view),
    n: this.view.merges.length,
  }));

  startText() {
    return this.live ? undefined : this.t('start');
  }
  /** @param {View} view */
  #step(view) {
    return Math.min(this.value('step') ?? 0, view.merges.length);
  }
  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const parts = once(this, 'parts', () => ({
      title: make('p', { className: 'readout' }),
      words: make('div', { className: 'words' }),
      said: make('p', { className: 'readout' }),
    }));
    if (parts.title.parentNode !== body) body.replaceChildren(parts.title, parts.words, parts.said);
    const k = this.#step(view);
    const pieces = segment(view.text, view.merges, k);
    const n = pieces.reduce((sum, word) => sum + word.length, 0);
    parts.title.textContent = this.t('sample', { n, k });
    parts.words.replaceChildren(
      ...pieces.map((ids) => {
        const word = make('span', { className: 'word' });
        for (const id of ids) {
          const recent = id === FIRST + k - 1 ? ' recent' : '';
          word.append(make('span', { className: `chip${recent}` }, textOfId(view.merges, id)));
        }
        return word;
      }),
    );
    parts.said.textContent = k ? this.#merge(view, k) : this.t('none');
    parts.said.dataset.source = `TokenizerTrainer step ${k}`;
  }
  /** @param {View} view @param {number} k */
  #merge({ merges }, k) {
    const { left, right, text, count } = merges[k - 1];
    const names = { left: textOfId(merges, left), right: textOfId(merges, right) };
    return this.t('merge', { k, ...names, text, count: this.format.number(count) });
  }
  /** @param {View} _view */
  own(_view) {
    return this.#player.controls();
  }
  /** @param {View} view */
  summary({ merges, learned }) {
    const list = merges
      .slice(0, 5)
      .map(({ text }) => text)
      .join(' · ');
    return this.t('summary', { n: merges.length, bytes: this.format.number(learned), list });
  }
  /** @param {View} view */
  twin({ merges }) {
    return {
      columns: [this.t('rank'), this.t('piece'), this.t('count')],
      rows: merges.map(({ text, count }, i) => [
        String(i + 1),
        text,
        { text: this.format.number(count), source: `TokenizerTrainer step ${i + 1}` },
      ]),
    };
  }
  picture() {
    return pictureOfHtml(this.frame.body, this.summary(this.view));
  }
}
