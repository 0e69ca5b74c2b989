/**
 * threads.js - workers that lend their threads to the engine's pool.
 *
 * Each is an instance of the module that is running here over the same memory, with a stack of its own; it
 * enters jl_wasm_pool_work() and stays there until the worker is terminated. What it
 * runs is given to it as text (enter() below), so there is no further file to serve or to bundle. Threads
 * are only asked for where they can be: in Node, and in isolated pages, where the page makes the workers (worker.js):
 * in Firefox (153) `new Worker` in a worker sometimes never returns. Whatever goes wrong on the
 * way leaves fewer of them, never an error; `why` says what it was.
 *
 * Every wait ends: join() waits START_MS for workers to arrive, whoever comes later or never is not waited
 * for (items are claimed); a thread that is lost while it works is noticed by the pool, see compute/pool.h.
 */
import { linkRelaxed } from './kernels.js';
import { nodeModule } from '../source/source.js';

const STACK = 131072; // bytes; the largest frames, of the matrix products, have 33 KB
const START_MS = 3000; // a worker that has not come by then is left out
const END_MS = 100; // most that ending a worker of the page takes, the page having its turn
const MOST_BY_DEFAULT = 8;
const SMALL = 2 ** 24; // bytes of a file from which on threads are worth their start

/**
 * A worker that lends its thread, wherever it was made. postMessage() is kept until it listens; onerror is told
 * when it has failed.
 * @typedef {{ postMessage: (message: any) => void, terminate: () => void, onerror?: any }} Helper
 * @typedef {(program: string) => Helper} MakeHelper
 */

/** Why this host gives no threads, or undefined. @param {MakeHelper} [make] the page's way */
function hindrance(make) {
  const host = /** @type {any} */ (globalThis);
  if (nodeModule('worker_threads')) return undefined;
  // Tested one by one: WebKitGTK says that a page is isolated, and has no SharedArrayBuffer.
  if (!host.crossOriginIsolated) return 'the page is not cross-origin isolated';
  if (typeof SharedArrayBuffer === 'undefined') return 'there is no SharedArrayBuffer';
  if (!make) return 'the engine has no worker of its own, made by a page';
  return undefined;
}

/**
 * Whether there can be several threads, and if not, why.
 * @param {number | undefined} wanted @param {MakeHelper} [make] of workers in a page
 */
export function threadsHere(wanted, make) {
  const why = wanted === 1 ? 'one was asked for' : hindrance(make);
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

/**
 * The whole program of a worker; it sees nothing of this file. In a page its first message is a port, where it
 * then listens as it does in Node from the beginning.
 * @param {typeof linkRelaxed} alsoLink
 */
function enter(alsoLink) {
  const receive = (/** @type {any} */ { data }) => {
    const { module, memory, pool, thread, stack, also } = data;
    const env = {
      memory,
      emscripten_notify_memory_growth() {},
      emscripten_performance_now: () => performance.now(),
    };
    const { exports } = /** @type {any} */ (new WebAssembly.Instance(module, { env }));
    exports.__stack_pointer.value = stack;
    if (also) alsoLink(also.module, { ...exports, memory }, also.data);
    exports.jl_wasm_pool_work(pool, thread);
  };
  if (typeof postMessage === 'undefined') {
    const { parentPort } = /** @type {any} */ (process).getBuiltinModule('node:worker_threads');
    parentPort.on('message', (/** @type {any} */ data) => receive({ data }));
  } else {
    globalThis.onmessage = ({ data: port }) => {
      port.onmessage = receive;
    };
  }
}

/** @type {MakeHelper} */
function makeInNode(program) {
  const worker = new (nodeModule('worker_threads').Worker)(program, { eval: true });
  const gone = (/** @type {any} */ e) => worker.onerror(e);
  worker.on('error', gone).on('exit', gone).unref(); // a process may end though it is there
  return worker;
}

export class Threads {
  /** What each is to be told. @type {Map<Helper, { thread: number }>} */ #workers = new Map();
  #exports;
  #make;
  #pool = 0;
  /** How many take part, with this one. */ count = 1;
  /** Why there are no more. @type {string | undefined} */ why;

  /** @param {import('./instance.js').Exports} exports @param {MakeHelper} [make] the page's way */
  constructor(exports, make = makeInNode) {
    this.#exports = exports;
    this.#make = make;
  }

  /** The pool's handle for sessions, 0: none. */
  get pool() {
    return this.#pool;
  }

  /**
   * Starts workers, who come while the model is loaded.
   * @param {WebAssembly.Module} module @param {number | undefined} wanted threads, with this one
   * @param {number} size bytes of the model, 0: unknown
   */
  start(module, wanted, size) {
    const [count, why] = plan(wanted, size);
    this.why = why;
    if (count === 1) return;
    const { memory, jl_wasm_pool_new, jl_wasm_alloc } = this.#exports;
    this.#pool = jl_wasm_pool_new(count) >>> 0;
    try {
      for (let thread = 1; this.#pool && thread < count; thread++) {
        const stack = jl_wasm_alloc(STACK) >>> 0;
        if (!stack) break;
        const worker = this.#make(`(${enter})(${linkRelaxed})`);
        worker.onerror = (/** @type {any} */ e) => this.#gone(worker, e?.message);
        const share = { module, memory, pool: this.#pool, thread, stack: stack + STACK };
        this.#workers.set(worker, share);
      }
    } catch (e) {
      this.why = `a worker could not be started: ${/** @type {Error} */ (e).message}`;
    }
  }

  /**
   * Sends the workers to work, waits for them to arrive and decides how many take part: all that were asked for, or as many
   * as a measurement on the model finds best.
   * @param {number} model its handle @param {boolean} measure
   * @param {import('./kernels.js').Relaxed} [also] kernels that the model uses, see linkRelaxed()
   * @returns {Promise<void>}
   */
  async join(model, measure, also) {
    const { jl_wasm_pool_arrived, jl_wasm_pool_use, jl_wasm_pool_calibrate } = this.#exports;
    if (!this.#pool) return;
    for (const [worker, share] of this.#workers) worker.postMessage({ ...share, also });
    const start = performance.now();
    const arrived = () => jl_wasm_pool_arrived(this.#pool);
    while (arrived() < this.#workers.size && performance.now() - start < START_MS) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (arrived() === 0) return this.end(this.why ?? 'no worker arrived');
    // Nobody waits for one that did not.
    if (arrived() < this.#workers.size) this.why ??= 'a worker did not arrive';
    // Who is gone has left a number that nobody has.
    const most = Math.max(...[...this.#workers.values()].map(({ thread }) => thread)) + 1;
    const count = measure ? jl_wasm_pool_calibrate(this.#pool, most, model) : most;
    if (count < 2) return this.end(count < 0 ? 'a worker does not answer' : 'one is faster');
    if (count < most) this.why = `${count} are faster than ${most}`;
    jl_wasm_pool_use(this.#pool, count);
    for (const [worker, { thread }] of this.#workers) if (thread >= count) this.#dismiss(worker);
    this.count = Math.min(this.#workers.size, arrived()) + 1;
  }

  /** @param {Helper} worker */
  #dismiss(worker) {
    this.#workers.delete(worker);
    worker.terminate();
  }

  /** A worker has ended, by itself or by another's hand. @param {Helper} worker @param {string} [why] */
  #gone(worker, why) {
    if (!this.#workers.has(worker)) return;
    this.#dismiss(worker);
    this.why = why ? `a worker failed: ${why}` : 'a worker has ended';
    this.count = Math.min(this.count, this.#workers.size + 1);
    if (this.#workers.size === 0) this.end(this.why);
  }

  /**
   * Goes on with this thread alone, one of the others being lost. It may still come to itself and must not write then:
   * a page has END_MS to end it (one that is busy for longer can be too late).
   */
  lost() {
    this.end('a thread did not answer');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, END_MS);
  }

  /** Goes on with this thread alone. @param {string} why */
  end(why) {
    this.why = why;
    this.count = 1;
    for (const worker of this.#workers.keys()) this.#dismiss(worker);
    if (this.#pool) this.#exports.jl_wasm_pool_use(this.#pool, 1);
  }
}
