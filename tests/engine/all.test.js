/**
 * all.test.js - a file whose header asks for what only jielong-all.wasm has: the engine starts that module and
 * reads the file on, whatever the source; nothing else of it is fetched or read twice.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assets } from '../../web/engine/assets.js';
import { Engine } from '../../web/engine/engine.js';
import { loadModel } from '../../web/jielong.js';
import { describeSource } from '../../web/source/source.js';
import { golden } from '../helpers/paths.js';

const RARE = golden('arch/xverse.gguf'); // a row of the table that is under JL_ALL
const bytes = readFileSync(RARE);

/** A stream of chunks of n bytes, which cannot be read twice. @param {number} n */
function stream(n) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(Uint8Array.from(bytes.subarray(at, at + n)));
      at += n;
    },
  });
}

/** @param {any} source @param {object} options */
async function logits(source, options) {
  const model = await loadModel(source, options);
  const session = await model.createSession();
  await session.append([1, 2, 3, 4, 5]);
  const row = await session.logits();
  await model.close();
  return Buffer.from(new Float32Array(row).buffer);
}

for (const worker of [false, true])
  test(`the same logits from a path, a stream and bytes ${worker ? 'in a worker' : 'in the thread'}`, async () => {
    const own = await loadModel(RARE, { worker, wasm: readFileSync('web/jielong-all.wasm') });
    assert.equal(own.info.architecture, 'xverse');
    await own.close();
    const expected = await logits(RARE, { worker, threads: 1, precision: 'exact' });
    for (const [source, threads] of [
      [bytes, 1],
      [stream(7), 1],
      [stream(4096), 2],
      [stream(1 << 20), 1],
    ])
      assert.deepEqual(await logits(source, { worker, threads, precision: 'exact' }), expected);
  });

/** Loads in this thread with the addresses of modules changed. @param {any} source @param {object} changes */
async function load(source, changes) {
  const engine = new Engine();
  const options = { assets: { ...assets(), ...changes }, threads: 1 };
  try {
    return await engine.load(describeSource(source), options, undefined);
  } finally {
    engine.close();
  }
}
const nowhere = { kind: /** @type {const} */ ('url'), url: 'file:///nowhere/jielong-all.wasm' };

test('usual models need the usual module alone', async () => {
  const info = await load(golden('arch/llama.gguf'), { all: nowhere });
  assert.equal(/** @type {any} */ (info).architecture, 'llama');
});

test('without the module, the refusal says what is missing', async () => {
  await assert.rejects(load(bytes, { all: nowhere }), {
    code: 'UNKNOWN_ARCHITECTURE',
    where: 'general.architecture',
    message: /"xverse" is not supported;.*jielong-all\.wasm.*could not be fetched.*nowhere/s,
  });
  await assert.rejects(load(bytes, { all: undefined }), {
    code: 'UNKNOWN_ARCHITECTURE',
    message: /"xverse" is not supported/,
  });
});

test('what no module supports is refused once', async () => {
  const other = Buffer.from(bytes);
  other.write('xversf', other.indexOf('xverse'));
  await assert.rejects(load(other, {}), {
    code: 'UNKNOWN_ARCHITECTURE',
    message: /^"xversf" is not supported; choose a model of one of: (?!.*fetched)/,
  });
});

test('a damaged file is refused by the module that reads it on', async () => {
  await assert.rejects(load(bytes.subarray(0, bytes.length - 100), {}), { code: 'TRUNCATED' });
});
