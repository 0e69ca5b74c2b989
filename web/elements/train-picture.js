/**
 * train-picture.js - the picture of jl-train: curves of the loss between two anchors, next tokens, a sample, heads.
 */
import { triangle } from '../figures/numbers.js';
import { pairBars, shown, words, wrapped } from '../ui/pairs.js';
import { drawPlot } from '../ui/plot.js';
import { svg } from '../ui/svg.js';

/** @typedef {import('../figures/train.js').TrainView} View */
/** @typedef {import('../figures/train.js').Moment} Moment */
/**
 * @typedef {object} Drawing
 * @property {View} view
 * @property {Moment} moment
 * @property {number} width
 * @property {import('./frame.js').Say} t
 * @property {(nats: number) => string} nats
 * @property {(n: number) => string} count
 * @property {(p: number) => string} percent
 */

const [WIDE, PLOT, LINES, LINE] = [640, 290, 6, 18]; // px, but LINES of a sample
const SMALL = 14 / 12; // font size of tokens to that of sentences

export const TRAIN_CSS = `
.go { min-width: 12rem; }
.own output { display: inline-block; min-width: 4em; }
svg .cell { fill: var(--jl-heat-3); }
svg .stripe { stroke: var(--jl-accent); stroke-dasharray: 3 2; fill: none; }
svg .frame { stroke: var(--jl-line); fill: none; }
`;

/** The prompt, short. @param {View} view */
export const promptOf = ({ prompt }) =>
  prompt
    .replace(/\n/g, '↵')
    .replace(/^(.*)(.{16})$/su, (_, start, end) => (start ? `…${end}` : end));

/** A sentence that wraps. @param {string} text @param {number} x @param {number} y @param {number} width @param {string} css */
function sentence(text, x, y, width, css) {
  const lines = wrapped(text, width * SMALL);
  const nodes = lines.map((line, i) => words(line, x, y + 15 + 16 * i, css));
  return { nodes, height: 6 + 16 * lines.length };
}

/** The loss between its anchors. @param {Drawing} drawing @param {number} y */
function curves({ view, moment, width, t, nats, count }, y) {
  const { steps, loss, held, info } = view;
  const flat = (/** @type {number} */ value) =>
    /** @type {[number, number][]} */ ([
      [0, value],
      [steps, value],
    ]);
  const last = (/** @type {[number, number][]} */ line) =>
    line.length ? nats(line[line.length - 1][1]) : '';
  const high = Math.max(info.uniform, ...held.map(([, value]) => value));
  const low = Math.min(...[...loss, ...held].map(([, value]) => value), info.unigram);
  return drawPlot({
    area: { left: 0, top: y, width, height: PLOT },
    x: { low: 0, high: steps, label: t('axis.step'), show: count },
    y: { low: Math.floor(low), high: Math.ceil(high), label: t('axis.loss'), show: count },
    series: [
      { name: t('line.loss', { value: last(loss) }), line: loss },
      {
        name: t('line.held', { value: last(held) }),
        line: held,
        points: held.map(([x, value]) => ({ x, y: value })),
      },
      { name: t('line.uniform', { value: nats(info.uniform) }), dashed: flat(info.uniform) },
      { name: t('line.unigram', { value: nats(info.unigram) }), dashed: flat(info.unigram) },
    ],
    cursor: moment.step,
  });
}

/** @param {Drawing} drawing @param {number} y @param {number} width */
function next({ view, moment, t, percent }, y, width) {
  const title = sentence(t('next', { prompt: promptOf(view) }), 0, y, width, 'strong small');
  const rows = moment.next.map((token) => ({
    label: shown(token),
    before: token.before,
    after: token.now,
    text: `${percent(token.before)} → ${percent(token.now)}`,
    source: `logits[-1,${token.id}]`,
  }));
  const bars = pairBars(rows, { x: 0, y: y + title.height, width, label: 56, number: 112 });
  return { nodes: [...title.nodes, ...bars.nodes], height: title.height + bars.height };
}

/** @param {Drawing} drawing @param {number} x @param {number} y @param {number} width */
function sample({ view, moment, t }, x, y, width) {
  const title = sentence(t('sample', { prompt: promptOf(view) }), x, y, width, 'strong small');
  const top = y + title.height;
  const lines = wrapped(moment.sample, width).slice(0, LINES);
  const nodes = lines.map((line, i) =>
    words(line, x, top + LINE * (i + 1), 'mono', 'start', 'trainer.sample'),
  );
  const note = words(t('dots'), x, top + LINE * (LINES + 1), 'small quiet');
  return { nodes: [...title.nodes, ...nodes, note], height: title.height + LINE * (LINES + 1.5) };
}

/** One head: its attention, and where induction would look. @param {Float32Array} cells @param {number} n @param {number} x @param {number} y @param {number} size */
function head(cells, n, x, y, size) {
  const cell = size / n;
  const nodes = [svg('rect', { x, y, width: size, height: size, class: 'frame' })];
  for (let q = 0; q < n; q++)
    for (let k = 0; k <= q; k++) {
      const p = cells[triangle(q) + k];
      if (p < 0.02) continue;
      const place = { x: x + k * cell, y: y + q * cell, width: cell, height: cell };
      nodes.push(svg('rect', { ...place, class: 'cell', 'fill-opacity': Math.sqrt(p).toFixed(2) }));
    }
  const half = n / 2;
  const side = half * cell;
  const d = `M${x} ${y + side}l${side} ${side}h${2 * cell}l${-side} ${-side}z`;
  nodes.push(svg('path', { d, class: 'stripe' }));
  return nodes;
}

/** All heads as small multiples. @param {Drawing} drawing @param {number} y */
function heads({ view, moment, width, t, nats }, y) {
  const { scores = [], others = [], patterns } = moment;
  if (!patterns) return { nodes: [], height: 0 };
  const n = view.labels.length;
  const title = sentence(t('heads', { n }), 0, y, width, 'small');
  const columns = width < WIDE ? 2 : 4;
  const size = Math.min(200, width / columns - 12);
  const nodes = scores.flatMap((score, i) => {
    const x = (i % columns) * (width / columns);
    const top = y + title.height + Math.floor(i / columns) * (size + 30);
    const [layer, index] = [Math.floor(i / view.heads), i % view.heads];
    const cells = patterns.subarray(i * triangle(n), (i + 1) * triangle(n));
    const name = t('head', { layer, head: index, score: nats(score), other: nats(others[i]) });
    const source = `blocks.${layer}.attn.hook_pattern[${index}]`;
    const css = score >= 0.4 ? 'small strong' : 'small';
    return [...head(cells, n, x, top, size), words(name, x, top + size + 16, css, 'start', source)];
  });
  const rows = Math.ceil(scores.length / columns);
  return { nodes: [...title.nodes, ...nodes], height: title.height + rows * (size + 30) };
}

/** @param {Drawing} drawing @returns {{ nodes: SVGElement[], height: number }} */
export function trainPicture(drawing) {
  const { view, moment, width, t, nats, count } = drawing;
  const { parameters, vocabulary, tokens } = view.info;
  const shape = {
    parameters: count(parameters),
    vocabulary: count(vocabulary),
    tokens: count(tokens),
  };
  const first = sentence(t('shape', shape), 0, 0, width, 'small quiet');
  const nodes = [...first.nodes, ...curves(drawing, first.height)];
  let y = first.height + PLOT;
  const add = (/** @type {{ nodes: SVGElement[], height: number }} */ part) => {
    nodes.push(...part.nodes);
    y += part.height;
  };
  add(
    sentence(
      t('meaning', {
        step: count(moment.step),
        steps: count(view.steps),
        held: nats(moment.held),
        choices: count(Number(Math.exp(moment.held).toPrecision(2))),
        first: count(Number(Math.exp(view.moments[0].held).toPrecision(2))),
      }),
      0,
      y,
      width,
      'small',
    ),
  );
  const narrow = width < WIDE;
  const half = narrow ? width : (width - 32) / 2;
  const left = next(drawing, y, half);
  const right = moment.patterns
    ? { nodes: [], height: 0 }
    : sample(drawing, narrow ? 0 : half + 32, narrow ? y + left.height : y, half);
  nodes.push(...left.nodes, ...right.nodes);
  y += narrow ? left.height + right.height : Math.max(left.height, right.height);
  add(heads(drawing, y));
  return { nodes, height: y + 4 };
}
