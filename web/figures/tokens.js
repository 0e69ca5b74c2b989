/**
 * tokens.js - a text as tokens with their bytes, and whether they join to the text again.
 */
import { hex, viewsOf } from './figure.js';

const MAX_TOKENS = 512;
const MAX_BYTES = 64; // shown of a token

/** @typedef {import('./figure.js').TokenView} TokenView */
/**
 * @typedef {object} TokensView
 * @property {TokenView[]} tokens
 * @property {number} total tokens of the text; those after `tokens` are left out
 * @property {string[]} bytes of each token, in hexadecimal
 * @property {number} characters of the text
 * @property {number} length of the text in bytes of UTF-8
 * @property {'exact' | 'spaces' | 'differs'} join what the bytes of all tokens joined are: the text; the text with
 *   SentencePiece's space before it, or its mark ▁ for a space; another text
 * @property {string} [joined] that other text, its beginning
 */

/** The first bytes in hexadecimal. @param {Uint8Array} bytes */
const beginning = (bytes) =>
  hex(bytes.subarray(0, MAX_BYTES)) + (bytes.length > MAX_BYTES ? '…' : '');

/** The bytes of pieces, without those of control tokens. @param {import('./figure.js').Piece[]} pieces */
function join(pieces) {
  const parts = pieces.filter((piece) => !piece.special).map((piece) => piece.bytes);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** @param {Uint8Array} bytes @param {string} text @returns {{ join: TokensView['join'], joined?: string }} */
function compare(bytes, text) {
  const joined = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  if (joined === text) return { join: 'exact' };
  const plain = (/** @type {string} */ t) => t.replace(/▁/g, ' ').replace(/^ /, '');
  if (plain(joined) === plain(text)) return { join: 'spaces' };
  return { join: 'differs', joined: joined.replace(/\uFFFD/g, '?').slice(0, 200) };
}

/** @type {import('./figure.js').Figure} */
export const tokens = {
  name: 'tokens',
  settings: ['text'],
  /** @returns {Promise<TokensView>} */
  async compute(model, { text = '' }, { signal }) {
    const ids = await model.tokenize(text, { bos: true, signal });
    const found = await model.pieces([...new Set(ids)]);
    const known = new Map(found.map((piece) => [piece.id, piece]));
    const pieces = [...ids].map((id) => /** @type {import('./figure.js').Piece} */ (known.get(id)));
    const first = pieces.slice(0, MAX_TOKENS);
    return {
      tokens: viewsOf(first),
      total: ids.length,
      bytes: first.map((piece) => beginning(piece.bytes)),
      characters: [...text].length,
      length: new TextEncoder().encode(text).length,
      ...compare(join(pieces), text),
    };
  },
};
