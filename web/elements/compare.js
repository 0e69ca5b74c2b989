/**
 * compare.js - <jl-compare>: two texts, or one text under two rules, side by side; the first difference is marked.
 *
 * `token` is a position of side A. Arrow keys or a click select it.
 */
import { compare } from '../figures/compare.js';
import { RULES } from '../figures/rules.js';
import { make } from '../ui/dom.js';
import { PAIRS_CSS, shown } from '../ui/pairs.js';
import { picture, resize } from '../ui/svg.js';
import { JlElement } from './base.js';
import { comparePicture } from './compare-picture.js';
import { compareTable } from './compare-table.js';
import { compareWorking } from './compare-working.js';
import { choice, once, slider } from './controls.js';
import { flag, oneOf, string, whole } from './settings.js';
import { words } from './words/compare.js';
import { drawWorking, shows, WORKING, workingButton } from './working.js';

/** @typedef {import('../figures/compare.js').CompareView} View */

const DIGITS = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
const SIGNED = /** @type {Intl.NumberFormatOptions} */ ({ ...DIGITS, signDisplay: 'exceptZero' });
/** Rules that take a number of the request. @type {Record<string, string[]>} */
const USES = {
  layer: ['head-off', 'head-only', 'attention-off', 'feed-forward-off'],
  head: ['head-off', 'head-only'],
  window: ['window'],
  sinks: ['window'],
  seed: ['shuffled'],
};

export class JlCompare extends JlElement {
  static figure = compare;
  static words = words;
  static css = PAIRS_CSS + WORKING;
  static settings = {
    other: string(undefined, 2000),
    rule: oneOf(/** @type {any} */ (undefined), RULES),
    window: whole(8, 1, 4096),
    sinks: whole(0, 0, 64),
    working: flag(),
  };

  /** @param {string} name */
  needs(name) {
    const rule = this.value('rule') ?? this.view?.rule;
    const uses = USES[name];
    return uses ? uses.includes(rule) : super.needs(name);
  }
  /** The pair of the chosen token; the last if it has none. @param {View} view */
  #chosen({ pairs }) {
    const found = pairs.findIndex(([i]) => i === this.value('token'));
    return found < 0 ? pairs.length - 1 : found;
  }
  /** @param {View} view @returns {import('./compare-picture.js').Words} */
  #words({ layer, head, window, sinks }) {
    const { t, format } = this;
    return {
      t,
      nats: (x) => (x === undefined ? '–' : format.number(x, DIGITS)),
      signed: (x) => (x === undefined ? '–' : format.number(x, SIGNED)),
      percent: format.percent,
      rule: (name) => t(`rule.${name}`, { layer, head, window, sinks }),
      depth: (d) => (d < 0 ? t('same') : d ? t('block', { n: d - 1 }) : t('embedding')),
    };
  }

  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const { image, readout, working } = once(this, 'parts', () => this.#create());
    if (image.parentNode !== body) body.replaceChildren(image, readout, working);
    const width = Math.max(280, body.clientWidth);
    const chosen = this.#chosen(view);
    const pick = (/** @type {number} */ token) => this.select({ token });
    const shape = comparePicture({ ...this.#words(view), view, width, chosen, pick });
    image.replaceChildren(...shape.nodes);
    resize(image, width, shape.height);
    image.setAttribute('aria-label', this.summary(view));
    readout.textContent = this.#readout(view, chosen);
    drawWorking(working, shows(this) ? compareWorking(this, view, chosen) : undefined);
  }
  #create() {
    const image = picture();
    image.addEventListener('keydown', (event) => this.#key(event));
    const readout = make('p', { className: 'readout' });
    readout.setAttribute('aria-live', 'polite');
    return { image, readout, working: make('div') };
  }
  /** @param {View} view @param {number} p */
  #readout(view, p) {
    if (p < 0) return this.t('unpaired');
    const [i, j] = view.pairs[p];
    const { nats, depth } = this.#words(view);
    return this.t('token', {
      token: shown(view.sides[0].tokens[i]),
      a: nats(view.sides[0].loss[i - 1]),
      b: nats(view.sides[1].loss[j - 1]),
      where: depth(view.apart[p]),
    });
  }
  /** @param {KeyboardEvent} event */
  #key(event) {
    const { pairs } = this.view;
    const now = this.#chosen(this.view);
    const last = pairs.length - 1;
    /** @type {Record<string, number>} */
    const moves = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last };
    const to = moves[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.select({ token: pairs[Math.min(last, Math.max(0, to))][0] });
  }

  /** @param {View} view */
  own(view) {
    const { t } = this;
    const numbers = { layer: view.layer, head: view.head };
    const options = RULES.map((name) => {
      const values = { ...numbers, window: this.value('window'), sinks: this.value('sinks') };
      return /** @type {const} */ ([name, t(`rule.${name}`, values)]);
    });
    const rule = this.value('rule') ?? view.rule;
    /** @type {HTMLElement[]} */
    const nodes = [this.#other(), choice(this, 'rule', t('label.rule'), options, rule)];
    const range = { min: 1, max: 64, step: 1 };
    if (rule === 'window')
      nodes.push(
        slider(this, 'window', t('label.window'), range, view.window),
        slider(this, 'sinks', t('label.sinks'), { ...range, min: 0, max: 16 }, view.sinks),
      );
    if (!view.encoder) nodes.push(workingButton(this));
    return nodes;
  }
  /** The field of the second text. */
  #other() {
    const { label, field, box } = once(this, 'other', () => {
      const made = make('input', { autocomplete: 'off', spellcheck: false });
      const text = document.createTextNode('');
      made.addEventListener('change', () => {
        this.setAttribute('other', made.value);
        if (!this.live) this.start();
      });
      return { label: text, field: made, box: make('label', {}, text, ' ', made) };
    });
    label.data = this.t('label.other');
    field.placeholder = this.t('hint.other');
    if (this.shadowRoot?.activeElement !== field) field.value = this.value('other') ?? '';
    return box;
  }

  /** @param {View} view */
  summary(view) {
    const { nats, rule, depth } = this.#words(view);
    const [a, b] = view.sides;
    const top = (/** @type {'before' | 'after'} */ side) =>
      view.candidates.reduce((x, y) => (y[side] > x[side] ? y : x), view.candidates[0])?.label;
    return this.t('summary', {
      a: rule('none'),
      b: rule(view.rule),
      lossA: nats(a.mean ?? undefined),
      lossB: nats(b.mean ?? undefined),
      topA: top('before') ?? '–',
      topB: top('after') ?? '–',
      where: depth(view.apart[view.apart.length - 1] ?? -1),
    });
  }
  /** @param {View} view */
  twin(view) {
    return compareTable(view, this.#chosen(view), this.#words(view));
  }
}
