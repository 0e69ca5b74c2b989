/**
 * address.js - the state of the note in its address: the language, and what the reader changed in each figure.
 *
 * The fragment is #figure-13 for a plain link, or figure-13&lang=en&13.0.layer=5: figure, part, attribute. It fills
 * attributes, which the elements check; it runs nothing.
 */

/** @typedef {import('./figure.js').NoteFigure} NoteFigure */

const KEY = /^(\d{1,2})\.(\d)\.([a-z]{1,16})$/;
const FIXED = ['caption', 'share', 'scene', 'class', 'style', 'id'];

/** The attributes of each part at first. @type {WeakMap<Element, Record<string, string>>} */
const first = new WeakMap();

/** @param {Element[]} figures @param {string} lang */
export function addressOf(figures, lang) {
  const changed = new URLSearchParams({ lang });
  for (const figure of /** @type {NoteFigure[]} */ (figures))
    figure.parts.forEach((part, i) => {
      const before = first.get(part) ?? {};
      for (const [name, value] of Object.entries(part.state))
        if (before[name] !== value && !FIXED.includes(name))
          changed.set(`${figure.dataset.figure}.${i}.${name}`, value);
    });
  return `#${location.hash.slice(1).split('&')[0] || 'top'}&${changed}`;
}

/** Reads the address into the figures. @param {Document} page */
export function readAddress(page) {
  for (const figure of page.querySelectorAll('note-figure'))
    for (const part of /** @type {NoteFigure} */ (figure).parts) first.set(part, { ...part.state });
  const [id, ...rest] = location.hash.slice(1).split('&');
  const given = new URLSearchParams(rest.join('&'));
  for (const [key, value] of given) {
    const [, number, part, name] = key.match(KEY) ?? [];
    if (!name || FIXED.includes(name)) continue;
    const figure = /** @type {NoteFigure | null} */ (page.getElementById(`figure-${number}`));
    const element = /** @type {any} */ (figure?.parts[Number(part)]);
    if (element?.type?.observedAttributes.includes(name)) element.setAttribute(name, value);
  }
  const language = given.get('lang');
  return {
    language: language === 'en' || language === 'zh-Hant' ? language : undefined,
    figure: /^[\w-]+$/.test(id) ? page.getElementById(id) : null,
  };
}
