/**
 * assert.js - the assertions of the shared suite, because pages have no node:assert.
 *
 * Each throws an Error that says what was expected and found.
 */

/** @param {unknown} value */
function show(value) {
  const list = ArrayBuffer.isView(value) ? Array.from(/** @type {any} */ (value)) : value;
  return (
    JSON.stringify(list, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))?.slice(0, 300) ??
    String(value)
  );
}

/** @param {unknown} condition @param {string} message */
export function ok(condition, message) {
  if (!condition) throw new Error(message);
}

/** Equal JSON: numbers, strings, arrays of them (typed or not). @param {unknown} found @param {unknown} wanted @param {string} what */
export function same(found, wanted, what) {
  if (show(found) !== show(wanted) || String(found) !== String(wanted)) {
    throw new Error(`${what}: wanted ${show(wanted)}, found ${show(found)}`);
  }
}

/** Equal bits. @param {Float32Array} found @param {Float32Array} wanted @param {string} what */
export function sameBits(found, wanted, what) {
  ok(found.length === wanted.length, `${what}: ${wanted.length} values, found ${found.length}`);
  const a = new Uint32Array(found.buffer, found.byteOffset, found.length);
  const b = new Uint32Array(wanted.buffer, wanted.byteOffset, wanted.length);
  const i = a.findIndex((bits, at) => bits !== b[at]);
  ok(i < 0, `${what}: value ${i} is ${found[i]}, wanted the same bits as ${wanted[i]}`);
}

/** @param {number} found @param {number} limit @param {string} what */
export function below(found, limit, what) {
  if (!(found < limit)) throw new Error(`${what}: wanted below ${limit}, found ${found}`);
}

/**
 * Asserts that the promise (or the function's) rejects with this code.
 * @param {Promise<unknown> | (() => unknown)} work @param {string} code @param {RegExp} [words] in its message or where
 */
export async function rejects(work, code, words) {
  /** @type {any} */
  let error;
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (e) {
    error = e;
  }
  ok(error, `wanted the error ${code}, nothing was thrown`);
  if (error.name !== 'JielongError' || error.code !== code) {
    throw new Error(
      `wanted the error ${code}, found ${error.name} ${error.code}: ${error.message}`,
    );
  }
  ok(error.message.length >= 12, `${code} says only '${error.message}'`);
  const said = `${error.where} ${error.message}`;
  ok(!words || words.test(said), `${code} should speak of ${words}: ${said}`);
  return error;
}
