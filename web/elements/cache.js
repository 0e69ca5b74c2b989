/**
 * cache.js - <jl-cache>: generation with the KV cache and without it, step by step, with the work of each step.
 *
 * Arrow keys up and down walk the steps.
 */
import { cache, RUNS } from '../figures/cache.js';
import { make } from '../ui/dom.js';
import { drawPlot, plotStyle } from '../ui/plot.js';
import { drawStrip, stripHeight, stripRow, stripStyle } from '../ui/strip.js';
import { picture, resize } from '../ui/svg.js';
import { JlElement } from './base.js';
import { cells, lossTable, memoryOf, workTable } from './cache-tables.js';
import { choice, once } from './controls.js';
import { oneOf, whole } from './settings.js';
import { words } from './words/cache.js';

/** @typedef {import('../figures/cache.js').CacheView} View */
/** @typedef {'cached' | 'fresh'} Kind */

const KINDS = /** @type {Kind[]} */ (['cached', 'fresh']);
const BESIDE = 560; // px; from this width on, the two strips are side by side
const PLOT = 230; // px

export class JlCache extends JlElement {
  static figure = cache;
  static words = words;
  static css = `${plotStyle}${stripStyle}
    table { margin-top: 0.5rem; } .tables { overflow-x: auto; } td, thead th:not(:first-child) { text-align: end; }
    .key { display: inline-block; width: 0.75rem; height: 0.75rem; background: var(--jl-heat-3); }
    .key.read { width: 0.375rem; height: 0.375rem; opacity: 0.65; } .key.kept { background: none; border: 1px solid var(--jl-edge); }
    .legend { flex-wrap: wrap; margin: 0.25rem 0; } .legend span { margin-inline-end: 0.75rem; }`;
  static settings = {
    steps: whole(16, 1, 128),
    cache: oneOf('model', ['model', 'f32', 'f16', 'q8', 'q4']),
    window: whole(0, 0, 4096),
    sinks: whole(0, 0, 64),
    show: oneOf('total', ['total', 'step', 'time']),
    step: whole(undefined, 0, 127),
  };

  /** @param {View} view */
  #step(view) {
    return Math.min(this.value('step') ?? view.drawn.length - 1, view.drawn.length - 1);
  }
  /** What a step does with a position. @param {View} view @param {Kind} kind @param {number} row @param {number} column */
  #state(view, kind, row, column) {
    const n = view.tokens.length + row;
    if (column >= n) return '';
    if (kind === 'fresh' || row === 0 || column === n - 1) return 'new';
    const [window, sinks] = [this.value('window'), this.value('sinks')];
    return window && n - 1 - column >= window && column >= sinks ? 'kept' : 'read';
  }

  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const parts = once(this, 'parts', () => this.#create());
    const { svg, legend, tables } = parts;
    if (!view.drawn.length)
      return body.replaceChildren(
        make('p', { className: 'empty' }, this.t(view.encoder ? 'encoder' : 'empty')),
      );
    if (svg.parentNode !== body) body.replaceChildren(legend, svg, tables);
    const width = Math.max(280, body.clientWidth);
    const strips = this.#strips(view, width);
    const last = strips[strips.length - 1];
    const top = last.place.top + stripHeight(last.rows, last.columns, last.place.width) + 12;
    resize(svg, width, top + PLOT);
    const area = { left: 0, top, width, height: PLOT };
    svg.replaceChildren(...strips.flatMap(drawStrip), ...drawPlot(this.#plot(view, area)));
    svg.setAttribute('aria-label', this.summary(view));
    const states = this.value('window') ? ['new', 'read', 'kept'] : ['new', 'read'];
    legend.replaceChildren(
      ...states.flatMap((s) => [make('b', { className: `key ${s}` }), make('span', {}, this.t(s))]),
    );
    const step = this.#step(view);
    tables.replaceChildren(
      workTable(this, view, step),
      memoryOf(this, view, step),
      lossTable(this, view),
    );
  }
  /** @param {View} view @param {number} width */
  #strips(view, width) {
    const beside = width >= BESIDE;
    const wide = beside ? (width - 32) / 2 : width;
    const [rows, columns] = [
      view.drawn.length,
      view.tokens.length + (this.value('steps') ?? 16) - 1,
    ];
    const height = stripHeight(rows, columns, wide) + 8;
    return KINDS.map((kind, i) => ({
      title: this.t(`strip.${kind}`),
      rows,
      columns: Math.max(columns, view.tokens.length + rows - 1),
      state: (/** @type {number} */ r, /** @type {number} */ c) => this.#state(view, kind, r, c),
      chosen: this.#step(view),
      place: { left: beside ? i * (wide + 32) : 0, top: beside ? 0 : i * height, width: wide },
    }));
  }
  /** @param {View} view @param {import('../ui/plot.js').Area} area */
  #plot(view, area) {
    const show = this.value('show');
    const lists = KINDS.map((kind) => this.#points(view, kind, show));
    const last = view.tokens.length + Math.max(1, view.drawn.length - 1);
    const high = Math.max(...lists.flat().map((p) => p.high ?? p.y));
    return {
      area,
      x: { low: view.tokens.length, high: last, label: this.t('length'), show: this.format.count },
      y: { low: 0, high, label: this.t(`axis.${show}`), show: this.format.count },
      series: KINDS.map((kind, i) => ({
        name: this.t(kind),
        points: lists[i],
        line: lists[i].map(({ x, y }) => /** @type {[number, number]} */ ([x, y])),
      })),
      cursor: view.tokens.length + this.#step(view),
    };
  }
  /** @param {View} view @param {Kind} kind @param {string} show @returns {import('../ui/plot.js').Point[]} */
  #points(view, kind, show) {
    const { tokens, runs } = view;
    const { multiplyAdds, stepMs } = view[kind];
    let total = 0;
    return multiplyAdds.map((work, i) => {
      const x = tokens.length + i;
      total += work;
      if (show !== 'time') return { x, y: show === 'total' ? total : work };
      const [y, low, high] = stepMs[i];
      return runs < RUNS ? { x, y } : { x, y, low, high };
    });
  }

  #create() {
    const svg = picture();
    svg.addEventListener('keydown', (event) => this.#key(event));
    svg.addEventListener('click', (event) => {
      const { top } = svg.getBoundingClientRect();
      const strips = this.#strips(this.view, Math.max(280, this.frame.body.clientWidth));
      const rows = strips.map((strip) => stripRow(strip, event.clientY - top));
      const row = rows.find((r) => r !== undefined);
      if (row !== undefined) this.setAttribute('step', String(row));
    });
    const tables = make('div', { className: 'tables' });
    return { svg, tables, legend: make('p', { className: 'legend' }) };
  }
  /** @param {KeyboardEvent} event */
  #key(event) {
    const [at, last] = [this.#step(this.view), this.view.drawn.length - 1];
    /** @type {Record<string, number>} */
    const to = {
      ArrowUp: Math.max(0, at - 1),
      ArrowLeft: Math.max(0, at - 1),
      ArrowDown: Math.min(last, at + 1),
      ArrowRight: Math.min(last, at + 1),
      Home: 0,
      End: last,
    };
    if (!(event.key in to)) return;
    event.preventDefault();
    this.setAttribute('step', String(to[event.key]));
  }

  /** @param {View} view */
  own(view) {
    if (view.encoder) return [];
    /** @param {string} name @param {number[]} list @param {string} [none] */
    const list = (name, list, none) => {
      const value = this.value(name);
      const all = [...new Set([...list, value])].sort((a, b) => a - b);
      const options = all.map(
        (n) => /** @type {const} */ ([n, n || !none ? String(n) : this.t(none)]),
      );
      return choice(this, name, this.t(`label.${name}`), options, value);
    };
    /** @param {string} name @param {string[]} list */
    const named = (name, list) =>
      choice(
        this,
        name,
        this.t(`label.${name}`),
        list.map((v) => /** @type {const} */ ([v, this.t(`${name}.${v}`)])),
        this.value(name),
      );
    return [
      named('show', ['total', 'step', 'time']),
      list('steps', [8, 16, 32, 64]),
      named('cache', ['model', ...view.types]),
      list('window', [0, 8, 16, 32, 64], 'window.0'),
      ...(this.value('window') ? [list('sinks', [0, 1, 4])] : []),
    ];
  }
  /** @param {View} view */
  summary(view) {
    if (!view.drawn.length) return this.t(view.encoder ? 'encoder' : 'empty');
    const total = (/** @type {Kind} */ kind) => view[kind].multiplyAdds.reduce((a, b) => a + b, 0);
    const last = view.drawn.length - 1;
    return this.t('summary', {
      steps: view.drawn.length,
      prompt: view.tokens.length,
      cached: this.format.count(total('cached')),
      fresh: this.format.count(total('fresh')),
      ratio: this.format.number(total('fresh') / total('cached'), { maximumSignificantDigits: 3 }),
      one: view.cached.tokens[last],
      many: view.fresh.tokens[last],
      same: this.t(view.same ? 'same' : 'differ'),
    });
  }
  /** @param {View} view */
  twin(view) {
    const of = (/** @type {string} */ key, /** @type {Kind} */ kind) =>
      `${this.t(key)} (${this.t(kind)})`;
    const keys = ['evaluated', 'work', 'time'];
    return {
      columns: [
        this.t('step'),
        this.t('next'),
        ...KINDS.flatMap((kind) => keys.map((key) => of(key, kind))),
        this.t('bytes'),
      ],
      rows: view.drawn.map(({ label }, i) => [
        String(i),
        label,
        ...KINDS.flatMap((kind) => cells(this, view, kind, i)),
        {
          text: this.format.size(view.cacheBytes[i]),
          source: `session.counters.cacheBytes, step ${i}`,
        },
      ]),
    };
  }
}
