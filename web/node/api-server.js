/**
 * api-server.js - an HTTP server with OpenAI's interface over one model (`jielong serve MODEL`).
 *
 *   GET  /health                  { status, running, waiting }; needs no key
 *   GET  /v1/models, /v1/models/NAME
 *   POST /v1/chat/completions, /v1/completions, /v1/embeddings, /v1/rerank
 *
 * Against pages of other sites: a Host that is a name must be known (a name can be rebound to this machine's
 * address; an address cannot), and a request with an Origin needs `allowOrigins`. Bodies, sessions and waiting
 * requests have limits; a client that disconnects, or that does not read for a minute, ends its generation.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { isIP } from 'node:net';
import { JielongError } from '../base/error.js';
import { Service } from '../openai/completions.js';
import { apiError, FATAL } from '../openai/errors.js';
import { refusal } from '../openai/requests.js';

/** @typedef {import('node:http').IncomingMessage} Incoming */
/** @typedef {import('node:http').ServerResponse} Response */
/** @typedef {import('../api/model.js').Model} Model */

/**
 * @typedef {object} ApiOptions
 * @property {string} [apiKey] that requests must bring; default: none is needed
 * @property {string[]} [allowOrigins] origins of pages that may send requests, or '*'
 * @property {string[]} [allowHosts] names of this machine, besides localhost
 * @property {number} [bodyLimit] bytes of a request; 4 MB
 * @property {number} [stallMs] how long a client may stop reading; a minute
 */
/** @typedef {ApiOptions & import('../openai/completions.js').ServiceOptions} ServerOptions */

const BODY_LIMIT = 4 * 2 ** 20;
const STALL_MS = 60_000;

/** An error with a status of its own. @param {number} status @param {string} message @param {string} api */
const refused = (status, message, api) => Object.assign(refusal(message, '', api), { status });

/** The name or address in a Host header, without the port. @param {string} host */
const nameOf = (host) =>
  host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();

/** Checks where a request comes from. @param {Incoming} request @param {ApiOptions} options */
function checkSource({ headers }, { allowOrigins = [], allowHosts = [] }) {
  const name = nameOf(headers.host ?? '');
  if (!isIP(name) && ![...allowHosts, 'localhost'].includes(name))
    throw refused(
      403,
      `the host '${name.slice(0, 100)}' is not known; see --allow-host`,
      'unknown_host',
    );
  const { origin } = headers;
  if (origin === undefined || allowOrigins.includes('*') || allowOrigins.includes(origin)) return;
  throw refused(
    403,
    `pages of ${origin.slice(0, 100)} may not use this server; see --allow-origin`,
    'unknown_origin',
  );
}

/** Compares in constant time. @param {string} a @param {string} b */
const same = (a, b) =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());

/** @param {Incoming} request @param {string} [key] */
function checkKey({ headers: { authorization = '' } }, key) {
  if (key === undefined || same(authorization, `Bearer ${key}`)) return;
  throw refused(
    401,
    'the API key is missing or wrong; send it as "Authorization: Bearer KEY"',
    'invalid_api_key',
  );
}

/** The JSON of a body. @param {Incoming} request @param {number} limit bytes */
async function readBody(request, limit) {
  const tooLong = () =>
    refused(413, `the body has more than ${limit} bytes, the maximum`, 'body_too_long');
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLong();
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > limit) throw tooLong();
    parts.push(part);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts)));
  } catch (e) {
    throw refused(
      400,
      `the body is not valid JSON: ${/** @type {Error} */ (e).message}`,
      'invalid_json',
    );
  }
}

/** Headers for a page of an allowed origin. @param {Incoming} request @returns {Record<string, string>} */
function corsHeaders({ headers }) {
  if (headers.origin === undefined) return {};
  return {
    'Access-Control-Allow-Origin': headers.origin,
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Allow-Headers':
      headers['access-control-request-headers'] ?? 'content-type, authorization',
    'Access-Control-Allow-Private-Network': 'true',
    'Access-Control-Max-Age': '600',
    Vary: 'Origin',
  };
}

/** @param {Response} response @param {number} status @param {unknown} value @param {Record<string, string>} [headers] */
function sendJson(response, status, value, headers = {}) {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(body);
}

/**
 * Writes a stream of chunks as server-sent events. The first chunk is pulled before the headers are sent, so that
 * an error before it has a status.
 * @param {Response} response @param {AsyncGenerator<any>} chunks @param {Record<string, string>} headers
 * @param {() => AbortSignal} patience ends when the client has left or does not read
 */
async function sendEvents(response, chunks, headers, patience) {
  const write = async (/** @type {string} */ text) => {
    if (!response.write(`data: ${text}\n\n`)) await once(response, 'drain', { signal: patience() });
  };
  let next = await chunks.next();
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  try {
    for (; !next.done; next = await chunks.next()) await write(JSON.stringify(next.value));
    response.end('data: [DONE]\n\n');
  } catch (e) {
    if (/** @type {any} */ (e).name === 'AbortError')
      response.destroy(); // of once()
    else response.end(`data: ${JSON.stringify({ error: apiError(e).error })}\n\n`);
    throw e;
  } finally {
    await chunks.return(undefined);
  }
}

/** @param {Service} service @returns {Record<string, (body: unknown, signal: AbortSignal) => Promise<any>>} */
const posts = (service) => ({
  '/v1/chat/completions': (body, signal) => service.chat(body, signal),
  '/v1/completions': (body, signal) => service.complete(body, signal),
  '/v1/embeddings': (body, signal) => service.embed(body, signal),
  '/v1/rerank': (body, signal) => service.rerank(body, signal),
});

/**
 * What a GET returns; undefined: there is no such path.
 * @param {string} path @param {Service} service @param {string | undefined} fault
 * @returns {[number, any] | undefined}
 */
function read(path, service, fault) {
  if (path === '/health')
    return [fault ? 503 : 200, { status: fault ? `failed: ${fault}` : 'ok', ...service.load }];
  const list = service.models();
  if (path === '/v1/models') return [200, list];
  const [model] = list.data;
  return path === `/v1/models/${encodeURIComponent(model.id)}` ? [200, model] : undefined;
}

/** A server that is not listening yet. @param {Model} model @param {ServerOptions} [options] */
export function makeApiServer(model, options = {}) {
  const { apiKey, bodyLimit = BODY_LIMIT, stallMs = STALL_MS } = options;
  const service = new Service(model, options);
  const works = posts(service);
  /** The code of the error after which the model is unusable. @type {string | undefined} */ let fault;

  /** @param {Incoming} request @param {Response} response @param {Record<string, string>} cors */
  async function answer(request, response, cors) {
    if (request.method === 'OPTIONS') return void response.writeHead(204, cors).end();
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path !== '/health') checkKey(request, apiKey);
    const method = Object.hasOwn(works, path) ? ['POST'] : ['GET', 'HEAD'];
    /** @type {any} */
    const found = Object.hasOwn(works, path) ? [] : read(path, service, fault);
    if (!found) throw refused(404, `there is no ${path.slice(0, 100)} here`, 'unknown_url');
    if (!method.includes(request.method ?? ''))
      throw refused(405, `${path} takes ${method.join(' or ')}`, 'method_not_allowed');
    const [status, value] = found;
    if (status) return sendJson(response, status, value, cors);
    const left = new AbortController();
    response.on('close', () => left.abort());
    const result = await works[path](await readBody(request, bodyLimit), left.signal);
    const patience = () => AbortSignal.any([left.signal, AbortSignal.timeout(stallMs)]);
    if (Symbol.asyncIterator in result) await sendEvents(response, result, cors, patience);
    else sendJson(response, 200, result, cors);
  }

  /** @param {Incoming} request @param {Response} response @param {any} e @param {Record<string, string>} cors */
  function fail(request, response, e, cors) {
    if (FATAL.includes(e?.code)) fault = e.code;
    const { status, error } = apiError(e);
    if (response.destroyed) return; // the client has left
    if (status === 500) console.error(`serve: ${request.method} ${request.url}:`, e);
    if (response.headersSent) return;
    /** @type {Record<string, string>} */ const more = { ...cors };
    if (status === 429) more['Retry-After'] = '1';
    if (status === 413) more.Connection = 'close'; // the rest of the body is not read
    sendJson(response, status, { error }, more);
  }

  const server = createServer(async (request, response) => {
    /** @type {Record<string, string>} */ let cors = {};
    try {
      checkSource(request, options);
      cors = corsHeaders(request);
      await answer(request, response, cors);
    } catch (e) {
      fail(request, response, e, cors);
    }
  });
  server.on('close', () => service.close());
  return server;
}

/**
 * Listens until SIGINT or SIGTERM; `closed` resolves then.
 * @param {Model} model @param {ServerOptions & { host?: string, port?: number }} options
 */
export async function listen(model, { host = '127.0.0.1', port = 8080, ...options }) {
  const server = makeApiServer(model, {
    ...options,
    allowHosts: [...(options.allowHosts ?? []), host],
  });
  try {
    await new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve(undefined));
    });
  } catch (e) {
    throw new JielongError(
      'NETWORK',
      `cannot listen: ${/** @type {Error} */ (e).message}`,
      `${host}:${port}`,
    );
  }
  const bound = /** @type {import('node:net').AddressInfo} */ (server.address());
  const closed = once(server, 'close');
  for (const name of ['SIGINT', 'SIGTERM'])
    process.once(name, () => {
      server.close();
      server.closeAllConnections();
    });
  const open = !isLoopback(bound.address) && options.apiKey === undefined;
  return {
    name: options.name ?? '',
    address: `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`,
    warning: open ? `anyone who reaches ${host} can use this server: there is no --api-key` : '',
    closed,
  };
}

/** @param {string} address */
const isLoopback = (address) => address === '::1' || address.startsWith('127.');
