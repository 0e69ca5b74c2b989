/**
 * fragment.js - the state of a figure in the fragment of an address: #figure=attention&text=…&layer=2
 *
 * A fragment is untrusted. A setting that is unknown or does not fit is left out, and a problem says so.
 */
import { supported } from '../ui/words.js';
import { defaultModel, INCLUDED } from './here.js';

/** @typedef {Record<string, import('./settings.js').Setting>} Table */
/** A sentence of words/embed.js and its values. @typedef {[key: string, values: Record<string, string>]} Problem */

const FIGURE = 'attention'; // shown if the fragment names no other
const MAX_LENGTH = 200_000; // of a text of 20,000 Chinese characters
const MAX_NAME = 40; // characters of a name in a message

/** @param {string[]} names */
const listOf = (names) =>
  names
    .slice(0, 8)
    .map((name) => name.slice(0, MAX_NAME))
    .join(', ');

/** The address that a text means on a page; undefined if it is none. @param {string} text @param {string} page */
function resolve(text, page) {
  try {
    return new URL(text, page);
  } catch {
    return undefined;
  }
}

/**
 * Whether a page may be told to load this model: an included one, or one of the web. A page from disk may also load
 * from disk.
 * @param {string} model @param {string} page its address
 */
export function mayLoad(model, page) {
  if (Object.hasOwn(INCLUDED, model)) return true;
  const address = resolve(model, page);
  if (!address || address.username || address.password) return false;
  return (
    /^https?:$/.test(address.protocol) || (/^file:/.test(page) && address.protocol === 'file:')
  );
}

/** Whether a scene lies in the folder of the page, because it is fetched without a click. @param {string} scene @param {string} page */
const isOwnScene = (scene, page) =>
  !scene.startsWith('#') && !!resolve(scene, page)?.href.startsWith(new URL('.', page).href);

/**
 * Whether a value fits its setting.
 * @param {Table} table @param {string} name @param {string} value @param {string} page
 */
export function fits(table, name, value, page) {
  if (typeof value !== 'string' || !Object.hasOwn(table, name)) return false;
  if (table[name].parse(value) === undefined) return false;
  if (name === 'model') return mayLoad(value, page);
  return name !== 'scene' || isOwnScene(value, page);
}

/** @param {string} fragment with or without its # */
const settingsOf = (fragment) =>
  new Map(fragment.length > MAX_LENGTH ? [] : new URLSearchParams(fragment.replace(/^#/, '')));

/** The figure that a fragment names, if there is its element, else the default. @param {string} fragment @param {string[]} tags */
export function figureOf(fragment, tags) {
  const asked = settingsOf(fragment).get('figure') ?? FIGURE;
  return tags.includes(`jl-${asked}`) ? asked : FIGURE;
}

/** The included model whose scene is shown first. @param {string} fragment @param {string} language of the page */
export function modelOf(fragment, language) {
  const given = settingsOf(fragment);
  const model = given.get('model') ?? '';
  if (Object.hasOwn(INCLUDED, model)) return model;
  return defaultModel(supported(given.get('lang') || language));
}

/**
 * The attributes that a fragment gives a figure.
 * @param {string} fragment @param {string} figure that is shown @param {Table} table its settings
 * @param {string} page address of the page
 * @returns {{ values: Record<string, string>, problems: Problem[] }}
 */
export function readFragment(fragment, figure, table, page) {
  /** @type {Problem[]} */ const problems = [];
  if (fragment.length > MAX_LENGTH) problems.push(['long', {}]);
  const given = settingsOf(fragment);
  const asked = given.get('figure') ?? figure;
  given.delete('figure');
  if (asked !== figure) problems.push(['figure', { name: asked.slice(0, MAX_NAME), figure }]);
  /** @type {{ unknown: string[], wrong: string[], right: string[] }} */
  const names = { unknown: [], wrong: [], right: [] };
  for (const [name, value] of given) {
    const known = Object.hasOwn(table, name);
    names[!known ? 'unknown' : fits(table, name, value, page) ? 'right' : 'wrong'].push(name);
  }
  for (const kind of /** @type {const} */ (['unknown', 'wrong']))
    if (names[kind].length) problems.push([kind, { names: listOf(names[kind]) }]);
  const values = Object.fromEntries(names.right.map((name) => [name, given.get(name) ?? '']));
  return { values, problems };
}
