/**
 * styles.js - the style sheet of all elements, as text, because a style sheet file would be a request.
 *
 * Colours and their meaning are those of ../style.css. A page changes them on the elements: jl-attention { --jl-accent: … }.
 * The theme is the page's color-scheme, or the attribute `theme`.
 */

const SHEET = `
:host {
  display: block; margin-block: 1.5rem; color: var(--jl-ink); background: var(--jl-paper);
  font: 1rem / 1.5 var(--jl-sans); text-align: start; letter-spacing: normal; text-transform: none;
  --jl-paper: light-dark(#fcfbf8, #171614); --jl-ink: light-dark(#1e1c19, #ece8dd);
  --jl-quiet: light-dark(#67625a, #a39d92); --jl-line: light-dark(#dcd8cf, #37342f);
  --jl-edge: light-dark(#8a857b, #79746a); --jl-accent: light-dark(#7a2e6e, #e3a4d6);
  --jl-q: light-dark(#0068a8, #6cb6ef); --jl-k: light-dark(#b45309, #f0a35e);
  --jl-v: light-dark(#15784f, #5fc795); --jl-minus: light-dark(#2166ac, #6aaee6);
  --jl-plus: light-dark(#b2182b, #f08b80);
  --jl-heat-0: light-dark(#fcfbf8, #171614); --jl-heat-1: light-dark(#a9d8a4, #3d3566);
  --jl-heat-2: light-dark(#4fa694, #2f6f8f); --jl-heat-3: light-dark(#33688c, #55b595);
  --jl-heat-4: light-dark(#2b1d4e, #e4efb0);
  --jl-1: light-dark(#0072b2, #56b4e9); --jl-2: light-dark(#b35900, #e69f00);
  --jl-3: light-dark(#00795a, #2fc49a); --jl-4: light-dark(#a3467a, #cc79a7);
  --jl-sans: system-ui, "Noto Sans TC", "PingFang TC", "Microsoft JhengHei", sans-serif;
  --jl-mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", "Noto Sans TC", monospace;
  --target: 2.25rem;
}
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
:host([hidden]) { display: none; }
@media (pointer: coarse) { :host { --target: 2.75rem; } }
* { box-sizing: border-box; }
figure { container-type: inline-size; margin: 0; padding-block: 0.5rem; border-block: 1px solid var(--jl-line); }
:host(.wide) { position: fixed; inset: 0; z-index: 1000; overflow: auto; margin: 0; padding: 1rem 1.5rem; }
:host(:fullscreen) { overflow: auto; padding: 1rem 1.5rem; }
.head { display: flex; align-items: baseline; justify-content: space-between; gap: 1rem; }
figcaption { font-weight: 600; font-size: 0.9375rem; }
.body { min-height: var(--height, 8rem); margin-block: 0.5rem; position: relative; }
.empty, .note, .status, .quiet, caption, thead th, .id, .mark { color: var(--jl-quiet); }
.note, .status, .controls, .more { font-size: 0.875rem; }
.numbers, td, .status { font-variant-numeric: tabular-nums; }
.status { margin: 0.5rem 0 0; min-height: 3em; }
@container (min-width: 44rem) { .status { min-height: 1.5em; } }
.badge { display: inline-block; min-width: 5em; margin-inline-end: 0.5em; font-weight: 600; color: var(--jl-ink); }
.badge:empty { display: none; }
:host([data-state="error"]) .status { color: var(--jl-ink); border-inline-start: 3px solid var(--jl-accent); padding-inline-start: 0.5rem; }
.copy { flex: 1 1 100%; }
.controls, .actions { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1rem; }
.controls + .controls:not(:empty) { margin-top: 0.5rem; }
.controls label { display: inline-flex; align-items: center; gap: 0.5rem; min-height: var(--target); }
.stepper { display: inline-flex; align-items: center; gap: 0.25rem; }
.stepper button { min-width: var(--target); padding-inline: 0; }
button[aria-disabled="true"] { color: var(--jl-quiet); border-color: var(--jl-line); cursor: default; }
button[aria-pressed="true"] { border-color: var(--jl-accent); box-shadow: inset 0 0 0 1px var(--jl-accent); }
.ask { flex: 1 1 16rem; min-width: 0; display: flex; gap: 0.5rem; margin: 0; }
.go { display: grid; min-width: 9rem; }
.go button { grid-area: 1 / 1; }
.ask.running .start, .ask:not(.running) .stop { visibility: hidden; }
.ask label { flex: 1; min-width: 0; }
.ask :is(input, textarea) { width: 100%; min-width: 0; }
button, input, select, textarea { font: inherit; color: inherit; accent-color: var(--jl-accent); }
button, select, input:not([type="range"], [type="checkbox"], [type="file"]), textarea {
  min-height: var(--target); padding: 0.125rem 0.625rem; border: 1px solid var(--jl-edge);
  border-radius: 3px; background: var(--jl-paper);
}
button { cursor: pointer; white-space: nowrap; }
button:hover:not(:disabled) { border-color: var(--jl-ink); }
button:disabled { color: var(--jl-quiet); border-color: var(--jl-line); cursor: default; }
button.primary:not(:disabled) { background: var(--jl-start, var(--jl-ink)); border-color: var(--jl-ink); color: var(--jl-start-ink, var(--jl-paper)); }
button.plain { border-color: transparent; padding-inline: 0; color: var(--jl-quiet); text-decoration: underline;
  text-decoration-color: var(--jl-line); text-underline-offset: 0.3em; font-size: 0.875rem; }
input[type="file"] { min-height: var(--target); }
input[type="range"] { min-height: var(--target); min-width: 6rem; margin: 0; }
::placeholder { color: var(--jl-quiet); opacity: 1; }
:focus-visible { outline: 2px solid var(--jl-accent); outline-offset: 2px; }
summary { cursor: pointer; min-height: var(--target); align-content: center; width: fit-content; color: var(--jl-quiet); }
.scroll { overflow: auto; max-height: 24rem; }
table { border-collapse: collapse; font-size: 0.875rem; }
caption { text-align: start; padding-bottom: 0.5rem; }
th { text-align: start; font-weight: 400; }
td, th { padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid var(--jl-line); white-space: nowrap; }
canvas, svg { display: block; max-width: 100%; }
svg text { fill: var(--jl-ink); font: 12px var(--jl-sans); }
svg .axis { fill: var(--jl-quiet); }
.chips { display: flex; flex-wrap: wrap; gap: 0.5rem 0.375rem; align-items: end; margin: 0; padding: 0; list-style: none; }
.chip { font-family: var(--jl-mono); font-size: 0.875rem; border: 0; border-bottom: 1px solid var(--jl-edge);
  border-radius: 0; padding: 0; background: none; white-space: pre; min-height: 0; }
button.chip { min-height: var(--target); min-width: 1.5rem; }
.chip.chosen { border-bottom: 2px solid var(--jl-accent); }
.chip.control, .chip.bytes { color: var(--jl-quiet); }
.glyph { display: block; text-align: center; line-height: 1.3; border: 1px solid var(--jl-edge); border-width: 0 0 1px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.readout { min-height: 1.5em; margin: 0.25rem 0 0; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
.legend { display: flex; align-items: center; gap: 0.375rem; font-size: 0.75rem; color: var(--jl-quiet); }
.legend i { width: 6rem; height: 0.625rem; background: linear-gradient(to right, var(--jl-heat-0), var(--jl-heat-1),
  var(--jl-heat-2), var(--jl-heat-3), var(--jl-heat-4)); border: 1px solid var(--jl-line); }
.legend i.masked { width: 1.25rem; background: repeating-linear-gradient(135deg, var(--jl-edge) 0 1px, transparent 1px 5px); }
.bar { height: 0.75rem; background: var(--jl-heat-2); }
@media (prefers-contrast: more) { :host { --jl-quiet: var(--jl-ink); --jl-line: var(--jl-edge); } }
@media (forced-colors: active) { .bar, .legend :is(i, b), canvas, svg { forced-color-adjust: none; } }
@media print {
  :host, :host([theme]) { color-scheme: light; --jl-paper: #fff; --jl-heat-0: #fff; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .body, .status, tr { break-inside: avoid; }
  .head { break-after: avoid; }
  svg { height: auto; }
  .controls, .actions, .enlarge, .more > summary, .body details:not([open]) { display: none !important; }
  .body :is(input, select) { visibility: hidden; }
  .body button:not(.chip) { border-color: transparent; }
  .scroll { max-height: none; overflow: visible; }
  .more :is(td, th) { font-size: 0.6875rem; padding: 0.0625rem 0.5rem 0.0625rem 0; white-space: normal; }
  .more th { min-width: 3.5em; }
}
`;

/** @type {CSSStyleSheet | undefined} one for all elements */
let shared;

/** @param {string} css */
function sheetOf(css) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}

/** Sheets of element types. @type {Map<string, CSSStyleSheet>} */
const own = new Map();

/**
 * Styles a shadow root. A constructed sheet is allowed by pages that forbid style elements.
 * @param {ShadowRoot} root @param {string} [css] of the element's type
 */
export function style(root, css = '') {
  shared ??= sheetOf(SHEET);
  const sheet = own.get(css) ?? sheetOf(css);
  own.set(css, sheet);
  root.adoptedStyleSheets = [shared, sheet];
}
