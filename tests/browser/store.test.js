/**
 * store.test.js - downloads that are kept, in pages: the cases of suite/store.js in each kind of storage, several tabs,
 * a tab that is closed, a full disk, a frame without storage.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startBadServer } from '../helpers/bad_server.js';
import { root } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { storeCases } from '../suite/store.js';
import { chosen, drivers, launch, missing } from './drivers.js';

const model = (/** @type {string} */ name) => readFileSync(join(root, 'web', 'models', name));
const versions = [model('tales.gguf'), model('poems.gguf'), randomBytes(1 << 20)];
const bad = await startBadServer(versions);
const server = await startServer({
  answer(_, response) {
    response.setHeader('Access-Control-Allow-Origin', '*'); // frames with an opaque origin import the library
    return false;
  },
});
after(() => {
  bad.close();
  server.close();
});

/** Defines run(case, options) in a page. */
const setUp = (/** @type {string} */ prepare = '') => `(async () => {
  // WebKit's automation is a private session: its caches end with the last page or worker that has opened them.
  window.held = await caches.open('jielong-models');
  ${prepare}
  const [jielong, stored, { storeCases }] = await Promise.all(
    ['/web/jielong.js', '/web/stored.js', '/tests/suite/store.js'].map((name) => import(name)));
  Object.assign(window, { jielong, stored });
  window.run = (name, load) => storeCases.find((one) => one.name === name)
    .run({ jielong, stored, origin: '${bad.origin}', load, silent: !navigator.storage }).then(() => 'passed', (e) => 'failed: ' + e.message);
  window.draw = async (url, options = {}) => {
    const model = await jielong.loadModel(url, { store: true, ...options });
    const session = await model.createSession({ contextLength: 64 });
    const { ids } = await session.complete([1, 2, 3], { maxTokens: 6, temperature: 0 });
    await model.close();
    return { ids: ids.join(), kept: model.info.kept, why: model.info.keptReason };
  };
  return 'ready';
})()`;

const NO_OPFS =
  "if (navigator.storage) Object.defineProperty(navigator.storage, 'getDirectory', { value: undefined });";
const NO_CACHE =
  "Object.defineProperty(window, 'caches', { get() { throw new Error('no cache'); } });";
/** Those that are about the storage; the others are about requests. */
const STORAGE =
  /without a request|continues where|two loads|limit removes|follows another|changed on the server/;

/** @type {[title: string, prepare: string, load: object, which: RegExp, kind: string][]} */
const MODES = [
  ['the worker', '', {}, /./, 'opfs'],
  ["the page's thread", '', { worker: false }, STORAGE, 'opfs'],
  ['the Cache API', NO_OPFS, { worker: false }, STORAGE, 'cache'],
];

for (const browser of chosen)
  for (const [title, prepare, load, which, kind] of MODES)
    describe(`kept downloads, ${title}, ${browser}`, { skip: missing(browser) }, () => {
      /** @type {import('./drivers.js').Tab} */ let tab;
      before(async () => {
        tab = await drivers[browser].open(`${server.origin}/tests/browser/empty.html`);
        assert.equal(await tab.evaluate(setUp(prepare)), 'ready');
      });
      after(() => tab?.close());
      test('the kind of storage', async () => {
        const found = await tab.evaluate(
          `draw('${bad.origin}/kind.gguf?how=', ${JSON.stringify(load)})`,
        );
        const wanted = browser === 'WebKit' ? 'cache' : kind; // WebKitGTK 2.50 has no OPFS
        assert.equal(found.kept, wanted, found.why);
      });
      for (const { name } of storeCases.filter((one) => which.test(one.name)))
        test(name, async () => {
          const args = `${JSON.stringify(name)}, ${JSON.stringify(load)}`;
          assert.equal(await tab.evaluate(`run(${args})`), 'passed');
        });
    });

for (const browser of chosen)
  test(`without OPFS and Cache nothing is kept, and the load goes on, ${browser}`, {
    skip: missing(browser),
  }, async () => {
    const tab = await drivers[browser].open(`${server.origin}/tests/browser/empty.html`);
    try {
      await tab.evaluate(setUp(NO_OPFS + NO_CACHE));
      const load = '{ worker: false }';
      const { kept, why } = await tab.evaluate(`draw('${bad.origin}/none.gguf?how=drop', ${load})`);
      assert.deepEqual([kept, why], [null, 'no cache']);
      assert.deepEqual(await tab.evaluate('stored.listStored()'), []);
    } finally {
      await tab.close();
    }
  });

/** @param {string} path */
const control = async (path) => (await fetch(`${bad.origin}/control/${path}`)).json();
const requests = async () =>
  (await control('log')).log.filter((/** @type {{ url: string }} */ { url }) =>
    url.includes('.gguf'),
  );

for (const browser of /** @type {('Chromium' | 'Firefox')[]} */ (['Chromium', 'Firefox']))
  describe(`kept downloads in several tabs, ${browser}`, {
    skip: missing(browser) || (chosen.includes(browser) ? false : 'not chosen'),
  }, () => {
    /** @type {import('puppeteer-core').Browser} */ let program;
    const slow = (/** @type {string} */ name) => `${bad.origin}/${name}.gguf?how=slow&rate=8000000`;
    const open = async () => {
      const page = await program.newPage();
      await page.goto(`${server.origin}/tests/browser/empty.html`);
      await page.evaluate(setUp());
      return page;
    };
    before(async () => {
      program = await launch(browser);
    });
    after(() => program?.close());

    test('a second tab reads while the first writes', async () => {
      await control('reset');
      const [first, second] = [await open(), await open()];
      const url = slow('tabs');
      const [a, b] = await Promise.all(
        [first, second].map((page) => page.evaluate(`draw('${url}')`)),
      );
      assert.deepEqual(a, b);
      assert.equal((await requests()).length, 1);
      await Promise.all([first.close(), second.close()]);
    });

    test('a second tab continues when the first is closed', async () => {
      await control('reset');
      const [first, second] = [await open(), await open()];
      const url = slow('closed');
      first.evaluate(`draw('${url}')`).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 300));
      const drawn = second.evaluate(`draw('${url}')`);
      await new Promise((resolve) => setTimeout(resolve, 500));
      await first.close();
      const whole = await second.evaluate(
        `draw('${bad.origin}/whole.gguf?how=', { store: false })`,
      );
      assert.equal((await drawn).ids, whole.ids);
      const log = (await requests()).filter((/** @type {any} */ one) => one.url.includes('closed'));
      assert.equal(log.length, 2, JSON.stringify(log));
      await second.close();
    });

    test('a download continues after its tab was closed', async () => {
      await control('reset');
      const [first, second] = [await open(), await open()];
      const url = slow('again').replace('8000000', '3000000');
      first.evaluate(`draw('${url}')`).catch(() => {});
      const find = `stored.listStored().then((all) => all.find(({ name }) => name === '${url}'))`;
      await second.waitForFunction(`${find}.then((found) => found?.bytes >= 1 << 22)`);
      await first.close();
      const { bytes, complete } = await second.evaluate(find);
      assert.ok(!complete, `${bytes} bytes are kept`);
      await control('reset');
      const { kept } = await second.evaluate(`draw('${url}')`);
      assert.notEqual(kept, null);
      assert.deepEqual(
        (await requests()).map((/** @type {any} */ { range }) => range),
        [`bytes=${bytes}-`],
      );
      await second.close();
    });

    test('a frame with an opaque origin keeps nothing, and loads', async () => {
      const page = await open();
      const drawn = await page.evaluate(`new Promise((resolve) => {
        addEventListener('message', ({ data }) => resolve(data), { once: true });
        const frame = document.createElement('iframe');
        frame.sandbox = 'allow-scripts';
        frame.srcdoc = \`<script type="module">
          import { loadModel } from '${server.origin}/web/jielong.js';
          loadModel('${bad.origin}/frame.gguf?how=drop', { store: true, worker: false }).then(
            ({ info }) => parent.postMessage([info.kept, info.keptReason, info.architecture], '*'),
            (e) => parent.postMessage(String(e), '*'));
        </script>\`;
        document.body.append(frame);
        setTimeout(resolve, 20_000, 'no answer');
      })`);
      assert.equal(drawn[0], null, String(drawn));
      assert.equal(drawn[2], 'llama', String(drawn));
      await page.close();
    });
  });

test('a full disk: the load goes on and says that nothing is kept; other kept files make room', {
  skip: missing('Chromium') || (chosen.includes('Chromium') ? false : 'not chosen'),
}, async () => {
  const program = await launch('Chromium');
  const page = await program.newPage();
  await page.goto(`${server.origin}/tests/browser/empty.html`);
  await page.evaluate(setUp());
  const session = await page.createCDPSession();
  const { origin } = server;
  const quota = (/** @type {number} */ quotaSize) =>
    session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize });
  const draw = (/** @type {string} */ name) =>
    page.evaluate(`draw('${bad.origin}/${name}.gguf?how=')`);
  await quota(6e6);
  const { kept, why, ids } = await draw('full');
  assert.equal(kept, null);
  assert.match(why, /allows only|[Nn]o space|quota/i);
  await quota(17e6 + 2 * versions[0].length);
  assert.notEqual((await draw('one')).kept, null);
  const two = await draw('two');
  assert.notEqual(two.kept, null, two.why);
  assert.equal(two.ids, ids);
  const names = await page.evaluate(
    'stored.listStored().then((all) => all.map(({ name }) => name).join())',
  );
  assert.match(names, /two\.gguf/);
  await program.close();
});
