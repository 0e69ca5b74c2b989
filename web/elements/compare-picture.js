/**
 * compare-picture.js - the picture of jl-compare: tokens with their losses, next tokens, hidden states by block, and
 * both continuations.
 */
import { hatch, pairBars, shown, tokenStrip, words, wrapped } from '../ui/pairs.js';

/** @typedef {import('../figures/compare.js').CompareView} View */
/** @typedef {import('../ui/pairs.js').Shape} Shape */
/** @typedef {(y: number) => Shape} Part */
/**
 * @typedef {object} Words what the element says
 * @property {import('./frame.js').Say} t
 * @property {(nats: number | undefined) => string} nats
 * @property {(nats: number | undefined) => string} signed
 * @property {(p: number) => string} percent
 * @property {(rule: string) => string} rule
 * @property {(depth: number) => string} depth
 */
/** @typedef {Words & { view: View, width: number, chosen: number, pick: (token: number) => void }} Drawing chosen: a pair */

const [WIDE, STRONG, GUTTER] = [640, 1, 64]; // px; nats of the strongest tint; px
const SMALL = 14 / 12; // font size of tokens to that of sentences

/** A sentence, in as many lines as it needs. @param {string} text @param {number} width @param {string} [css] @param {number} [x] @returns {Part} */
const line =
  (text, width, css = 'small', x = 0) =>
  (y) => {
    const lines = wrapped(text, width * SMALL);
    const nodes = lines.map((part, i) => words(part, x, y + 18 + 16 * i, css));
    return { nodes, height: 10 + 16 * lines.length };
  };

/** @param {Part[]} parts one below the other @returns {Part} */
const stack = (parts) => (y) => {
  let height = 0;
  const nodes = parts.flatMap((part) => {
    const made = part(y + height);
    height += made.height;
    return made.nodes;
  });
  return { nodes, height };
};

/** @param {Part} a @param {Part} b beside it @returns {Part} */
const beside = (a, b) => (y) => {
  const [left, right] = [a(y), b(y)];
  return { nodes: [...left.nodes, ...right.nodes], height: Math.max(left.height, right.height) };
};

/** The change of a loss from side A to B; undefined where one has none, or a rule shows the token. @param {View} view @param {[number, number]} pair */
export function changeOf({ sides: [a, b], from }, [i, j]) {
  const [before, after] = [a.loss[i - 1], b.loss[j - 1]];
  return j > from && before !== undefined && after !== undefined ? after - before : undefined;
}

/** Index of the first pair that differs. @param {View} view */
const firstApart = ({ apart }) => apart.findIndex((depth) => depth >= 0);

/** The rule and the losses of a side. @param {Drawing} drawing @param {0 | 1} side @returns {Part} */
function title({ view, t, nats, signed, rule, width }, side) {
  const [a, b] = view.sides;
  const { mean } = view.sides[side];
  const name = t(`side.${side}`, { rule: rule(side ? view.rule : 'none') });
  const parts = [];
  if (mean !== null) parts.push(t('loss', { mean: nats(mean), perplexity: nats(Math.exp(mean)) }));
  if (side && a.mean !== null && b.mean !== null)
    parts.push(t('change', { change: signed(b.mean - a.mean) }));
  if (width >= WIDE) return line([name, ...parts].join(' · '), width, 'small strong');
  return stack([line(name, width, 'small strong'), ...parts.map((text) => line(text, width))]);
}

/** The tokens of one side, with losses; with those of both, if they have the same tokens. @param {Drawing} drawing @param {0 | 1} side @param {boolean} both @returns {Part} */
function tokens({ view, width, t, nats, signed, chosen, pick }, side, both) {
  const { tokens: all, loss } = view.sides[side];
  const first = firstApart(view);
  const entries = all.map((token, i) => {
    const p = view.pairs.findIndex((pair) => pair[side] === i);
    const change = side || both ? changeOf(view, view.pairs[p] ?? [0, 0]) : undefined;
    const other = both ? [nats(view.sides[1].loss[i - 1])] : [];
    const last = side || both ? [signed(change)] : [];
    return {
      token,
      numbers: view.encoder ? [] : [nats(loss[i - 1]), ...other, ...last],
      tint: change === undefined ? 0 : change / STRONG,
      chosen: p >= 0 && p === chosen,
      marked: p >= 0 && p === first && (side === 1 || both),
      source: i ? `logits[${i - 1},${token.id}]` : undefined,
    };
  });
  const labels = both ? ['row.a', 'row.b', 'row.change'] : ['row.loss', 'row.change'];
  const named = view.encoder ? [] : labels.slice(0, entries[0].numbers.length).map((key) => t(key));
  const position = (/** @type {number} */ i) => {
    const pair = view.pairs.find((one) => one[side] === i);
    if (pair) pick(pair[0]);
  };
  return (y) => tokenStrip(entries, { width, y, gutter: GUTTER, labels: named, pick: position });
}

/** @param {Drawing} drawing @returns {Part} */
function texts(drawing) {
  const { view } = drawing;
  const [a, b] = view.sides;
  const both = a.tokens.length === b.tokens.length && view.pairs.length === a.tokens.length;
  const titles = [title(drawing, 0), title(drawing, 1)];
  if (both) return stack([...titles, tokens(drawing, 0, true)]);
  return stack([titles[0], tokens(drawing, 0, false), titles[1], tokens(drawing, 1, false)]);
}

/** What the mean losses are compared with. @param {Drawing} drawing @returns {Part[]} */
function anchors({ view, width, t, nats }) {
  const { uniform, sides } = view;
  if (uniform === undefined || view.encoder) return [];
  const [a, b] = sides.map(({ counts }) => counts ?? undefined);
  const key = a === undefined && b === undefined ? 'anchors' : 'anchors.counts';
  return [line(t(key, { uniform: nats(uniform), a: nats(a), b: nats(b) }), width, 'small quiet')];
}

/** @param {Drawing} drawing @param {number} width @returns {Part} */
function next({ view, t, percent, signed }, width) {
  const last = view.sides[1].tokens.length - 1;
  const rows = view.candidates.map((token) => ({
    label: shown(token),
    before: token.before,
    after: token.after,
    text: `${percent(token.before)} → ${percent(token.after)} (${signed(100 * (token.after - token.before))})`,
    source: `logits[${last},${token.id}]`,
  }));
  const bars = (/** @type {number} */ y) =>
    pairBars(rows, { x: 0, y, width, label: 84, number: 158 });
  return stack([line(t('next'), width, 'strong small'), bars]);
}

/** @param {Drawing} drawing @param {number} x @param {number} width @returns {Part} */
function states({ view, t, nats, depth, chosen }, x, width) {
  const pair = view.pairs[chosen];
  if (!pair) return line(t('unpaired'), width, 'small', x);
  const token = shown(view.sides[0].tokens[pair[0]]);
  const rows = Array.from({ length: view.depths }, (_, d) => ({
    label: depth(d),
    before: view.cosine[chosen * view.depths + d],
    text: nats(view.cosine[chosen * view.depths + d]),
    marked: d === view.apart[chosen],
    source: d
      ? `blocks.${d - 1}.hook_resid_post[${pair[0]}]`
      : `blocks.0.hook_resid_pre[${pair[0]}]`,
  }));
  const head = line(t('states', { token }), width, 'strong small', x);
  const bars = (/** @type {number} */ y) => pairBars(rows, { x, y, width, label: 84, number: 40 });
  return stack([head, bars]);
}

/** @param {Drawing} drawing @returns {Part} */
function continued({ view, width, t }) {
  const strips = view.sides.map(({ next: all }, side) => {
    const entries = all.map((token, i) => ({ token, marked: side === 1 && i === view.turn }));
    return (/** @type {number} */ y) => {
      const strip = tokenStrip(entries, { width, y, gutter: 24 });
      const name = words('AB'[side], 0, y + 28, 'strong small');
      return { nodes: [name, ...strip.nodes], height: strip.height };
    };
  });
  return stack([line(t('continued'), width, 'strong small'), ...strips]);
}

/** @param {Drawing} drawing @returns {Shape} */
export function comparePicture(drawing) {
  const { view, width, t } = drawing;
  const narrow = width < WIDE;
  const half = narrow ? width : (width - 32) / 2;
  const right = states(drawing, narrow ? 0 : half + 32, half);
  const middle = view.encoder
    ? stack([line(t('encoder'), width), states(drawing, 0, half)])
    : narrow
      ? stack([next(drawing, half), right])
      : beside(next(drawing, half), right);
  const notes = { prefix: 'half', 'mask-off': 'visible' };
  const note = notes[/** @type {'prefix'} */ (view.rule)];
  const { nodes, height } = stack([
    texts(drawing),
    ...anchors(drawing),
    ...(note ? [line(t(note), width, 'small quiet')] : []),
    middle,
    ...(view.encoder ? [] : [continued(drawing)]),
    line(t('apart'), width, 'small quiet'),
  ])(0);
  return { nodes: [hatch(), ...nodes], height };
}
