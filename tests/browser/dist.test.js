/**
 * dist.test.js - the output of `make dist` in three browsers: the suite's essentials on the single-file engine,
 * and the same file in a page opened from disk, without a server.
 *
 * Missing browsers or build/dist skip tests, with a report. BROWSERS=Firefox,WebKit selects.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { makeServer } from '../../web/node/serve.js';
import { essentials } from '../suite/index.js';
import { drivers } from './drivers.js';

const tests = fileURLToPath(new URL('..', import.meta.url));
const dist = join(tests, '..', 'build', 'dist');
const models = process.env.MODELS ?? join(tests, '..', 'build', 'models');
const haveModel = existsSync(join(models, 'smollm2-135m-instruct-q4_1.gguf'));
const noDist = existsSync(join(dist, 'jielong.js')) ? false : 'no build/dist; run make dist';
const chosen = process.env.BROWSERS?.split(',') ?? Object.keys(drivers);

const server = makeServer({
  roots: [
    ['/tests/', tests],
    ['/web/', join(tests, '..', 'web')],
    ['/dist/', dist],
    ['/models/', models],
  ],
});
before(() => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined))));
after(() => {
  server.close();
  server.closeAllConnections();
});

/** Waits until an expression is true in the page. @param {import('./drivers.js').Tab} tab @param {string} expression */
async function until(tab, expression) {
  for (let i = 0; !(await tab.evaluate(expression)); i++) {
    if (i === 300) throw new Error(`in 30 s ${expression} was not true`);
    await sleep(100);
  }
}

/** A page that contains the engine and a model, for file: addresses. */
function onePage() {
  const engine = readFileSync(join(dist, 'jielong.js'), 'utf8');
  const model = readFileSync(join(tests, 'golden/arch/llama.gguf')).toString('base64');
  assert.ok(!/<\/script|<!--/i.test(engine), 'it can stand in a script element');
  const file = join(dist, 'page.html');
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
  describe(`the engine as one file in ${name}`, () => {
    const missing = driver.find() ? noDist : `${name} is not installed`;
    /** @type {import('./drivers.js').Tab} */
    let tab;
    before(async () => {
      if (missing) return;
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      const page = 'tests/browser/page.html?engine=/dist/jielong.js';
      tab = await driver.open(`http://127.0.0.1:${port}/${page}`);
      await until(tab, 'window.ready === true');
    });
    after(() => tab?.close());

    if (missing) test('essentials', { skip: missing }, () => {});
    essentials.forEach(({ name: title, needs, slow }) => {
      if (missing || (slow && name !== 'Chromium')) return;
      const skip = needs && !haveModel ? 'no model; run make models' : false;
      test(title, { skip, timeout: 300_000 }, async () => {
        assert.equal(await tab.evaluate(`window.run(${JSON.stringify(title)})`), null);
      });
    });
  });

  test(`pool workers from inside the one file in ${name}`, {
    skip: !driver.find()
      ? `${name} is not installed`
      : noDist || (name === 'WebKit' && 'no threads'),
    timeout: 120_000,
  }, async () => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    const tab = await driver.open(`http://127.0.0.1:${port}/tests/browser/empty.html`);
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
    skip: driver.find() ? noDist : `${name} is not installed`,
    timeout: 120_000,
  }, async () => {
    const tab = await driver.open(onePage());
    try {
      await until(tab, 'window.ids !== undefined');
      assert.match(String(await tab.evaluate('window.ids')), /^\d+(,\d+){4}$/);
    } finally {
      await tab.close();
    }
  });
}
