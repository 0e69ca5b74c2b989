/**
 * isolation.test.js - isolation.js on a host without headers: threads after one reload, also in a frame of another site,
 * none with ?threads=0, and one thread where a browser does not know the headers.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { chosen, drivers, launch, missing } from './drivers.js';

/** Requests of the page. */
let pages = 0;
const script = readFileSync(join(root, 'web', 'isolation.js'));
const server = await startServer({
  isolate: false,
  answer(request, response) {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const html = { 'Content-Type': 'text/html' };
    if (pathname === '/isolation.js') {
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(script);
    } else if (pathname === '/page.html') {
      pages++;
      const coop = searchParams.has('coop') ? ' data-coop' : '';
      response
        .writeHead(200, html)
        .end(`<!doctype html><title>x</title><script src="isolation.js"${coop}></script>`);
    } else if (pathname === '/outer.html') {
      const { port } = /** @type {any} */ (request.socket.address());
      response
        .writeHead(200, html)
        .end(
          `<!doctype html><title>x</title><iframe src="http://localhost:${port}/page.html"></iframe>`,
        );
    } else return false;
    return true;
  },
});
after(() => server.close());

const THREADS = `import('/web/jielong.js').then(async ({ loadModel }) => {
  const model = await loadModel('/tests/golden/types/q4_1.gguf', { threads: 2 });
  const { threads, threadsReason } = model.info;
  const session = await model.createSession();
  const { ids } = await session.complete([1, 2, 3], { maxTokens: 3, temperature: 0 });
  await model.close();
  return [threads, ids.length, threadsReason].join();
})`;

/** @param {'Chromium' | 'Firefox'} browser @param {string} query @param {boolean} isolated */
async function visit(browser, query, isolated) {
  const program = await launch(browser);
  try {
    pages = 0;
    const page = await program.newPage();
    await page.goto(`${server.origin}/page.html${query}`);
    await sleep(3000);
    assert.equal(await page.evaluate('crossOriginIsolated'), isolated, 'isolated');
    assert.match(String(await page.evaluate(THREADS)), isolated ? /^2,3,/ : /^1,3,/);
    const after = pages;
    await page.reload();
    await sleep(1500);
    assert.equal(pages, after + 1, 'a later reload is one request');
    return after;
  } finally {
    await program.close();
  }
}

/** @param {string} name */
const skip = (name) => missing(name) || (chosen.includes(name) ? false : 'not chosen');

test('Chromium has threads after one reload', { skip: skip('Chromium') }, async () => {
  assert.equal(await visit('Chromium', '', true), 2);
});
test('?threads=0 turns it off', { skip: skip('Chromium') }, async () => {
  assert.equal(await visit('Chromium', '?threads=0', false), 1);
});
test('Firefox does not know the policy: one thread, no reload', {
  skip: skip('Firefox'),
}, async () => {
  assert.equal(await visit('Firefox', '', false), 1);
});
test('Firefox has threads with data-coop, after one reload', {
  skip: skip('Firefox'),
}, async () => {
  assert.equal(await visit('Firefox', '?coop', true), 2);
});

for (const browser of /** @type {const} */ (['Chromium', 'Firefox']))
  test(`the playground has threads without headers in ${browser}, and one with ?threads=0`, {
    skip: skip(browser),
    timeout: 120_000,
  }, async () => {
    const program = await launch(browser);
    try {
      const page = await program.newPage();
      for (const [query, isolated] of [
        ['', true],
        ['?threads=0', false],
      ]) {
        await page.goto(`${server.origin}/web/index.html${query}`);
        if (isolated) await page.waitForFunction('crossOriginIsolated');
        else {
          // The first visit's worker served this one, and is removed.
          const none = 'navigator.serviceWorker.getRegistrations().then((all) => !all.length)';
          await page.waitForFunction(none);
          await page.reload();
        }
        await page.waitForSelector('body[data-ready]');
        assert.equal(await page.evaluate('crossOriginIsolated'), isolated, String(query));
      }
    } finally {
      await program.close();
    }
  });

test('a frame on a site that knows nothing of it', { skip: skip('Chromium') }, async () => {
  const program = await launch('Chromium');
  try {
    const page = await program.newPage();
    await page.goto(`${server.origin}/outer.html`);
    await sleep(3000);
    const frame = page.frames().find((one) => one.url().includes('page.html'));
    assert.equal(await frame?.evaluate('crossOriginIsolated'), true);
    assert.equal(await page.evaluate('crossOriginIsolated'), false, 'the page around it');
  } finally {
    await program.close();
  }
});

test('WebKit: one thread, and the page works', { skip: skip('WebKit') }, async () => {
  const tab = await drivers.WebKit.open(`${server.origin}/page.html`);
  try {
    assert.match(String(await tab.evaluate(THREADS)), /^1,3,/);
  } finally {
    await tab.close();
  }
});
