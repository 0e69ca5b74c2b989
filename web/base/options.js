/**
 * options.js - rules for the arguments of the public API, and the functions that check them.
 *
 * Arguments are checked in the caller's thread, before any message to the engine, so that the
 * error's stack shows the call. An unknown option is an error. The engine checks ranges that depend
 * on the model.
 */

import { cut, isError, JielongError, wordsOf } from './error.js';

/**
 * `copy` is tested and kept instead of a value whose elements could change between two reads.
 * @typedef {[test: (value: any) => boolean, words: string, copy?: (value: any) => any]} Rule
 */
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
export const PROGRESS = CALLBACK;
/** @type {Rule} */
export const SIGNAL = [
  (v) => v instanceof AbortSignal && typeof v.aborted === 'boolean',
  'an AbortSignal',
];
export const COUNT = integer(0, 2 ** 31 - 1);
export const POSITIVE = integer(1, 2 ** 31 - 1);
/** @type {Rule} */
const STOP = [
  (v) => v.every((/** @type {any} */ s) => typeof s === 'string' && s && !s.includes('\0')),
  'a string or an array of strings, none of them empty',
  (v) => listOf(v),
];
/** @type {Rule} */
const SEED = [
  (v) =>
    Number.isSafeInteger(v) ||
    typeof v === 'bigint' ||
    (typeof v === 'string' && /^-?\d{1,20}$/.test(v)),
  'an integer (a bigint or string beyond 2^53)',
];
/** @type {Rule} */
export const ANY = [() => true, 'anything'];

/** @type {(v: any) => boolean} */
const isAddress = (v) => typeof v === 'string' || v instanceof URL;
/** @type {Rule} */
export const BINARY = [
  (v) => ArrayBuffer.isView(v) || v instanceof ArrayBuffer || v instanceof WebAssembly.Module,
  'bytes or a WebAssembly.Module',
];
/** @type {Rule} */
const WASM = [(v) => isAddress(v) || BINARY[0](v), `an address, ${BINARY[1]}`];
/** @type {Rule} */
export const WORKER = [
  (v) => isAddress(v) || typeof v === 'function' || typeof v === 'boolean',
  'true, false, an address or a function',
];
/** @type {Rule} */
export const LIST = [(v) => !!v, 'an array', (v) => Array.isArray(v) && copyOf(v)];

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
  sha256: /** @type {Rule} */ ([
    (v) => typeof v === 'string' && /^[0-9a-f]{64}$/i.test(v),
    '64 hexadecimal digits',
  ]),
  // Checked by source/store.js:
  ...{ store: ANY, host: ANY, mirrors: ANY, token: ANY },
  wasm: WASM,
  worker: WORKER,
};
/** @type {Rule} */
const TEXTS = [
  STOP[0],
  'an array of strings, none of them empty',
  (v) => Array.isArray(v) && copyOf(v),
];
/** @type {Rule} */
const BIAS = [
  (v) =>
    Object.entries(v).every(
      ([id, bias]) => COUNT[0](Number(id)) && typeof bias === 'number' && bias < Infinity,
    ) && Object.keys(v).length <= 2 ** 16,
  'an object of numbers by token id (-Infinity: never)',
  (v) => ({ ...v }),
];
/** In the order of model.info.sampling. */
export const SAMPLING = {
  temperature: number(0),
  topK: COUNT,
  topP: number(0, 1),
  minP: number(0, 1),
  repeatPenalty: number(0),
  repeatLast: COUNT,
  frequencyPenalty: number(-100, 100),
  presencePenalty: number(-100, 100),
  dryMultiplier: number(0, 100),
  dryBase: number(1, 100),
  dryAllowedLength: POSITIVE,
  dryLast: COUNT,
  temperatureRange: number(0, 100),
  temperatureExponent: number(0, 100),
  typicalP: number(0, 1),
  xtcProbability: number(0, 1),
  xtcThreshold: number(0, 1),
  mirostatTau: number(0, 100),
  mirostatEta: number(0, 1),
  dryBreakers: TEXTS,
  stages: TEXTS,
};
/** Options of single tokens: biases, and what the text must be. */
export const TOKENS = {
  logitBias: BIAS,
  grammar: /** @type {Rule} */ ([
    (v) => typeof v === 'string' && v.length > 0 && !v.includes('\0'),
    'a grammar in GBNF',
  ]),
  responseFormat: /** @type {Rule} */ ([
    (v) =>
      typeof v.jsonSchema === 'boolean' || (!!v.jsonSchema && typeof v.jsonSchema === 'object'),
    '{ jsonSchema }',
    (v) => ({ jsonSchema: v.jsonSchema && structuredClone(v.jsonSchema) }),
  ]),
};
export const GENERATE = {
  ...SAMPLING,
  ...TOKENS,
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
export const RERANK = { signal: SIGNAL, onProgress: CALLBACK };
export const EMBED = {
  pooling: /** @type {Rule} */ ([
    (v) => v === 'mean' || v === 'cls' || v === 'last',
    "'mean', 'cls' or 'last'",
  ]),
  signal: SIGNAL,
};
/** @type {Rule} */
const TOOLS = [
  (v) =>
    v.every(isTool) && new Set(v.map((/** @type {any} */ tool) => tool.name)).size === v.length,
  'an array of { name, description, parameters }, each name once: at most 64 letters, digits, _ and -',
  (v) => Array.isArray(v) && structuredClone(copyOf(v)),
];
/** @param {any} tool */
const isTool = (tool) =>
  typeof tool?.name === 'string' &&
  /^[\w-]{1,64}$/.test(tool.name) &&
  typeof (tool.description ?? '') === 'string' &&
  typeof (tool.parameters ?? {}) === 'object' &&
  !Array.isArray(tool.parameters);
/** @type {Rule} */
const TOOL_CHOICE = [
  (v) => ['auto', 'none', 'required'].includes(v) || typeof v?.name === 'string',
  "'auto', 'none', 'required' or { name }",
  (v) => (typeof v === 'string' ? v : { name: v.name }),
];
export const CHAT = {
  ...GENERATE,
  tools: TOOLS,
  toolChoice: TOOL_CHOICE,
  parallelToolCalls: FLAG,
  chatTemplate: typed('string', 'a Jinja template or the name of a family'),
  templateOptions: /** @type {Rule} */ ([
    (v) => !!v && typeof v === 'object' && !Array.isArray(v),
    'an object of variables for the template',
  ]),
};
/** Defaults of a generation; those of sampling are the engine's (info.sampling). */
export const LIMITS = { maxTokens: 256, ignoreEos: false, topLogprobs: 0 };

/**
 * A seed as a value that JSON keeps: a number, or beyond 2^53 a decimal string.
 * @param {bigint} seed from 0 to 2^64 - 1 @returns {number | string}
 */
export const plainSeed = (seed) => (seed <= Number.MAX_SAFE_INTEGER ? Number(seed) : String(seed));

/** @param {string} message @param {string} [where] */
export const badArgument = (message, where) => new JielongError('BAD_ARGUMENT', message, where);

/**
 * Reads an argument; a getter or proxy that throws becomes a BAD_ARGUMENT.
 * @template T @param {string} caller @param {() => T} read @returns {T}
 */
export function reading(caller, read) {
  try {
    return read();
  } catch (e) {
    throw unreadable(caller, e);
  }
}

/** An exception from reading an argument as a JielongError. @param {string} caller @param {unknown} e */
export const unreadable = (caller, e) =>
  isError(e)
    ? /** @type {JielongError} */ (e)
    : badArgument(`the argument of ${caller} cannot be read: ${wordsOf(e)}`, caller);

/**
 * A checked copy of the options. An unknown name is an error, so that a misspelt option is not
 * silently ignored.
 * @template T @param {string} caller @param {T} options @param {Record<string, Rule>} rules
 *   @returns {T}
 */
export const checkOptions = (caller, options, rules) =>
  reading(caller, () => checked(caller, options, rules));

/** @param {string} caller @param {any} options @param {Record<string, Rule>} rules */
function checked(caller, options, rules) {
  if (options === null || typeof options !== 'object') {
    throw badArgument(`${caller} takes its options as an object, not ${describe(options)}`, caller);
  }
  /** @type {any} */
  const given = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(rules, name)) {
      const known = Object.keys(rules).join(', ');
      const short = cut(name, 40);
      throw badArgument(`${caller} has no option '${short}'; its options: ${known}`, short);
    }
    const [test, words, copy] = rules[name];
    const kept = reading(name, () => (copy ? copy(value) : value));
    if (!reading(name, () => test(kept))) {
      throw badArgument(`option '${name}' must be ${words}, not ${describe(value)}`, name);
    }
    given[name] = kept;
  }
  return given;
}

/** @param {unknown} value @returns {string} */
export const describe = (value) => {
  if (typeof value === 'string') return `'${cut(value, 40)}'`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value) return isArray(value) ? 'an array' : 'an object';
  return cut(String(value), 40);
};

/** Array.isArray() throws for a revoked proxy. @param {unknown} value */
function isArray(value) {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

const MAX_IDS = 2 ** 24;

/** Copies by index, because the list's iterator may be overridden. @param {ArrayLike<any>} list @returns {any[]} */
function copyOf(list) {
  const { length } = list;
  if (!(length <= MAX_IDS))
    throw badArgument(`the list has more than ${MAX_IDS} elements, the maximum`);
  return Array.from({ length }, (_, i) => list[i]);
}

/** A copy of an array, or a list of one element. @param {any} value */
export const listOf = (value) => (Array.isArray(value) ? copyOf(value) : [value]);

/** A copy of token ids. @param {any} ids @param {string} caller @returns {Int32Array} */
export function checkIds(ids, caller) {
  return reading(caller, () => {
    const isList = Array.isArray(ids) || (ArrayBuffer.isView(ids) && 'length' in ids);
    if (!isList) {
      throw badArgument(
        `${caller} takes token ids (an array or Int32Array), not ${describe(ids)}`,
        caller,
      );
    }
    if (ArrayBuffer.isView(ids)) new Uint8Array(ids.buffer, 0, 0); // throws if it is detached
    const copy = copyOf(/** @type {any} */ (ids));
    const bad = copy.findIndex((id) => !COUNT[0](id));
    if (bad < 0) return Int32Array.from(copy);
    const where = `ids[${bad}]`;
    throw badArgument(`${caller}: ${where} is ${describe(copy[bad])}, not a token id`, where);
  });
}
