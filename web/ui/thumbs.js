/**
 * thumbs.js - draws many causal matrices as small pictures on one canvas, in rows and columns, with captions.
 */
import { heatOf, palette } from './heat.js';

/**
 * @typedef {object} Thumbs
 * @property {number} n rows of each matrix
 * @property {{ at: number, data: Float32Array }[]} matrices lower triangles: [query, key ≤ query] from `at` on
 * @property {string[]} captions of each, may be ''
 * @property {number} columns of pictures
 * @property {number} chosen index
 * @property {{ rows: string[], columns: string[], row: string, column: string } | null} axes names of rows and columns
 */
/** @typedef {{ x: number, y: number, size: number, width: number, height: number, columns: number }} Grid in px */

const GAP = 6;
const CAPTION = 15;
const MAX = 100; // px of a picture
const MIN = 12;
const TALL = 720; // px of the whole, where many rows allow it

/** @param {Thumbs} thumbs @param {number} room px @returns {Grid} */
function gridOf({ matrices, columns, axes, captions }, room) {
  const rows = Math.ceil(matrices.length / columns);
  const [x, y] = axes ? [24, 36] : [0, 0];
  const caption = captions.some(Boolean) ? CAPTION : 0;
  const fit = Math.floor((room - x) / columns) - GAP;
  const size = Math.max(MIN, Math.min(MAX, fit, Math.max(28, TALL / rows - GAP - caption)));
  return { x, y, size, width: size + GAP, height: size + GAP + caption, columns };
}

/** Where each canvas has its pictures. @type {WeakMap<HTMLCanvasElement, Grid>} */
const grids = new WeakMap();

/** The index of the picture at a place; -1: none. @param {HTMLCanvasElement} canvas @param {{ offsetX: number, offsetY: number }} event @param {number} count */
export function thumbAt(canvas, { offsetX, offsetY }, count) {
  const grid = grids.get(canvas);
  if (!grid) return -1;
  const column = Math.floor((offsetX - grid.x) / grid.width);
  const row = Math.floor((offsetY - grid.y) / grid.height);
  const index = row * grid.columns + column;
  return column >= 0 && column < grid.columns && row >= 0 && index < count ? index : -1;
}

/** The index to which a key of the keyboard moves; -1: none. @param {string} key @param {number} at @param {number} columns @param {number} count */
export function thumbAfter(key, at, columns, count) {
  /** @type {Record<string, number>} */
  const moves = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at - columns,
    ArrowDown: at + columns,
    Home: 0,
    End: count - 1,
  };
  const to = moves[key] ?? -1;
  return to < count ? to : -1;
}

/** @param {HTMLCanvasElement} canvas @param {Thumbs} thumbs @param {number} room px that they may take */
export function drawThumbs(canvas, thumbs, room) {
  const context = canvas.getContext('2d');
  if (!context || !room) return;
  const grid = gridOf(thumbs, room);
  grids.set(canvas, grid);
  const rows = Math.ceil(thumbs.matrices.length / grid.columns);
  const [width, height] = [grid.x + grid.columns * grid.width, grid.y + rows * grid.height];
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  context.scale(devicePixelRatio, devicePixelRatio);
  const paint = palette(canvas);
  const small = document.createElement('canvas');
  small.width = small.height = thumbs.n;
  for (const [i, matrix] of thumbs.matrices.entries()) {
    const x = grid.x + (i % grid.columns) * grid.width + 2;
    const y = grid.y + Math.floor(i / grid.columns) * grid.height + 2;
    picture(small, matrix, thumbs.n, paint.mixes);
    context.imageSmoothingEnabled = grid.size * devicePixelRatio < 2 * thumbs.n;
    context.drawImage(small, x, y, grid.size, grid.size);
    const chosen = i === thumbs.chosen;
    context.strokeStyle = chosen ? paint.accent : paint.line;
    context.lineWidth = chosen ? 3 : 1;
    const out = chosen ? 0.5 : -0.5;
    context.strokeRect(x - out, y - out, grid.size + 2 * out, grid.size + 2 * out);
    context.fillStyle = chosen ? paint.ink : paint.quiet;
    context.font = `11px ${paint.sans}`;
    context.textAlign = 'center';
    context.textBaseline = 'top';
    context.fillText(thumbs.captions[i], x + grid.size / 2, y + grid.size + 3, grid.width);
  }
  if (thumbs.axes) drawAxes(context, paint, thumbs.axes, grid);
}

/** One matrix, a pixel a cell. @param {HTMLCanvasElement} small @param {{ at: number, data: Float32Array }} matrix @param {number} n @param {number[][]} mixes */
function picture(small, { at, data }, n, mixes) {
  const context = /** @type {CanvasRenderingContext2D} */ (small.getContext('2d'));
  const image = context.createImageData(n, n);
  for (let q = 0, i = at; q < n; q++)
    for (let k = 0; k <= q; k++, i++)
      image.data.set([...mixes[heatOf(data[i])], 255], 4 * (q * n + k));
  context.putImageData(image, 0, 0);
}

/** @param {CanvasRenderingContext2D} context @param {import('./heat.js').Palette} paint @param {NonNullable<Thumbs['axes']>} axes @param {Grid} grid */
function drawAxes(context, paint, axes, grid) {
  context.fillStyle = paint.quiet;
  context.font = `12px ${paint.sans}`;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  context.fillText(`${axes.row} ↓   ${axes.column} →`, 0, 9);
  context.textAlign = 'right';
  for (const [i, name] of axes.rows.entries())
    context.fillText(name, grid.x - 6, grid.y + i * grid.height + grid.size / 2);
  context.textAlign = 'center';
  for (const [i, name] of axes.columns.entries())
    context.fillText(name, grid.x + i * grid.width + grid.width / 2, 27);
}
