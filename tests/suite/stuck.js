/**
 * stuck.js - the engine's worker with commands to block or exit, for workers.js.
 *
 *   { spin: OP }  never returns from the next call of that name
 *   { quit }      exits
 * It sends { spins } when it blocks.
 */
import '../../web/engine/worker.js';

const node = /** @type {any} */ (globalThis).process?.getBuiltinModule?.('worker_threads');
/** @type {any} */
const port = node?.parentPort ?? globalThis;
const { onmessage } = port;
let spin = '';
port.onmessage = (/** @type {MessageEvent} */ event) => {
  const { data } = event;
  if (data.quit) return node ? process.exit(0) : globalThis.close();
  if (data.spin) spin = data.spin;
  else if (data.op === spin) {
    port.postMessage({ spins: true });
    for (;;);
  } else onmessage.call(port, event);
};
