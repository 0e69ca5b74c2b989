/**
 * tokens.js - <jl-tokens>: a text as coloured pieces, with ids or bytes. Once live, the tokens follow the typing.
 */
import { tokens } from '../figures/tokens.js';
import { CHIPS, drawChips } from '../ui/chips.js';
import { make } from '../ui/dom.js';
import { pictureOfHtml } from '../ui/picture.js';
import { JlElement } from './base.js';
import { choice, once } from './controls.js';
import { oneOf } from './settings.js';
import { words } from './words/tokens.js';

/** @typedef {import('../figures/tokens.js').TokensView} View */

const UNDER = ['id', 'bytes', 'none'];
const PAUSE_MS = 150; // of the typing, before the text is encoded

/** @param {string} hex */
const spaced = (hex) => hex.toUpperCase().replace(/..(?=.)/g, '$& ');

export class JlTokens extends JlElement {
  static figure = tokens;
  static words = words;
  static settings = { under: oneOf('id', UNDER) };
  static css = `${CHIPS}
.ask :is(.start, .stop) { min-width: 8rem; }
.joins { margin: 0.25rem 0 0; font-size: 0.875rem; }`;
  static input = /** @type {'area'} */ ('area');

  constructor() {
    super();
    const field = /** @type {HTMLTextAreaElement} */ (this.frame.field);
    field.rows = 2;
    /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
    const typed = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (this.isConnected && this.dataset.state !== 'idle') this.take(field.value);
      }, PAUSE_MS);
    };
    field.addEventListener('input', (event) => {
      if (!(/** @type {InputEvent} */ (event).isComposing)) typed();
    });
    field.addEventListener('compositionend', typed);
  }

  /** @param {View} view */
  #chosen(view) {
    const first = view.tokens.findIndex((token) => token.kind !== 'control');
    return Math.min(this.value('token') ?? first, view.tokens.length - 1);
  }
  /** @param {View} view @param {number} i */
  #under(view, i) {
    const under = this.value('under');
    return under === 'id'
      ? String(view.tokens[i].id)
      : under === 'bytes'
        ? spaced(view.bytes[i])
        : '';
  }

  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const { list, readout, joins } = once(this, 'parts', () => ({
      list: make('div'),
      readout: make('p', { className: 'readout' }),
      joins: make('p', { className: 'joins' }),
    }));
    if (list.parentNode !== body) body.replaceChildren(list, readout, joins);
    readout.setAttribute('aria-live', 'polite');
    drawChips(list, {
      tokens: view.tokens,
      chosen: this.#chosen(view),
      choose: (token) => this.select({ token }),
      label: this.t('list', { n: view.tokens.length }),
      under: (i) => this.#under(view, i),
      source: (i) =>
        this.value('under') === 'id' ? `model.tokenize[${i}]` : `model.pieces[${i}].bytes`,
    });
    readout.textContent = this.#sentence(view, this.#chosen(view));
    joins.textContent = view.tokens.length ? this.#joins(view) : '';
  }

  /** @param {View} view @param {number} i */
  #sentence(view, i) {
    const token = view.tokens[i];
    if (!token) return '';
    const values = {
      i: i + 1,
      n: view.total,
      label: token.label,
      id: token.id,
      bytes: spaced(view.bytes[i]),
    };
    if (token.kind === 'control') return this.t('one.control', values);
    if (!token.part) return this.t('one', values);
    const [k, parts] = token.part;
    return this.t('one.part', { ...values, k: k + 1, parts, glyph: token.glyph ?? '' });
  }
  /** @param {View} view */
  #joins(view) {
    return this.t(`join.${view.join}`, {
      n: this.format.number(view.total),
      joined: view.joined ?? '',
    });
  }

  /** @param {View} view */
  own(view) {
    const options = UNDER.map((name) => /** @type {const} */ ([name, this.t(`under.${name}`)]));
    return view.tokens.length
      ? [choice(this, 'under', this.t('under'), options, this.value('under'))]
      : [];
  }
  /** @param {View} view */
  summary(view) {
    if (!view.tokens.length) return this.t('summary.empty');
    const { number } = this.format;
    return this.t('summary', {
      n: number(view.total),
      characters: number(view.characters),
      length: number(view.length),
      joins: this.#joins(view),
    });
  }
  /** @param {View} view */
  twin(view) {
    const columns = ['#', this.t('label.token'), 'id', this.t('under.bytes'), this.t('part')];
    const rows = view.tokens.map(({ id, label, glyph, part }, i) => [
      String(i + 1),
      label,
      { text: String(id), source: `model.tokenize[${i}]` },
      { text: spaced(view.bytes[i]), source: `model.pieces[${i}].bytes` },
      part ? this.t('part.of', { k: part[0] + 1, parts: part[1], glyph: glyph ?? '' }) : '',
    ]);
    return { columns, rows };
  }
  picture() {
    return pictureOfHtml(
      /** @type {Element} */ (this.frame.body.firstElementChild),
      this.summary(this.view),
    );
  }
}
