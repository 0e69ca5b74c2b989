/**
 * training.js - an instance of jielong-train.wasm, the module that counts and learns; jielong.wasm only runs models.
 */
import { Calls } from './exports.js';
import { instantiate } from './instance.js';

/** Calls that need start() first. @param {string} name of what the instance is for, in errors */
export const trainingCalls = (name) => new Calls({ name, afterCrash: 'start again' });

/**
 * @param {Calls} calls
 * @param {any} [wasm] the caller's own module; left out: the one beside the entries
 */
export async function start(calls, wasm) {
  const url = new URL('../jielong-train.wasm', import.meta.url).href;
  calls.attach(await instantiate(wasm ?? { kind: 'url', url }));
  return calls;
}
