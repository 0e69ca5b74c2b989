/**
 * playground-parts.js - the controls, table and sentences of <jl-playground>.
 */
import { make } from '../ui/dom.js';
import { button, once } from './controls.js';
import { fill } from './frame.js';
import { samplerSliders } from './sampler.js';

/** @typedef {import('../figures/playground.js').PlaygroundView} View */
/** @typedef {import('./playground.js').JlPlayground} Element */

/** The prompt and what was generated. @param {View} view */
export const wholeOf = (view) => view.text + view.texts.join('');

/** How many tokens two views share from the first on. @param {View} a @param {View} b */
export function sameTokens(a, b) {
  if (a.text !== b.text) return 0;
  let n = 0;
  while (n < a.ids.length && n < b.ids.length && a.ids[n] === b.ids[n]) {
    if (a.texts[n] !== b.texts[n] || n === a.chosen || n === b.chosen) break;
    n++;
  }
  return n;
}

const SENTENCE = /^[\s\S]*[.!?。！？…\n]["”’」』)]*/;

/** Whole sentences after `heard` characters, for screen readers; the rest at the end. @param {View} view @param {number} heard */
export function sentenceOf({ texts, finish }, heard) {
  const rest = texts.join('').slice(heard);
  return finish ? rest : (SENTENCE.exec(rest)?.[0] ?? '');
}

/** A check box for a setting. @param {Element} element @param {string} name */
function check(element, name) {
  const parts = once(element, `check.${name}`, () => {
    const input = make('input', { type: 'checkbox' });
    input.addEventListener('change', () => element.setAttribute(name, String(input.checked)));
    const text = document.createTextNode('');
    return { input, text, box: make('label', {}, input, text) };
  });
  parts.input.checked = element.value(name);
  parts.text.data = element.t(`label.${name}`);
  return parts.box;
}

/**
 * @param {Element} element @param {View & { missing?: string }} view
 * @param {{ again: () => void, more: () => void, use: () => void }} actions
 */
export function controlsOf(element, view, { again, more, use }) {
  const { t } = element;
  const running = ['running', 'loading'].includes(element.dataset.state ?? '');
  const box = once(element, 'sampling', () => {
    const title = make('summary');
    const inside = make('div');
    const details = make('details', { className: 'sampling' });
    details.append(title, inside);
    return { title, inside, details, chats: false };
  });
  box.title.textContent = t('sampling');
  const greedy = element.value('greedy');
  const sliders = samplerSliders(element, view.sampling);
  for (const slider of sliders)
    for (const input of slider.querySelectorAll('input')) input.disabled = greedy;
  box.chats ||= !!element.facts.model?.chatTemplate || element.value('chat');
  fill(box.inside, [check(element, 'greedy'), ...sliders]);
  const off = running || !view.ids.length || !element.live;
  const press = (/** @type {string} */ name, /** @type {() => void} */ action, values = {}) => {
    const node = button(element, name, t(name, values), () => off || action());
    node.setAttribute('aria-disabled', String(off)); // not disabled: it would lose the focus
    return node;
  };
  const buttons = [
    press('more', more),
    press('again', again, { seed: String(view.sampling.seed) }),
  ];
  if (element.value('share')) buttons.push(press('use', use));
  return [...buttons, ...(box.chats ? [check(element, 'chat')] : []), box.details];
}

/** The alternatives of a token. @param {Element} element @param {View} view @param {number} at -1: none @returns {import('../ui/alternatives.js').Listing} */
export function listingOf({ t, format }, { labels, ids, tops, topLogprobs }, at) {
  const listed = tops[at] ?? [];
  const title = listed.length ? t('alternatives', { n: String(at + 1) }) : '';
  const rows = listed.map((id, i) => {
    const p = Math.exp(topLogprobs[at][i]);
    return {
      label: labels[id],
      about: t('choose'),
      values: [p],
      texts: [format.percent(p)],
      sources: [`generate[${at}].top[${i}].logprob`],
      look: id === ids[at] ? /** @type {const} */ ('marked') : undefined,
    };
  });
  return { title, label: title || t('none'), rows };
}

/** What the next run begins with. @param {Element} element @param {import('../figures/playground.js').From} next */
export function chosenText({ t }, { view, count, choice = 0 }) {
  return t('chosen', { token: view.labels[view.tops[count]?.[choice]] ?? '' });
}

/** The rules of its own style sheet. */
export const css = `
.play { display: grid; grid-template-columns: minmax(0, 1fr) 16rem; gap: 0.5rem 1.5rem; }
.stream { height: 14rem; }
.aside { border-inline-start: 1px solid var(--jl-line); padding-inline-start: 1rem; }
.aside p, .meter { margin: 0; font-size: 0.875rem; min-height: 1.5em; font-variant-numeric: tabular-nums; }
textarea { resize: vertical; }
.sampling[open] { flex-basis: 100%; }
.sampling > div { display: flex; flex-wrap: wrap; gap: 0 1rem; }
@container (max-width: 40rem) {
  .play { grid-template-columns: minmax(0, 1fr); }
  .stream { height: 9rem; }
  .aside { border: 0; padding: 0; }
  .meter { min-height: 3em; }
}`;

/** Tokens a second, from the second drawing of a run on. */
export class Rate {
  value = 0;
  #began = 0;

  /** @param {number} from tokens before */
  constructor(from = 0) {
    this.from = from;
  }
  /** @param {number} n tokens now */
  count(n) {
    const now = performance.now();
    if (n === this.from) return;
    if (this.#began) this.value = (1000 * (n - this.from)) / (now - this.#began);
    else [this.#began, this.from] = [now, n];
  }
}

/** @param {Element} element @param {View} view @param {number} rate 0: unknown */
export function meterText({ t, format }, view, rate) {
  const values = {
    n: format.number(view.ids.length),
    seed: String(view.sampling.seed),
    rate: format.number(rate, { maximumFractionDigits: 0 }),
  };
  const parts = [t(rate ? 'meter.rate' : 'meter', values)];
  if (view.finish) parts.push(t(`finish.${view.finish}`));
  if (view.left) parts.push(t('left', { n: format.number(view.left) }));
  return parts.join(' · ');
}

/** @param {Element} element @param {View & { missing?: string }} view */
export function summaryOf({ t, format }, view) {
  if (view.missing) return t(`missing.${view.missing}`);
  const n = view.ids.length;
  const p = n ? Math.exp(view.logprobs.reduce((a, b) => a + b, 0) / n) : 0;
  const values = { prompt: view.text, text: view.texts.join(''), n: format.number(n) };
  return t('summary', { ...values, p: format.percent(p) });
}

/** @param {Element} element @param {View} view @returns {import('./frame.js').Twin} */
export function twinOf({ t, format }, view) {
  const percent = (/** @type {number} */ logprob) => format.percent(Math.exp(logprob));
  const rows = view.ids.map((id, i) => [
    view.labels[id],
    { text: percent(view.logprobs[i]), source: `generate[${i}].logprob` },
    ...view.tops[i].map((top, k) => ({
      text: t('alternative', { token: view.labels[top], p: percent(view.topLogprobs[i][k]) }),
      source: `generate[${i}].top[${k}].logprob`,
    })),
  ]);
  const most = Math.max(0, ...view.tops.map((top) => top.length));
  const ranks = Array.from({ length: most }, (_, i) => t('rank', { n: String(i + 1) }));
  return { columns: [t('column.token'), t('column.p'), ...ranks], rows };
}
