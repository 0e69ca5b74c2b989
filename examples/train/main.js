/**
 * main.js - a page that trains a model on a text and shows loss curve, samples and the final model.
 *
 * createTrainer and trainer.run do the training, in a worker, so that the page stays responsive; the rest is
 * user interface. Pause leaves the loop; Stop aborts it and drops the trainer.
 */
import { createTrainer, loadModel } from '../../web/jielong.js';
import { byId, make } from '../../web/ui/dom.js';
import { explain, number, size, time } from '../../web/ui/format.js';
import {
  currentLanguage,
  firstLanguage,
  rememberLanguage,
  t,
  useLanguage,
} from '../../web/ui/i18n.js';
import { draw } from '../../web/ui/plot.js';
import * as theme from '../../web/ui/theme.js';

const asked = new URLSearchParams(location.search);
const steps = Number(asked.get('steps')) || 600;
const config = {
  steps,
  evaluateEvery: Math.ceil(steps / 40),
  sampleEvery: Math.ceil(steps / 12),
};

const text = byId('text', HTMLTextAreaElement);
const [start, pause, stop, download, load, write] = [
  'start',
  'pause',
  'stop',
  'download',
  'load',
  'write',
].map((id) => byId(id, HTMLButtonElement));
const plot = /** @type {SVGElement} */ (/** @type {unknown} */ (document.getElementById('plot')));

/** @type {import('../../web/train.js').Trainer | undefined} */
let trainer;
/** @type {import('../../web/jielong.js').Model | undefined} */
let model;
/** 'idle' | 'running' | 'pausing' | 'paused' | 'done' */
let state = 'idle';
let controller = new AbortController();
/** @type {[number, number][]} */ let losses = [];
/** @type {[number, number][]} */ let heldOut = [];
let rate = 0; // steps per second

/** Generated texts, updated after a language change. @type {Map<HTMLElement, () => string>} */
const labels = new Map();
/** @param {HTMLElement} element @param {() => string} words */
function relabel(element, words) {
  labels.set(element, words);
  element.textContent = words();
}

/* ---- Display ---------------------------------------------------------------------------------- */

const whole = (/** @type {number} */ value) => number(value, { maximumFractionDigits: 0 });
const nats = (/** @type {number} */ value) =>
  number(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** @param {() => string} words @param {boolean} [wrong] */
function tell(words, wrong = false) {
  const line = byId('status', HTMLElement);
  relabel(line, words);
  line.classList.toggle('wrong', wrong);
}

function show() {
  const running = state === 'running' || state === 'pausing';
  text.readOnly = state !== 'idle';
  start.disabled = state !== 'idle' || !text.value;
  start.textContent = t('train.start', {
    size: size(new Blob([text.value]).size),
    steps: whole(steps),
  });
  pause.disabled = state !== 'running' && state !== 'paused';
  pause.textContent = t(state === 'paused' ? 'train.resume' : 'train.pause');
  stop.disabled = state === 'idle';
  download.disabled = load.disabled = running || state === 'idle';
  download.textContent = trainer
    ? t('train.download', { size: size(trainer.info.parameters * 4) })
    : t('train.downloadNone');
  showMeter();
}

function showMeter() {
  const step = trainer?.step ?? 0;
  const left = rate > 0 && state === 'running' ? (steps - step) / rate : 0; // seconds
  const known = left < 1 ? 'train.meterEnd' : 'train.meter';
  byId('meter', HTMLElement).textContent =
    state === 'idle'
      ? ''
      : t(left > 0 ? known : 'train.meterStill', {
          step: whole(step),
          steps: whole(steps),
          rate: whole(rate * (trainer?.info.stepTokens ?? 0)),
          left: time(left),
        });
}

let drawn = false;
/** At most once per frame. */
function redraw() {
  if (drawn) return;
  drawn = true;
  requestAnimationFrame(() => {
    drawn = false;
    const { uniform = 6, unigram } = trainer?.info ?? {};
    const top = Math.ceil(Math.max(uniform, ...heldOut.map((p) => p[1])) * 2) / 2;
    draw(plot, {
      steps,
      loss: losses,
      held: heldOut,
      count: unigram,
      top,
      number: (v) => number(v),
    });
    showMeter();
  });
}

/** @param {import('../../web/api/types.js').TrainReport} report */
function record({ step, loss, heldOut: held, bitsPerByte, sample }) {
  if (loss !== undefined) losses.push([step, loss]);
  if (held !== undefined && bitsPerByte !== undefined) {
    heldOut.push([step, held]);
    const cells = [
      whole(step),
      loss === undefined ? '' : nats(loss),
      nats(held),
      nats(bitsPerByte),
    ];
    byId('rows', HTMLElement).append(
      make('tr', {}, ...cells.map((cell) => make('td', { className: 'numbers' }, cell))),
    );
  }
  if (sample !== undefined) {
    const label = make('span');
    relabel(label, () => t('train.after', { step: whole(step) }));
    byId('samples', HTMLElement).prepend(make('li', {}, label, make('p', {}, sample)));
    const value = heldOut.at(-1)?.[1] ?? 0;
    tell(() => t('train.progress', { step: whole(step), loss: nats(value) }));
  }
  redraw();
}

/* ---- Training -------------------------------------------------------------------------------- */

async function go() {
  state = 'running';
  show();
  let [from, at] = [trainer?.step ?? 0, performance.now()];
  try {
    if (!trainer) {
      tell(() => t('train.preparing'));
      trainer = await createTrainer({ text: text.value, config, signal: controller.signal });
      const { info } = trainer;
      tell(() =>
        t('train.prepared', {
          parameters: whole(info.parameters),
          tokens: whole(info.trainTokens),
          vocabulary: whole(info.vocabularySize),
        }),
      );
      at = performance.now();
    }
    for await (const report of trainer.run({ signal: controller.signal })) {
      const now = performance.now();
      if (now - at > 2000) {
        rate = ((report.step - from) / (now - at)) * 1000;
        [from, at] = [report.step, now];
      }
      record(report);
      if (state === 'pausing') break;
    }
    state = trainer.step === steps ? 'done' : 'paused';
    const after = whole(trainer.step);
    const paused = state === 'paused';
    tell(() => t(paused ? 'train.paused' : 'train.done', { step: after }));
  } catch (e) {
    if (controller.signal.aborted) return discard();
    await trainer?.close();
    trainer = undefined;
    state = 'idle';
    tell(() => explain(e), true);
  }
  show();
}

/** Drops the trainer, so that another text can be used. */
async function discard() {
  await trainer?.close();
  trainer = undefined;
  state = 'idle';
  controller = new AbortController();
  tell(() => t('train.stopped'));
  show();
}

/** Clears the results of the last run. */
function clear() {
  [losses, heldOut, rate] = [[], [], 0];
  byId('rows', HTMLElement).replaceChildren();
  byId('samples', HTMLElement).replaceChildren();
  labels.clear();
  byId('play', HTMLElement).hidden = true;
  redraw();
}

/* ---- The model ------------------------------------------------------------------------------- */

async function save() {
  const file = await /** @type {import('../../web/train.js').Trainer} */ (trainer).export();
  const link = make('a', {
    href: URL.createObjectURL(new Blob([file])),
    download: 'trained-in-the-page.gguf',
  });
  link.click();
  URL.revokeObjectURL(link.href);
}

async function open() {
  const file = await /** @type {import('../../web/train.js').Trainer} */ (trainer).export();
  await model?.close();
  model = await loadModel(file);
  const { parameters, contextLength } = model.info;
  byId('play', HTMLElement).hidden = false;
  relabel(byId('play-status', HTMLElement), () =>
    t('train.loaded', { parameters: whole(parameters), context: whole(contextLength) }),
  );
}

/** When the context is full, its last half becomes the next prompt. */
async function generate() {
  const prompt = byId('prompt', HTMLInputElement).value || '\n';
  const out = byId('written', HTMLElement);
  out.replaceChildren(make('b', {}, prompt));
  write.disabled = true;
  try {
    let [said, n] = [prompt, 0];
    while (model && n < 200) {
      const { contextLength } = model.info;
      const ids = await model.tokenize(said.slice(-contextLength));
      const session = await model.createSession();
      const from = ids.slice(-(contextLength >> 1));
      for await (const token of session.generate(from, { maxTokens: 200 - n, ignoreEos: true })) {
        out.append(token.text);
        said += token.text;
        n++;
      }
      await session.close();
    }
  } catch (e) {
    relabel(byId('play-status', HTMLElement), () => explain(e));
  }
  write.disabled = false;
}

/* ---- The page -------------------------------------------------------------------------------- */

start.addEventListener('click', () => {
  clear();
  go();
});
pause.addEventListener('click', () => {
  if (state === 'paused') go();
  else state = 'pausing';
  show();
});
stop.addEventListener('click', () => {
  const running = state === 'running' || state === 'pausing';
  controller.abort();
  if (!running) discard();
});
text.addEventListener('input', show);
download.addEventListener('click', save);
load.addEventListener('click', open);
write.addEventListener('click', generate);
new ResizeObserver(redraw).observe(plot);

/** Updates generated texts after a language change; i18n.js updates the others. */
function translate() {
  show();
  for (const [element, words] of labels) element.textContent = words();
  nameTheme();
  redraw();
}
const nameTheme = theme.setUp(byId('theme', HTMLButtonElement), () => {});
byId('language', HTMLButtonElement).addEventListener('click', async () => {
  const next = currentLanguage() === 'en' ? 'zh-Hant' : 'en';
  await useLanguage(next);
  rememberLanguage(next);
  translate();
});

await useLanguage(firstLanguage());
text.value = await (await fetch(new URL('tales.txt', import.meta.url))).text();
translate();
document.body.dataset.ready = '';
