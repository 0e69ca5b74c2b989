/**
 * memory.test.js - the linear memory of a model: bounded by its file and cache, constant over aborted work, freed
 * with a failed load.
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import * as jielong from '../../web/jielong.js';
import { randomModel } from '../bench/make_gguf.js';
import { golden } from '../helpers/paths.js';

/** Loads a model and captures its linear memory. @param {string} path */
async function withMemory(path) {
  /** @type {any} */
  let memory;
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = /** @type {any} */ (
    async (/** @type {any} */ ...args) => {
      const instance = await /** @type {any} */ (instantiate)(...args);
      memory = args[1].env.memory;
      return instance;
    }
  );
  try {
    const model = await jielong.loadModel(path, { worker: false });
    return { model, size: () => memory.buffer.byteLength };
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

test('runs aborted after their first step, 100 times: memory does not grow', async () => {
  const { model, size } = await withMemory(golden('arch/llama.gguf'));
  const ids = Array.from({ length: 120 }, (_, i) => i);
  const round = async () => {
    const session = await model.createSession();
    const controller = new AbortController();
    const run = session.run(ids, {
      taps: [{ name: 'pattern', layer: 'all' }, 'logits'],
      edits: [{ name: 'mlp_out', layer: 0, op: 'scale', factor: 2 }],
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await assert.rejects(run, { name: 'AbortError' });
    assert.equal(session.position, 0);
    await session.close();
  };
  await round();
  const before = size();
  for (let i = 0; i < 100; i++) await round();
  assert.equal(size(), before);
  await model.close();
});

test('abort then generate again, 100 times: memory does not grow', async () => {
  const { model, size } = await withMemory(golden('types/q4_1.gguf'));
  const round = async () => {
    const session = await model.createSession({ contextLength: 64 });
    for (let i = 0; i < 2; i++) {
      const { signal, abort } = (() => {
        const controller = new AbortController();
        return { signal: controller.signal, abort: () => controller.abort() };
      })();
      const options = { maxTokens: 30, ignoreEos: true, topLogprobs: 5, stop: ['x'], signal };
      const work = (async () => {
        for await (const token of session.generate([1, 2, 3], options))
          if (token.index === 2) abort();
      })();
      await assert.rejects(work, { name: 'AbortError' });
    }
    await session.run([4, 5], {
      taps: [
        { name: 'pattern', layer: 'all' },
        { name: 'resid_post', layer: 'all' },
      ],
    });
    await session.close();
  };
  await round();
  const before = size();
  for (let i = 0; i < 100; i++) await round();
  assert.equal(size(), before);
  await model.close();
});

test('abort while a text is tokenised, 60 times: memory does not grow', async () => {
  const { model, size } = await withMemory(golden('chat.gguf'));
  const session = await model.createSession();
  const text = '<|im_start|>a b '.repeat(50_000);
  const round = async (/** @type {number} */ i) => {
    const controller = new AbortController();
    const { signal } = controller;
    const work =
      i % 2
        ? model.tokenize(text, { signal, special: true })
        : session.generate(text, { signal }).next();
    setImmediate(() => controller.abort());
    await assert.rejects(work, { name: 'AbortError' });
  };
  for (let i = 0; i < 4; i++) await round(i);
  const before = size();
  for (let i = 0; i < 60; i++) await round(i);
  assert.equal(size(), before);
  await model.close();
});

test('failed loads free their memory with their instance', async () => {
  const file = readFileSync(golden('arch/llama.gguf'));
  for (let i = 0; i < 100; i++) {
    await assert.rejects(jielong.loadModel(file.subarray(0, 100000 + i)), { code: 'TRUNCATED' });
  }
});

for (const type of ['q8_0', 'q4_0', 'q4_1', 'q4_k_m']) {
  test(`memory is at most 1.15 times the file plus the cache: ${type}`, async () => {
    const path = randomModel(type);
    const { model, size } = await withMemory(path);
    const file = statSync(path).size;
    assert.ok(model.info.memory.weights <= 1.15 * file, 'weights');
    assert.ok(size() <= 1.15 * file, `${size()} bytes of memory for a file of ${file}`);
    const contextLength = 1024;
    const session = await model.createSession({ contextLength });
    await session.append(Int32Array.from({ length: 200 }, (_, i) => 100 + i));
    await session.logits();
    const { perContextToken } = model.info.memory;
    const max = 1.15 * file + contextLength * perContextToken;
    assert.ok(size() <= max, `${size()} bytes of memory with a session, more than ${max}`);
    await model.close();
  });
}
