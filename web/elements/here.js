/**
 * here.js - addresses of the files beside the elements: the included models, the page of one figure.
 */

/** The models beside the script, by name. */
export const INCLUDED =
  /** @type {Record<string, { file: string, bytes: number, type: string }>} */ ({
    tales: { file: 'tales.gguf', bytes: 9_245_728, type: 'Q8_0' },
    poems: { file: 'poems.gguf', bytes: 7_237_792, type: 'Q8_0' },
  });

/** The included model of a language. @param {string} language 'en' or 'zh-Hant' */
export const defaultModel = (language) => (language === 'en' ? 'tales' : 'poems');

const ROOT = '../'; // in web/; a bundle lies beside the files itself

/** The address of a file; '' if this script has none, because it comes from a Blob. @param {string} path */
export function here(path) {
  try {
    return new URL(ROOT + path, import.meta.url).href;
  } catch {
    return '';
  }
}

/** models: folder of the included models, ends with a slash; page: the page that shows one figure, '' if there is none. */
export const places = { models: here('models/'), page: here('embed.html') };

/** @param {{ models?: string | URL, page?: string | URL }} given addresses, relative to the page */
export function configure(given) {
  for (const name of /** @type {const} */ (['models', 'page'])) {
    const address = given[name];
    if (address) places[name] = new URL(address, document.baseURI).href;
  }
}
