/**
 * store.js - downloads that are kept: a file is fetched once, continues where it stopped, and is read from storage
 * afterwards without a request.
 *
 * Imported when a load asks for it. openDownload() returns a reader (source.js) that reads the kept segments
 * (storage.js), then the network (download.js), and writes full segments as they arrive. One tab writes a file, under
 * a lock; others follow what it has written, and take over if it ends. Storage that fails is left, and the load goes
 * on from the network. A file is complete only after the engine has accepted it; one that it refuses is removed.
 */
import { cut, isError, JielongError, wordsOf } from '../base/error.js';
import { Download } from './download.js';
import { HUB, hubUrl, parseHubName, published } from './hub.js';
import { sha256 } from './sha256.js';
import { freeBytes, openStorage } from './storage.js';

export { asDownload, loadKept } from './wanted.js';
export { freeBytes };

/** @typedef {import('./storage.js').Storage} Storage */
/** @typedef {import('./source.js').Reader} Reader */
/** @typedef {import('./download.js').Identity} Identity */

/**
 * What is kept of a file. `version` changes when its bytes are replaced; `exact`: whether `size` is; `expects`: the
 * SHA-256 that it should have, `sha256` the one that was checked.
 * @typedef {Identity & { name: string, version: string, exact: boolean, expects?: string, sha256?: string,
 *   done: boolean, added: number, used: number }} About
 */
/**
 * @typedef {object} Kept
 * @property {string} name the address or hub name that the file was loaded by
 * @property {number} bytes in storage
 * @property {number | undefined} size of the whole file; undefined: unknown
 * @property {boolean} complete
 * @property {string | undefined} sha256 if it was checked
 * @property {Date} added
 * @property {Date} used the last time
 */
/**
 * @typedef {object} StoreOptions
 * @property {string} [folder] in Node
 * @property {number} [limit] max bytes of all kept files
 * @property {number} [stallMs] a connection without a byte for so long is opened again
 */
/**
 * @typedef {object} Wanted a file that is to be downloaded
 * @property {'download'} kind
 * @property {string} name address, or name at a hub
 * @property {string} [host] of the hub
 * @property {string[]} [mirrors] further addresses, or hosts of the hub
 * @property {string} [token] for gated files
 * @property {string} [sha256]
 * @property {StoreOptions} [store] undefined: not kept
 * @property {number} [step] bytes of each request; then nothing is written to storage
 * @property {{ size?: number, sha256?: string }} [facts] that the hub publishes, if they are known
 * @property {{ names: string[], bytes: number }} [group] files that are kept together
 */

const SEGMENT = 1 << 22; // bytes
const CHUNK = 1 << 20; // read from storage at once
const FOLLOW_MS = 100; // between two looks at what another tab has written
const PATIENCE_MS = 60_000; // for a tab that writes no segment
const SPARE = 1 << 24; // bytes of the quota that stay free

/** Codes of the engine that say nothing against a file. */
const OTHERWISE = /^(OUT_OF|ENGINE|CLOSED)/;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @param {string} name */
const idOf = (name) => {
  const hash = sha256();
  hash.update(encoder.encode(name));
  return hash.hex().slice(0, 32);
};

/* ---- What is kept ---------------------------------------------------------------------------- */

/** @param {Storage} storage @param {string} id @returns {Promise<About | undefined>} */
async function aboutOf(storage, id) {
  const part = await storage.open(id, 'about');
  if (!part) return undefined;
  try {
    const bytes = new Uint8Array(part.size);
    await part.read(bytes, 0);
    const about = JSON.parse(decoder.decode(bytes));
    return typeof about?.version === 'string' ? about : undefined;
  } catch {
    return undefined; // cut short
  } finally {
    part.close();
  }
}

/** @param {Storage} storage @param {string} id @param {About} about */
const saveAbout = (storage, id, about) =>
  storage.put(id, 'about', encoder.encode(JSON.stringify(about)));

/** Whether a segment is as long as it must be. @param {number} index @param {number} length @param {number} [size] of the file */
const isWhole = (index, length, size) =>
  length === SEGMENT || (!!size && length > 0 && index * SEGMENT + length === size);

/** Bytes from the beginning that are in storage. @param {Storage} storage @param {string} id @param {number} [size] */
async function keptBytes(storage, id, size) {
  for (let n = 0; ; n++) {
    const part = await storage.open(id, String(n));
    const length = part?.size ?? 0;
    part?.close();
    if (!isWhole(n, length, size)) return n * SEGMENT;
    if (length < SEGMENT) return n * SEGMENT + length;
  }
}

/** @param {Storage} storage @returns {Promise<(Kept & { id: string })[]>} */
async function keptFiles(storage) {
  const all = [];
  for (const id of await storage.ids()) {
    const about = await aboutOf(storage, id);
    if (!about) continue;
    const { name, size, done, sha256: hash, added, used } = about;
    const bytes = done && size ? size : await keptBytes(storage, id, size);
    const [first, last] = [new Date(added), new Date(used)];
    all.push({ id, name, bytes, size, complete: done, sha256: hash, added: first, used: last });
  }
  return all.sort((a, b) => b.used.getTime() - a.used.getTime());
}

/** The files in storage, the last used first. @param {string} [folder] in Node @returns {Promise<Kept[]>} */
export async function list(folder) {
  const storage = await openStorage(folder).catch(() => undefined);
  return storage ? (await keptFiles(storage)).map(({ id, ...kept }) => kept) : [];
}

/** Removes a file. @param {string} name @param {string} [folder] @returns {Promise<boolean>} whether it was there */
export async function remove(name, folder) {
  const storage = await openStorage(folder).catch(() => undefined);
  const id = idOf(name);
  const known = storage && (await storage.ids()).includes(id);
  if (known) await storage.remove(id);
  return !!known;
}

/**
 * Removes the files that were not used for longest, until all others take at most `bytes`.
 * @param {number} bytes @param {string} [folder] @param {string[]} [keep] names of files that stay
 * @returns {Promise<string[]>} names of the removed ones
 */
export async function limit(bytes, folder, keep = []) {
  const storage = await openStorage(folder).catch(() => undefined);
  const files = storage
    ? (await keptFiles(storage)).filter(({ name }) => !keep.includes(name))
    : [];
  const removed = [];
  let total = files.reduce((sum, file) => sum + file.bytes, 0);
  for (const file of files.reverse()) {
    if (total <= bytes) break;
    // A file that is being written has a lock.
    const release = await take(file.id);
    if (!release) continue;
    await storage?.remove(file.id);
    release();
    total -= file.bytes;
    removed.push(file.name);
  }
  return removed;
}

/* ---- Locks ----------------------------------------------------------------------------------- */

/** Locks of this process, where the host has none for several. @type {Set<string>} */
const taken = new Set();

/** Takes the lock of a file, unless another tab has it. @param {string} id @returns {Promise<(() => void) | undefined>} release */
async function take(id) {
  const { locks } = globalThis.navigator ?? {};
  if (!locks) {
    if (taken.has(id)) return undefined;
    taken.add(id);
    return () => void taken.delete(id);
  }
  return new Promise((resolve, reject) => {
    const hold = (/** @type {Lock | null} */ lock) =>
      lock ? new Promise((release) => resolve(() => release(undefined))) : resolve(undefined);
    locks.request(`jielong kept ${id}`, { ifAvailable: true }, hold).catch(reject);
  });
}

/* ---- A download ------------------------------------------------------------------------------ */

/** @param {Wanted} wanted @param {AbortSignal} [signal] @returns {Promise<Reader>} */
export async function openDownload(wanted, signal) {
  const file = new KeptFile(wanted, signal);
  await file.open();
  return file;
}

/** @implements {Reader} */
class KeptFile {
  size = 0;
  /** @type {number | undefined} */ total;
  /** SHA-256 that was checked before; undefined: unknown. @type {string | undefined} */ sha256;
  /** SHA-256 that the hub publishes. @type {string | undefined} */ expected;
  /** Where the file is kept; null: nowhere. @type {'opfs' | 'cache' | 'folder' | null} */ kept =
    null;
  /** Why it is not kept. @type {string | undefined} */ why;
  #wanted;
  #signal;
  #id;
  /** @type {Storage | undefined} */ #storage;
  /** @type {About | undefined} */ #about;
  /** @type {Download | undefined} */ #download;
  /** Of the lock, while this reader writes. @type {(() => void) | undefined} */ #release;
  #at = 0; // of the next byte
  #resumed = 0; // bytes in storage when the download was opened
  #buffer = new Uint8Array(CHUNK);
  /** The open segment. @type {{ index: number, part: import('./storage.js').Part } | undefined} */ #open;
  /** The segment that is being filled, and its length. */ #filling = new Uint8Array(0);
  #filled = 0;
  #written = 0; // segments by this reader
  #cancelled = false;
  #reading = false;

  /** @param {Wanted} wanted @param {AbortSignal} [signal] */
  constructor(wanted, signal) {
    this.#wanted = wanted;
    this.#signal = signal;
    this.#id = idOf(wanted.name);
    this.name = wanted.name;
  }

  /** Whether all bytes of the file must be read, also those after the last tensor. */
  get whole() {
    return !!this.#release;
  }

  async open() {
    await this.#openStorage();
    if (this.#about?.done && this.#isWanted()) return this.#reuse();
    const writes = this.#storage && !this.#wanted.step;
    if (writes && (await this.#takeLock())) return this.#write();
    if (writes && (await this.#awaitSize())) return; // follows another tab
    await this.#fetch();
  }

  async #openStorage() {
    const { store } = this.#wanted;
    if (!store) return;
    try {
      this.#storage = await openStorage(store.folder);
      this.#about = await aboutOf(this.#storage, this.#id);
      this.kept = this.#storage.kind;
    } catch (e) {
      this.#leaveStorage(e);
    }
  }

  /** Goes on without storage. @param {unknown} e why */
  #leaveStorage(e) {
    this.why ??= wordsOf(e);
    this.kept = null;
    this.#storage = undefined;
    this.#close();
    this.#release?.();
    this.#release = undefined;
  }

  /** Whether the kept file has the wanted hash, as far as both are known. */
  #isWanted() {
    const [wanted, has] = [this.#wanted.sha256?.toLowerCase(), this.#about?.sha256];
    return !wanted || !has || wanted === has;
  }

  /** Reads a complete file: no request. */
  async #reuse() {
    const about = /** @type {About} */ (this.#about);
    this.#setSize(about.size ?? 0, true);
    this.sha256 = about.sha256;
    const storage = /** @type {Storage} */ (this.#storage);
    await saveAbout(storage, this.#id, { ...about, used: Date.now() }).catch(() => {});
  }

  /** @param {number} size 0: unknown @param {boolean} exact */
  #setSize(size, exact) {
    this.size = exact ? size : 0;
    this.total = size || undefined;
  }

  async #takeLock() {
    this.#release = await take(this.#id).catch(() => undefined);
    if (!this.#release || !this.#storage) return false;
    // Another tab may have completed the file before the lock was free.
    this.#about = await aboutOf(this.#storage, this.#id).catch(() => undefined);
    if (this.#about && !this.#isWanted()) this.#about = undefined;
    return true;
  }

  /** Becomes the tab that writes. */
  async #write() {
    const known = this.#about;
    try {
      if (known?.done) {
        this.#unlock();
        return await this.#reuse();
      }
      const has = known ? await keptBytes(this.#storageNow(), this.#id, known.size) : 0;
      await this.#fetch(has, known);
      await this.#makeRoom();
    } catch (e) {
      if (isError(e) || this.#signal?.aborted || this.#cancelled) {
        this.#unlock();
        throw e;
      }
      this.#leaveStorage(e);
      if (!this.#download || this.#resumed > this.#at) await this.#fetchAgain(known);
    }
  }

  /** The rest from the network, where storage cannot give it. @param {About} [about] of what was read */
  async #fetchAgain(about) {
    this.#download?.cancel();
    this.#about = undefined;
    await this.#fetchFrom(this.#at, this.#at ? about : undefined);
  }

  #storageNow() {
    return /** @type {Storage} */ (this.#storage);
  }

  /** Limits the store, and begins or continues the file in it. */
  async #makeRoom() {
    const { store = {}, group } = this.#wanted;
    const size = this.total ?? 0;
    const names = group?.names ?? [this.name];
    const storage = this.#storageNow();
    if (!this.#resumed) await storage.remove(this.#id); // segments of another version
    if (store.limit !== undefined) {
      const bytes = group?.bytes ?? size;
      if (bytes > store.limit)
        throw new Error(`the file is larger than the limit of ${store.limit} bytes`);
      await limit(store.limit - bytes, store.folder, names);
    }
    const here = this.#resumed;
    const free = await freeBytes();
    if (free !== undefined && free < size - here + SPARE) {
      const need = size - here + SPARE - free;
      const total = (await keptFiles(storage)).reduce(
        (sum, one) => sum + (names.includes(one.name) ? 0 : one.bytes),
        0,
      );
      if (total < need) throw new Error(`the browser allows only ${free} more bytes`);
      await limit(total - need, store.folder, names);
    }
    const { identity, certain: exact } = /** @type {Download} */ (this.#download);
    const now = Date.now();
    const version = (this.#resumed && this.#about?.version) || `${now} ${Math.random()}`;
    const fresh = { name: this.name, added: now };
    const expects = this.#wanted.sha256?.toLowerCase() ?? this.expected;
    this.#about = {
      ...fresh,
      ...this.#about,
      ...identity,
      exact,
      expects,
      version,
      done: false,
      used: now,
    };
    await saveAbout(storage, this.#id, this.#about);
    this.#filling = new Uint8Array(SEGMENT);
  }

  /** Opens the download behind the bytes in storage; from the beginning if these are of another file. @param {number} [has] @param {About} [known] */
  async #fetch(has = 0, known) {
    const { host = HUB, mirrors = [], token, name, sha256: given, store, step } = this.#wanted;
    const headers = token ? { Authorization: `Bearer ${token}` } : undefined;
    const isHub = name.startsWith('hf:');
    const hosts = [host, ...mirrors];
    const file = isHub ? parseHubName(name) : undefined;
    const urls = file ? hosts.map((one) => hubUrl(file, one)) : [name, ...mirrors];
    const asks = file && !given && !this.#wanted.facts;
    const facts = asks
      ? await published(file, hosts, { signal: this.#signal, headers })
      : (this.#wanted.facts ?? {});
    this.expected = facts.sha256;
    const make = () =>
      new Download(urls, {
        signal: this.#signal,
        headers,
        stallMs: store?.stallMs,
        size: facts.size,
        step,
      });
    const { size, etag, modified, expects } = known ?? {};
    const hash = given?.toLowerCase() ?? facts.sha256;
    const other = expects && hash && expects !== hash;
    this.#download = make();
    try {
      if (other) throw new JielongError('CHANGED', 'another hash is wanted');
      await this.#download.open(has, { size, etag, modified });
    } catch (e) {
      // The bytes in storage are of another version; nothing of them has been read.
      if (!isError(e) || /** @type {JielongError} */ (e).code !== 'CHANGED' || (!has && !known))
        throw e;
      this.#download.cancel();
      if (this.#release) await this.#storage?.remove(this.#id).catch(() => {});
      this.#about = undefined;
      has = 0;
      this.#download = make();
      await this.#download.open();
    }
    this.#resumed = has;
    this.#setSize(this.#download.size, this.#download.certain);
  }

  /** Whether another tab has begun the file: then its size is known. */
  async #awaitSize() {
    const end = performance.now() + PATIENCE_MS;
    while (performance.now() < end && this.#storage) {
      this.#signal?.throwIfAborted();
      const about = await aboutOf(this.#storage, this.#id).catch(() => undefined);
      if (
        about?.size &&
        (!about.done || !this.#wanted.sha256 || about.sha256 === this.#wanted.sha256)
      ) {
        this.#about = about;
        this.#setSize(about.size, about.exact);
        return true;
      }
      if (await this.#takeLock()) {
        await this.#write();
        return true;
      }
      await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS));
    }
    this.#leaveStorage(new Error('another tab downloads the file'));
    return false;
  }

  /* ---- Reading ---- */

  /** @returns {Promise<Uint8Array | undefined>} */
  async read() {
    this.#reading = true;
    const chunk = await this.#next();
    this.#reading = false;
    return chunk;
  }

  /** @returns {Promise<Uint8Array | undefined>} */
  async #next() {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      this.#signal?.throwIfAborted();
      if (this.#cancelled) return undefined;
      const stored = await this.#fromStorage();
      if (stored) return stored;
      if (this.#download) return this.#fromNetwork();
      const { done, exact, size } = this.#about ?? {};
      if ((done || exact) && this.#at === size) return undefined;
      await this.#continueAlone(performance.now() > end);
    }
  }

  /** The next bytes of the segments in storage. @returns {Promise<Uint8Array | undefined>} */
  async #fromStorage() {
    if (!this.#storage || (this.#download && this.#at >= this.#resumed)) return undefined;
    const index = Math.floor(this.#at / SEGMENT);
    try {
      if (this.#open?.index !== index) await this.#openSegment(index);
      if (!this.#open) return undefined;
      const from = this.#at - index * SEGMENT;
      const into = this.#buffer.subarray(0, Math.min(CHUNK, this.#open.part.size - from));
      const n = into.length && (await this.#open.part.read(into, from));
      if (n !== into.length) throw new Error('the kept file is shorter than it was');
      this.#at += n;
      return n ? into : undefined;
    } catch (e) {
      if (isError(e)) throw e;
      await this.#abandon(e);
      return undefined;
    }
  }

  /** @param {number} index */
  async #openSegment(index) {
    this.#close();
    const storage = this.#storageNow();
    if (!this.#about?.done && !this.#release) await this.#compareVersion();
    const part = await storage.open(this.#id, String(index));
    if (part && isWhole(index, part.size, this.#about?.size)) this.#open = { index, part };
    else part?.close();
    const complete = this.#about?.done || (this.#release && !this.#download); // or rewind()
    if (!this.#open && complete && this.#at < this.size)
      throw new Error('a part of the kept file is missing');
  }

  /** Another tab may have begun the file again. */
  async #compareVersion() {
    const now = await aboutOf(this.#storageNow(), this.#id);
    if (now && this.#about && now.version !== this.#about.version)
      throw new JielongError(
        'CHANGED',
        `${cut(this.name)} has changed on its server; load it again`,
        this.name,
      );
    if (now) this.#about = now;
  }

  #close() {
    this.#open?.part.close();
    this.#open = undefined;
  }

  /** The storage fails while it is read: the rest comes from the network. @param {unknown} e */
  async #abandon(e) {
    const about = this.#about;
    if (this.#release || about?.done) await this.#storage?.remove(this.#id).catch(() => {});
    this.#leaveStorage(e);
    await this.#fetchAgain(about);
  }

  /** Opens the download at a byte; what was read before must be of the same file. @param {number} at @param {About} [about] */
  async #fetchFrom(at, about) {
    await this.#fetch(at, about);
    if (this.#resumed !== at)
      throw new JielongError(
        'CHANGED',
        `${cut(this.name)} has changed on its server; load it again`,
        this.name,
      );
  }

  /** Waits for the tab that writes; continues its work if it has ended, and without it if it is too slow. @param {boolean} late */
  async #continueAlone(late) {
    if (late) return this.#abandonOther();
    const before = this.#about;
    if (this.#storage && (await this.#takeLock())) {
      if (!this.#about || this.#about.version !== before?.version) {
        this.#leaveStorage(new Error('the kept file was removed'));
        return this.#fetchAgain(before);
      }
      if (this.#about.done) return this.#unlock();
      const has = await keptBytes(this.#storage, this.#id, this.#about.size);
      if (has < this.#at) return this.#abandon(new Error('the kept file is shorter than it was'));
      const about = this.#about;
      await this.#fetchFrom(has, about);
      this.#filling = new Uint8Array(SEGMENT);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS));
    if (this.#storage) await this.#compareVersion();
  }

  /** The other tab keeps its file; this one reads from the network. */
  async #abandonOther() {
    const about = this.#about;
    this.#leaveStorage(new Error('another tab holds the file and writes nothing'));
    await this.#fetchAgain(about);
  }

  /** @returns {Promise<Uint8Array | undefined>} */
  async #fromNetwork() {
    const chunk = await /** @type {Download} */ (this.#download).read();
    if (!chunk) {
      if (this.#release) await this.#keep(this.#filling.subarray(0, this.#filled));
      return undefined;
    }
    this.#at += chunk.length;
    if (this.#release) await this.#fill(chunk);
    return chunk;
  }

  /** @param {Uint8Array} chunk */
  async #fill(chunk) {
    for (let from = 0; from < chunk.length && this.#release; ) {
      const part = chunk.subarray(from, from + SEGMENT - this.#filled);
      this.#filling.set(part, this.#filled);
      this.#filled += part.length;
      from += part.length;
      if (this.#filled === SEGMENT) await this.#keep(this.#filling);
    }
  }

  /** Writes the segment that is full. @param {Uint8Array} bytes */
  async #keep(bytes) {
    if (bytes.length === 0) return;
    const index = Math.ceil(this.#resumed / SEGMENT) + this.#written;
    try {
      await this.#storageNow().put(this.#id, String(index), bytes);
      this.#written++;
      this.#filled = 0;
    } catch (e) {
      this.#leaveStorage(e); // full: what is kept stays for another try
    }
  }

  /** Begins again, after all bytes were downloaded, with those in storage. Returns whether they are there. */
  rewind() {
    if (!this.#release || !this.#about) return false;
    this.#about = { ...this.#about, size: this.#at, exact: true };
    this.#setSize(this.#at, true);
    this.#at = 0;
    this.#download = undefined;
    return true;
  }

  /* ---- End ---- */

  /** The engine has accepted the file. @param {string} [hash] its SHA-256, if it was checked */
  async accept(hash) {
    const storage = this.#storage;
    if (!storage || !this.#about) return;
    if (this.#about.done && (!hash || this.#about.sha256 === hash)) return;
    if (!this.#about.done && !this.#release) return; // the other tab completes it
    const size = this.#about.done ? this.size : this.#at;
    const about = {
      ...this.#about,
      size,
      exact: true,
      done: true,
      sha256: hash ?? this.#about.sha256,
    };
    await saveAbout(storage, this.#id, about).catch((e) => this.#leaveStorage(e));
    this.#unlock();
  }

  /** The load failed. If the engine has refused the file, another load would fail too: it is removed. @param {any} error */
  async refuse(error) {
    if (this.#reading || OTHERWISE.test(error?.code)) return;
    this.#close(); // a file that is open cannot be removed
    if (this.#storage && (this.#release || this.#about?.done))
      await this.#storage.remove(this.#id).catch(() => {});
  }

  #unlock() {
    this.#release?.();
    this.#release = undefined;
  }

  /** @param {unknown} [reason] */
  cancel(reason) {
    this.#cancelled = true;
    this.#close();
    this.#download?.cancel(reason);
    this.#unlock();
  }
}
