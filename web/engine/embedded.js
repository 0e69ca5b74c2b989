/**
 * embedded.js - what a build has put inside the script itself: here, where everything lies as files, nothing.
 *
 * web/node/dist.js gives the engine that is one file another module in this one's place.
 */

/**
 * The bytes of a .wasm by its name.
 * @type {((name: string) => Promise<ArrayBuffer>) | undefined}
 */
export const wasmInside = undefined;

/**
 * A script that does what a worker's file does, by its name: classic, complete, for a Blob or for Node's `eval`.
 * @type {((name: string) => string | undefined) | undefined}
 */
export const workerInside = undefined;
