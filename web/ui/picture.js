/**
 * picture.js - a part of a page as a standalone SVG: texts, backgrounds, borders and pictures where the browser put them.
 *
 * For figures of several parts; those of one svg or canvas need export.js only.
 */
import { copyOf, escapeXml, hexOf, rounded, svgText } from './export.js';

const CLEAR = /^(transparent|rgba\(.*, 0\))$/;

/** @param {CSSStyleDeclaration} style @param {DOMRect} rect relative */
function boxOf(style, { left, top, right, bottom, width, height }) {
  const [x, y] = [rounded(right), rounded(bottom)];
  /** @type {[string, number, number, number, number][]} */
  const sides = [
    ['top', left, top, x, top],
    ['bottom', left, y, x, y],
    ['left', left, top, left, y],
    ['right', x, top, x, y],
  ];
  const borders = sides.map(([side]) => {
    const w = Number.parseFloat(style.getPropertyValue(`border-${side}-width`));
    const colour = hexOf(style.getPropertyValue(`border-${side}-color`));
    return w ? ` stroke-width="${w}" stroke="${colour}"` : '';
  });
  const whole = borders[0] && borders.every((border) => border === borders[0]) ? borders[0] : '';
  const fill = CLEAR.test(style.backgroundColor) ? 'none' : hexOf(style.backgroundColor);
  let out = '';
  if (whole || fill !== 'none')
    out += `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="${fill}"${whole}/>`;
  if (whole) return out;
  for (const [i, [, x1, y1, x2, y2]] of sides.entries())
    if (borders[i]) out += `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"${borders[i]}/>`;
  return out;
}

/** The lines of a text node: characters with the same top. @param {Text} node @param {(rect: DOMRect) => DOMRect} place */
function linesOf(node, place) {
  const lines = /** @type {{ text: string, rect: DOMRect }[]} */ ([]);
  const range = document.createRange();
  let at = 0;
  for (const character of node.data) {
    range.setStart(node, at);
    at += character.length;
    range.setEnd(node, at);
    const rect = place(range.getBoundingClientRect());
    const last = lines[lines.length - 1];
    if (!rect.width) continue;
    if (last && Math.abs(last.rect.top - rect.top) < 2) last.text += character;
    else lines.push({ text: character, rect });
  }
  return lines;
}

/** @param {Text} node @param {(rect: DOMRect) => DOMRect} place @param {string} family font of the picture */
function textOf(node, place, family) {
  if (!node.data.trim()) return '';
  const style = getComputedStyle(/** @type {Element} */ (node.parentElement));
  const { fontFamily, fontSize, fontWeight } = style;
  const own = fontFamily === family ? '' : `font-family="${escapeXml(fontFamily)}" `;
  const bold = fontWeight === '400' ? '' : ` font-weight="${fontWeight}"`;
  const font = `${own}font-size="${fontSize}"${bold}`;
  return linesOf(node, place)
    .map(
      ({ text, rect }) =>
        `<text x="${rect.left}" y="${rounded(rect.top + rect.height / 2)}" dominant-baseline="central" xml:space="preserve" ${font} fill="${hexOf(style.color)}">${escapeXml(text)}</text>`,
    )
    .join('');
}

/**
 * @param {Element} box @param {string} alt a sentence that says what the picture shows
 * @param {string} [except] selector of nodes that are left out
 * @returns {{ svg: string, width: number, height: number } | null} null: it is not shown
 */
export function pictureOfHtml(box, alt, except) {
  const origin = box.getBoundingClientRect();
  const host = /** @type {ShadowRoot} */ (box.getRootNode()).host ?? box;
  const { backgroundColor: paper, fontFamily: family } = getComputedStyle(host);
  if (!origin.width) return null;
  let [width, height] = [origin.width, origin.height];
  const place = (/** @type {DOMRect} */ { left, top, width: w, height: h }) => {
    const x = left - origin.left + box.scrollLeft;
    const rect = new DOMRect(...[x, top - origin.top, w, h].map(rounded));
    [width, height] = [Math.max(width, rect.right), Math.max(height, rect.bottom)];
    return rect;
  };
  const draw = (/** @type {Node} */ node) => {
    if (node instanceof Text) return textOf(node, place, family);
    if (!(node instanceof Element)) return '';
    const style = getComputedStyle(node);
    if (!node.getClientRects().length && style.display !== 'contents') return '';
    if (except && node.matches(except)) return '';
    const rect = place(node.getBoundingClientRect());
    if (node.matches('svg, canvas')) return copyOf(node, rect);
    if (style.clipPath !== 'none' || style.visibility === 'hidden') return '';
    let out = '';
    // An inline node that wraps has a box per line.
    for (const line of node.getClientRects()) out += boxOf(style, place(line));
    for (const child of node.childNodes) out += draw(child);
    return out;
  };
  const inner = `<g font-family="${escapeXml(family)}">${draw(box)}</g>`;
  [width, height] = [rounded(width), rounded(height)];
  return { svg: svgText(width, height, inner, alt, paper), width, height };
}
