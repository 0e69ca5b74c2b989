/**
 * threads.js - starts the pool's workers, measures, and keeps the fastest number of threads.
 *
 * A pool worker (pool-worker.js) is an instance of the same module on the same memory, with its own stack. Node
 * starts them itself; in isolated pages the page does (worker.js, backend.js). A failed worker reduces the number
 * of threads and is not an error; `why` holds the reason.
 *
 * Every wait is bounded. join() waits at most START_MS and then ignores missing workers, because threads claim
 * their work items. The pool detects a thread lost during work (compute/pool.h).
 */
import { wordsOf } from '../base/error.js';
import { nodeModule } from '../base/host.js';
import { startWorker } from './start-worker.js';

const STACK = 131072; // bytes; the largest frames (matmuls) have 33 KB
const START_MS = 3000; // workers that have not arrived by then are ignored
const END_MS = 100; // max time of the page to terminate a worker
const MAX_DEFAULT = 8;
const SMALL = 2 ** 24; // bytes; threads do not pay off for smaller files

/**
 * postMessage() queues messages until the worker listens; onerror is called when it has ended.
 * @typedef {{ postMessage: (message: any) => void, terminate: () => void, onerror?: any }} PoolWorker
 * @typedef {() => PoolWorker} StartPoolWorker
 */

/** The reason why this host has no threads, or undefined. @param {StartPoolWorker} [start] by the page */
function hindrance(start) {
  const host = /** @type {any} */ (globalThis);
  if (nodeModule('worker_threads')) return undefined;
  // Two tests, because WebKitGTK reports isolation but has no SharedArrayBuffer.
  if (!host.crossOriginIsolated) return 'the page is not cross-origin isolated';
  if (typeof SharedArrayBuffer === 'undefined') return 'the browser has no SharedArrayBuffer';
  if (!start) return 'the engine does not run in a worker started by a page';
  return undefined;
}

/**
 * Whether several threads are possible, and why not.
 * @param {number | undefined} wanted @param {StartPoolWorker} [start] by the page
 */
export function threadsHere(wanted, start) {
  const why = wanted === 1 ? "the option 'threads' is 1" : hindrance(start);
  return { possible: !why, why };
}

/**
 * The number of threads to start, and why not more.
 * @param {number | undefined} wanted by the caller
 * @param {number} size bytes of the model, 0: unknown
 * @returns {[count: number, why?: string]}
 */
function plan(wanted, size) {
  if (wanted) return [wanted];
  const cores = nodeModule('os')?.availableParallelism() ?? navigator.hardwareConcurrency ?? 1;
  if (cores < 2) return [1, 'the processor has one core'];
  if (size && size < SMALL) return [1, 'the model is too small to gain from them'];
  return [Math.min(cores, MAX_DEFAULT)];
}

/**
 * Starts pool workers in Node.
 * @param {string} [address] of their script @returns {StartPoolWorker}
 */
export const startInNode = (address) => () => {
  const script = { name: 'pool-worker.js', address: () => new URL(address ?? '') };
  const worker = startWorker(script);
  const gone = (/** @type {any} */ e) => worker.onerror(e);
  worker.on('error', gone).on('exit', gone).unref(); // does not keep the process alive
  return worker;
};

export class Threads {
  /** The message for each. @type {Map<PoolWorker, { thread: number }>} */ #workers = new Map();
  #calls;
  #start;
  #pool = 0;
  /** Threads in use, with this one. */ count = 1;
  /** Why not more. @type {string | undefined} */ why;

  /** @param {import('./exports.js').Calls} calls @param {StartPoolWorker} start */
  constructor(calls, start) {
    this.#calls = calls;
    this.#start = start;
  }

  /** The pool's handle for sessions, 0: none. */
  get pool() {
    return this.#pool;
  }

  /**
   * Starts workers; they arrive during the load.
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
   * Waits for the workers to arrive and sets the number of threads: the caller's, or the fastest in a measurement
   * on the model.
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
    if (arrived() === 0) return this.end(this.why ?? 'no worker started in time');
    // Workers that have not arrived by now are ignored.
    if (arrived() < this.#workers.size) this.why ??= 'a worker did not start in time';
    // Thread numbers of ended workers stay unused, so the maximum may exceed the count.
    const max = Math.max(...[...this.#workers.values()].map(({ thread }) => thread)) + 1;
    const count = measure ? this.#calls.call('pool_calibrate', this.#pool, max, model) : max;
    if (count < 2) return this.end(count < 0 ? 'a worker does not answer' : 'one thread is faster');
    if (count < max) this.why = `${count} threads are faster than ${max}`;
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
   * Continues on this thread alone after another one was lost. The lost worker may wake up later; it must be
   * terminated before it writes. Waits END_MS for the page to do so (a busy page can be too late).
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
