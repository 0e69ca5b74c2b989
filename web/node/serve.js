#!/usr/bin/env node
/**
 * serve.js - a static server for web/, for development and for the browser tests.
 *
 *   node web/node/serve.js          PORT=8080 (0: any free one), HOST=127.0.0.1, ISOLATE=0: no isolation headers
 *   FOLDER=build/site node web/node/serve.js      serves that folder alone, without these headers, as a plain host does
 *
 * Serves web/ at / and /web/, examples/ at /examples/, and models of `make models` at /models/NAME.gguf
 * unless web/models/ has the file. Supports one range per request, so that downloads can resume. The
 * isolation headers (COOP, COEP) enable SharedArrayBuffer. Paths cannot escape the mapped folders.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const web = fileURLToPath(new URL('..', import.meta.url));

/** URL prefix → folder; the first folder with the file is used. @type {[string, string][]} */
const defaultRoots = [
  ['/', web],
  ['/web/', web],
  ['/examples/', join(web, '..', 'examples')],
  ['/models/', join(web, '..', 'build', 'models')],
];

/** @type {Record<string, string>} */
const types = {
  '.css': 'text/css; charset=utf-8',
  '.gguf': 'application/octet-stream',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
};

/** Node's default, 64 KB, halves the download speed of a model. */
const READ_BYTES = 1 << 20;

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * The file for a path, if any.
 * @param {string} path decoded, begins with '/'
 * @param {[string, string][]} roots
 */
async function find(path, roots) {
  if (path.includes('\0')) return undefined;
  for (const [prefix, folder] of roots) {
    if (!path.startsWith(prefix)) continue;
    const rest = path.slice(prefix.length);
    const file = normalize(join(folder, /(^|\/)$/.test(rest) ? `${rest}index.html` : rest));
    if (!file.startsWith(normalize(folder + sep))) continue;
    const info = await stat(file).catch(() => undefined);
    if (info?.isFile()) return { file, size: info.size };
  }
  return undefined;
}

/**
 * First and last byte of a Range header; null if outside the file; undefined if missing or of a form that
 * may be ignored (RFC 9110 §14.2).
 * @param {string | undefined} header
 * @param {number} size bytes
 */
function parseRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const first = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const last = match[1] === '' || match[2] === '' ? size - 1 : Math.min(size - 1, Number(match[2]));
  return first <= last && first < size ? { first, last } : null;
}

/**
 * @param {object} [options]
 * @param {[string, string][]} [options.roots] searched before the default roots
 * @param {boolean} [options.alone] without the default roots
 * @param {boolean} [options.isolate]
 */
export function makeServer({ roots = [], alone = false, isolate = true } = {}) {
  const all = [...roots, ...(alone ? [] : defaultRoots)];
  return createServer(async (request, response) => {
    const refuse = (/** @type {number} */ status, /** @type {string} */ text) =>
      response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refuse(405, 'GET or HEAD only');
    let path = '/';
    try {
      path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    } catch {
      return refuse(400, 'the URL is not valid');
    }
    const found = await find(path, all);
    if (!found) return refuse(404, `not found: ${path}`);
    const range = parseRange(request.headers.range, found.size);
    if (range === null) {
      response.setHeader('Content-Range', `bytes */${found.size}`);
      return refuse(416, 'the range is outside the file');
    }
    const { first, last } = range ?? { first: 0, last: found.size - 1 };
    response.writeHead(range ? 206 : 200, {
      'Content-Type': types[extname(found.file)] ?? 'application/octet-stream',
      'Content-Length': last - first + 1,
      'Accept-Ranges': 'bytes',
      'Cache-Control': 'no-cache',
      'Cross-Origin-Resource-Policy': 'same-origin',
      ...(range && { 'Content-Range': `bytes ${first}-${last}/${found.size}` }),
      ...(isolate && isolation),
    });
    if (request.method === 'HEAD' || found.size === 0) return response.end();
    const stream = createReadStream(found.file, {
      start: first,
      end: last,
      highWaterMark: READ_BYTES,
    });
    stream.on('error', () => response.destroy());
    response.on('close', () => stream.destroy());
    return stream.pipe(response);
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { PORT = '8080', HOST = '127.0.0.1', ISOLATE, FOLDER } = process.env;
  const server = FOLDER
    ? makeServer({ roots: [['/', resolve(FOLDER)]], alone: true, isolate: false })
    : makeServer({ isolate: ISOLATE !== '0' });
  server.on('error', (error) => {
    console.error(`serve: ${error.message}`);
    process.exitCode = 1;
  });
  if (!/^\d+$/.test(PORT) || Number(PORT) > 65535) {
    console.error(`serve: PORT must be a number from 0 to 65535, not '${PORT}'`);
    process.exit(2);
  }
  server.listen(Number(PORT), HOST, () => {
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : PORT;
    console.log(`${FOLDER ?? 'The playground'} is at http://${HOST}:${port}/ (Ctrl-C stops)`);
  });
}
