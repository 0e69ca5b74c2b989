/**
 * merge-tree.js - reads the view of merges: the symbols after some steps, the tree of a piece, the reason of its tokens.
 */
import { visible } from './figure.js';

/** @typedef {import('./merges.js').MergesView} MergesView */
/** @typedef {import('./merges.js').PieceView} PieceView */
/** @typedef {{ at: number, length: number }} Span in bytes */

/** The bytes of a part of a piece. @param {PieceView} piece @param {number} at @param {number} length */
const bytesOf = ({ bytes }, at, length) =>
  Uint8Array.from({ length }, (_, i) => Number.parseInt(bytes.substr(2 * (at + i), 2), 16));

/** A part of a piece for people: its text, or its bytes if they are not whole characters. @param {PieceView} piece @param {number} at @param {number} length */
export function labelOf(piece, at, length) {
  const part = bytesOf(piece, at, length);
  try {
    return visible(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(part));
  } catch {
    const hex = piece.bytes.slice(2 * at, 2 * (at + length));
    return hex.toUpperCase().replace(/..(?=.)/g, '$& ');
  }
}

/**
 * The symbols after some steps.
 * @param {PieceView} piece @param {number} step 0: at the start
 * @returns {Span[]}
 */
export function symbolsAt({ symbols, steps }, step) {
  let at = 0;
  const now = symbols.map((length) => {
    at += length;
    return { at: at - length, length };
  });
  for (const [index] of steps.slice(0, step)) {
    const [left, right] = now.slice(index, index + 2);
    now.splice(index, 2, { at: left.at, length: left.length + right.length });
  }
  return now;
}

/** The characters of a piece without symbols. @param {PieceView} piece @returns {Span[]} */
function charactersOf(piece) {
  const size = piece.bytes.length / 2;
  const out = [];
  for (let at = 0; at < size; ) {
    let length = 1;
    while (at + length < size && (bytesOf(piece, at + length, 1)[0] & 0xc0) === 0x80) length++;
    out.push({ at, length });
    at += length;
  }
  return out;
}

/**
 * What a picture of a piece's merges consists of.
 * @typedef {object} Tree
 * @property {(Span & { label: string })[]} leaves the symbols, or the characters of a piece without symbols
 * @property {(Span & { left: Span, right: Span, label: string, order: number, id: number, source: string })[]} steps
 * @property {(Span & { label: string, score?: number, best: boolean, source: string })[]} bars the candidates of
 *   unigram; without a score: matches of wordpiece that were given up
 * @property {(Span & { parts: { label: string, id: number, index: number, source: string }[] })[]} tokens a part is a
 *   token; several are bytes.
 *   index: of the token in the text
 */

/** @param {MergesView} view @param {number} index of the piece @returns {Tree} */
export function treeOf({ method, pieces, tokens }, index) {
  const piece = pieces[index];
  const from = `model.merges.pieces[${index}]`;
  const labelled = (/** @type {Span} */ { at, length }) => ({
    at,
    length,
    label: labelOf(piece, at, length),
  });
  const ends = new Set(piece.tokens.map(([at, length]) => `${at},${length}`));
  const steps = piece.steps.map(([i, order, id], k) => {
    const [left, right] = symbolsAt(piece, k).slice(i, i + 2);
    const source = `${from}.steps[${k}].${method === 'spm' ? 'score' : 'rank'}`;
    const span = { at: left.at, length: left.length + right.length };
    return { ...labelled(span), left, right, order, id, source };
  });
  const candidates = (piece.candidates ?? []).map(([at, length, score], i) => {
    const best = ends.has(`${at},${length}`);
    return { ...labelled({ at, length }), score, best, source: `${from}.candidates[${i}].score` };
  });
  const failed = (piece.failed ?? []).map(([at, length], i) => {
    return { ...labelled({ at, length }), best: false, source: `${from}.failed[${i}]` };
  });
  let next = piece.first;
  const results = piece.tokens.map(([at, length, ids], k) => {
    const whole = labelOf(piece, at, length);
    const parts = ids.map((id, i) => {
      const own = ids.length > 1 || tokens[next]?.kind === 'control';
      const label = own ? tokens[next].label : whole;
      return { id, label, index: next++, source: `${from}.tokens[${k}].ids[${i}]` };
    });
    return { at, length, parts };
  });
  const leaves = piece.symbols.length ? symbolsAt(piece, 0) : charactersOf(piece);
  return {
    leaves: leaves.map(labelled),
    steps,
    bars: [...candidates, ...failed],
    tokens: results,
  };
}

/** Why the tokens of a piece are these, as the key of a sentence. @param {MergesView} view @param {PieceView} piece */
export function reasonOf({ method }, { tokens, failed, symbols, steps }) {
  const n = tokens.reduce((sum, [, , ids]) => sum + ids.length, 0);
  if (failed) return 'end.failed';
  if (method === 'unigram' || method === 'wordpiece') return `end.${method}`;
  if (unknownOf({ tokens })) return 'end.fallback';
  if (!symbols.length) return 'end.whole';
  if (n === 1) return steps.length ? 'end.one' : 'end.single';
  return steps.length ? 'end.merges' : 'end.none';
}

/** The first symbol that is no token, so that its bytes are tokens. @param {Pick<PieceView, 'tokens'>} piece */
export const unknownOf = ({ tokens }) =>
  tokens.find(([, , ids, fallback]) => fallback && ids.length > 1);
