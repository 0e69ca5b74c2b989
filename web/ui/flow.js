/**
 * flow.js - a drawing of boxes and the arrows between them. Boxes lie on a grid of rows; a box `on the stream` is a
 * point of a vertical line at the left, with its words beside it.
 *
 * A box has a name, a line of words, and a bar for its size, 0…1.
 */
import { svg } from './svg.js';

/**
 * @typedef {object} Box
 * @property {string} id
 * @property {number} row
 * @property {'stream' | 'sum' | 'branch'} place
 * @property {[index: number, of: number]} [part] of a branch row that several boxes share
 * @property {string} name
 * @property {string} [words]
 * @property {string} [source] of the numbers in `words`
 * @property {number} [size] of the bar
 * @property {string} [kind] its class: q, k, v
 */
/** @typedef {{ left: number, top: number, width: number, height: number }} Place */

const ROW = 58; // px
const BOX = 42; // px, height
const LINE = 10; // px, x of the stream
const LEVEL = 7; // px, arrows to and from the stream, below the top of a box
const GAP = 6; // px between boxes of a row

/** Height of a drawing. @param {Box[]} boxes */
export const flowHeight = (boxes) => (Math.max(...boxes.map(({ row }) => row)) + 1) * ROW;

/** @param {Box} box @param {number} width of the drawing @returns {Place} */
function placeOf({ row, place, part = [0, 1] }, width) {
  const split = Math.max(112, Math.round(width * 0.36));
  const top = row * ROW + (ROW - BOX) / 2;
  if (place !== 'branch') return { left: 0, top, width: split - 3 * GAP, height: BOX + LEVEL };
  const each = (width - split - (part[1] - 1) * GAP) / part[1];
  return { left: split + part[0] * (each + GAP), top, width: each, height: BOX };
}

/** @param {Box} box @param {Place} at @param {boolean} chosen */
function drawBox(box, { left, top, width, height }, chosen) {
  const onStream = box.place !== 'branch';
  const x = left + (onStream ? LINE + 16 : 8);
  const down = onStream ? LEVEL : 0; // below the arrow
  const nodes = [
    svg('rect', {
      class: onStream ? 'hit' : `box ${box.kind ?? ''}`,
      x: left + 0.5,
      y: top + 0.5,
      width: width - 1,
      height: height - 1,
      rx: 3,
    }),
    svg(
      'text',
      { x, y: top + 16 + down, class: `name ${box.part?.[1] === 2 ? 'small' : (box.kind ?? '')}` },
      box.name,
    ),
    svg(
      'text',
      { x, y: top + 31 + down, class: 'words', 'data-source': box.source },
      box.words ?? '',
    ),
  ];
  if (onStream) {
    const y = top + LEVEL;
    nodes.push(
      svg('circle', { cx: left + LINE, cy: y, r: box.place === 'sum' ? 8 : 5, class: box.place }),
    );
    if (box.place === 'sum')
      nodes.push(
        svg('path', { class: 'stream thin', d: `M${LINE - 5} ${y}h10M${LINE} ${y - 5}v10` }),
      );
  }
  if (box.size !== undefined) {
    const full = left + width - x - 8;
    nodes.push(svg('rect', { class: 'track', x, y: top + height - 6, width: full, height: 4 }));
    nodes.push(
      svg('rect', {
        class: 'size',
        x,
        y: top + height - 6,
        width: Math.max(1, full * box.size),
        height: 4,
      }),
    );
  }
  return svg('g', { class: `stage${chosen ? ' chosen' : ''}`, 'data-id': box.id }, ...nodes);
}

/** The arrow between two boxes. @param {Place} a @param {Place} b @param {Box} from @param {Box} to */
function drawArrow(a, b, from, to) {
  const down = (/** @type {Place} */ p) => p.left + p.width / 2;
  if (from.place !== 'branch' && to.place === 'branch' && from.row !== to.row)
    return `M${LINE + 6} ${a.top + LEVEL}H${down(b)}V${b.top - 1}`; // to the right, then down
  if (from.place !== 'branch' && to.place === 'branch')
    return `M${LINE} ${a.top + LEVEL}m6 0H${b.left - 5}m-4 -3l4 3l-4 3`; // from the stream to the right
  if (from.place === 'branch' && to.place !== 'branch')
    return `M${a.left} ${a.top + LEVEL}H${LINE + 14}m4 -3l-4 3l4 3`; // back to the stream
  const [x0, y0, x1, y1] = [down(a), a.top + a.height, down(b), b.top - 1];
  return `M${x0} ${y0}L${x1} ${y1}`;
}

/**
 * The drawing as nodes.
 * @param {Box[]} boxes @param {(readonly [from: string, to: string])[]} arrows
 * @param {{ width: number, chosen?: string }} options
 */
export function drawFlow(boxes, arrows, { width, chosen }) {
  const at = (/** @type {string} */ id) => /** @type {Box} */ (boxes.find((box) => box.id === id));
  const stream = boxes
    .filter(({ place }) => place !== 'branch')
    .map((b) => placeOf(b, width).top + LEVEL);
  return [
    svg('path', {
      class: 'stream',
      d: `M${LINE} ${Math.min(...stream) - LEVEL}V${Math.max(...stream) + 16}`,
    }),
    ...arrows.map(([from, to]) =>
      svg('path', {
        class: 'arrow',
        d: drawArrow(placeOf(at(from), width), placeOf(at(to), width), at(from), at(to)),
      }),
    ),
    ...boxes.map((box) => drawBox(box, placeOf(box, width), box.id === chosen)),
  ];
}

/** Rules for an element's style sheet. */
export const flowStyle = `
.stage, .item { cursor: pointer; }
.box { fill: var(--jl-paper); stroke: var(--jl-edge); }
.hit { fill: transparent; }
.box.q { stroke: var(--jl-q); stroke-width: 2; } .box.k { stroke: var(--jl-k); stroke-width: 2; }
.box.v { stroke: var(--jl-v); stroke-width: 2; }
svg .name { font-weight: 600; } svg .name.small { font-size: 11px; }
svg .name.q { fill: var(--jl-q); } svg .name.k { fill: var(--jl-k); } svg .name.v { fill: var(--jl-v); }
svg .words, svg .item text { font-size: 11px; font-variant-numeric: tabular-nums; }
svg .words { fill: var(--jl-quiet); }
path.stream { fill: none; stroke: var(--jl-edge); stroke-width: 3; } path.thin { stroke-width: 1.5; }
circle.stream { fill: var(--jl-edge); } circle.sum { fill: var(--jl-paper); stroke: var(--jl-edge); stroke-width: 1.5; }
.arrow { fill: none; stroke: var(--jl-edge); stroke-width: 1.5; }
.track { fill: var(--jl-line); } .size { fill: var(--jl-heat-3); }
.grid { fill: none; stroke: var(--jl-line); }
.stage.chosen .box, .stage.chosen .hit, .item.chosen .hit { stroke: var(--jl-accent); stroke-width: 2; }
@media (forced-colors: active) { .stage.chosen .box, .stage.chosen .hit, .item.chosen .hit { stroke-width: 3; } }
`;
