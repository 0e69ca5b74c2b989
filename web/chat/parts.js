/**
 * parts.js - the text of a chat's answer and of its reasoning, without the marks around the reasoning and the calls.
 *
 * The tokens of chat() have a `part`; the marks (<think>) belong to the reasoning, and a mark can be split
 * over several tokens. Text that may be the begin of a mark is held back until it is decided, and space at the begin
 * of an answer, because it may only separate a call from the prompt. The text of calls is left out; the tokens that complete them have them as `call`.
 */
import { MARKS } from './reasoning.js';

/** @typedef {{ reasoning: string, answer: string }} Texts */

const OPEN = MARKS.map(([open]) => open);
const CLOSE = MARKS.map(([, close]) => close);
const MAX_HELD = 64; // characters: whitespace and a mark

/** Whether a text is the begin of a mark, or blank. @param {string} text @param {string[]} marks */
const maybe = (text, marks) => marks.some((mark) => mark.startsWith(text.trimStart()));

/** Reads the tokens of one answer in order. */
export class PartsReader {
  #held = ''; // reasoning that is not decided yet
  #opened = false;
  #reasoned = false; // some reasoning was returned
  #answered = false;
  #tool = ''; // text that may be a call's
  #called = false; // it is: the last tokens have completed a call
  #everCalled = false;
  #blank = ''; // of an answer that has only begun with space

  /**
   * The text that a token completes.
   * @param {{ text: string, part?: string, call?: unknown }} token @returns {Texts}
   */
  take({ text, part, call }) {
    if (part === 'tool') {
      this.#called ||= !!call;
      this.#everCalled ||= !!call;
      this.#tool = this.#called ? '' : this.#tool + text;
      return { reasoning: this.#release(true), answer: '' };
    }
    const before = this.#tool;
    this.#tool = '';
    this.#called = false;
    return this.#take(before + text, part);
  }

  /** @param {string} text @param {string} [part] @returns {Texts} */
  #take(text, part) {
    if (part === 'reasoning') {
      this.#held += text;
      return { reasoning: this.#release(false), answer: '' };
    }
    // A text such as '<b>' begins like a mark, but belongs to the answer.
    const own = !this.#opened && maybe(this.#held, OPEN) ? this.#held : '';
    if (own) this.#held = '';
    const reasoning = this.#release(true);
    const all = this.#blank + own + text;
    const blank = !this.#answered && !all.trim();
    this.#blank = blank ? all : '';
    if (blank) return { reasoning, answer: '' };
    const answer = this.#opened && !this.#answered ? all.trimStart() : all;
    this.#answered ||= answer !== '';
    return { reasoning, answer };
  }

  /** The rest, after the last token. @returns {Texts} */
  end() {
    const begun = /[>\]{]/.test(this.#tool); // a call that was not completed
    const rest = begun ? '' : this.#tool;
    this.#tool = '';
    if (rest) return this.#take(rest, 'answer');
    return {
      reasoning: this.#release(true),
      answer: this.#everCalled || this.#opened ? '' : this.#blank,
    };
  }

  /** Reasoning that is decided. @param {boolean} all at the end of the reasoning @returns {string} */
  #release(all) {
    if (!this.#open(all)) return '';
    const ends = CLOSE.map((mark) => this.#held.indexOf(mark)).filter((at) => at >= 0);
    if (ends.length) return this.#cut(Math.min(...ends), '');
    if (all) return this.#cut(this.#held.length, '');
    let at = Math.max(0, this.#held.length - MAX_HELD);
    while (at < this.#held.length && !maybe(this.#held.slice(at), CLOSE)) at++;
    const kept = this.#held.slice(at);
    return this.#cut(at, kept);
  }

  /** Removes the opening mark, if it is complete. @param {boolean} all @returns {boolean} */
  #open(all) {
    if (!this.#reasoned) this.#held = this.#held.trimStart();
    if (this.#held === '') return false;
    if (this.#opened) return true;
    if (!all && OPEN.some((mark) => mark !== this.#held && mark.startsWith(this.#held)))
      return false;
    this.#opened = true;
    const mark = OPEN.find((one) => this.#held.startsWith(one)) ?? '';
    this.#held = this.#held.slice(mark.length).trimStart();
    return this.#held !== '';
  }

  /** The held text up to `at`; the rest is replaced. @param {number} at @param {string} rest */
  #cut(at, rest) {
    const text = this.#held.slice(0, at);
    this.#held = rest;
    const kept = rest === '' ? text.trimEnd() : text;
    this.#reasoned ||= kept !== '';
    return kept;
  }
}
