/**
 * merges.js - how a text becomes tokens, step by step: the pieces of Model.merges() in a short form.
 */
import { hex, tokenViews } from './figure.js';

const MAX_CHARACTERS = 400; // because one piece may be the whole text

/** @typedef {import('./figure.js').TokenView} TokenView */
/** @typedef {[at: number, length: number, ids: number[], fallback: boolean, score?: number]} End at, length: in bytes */
/**
 * A part of the text that is encoded by itself.
 * @typedef {object} PieceView
 * @property {string} bytes in hexadecimal, two digits each
 * @property {number} first index of its first token among `tokens`
 * @property {number[]} symbols their lengths in bytes; [] if nothing is merged
 * @property {[index: number, order: number, id: number][]} steps index: of the left symbol in the current list.
 *   order: rank (bpe) or score (spm). id: of the result
 * @property {End[]} tokens
 * @property {[at: number, length: number, score: number][]} [candidates] of unigram
 * @property {number} [score] of unigram: the sum of the path
 * @property {[at: number, length: number][]} [failed] of wordpiece: matches of a word that became unknown
 */
/**
 * @typedef {object} MergesView
 * @property {'bpe' | 'spm' | 'unigram' | 'wordpiece'} method
 * @property {TokenView[]} tokens
 * @property {number} total tokens of the text
 * @property {PieceView[]} pieces
 */

/** @param {string} text at most MAX_CHARACTERS, to the end of a word if it is near */
function beginning(text) {
  const characters = [...text];
  if (characters.length <= MAX_CHARACTERS) return text;
  const part = characters.slice(0, MAX_CHARACTERS).join('');
  const space = part.search(/\s\S*$/);
  return space > part.length / 2 ? part.slice(0, space) : part;
}

/** @param {import('../api/types.js').MergePiece} piece @param {number} first @returns {PieceView} */
function pieceView(piece, first) {
  const { bytes, symbols, steps, tokens, candidates, score, failed } = piece;
  return {
    bytes: hex(bytes),
    first,
    symbols: symbols.map((symbol) => symbol.length),
    steps: steps.map(({ index, rank, score: s, id }) => [index, rank ?? s ?? 0, id]),
    tokens: tokens.map(({ at, length, ids, fallback, score: s }) =>
      s === undefined ? [at, length, ids, fallback] : [at, length, ids, fallback, s],
    ),
    ...(candidates && { candidates: candidates.map((c) => [c.at, c.length, c.score]), score }),
    ...(failed && { failed: failed.map((f) => [f.at, f.length]) }),
  };
}

/** @type {import('./figure.js').Figure} */
export const merges = {
  name: 'merges',
  settings: ['text'],
  /** @returns {Promise<MergesView>} */
  async compute(model, { text = '' }, { signal }) {
    const part = beginning(text);
    const whole = await model.tokenize(text, { bos: true, signal });
    const ids = part === text ? whole : await model.tokenize(part, { bos: true, signal });
    const { method, pieces, ids: own } = await model.merges(part);
    let first = ids.length - own.length; // the beginning-of-sequence token
    const views = pieces.map((piece) => {
      first += piece.ids.length;
      return pieceView(piece, first - piece.ids.length);
    });
    return { method, tokens: await tokenViews(model, ids), total: whole.length, pieces: views };
  },
};
