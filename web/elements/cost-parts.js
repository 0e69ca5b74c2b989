/**
 * cost-parts.js - the table of parts, the lines under it and the groups of jl-cost.
 */
import { PARTS, predict } from '../figures/cost.js';
import { make, setVariable } from '../ui/dom.js';
import { tableOf } from './frame.js';

/** @typedef {import('./cost.js').JlCost} Element */
/** @typedef {import('../figures/cost.js').CostView} View */

export const GROUPS = /** @type {const} */ (['attention', 'rest', 'feedForward']);
/** @typedef {typeof GROUPS[number]} Group */
/** @type {Record<Group, readonly string[]>} */
const MEMBERS = {
  attention: ['scores', 'gather'],
  rest: ['feedForward', 'qkv', 'output', 'unembed'],
  feedForward: ['feedForward'],
};
/** Multiply-adds of a group in a measured pass. @param {View} view @param {Group} group @param {number} i */
export const inGroup = (view, group, i) =>
  MEMBERS[group].reduce((sum, part) => sum + view.multiplyAdds[part][i], 0);

/** What the formulas predict. @param {View} view @param {Group} group @param {number} from @param {number} to @returns {[number, number][]} */
export function lineOf(view, group, from, to) {
  const points = /** @type {[number, number][]} */ ([]);
  for (let k = 0; k <= 24; k++) {
    const n = from * (to / from) ** (k / 24);
    points.push([
      n,
      MEMBERS[group].reduce((sum, part) => sum + predict(view.formulas[part], n), 0),
    ]);
  }
  return points;
}

/** @param {Element} element @param {number[]} range */
function rangeText({ t, format }, range) {
  const [median, low, high] = range.map((x) => format.number(x, { maximumSignificantDigits: 2 }));
  return t('lines', { median, low, high });
}

/** The time of a part: scores and gather have one. @param {Element} element @param {View} view @param {string} part @param {number} i */
function timeCell(element, view, part, i) {
  if (i < 0) return element.t('unmeasured');
  if (part === 'gather') return element.t('together');
  const name = part === 'scores' ? 'attention' : part;
  const source = `session.counters.milliseconds.${name}, n=${view.lengths[i]}, ${view.runs} runs`;
  return { text: rangeText(element, view.partMs[name][i]), source };
}

/** Work, share and time of the parts for a length. @param {Element} element @param {View} view @param {number} n */
export function partTable(element, view, n) {
  const { t, format } = element;
  const i = view.lengths.indexOf(n);
  const value = (/** @type {string} */ part) =>
    i < 0 ? predict(view.formulas[part], n) : view.multiplyAdds[part][i];
  const from = i < 0 ? 'predicted from n=1, 2, 3:' : 'session.counters.multiplyAdds';
  const all = PARTS.reduce((sum, part) => sum + value(part), 0);
  const rows = PARTS.map((part) => [
    t(part),
    { text: format.count(value(part)), source: `${from}.${part}, n=${n}` },
    { text: format.percent(value(part) / all), source: `${from}.${part} / all, n=${n}` },
    timeCell(element, view, part, i),
  ]);
  if (i >= 0) rows.push([t('other'), '', '', timeCell(element, view, 'other', i)]);
  const columns = ['part', i < 0 ? 'predicted' : 'counted', 'share', 'time'].map((key) => t(key));
  const table = tableOf({ columns, rows }, t('caption', { n: format.number(n) }));
  PARTS.forEach((part, r) => {
    const bar = make('div', { className: 'bar' });
    setVariable(bar, '--share', value(part) / all);
    table.tBodies[0].rows[r].cells[2].append(bar);
  });
  return table;
}

/** Bytes of the cache after a pass; linear beyond the measured ones. @param {View} view @param {number} n */
const cacheBytes = ({ lengths, cacheBytes: bytes }, n) =>
  lengths.includes(n) ? bytes[lengths.indexOf(n)] : (bytes[0] / lengths[0]) * n;

/** @param {Element} element @param {View} view @param {number} n */
export const cacheAt = ({ format }, view, n) => ({
  text: format.size(cacheBytes(view, n)),
  source: `${view.lengths.includes(n) ? 'session.counters.cacheBytes' : 'predicted cacheBytes'}, n=${n}`,
});

/** @param {string} text @param {string} source */
function line(text, source) {
  const made = make('p', { className: 'readout' }, text);
  made.dataset.source = source;
  return made;
}

/** The formula, the pairs, the bytes. @param {Element} element @param {View} view @param {number} n */
export function linesOf(element, view, n) {
  const { t, format } = element;
  const add = (/** @type {readonly string[]} */ parts, /** @type {0 | 1 | 2} */ k) =>
    format.number(parts.reduce((sum, part) => sum + view.formulas[part][k], 0));
  const formula = t('formula', {
    a: add(MEMBERS.attention, 2),
    b: add(MEMBERS.attention, 1),
    c: add(MEMBERS.rest, 1),
    d: add(MEMBERS.rest, 0),
  });
  const pairs = view.causal ? (n * (n + 1)) / 2 : n * n;
  const values = {
    n: format.number(n),
    pairs: format.number(pairs),
    bytes: cacheAt(element, view, n).text,
  };
  const i = view.lengths.indexOf(n);
  return [
    line(formula, 'session.counters.multiplyAdds, n=1, 2, 3'),
    make('p', { className: 'note' }, t(view.holds ? 'holds' : 'fails')),
    line(t('pairs', values), cacheAt(element, view, n).source),
    ...(i < 0
      ? []
      : [
          line(
            t('weights', { bytes: format.size(view.weights[i]) }),
            `session.counters.bytesRead.weights, n=${n}`,
          ),
        ]),
  ];
}
