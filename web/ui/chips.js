/**
 * chips.js - a text as a row of token chips. The row is one tab stop: arrows, Home and End walk and choose.
 *
 * A colour belongs to a position, so that a text has the same colours in all figures. A character that is split over
 * tokens is one bracketed glyph over its chips. An element that uses chips adds CHIPS to its `css`.
 */
import { make } from './dom.js';

/** @typedef {import('../figures/figure.js').TokenView} TokenView */

/**
 * @typedef {object} Chips
 * @property {TokenView[]} tokens
 * @property {number} chosen index; -1: none
 * @property {(index: number) => void} choose
 * @property {string} label of the row, for screen readers
 * @property {(index: number) => string} [under] text under a chip, such as its id
 * @property {(index: number) => string} [source] of the text under a chip
 * @property {(index: number) => number} [colour] 0 to 3; default: by position
 */

const COLOURS = 4;

export const CHIPS = `
.tokens { display: flex; flex-wrap: wrap; align-items: end; gap: 0.375rem 0.125rem; padding: 0.25rem; max-height: 24rem; overflow: auto; }
.split { display: inline-flex; flex-direction: column; }
.split > span:last-child { display: flex; gap: 0.125rem; }
.split .glyph { border-width: 1px 1px 0; margin: 0 0 2px; font-family: var(--jl-mono); font-size: 0.875rem; }
.token { display: inline-flex; flex-direction: column; justify-content: center; align-items: center; min-width: 1.5rem; max-width: 100%;
  min-height: var(--target); padding: 0.125rem 0.25rem 2px; cursor: pointer; overflow: hidden;
  border-bottom: 1px solid var(--c, var(--jl-edge)); background: color-mix(in srgb, var(--c, transparent) 13%, transparent); }
.token span { font: 0.875rem / 1.4 var(--jl-mono); white-space: pre; max-width: 100%; overflow: hidden; text-overflow: ellipsis; }
.token small { font: 0.6875rem / 1.2 var(--jl-sans); font-variant-numeric: tabular-nums; color: var(--jl-quiet); min-height: 1.2em; }
.token[aria-selected="true"] { border-bottom: 3px solid var(--jl-accent); padding-bottom: 0; }
.token:focus-visible { outline-offset: -2px; }
.token i { font-style: normal; color: var(--jl-quiet); }
.token.control span, .token.bytes span { color: var(--jl-quiet); }
.c0 { --c: var(--jl-1); } .c1 { --c: var(--jl-2); } .c2 { --c: var(--jl-3); } .c3 { --c: var(--jl-4); }
@media print { .tokens { max-height: none; overflow: visible; } }
@media (forced-colors: active) { .token[aria-selected="true"] { border-bottom-color: Highlight; } }
`;

/** A label with grey marks for spaces and line ends. @param {string} label */
const marked = (label) =>
  label
    .split(/([␣↵⇥])/)
    .filter(Boolean)
    .map((part) => (/[␣↵⇥]/.test(part) ? make('i', {}, part) : part));

/** @param {Chips} chips @param {number} index */
function chipOf({ tokens, colour }, index) {
  const { label, kind } = tokens[index];
  const chip = make(
    'span',
    { className: `token ${kind ?? ''}` },
    make('span', {}, ...marked(label)),
  );
  if (kind !== 'control') chip.classList.add(`c${colour?.(index) ?? index % COLOURS}`);
  chip.setAttribute('role', 'option');
  return chip;
}

/** Chips with brackets over those of one character. @param {Chips} chips */
function nodesOf(chips) {
  const nodes = /** @type {Node[]} */ ([]);
  for (let i = 0; i < chips.tokens.length; ) {
    const { glyph, part } = chips.tokens[i];
    const n = glyph !== undefined && part?.[0] === 0 ? part[1] : 1;
    const row = Array.from({ length: n }, (_, k) => chipOf(chips, i + k));
    i += n;
    if (n === 1) {
      nodes.push(row[0]);
      continue;
    }
    const parts = make('span', {}, ...row);
    parts.setAttribute('role', 'presentation');
    const top = make('span', { className: 'glyph', ariaHidden: 'true' }, String(glyph));
    const split = make('span', { className: 'split' }, top, parts);
    split.setAttribute('role', 'group');
    split.setAttribute('aria-label', String(glyph));
    nodes.push(split);
  }
  return nodes;
}

/** What the lists show. @type {WeakMap<HTMLElement, { chips: Chips, options: HTMLElement[] }>} */
const shown = new WeakMap();

/** The chip above or below: of the next line, the nearest. @param {HTMLElement[]} options @param {number} from @param {number} way */
function nextLine(options, from, way) {
  const middle = (/** @type {DOMRect} */ { left, right }) => (left + right) / 2;
  const here = options[from].getBoundingClientRect();
  let [best, least] = [from, Number.POSITIVE_INFINITY];
  for (let i = from + way; i >= 0 && i < options.length; i += way) {
    const there = options[i].getBoundingClientRect();
    const down = Math.abs(there.bottom - here.bottom);
    const distance = Math.abs(middle(there) - middle(here)) + 8 * down;
    if (down > here.height / 2 && distance < least) [best, least] = [i, distance];
    if (down > 3 * here.height) break;
  }
  return best;
}

/** @param {HTMLElement} list */
function connect(list) {
  list.classList.add('tokens');
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-orientation', 'horizontal');
  const at = (/** @type {Event} */ { target }) =>
    shown.get(list)?.options.indexOf(/** @type {any} */ (target).closest('[role=option]')) ?? -1;
  list.addEventListener('click', (event) => {
    if (at(event) >= 0) shown.get(list)?.chips.choose(at(event));
  });
  list.addEventListener('keydown', (event) => {
    const { chips, options } = /** @type {any} */ (shown.get(list));
    const [from, last] = [at(event), options.length - 1];
    /** @type {Record<string, () => number>} */
    const moves = {
      ArrowLeft: () => Math.max(from - 1, 0),
      ArrowRight: () => Math.min(from + 1, last),
      ArrowUp: () => nextLine(options, from, -1),
      ArrowDown: () => nextLine(options, from, 1),
      Home: () => 0,
      End: () => last,
      Enter: () => from,
    };
    if (from < 0 || !moves[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const to = moves[event.key]();
    options[to].focus();
    chips.choose(to);
  });
}

/**
 * Fills a list. Chips of the same tokens stay, so that the focus stays.
 * @param {HTMLElement} list an empty div at first @param {Chips} chips
 */
export function drawChips(list, chips) {
  let known = shown.get(list);
  if (!known) connect(list);
  const hadFocus = list.contains(/** @type {ShadowRoot} */ (list.getRootNode()).activeElement);
  if (known?.chips.tokens !== chips.tokens) {
    list.replaceChildren(...nodesOf(chips));
    known = {
      chips,
      options: [...list.querySelectorAll('[role=option]')].map((o) => /** @type {any} */ (o)),
    };
    shown.set(list, known);
  }
  known.chips = chips;
  list.setAttribute('aria-label', chips.label);
  const stop = Math.max(0, Math.min(chips.chosen, chips.tokens.length - 1));
  known.options.forEach((option, i) => {
    option.setAttribute('aria-selected', String(i === chips.chosen));
    option.tabIndex = i === stop ? 0 : -1;
    const small = option.querySelector('small') ?? (chips.under && make('small'));
    if (!small) return;
    const text = chips.under?.(i) ?? '';
    if (small.textContent !== text) small.textContent = text;
    if (chips.source) small.dataset.source = chips.source(i);
    if (!small.parentNode) option.append(small);
  });
  if (hadFocus) known.options[stop]?.focus();
}
