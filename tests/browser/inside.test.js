/**
 * inside.test.js - examples/inside/ in real browsers: a head's pattern, and the prediction without the head.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startServer } from '../helpers/server.js';
import { chosen, drivers, missing } from './drivers.js';

for (const name of chosen) {
  describe(`a head in ${name}`, { skip: missing(name) }, () => {
    /** @type {import('../helpers/server.js').TestServer} */
    let server;
    /** @type {import('./drivers.js').Tab} */
    let tab;
    /** @param {string} id */
    const text = (id) => tab.evaluate(`document.getElementById('${id}').textContent`);
    /** @param {string} id */
    const click = (id) => tab.evaluate(`document.getElementById('${id}').click()`);
    const idle = () =>
      tab.until(`!document.getElementById('controls').disabled`, 'the request is answered', 120);
    const submit = () => tab.evaluate(`document.getElementById('form').requestSubmit()`);
    /** Rows of a list: token and probability. @param {string} id @returns {Promise<string[][]>} */
    const rows = async (id) =>
      JSON.parse(
        await tab.evaluate(
          `JSON.stringify([...document.querySelectorAll('#${id} li')].map((li) => [li.firstChild.textContent, li.lastChild.textContent]))`,
        ),
      );

    before(async () => {
      server = await startServer();
      tab = await drivers[name].open(`${server.origin}/examples/inside/`);
      await tab.until(`document.getElementById('head').length === 8`, 'the page is set up', 120);
    });
    after(async () => {
      await tab?.close();
      server?.close();
    });

    test('Start shows the weights and the prediction', { timeout: 180_000 }, async () => {
      await submit();
      await idle();
      assert.match(await text('status'), /^tales · block 0, head 0 · 8 tokens/);
      const sums = await tab.evaluate(
        `[...document.querySelectorAll('#weights tr')].slice(1).map((r) => [...r.querySelectorAll('td')].reduce((s, c) => s + Number(c.textContent), 0)).join()`,
      );
      const each = sums.split(',').map(Number);
      assert.equal(each.length, 8);
      assert.ok(
        each.every((/** @type {number} */ sum) => Math.abs(sum - 1) < 0.05),
        sums,
      );
      const found = await rows('before');
      assert.deepEqual([found.length, found[0][0], (await rows('after')).length], [5, '␣king', 0]);
    });

    test('without the head the prediction is another', { timeout: 180_000 }, async () => {
      await click('ablate');
      await idle();
      const [first, second] = await rows('after');
      assert.deepEqual([first[0], second[0]], ['␣queen', '␣king']);
      assert.match(first[1], /^3\d\.\d%$/);
      assert.notDeepEqual(await rows('before'), await rows('after'));
    });

    test('another head, a text that is too long, and a second run', {
      timeout: 180_000,
    }, async () => {
      const before = await rows('before');
      await tab.evaluate(
        `(document.getElementById('layer').value = '2', document.getElementById('layer').dispatchEvent(new Event('change')))`,
      );
      await idle();
      assert.match(await text('status'), /block 2, head 0/);
      assert.equal((await rows('after')).length, 0, 'of the other head');
      await tab.evaluate(`document.getElementById('text').value = 'so '.repeat(3000)`);
      await submit();
      await idle();
      assert.match(await text('status'), /^CONTEXT_FULL: /);
      await tab.evaluate(
        `document.getElementById('text').value = 'The king had a daughter, and the'`,
      );
      await submit();
      await idle();
      assert.deepEqual(await rows('before'), before, 'a second run');
    });
  });
}
