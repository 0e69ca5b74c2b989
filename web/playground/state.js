/**
 * state.js - what the page knows, in one place, and who hears of changes.
 *
 * The parts of the page do not call each other: they read `state`, and listen. Events: 'model'
 * (loaded or gone), 'text' (the text on screen is final for now), 'busy', 'sampling', 'language',
 * 'theme'.
 */

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {import('../jielong.js').Session} Session */
/** @typedef {'model' | 'text' | 'busy' | 'sampling' | 'language' | 'theme'} Topic */

/**
 * @typedef {object} Sampling
 * @property {number} temperature
 * @property {number} topK
 * @property {number} topP
 * @property {number} minP
 * @property {number} repeatPenalty
 * @property {number} seed
 * @property {number} maxTokens
 */

export const state = {
  /** @type {Model | null} */ model: null,
  /** A name for people. */ modelName: '',
  /** What the last load took. */ loading: { seconds: 0, bytes: 0 },
  /**
   * What is loaded when the reader starts to play without having chosen: the model that comes with
   * the page, in the page's language.
   * @type {{ bytes: number, load: () => Promise<void> } | null}
   */
  ready: null,
  /** The session whose text is on screen. @type {Session | null} */ session: null,
  /** The tokens on its timeline when the text last came to rest. @type {Int32Array} */
  ids: new Int32Array(),
  /** Whether tokens are being drawn. */ busy: false,
  /** @type {Sampling} */
  sampling: {
    temperature: 0.8,
    topK: 40,
    topP: 0.95,
    minP: 0.05,
    repeatPenalty: 1,
    seed: 1,
    maxTokens: 128,
  },
};

const target = new EventTarget();

/** @param {Topic} topic @param {() => void} listener */
export const on = (topic, listener) => target.addEventListener(topic, listener);

/** @param {Topic} topic */
export const emit = (topic) => target.dispatchEvent(new Event(topic));

/** @type {Promise<unknown>} */
let last = Promise.resolve();

/**
 * A session does one thing at a time, so whoever wants something of `state.session` waits.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export function inTurn(work) {
  const done = last.then(work);
  last = done.catch(() => {}); // a failure is told to the one who asked
  return done;
}
