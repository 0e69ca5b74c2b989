/**
 * stream.js - generated text, one element per token: tinted by probability, walked with arrow keys.
 *
 * Not a live region: the caller speaks sentences. One token is in the tab order (roving tabindex) and a button, so that
 * screen readers read the others as text. Tokens are appended, so a long text costs no more per token.
 */
import { make, setVariable } from './dom.js';

/** @typedef {{ text: string, p: number, chosen?: boolean, name: () => string }} Entry name: what is read aloud */

export class TokenStream {
  /** @type {HTMLElement[]} */ #spans = [];
  /** @type {Entry[]} */ #entries = [];
  #at = -1;
  /** Whether the end stays in sight. */ follow = true;

  /** @param {{ look: (index: number) => void, open: (index: number) => void }} listener look: hovered or focused */
  constructor({ look, open }) {
    this.given = make('span', { className: 'given' });
    this.root = make('div', { className: 'stream' }, this.given);
    const on = (/** @type {string} */ type, /** @type {(index: number) => void} */ act) =>
      this.root.addEventListener(type, (event) => {
        const index = this.#spans.indexOf(/** @type {HTMLElement} */ (event.target));
        if (index >= 0) act(index);
      });
    on('pointerover', look);
    on('focusin', (index) => {
      this.enter(index);
      look(index);
    });
    on('click', (index) => {
      this.#spans[index].focus();
      open(index);
    });
    this.root.addEventListener('keydown', (event) => this.#key(event, open));
  }

  get length() {
    return this.#spans.length;
  }
  /** The token in the tab order; -1: none. */
  get at() {
    return this.#at;
  }

  /** @param {Entry[]} entries */
  append(entries) {
    if (!entries.length) return;
    const { root } = this;
    const follow = this.follow && root.scrollHeight - root.scrollTop - root.clientHeight < 48; // px
    const spans = entries.map(({ text, p, chosen }) => {
      const span = make('span', { className: 'token', tabIndex: -1 }, text);
      span.classList.toggle('chosen', !!chosen);
      span.classList.toggle('silent', text === '');
      setVariable(span, '--p', p);
      return span;
    });
    this.#spans.push(...spans);
    this.#entries.push(...entries);
    root.append(...spans);
    if (follow) root.scrollTop = root.scrollHeight;
    if (this.#at < 0) this.enter(0);
  }

  /** Removes the tokens from `count` on. @param {number} count */
  truncate(count) {
    for (const span of this.#spans.splice(count)) span.remove();
    this.#entries.length = this.#spans.length;
    if (this.#at >= count) this.enter(count - 1);
  }

  /** Puts a token in the tab order. @param {number} index */
  enter(index) {
    const old = this.#spans[this.#at];
    if (old) {
      old.tabIndex = -1;
      for (const name of ['role', 'aria-label']) old.removeAttribute(name);
    }
    this.#at = Math.min(index, this.#spans.length - 1);
    const span = this.#spans[this.#at];
    if (!span) return;
    span.tabIndex = 0;
    span.setAttribute('role', 'button');
    span.setAttribute('aria-label', this.#entries[this.#at].name());
  }
  focus() {
    this.#spans[this.#at]?.focus();
  }

  /** @param {KeyboardEvent} event @param {(index: number) => void} open */
  #key(event, open) {
    if (event.key === 'Enter' || event.key === ' ') open(this.#at);
    else {
      const next = this.#neighbour(event.key);
      if (next === undefined || !this.#spans[next]) return;
      this.#spans[next].focus();
    }
    event.preventDefault();
  }
  /** @param {string} key @returns {number | undefined} */
  #neighbour(key) {
    const [at, spans] = [this.#at, this.#spans];
    if (key === 'ArrowRight') return at + 1;
    if (key === 'ArrowLeft') return at - 1;
    if (key === 'Home') return 0;
    if (key === 'End') return spans.length - 1;
    if (key !== 'ArrowUp' && key !== 'ArrowDown') return undefined;
    // The nearest token of the next line: tokens with the next other top, in reading order.
    const from = spans[at];
    const way = key === 'ArrowUp' ? spans.slice(0, at).reverse() : spans.slice(at + 1);
    const top = way.find((e) => e.offsetTop !== from.offsetTop)?.offsetTop;
    const line = way.filter((e) => e.offsetTop === top);
    const far = (/** @type {HTMLElement} */ e) => Math.abs(e.offsetLeft - from.offsetLeft);
    return spans.indexOf(line.sort((a, b) => far(a) - far(b))[0]);
  }
}

/** The rules of a stream, for an element's sheet. */
export const streamCss = `
.stream { overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.9; padding: 0.25rem; }
.stream .given { color: var(--jl-quiet); }
.stream .token { cursor: pointer; padding-block: 0.2em;
  background: color-mix(in srgb, var(--jl-heat-2) calc(var(--p) * 50%), transparent); }
.stream .token:hover, .stream .token:focus { outline: 1px solid var(--jl-ink); outline-offset: 0; }
.stream .token.chosen { text-decoration: underline 2px var(--jl-accent); text-underline-offset: 0.3em; }
.stream .token.silent::before { content: "·"; color: var(--jl-quiet); }
@media print { .stream { overflow: visible; max-height: none !important; height: auto !important; } }
`;
