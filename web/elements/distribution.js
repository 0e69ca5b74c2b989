/**
 * distribution.js - <jl-distribution>: the candidates for the next token as bars, after each stage of the sampler.
 *
 * Choosing a row appends its token to the text: the word-chain game. The text is tokenised anew, so the appended token may
 * merge with the one before it.
 */
import { distribution } from '../figures/distribution.js';
import { freshSeed } from '../figures/playground.js';
import { barList, barsCss, drawBars } from '../ui/bars.js';
import { make } from '../ui/dom.js';
import { JlElement } from './base.js';
import { button, once, slider } from './controls.js';
import { isLoaded } from './engine.js';
import { real, whole } from './settings.js';
import { words } from './words/distribution.js';

/** @typedef {import('../figures/distribution.js').DistributionView} View */

const NARROW = 640; // px; below, only the first and the last stage are drawn
const SLIDERS = /** @type {const} */ ([
  ['temperature', 'temperature', { min: 0, max: 2, step: 0.05 }],
  ['topk', 'topK', { min: 0, max: 100, step: 1 }],
  ['topp', 'topP', { min: 0.05, max: 1, step: 0.05 }],
  ['minp', 'minP', { min: 0, max: 0.5, step: 0.01 }],
]);

export class JlDistribution extends JlElement {
  static figure = distribution;
  static words = words;
  static settings = {
    temperature: real(undefined, 0, 100),
    topk: whole(undefined, 0, 1e6),
    topp: real(undefined, 0.001, 1),
    minp: real(undefined, 0, 1),
    penalty: real(undefined, 0.01, 100),
  };
  static css = `${barsCss}
.working { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.body p { margin: 0.25rem 0 0; font-size: 0.875rem; min-height: 1.5em; }`;

  #cursor = -1;
  /** What the last choice appended, for the note. */ #added = '';

  /** The stages to draw: without the penalty where it does nothing. @param {View} view */
  #stages({ stages, sampling }) {
    return stages.filter(({ stage }) => stage !== 'penalty' || sampling.repeatPenalty !== 1);
  }
  /** @param {number} p */
  #percent(p) {
    return this.format.percent(p);
  }
  /** @param {number} x @param {number} [digits] */
  #number(x, digits = 2) {
    return this.format.number(x, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }
  /** @param {View} view @param {number} row */
  #label({ rows }, row) {
    const { label, kind, end } = rows[row];
    return end ? this.t('end', { label }) : kind === 'bytes' ? `⟨${label}⟩` : label;
  }

  /** @param {HTMLElement} body @param {View & { missing?: string }} view */
  draw(body, view) {
    if (view.missing) {
      body.replaceChildren(make('p', { className: 'empty' }, this.t(`missing.${view.missing}`)));
      return;
    }
    const parts = once(this, 'parts', () => this.#create());
    if (parts.list.parentNode !== body)
      body.replaceChildren(parts.list, parts.legend, parts.working, parts.note);
    this.#bars(parts.list, view);
    const { vocabulary } = view;
    const uniform = this.#percent(1 / vocabulary);
    parts.legend.textContent = this.t('legend', { n: this.format.number(vocabulary), uniform });
    parts.working.textContent = this.#working(view, this.#row(view));
    parts.working.dataset.source = 'session.logits';
    parts.note.textContent = this.#note(view);
  }
  #create() {
    const list = barList({
      count: () => this.view.rows.length,
      cursor: () => this.#cursor,
      move: (row) => this.#move(row),
      choose: (row) => this.#append(row),
      leave: () => this.#move(-1),
    });
    const note = make('p', { className: 'quiet' });
    note.setAttribute('role', 'status');
    const legend = make('p', { className: 'quiet' });
    return { list, legend, working: make('p', { className: 'working' }), note };
  }
  /** The row that the working explains. @param {View} view */
  #row = (view) => Math.min(this.#cursor < 0 ? view.drawn : this.#cursor, view.rows.length - 1);

  /** @param {SVGSVGElement} list @param {View} view */
  #bars(list, view) {
    const all = this.#stages(view);
    const narrow = this.frame.body.clientWidth < NARROW;
    const stages = narrow ? [all[0], all[all.length - 1]] : all;
    const rows = view.rows.map((candidate, row) => ({
      name: this.#sentence(view, row),
      label: this.#label(view, row),
      note: this.#number(candidate.logit),
      noteSource: `session.logits[${candidate.id}]`,
      values: stages.map(({ p }) => p[row] || null),
      texts: stages.map(({ p }) => (p[row] ? this.#percent(p[row]) : '–')),
      sources: stages.map(({ stage }) => `session.stages.${stage}[${candidate.id}]`),
      look: row === view.drawn ? /** @type {const} */ ('marked') : undefined,
    }));
    const others = view.vocabulary - view.rows.length;
    rows.push({
      name: this.t('others', { n: this.format.number(others) }),
      label: this.t('others', { n: this.format.number(others) }),
      note: '',
      noteSource: '',
      values: stages.map((s) => s.others || null),
      texts: stages.map((s) => (s.others > 1e-9 ? this.#percent(s.others) : '–')),
      sources: stages.map(({ stage }) => `session.stages.${stage}`),
      look: /** @type {any} */ ('quiet'),
    });
    const top = Math.max(...stages.flatMap(({ p, others: rest }) => [...p, rest]));
    drawBars(list, {
      rows,
      columns: stages.map((s) => this.#column(view, s)),
      label: this.t('token'),
      note: this.t('logit'),
      max: top,
      anchor: 1 / view.vocabulary,
      cursor: this.#cursor,
      height: matchMedia('(pointer: coarse)').matches ? 44 : 32,
    });
    list.setAttribute('aria-label', this.summary(view));
  }
  /** @param {View} view @param {View['stages'][number]} stage */
  #column({ sampling }, { stage, kept }) {
    const number = (/** @type {number} */ x) => this.format.number(x);
    const value = { model: 0, penalty: sampling.repeatPenalty, ...sampling }[stage];
    const left = this.t('left', { n: number(kept) });
    return { title: this.t(`stage.${stage}`, { value: number(value) }), line: left };
  }

  /** @param {number} row */
  #move(row) {
    this.#cursor = row >= this.view.rows.length ? this.view.rows.length - 1 : row;
    this.draw(this.frame.body, this.view);
  }
  /** Appends the row's token to the text. @param {number} row */
  #append(row) {
    const candidate = this.view.rows[row];
    if (candidate?.text === undefined) {
      this.#added = candidate ? this.t('cannot') : '';
      return this.draw(this.frame.body, this.view);
    }
    this.#added = isLoaded(this.model) ? '' : this.t('added', { token: candidate.label });
    this.#cursor = -1;
    this.setAttribute('text', (this.value('text') ?? '') + candidate.text);
    this.emit('append', { id: candidate.id, text: candidate.text });
  }

  /** p = e^(logit / T − log-sum), from the numbers shown. @param {View} view @param {number} row */
  #working(view, row) {
    const { temperature } = view.sampling;
    const [{ logit }, T] = [view.rows[row], temperature || 1];
    const [shown, sum] = [logit, temperature ? view.logSumT : view.logSum].map((x) => x.toFixed(5));
    const p = Math.exp(Number(shown) / T - Number(sum));
    const values = { token: this.#label(view, row), logit: shown, sum, T: this.format.number(T) };
    return this.t('working', { ...values, p: this.#number(p, 5), draw: this.#drawText(view) });
  }
  /** @param {View} view */
  #drawText(view) {
    const { temperature, seed } = view.sampling;
    const values = { token: this.#label(view, view.drawn), seed: String(seed) };
    return this.t(temperature ? 'drawn' : 'greedy', values);
  }
  /** @param {View} view */
  #note(view) {
    if (this.#added) return this.#added;
    const stale = SLIDERS.some(
      ([name, key]) => this.value(name) !== undefined && this.value(name) !== view.sampling[key],
    );
    return stale && !this.live ? this.t('stale') : '';
  }

  /** @param {View & { missing?: string }} view */
  own(view) {
    if (view.missing) return [];
    const sliders = SLIDERS.map(([name, key, range]) => {
      const show = (/** @type {number} */ x) => this.format.number(x);
      const value = this.value(name) ?? view.sampling[key];
      return slider(this, name, this.t(`label.${name}`), { ...range, show }, value);
    });
    const seed = once(this, 'seed', () => make('span', { className: 'numbers' }));
    seed.textContent = this.t('seed', { seed: String(this.value('seed') ?? view.sampling.seed) });
    const again = button(this, 'draw', this.t('again'), () =>
      this.setAttribute('seed', String(freshSeed())),
    );
    return [...sliders, seed, again];
  }

  /** @param {View} view @param {number} row */
  #sentence(view, row) {
    const { p } = view.stages[view.stages.length - 1];
    return this.t(row === view.drawn ? 'row.drawn' : 'row', {
      token: this.#label(view, row),
      logit: this.#number(view.rows[row].logit),
      model: this.#percent(view.stages[0].p[row]),
      last: this.#percent(p[row]),
    });
  }
  /** @param {View & { missing?: string }} view */
  summary(view) {
    if (view.missing) return this.t(`missing.${view.missing}`);
    return this.t('summary', {
      n: this.format.number(view.vocabulary),
      token: this.#label(view, 0),
      p: this.#percent(view.stages[0].p[0]),
      kept: this.format.number(view.stages[view.stages.length - 1].kept),
      drawn: this.#label(view, view.drawn),
    });
  }
  /** @param {View & { missing?: string }} view */
  twin(view) {
    if (view.missing) return { columns: [], rows: [] };
    const stages = this.#stages(view);
    const columns = stages.map((s) => Object.values(this.#column(view, s)).join(' · '));
    const number = (/** @type {number} */ p) => (p ? this.#number(p, 4) : '–');
    const rows = view.rows.map(({ id, logit }, row) => [
      this.#label(view, row),
      { text: this.#number(logit), source: `session.logits[${id}]` },
      ...stages.map((s) => ({
        text: number(s.p[row]),
        source: `session.stages.${s.stage}[${id}]`,
      })),
    ]);
    const n = this.format.number(view.vocabulary - view.rows.length);
    rows.push([this.t('others', { n }), '', ...stages.map((s) => number(s.others))]);
    rows.push([
      this.t('uniform'),
      '',
      number(1 / view.vocabulary),
      ...stages.slice(1).map(() => ''),
    ]);
    return { columns: [this.t('token'), this.t('logit'), ...columns], rows };
  }
}
