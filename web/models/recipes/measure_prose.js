/**
 * measure_prose.js - what the card of prose says about its inside, as Markdown tables.
 *
 *   node measure_prose.js prose.gguf prose-held-out.txt
 *
 * Heads: the share of their attention on the character before, on copies, after copies, and, inside a speech, on
 * its opening 「; means over held-out text. Senses: the same character in two senses, by block. Word groups: rows
 * of the embedding table.
 */
import { readFileSync } from 'node:fs';
import { argv, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { headScores, loadModel } from '../../jielong.js';
import { GROUPS, SENSES, SETS, WORDS } from './prose_examples.js';

/** @typedef {import('../../jielong.js').Model} Model */
/** @typedef {ArrayLike<number>} Vector */

const WINDOW = 256;
const WINDOWS = 8;

/* ---- Vectors --------------------------------------------------------------------------------- */

/** @param {Vector} a @param {Vector} b */
function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** @param {Vector} a @param {Vector} b */
const cosine = (a, b) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

/** @param {number[]} numbers */
const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

/** @param {Vector[]} vectors */
const centroid = (vectors) =>
  Array.from({ length: vectors[0].length }, (_, i) => mean(vectors.map((v) => v[i])));

/** The mean cosine of all pairs. @param {Vector[]} a @param {Vector[]} [b] without it: pairs within a */
function meanCosine(a, b) {
  const pairs = a.flatMap((x, i) => (b ?? a.slice(i + 1)).map((y) => cosine(x, y)));
  return mean(pairs);
}

/**
 * Share of vectors whose own group's centroid, made without them, is the nearest.
 * @param {Vector[][]} groups @param {(a: Vector, b: Vector) => number} nearness
 */
function leaveOneOut(groups, nearness) {
  const right = groups.flatMap((group, g) =>
    group.map((v) => {
      const centroids = groups.map((other) => centroid(other.filter((w) => w !== v)));
      const near = centroids.map((c) => nearness(v, c));
      return Number(near.indexOf(Math.max(...near)) === g);
    }),
  );
  return mean(right);
}

/** The first two principal components' coordinates, by power iteration. @param {Vector[]} rows */
function plane(rows) {
  const middle = centroid(rows);
  let rest = rows.map((row) => Array.from(row, (x, i) => x - middle[i]));
  const axes = [0, 1].map(() => {
    let axis = middle.map((_, i) => Math.sin(i + 1));
    for (let i = 0; i < 200; i++) {
      const along = rest.map((row) => dot(row, axis));
      const sum = axis.map((_, j) =>
        dot(
          along,
          rest.map((row) => row[j]),
        ),
      );
      axis = sum.map((x) => x / Math.sqrt(dot(sum, sum)));
    }
    const found = rest.map((row) => dot(row, axis));
    rest = rest.map((row, i) => row.map((x, j) => x - found[i] * axis[j]));
    return found;
  });
  return rows.map((_, i) => [axes[0][i], axes[1][i]]);
}

/* ---- Tables ---------------------------------------------------------------------------------- */

/** @param {number} x */
const two = (x) => x.toFixed(2);

/** @param {(string | number)[][]} rows the first is the heading */
function print(rows) {
  const line = (/** @type {(string | number)[]} */ row) => `| ${row.join(' | ')} |\n`;
  stdout.write(
    `${line(rows[0])}${line(rows[0].map(() => '---'))}${rows.slice(1).map(line).join('')}\n`,
  );
}

/* ---- Heads ----------------------------------------------------------------------------------- */

/** For each position the last open 「, −1 outside a speech. @param {string[]} tokens */
function openings(tokens) {
  let open = -1;
  return tokens.map((text, i) => {
    if (text === '」' || text === '\n') open = -1;
    if (text === '「') open = i;
    return open;
  });
}

/**
 * A head's mean weight on the opening 「 over the queries in a speech that are past it, and that of even attention.
 * @param {{ data: Float32Array, shape: number[] }} tap of one block @param {number[]} open
 */
function onOpening({ data, shape: [heads, queries, keys] }, open) {
  const inside = open.flatMap((at, q) => (at >= 0 && q > at + 1 ? [q] : []));
  const even = mean(inside.map((q) => 1 / (q + 1)));
  const scores = Array.from({ length: heads }, (_, h) =>
    mean(inside.map((q) => data[(h * queries + q) * keys + open[q]])),
  );
  return { scores, even };
}

/** Adds the scores of one window. @param {Map<string, number[]>} sums */
function add(sums, /** @type {string} */ key, /** @type {number} */ score) {
  sums.set(key, [...(sums.get(key) ?? []), score]);
}

/** @param {Model} model @param {number[]} ids @param {Map<string, number[]>} sums */
async function scoreWindow(model, ids, sums) {
  const session = await model.createSession();
  const tokens = await Promise.all(ids.map((id) => model.detokenize([id])));
  const run = await session.run(ids, { taps: [{ name: 'pattern', layer: 'all' }] });
  const open = openings(tokens);
  for (const tap of open.some((at, q) => at >= 0 && q > at + 1) ? run.taps : []) {
    const { scores, even } = onOpening(/** @type {any} */ (tap), open);
    for (const [head, score] of scores.entries())
      add(sums, `opening 「|${tap.layer}|${head}`, score);
    add(sums, 'even', even);
  }
  for (const kind of /** @type {const} */ (['previous-token', 'duplicate-token', 'first-token']))
    for (const { layer, head, score } of headScores(run, kind, { excludeCurrent: true }))
      add(sums, `${kind}|${layer}|${head}`, score);
  await session.rewind(0);
  const twice = [...ids.slice(0, WINDOW / 2), ...ids.slice(0, WINDOW / 2)];
  const again = await session.run(twice, { taps: [{ name: 'pattern', layer: 'all' }] });
  for (const { layer, head, score } of headScores(again, 'induction'))
    add(sums, `induction, text twice|${layer}|${head}`, score);
  await session.close();
}

/** @param {Model} model @param {string} text */
async function heads(model, text) {
  const ids = await model.tokenize(text.slice(0, 60_000));
  /** @type {Map<string, number[]>} */
  const sums = new Map();
  const step = Math.floor((ids.length - WINDOW) / WINDOWS);
  for (let w = 0; w < WINDOWS; w++)
    await scoreWindow(model, Array.from(ids.slice(w * step, w * step + WINDOW)), sums);
  const even = mean(sums.get('even') ?? []);
  sums.delete('even');
  const all = [...sums].map(([key, scores]) => ({ key: key.split('|'), score: mean(scores) }));
  const kinds = [...new Set(all.map(({ key }) => key[0]))];
  const best = kinds.map((kind) => {
    const own = all.filter(({ key }) => key[0] === kind).toSorted((a, b) => b.score - a.score);
    const shown = own.slice(0, 4).map(({ key, score }) => `L${key[1]}H${key[2]} ${two(score)}`);
    return [kind, ...shown, two(mean(own.map(({ score }) => score)))];
  });
  print([['share of attention on', 'first', 'second', 'third', 'fourth', 'mean of all'], ...best]);
  stdout.write(`Even attention would give the opening 「 ${two(even)}.\n\n`);
}

/* ---- Senses ---------------------------------------------------------------------------------- */

/** The stream after each block at a text's last token, the embedding first. @param {Model} model @param {string} text */
async function streams(model, text) {
  const session = await model.createSession();
  const ids = Array.from(await model.tokenize(text));
  /** @type {[number, number]} */
  const positions = [ids.length - 1, ids.length];
  const { taps } = await session.run(ids, {
    taps: [
      { name: 'resid_pre', layer: 0, positions },
      { name: 'resid_post', layer: 'all', positions },
    ],
  });
  await session.close();
  return taps.map(({ data }) => /** @type {Vector} */ (Float32Array.from(data)));
}

/** @param {Model} model */
async function senses(model) {
  const rows = [];
  for (const [character, both] of Object.entries(SENSES)) {
    /** Sense → sentence → block → stream. @type {Vector[][][]} */
    const found = [];
    for (const sentences of Object.values(both)) {
      if (sentences.some((s) => !s.endsWith(character)))
        throw new Error(`${character}: a sentence`);
      const vectors = [];
      for (const sentence of sentences) vectors.push(await streams(model, sentence));
      found.push(vectors);
    }
    const blocks = found[0][0].map((_, l) => l).slice(1);
    const cells = blocks.map((l) => {
      const [a, b] = found.map((vectors) => vectors.map((v) => v[l]));
      const same = (meanCosine(a) + meanCosine(b)) / 2;
      return `${two(same)}/${two(meanCosine(a, b))} ${two(leaveOneOut([a, b], cosine))}`;
    });
    rows.push([`${character} ${Object.keys(both).join('/')}`, ...cells]);
  }
  const blocks = rows[0].slice(1).map((_, i) => `block ${i}`);
  print([['cosine same/other sense, accuracy', ...blocks], ...rows]);
}

/* ---- Word groups ----------------------------------------------------------------------------- */

/** The embedding rows of single characters. @param {Model} model @param {string} characters */
async function rowsOf(model, characters) {
  const ids = [];
  for (const c of characters) {
    const [id, more] = await model.tokenize(c);
    if (more !== undefined) throw new Error(`${c} is no token`);
    ids.push(id);
  }
  const { data, shape } = await model.embeddings(ids);
  return ids.map((_, i) => data.slice(i * shape[1], (i + 1) * shape[1]));
}

/** @param {Model} model */
async function groups(model) {
  /** @type {Record<string, Vector[]>} */
  const rows = {};
  for (const [name, characters] of Object.entries(GROUPS))
    rows[name] = await rowsOf(model, characters);
  const table = Object.entries(rows).map(([name, own]) => {
    const others = Object.entries(rows).filter(([other]) => other !== name);
    const near = others
      .map(([other, theirs]) => ({ other, cosine: meanCosine(own, theirs) }))
      .toSorted((a, b) => b.cosine - a.cosine)[0];
    return [`${name} ${GROUPS[name]}`, two(meanCosine(own)), `${two(near.cosine)} ${near.other}`];
  });
  print([['mean cosine', 'within', 'nearest other group'], ...table]);
  const maps = SETS.map((set) => {
    const flat = plane(set.flatMap((name) => rows[name]));
    const parts = set.map((name) => flat.splice(0, rows[name].length));
    const nearness = (/** @type {Vector} */ a, /** @type {Vector} */ b) =>
      -Math.hypot(a[0] - b[0], a[1] - b[1]);
    return [set.join(', '), two(leaveOneOut(parts, nearness))];
  });
  print([['map of two dimensions', 'nearest centroid is the own one'], ...maps]);
  const neighbours = [];
  for (const word of WORDS) {
    const [id] = await model.tokenize(word);
    const near = await model.neighbours(id, { count: 5 });
    neighbours.push([
      word,
      near.map(({ text, similarity }) => `${text} ${two(similarity)}`).join(' '),
    ]);
  }
  print([['character', 'neighbours'], ...neighbours]);
}

async function main() {
  const [path, text] = argv.slice(2);
  const model = await loadModel(path);
  await heads(model, readFileSync(text, 'utf8'));
  await senses(model);
  await groups(model);
  await model.close();
}

if (argv[1] === fileURLToPath(import.meta.url)) await main();
