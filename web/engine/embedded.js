/**
 * embedded.js - scripts of workers embedded by a build. Here there are none: they are separate files.
 *
 * Builds with everything inside (web/node/bundle.js) replace this module and assets.js.
 */

/**
 * An embedded worker as one classic script, by name, for a Blob or for Node's `eval`.
 * @type {((name: string) => string | undefined) | undefined}
 */
export const workerInside = undefined;
