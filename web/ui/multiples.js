/**
 * multiples.js - small multiples: columns of horizontal bars on one logarithmic scale, a row per item.
 */
import { svg } from './svg.js';

const ROW = 24; // px
const HEAD = 22; // px
const NAME = 28; // px
const NUMBER = 42; // px

/** @typedef {{ value: number, text: string, source?: string } | null} Bar null: the row has none */
/**
 * @typedef {object} Multiples
 * @property {string[]} columns
 * @property {{ name: string, bars: Bar[] }[]} rows
 * @property {number} chosen index of a row
 * @property {{ left: number, top: number, width: number }} place
 */

/** The powers of ten around values above 0. @param {number[]} values @returns {[low: number, high: number]} exponents */
export function decades(values) {
  const logs = values.filter((x) => x > 0 && Number.isFinite(x)).map(Math.log10);
  if (!logs.length) return [0, 1];
  const low = Math.floor(Math.min(...logs));
  return [low, Math.max(low + 1, Math.ceil(Math.max(...logs)))];
}

/** A value on a logarithmic scale, 0…1. @param {number} value @param {[number, number]} scale exponents */
export const onScale = (value, [low, high]) =>
  value > 0 ? Math.min(1, Math.max(0, (Math.log10(value) - low) / (high - low))) : 0;

/** @param {number} rows */
export const multiplesHeight = (rows) => HEAD + rows * ROW;

/** @param {Multiples} data @param {[number, number]} scale of the bars */
export function drawMultiples({ columns, rows, chosen, place: { left, top, width } }, scale) {
  const each = (width - NAME) / columns.length;
  const full = each - NUMBER - 6;
  const x = (/** @type {number} */ c) => left + NAME + c * each;
  const bottom = top + multiplesHeight(rows.length);
  const nodes = columns.map((name, c) =>
    svg('text', { x: x(c), y: top + 13, class: 'axis' }, name),
  );
  for (let c = 0; c < columns.length; c++)
    for (let power = scale[0]; power <= scale[1]; power++) {
      const at = x(c) + full * onScale(10 ** power, scale);
      nodes.push(svg('path', { class: 'grid', d: `M${at} ${top + HEAD}V${bottom}` }));
    }
  rows.forEach(({ name, bars }, r) => {
    const y = top + HEAD + r * ROW;
    const group = svg('g', { class: `item${r === chosen ? ' chosen' : ''}`, 'data-row': r });
    group.append(
      svg('rect', { class: 'hit', x: left + 1, y: y + 1, width: width - 2, height: ROW - 2 }),
    );
    group.append(svg('text', { x: left + 4, y: y + 16, class: 'name' }, name));
    for (const [c, bar] of bars.entries()) {
      const w = bar ? Math.max(1, full * onScale(bar.value, scale)) : 0;
      if (bar)
        group.append(svg('rect', { class: 'size', x: x(c), y: y + 7, width: w, height: 10 }));
      const place = { x: x(c) + w + 4, y: y + 16, 'data-source': bar?.source };
      group.append(svg('text', place, bar?.text ?? '–'));
    }
    nodes.push(group);
  });
  return nodes;
}
