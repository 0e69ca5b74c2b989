/**
 * alternatives.js - a list of candidates with bars on one scale, beside a text. Escape leaves it.
 */
import { barList, drawBars, rowHeight } from './bars.js';
import { make } from './dom.js';

/** @typedef {{ title: string, label: string, rows: import('./bars.js').Row[] }} Listing title: above the list; label: its name */

export class Alternatives {
  #cursor = -1;
  /** @type {Listing} */ #shown = { title: '', label: '', rows: [] };
  #title = make('p');
  #key = '';

  /** @param {{ choose: (row: number) => void, leave: () => void }} listener */
  constructor({ choose, leave }) {
    this.list = barList({
      count: () => this.#shown.rows.length,
      cursor: () => this.#cursor,
      move: (row) => {
        this.#cursor = row;
        this.#draw();
      },
      choose,
      leave,
    });
    this.root = make('div', { className: 'aside' }, this.#title);
    this.root.append(this.list);
    this.list.addEventListener('focus', () => {
      const marked = this.#shown.rows.findIndex(({ look }) => look === 'marked');
      if (this.#cursor < 0) this.#cursor = Math.max(marked, 0);
      this.#draw();
    });
  }
  /** Whether the reader is choosing. */
  get focused() {
    return /** @type {ShadowRoot} */ (this.root.getRootNode()).activeElement === this.list;
  }
  /** @param {Listing} listing */
  show(listing) {
    const key = JSON.stringify([listing, this.list.clientWidth]);
    if (key === this.#key) return; // a stream shows the same many times
    this.#key = key;
    if (listing.title !== this.#shown.title && !this.focused) this.#cursor = -1;
    this.#shown = listing;
    this.#draw();
  }
  #draw() {
    const { title, label, rows } = this.#shown;
    this.#title.textContent = title;
    this.list.setAttribute('aria-label', label);
    // an empty list keeps its place, so that nothing below it moves
    this.root.style.minHeight = rows.length ? '' : `${this.root.offsetHeight}px`;
    const columns = [{ title: '', line: '' }];
    drawBars(this.list, { rows, columns, max: 1, cursor: this.#cursor, height: rowHeight(36) });
  }
}
