/**
 * prerender.js - the note's pages with their text inside, for readers and search engines without scripts; the
 * figures are those of recorded/ (pictures.js).
 */
import { readFile } from 'node:fs/promises';
import { SECTIONS } from './content/index.js';
import { CONTENTS, FOOTER, HEADER, WITHOUT, withoutScripts } from './page.js';
import { escaped, toHtml } from './tree.js';

/** The pages' files, by language. */
export const PAGES = { 'zh-Hant': 'index.html', en: 'en.html' };

/** @param {string} text @param {string} from @param {string} to */
export function replaced(text, from, to) {
  if (!text.includes(from)) throw new Error(`${from} is not in the source`);
  return text.replace(from, () => to);
}

/**
 * A recorded element.
 * @typedef {object} Recorded
 * @property {string} title @property {string} status @property {string} svg @property {string} sentence
 * @property {string[]} columns of its table @property {string[][]} rows
 */

/** The table of a recorded element; HTML needs no end tags of cells. @param {Recorded} recorded */
function tableHtml({ title, columns, rows }) {
  const lines = rows.map(([name, ...cells]) =>
    [`<tr><th scope=row>${escaped(name)}`, ...cells.map((cell) => `<td>${escaped(cell)}`)].join(''),
  );
  const head = columns.map((name) => `<th scope=col>${escaped(name)}`).join('');
  return `<div class="values" role="region" tabindex="0" aria-label="${escaped(title)}"><table><thead><tr>${head}<tbody>${lines.join('\n')}</table></div>`;
}

/** @param {Recorded} recorded */
const figureHtml = (recorded) =>
  [
    `<figure class="recorded"><figcaption>${escaped(recorded.title)}</figcaption>`,
    `<div class="picture">${recorded.svg}</div>`,
    `<p>${escaped(recorded.sentence)}</p><p class="status">${escaped(recorded.status)}</p>`,
    `${tableHtml(recorded)}</figure>`,
  ].join('\n');

/** The sections as HTML. @param {string} lang */
export async function sectionsHtml(lang) {
  const file = new URL(`recorded/${lang}.json`, import.meta.url);
  /** @type {Record<string, Recorded>} */ const parts = JSON.parse(await readFile(file, 'utf8'));
  /** @param {string} name */
  const recorded = (name) => ({ html: figureHtml(parts[name]) });
  const trees = SECTIONS.map((section) => withoutScripts(section, recorded));
  return [WITHOUT, ...trees].map((tree) => toHtml(tree, lang)).join('\n');
}

/** The page of a language. @param {keyof typeof PAGES} lang */
export async function pageHtml(lang) {
  /** @param {any[]} trees */
  const html = (trees) => trees.map((tree) => toHtml(tree, lang)).join('\n');
  let page = await readFile(new URL(PAGES[lang], import.meta.url), 'utf8');
  page = replaced(page, '<header id="top"></header>', `<header id="top">${html(HEADER)}</header>`);
  page = replaced(page, '></nav>', `>${html([CONTENTS])}</nav>`);
  page = replaced(page, '<main></main>', `<main>\n${await sectionsHtml(lang)}\n</main>`);
  return replaced(page, '<footer></footer>', `<footer>${html(FOOTER)}</footer>`);
}
