/**
 * train.test.js - examples/train/ in real browsers: a few steps, a pause, the exported model.
 *
 * Trains the page's default network on its default text for twelve steps, enough to learn that letters
 * differ in frequency. playground.test.js makes screenshots.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startServer } from '../helpers/server.js';
import { chosen, drivers, missing } from './drivers.js';

for (const name of chosen) {
  describe(`training in ${name}`, { skip: missing(name) }, () => {
    /** @type {import('../helpers/server.js').TestServer} */
    let server;
    /** @type {import('./drivers.js').Tab} */
    let tab;
    /** @param {string} id */
    const text = (id) => tab.evaluate(`document.getElementById('${id}').textContent`);
    /** @param {string} id */
    const click = (id) => tab.evaluate(`document.getElementById('${id}').click()`);
    /** @param {string} condition @param {string} what */
    const until = (condition, what) => tab.until(condition, what, 120);
    /** Held-out losses of the table. */
    const losses = async () =>
      JSON.parse(
        await tab.evaluate(
          `JSON.stringify([...document.querySelectorAll('#rows tr')].map((r) => Number(r.children[2].textContent)))`,
        ),
      );

    before(async () => {
      server = await startServer();
      tab = await drivers[name].open(`${server.origin}/examples/train/?steps=12&lang=en`);
      await until(`'ready' in document.body.dataset`, 'the page is set up');
    });
    after(async () => {
      await tab?.close();
      server?.close();
    });

    test('a pause exports a model; losses fall after it continues', {
      timeout: 300_000,
    }, async () => {
      assert.match(await text('start'), /184 kB of text in 12 steps/);
      await click('start');
      await until(`document.querySelectorAll('#rows tr').length >= 3`, 'the first steps');
      await click('pause');
      await until(`!document.getElementById('download').disabled`, 'the pause');
      const before = (await losses()).length;
      await click('pause');
      await until(`/^Done/.test(document.getElementById('status').textContent)`, 'the end');
      const all = await losses();
      assert.equal(all.length, 13);
      assert.ok(before >= 3 && before <= 13, `${before} rows at the pause`);
      assert.ok(Math.abs(all[0] - Math.log(322)) < 0.1, `it starts at ${all[0]}`);
      assert.ok(all[12] < all[0] - 1.5, `from ${all[0]} to ${all[12]}`);
      assert.equal(await tab.evaluate(`document.querySelectorAll('#samples li').length`), 13);
    });

    test('the model loads and generates', { timeout: 300_000 }, async () => {
      await click('load');
      await until(`!document.getElementById('play').hidden`, 'the model');
      await click('write');
      await until(`!document.getElementById('write').disabled`, 'the text');
      const written = await text('written');
      assert.ok(written.startsWith('The king') && written.length > 100, written);
    });

    test('an error is readable, and stopping discards the run', { timeout: 300_000 }, async () => {
      await click('stop');
      await until(`!document.getElementById('start').disabled`, 'the stop');
      await tab.evaluate(
        `(document.getElementById('text').value = 'too short', document.getElementById('text').dispatchEvent(new Event('input')))`,
      );
      await click('start');
      await until(`/too short/.test(document.getElementById('status').textContent)`, 'the error');
      assert.equal(await tab.evaluate(`document.getElementById('start').disabled`), false);
    });
  });
}
