/**
 * alternatives.js - lists the candidates for a token, by probability, with bars on one scale.
 *
 * Shows the last token hovered or focused in stream.js. Opening a token moves the keyboard focus to the
 * list: arrow keys move in it, Escape returns to the text, choosing calls play.js.
 */

import { byId, make, setVariable } from '../ui/dom.js';
import { explain, percent } from '../ui/format.js';
import { t } from '../ui/i18n.js';
import { labels } from '../ui/pieces.js';
import { on, state } from './state.js';
import { focusCurrent } from './stream.js';

/** @typedef {import('./stream.js').Place} Place */
/** @typedef {{ id: number, text: string, logprob: number }} Candidate */

const of = byId('alternatives-of', HTMLElement);
const list = byId('alternatives-list', HTMLElement);

/** @type {Place | undefined} */
let shown;

/** Empties the list. */
export function clear() {
  shown = undefined;
  of.textContent = t('alternatives.empty');
  list.replaceChildren();
}

/**
 * @param {(place: Place, candidate: Candidate) => void} choose
 * @returns {{ look: (place: Place) => Promise<void>, open: (place: Place) => Promise<void> }}
 */
export function setUp(choose) {
  /** @param {Place} place */
  const look = async (place) => {
    if (list.contains(document.activeElement)) return; // the user is choosing
    shown = place;
    const token = place.turn.tokens[place.index];
    const candidates = token.top ?? [];
    try {
      const named = await labels(state.model, candidates);
      if (shown !== place) return;
      const values = { id: token.id, percent: percent(Math.exp(token.logprob)) };
      of.textContent = t('alternatives.of', values);
      list.replaceChildren(
        ...candidates.map((c, i) => {
          const button = candidateButton(c, named[i], c.id === token.id);
          button.addEventListener('click', () => choose(place, c));
          return make('li', {}, button);
        }),
      );
    } catch (e) {
      of.textContent = explain(e);
    }
  };
  list.addEventListener('keydown', walk);
  on('language', () => (shown ? look(shown) : clear()));
  const open = async (/** @type {Place} */ place) => {
    await look(place);
    list.querySelector('button')?.focus();
  };
  return { look, open };
}

/**
 * @param {Candidate} candidate
 * @param {string} text
 * @param {boolean} stands whether the text contains it
 */
function candidateButton(candidate, text, stands) {
  const share = percent(Math.exp(candidate.logprob));
  const button = make(
    'button',
    { type: 'button', className: 'candidate' },
    make('span', { className: 'chip' }, text),
    make('span', { className: 'numbers' }, share),
  );
  button.classList.toggle('stands', stands);
  button.setAttribute('aria-label', t('alternatives.choose', { text, percent: share }));
  if (stands) button.setAttribute('aria-current', 'true');
  setVariable(button, '--p', Math.exp(candidate.logprob));
  return button;
}

/** @param {KeyboardEvent} event */
function walk(event) {
  const buttons = [...list.querySelectorAll('button')];
  const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) buttons[at + step]?.focus();
  else if (event.key === 'Escape') focusCurrent();
  else return;
  event.preventDefault();
  event.stopPropagation();
}
