/**
 * sampling.js - the sampling options as sliders and number inputs, each with a one-line explanation.
 *
 * The defaults are those of the engine (info.sampling), so most inputs are disabled until the first
 * model is loaded.
 */

import { byId, make } from '../ui/dom.js';
import { number } from '../ui/format.js';
import { t } from '../ui/i18n.js';
import { emit, on, state } from './state.js';

/** @typedef {keyof import('./state.js').Sampling} Name */

/**
 * Range of each option; without `slider` it is a number input.
 * @type {Record<Name, { min: number, max: number, step: number, slider?: boolean }>}
 */
const RANGES = {
  temperature: { min: 0, max: 2, step: 0.05, slider: true },
  topK: { min: 0, max: 200, step: 1, slider: true },
  topP: { min: 0, max: 1, step: 0.01, slider: true },
  minP: { min: 0, max: 0.5, step: 0.01, slider: true },
  repeatPenalty: { min: 1, max: 2, step: 0.01, slider: true },
  seed: { min: 0, max: 2 ** 31 - 1, step: 1 },
  maxTokens: { min: 1, max: 2048, step: 1 },
};
const names = /** @type {Name[]} */ (Object.keys(RANGES));
const defaults = { ...state.sampling };

/** @type {Map<Name, HTMLInputElement>} */
const inputs = new Map();

/** @param {Name} name */
function control(name) {
  const { slider, ...range } = RANGES[name];
  const input = make('input', { type: slider ? 'range' : 'number', id: `sampling-${name}` });
  for (const [key, value] of Object.entries(range)) input.setAttribute(key, String(value));
  input.addEventListener('input', () => {
    if (!input.validity.valid || input.value === '') return; // incomplete
    state.sampling[name] = input.valueAsNumber;
    show();
    emit('sampling');
  });
  inputs.set(name, input);

  const title = make('label', { htmlFor: input.id });
  title.dataset.t = `sampling.${name}`;
  const note = make('span', { className: 'about', id: `${input.id}-note` });
  note.dataset.t = `sampling.${name}.note`;
  input.setAttribute('aria-describedby', note.id);
  const value = slider ? [make('output', { className: 'numbers' })] : [];
  return make('div', { className: 'setting' }, title, ...value, input, note);
}

/** Updates the controls and the line above the text. */
function show() {
  const { sampling } = state;
  for (const [name, input] of inputs) {
    const value = sampling[name];
    input.disabled = value === undefined;
    const shown = value ?? RANGES[name].min;
    if (input.valueAsNumber !== shown) input.value = String(shown);
    const output = input.parentElement?.querySelector('output');
    if (output) output.textContent = value === undefined ? '–' : number(value);
  }
  const values = names.map((name) => [name, number(sampling[name] ?? 0, { useGrouping: false })]);
  byId('sampling-line', HTMLElement).textContent = inputs.get('topK')?.disabled
    ? t('sampling.title')
    : t('text.sampling', Object.fromEntries(values));
}

/** Takes the engine's defaults from the first model; later models keep the reader's values. */
function useDefaults() {
  const { model, sampling } = state;
  if (!model || defaults.topK !== undefined) return;
  const given = Object.entries(model.info.sampling).filter(([name]) => name in RANGES);
  Object.assign(defaults, Object.fromEntries(given));
  state.sampling = { ...defaults, ...sampling };
  show();
}

/** Creates the controls; call before the language is applied. */
export function setUp() {
  byId('sampling', HTMLElement).append(...names.map(control));
  byId('sampling-reset', HTMLButtonElement).addEventListener('click', () => {
    Object.assign(state.sampling, defaults);
    show();
    emit('sampling');
  });
  on('language', show);
  on('model', useDefaults);
}
