/**
 * tokenize.js - processes long texts and id lists in several short calls, for models and sessions.
 */

/** @typedef {import('../engine/backend.js').Backend} Backend */

const PART = 8192; // max ids per call

/**
 * The ids of a text, one step per call.
 * @param {Backend} backend
 * @param {[parts: [string, boolean][], special: boolean, bos: boolean, eos?: boolean]} text
 * @param {() => void} check throws to cancel
 * @returns {Promise<Int32Array>}
 */
export async function tokenize(backend, text, check) {
  check();
  let ids = await backend.call('tokenize', ...text);
  while (typeof ids === 'number') {
    try {
      check();
    } catch (e) {
      await backend.call('endTokenize', ids).catch(() => {});
      throw e;
    }
    ids = await backend.call('tokenizeMore', ids);
  }
  check();
  return ids;
}

/** Ids in parts of some ms each. @param {Int32Array} ids @returns {Generator<[Int32Array, boolean]>} */
export function* inParts(ids) {
  for (let at = 0; at < ids.length; at += PART) yield [ids.slice(at, at + PART), at === 0];
}
