/**
 * matrix.js - draws a causal matrix on a canvas: cells by heat colour, the masked part hatched, axes
 * labelled.
 *
 * Independent of models. The style sheet defines the colours of both themes. Colour is linear in the
 * square root of a value, because most attention weights are small; the legend has equal colour
 * steps.
 */

/**
 * @typedef {object} Picture
 * @property {number} n rows and columns
 * @property {string[]} labels [n]
 * @property {(row: number, column: number) => number} weight 0…1
 * @property {{ row: number, column: number }} cursor
 * @property {{ queries: string, keys: string }} axes
 */

const AXIS = 20; // px for the name of an axis
const LABELS = 72; // px for the tokens along an axis
const MAX_CELL = 32; // px
const LEGIBLE = 11; // px; min cell size with all labels

/**
 * Gutter and cell size in CSS pixels.
 * @param {HTMLCanvasElement} canvas @param {number} n
 */
export function geometry(canvas, n) {
  const gutter = { x: AXIS + LABELS, y: AXIS + LABELS };
  return { gutter, cell: Math.min(MAX_CELL, (canvas.clientWidth - gutter.x - 2) / n) };
}

/** @param {HTMLCanvasElement} canvas @param {Picture} picture */
export function drawMatrix(canvas, picture) {
  const context = canvas.getContext('2d');
  if (!context || !canvas.clientWidth) return; // collapsed
  const place = geometry(canvas, picture.n);
  canvas.style.height = `${Math.ceil(place.gutter.y + picture.n * place.cell + 2)}px`;
  canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
  canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
  context.scale(devicePixelRatio, devicePixelRatio);
  const paint = palette(canvas);
  drawCells(context, paint, picture, place);
  drawCursor(context, paint, picture, place);
  drawAxes(context, paint, picture, place);
  drawLabels(context, paint, picture, place);
}

/** @typedef {CanvasRenderingContext2D} Context */
/** @typedef {ReturnType<typeof geometry>} Place */
/** @typedef {ReturnType<typeof palette>} Palette */

/** @param {Context} context @param {Palette} paint @param {Picture} picture @param {Place} place */
function drawCells(context, paint, { n, weight }, { gutter, cell }) {
  const gap = cell > 8 ? 1 : 0;
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      const value = Math.min(1, Math.max(0, weight(row, column)));
      context.fillStyle = paint.heat[Math.round(255 * Math.sqrt(value))];
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

/** @param {Context} context @param {Palette} paint @param {Picture} picture @param {Place} place */
function drawAxes(context, paint, { axes }, { gutter }) {
  context.textBaseline = 'middle';
  context.font = `600 12px ${paint.sans}`;
  context.fillStyle = paint.k;
  context.textAlign = 'left';
  context.fillText(`${axes.keys} →`, gutter.x, AXIS / 2);
  context.fillStyle = paint.q;
  context.textAlign = 'right';
  sideways(context, AXIS / 2, gutter.y, () => context.fillText(`← ${axes.queries}`, 0, 0));
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
  context.font = `${Math.min(13, Math.max(LEGIBLE, cell - 2))}px ${paint.mono}`;
  for (let i = 0; i < n; i++) {
    const middle = (i + 0.5) * cell;
    if (all || i === cursor.row) {
      context.fillStyle = i === cursor.row ? paint.ink : paint.quiet;
      context.textAlign = 'right';
      context.fillText(fit(context, labels[i]), gutter.x - 6, gutter.y + middle);
    }
    if (all || i === cursor.column) {
      context.fillStyle = i === cursor.column ? paint.ink : paint.quiet;
      context.textAlign = 'left';
      const write = () => context.fillText(fit(context, labels[i]), 0, 0);
      sideways(context, gutter.x + middle, gutter.y - 6, write);
    }
  }
}

/**
 * Draws rotated by −90°.
 * @param {Context} context
 * @param {number} x
 * @param {number} y
 * @param {() => void} draw
 */
function sideways(context, x, y, draw) {
  context.save();
  context.translate(x, y);
  context.rotate(-Math.PI / 2);
  draw();
  context.restore();
}

/** A label, truncated to its space. @param {Context} context @param {string} text */
function fit(context, text) {
  const room = LABELS - 8;
  if (context.measureText(text).width <= room) return text;
  const characters = [...text];
  while (characters.length > 1 && context.measureText(`${characters.join('')}…`).width > room) {
    characters.pop();
  }
  return `${characters.join('')}…`;
}

/**
 * The style sheet's colours and fonts, resolved for the theme.
 * @param {HTMLCanvasElement} canvas
 */
function palette(canvas) {
  const style = getComputedStyle(canvas);
  /** @param {string} name */
  const colour = (name) => {
    canvas.style.color = `var(--jl-${name})`;
    return style.color;
  };
  const stops = [0, 1, 2, 3, 4].map((i) =>
    (colour(`heat-${i}`).match(/[\d.]+/g) ?? []).map(Number),
  );
  return {
    ink: colour('ink'),
    quiet: colour('quiet'),
    line: colour('line'),
    q: colour('q'),
    k: colour('k'),
    heat: ramp(stops),
    sans: style.getPropertyValue('--jl-sans'),
    mono: style.getPropertyValue('--jl-mono'),
  };
}

/** 256 colours interpolated from five. @param {number[][]} stops [5][rgb] */
function ramp(stops) {
  return Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * 4;
    const low = Math.min(3, Math.floor(at));
    const mix = stops[low].map((c, k) => Math.round(c + (stops[low + 1][k] - c) * (at - low)));
    return `rgb(${mix.slice(0, 3).join()})`;
  });
}
