/**
 * timeline.js - the state of a session outside the engine: its lock, its position, and the answers of chats.
 *
 * The engine stores the tokens. Each result that changes their number has `position`; call() stores it for
 * session.position. One operation runs at a time. A generation locks the timeline from its first pull to its end.
 */
import { closed, JielongError } from '../base/error.js';
import { checkIds } from '../base/options.js';
import { tokenize } from './tokenize.js';

/** @typedef {import('../chat/chat.js').Splitter} Splitter */
/** Start position and splitter of an answer. @typedef {{ from: number, splitter: () => Splitter }} Answer */
/** @typedef {import('./generation.js').Generation} Generation */
/** @typedef {import('./types.js').Ids} Ids */

export class Timeline {
  #model;
  #backend;
  #handle;
  #position;
  #busy = false;
  #closed = false;
  /** @type {Generation | undefined} */ #holder;
  /** In order of position. @type {Answer[]} */ #answers = [];

  /**
   * @param {import('./model.js').Model} model @param {import('../engine/backend.js').Backend} backend
   * @param {number} handle @param {number} position of a restored session
   */
  constructor(model, backend, handle, position) {
    this.#model = model;
    this.#backend = backend;
    this.#handle = handle;
    this.#position = position;
  }

  /** Number of tokens. */
  get position() {
    return this.#position;
  }

  /** A call of the engine. @param {string} op @param {any[]} args @returns {Promise<any>} */
  async call(op, ...args) {
    const result = await this.#backend.call(op, this.#handle, ...args);
    this.#position = result?.position ?? this.#position;
    return result;
  }

  /** See Backend. @template T @param {AbortSignal | undefined} signal @param {() => Promise<T>} work */
  attend(signal, work) {
    return this.#backend.attend(signal, work);
  }

  /* ---- One operation at a time ---- */

  /** @param {boolean} changes the timeline @param {Generation} [by] */
  claim(changes, by) {
    if (this.#closed) throw closed('session');
    if (this.#holder?.ended) this.#holder = undefined;
    if (this.#busy || (changes && this.#holder && this.#holder !== by)) {
      throw new JielongError(
        'BUSY',
        'this session is busy with another operation; wait for it, or end the generation ' +
          'by break, return() or its signal',
      );
    }
    this.#busy = true;
  }

  /** Releases claim(). */
  release() {
    this.#busy = false;
  }

  /** The generation locks the timeline until it ends. @param {Generation} generation */
  hold(generation) {
    this.#holder = generation;
  }

  /**
   * @template T
   * @param {boolean} changes the timeline
   * @param {() => Promise<T>} work
   * @param {Generation} [by]
   */
  async run(changes, work, by) {
    this.claim(changes, by);
    try {
      return await work();
    } finally {
      this.release();
    }
  }

  /** Frees the session's memory before the engine runs later calls. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    // Not awaited, because the engine may be busy; after model.close() there is nothing left to free.
    this.call('closeSession').catch(() => {});
  }

  /* ---- Tokens ---- */

  /** @param {Int32Array} ids */
  append(ids) {
    return this.call('append', ids);
  }

  /** @param {number} position */
  async rewind(position) {
    await this.call('rewind', position);
    this.#answers = this.#answers.filter(({ from }) => from <= this.#position);
  }

  /** A function that undoes all later changes. Equal tokens keep their cache. */
  async restorer() {
    const answers = this.#answers;
    const all = this.#position ? await this.call('ids') : new Int32Array(0);
    return async () => {
      const same = await this.call('commonPrefix', all);
      if (same < this.#position) await this.call('rewind', same);
      if (same < all.length) await this.append(all.subarray(same));
      this.#answers = answers;
    };
  }

  /** Evaluates pending tokens, one step per call. */
  async evaluate() {
    while (await this.call('advance'));
  }

  /**
   * The ids of a prompt.
   * @param {string | Ids} prompt
   * @param {boolean} special
   * @param {string} caller
   * @param {AbortSignal} [signal]
   * @returns {Promise<Int32Array>}
   */
  async tokens(prompt, special, caller, signal) {
    if (typeof prompt !== 'string') return checkIds(prompt, caller);
    const bos = this.#position === 0;
    const { encoder } = this.#model.info;
    return tokenize(this.#backend, [[[prompt, false]], special, bos, encoder], () => {
      if (this.#closed) throw closed('session');
      signal?.throwIfAborted();
    });
  }

  /* ---- Answers of chats ---- */

  /** @param {Answer} answer */
  addAnswer(answer) {
    this.#answers = [...this.#answers, answer];
  }

  /** The splitter of a chat() answer at the end of the timeline, if any. */
  async splitter() {
    const answer = this.#answers.at(-1);
    const splitter = answer?.splitter();
    if (!answer || this.#position === answer.from) return splitter;
    const written = (await this.call('ids')).subarray(answer.from);
    for (const { id, text, special } of await this.#model.pieces(written))
      splitter?.take({ id, text: special ? '' : text });
    return splitter;
  }
}
