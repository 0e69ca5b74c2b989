/**
 * threads.js - how many threads compute: starts the pool's workers, measures, and keeps as many as are faster.
 *
 * A pool worker (pool-worker.js) is an instance of the same module over the same memory with a stack of its own.
 * There are some in Node and in isolated pages, where the page starts them (worker.js, backend.js). A worker
 * that fails reduces their number and is no error; `why` holds the reason.
 *
 * Every wait ends: join() waits at most START_MS for workers to arrive and then ignores the others, because items of
 * work are claimed; the pool notices a thread that is lost while it works (compute/pool.h).
 */
import { wordsOf } from '../base/error.js';
import { nodeModule } from '../base/host.js';
import { POOL_WORKER, startWorker } from './start-worker.js';

const STACK = 131072; // bytes; the largest frames, of the matrix products, have 33 KB
const START_MS = 3000; // workers that have not arrived by then are ignored
const END_MS = 100; // most that the page takes to end a worker
const MOST_BY_DEFAULT = 8;
const SMALL = 2 ** 24; // bytes of a file from which on threads are worth their start

/**
 * A worker that computes. postMessage() is queued until it listens; onerror is called when it has ended.
 * @typedef {{ postMessage: (message: any) => void, terminate: () => void, onerror?: any }} PoolWorker
 * @typedef {() => PoolWorker} StartPoolWorker
 */

/** Why this host gives no threads, or undefined. @param {StartPoolWorker} [start] by the page */
function hindrance(start) {
  const host = /** @type {any} */ (globalThis);
  if (nodeModule('worker_threads')) return undefined;
  // Tested one by one: WebKitGTK says that a page is isolated, and has no SharedArrayBuffer.
  if (!host.crossOriginIsolated) return 'the page is not cross-origin isolated';
  if (typeof SharedArrayBuffer === 'undefined') return 'there is no SharedArrayBuffer';
  if (!start) return 'the engine has no worker of its own, made by a page';
  return undefined;
}

/**
 * Whether there can be several threads, and if not, why.
 * @param {number | undefined} wanted @param {StartPoolWorker} [start] by the page
 */
export function threadsHere(wanted, start) {
  const why = wanted === 1 ? 'one was asked for' : hindrance(start);
  return { possible: !why, why };
}

/**
 * How many to start, and why not more.
 * @param {number | undefined} wanted by the caller
 * @param {number} size bytes of the model, 0: unknown
 * @returns {[count: number, why?: string]}
 */
function plan(wanted, size) {
  if (wanted) return [wanted];
  const cores = nodeModule('os')?.availableParallelism() ?? navigator.hardwareConcurrency ?? 1;
  if (cores < 2) return [1, 'there is one core'];
  if (size && size < SMALL) return [1, 'a small model gains nothing'];
  return [Math.min(cores, MOST_BY_DEFAULT)];
}

/** @type {StartPoolWorker} */
function startInNode() {
  const worker = startWorker(POOL_WORKER);
  const gone = (/** @type {any} */ e) => worker.onerror(e);
  worker.on('error', gone).on('exit', gone).unref(); // a process may end though it is there
  return worker;
}

export class Threads {
  /** The message for each. @type {Map<PoolWorker, { thread: number }>} */ #workers = new Map();
  #calls;
  #start;
  #pool = 0;
  /** How many take part, with this one. */ count = 1;
  /** Why there are no more. @type {string | undefined} */ why;

  /** @param {import('./exports.js').Calls} calls @param {StartPoolWorker} [start] by the page */
  constructor(calls, start = startInNode) {
    this.#calls = calls;
    this.#start = start;
  }

  /** The pool's handle for sessions, 0: none. */
  get pool() {
    return this.#pool;
  }

  /**
   * Starts workers, which arrive while the model is loaded.
   * @param {WebAssembly.Module} module @param {number | undefined} wanted threads, with this one
   * @param {number} size bytes of the model, 0: unknown
   */
  start(module, wanted, size) {
    const [count, why] = plan(wanted, size);
    this.why = why;
    if (count === 1) return;
    const { memory } = this.#calls.exports;
    this.#pool = this.#calls.call('pool_new', count) >>> 0;
    try {
      for (let thread = 1; this.#pool && thread < count; thread++) {
        const stack = this.#calls.call('alloc', STACK) >>> 0;
        if (!stack) break;
        const worker = this.#start();
        worker.onerror = (/** @type {any} */ e) => this.#gone(worker, e?.message);
        const share = { module, memory, pool: this.#pool, thread, stack: stack + STACK };
        this.#workers.set(worker, share);
      }
    } catch (e) {
      this.why = `a worker could not be started: ${wordsOf(e)}`;
    }
  }

  /**
   * Lets the workers begin, waits for them to arrive and decides how many take part: all that the caller wanted, or
   * the number that a measurement on the model finds best.
   * @param {number} model its handle @param {boolean} measure
   * @param {import('./kernels.js').Relaxed} [relaxed] kernels that the model uses
   * @returns {Promise<void>}
   */
  async join(model, measure, relaxed) {
    if (!this.#pool) return;
    for (const [worker, share] of this.#workers) worker.postMessage({ ...share, relaxed });
    const start = performance.now();
    const arrived = () => this.#calls.call('pool_arrived', this.#pool);
    while (arrived() < this.#workers.size && performance.now() - start < START_MS) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (arrived() === 0) return this.end(this.why ?? 'no worker arrived');
    // Workers that have not arrived by now are ignored.
    if (arrived() < this.#workers.size) this.why ??= 'a worker did not arrive';
    // Thread numbers of ended workers stay unused, so the maximum may exceed the count.
    const most = Math.max(...[...this.#workers.values()].map(({ thread }) => thread)) + 1;
    const count = measure ? this.#calls.call('pool_calibrate', this.#pool, most, model) : most;
    if (count < 2) return this.end(count < 0 ? 'a worker does not answer' : 'one is faster');
    if (count < most) this.why = `${count} are faster than ${most}`;
    this.#calls.call('pool_use', this.#pool, count);
    for (const [worker, { thread }] of this.#workers) if (thread >= count) this.#dismiss(worker);
    this.count = Math.min(this.#workers.size, arrived()) + 1;
  }

  /** @param {PoolWorker} worker */
  #dismiss(worker) {
    this.#workers.delete(worker);
    worker.terminate();
  }

  /** Called when a worker has ended, for any reason. @param {PoolWorker} worker @param {string} [why] */
  #gone(worker, why) {
    if (!this.#workers.has(worker)) return;
    this.#dismiss(worker);
    this.why = why ? `a worker failed: ${why}` : 'a worker has ended';
    this.count = Math.min(this.count, this.#workers.size + 1);
    if (this.#workers.size === 0) this.end(this.why);
  }

  /**
   * Continues on this thread alone after another one was lost. The lost worker may wake up later and must be terminated
   * before it writes: this waits END_MS for the page to do so (a page that is busy for longer can be too late).
   */
  lost() {
    this.end('a thread did not answer');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, END_MS);
  }

  /** Continues on this thread alone. @param {string} why */
  end(why) {
    this.why = why;
    this.count = 1;
    for (const worker of this.#workers.keys()) this.#dismiss(worker);
    if (this.#pool && !this.#calls.ended) this.#calls.call('pool_use', this.#pool, 1);
  }
}
