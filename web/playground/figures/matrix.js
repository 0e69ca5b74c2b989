/**
 * matrix.js - draws a causal matrix on a canvas: cells on the heat ramp, masked part hatched, axes named.
 *
 * Knows nothing of models. Colours come from the style sheet, so light and dark need no code here.
 * Colour follows the square root of a value, as attention is
 * mostly small; the legend's steps are equal in colour.
 */

/**
 * @typedef {object} Picture
 * @property {number} n rows and columns
 * @property {string[]} labels [n]
 * @property {(row: number, column: number) => number} weight 0…1
 * @property {{ row: number, column: number }} cursor
 * @property {{ queries: string, keys: string }} axes
 */

const AXIS = 20; // px for the axis' name
const LABELS = 72; // px for the tokens along an axis
const LEGIBLE = 11; // px a cell must have for every label to be written

/**
 * Where things are, in CSS pixels.
 * @param {HTMLCanvasElement} canvas @param {number} n
 */
export function geometry(canvas, n) {
  const side = Math.min(canvas.clientWidth, canvas.clientHeight);
  const gutter = { x: AXIS + LABELS, y: AXIS + LABELS };
  return { gutter, cell: Math.min(28, (side - gutter.x) / n) };
}

/** @param {HTMLCanvasElement} canvas @param {Picture} picture */
export function drawMatrix(canvas, picture) {
  const context = canvas.getContext('2d');
  const scale = devicePixelRatio;
  const width = Math.round(canvas.clientWidth * scale);
  const height = Math.round(canvas.clientHeight * scale);
  if (!context || !width) return; // folded away
  canvas.width = width;
  canvas.height = height;
  context.scale(scale, scale);
  const place = geometry(canvas, picture.n);
  drawCells(context, picture, place);
  drawCursor(context, picture, place);
  drawLabels(context, picture, place);
}

/** @typedef {ReturnType<typeof geometry>} Place */

/** @param {CanvasRenderingContext2D} context @param {Picture} picture @param {Place} place */
function drawCells(context, { n, weight }, { gutter, cell }) {
  const ramp = colours();
  const gap = cell > 8 ? 1 : 0;
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      const value = Math.min(1, Math.max(0, weight(row, column)));
      context.fillStyle = ramp[Math.round(255 * Math.sqrt(value))];
      context.fillRect(gutter.x + column * cell, gutter.y + row * cell, cell - gap, cell - gap);
    }
  }
  hatch(context, gutter, n, cell);
}

/** The part above the diagonal, which no query may see. @param {CanvasRenderingContext2D} context @param {{ x: number, y: number }} gutter @param {number} n @param {number} cell */
function hatch(context, gutter, n, cell) {
  const side = n * cell;
  context.save();
  context.beginPath();
  context.moveTo(gutter.x + cell, gutter.y);
  for (let i = 1; i < n; i++) {
    context.lineTo(gutter.x + i * cell, gutter.y + i * cell);
    context.lineTo(gutter.x + (i + 1) * cell, gutter.y + i * cell);
  }
  context.lineTo(gutter.x + side, gutter.y);
  context.clip();
  context.strokeStyle = property('--jl-line');
  context.lineWidth = 1;
  context.beginPath();
  for (let offset = 0; offset < 2 * side; offset += 6) {
    context.moveTo(gutter.x + offset, gutter.y);
    context.lineTo(gutter.x + offset - side, gutter.y + side);
  }
  context.stroke();
  context.restore();
}

/** @param {CanvasRenderingContext2D} context @param {Picture} picture @param {Place} place */
function drawCursor(context, { cursor }, { gutter, cell }) {
  const x = gutter.x + cursor.column * cell;
  const y = gutter.y + cursor.row * cell;
  context.lineWidth = 1.5;
  context.strokeStyle = property('--jl-q');
  context.strokeRect(gutter.x - 1, y - 1, (cursor.row + 1) * cell + 1, cell + 1);
  context.strokeStyle = property('--jl-k');
  context.strokeRect(x - 1, gutter.y - 1, cell + 1, (cursor.row + 1) * cell + 1);
  context.lineWidth = 2;
  context.strokeStyle = property('--jl-ink');
  context.strokeRect(x - 1, y - 1, cell + 1, cell + 1);
}

/** @param {CanvasRenderingContext2D} context @param {Picture} picture @param {Place} place */
function drawLabels(context, { n, labels, cursor, axes }, { gutter, cell }) {
  const ink = property('--jl-ink');
  const quiet = property('--jl-quiet');
  const family = property('--jl-sans');
  context.textBaseline = 'middle';
  context.font = `600 12px ${family}`;
  context.textAlign = 'left';
  context.fillStyle = property('--jl-k');
  context.fillText(`${axes.keys} →`, gutter.x, AXIS / 2);
  sideways(context, AXIS / 2, gutter.y, () => {
    context.fillStyle = property('--jl-q');
    context.textAlign = 'right';
    context.fillText(`← ${axes.queries}`, 0, 0);
  });

  const size = Math.min(13, Math.max(LEGIBLE, cell - 2));
  for (let i = 0; i < n; i++) {
    const read = { row: i === cursor.row, column: i === cursor.column };
    const near = cell < LEGIBLE;
    context.font = `${size}px ${property('--jl-mono')}`;
    if (!near || read.row) {
      context.fillStyle = read.row ? ink : quiet;
      context.textAlign = 'right';
      context.fillText(fit(context, labels[i]), gutter.x - 6, gutter.y + (i + 0.5) * cell);
    }
    if (!near || read.column) {
      sideways(context, gutter.x + (i + 0.5) * cell, gutter.y - 6, () => {
        context.fillStyle = read.column ? ink : quiet;
        context.textAlign = 'left';
        context.fillText(fit(context, labels[i]), 0, 0);
      });
    }
  }
}

/** Draws what reads upwards. @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {() => void} draw */
function sideways(context, x, y, draw) {
  context.save();
  context.translate(x, y);
  context.rotate(-Math.PI / 2);
  draw();
  context.restore();
}

/** As much of a label as there is room for. @param {CanvasRenderingContext2D} context @param {string} text */
function fit(context, text) {
  const characters = [...text];
  while (characters.length > 1 && context.measureText(characters.join('')).width > LABELS - 8) {
    characters.pop();
  }
  return characters.length < [...text].length ? `${characters.slice(0, -1).join('')}…` : text;
}

/** A custom property of the style sheet. Colours are registered there, so they come resolved. @param {string} name */
const property = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

/** The heat ramp, 256 colours between the style sheet's five. */
function colours() {
  const stops = [0, 1, 2, 3, 4].map((i) => (property(`--jl-heat-${i}`).match(/[\d.]+/g) ?? []).map(Number));
  return Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * 4;
    const low = Math.min(3, Math.floor(at));
    const mix = [0, 1, 2].map((k) => Math.round(stops[low][k] + (stops[low + 1][k] - stops[low][k]) * (at - low)));
    return `rgb(${mix.join()})`;
  });
}
