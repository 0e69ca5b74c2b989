/**
 * training.js - instances of jielong-train.wasm (training and n-grams); jielong.wasm only runs models.
 */
import { Calls } from './exports.js';
import { instantiate } from './instance.js';

/** Calls of an instance; start() creates it. @param {string} name of its user, for errors */
export const trainingCalls = (name) => new Calls({ name, afterCrash: 'start again' });

/**
 * @param {Calls} calls
 * @param {any} [wasm] the caller's own module; default: ../jielong-train.wasm
 */
export async function start(calls, wasm) {
  const url = new URL('../jielong-train.wasm', import.meta.url).href;
  calls.attach(await instantiate(wasm ?? { kind: 'url', url }));
  return calls;
}
