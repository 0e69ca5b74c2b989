/**
 * evolution.js - <note-evolution>: four generations of language models on the same text: bits per byte, the next token,
 * and a sample of each.
 */
import { JlElement } from '../../../web/elements/base.js';
import { once } from '../../../web/elements/controls.js';
import { tokenViews } from '../../../web/figures/figure.js';
import { best, softmax } from '../../../web/figures/numbers.js';
import { make } from '../../../web/ui/dom.js';
import { pictureOfHtml } from '../../../web/ui/picture.js';
import { gruModel, windowModel } from './baselines.js';
import { bytesOf, startWith, textOf } from './files.js';

const SCORED = 600; // tokens of the held-out text
const SAMPLE = 16; // tokens
const WINDOW = 200; // tokens that a recurrent network and the Transformer read at once

/** @typedef {{ next: (ids: number[]) => ArrayLike<number> | Promise<ArrayLike<number>>, reset?: () => void, close?: () => unknown }} Player */

/** The n-gram model. @returns {Promise<Player>} */
async function ngramPlayer() {
  const { Ngram } = await import('../../../web/ngram.js');
  const ngram = await Ngram.open(await bytesOf('tales-ngram'));
  return { next: (ids) => ngram.distribution(ids.slice(-8)), close: () => ngram.close() };
}

/** @param {import('../../../web/jielong.js').Model} model @returns {Promise<Player>} */
async function transformerPlayer(model) {
  const session = await model.createSession({ contextLength: WINDOW + SAMPLE + 1 });
  return {
    async next(ids) {
      await session.replace(ids);
      return softmax(await session.logits());
    },
    close: () => session.close(),
  };
}

/** Bits per byte of a player. @param {Player} player @param {Int32Array} ids @param {number} bytes @param {(i: number) => Promise<void>} each */
async function score(player, ids, bytes, each) {
  let nats = 0;
  for (let i = 1; i < ids.length; i++) {
    const start = Math.floor((i - 1) / WINDOW) * WINDOW;
    if (start === i - 1) player.reset?.();
    nats -= Math.log((await player.next([...ids.subarray(start, i)]))[ids[i]]);
    if (i % 40 === 0) await each(i);
  }
  return nats / Math.LN2 / bytes;
}

/** Greedy continuation. @param {Player} player @param {number[]} prompt */
async function sample(player, prompt) {
  const ids = [...prompt];
  player.reset?.();
  let first = 0;
  for (let i = 0; i < SAMPLE; i++) {
    const shares = await player.next(ids);
    const id = best(shares);
    if (i === 0) first = shares[id];
    ids.push(id);
  }
  return { ids: ids.slice(prompt.length), first };
}

const NAMES = ['ngram', 'window', 'gru', 'transformer'];
const FILES = ['tales-ngram', 'baseline-window', 'baseline-gru', 'baseline-transformer'];
const MODEL = { name: FILES.join(', '), type: '' };

/** @type {import('../../../web/figures/figure.js').Figure} */
export const evolution = {
  name: 'evolution',
  settings: ['text'],
  async compute(_model, { text }, { signal, pause, progress, show }) {
    const { loadModel } = await import('../../../web/jielong.js');
    const model = await loadModel(await bytesOf('baseline-transformer', signal), {
      precision: 'exact',
      signal,
    });
    /** @type {Player[]} */ const players = [];
    try {
      const ids = (await model.tokenize(await textOf('held-out', signal))).slice(0, SCORED);
      const pieces = await model.pieces([...new Set(ids)]);
      const length = new Map(pieces.map((piece) => [piece.id, piece.bytes.length]));
      const bytes = ids.slice(1).reduce((sum, id) => sum + (length.get(id) ?? 0), 0);
      const prompt = [...(await model.tokenize(text))].slice(-WINDOW);
      players.push(await ngramPlayer(), windowModel(await bytesOf('baseline-window', signal)));
      players.push(gruModel(await bytesOf('baseline-gru', signal)), await transformerPlayer(model));
      /** @type {any[]} */ const rows = [];
      for (const [i, player] of players.entries()) {
        const done = i * ids.length;
        const bits = await score(player, ids, bytes, async (at) => {
          progress(done + at, NAMES.length * ids.length, 'tokens');
          await pause();
        });
        const { ids: drawn, first } = await sample(player, prompt);
        rows.push({ name: NAMES[i], bits, first, sample: await tokenViews(model, drawn) });
        show({ model: MODEL, rows: [...rows], scored: ids.length, bytes });
      }
      return { model: MODEL, rows, scored: ids.length, bytes };
    } finally {
      for (const player of players) await player.close?.();
      await model.close();
    }
  },
};

/** @type {import('../../../web/ui/words.js').Words} */
const words = {
  title: ['Four generations', '四代模型'],
  ngram: ['5-gram: counts', '5-gram：數次數'],
  window: ['feed-forward, 5 tokens', '前饋網路，看 5 個詞元'],
  gru: ['recurrent (GRU)', '循環網路（GRU）'],
  transformer: ['Transformer', 'Transformer'],
  model: ['Model', '模型'],
  bits: ['Bits per byte', '每位元組位元數'],
  continues: ['Its most probable continuation', '它最可能的接法'],
  summary: [
    'Bits per byte on the same {scored} tokens of held-out text: {list}.',
    '同一段 {scored} 個詞元的保留文字，每位元組位元數：{list}。',
  ],
};

export class NoteEvolution extends JlElement {
  static figure = evolution;
  static words = words;
  static needsModel = false;
  static css = `
    .grid { display: grid; grid-template-columns: minmax(7rem, auto) minmax(4rem, 1fr) 3rem; gap: 0.25rem 0.75rem; align-items: center; }
    .grid .heading { color: var(--jl-quiet); font-size: 0.875rem; }
    .sample { grid-column: 1 / -1; font-family: var(--jl-mono); font-size: 0.875rem; margin: 0 0 0.75rem; overflow-wrap: anywhere; }
    .track { background: var(--jl-line); }`;

  startText() {
    return startWith(this, FILES);
  }
  /** @param {HTMLElement} body @param {any} view */
  draw(body, view) {
    const grid = once(this, 'grid', () => make('div', { className: 'grid' }));
    if (grid.parentNode !== body) body.replaceChildren(grid);
    const heading = (/** @type {string} */ key) =>
      make('span', { className: 'heading' }, this.t(key));
    const nodes = [heading('model'), heading('bits'), make('span')];
    const most = Math.max(...view.rows.map((/** @type {any} */ row) => row.bits));
    for (const { name, bits, sample } of view.rows) {
      const bar = make('div', { className: 'bar' });
      bar.style.width = `${(100 * bits) / most}%`;
      const value = make('span', { className: 'numbers' }, this.#bits(bits));
      value.dataset.source = `−log2 p(held-out.txt) / bytes, ${name}`;
      const text = sample
        .map((/** @type {any} */ token) => token.label)
        .join('')
        .replace(/␣/g, ' ');
      nodes.push(make('span', {}, this.t(name)), make('div', { className: 'track' }, bar), value);
      nodes.push(make('p', { className: 'sample' }, `… ${text}`));
    }
    grid.replaceChildren(...nodes);
  }
  /** @param {number} bits */
  #bits(bits) {
    return this.format.number(bits, { minimumFractionDigits: 3, maximumFractionDigits: 3 });
  }
  /** @param {any} view */
  summary(view) {
    const list = view.rows.map((/** @type {any} */ r) => `${this.t(r.name)} ${this.#bits(r.bits)}`);
    return this.t('summary', { scored: view.scored, list: list.join('; ') });
  }
  /** @param {any} view */
  twin(view) {
    return {
      columns: [this.t('model'), this.t('bits'), this.t('continues')],
      rows: view.rows.map((/** @type {any} */ { name, bits, sample }) => [
        this.t(name),
        { text: this.#bits(bits), source: `−log2 p(held-out.txt) / bytes, ${name}` },
        sample.map((/** @type {any} */ token) => token.label).join(' '),
      ]),
    };
  }
  picture() {
    return pictureOfHtml(this.frame.body, this.summary(this.view));
  }
}
