/**
 * cache-parts.js - the strips, the plot, the tables and the memory line of jl-cache.
 */
import { RUNS } from '../figures/cache.js';
import { LOSS } from '../figures/cache-losses.js';
import { make } from '../ui/dom.js';
import { stripHeight } from '../ui/strip.js';
import { tableOf } from './frame.js';

/** @typedef {import('./cache.js').JlCache} Element */
/** @typedef {import('../figures/cache.js').CacheView} View */
/** @typedef {'cached' | 'fresh'} Kind */

export const KINDS = /** @type {Kind[]} */ (['cached', 'fresh']);
const BESIDE = 560; // px; from this width on, the two strips are side by side

/** What a step does with a position. @param {Element} element @param {View} view @param {Kind} kind @param {number} row @param {number} column */
function stateOf(element, view, kind, row, column) {
  const n = view.tokens.length + row;
  if (row >= view.drawn.length || column >= n) return '';
  if (kind === 'fresh' || row === 0 || column === n - 1) return 'new';
  const [window, sinks] = [element.value('window'), element.value('sinks')];
  return window && n - 1 - column >= window && column >= sinks ? 'kept' : 'read';
}

/** The strips with and without the cache. @param {Element} element @param {View} view @param {number} width @param {number} chosen step */
export function stripsOf(element, view, width, chosen) {
  const beside = width >= BESIDE;
  const wide = beside ? (width - 32) / 2 : width;
  const [rows, columns] = [view.steps, view.tokens.length + view.steps - 1];
  const height = stripHeight(rows, columns, wide) + 8;
  return KINDS.map((kind, i) => ({
    title: element.t(`strip.${kind}`),
    rows,
    columns,
    state: (/** @type {number} */ r, /** @type {number} */ c) => stateOf(element, view, kind, r, c),
    chosen,
    place: { left: beside ? i * (wide + 32) : 0, top: beside ? 0 : i * height, width: wide },
  }));
}

/** Times are shown when there are enough of them. @param {View} view @param {Kind} kind @param {string} show @returns {import('../ui/plot.js').Point[]} */
function pointsOf(view, kind, show) {
  const { tokens, runs } = view;
  const { multiplyAdds, stepMs } = view[kind];
  if (show === 'time' && runs < RUNS) return [];
  let total = 0;
  return multiplyAdds.map((work, i) => {
    const x = tokens.length + i;
    total += work;
    if (show !== 'time') return { x, y: show === 'total' ? total : work };
    const [y, low, high] = stepMs[i];
    return { x, y, low, high };
  });
}

/** The plot of the work or the time. @param {Element} element @param {View} view @param {import('../ui/plot.js').Area} area @param {number} step */
export function plotOf(element, view, area, step) {
  const { t, format } = element;
  const show = element.value('show');
  const lists = KINDS.map((kind) => pointsOf(view, kind, show));
  const [first, last] = [view.tokens.length, view.tokens.length + Math.max(1, view.steps - 1)];
  const high = Math.max(1e-3, ...lists.flat().map((p) => p.high ?? p.y));
  return {
    area,
    x: { low: first, high: last, label: t('length'), show: format.count },
    y: { low: 0, high, label: t(`axis.${show}`), show: format.count },
    series: KINDS.map((kind, i) => ({
      name: t(kind),
      points: lists[i],
      line: lists[i].map(({ x, y }) => /** @type {[number, number]} */ ([x, y])),
    })),
    cursor: first + step,
  };
}

/** The time of a step; words while it was measured too few times. @param {Element} element @param {View} view @param {Kind} kind @param {number} i @param {string} key of its words */
function timeCell({ t, format }, view, kind, i, key) {
  const { runs } = view;
  if (runs < RUNS) return t(`few.${key}`, { least: RUNS });
  const [median, low, high] = view[kind].stepMs[i].map((x) =>
    format.number(x, { maximumSignificantDigits: key === 'lines' ? 2 : 3 }),
  );
  const source = `session.counters.milliseconds, ${kind}, step ${i}, ${runs} runs`;
  return { text: t(key, { median, low, high }), source };
}

/**
 * Tokens, work and time of a step.
 * @param {Element} element @param {View} view @param {Kind} kind @param {number} i
 * @param {(n: number) => string} [show] the form of large numbers @param {string} [range] words of a time
 */
export function cells(element, view, kind, i, show = element.format.number, range = 'range') {
  const { tokens, multiplyAdds } = view[kind];
  const source = (/** @type {string} */ name) => `session.counters.${name}, ${kind}, step ${i}`;
  return [
    { text: String(tokens[i]), source: source('tokens') },
    { text: show(multiplyAdds[i]), source: source('multiplyAdds') },
    timeCell(element, view, kind, i, range),
  ];
}

/** The chosen step and all steps, with and without the cache. @param {Element} element @param {View} view @param {number} step */
export function workTable(element, view, step) {
  const { t, format } = element;
  const n = view.drawn.length;
  const columns = [t('label.cache'), t('evaluated'), t('work'), t('time'), t('all', { n })];
  const rows = KINDS.map((kind) => [
    t(`row.${kind}`),
    ...cells(element, view, kind, step, format.count, 'lines'),
    {
      text: format.count(view[kind].multiplyAdds.reduce((a, b) => a + b, 0)),
      source: `session.counters.multiplyAdds, ${kind}, sum of ${n} steps`,
    },
  ]);
  const next = view.drawn[step].label;
  return tableOf({ columns, rows }, t('one', { i: step, next }));
}

/** The bytes of the cache, from the model's numbers where they explain it. @param {Element} element @param {View} view @param {number} step */
export function memoryOf({ t, format }, view, step) {
  const { layers, kvHeads, headSize } = view.shape;
  const cacheBytes = view.cacheBytes[step];
  const n = view.tokens.length + step;
  const each = cacheBytes / n;
  const vector = each / (2 * layers * kvHeads); // bytes of a key or value
  const width = Math.floor(vector / headSize);
  const scale = vector - width * headSize;
  const fits = width >= 1 && Number.isInteger(scale);
  const key = fits ? (scale ? 'memoryScale' : 'memory') : 'memoryOnly';
  const bytes = `${format.number(cacheBytes)} B`;
  const values = { n, bytes, each: `${format.number(each)} B`, layers, heads: kvHeads };
  const line = make(
    'p',
    { className: 'readout' },
    t(key, { ...values, size: headSize, width, scale }),
  );
  line.dataset.source = `session.counters.cacheBytes, step ${step}`;
  return line;
}

/** The loss under each rule, or a sentence that the text is too short. @param {Element} element @param {View} view */
export function lossTable({ t, format }, view) {
  if (view.total < LOSS.least)
    return [make('p', { className: 'note' }, t('short', { least: LOSS.least, n: view.total }))];
  const small = { maximumFractionDigits: 3, signDisplay: /** @type {const} */ ('exceptZero') };
  const rows = view.losses.map(
    ({ cache, window, sinks, bits, loss, change, error, cacheBytes, attention }) => {
      const plain = bits ? t('rounded', { bits }) : t(`cache.${cache}`);
      const name = window ? t('windowed', { window, sinks }) : plain;
      const bytes = bits
        ? `2 · blocks · heads · (size · ${bits} / 8 + 4) · tokens`
        : `session.counters.cacheBytes, ${name}`;
      const moved = t('moved', {
        change: format.number(change, small),
        error: format.number(error, { maximumSignificantDigits: 1 }),
      });
      return [
        name,
        {
          text: format.number(loss, { minimumFractionDigits: 3, maximumFractionDigits: 3 }),
          source: `session.eachLogits, ${name}`,
        },
        { text: moved, source: `session.eachLogits, ${name}` },
        { text: format.size(cacheBytes), source: bytes },
        {
          text: format.count(attention),
          source: `session.counters.multiplyAdds.scores + gather, ${name}`,
        },
      ];
    },
  );
  if (!rows.length) return [make('p', { className: 'note' }, t('waiting'))];
  const columns = [t('rule'), t('loss'), t('change'), t('bytes'), t('attention')];
  const unsaved = view.losses.some(
    (row) => row.window && row.attention === view.losses[0].attention,
  );
  const table = tableOf({ columns, rows }, t('rules', { n: view.lossTokens }));
  return unsaved ? [table, make('p', { className: 'note' }, t('unsaved'))] : [table];
}
