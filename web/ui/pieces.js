/**
 * pieces.js - how a token is written on the page, wherever it stands alone.
 *
 * A chip shows its spaces and newlines; a control token shows its name; a token that holds only a
 * part of a character shows its bytes. Vocabulary entries never change, so they are asked for once
 * a model.
 */

import { make } from './dom.js';
import { visible } from './format.js';
import { on, state } from '../playground/state.js';

/** @typedef {import('../jielong.js').Piece} Piece */

/** @type {Map<number, Piece>} */
const known = new Map();
on('model', () => known.clear());

/**
 * The vocabulary entries of some ids, in order.
 * @param {Iterable<number>} ids
 * @returns {Promise<Piece[]>}
 */
export async function pieces(ids) {
  const all = [...ids];
  const missing = [...new Set(all)].filter((id) => !known.has(id));
  if (missing.length && state.model) {
    for (const piece of await state.model.pieces(missing)) known.set(piece.id, piece);
  }
  return all.flatMap((id) => known.get(id) ?? []);
}

const MOST_BYTES = 64; // shown of a token

/** @param {Uint8Array} bytes */
const hex = (bytes) =>
  [...bytes.subarray(0, MOST_BYTES)]
    .map((b) => b.toString(16).padStart(2, '0').toUpperCase())
    .join(' ');

/** @param {Piece} piece */
export const label = (piece) =>
  piece.whole || piece.special ? visible(piece.text) : hex(piece.bytes);

/**
 * How to write tokens whose text is known, in order; the vocabulary is asked only about those that
 * are no plain text (control tokens, parts of characters).
 * @param {{ id: number, text: string }[]} tokens
 */
export async function labels(tokens) {
  const plain = tokens.map(({ text }) => (text && !text.includes('\uFFFD') ? visible(text) : ''));
  const asked = plain.every(Boolean) ? [] : await pieces(tokens.map(({ id }) => id));
  return plain.map((text, i) => text || label(asked[i]));
}

/** A token as a chip, its invisible characters in grey. @param {Piece} piece */
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
