/**
 * speed.js - the speed of the model in this browser, as lines to copy.
 *
 * Measures on request, when no figure computes. The figures load the included model with precision 'exact', so its speed
 * is that of a copy with the default precision. The list is shown before the numbers, so that the layout does not move.
 */

import { measure } from '../api/bench.js';
import { inTurn } from '../elements/engine.js';
import { byId, make } from '../ui/dom.js';
import { count, explain, number, size, time } from '../ui/format.js';
import { t } from '../ui/i18n.js';
import { on, state } from './state.js';

/** @typedef {import('../jielong.js').Model} Model */

const [PREFILL, DECODE] = [128, 32]; // tokens

const go = byId('speed-go', HTMLButtonElement);
const stopButton = byId('speed-stop', HTMLButtonElement);
const copy = byId('speed-copy', HTMLButtonElement);
const list = byId('speed-list', HTMLElement);
const status = byId('speed-status', HTMLElement);

/** @type {AbortController | undefined} of the running measurement */
let controller;
/** @type {{ pp: number, tg: number } | undefined} of the model */
let speeds;
/** What was measured last. @typedef {{ info: Model['info'], name: string, seconds: number, bytes: number }} Measured */
/** @type {Measured | undefined} */
let measured;
/** @type {() => string} */
let said = () => '';

/** @param {() => string} sentence @param {boolean} [wrong] */
function say(sentence, wrong = false) {
  said = sentence;
  status.textContent = sentence();
  status.classList.toggle('wrong', wrong);
}

/** Name and version of the browser, if known. */
function browserName() {
  const agent = navigator.userAgent;
  const known = /** @type {const} */ ([
    [/Edg\/(\d+)/, 'Edge'],
    [/Firefox\/(\d+)/, 'Firefox'],
    [/Chrome\/(\d+)/, 'Chromium'],
    [/Version\/([\d.]+).*Safari/, 'Safari'],
  ]);
  for (const [pattern, name] of known) {
    const version = agent.match(pattern)?.[1];
    if (version) return `${name} ${version}`;
  }
  return agent;
}

/** What the lines are about: the reader's model, else the included one if it was measured. @returns {Measured | undefined} */
function subject() {
  const { model, modelName: name, loading } = state;
  return model ? { info: model.info, name, ...loading } : measured;
}

/** Label and value of each line. @returns {[string, string][]} */
function lines() {
  const about = subject();
  const info = about?.info;
  const rate = (/** @type {number | undefined} */ n) =>
    n === undefined ? '–' : t('speed.rate', { rate: number(n, { maximumSignificantDigits: 3 }) });
  const weights = { parameters: count(info?.parameters ?? 0), type: info?.fileType ?? '–' };
  const loading = { size: size(about?.bytes ?? 0), seconds: time(about?.seconds ?? 0) };
  const threads = { threads: number(info?.threads ?? 0) };
  const cores = number(navigator.hardwareConcurrency ?? 1);
  return [
    [t('speed.model'), about?.name ?? '–'],
    [t('speed.weights'), info ? t('speed.about', weights) : '–'],
    [t('speed.prefill', { count: number(PREFILL) }), rate(speeds?.pp)],
    [t('speed.decode', { count: number(DECODE) }), rate(speeds?.tg)],
    [t('speed.load'), info ? t('speed.loaded', loading) : '–'],
    [t('speed.kernels'), info?.kernels ?? '–'],
    [t('speed.threads'), info ? t('speed.threadsOf', { ...threads, cores }) : '–'],
    [t('speed.browser'), browserName()],
  ];
}

function show() {
  list.replaceChildren(
    ...lines().map(([label, value]) =>
      make('div', {}, make('dt', {}, label), make('dd', {}, value)),
    ),
  );
  const { model, included } = state;
  go.textContent = model ? t('speed.go') : t('speed.goLoad', { size: size(included?.bytes ?? 0) });
  go.disabled = !!controller || !(model || included);
  stopButton.disabled = !controller;
  copy.disabled = !speeds;
  status.textContent = said();
}

/** A copy of the included model with the default precision. @param {AbortSignal} signal */
async function loadIncluded(signal) {
  const { name, url } = /** @type {import('./state.js').Entry} */ (state.included);
  const began = performance.now();
  let bytes = 0;
  say(() => t('model.loading', { name }));
  const { loadModel } = await import('../jielong.js');
  const model = await loadModel(url, { signal, onProgress: ({ loaded }) => (bytes = loaded) });
  measured = { info: model.info, name, seconds: (performance.now() - began) / 1000, bytes };
  return model;
}

/** @param {Model} model @param {AbortSignal} signal */
const measureIn = (model, signal) =>
  measure(model, {
    pp: PREFILL,
    tg: DECODE,
    signal,
    onRound: (round, rounds) =>
      say(() => t(round ? 'speed.round' : 'speed.warm', { round, rounds })),
  });

async function run() {
  const { model } = state;
  const own = new AbortController();
  const { signal } = own;
  controller = own;
  speeds = undefined;
  show();
  try {
    const used = model ?? (await loadIncluded(signal));
    try {
      const found = await inTurn(
        () => measureIn(used, signal),
        signal,
        () => undefined,
      );
      (await import('../stored.js')).rememberSpeed(used.info, found);
      if (state.model === model) speeds = found;
    } finally {
      if (used !== model) used.close();
    }
    say(() => t('speed.done'));
  } catch (e) {
    if (signal.aborted) say(() => t('speed.stopped'));
    else say(() => explain(e), true);
  }
  controller = undefined;
  show();
}

/** Copies to the clipboard; if that is not allowed, selects the lines for the user. */
async function copyLines() {
  const text = lines()
    .map(([label, value]) => `${label}: ${value}`)
    .join('\n');
  try {
    await navigator.clipboard.writeText(text);
    say(() => t('speed.copied'));
  } catch {
    getSelection()?.selectAllChildren(list);
    say(() => t('speed.selected'));
  }
}

/** Connects the figure. */
export function setUp() {
  go.addEventListener('click', run);
  stopButton.addEventListener('click', () => controller?.abort());
  copy.addEventListener('click', copyLines);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') controller?.abort();
  });
  on('model', () => {
    controller?.abort();
    speeds = undefined;
    say(() => t('speed.ready'));
    show();
  });
  on('language', show);
  say(() => t('speed.ready'));
  show();
}
