/**
 * error.js - the one error class, and how it crosses a worker boundary.
 *
 * `code` is stable and made for programs; `message` is made for people and says what was expected,
 * what was found and what to do; `where` names the place (tensor, metadata key, option, address).
 * Codes that come from the engine are in src/base/status.c, the others are listed at JielongError
 * in jielong.js.
 */

export class JielongError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {string} [where]
   * @param {number} [offset]
   */
  constructor(code, message, where, offset) {
    super(message);
    this.name = 'JielongError';
    /** Stable code, such as 'NOT_GGUF'. */
    this.code = code;
    /** Tensor name, metadata key, option or address; '' where none applies. */
    this.where = where ?? '';
    /** Byte offset in the model file, or undefined. */
    this.offset = offset;
  }
}

/**
 * Structured clone drops an error's own fields, so errors travel as plain objects.
 * @param {any} e
 */
export function packError(e) {
  return {
    name: e?.name,
    message: String(e?.message ?? e),
    code: e?.code,
    where: e?.where,
    offset: e?.offset,
  };
}

/** @param {any} plain @returns {Error} */
export function unpackError(plain) {
  if (plain.name === 'JielongError') {
    return new JielongError(plain.code, plain.message, plain.where, plain.offset);
  }
  return Object.assign(new Error(plain.message), { name: plain.name ?? 'Error' });
}
