/**
 * plot.js - draws the loss curve as SVG: steps along x, nats along y from 0. Stateless.
 *
 * Lines: training loss (means over 1/60 of the run), held-out loss, and the unigram baseline.
 */

const NS = 'http://www.w3.org/2000/svg';
const [LEFT, RIGHT, TOP, BOTTOM] = [36, 12, 12, 28]; // px around the plane

/** @param {string} name @param {Record<string, string | number>} attributes @param {string} [text] */
function make(name, attributes, text = '') {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.textContent = text;
  return element;
}

/** A round distance for about `wanted` tick marks. @param {number} range @param {number} wanted */
function spacing(range, wanted) {
  const rough = range / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((m) => m * power >= rough) ?? 10);
}

/** Means of `n` neighbours, each at the step of its last. @param {[number, number][]} points @param {number} n @returns {[number, number][]} */
function means(points, n) {
  const out = /** @type {[number, number][]} */ ([]);
  for (let i = 0; i < points.length; i += n) {
    const part = points.slice(i, i + n);
    out.push([part[part.length - 1][0], part.reduce((sum, p) => sum + p[1], 0) / part.length]);
  }
  return out;
}

/**
 * @param {SVGElement} svg
 * @param {{ steps: number, loss: [number, number][], held: [number, number][], count?: number, top: number,
 *   number: (value: number) => string }} data
 */
export function draw(svg, { steps, loss, held, count, top, number }) {
  const { width, height } = svg.getBoundingClientRect();
  if (!width || !height) return;
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const x = (/** @type {number} */ step) => LEFT + ((width - LEFT - RIGHT) * step) / steps;
  const y = (/** @type {number} */ nats) =>
    height - BOTTOM - ((height - TOP - BOTTOM) * nats) / top;
  /** @param {[number, number][]} points */
  const path = (points) =>
    points.map(([a, b], i) => `${i ? 'L' : 'M'}${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join('');
  const parts = [];
  const dy = spacing(top, 6);
  for (let value = 0; value <= top; value += dy) {
    parts.push(
      make('path', {
        class: 'grid',
        d: path([
          [0, value],
          [steps, value],
        ]),
      }),
    );
    const place = { x: LEFT - 6, y: y(value) + 4, 'text-anchor': 'end' };
    parts.push(make('text', place, number(value)));
  }
  const dx = spacing(steps, width < 480 ? 3 : 6);
  for (let step = 0; step <= steps; step += dx) {
    const anchor = step + dx > steps && x(step) > width - 40 ? 'end' : step ? 'middle' : 'start';
    parts.push(make('text', { x: x(step), y: height - 8, 'text-anchor': anchor }, number(step)));
  }
  parts.push(
    make('path', { class: 'loss', d: path(means(loss, Math.max(1, Math.round(steps / 60)))) }),
  );
  parts.push(make('path', { class: 'held', d: path(held) }));
  if (count)
    parts.push(
      make('path', {
        class: 'count',
        d: path([
          [0, count],
          [steps, count],
        ]),
      }),
    );
  svg.replaceChildren(...parts);
}
