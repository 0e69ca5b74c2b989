/**
 * fragment.js - the state of a figure in the fragment of an address: #figure=attention&text=…&layer=2
 *
 * A fragment is untrusted. A setting that is unknown or does not fit is left out, and a problem says so.
 */
import { INCLUDED } from './here.js';

/** @typedef {Record<string, import('./settings.js').Setting>} Table */
/** A sentence of words/embed.js and its values. @typedef {[key: string, values: Record<string, string>]} Problem */

const FIGURE = 'attention'; // shown if the fragment names no other
const MAX_LENGTH = 200_000; // of a text of 20,000 Chinese characters
const MAX_NAME = 40; // characters of a name in a message

/** @param {string[]} names */
const listOf = (names) => names.map((name) => name.slice(0, MAX_NAME)).join(', ');

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

/**
 * @param {string} fragment with or without its #
 * @param {(figure: string) => Table | undefined} tableOf the settings of a figure
 * @param {string} page address of the page
 * @returns {{ figure: string, values: Record<string, string>, problems: Problem[] }}
 */
export function readFragment(fragment, tableOf, page) {
  /** @type {Problem[]} */ const problems = [];
  const long = fragment.length > MAX_LENGTH;
  if (long) problems.push(['long', {}]);
  const given = new Map(long ? [] : new URLSearchParams(fragment.replace(/^#/, '')));
  const asked = given.get('figure') ?? FIGURE;
  given.delete('figure');
  const known = /^[a-z]{1,20}$/.test(asked) && tableOf(asked);
  if (!known) problems.push(['figure', { name: asked.slice(0, MAX_NAME), figure: FIGURE }]);
  const table = known || tableOf(FIGURE) || {};
  const names = [...given.keys()];
  const unknown = names.filter((name) => !Object.hasOwn(table, name));
  const wrong = names.filter(
    (name) => Object.hasOwn(table, name) && !fits(table, name, given.get(name) ?? '', page),
  );
  if (unknown.length) problems.push(['unknown', { names: listOf(unknown.slice(0, 5)) }]);
  if (wrong.length) problems.push(['wrong', { names: listOf(wrong) }]);
  const left = names.filter((name) => !unknown.includes(name) && !wrong.includes(name));
  const values = Object.fromEntries(left.map((name) => [name, given.get(name) ?? '']));
  return { figure: known ? asked : FIGURE, values, problems };
}
