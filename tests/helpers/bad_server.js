/**
 * bad_server.js - a file server that misbehaves on purpose, for tests of downloads.
 *
 * GET /NAME?how=drop,etag… serves one file. `how` lists faults; a fault that is temporary ends after it happened once
 * (`times=N`: N times). Tests in pages control it by requests: /control/log lists the requests since /control/reset,
 * which also forgets the faults that have happened; /control/use?version=N serves another version of the file.
 * NAME of the form SET-NUMBER-00001-of-00003.gguf serves a part of a set of files instead, with faults of part P alone if
 * `only=P` is given, and not for ranges with an end (its header) if `data` is. Answers allow every page (CORS), without
 * exposing headers, as most hosts do.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { listening } from './server.js';
import { partName } from './splitter.js';

/**
 * @typedef {object} Request
 * @property {string} url
 * @property {string | undefined} range
 * @property {number} status
 * @property {string | undefined} authorization
 */

const PART = /\/(\w+)-\d+-(\d{5})-of-\d{5}\.gguf$/;
const HTML = '<!doctype html><title>Sign in</title><p>Please sign in.';

/** @param {import('node:http').ServerResponse} response @param {Uint8Array} bytes @param {number} perSecond */
async function trickle(response, bytes, perSecond) {
  const step = Math.ceil(perSecond / 20);
  for (let at = 0; at < bytes.length && !response.destroyed; at += step) {
    response.write(bytes.subarray(at, at + step));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  response.end();
}

/**
 * Faults, temporary ones first:
 *   drop     closes the connection in the middle of the answer
 *   stall    stops sending in the middle, without closing
 *   busy     429 with Retry-After: 1;  long: with Retry-After: 3600;  error: 500
 *   short    promises the whole length and ends half-way
 * and for as long as they are listed:
 *   whole    200 with the whole file, whatever the range
 *   html     a web page instead of the file
 *   gated    403;  login: 401 unless a token is sent;  gone: 404
 *   slow     bytes at `rate` per second (1 MB)
 *   swap     versions[1] for requests without an end of their range, once
 *   nolength without Content-Length;  etag: with an ETag;  expose: Content-Range and ETag for every page
 * @param {Uint8Array[]} versions of the file
 * @param {Record<string, Uint8Array[]>} [sets] parts by their sets
 * @returns {Promise<{ origin: string, close: () => void }>}
 */
export async function startBadServer(versions, sets = {}) {
  let current = versions[0];
  let [open, most] = [0, 0]; // answers that are being sent
  /** @type {Map<string, number>} */ const happened = new Map();
  /** @type {Request[]} */ const log = [];
  const hash = (file = current) => createHash('sha256').update(file).digest('hex');
  const version = (/** @type {Uint8Array} */ file) =>
    `"${file.length}-${file[file.length >> 1]}-${file[file.length - 1]}"`;

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const { range, authorization } = request.headers;
    const [, set, number] = PART.exec(url.pathname) ?? [];
    let file = set ? sets[set]?.[Number(number) - 1] : current;
    const only = url.searchParams.get('only');
    const header = /\d$/.test(range ?? ''); // a range with an end
    const late = url.searchParams.has('data');
    const applies = (!only || Number(number) === Number(only)) && !(late && header);
    const faults = applies ? (url.searchParams.get('how') ?? '').split(',') : [];
    const times = Number(url.searchParams.get('times') ?? 1);
    const has = (/** @type {string} */ name) => faults.includes(name);
    /** Whether a temporary fault happens now. @param {string} name */
    const now = (name) => {
      const count = happened.get(request.url + name) ?? 0;
      if (!has(name) || count >= times) return false;
      happened.set(request.url + name, count + 1);
      return true;
    };
    /** @type {Record<string, string | number>} */
    const headers = {
      'Access-Control-Allow-Origin': '*',
      'Cross-Origin-Resource-Policy': 'cross-origin',
    };
    const send = (/** @type {number} */ status, more = {}, body = `${status}\n`) => {
      log.push({ url: request.url ?? '', range, status, authorization });
      response.writeHead(status, { ...headers, 'Content-Type': 'text/plain', ...more });
      if (body !== undefined) response.end(body);
    };
    if (url.pathname.startsWith('/control/')) {
      const json = { ...headers, 'Content-Type': 'application/json' };
      const state = { log, size: current.length, sha256: hash(), open, most };
      response.writeHead(200, json).end(JSON.stringify(state));
      if (url.pathname === '/control/reset') [log.length, most] = [0, 0, happened.clear()];
      if (url.pathname === '/control/use')
        current = versions[Number(url.searchParams.get('version'))];
      return undefined;
    }
    if (request.method === 'OPTIONS')
      return send(204, { 'Access-Control-Allow-Headers': '*, Authorization, Range' }, '');
    if (url.pathname.startsWith('/api/models/')) return send(...tree(url));
    if (has('gated')) return send(403);
    if (has('gone') || !file) return send(404);
    if (has('login') && !authorization) return send(401);
    if (now('busy')) return send(429, { 'Retry-After': 1 });
    if (now('long')) return send(429, { 'Retry-After': 3600 });
    if (now('error')) return send(500);
    if (has('html')) return send(200, { 'Content-Type': 'text/html; charset=utf-8' }, HTML);

    if (!header && now('swap')) file = versions[1];
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
    const part = from !== undefined && !has('whole');
    const [start, end] = part
      ? [Number(from), Math.min(file.length, to ? Number(to) + 1 : file.length)]
      : [0, file.length];
    if (start >= file.length) return send(416, { 'Content-Range': `bytes */${file.length}` });
    const bytes = file.subarray(start, end);
    if (has('etag')) headers.ETag = version(file);
    if (has('expose')) headers['Access-Control-Expose-Headers'] = 'Content-Range, ETag';
    if (part) headers['Content-Range'] = `bytes ${start}-${end - 1}/${file.length}`;
    if (!has('nolength')) headers['Content-Length'] = bytes.length;
    log.push({ url: request.url ?? '', range, status: part ? 206 : 200, authorization });
    most = Math.max(most, ++open);
    response.on('close', () => open--);
    response.writeHead(part ? 206 : 200, {
      ...headers,
      'Content-Type': 'application/octet-stream',
    });
    if (request.method === 'HEAD') return response.end();
    const half = bytes.subarray(0, bytes.length >> 1);
    if (now('drop') || now('short'))
      return response.write(half, () => setTimeout(() => response.destroy(), 150));
    if (now('stall')) return response.write(half);
    if (has('slow')) return trickle(response, bytes, Number(url.searchParams.get('rate') ?? 1e6));
    return response.end(bytes);
  });

  /** What a hub publishes. @param {URL} url @returns {[number, object, string]} */
  function tree(url) {
    if (url.pathname.includes('/busy/')) return [429, {}, 'slow down'];
    const about = (
      /** @type {string} */ path,
      /** @type {Uint8Array} */ { length: size },
      oid = '',
    ) => ({
      ...{ type: 'file', path, size },
      lfs: { oid, size },
    });
    const parts = Object.entries(sets).flatMap(([set, files]) =>
      files.map((file, i) => {
        const lies = url.pathname.includes('/liar/') && i === 1;
        return about(
          partName(`${set}-1`, i, files.length),
          file,
          lies ? '0'.repeat(64) : hash(file),
        );
      }),
    );
    const body = [about('folder/model.gguf', current, hash()), ...parts];
    return [200, { 'Content-Type': 'application/json' }, JSON.stringify(body)];
  }

  return listening(server);
}
