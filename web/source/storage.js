/**
 * storage.js - where downloaded files are kept: one interface for OPFS, the Cache API and a folder in Node.
 *
 * A kept file is a set of parts: 'about' (JSON) and segments '0', '1', … of SEGMENT bytes, the last one shorter. A part
 * is written at once and never changed, so other tabs can read segments while a file is still being written, and a
 * half-written part is recognised by its length. store.js decides what is kept; nothing here knows models.
 */
import { breathe, nodeModule } from '../base/host.js';

/**
 * @typedef {object} Storage
 * @property {'opfs' | 'cache' | 'folder'} kind
 * @property {() => Promise<string[]>} ids of all kept files
 * @property {(id: string, part: string) => Promise<Part | undefined>} open a part; undefined: missing
 * @property {(id: string, part: string, bytes: Uint8Array) => Promise<void>} put replaces a part
 * @property {(id: string) => Promise<void>} remove a file with all its parts; nothing if it is missing
 *
 * @typedef {object} Part
 * @property {number} size bytes
 * @property {(into: Uint8Array, at: number) => number | Promise<number>} read bytes from `at` on; returns how many
 * @property {() => void} close
 */

const NAME = 'jielong-models';
const TRIES = 20; // of a part that another tab has open for a moment
const TRY_MS = 15;

/** @param {unknown} e @param {string[]} names of DOMExceptions */
const isNamed = (e, ...names) => names.includes(/** @type {any} */ (e)?.name);

/** undefined if the entry is missing. @template T @param {Promise<T>} found @returns {Promise<T | undefined>} */
const orMissing = (found) =>
  found.catch((e) => {
    if (isNamed(e, 'NotFoundError', 'TypeMismatchError')) return undefined;
    throw e;
  });

/** A part in a Blob. @param {Blob} blob @returns {Part} */
const blobPart = (blob) => ({
  size: blob.size,
  async read(into, at) {
    const bytes = new Uint8Array(await blob.slice(at, at + into.length).arrayBuffer());
    into.set(bytes);
    return bytes.length;
  },
  close() {},
});

/* ---- OPFS ------------------------------------------------------------------------------------ */

/** Repeats while another tab has the file open. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
async function patiently(work) {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (e) {
      if (tries === TRIES || !isNamed(e, 'NoModificationAllowedError', 'InvalidStateError'))
        throw e;
      await new Promise((resolve) => setTimeout(resolve, TRY_MS));
    }
  }
}

/** Replaces a file's bytes. Only workers have synchronous handles. @param {any} file @param {Uint8Array} bytes */
async function write(file, bytes) {
  if (!file.createSyncAccessHandle) {
    const stream = await file.createWritable();
    await stream.write(bytes);
    return stream.close();
  }
  const handle = await file.createSyncAccessHandle();
  try {
    handle.truncate(0);
    for (let at = 0; at < bytes.length; ) {
      const n = handle.write(bytes.subarray(at), { at });
      if (!(n > 0)) throw new DOMException('the storage is full', 'QuotaExceededError');
      at += n;
    }
    handle.flush();
  } finally {
    handle.close();
  }
}

/** @returns {Promise<Storage>} */
async function openOpfs() {
  const root = await navigator.storage.getDirectory();
  /** @type {any} */
  const top = await root.getDirectoryHandle(NAME, { create: true });
  /** @param {string} id @param {string} part @param {boolean} create */
  const find = async (id, part, create) => {
    const folder = await top.getDirectoryHandle(id, { create });
    return folder.getFileHandle(part, { create });
  };
  return {
    kind: 'opfs',
    async ids() {
      const all = [];
      for await (const id of top.keys()) all.push(id);
      return all;
    },
    async open(id, part) {
      const file = await orMissing(find(id, part, false));
      if (!file) return undefined;
      // A handle excludes other tabs; if one is open there, a snapshot of the file is read instead.
      const handle = await file.createSyncAccessHandle?.().catch(() => undefined);
      if (!handle) return blobPart(await file.getFile());
      return {
        size: handle.getSize(),
        read: (into, at) => handle.read(into, { at }),
        close: () => handle.close(),
      };
    },
    put: (id, part, bytes) => patiently(async () => write(await find(id, part, true), bytes)),
    async remove(id) {
      await patiently(() => orMissing(top.removeEntry(id, { recursive: true })));
    },
  };
}

/* ---- Cache API ------------------------------------------------------------------------------- */

/** @returns {Promise<Storage>} */
async function openCache() {
  const cache = await caches.open(NAME);
  /** The keys of a cache are addresses; nothing is requested from these. @param {string} id @param {string} part */
  const address = (id, part) => `https://${NAME}.invalid/${id}/${part}`;
  const keys = async () => (await cache.keys()).map(({ url }) => new URL(url).pathname.split('/'));
  return {
    kind: 'cache',
    ids: async () => [...new Set((await keys()).map(([, id]) => id))],
    async open(id, part) {
      const response = await cache.match(address(id, part));
      return response && blobPart(await response.blob());
    },
    put: (id, part, bytes) =>
      cache.put(address(id, part), new Response(/** @type {BufferSource} */ (bytes))),
    async remove(id) {
      for (const [, one, part] of await keys())
        if (one === id) await cache.delete(address(id, part));
    },
  };
}

/* ---- A folder in Node ------------------------------------------------------------------------ */

/** @param {string} folder @returns {Promise<Storage>} */
async function openFolder(folder) {
  const { mkdir, open, readdir, rename, rm, writeFile } = nodeModule('fs').promises;
  const { join } = nodeModule('path');
  /** @param {any} e */
  const ifMissing = (e) => {
    if (e.code === 'ENOENT') return undefined;
    throw e;
  };
  await mkdir(folder, { recursive: true });
  return {
    kind: 'folder',
    ids: () => readdir(folder),
    async open(id, part) {
      const file = await open(join(folder, id, part)).catch(ifMissing);
      if (!file) return undefined;
      const { size } = await file.stat();
      return {
        size,
        read: async (into, at) => (await file.read(into, 0, into.length, at)).bytesRead,
        close: () => void file.close(),
      };
    },
    async put(id, part, bytes) {
      await mkdir(join(folder, id), { recursive: true });
      const path = join(folder, id, part);
      await writeFile(`${path}.new`, bytes);
      await rename(`${path}.new`, path);
    },
    remove: (id) => rm(join(folder, id), { recursive: true, force: true }),
  };
}

/* ---- Choice ---------------------------------------------------------------------------------- */

/** Writes, reads and removes a part, because some browsers have a storage that fails. @param {Storage} storage */
async function probe(storage) {
  const id = `probe-${Math.random().toString(36).slice(2)}`;
  await storage.put(id, '0', Uint8Array.of(1, 2, 3));
  const part = await storage.open(id, '0');
  const bytes = new Uint8Array(3);
  const n = await part?.read(bytes, 0);
  part?.close();
  await storage.remove(id);
  if (n !== 3 || bytes[2] !== 3) throw new Error('the storage does not return what was written');
  return storage;
}

/** By folder, because probing writes. @type {Map<string, Promise<Storage>>} */
const opened = new Map();

/**
 * The first storage that works. Rejects with the reason if there is none: a private window, a frame with an opaque
 * origin, a page without https.
 * @param {string} [folder] in Node
 * @returns {Promise<Storage>}
 */
export function openStorage(folder = '') {
  const found = opened.get(folder) ?? choose(folder);
  opened.set(folder, found);
  found.catch(() => opened.delete(folder));
  return found;
}

/** @param {string} folder @returns {Promise<Storage>} */
async function choose(folder) {
  if (nodeModule('fs')) {
    if (folder) return openFolder(folder);
    throw new Error("in Node the option 'store' is a folder");
  }
  let why = 'this page has no storage (it needs https, and no sandbox or private window)';
  for (const open of [openOpfs, openCache]) {
    try {
      return await probe(await open());
    } catch (e) {
      why = /** @type {any} */ (e)?.message ?? why;
      await breathe();
    }
  }
  throw new Error(why);
}

/**
 * Bytes that the origin may still store; undefined if the browser does not say.
 * @returns {Promise<number | undefined>}
 */
export async function freeBytes() {
  const { usage, quota } =
    (await globalThis.navigator?.storage?.estimate?.().catch(() => {})) ?? {};
  return quota === undefined ? undefined : quota - (usage ?? 0);
}
