/**
 * bars.js - draws rows of bars as SVG, all on one scale: a label, a note and one bar per column. Stateless.
 *
 * A row is an option of a list box: the svg is the tab stop, arrow keys walk. Independent of models.
 */
import { svg as make, resize } from './svg.js';

const GAP = 16; // px between columns
const NUMBER = 52; // px for a value right of its bar

/**
 * @typedef {object} Row
 * @property {string} label
 * @property {string} [about] is read aloud after the texts
 * @property {string} [note] a number of the row, between label and bars
 * @property {string} [noteSource]
 * @property {(number | null)[]} values per column; null: filtered out
 * @property {string[]} texts per column
 * @property {string[]} sources per column
 * @property {number} [tick] a second value on the scale, as a mark on the first column
 * @property {'quiet' | 'marked'} [look] quiet: not one of the choices; marked: the chosen one
 */
/**
 * @typedef {object} Picture
 * @property {Row[]} rows
 * @property {{ title: string, line: string }[]} columns
 * @property {string} [label] title of the labels
 * @property {string} [note] title of the notes
 * @property {number} max of the scale
 * @property {number} [anchor] a value drawn as a line through all columns
 * @property {number} cursor the selected row; -1: none
 * @property {number} height of a row, px
 */

/** Width of a text, estimated: full-width characters take 1 em, others 0.6. @param {string} text @param {number} em px */
export const widthOf = (text, em) =>
  [...text].reduce(
    (sum, c) => sum + (/[\u1100-\uffff]/.test(c) || c.length > 1 ? em : 0.62 * em),
    0,
  );

/** A text truncated to a width. @param {string} text @param {number} width px @param {number} em px */
function fit(text, width, em) {
  const characters = [...text];
  if (widthOf(text, em) <= width) return text;
  while (characters.length && widthOf(`${characters.join('')}…`, em) > width) characters.pop();
  return `${characters.join('')}…`;
}

/** @param {Picture} picture @param {number} width */
function layout({ rows, note, columns }, width) {
  const head = columns.some(({ title }) => title) ? 40 : 0; // px for the titles of the columns
  const longest = Math.max(...rows.map(({ label }) => widthOf(label, 14)), 40);
  const labels = Math.min(longest + 12, width < 480 ? 124 : 160);
  const start = labels + (note ? 52 : 0) + 8;
  const column = (width - start - GAP * (columns.length - 1)) / columns.length;
  return { head, labels, start, column, bar: Math.max(8, column - NUMBER) };
}

/** @param {Picture} picture @param {ReturnType<typeof layout>} place */
function titles({ columns, label = '', note = '', anchor, rows, height, max }, place) {
  const text = (
    /** @type {number} */ x,
    /** @type {number} */ y,
    /** @type {string} */ t,
    how = {},
  ) => make('text', { x, y, class: 'axis', ...how }, t);
  const { head } = place;
  const bottom = head + rows.length * height;
  const parts = [
    text(4, 32, fit(label, place.labels, 12)),
    text(place.start - 16, 32, note, { 'text-anchor': 'end' }),
  ];
  for (const [i, { title, line }] of columns.entries()) {
    const x = place.start + i * (place.column + GAP);
    parts.push(make('text', { x, y: 14 }, fit(title, place.column, 12)));
    parts.push(text(x, 32, fit(line, place.column, 12)));
    parts.push(make('path', { class: 'base', d: `M${x} ${head}V${bottom}` }));
    const at = anchor === undefined ? undefined : x + (place.bar * anchor) / max;
    if (at !== undefined)
      parts.push(make('path', { class: 'anchor', d: `M${at} ${head}V${bottom}` }));
  }
  return make('g', { 'aria-hidden': 'true' }, ...parts);
}

/** @param {Row} row @param {number} i @param {Picture} picture @param {ReturnType<typeof layout>} place @param {number} width */
function option(row, i, { max, height, cursor }, place, width) {
  const [top, middle] = [place.head + i * height, place.head + (i + 0.5) * height];
  const parts = [
    make('rect', { class: 'row', x: 0, y: top, width, height }),
    make('text', { class: 'label', x: 4, y: middle + 5 }, fit(row.label, place.labels - 4, 14)),
  ];
  if (row.note !== undefined) {
    const how = { x: place.start - 16, y: middle + 4, 'text-anchor': 'end', class: 'axis' };
    parts.push(make('text', { ...how, 'data-source': row.noteSource ?? '' }, row.note));
  }
  for (const [c, value] of row.values.entries()) {
    const x = place.start + c * (place.column + GAP);
    const length = (place.bar * Math.min(value ?? 0, max)) / max;
    if (value)
      parts.push(make('rect', { class: 'fill', x, y: middle - 7, width: length, height: 14 }));
    if (c === 0 && row.tick !== undefined) {
      const at = x + (place.bar * Math.min(row.tick, max)) / max;
      parts.push(make('path', { class: 'tick', d: `M${at} ${middle - 10}V${middle + 10}` }));
    }
    const how = { x: x + length + 6, y: middle + 4, class: value === null ? 'axis' : 'value' };
    parts.push(make('text', { ...how, 'data-source': row.sources[c] }, row.texts[c]));
  }
  const spaced = parts.flatMap((part) => [part, ' ']); // for readers that join the texts
  const element = make(
    'g',
    { role: 'option', id: `option-${i}`, class: row.look ?? '' },
    ...spaced,
  );
  const { label, note, texts, about } = row;
  element.setAttribute('aria-label', [label, note, ...texts, about].filter(Boolean).join(', '));
  element.setAttribute('aria-selected', String(i === cursor));
  return element;
}

/** The height of a row: larger where it is touched. @param {number} px */
export const rowHeight = (px) => (matchMedia('(pointer: coarse)').matches ? 44 : px);

/** @param {SVGSVGElement} svg with a width from the page @param {Picture} picture */
export function drawBars(svg, picture) {
  const width = svg.getBoundingClientRect().width || 640; // out of the page
  const place = layout(picture, width);
  const height = place.head + picture.rows.length * picture.height + 1;
  resize(svg, width, height);
  const rows = picture.rows.map((row, i) => option(row, i, picture, place, width));
  svg.replaceChildren(...rows, titles(picture, place));
  if (picture.cursor >= 0) svg.setAttribute('aria-activedescendant', `option-${picture.cursor}`);
  else svg.removeAttribute('aria-activedescendant');
}

/**
 * A list box for drawBars().
 * @param {{ count: () => number, cursor: () => number, move: (row: number) => void, choose: (row: number) => void,
 *   leave?: () => void }} list leave: on Escape
 */
export function barList({ count, cursor, move, choose, leave }) {
  const svg = /** @type {SVGSVGElement} */ (
    make('svg', { role: 'listbox', tabindex: 0, class: 'bars' })
  );
  /** @param {Event} event */
  const rowOf = (event) => {
    const hit = /** @type {Element} */ (event.target).closest('[role="option"]');
    return hit ? Number(hit.id.slice('option-'.length)) : -1;
  };
  svg.addEventListener('pointermove', (event) => {
    const row = rowOf(event);
    if (row >= 0 && row !== cursor()) move(row);
  });
  svg.addEventListener('click', (event) => {
    const row = rowOf(event);
    if (row >= 0) choose(row);
  });
  svg.addEventListener('keydown', (event) => {
    const at = cursor();
    /** @type {Record<string, number>} */
    const to = { ArrowDown: at + 1, ArrowUp: Math.max(at - 1, 0), Home: 0, End: count() - 1 };
    if (event.key in to) move(Math.min(to[event.key], count() - 1));
    else if ((event.key === 'Enter' || event.key === ' ') && at >= 0) choose(at);
    else if (event.key === 'Escape' && leave && at >= 0) leave();
    else return;
    event.preventDefault();
  });
  return svg;
}

/** The rules of drawBars(), for an element's sheet. */
export const barsCss = `
.bars { width: 100%; outline-offset: 2px; }
.bars [role="option"] { cursor: pointer; }
.bars .row { fill: transparent; }
.bars [aria-selected="true"] .row { fill: var(--jl-line); fill-opacity: 0.6; }
.bars .label { font: 14px var(--jl-mono); }
.bars .fill { fill: var(--jl-heat-2); }
.bars .quiet .fill { fill: var(--jl-edge); }
.bars .marked .label { text-decoration: underline 2px var(--jl-accent); text-underline-offset: 4px; }
.bars .marked .fill { stroke: var(--jl-accent); stroke-width: 2; }
.bars .base { stroke: var(--jl-edge); fill: none; }
.bars .anchor { stroke: var(--jl-ink); stroke-dasharray: 2 3; fill: none; }
.bars .tick { stroke: var(--jl-ink); stroke-width: 2; fill: none; }
.bars text { font-variant-numeric: tabular-nums; pointer-events: none; }
`;
