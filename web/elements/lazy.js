/**
 * lazy.js - defines elements when a page contains them, so that a page loads only its own figures, each with the recorded
 * view that it shows first.
 */
import { supported } from '../ui/words.js';
import { defaultModel } from './here.js';
import { needView } from './scenes.js';

/** @typedef {typeof import('./base.js').JlElement} Type */

/** The models whose scenes the elements of a page show. @param {string} tag */
function modelsOf(tag) {
  const found = [...document.getElementsByTagName(tag)].map((element) => {
    const named = element.closest('[lang]') ?? document.documentElement;
    const language = supported(named.getAttribute('lang') || navigator.language);
    return element.getAttribute('model') ?? defaultModel(language);
  });
  return [...new Set(found)];
}

/**
 * @param {Record<string, () => Promise<Type>>} loaders by tag
 * @returns {(tag: string, models?: string[]) => Promise<Type>} defines one element now; models: whose recorded views it
 *   shows first
 */
export function defineLazily(loaders) {
  /** @type {Map<string, Promise<Type>>} */
  const loading = new Map();
  /** @param {string} tag @param {string[]} models */
  async function load(tag, models) {
    const views = models.map((model) => needView(model, tag.slice(3)).catch(() => {}));
    const [type] = await Promise.all([loaders[tag](), ...views]); // without its view it is shown empty
    type.define(tag);
    return type;
  }
  /** @param {string} tag @param {string[]} [models] */
  async function define(tag, models = modelsOf(tag)) {
    const known = /** @type {any} */ (customElements.get(tag));
    if (known) return known;
    if (!Object.hasOwn(loaders, tag)) throw new TypeError(`there is no element ${tag}`);
    const promise = loading.get(tag) ?? load(tag, models);
    loading.set(tag, promise);
    promise.catch(() => loading.delete(tag)); // it may be asked for again
    return promise;
  }
  const selector = Object.keys(loaders).join();
  const look = () => {
    for (const { localName } of document.querySelectorAll(selector))
      if (!customElements.get(localName) && !loading.has(localName))
        define(localName).catch((e) => console.error(e));
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
  look();
  return define;
}
