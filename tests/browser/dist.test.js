/**
 * dist.test.js - the output of `make dist` in three browsers: the suite's essentials on the single-file engine,
 * and the same file in a page opened from disk, without a server.
 *
 * Missing browsers or build/dist skip tests, with a report.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { dist, golden, noDist } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { essentials } from '../suite/index.js';
import { describeCases } from './cases.js';
import { chosen, drivers, missing } from './drivers.js';

/** @type {import('../helpers/server.js').TestServer} */
let server;
before(async () => {
  server = await startServer();
});
after(() => server.close());

/** A page that contains the engine and a model, for file: addresses. @param {string} browser that opens it */
function onePage(browser) {
  const engine = readFileSync(join(dist, 'jielong.js'), 'utf8');
  const model = readFileSync(golden('arch/llama.gguf')).toString('base64');
  assert.ok(!/<\/script|<!--/i.test(engine), 'it can stand in a script element');
  const file = join(dist, `page-${browser}.html`);
  writeFileSync(
    file,
    `<!doctype html><meta charset="utf-8"><title>one page</title><script type="module">${engine}</script>
<script type="module">
  const { loadModel } = window.jielong;
  const bytes = Uint8Array.from(atob('${model}'), (c) => c.charCodeAt(0));
  try {
    const session = await (await loadModel(bytes)).createSession();
    window.ids = (await session.complete([1, 2, 3], { maxTokens: 5, temperature: 0 })).ids.join();
  } catch (e) { window.ids = String(e); }
</script>`.replace(/export\{([^}]*)\}/, (_, names) => exposed(names)),
  );
  return pathToFileURL(file).href;
}

/** Inline modules cannot export, so names go to window. @param {string} names `a as b,…` */
function exposed(names) {
  const pairs = names.split(',').map((/** @type {string} */ one) => one.trim().split(' as '));
  return `window.jielong={${pairs.map(([inner, outer = inner]) => `${outer}:${inner}`)}}`;
}

for (const name of chosen) {
  const driver = drivers[name];
  const skip = missing(name) || noDist;
  describeCases(`the engine as one file in ${name}`, name, essentials, {
    query: '?engine=/dist/jielong.js',
    skip,
  });

  test(`pool workers from inside the one file in ${name}`, {
    skip: skip || (name === 'WebKit' && 'no threads'),
    timeout: 120_000,
  }, async () => {
    const tab = await driver.open(`${server.origin}/tests/browser/empty.html`);
    const script = `import('/dist/jielong.js').then(async ({ loadModel }) => {
      const model = await loadModel('/tests/golden/types/q8_0.gguf', { threads: 3 });
      const { threads, threadsReason } = model.info;
      await model.close();
      return threads + ' ' + threadsReason;
    })`;
    try {
      assert.equal(await tab.evaluate(script), '3 null');
    } finally {
      await tab.close();
    }
  });

  test(`a page opened from disk runs in ${name}`, {
    skip,
    timeout: 120_000,
  }, async () => {
    const tab = await driver.open(onePage(name));
    try {
      await tab.until('window.ids !== undefined');
      assert.match(String(await tab.evaluate('window.ids')), /^\d+(,\d+){4}$/);
    } finally {
      await tab.close();
    }
  });
}
