/**
 * stuck.js - the engine's worker, that can be told to compute without end, or to end; for workers.js.
 *
 *   { spin: OP }  never returns from the next call of that name
 *   { quit }      ends by itself
 * It sends { spins } when it no longer answers.
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
