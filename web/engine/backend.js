/**
 * backend.js - runs the engine in this thread, or in a worker of a page or of Node.
 *
 * Both backends have the same methods: load, call (a method of Engine by name), attend and close. A call
 * is short (a batch, a token, a step of a long text), so that the caller can stop between two calls.
 * worker.js describes the messages to a worker.
 *
 * No call waits for a worker forever. A worker that ends itself is detected: in Node by its exit event, in a
 * page by the release of a lock that it holds. An unresponsive worker is terminated: by close(), by
 * aborting a load, and by attend() after an abort.
 */

import { closed, JielongError, unpackError, wordsOf } from '../base/error.js';
import { breathe, nodeModule } from '../base/host.js';
import { openSource, pump } from '../source/source.js';
import { ENGINE, POOL_WORKER } from './assets.js';
import { ALLOW, listen, started, startWorker } from './start-worker.js';

/** @typedef {import('../api/types.js').LoadOptions} LoadOptions */
/** @typedef {import('../api/types.js').ModelInfo} ModelInfo */

/**
 * @typedef {object} Backend
 * @property {(op: string, ...args: any[]) => Promise<any>} call
 * @property {(source: any, options: any, onProgress: any, signal?: AbortSignal) =>
 *   Promise<ModelInfo>} load
 * @property {<T>(signal: AbortSignal | undefined, work: () => Promise<T>) => Promise<T>} attend runs
 *   `work`, which makes calls until an abort; terminates a worker that is unresponsive after an abort
 * @property {() => void} close
 */

/**
 * Max time of a call after an abort: this, plus a millisecond per 10,000 parameters (a batch of 64 tokens
 * on the slowest machines).
 */
const GRACE_MS = 2000;
/** The cause of an error event without a message. */
const NOT_LOADED = 'its script could not be loaded';
/** Calls that evaluate tokens: other tasks run after each. */
const EVALUATE = ['advance', 'step', 'embed', 'runStep'];
const BREATH_MS = 5; // max time of short calls between two yields to the event loop

/** The engine in this thread; imported here, because most pages have it in a worker only. @implements {Backend} */
class LocalBackend {
  #engine = import('./engine.js').then(({ Engine }) => new Engine());
  /** @type {Promise<any> | undefined} */ #trainer;
  #worked = 0; // ms since the last yield
  #calls = 0;

  /** @param {string} op @param {any[]} args */
  async call(op, ...args) {
    if (op.startsWith('train.')) return this.#train(op.slice(6), args);
    const number = ++this.#calls;
    const engine = await this.#engine;
    const begun = performance.now();
    const result = /** @type {any} */ (engine)[op](...args);
    this.#worked += performance.now() - begun;
    if (EVALUATE.includes(op) || this.#worked > BREATH_MS) {
      this.#worked = 0;
      await breathe();
    }
    // Only if the caller makes no call before the next turn of the event loop.
    if (result?.token) breathe().then(() => this.#calls === number && engine.evaluateAhead());
    return result;
  }
  /** @param {string} op @param {any[]} args */
  async #train(op, args) {
    this.#trainer ??= import('./train-engine.js').then(({ TrainEngine }) => new TrainEngine());
    const result = await (await this.#trainer)[op](...args);
    await breathe();
    return result;
  }
  /** @type {Backend['load']} */
  async load(source, options, onProgress, signal) {
    return (await this.#engine).load(source, options, onProgress, signal);
  }
  /** @type {Backend['attend']} */
  attend(_, work) {
    return work(); // a thread cannot interrupt itself
  }
  close() {
    this.#engine.then((engine) => engine.close());
  }
}

/** The engine in a worker; worker.js has the protocol. @implements {Backend} */
class WorkerBackend {
  /** @type {any} */ #worker;
  #next = 1;
  /** Calls in the order of their execution.
   * @type {Map<number, { op: string, resolve: Function, reject: Function, onProgress?: Function }>} */
  #pending = new Map();
  #grace = GRACE_MS;
  /** @type {Error | undefined} */ #fault;
  /** Pool workers by the engine's numbers. @type {Map<number, Worker>} */
  #poolWorkers = new Map();

  /** @param {any} worker of a page, or of Node's worker_threads */
  constructor(worker) {
    this.#worker = worker;
    /** @param {any} message */
    const receive = (message) => this.#receive(message);
    /** @param {any} e */
    const fail = (e) => {
      const why = e.message || NOT_LOADED;
      this.#fail(
        new JielongError('WORKER', `the engine's worker failed: ${why}; see the option 'worker'`),
      );
    };
    listen(worker, receive, fail, () => this.#end('has ended'));
  }
  /** @param {string} what */
  #end(what) {
    this.#fail(new JielongError('WORKER', `the engine's worker ${what}; load the model again`));
  }
  /** @param {Error} error */
  #fail(error) {
    if (this.#fault) return;
    this.#fault = error;
    for (const { reject } of this.#pending.values()) reject(this.#fault);
    this.#pending.clear();
    this.#worker.terminate();
    for (const number of this.#poolWorkers.keys()) this.#endPoolWorker(number);
  }
  /** @param {any} message */
  #receive({ n, result, error, progress, poolWorker, port, lock }) {
    if (lock) return this.#watch(lock);
    if (port) return this.#startPoolWorker(poolWorker, port);
    if (poolWorker) return this.#endPoolWorker(poolWorker);
    const call = this.#pending.get(n);
    if (!call) return;
    try {
      if (progress) return call.onProgress?.(progress);
    } catch (e) {
      return call.reject(e); // thrown by the caller's onProgress
    }
    this.#pending.delete(n);
    if (error) call.reject(unpackError(error));
    else call.resolve(result);
    if (this.#pending.size === 0) this.#worker.unref?.();
  }
  /** Waits for the lock that the worker holds until it ends. @param {string} lock */
  #watch(lock) {
    navigator.locks.request(lock, () => this.#end('has ended')).catch(() => {});
  }
  /** The page starts pool workers, because `new Worker` in a worker may hang in Firefox 153.
   * @param {number} number @param {MessagePort} port */
  #startPoolWorker(number, port) {
    if (this.#fault) return;
    /** @param {any} e */
    const gone = (e) => {
      e.preventDefault?.();
      this.#worker.postMessage({ poolWorker: number, message: e.message || NOT_LOADED });
    };
    try {
      if (!globalThis.document) throw new Error('only the main thread of a page can start it');
      const worker = startWorker(POOL_WORKER);
      this.#poolWorkers.set(number, worker);
      worker.onerror = worker.onmessageerror = gone;
      worker.postMessage(port, [port]);
    } catch (e) {
      gone(e);
    }
  }
  /** @param {number} number */
  #endPoolWorker(number) {
    this.#poolWorkers.get(number)?.terminate();
    this.#poolWorkers.delete(number);
  }
  /**
   * @param {string} op
   * @param {any[]} args
   * @param {Transferable[]} [transfer]
   * @param {Function} [onProgress]
   */
  #post(op, args, transfer = [], onProgress) {
    return new Promise((resolve, reject) => {
      if (this.#fault) throw this.#fault;
      this.#worker.ref?.();
      try {
        this.#worker.postMessage({ n: this.#next, op, args }, transfer);
      } catch (e) {
        throw new JielongError(
          'BAD_ARGUMENT',
          `an argument cannot be sent to a worker: ${wordsOf(e)}`,
          op,
        );
      }
      this.#pending.set(this.#next++, { op, resolve, reject, onProgress });
    });
  }
  /** @type {Backend['attend']} */
  async attend(signal, work) {
    /** @type {any} */ let timer;
    const wait = () => {
      const [oldest] = this.#pending;
      timer = setTimeout(() => {
        const [still] = this.#pending;
        const stuck = still && still[0] === oldest?.[0];
        if (stuck)
          this.#end(`did not answer within ${this.#grace} ms of an abort and was terminated`);
        else wait();
      }, this.#grace);
    };
    if (signal?.aborted) wait();
    signal?.addEventListener('abort', wait);
    try {
      return await work();
    } catch (e) {
      if (this.#fault) signal?.throwIfAborted();
      throw e;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wait);
    }
  }
  /** @param {string} op @param {any[]} args */
  call(op, ...args) {
    return this.#post(op, args);
  }
  /** @type {Backend['load']} */
  async load(source, options, onProgress, signal) {
    // Bytes and streams are sent to the worker in chunks; it opens other sources itself.
    const here = source.kind === 'bytes' || source.kind === 'stream';
    const reader = here ? await openSource(source) : undefined;
    // Terminates the worker whatever state it is in; a cancelled load keeps nothing.
    const cancel = () => {
      reader?.cancel(signal?.reason);
      this.close();
    };
    signal?.addEventListener('abort', cancel);
    let sent = source;
    try {
      if (signal?.aborted) {
        cancel();
        throw signal.reason;
      }
      if (reader) sent = pump(reader);
      const transfer = reader ? [sent.port] : [];
      const info = await this.#post('load', [sent, options], transfer, onProgress);
      this.#grace += Math.round(info.parameters / 10_000);
      return info;
    } catch (e) {
      sent.port?.close(); // if it was not sent
      throw e;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }
  close() {
    this.#fail(closed('model'));
  }
}

/** @param {LoadOptions['worker']} worker @returns {Backend} */
export function openBackend(worker) {
  const node = nodeModule('worker_threads');
  if (!(worker ?? !node)) return new LocalBackend();
  if (typeof worker === 'function') return new WorkerBackend(made(worker));
  if (worker === true || worker === undefined) return new WorkerBackend(startWorker(ENGINE));
  return new WorkerBackend(
    started(() =>
      node
        ? new node.Worker(worker)
        : new Worker(/** @type {string} */ (worker), { type: 'module' }),
    ),
  );
}

/**
 * Opens an engine in a worker, or in this thread if the page cannot start one.
 * @template T
 * @param {LoadOptions['worker']} worker the caller's; undefined: the default
 * @param {(worker: LoadOptions['worker']) => Promise<T>} open
 * @param {boolean} [repeatable] whether it can be called twice
 * @returns {Promise<T>}
 */
export async function openAnywhere(worker, open, repeatable = true) {
  try {
    return await open(worker);
  } catch (e) {
    const { code, message } = /** @type {any} */ (e ?? {});
    const blocked = code === 'WORKER' && /could not be (loaded|started)/.test(message);
    if (worker !== undefined || !repeatable || !blocked) throw e;
    const said = message.includes(ALLOW) ? message : `${message}; ${ALLOW}`;
    console.warn(`jielong runs in the page's thread: ${said}`);
    return open(false);
  }
}

/** A worker made by the caller. @param {() => any} make */
function made(make) {
  const worker = started(make);
  const isWorker = started(() => worker?.postMessage && worker.terminate);
  if (isWorker) return worker;
  throw new JielongError('BAD_ARGUMENT', "the function 'worker' must return a Worker", 'worker');
}
