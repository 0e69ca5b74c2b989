/**
 * suite.test.js - the shared suite in pages of three browsers, with the engine in the page's own worker.
 *
 * Chromium runs all cases, Firefox and WebKit skip slow ones. Missing browsers, and cases without the real
 * model, are skipped and reported.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from '../helpers/server.js';
import { cases } from '../suite/index.js';
import { describeCases } from './cases.js';
import { chosen, drivers, missing } from './drivers.js';

for (const name of chosen) {
  describeCases(`suite in ${name}`, name, cases);

  test(`a page that is not isolated has one thread and reports it, ${name}`, {
    skip: missing(name),
  }, async () => {
    const server = await startServer({ isolate: false });
    const page = await drivers[name].open(`${server.origin}/tests/browser/empty.html`);
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
      server.close();
    }
  });
}
