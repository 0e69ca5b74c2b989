/**
 * speed.js - figure 4: how fast the loaded model runs in this browser, as lines that can be copied.
 *
 * Measures only when asked to, in a session of its own, and stops when the reader makes the model write.
 * The list is there before the numbers are, so nothing moves when they come.
 */

import { measure } from '../../api/bench.js';
import { byId, make } from '../../ui/dom.js';
import { count, explain, number, size, time } from '../../ui/format.js';
import { t } from '../../ui/i18n.js';
import { on, state } from '../state.js';

const [READ, DRAWN] = [128, 32]; // tokens

const go = byId('speed-go', HTMLButtonElement);
const stopButton = byId('speed-stop', HTMLButtonElement);
const copy = byId('speed-copy', HTMLButtonElement);
const list = byId('speed-list', HTMLElement);
const status = byId('speed-status', HTMLElement);

/** @type {AbortController | undefined} what runs */
let controller;
/** @type {{ pp: number, tg: number } | undefined} of the model that is loaded */
let speeds;
/** @type {() => string} */
let said = () => '';

/** @param {() => string} sentence @param {boolean} [wrong] */
function say(sentence, wrong = false) {
  said = sentence;
  status.textContent = sentence();
  status.classList.toggle('wrong', wrong);
}

/** Name and version of the browser, as far as it says them. */
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
    [t('speed.prefill', { count: number(READ) }), rate(speeds?.pp)],
    [t('speed.decode', { count: number(DRAWN) }), rate(speeds?.tg)],
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

/** What the status line invites to. */
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
      pp: READ,
      tg: DRAWN,
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

/** Into the clipboard; where the page may not, the lines are selected for the reader to copy. */
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
