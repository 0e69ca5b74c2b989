/**
 * workers.test.js - pool workers that never start, fail or are killed; pages that are hidden, navigated away or closed.
 * Generation continues with the ids of one thread in each case, and nothing blocks for ever.
 *
 * Chromium and Firefox only (WebKit's Linux build has no shared memory in pages). The page creates the workers
 * (web/engine/backend.js), so these tests patch its Worker class for workers that run pool-worker.js.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { loadModel } from '../../web/jielong.js';
import { golden } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { chosen, launch, missing } from './drivers.js';

const FILE = 'types/q4_1.gguf';
const PROMPT = [1, 2, 3];
const OPTIONS = { maxTokens: 40, seed: 1, ignoreEos: true };

/** @type {import('../helpers/server.js').TestServer} */
let server;
let address = '';
let wanted = '';
before(async () => {
  server = await startServer();
  address = `${server.origin}/tests/browser/empty.html`;
  const model = await loadModel(golden(FILE), { threads: 1, precision: 'exact' });
  const session = await model.createSession();
  wanted = (await session.complete(PROMPT, OPTIONS)).ids.join();
  await model.close();
});
after(() => server.close());

/**
 * Loads with three threads and generates. Statements may use `made`, the pool workers so far, and `ended`.
 * @param {string} [before] before a worker is made: `isPool`, whether it is a pool worker, and `url`
 * @param {string} [made] after that: `this`
 * @param {string} [onToken] `index`
 */
const write = (before = '', made = '', onToken = '') => `(async () => {
  const made = [];
  const ended = new Set();
  const { Worker } = window;
  window.Worker = class extends Worker {
    constructor(url, options) {
      const isPool = String(url).endsWith('/pool-worker.js');
      ${before}
      super(url, options);
      if (isPool) made.push(this);
      ${made}
    }
    terminate() {
      ended.add(this);
      super.terminate();
    }
  };
  try {
    const { loadModel } = await import('/jielong.js');
    const model = await loadModel('/tests/golden/${FILE}', { threads: 3, precision: 'exact' });
    const session = await model.createSession();
    const ids = [];
    const generation = session.generate(${JSON.stringify(PROMPT)}, ${JSON.stringify(OPTIONS)});
    for await (const { id, index } of generation) {
      ids.push(id);
      ${onToken}
    }
    const { threads, threadsReason } = model.info;
    await model.close();
    const left = made.filter((worker) => !ended.has(worker)).length;
    return { ids: ids.join(), threads, why: threadsReason, made: made.length, left };
  } finally {
    window.Worker = Worker;
  }
})()`;

/** Runs forever and counts window.tokens. */
const forever = `void (async () => {
  const { loadModel } = await import('/jielong.js');
  const model = await loadModel('/tests/golden/${FILE}', { threads: 3, precision: 'exact' });
  const session = await model.createSession();
  for (window.tokens = 0; ; await session.rewind(0)) {
    const generation = session.generate([1], { maxTokens: 20, ignoreEos: true });
    for await (const token of generation) window.tokens++;
  }
})()`;

/** @type {[title: string, script: string, threads: number, made: number, why: RegExp | null][]} */
const fates = [
  ['all come', write(), 3, 2, null],
  [
    'none comes',
    write('', 'if (isPool) this.postMessage = () => {};'),
    1,
    2,
    /^no worker started in time$/,
  ],
  [
    'one does not come',
    write('', 'if (made.length === 2) this.postMessage = () => {};'),
    2,
    2,
    /^a worker did not start in time$/,
  ],
  [
    'none can be made',
    write("if (isPool) throw new Error('refused');"),
    1,
    0,
    /^a worker failed: .*refused/,
  ],
  [
    'their program fails',
    write(`if (isPool) url = 'data:text/javascript,throw new Error("broken")';`),
    1,
    2,
    /^a worker failed: .*broken/,
  ],
  [
    'the first one fails',
    write(`if (isPool && made.length === 0) {
      url = 'data:text/javascript,throw new Error("broken")';
    }`),
    2,
    2,
    /^a worker failed: .*broken/,
  ],
  [
    'their script cannot be loaded',
    write("if (isPool) url = '/nowhere.js';"),
    1,
    2,
    /^a worker failed: its script could not be loaded/,
  ],
  [
    'they are killed at work',
    write('', '', 'if (index === 5) made[0].terminate(); if (index === 20) made[1].terminate();'),
    3,
    2,
    null,
  ],
];

for (const name of /** @type {const} */ (['Chromium', 'Firefox'])) {
  if (!chosen.includes(name)) continue;
  describe(`workers in ${name}`, { skip: missing(name) }, () => {
    /** @type {import('puppeteer-core').Browser} */
    let browser;
    before(async () => {
      browser = await launch(name, {
        // These defaults disable the throttling of hidden pages.
        ignoreDefaultArgs: [
          '--disable-background-timer-throttling',
          '--disable-backgrounding-occluded-windows',
          '--disable-renderer-backgrounding',
        ],
      });
    });
    after(() => browser?.close());
    const open = async () => {
      const page = await browser.newPage();
      await page.goto(address);
      return page;
    };
    /** @param {import('puppeteer-core').Page} page */
    const begin = async (page) => {
      await page.evaluate(forever);
      for (let i = 0; !(await page.evaluate('window.tokens > 5')); i++) {
        assert.ok(i < 600, 'no token');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };

    for (const [title, script, threads, made, why] of fates) {
      test(title, { timeout: 120_000 }, async () => {
        const page = await open();
        const found = /** @type {any} */ (await page.evaluate(script));
        assert.equal(found.ids, wanted);
        assert.deepEqual([found.threads, found.made, found.left], [threads, made, 0]);
        if (why) assert.match(found.why, why);
        else assert.equal(found.why, null);
        await page.close();
      });
    }

    test("a page whose policy allows scripts and workers of 'self' alone", {
      timeout: 120_000,
    }, async () => {
      const page = await open();
      await page.goto(new URL('/', address).href); // the playground
      const policy = await page.$eval('meta[http-equiv]', (e) => e.getAttribute('content'));
      assert.match(policy ?? '', /script-src 'self' 'wasm-unsafe-eval'; worker-src 'self';/);
      const found = /** @type {any} */ (await page.evaluate(write()));
      assert.deepEqual([found.ids, found.threads, found.made], [wanted, 3, 2]);
      await page.close();
    });

    test('pages that navigate away or close during generation', {
      timeout: 120_000,
    }, async () => {
      const page = await open();
      await begin(page);
      await page.goto(`${address}?again`);
      assert.equal(/** @type {any} */ (await page.evaluate(write())).ids, wanted);
      await begin(page);
      const other = await open();
      await page.close();
      assert.equal(/** @type {any} */ (await other.evaluate(write())).ids, wanted);
      await other.close();
    });

    // Headless Firefox reports every page as visible.
    test('a hidden page loads and generates', {
      skip: name === 'Firefox' && 'there it cannot be had without a window',
      timeout: 120_000,
    }, async () => {
      const page = await open();
      const inFront = await open();
      await inFront.bringToFront();
      assert.equal(await page.evaluate('document.visibilityState'), 'hidden');
      const found = /** @type {any} */ (await page.evaluate(write()));
      assert.deepEqual([found.ids, found.threads], [wanted, 3]);
      assert.equal(await page.evaluate('document.visibilityState'), 'hidden');
      await page.close();
      await inFront.close();
    });
  });
}
