/**
 * figure.js - what all figures compute: the tokens of a text, with labels for people.
 *
 * A figure is { name, settings, compute }: compute(model, request, job) asks the engine and returns a view, the
 * plain data that an element draws and a scene stores. This folder uses no DOM, so it runs in Node too.
 */

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {import('../jielong.js').Piece} Piece */

/**
 * A token of a view.
 * @typedef {object} TokenView
 * @property {number} id
 * @property {string} label its text with visible spaces and line ends; bytes in hexadecimal if it is part of a
 *   character; the name of a control token
 * @property {'control' | 'bytes'} [kind] default: text
 * @property {string} [glyph] the character of which this token is a part
 * @property {[number, number]} [part] index of this token among those of the character, and their number
 */

/**
 * @typedef {object} Job a computation that is running
 * @property {AbortSignal} signal
 * @property {(done: number, total: number, unit?: 'tokens' | 'steps' | 'bytes') => void} progress
 * @property {(view: any) => void} show draws an unfinished view
 * @property {{ close?: () => void, [name: string]: any }} kept what the figure keeps from one run to the next; closed
 *   when the model changes or the figure is removed
 * @property {() => Promise<void>} pause waits while the figure is hidden; call it between steps. Rejects when aborted
 */

/** What a figure shows: text, layer, head, … by name. @typedef {Record<string, any>} Request */

/**
 * @typedef {object} Figure
 * @property {string} name
 * @property {string[]} settings names of the request's entries that need a new computation
 * @property {(model: Model, request: Request, job: Job) => Promise<any>} compute null for figures without a model
 */

/** A job for callers without progress, such as the recorder of scenes. @returns {Job} */
export const plainJob = (signal = new AbortController().signal) => ({
  signal,
  kept: {},
  progress() {},
  show() {},
  async pause() {
    signal.throwIfAborted();
  },
});

/** Adds properties that are not enumerable, so that a scene does not store them. @template T @param {T} view @param {Record<string, any>} more @returns {T} */
export function unstored(view, more) {
  for (const [name, value] of Object.entries(more)) Object.defineProperty(view, name, { value });
  return view;
}

const SHOWN = 40; // characters of a label
/** Controls, signs that turn the direction, the replacement character; a format character alone. */
const UNSEEN = /[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\uFFFD]|^\p{Cf}$/gu;

/** @param {string} text */
export const visible = (text) =>
  (text.length > SHOWN ? `${[...text].slice(0, SHOWN).join('')}…` : text)
    .replace(/ /g, '␣')
    .replace(/\n/g, '↵')
    .replace(/\t/g, '⇥')
    .replace(UNSEEN, (c) => `U+${c.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`);

/** Bytes in hexadecimal. @param {Uint8Array} bytes @param {string} [between] */
export const hex = (bytes, between = '') =>
  [...bytes].map((b) => b.toString(16).padStart(2, '0')).join(between);

/** @param {Piece} piece @returns {TokenView} */
function tokenView(piece) {
  if (piece.special) return { id: piece.id, label: piece.text || `#${piece.id}`, kind: 'control' };
  if (piece.whole) return { id: piece.id, label: visible(piece.text) };
  return {
    id: piece.id,
    label: hex(piece.bytes.subarray(0, 16), ' ').toUpperCase(),
    kind: 'bytes',
  };
}

/** The text of pieces that together are whole characters, else null. @param {Piece[]} some */
function wholeText(some) {
  const bytes = Uint8Array.from(some.flatMap((piece) => [...piece.bytes]));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/**
 * Views of vocabulary entries in the order of a text. A character that is split over up to four tokens is their
 * `glyph`.
 * @param {Piece[]} pieces
 * @returns {TokenView[]}
 */
export function viewsOf(pieces) {
  const views = pieces.map(tokenView);
  for (let i = 0; i < pieces.length; i++) {
    if (views[i].kind !== 'bytes') continue;
    for (let n = 2; n <= 4 && i + n <= pieces.length; n++) {
      const glyph = wholeText(pieces.slice(i, i + n));
      if (glyph === null) continue;
      for (let k = 0; k < n; k++)
        Object.assign(views[i + k], { glyph: visible(glyph), part: [k, n] });
      i += n - 1;
      break;
    }
  }
  return views;
}

/**
 * Views of ids in the order of a text.
 * @param {Model} model @param {Iterable<number>} ids
 */
export async function tokenViews(model, ids) {
  const all = [...ids];
  const known = new Map((await model.pieces([...new Set(all)])).map((piece) => [piece.id, piece]));
  return viewsOf(all.map((id) => /** @type {Piece} */ (known.get(id))));
}

/**
 * The ids of a figure's text, with the file's beginning-of-sequence token: the first `max`, and how many there are.
 * @param {Model} model @param {string} text @param {number} max
 */
export async function idsOf(model, text, max) {
  const ids = await model.tokenize(text, { bos: true });
  return { ids: ids.subarray(0, max), total: ids.length };
}

/**
 * Calls `work` with a session that is closed afterwards.
 * @template T
 * @param {Model} model @param {number} tokens that it must hold
 * @param {(session: import('../jielong.js').Session) => Promise<T>} work
 * @param {object} [options] of createSession
 * @returns {Promise<T>}
 */
export async function withSession(model, tokens, work, options = {}) {
  const session = await model.createSession({ contextLength: Math.max(16, tokens), ...options });
  try {
    return await work(session);
  } finally {
    await session.close().catch(() => {}); // the model may be closed
  }
}
