/**
 * load.js - the model panel: what can be loaded, how big it is, how far it is, how it went.
 *
 * Nothing is downloaded before a click on a button that names the size. For an address that the
 * reader types, a first click asks its server for the size (a HEAD request) and the second one
 * loads. A file from the reader's own disk loads at once: it is no download.
 */

import { byId, make } from '../ui/dom.js';
import { count, explain, number, shorten, size, time } from '../ui/format.js';
import { currentLanguage, t } from '../ui/i18n.js';
import { stop } from './play.js';
import { emit, on, state } from './state.js';

/**
 * A line of the catalogue: `type` of the weights, size of the file, page of its maker, address
 * (relative to this page). One with a `language` comes with the page and is the one to start with
 * in that language.
 * @typedef {{ name: string, parameters: number, type: string, bytes: number,
 *   license: string, page: string, url: string, language?: string }} Entry
 */

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
/** The address whose size was asked for, and the answer (NaN: not told). */
let asked = { url: '', bytes: NaN };
/** @type {() => string} */
let said = () => '';

/** @param {() => string} sentence @param {boolean} [wrong] */
function say(sentence, wrong = false) {
  said = sentence;
  statusLine.textContent = sentence();
  statusLine.classList.toggle('wrong', wrong);
}

/**
 * What the page may be told while bytes arrive: how many, how fast, how long still.
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
 * @param {number} [bytes] if known before
 */
async function load(source, name, bytes) {
  controller?.abort();
  const own = new AbortController();
  controller = own;
  bar.value = 0;
  cancelButton.disabled = false;
  say(() => t('model.loading', { name: shorten(name) }));
  state.model?.close(); // first: whatever its engine is at, nothing waits for it
  await stop();
  setModel(null, '');
  const began = performance.now();
  try {
    let total = bytes ?? 0;
    const meter = progressMeter(bytes);
    const { loadModel } = await import('../jielong.js');
    const model = await loadModel(source, {
      signal: own.signal,
      onProgress: (progress) => {
        total = progress.loaded;
        if (controller === own) meter(progress);
      },
    });
    const seconds = (performance.now() - began) / 1000;
    state.loading = { seconds, bytes: total };
    choose.open = false;
    setModel(model, name);
    say(() =>
      t('model.ready', { name: state.modelName, size: size(total), seconds: time(seconds) }),
    );
    byId('prompt', HTMLTextAreaElement).focus({ preventScroll: true });
  } catch (e) {
    if (controller !== own) return; // another load has taken over
    if (own.signal.aborted) say(() => t('model.cancelled'));
    else say(() => explain(e), true);
  }
  bar.value = 0;
  barText.textContent = '';
  cancelButton.disabled = true;
}

/** @param {import('../jielong.js').Model | null} model @param {string} name */
function setModel(model, name) {
  state.model = model;
  state.modelName = shorten(name);
  show();
  emit('model');
}

/** Everything whose words depend on the language. */
function show() {
  const { model } = state;
  line.textContent = model ? state.modelName : t('model.none');
  line.classList.toggle('loaded', !!model);
  const summary = choose.querySelector('summary');
  if (summary) summary.textContent = t(model ? 'model.chooseOther' : 'model.choose');
  statusLine.textContent = said();
  showCatalogue();
  showUrl();
  showFacts();
}

/** @param {Entry} entry */
const loadEntry = (entry) => load(entry.url, entry.name, entry.bytes);

/** The language's own model first. */
function showCatalogue() {
  const own = (/** @type {Entry} */ entry) => Number(entry.language === currentLanguage());
  const entries = [...catalogue].sort((a, b) => own(b) - own(a));
  const [first] = entries;
  state.ready = first ? { bytes: first.bytes, load: () => loadEntry(first) } : null;
  byId('catalogue', HTMLElement).replaceChildren(
    ...entries.map((entry) => {
      const here = new URL(entry.url, location.href).origin === location.origin;
      const words = t(here ? 'model.loadHere' : 'model.load', { size: size(entry.bytes) });
      const className = entry === first ? 'primary' : '';
      const button = make('button', { type: 'button', className, value: entry.url }, words);
      button.addEventListener('click', () => loadEntry(entry));
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
  const known = asked.url && asked.url === urlInput.value;
  if (!known) urlButton.textContent = t('model.ask');
  else if (asked.bytes) urlButton.textContent = t('model.load', { size: size(asked.bytes) });
  else urlButton.textContent = t('model.loadUnknown');
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

/** The first click asks how big the file is, the second one loads it. @param {Event} event */
async function submitUrl(event) {
  event.preventDefault();
  const url = urlInput.value;
  if (asked.url === url) {
    load(url, fileName(url), asked.bytes || undefined);
    return;
  }
  urlButton.disabled = true;
  asked = { url, bytes: NaN };
  try {
    const { ok, status, headers } = await fetch(url, { method: 'HEAD' });
    if (ok) asked.bytes = Number(headers.get('content-length') ?? NaN);
    else refuse(url, status);
  } catch {
    // Some servers refuse HEAD but give the file; the load itself will say what is wrong.
  }
  urlButton.disabled = false;
  showUrl();
  urlButton.focus();
}

/** The server has no such file. @param {string} url @param {number} status */
function refuse(url, status) {
  asked = { url: '', bytes: NaN };
  say(() => t('error.HTTP', { where: url, message: String(status) }), true);
}

/** @param {string} url */
const fileName = (url) => new URL(url, location.href).pathname.split('/').at(-1) || url;

/** A file that was picked or dropped. @param {File | undefined} file */
function loadFile(file) {
  if (file) load(file, file.name, file.size);
}

/** Connects the panel. */
export async function setUp() {
  const picker = byId('file', HTMLInputElement);
  byId('file-go', HTMLButtonElement).addEventListener('click', () => picker.click());
  picker.addEventListener('change', () => {
    const file = picker.files?.[0];
    picker.value = ''; // or the same file, picked again, would be no change
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
  on('language', show);
  const response = await fetch(new URL('../models/catalogue.json', import.meta.url));
  catalogue = await response.json();
  show();
}
