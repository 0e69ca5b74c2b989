/**
 * suite.test.js - the shared suite in pages of three browsers, with the engine in the page's own worker.
 *
 * Chromium runs all cases, Firefox and WebKit skip slow ones. Missing browsers, and cases without the real
 * model, are skipped and reported. BROWSERS=Firefox,WebKit selects.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeServer } from '../../web/node/serve.js';
import { cases } from '../suite/index.js';
import { drivers } from './drivers.js';

const tests = fileURLToPath(new URL('..', import.meta.url));
const models = process.env.MODELS ?? join(tests, '..', 'build', 'models');
const haveModel = existsSync(join(models, 'smollm2-135m-instruct-q4_1.gguf'));
const chosen = process.env.BROWSERS?.split(',') ?? Object.keys(drivers);

/** @type {[string, string][]} */
const roots = [
  ['/tests/', tests],
  ['/web/', join(tests, '..', 'web')],
  ['/models/', models],
];
const server = makeServer({ roots });
before(() => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined))));
after(() => {
  server.close();
  server.closeAllConnections();
});

for (const name of chosen) {
  const driver = drivers[name];
  describe(`suite in ${name}`, () => {
    const missing = driver.find() ? false : `${name} is not installed`;
    /** @type {import('./drivers.js').Tab} */
    let tab;
    before(async () => {
      if (missing) return;
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      tab = await driver.open(`http://127.0.0.1:${port}/tests/browser/page.html`);
      for (let i = 0; !(await tab.evaluate('window.ready === true')); i++) {
        if (i === 300) throw new Error('page.html does not load; its console says why');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });
    after(() => tab?.close());

    if (missing) test('all cases', { skip: missing }, () => {});
    cases.forEach(({ name: title, needs, slow }, index) => {
      if (missing || (slow && name !== 'Chromium')) return;
      const skip = needs && !haveModel ? 'no model; run make models' : false;
      test(title, { skip, timeout: 300_000 }, async () => {
        assert.equal(await tab.evaluate(`window.run(${index})`), null);
      });
    });
  });

  test(`a page that is not isolated has one thread and reports it, ${name}`, async (context) => {
    if (!driver.find()) return context.skip(`${name} is not installed`);
    const plain = makeServer({ roots, isolate: false });
    await new Promise((resolve) => plain.listen(0, '127.0.0.1', () => resolve(undefined)));
    const { port } = /** @type {import('node:net').AddressInfo} */ (plain.address());
    const page = await driver.open(`http://127.0.0.1:${port}/tests/browser/page.html`);
    try {
      const script = `import('/web/jielong.js').then(async ({ loadModel }) => {
        const model = await loadModel('/tests/golden/types/q4_1.gguf', { threads: 2 });
        const { threads, threadsReason } = model.info;
        const session = await model.createSession();
        const { ids } = await session.complete([1, 2, 3], { maxTokens: 3, temperature: 0 });
        await model.close();
        return [threads, /isolated/.test(threadsReason), ids.length].join();
      })`;
      assert.equal(await page.evaluate(script), '1,true,3');
    } finally {
      await page.close();
      plain.close();
      plain.closeAllConnections();
    }
  });
}
