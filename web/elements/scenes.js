/**
 * scenes.js - where an element's recorded scene comes from: a script in the page, a URL, or the included ones.
 */
import { makeScene, readScene } from '../figures/scene.js';
import { chinese } from './scenes/chinese.js';
import { english } from './scenes/english.js';

/** @typedef {import('../figures/scene.js').Scene} Scene */

/** The included scenes, by model. They are unpacked at first use. @type {Record<string, unknown>} */
const included = { tales: english, poems: chinese };
/** @type {Map<unknown, Scene>} */
const unpacked = new Map();

/** @param {unknown} stored */
function unpackOnce(stored) {
  const known = unpacked.get(stored) ?? readScene(stored);
  unpacked.set(stored, known);
  return known;
}

/** @param {string} address */
async function fetchScene(address) {
  const response = await fetch(new URL(address, document.baseURI));
  if (!response.ok) throw new Error(`${address}: HTTP ${response.status}`);
  return readScene(await response.text());
}

/**
 * The scene of an element: of the script with id `scene`, or in the element; from the URL `scene`; else the included
 * one of its model. null if there is none.
 * @param {HTMLElement & { model: any, settings: import('./settings.js').Settings }} element
 * @returns {Scene | null | Promise<Scene>}
 */
export function sceneFor(element) {
  const asked = element.settings.own('scene');
  if (asked && !asked.startsWith('#')) return fetchScene(asked);
  const script = asked
    ? document.getElementById(asked.slice(1))
    : element.querySelector(':scope > script[type="application/json"]');
  if (script?.textContent) return readScene(script.textContent);
  if (asked) throw new Error(`there is no script ${asked} in the page`);
  return Object.hasOwn(included, element.model) ? unpackOnce(included[element.model]) : null;
}

/** The view of an element as a scene. @param {import('./base.js').JlElement} element @returns {Scene} */
export function recordOf(element) {
  const { view, live, facts, viewName, recorded, model } = element;
  const info = facts.model;
  const known = recorded?.model ?? { name: '', file: '', type: '', bytes: 0 };
  const file = typeof model === 'string' ? model : '';
  const described = info ? { name: info.name ?? '', file, type: info.fileType, bytes: 0 } : known;
  const request = Object.fromEntries(
    Object.entries(element.request()).filter(([, value]) => value !== undefined),
  );
  const scene = makeScene(described, request, { [viewName]: view });
  return live || !recorded ? scene : { ...scene, date: recorded.date, engine: recorded.engine };
}
