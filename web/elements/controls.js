/**
 * controls.js - labelled controls of elements; each sets an attribute of its element.
 *
 * A control is created once per element and name, and updated afterwards, so that it keeps the focus.
 */
import { make } from '../ui/dom.js';

/** @type {WeakMap<object, Map<string, any>>} */
const created = new WeakMap();

/**
 * The node of an element with this name, made at first use.
 * @template T
 * @param {object} element @param {string} name @param {() => T} create
 * @returns {T}
 */
export function once(element, name, create) {
  const nodes = created.get(element) ?? new Map();
  created.set(element, nodes);
  if (!nodes.has(name)) nodes.set(name, create());
  return nodes.get(name);
}

/** @typedef {import('./base.js').JlElement} JlElement */

/**
 * A list of values.
 * @param {JlElement} element @param {string} name of a setting @param {string} label
 * @param {(readonly [value: string | number, text: string])[]} options @param {string | number} value
 */
export function choice(element, name, label, options, value) {
  const parts = once(element, `choice.${name}`, () => {
    const text = document.createTextNode('');
    const select = make('select');
    select.addEventListener('change', () =>
      element.select({ [name]: /** @type {any} */ (select.value) }),
    );
    return { text, select, box: make('label', {}, text, ' ', select) };
  });
  parts.text.data = label;
  const same =
    parts.select.options.length === options.length &&
    options.every(([, text], i) => parts.select.options[i].text === text);
  if (!same)
    parts.select.replaceChildren(
      ...options.map(([v, text]) => make('option', { value: String(v) }, text)),
    );
  parts.select.value = String(value);
  return parts.box;
}

/** A list of the numbers from 0 on. @param {JlElement} element @param {string} name @param {string} label @param {number[]} list @param {number} value */
export const numbers = (element, name, label, list, value) =>
  choice(
    element,
    name,
    label,
    list.map((n) => [n, String(n)]),
    value,
  );

/**
 * A slider with its value in numbers.
 * @param {JlElement} element @param {string} name of a setting @param {string} label
 * @param {{ min: number, max: number, step: number, show?: (value: number) => string }} range @param {number} value
 */
export function slider(element, name, label, { min, max, step, show = String }, value) {
  const parts = once(element, `slider.${name}`, () => {
    const text = document.createTextNode('');
    const input = make('input', { type: 'range' });
    const output = make('output', { className: 'numbers' });
    input.addEventListener('input', () => element.setAttribute(name, input.value));
    return { text, input, output, box: make('label', {}, text, ' ', input, ' ', output) };
  });
  parts.text.data = label;
  Object.assign(parts.input, { min: String(min), max: String(max), step: String(step) });
  parts.input.value = String(value);
  parts.output.value = show(value);
  return parts.box;
}

/**
 * A button.
 * @param {JlElement} element @param {string} name @param {string} label @param {() => void} press
 */
export function button(element, name, label, press) {
  const made = once(element, `button.${name}`, () => {
    const node = make('button', { type: 'button' });
    return { node, press };
  });
  made.node.textContent = label;
  made.node.onclick = press;
  return made.node;
}
