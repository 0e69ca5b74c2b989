/**
 * rules.js - the rules of a session (attention, positions, cache) as the numbers the engine takes.
 *
 * They apply at run time, to any model that its architecture allows; the engine rejects the others.
 */
import {
  badArgument,
  COUNT,
  checkOptions,
  describe,
  FLAG,
  number,
  POSITIVE,
} from '../base/options.js';

/** ints: see jl_wasm_session_new. @typedef {{ ints: Int32Array, ropeBase: number, ropeScale: number }} Rules */

const MASKS = ['', 'causal', 'prefix', 'none'];
const CACHES = { f16: 16, f32: 32 };

/** @type {(list: string[]) => import('../base/options.js').Rule} */
const oneOf = (list) => [(v) => list.includes(v), list.map((s) => `'${s}'`).join(', ')];

const ATTENTION = {
  mask: oneOf(MASKS.slice(1)),
  prefix: POSITIVE,
  window: POSITIVE,
  sinks: COUNT,
  cachePositions: FLAG,
};
const POSITIONS = {
  ids: /** @type {import('../base/options.js').Rule} */ ([
    (v) => v instanceof Int32Array && v.length > 0,
    'integers, one per token',
    (v) => {
      const copy = Array.from({ length: Math.min(v.length, 2 ** 24) }, (_, i) => v[i]);
      const bad = copy.findIndex((x) => !Number.isInteger(x) || Math.abs(x) >= 2 ** 31);
      if (bad >= 0)
        throw badArgument(
          `positions.ids[${bad}] is ${describe(copy[bad])}, not an integer`,
          'positions',
        );
      return Int32Array.from(copy);
    },
  ]),
  ropeBase: number(1),
  ropeScale: /** @type {import('../base/options.js').Rule} */ ([
    (v) => Number.isFinite(v) && v > 0,
    'a number above 0',
  ]),
};
const CACHE = { type: oneOf(Object.keys(CACHES)), reuse: FLAG };

/** @param {string} name @param {any} given @param {Record<string, import('../base/options.js').Rule>} rules */
const optional = (name, given, rules) =>
  checkOptions(name, given === undefined ? {} : given, rules);

/**
 * @param {any} attention @param {any} positions @param {any} cache options of createSession, or undefined
 * @returns {Rules | undefined} undefined: the model's own rules
 */
export function rulesOf(attention, positions, cache) {
  if (attention === undefined && positions === undefined && cache === undefined) return undefined;
  const a = /** @type {any} */ (optional('attention', attention, ATTENTION));
  const named = positions === undefined || positions === 'model' || positions === 'off';
  const p = /** @type {any} */ (named ? {} : checkOptions('positions', positions, POSITIONS));
  const c = /** @type {any} */ (optional('cache', cache, CACHE));
  if ((a.mask === 'prefix') !== (a.prefix !== undefined))
    throw badArgument(
      "attention: mask 'prefix' and the number prefix belong together",
      'attention',
    );
  if (a.window === undefined && (a.sinks !== undefined || a.cachePositions))
    throw badArgument('attention: sinks and cachePositions need a window', 'attention');
  const ids = p.ids ?? new Int32Array(0);
  return {
    ints: Int32Array.from([
      MASKS.indexOf(a.mask ?? ''),
      a.prefix ?? 0,
      a.window ?? 0,
      a.sinks ?? 0,
      a.cachePositions ? 1 : 0,
      positions === 'off' ? 1 : 0,
      CACHES[/** @type {'f16'} */ (c.type)] ?? 0,
      c.reuse === false ? 1 : 0,
      ids.length,
      ...ids,
    ]),
    ropeBase: p.ropeBase ?? 0,
    ropeScale: p.ropeScale ?? 0,
  };
}
