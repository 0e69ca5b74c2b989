/**
 * render.js - fills an element's frame: title, picture, controls, and the status line.
 *
 * The status line begins with exactly one of recorded, running, live and failed, if anything is shown.
 */
import { make } from '../ui/dom.js';
import { isLoaded } from './engine.js';
import { fill } from './frame.js';
import { INCLUDED } from './here.js';
import { moreOf } from './more.js';

/** @typedef {import('./base.js').JlElement} JlElement */

/**
 * What happened, for the status line.
 * @typedef {object} Facts
 * @property {import('../jielong.js').ModelInfo} [model] that computed the view
 * @property {number} [seconds] of the computation
 * @property {unknown} [error]
 * @property {[key: string, message: string]} [problem] a sentence that is not an error of a run
 * @property {{ loaded: number, total?: number, seconds: number }} [loading]
 * @property {{ done: number, total: number, unit: string, rate?: number }} [work] rate: per second
 * @property {string} [said] a sentence of the element, until the next report
 */

/** @param {unknown} model */
export const nameOf = (model) =>
  typeof model === 'string' ? (model.split('/').pop() ?? model).replace(/\.gguf$/, '') : 'GGUF';

/** Bytes of the model, if known without a request. @param {JlElement} element */
function bytesOf({ model, recorded }) {
  if (typeof model === 'string')
    return INCLUDED[model]?.bytes ?? (recorded?.model.file === model ? recorded?.model.bytes : 0);
  return model.size ?? model.byteLength ?? 0;
}

/** @param {JlElement} element */
function startLabel(element) {
  const { t, format, live, model } = element;
  const own = element.startText();
  if (element.dataset.state === 'error') return t('button.retry');
  if (own) return own;
  if (live) return t('button.again');
  const bytes = bytesOf(element);
  if (isLoaded(model)) return t('button.startLoaded');
  return t('button.start', { size: bytes ? format.size(bytes) : nameOf(model) });
}

/** The sentence for an error, by its code. @param {JlElement} element @param {any} error */
function explain({ t }, error) {
  const message = String(error?.message ?? error).slice(0, 300);
  const key = `error.${error?.code}`;
  const sentence = t(key, { where: String(error?.where ?? '').slice(0, 200), message });
  return sentence === key ? t('error.other', { message }) : sentence;
}

/** @param {JlElement} element @param {NonNullable<Facts['loading']>} loading */
function loadingText({ t, format, model }, { loaded, total, seconds }) {
  const rate = loaded / Math.max(seconds, 1e-3);
  const values = { model: nameOf(model), loaded: format.size(loaded), rate: format.size(rate) };
  if (!total) return t('status.loadingUnknown', values);
  const left = format.time((total - loaded) / rate);
  return t('status.loading', { ...values, total: format.size(total), left });
}

/** What the status says of a view that stands. @param {JlElement} element */
function standing(element) {
  const { t, format, facts, view, recorded, live } = element;
  if (live && facts.model) {
    const named = facts.model.name ?? nameOf(element.model);
    const model = [named, facts.model.fileType].filter(Boolean).join(' ');
    const time = format.time(facts.seconds ?? 0);
    const n = view?.tokens?.length;
    const cut = view?.total > n ? ` · ${t('status.cut', { shown: n, total: view.total })}` : '';
    const key = n === 1 ? 'status.one' : n ? 'status.live' : 'status.done';
    return t(key, { model, time, tokens: n }) + cut;
  }
  if (live && !facts.model && facts.seconds !== undefined && !view?.model)
    return t('status.computed', { time: format.time(facts.seconds) });
  if (live) return view?.model?.name ?? nameOf(element.model); // stopped: a part was computed
  if (!view || !recorded) return t('status.empty');
  const { name, type } = view.model ?? recorded.model;
  const { text } = recorded.request;
  const other = element.type.input && element.value('text') !== text;
  const { date, engine } = recorded;
  const said = t('status.recorded', { model: `${name} ${type}`.trim(), date, engine });
  return other ? `${said} · ${t('status.otherText', { text: String(text).slice(0, 60) })}` : said;
}

/** @param {JlElement} element @returns {{ badge: string, said: string, progress: string }} */
function status(element) {
  const { t, format, facts, model } = element;
  const { state } = element.dataset;
  if (state === 'error')
    return { badge: t('state.failed'), said: explain(element, facts.error), progress: '' };
  if (state === 'loading') {
    const progress = facts.loading ? loadingText(element, facts.loading) : '';
    const said = progress ? '' : t('status.connecting', { model: nameOf(model) });
    return { badge: t('state.running'), said, progress };
  }
  if (state === 'running') {
    const { done = 0, total = 0, unit = '', rate = 0 } = facts.work ?? {};
    const values = { done: format.number(done), total: format.number(total) };
    let progress = facts.work ? t(`status.${unit}`, values) : '';
    if (unit === 'steps' && rate > 0) {
      const left = format.time((total - done) / rate);
      progress += ` · ${t('status.rate', { rate: format.number(rate, { maximumSignificantDigits: 2 }), left })}`;
    }
    return { badge: t('state.running'), said: progress ? '' : t('status.working'), progress };
  }
  const badge = element.view ? t(element.live ? 'state.live' : 'state.recorded') : '';
  const parts = [standing(element)];
  if (facts.problem) parts.push(t(facts.problem[0], { message: facts.problem[1] }));
  const { wrong } = element.settings;
  if (wrong.size) parts.push(t('status.wrong', { names: [...wrong].join(', ') }));
  if (facts.said) parts.push(facts.said);
  return { badge, said: parts.join(' · '), progress: '' };
}

/** Sets text only if it differs, so that it is spoken once. @param {Element} element @param {string} text */
const put = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/** Reports to the status line. @param {JlElement} element @param {Facts} facts */
export function say(element, facts) {
  element.facts = { ...element.facts, said: undefined, ...facts };
  const { badge, said, progress } = status(element);
  put(element.frame.badge, badge);
  put(element.frame.said, said);
  put(element.frame.progress, progress);
}

/** Draws everything. @param {JlElement} element */
export function render(element) {
  const { frame, t, view } = element;
  const running = element.dataset.state === 'loading' || element.dataset.state === 'running';
  const title = element.value('caption') ?? t('title');
  put(frame.title, title);
  frame.figure.setAttribute('aria-label', title);
  put(frame.enlarge, t(isLarge(element) ? 'button.shrink' : 'button.enlarge'));
  put(frame.start, startLabel(element));
  put(frame.stop, t('button.stop'));
  const [hides, appears] = running ? [frame.start, frame.stop] : [frame.stop, frame.start];
  const focused = element.shadowRoot?.activeElement === hides;
  frame.ask.classList.toggle('running', running);
  if (focused) appears.focus();
  frame.field.setAttribute('aria-label', t('label.text'));
  frame.field.placeholder = t('hint.text');
  const text = toField(element, element.value('text') ?? '');
  if (element.shadowRoot?.activeElement !== frame.field && frame.written !== text) {
    frame.field.value = text;
    frame.written = text; // what the reader types stays until the text changes
  }
  fill(frame.own, view ? element.own(view) : []);
  if (view) element.draw(frame.body, view);
  else frame.body.replaceChildren(make('p', { className: 'empty' }, t('hint.start')));
  put(frame.moreTitle, t('more.title'));
  if (frame.more.open) frame.moreBody.replaceChildren(...moreOf(element));
  say(element, {});
}

/** The text as the field shows it: a field of one line shows a line end as ↵. @param {JlElement} element @param {string} text */
const toField = ({ type }, text) => (type.input === 'line' ? text.replace(/\n/g, '↵') : text);

/** @param {JlElement} element @param {string} text */
const fromField = ({ type }, text) => (type.input === 'line' ? text.replace(/↵/g, '\n') : text);

/** @param {JlElement} element */
const isLarge = (element) =>
  document.fullscreenElement === element || element.classList.contains('wide');

/** Shows the figure alone on the screen, or ends that. @param {JlElement} element */
async function enlarge(element) {
  if (document.fullscreenElement === element) return document.exitFullscreen();
  if (element.classList.contains('wide')) element.classList.remove('wide');
  else
    (await element.requestFullscreen?.().catch(() => element.classList.add('wide'))) ??
      element.classList.toggle('wide', !document.fullscreenElement);
  render(element);
}

/**
 * Keeps a key that the figure uses from the page: slides, notebooks and searches have shortcuts of one key.
 * @param {KeyboardEvent} event
 */
function keepKey(event) {
  const { key, target, ctrlKey, altKey, metaKey } = event;
  if (ctrlKey || altKey || metaKey || key === 'Tab') return;
  const typed = /** @type {Element} */ (target).matches('input, textarea, select');
  const pressed = key === ' ' || key === 'Enter';
  if (typed || pressed || event.defaultPrevented) event.stopPropagation();
}

/** Connects the frame's controls. @param {JlElement} element */
export function listen(element) {
  const { start, field, stop, more, figure, enlarge: button } = element.frame;
  const take = () => element.take(fromField(element, field.value));
  start.addEventListener('click', take);
  field.addEventListener('keydown', (event) => {
    const { key, isComposing, keyCode } = /** @type {KeyboardEvent} */ (event);
    if (key === 'Enter' && !isComposing && keyCode !== 229 && element.type.input === 'line') take();
  });
  stop.addEventListener('click', () => element.stop());
  button.addEventListener('click', () => enlarge(element));
  element.addEventListener('fullscreenchange', () => render(element));
  more.addEventListener('toggle', () => {
    if (more.open) element.frame.moreBody.replaceChildren(...moreOf(element));
  });
  figure.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    if (element.runner.running) element.stop();
    else if (element.classList.contains('wide')) enlarge(element);
  });
  figure.addEventListener('keydown', keepKey);
  figure.addEventListener('keypress', keepKey);
  figure.addEventListener('keyup', keepKey);
}
