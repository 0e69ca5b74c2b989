/**
 * classic.js - the engine and the included models for documents that can neither import a module nor fetch: pages opened
 * from disk, and sandboxed frames, whose origin is opaque. They may load classic scripts.
 */
import { bytesOf, provide } from './engine.js';
import { here, INCLUDED } from './here.js';

/** Whether this document has an opaque origin. */
const isolated = globalThis.origin === 'null';

/** @param {string} url */
export function loadScript(url) {
  const script = document.createElement('script');
  const loaded = new Promise((resolve, reject) => {
    script.onload = resolve;
    const error = { code: 'NETWORK', where: url };
    script.onerror = () => reject(Object.assign(new Error('a script failed to load'), error));
  });
  script.src = url;
  document.head.append(script);
  return loaded.finally(() => script.remove());
}

/**
 * The exports of a file of the API: a module, or part of the script with everything inside.
 * @param {string} name
 * @returns {Promise<any>}
 */
export async function apiModule(name) {
  if (!isolated) return import(here(name));
  const page = /** @type {any} */ (window);
  if (!page.jielong?.loadModel) await loadScript(here('jielong.global.js'));
  return page.jielong;
}

/**
 * An included model: fetched where the server allows it, else provided by the script models/NAME.js.
 * @param {string} name
 */
async function included(name) {
  if (location.protocol !== 'file:') {
    const response = await fetch(here(`models/${INCLUDED[name].file}`)).catch(() => undefined);
    if (response?.ok) return response;
  }
  const url = here(`models/${name}.js`);
  provide(name, () => Promise.reject(new Error(`${url} holds no model`)));
  try {
    await loadScript(url);
  } catch (e) {
    offer(name);
    throw e;
  }
  return bytesOf(name);
}

/** @param {string} name of an included model */
const offer = (name) => provide(name, () => included(name));

/** Makes the included models available where a page cannot fetch them. */
export function offerModels() {
  if (isolated) for (const name of Object.keys(INCLUDED)) offer(name);
}
