/**
 * distribution.js - <jl-distribution>: the candidates for the next token as bars, after each stage of the sampler.
 *
 * Choosing a row appends its token to the text: the word-chain game. The text is tokenised anew, so the appended token may
 * merge with the one before it.
 */
import { distribution } from '../figures/distribution.js';
import { barList, barsCss, drawBars, rowHeight } from '../ui/bars.js';
import { make } from '../ui/dom.js';
import { JlElement } from './base.js';
import { once } from './controls.js';
import { labelOf, Reader } from './distribution-parts.js';
import { isLoaded } from './engine.js';
import { samplerControls, samplerCss, samplerSettings } from './sampler.js';
import { oneOf, real } from './settings.js';
import { words } from './words/distribution.js';

/** @typedef {import('../figures/distribution.js').DistributionView} View */
/** @typedef {View & { missing?: string }} Shown */

const NARROW = 640; // px; below, only the first and the last stage are drawn

export class JlDistribution extends JlElement {
  static figure = distribution;
  static words = words;
  static settings = {
    ...samplerSettings(),
    penalty: real(undefined, 0.01, 100),
    show: oneOf('stages', ['stages', 'model']), // model: the model's probabilities alone, without the sampler
  };
  static css = `${barsCss}${samplerCss}
.body p { margin: 0.25rem 0 0; font-size: 0.875rem; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.body .working, .body .added { min-height: 1.5em; }
@container (max-width: 40rem) { .body .working { min-height: 4.5em; } }`;

  #cursor = -1;
  /** About the last choice, for readers. */ #said = '';
  #read = new Reader(this);

  /** @param {HTMLElement} body @param {Shown} view */
  draw(body, view) {
    if (view.missing) {
      body.replaceChildren(make('p', { className: 'empty' }, this.t(`missing.${view.missing}`)));
      return;
    }
    const { list, legend, working, added } = once(this, 'parts', () => this.#create());
    if (list.parentNode !== body) body.replaceChildren(list, legend, working, added);
    this.#bars(list, view);
    legend.textContent = this.#read.legend(view, this.#plain);
    working.hidden = this.#plain;
    working.textContent = this.#read.working(view, this.#row(view));
    working.dataset.source = `session.logits[${view.rows[this.#row(view)].id}]`;
    added.textContent = this.#said || this.#stale(view);
  }
  #create() {
    const list = barList({
      count: () => this.view.rows.length,
      cursor: () => this.#cursor,
      move: (row) => this.#move(row),
      choose: (row) => this.#append(row),
      leave: () => this.#move(-1),
    });
    const added = make('p', { className: 'quiet added' });
    added.setAttribute('role', 'status');
    const legend = make('p', { className: 'quiet' });
    return { list, legend, working: make('p', { className: 'working' }), added };
  }
  /** The row that the working explains. @param {View} view */
  #row(view) {
    return Math.min(this.#cursor < 0 ? view.drawn : this.#cursor, view.rows.length - 1);
  }

  /** Whether only the model's probabilities are shown. */
  get #plain() {
    return this.value('show') === 'model';
  }
  /** The stages that are drawn. @param {View} view @param {boolean} narrow */
  #drawn(view, narrow) {
    const all = this.#read.stages(view);
    if (this.#plain) return [all[0]];
    return narrow ? [all[0], all[all.length - 1]] : all;
  }
  /** @param {SVGSVGElement} list @param {View} view */
  #bars(list, view) {
    const narrow = this.frame.body.clientWidth < NARROW;
    const stages = this.#drawn(view, narrow);
    const marked = this.#plain ? -1 : view.drawn;
    const text = (/** @type {number} */ p) => (p ? this.format.percent(p) : '–');
    const rows = view.rows.map(({ id, logit, unigram }, row) => ({
      label: labelOf(this, view, row),
      about: row === marked ? this.t('row.drawn') : undefined,
      note: narrow || this.#plain ? undefined : this.#read.number(logit),
      noteSource: `session.logits[${id}]`,
      values: stages.map(({ p }) => p[row] || null),
      texts: stages.map(({ p }) => text(p[row])),
      sources: stages.map(({ stage }) => `session.stages.${stage}[${id}]`),
      tick: unigram,
      look: row === marked ? /** @type {const} */ ('marked') : undefined,
    }));
    rows.push({
      label: this.#read.others(view),
      about: undefined,
      note: undefined,
      noteSource: '',
      values: stages.map((s) => s.others || null),
      texts: stages.map((s) => text(s.others)),
      sources: stages.map(({ stage }) => `session.stages.${stage}`),
      tick: undefined,
      look: /** @type {any} */ ('quiet'),
    });
    const columns = stages.map((s) => this.#read.column(view, s));
    if (this.#plain) columns[0] = { title: this.t('probability'), line: '' };
    if (columns.length === 2) columns[1].title = this.t('final');
    drawBars(list, {
      rows,
      columns,
      label: this.t('token'),
      note: narrow || this.#plain ? undefined : this.t('logit'),
      max: Math.max(...stages.flatMap(({ p, others }) => [...p, others])),
      anchor: 1 / view.vocabulary,
      cursor: this.#cursor,
      height: rowHeight(32),
    });
    list.setAttribute('aria-label', this.summary(view));
  }

  /** @param {number} row */
  #move(row) {
    this.#cursor = Math.min(row, this.view.rows.length - 1);
    this.draw(this.frame.body, this.view);
  }
  /** Appends the row's token to the text. @param {number} row */
  #append(row) {
    const candidate = this.view.rows[row];
    if (!candidate) return;
    if (candidate.text === undefined) {
      this.#said = this.t('cannot');
      return this.draw(this.frame.body, this.view);
    }
    this.#said = isLoaded(this.model) ? '' : this.t('added', { token: candidate.label });
    this.#cursor = -1;
    this.setAttribute('text', (this.value('text') ?? '') + candidate.text);
    this.emit('append', { id: candidate.id, text: candidate.text });
  }
  /** A sentence if the controls have other values than the recorded view. @param {View} view */
  #stale({ sampling: { temperature, topK, topP, minP, repeatPenalty, seed } }) {
    const used = { temperature, topk: topK, topp: topP, minp: minP, penalty: repeatPenalty, seed };
    const other = Object.entries(used).some(([name, x]) => (this.value(name) ?? x) !== x);
    return other && !this.live ? this.t('stale') : '';
  }

  /** @param {Shown} view */
  own(view) {
    return view.missing || this.#plain ? [] : samplerControls(this, view.sampling);
  }
  /** @param {Shown} view */
  summary(view) {
    return view.missing ? this.t(`missing.${view.missing}`) : this.#read.summary(view);
  }
  /** @param {Shown} view */
  twin(view) {
    return view.missing ? { columns: [], rows: [] } : this.#read.twin(view);
  }
}
