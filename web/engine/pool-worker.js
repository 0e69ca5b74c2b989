/**
 * pool-worker.js - a thread of the engine's pool: a second instance of the engine's module on the same memory.
 *
 * In a page the first message is a port for all later messages; in Node they come from the parent. The next
 * message is { module, memory, pool, thread, stack, relaxed }; the worker then runs jl_wasm_pool_work() until it
 * is terminated. Started by threads.js in Node, by the page (backend.js) otherwise.
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
