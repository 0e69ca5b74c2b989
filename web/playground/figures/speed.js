/**
 * speed.js - figure 4: the speed of the loaded model in this browser, as lines to copy.
 *
 * Measures on request, in its own session; a generation stops it. The list is shown before the numbers,
 * so that the layout does not move.
 */

import { measure } from '../../api/bench.js';
import { byId, make } from '../../ui/dom.js';
import { count, explain, number, size, time } from '../../ui/format.js';
import { t } from '../../ui/i18n.js';
import { on, state } from '../state.js';

const [PREFILL, DECODE] = [128, 32]; // tokens

const go = byId('speed-go', HTMLButtonElement);
const stopButton = byId('speed-stop', HTMLButtonElement);
const copy = byId('speed-copy', HTMLButtonElement);
const list = byId('speed-list', HTMLElement);
const status = byId('speed-status', HTMLElement);

/** @type {AbortController | undefined} of the running measurement */
let controller;
/** @type {{ pp: number, tg: number } | undefined} of the loaded model */
let speeds;
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

/** Label and value of each line. @returns {[string, string][]} */
function lines() {
  const info = state.model?.info;
  const rate = (/** @type {number | undefined} */ n) =>
    n === undefined ? '–' : t('speed.rate', { rate: number(n, { maximumSignificantDigits: 3 }) });
  const { seconds, bytes } = state.loading;
  const about = { parameters: count(info?.parameters ?? 0), type: info?.fileType ?? '–' };
  const loading = { size: size(bytes), seconds: time(seconds) };
  const threads = { threads: number(info?.threads ?? 0) };
  const cores = number(navigator.hardwareConcurrency ?? 1);
  return [
    [t('speed.model'), info ? state.modelName : '–'],
    [t('speed.weights'), info ? t('speed.about', about) : '–'],
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
  go.disabled = !state.model || state.busy || !!controller;
  stopButton.disabled = !controller;
  copy.disabled = !speeds;
  if (!controller) say(said);
}

/** Shows the next possible action. */
function invite() {
  if (state.busy) say(() => t('inside.wait'));
  else say(() => t(state.model ? 'speed.ready' : 'play.needModel'));
}

async function run() {
  const { model } = state;
  if (!model) return;
  const own = new AbortController();
  controller = own;
  speeds = undefined;
  show();
  try {
    const measured = await measure(model, {
      pp: PREFILL,
      tg: DECODE,
      signal: own.signal,
      onRound: (round, rounds) =>
        say(() => t(round ? 'speed.round' : 'speed.warm', { round, rounds })),
    });
    if (state.model === model) speeds = measured;
    say(() => t('speed.done'));
  } catch (e) {
    if (own.signal.aborted) say(() => t('speed.stopped'));
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
    invite();
    show();
  });
  on('busy', () => {
    if (state.busy) controller?.abort();
    if (!controller && !speeds) invite();
    show();
  });
  on('language', show);
  invite();
  show();
}
