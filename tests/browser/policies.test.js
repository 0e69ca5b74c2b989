/**
 * policies.test.js - the package in pages with a Content-Security-Policy: what the documents say it needs is enough, and
 * without workers it names what to allow and runs in the page's thread.
 *
 * Missing browsers or dist/ skip tests, with a report.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { root } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { chosen, drivers, missing } from './drivers.js';

const files = join(root, 'dist');
const noPackage = existsSync(join(files, 'single.js')) ? false : 'no dist/; run make package';
const PAGE = `<!doctype html><meta charset="utf-8"><title>policy</title><link rel="icon" href="data:,">
<script type="module" src="/tests/browser/policies_page.js"></script>`;

/** @type {import('../helpers/server.js').TestServer} */
let server;
/** The policy of the page that is open. */
let rules = '';
before(async () => {
  server = await startServer({
    isolate: false,
    roots: [['/package/', files]],
    // On every response, as servers do: a worker from a file has the policy of its own response.
    answer({ url = '' }, response) {
      const { pathname, searchParams } = new URL(url, 'http://localhost');
      rules = searchParams.get('policy') ?? rules;
      response.setHeader('Content-Security-Policy', rules);
      if (pathname !== '/policy.html') return false;
      response.setHeader('Content-Type', 'text/html');
      response.end(PAGE);
      return true;
    },
  });
});
after(() => server.close());

const policy = (/** @type {string} */ workers, wasm = " 'wasm-unsafe-eval'") =>
  `default-src 'none'; img-src data:; connect-src 'self'; script-src 'self'${wasm}; worker-src ${workers}`;

/** @param {string} name @param {string} entry @param {string} wanted @returns {Promise<{ done: any, warnings: string[] }>} */
async function answerOf(name, entry, wanted) {
  const query = new URLSearchParams({ entry: `/package/${entry}`, policy: wanted });
  const tab = await drivers[name].open(`${server.origin}/policy.html?${query}`);
  try {
    await tab.until('window.answer !== undefined', 'the page has an answer', 90);
    return JSON.parse(await tab.evaluate('JSON.stringify(window.answer)'));
  } finally {
    await tab.close();
  }
}

for (const name of chosen) {
  const skip = missing(name) || noPackage;
  const options = { skip, timeout: 240_000 };
  for (const [entry, workers] of [
    ['jielong.js', "'self'"],
    ['single.js', 'blob:'],
  ]) {
    test(`${entry} needs no more than worker-src ${workers} in ${name}`, options, async () => {
      const { done, warnings } = await answerOf(name, entry, policy(workers));
      assert.equal(done.train, 3, JSON.stringify(done)); // before the first step, and two
      assert.ok(done.chat > 0);
      assert.deepEqual(warnings, [], 'it runs in workers');
    });

    test(`${entry} without workers names what to allow in ${name}`, options, async () => {
      const { done, warnings } = await answerOf(name, entry, policy("'none'"));
      // The engine has generated in the thread; the chat, whose template runs in a worker only, has not.
      assert.match(warnings[0], /runs in the page's thread.*worker-src 'self'.*blob:/);
      assert.match(done, /^WORKER: .*worker-src 'self'.*blob:/);
    });
  }

  test(`without 'wasm-unsafe-eval' the error names it in ${name}`, options, async () => {
    const { done } = await answerOf(name, 'jielong.js', policy("'self'", ''));
    assert.match(done, /^WASM: .*'wasm-unsafe-eval'/);
  });
}
