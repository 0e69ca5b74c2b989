/**
 * sampler.js - the settings of the sampler as attributes and controls; elements that draw tokens share them.
 */
import { freshSeed } from '../figures/sampling.js';
import { make } from '../ui/dom.js';
import { button, once, slider } from './controls.js';
import { real, whole } from './settings.js';

/** @typedef {import('./base.js').JlElement} JlElement */

/** Settings without a value are the model's. */
export const samplerSettings = () => ({
  temperature: real(undefined, 0, 100),
  topk: whole(undefined, 0, 1e6),
  topp: real(undefined, 0.001, 1),
  minp: real(undefined, 0, 1),
});

const SLIDERS = /** @type {const} */ ([
  ['temperature', 'temperature', { min: 0, max: 2, step: 0.05 }],
  ['topk', 'topK', { min: 0, max: 100, step: 1 }],
  ['topp', 'topP', { min: 0.05, max: 1, step: 0.05 }],
  ['minp', 'minP', { min: 0, max: 0.5, step: 0.01 }],
]);

/** Rules of the controls. */
export const samplerCss = `
.own { margin-bottom: 0.5rem; }
@container (max-width: 40rem) {
  .own label:has([type="range"]) { flex: 1 1 100%; display: grid; grid-template-columns: 6.5rem 1fr 3rem; }
}`;

/** The words of the controls. @type {import('../ui/words.js').Words} */
export const samplerWords = {
  seed: ['seed {seed}', '亂數種子 {seed}'],
  draw: ['Draw again', '再抽一次'],
  'label.temperature': ['Temperature', '溫度'],
  'label.topk': ['Top-k', 'Top-k'],
  'label.topp': ['Top-p', 'Top-p'],
  'label.minp': ['Min-p', 'Min-p'],
};

/** @param {JlElement} element @param {import('../jielong.js').SamplingOptions} used where the element has no value */
export function samplerSliders(element, used) {
  const show = (/** @type {number} */ x) => element.format.number(x);
  return SLIDERS.map(([name, option, range]) => {
    const value = element.value(name) ?? used[option] ?? 0;
    return slider(element, name, element.t(`label.${name}`), { ...range, show }, value);
  });
}

/** The sliders, and the seed with a button for another one. @param {JlElement} element @param {import('../jielong.js').SamplingOptions & { seed: number }} used */
export function samplerControls(element, used) {
  const fresh = () => element.setAttribute('seed', String(freshSeed()));
  const { seed, box } = once(element, 'seed', () => {
    const seed = make('span', { className: 'numbers' });
    const box = make('span', { className: 'controls' }, seed);
    box.append(button(element, 'draw', '', fresh));
    return { seed, box };
  });
  button(element, 'draw', element.t('draw'), fresh);
  seed.textContent = element.t('seed', { seed: String(element.value('seed') ?? used.seed) });
  return [...samplerSliders(element, used), box];
}
