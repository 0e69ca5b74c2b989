/**
 * scenes.js - where an element's recorded scene comes from: a script in the page, a URL, or the included ones.
 */
import { makeScene, readScene } from '../figures/scene.js';
import { chinese } from './scenes/chinese.js';
import { english } from './scenes/english.js';

/** @typedef {import('../figures/scene.js').Scene} Scene */

/** The included scenes, by model. @type {Record<string, any>} */
const included = { tales: english, poems: chinese };
/** Unpacked at first use. @type {Map<string, Scene>} */
const unpacked = new Map();
/** Loads a view of an included scene, which calls addView(). @typedef {(name: string, model: string) => Promise<unknown>} LoadView */
/** In web/ the scenes have all views. @type {LoadView | undefined} */
let loadView;

/** @param {LoadView} load */
export const loadViewsBy = (load) => {
  loadView = load;
};

/** @param {string} model @param {string} name of a view @param {any} view packed */
export function addView(model, name, view) {
  included[model].views[name] = view;
  unpacked.delete(model);
}

/** Loads a view of an included scene, unless it is there. @param {string} model @param {string} name */
export async function needView(model, name) {
  if (loadView && Object.hasOwn(included, model) && !Object.hasOwn(included[model].views, name))
    await loadView(name, model);
}

/** @param {string} model @param {string} name of a view */
function includedScene(model, name) {
  if (!Object.hasOwn(included, model)) return null;
  if (loadView && !Object.hasOwn(included[model].views, name))
    return needView(model, name).then(() => sceneOf(model));
  return sceneOf(model);
}

/** @param {string} model */
function sceneOf(model) {
  const known = unpacked.get(model) ?? readScene(included[model]);
  unpacked.set(model, known);
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
 * @param {HTMLElement & { model: any, viewName: string, settings: import('./settings.js').Settings }} element
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
  return typeof element.model === 'string' ? includedScene(element.model, element.viewName) : null;
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
