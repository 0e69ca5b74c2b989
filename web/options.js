/**
 * options.js - the rules for arguments of the public interface, and the checks that apply them.
 *
 * Checked where the caller is, before anything is sent to the engine, so that the error's stack
 * shows the call. An unknown option is an error. Ranges that depend on the model are the engine's
 * to check.
 */

import { JielongError } from './error.js';

/** @typedef {[test: (value: any) => boolean, words: string]} Rule */
/** @type {(low: number, high: number) => Rule} */
export const integer = (low, high) => [
  (v) => Number.isInteger(v) && v >= low && v <= high,
  `an integer from ${low} to ${high}`,
];
/** @type {(low: number, high?: number) => Rule} */
export const number = (low, high = Infinity) => [
  (v) => Number.isFinite(v) && v >= low && v <= high,
  high === Infinity ? `a number of at least ${low}` : `a number from ${low} to ${high}`,
];
/** @type {(type: string, words: string) => Rule} */
export const typed = (type, words) => [(v) => typeof v === type, words];
export const FLAG = typed('boolean', 'true or false');
const CALLBACK = typed('function', 'a function');
/** @type {Rule} */
export const SIGNAL = [(v) => v instanceof AbortSignal, 'an AbortSignal'];
export const COUNT = integer(0, 2 ** 31 - 1);
export const POSITIVE = integer(1, 2 ** 31 - 1);
/** @type {Rule} */
const STOP = [
  (v) => (Array.isArray(v) ? v : [v]).every((s) => typeof s === 'string' && s && !s.includes('\0')),
  'a string or an array of strings, none of them empty',
];
/** @type {Rule} */
const SEED = [
  (v) => Number.isSafeInteger(v) || typeof v === 'bigint',
  'an integer (a bigint beyond 2^53)',
];
/** @type {Rule} */
export const ANY = [() => true, 'anything'];

/** @type {(v: any) => boolean} */
const isAddress = (v) => typeof v === 'string' || v instanceof URL;
/** @type {Rule} */
const WASM = [
  (v) =>
    isAddress(v) ||
    ArrayBuffer.isView(v) ||
    v instanceof ArrayBuffer ||
    v instanceof WebAssembly.Module,
  'an address, bytes or a WebAssembly.Module',
];
/** @type {Rule} */
export const WORKER = [
  (v) => isAddress(v) || typeof v === 'function' || typeof v === 'boolean',
  'true, false, an address or a function',
];
/** @type {Rule} */
export const LIST = [Array.isArray, 'an array'];

export const LOAD = {
  onProgress: CALLBACK,
  signal: SIGNAL,
  threads: integer(1, 16),
  contextLength: POSITIVE,
  precision: /** @type {Rule} */ ([
    (v) => ['auto', 'exact', 'fast'].includes(/** @type {string} */ (v)),
    "'auto', 'exact' or 'fast'",
  ]),
  memoryLimit: number(1, Number.MAX_SAFE_INTEGER),
  sha256: /** @type {Rule} */ ([(v) => /^[0-9a-f]{64}$/i.test(v), '64 hexadecimal digits']),
  wasm: WASM,
  worker: WORKER,
};
export const SAMPLING = {
  temperature: number(0),
  topK: COUNT,
  topP: number(0, 1),
  minP: number(0, 1),
  repeatPenalty: number(0),
  repeatLast: COUNT,
};
export const GENERATE = {
  ...SAMPLING,
  maxTokens: COUNT,
  seed: SEED,
  stop: STOP,
  ignoreEos: FLAG,
  topLogprobs: integer(0, 50),
  special: FLAG,
  signal: SIGNAL,
  onToken: CALLBACK,
};
export const TOKENIZE = { special: FLAG, bos: FLAG, signal: SIGNAL };
export const EMBED = {
  pooling: /** @type {Rule} */ ([
    (v) => v === 'mean' || v === 'cls' || v === 'last',
    "'mean', 'cls' or 'last'",
  ]),
  signal: SIGNAL,
};
export const CHAT = {
  ...GENERATE,
  chatTemplate: typed('string', 'a Jinja template or the name of a family'),
  templateOptions: /** @type {Rule} */ ([
    (v) => !!v && typeof v === 'object' && !Array.isArray(v),
    'an object of variables for the template',
  ]),
};
export const DEFAULTS = {
  temperature: 0.8,
  topK: 40,
  topP: 0.95,
  minP: 0.05,
  repeatPenalty: 1,
  repeatLast: 64,
};

export const LIMITS = { maxTokens: 256, ignoreEos: false, topLogprobs: 0 };

/** @param {string} message @param {string} [where] */
export const badArgument = (message, where) => new JielongError('BAD_ARGUMENT', message, where);

/**
 * The options that were given, each of them known and allowed. An unknown name is an error, so that
 * a misspelt option cannot silently do nothing.
 * @template T @param {string} caller @param {T} options @param {Record<string, Rule>} rules
 *   @returns {T}
 */
export function checkOptions(caller, options, rules) {
  if (options === null || typeof options !== 'object') {
    throw badArgument(`${caller} takes its options as an object, not ${describe(options)}`, caller);
  }
  /** @type {any} */
  const given = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(rules, name)) {
      const known = Object.keys(rules).join(', ');
      throw badArgument(`${caller} has no option '${name}'; it knows ${known}`, name);
    }
    if (!rules[name][0](value)) {
      throw badArgument(`option '${name}' must be ${rules[name][1]}, not ${describe(value)}`, name);
    }
    given[name] = value;
  }
  return given;
}

/** @param {unknown} value */
export const describe = (value) => {
  if (typeof value === 'string') return `'${value.slice(0, 40)}'`;
  return Array.isArray(value)
    ? 'an array'
    : typeof value === 'object' && value
      ? 'an object'
      : String(value);
};

/** A copy of token ids. @param {any} ids @param {string} caller @returns {Int32Array} */
export function checkIds(ids, caller) {
  if (!Array.isArray(ids) && !ArrayBuffer.isView(ids)) {
    throw badArgument(
      `${caller} takes token ids (an array or Int32Array), not ${describe(ids)}`,
      caller,
    );
  }
  const copy = Int32Array.from(/** @type {any} */ (ids));
  const bad = copy.findIndex((id, i) => id !== /** @type {any} */ (ids)[i] || id < 0);
  if (bad < 0) return copy;
  throw badArgument(
    `${caller}: ids[${bad}] is ${/** @type {any} */ (ids)[bad]}, not a token id`,
    `ids[${bad}]`,
  );
}
