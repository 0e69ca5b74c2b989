/**
 * picture.js - a part of a page as a standalone SVG: texts, backgrounds, borders and pictures where the browser put them.
 *
 * For figures of several parts; those of one svg or canvas need export.js only.
 */
import { copyOf, escapeXml, svgText } from './export.js';

const CLEAR = /^(transparent|rgba\(.*, 0\))$/;

/** @param {CSSStyleDeclaration} style @param {DOMRect} rect relative */
function boxOf(style, { left, top, right, bottom, width, height }) {
  let out = '';
  if (!CLEAR.test(style.backgroundColor))
    out += `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="${style.backgroundColor}"/>`;
  /** @type {[string, number, number, number, number][]} */
  const sides = [
    ['top', left, top, right, top],
    ['bottom', left, bottom, right, bottom],
    ['left', left, top, left, bottom],
    ['right', right, top, right, bottom],
  ];
  for (const [side, x1, y1, x2, y2] of sides) {
    const w = Number.parseFloat(style.getPropertyValue(`border-${side}-width`));
    if (w)
      out += `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke-width="${w}" stroke="${style.getPropertyValue(`border-${side}-color`)}"/>`;
  }
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

/** @param {Text} node @param {(rect: DOMRect) => DOMRect} place */
function textOf(node, place) {
  if (!node.data.trim()) return '';
  const style = getComputedStyle(/** @type {Element} */ (node.parentElement));
  const font = `font-family="${escapeXml(style.fontFamily)}" font-size="${style.fontSize}" font-weight="${style.fontWeight}"`;
  return linesOf(node, place)
    .map(
      ({ text, rect }) =>
        `<text x="${rect.left}" y="${rect.top + rect.height / 2}" dominant-baseline="central" xml:space="preserve" ${font} fill="${style.color}">${escapeXml(text)}</text>`,
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
  if (!origin.width) return null;
  let [width, height] = [origin.width, origin.height];
  const place = (/** @type {DOMRect} */ { left, top, width: w, height: h }) => {
    const rect = new DOMRect(left - origin.left + box.scrollLeft, top - origin.top, w, h);
    [width, height] = [Math.max(width, rect.right), Math.max(height, rect.bottom)];
    return rect;
  };
  const draw = (/** @type {Node} */ node) => {
    if (node instanceof Text) return textOf(node, place);
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
  const inner = draw(box);
  const host = /** @type {ShadowRoot} */ (box.getRootNode()).host ?? box;
  const paper = getComputedStyle(host).backgroundColor;
  return { svg: svgText(width, height, inner, alt, paper), width, height };
}
