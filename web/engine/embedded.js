/**
 * embedded.js - files embedded in the script by a build. Here there are none: all files are separate.
 *
 * The single-file build (web/node/dist.js) replaces this module.
 */

/**
 * The bytes of an embedded .wasm, by name.
 * @type {((name: string) => Promise<ArrayBuffer>) | undefined}
 */
export const wasmInside = undefined;

/**
 * An embedded worker as one classic script, by name, for a Blob or for Node's `eval`.
 * @type {((name: string) => string | undefined) | undefined}
 */
export const workerInside = undefined;
