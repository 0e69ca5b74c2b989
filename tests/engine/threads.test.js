/**
 * threads.test.js - pool workers in Node that are killed, die during their share or never start: generation
 * gives the ids of one thread. And loads and models that are abandoned.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import workerThreads from 'node:worker_threads';
import * as jielong from '../../web/jielong.js';
import { golden } from '../helpers/paths.js';

/**
 * Generates with three threads, whose workers `meddle` may disturb, and with one; the ids must agree.
 * @param {(worker: any, index: number) => void} meddle
 * @param {(workers: any[], token: any) => void} [onToken]
 */
async function generateWith(meddle, onToken) {
  const { Worker } = workerThreads;
  /** @type {any[]} */
  const workers = [];
  workerThreads.Worker = /** @type {any} */ (
    class extends Worker {
      /** @param {any} args */
      constructor(...args) {
        super(.../** @type {[any]} */ (args));
        meddle(this, workers.push(this));
      }
    }
  );
  try {
    const texts = [];
    for (const threads of [3, 1]) {
      const model = await jielong.loadModel(golden('types/q4_1.gguf'), {
        threads,
        precision: 'exact',
      });
      const session = await model.createSession();
      const prompt = Array.from({ length: 100 }, (_, i) => i);
      let ids = '';
      for await (const token of session.generate(prompt, {
        maxTokens: 100,
        seed: 1,
        ignoreEos: true,
      })) {
        ids += `${token.id} `;
        if (threads > 1) onToken?.(workers, token);
      }
      texts.push(ids);
      await model.close();
    }
    assert.equal(workers.length, 2);
    assert.equal(texts[0], texts[1]);
  } finally {
    workerThreads.Worker = Worker;
  }
}

test('threads: generation survives killed workers', { timeout: 120_000 }, async () => {
  for (const at of [0, 3, 50]) {
    await generateWith(
      () => {},
      (workers, { index }) => {
        if (index === at) workers[0].terminate();
        if (index === at + 20) workers[1].terminate();
      },
    );
  }
});

test('threads: generation survives a worker that dies during its share', {
  timeout: 60_000,
}, async () => {
  await generateWith((worker, index) => {
    const post = worker.postMessage;
    // With this small stack it joins the pool and traps in its first product.
    if (index === 1)
      worker.postMessage = (/** @type {any} */ m) => post.call(worker, { ...m, stack: 8192 });
  });
});

test('threads: generation survives a worker that never starts', { timeout: 60_000 }, async () => {
  await generateWith((worker) => {
    worker.postMessage = () => {};
  });
});

test('a load can be aborted although its worker never answers', { timeout: 60_000 }, async () => {
  const worker = () => new workerThreads.Worker('setInterval(() => {}, 1e6)', { eval: true });
  const source = new ReadableStream({ pull: () => new Promise(() => {}) });
  const signal = AbortSignal.timeout(50);
  const options = { worker: /** @type {any} */ (worker), signal };
  await assert.rejects(jielong.loadModel(source, options), { name: 'TimeoutError' });
});

test('threads: a model can be closed while it generates; an open model does not keep a process alive', async () => {
  const model = await jielong.loadModel(golden('types/q4_1.gguf'), { threads: 3 });
  const session = await model.createSession();
  const generation = session.generate([1, 2, 3], { maxTokens: 50, ignoreEos: true });
  await generation.next();
  await model.close();
  await assert.rejects(generation.next(), { code: 'CLOSED' });
  const script = `const { loadModel } = await import(${JSON.stringify(new URL('../../web/jielong.js', import.meta.url))});
    const file = ${JSON.stringify(golden('types/q4_1.gguf'))};
    const model = await loadModel(file, { threads: 3 });
    await (await loadModel(file, { worker: true })).close();
    console.log(model.info.threads);`;
  const args = ['--input-type=module', '-e', script];
  const { stdout } = spawnSync(process.execPath, args, { timeout: 60_000, encoding: 'utf8' });
  assert.equal(stdout, '3\n');
});
