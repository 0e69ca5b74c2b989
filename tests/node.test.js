/**
 * node.test.js - the shared suite in Node, on the bare engine and through a worker; and what only Node
 * can show: paths, and that memory does not grow.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as jielong from '../web/jielong.js';
import { makeServer } from '../web/serve.js';
import { makeGguf } from './bench/make_gguf.js';
import { cases, prepare } from './suite/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const models = process.env.MODELS ?? join(root, 'build', 'models');
const smollm2 = join(models, 'smollm2-135m-instruct-q4_1.gguf');
const golden = (/** @type {string} */ name) => join(root, 'tests', 'golden', name);

const server = makeServer({ roots: [['/tests/', join(root, 'tests')]] });
before(() => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined))));
after(() => {
  server.close();
  server.closeAllConnections();
});

for (const worker of [false, true]) {
  describe(worker ? 'suite through a worker' : 'suite on the bare engine', () => {
    const { t, close } = prepare({
      jielong,
      options: { worker },
      source: (name) => (name === 'smollm2' ? smollm2 : golden(name)),
      bytes: async (name) => new Uint8Array(await readFile(golden(name))),
      origin: '',
    });
    before(() => {
      const address = /** @type {import('node:net').AddressInfo} */ (server.address());
      t.origin = `http://127.0.0.1:${address.port}`;
    });
    after(close);
    for (const { name, needs, run } of cases) {
      const skip = needs && !existsSync(smollm2) ? 'no model; run make models' : false;
      test(name, { skip, timeout: 300_000 }, () => run(t));
    }
  });
}

test('FILE: a path that leads nowhere, and a folder', async () => {
  for (const path of [golden('nothing.gguf'), golden('arch')]) {
    const code = (/** @type {any} */ e) => e.code === 'FILE' && e.where === path;
    await assert.rejects(jielong.loadModel(path), code);
  }
});

test('a file: address and a path are the same', async () => {
  const url = new URL('./golden/arch/llama.gguf', import.meta.url);
  for (const source of [url, url.href]) {
    const model = await jielong.loadModel(source);
    assert.equal(model.info.architecture, 'llama');
    await model.close();
  }
});

/** Loads a model and catches its linear memory on the way. @param {string} path */
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
    await session.run([4, 5], { taps: [{ kind: 'attention' }, { kind: 'residual' }] });
    await session.close();
  };
  await round();
  const before = size();
  for (let i = 0; i < 100; i++) await round();
  assert.equal(size(), before);
  await model.close();
});

test('failed loads give their memory back with their instance', async () => {
  const file = readFileSync(golden('arch/llama.gguf'));
  for (let i = 0; i < 100; i++) {
    await assert.rejects(jielong.loadModel(file.subarray(0, 100000 + i)), { code: 'TRUNCATED' });
  }
});

/** Files of random weights in the shapes of SmolLM2-135M, made once. @param {string} type */
function randomModel(type) {
  const folder = join(root, 'build', 'random-models');
  const file = join(folder, `${type}.gguf`);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  makeGguf(`${file}.part`, type);
  renameSync(`${file}.part`, file);
  return file;
}

for (const type of ['q8_0', 'q4_0', 'q4_1', 'q4_k_m']) {
  test(`all memory is at most 1.15 times the file, and the cache: ${type}`, async () => {
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
    const most = 1.15 * file + contextLength * perContextToken;
    assert.ok(size() <= most, `${size()} bytes of memory with a session, more than ${most}`);
    await model.close();
  });
}
