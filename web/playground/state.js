/**
 * state.js - the shared state of the page, and its change events: 'model' (another one is shown) and 'language'.
 */

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {'model' | 'language'} Topic */

/**
 * A catalogue entry: `type` of the weights, file size, page of its author, URL (relative to this
 * page). An entry with a `language` is included and is the default model of that language.
 * @typedef {{ name: string, parameters: number, type: string, bytes: number,
 *   license: string, page: string, url: string, language?: string }} Entry
 */

export const state = {
  /** The model that the reader has loaded; null: the included one, which the figures load. @type {Model | null} */
  model: null,
  /** Display name. */ modelName: '',
  /** Of the last load. */ loading: { seconds: 0, bytes: 0 },
  /** The included model in use. @type {Entry | null} */ included: null,
};

const target = new EventTarget();

/** @param {Topic} topic @param {() => void} listener */
export const on = (topic, listener) => target.addEventListener(topic, listener);

/** @param {Topic} topic */
export const emit = (topic) => target.dispatchEvent(new Event(topic));
