/**
 * matrix.js - draws a causal matrix on a canvas: cells by heat colour, the masked part hatched, axes
 * labelled.
 *
 * Independent of models. Labels in Chinese, Japanese and Korean are written upright. The gutters are as wide as
 * the labels.
 */

import { heatOf, palette } from './heat.js';

/**
 * @typedef {object} Picture
 * @property {number} n rows and columns
 * @property {string[]} labels [n]
 * @property {(row: number, column: number) => number} weight 0…1
 * @property {{ row: number, column: number }} cursor
 * @property {{ queries: string, keys: string }} axes
 */

const AXIS = 20; // px for the names of the axes
const GAP = 6; // px between labels and cells
const LABEL = 72; // px; max length of a label
const MAX_CELL = 36; // px
export const LEGIBLE = 11; // px; min cell size with all labels
const FONT = 13; // px

/** @typedef {{ gutter: { x: number, y: number }, cell: number }} Place in CSS pixels */

/** Where each canvas has its cells. @type {WeakMap<HTMLCanvasElement, Place>} */
const places = new WeakMap();

/** Gutter and cell size of a drawn matrix. @param {HTMLCanvasElement} canvas @returns {Place} */
const geometry = (canvas) => places.get(canvas) ?? { gutter: { x: 0, y: AXIS }, cell: LEGIBLE };

/**
 * The cell under a pointer; null outside of the triangle.
 * @param {HTMLCanvasElement} canvas @param {{ offsetX: number, offsetY: number }} event @param {number} n
 */
export function cellAt(canvas, { offsetX, offsetY }, n) {
  const { gutter, cell } = geometry(canvas);
  const row = Math.floor((offsetY - gutter.y) / cell);
  const column = Math.floor((offsetX - gutter.x) / cell);
  return row >= 0 && row < n && column >= 0 && column <= row ? { row, column } : null;
}

/**
 * The cell to which a key of the keyboard moves; null for other keys.
 * @param {string} key @param {{ row: number, column: number }} from @param {number} n
 */
export function cellAfter(key, { row, column }, n) {
  /** @type {Record<string, [number, number]>} */
  const moves = {
    ArrowUp: [Math.max(row - 1, 0), column],
    ArrowDown: [Math.min(row + 1, n - 1), column],
    ArrowLeft: [row, Math.max(column - 1, 0)],
    ArrowRight: [row, column + 1],
    Home: [row, 0],
    End: [row, row],
    PageUp: [0, 0],
    PageDown: [n - 1, column],
  };
  const move = moves[key];
  return move ? { row: move[0], column: Math.min(move[1], move[0]) } : null;
}

/**
 * The gutters hold the longest label of their axis; the cells share the rest of the width.
 * @param {Context} context @param {Palette} paint @param {Picture} picture @param {number} room px
 * @returns {Place}
 */
function placeOf(context, paint, { n, labels }, room) {
  context.font = `${FONT}px ${paint.mono}`;
  const width = (/** @type {string} */ text) => Math.min(LABEL, context.measureText(text).width);
  const height = (/** @type {string} */ text) =>
    isUpright(text) ? Math.min(LABEL, [...text].length * FONT) : width(text);
  const x = GAP + Math.ceil(Math.max(...labels.map(width)));
  const y = AXIS + GAP + Math.ceil(Math.max(...labels.map(height)));
  return { gutter: { x, y }, cell: Math.min(MAX_CELL, (room - x - 2) / n) };
}

/** Han, kana, their marks: these are written upright below each other. */
const CJK =
  /^[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\u{20000}-\u{3ffff}]+$/u;
/** @param {string} text */
const isUpright = (text) => [...text].length <= 1 || CJK.test(text);

/**
 * @param {HTMLCanvasElement} canvas @param {Picture} picture
 * @param {number} [room] px that the matrix may take; default: the canvas keeps its width
 */
export function drawMatrix(canvas, picture, room) {
  const context = canvas.getContext('2d');
  if (!context || !(room ?? canvas.clientWidth)) return; // collapsed
  const paint = palette(canvas);
  const place = placeOf(context, paint, picture, room ?? canvas.clientWidth);
  places.set(canvas, place);
  const side = picture.n * place.cell + 2;
  if (room) canvas.style.width = `${Math.ceil(Math.max(place.gutter.x + side, 120))}px`;
  canvas.style.height = `${Math.ceil(place.gutter.y + side)}px`;
  canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
  canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
  context.scale(devicePixelRatio, devicePixelRatio);
  drawCells(context, paint, picture, place);
  drawCursor(context, paint, picture, place);
  drawAxes(context, paint, picture, place);
  drawLabels(context, paint, picture, place);
}

/** @typedef {CanvasRenderingContext2D} Context */
/** @typedef {import('./heat.js').Palette} Palette */

/** @param {Context} context @param {Palette} paint @param {Picture} picture @param {Place} place */
function drawCells(context, paint, { n, weight }, { gutter, cell }) {
  const gap = cell > 8 ? 1 : 0;
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      context.fillStyle = paint.heat[heatOf(weight(row, column))];
      context.fillRect(gutter.x + column * cell, gutter.y + row * cell, cell - gap, cell - gap);
    }
  }
  hatch(context, paint, n, { gutter, cell });
}

/**
 * The masked part above the diagonal.
 * @param {Context} context
 * @param {Palette} paint
 * @param {number} n
 * @param {Place} place
 */
function hatch(context, paint, n, { gutter, cell }) {
  const side = n * cell;
  context.save();
  context.translate(gutter.x, gutter.y);
  context.beginPath();
  context.moveTo(cell, 0);
  for (let i = 1; i < n; i++) {
    context.lineTo(i * cell, i * cell);
    context.lineTo((i + 1) * cell, i * cell);
  }
  context.lineTo(side, 0);
  context.clip();
  context.strokeStyle = paint.line;
  context.lineWidth = 1;
  context.beginPath();
  for (let offset = 0; offset < 2 * side; offset += 6) {
    context.moveTo(offset, 0);
    context.lineTo(offset - side, side);
  }
  context.stroke();
  context.restore();
}

/**
 * The cursor's cell, its query's row and its key's column.
 * @param {Context} context
 * @param {Palette} paint
 * @param {Picture} picture
 * @param {Place} place
 */
function drawCursor(context, paint, { n, cursor }, { gutter, cell }) {
  const { row, column } = cursor;
  /**
   * @param {string} colour
   * @param {number} x
   * @param {number} y
   * @param {number} w
   * @param {number} h
   */
  const frame = (colour, x, y, w, h) => {
    context.strokeStyle = colour;
    context.strokeRect(
      gutter.x + x * cell - 1,
      gutter.y + y * cell - 1,
      w * cell + 1,
      h * cell + 1,
    );
  };
  context.lineWidth = 1.5;
  frame(paint.q, 0, row, row + 1, 1);
  frame(paint.k, column, column, 1, n - column);
  context.lineWidth = 2;
  frame(paint.ink, column, row, 1, 1);
}

/** Both names above the labels, so that they take no width. @param {Context} context @param {Palette} paint @param {Picture} picture @param {Place} place */
function drawAxes(context, paint, { axes }, { gutter }) {
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  context.font = `600 12px ${paint.sans}`;
  const queries = `${axes.queries} ↓`;
  context.fillStyle = paint.q;
  context.fillText(queries, 0, AXIS / 2);
  context.fillStyle = paint.k;
  const after = context.measureText(queries).width + 12;
  context.fillText(`${axes.keys} →`, Math.max(gutter.x, after), AXIS / 2);
}

/**
 * Labels all tokens on both axes; if cells are too small, only those of the cursor's cell.
 * @param {Context} context
 * @param {Palette} paint
 * @param {Picture} picture
 * @param {Place} place
 */
function drawLabels(context, paint, { n, labels, cursor }, { gutter, cell }) {
  const all = cell >= LEGIBLE;
  const font = Math.min(FONT, Math.max(LEGIBLE, cell - 1));
  context.font = `${font}px ${paint.mono}`;
  for (let i = 0; i < n; i++) {
    const middle = (i + 0.5) * cell;
    if (all || i === cursor.row) {
      context.fillStyle = i === cursor.row ? paint.ink : paint.quiet;
      context.textAlign = 'right';
      context.fillText(fit(context, labels[i]), gutter.x - GAP, gutter.y + middle);
    }
    if (all || i === cursor.column) {
      context.fillStyle = i === cursor.column ? paint.ink : paint.quiet;
      const [x, y] = [gutter.x + middle, gutter.y - GAP];
      if (isUpright(labels[i])) upright(context, labels[i], x, y, font);
      else sideways(context, x, y, fit(context, labels[i]));
    }
  }
}

/** Characters below each other, the last above y. @param {Context} context @param {string} text @param {number} x @param {number} y @param {number} font px */
function upright(context, text, x, y, font) {
  const rows = [...text].slice(0, Math.floor(LABEL / font));
  context.textAlign = 'center';
  for (const [i, character] of rows.entries())
    context.fillText(character, x, y - (rows.length - i - 0.5) * font);
}

/** Rotated by −90°. @param {Context} context @param {number} x @param {number} y @param {string} text */
function sideways(context, x, y, text) {
  context.save();
  context.translate(x, y);
  context.rotate(-Math.PI / 2);
  context.textAlign = 'left';
  context.fillText(text, 0, 0);
  context.restore();
}

/** A label, truncated to its space. @param {Context} context @param {string} text */
function fit(context, text) {
  if (context.measureText(text).width <= LABEL) return text;
  const characters = [...text];
  while (characters.length > 1 && context.measureText(`${characters.join('')}…`).width > LABEL) {
    characters.pop();
  }
  return `${characters.join('')}…`;
}
