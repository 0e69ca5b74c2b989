/**
 * engine.js - the models of a page: one per address, shared by all elements; one computation at a time.
 *
 * A model is loaded by the first element that starts, and closed when no element uses it. jielong.js is imported then,
 * not before, so that a page of recorded figures compiles no wasm. The precision is 'exact', so that a figure shows the
 * same values on every machine.
 */
import { INCLUDED, places } from './here.js';

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {{ loaded: number, total?: number }} Progress */
/** @typedef {string | Blob | ArrayBuffer | Model} ModelSource */

const KEEP_MS = 2000; // that an unused model is kept: pages with instant navigation replace elements

/** @param {string} base64 */
const decode = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

/** @typedef {Blob | Response | Uint8Array<ArrayBuffer>} Bytes */
/** Bytes of models that the page brings along, by name. @type {Map<string, () => Promise<Bytes | undefined>>} */
const provided = new Map();

/**
 * Provides a model under a name, for pages that cannot fetch it (file:, one-file pages).
 * @param {string} name @param {string | (() => Promise<Bytes | undefined>)} bytes a string is base64
 */
export const provide = (name, bytes) =>
  void provided.set(name, typeof bytes === 'string' ? async () => decode(bytes) : bytes);

/** The bytes of a provided model. @param {string} name */
export const bytesOf = async (name) => provided.get(name)?.();

/** The address of a model: an included name, or relative to the page; the text itself if it is none. @param {string} model */
function addressOf(model) {
  if (Object.hasOwn(INCLUDED, model)) return places.models + INCLUDED[model].file;
  try {
    return new URL(model, document.baseURI).href;
  } catch {
    return model;
  }
}

/**
 * @typedef {object} Entry
 * @property {Promise<Model>} promise
 * @property {Model} [model] once loaded
 * @property {Map<object, { onProgress?: (progress: Progress) => void }>} owners
 * @property {AbortController} controller
 */

/** @type {Map<unknown, Entry>} */
const entries = new Map();

/** @param {ModelSource} source */
const keyOf = (source) => (typeof source === 'string' ? addressOf(source) : source);

/** Whether a page's policy forbids workers of Blobs, which the engine as one file uses. @param {any} e */
const noWorker = (e) =>
  e?.code === 'WORKER' && /could not be (loaded|started)/.test(String(e.message));

/** @param {ModelSource} source @param {Entry} entry */
async function load(source, entry) {
  const { loadModel } = await import('../jielong.js');
  const bytes = async () =>
    (typeof source === 'string' && (await bytesOf(source))) ||
    /** @type {string} */ (keyOf(source));
  const options = /** @type {const} */ ({
    precision: 'exact',
    signal: entry.controller.signal,
    onProgress: (/** @type {Progress} */ progress) => {
      for (const owner of entry.owners.values()) owner.onProgress?.(progress);
    },
  });
  const model = await loadModel(await bytes(), options).catch(async (e) => {
    if (!noWorker(e)) throw e;
    return loadModel(await bytes(), { ...options, worker: false }); // in the page's thread
  });
  entry.model = model;
  return model;
}

/** Whether the model is in memory. @param {ModelSource} source */
export const isLoaded = (source) => isModel(source) || !!entries.get(keyOf(source))?.model;

/** @param {ModelSource} source @returns {source is Model} */
const isModel = (source) => typeof source === 'object' && 'createSession' in source;

/** A promise that also ends with an abort, by its reason. @param {AbortSignal} signal @param {Promise<unknown>} wait */
function untilAborted(signal, wait) {
  signal.throwIfAborted();
  const aborted = new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );
  return Promise.race([wait, aborted]);
}

/**
 * The model for an owner, until release(). Rejects with signal.reason when aborted; the load continues if another
 * owner waits for it.
 * @param {ModelSource} source @param {object} owner
 * @param {{ signal: AbortSignal, onProgress?: (progress: Progress) => void }} options
 * @returns {Promise<Model>}
 */
export async function acquire(source, owner, { signal, onProgress }) {
  if (isModel(source)) return source;
  const key = keyOf(source);
  let entry = entries.get(key);
  if (!entry) {
    const created = /** @type {Entry} */ ({ owners: new Map(), controller: new AbortController() });
    entry = created;
    entries.set(key, entry);
    entry.promise = load(source, entry);
    entry.promise.catch(() => entries.get(key) === created && entries.delete(key));
  }
  const mine = { onProgress };
  entry.owners.set(owner, mine);
  try {
    return /** @type {Model} */ (await untilAborted(signal, entry.promise));
  } catch (e) {
    if (entry.owners.get(owner) === mine) release(source, owner); // else it has started again
    throw e;
  }
}

/** @param {ModelSource} source @param {object} owner */
export function release(source, owner) {
  const key = keyOf(source);
  const entry = entries.get(key);
  if (!entry?.owners.delete(owner) || entry.owners.size) return;
  if (!entry.model) {
    entries.delete(key);
    entry.controller.abort();
    return;
  }
  setTimeout(() => {
    if (entry.owners.size || entries.get(key) !== entry) return;
    entries.delete(key);
    entry.model?.close();
  }, KEEP_MS);
}

/** Number of models in memory or loading. */
export const loaded = () => entries.size;

/** Waiting computations, in order. @type {(() => void)[]} */
const queue = [];
let taken = false;

/** Waits for the page's turn. */
async function take() {
  if (taken) await /** @type {Promise<void>} */ (new Promise((resolve) => queue.push(resolve)));
  taken = true;
}

/** Passes the turn on. */
function give() {
  taken = false;
  queue.shift()?.();
}

/**
 * Runs `work` in its turn. `pause` in it passes the turn to waiting figures, and waits for `visible`. Both end with an
 * abort.
 * @template T
 * @param {(pause: () => Promise<void>) => Promise<T>} work
 * @param {AbortSignal} signal
 * @param {() => Promise<void> | undefined} visible a promise while the figure is hidden
 * @returns {Promise<T>}
 */
export async function inTurn(work, signal, visible) {
  let mine = true;
  await take();
  try {
    signal.throwIfAborted();
    return await work(async () => {
      const hidden = visible();
      if (hidden || queue.length) {
        mine = false;
        give();
        if (hidden) await untilAborted(signal, hidden);
        await take();
        mine = true;
      }
      signal.throwIfAborted();
    });
  } finally {
    if (mine) give();
  }
}
