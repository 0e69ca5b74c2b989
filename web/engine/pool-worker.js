/**
 * pool-worker.js - a worker that computes for the engine: an instance of the engine's module over the same memory.
 *
 * The first message of a page is a port, on which the worker then listens; in Node it listens to its parent. One
 * message follows: { module, memory, pool, thread, stack, relaxed }. The worker enters jl_wasm_pool_work() and stays
 * there until it is terminated. Started by threads.js in Node, and by the page (backend.js) otherwise.
 */
import { environment, linkRelaxed } from './link.js';

/** @param {{ data: any }} message */
function work({ data: { module, memory, pool, thread, stack, relaxed } }) {
  const instance = new WebAssembly.Instance(module, { env: environment(memory) });
  const exports = /** @type {any} */ (instance.exports);
  exports.__stack_pointer.value = stack;
  if (relaxed) linkRelaxed(relaxed.module, { ...exports, memory }, relaxed.data);
  exports.jl_wasm_pool_work(pool, thread);
}

const { process } = /** @type {any} */ (globalThis);
const parent = process?.getBuiltinModule?.('worker_threads')?.parentPort;
if (parent) parent.on('message', (/** @type {any} */ data) => work({ data }));
else
  globalThis.onmessage = ({ data: port }) => {
    port.onmessage = work;
  };
