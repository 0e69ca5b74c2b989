/**
 * export.js - pictures and tables of a figure as files: SVG with resolved colours, PNG, CSV.
 */

const NS = 'http://www.w3.org/2000/svg';
/** Properties that a copy keeps as attributes, with their value at first; a child inherits all but opacity. */
const INITIAL = {
  fill: 'rgb(0, 0, 0)',
  'fill-opacity': '1',
  stroke: 'none',
  'stroke-width': '1px',
  'stroke-dasharray': 'none',
  opacity: '1',
  'font-family': '',
  'font-size': '',
  'font-weight': '400',
  'text-anchor': 'start',
  'dominant-baseline': 'auto',
};
/** Attributes for the page only: a standalone picture has one title and no controls. */
const OF_PAGE = /^(class|style|tabindex|role|aria-|data-)/;

/** @param {string} text */
export const escapeXml = (text) =>
  text.replace(/[&<>"]/g, (c) => `&#${/** @type {number} */ (c.codePointAt(0))};`);

/** A standalone SVG around markup. @param {number} width @param {number} height @param {string} inner @param {string} alt @param {string} paper */
export const svgText = (width, height, inner, alt, paper) =>
  `<svg xmlns="${NS}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img"><title>${escapeXml(alt)}</title><rect width="100%" height="100%" fill="${hexOf(paper)}"/>${inner}</svg>`;

/** Colours in hexadecimal, because other programs do not know all of CSS. @type {Map<string, string>} */
const hexadecimal = new Map([['none', 'none']]);

/** @param {string} colour of CSS */
export function hexOf(colour) {
  const known = hexadecimal.get(colour);
  if (known || !CSS.supports('color', colour)) return known ?? colour; // url(#pattern)
  const canvas = new OffscreenCanvas(1, 1);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const bytes = [...context.getImageData(0, 0, 1, 1).data];
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const made = `#${hex.replace(/ff$/, '')}`;
  hexadecimal.set(colour, made);
  return made;
}

/** A number with at most two decimals. @param {number} number */
export const rounded = (number) => Math.round(number * 100) / 100;
const LONG = /\d+\.\d{3,}/g;

/**
 * Gives a copy the computed style of its original, as attributes where it differs from the parent's.
 * @param {Element} from @param {Element} to @param {Record<string, string>} [outer] the parent's style
 */
function resolve(from, to, outer = INITIAL) {
  const style = getComputedStyle(from);
  /** @type {Record<string, string>} */ const own = { opacity: '1' };
  for (const name of Object.keys(INITIAL)) {
    const value = style.getPropertyValue(name) || outer[name];
    if (value === outer[name]) to.removeAttribute(name);
    else to.setAttribute(name, /^(fill|stroke)$/.test(name) ? hexOf(value) : value);
    own[name] ??= value;
  }
  for (const { name, value } of [...to.attributes])
    if (OF_PAGE.test(name)) to.removeAttribute(name);
    else
      to.setAttribute(
        name,
        value.replace(LONG, (number) => `${rounded(Number(number))}`),
      );
  for (let i = 0; i < from.children.length; i++) resolve(from.children[i], to.children[i], own);
}

/**
 * An svg or canvas of the page as SVG text without the page's styles.
 * @param {Element} found @param {{ left: number, top: number, width: number, height: number }} place
 */
export function copyOf(found, { left, top, width, height }) {
  if (found instanceof HTMLCanvasElement)
    return `<image href="${found.toDataURL()}" x="${left}" y="${top}" width="${width}" height="${height}"/>`;
  const copy = /** @type {Element} */ (found.cloneNode(true));
  resolve(found, copy);
  for (const [name, value] of Object.entries({ x: left, y: top, width, height }))
    copy.setAttribute(name, String(value));
  return new XMLSerializer().serializeToString(copy);
}

/**
 * The first svg or canvas in `box` as a standalone SVG text; null without one.
 * @param {Element} box @param {string} alt a sentence that says what the picture shows
 * @returns {{ svg: string, width: number, height: number } | null}
 */
export function pictureOf(box, alt) {
  const found = box.querySelector('svg, canvas');
  if (!found) return null;
  const { width, height } = found.getBoundingClientRect();
  const host = /** @type {ShadowRoot} */ (box.getRootNode()).host ?? box;
  const paper = getComputedStyle(host).backgroundColor;
  const inner = copyOf(found, { left: 0, top: 0, width, height });
  return { svg: svgText(width, height, inner, alt, paper), width, height };
}

/** A PNG at twice the size. @param {{ svg: string, width: number, height: number }} picture @returns {Promise<Blob>} */
export async function pngOf({ svg, width, height }) {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [2 * width, 2 * height];
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done, fail) =>
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error('no PNG')))),
  );
}

/** RFC 4180. A leading = + - @ of a text is quoted by ', because spreadsheets would run it. @param {string[][]} rows */
export const csvOf = (rows) =>
  rows
    .map((row) =>
      row
        .map((cell) => (/^[=+@]|^-\D/.test(cell) ? `'${cell}` : cell))
        .map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replace(/"/g, '""')}"` : cell))
        .join(),
    )
    .join('\r\n');

/** Offers bytes as a download. @param {string} name @param {Blob | string} content @param {string} [type] */
export function download(name, content, type = 'text/plain') {
  const blob = typeof content === 'string' ? new Blob([content], { type }) : content;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
