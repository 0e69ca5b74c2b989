/**
 * pairs.js - SVG shapes for comparisons: strips of tokens with numbers below, and bars before and after.
 *
 * A function returns { nodes, height }; a unit is a pixel. The first side is an outline, the second is filled. A larger
 * value is hatched, a smaller one is plain, so that signs need no colour.
 */
import { svg } from './svg.js';

/** @typedef {import('../figures/figure.js').TokenView} TokenView */
/** @typedef {{ nodes: SVGElement[], height: number }} Shape */
/**
 * @typedef {object} Entry
 * @property {TokenView} token
 * @property {string[]} [numbers] below the token
 * @property {number} [tint] signed, −1 to 1
 * @property {boolean} [chosen]
 * @property {boolean} [marked] with a triangle: the first difference
 * @property {string} [source] of the numbers
 */

const [LINE, PAD, TOP] = [15, 5, 14]; // px

export const PAIRS_CSS = `
.own label { max-width: 100%; }
.own :is(select, input) { min-width: 0; flex: 1; }
svg .mono { font-family: var(--jl-mono); font-size: 14px; white-space: pre; }
svg .small { font-size: 12px; font-variant-numeric: tabular-nums; }
svg .quiet { fill: var(--jl-quiet); }
svg .strong { font-weight: 600; }
svg .rule { stroke: var(--jl-edge); fill: none; }
svg .chosen { stroke: var(--jl-accent); stroke-width: 3; }
svg .sign { fill: var(--jl-accent); }
svg .up { fill: var(--jl-plus); }
svg .down { fill: var(--jl-minus); }
svg .up-line { stroke: var(--jl-plus); stroke-width: 2; }
svg .before { fill: none; stroke: var(--jl-ink); }
svg .after { fill: var(--jl-heat-2); }
`;

/** Characters of two columns. */
const FULL = /[\u1100-\u11ff\u2e80-\u{10ffff}]/u;

/** Width of a text in the font of tokens. @param {string} text */
export const widthOf = (text) => [...text].reduce((sum, c) => sum + (FULL.test(c) ? 14 : 8.43), 0);

/** Lines of at most `width`, in the font of tokens: broken at spaces and after full-width characters. @param {string} text @param {number} width */
export function wrapped(text, width) {
  const lines = [''];
  for (const word of text.match(/[\u2e80-\uffff]|[^\s\u2e80-\uffff]*\s*/gu) ?? []) {
    if (lines[0] && widthOf((lines[lines.length - 1] + word).trimEnd()) > width) lines.push('');
    lines[lines.length - 1] += word;
  }
  return lines;
}

/** What a chip shows: a character split over tokens appears on its first. @param {TokenView} token */
export const shown = ({ label, glyph, part }) => (part?.[0] ? '·' : (glyph ?? label));

/** @param {string} text @param {number} x @param {number} y @param {string} [css] @param {string} [anchor] @param {string} [source] */
export const words = (text, x, y, css = '', anchor = 'start', source = undefined) =>
  svg('text', { x, y, class: css, 'text-anchor': anchor, 'data-source': source }, text);

/** The pattern of larger values. */
export const hatch = () =>
  svg(
    'defs',
    {},
    svg(
      'pattern',
      { id: 'hatch', width: 5, height: 5, patternUnits: 'userSpaceOnUse' },
      svg('path', { d: 'M-1 6L6 -1M-1 1L1 -1M4 6L6 4', class: 'up-line' }),
    ),
  );

/**
 * A strip of tokens that wraps. `pick` is called with the index of a clicked one.
 * @param {Entry[]} entries
 * @param {{ width: number, y: number, gutter: number, labels?: string[], pick?: (index: number) => void }} at labels of
 *   the numbers, in the gutter
 * @returns {Shape}
 */
export function tokenStrip(entries, { width, y, gutter, labels = [], pick }) {
  const lines = Math.max(0, ...entries.map(({ numbers = [] }) => numbers.length));
  const row = TOP + 22 + lines * LINE;
  const nodes = /** @type {SVGElement[]} */ ([]);
  let [x, top] = [width, y - row];
  entries.forEach((entry, i) => {
    const { token, numbers = [] } = entry;
    const wide = Math.max(widthOf(shown(token)), ...numbers.map((n) => n.length * 7)) + 2 * PAD;
    if (x + wide > width) {
      [x, top] = [gutter, top + row];
      nodes.push(
        ...labels.map((text, k) => words(text, 0, top + TOP + 35 + k * LINE, 'small quiet')),
      );
    }
    const chip = chipOf(entry, x, top, wide, row);
    if (pick) chip.addEventListener('click', () => pick(i));
    nodes.push(chip);
    x += wide + 2;
  });
  return { nodes, height: entries.length ? top + row - y : 0 };
}

/** @param {Entry} entry @param {number} x @param {number} y @param {number} width @param {number} row */
function chipOf({ token, numbers = [], tint, chosen, marked, source }, x, y, width, row) {
  const base = y + TOP + 18;
  const middle = x + width / 2;
  const box = { x, y: y + TOP, width, height: row - TOP - 4 };
  const group = svg('g', {}, svg('rect', { ...box, fill: 'transparent' }));
  if (tint) {
    const strength = Math.min(1, Math.abs(tint));
    const fill = tint > 0 ? { fill: 'url(#hatch)' } : { class: 'down' };
    const height = Math.max(2, strength * LINE);
    group.append(svg('rect', { ...box, y: base + 3 - height, height, ...fill, opacity: 0.4 }));
  }
  const css = `mono${token.kind ? ' quiet' : ''}`;
  group.append(words(shown(token), middle, base - 4, css, 'middle'));
  const line = `M${x + 1} ${base + 3}H${x + width - 1}`;
  group.append(svg('path', { d: line, class: chosen ? 'chosen' : 'rule' }));
  if (token.part) {
    const [k, n] = token.part;
    const d = `M${x} ${y + TOP + (k ? 0 : 5)}${k ? '' : 'v-5'}h${width}${k === n - 1 ? 'v5' : ''}`;
    group.append(svg('path', { d, class: 'rule' }));
  }
  if (marked) group.append(svg('path', { d: `M${middle - 5} ${y + 3}h10l-5 8z`, class: 'sign' }));
  numbers.forEach((text, k) => {
    group.append(words(text, middle, base + 17 + k * LINE, 'small', 'middle', source));
  });
  return group;
}

/**
 * Rows of bars, the value before above the value after, on one scale from 0 to 1.
 * @param {{ label: string, before: number, after?: number, text: string, marked?: boolean, source?: string }[]} rows
 * @param {{ x: number, y: number, width: number, label: number, number: number }} at widths of labels and numbers
 * @returns {Shape}
 */
export function pairBars(rows, { x, y, width, label, number }) {
  const row = 24;
  const room = width - label - number - 16;
  const nodes = rows.flatMap(({ label: name, before, after, text, marked, source }, i) => {
    const top = y + i * row;
    const left = x + label + 8;
    const long = (/** @type {number} */ p) => Math.max(1, room * Math.min(1, Math.max(0, p)));
    const bars = [
      svg('rect', { x: left, y: top + 4, width: long(before), height: 7, class: 'before' }),
      svg('path', { d: `M${left} ${top}v${row}`, class: 'rule' }),
    ];
    if (after === undefined) bars[0].setAttribute('class', 'after');
    else
      bars.push(
        svg('rect', { x: left, y: top + 13, width: long(after), height: 7, class: 'after' }),
      );
    const sign = marked
      ? [svg('path', { d: `M${x + 2} ${top + 7}l8 5l-8 5z`, class: 'sign' })]
      : [];
    return [
      ...sign,
      words(name, x + label, top + 16, 'mono', 'end'),
      ...bars,
      words(text, x + width, top + 16, 'small', 'end', source),
    ];
  });
  return { nodes, height: rows.length * row };
}
