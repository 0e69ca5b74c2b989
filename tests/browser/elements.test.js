/**
 * elements.test.js - every element in every browser: recorded, live, stopped, removed; keyboard, words, export.
 *
 * The checks run in the page (elements_cases.js). ELEMENT=jl-attention selects one element.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { root } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { chosen, drivers, missing } from './drivers.js';

/** The elements and cases, read from the sources because tests are listed before a page exists. */
const read = (/** @type {string} */ path) => readFileSync(join(root, path), 'utf8');
const tags = [...read('web/elements.js').matchAll(/'(jl-\w+)'/g)].map((m) => m[1]);
const wanted = tags.filter((tag) => [undefined, tag].includes(process.env.ELEMENT));
const [each, together] = read('tests/browser/elements_cases.js')
  .split('const together')
  .map((part) => [...part.matchAll(/^ {2}async '([^']+)'\(/gm)].map((m) => m[1]));

for (const name of chosen) {
  describe(`elements in ${name}`, { skip: missing(name) }, () => {
    /** @type {Awaited<ReturnType<typeof startServer>>} */ let server;
    /** @type {import('./drivers.js').Tab} */ let page;
    before(async () => {
      server = await startServer();
      page = await drivers[name].open(`${server.origin}/tests/browser/elements.html`);
      await page.until('!!window.checkEach', 'the page is ready');
    });
    after(async () => {
      await page?.close();
      server?.close();
    });

    test('the page knows the same elements and cases', async () => {
      assert.deepEqual(await page.evaluate('tags'), tags);
      assert.deepEqual(await page.evaluate('names'), { each, together });
    });
    for (const tag of wanted)
      for (const title of each)
        test(`${tag} ${title}`, async () => {
          const call = `checkEach(${JSON.stringify(title)}, '${tag}')`;
          assert.equal(await page.evaluate(call), '');
        });
    for (const title of together)
      test(title, async () => {
        assert.equal(await page.evaluate(`checkTogether(${JSON.stringify(title)})`), '');
      });
  });
}
