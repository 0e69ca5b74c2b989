/**
 * sentence.js - the reader's own sentence goes from the figure where it was written to all figures that take one.
 *
 * Each model cuts it into tokens of its own. A figure keeps its example if its model has not learned the language, which
 * it then says; if it compares several sentences, words or a long text; and while it asks for a guess about its example.
 */
import { say, toDom } from './tree.js';

/** @typedef {import('./figure.js').NoteFigure} NoteFigure */
/** @typedef {import('./figure.js').Part & { type: any, model: any }} Part */

/** Elements whose text is no sentence of the reader's, or that measure a longer text. */
const KEEPS = ['note-same', 'note-bpe', 'jl-merges', 'jl-train', 'jl-heads', 'jl-cost'];
/** Elements that only cut a text: any language will do. */
const CUTS = 'jl-tokens';
const LONG = 100; // characters of an example that is measured as a whole
export const MAX_SENTENCE = 1000; // characters

let sentence = '';

/** The reader's sentence; empty if there is none. */
export const ownSentence = () => sentence;

const KEPT = say(
  'Your sentence is in a language that the model of this figure has not learned, so the figure keeps its text.',
  '這張圖的模型沒學過你那句話的語言，所以保留原來的文字。',
);

/** Letters of a script in a text. @param {RegExp} script @param {string} text */
const count = (script, text) => text.match(script)?.length ?? 0;

/** Whether a model of the note has learned the language of a text. Of other models nothing is known. @param {unknown} model @param {string} text */
export function reads(model, text) {
  const chinese = count(/\p{Script=Han}/gu, text);
  const english = count(/\p{Script=Latin}/gu, text);
  if (typeof model !== 'string' || chinese === english) return true;
  if (/\bpoems\b/.test(model)) return chinese > english;
  return /\b(tales|position|baseline)\b/.test(model) ? english > chinese : true;
}

/** Whether an element takes a sentence at all. @param {Part} part */
function takes(part) {
  const { localName, type } = part;
  if (KEEPS.includes(localName) || !type?.input) return false;
  if (part.matches('.asks .answer')) return false;
  return (part.getAttribute('text') ?? '').length <= LONG || part.getAttribute('text') === sentence;
}

/** Says in a figure, or no longer, that it keeps its example. @param {Element} figure @param {boolean} kept @param {string} lang */
function tell(figure, kept, lang) {
  const said = figure.querySelector('.kept');
  if (!kept) said?.remove();
  else if (!said)
    figure
      .querySelector('.parts')
      ?.after(toDom(['p', { class: 'kept', role: 'status' }, KEPT], lang));
}

/**
 * Gives a sentence to all figures.
 * @param {string} text @param {Iterable<Element>} figures @param {string} lang @param {Element} [from] where it was written
 */
export function spread(text, figures, lang, from) {
  for (const figure of /** @type {Iterable<NoteFigure>} */ (figures)) {
    const parts = /** @type {Part[]} */ (figure.parts).filter(
      (part) => part !== from && takes(part),
    );
    const able = parts.filter((part) => part.localName === CUTS || reads(part.model, text));
    for (const part of able) part.setAttribute('text', text);
    const own = able.length > 0 || (!!from && figure.contains(from));
    if (own) figure.classList.add('own-text'); // what is said of its guess is said of the example
    tell(figure, able.length < parts.length, lang);
  }
  sentence = text;
}

/** Spreads what the reader writes. @param {() => Iterable<Element>} figures @param {() => string} lang */
export function connectSentence(figures, lang) {
  document.addEventListener('take', ({ target }) => {
    const part = /** @type {Part} */ (target);
    const text = part.getAttribute('text') ?? '';
    const own = takes(part) || part.matches('.answer');
    if (own && text.trim() && text !== sentence && text.length <= MAX_SENTENCE)
      spread(text, figures(), lang(), part);
  });
}
