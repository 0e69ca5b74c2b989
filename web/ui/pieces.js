/**
 * pieces.js - labels and chips of single tokens.
 *
 * Spaces and newlines are visible; a control token shows its name; a token with an incomplete
 * character shows its bytes. Vocabulary entries are cached per model, because they never change.
 */

import { make } from './dom.js';
import { visible } from './format.js';

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {import('../jielong.js').Piece} Piece */

/** @type {WeakMap<Model, Map<number, Piece>>} */
const vocabularies = new WeakMap();

/**
 * The vocabulary entries of ids, in order.
 * @param {Model | null} model null: the result is empty
 * @param {Iterable<number>} ids
 * @returns {Promise<Piece[]>}
 */
export async function pieces(model, ids) {
  if (!model) return [];
  const known = vocabularies.get(model) ?? new Map();
  vocabularies.set(model, known);
  const all = [...ids];
  const missing = [...new Set(all)].filter((id) => !known.has(id));
  if (missing.length) for (const piece of await model.pieces(missing)) known.set(piece.id, piece);
  return all.flatMap((id) => known.get(id) ?? []);
}

const MAX_BYTES = 64; // shown per token

/** @param {Uint8Array} bytes */
const hex = (bytes) =>
  [...bytes.subarray(0, MAX_BYTES)]
    .map((b) => b.toString(16).padStart(2, '0').toUpperCase())
    .join(' ');

/** @param {Piece} piece */
export const label = (piece) =>
  piece.whole || piece.special ? visible(piece.text) : hex(piece.bytes);

/**
 * Labels of tokens with known text, in order. Loads vocabulary entries only if some token is not
 * plain text (a control token, an incomplete character).
 * @param {Model | null} model
 * @param {{ id: number, text: string }[]} tokens
 */
export async function labels(model, tokens) {
  const plain = tokens.map(({ text }) => (text && !text.includes('\uFFFD') ? visible(text) : ''));
  const asked = plain.every(Boolean)
    ? []
    : await pieces(
        model,
        tokens.map(({ id }) => id),
      );
  return plain.map((text, i) => text || label(asked[i]));
}

/** A token as a chip, with whitespace marks in grey. @param {Piece} piece */
export function chip(piece) {
  const parts = label(piece)
    .split(/([␣↵⇥])/)
    .filter(Boolean);
  const marked = parts.map((part) =>
    /^[␣↵⇥]$/.test(part) ? make('span', { className: 'mark' }, part) : part,
  );
  const element = make('span', { className: 'chip' }, ...marked);
  element.classList.toggle('control', piece.special);
  element.classList.toggle('bytes', !piece.whole && !piece.special);
  return element;
}
