/**
 * vectors.js - vectors of files that were embedded before, in IndexedDB, by model and content of the file.
 *
 * A browser that refuses the database (a private window) embeds again.
 */
import { sha256 } from '../../web/source/sha256.js';

/** The key of a text's vectors. @param {string} model @param {string[]} passages */
export function keyOf(model, passages) {
  const hash = sha256();
  hash.update(new TextEncoder().encode(JSON.stringify([model, passages])));
  return hash.hex();
}

/** @returns {Promise<IDBDatabase | undefined>} */
const opened = new Promise((resolve) => {
  try {
    const request = indexedDB.open('jielong-search', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('vectors');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(undefined);
  } catch {
    resolve(undefined);
  }
});

/**
 * @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest} work
 * @returns {Promise<any>} undefined if it fails
 */
async function ask(mode, work) {
  const database = await opened;
  if (!database) return undefined;
  return new Promise((resolve) => {
    const request = work(database.transaction('vectors', mode).objectStore('vectors'));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(undefined);
  });
}

/** @param {string} key @returns {Promise<Float32Array[] | undefined>} */
export const remembered = (key) => ask('readonly', (store) => store.get(key));

/** @param {string} key @param {Float32Array[]} vectors */
export const remember = (key, vectors) => ask('readwrite', (store) => store.put(vectors, key));
