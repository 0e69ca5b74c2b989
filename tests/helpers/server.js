/**
 * server.js - the one static server of the tests: that of web/node/serve.js, which also has tests/ at /tests/,
 * build/dist at /dist/ and the models at /models/.
 *
 * Listens on a free port of this machine; who starts a server closes it.
 */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { makeServer } from '../../web/node/serve.js';
import { dist, models, root } from './paths.js';

/** @typedef {{ origin: string, close: () => void }} TestServer */
/** @typedef {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => boolean} Answer */

/** Starts any server on a free port of this machine. @param {import('node:http').Server} server @returns {Promise<TestServer>} */
export async function listening(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** For startServer(): a page at a path. @param {string} path @param {string} html @returns {Answer} */
export const pageAt = (path, html) => (request, response) => {
  if (request.url !== path) return false;
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(html);
  return true;
};

/**
 * @param {object} [options]
 * @param {boolean} [options.isolate] whether pages get isolation headers, which threads need; default: true
 * @param {[string, string][]} [options.roots] further URL prefixes and their folders, searched first
 * @param {Answer} [options.answer] answers a request itself and returns true, or returns false
 * @returns {Promise<TestServer>}
 */
export async function startServer({ isolate = true, roots = [], answer = () => false } = {}) {
  /** @type {[string, string][]} */
  const own = [
    ['/tests/', join(root, 'tests')],
    ['/dist/', dist],
    ['/models/', models],
  ];
  const files = makeServer({ isolate, roots: [...roots, ...own] });
  const server = createServer((request, response) => {
    if (!answer(request, response)) files.emit('request', request, response);
  });
  return listening(server);
}
