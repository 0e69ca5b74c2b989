/**
 * merges.js - <jl-merges>: how a piece of the text becomes tokens: its symbols, each merge with its rank, as a tree.
 *
 * Choosing a token anywhere chooses its piece. `step` is the number of merges that are done. Other vocabularies than
 * those of merges show what they do instead: the lattice of unigram, the matches of WordPiece, single bytes.
 */
import { labelOf, reasonOf, symbolsAt, treeOf, unknownOf } from '../figures/merge-tree.js';
import { merges } from '../figures/merges.js';
import { CHIPS, drawChips } from '../ui/chips.js';
import { make } from '../ui/dom.js';
import { drawTree, TREE } from '../ui/merge-tree.js';
import { pictureOfHtml } from '../ui/picture.js';
import { picture as newPicture } from '../ui/svg.js';
import { JlElement } from './base.js';
import { once } from './controls.js';
import { Player } from './player.js';
import { whole } from './settings.js';
import { words } from './words/merges.js';

/** @typedef {import('../figures/merges.js').MergesView} View */
/** @typedef {import('../figures/merges.js').PieceView} Piece */

const DIGITS = { maximumFractionDigits: 2 };
const COLUMNS = ['step', 'left', 'right', 'result', 'value', 'ids'];

/** @param {Piece} piece */
const labelAll = (piece) => labelOf(piece, 0, piece.bytes.length / 2);
/** @param {Piece} piece */
const idsOf = (piece) => piece.tokens.flatMap(([, , ids]) => ids);

export class JlMerges extends JlElement {
  static figure = merges;
  static words = words;
  static settings = { step: whole() };
  static css = CHIPS + TREE;
  #stepper = new Player(this, 'step', () => {
    const piece = this.view && this.#piece(this.view);
    return piece ? { step: this.#step(piece), n: piece.steps.length } : { step: 0, n: 0 };
  });
  /** The pieces as chips, one array for a view. @type {{ view?: View, tokens: import('../ui/chips.js').TokenView[] }} */
  #chips = { tokens: [] };

  /** Index of the shown piece: that of the token; without one, that with the most merges. @param {View} view */
  #index({ pieces }) {
    const token = this.value('token');
    const most = Math.max(...pieces.map(({ steps }) => steps.length));
    const found =
      token === undefined
        ? pieces.findIndex(({ steps }) => steps.length === most)
        : pieces.findLastIndex(({ first }) => first <= token);
    return Math.max(0, found);
  }
  /** @param {View} view @returns {Piece | undefined} */
  #piece = (view) => view.pieces[this.#index(view)];
  /** @param {Piece} piece */
  #step = ({ steps }) => Math.min(this.value('step') ?? steps.length, steps.length);
  /** @param {View} view @param {number} value */
  #order({ method }, value) {
    return this.t(method === 'spm' ? 'score' : 'rank', {
      value: this.format.number(value, DIGITS),
    });
  }
  /** @param {number} [score] */
  #score = (score) => (score === undefined ? '×' : this.format.number(score, DIGITS));

  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const { list, box, picture, readout, note } = once(this, 'parts', () => this.#create());
    if (list.parentNode !== body) body.replaceChildren(list, box, readout, note);
    this.#drawPieces(list, view);
    picture.setAttribute('aria-label', this.summary(view));
    const piece = this.#piece(view);
    box.hidden = !piece;
    readout.textContent = piece ? this.#sentence(view, piece) : '';
    note.textContent = piece ? this.#reason(view, piece) : this.t('summary.empty');
    if (!piece) return;
    const step = this.#step(piece);
    drawTree(picture, treeOf(view, this.#index(view)), {
      step,
      now: symbolsAt(piece, step),
      chosen: this.value('token') ?? -1,
      name: (order) => this.#order(view, order),
      score: this.#score,
    });
  }
  #create() {
    const picture = newPicture();
    picture.addEventListener('keydown', (event) => this.#stepper.key(event));
    const readout = make('p', { className: 'readout', ariaLive: 'polite' });
    const box = make('div', { className: 'tree' }, picture);
    return { list: make('div'), box, picture, readout, note: make('p', { className: 'note' }) };
  }
  /** @param {HTMLElement} list @param {View} view */
  #drawPieces(list, view) {
    const { pieces } = view;
    if (this.#chips.view !== view)
      this.#chips = { view, tokens: pieces.map((p) => ({ id: p.first, label: labelAll(p) })) };
    drawChips(list, {
      tokens: this.#chips.tokens,
      chosen: pieces.length ? this.#index(view) : -1,
      choose: (i) => {
        this.#stepper.pause();
        this.removeAttribute('step');
        this.select({ token: pieces[i].first });
      },
      label: this.t('pieces', { n: pieces.length }),
      under: (i) => `→ ${idsOf(pieces[i]).length}`,
      source: (i) => `model.merges.pieces[${i}].ids`,
      colour: (i) => pieces[i].first % 4,
    });
  }

  /** @param {View} view */
  own(view) {
    if (!this.#piece(view)?.steps.length) return [];
    return this.#stepper.controls();
  }

  /** What the last step did. @param {View} view @param {Piece} piece */
  #sentence({ method }, piece) {
    if (!piece.steps.length) return '';
    const k = this.#step(piece);
    const symbols = symbolsAt(piece, k).length;
    const values = { piece: labelAll(piece), n: piece.steps.length, k, symbols };
    if (!k) return this.t('start', values);
    const [index, order] = piece.steps[k - 1];
    const pair = symbolsAt(piece, k - 1).slice(index, index + 2);
    const [left, right] = pair.map(({ at, length }) => labelOf(piece, at, length));
    const value = this.format.number(order, DIGITS);
    return this.t(method === 'spm' ? 'merged.score' : 'merged', { ...values, left, right, value });
  }
  /** @param {View} view @param {Piece} piece */
  #reason(view, piece) {
    if (this.#step(piece) < piece.steps.length) return this.t('goal');
    const ids = idsOf(piece);
    const [at, length, bytes] = unknownOf(piece) ?? [0, 0, []];
    return this.t(reasonOf(view, piece), {
      piece: labelAll(piece),
      n: ids.length,
      id: ids[0] ?? '',
      score: this.#score(piece.score ?? 0),
      unknown: labelOf(piece, at, length),
      bytes: bytes.length,
    });
  }
  /** @param {View} view */
  summary(view) {
    const piece = this.#piece(view);
    if (!piece) return this.t('summary.empty');
    const n = idsOf(piece).length;
    const tokens = view.tokens.slice(piece.first, piece.first + n).map(({ label }) => label);
    const values = {
      piece: labelAll(piece),
      steps: piece.steps.length,
      n,
      tokens: tokens.join(' | '),
    };
    return this.t('summary', values);
  }
  /** @param {View} view */
  twin(view) {
    const columns = COLUMNS.map((name) => this.t(`column.${name}`));
    /** @type {import('./frame.js').Cell[][]} */
    const rows = view.pieces.map((piece, i) => {
      const ids = { text: idsOf(piece).join(' '), source: `model.merges.pieces[${i}].ids` };
      return [this.t('column.piece', { i: i + 1 }), '', '', labelAll(piece), '', ids];
    });
    const piece = this.#piece(view);
    if (!piece) return { columns, rows };
    const { steps, bars, tokens } = treeOf(view, this.#index(view));
    for (const [k, { left, right, label, order, id, source }] of steps.entries()) {
      const [a, b] = [left, right].map(({ at, length }) => labelOf(piece, at, length));
      rows.push([
        String(k + 1),
        a,
        b,
        label,
        { text: this.#order(view, order), source },
        String(id),
      ]);
    }
    for (const { label, score, best, source } of bars) {
      const kind = score === undefined ? 'failed' : best ? 'best' : 'candidate';
      rows.push([
        this.t(`column.${kind}`),
        '',
        '',
        label,
        { text: this.#score(score), source },
        '',
      ]);
    }
    for (const { label, id, source } of tokens.flatMap(({ parts }) => parts))
      rows.push([this.t('label.token'), '', '', label, '', { text: String(id), source }]);
    return { columns, rows };
  }
  picture() {
    return pictureOfHtml(this.frame.body, this.summary(this.view), '.readout, .note');
  }
}
