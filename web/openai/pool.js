/**
 * pool.js - the sessions that requests share.
 *
 * A request takes the idle session whose tokens have the longest prefix in common with its prompt, so that a
 * conversation finds its cache again. A new session is made while there are fewer than `size`, unless an idle
 * one loses less than half of its tokens. With all sessions busy, requests wait in order; more than `waiting` are
 * refused. Running requests take turns by themselves: each pulls one token at a time, and the engine answers
 * calls in their order.
 */
import { JielongError } from '../base/error.js';

/** @typedef {import('../api/model.js').Model} Model */
/** @typedef {import('../api/session.js').Session} Session */
/** @typedef {{ session: Session, ids: Int32Array, used: number }} Entry idle or busy; ids: its tokens; used: when */

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function commonPrefix(a, b) {
  const most = Math.min(a.length, b.length);
  let n = 0;
  while (n < most && a[n] === b[n]) n++;
  return n;
}

export class Pool {
  #model;
  #limits;
  /** @type {Entry[]} */ #idle = [];
  #sessions = 0; // idle and busy
  #running = 0;
  #clock = 0;
  #closed = false;
  /** @type {{ start: () => void, refuse: (e: unknown) => void }[]} */ #queue = [];

  /** @param {Model} model @param {{ size: number, waiting: number, contextLength?: number }} limits */
  constructor(model, limits) {
    this.#model = model;
    this.#limits = limits;
  }

  /** Requests that run and that wait. */
  get load() {
    return { running: this.#running, waiting: this.#queue.length };
  }

  /**
   * Waits for a turn. Every turn is ended by release().
   * @param {AbortSignal} [signal]
   */
  async enter(signal) {
    signal?.throwIfAborted();
    if (this.#closed) throw new JielongError('CLOSED', 'this server is closed');
    if (this.#running < this.#limits.size) {
      this.#running++;
      return;
    }
    if (this.#queue.length >= this.#limits.waiting)
      throw new JielongError(
        'BUSY',
        `${this.#running} requests are running and ${this.#queue.length} are waiting, the maximum; try again later`,
      );
    await this.#wait(signal);
  }

  /** @param {AbortSignal} [signal] @returns {Promise<void>} */
  #wait(signal) {
    return new Promise((resolve, reject) => {
      const entry = {
        start: () => {
          signal?.removeEventListener('abort', leave);
          resolve();
        },
        refuse: reject,
      };
      const leave = () => {
        this.#queue = this.#queue.filter((one) => one !== entry);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#queue.push(entry);
    });
  }

  /** Ends a turn; the next request in the queue begins. */
  release() {
    const next = this.#queue.shift();
    if (next) next.start();
    else this.#running--;
  }

  /**
   * A session for a prompt, within a turn. cached: the tokens that need no evaluation.
   * @param {Int32Array} ids @returns {Promise<{ entry: Entry, cached: number }>}
   */
  async take(ids) {
    let [best, cached] = [/** @type {Entry | undefined} */ (undefined), -1];
    for (const entry of this.#idle) {
      const n = commonPrefix(entry.ids, ids);
      if (n > cached || (n === cached && entry.used < /** @type {Entry} */ (best).used))
        [best, cached] = [entry, n];
    }
    const worth = best && cached > 0 && 2 * cached >= best.ids.length;
    if (best && (worth || this.#sessions >= this.#limits.size)) {
      this.#idle.splice(this.#idle.indexOf(best), 1);
      return { entry: best, cached: Math.min(cached, ids.length - 1) };
    }
    this.#sessions++;
    try {
      const { contextLength } = this.#limits;
      const session = await this.#model.createSession({ contextLength });
      return { entry: { session, ids: new Int32Array(0), used: 0 }, cached: 0 };
    } catch (e) {
      this.#sessions--;
      throw e;
    }
  }

  /** Returns a session whose generation has ended. @param {Entry} entry */
  async give(entry) {
    try {
      entry.ids = await entry.session.ids();
      entry.used = ++this.#clock;
      this.#idle.push(entry);
    } catch {
      this.#sessions--; // its model failed, or it is closed
      entry.session.close();
    }
    if (this.#closed) this.close();
  }

  /** Refuses waiting requests, and closes idle sessions now and busy ones when they are returned. */
  close() {
    this.#closed = true;
    for (const { refuse } of this.#queue.splice(0))
      refuse(new JielongError('CLOSED', 'this server is closed'));
    for (const { session } of this.#idle.splice(0)) session.close();
  }
}
