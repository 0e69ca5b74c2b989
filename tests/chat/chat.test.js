/**
 * chat.test.js - the worker that renders chat templates, when it is terminated from outside.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import workerThreads from 'node:worker_threads';

test('after a template worker is terminated, idle or busy, the next rendering uses a new one', {
  timeout: 60_000,
}, async () => {
  const { Worker } = workerThreads;
  /** @type {any[]} */
  const made = [];
  workerThreads.Worker = /** @type {any} */ (
    class extends Worker {
      /** @param {any} args */
      constructor(...args) {
        super(.../** @type {[any]} */ (args));
        made.push(this);
      }
    }
  );
  try {
    const { render } = await import(`../../web/chat/chat.js?${Date.now()}`); // without an earlier worker
    const text = async () => (await render('{{ x }}', { x: 5, messages: [] })).text;
    assert.equal(await text(), '5');
    made[0].terminate();
    await assert.rejects(text(), { code: 'WORKER' }); // already sent to the worker
    assert.equal(await text(), '5');
    const starting = render('{{ x }}', { x: 6, messages: [] }); // uses the idle worker
    const second = text();
    made[2].terminate(); // before it starts
    await assert.rejects(second, { code: 'WORKER' });
    assert.equal((await starting).text, '6');
    assert.equal(await text(), '5');
    assert.equal(made.length, 3);
  } finally {
    workerThreads.Worker = Worker;
  }
});
