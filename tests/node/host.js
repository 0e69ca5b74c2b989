/**
 * host.js - cases of the shared suite as tests in Node: in this thread or through a worker.
 */
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { golden, noModel, smollm2 } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { prepare } from '../suite/index.js';

/**
 * @param {string} title
 * @param {import('../suite/index.js').Jielong} jielong the engine under test
 * @param {import('../suite/index.js').LoadOptions} options how it loads models
 * @param {import('../suite/index.js').Case[]} cases
 */
export function describeCases(title, jielong, options, cases) {
  describe(title, () => {
    /** @type {import('../helpers/server.js').TestServer} */
    let server;
    const { t, close } = prepare({
      jielong,
      options,
      source: (name) => (name === 'smollm2' ? smollm2 : golden(name)),
      bytes: async (name) => new Uint8Array(await readFile(golden(name))),
      origin: '',
    });
    before(async () => {
      server = await startServer();
      t.origin = server.origin;
    });
    after(async () => {
      await close();
      server.close();
    });
    for (const { name, needs, run } of cases) {
      test(name, { skip: needs && noModel, timeout: 300_000 }, () => run(t));
    }
  });
}
