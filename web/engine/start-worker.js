/**
 * start-worker.js - starts the workers of this package in a page or in Node, and subscribes to them.
 *
 * A worker's script is a file beside this one, or embedded by a build (embedded.js). If the engine has another
 * origin than the page, a Blob of the page's origin imports the script.
 */

import { JielongError, wordsOf } from '../base/error.js';
import { absolute, nodeModule } from '../base/host.js';
import { workerInside } from './embedded.js';

/**
 * Subscribes to a worker of a page or of Node.
 * @param {any} worker @param {(data: any) => void} receive @param {(error: any) => void} fail
 * @param {() => void} ended the worker has ended, for any reason; called after `fail` if it failed
 */
export function listen(worker, receive, fail, ended) {
  if (worker.on) worker.on('message', receive).on('error', fail).on('exit', ended);
  else {
    const { terminate } = worker;
    worker.terminate = () => {
      terminate.call(worker);
      ended();
    };
    worker.onmessage = (/** @type {MessageEvent} */ e) => receive(e.data);
    worker.onerror = worker.onmessageerror = (/** @type {any} */ e) => {
      e.preventDefault();
      fail(e);
    };
  }
}

/**
 * A worker's script.
 * @typedef {{ name: string, address: () => URL }} Script
 */

/**
 * A worker of this package.
 * @param {Script} script @param {number} [memory] max MB of its JS heap, in Node
 * @returns {any} a Worker of the page or of Node
 */
export function startWorker({ name, address }, memory) {
  const node = nodeModule('worker_threads');
  const inside = workerInside?.(name);
  if (inside)
    return started(() =>
      node ? new node.Worker(inside, { eval: true }) : new Worker(blobUrl(inside)),
    );
  const script = absolute(address());
  if (node) {
    const resourceLimits = memory && { maxOldGenerationSizeMb: memory };
    // With a worker's file, Node rejects this flag (of programs given by --eval).
    const inherited = process.execArgv.some((arg) => arg.startsWith('--input-type'));
    const execArgv = inherited ? [] : undefined;
    return started(() => new node.Worker(script, { resourceLimits, execArgv }));
  }
  const near = script.origin === location.origin || script.protocol === 'file:';
  if (near) return started(() => new Worker(script, { type: 'module' }));
  // A worker must have the page's origin; its imports need not.
  const shim = blobUrl(`import ${JSON.stringify(script.href)};`);
  return started(() => new Worker(shim, { type: 'module' }));
}

/** What a page without workers must allow, for errors and warnings. */
export const ALLOW =
  "a Content-Security-Policy must have worker-src 'self' for separate files, " +
  'blob: for the engine in one file or on another origin';

/** Turns an exception into a WORKER error. @template W @param {() => W} start @returns {W} */
export function started(start) {
  try {
    return start();
  } catch (e) {
    throw new JielongError('WORKER', `a worker could not be started: ${wordsOf(e)}; ${ALLOW}`);
  }
}

/** Blob URLs by script, reused because they are never revoked. @type {Map<string, string>} */
const blobUrls = new Map();

/** @param {string} script */
function blobUrl(script) {
  const url =
    blobUrls.get(script) ?? URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  blobUrls.set(script, url);
  return url;
}
