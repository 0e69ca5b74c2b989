/**
 * host.js - services of the host: Node's modules, and a yield to the event loop.
 */

/**
 * A built-in module of Node, without an import, because bundlers fail on it.
 * @param {string} name
 * @returns {any}
 */
export const nodeModule = (name) =>
  /** @type {any} */ (globalThis).process?.getBuiltinModule?.(name);

/** Yields to the event loop (an abort, a click) between two pieces of work; a timer would take 4 ms. */
export const breathe = () =>
  new Promise((resolve) => {
    const { setImmediate } = /** @type {any} */ (globalThis);
    if (setImmediate) return setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve(port1.close());
    port2.postMessage(0);
  });

/** A file's whole address; some bundlers give a URL without an origin. @param {URL} url */
export const absolute = ({ href }) => new URL(href, globalThis.location?.href);
