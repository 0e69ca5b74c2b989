/**
 * main.js - reads the attention of one head (a tap), sets the head's output to zero (an edit), and compares the
 * predictions of the next token.
 *
 * session.run() does the work: it evaluates the text once with the tap, once with the edit. The rest draws.
 */
import { loadModel } from '../../web/jielong.js';
import { byId, make, setVariable } from '../../web/ui/dom.js';
import { percent } from '../../web/ui/format.js';
import { drawMatrix, geometry } from '../../web/ui/matrix.js';
import { chip, label, pieces } from '../../web/ui/pieces.js';

const [layer, head] = ['layer', 'head'].map((id) => byId(id, HTMLSelectElement));
const [read, ablate] = ['read', 'ablate'].map((id) => byId(id, HTMLButtonElement));
const text = byId('text', HTMLInputElement);
const canvas = byId('pattern', HTMLCanvasElement);
const MAX_TOKENS = 48;

/** @type {Promise<import('../../web/jielong.js').Model> | undefined} */ let model;
/** @type {import('../../web/jielong.js').Session | undefined} */ let session;
/** @type {import('../../web/ui/matrix.js').Picture | undefined} */ let picture;
/** The text of the picture, and its next token. @type {{ ids: Int32Array, probabilities: Float32Array }} */ let shown;

/** @param {string} words @param {boolean} [wrong] */
function tell(words, wrong = false) {
  byId('status', HTMLElement).textContent = words;
  byId('status', HTMLElement).classList.toggle('wrong', wrong);
}

/** Loads the model once; after a failure, the next call tries again. */
async function load() {
  const onProgress = (/** @type {{ loaded: number }} */ { loaded }) =>
    tell(`Loading: ${(loaded / 1e6).toFixed(1)} of 9.2 MB.`);
  model ??= loadModel('../../web/models/tales.gguf', { onProgress });
  model.catch(() => (model = undefined));
  return model;
}

/** Evaluates tokens from an empty session. @param {Int32Array} ids @param {any} options of session.run */
async function evaluate(ids, options) {
  session ??= await (await load()).createSession();
  await session.rewind(0);
  return session.run(ids, options);
}

/** Probabilities. @param {Float32Array} logits */
function softmax(logits) {
  const max = logits.reduce((a, b) => Math.max(a, b));
  const weights = logits.map((x) => Math.exp(x - max));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((w) => w / total);
}

const place = () => ({ layer: Number(layer.value), head: Number(head.value) });

async function showPattern() {
  const ids = await (await load()).tokenize(text.value, { bos: true });
  if (ids.length > MAX_TOKENS)
    throw new Error(`The text has ${ids.length} tokens; this page shows ${MAX_TOKENS} at most.`);
  const { taps, logits } = await evaluate(ids, { taps: [{ name: 'pattern', ...place() }] });
  const [{ data, shape }] = taps; // [query][key]
  const n = shape[0];
  const labels = (await pieces(await load(), ids)).map(label);
  const weight = (/** @type {number} */ row, /** @type {number} */ key) => data[row * n + key];
  const axes = { queries: 'query', keys: 'key' };
  picture = { n, labels, weight, cursor: { row: n - 1, column: 0 }, axes };
  byId('keys', HTMLElement).replaceChildren(
    make('tr', {}, make('th', {}, 'query'), ...labels.map((key) => make('th', {}, key))),
  );
  byId('weights', HTMLElement).replaceChildren(
    ...labels.map((query, row) => {
      const cells = labels.slice(0, row + 1).map((_, key) => weight(row, key).toFixed(3));
      return make('tr', {}, make('th', {}, query), ...cells.map((w) => make('td', {}, w)));
    }),
  );
  paint();
  shown = { ids, probabilities: softmax(logits) };
  await list('before', shown.probabilities);
  byId('after', HTMLElement).replaceChildren();
  tell(`tales · block ${layer.value}, head ${head.value} · ${n} tokens.`);
}

async function showWithout() {
  const { ids, probabilities } = shown;
  const { logits } = await evaluate(ids, { edits: [{ name: 'z', ...place(), op: 'zero' }] });
  await list('after', softmax(logits), probabilities);
  tell(`Evaluated again with head ${head.value} of block ${layer.value} set to zero.`);
}

/**
 * The five most probable tokens, and how much they changed.
 * @param {string} id of a list @param {Float32Array} p probabilities @param {Float32Array} [before]
 */
async function list(id, p, before) {
  const best = [...p.keys()].sort((a, b) => p[b] - p[a]).slice(0, 5);
  const named = await pieces(await load(), best);
  const rows = best.map((token, i) => {
    const bar = make('i', { ariaHidden: 'true' });
    setVariable(bar, '--share', p[token]);
    const cells = [percent(p[token]), ...(before ? [change(p[token] - before[token])] : [])];
    const numbers = cells.map((cell) => make('span', { className: 'numbers' }, cell));
    return make('li', {}, chip(named[i]), bar, ...numbers);
  });
  byId(id, HTMLElement).replaceChildren(...rows);
}

/** In percentage points. @param {number} p */
const change = (p) => `${p < 0 ? '−' : '+'}${(100 * Math.abs(p)).toFixed(1)}`;

/* ---- The matrix ------------------------------------------------------------------------------ */

function paint() {
  if (!picture) return;
  drawMatrix(canvas, picture);
  const { row, column } = picture.cursor;
  const [query, key] = [picture.labels[row], picture.labels[column]];
  const value = picture.weight(row, column).toFixed(3);
  byId('cell', HTMLElement).textContent =
    `“${query}” (${row}) looks at “${key}” (${column}): ${value}`;
}

/** @param {number} row @param {number} column */
function moveTo(row, column) {
  if (!picture || row < 0 || row >= picture.n || column < 0 || column > row) return;
  picture.cursor = { row, column };
  paint();
}

canvas.addEventListener('pointermove', ({ offsetX, offsetY }) => {
  if (!picture) return;
  const { gutter, cell } = geometry(canvas, picture.n);
  moveTo(Math.floor((offsetY - gutter.y) / cell), Math.floor((offsetX - gutter.x) / cell));
});
canvas.addEventListener('keydown', (event) => {
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const step = /** @type {Record<string, number[]>} */ (steps)[event.key];
  if (!step || !picture) return;
  event.preventDefault();
  moveTo(picture.cursor.row + step[0], picture.cursor.column + step[1]);
});
addEventListener('resize', paint);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);

/* ---- The page -------------------------------------------------------------------------------- */

/** One request at a time; controls wait for it. @param {() => Promise<void>} work */
async function during(work) {
  const controls = [read, ablate, layer, head];
  for (const control of controls) control.disabled = true;
  try {
    await work();
  } catch (error) {
    const { code, message } = /** @type {any} */ (error);
    tell(code ? `${code}: ${message}` : message, true);
    if (code === 'ENGINE_CRASHED' || code === 'WORKER') [model, session] = []; // load again
  }
  for (const control of controls) control.disabled = false;
  ablate.disabled = !picture;
  if (model) read.textContent = 'Read';
}

/** @param {HTMLSelectElement} select @param {number} n @param {number} chosen */
function fill(select, n, chosen) {
  select.append(...Array.from({ length: n }, (_, i) => make('option', {}, String(i))));
  select.selectedIndex = chosen;
}
fill(layer, 6, 0); // as the tales model has
fill(head, 8, 0);
byId('form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  during(showPattern);
});
for (const select of [layer, head])
  select.addEventListener('change', () => picture && during(showPattern));
ablate.addEventListener('click', () => during(showWithout));
document.body.dataset.ready = '';
