/**
 * training.js - instances of jielong-train.wasm (training and n-grams); jielong.wasm only runs models.
 */
import { Calls } from './exports.js';
import { instantiate } from './instance.js';

/** Calls of an instance; start() creates it. @param {string} name of its user, for errors */
export const trainingCalls = (name) => new Calls({ name, afterCrash: 'start again' });

/**
 * @param {Calls} calls
 * @param {any} wasm jielong-train.wasm (assets.js), or the caller's own module
 */
export async function start(calls, wasm) {
  calls.attach(await instantiate(wasm));
  return calls;
}
