/** heat.js - a matrix of signed numbers as SVG: blue below zero, red above, paper at zero. */
import { svg } from '../../../web/ui/svg.js';

/** @param {SVGElement} cell @param {number} share −1…1 */
function paint(cell, share) {
  const colour = share < 0 ? 'minus' : 'plus';
  const part = Math.round(Math.min(1, Math.abs(share)) * 100);
  cell.style.fill = `color-mix(in oklab, var(--jl-${colour}) ${part}%, var(--jl-paper))`;
}

/**
 * Rects of a vector as one strip.
 * @param {ArrayLike<number>} values @param {number} most the value of full colour
 * @param {{ x: number, y: number, width: number, height: number }} area
 */
export function strip(values, most, { x, y, width, height }) {
  const step = width / values.length;
  return Array.from(values, (value, i) => {
    const cell = svg('rect', { x: x + i * step, y, width: Math.max(0.5, step - 0.25), height });
    paint(cell, value / most);
    return cell;
  });
}

/** The largest absolute value. @param {ArrayLike<number>} values */
export const largest = (values) =>
  Array.from(values).reduce((max, x) => Math.max(max, Math.abs(x)), 1e-9);
