/**
 * scene.js - `jielong scene`: computes figures of a text and writes them as a scene, or computes a scene again and
 * compares.
 */
import { stat, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { JielongError } from '../base/error.js';
import { INCLUDED } from '../elements/here.js';
import { plainJob } from '../figures/figure.js';
import { FIGURES } from '../figures/index.js';
import { differences, makeScene, readScene } from '../figures/scene.js';
import { loadModel } from '../jielong.js';

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {import('../figures/scene.js').Scene} Scene */

const SHOWN = 5; // places in a message

/** Names of figures, from a list; an unknown one is reported. @param {string} list */
export function figuresOf(list) {
  const names = list.split(',');
  const unknown = names.find((name) => !Object.hasOwn(FIGURES, name));
  return unknown === undefined ? { names } : { names, unknown };
}

export const ALL_FIGURES = Object.keys(FIGURES);

/** @param {Model} model @param {string[]} names of figures @param {Record<string, any>} request */
async function compute(model, names, request) {
  /** @type {Record<string, any>} */ const views = {};
  for (const name of names) views[name] = await FIGURES[name].compute(model, request, plainJob());
  return views;
}

/**
 * How a page names a model: an included one by its name, a file by its last part, beside the page.
 * @param {string} source a path or an address @param {Model} model
 */
async function describe(source, { info }) {
  const size = await stat(source).then(
    (found) => found.size,
    () => 0, // an address
  );
  const short = basename(source, '.gguf');
  const web = /^https?:/.test(source);
  const included = !web && INCLUDED[short]?.bytes === size;
  const file = web ? source : included ? short : basename(source);
  return { name: info.name ?? short, file, type: info.fileType, bytes: size };
}

/**
 * @param {Model} model @param {string} source @param {string[]} names of figures @param {Record<string, any>} request
 * @returns {Promise<Scene>}
 */
const sceneOf = async (model, source, names, request) =>
  makeScene(await describe(source, model), request, await compute(model, names, request));

/**
 * @param {string} file @param {string[]} names of figures @param {Record<string, any>} request
 * @returns {Promise<Scene>}
 */
export async function recordScene(file, names, request) {
  const model = await loadModel(file, { precision: 'exact' });
  try {
    return await sceneOf(model, file, names, request);
  } finally {
    await model.close();
  }
}

/** A setting of the command line as a figure expects it. @param {string} text */
function typed(text) {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** The request of the options. @param {string} text @param {Record<string, any>} values */
function requestOf(text, { layer, head, seed, set = [] }) {
  const known = Object.entries({ layer, head, seed }).filter(([, value]) => value !== undefined);
  const pairs = known.map(([name, value]) => [name, Number(value)]);
  for (const one of set) {
    const at = one.indexOf('=');
    pairs.push([one.slice(0, at), typed(one.slice(at + 1))]);
  }
  return { text, ...Object.fromEntries(pairs) };
}

/** @param {string} file @param {string} text of it @returns {Scene} */
function sceneIn(file, text) {
  try {
    const scene = readScene(text);
    const unknown = Object.keys(scene.views).find((name) => !Object.hasOwn(FIGURES, name));
    if (unknown !== undefined) throw new TypeError(`there is no figure '${unknown}'`);
    return scene;
  } catch (e) {
    throw new JielongError('BAD_ARGUMENT', /** @type {Error} */ (e).message, file);
  }
}

/**
 * Computes a scene again; rejects with the places that differ.
 * @param {Model} model @param {string} file @param {string} text of it
 */
async function checkScene(model, file, text) {
  const { views, request, date } = sceneIn(file, text);
  const names = Object.keys(views);
  const live = await compute(model, names, request);
  const places = differences(views, live);
  if (places.length) {
    const shown = places.slice(0, SHOWN).join(', ');
    const more = places.length > SHOWN ? ` and ${places.length - SHOWN} more` : '';
    throw new JielongError(
      'DIFFERENT',
      `computing the scene again gives other values at ${shown}${more}; record it again`,
      file,
    );
  }
  return { figures: names, date, differences: 0 };
}

/**
 * The command.
 * @param {Model} model @param {string[]} args @param {Record<string, any>} values
 * @param {(path: string) => string} readText
 */
export async function scene(model, [text], values, readText) {
  const { check, figure, file, out, source } = values;
  if (check !== undefined) return JSON.stringify(await checkScene(model, check, readText(check)));
  const { names } = figuresOf(figure);
  const request = requestOf(text ?? readText(file), values);
  const json = JSON.stringify(await sceneOf(model, source, names, request));
  if (out === undefined) return json;
  await writeFile(out, `${json}\n`).catch((e) => {
    throw new JielongError('FILE', `${out} cannot be written: ${e.message}`, '--out');
  });
  return undefined;
}
