/**
 * source.js - one reader interface for every source of a model file.
 *
 * describeSource() converts the caller's argument to a description that can be sent to a worker;
 * openSource() converts a description to a reader {size, total, read, cancel} of chunks. pump() serves
 * bytes and streams of the page to a worker through a port, one chunk per request, so that chunks do
 * not pile up and no second copy of the file exists. Nothing here parses the bytes.
 */

import { cut, isError, JielongError, packError, unpackError, wordsOf } from '../base/error.js';
import { breathe, nodeModule } from '../base/host.js';
import { partNames } from './part-names.js';

/**
 * @typedef {object} Reader
 * @property {string} name for messages
 * @property {number} size of the file in bytes; 0: unknown until its end
 * @property {number | undefined} total for the progress display
 * @property {() => Promise<Uint8Array | undefined>} read the next chunk, valid until the next call
 * @property {(reason?: unknown) => unknown} cancel
 *
 * Of a download (store.js):
 * @property {string} [sha256] that was checked before
 * @property {string} [expected] SHA-256 that is published
 * @property {boolean} [whole] all bytes must be read, also those after the last tensor
 * @property {(sha256?: string) => Promise<void>} [accept] the file is what it should be
 * @property {(error: any) => Promise<any>} [refuse] the load failed; returns an error that says more
 * @property {string | null} [kept] the kind of storage that holds it
 * @property {string} [why] it is not kept
 * @property {() => boolean} [rewind] reads it again, from storage; false: it is not there
 *
 * Of several files (parts.js):
 * @property {number} [fileBytes] of all files
 */
/**
 * @typedef {{ kind: 'url', url: string } | { kind: 'path', path: string }
 *   | { kind: 'blob', blob: Blob, name: string } | { kind: 'bytes', bytes: Uint8Array }
 *   | { kind: 'port', port: MessagePort, size: number, total?: number }
 *   | Stream & { kind: 'stream' } | import('./store.js').Wanted
 *   | { kind: 'parts', parts: Described[] }} Described
 *
 * @typedef {object} Stream
 * @property {ReadableStream<Uint8Array>} stream
 * @property {string} name
 * @property {number} size
 * @property {number} [total]
 */

const CHUNK = 1 << 20; // bytes, for sources without chunks of their own
const TURN_MS = 8; // max time without a yield to the event loop
const MAX_EMPTY = 1000; // consecutive chunks without a byte
const MAX_PARTS = 65535; // of a split file: split.count has 16 bits

/** @param {string} message */
const bad = (message) => new JielongError('BAD_ARGUMENT', message, 'source');

/** @param {any} source @returns {Described} */
export function describeSource(source) {
  try {
    return described(source);
  } catch (e) {
    if (isError(e)) throw e;
    throw bad(`the source cannot be read: ${wordsOf(e)}`); // detached, revoked, false prototype
  }
}

/** @param {any} source @returns {Described} */
function described(source) {
  if (typeof source === 'string' && source) return describeName(source);
  if (source instanceof URL) return describeName(source.href);
  if (Array.isArray(source)) return describeParts(source);
  if (source instanceof Blob && source.size >= 0) return describeBlob(source);
  if (source instanceof Response) return describeResponse(source);
  if (typeof source?.getReader === 'function') {
    if (source.locked) throw bad('the stream is locked: it already has a reader');
    return { kind: 'stream', stream: source, name: 'the stream', size: 0 };
  }
  if (ArrayBuffer.isView(source)) {
    return {
      kind: 'bytes',
      bytes: new Uint8Array(source.buffer, source.byteOffset, source.byteLength),
    };
  }
  const shared = typeof SharedArrayBuffer === 'function' && source instanceof SharedArrayBuffer;
  if (shared || source instanceof ArrayBuffer)
    return { kind: 'bytes', bytes: new Uint8Array(source) };
  throw bad(
    'the source must be an address (string or URL), Blob, File, ArrayBuffer, typed array, ' +
      'ReadableStream, Response, or an array of the parts of a split file',
  );
}

/** The whole of a split file, if a part of it is named. @param {string} text @returns {Described} */
function describeName(text) {
  const names = partNames(text);
  return names.length > 1
    ? { kind: 'parts', parts: names.map(describeAddress) }
    : describeAddress(text);
}

/** Named here, because Node sends a File to a worker without its name. @param {Blob} blob @returns {Described} */
const describeBlob = (blob, name = 'the blob') => ({
  ...{ kind: 'blob', blob },
  name: /** @type {File} */ (blob).name ?? name,
});

/** @param {any[]} given @returns {Described} */
function describeParts(given) {
  const { length } = given;
  if (!(length <= MAX_PARTS)) throw bad(`a split file has at most ${MAX_PARTS} parts`);
  const list = Array.from({ length }, (_, i) => given[i]); // its iterator may be overridden
  if (!list.length) throw bad('the array of the parts of a split file is empty');
  const parts = list.map((one, i) => {
    if (one instanceof Blob && one.size >= 0) return describeBlob(one, `blob ${i + 1}`);
    if ((typeof one === 'string' && one) || one instanceof URL) return describeAddress(String(one));
    throw bad(
      `part ${i + 1} must be an address or a File, not ${one === null ? 'null' : typeof one}`,
    );
  });
  return parts.length === 1 ? described(list[0]) : { kind: 'parts', parts };
}

/** @param {string} text @returns {Described} */
function describeAddress(text) {
  if (text.startsWith('hf:')) return { kind: 'download', name: text }; // of a model hub
  // One letter before the colon is a Windows drive, not a URL scheme.
  const absolute = /^[a-z][a-z0-9+.-]+:/i.test(text);
  if (nodeModule('fs')) {
    const isPath = !absolute || text.startsWith('file:');
    if (isPath && text.startsWith('file:') && !URL.canParse(text)) {
      throw bad(`'${cut(text)}' is not a valid URL`);
    }
    return isPath ? { kind: 'path', path: text } : { kind: 'url', url: text };
  }
  try {
    // Resolved here, because a worker would resolve it relative to its own script.
    return {
      kind: 'url',
      url: new URL(text, globalThis.document?.baseURI ?? globalThis.location?.href).href,
    };
  } catch {
    throw bad(`'${cut(text)}' is not a valid URL`);
  }
}

/** @param {Response} response @returns {Described} */
function describeResponse(response) {
  const name = response.url || 'the response';
  if (!response.ok) {
    const words = `${response.status} ${response.statusText}`.trim();
    throw new JielongError('HTTP', `the server answered ${words} for ${name}`, name);
  }
  if (response.bodyUsed || !response.body)
    throw bad('the response has no body, or it was already read');
  const length = Number(response.headers.get('content-length')) || 0;
  // Content-Length counts the encoded body. Cross-origin responses hide their encoding, so there it
  // only serves the progress display.
  const certain = !response.headers.has('content-encoding') && response.type !== 'cors';
  return {
    kind: 'stream',
    stream: response.body,
    name,
    size: certain ? length : 0,
    total: length || undefined,
  };
}

/** @param {Described} source @param {AbortSignal} [signal] of a fetch @returns {Promise<Reader>} */
export async function openSource(source, signal) {
  switch (source.kind) {
    case 'url':
      return openStream(/** @type {any} */ (describeResponse(await fetchUrl(source.url, signal))));
    case 'path':
      return openPath(source.path);
    case 'blob': {
      const { blob, name } = source;
      return openStream({ stream: blob.stream(), name, size: blob.size, total: blob.size });
    }
    case 'stream':
      return openStream(source);
    case 'bytes':
      return openBytes(source.bytes);
    case 'port':
      return openPort(source.port, source.size, source.total);
    case 'download':
      return (await import('./store.js')).openDownload(source, signal);
    case 'parts':
      return (await import('./parts.js')).openParts(source, openSource, signal);
  }
}

/** @param {string} url @param {AbortSignal} [signal] */
export async function fetchUrl(url, signal) {
  try {
    return await fetch(url, { signal });
  } catch (e) {
    signal?.throwIfAborted();
    throw new JielongError(
      'NETWORK',
      `${cut(url)} cannot be reached (${wordsOf(e)}); check the address, the connection, ` +
        'and that its server allows this page (CORS)',
      url,
    );
  }
}

/**
 * Reads a stream. Yields to the event loop even if every chunk is ready at once. cancel() ends a pending
 * read even if the stream does not.
 * @param {Stream} source
 * @returns {Reader}
 */
function openStream({ stream, name, size, total }) {
  const next = nextChunk(stream);
  let end = () => {};
  /** @returns {Promise<{ done: boolean, value?: any }>} */
  const chunk = () =>
    new Promise((resolve, reject) => {
      end = () => resolve({ done: true });
      next.read().then(resolve, reject);
    });
  let [loaded, empty, turn] = [0, 0, performance.now()];
  /** The next chunk that is not empty. @returns {Promise<Uint8Array | undefined>} */
  const read = async () => {
    for (; empty < MAX_EMPTY; empty++) {
      if (performance.now() - turn > TURN_MS) {
        await breathe();
        turn = performance.now();
      }
      const { value, done } = await chunk();
      if (done) return undefined;
      if (!(value instanceof Uint8Array)) throw bad('the chunks of the stream must be Uint8Arrays');
      if (value.length === 0) continue;
      loaded += value.length;
      empty = 0;
      return value;
    }
    throw bad(`the stream sent ${MAX_EMPTY} empty chunks in a row`);
  };
  return {
    name,
    size,
    total,
    read: () =>
      read().catch((e) => {
        throw broken(e, name, loaded, total);
      }),
    cancel(reason) {
      end();
      return next.cancel(reason).catch(() => {});
    },
  };
}

/**
 * The chunks of a stream. If the stream can fill a provided buffer (a fetch or a Blob, in Chromium and
 * Firefox), all chunks share one: otherwise hundreds of megabytes of garbage would pile up before the
 * first collection.
 * @param {ReadableStream<Uint8Array>} stream
 */
function nextChunk(stream) {
  let buffer = new ArrayBuffer(CHUNK);
  try {
    const reader = stream.getReader({ mode: 'byob' });
    return {
      async read() {
        const chunk = await reader.read(new Uint8Array(buffer));
        if (chunk.value) buffer = /** @type {ArrayBuffer} */ (chunk.value.buffer);
        return chunk;
      },
      cancel: async (/** @type {unknown} */ reason) => reader.cancel(reason),
    };
  } catch {
    const reader = readerOf(stream);
    return {
      read: async () => reader.read(),
      cancel: async (/** @type {unknown} */ reason) => reader.cancel(reason),
    };
  }
}

/** @param {ReadableStream<Uint8Array>} stream */
function readerOf(stream) {
  try {
    return stream.getReader();
  } catch (e) {
    throw bad(`the stream cannot be read: ${wordsOf(e)}`);
  }
}

/**
 * The error for a failure in the middle of a stream.
 * @param {any} e
 * @param {string} name
 * @param {number} loaded
 * @param {number} [total]
 */
function broken(e, name, loaded, total) {
  if (isError(e)) return e;
  const why = wordsOf(e);
  const gone = isError(e, DOMException) ? e.name : '';
  if (gone === 'NotReadableError' || gone === 'NotFoundError') {
    return new JielongError(
      'FILE',
      `${name} cannot be read (${why}); it may have changed: choose it again`,
      name,
    );
  }
  const of = total ? ` of ${total}` : '';
  return new JielongError(
    total && loaded > 0 ? 'TRUNCATED' : 'NETWORK',
    `${name} ended early, after ${loaded}${of} bytes (${why}); try again`,
    name,
    loaded,
  );
}

/** @param {Uint8Array} bytes @returns {Reader} */
function openBytes(bytes) {
  let at = 0;
  return {
    name: 'the buffer',
    size: bytes.length,
    total: bytes.length,
    async read() {
      await breathe(); // for aborts and progress bars
      const chunk = bytes.subarray(at, at + CHUNK);
      at += chunk.length;
      return chunk.length ? chunk : undefined;
    },
    cancel() {},
  };
}

/** A file in Node. @param {string} path @returns {Promise<Reader>} */
async function openPath(path) {
  /** @param {any} e */
  const fail = (e) => {
    const why = e.code === 'ENOENT' ? 'no such file' : cut(e.message);
    throw new JielongError('FILE', `${cut(path)} cannot be read: ${why}`, path);
  };
  const where = path.startsWith('file:') ? new URL(path) : path;
  const file = await nodeModule('fs').promises.open(where).catch(fail);
  const { size } = await file.stat().catch(fail);
  const buffer = new Uint8Array(CHUNK);
  return {
    name: path,
    size,
    total: size,
    async read() {
      const { bytesRead } = await file.read(buffer, 0, CHUNK).catch(fail);
      return bytesRead ? buffer.subarray(0, bytesRead) : undefined;
    },
    cancel: () => file.close().catch(() => {}),
  };
}

/**
 * The worker's end of pump().
 * @param {MessagePort} port
 * @param {number} size
 * @param {number} [total]
 * @returns {Reader}
 */
function openPort(port, size, total) {
  let end = () => {};
  return {
    name: 'the stream',
    size,
    total,
    read: () =>
      new Promise((resolve, reject) => {
        end = () => resolve(undefined);
        port.onmessage = ({ data }) =>
          data.error ? reject(unpackError(data.error)) : resolve(data.chunk);
        port.postMessage('read');
      }),
    cancel() {
      port.onmessage = null;
      port.postMessage('cancel');
      end(); // a pending read
    },
  };
}

/**
 * Serves a reader to openPort() in a worker.
 * @param {Reader} reader
 * @returns {Described & { kind: 'port' }}
 */
export function pump(reader) {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = async ({ data }) => {
    if (data === 'cancel') {
      port1.close();
      return reader.cancel();
    }
    try {
      const chunk = await reader.read();
      // A copy, because a transfer would detach the caller's own buffer.
      const copy = chunk && new Uint8Array(chunk);
      port1.postMessage({ chunk: copy }, copy ? [copy.buffer] : []);
    } catch (e) {
      port1.postMessage({ error: packError(e) });
    }
  };
  return { kind: 'port', port: port2, size: reader.size, total: reader.total };
}
