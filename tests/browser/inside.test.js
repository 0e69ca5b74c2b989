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
      tab.until(`!document.getElementById('read').disabled`, 'the request is answered', 120);
    /** Rows of a list: token, probability, change. @param {string} id @returns {Promise<string[][]>} */
    const rows = async (id) =>
      JSON.parse(
        await tab.evaluate(
          `JSON.stringify([...document.querySelectorAll('#${id} li')].map((li) => [...li.children].filter((c) => c.localName !== 'i').map((c) => c.textContent)))`,
        ),
      );

    before(async () => {
      server = await startServer();
      tab = await drivers[name].open(`${server.origin}/examples/inside/`);
      await tab.until(`'ready' in document.body.dataset`, 'the page is set up', 120);
    });
    after(async () => {
      await tab?.close();
      server?.close();
    });

    test('Start shows the pattern, its table and the prediction', {
      timeout: 180_000,
    }, async () => {
      await click('read');
      await idle();
      assert.match(await text('status'), /^tales · block 0, head 0 · 8 tokens/);
      assert.match(await text('cell'), /^“␣the” \(7\) looks at “The” \(0\): 0\.\d{3}$/);
      const sums = await tab.evaluate(
        `[...document.querySelectorAll('#weights tr')].map((r) => [...r.querySelectorAll('td')].reduce((s, c) => s + Number(c.textContent), 0)).join()`,
      );
      const each = sums.split(',').map(Number);
      assert.equal(each.length, 8);
      assert.ok(
        each.every((/** @type {number} */ sum) => Math.abs(sum - 1) < 0.005),
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
      assert.match(first[2], /^\+1\d\.\d$/);
      assert.notDeepEqual(await rows('before'), await rows('after'));
    });

    test('another head, arrow keys, and a text that is too long', {
      timeout: 180_000,
    }, async () => {
      await tab.evaluate(
        `(document.getElementById('layer').value = '2', document.getElementById('layer').dispatchEvent(new Event('change')))`,
      );
      await idle();
      assert.match(await text('status'), /block 2, head 0/);
      assert.equal((await rows('after')).length, 0, 'of the other head');
      await tab.evaluate(
        `document.getElementById('pattern').dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }))`,
      );
      assert.match(await text('cell'), /^“␣the” \(7\) looks at “␣king” \(1\)/);
      const before = await rows('before');
      await tab.evaluate(`document.getElementById('text').value = 'so '.repeat(60)`);
      await click('read');
      await idle();
      assert.match(await text('status'), /^The text has \d+ tokens; this page shows 48 at most/);
      await tab.evaluate(
        `document.getElementById('text').value = 'The king had a daughter, and the'`,
      );
      await click('read');
      await idle();
      assert.deepEqual(await rows('before'), before, 'a second run');
    });
  });
}
