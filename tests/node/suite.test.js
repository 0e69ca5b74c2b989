/**
 * node.test.js - the shared suite in Node, on the bare engine and through a worker; and Node-only tests:
 * paths, constant memory, killed threads.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import workerThreads from 'node:worker_threads';
import * as jielong from '../web/jielong.js';
import { makeServer } from '../web/node/serve.js';
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

for (const [title, worker, threads] of /** @type {[string, boolean, number][]} */ ([
  ['suite on the bare engine', false, 1],
  ['suite on the bare engine, two threads', false, 2],
  ['suite through a worker', true, 1],
  ['suite through a worker, two threads', true, 2],
])) {
  describe(title, () => {
    const { t, close } = prepare({
      jielong,
      options: { worker, threads },
      source: (name) => (name === 'smollm2' ? smollm2 : golden(name)),
      bytes: async (name) => new Uint8Array(await readFile(golden(name))),
      origin: '',
    });
    before(() => {
      const address = /** @type {import('node:net').AddressInfo} */ (server.address());
      t.origin = `http://127.0.0.1:${address.port}`;
    });
    after(close);
    for (const { name, needs, hosts, run } of cases) {
      if (hosts === 'few' && threads > 1) continue;
      const skip = needs && !existsSync(smollm2) ? 'no model; run make models' : false;
      test(name, { skip, timeout: 300_000 }, () => run(t));
    }
  });
}

test('FILE: a missing path, and a folder', async () => {
  for (const path of [golden('nothing.gguf'), golden('arch')]) {
    const code = (/** @type {any} */ e) => e.code === 'FILE' && e.where === path;
    await assert.rejects(jielong.loadModel(path), code);
  }
});

test('a file: address loads like a path', async () => {
  const url = new URL('./golden/arch/llama.gguf', import.meta.url);
  for (const source of [url, url.href]) {
    const model = await jielong.loadModel(source);
    assert.equal(model.info.architecture, 'llama');
    await model.close();
  }
});

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

/** A file of random weights in SmolLM2-135M's shapes, made once. @param {string} type */
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
    const { render } = await import(`../web/chat/chat.js?${Date.now()}`); // without an earlier worker
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

test('threads: a model can be closed while it generates; an open model does not keep a process alive', async () => {
  const model = await jielong.loadModel(golden('types/q4_1.gguf'), { threads: 3 });
  const session = await model.createSession();
  const generation = session.generate([1, 2, 3], { maxTokens: 50, ignoreEos: true });
  await generation.next();
  await model.close();
  await assert.rejects(generation.next(), { code: 'CLOSED' });
  const script = `const { loadModel } = await import(${JSON.stringify(new URL('../web/jielong.js', import.meta.url))});
    const file = ${JSON.stringify(golden('types/q4_1.gguf'))};
    const model = await loadModel(file, { threads: 3 });
    await (await loadModel(file, { worker: true })).close();
    console.log(model.info.threads);`;
  const args = ['--input-type=module', '-e', script];
  const { stdout } = spawnSync(process.execPath, args, { timeout: 60_000, encoding: 'utf8' });
  assert.equal(stdout, '3\n');
});
