/**
 * cache.js - <jl-cache>: generation with the KV cache and without it, step by step, with the work of each step.
 *
 * Arrow keys up and down walk the steps.
 */
import { cache } from '../figures/cache.js';
import { make } from '../ui/dom.js';
import { drawPlot, plotStyle } from '../ui/plot.js';
import { drawStrip, stripHeight, stripRow, stripStyle } from '../ui/strip.js';
import { picture, resize } from '../ui/svg.js';
import { JlElement } from './base.js';
import { cells, KINDS, lossTable, memoryOf, plotOf, stripsOf, workTable } from './cache-parts.js';
import { choice, once } from './controls.js';
import { oneOf, whole } from './settings.js';
import { words } from './words/cache.js';

/** @typedef {import('../figures/cache.js').CacheView} View */
/** @typedef {'cached' | 'fresh'} Kind */

const PLOT = 230; // px

export class JlCache extends JlElement {
  static figure = cache;
  static words = words;
  static css = `${plotStyle}${stripStyle}
    table { margin-top: 0.5rem; } .tables { overflow-x: auto; } .tables table { table-layout: fixed; width: min(100%, 40rem); } thead th { white-space: normal; } @media print { .more table { font-size: 0.625rem; } } .tables :is(td, th) { white-space: pre-line; overflow-wrap: anywhere; } .tables { font-size: 0.875rem; }
    @media (max-width: 30rem) { .tables :is(td, th) { padding-inline-end: 0.375rem; font-size: 0.8125rem; } .tables :is(td, th):nth-child(4) { width: 30%; font-size: 0.75rem; white-space: pre; } } td, thead th:not(:first-child) { text-align: end; }
    .key { display: inline-block; width: 0.75rem; height: 0.75rem; background: var(--jl-heat-3); }
    .key.read { width: 0.375rem; height: 0.375rem; opacity: 0.65; } .key.kept { width: 0.1875rem; height: 0.1875rem; background: var(--jl-edge); }
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
  /** @param {View} view */
  #whyEmpty(view) {
    return this.t(view.encoder ? 'encoder' : view.attends === false ? 'recurrent' : 'empty');
  }
  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const parts = once(this, 'parts', () => this.#create());
    const { svg, legend, tables } = parts;
    if (!view.drawn.length)
      return body.replaceChildren(make('p', { className: 'empty' }, this.#whyEmpty(view)));
    if (svg.parentNode !== body) body.replaceChildren(legend, svg, tables);
    const step = this.#step(view);
    const width = Math.max(280, body.clientWidth);
    const strips = stripsOf(this, view, width, step);
    const last = strips[strips.length - 1];
    const top = last.place.top + stripHeight(last.rows, last.columns, last.place.width) + 12;
    resize(svg, width, top + PLOT);
    const area = { left: 0, top, width, height: PLOT };
    svg.replaceChildren(...strips.flatMap(drawStrip), ...drawPlot(plotOf(this, view, area, step)));
    svg.setAttribute('aria-label', this.summary(view));
    const states = this.value('window') ? ['new', 'read', 'kept'] : ['new', 'read'];
    legend.replaceChildren(
      ...states.map((s) => make('span', {}, make('b', { className: `key ${s}` }), ' ', this.t(s))),
    );
    tables.replaceChildren(
      workTable(this, view, step),
      memoryOf(this, view, step),
      ...lossTable(this, view),
    );
  }
  #create() {
    const svg = picture();
    svg.addEventListener('keydown', (event) => this.#key(event));
    svg.addEventListener('click', (event) => {
      const { top } = svg.getBoundingClientRect();
      const width = Math.max(280, this.frame.body.clientWidth);
      const strips = stripsOf(this, this.view, width, 0);
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
    if (!view.drawn.length) return this.#whyEmpty(view);
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
      this.t('column', { what: this.t(key), kind: this.t(kind) });
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
