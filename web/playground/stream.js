/**
 * stream.js - the text on screen, one element per token, with keyboard and pointer access.
 *
 * The stream is not a live region: play.js sends sentences to one. One token at a time is in the tab
 * order (roving tabindex); only it is a button, so that screen readers read the others as text.
 * Arrow keys move between tokens and lines; Enter, Space or a click opens a token (see listen()).
 */

import { byId, make, setVariable } from '../ui/dom.js';
import { percent, shorten, visible } from '../ui/format.js';
import { t } from '../ui/i18n.js';

/** @typedef {import('../jielong.js').Token} Token */

/**
 * A prompt and the generated tokens.
 * @typedef {object} Turn
 * @property {boolean} chat
 * @property {string} given
 * @property {number[]} prefix ids on the timeline before the first of `tokens`
 * @property {Token[]} tokens
 */
/** @typedef {{ turn: Turn, index: number }} Place a generated token */

const root = byId('stream', HTMLElement);
/** @type {Map<HTMLElement, Place>} */
const places = new Map();
/** @type {HTMLElement | undefined} the token in the tab order */
let current;
/** Parents of each turn's tokens. @type {Map<Turn, HTMLElement>} */
const lines = new Map();
/** Parents of each turn's reasoning. @type {WeakMap<Turn, HTMLElement>} */
const thoughts = new WeakMap();

/** Empties the stream and shows the hint. */
export function clear() {
  places.clear();
  lines.clear();
  current = undefined;
  const invitation = make('p', { className: 'empty' }, t('stream.empty'));
  invitation.dataset.t = 'stream.empty';
  root.replaceChildren(invitation);
}

/** Adds a turn: its prompt and an empty answer. @param {Turn} turn */
export function showTurn(turn) {
  if (!lines.size) root.replaceChildren();
  const given = make('span', { className: 'given' }, turn.given);
  const line = make('p', {}, turn.chat ? who('text.model') : given);
  const box = make('div', { className: 'turn' }, line);
  if (turn.chat) box.prepend(make('p', {}, who('text.you'), given));
  lines.set(turn, line);
  root.append(box);
  root.scrollTop = root.scrollHeight;
}

/** The element of a turn's reasoning, above its answer. @param {Turn} turn */
function thoughtOf(turn) {
  let thought = thoughts.get(turn);
  if (!thought) {
    thought = make('p', { className: 'thought' }, who('text.thought'));
    lines.get(turn)?.before(thought);
    thoughts.set(turn, thought);
  }
  return thought;
}

/** @param {string} key */
function who(key) {
  const element = make('span', { className: 'who' }, t(key));
  element.dataset.t = key;
  return element;
}

/** Appends the last token of a turn. @param {Turn} turn @param {{ chosen?: boolean }} [how] */
export function addToken(turn, { chosen = false } = {}) {
  const index = turn.tokens.length - 1;
  const token = turn.tokens[index];
  const span = make('span', { className: 'token', tabIndex: -1 }, shorten(token.text));
  span.dataset.id = String(token.id);
  span.classList.toggle('chosen', chosen);
  span.classList.toggle('newline', token.text.includes('\n'));
  span.classList.toggle('silent', token.text === '');
  setVariable(span, '--p', Math.exp(token.logprob));
  places.set(span, { turn, index });
  const below = root.scrollHeight - root.scrollTop - root.clientHeight; // px out of sight
  const line = token.part === 'reasoning' ? thoughtOf(turn) : lines.get(turn);
  line?.append(span);
  if (below < 48) root.scrollTop = root.scrollHeight;
  if (!current) enter(span);
}

/** Removes a token and all later ones. @param {Place} place */
export function truncate({ turn, index }) {
  let after = false; // the map holds the tokens in reading order
  for (const [span, place] of places) {
    after ||= place.turn === turn && place.index >= index;
    if (!after) continue;
    if (span === current) current = undefined;
    places.delete(span);
    span.remove();
  }
  if (!turn.tokens.slice(0, index).some(({ part }) => part === 'reasoning')) {
    thoughts.get(turn)?.remove();
    thoughts.delete(turn);
  }
  const turns = [...lines.keys()];
  for (const later of turns.slice(turns.indexOf(turn) + 1)) {
    lines.get(later)?.parentElement?.remove();
    lines.delete(later);
  }
}

/** Returns the focus to the current token. */
export const focusCurrent = () => current?.focus();

/** Focuses the last token. */
export const focusLast = () => [...places.keys()].at(-1)?.focus();

/** Puts one token in the tab order. @param {HTMLElement} span */
function enter(span) {
  if (current) {
    current.tabIndex = -1;
    current.classList.remove('current');
    current.removeAttribute('role');
    current.removeAttribute('aria-label');
  }
  current = span;
  const place = places.get(span);
  if (!place) return;
  const token = place.turn.tokens[place.index];
  span.tabIndex = 0;
  span.classList.add('current');
  span.setAttribute('role', 'button');
  const values = { text: visible(token.text), percent: percent(Math.exp(token.logprob)) };
  span.setAttribute('aria-label', t('stream.token', values));
}

/**
 * @param {(place: Place) => void} look called when a token is hovered or focused
 * @param {(place: Place) => void} open called on a click, Enter or Space
 */
export function listen(look, open) {
  /** @param {Event} event @param {(place: Place) => void} then @param {boolean} [move] */
  const onToken = (event, then, move = true) => {
    const span = event.target;
    const place = span instanceof HTMLElement && places.get(span);
    if (!place) return;
    if (move) enter(/** @type {HTMLElement} */ (span));
    then(place);
  };
  root.addEventListener('pointerover', (event) => onToken(event, look, false));
  root.addEventListener('focusin', (event) => onToken(event, look));
  root.addEventListener('click', (event) => onToken(event, open));
  root.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      onToken(event, open);
      return;
    }
    const next = current && neighbour(current, event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
}

/** @param {HTMLElement} from @param {string} key @returns {HTMLElement | undefined} */
function neighbour(from, key) {
  const all = [...places.keys()];
  const at = all.indexOf(from);
  if (key === 'ArrowRight') return all[at + 1];
  if (key === 'ArrowLeft') return all[at - 1];
  if (key === 'Home') return all[0];
  if (key === 'End') return all.at(-1);
  if (key !== 'ArrowUp' && key !== 'ArrowDown') return undefined;
  // The nearest token of the next line: tokens with the next other top, in reading order.
  const way = key === 'ArrowUp' ? all.slice(0, at).reverse() : all.slice(at + 1);
  const top = way.find((e) => e.offsetTop !== from.offsetTop)?.offsetTop;
  const line = way.filter((e) => e.offsetTop === top);
  /** @param {HTMLElement} e */
  const far = (e) => Math.abs(e.offsetLeft - from.offsetLeft);
  return line.sort((a, b) => far(a) - far(b))[0];
}
