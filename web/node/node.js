/**
 * node.js - `jielong/node`: the API, and what only Node has: a static server with the isolation headers that threads
 * need in pages, and arrays as NumPy files.
 */
export * from '../jielong.js';
export { npz } from './npz.js';
export { makeServer } from './serve.js';
