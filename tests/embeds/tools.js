/**
 * tools.js - runs a host's tool: to its end, or as a server that is stopped after the tests.
 *
 * Tools get a home folder of their own, so that a reader's settings have no effect and are not changed.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** @param {string} work */
function environment(work) {
  const home = join(work, '.home');
  mkdirSync(home, { recursive: true });
  return { ...process.env, HOME: home, XDG_CONFIG_HOME: home, JUPYTER_CONFIG_DIR: home };
}

/**
 * Runs a tool in a folder; its output is in the error if it fails.
 * @param {string} tool @param {string[]} args @param {string} work
 */
export const run = (tool, args, work) =>
  promisify(execFile)(tool, args, { cwd: work, env: environment(work), timeout: 240_000 });

/** A free port. @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/** @type {import('node:child_process').ChildProcess[]} */
const servers = [];

/**
 * Starts a tool's server on a free port (the word PORT in its arguments), waits until it answers.
 * @param {string} tool @param {string[]} args @param {string} work @param {string} path
 * @returns {Promise<string>} the address of the path
 */
export async function serve(tool, args, work, path) {
  const port = await freePort();
  const log = openSync(join(work, 'server.log'), 'w');
  const server = spawn(
    tool,
    args.map((a) => a.replace('PORT', String(port))),
    { cwd: work, env: environment(work), stdio: ['ignore', log, log] },
  );
  servers.push(server);
  const address = `http://127.0.0.1:${port}${path}`;
  for (let i = 0; i < 600 && server.exitCode === null; i++) {
    if (
      await fetch(address).then(
        (r) => r.ok,
        () => false,
      )
    )
      return address;
    await sleep(100);
  }
  throw new Error(`${tool} did not answer; see ${work}/server.log`);
}

/** Stops the servers; resolves when they have ended. */
export const stopServers = () =>
  Promise.all(
    servers.splice(0).map(
      (server) =>
        new Promise((resolve) => {
          if (server.exitCode !== null) return resolve(undefined);
          server.once('exit', resolve);
          server.kill('SIGTERM');
          setTimeout(() => server.kill('SIGKILL'), 8000).unref();
        }),
    ),
  );
