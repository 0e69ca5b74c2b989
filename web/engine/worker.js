/**
 * worker.js - an engine driven by messages, in a worker of a page or of Node.
 *
 * Protocol. One worker holds one engine with one model; the page ends it by terminate().
 *   to the worker    { n, op, args }            call number n: the method `op` of Engine (engine.js),
 *                                               or `train.op` of TrainEngine (train-engine.js)
 *                    { poolWorker, message }    this pool worker has ended, and why
 *   from the worker  { n, result }              the return value; its float arrays are transferred
 *                    { n, error }               the exception as a plain object (error.js)
 *                    { n, progress }            of a load
 *                    { poolWorker, port }       start a pool worker (pool-worker.js), send it the port
 *                    { poolWorker }             terminate it
 *                    { lock }                   name of a lock held until the worker ends (pages only)
 * Calls run in order of arrival. Each is short (one step of a batch or of a text, one token), so the page
 * cancels by not making the next call; it cancels a load by terminate(). While the page processes a
 * token, the engine evaluates it (Engine.evaluateAhead).
 */

import { packError } from '../base/error.js';
import { nodeModule } from '../base/host.js';
import { Engine } from './engine.js';

const parent = nodeModule('worker_threads')?.parentPort;
/** @type {any} */
const port = parent ?? globalThis;
/** Pool workers started by the page, by number. @type {Map<number, import('./threads.js').PoolWorker>} */
const poolWorkers = new Map();
let made = 0;
const engine = new Engine(parent ? undefined : startPoolWorker);

/** Holds a lock until the worker ends, so that the page detects the end. Needs a secure context. */
function holdLock() {
  const lock = `jielong ${crypto.randomUUID()}`;
  const forever = new Promise(() => {});
  const held = () => {
    port.postMessage({ lock });
    return forever;
  };
  navigator.locks.request(lock, held).catch(() => {}); // opaque origins have no locks
}
if (!parent && globalThis.isSecureContext && navigator.locks) holdLock();

/** Makes the page start one. @type {import('./threads.js').StartPoolWorker} */
function startPoolWorker() {
  const { port1, port2 } = new MessageChannel();
  const number = ++made;
  port.postMessage({ poolWorker: number, port: port2 }, [port2]);
  /** @type {import('./threads.js').PoolWorker} */
  const poolWorker = {
    postMessage: (message) => port1.postMessage(message),
    terminate() {
      port1.close();
      poolWorkers.delete(number);
      port.postMessage({ poolWorker: number });
    },
  };
  poolWorkers.set(number, poolWorker);
  return poolWorker;
}

/**
 * The buffers of all float arrays in a result, to be transferred.
 * @param {any} value
 * @returns {ArrayBuffer[]}
 */
function buffers(value) {
  if (value instanceof Float32Array) return [/** @type {ArrayBuffer} */ (value.buffer)];
  if (ArrayBuffer.isView(value) || value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(buffers);
}

/** Imported on first use. @type {Promise<any> | undefined} */
let trainer;

/** @param {number} n @param {string} op @param {any[]} args */
function run(n, op, args) {
  if (op.startsWith('train.')) {
    trainer ??= import('./train-engine.js').then(({ TrainEngine }) => new TrainEngine());
    return trainer.then((it) => it[op.slice(6)](...args));
  }
  if (op !== 'load') return /** @type {any} */ (engine)[op](...args);
  const [source, options] = args;
  return engine.load(source, options, (progress) => port.postMessage({ n, progress }));
}

port.onmessage = async (/** @type {MessageEvent} */ { data }) => {
  const { n, op, args, poolWorker } = data;
  if (poolWorker) return poolWorkers.get(poolWorker)?.onerror(data);
  try {
    // Only load and training are asynchronous; other calls must finish in message order.
    const made = run(n, op, args);
    const result = made instanceof Promise ? await made : made;
    port.postMessage({ n, result }, buffers(result));
    engine.evaluateAhead(); // while the page processes the token
  } catch (e) {
    port.postMessage({ n, error: packError(e) });
  }
};
