/**
 * scene.js - scenes: what figures show, as JSON, so that pages can draw it without an engine.
 *
 * A scene is { jielong: 1, engine, date, model: { name, file, type, bytes }, request, views }. views holds one view
 * per figure. In a view, a Float32Array is stored in 8 bits: { f8: base64, low, high } means low + byte / 255 ·
 * (high − low); an Int32Array as { i32: [numbers] }. Everything else is plain JSON.
 */
import { VERSION } from '../base/version.js';

const FORMAT = 1;
const DEPTH = 16; // of nested values
const SHARED = 60; // characters of JSON from which a repeated value is stored once

/** @typedef {{ name: string, file: string, type: string, bytes: number }} SceneModel */
/** @typedef {{ jielong: number, engine: string, date: string, model: SceneModel, request: Record<string, any>,
 *   views: Record<string, any> }} Scene */

/** @param {Uint8Array} bytes */
function toBase64(bytes) {
  let binary = '';
  for (let i = 0; i < bytes.length; i += 8192)
    binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}

/** @param {Float32Array} values */
function packFloats(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const x of values) {
    if (!Number.isFinite(x)) throw new TypeError(`a scene cannot store ${x}`);
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  if (!values.length) [low, high] = [0, 0];
  const scale = high > low ? 255 / (high - low) : 0;
  return { f8: toBase64(Uint8Array.from(values, (x) => Math.round((x - low) * scale))), low, high };
}

/** @param {any} stored @returns {Float32Array} */
function unpackFloats({ f8, low, high }) {
  const binary = atob(f8);
  const step = (high - low) / 255;
  return Float32Array.from(binary, (c) => low + c.charCodeAt(0) * step);
}

/** Numbers of a scene have six digits. @param {number} x */
const rounded = (x) => (Number.isInteger(x) ? x : Number(x.toPrecision(6)));

/** The JSON form of a view. @param {any} value @returns {any} */
export function pack(value) {
  if (value instanceof Float32Array) return packFloats(value);
  if (value instanceof Int32Array) return { i32: [...value] };
  if (typeof value === 'number') return rounded(value);
  if (Array.isArray(value)) return value.map(pack);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, pack(v)]));
}

/**
 * Replaces values that occur before by their place; figures of one text have equal parts.
 * @param {any} value packed @param {(string | number)[]} at @param {Map<string, (string | number)[]>} known places by JSON @returns {any}
 */
function share(value, at, known) {
  if (value === null || typeof value !== 'object') return value;
  const json = JSON.stringify(value);
  if (json.length < SHARED) return value;
  const place = known.get(json);
  if (place !== undefined) return { same: place };
  known.set(json, at);
  if (Array.isArray(value)) return value.map((v, i) => share(v, [...at, i], known));
  return Object.fromEntries(
    Object.entries(value).map(([key, v]) => [key, share(v, [...at, key], known)]),
  );
}

/**
 * One view of a scene by itself, still in its JSON form: values that it has in common with others are copied into it.
 * @param {Record<string, any>} views packed @param {string} name
 */
export function packedView(views, name) {
  /** @param {any} value @returns {any} */
  const whole = (value) => {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(whole);
    if (Array.isArray(value.same))
      return whole(
        value.same.reduce((/** @type {any} */ at, /** @type {any} */ key) => at[key], views),
      );
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, whole(v)]));
  };
  return share(whole(views[name]), [name], new Map());
}

/** Views of their JSON form. @param {any} root */
function unpackAll(root) {
  /** Values that others are the same as. @type {Map<string, any>} */
  const known = new Map();
  /** @param {any[]} place @param {number} depth */
  const shared = (place, depth) => {
    const name = JSON.stringify(place);
    if (known.has(name)) return known.get(name);
    let found = root;
    for (const key of place) found = found && Object.hasOwn(found, key) ? found[key] : undefined;
    if (typeof found !== 'object') throw new TypeError(`the scene has no value at ${name}`);
    known.set(name, unpack(found, depth));
    return known.get(name);
  };
  /** @param {any} stored @param {number} depth @returns {any} */
  const unpack = (stored, depth) => {
    if (depth > DEPTH) throw new TypeError(`the scene is nested deeper than ${DEPTH}`);
    if (stored === null || typeof stored !== 'object') return stored;
    if (Array.isArray(stored)) return stored.map((v) => unpack(v, depth + 1));
    if (typeof stored.f8 === 'string') return unpackFloats(stored);
    if (Array.isArray(stored.i32)) return Int32Array.from(stored.i32);
    if (Array.isArray(stored.same)) return shared(stored.same, depth + 1);
    return Object.fromEntries(
      Object.entries(stored).map(([key, v]) => [key, unpack(v, depth + 1)]),
    );
  };
  return unpack(root, 0);
}

/**
 * Makes a scene of views.
 * @param {SceneModel} model @param {Record<string, any>} request @param {Record<string, any>} views
 * @returns {Scene}
 */
export function makeScene(model, request, views) {
  const date = new Date().toISOString().slice(0, 10);
  return {
    jielong: FORMAT,
    engine: VERSION,
    date,
    model,
    request,
    views: share(pack(views), [], new Map()),
  };
}

/**
 * Reads a scene from a page or a file: checks its form, unpacks its views. Throws a TypeError that says what is wrong.
 * @param {unknown} given JSON text or the parsed object
 * @returns {Scene}
 */
export function readScene(given) {
  const scene = typeof given === 'string' ? JSON.parse(given) : given;
  if (scene?.jielong !== FORMAT)
    throw new TypeError(`expected a scene with "jielong": ${FORMAT}, found ${scene?.jielong}`);
  for (const key of ['model', 'request', 'views'])
    if (typeof scene[key] !== 'object' || !scene[key])
      throw new TypeError(`the scene has no "${key}"`);
  return { ...scene, views: unpackAll(scene.views) };
}

/**
 * Compares a view with the recorded one: numbers of 8 bits may differ by one step, other numbers by 1e-4 of their
 * size. Returns the places that differ, such as 'tokens.3.id'. Measured times, under keys that end with Ms, are left
 * out.
 * @param {any} recorded unpacked @param {any} live @param {string} [at] @returns {string[]}
 */
export function differences(recorded, live, at = '') {
  if (/Ms(\.\d+)*$/.test(at)) return [];
  if (recorded instanceof Float32Array) return floatDifferences(recorded, live, at);
  if (typeof recorded === 'number')
    return Math.abs(recorded - live) <= 1e-4 * Math.max(1, Math.abs(recorded)) ? [] : [at];
  if (recorded === null || typeof recorded !== 'object') return recorded === live ? [] : [at];
  if (typeof live !== 'object' || !live) return [at];
  const keys = new Set([...Object.keys(recorded), ...Object.keys(live)]);
  return [...keys].flatMap((key) =>
    differences(recorded[key], live[key], at ? `${at}.${key}` : key),
  );
}

/** @param {Float32Array} recorded @param {any} live @param {string} at */
function floatDifferences(recorded, live, at) {
  if (live?.length !== recorded.length) return [at];
  let [low, high] = [Infinity, -Infinity];
  for (const x of recorded) [low, high] = [Math.min(low, x), Math.max(high, x)];
  const step = (high - low) / 255 + 1e-4;
  const found = [];
  for (let i = 0; i < recorded.length; i++)
    if (!(Math.abs(recorded[i] - live[i]) <= step)) found.push(`${at}.${i}`);
  return found;
}
