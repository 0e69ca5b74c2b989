/**
 * assets.js - the files of the engine that are not modules: the .wasm files and the scripts of its workers.
 *
 * Only the caller's side resolves them and sends their addresses to the worker, so that the worker's script refers to no
 * file. Every address is a literal in one expression, because bundlers recognise only that form. Scripts of workers are
 * such files too, not arguments of `new Worker`: in the package each has everything in it, and a bundler that rewrites
 * it can break it (Docusaurus adds a call of a function that it does not define). A build with everything inside
 * (web/node/bundle.js) replaces this module: the .wasm files are then packed in it.
 */
import { absolute } from '../base/host.js';

/**
 * A .wasm file: its address, or its bytes as base64 of a raw deflate stream.
 * @typedef {{ kind: 'url', url: string } | { kind: 'packed', name: string, base64: string }} Wasm
 * @typedef {{ engine: Wasm, all?: Wasm, relaxed: Wasm, train: Wasm, poolWorker: string }} Assets
 *   all: engine with what few models need; poolWorker: for Node
 */

/** @param {URL} url @returns {Wasm} */
const wasm = (url) => ({ kind: 'url', url: absolute(url).href });

/** @returns {Assets} */
export const assets = () => ({
  engine: wasm(new URL('../jielong.wasm', import.meta.url)),
  all: wasm(new URL('../jielong-all.wasm', import.meta.url)),
  relaxed: wasm(new URL('../jielong-relaxed.wasm', import.meta.url)),
  train: wasm(new URL('../jielong-train.wasm', import.meta.url)),
  poolWorker: absolute(POOL_WORKER.address()).href,
});

/** @type {import('./start-worker.js').Script} */
export const ENGINE = {
  name: 'worker.js',
  address: () => new URL('./worker.js', import.meta.url),
};

/** @type {import('./start-worker.js').Script} */
export const POOL_WORKER = {
  name: 'pool-worker.js',
  address: () => new URL('./pool-worker.js', import.meta.url),
};
