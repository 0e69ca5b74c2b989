/**
 * note.js - the course note as a page: renders content/, contents, language, theme, address, a lecturer's mode, and
 * the reader's own model.
 */
import { recall, remember } from '../../web/ui/memory.js';
import { SECTIONS } from './content/index.js';
import './figure.js';
import './note-elements.js';
import { addressOf, languageOf, readAddress } from './address.js';
import { connectTools } from './embed.js';
import { lecture, showOnly } from './lecture.js';
import { CONTENTS, FOOTER, HEADER, TITLE } from './page.js';
import { connectSentence, ownSentence, spread } from './sentence.js';
import { index, say, speak, toDom } from './tree.js';

/** @typedef {import('./figure.js').NoteFigure} NoteFigure */

const root = document.documentElement;
const THEMES = ['auto', 'light', 'dark'];
const THEME_NAMES = {
  auto: say('Theme: system', '外觀：依系統'),
  light: say('Theme: light', '外觀：淺色'),
  dark: say('Theme: dark', '外觀：深色'),
};

let lang = /^zh/.test(root.lang) ? 'zh-Hant' : 'en';

/** @param {import('./tree.js').Say} words */
const spoken = (words) => words.say[index(lang)];

/** All elements of figures. @returns {any[]} */
const parts = () => [...document.querySelectorAll('.parts > *')].filter((e) => 'start' in e);

const figures = () => document.querySelectorAll('note-figure');

/** @param {string} selector @param {any} trees */
function put(selector, trees) {
  const box = document.querySelector(selector);
  box?.replaceChildren(...trees.map((/** @type {any} */ tree) => toDom(tree, lang)));
}

/** Shows the page in a language. What the reader has computed, and figures that share with it, keep model and text. @param {string} next */
function useLanguage(next) {
  const live = parts().filter((part) => part.live);
  const shared = new Set(live.map((part) => part.getAttribute('share')).filter(Boolean));
  /** @param {any} node @param {string} name */
  const keeps = (node, name) =>
    name !== 'caption' &&
    (live.includes(node) ||
      shared.has(node.getAttribute('share')) ||
      (!!ownSentence() && node.getAttribute('text') === ownSentence()));
  lang = next;
  root.lang = next;
  document.title = spoken(TITLE);
  speak(next, keeps);
  showTheme();
}

function showTheme() {
  const theme = root.dataset.theme ?? 'auto';
  const button = document.querySelector('#theme');
  if (button) button.textContent = spoken(/** @type {any} */ (THEME_NAMES)[theme]);
}

/** @param {string} id @param {string} event @param {(node: any) => void} then */
function on(id, event, then) {
  const node = document.getElementById(id);
  node?.addEventListener(event, () => then(node));
}

function connect() {
  on('language', 'click', () => {
    useLanguage(lang === 'en' ? 'zh-Hant' : 'en');
    save();
  });
  on('theme', 'click', () => {
    const now = THEMES.indexOf(root.dataset.theme ?? 'auto');
    root.dataset.theme = THEMES[(now + 1) % THEMES.length];
    remember('theme', root.dataset.theme);
    showTheme();
  });
  on('lecture', 'click', () => lecture());
  on('own', 'change', ({ files }) => {
    for (const part of parts()) part.model = files[0];
  });
  connectSentence(figures, () => lang);
  document.addEventListener('select', save);
  document.addEventListener('done', save);
}

/** Writes the state of the figures that the reader has changed into the address. */
function save() {
  const address = addressOf(figures(), lang);
  try {
    history.replaceState(null, '', address);
  } catch {
    // file: pages of some browsers refuse it
  }
}

/** Passes the turn to the browser. */
const breathe = () => new Promise((resolve) => setTimeout(resolve));

/** Whether a tree is a figure, or the elements in one. @param {any} tree */
const isLarge = ([tag, attributes]) => tag === 'note-figure' || attributes?.class === 'parts';

/** What takePlace() has still to scroll: browsers scroll by whole pixels. */
let owed = 0;

/**
 * Puts a node in the place of an old one; what the reader looks at stays where it is.
 * @param {Element} node in the page, out of sight, or not yet there @param {Element} old
 */
function takePlace(node, old) {
  const { top, bottom } = old.getBoundingClientRect();
  if (node.isConnected) old.remove();
  else old.replaceWith(node);
  node.classList.remove('arriving');
  if (top >= 0 || bottom >= innerHeight) return;
  owed += node.getBoundingClientRect().bottom - bottom;
  const before = scrollY;
  scrollBy(0, owed);
  owed -= scrollY - before;
}

/**
 * Appends trees from top to bottom, one element of a figure at a time, so that no task is long.
 * @param {Element} parent @param {any[]} trees @param {Element[]} [old] whose places they take
 */
async function append(parent, trees, old = []) {
  for (const [i, tree] of trees.entries()) {
    const large = Array.isArray(tree) && isLarge(tree);
    if (!large && parent.className === 'parts') await breathe();
    const [tag, attributes, ...children] = tree;
    const node = /** @type {Element} */ (toDom(large ? [tag, attributes] : tree, lang));
    if (!old[i]) parent.append(node);
    if (large && old[i]) {
      node.classList.add('arriving');
      old[i].before(node);
    }
    if (large) await append(node, children);
    if (tag === 'note-figure') connectTools([node], () => lang);
    if (old[i]) takePlace(node, old[i]);
  }
}

/**
 * Puts the sections into the page, in the place of the text for readers without scripts.
 * @returns {Promise<boolean>} whether that text was shown before
 */
async function putSections() {
  const main = /** @type {Element} */ (document.querySelector('main'));
  const shown = !!main.children.length && getComputedStyle(main).visibility === 'visible';
  const old = shown ? [...main.querySelectorAll(':scope > section')] : [];
  if (shown) main.querySelector('.without')?.remove();
  else main.replaceChildren();
  document.body.dataset.begun = '';
  root.style.setProperty('overflow-anchor', 'none'); // takePlace() scrolls
  for (const [i, [tag, attributes, ...children]] of /** @type {any[]} */ (SECTIONS.entries())) {
    const section = old[i] ?? /** @type {Element} */ (toDom([tag, attributes], lang));
    if (!old[i]) main.append(section);
    await append(section, children, old[i] ? [...section.children] : []);
  }
  root.style.removeProperty('overflow-anchor');
  return shown;
}

/** Shows the page, in the language and state of its address. */
async function begin() {
  lang = languageOf(location.hash) ?? lang;
  root.dataset.theme = recall('theme') ?? 'auto';
  put('#top', HEADER);
  put('#contents', [CONTENTS]);
  put('footer', FOOTER);
  useLanguage(lang);
  const shown = await putSections();
  connect();
  const { figure, only, sentence } = readAddress(document);
  if (sentence) spread(sentence, figures(), lang);
  if (only && figure) showOnly(figure);
  document.body.dataset.ready = '';
  if (!shown || !scrollY) figure?.scrollIntoView();
}

begin();
