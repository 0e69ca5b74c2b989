/**
 * error.js - the one error class, and how it crosses a worker boundary.
 *
 * `code` is stable and made for programs; `message` is made for people and says what was expected,
 * what was found and what to do; `where` names the place (tensor, metadata key, option, address).
 * Codes that come from the engine are in src/base/status.c, the others are listed at JielongError
 * in jielong.js.
 */

const MAX_WORDS = 500; // characters of a message that others wrote, or of an address
const MAX_MESSAGE = 2000;
const MAX_WHERE = 4096; // of a place: as long as a path

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
    /** Tensor name, metadata key, option or address; '' where none applies. */
    this.where = cut(where ?? '', MAX_WHERE);
    /** Byte offset in the model file, or undefined. */
    this.offset = offset;
  }
}

/** @param {string} what */
export const closed = (what) => new JielongError('CLOSED', `this ${what} is closed`);

/** At most so much of a text that nobody has measured. @param {string} text */
export const cut = (text, length = MAX_WORDS) =>
  text.length > length ? `${text.slice(0, length)}…` : text;

/** instanceof, of a value whose prototype may throw. @param {any} e @param {Function} [type] @returns {boolean} */
export function isError(e, type = JielongError) {
  try {
    return e instanceof type;
  } catch {
    return false;
  }
}

/**
 * What a thrown value says. Anything can be thrown: null, a symbol, an object whose getters throw.
 * @param {any} e
 * @returns {string}
 */
export function wordsOf(e) {
  try {
    const { message = e } = e?.cause?.message ? e.cause : (e ?? {});
    return cut(String(message));
  } catch {
    return 'an error without words';
  }
}

/**
 * Structured clone drops an error's own fields, so errors travel as plain objects. One of ours is known by its
 * name: in a worker of the one file (web/node/dist.js), parts that are fetched have a class of their own.
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
