/**
 * worker.js - an engine behind messages, in a worker of a page or of Node.
 *
 * Protocol. One worker holds one engine, that is, one model; the page ends it by terminate().
 *   to the worker    { n, op, args }            call the method `op` of Engine (engine.js), or
 *   `train.op` of TrainEngine (train-engine.js); n is the page's number
 *                    { poolWorker, message }    why the pool worker of that number has ended
 *   from the worker  { n, result }              what it returned; large arrays are transferred, not
 *   copied
 *                    { n, error }               what it threw, as a plain object (error.js)
 *                    { n, progress }            of a load
 *                    { poolWorker, port }       start a pool worker (pool-worker.js) and send it the port
 *                    { poolWorker }             end it
 *                    { lock }                   the name of a lock that it has until it ends, in a page
 * Calls run in the order in which they arrive and each is short (one step of a batch or of a text, one token), so nothing
 * needs cancelling: the page simply does not ask for the next one. A load is ended by terminate().
 * While the page is busy with a token, the engine evaluates it (Engine.evaluateAhead).
 */

import { packError } from '../base/error.js';
import { nodeModule } from '../base/host.js';
import { Engine } from './engine.js';

const parent = nodeModule('worker_threads')?.parentPort;
/** @type {any} */
const port = parent ?? globalThis;
/** The pool workers that the page has started. @type {Map<number, import('./threads.js').PoolWorker>} */
const poolWorkers = new Map();
let made = 0;
const engine = new Engine(parent ? undefined : startPoolWorker);

/** Where there are locks (a secure context), the page notices by one that this worker is no more. */
function holdLock() {
  const lock = `jielong ${crypto.randomUUID()}`;
  const forever = new Promise(() => {});
  const held = () => {
    port.postMessage({ lock });
    return forever;
  };
  navigator.locks.request(lock, held).catch(() => {}); // an origin without any
}
if (!parent && globalThis.isSecureContext && navigator.locks) holdLock();

/** Asks the page for one. @type {import('./threads.js').StartPoolWorker} */
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
 * The buffers behind arrays of floats, wherever they are in a result.
 * @param {any} value
 * @returns {ArrayBuffer[]}
 */
function buffers(value) {
  if (value instanceof Float32Array) return [/** @type {ArrayBuffer} */ (value.buffer)];
  if (ArrayBuffer.isView(value) || value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(buffers);
}

/** What trains, fetched when it is first asked for. @type {Promise<any> | undefined} */
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
    // Only a load and training are awaited: the others are done when they return, in the order of
    // their messages.
    const made = run(n, op, args);
    const result = made instanceof Promise ? await made : made;
    port.postMessage({ n, result }, buffers(result));
    engine.evaluateAhead(); // while the page has the token
  } catch (e) {
    port.postMessage({ n, error: packError(e) });
  }
};
