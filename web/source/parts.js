/**
 * parts.js - a split model, NAME-00001-of-0000N.gguf and so on, as one reader.
 *
 * Imported when a load asks for it. openParts() reads all headers, a few at a time, and checks that the parts belong
 * together (split.js). Its reader (source.js) returns one header, then the data of each part in order, so the engine
 * loads a file like any other. While a part is read, the next ones are fetched: into storage, if they are kept, else
 * AHEAD bytes into memory. Each part is resumed, checked, kept and removed by itself (store.js).
 */
import { cut, JielongError } from '../base/error.js';
import { sha256 } from './sha256.js';
import { checkParts, mergeHeaders, parsePart } from './split.js';

/** @typedef {import('./source.js').Described} Described */
/** @typedef {import('./source.js').Reader} Reader */
/** @typedef {(source: Described, signal?: AbortSignal) => Promise<Reader>} Open */
/** @typedef {import('./split.js').PartHeader} PartHeader */
/** @typedef {{ source: Described, header: PartHeader, size: number, expected?: string }} Found size: of the file, 0: unknown */

const OPEN = 3; // parts that are fetched at once
const STEP = 1 << 20; // bytes of a request for a header
const AHEAD = 1 << 24; // bytes of a next part in memory

/* ---- Headers --------------------------------------------------------------------------------- */

/**
 * @param {{ parts: Described[] }} source @param {Open} open opens a part @param {AbortSignal} [signal]
 * @returns {Promise<Reader>}
 */
export async function openParts({ parts }, open, signal) {
  const stop = new AbortController();
  const abort = () => stop.abort(signal?.reason);
  signal?.addEventListener('abort', abort);
  try {
    signal?.throwIfAborted();
    const found = await Promise.all(limited(parts, (one) => find(one, open, stop.signal)));
    return new Parts(found, open, signal);
  } catch (e) {
    stop.abort(e); // the requests of the other parts
    throw e;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** Works on OPEN items at once. @template T, R @param {T[]} items @param {(item: T) => Promise<R>} work @returns {Promise<R>[]} */
function limited(items, work) {
  /** @type {Promise<R>[]} */ const made = [];
  for (const [i, item] of items.entries())
    made.push(i < OPEN ? work(item) : made[i - OPEN].then(() => work(item)));
  return made;
}

/** Reads the header of a part. @param {Described} source @param {Open} open @param {AbortSignal} signal @returns {Promise<Found>} */
async function find(source, open, signal) {
  signal.throwIfAborted();
  const inSteps = source.kind === 'download' ? { ...source, step: STEP } : source;
  const reader = await open(inSteps, signal);
  try {
    const header = await readHeader(reader, signal);
    const { size, expected } = reader;
    if (size && size < endOf(header)) throw truncated(header.name, size, endOf(header));
    return { source, header, size, expected };
  } catch (e) {
    if (!signal.aborted) await reader.refuse?.(e);
    throw e;
  } finally {
    reader.cancel();
  }
}

/** @param {Reader} reader @param {AbortSignal} signal @returns {Promise<PartHeader>} */
async function readHeader(reader, signal) {
  const { name } = reader;
  let bytes = new Uint8Array(STEP);
  let [fill, next] = [0, 1]; // next: bytes of the next attempt
  for (;;) {
    const chunk = await reader.read();
    signal.throwIfAborted();
    if (chunk && fill + chunk.length > bytes.length) {
      const larger = new Uint8Array(2 * (fill + chunk.length));
      larger.set(bytes.subarray(0, fill));
      bytes = larger;
    }
    if (chunk) bytes.set(chunk, fill);
    fill += chunk?.length ?? 0;
    if (chunk && fill < next) continue;
    next = 2 * fill;
    const header = parsePart(bytes.subarray(0, fill), name);
    if (header) return header;
    if (!chunk) throw truncated(name, fill);
  }
}

/** Bytes of a part that are needed. @param {PartHeader} header */
const endOf = ({ bytes, dataStart, dataBytes }) =>
  dataBytes ? dataStart + dataBytes : bytes.length;

/** @param {string} name @param {number} size @param {number} [expected] */
function truncated(name, size, expected) {
  const what = expected ? `${expected} were expected` : 'inside its header';
  const message = `${cut(name)} ends after ${size} bytes, ${what}; get this part of the model again`;
  return new JielongError('TRUNCATED', message, name, size);
}

/* ---- A part ---------------------------------------------------------------------------------- */

class Part {
  #found;
  #openSource;
  #signal;
  /** @type {Promise<Reader> | undefined} */ #opening;
  /** @type {Reader | undefined} */ reader;
  /** @type {Promise<void> | undefined} */ #fetching;
  /** Read before its turn. @type {Uint8Array[]} */ #queue = [];
  #turn = false;
  #cancelled = false;
  #at = 0; // of the next byte of the file
  /** @type {ReturnType<typeof sha256> | undefined} */ #hash;
  /** Checked, to be noted in storage. @type {string | undefined} */ #hex;

  /** @param {Found} found @param {Open} open @param {AbortSignal} [signal] */
  constructor(found, open, signal) {
    this.#found = found;
    this.#openSource = open;
    this.#signal = signal;
    this.name = found.header.name;
  }

  open() {
    this.#opening ??= this.#open();
    return this.#opening;
  }
  async #open() {
    const reader = await this.#openSource(this.#found.source, this.#signal);
    if (this.#cancelled) reader.cancel();
    this.reader = reader;
    return reader;
  }

  /** Fetches the part before its turn. */
  fetch() {
    this.#fetching ??= this.#fetch();
    this.#fetching.catch(() => {}); // thrown by read()
  }
  async #fetch() {
    if (this.#found.source.kind !== 'download') return;
    const reader = await this.open();
    if (reader.whole) await this.#fetchIntoStorage(reader);
    else if (!reader.kept) await this.#fetchIntoMemory(reader);
  }
  /** @param {Reader} reader */
  async #fetchIntoStorage(reader) {
    while (reader.kept && (await reader.read()));
    if (this.#cancelled || reader.rewind?.()) return;
    reader.cancel(); // the storage has failed: in its turn, the part is fetched again
    this.#opening = undefined;
  }
  /** @param {Reader} reader */
  async #fetchIntoMemory(reader) {
    for (let n = 0; n < AHEAD && !this.#turn; ) {
      const chunk = await reader.read();
      if (!chunk) return;
      this.#queue.push(chunk.slice());
      n += chunk.length;
    }
  }

  /** The next bytes of the data; undefined at its end. @returns {Promise<Uint8Array | undefined>} */
  async read() {
    this.#turn = true;
    await this.#fetching;
    const reader = await this.open();
    const { header, expected } = this.#found;
    if (expected && this.#at === 0 && reader.sha256 !== expected) this.#hash = sha256();
    const end = endOf(header);
    while (this.#at < end || this.#hash || reader.whole) {
      const chunk = this.#queue.shift() ?? (await reader.read());
      this.#signal?.throwIfAborted();
      if (!chunk) break;
      const from = this.#at;
      this.#at += chunk.length;
      this.#hash?.update(chunk);
      this.#compare(chunk, from);
      const data = chunk.subarray(Math.max(0, header.dataStart - from), Math.max(0, end - from));
      if (data.length) return data;
    }
    if (!this.#cancelled) this.#check(end);
    return undefined;
  }

  /** The file must not have changed since its header was read. @param {Uint8Array} chunk @param {number} from */
  #compare(chunk, from) {
    const { bytes } = this.#found.header;
    const n = Math.min(chunk.length, bytes.length - from);
    for (let i = 0; i < n; i++)
      if (chunk[i] !== bytes[from + i])
        throw new JielongError(
          'CHANGED',
          `${cut(this.name)} has changed on its server; load it again`,
          this.name,
        );
  }

  /** @param {number} end */
  #check(end) {
    if (this.#at < end) throw truncated(this.name, this.#at, end);
    this.#hex = this.#hash?.hex();
    this.#hash = undefined;
    const { expected } = this.#found;
    if (this.#hex && this.#hex !== expected)
      throw new JielongError(
        'CHECKSUM',
        `${cut(this.name)} is not the expected file: its SHA-256 differs from the published one`,
        this.name,
      );
  }

  async accept() {
    await this.reader?.accept?.(this.#hex);
  }
  /** @param {unknown} reason */
  cancel(reason) {
    this.#cancelled = true;
    this.#opening?.then((reader) => reader.cancel(reason)).catch(() => {});
  }
}

/* ---- The model ------------------------------------------------------------------------------- */

/** @implements {Reader} */
class Parts {
  whole = true;
  #merged;
  /** @type {Part[]} */ #parts;
  /** Names of parts by tensors. @type {Map<string, string>} */ #places;
  #lengths;
  #now = -1; // the part that is read; -1: the header
  #reading = false;

  /** @param {Found[]} found @param {Open} open @param {AbortSignal} [signal] */
  constructor(found, open, signal) {
    const headers = found.map((one) => one.header);
    this.#places = checkParts(headers); // sorts them
    this.#merged = mergeHeaders(headers);
    this.#lengths = headers.map((one) => one.dataBytes);
    this.fileBytes = found.reduce((sum, { size, header }) => sum + (size || endOf(header)), 0);
    const group = { names: headers.map(({ name }) => name), bytes: this.fileBytes };
    const inOrder = headers.map(
      (header) => /** @type {Found} */ (found.find((one) => one.header === header)),
    );
    this.#parts = inOrder.map(({ source, ...one }) => {
      const facts = { size: one.size || undefined, sha256: one.expected };
      const wanted = source.kind === 'download' ? { ...source, facts, group } : source;
      return new Part({ source: wanted, ...one }, open, signal);
    });
    this.name = headers[0].name;
    this.size = this.total = this.#merged.size;
  }

  get #readers() {
    return this.#parts.map(({ reader }) => reader);
  }
  /** The kind of storage, if all parts are kept. */
  get kept() {
    const kinds = this.#readers.map((reader) => reader?.kept ?? null);
    return kinds.every((kind) => kind === kinds[0]) ? kinds[0] : null;
  }
  get why() {
    return this.#readers.find((reader) => reader?.why)?.why;
  }

  /** @returns {Promise<Uint8Array | undefined>} */
  async read() {
    this.#reading = true;
    const chunk = await this.#next();
    this.#reading = false;
    return chunk;
  }

  /** @returns {Promise<Uint8Array | undefined>} */
  async #next() {
    if (this.#now < 0) {
      this.#now = 0;
      return this.#merged.header;
    }
    while (this.#now < this.#parts.length) {
      const part = this.#parts[this.#now];
      await part.open();
      for (const next of this.#parts.slice(this.#now + 1, this.#now + OPEN)) next.fetch();
      const chunk = await part.read();
      if (chunk) return chunk;
      if (!part.reader?.whole) part.reader?.cancel();
      const { alignment } = this.#merged;
      const padding = -this.#lengths[this.#now++] & (alignment - 1);
      if (padding) return new Uint8Array(padding);
    }
    return undefined;
  }

  async accept() {
    for (const part of this.#parts) await part.accept();
  }

  /** Returns the error with the part that it is about. @param {any} error @returns {Promise<any>} */
  async refuse(error) {
    const now = this.#reading ? this.#parts[this.#now]?.name : undefined;
    const name = now ?? this.#places.get(error?.where);
    for (const part of this.#parts)
      if (name === undefined || part.name === name) await part.reader?.refuse?.(error);
    if (now !== undefined || name === undefined) return error;
    const { code, message, where, offset } = error;
    return new JielongError(code, `${cut(name)}: ${message}`, where, offset);
  }

  /** @param {unknown} [reason] */
  cancel(reason) {
    for (const part of this.#parts) part.cancel(reason);
  }
}
