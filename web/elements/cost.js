/**
 * cost.js - <jl-cost>: what a forward pass costs by part, for texts of growing length, and what the counts predict.
 *
 * Arrow keys walk the lengths.
 */
import { cost, LONG, PARTS, predict } from '../figures/cost.js';
import { make } from '../ui/dom.js';
import { drawPlot, plotScales, plotStyle } from '../ui/plot.js';
import { picture, resize } from '../ui/svg.js';
import { JlElement } from './base.js';
import { choice, once } from './controls.js';
import { cacheAt, GROUPS, inGroup, lineOf, linesOf, partTable } from './cost-parts.js';
import { oneOf, whole } from './settings.js';
import { words } from './words/cost.js';

/** @typedef {import('../figures/cost.js').CostView} View */

const HEIGHT = 320; // px

export class JlCost extends JlElement {
  static figure = cost;
  static words = words;
  static css = `${plotStyle}
    .tables { overflow-x: auto; } .tables table { table-layout: fixed; width: min(100%, 40rem); } thead th { white-space: normal; } @media print { .more table { font-size: 0.625rem; } } .tables table { margin-block: 0.5rem; }
    .tables td, .tables thead th:not(:first-child) { text-align: end; } .tables thead th:last-child { width: 33%; }
    .tables :is(td, th) { white-space: pre-line; overflow-wrap: anywhere; } .tables { font-size: 0.875rem; }
    @media (max-width: 30rem) { .tables :is(td, th) { padding-inline-end: 0.375rem; font-size: 0.8125rem; } } .tables .bar { width: calc(4rem * var(--share)); min-width: 1px; margin-inline-start: auto; }`;
  static settings = { show: oneOf('work', ['work', 'time']), n: whole(undefined, 1, LONG) };

  /** The lengths to choose from. @param {View} view */
  #lengths(view) {
    return view.holds && view.lengths.length ? [...view.lengths, LONG] : view.lengths;
  }
  /** @param {View} view */
  #n(view) {
    const own = this.value('n');
    const last = view.lengths[view.lengths.length - 1];
    return this.#lengths(view).includes(own) ? own : last;
  }

  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const { svg, note, tables } = once(this, 'parts', () => this.#create());
    if (!view.lengths.length)
      return body.replaceChildren(make('p', { className: 'empty' }, this.t('empty')));
    if (svg.parentNode !== body) body.replaceChildren(svg, note, tables);
    const width = Math.max(280, body.clientWidth);
    resize(svg, width, HEIGHT);
    svg.replaceChildren(...drawPlot(this.#plot(view, width)));
    svg.setAttribute('aria-label', this.summary(view));
    note.textContent = this.#dashed(view) ? this.t('dashed') : '';
    const n = this.#n(view);
    tables.replaceChildren(partTable(this, view, n), ...linesOf(this, view, n));
  }
  /** Whether the plot has predictions. @param {View} view */
  #dashed(view) {
    return this.value('show') === 'work' && view.holds;
  }
  /** @param {View} view @param {number} width @returns {Parameters<typeof drawPlot>[0]} */
  #plot(view, width) {
    const show = this.value('show');
    const { lengths } = view;
    const last = lengths[lengths.length - 1];
    const dashed = this.#dashed(view);
    const series = GROUPS.map((group) => ({
      name: this.t(`group.${group}`),
      points: lengths.map((n, i) => {
        if (show === 'work') return { x: n, y: inGroup(view, group, i) };
        const [y, low, high] = view.partMs[group][i];
        return { x: n, y, low, high };
      }),
      line: dashed ? lineOf(view, group, lengths[0], last) : undefined,
      dashed: dashed ? lineOf(view, group, last, LONG) : undefined,
    }));
    const values = series.flatMap(({ points, dashed: line = [] }) => [
      ...points.flatMap(({ y, low = y, high = y }) => [low, high]),
      ...line.map(([, y]) => y),
    ]);
    const far = dashed ? LONG : last;
    return {
      area: { left: 0, top: 0, width, height: HEIGHT },
      x: {
        low: lengths[0],
        high: far,
        log: true,
        label: this.t('length'),
        show: this.format.count,
        ticks: dashed ? undefined : lengths,
      },
      y: {
        low: 10 ** Math.floor(Math.log10(Math.max(1e-3, Math.min(...values)))),
        high: 10 ** Math.ceil(Math.log10(Math.max(1, ...values))),
        log: true,
        label: this.t(`axis.${show}`, { runs: view.runs }),
        show: this.format.count,
      },
      series,
      cursor: Math.min(this.#n(view), far),
      limit: dashed
        ? { x: view.context, text: this.t('limit', { n: this.format.number(view.context) }) }
        : undefined,
    };
  }

  #create() {
    const svg = picture();
    svg.addEventListener('keydown', (event) => this.#key(event));
    svg.addEventListener('click', (event) => {
      const plot = this.#plot(this.view, svg.clientWidth);
      const { px } = plotScales(plot);
      const x = event.clientX - svg.getBoundingClientRect().left;
      const near = (/** @type {number} */ n) => Math.abs(px(n) - x);
      const all = this.#lengths(this.view);
      this.setAttribute('n', String(all.reduce((a, b) => (near(b) < near(a) ? b : a))));
    });
    const tables = make('div', { className: 'tables' });
    return { svg, note: make('p', { className: 'note' }), tables };
  }
  /** @param {KeyboardEvent} event */
  #key(event) {
    const all = this.#lengths(this.view);
    const at = all.indexOf(this.#n(this.view));
    /** @type {Record<string, number>} */
    const to = {
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      Home: 0,
      End: all.length - 1,
    };
    if (!(event.key in to)) return;
    event.preventDefault();
    this.setAttribute('n', String(all[Math.min(Math.max(to[event.key], 0), all.length - 1)]));
  }

  /** @param {View} view */
  own(view) {
    if (!view.lengths.length) return [];
    const shows = ['work', 'time'].map((v) => /** @type {const} */ ([v, this.t(`show.${v}`)]));
    const lengths = this.#lengths(view).map(
      (n) => /** @type {const} */ ([n, this.format.number(n)]),
    );
    return [
      choice(this, 'show', this.t('label.show'), shows, this.value('show')),
      choice(this, 'n', this.t('label.n'), lengths, this.#n(view)),
    ];
  }
  /** @param {View} view */
  summary(view) {
    if (!view.lengths.length) return this.t('empty');
    const last = view.lengths.length - 1;
    const sum = (/** @type {readonly string[]} */ parts, /** @type {number | undefined} */ n) =>
      parts.reduce(
        (all, part) => all + (n ? predict(view.formulas[part], n) : view.multiplyAdds[part][last]),
        0,
      );
    const share = (/** @type {number | undefined} */ n) =>
      this.format.percent(sum(['scores', 'gather'], n) / sum(PARTS, n));
    return this.t(view.holds ? 'summaryLong' : 'summary', {
      n: view.lengths[last],
      all: this.format.count(sum(PARTS, undefined)),
      share: share(undefined),
      far: this.format.number(LONG),
      long: this.format.count(sum(PARTS, LONG)),
      farShare: share(LONG),
    });
  }
  /** @param {View} view */
  twin(view) {
    const columns = [
      this.t('length'),
      ...GROUPS.map((group) => this.t('columnWork', { group: this.t(`group.${group}`) })),
      ...GROUPS.map((group) => this.t('columnTime', { group: this.t(`group.${group}`) })),
      this.t('cache'),
    ];
    const rows = this.#lengths(view).map((n) => {
      const i = view.lengths.indexOf(n);
      const from = i < 0 ? 'predicted' : 'session.counters.multiplyAdds';
      return [
        this.format.number(n),
        ...GROUPS.map((group) => {
          const value = i < 0 ? lineOf(view, group, n, n)[0][1] : inGroup(view, group, i);
          return { text: this.format.number(value), source: `${from}.${group}, n=${n}` };
        }),
        ...GROUPS.map((group) => {
          if (i < 0) return this.t('unmeasured');
          const [median, low, high] = view.partMs[group][i].map((x) =>
            this.format.number(x, { maximumSignificantDigits: 3 }),
          );
          const source = `session.counters.milliseconds.${group}, n=${n}, ${view.runs} runs`;
          return { text: this.t('range', { median, low, high }), source };
        }),
        cacheAt(this, view, n),
      ];
    });
    return { columns, rows };
  }
}
