/**
 * heads.js - <jl-heads>: the patterns of all heads as small pictures, what kind each head is, and what the prediction
 * loses without it.
 *
 * Rows are blocks, columns heads; `sort` orders them by a score. Selecting one shows it in figures that share. `edit`
 * switches the selected head off, or keeps only it.
 */
import { chosenHead } from '../figures/causal.js';
import { heads, KINDS } from '../figures/heads.js';
import { TEXTS } from '../figures/texts.js';
import { make } from '../ui/dom.js';
import { drawRanks, RANKS } from '../ui/ranks.js';
import { drawThumbs, thumbAfter, thumbAt } from '../ui/thumbs.js';
import { JlElement } from './base.js';
import { CHANGE, drawChange } from './change.js';
import { choice, once } from './controls.js';
import { DIGITS, headsTable, headWorking, kindOf, placeOf } from './heads-parts.js';
import { flag, oneOf } from './settings.js';
import { words } from './words/heads.js';
import { drawWorking, shows, WORKING, workingButton } from './working.js';

/** @typedef {import('../figures/heads.js').HeadsView} View */

const SORTS = ['place', ...KINDS, 'entropy'];
const EDITS = ['none', 'off', 'only'];

export class JlHeads extends JlElement {
  static figure = heads;
  static words = words;
  static settings = { sort: oneOf('place', SORTS), edit: oneOf('off', EDITS), working: flag() };
  static css = `${RANKS}${CHANGE}${WORKING}
    .map { touch-action: pan-y; cursor: pointer; }
    .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0.75rem 2.5rem; margin-top: 0.75rem; }
    
    .columns p { margin: 0.25rem 0 0; font-size: 0.875rem; overflow-wrap: anywhere; }
    .columns > div { min-width: 0; } .columns .label { min-height: 3em; } .columns .text { white-space: pre-line; }
    .columns .name { margin: 0 0 0.25rem; font-weight: 600; }`;

  /** Heads in the order in which they are drawn: [layer index · heads + head]. @param {View} view */
  #order(view) {
    const order = Array.from({ length: view.layers.length * view.heads }, (_, i) => i);
    const sort = this.value('sort');
    const scores = view.measured.tokens ? view.scores[sort] : undefined;
    return scores ? order.sort((a, b) => scores[b] - scores[a]) : order;
  }
  /** @param {View} view */
  #index(view) {
    const { layer, head } = chosenHead(view, {
      layer: this.value('layer'),
      head: this.value('head'),
    });
    return view.layers.indexOf(layer) * view.heads + head;
  }
  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const parts = once(this, 'parts', () => this.#create());
    if (parts.canvas.parentNode !== body)
      body.replaceChildren(parts.canvas, parts.columns, parts.working);
    const order = this.#order(view);
    const sorted = this.value('sort') !== 'place' && view.measured.tokens > 0;
    const n = view.tokens.length;
    const caption = (/** @type {number} */ i) => {
      const kind = kindOf(view, i);
      const { layer, head } = placeOf(view, i);
      if (!sorted) return kind ? this.t(`short.${kind}`) : '';
      return `${layer}.${head}  ${this.format.number(view.scores[this.value('sort')][i], DIGITS)}`;
    };
    const names = { row: this.t('label.layer'), column: this.t('label.head') };
    const columns = Array.from({ length: view.heads }, (_, i) => String(i));
    const thumbs = {
      n,
      matrices: order.map((i) => ({
        data: view.patterns[Math.floor(i / view.heads)],
        at: ((i % view.heads) * n * (n + 1)) / 2,
      })),
      captions: order.map(caption),
      columns: view.heads,
      chosen: order.indexOf(this.#index(view)),
      axes: sorted ? null : { ...names, rows: view.layers.map(String), columns },
    };
    drawThumbs(parts.canvas, thumbs, body.clientWidth);
    parts.canvas.setAttribute('aria-label', this.summary(view));
    this.#score(parts, view);
    this.#change(parts, view);
    drawWorking(parts.working, shows(this) ? headWorking(this, view) : undefined);
  }

  #create() {
    const canvas = make('canvas', { tabIndex: 0, className: 'map' });
    canvas.setAttribute('role', 'img');
    const line = (/** @type {string} */ className) => make('p', { className });
    const [name, list, label] = [line('name'), make('ol'), line('label')];
    const measured = make('details', { className: 'note' }, make('summary'), line('text'));
    label.setAttribute('aria-live', 'polite');
    const [edit, table, note] = [line('name'), make('table'), line('note')];
    const left = make('div', {}, name, list, label, measured);
    const columns = make('div', { className: 'columns' }, left, make('div', {}, edit, table, note));
    canvas.addEventListener('click', (event) => {
      const order = this.#order(this.view);
      const at = thumbAt(canvas, event, order.length);
      if (at >= 0) this.select(placeOf(this.view, order[at]));
    });
    canvas.addEventListener('keydown', (event) => {
      const order = this.#order(this.view);
      const { heads } = this.view;
      const at = order.indexOf(this.#index(this.view));
      const to = thumbAfter(event.key, at, heads, order.length);
      if (to < 0) return;
      event.preventDefault();
      this.select(placeOf(this.view, order[to]));
    });
    return {
      canvas,
      columns,
      name,
      list,
      label,
      measured,
      edit,
      table,
      note,
      working: make('div'),
    };
  }
  /** What kind the selected head is. @param {any} parts @param {View} view */
  #score({ name, list, label, measured }, view) {
    const index = this.#index(view);
    const kind = kindOf(view, index);
    const score = (/** @type {string} */ of) => view.scores[of]?.[index] ?? 0;
    const say = (/** @type {string} */ of) => this.format.number(score(of), DIGITS);
    name.textContent = this.t('chosen', placeOf(view, index));
    const { tokens, own, text, pending } = view.measured;
    const ranks = KINDS.map((of) => ({
      label: this.t(`kind.${of}`),
      plain: true,
      text: say(of),
      share: score(of),
      source: `headScores ${of}`,
      chosen: of === kind,
    }));
    drawRanks(list, tokens ? ranks : [], KINDS.length);
    const sentence = kind
      ? this.t('labelled', { kind: this.t(`kind.${kind}`), score: say(kind) })
      : this.t('unlabelled');
    label.textContent = tokens ? `${sentence} ${this.t('entropy', { value: say('entropy') })}` : '';
    const how = tokens ? (own ? 'own' : 'other') : pending ? 'pending' : 'none';
    measured.firstChild.textContent = this.t(`measured.${how}`, { n: tokens });
    const included = /** @type {Record<string, string>} */ (TEXTS);
    measured.lastChild.textContent = (included[text] ?? text).trim();
  }

  /** What the edit changes. @param {any} parts @param {View} view */
  #change({ edit, table, note }, view) {
    const place = placeOf(view, this.#index(view));
    const { change } = view;
    const kind = this.value('edit');
    const same = change.layer === place.layer && change.head === place.head;
    const known = change.edit === kind && (same || kind === 'none');
    edit.textContent = this.t(`change.${kind}`, place);
    drawChange(this, table, change, known);
    const told = known || this.live ? 'change.note' : 'change.start';
    const [uniform, counts] = [change.uniform, change.unigram ?? 0].map((x) =>
      this.format.number(x, DIGITS),
    );
    const more =
      told !== 'change.start' && change.unigram ? this.t('change.counts', { counts }) : '';
    note.textContent = `${this.t(told, { uniform })} ${more}`;
  }

  /** @param {View} _view */
  own(_view) {
    const options = (/** @type {string} */ name, /** @type {string[]} */ list) =>
      list.map((one) => /** @type {const} */ ([one, this.t(`${name}.${one}`)]));
    return [
      choice(this, 'sort', this.t('label.sort'), options('sort', SORTS), this.value('sort')),
      choice(this, 'edit', this.t('label.edit'), options('edit', EDITS), this.value('edit')),
      workingButton(this),
    ];
  }
  /** @param {View} view */
  summary(view) {
    const [layers, all] = [view.layers.length, view.layers.length * view.heads];
    const place = placeOf(view, this.#index(view));
    return this.t('summary', {
      ...place,
      layers,
      all,
      heads: view.heads,
      labelled: view.labels.length,
    });
  }
  /** @param {View} view */
  twin(view) {
    return headsTable(this, view, this.#order(view));
  }
}
