/**
 * host.js - what the code asks of its host: Node's modules, and a turn for events.
 */

/**
 * Node's own modules without an import, which a bundler would stumble over.
 * @param {string} name
 * @returns {any}
 */
export const nodeModule = (name) =>
  /** @type {any} */ (globalThis).process?.getBuiltinModule?.(name);

/** Lets events in (an abort, a click) between two pieces of work in this thread; timers would wait for 4 ms. */
export const breathe = () =>
  new Promise((resolve) => {
    const { setImmediate } = /** @type {any} */ (globalThis);
    if (setImmediate) return setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve(port1.close());
    port2.postMessage(0);
  });
