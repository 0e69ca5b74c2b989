/**
 * merge-tree.js - draws the merges of a piece: its symbols in a row, below one row per merge, below them the tokens.
 *
 * A symbol has a column; a merge is under the columns that it covers. Alternatives are bars over their columns.
 */
import { resize, svg } from './svg.js';

const [NAMES, TOP, ROW, CELL] = [64, 18, 26, 28]; // px: names of rows, first row, height, least width of a column

/** @typedef {import('../figures/merge-tree.js').Span} Span */
/** @typedef {import('../figures/merge-tree.js').Tree} Tree */
/**
 * @typedef {object} Progress
 * @property {number} step number of merges that are done
 * @property {Span[]} now the symbols after them
 * @property {number} chosen index of a token
 * @property {(order: number) => string} name of a merge's row
 * @property {(score?: number) => string} score label of a bar
 */

/** Columns wide enough for the tokens' ids. @param {Tree} tree */
function columns({ leaves, steps, tokens }) {
  const widths = leaves.map(({ label }) => Math.max(CELL, 9 * [...label].length + 6));
  for (const { at, length, parts } of tokens) {
    const under = leaves.flatMap((leaf, i) => (leaf.at >= at && leaf.at < at + length ? [i] : []));
    const need = parts.reduce((sum, { id }) => sum + Math.max(CELL, 7 * String(id).length + 8), 0);
    for (const i of under) widths[i] = Math.max(widths[i], need / under.length);
  }
  const edges = [steps.length ? NAMES : 2];
  for (const width of widths) edges.push(edges[edges.length - 1] + width);
  /** @param {Span} span */
  const across = ({ at, length }) => {
    const first = Math.max(
      0,
      leaves.findIndex((leaf) => leaf.at >= at),
    );
    let last = first;
    while (last + 1 < leaves.length && leaves[last + 1].at < at + length) last++;
    const [from, to] = [edges[first], edges[last + 1] ?? edges[first]];
    return { from, to, middle: (from + to) / 2 };
  };
  return { across, right: edges[edges.length - 1] };
}

/** Rows for bars so that they do not overlap. @param {Span[]} bars */
function rowsOf(bars) {
  /** @type {number[]} */ const ends = [];
  return bars.map(({ at, length }) => {
    let row = ends.findIndex((end) => end <= at);
    if (row < 0) row = ends.length;
    ends[row] = at + length;
    return row;
  });
}

/** @param {number} x @param {number} y @param {string} label @param {string} kind @param {string} [source] */
const text = (x, y, label, kind, source) =>
  svg(
    'text',
    { x, y, 'text-anchor': 'middle', class: kind, ...(source && { 'data-source': source }) },
    label,
  );

/** @param {Tree} tree @param {ReturnType<typeof columns>} place @param {Progress} progress */
function mergesOf({ steps, leaves }, { across }, { step, now, name }) {
  /** @type {Map<string, number>} */ const below = new Map();
  const key = (/** @type {Span} */ { at, length }) => `${at},${length}`;
  const current = new Set(now.map(key));
  const kind = (/** @type {Span} */ span) => (current.has(key(span)) ? 'now' : '');
  const nodes = leaves.map((leaf) => {
    below.set(key(leaf), TOP);
    return text(across(leaf).middle, TOP, leaf.label, `symbol ${kind(leaf)}`);
  });
  steps.forEach((node, k) => {
    const y = TOP + (k + 1) * ROW;
    const { middle } = across(node);
    const later = k >= step ? 'later' : '';
    const arms = [node.left, node.right].map((child) => {
      const { middle: x } = across(child);
      return `M${x} ${(below.get(key(child)) ?? TOP) + 5}V${y - 15}H${middle}V${y - 11}`;
    });
    below.set(key(node), y);
    nodes.push(
      svg('path', { d: arms.join(''), class: `arm ${later} ${k === step - 1 ? 'last' : ''}` }),
    );
    nodes.push(text(middle, y, node.label, `symbol ${kind(node)} ${later}`));
    nodes.push(
      svg(
        'text',
        { x: 0, y, class: `axis ${later}`, 'data-source': node.source },
        name(node.order),
      ),
    );
  });
  return nodes;
}

/** @param {Tree} tree @param {ReturnType<typeof columns>} place @param {Progress} progress */
function barsOf({ bars }, { across }, progress) {
  const rows = rowsOf(bars);
  const nodes = bars.flatMap(({ best, score, source, at, length }, i) => {
    const { from, to, middle } = across({ at, length });
    const y = TOP + 10 + rows[i] * ROW;
    const box = { x: from + 1, y, width: to - from - 2, height: ROW - 4 };
    return [
      svg('rect', {
        ...box,
        class: `match ${best ? 'best' : ''} ${score === undefined ? 'failed' : ''}`,
      }),
      text(middle, y + 15, progress.score(score), best ? 'value now' : 'value', source),
    ];
  });
  return { nodes, height: ROW * (Math.max(-1, ...rows) + 1) };
}

/** @param {Tree} tree @param {ReturnType<typeof columns>} place @param {number} y @param {Progress} progress */
function tokensOf({ tokens, steps }, { across }, y, { step, chosen }) {
  const later = step < steps.length ? 'later' : '';
  return tokens.flatMap(({ parts, ...span }) => {
    const { from, to } = across(span);
    const width = (to - from) / Math.max(1, parts.length);
    return parts.flatMap(({ label, id, index, source }, i) => {
      const x = from + i * width;
      return [
        svg('rect', {
          x: x + 1,
          y,
          width: width - 2,
          height: 36,
          class: `box c${index % 4} ${later}`,
        }),
        text(x + width / 2, y + 15, label, `symbol ${later}`),
        text(x + width / 2, y + 30, String(id), `value ${later}`, source),
        ...(index === chosen
          ? [svg('path', { d: `M${x + 1} ${y + 37}h${width - 2}`, class: 'arm last' })]
          : []),
      ];
    });
  });
}

/** @param {SVGElement} picture @param {Tree} tree @param {Progress} progress */
export function drawTree(picture, tree, progress) {
  const place = columns(tree);
  const bars = barsOf(tree, place, progress);
  const y = TOP + tree.steps.length * ROW + bars.height + 16;
  picture.replaceChildren(
    ...mergesOf(tree, place, progress),
    ...bars.nodes,
    ...tokensOf(tree, place, y, progress),
  );
  resize(picture, Math.ceil(place.right + 2), y + 40);
}

export const TREE = `
.tree { overflow: auto; max-height: 32rem; margin-block: 0.5rem; }
.tree svg { max-width: none; }
.tree .symbol { font: 13px var(--jl-mono); }
.tree .value { font-size: 11px; fill: var(--jl-quiet); }
.tree .now { font-weight: 700; fill: var(--jl-ink); }
.tree .arm { fill: none; stroke: var(--jl-edge); }
.tree .arm.last { stroke: var(--jl-accent); stroke-width: 2; }
.tree .later { opacity: 0.3; }
.tree .box { fill: color-mix(in srgb, var(--c) 13%, transparent); stroke: var(--c); }
.tree .match { fill: none; stroke: var(--jl-edge); }
.tree .match.best { fill: color-mix(in srgb, var(--jl-accent) 15%, transparent); stroke: var(--jl-accent); }
.tree .match.failed { stroke-dasharray: 3 3; }
@media print { .tree { max-height: none; } .tree svg { max-width: 100%; height: auto; } td { white-space: normal; } }
`;
