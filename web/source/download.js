/**
 * download.js - one file over HTTP that continues after drops, stalls and busy answers.
 *
 * Single ranges only (`Range: bytes=N-`), because these need no CORS preflight; so no If-Range. What came before a
 * resumed range is compared by length, and by ETag or Last-Modified where the server lets the page read them. A server
 * that ignores ranges (200 instead of 206) is read from its beginning, without what is already here. A file that
 * changed on the server is a CHANGED error: the caller starts again.
 */
import { cut, isError, JielongError, wordsOf } from '../base/error.js';

/**
 * What identifies a version of the file, as far as it is known.
 * @typedef {{ size?: number, etag?: string, modified?: string }} Identity
 */

const FAILURES = 5; // in a row without a byte in between, for each address
const FIRST_WAIT_MS = 300; // doubled after each failure
const MAX_WAIT_MS = 30_000; // also of a Retry-After
const STALL_MS = 20_000; // without a byte

/** @param {number} ms @param {AbortSignal} [signal] */
const wait = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });

/** Milliseconds of a Retry-After header: seconds, or a date. @param {Response} response */
function retryAfter({ headers }) {
  const text = headers.get('retry-after');
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** @type {Record<number, string>} */
const ADVICE = {
  401: 'the file is gated or private: accept its terms on its page and give the option token, or download it there and choose the file',
  403: 'the file is gated or private, or its address has expired: accept its terms on its page and download it there, then choose the file',
  404: 'there is no such file; check the address, its revision and the spelling of the file',
  429: 'the server limits requests; try again later, name a mirror, or choose a file',
};

/** @param {Response} response @param {string} url */
function refused({ status, statusText, headers }, url) {
  const after = headers.get('retry-after');
  const words = `${status} ${statusText}`.trim();
  const later =
    after === null ? '' : ` (it asks to wait ${cut(after, 40)}${/^\d+$/.test(after) ? ' s' : ''})`;
  const advice = ADVICE[status] ?? (status < 500 ? 'check the address' : 'try again later');
  return new JielongError(
    'HTTP',
    `the server answered ${words}${later} for ${cut(url)}: ${advice}`,
    url,
  );
}

export class Download {
  /** Of the next byte. */ offset = 0;
  /** Bytes of the file, 0: unknown. */ size = 0;
  /** Whether `size` is exact; not if the body may be compressed. */ certain = false;
  /** @type {Identity} */ identity = {};
  #urls;
  #now = 0; // index of the address in use
  #failed = 0; // in a row
  #headers;
  #signal;
  #stall;
  #step;
  #end = 0; // of the requested range; 0: the file's
  /** @type {ReadableStreamDefaultReader<Uint8Array> | undefined} */ #body;
  #skip = 0; // bytes of the body that are already here
  /** Of the request in progress. */ #request = new AbortController();
  #cancelled = false;

  /**
   * @param {string[]} urls addresses of the same file, in order of preference
   * @param {{ signal?: AbortSignal, headers?: Record<string, string>, stallMs?: number, size?: number,
   *   step?: number }} [options] size: published elsewhere; step: bytes of each request
   */
  constructor(urls, { signal, headers = {}, stallMs = STALL_MS, size, step = 0 } = {}) {
    this.#urls = urls;
    this.#headers = headers;
    this.#signal = signal;
    this.#stall = stallMs;
    this.#step = step;
    if (size) [this.size, this.certain, this.identity.size] = [size, true, size];
    signal?.addEventListener('abort', () => this.cancel(signal.reason));
  }

  get url() {
    return this.#urls[this.#now];
  }

  /**
   * Requests the file from a byte on; what precedes it belongs to `known`.
   * @param {number} [offset] @param {Identity} [known]
   */
  async open(offset = 0, known = {}) {
    this.offset = offset;
    this.identity = { ...known, ...this.identity };
    if (offset && offset === (this.size || known.size)) {
      [this.size, this.certain] = [offset, true];
      return;
    }
    await this.#connect();
  }

  /** The next bytes; undefined at the end of the file. @returns {Promise<Uint8Array | undefined>} */
  async read() {
    for (;;) {
      this.#signal?.throwIfAborted();
      if (this.#cancelled || this.#isAtEnd()) return undefined;
      if (!this.#body) await this.#connect();
      if (!this.#body) continue;
      const chunk = await this.#next();
      if (chunk === undefined) return undefined;
      if (chunk.length === 0) continue;
      this.#failed = 0;
      this.offset += chunk.length;
      if (this.certain && this.size && this.offset > this.size)
        throw this.#changed(`more than ${this.size} bytes`);
      return chunk;
    }
  }

  /** @param {unknown} [reason] */
  cancel(reason) {
    this.#cancelled = true;
    this.#request.abort(reason);
    this.#body?.cancel(reason).catch(() => {});
  }

  /** Part of the body; empty after a drop; undefined at the end. @returns {Promise<Uint8Array | undefined>} */
  async #next() {
    const body = /** @type {ReadableStreamDefaultReader<Uint8Array>} */ (this.#body);
    try {
      const { value, done } = await this.#timed(body.read());
      if (!done) return this.#unknown(value);
      this.#body = undefined;
      if (this.#end && this.offset === this.#end) return new Uint8Array(0); // the next range
      if (!this.size || this.offset >= this.size) return undefined;
      throw new Error(`the connection ended after ${this.offset} of ${this.size} bytes`);
    } catch (e) {
      if (isError(e)) throw e;
      this.#body = undefined;
      if (this.#cancelled) return undefined;
      await this.#failure(e);
      return new Uint8Array(0);
    }
  }

  /** A chunk without the bytes that are already here. @param {Uint8Array} chunk */
  #unknown(chunk) {
    const skipped = Math.min(this.#skip, chunk.length);
    this.#skip -= skipped;
    return chunk.subarray(skipped);
  }

  /** Rejects, and ends the request, if nothing happens for too long. @template T @param {Promise<T>} work @returns {Promise<T>} */
  #timed(work) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no byte arrived for ${this.#stall / 1000} s`));
        this.#request.abort();
      }, this.#stall);
      work.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  /** Waits after a failure, changes to the next address after FAILURES, and throws after the last one. @param {unknown} e @param {number} [ms] */
  async #failure(e, ms) {
    this.#signal?.throwIfAborted();
    if (++this.#failed >= FAILURES) return this.#nextAddress(e);
    await wait(Math.min(MAX_WAIT_MS, ms ?? FIRST_WAIT_MS * 2 ** (this.#failed - 1)), this.#signal);
  }

  /** @param {unknown} e why the present one is given up */
  #nextAddress(e) {
    this.#failed = 0;
    if (this.#now + 1 < this.#urls.length) {
      this.#now++;
      return;
    }
    if (isError(e)) throw e;
    const of = this.size ? ` of ${this.size}` : '';
    const what = this.offset ? `ended early, after ${this.offset}${of} bytes` : 'cannot be reached';
    throw new JielongError(
      this.offset ? 'TRUNCATED' : 'NETWORK',
      `${cut(this.url)} ${what} (${wordsOf(e)}); check the address, the connection, and that its server allows this page (CORS), then try again`,
      this.url,
      this.offset || undefined,
    );
  }

  /** @param {string} found */
  #changed(found) {
    return new JielongError(
      'CHANGED',
      `${cut(this.url)} has changed on its server (${found}); load it again`,
      this.url,
    );
  }

  #isAtEnd() {
    return this.size > 0 && this.certain && this.offset === this.size;
  }

  /** Opens the body at the offset, unless the file turns out to end there. */
  async #connect() {
    while (!this.#body && !this.#isAtEnd()) {
      this.#signal?.throwIfAborted();
      if (this.#cancelled) throw new DOMException('the download was cancelled', 'AbortError');
      this.#request = new AbortController();
      /** @type {Response} */ let response;
      try {
        const last = this.#step ? this.offset + this.#step - 1 : '';
        /** @type {Record<string, string>} */
        const range = this.offset || last ? { Range: `bytes=${this.offset}-${last}` } : {};
        const headers = { ...this.#headers, ...range };
        const { signal } = this.#request;
        // The HTTP cache would keep the file a second time.
        response = await this.#timed(fetch(this.url, { headers, signal, cache: 'no-store' }));
      } catch (e) {
        if (this.#cancelled) throw this.#signal?.reason ?? e;
        await this.#failure(e);
        continue;
      }
      await this.#accept(response);
    }
  }

  /** Uses a response, or waits, or changes the address. @param {Response} response */
  async #accept(response) {
    const { status } = response;
    if (status === 200 || status === 206) return this.#use(response);
    response.body?.cancel().catch(() => {});
    if (status === 416 && this.#end && this.offset === this.#end) {
      [this.size, this.certain] = [this.offset, true]; // the last range ended with the file
      return undefined;
    }
    if (status === 416) throw this.#changed(`it ends before byte ${this.offset}`);
    const error = refused(response, this.url);
    const after = retryAfter(response);
    const passing = status === 408 || status === 429 || status >= 500;
    if (!passing || (after ?? 0) > MAX_WAIT_MS) return this.#nextAddress(error);
    return this.#failure(error, after);
  }

  /** @param {Response} response */
  #use(response) {
    const { headers, status } = response;
    if (/^text\/html\b/i.test(headers.get('content-type') ?? '')) {
      response.body?.cancel().catch(() => {});
      const words = `${cut(this.url)} is a web page, not a file`;
      const hub = 'at model hubs it has /resolve/ in it, not /blob/';
      return this.#nextAddress(
        new JielongError('HTTP', `${words}; use the address of the file itself (${hub})`, this.url),
      );
    }
    const partial = status === 206;
    const [, first, total] =
      /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
    const start = partial ? Number(first ?? this.offset) : 0;
    if (start > this.offset) throw this.#changed(`it sent bytes from ${start} on`);
    const length = Number(headers.get('content-length')) || 0;
    this.#end = partial && this.#step ? start + length : 0;
    this.#identify(
      response,
      total ? Number(total) : this.#end ? 0 : length && start + length,
      partial,
    );
    this.#skip = this.offset - start;
    this.#body = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  }

  /** Compares the file with what is known of it. @param {Response} response @param {number} size 0: unknown @param {boolean} exact ranges are not compressed */
  #identify({ headers, type }, size, exact) {
    const certain = exact || (!headers.has('content-encoding') && type !== 'cors');
    const known = this.identity;
    if (size && certain && known.size && known.size !== size)
      throw this.#changed(`${known.size} bytes before, ${size} now`);
    if (size && (certain || !this.size))
      [this.size, this.certain] = [size, certain || this.certain];
    for (const [name, header] of /** @type {const} */ ([
      ['etag', 'etag'],
      ['modified', 'last-modified'],
    ])) {
      const value = headers.get(header);
      const same = this.#now === 0; // mirrors have their own
      if (value && same && known[name] && known[name] !== value)
        throw this.#changed(`another ${header}`);
      if (value && same) known[name] = value;
    }
    if (this.size) known.size = this.size;
  }
}
