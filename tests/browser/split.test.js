/**
 * split.test.js - split files in pages: the cases of suite/split.js, in the worker and in the page's thread.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBadServer } from '../helpers/bad_server.js';
import { root } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { splitSets } from '../helpers/splitter.js';
import { splitCases } from '../suite/split.js';
import { chosen, drivers, missing } from './drivers.js';

const [tales, poems] = ['tales.gguf', 'poems.gguf'].map((name) =>
  readFileSync(join(root, 'web', 'models', name)),
);
const bad = await startBadServer([tales, poems], splitSets(tales, poems));
const server = await startServer();
after(() => {
  bad.close();
  server.close();
});

const SET_UP = `(async () => {
  // WebKit's automation is a private session: its caches end with the last page or worker that has opened them.
  window.held = await caches.open('jielong-models');
  const [jielong, stored, { splitCases }] = await Promise.all(
    ['/web/jielong.js', '/web/stored.js', '/tests/suite/split.js'].map((name) => import(name)));
  window.run = (name, load) => splitCases.find((one) => one.name === name)
    .run({ jielong, stored, origin: '${bad.origin}', load }).then(() => 'passed', (e) => 'failed: ' + e.message);
  return 'ready';
})()`;

/** In the page's thread only in Chromium, because the same code runs there. @param {string} browser */
const loads = (browser) => (browser === 'Chromium' ? [{}, { worker: false }] : [{}]);
for (const browser of chosen)
  for (const load of loads(browser))
    describe(`split files, ${JSON.stringify(load)}, ${browser}`, {
      skip: missing(browser),
      timeout: 400_000,
    }, () => {
      /** @type {import('./drivers.js').Tab} */ let tab;
      const open = async () => {
        tab = await drivers[browser].open(`${server.origin}/tests/browser/empty.html`);
        assert.equal(await tab.evaluate(SET_UP), 'ready');
      };
      before(open);
      after(() => tab?.close());
      for (const { name } of splitCases)
        test(name, { timeout: 150_000 }, async () => {
          const args = `${JSON.stringify(name)}, ${JSON.stringify(load)}`;
          const run = () =>
            Promise.race([tab.evaluate(`run(${args})`), sleep(50_000, 'hung', { ref: false })]);
          let outcome = await run();
          if (outcome === 'hung') {
            // Chromium can keep requests that a page has aborted; six of them block a host.
            await tab.close();
            await open();
            outcome = await run();
          }
          assert.equal(outcome, 'passed');
        });
    });
