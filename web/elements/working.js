/**
 * working.js - shows how a number comes about: lines with the numbers in them, and a table of the inputs. The button that
 * shows it needs a computed view, because scenes do not store the inputs.
 */
import { make } from '../ui/dom.js';
import { button } from './controls.js';
import { scrolling, tableOf, textOf } from './frame.js';

/** @typedef {import('./base.js').JlElement} JlElement */
/** @typedef {import('./frame.js').Cell} Cell */
/**
 * @typedef {object} Working
 * @property {Cell[]} lines a text alone is a sentence, one with a source a line of arithmetic
 * @property {import('./frame.js').Twin} twin the inputs
 * @property {string} caption of the table
 */

/** Rules of the style sheet. */
export const WORKING = `
  .working { display: grid; gap: 0.5rem; margin-block: 0.5rem; font-size: 0.875rem; }
  .working p { margin: 0; }
  .working .line { font-family: var(--jl-mono); font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }`;

const FIVE = { minimumFractionDigits: 5, maximumFractionDigits: 5 };

/** Numbers of a working have five digits after the point. @param {JlElement} element */
export const fiveDigits =
  ({ format }) =>
  (/** @type {number} */ x) =>
    format.number(x, FIVE);

/** @param {HTMLElement} box @param {Working | undefined} working */
export function drawWorking(box, working) {
  box.className = 'working';
  box.hidden = !working;
  if (!working) return box.replaceChildren();
  const { lines, twin, caption } = working;
  const shown = lines.map((line) => {
    if (typeof line === 'string') return make('p', {}, line);
    const made = make('p', { className: 'line' }, textOf(line));
    made.dataset.source = line.source;
    return made;
  });
  box.replaceChildren(...shown, scrolling(tableOf(twin, caption), caption));
}

/** Whether the working is to be shown. @param {JlElement} element */
export const shows = (element) => element.live && !!element.value('working');

/** The button that shows and hides it. @param {JlElement} element */
export function workingButton(element) {
  const made = button(element, 'working', element.t('working.show'), () => {
    if (element.live) element.toggleAttribute('working', !element.value('working'));
    else element.say(element.t('working.start'));
  });
  made.setAttribute('aria-disabled', String(!element.live));
  made.setAttribute('aria-pressed', String(shows(element)));
  return made;
}
