/**
 * compact.js - shortens the SVG of a recorded picture for a place in an HTML page: without what HTML or the page's style
 * sheet says anyway, with cells as paths.
 */

/** @typedef {{ x: number, y: number, w: number, h: number, fill: string }} Cell */

const CELL =
  /<rect x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)" fill="(#[\da-f]{6})"\/>/g;
const RUN = new RegExp(`(?:${CELL.source.replace(/\((?!\?)/g, '(?:')}){8,}`, 'g');
const OUTLINE = /M([-\d.]+) ([-\d.]+)h([\d.]+)v([\d.]+)h-\3z/g;
const LEVELS = 8; // between two colours that a picture tells apart, of 256

/** A colour with fewer levels, so that more cells share it. @param {string} hex */
const coarse = (hex) =>
  hex.replace(/[\da-f]{2}/g, (byte) => {
    const level = Math.min(255, Math.round(Number.parseInt(byte, 16) / LEVELS) * LEVELS);
    return level.toString(16).padStart(2, '0');
  });

/** @param {Cell} a @param {Cell} b */
const overlap = (a, b) =>
  a.x < b.x + b.w - 0.01 &&
  b.x < a.x + a.w - 0.01 &&
  a.y < b.y + b.h - 0.01 &&
  b.y < a.y + a.h - 0.01;

/** @param {number} number */
const short = (number) => String(Math.round(number * 100) / 100).replace(/^(-?)0\./, '$1.');

/** Cells of one colour and height as a path of strokes, which needs half the bytes of an outline. @param {Cell[]} cells @param {string} [rest] further attributes */
function strokes(cells, rest = '') {
  const [{ h, fill }] = cells;
  let d = '';
  let [end, row] = [0, Number.NaN];
  for (const { x, y, w } of cells) {
    d += y === row ? `m${short(x - end)} 0` : `M${short(x)} ${short(y + h / 2)}`;
    d += `h${short(w)}`;
    [end, row] = [Number(short(x)) + Number(short(w)), y];
  }
  return `<path stroke="${fill}" stroke-width="${h}"${rest} d="${d}"/>`;
}

/** @param {Cell[]} cells @param {string} [rest] */
function strokesByKind(cells, rest) {
  /** @type {Map<string, Cell[]>} */ const kinds = new Map();
  for (const cell of cells) {
    const kind = `${cell.fill} ${cell.h}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), cell]);
  }
  return [...kinds.values()].map((kind) => strokes(kind, rest)).join('');
}

/** Cells in fewer bytes; as they are if some lie over others. @param {string} run */
function merged(run) {
  /** @type {Cell[]} */ const cells = [...run.matchAll(CELL)].map(([, x, y, w, h, fill]) => ({
    x: Number(x),
    y: Number(y),
    w: Number(w),
    h: Number(h),
    fill: coarse(fill),
  }));
  const over = cells.some((cell, i) => cells.slice(0, i).some((other) => overlap(cell, other)));
  const drawn = over ? run : strokesByKind(cells);
  return drawn.length < run.length ? drawn : run;
}

/** The cells of a path that outlines each. @param {string} path @param {string} d @param {string} fill @param {string} [rest] */
function outlined(path, d, fill, rest = '') {
  const cells = [...d.matchAll(OUTLINE)].map(([, x, y, w, h]) => ({
    x: Number(x),
    y: Number(y),
    w: Number(w),
    h: Number(h),
    fill,
  }));
  return d.replace(OUTLINE, '') || !cells.length ? path : strokesByKind(cells, rest);
}

/** Of the fonts of the elements only two are needed: the page's own, and class m. @param {string} svg */
const withoutFonts = (svg) =>
  svg
    .replace(/ font-family="ui-monospace[^"]*"/g, ' class="m"')
    .replace(/(<(?:text|tspan)\b[^>]*?) font-family="system-ui[^"]*"/g, '$1 class="s"')
    .replace(/ font-family="system-ui[^"]*"/g, '');

/** @param {string} svg of an element's picture */
export const compact = (svg) =>
  withoutFonts(svg)
    .replace(/ xmlns="[^"]*"/g, '')
    .replace(/<text([^>]*?) xml:space="preserve"([^>]*)>(?!\s)(?![^<]*\s(?:<|\s))/g, '<text$1$2>')
    .replace(/ (font-size|stroke-width)="([\d.]+)px"/g, ' $1="$2"')
    .replace(/ dominant-baseline="central"/g, ' dy=".35em"')
    .replace(/<rect [^>]*fill="#00000000"\/>/g, '') // places to click
    .replace(/ id="option-[^"]*"/g, '')
    .replace(RUN, merged)
    .replace(/<path d="([^"]*)" fill="(#\w+)"( opacity="[\d.]+")?\/>/g, outlined);
