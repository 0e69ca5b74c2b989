/**
 * sampling.js - the options of a draw as memory of the engine (jl_wasm_sampling in wasm/boundary.c).
 *
 * Part of engine.js. The defaults, the names of the numbers and stages and their order are the engine's
 * (model.info.sampling).
 */
import { JielongError } from '../base/error.js';

/** @typedef {import('./exports.js').Calls} Calls */

const encoder = new TextEncoder();
/** @param {string[]} list */
const ended = (list) => encoder.encode(list.map((one) => `${one}\0`).join(''));

/** Ids and floats, in turns. @param {Record<number, number>} biases */
function pairs(biases) {
  const list = Object.entries(biases);
  const ids = new Int32Array(2 * list.length);
  const floats = new Float32Array(ids.buffer);
  for (const [i, [id, bias]] of list.entries()) {
    ids[2 * i] = Number(id);
    floats[2 * i + 1] = bias;
  }
  return ids;
}

/** Numbers of stages. @param {string[]} names @param {string[]} known */
function stageNumbers(names, known) {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const words = `there is no stage '${unknown}', only ${known.join(', ')}`;
    throw new JielongError('BAD_ARGUMENT', words, 'stages');
  }
  return Uint8Array.from(names, (name) => known.indexOf(name));
}

/**
 * Sets the options of the next stages() or generate(), and calls `use`.
 * @template T @param {Calls} calls @param {any} defaults @param {any} given
 * @param {(stages: string[]) => T} use @returns {T}
 */
export function withSampling(calls, defaults, given, use) {
  const s = { ...defaults, ...given };
  const names = Object.keys(defaults).filter((name) => typeof defaults[name] === 'number');
  const numbers = Float64Array.from(names, (name) => s[name]);
  const biases = pairs(s.logitBias ?? {});
  const stages = stageNumbers(s.stages, defaults.stages);
  const seed = BigInt(s.seed ?? 0);
  const [low, high] = [seed & 0xffffffffn, seed >> 32n].map(Number);
  const data = [numbers, ended(s.dryBreakers), biases, ended([s.grammar ?? '']), stages];
  return calls.withCopies(data, (n, breakers, bias, grammar, order) => {
    const lists = [breakers, s.dryBreakers.length, bias, biases.length / 2];
    const text = s.grammar === undefined ? 0 : grammar;
    calls.call('sampling', n, ...lists, text, order, stages.length, low, high);
    return use(s.stages);
  });
}
