/**
 * plane.js - draws labelled points on a plane. A point's group has a colour and a shape. A label that finds no room is
 * left out until its point is chosen.
 */
import { make } from './dom.js';
import { svg } from './svg.js';

const SPACE = { left: 12, right: 12, top: 14, bottom: 14 }; // px around the points
const REACH = 24; // px from a point that chooses it
const [SIZE, LINE] = [12, 14]; // px of a label: font, height

/**
 * @typedef {object} Point
 * @property {number} x @property {number} y
 * @property {string} label
 * @property {number} kind 0 to 3: its group; −1: a ring
 * @property {'chosen' | 'other' | 'near' | ''} role
 */

/** Half the side of each shape, as a path around 0, 0. */
const SHAPES = [
  'M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0', // circle
  'M-4 -4h8v8h-8z', // square
  'M0 -5.5L5.2 3.8H-5.2z', // triangle
  'M0 -5.5L5.5 0L0 5.5L-5.5 0z', // diamond
];
const RING = 'M-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0';

/** @param {number} kind @param {Record<string, string | number>} [attributes] */
const mark = (kind, attributes = {}) =>
  svg('path', {
    d: SHAPES[kind] ?? RING,
    class: kind < 0 ? 'ring' : `mark c${kind}`,
    ...attributes,
  });

/** The groups' shapes with their names. @param {string[]} names @param {string} own name of the rings; '': none */
export const legendOf = (names, own) =>
  [...names.map((name, k) => ({ name, k })), ...(own ? [{ name: own, k: -1 }] : [])].map(
    ({ name, k }) =>
      make(
        'span',
        {},
        svg('svg', { viewBox: '-7 -7 14 14', 'aria-hidden': 'true' }, mark(k)),
        name,
      ),
  );

/** @param {string} label */
const widthOf = (label) =>
  [...label].reduce((sum, c) => sum + (c > '\u2e80' ? SIZE : 0.6 * SIZE), 0);

/** Places in pixels. @param {Point[]} points @param {number} width @param {number} height */
function placesOf(points, width, height) {
  const range = (/** @type {number[]} */ values) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return { low, size: high - low || 1, one: high === low };
  };
  const [h, v] = [range(points.map(({ x }) => x)), range(points.map(({ y }) => y))];
  const [w, t] = [width - SPACE.left - SPACE.right, height - SPACE.top - SPACE.bottom];
  return points.map(({ x, y }) => ({
    x: SPACE.left + (h.one ? 0.5 : (x - h.low) / h.size) * w,
    y: SPACE.top + (v.one ? 0.5 : 1 - (y - v.low) / v.size) * t,
  }));
}

/** @typedef {{ left: number, top: number, right: number, bottom: number }} Box */

/** @param {Box} a @param {Box} b */
const overlap = (a, b) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** @param {{ x: number, y: number }} place @param {Point} point @returns {Box[]} right, left, above, below */
function boxesOf({ x, y }, { label, role }) {
  const gap = role === 'chosen' ? 12 : 8; // the chosen one has a ring
  const w = widthOf(label);
  const at = (/** @type {number} */ left, /** @type {number} */ top) => {
    return { left, top, right: left + w, bottom: top + LINE };
  };
  return [
    at(x + gap, y - LINE / 2),
    at(x - gap - w, y - LINE / 2),
    at(x - w / 2, y - gap - LINE),
    at(x - w / 2, y + gap),
  ];
}

const IMPORTANCE = { chosen: 0, other: 1, near: 2, '': 3 };

/** A free box for each label, or none. @param {Point[]} points @param {{ x: number, y: number }[]} places @param {number} width @param {number} height */
function labelsOf(points, places, width, height) {
  const taken = places.map(({ x, y }) => ({
    left: x - 5,
    top: y - 5,
    right: x + 5,
    bottom: y + 5,
  }));
  const weight = (/** @type {Point} */ { role, kind }) => IMPORTANCE[role] + (kind < 0 ? 0.5 : 0);
  const order = points.map((_, i) => i).sort((a, b) => weight(points[a]) - weight(points[b]));
  /** @type {(Box | undefined)[]} */ const out = points.map(() => undefined);
  const frame = { left: 0, top: 0, right: width, bottom: height };
  for (const i of order) {
    const inside = boxesOf(places[i], points[i]).filter(
      (b) => b.left >= 0 && b.top >= 0 && b.right <= frame.right && b.bottom <= frame.bottom,
    );
    const free = inside.find((box) => !taken.some((other, k) => k !== i && overlap(box, other)));
    const apart = () => inside.find((box) => !out.some((label) => label && overlap(box, label)));
    const box = free ?? (IMPORTANCE[points[i].role] < 2 ? (apart() ?? inside[0]) : undefined);
    if (!box) continue;
    out[i] = box;
    taken.push(box);
  }
  return out;
}

/** @param {SVGElement} picture @param {Point[]} points @param {(index: number) => string} source */
export function drawPlane(picture, points, source) {
  const { width, height } = picture.getBoundingClientRect();
  if (!width) return; // it is not shown
  picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const places = placesOf(points, width, height);
  const labels = labelsOf(points, places, width, height);
  const chosen = points.findIndex(({ role }) => role === 'chosen');
  const lines = points.flatMap(({ role }, i) => {
    if (chosen < 0 || (role !== 'near' && role !== 'other')) return [];
    const [from, to] = [places[chosen], places[i]];
    return [svg('path', { d: `M${from.x} ${from.y}L${to.x} ${to.y}`, class: `link ${role}` })];
  });
  const marks = points.map(({ kind, role }, i) => {
    const { x, y } = places[i];
    const node = mark(kind, { transform: `translate(${x} ${y})`, 'data-source': source(i) });
    if (role) node.classList.add(role);
    return node;
  });
  const halo = places[chosen] && [
    svg('circle', { cx: places[chosen].x, cy: places[chosen].y, r: 9, class: 'halo' }),
  ];
  const texts = points.flatMap(({ label, role, kind }, i) => {
    const box = labels[i];
    if (!box) return [];
    const place = { x: box.left, y: box.bottom - 3, class: `${role} ${kind < 0 ? 'own' : ''}` };
    return [svg('text', place, label)];
  });
  picture.replaceChildren(...lines, ...marks, ...(halo ?? []), ...texts);
}

/** The point at a place, within reach; −1: none. @param {{ x: number, y: number }[]} places @param {number} x @param {number} y */
function pointAt(places, x, y) {
  let [best, least] = [-1, REACH];
  places.forEach((place, i) => {
    const distance = Math.hypot(place.x - x, place.y - y);
    if (distance < least) [best, least] = [i, distance];
  });
  return best;
}

/** @type {Record<string, [number, number]>} */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * The next point for a key: the nearest in an arrow's direction, the first, the last; undefined: the key does nothing.
 * @param {{ x: number, y: number }[]} places @param {number} from @param {string} key
 */
function pointAfter(places, from, key) {
  if (key === 'Home') return 0;
  if (key === 'End') return places.length - 1;
  const way = WAYS[key];
  if (!way || !places[from]) return undefined;
  let [best, least] = [from, Number.POSITIVE_INFINITY];
  places.forEach((place, i) => {
    const [dx, dy] = [place.x - places[from].x, place.y - places[from].y];
    const along = dx * way[0] + dy * way[1];
    const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
    if (i !== from && along > 0 && along >= aside / 2 && along + 2 * aside < least)
      [best, least] = [i, along + 2 * aside];
  });
  return best;
}

/**
 * Chooses points by pointer and keys.
 * @param {SVGElement} picture @param {() => Point[]} points now @param {(index: number) => void} choose
 */
export function connectPlane(picture, points, choose) {
  const box = () => picture.getBoundingClientRect();
  const places = () => placesOf(points(), box().width, box().height);
  picture.addEventListener('click', ({ clientX, clientY }) => {
    const { left, top } = box();
    const i = pointAt(places(), clientX - left, clientY - top);
    if (i >= 0) choose(i);
  });
  picture.addEventListener('keydown', (event) => {
    const from = points().findIndex(({ role }) => role === 'chosen');
    const i = pointAfter(places(), from, event.key);
    if (i === undefined || i < 0) return;
    event.preventDefault();
    choose(i);
  });
}

export const PLANE = `
.plane { width: 100%; height: 26rem; touch-action: manipulation; }
@media (max-width: 30rem) { .plane { height: 21rem; } }
.c0 { --c: var(--jl-1); } .c1 { --c: var(--jl-2); } .c2 { --c: var(--jl-3); } .c3 { --c: var(--jl-4); }
.kinds { flex-wrap: wrap; gap: 0.25rem 1rem; } .kinds span { display: inline-flex; align-items: center; gap: 0.25rem; }
.kinds svg { width: 14px; height: 14px; overflow: visible; }
ul.nearest { display: grid; grid-template-columns: max-content minmax(4rem, 20rem) max-content; gap: 0.25rem 0.75rem; align-items: center;
  margin: 0.25rem 0; padding: 0; list-style: none; font-size: 0.875rem; min-height: 7rem; align-content: start; }
ul.nearest li { display: contents; } ul.nearest .label { font-family: var(--jl-mono); }
.body > details { font-size: 0.875rem; }
.mark { fill: var(--c); stroke: none; } .ring { fill: var(--jl-paper); stroke: var(--jl-quiet); stroke-width: 1.5; }
.halo { fill: none; stroke: var(--jl-accent); stroke-width: 2; }
.link { stroke: var(--jl-line); } .link.other { stroke: var(--jl-accent); }
.plane text.own { fill: var(--jl-quiet); font-style: italic; }
.plane text:is(.chosen, .other) { font-weight: 700; fill: var(--jl-ink); }
.plane text.chosen { text-decoration: underline; text-decoration-color: var(--jl-accent); text-decoration-thickness: 2px; }
`;
