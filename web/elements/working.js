/**
 * working.js - shows how one attention weight comes about, with the numbers: q·k/√d, then softmax.
 */
import { make } from '../ui/dom.js';
import { tableOf } from './frame.js';

/** Rules of the style sheet. */
export const WORKING = `
  .working { display: grid; gap: 0.5rem; margin-block: 0.5rem; font-size: 0.875rem; }
  .working p { margin: 0; }
  .working .line { font-family: var(--jl-mono); font-variant-numeric: tabular-nums; }
  .working .scroll { max-height: none; }`;

const FIVE = { minimumFractionDigits: 5, maximumFractionDigits: 5 };

/**
 * @param {import('./base.js').JlElement} element @param {HTMLElement} box
 * @param {ReturnType<typeof import('../figures/working.js').workingOf> | undefined} found
 * @param {{ row: number, column: number, layer: number, head: number, weight: number }} cell
 */
export function drawWorking(element, box, found, { row, column, layer, head, weight }) {
  box.className = 'working';
  box.hidden = !found;
  if (!found) return box.replaceChildren();
  const { t } = element;
  const say = (/** @type {number} */ x) => element.format.number(x, FIVE);
  const site = `blocks.${layer}.attn.hook`;
  /** @param {string} text @param {string} source */
  const line = (text, source) => {
    const made = make('p', { className: 'line' }, text);
    made.dataset.source = `${site}_${source}`;
    return made;
  };
  const cell = `[${head},${row},${column}]`;
  const score = `q·k / √${found.size} = ${say(found.dot)} / ${say(Math.sqrt(found.size))} = ${say(found.score)}`;
  const power = `${say(found.given)} − ${say(found.max)}`;
  const sum = `Σ e^(s − ${say(found.max)}) = ${say(found.sum)}`;
  const share = `e^(${power}) / ${say(found.sum)} = ${say(found.exp)} / ${say(found.sum)} = ${say(found.weight)}`;
  const same = Math.abs(found.weight - weight) <= 1e-4;
  const rows = [...found.q].map((x, i) => [
    String(i),
    { text: say(x), source: `${site}_${found.names[0]}[${row},${head},${i}]` },
    { text: say(found.k[i]), source: `${site}_${found.names[1]}[${column},${found.keyHead},${i}]` },
    say(x * found.k[i]),
  ]);
  const table = make(
    'div',
    { className: 'scroll', tabIndex: 0 },
    tableOf(flipped(t('working.number'), rows), t('working.inputs')),
  );
  table.setAttribute('role', 'region');
  table.setAttribute('aria-label', t('working.inputs'));
  box.replaceChildren(
    line(score, `attn_scores${cell}`),
    ...(found.plain ? [] : [make('p', {}, t('working.more', { score: say(found.given) }))]),
    line(sum, `attn_scores${cell}`),
    line(share, `pattern${cell}`),
    make('p', {}, t(same ? 'working.same' : 'working.differs', { weight: say(weight) })),
    table,
  );
}

/** Rows become columns. @param {string} name @param {import('./frame.js').Cell[][]} rows @returns {import('./frame.js').Twin} */
function flipped(name, rows) {
  const line = (/** @type {string} */ name, /** @type {number} */ i) => [
    name,
    ...rows.map((row) => row[i]),
  ];
  return {
    columns: [name, ...rows.map((row) => String(row[0]))],
    rows: [line('q', 1), line('k', 2), line('q × k', 3)],
  };
}
