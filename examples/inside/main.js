/**
 * main.js - draws one head's attention (a tap), sets its output to zero (an edit), shows both predictions.
 */
import { loadModel } from '../../web/jielong.js';
import { byId, make, setVariable } from '../../web/ui/dom.js';
import { chip, label, pieces } from '../../web/ui/pieces.js';

const [layer, head] = ['layer', 'head'].map((id) => byId(id, HTMLSelectElement));
const ablate = byId('ablate', HTMLButtonElement);
const place = () => ({ layer: Number(layer.value), head: Number(head.value) });
/** @template {HTMLElement} T @param {T} element @param {number} share @returns {T} */
function shaded(element, share) {
  setVariable(element, '--share', share);
  return element;
}
/** @param {string} words */
const tell = (words) => byId('status', HTMLElement).replaceChildren(words);
/** @type {import('../../web/jielong.js').Session | undefined} */ let session;

/** Evaluates the text in an empty session. @param {import('../../web/jielong.js').RunOptions} options */
async function evaluate(options) {
  session ??= await loadModel('../../web/models/tales.gguf', {
    onProgress: ({ loaded }) => tell(`Loading: ${(loaded / 1e6).toFixed(1)} of 9.2 MB.`),
  }).then((model) => model.createSession());
  const { model } = session;
  const ids = await model.tokenize(byId('text', HTMLInputElement).value, { bos: true });
  await session.rewind(0);
  return { model, ...(await session.run(ids, options)) };
}

async function showHead() {
  const { model, ids, taps, logits } = await evaluate({ taps: [{ name: 'pattern', ...place() }] });
  const names = (await pieces(model, ids)).map(label);
  const rows = names.map((name, query) => {
    const weights = taps[0].data.slice(query * names.length, query * names.length + query + 1);
    const cells = Array.from(weights, (w) => shaded(make('td', {}, w.toFixed(2)), w));
    return make('tr', {}, make('th', { scope: 'row' }, name), ...cells);
  });
  const keys = names.map((name) => make('th', { scope: 'col' }, name));
  byId('weights', HTMLElement).replaceChildren(make('tr', {}, make('td'), ...keys), ...rows);
  byId('after', HTMLElement).replaceChildren();
  await showPrediction('before', model, logits);
  tell(`tales · block ${layer.value}, head ${head.value} · ${names.length} tokens`);
}

async function showWithout() {
  const { model, logits } = await evaluate({ edits: [{ name: 'z', ...place(), op: 'zero' }] });
  await showPrediction('after', model, logits);
  tell(`tales · block ${layer.value}, head ${head.value} set to zero`);
}

/** @param {string} id @param {import('../../web/jielong.js').Model} model @param {Float32Array} logits */
async function showPrediction(id, model, logits) {
  const best = [...logits.keys()].sort((a, b) => logits[b] - logits[a]).slice(0, 5);
  const total = logits.reduce((sum, x) => sum + Math.exp(x - logits[best[0]]), 0);
  const rows = (await pieces(model, best)).map((piece) => {
    const p = Math.exp(logits[piece.id] - logits[best[0]]) / total;
    const bar = shaded(make('i', { ariaHidden: 'true' }), p);
    return make('li', {}, chip(piece), bar, `${(100 * p).toFixed(1)}%`);
  });
  byId(id, HTMLElement).replaceChildren(...rows);
}

/** One request at a time. @param {() => Promise<void>} work */
async function during(work) {
  const controls = byId('controls', HTMLFieldSetElement);
  controls.disabled = ablate.disabled = true;
  await work().catch((e) => tell(e.code ? `${e.code}: ${e.message}` : e.message));
  controls.disabled = false;
  ablate.disabled = !session;
  if (session) byId('read', HTMLElement).textContent = 'Read';
}

/** @param {HTMLSelectElement} select @param {number} n */
const fill = (select, n) =>
  select.append(...Array.from({ length: n }, (_, i) => make('option', {}, String(i))));
fill(layer, 6);
fill(head, 8);
layer.onchange = head.onchange = () => during(showHead);
ablate.onclick = () => during(showWithout);
byId('form', HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  during(showHead);
};
document.body.dataset.ready = ''; // style.css shows the page
