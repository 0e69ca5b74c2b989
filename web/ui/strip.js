/**
 * strip.js - rows of small cells: a row per step, a cell per position. A full cell is computed in the step, a small
 * one is read, and a dot is not seen.
 */
import { svg } from './svg.js';

const HEAD = 22; // px
const MAX_CELL = 14; // px

/** @typedef {'new' | 'read' | 'kept' | ''} CellState */
/**
 * @typedef {object} Strip
 * @property {string} title
 * @property {number} rows @property {number} columns
 * @property {(row: number, column: number) => CellState} state
 * @property {number} chosen row
 * @property {{ left: number, top: number, width: number }} place
 */

/** @param {number} columns @param {number} width */
const cellOf = (columns, width) => Math.min(MAX_CELL, (width - 4) / columns);

/** @param {number} rows @param {number} columns @param {number} width */
export const stripHeight = (rows, columns, width) => HEAD + rows * cellOf(columns, width) + 4;

/** The row at a height of the picture. @param {Strip} strip @param {number} y px */
export const stripRow = ({ rows, columns, place }, y) => {
  const row = Math.floor((y - place.top - HEAD) / cellOf(columns, place.width));
  return row >= 0 && row < rows ? row : undefined;
};

/** @param {Strip} strip */
export function drawStrip({ title, rows, columns, state, chosen, place: { left, top, width } }) {
  const cell = cellOf(columns, width);
  const gap = cell > 5 ? 1 : 0.5;
  /** @type {Record<string, string>} */
  const paths = { new: '', read: '', kept: '' };
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const kind = state(r, c);
      if (!kind) continue;
      const inset = kind === 'new' ? 0 : kind === 'read' ? cell * 0.25 : cell * 0.4;
      const side = cell - gap - 2 * inset;
      const [x, y] = [left + 2 + c * cell + inset, top + HEAD + r * cell + inset];
      paths[kind] +=
        `M${x.toFixed(1)} ${y.toFixed(1)}h${side.toFixed(1)}v${side.toFixed(1)}h-${side.toFixed(1)}z`;
    }
  return [
    svg('text', { x: left + 2, y: top + 14, class: 'name' }, title),
    ...Object.entries(paths).map(([kind, d]) => svg('path', { class: `cell ${kind}`, d })),
    svg('rect', {
      class: 'row',
      x: left + 0.5,
      y: top + HEAD + chosen * cell - 1.5,
      width: columns * cell + 3,
      height: cell + 2,
    }),
  ];
}

/** Rules for an element's style sheet. */
export const stripStyle = `
.cell.new { fill: var(--jl-heat-3); } .cell.read { fill: var(--jl-heat-3); opacity: 0.65; }
.cell.kept { fill: var(--jl-edge); opacity: 0.5; }
.row { fill: none; stroke: var(--jl-accent); stroke-width: 1.5; }
svg .name { font-weight: 600; }
`;
