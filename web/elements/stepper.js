/** stepper.js - a list of numbers with buttons to the one before and the next. */
import { make } from '../ui/dom.js';
import { button, numbers, once } from './controls.js';

/**
 * @param {import('./base.js').JlElement} element @param {string} name of a setting @param {string} label
 * @param {number[]} list @param {number} value
 */
export function stepper(element, name, label, list, value) {
  const at = list.indexOf(value);
  const step = (
    /** @type {number} */ by,
    /** @type {string} */ sign,
    /** @type {string} */ key,
  ) => {
    const to = list[at + by];
    const node = button(element, `${name}.${key}`, sign, () => {
      if (to !== undefined) element.select({ [name]: to });
    });
    node.setAttribute('aria-label', element.t(`step.${key}`, { label }));
    node.setAttribute('aria-disabled', String(to === undefined));
    return node;
  };
  const box = once(element, `stepper.${name}`, () => make('span', { className: 'stepper' }));
  const parts = [
    numbers(element, name, label, list, value),
    step(-1, '−', 'less'),
    step(1, '+', 'more'),
  ];
  if (!box.childElementCount) box.append(...parts);
  return box;
}
