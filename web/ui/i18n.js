/**
 * i18n.js - the page's language: its strings, and `lang`.
 *
 * All texts are in i18n/<language>.json: whole sentences with {names} for values, never joined from
 * parts. The default is the browser's language; the user's choice is stored.
 */

import { recall, remember } from './memory.js';

/** @type {Record<string, string>} */
let strings = {};
let language = 'en';

/** The language of numbers and sentences. */
export const currentLanguage = () => language;

/** @returns {string} */
export function firstLanguage() {
  const asked = new URLSearchParams(location.search).get('lang') ?? recall('language');
  return /^zh/i.test(asked ?? navigator.language) ? 'zh-Hant' : 'en';
}

/** Loads a language and applies it to the page. @param {string} next */
export async function useLanguage(next) {
  const response = await fetch(new URL(`../i18n/${next}.json`, import.meta.url));
  strings = await response.json();
  language = next;
  document.documentElement.lang = next;
  apply();
}

/** @param {string} next */
export const rememberLanguage = (next) => remember('language', next);

/**
 * The sentence for a key; with a `count` of 1, that of "<key>.one" if it exists. A key without a
 * sentence is shown itself, so that gaps are visible.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const one = values.count === '1' ? strings[`${key}.one`] : undefined;
  const sentence = one ?? strings[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** Whether there is a sentence for the key. @param {string} key */
export const has = (key) => key in strings;

function apply() {
  /** @param {string} name @param {(element: HTMLElement, text: string) => void} put */
  const each = (name, put) => {
    for (const element of document.querySelectorAll(`[data-${name}]`)) {
      if (element instanceof HTMLElement)
        put(element, t(element.getAttribute(`data-${name}`) ?? ''));
    }
  };
  each('t', (element, text) => (element.textContent = text));
  each('t-label', (element, text) => element.setAttribute('aria-label', text));
  each('t-placeholder', (element, text) => element.setAttribute('placeholder', text));
  each('t-lang', (element, text) => element.setAttribute('lang', text));
}
