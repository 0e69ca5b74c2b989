/**
 * tokenize.js - long texts and long lists of ids, a step a call: for models and sessions.
 */

/** @typedef {import('../engine/backend.js').Backend} Backend */

const PART = 8192; // ids that one call turns into text

/**
 * The ids of a text, a step a call.
 * @param {Backend} backend
 * @param {[parts: [string, boolean][], special: boolean, bos: boolean, eos?: boolean]} text
 * @param {() => void} check throws when the caller no longer wants them
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

/** Ids in parts that take some ms each. @param {Int32Array} ids @returns {Generator<[Int32Array, boolean]>} */
export function* inParts(ids) {
  for (let at = 0; at < ids.length; at += PART) yield [ids.slice(at, at + PART), at === 0];
}
