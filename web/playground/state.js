/**
 * state.js - the shared state of the page, and its change events.
 *
 * Panels and figures read `state` and listen to events: 'model' (loaded or closed), 'text' (a
 * generation has ended), 'busy', 'sampling', 'language', 'theme'.
 */

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {import('../jielong.js').Session} Session */
/** @typedef {'model' | 'text' | 'busy' | 'sampling' | 'language' | 'theme'} Topic */

/**
 * The options from temperature to repeatPenalty have no values until the first model is loaded,
 * because their defaults are the engine's.
 * @typedef {object} Sampling
 * @property {number} [temperature]
 * @property {number} [topK]
 * @property {number} [topP]
 * @property {number} [minP]
 * @property {number} [repeatPenalty]
 * @property {number} seed
 * @property {number} maxTokens
 */

export const state = {
  /** @type {Model | null} */ model: null,
  /** Display name. */ modelName: '',
  /** Of the last load. */ loading: { seconds: 0, bytes: 0 },
  /**
   * The default model, included for the page's language; Start loads it if none is loaded.
   * @type {{ bytes: number, load: () => Promise<void> } | null}
   */
  ready: null,
  /** The session of the text on screen. @type {Session | null} */ session: null,
  /** Its ids after the last generation. @type {Int32Array} */
  ids: new Int32Array(),
  /** Whether a generation runs. */ busy: false,
  /** @type {Sampling} */
  sampling: { seed: 1, maxTokens: 128 },
};

const target = new EventTarget();

/** @param {Topic} topic @param {() => void} listener */
export const on = (topic, listener) => target.addEventListener(topic, listener);

/** @param {Topic} topic */
export const emit = (topic) => target.dispatchEvent(new Event(topic));

/** @type {Promise<unknown>} */
let last = Promise.resolve();

/**
 * Queues work on `state.session`, because a session runs one operation at a time.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export function inTurn(work) {
  const done = last.then(work);
  last = done.catch(() => {}); // the caller gets the failure
  return done;
}
