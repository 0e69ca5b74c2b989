/**
 * prerender.js - the note's pages with their text inside, for readers and search engines without scripts.
 */
import { readFile } from 'node:fs/promises';
import { SECTIONS } from './content/index.js';
import { CONTENTS, FOOTER, HEADER, withoutScripts } from './page.js';
import { toHtml } from './tree.js';

/** The pages' files, by language. */
export const PAGES = { 'zh-Hant': 'index.html', en: 'en.html' };

/** @param {string} text @param {string} from @param {string} to */
export function replaced(text, from, to) {
  if (!text.includes(from)) throw new Error(`${from} is not in the source`);
  return text.replace(from, () => to);
}

/** The sections as HTML. @param {string} lang */
export const sectionsHtml = (lang) =>
  SECTIONS.map((section) => toHtml(withoutScripts(section), lang)).join('\n');

/** The page of a language. @param {keyof typeof PAGES} lang */
export async function pageHtml(lang) {
  /** @param {any[]} trees */
  const html = (trees) => trees.map((tree) => toHtml(tree, lang)).join('\n');
  let page = await readFile(new URL(PAGES[lang], import.meta.url), 'utf8');
  page = replaced(page, '<header id="top"></header>', `<header id="top">${html(HEADER)}</header>`);
  page = replaced(page, '></nav>', `>${html([CONTENTS])}</nav>`);
  page = replaced(page, '<main></main>', `<main>\n${sectionsHtml(lang)}\n</main>`);
  return replaced(page, '<footer></footer>', `<footer>${html(FOOTER)}</footer>`);
}
