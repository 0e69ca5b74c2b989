/**
 * tokens.js - figure 1: the model's input, a row of tokens with their ids.
 *
 * A character split over several tokens is shown once, above their chips.
 */

import { byId, make } from '../../ui/dom.js';
import { number, shorten } from '../../ui/format.js';
import { t } from '../../ui/i18n.js';
import { chip, pieces } from '../../ui/pieces.js';
import { state } from '../state.js';
import { setUpFigure } from './figure.js';

/** @typedef {import('../../jielong.js').Piece} Piece */

const MAX_TOKENS = 512; // shown
const list = byId('tokens-list', HTMLElement);

/** @param {import('./figure.js').Job} job */
async function draw({ stale, say }) {
  const { ids } = state;
  const shown = await pieces(state.model, ids.slice(-MAX_TOKENS));
  if (stale()) return;
  list.replaceChildren(...groups(shown).map(groupElement));
  const values = { model: state.modelName, count: number(ids.length), shown: number(shown.length) };
  say(t(shown.length < ids.length ? 'tokens.cut' : 'tokens.status', values));
}

/**
 * Groups pieces that only together form whole characters.
 * @param {Piece[]} all
 * @returns {{ text: string, pieces: Piece[] }[]}
 */
function groups(all) {
  /** @type {{ text: string, pieces: Piece[] }[]} */
  const found = [];
  for (let i = 0; i < all.length; i++) {
    let n = 1;
    let text = wholeText(all.slice(i, i + 1));
    // A character has at most four bytes, so at most four tokens.
    while (text === null && n < 4 && i + n < all.length) text = wholeText(all.slice(i, i + ++n));
    if (text === null) n = 1;
    found.push({ text: text ?? '', pieces: all.slice(i, i + n) });
    i += n - 1;
  }
  return found;
}

/** @param {Piece[]} some @returns {string | null} null if their bytes end inside a character */
function wholeText(some) {
  if (some.every((piece) => piece.whole || piece.special))
    return some.map((piece) => piece.text).join('');
  const bytes = Uint8Array.from(some.flatMap((piece) => [...piece.bytes]));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** @param {{ text: string, pieces: Piece[] }} group */
function groupElement({ text, pieces: parts }) {
  const chips = parts.map((piece) =>
    make(
      'span',
      { className: 'entry' },
      chip(piece),
      make('span', { className: 'id numbers' }, String(piece.id)),
    ),
  );
  if (parts.length === 1) return make('li', {}, ...chips);
  return make(
    'li',
    { className: 'split' },
    make('span', { className: 'glyph' }, shorten(text.trim())),
    ...chips,
  );
}

/** Connects the figure. */
export const setUp = () =>
  setUpFigure('tokens', ['text', 'busy', 'language'], draw, () => list.replaceChildren());
