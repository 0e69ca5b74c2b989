/**
 * wanted.js - the source and the options of a load as downloads (store.js).
 */
import { badArgument, checkOptions, listOf, typed } from '../base/options.js';
import { parseHubName } from './hub.js';
import { likePart } from './part-names.js';

/** @typedef {import('../base/options.js').Rule} Rule */
/** @param {any} v */
const isAddress = (v) => typeof v === 'string' && /^https?:\/\/./.test(v);
/** @param {any} v */
const isWholeNumber = (v) => Number.isSafeInteger(v) && v >= 0;
/** @type {Record<string, Rule>} */
const RULES = {
  store: [
    (v) => ['boolean', 'object'].includes(typeof v) || (typeof v === 'string' && v !== ''),
    'true, false, a folder (in Node) or { folder, limit, stallMs }',
  ],
  host: [isAddress, 'an http address'],
  mirrors: [(v) => v.every(isAddress), 'an array of http addresses', (v) => listOf(v)],
  token: typed('string', 'a string'),
};
/** @type {Record<string, Rule>} */
const STORE_RULES = {
  folder: typed('string', 'a path'),
  limit: [isWholeNumber, 'a number of bytes'],
  stallMs: [isWholeNumber, 'a number of milliseconds'],
};

/** The mirrors of one of several parts, whose names end like its own. @param {any} part @param {string[]} [mirrors] */
const mirrorsOf = ({ url = '', name = url }, mirrors) => mirrors?.map((one) => likePart(one, name));

/**
 * The source as a download that resumes; other sources than addresses stay as they are.
 * @param {import('./source.js').Described} source
 * @param {Record<string, any>} options of a load
 * @param {number} [step] bytes of each request
 * @returns {import('./source.js').Described}
 */
export function asDownload(source, { store, host, mirrors, token, sha256: hash }, step) {
  const given = checkOptions('loadModel', { store, host, mirrors, token }, RULES);
  if (source.kind === 'parts') {
    if (hash)
      throw badArgument('it is of one file, and the source is a split file of several', 'sha256');
    const parts = source.parts.map((part) =>
      asDownload(part, { ...given, mirrors: mirrorsOf(part, given.mirrors) }, step),
    );
    return { kind: 'parts', parts };
  }
  if (source.kind !== 'url' && source.kind !== 'download') return source;
  const name = source.kind === 'url' ? source.url.replace(/#.*/s, '') : source.name;
  if (name.startsWith('hf:')) parseHubName(name);
  else if (!isAddress(name)) return source;
  const folder = typeof store === 'string' ? store : undefined;
  const asked = typeof store === 'object' ? store : { folder };
  const kept = store ? checkOptions('store', asked, STORE_RULES) : undefined;
  return { kind: 'download', name, ...given, store: kept, sha256: hash, step };
}

/**
 * Loads a source as a download; again if the file changed on its server meanwhile.
 * @template T @param {import('./source.js').Described} source @param {Record<string, any>} options of the load
 * @param {(source: import('./source.js').Described, options: any) => Promise<T>} load
 * @returns {Promise<T>}
 */
export async function loadKept(source, options, load) {
  const download = asDownload(source, options);
  return load(download, options).catch((e) => {
    if (e?.code !== 'CHANGED') throw e;
    return load(download, options);
  });
}
