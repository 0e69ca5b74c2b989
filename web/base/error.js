/**
 * error.js - the error class of this package, and its transfer between workers.
 *
 * `code` is stable, for programs. `message` is for people: what failed, what was expected and found,
 * what to do. `where` names the place (tensor, metadata key, option, URL). The codes are in
 * api/types.js; src/base/status.c has the engine's.
 */

const MAX_WORDS = 500; // characters of a foreign error's message, or of a URL
const MAX_MESSAGE = 2000;
const MAX_WHERE = 4096; // PATH_MAX

export class JielongError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {string} [where]
   * @param {number} [offset]
   */
  constructor(code, message, where, offset) {
    super(cut(message, MAX_MESSAGE));
    this.name = 'JielongError';
    /** Stable code, such as 'NOT_GGUF'. */
    this.code = code;
    /** Tensor name, metadata key, option or URL; '' if none applies. */
    this.where = cut(where ?? '', MAX_WHERE);
    /** Byte offset in the model file, or undefined. */
    this.offset = offset;
  }
}

/** @param {string} what */
export const closed = (what) => new JielongError('CLOSED', `this ${what} is closed`);

/** Truncates a text of any length. @param {string} text */
export const cut = (text, length = MAX_WORDS) =>
  text.length > length ? `${text.slice(0, length)}…` : text;

/** instanceof, for values whose prototype may throw. @param {any} e @param {Function} [type] @returns {boolean} */
export function isError(e, type = JielongError) {
  try {
    return e instanceof type;
  } catch {
    return false;
  }
}

/**
 * The message of a thrown value of any kind: null, a symbol, an object whose getters throw.
 * @param {any} e
 * @returns {string}
 */
export function wordsOf(e) {
  try {
    const { message = e } = e?.cause?.message ? e.cause : (e ?? {});
    return cut(String(message));
  } catch {
    return 'an error without a message';
  }
}

/**
 * An error as a plain object, because structured clone drops its own fields. JielongError is recognised by
 * name: in the single-file build (web/node/dist.js), imported parts have a second class of that name.
 * @param {any} e
 */
export function packError(e) {
  if (!isError(e, Error) || e.name !== 'JielongError')
    return { name: 'Error', message: wordsOf(e) };
  const { name, message, code, where, offset } = e;
  return { name, message, code, where, offset };
}

/** @param {any} plain @returns {Error} */
export function unpackError(plain) {
  if (plain.name === 'JielongError') {
    return new JielongError(plain.code, plain.message, plain.where, plain.offset);
  }
  return new Error(plain.message);
}
