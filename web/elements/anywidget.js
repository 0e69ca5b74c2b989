/**
 * anywidget.js - a figure as a widget of Jupyter, marimo or MyST (anywidget's front-end module, AFM).
 *
 * Traits: `figure` is its name; `text`, `layer`, `head`, `theme` and the other settings have the names of attributes.
 * A model's trait may not be named `model`, so it is `model_name` (a name or an address) or `model_bytes` (a file's bytes);
 * `models` is the folder of the included models. Selections are written back where the host can.
 */
import '../elements.js';
import { configure, provide } from '../elements.js';
import { make } from '../ui/dom.js';
import { fits } from './fragment.js';

const FIGURE = 'attention';
/** Attributes that a reader changes. */
const BACK = ['text', 'layer', 'head', 'token'];

/**
 * The host's model: traits by name.
 * @typedef {{ get: (name: string) => any, set?: (name: string, value: any) => void, save_changes?: () => void,
 *   on?: (event: string, call: () => void) => void, off?: (event: string, call: () => void) => void }} Traits
 */

/** Calls a method of the host's model. MyST's model has save_changes and off, but they throw. @param {() => void} call */
function attempt(call) {
  try {
    call();
  } catch {}
}

/** @param {string} name of an attribute */
const traitOf = (name) => (name === 'model' ? 'model_name' : name);

/** The value of a trait; undefined without one: hosts differ in what they return. @param {Traits} model @param {string} name */
function read(model, name) {
  const value = model.get(name);
  return value === null || value === '' || value === false ? undefined : value;
}

/** Sets the attributes from the traits. @param {Traits} model @param {any} element */
function fill(model, element) {
  const { table } = element.settings;
  for (const name of Object.keys(table)) {
    const value = read(model, traitOf(name));
    if (value === undefined) continue;
    const text = value === true ? '' : String(value);
    if (text !== element.getAttribute(name) && fits(table, name, text, document.baseURI))
      element.setAttribute(name, text);
  }
}

/** Bytes that Python sent. @param {Traits} model @param {any} element */
function takeBytes(model, element) {
  const bytes = read(model, 'model_bytes');
  if (!bytes?.byteLength) return;
  const name = read(model, 'model_name');
  const blob = new Blob([bytes]);
  if (name) provide(name, async () => blob);
  else element.model = blob;
}

/** Writes what the reader selected back to the traits. @param {Traits} model @param {any} element */
function writeBack(model, element) {
  if (!model.set) return () => {};
  const watcher = new MutationObserver((changes) => {
    for (const name of new Set(changes.map((change) => String(change.attributeName)))) {
      const before = model.get(name);
      const value = element.settings.own(name);
      if (before !== undefined && value !== undefined && value !== before) model.set?.(name, value);
    }
    attempt(() => model.save_changes?.());
  });
  watcher.observe(element, { attributeFilter: BACK });
  return () => watcher.disconnect();
}

/** @param {{ model: Traits, el: HTMLElement }} given @returns {() => void} removes the figure */
function render({ model, el }) {
  /** @type {any} */ let element;
  let end = () => {};
  const create = () => {
    end();
    const name = `jl-${read(model, 'figure') ?? FIGURE}`;
    const known = /^[a-z-]+$/.test(name) && customElements.get(name);
    element = known ? document.createElement(name) : make('p', {}, `There is no figure ${name}.`);
    if (known) {
      fill(model, element);
      takeBytes(model, element);
      end = writeBack(model, element);
    }
    el.replaceChildren(element);
  };
  const folder = read(model, 'models');
  if (folder) configure({ models: folder });
  create();
  const update = () => element.settings && fill(model, element);
  const names = Object.keys(element.settings?.table ?? {}).map(traitOf);
  for (const name of names) model.on?.(`change:${name}`, update);
  for (const name of ['figure', 'model_bytes']) model.on?.(`change:${name}`, create);
  return () => {
    end();
    el.replaceChildren();
    attempt(() => {
      for (const name of names) model.off?.(`change:${name}`, update);
      for (const name of ['figure', 'model_bytes']) model.off?.(`change:${name}`, create);
    });
  };
}

export default { render };
