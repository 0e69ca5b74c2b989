/**
 * stored.js - what a model would cost before it is loaded, and the files that loads with the option `store` keep.
 *
 *   const { bytesToFetch, memory, fits } = await inspect('hf:owner/repository/model.gguf');
 *   const model = await loadModel('hf:owner/repository/model.gguf', { store: true });
 *   for (const { name, bytes, complete } of await listStored()) …
 *
 * A file is kept in the origin private file system, or in the Cache API, or not at all; a browser keeps the files of
 * each site apart. source/store.js downloads and keeps.
 */

import { measure } from './api/bench.js';
import { calibrationOf, forecast } from './api/forecast.js';
import { badArgument, checkOptions, describe, LOAD } from './base/options.js';
import { assets } from './engine/assets.js';
import { openBackend } from './engine/backend.js';
import { describeSource } from './source/source.js';
import { asDownload, freeBytes, limit, list, remove } from './source/store.js';

/** @typedef {import('./source/store.js').Kept} Stored */
/** @typedef {import('./api/types.js').Calibration} Calibration */
/** @typedef {import('./source/source.js').Described} Described */

const { signal: SIGNAL, contextLength, store, host, mirrors, token, wasm, worker } = LOAD;
const INSPECT = { signal: SIGNAL, contextLength, store, host, mirrors, token, wasm, worker };
const STEP = 1 << 20; // bytes of a request for the header
const REMEMBERED = 'jielong-calibration';

/** @type {Calibration | undefined} */ let calibration;

/** The last calibration, also of an earlier visit. @returns {Calibration | undefined} */
function remembered() {
  try {
    return calibration ?? JSON.parse(localStorage.getItem(REMEMBERED) ?? 'null') ?? undefined;
  } catch {
    return calibration; // no storage here
  }
}

/**
 * Remembers the speed of this host for inspect().
 * @param {import('./api/types.js').ModelInfo} info @param {{ pp: number, tg: number }} speed tokens/s
 * @returns {Calibration}
 */
export function rememberSpeed(info, speed) {
  calibration = calibrationOf(info, speed);
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify(calibration));
  } catch {} // for this visit only
  return calibration;
}

/**
 * Measures the speed of a loaded model, some seconds, and remembers it for inspect().
 * @param {import('./jielong.js').Model} model
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<Calibration>}
 */
export async function calibrate(model, options = {}) {
  const { signal } = checkOptions('calibrate', options, { signal: SIGNAL });
  return rememberSpeed(model.info, await measure(model, { pp: 64, tg: 24, rounds: 1, signal }));
}

/**
 * What a model would cost here: bytes to fetch, memory, whether it fits, the longest context, and after calibrate()
 * an estimate of its speed. Reads only the header of the file, from an address by ranges of 1 MB, and keeps nothing.
 * @param {import('./api/types.js').Source} source
 * @param {import('./api/types.js').InspectOptions} [options]
 * @returns {Promise<import('./api/types.js').Forecast>}
 */
export async function inspect(source, options = {}) {
  const given = checkOptions('inspect', options, INSPECT);
  const { signal, contextLength, wasm, worker, store = true } = given;
  const plain = describeSource(source);
  const described = asDownload(plain, { ...given, store }, STEP);
  const backend = openBackend(worker);
  try {
    const address = typeof wasm === 'string' || wasm instanceof URL ? describeSource(wasm) : wasm;
    const plainly = { header: true, threads: 1, precision: 'exact' };
    const header = { assets: assets(), wasm: address, ...plainly };
    const read = backend.load(described, header, undefined, signal);
    const { sites: _, ...info } = /** @type {any} */ (await read); // those need the weights
    const names = namesOf(described);
    const remote = names.length > 0;
    const folder = typeof store === 'string' ? store : /** @type {any} */ (store).folder;
    const kept = remote ? (await list(folder)).filter(({ name }) => names.includes(name)) : [];
    const bytes = kept.reduce((sum, one) => sum + one.bytes, 0);
    const keptBytes = Math.min(bytes, info.fileBytes);
    return forecast(info, { contextLength, keptBytes, remote, calibration: remembered() });
  } catch (e) {
    throw signal?.aborted ? signal.reason : e;
  } finally {
    backend.close();
  }
}

/** The names under which a source is kept; none: it is not. @param {Described} described @returns {string[]} */
function namesOf(described) {
  if (described.kind === 'parts') return described.parts.flatMap(namesOf);
  return described.kind === 'download' ? [described.name] : [];
}

/**
 * The kept files, the last used first.
 * @param {string} [folder] in Node
 * @returns {Promise<Stored[]>}
 */
export const listStored = (folder) => list(folder);

/**
 * Removes a kept file, or all parts of a split file. A model that was loaded from it stays loaded.
 * @param {string | URL | (string | URL | Blob)[]} source as it was given to loadModel
 * @param {string} [folder] in Node
 * @returns {Promise<boolean>} whether it was kept
 */
export async function removeStored(source, folder) {
  const names = namesOf(asDownload(describeSource(source), { store: true }));
  if (!names.length)
    throw badArgument(`only addresses are kept, not ${describe(source)}`, 'source');
  const removed = await Promise.all(names.map((name) => remove(name, folder)));
  return removed.includes(true);
}

/**
 * Removes the files that were not used for longest, until the others take at most `bytes`.
 * @param {number} bytes
 * @param {string} [folder] in Node
 * @returns {Promise<string[]>} names of the removed files
 */
export const limitStored = (bytes, folder) => limit(bytes, folder);

/**
 * Asks the browser not to remove the kept files when its disk is full. Some browsers ask the reader, so call it in a
 * click only.
 * @returns {Promise<boolean>} whether it agrees
 */
export const persistStored = async () =>
  (await globalThis.navigator?.storage?.persist?.().catch(() => false)) ?? false;

/** Bytes that this site may still keep; undefined: the browser does not say. */
export const freeToStore = () => freeBytes();
