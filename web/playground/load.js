/**
 * load.js - the model panel: catalogue, sizes, progress and status.
 *
 * The included model of the page's language is in use until the reader loads another; the figures load it. A download
 * starts only after a click on a button with its size. Of a model from elsewhere the first click reads the header of
 * its file and says what it costs (bytes, memory, speed, whether it fits), and the second one loads. Large files are
 * kept on this device and continue where they stopped. A local file loads at once, because it needs no download.
 */

import { byId, make } from '../ui/dom.js';
import { count, explain, number, shorten, size, time } from '../ui/format.js';
import { currentLanguage, t } from '../ui/i18n.js';
import { refresh, setUpKept, shortName } from './kept.js';
import { emit, on, state } from './state.js';

/** @typedef {import('./state.js').Entry} Entry */
/** @typedef {import('../api/types.js').Forecast} Forecast */

const line = byId('model-line', HTMLElement);
const bar = byId('progress', HTMLProgressElement);
const barText = byId('progress-text', HTMLElement);
const cancelButton = byId('cancel', HTMLButtonElement);
const statusLine = byId('load-status', HTMLElement);
const urlInput = byId('url', HTMLInputElement);
const urlButton = byId('url-go', HTMLButtonElement);
const choose = byId('choose', HTMLDetailsElement);
const facts = byId('facts', HTMLElement);

/** @type {Entry[]} */
let catalogue = [];
/** @type {AbortController | undefined} */
let controller;
/** What models cost, by address, once the reader has asked. @type {Map<string, Forecast>} */
const costs = new Map();
const KEPT_BYTES = 2 ** 24; // smaller files are left to the browser's own cache
/** @type {() => string} */
let said = () => '';

/** @param {() => string} sentence @param {boolean} [wrong] */
function say(sentence, wrong = false) {
  said = sentence;
  statusLine.textContent = sentence();
  statusLine.classList.toggle('wrong', wrong);
}

/**
 * Shows progress: bytes, rate, remaining time.
 * @param {number} [expected]
 */
function progressMeter(expected) {
  const began = performance.now();
  return (/** @type {import('../jielong.js').Progress} */ { loaded, total = expected }) => {
    const rate = (loaded * 1000) / Math.max(1, performance.now() - began);
    if (total) bar.value = loaded / total;
    else bar.removeAttribute('value');
    const values = { loaded: size(loaded), rate: size(rate) };
    const left = total ? (total - loaded) / rate : 0; // seconds
    barText.textContent = total
      ? t(left < 1 ? 'model.bytesEnd' : 'model.bytes', {
          ...values,
          total: size(total),
          left: time(left),
        })
      : t('model.bytesOnly', values);
  };
}

/**
 * @param {import('../jielong.js').Source} source
 * @param {string} name
 * @param {number} [bytes] if known
 * @param {{ store?: boolean, memoryLimit?: number }} [options] store: whether the file is kept
 */
async function load(source, name, bytes, { store = false, memoryLimit } = {}) {
  controller?.abort();
  const own = new AbortController();
  controller = own;
  bar.value = 0;
  cancelButton.disabled = false;
  say(() => t('model.loading', { name: shorten(name) }));
  const began = performance.now();
  try {
    let total = bytes ?? 0;
    const meter = progressMeter(bytes);
    const { loadModel } = await import('../jielong.js');
    const model = await loadModel(source, {
      signal: own.signal,
      ...{ store, memoryLimit },
      onProgress: (progress) => {
        total = progress.loaded;
        if (controller === own) meter(progress);
      },
    });
    const seconds = (performance.now() - began) / 1000;
    if (controller !== own) return void model.close();
    state.loading = { seconds, bytes: total };
    choose.open = false;
    setModel(model, name);
    say(() =>
      t('model.ready', { name: state.modelName, size: size(total), seconds: time(seconds) }),
    );
  } catch (e) {
    if (controller !== own) return; // replaced by another load
    if (own.signal.aborted) say(() => t(store ? 'model.stopped' : 'model.cancelled'));
    else say(() => explain(e), true);
  }
  if (store) await refresh(loadKept);
  bar.value = 0;
  barText.textContent = '';
  cancelButton.disabled = true;
}

/** The model before is in use until now, so that a load that fails leaves it. @param {import('../jielong.js').Model} model @param {string} name */
function setModel(model, name) {
  const before = state.model;
  state.model = model;
  state.modelName = shorten(name);
  show();
  emit('model');
  before?.close();
}

/** What the model line says of the model in use. */
function modelText() {
  const { model, included, loading } = state;
  const about = model
    ? { name: state.modelName, parameters: model.info.parameters, type: model.info.fileType }
    : included;
  if (!about) return '';
  return t('model.line', {
    name: about.name,
    parameters: count(about.parameters, 3),
    type: about.type ?? '–',
    size: size(model ? loading.bytes : (included?.bytes ?? 0)),
  });
}

/** Updates all language-dependent text. */
function show() {
  line.textContent = modelText();
  statusLine.textContent = said();
  showCatalogue();
  showUrl();
  showFacts();
}

/** The language's default model is first. */
function showCatalogue() {
  const own = (/** @type {Entry} */ entry) => Number(entry.language === currentLanguage());
  const entries = [...catalogue].sort((a, b) => own(b) - own(a));
  byId('catalogue', HTMLElement).replaceChildren(
    ...entries.map((entry) => {
      const here = new URL(entry.url, location.href).origin === location.origin;
      const cost = costs.get(entry.url);
      const ask = t('model.check', { size: size(entry.bytes) });
      const words = here
        ? t('model.loadHere', { size: size(entry.bytes) })
        : cost
          ? goWords(cost)
          : ask;
      const button = make('button', { type: 'button', value: entry.url }, words);
      button.addEventListener('click', async () => {
        if (here) return load(entry.url, entry.name, entry.bytes);
        if (cost) return loadPriced(entry.url, entry.name);
        await askCost(entry.url, entry.name);
        refocus(entry.url);
      });
      const about = {
        parameters: count(entry.parameters),
        type: entry.type,
        license: entry.license,
      };
      const name = make('a', { href: entry.page, rel: 'noreferrer', target: '_blank' }, entry.name);
      const what = make('span', { className: 'about' }, t('model.describe', about));
      return make('li', { className: 'row' }, make('span', {}, name, what), button);
    }),
  );
}

function showUrl() {
  const cost = costs.get(urlInput.value);
  urlButton.textContent = cost ? goWords(cost) : t('model.ask');
}

function showFacts() {
  const { model } = state;
  facts.hidden = !model;
  if (!model) return;
  const { info } = model;
  /** @type {Record<string, string | null>} */
  const values = {
    name: info.name,
    architecture: info.architecture,
    parameters: number(info.parameters),
    fileType: info.fileType,
    layers: number(info.layers),
    heads: `${number(info.heads)} (${number(info.kvHeads)})`,
    embeddingLength: number(info.embeddingLength),
    vocabularySize: number(info.vocabularySize),
    contextLength: number(info.contextLength),
    tokenizer: info.tokenizer,
    memory: `${size(info.memory.weights)}, ${size(info.memory.perContextToken)}`,
    kernels: `${info.kernels}, ${info.precision}, ${number(info.threads)}`,
    license: info.license,
  };
  byId('facts-list', HTMLElement).replaceChildren(
    ...Object.entries(values).map(([key, value]) =>
      make(
        'div',
        {},
        make('dt', {}, t(`facts.${key}`)),
        make('dd', {}, shorten(value ?? t('facts.unknown'))),
      ),
    ),
  );
}

/* ---- What a model costs ---------------------------------------------------------------------- */

/** Of the button that loads. @param {Forecast} cost */
const goWords = ({ bytesToFetch }) =>
  bytesToFetch ? t('model.load', { size: size(bytesToFetch) }) : t('model.loadKept');

/** What a model costs, in a sentence. @param {string} name @param {Forecast} cost */
function costWords(
  name,
  { bytesToFetch, keptBytes, memory, contextLength, limit, fits, tokensPerSecond },
) {
  const bytes = { size: size(bytesToFetch), kept: size(keptBytes) };
  const download = bytesToFetch ? (keptBytes ? 'cost.rest' : 'cost.download') : 'cost.kept';
  const needs = { memory: size(memory.total), context: number(contextLength) };
  const rate = number(tokensPerSecond ?? 0, { maximumSignificantDigits: 2 });
  const parts = [
    t('cost.of', { name: shorten(name) }),
    t(download, bytes),
    t('cost.memory', needs),
    fits ? t('cost.fits') : t('cost.tooLarge', { limit: size(limit.bytes) }),
    tokensPerSecond ? t('cost.speed', { rate }) : '',
  ];
  return parts.filter(Boolean).join(currentLanguage() === 'en' ? ' ' : '');
}

/** Reads the header of a file and says what the model costs. @param {string} url @param {string} name */
async function askCost(url, name) {
  controller?.abort();
  const own = new AbortController();
  controller = own;
  cancelButton.disabled = false;
  bar.removeAttribute('value');
  barText.textContent = t('model.checking', { name: shorten(name) });
  say(() => t('model.checking', { name: shorten(name) }));
  try {
    const { inspect } = await import('../stored.js');
    const cost = await inspect(url, { signal: own.signal });
    if (controller !== own) return; // replaced by another one, or by a load
    costs.set(url, cost);
    say(() => costWords(name, cost), !cost.fits);
    show();
  } catch (e) {
    if (controller !== own) return;
    if (own.signal.aborted) say(() => t('model.cancelled'));
    else say(() => explain(e), true);
  }
  bar.value = 0;
  barText.textContent = '';
  cancelButton.disabled = true;
}

/** Loads a model whose cost was said. @param {string} url @param {string} name */
function loadPriced(url, name) {
  const { fileBytes, keptBytes, limit } = /** @type {Forecast} */ (costs.get(url));
  const store = fileBytes > KEPT_BYTES || keptBytes > 0;
  if (store) costs.delete(url); // what is kept of it changes
  return load(url, name, fileBytes, { store, memoryLimit: limit.bytes });
}

/** The catalogue was drawn again. @param {string} url */
function refocus(url) {
  const all = byId('catalogue', HTMLElement).querySelectorAll('button');
  for (const button of all) if (button.value === url) button.focus();
}

/** @param {import('../stored.js').Stored} file */
const loadKept = ({ name, size: bytes }) => load(name, shortName(name), bytes, { store: true });

/** The first click asks for the cost, the second one loads. @param {Event} event */
async function submitUrl(event) {
  event.preventDefault();
  const url = urlInput.value;
  if (costs.has(url)) return loadPriced(url, shortName(url));
  await askCost(url, shortName(url));
  showUrl();
}

/** Loads a picked or dropped file. @param {File | undefined} file */
function loadFile(file) {
  if (file) load(file, file.name, file.size);
}

/** Uses the included model of the page's language, until the reader loads another. */
export function useIncluded() {
  state.included = catalogue.find(({ language }) => language === currentLanguage()) ?? null;
}

/** Connects the panel. */
export async function setUp() {
  const picker = byId('file', HTMLInputElement);
  byId('file-go', HTMLButtonElement).addEventListener('click', () => picker.click());
  picker.addEventListener('change', () => {
    const file = picker.files?.[0];
    picker.value = ''; // so that picking the same file again fires `change`
    loadFile(file);
  });
  byId('url-form', HTMLFormElement).addEventListener('submit', submitUrl);
  urlInput.addEventListener('input', showUrl);
  cancelButton.addEventListener('click', () => controller?.abort());
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('dropping');
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) document.body.classList.remove('dropping');
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('dropping');
    loadFile(event.dataTransfer?.files[0]);
  });
  setUpKept(loadKept);
  on('language', show);
  const response = await fetch(new URL('../models/catalogue.json', import.meta.url));
  catalogue = await response.json();
  show();
}
