/** plot.js - plots as SVG: drawPlot() takes any axes and series. Stateless. */
import { svg as node } from './svg.js';

/** A round distance for about `wanted` tick marks. @param {number} range @param {number} wanted */
function spacing(range, wanted) {
  const rough = range / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((m) => m * power >= rough) ?? 10);
}

/**
 * @typedef {object} Axis
 * @property {number} low @property {number} high
 * @property {boolean} [log]
 * @property {string} label
 * @property {(value: number) => string} show the text of a tick
 * @property {number[]} [ticks] their values; default: round ones
 */
/** @typedef {{ x: number, y: number, low?: number, high?: number, source?: string }} Point low, high: a range of y */
/**
 * @typedef {object} Series
 * @property {string} name
 * @property {Point[]} [points] measured
 * @property {[number, number][]} [line]
 * @property {[number, number][]} [dashed] what was not measured
 */
/** @typedef {{ left: number, top: number, width: number, height: number }} Area */

const TICK = 15; // px of a line of text
const MARGIN = { left: 58, right: 14, bottom: 38 };

/** Values of ticks. @param {Axis} axis @param {number} length px @param {number} apart px between two */
function ticksOf({ low, high, log, ticks: given }, length, apart) {
  if (given) return given;
  const ticks = [];
  if (log) {
    const powers = Math.log10(high / low);
    const step = Math.max(1, Math.ceil((powers * apart) / length / 1.5));
    for (let p = Math.ceil(Math.log10(low) - 1e-9); 10 ** p <= high * 1.0001; p += step)
      ticks.push(10 ** p);
    return ticks;
  }
  const step = spacing(high - low || 1, Math.max(2, length / apart));
  for (let v = Math.ceil(low / step) * step; v <= high * 1.0001; v += step) ticks.push(v);
  return ticks;
}

/** Pixels of a value. @param {Axis} axis @param {number} from @param {number} to px of low and high */
const scaleOf = ({ low, high, log }, from, to) => {
  const f = log ? Math.log : Number;
  return (/** @type {number} */ v) =>
    from + ((to - from) * (f(v) - f(low))) / (f(high) - f(low) || 1);
};

/** A mark, by the number of the series: colour alone says nothing. @param {number} i @param {number} x @param {number} y */
function mark(i, x, y) {
  const shapes = [
    'm-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z',
    'm-4 -4h8v8h-8z',
    'm0 -5l5 9h-10z',
    'm0 -5l5 5l-5 5l-5 -5z',
  ];
  return node('path', { class: `mark s${i % 4}`, d: `M${x} ${y}${shapes[i % 4]}` });
}

/** The functions that turn values into pixels. @param {{ area: Area, x: Axis, y: Axis, series: Series[] }} plot */
export function plotScales({ area, x, y, series }) {
  const top = area.top + (series.length + 1) * TICK;
  return {
    top,
    px: scaleOf(x, area.left + MARGIN.left, area.left + area.width - MARGIN.right),
    py: scaleOf(y, area.top + area.height - MARGIN.bottom, top),
  };
}

/**
 * A plot as nodes: axes, a legend above the plane, lines, ranges and points. `cursor` is an x with a vertical line,
 * `limit` one with words.
 * @param {{ area: Area, x: Axis, y: Axis, series: Series[], cursor?: number, limit?: { x: number, text: string } }} plot
 */
export function drawPlot(plot) {
  const { area, x, y, series, cursor, limit } = plot;
  const { top, px, py } = plotScales(plot);
  const [left, right] = [area.left + MARGIN.left, area.left + area.width - MARGIN.right];
  const bottom = area.top + area.height - MARGIN.bottom;
  const round = (/** @type {number} */ v) => v.toFixed(1);
  /** @param {[number, number][]} line */
  const path = (line) =>
    line.map(([a, b], i) => `${i ? 'L' : 'M'}${round(px(a))} ${round(py(b))}`).join('');
  const nodes = [];
  for (const value of ticksOf(y, bottom - top, 40)) {
    nodes.push(node('path', { class: 'grid', d: `M${left} ${round(py(value))}H${right}` }));
    const place = { x: left - 6, y: py(value) + 4, 'text-anchor': 'end', class: 'axis' };
    nodes.push(node('text', place, y.show(value)));
  }
  for (const value of ticksOf(x, right - left, 70)) {
    nodes.push(node('path', { class: 'grid', d: `M${round(px(value))} ${bottom}v4` }));
    const anchor = px(value) > right - 24 ? 'end' : 'middle';
    nodes.push(
      node(
        'text',
        { x: px(value), y: bottom + 17, 'text-anchor': anchor, class: 'axis' },
        x.show(value),
      ),
    );
  }
  nodes.push(node('text', { x: left, y: bottom + 33, class: 'axis' }, `${x.label} →`));
  nodes.push(node('text', { x: area.left, y: area.top + 11, class: 'axis' }, `↑ ${y.label}`));
  if (limit) {
    nodes.push(node('path', { class: 'limit', d: `M${round(px(limit.x))} ${top}V${bottom}` }));
    const place = { x: px(limit.x) + 5, y: bottom - 6, class: 'axis' };
    nodes.push(node('text', place, limit.text));
  }
  if (cursor !== undefined)
    nodes.push(node('path', { class: 'cursor', d: `M${round(px(cursor))} ${top}V${bottom}` }));
  series.forEach(({ name, points = [], line, dashed }, i) => {
    const at = area.top + (i + 1) * TICK + 6;
    nodes.push(mark(i, left + 6, at), node('text', { x: left + 18, y: at + 4 }, name));
    if (line) nodes.push(node('path', { class: `line s${i % 4}`, d: path(line) }));
    if (dashed) nodes.push(node('path', { class: `line dashed s${i % 4}`, d: path(dashed) }));
    for (const p of points) {
      const ranged = p.low !== undefined && p.high !== undefined;
      const at = px(p.x) + (ranged ? (i - (series.length - 1) / 2) * 7 : 0); // ranges side by side
      if (ranged) {
        const d = `M${round(at)} ${round(py(Number(p.low)))}V${round(py(Number(p.high)))}`;
        nodes.push(node('path', { class: `line s${i % 4}`, d }));
      }
      nodes.push(mark(i, at, py(p.y)));
    }
  });
  return nodes;
}

/** Rules for an element's style sheet. */
export const plotStyle = `
.line { fill: none; stroke-width: 1.5; } .dashed { stroke-dasharray: 5 4; }
.mark.s0 { fill: var(--jl-1); } .mark.s1 { fill: var(--jl-2); } .mark.s2 { fill: var(--jl-3); } .mark.s3 { fill: var(--jl-4); }
.line.s0 { stroke: var(--jl-1); } .line.s1 { stroke: var(--jl-2); } .line.s2 { stroke: var(--jl-3); } .line.s3 { stroke: var(--jl-4); }
.grid { fill: none; stroke: var(--jl-line); } .cursor { fill: none; stroke: var(--jl-accent); stroke-width: 2; }
.limit { fill: none; stroke: var(--jl-edge); stroke-dasharray: 2 3; }
svg .axis { font-variant-numeric: tabular-nums; font-size: 11px; }
`;
