/**
 * address.js - the state of the note in its address: the language, and what the reader changed in each figure.
 *
 * The fragment is #figure-13 for a plain link, or #figure-13&lang=en&13.0.layer=5: figure, part, attribute; with &only
 * the page shows that figure alone, for frames; `sentence` is the reader's own, in all figures that take it. It is untrusted: a value that does not fit is left out; it runs nothing.
 */

import { fits } from '../../web/elements/fragment.js';
import { MAX_SENTENCE, ownSentence } from './sentence.js';
import { isSpoken } from './tree.js';

/** @typedef {import('./figure.js').NoteFigure} NoteFigure */

const KEY = /^(\d{1,2})\.(\d)\.([a-z]{1,16})$/;
const FIXED = ['caption', 'share', 'scene', 'class', 'style', 'id'];

/** The attributes of each part at first. @type {WeakMap<Element, Record<string, string>>} */
const first = new WeakMap();

/** Where a fragment leads, and its settings. @param {string} hash */
function split(hash) {
  const [id, ...rest] = hash.slice(1).split('&');
  return { id, given: new URLSearchParams(rest.join('&')) };
}

/** The language that a fragment asks for. @param {string} hash */
export function languageOf(hash) {
  const language = split(hash).given.get('lang');
  return language === 'en' || language === 'zh-Hant' ? language : undefined;
}

/** What the reader changed in figures. @param {Iterable<Element>} figures @param {string} lang */
export function changesOf(figures, lang) {
  const sentence = ownSentence();
  const changed = new URLSearchParams(sentence ? { lang, sentence } : { lang });
  for (const figure of /** @type {Iterable<NoteFigure>} */ (figures))
    figure.parts.forEach((part, i) => {
      const before = first.get(part) ?? {};
      for (const [name, value] of Object.entries(part.state))
        if (
          before[name] !== value &&
          !FIXED.includes(name) &&
          !isSpoken(part, name, value) &&
          !(name === 'text' && value === sentence)
        )
          changed.set(`${figure.dataset.figure}.${i}.${name}`, value);
    });
  return changed;
}

/** The fragment of the page's state. @param {Iterable<Element>} figures @param {string} lang */
export function addressOf(figures, lang) {
  const { id, given } = split(location.hash);
  const only = given.has('only') ? '&only=' : '';
  return `#${id || 'top'}${only}&${changesOf(figures, lang)}`;
}

/** Reads the address into the figures. @param {Document} page */
export function readAddress(page) {
  for (const figure of page.querySelectorAll('note-figure'))
    for (const part of /** @type {NoteFigure} */ (figure).parts) first.set(part, { ...part.state });
  const { id, given } = split(location.hash);
  const sentence = given.get('sentence') ?? '';
  for (const [key, value] of given) {
    const [, number, part, name] = key.match(KEY) ?? [];
    if (!name || FIXED.includes(name)) continue;
    const figure = /** @type {NoteFigure | null} */ (page.getElementById(`figure-${number}`));
    const element = /** @type {any} */ (figure?.parts[Number(part)]);
    if (!element?.type || !fits(element.type.table, name, value, page.baseURI)) continue;
    element.setAttribute(name, value);
    figure?.reveal(); // it was shown to whom the address is from
  }
  return {
    figure: /^[\w-]+$/.test(id) ? page.getElementById(id) : null,
    only: given.has('only'),
    sentence: sentence.length <= MAX_SENTENCE ? sentence : '',
  };
}
