/**
 * split.test.js - split files in Node; tests/browser/split.test.js runs the same cases in pages.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as jielong from '../../web/jielong.js';
import { checkParts, mergeHeaders, parsePart } from '../../web/source/split.js';
import * as stored from '../../web/stored.js';
import { startBadServer } from '../helpers/bad_server.js';
import { golden, root } from '../helpers/paths.js';
import { partName, splitGguf, splitSets } from '../helpers/splitter.js';
import { splitCases } from '../suite/split.js';

const folder = mkdtempSync(join(tmpdir(), 'jielong-split-'));
const model = (/** @type {string} */ name) => readFileSync(join(root, 'web', 'models', name));
const tales = model('tales.gguf');
const sets = splitSets(tales, model('poems.gguf'));
const server = await startBadServer([tales, model('poems.gguf')], sets);
after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

for (const { name, run } of splitCases) {
  const store = join(folder, 'store');
  test(name, () => run({ jielong, stored, origin: server.origin, folder: store }));
  test(`${name}, in a worker`, () =>
    run({ jielong, stored, origin: server.origin, folder: store, load: { worker: true } }));
}

/** Writes parts; returns the path of the first. @param {string} set */
function written(set) {
  for (const [i, part] of sets[set].entries())
    writeFileSync(join(folder, partName(set, i, sets[set].length)), part);
  return join(folder, partName(set, 0, sets[set].length));
}

test('the path of the first part loads all; a missing part is named', async () => {
  const path = written('meta');
  for (const source of [path, pathToFileURL(path)]) {
    const loaded = await jielong.loadModel(source);
    assert.equal(loaded.info.parameters > 0, true);
    await loaded.close();
  }
  rmSync(join(folder, partName('meta', 1, 3)));
  await assert.rejects(jielong.loadModel(path), {
    code: 'FILE',
    message: /00002-of-00003.*no such file/,
  });
});

test('the command line takes the path of the first part', () => {
  const cli = join(root, 'web', 'node', 'cli.js');
  const run = (/** @type {string[]} */ ...args) =>
    execFileSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
  const options = ['Once', '-n', '12', '--temperature', '0'];
  const path = written('three');
  const wanted = run('generate', join(root, 'web', 'models', 'tales.gguf'), ...options);
  assert.equal(run('generate', path, ...options), wanted);
  const { fileBytes } = JSON.parse(run('check', path, '--json'));
  assert.equal(
    fileBytes,
    sets.three.reduce((sum, { length }) => sum + length, 0),
  );
});

/** What a model of any kind gives for a few ids. @param {any} source */
async function readings(source) {
  const loaded = await jielong.loadModel(source);
  try {
    const { encoder, parameters } = loaded.info;
    if (encoder) return [parameters, ...(await loaded.embed([[1, 2, 3]]))];
    const session = await loaded.createSession({ contextLength: 8 });
    await session.append([1, 2, 3]);
    return [parameters, await session.logits()];
  } finally {
    await loaded.close();
  }
}

test('all tensor types and architectures give the same bits from their parts', async () => {
  let compared = 0;
  for (const kind of ['types', 'arch'])
    for (const name of readdirSync(golden(kind)).filter((one) => one.endsWith('.gguf'))) {
      const file = readFileSync(join(golden(kind), name));
      const parts = splitGguf(file, 2).map((part) => new Blob([part]));
      const wanted = await readings(new Blob([file])).catch((e) => e.code);
      const found = await readings(parts).catch((e) => e.code);
      assert.deepEqual(found, wanted, name);
      if (Array.isArray(found)) compared++;
    }
  assert.ok(compared > 40, `${compared} models`);
});

test('damaged headers are errors of this library', async () => {
  let state = 12345;
  const random = (/** @type {number} */ n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % n;
  };
  const [first, second] = sets.metatwo.map((part) => Buffer.from(part));
  let refused = 0;
  for (let i = 0; i < 300; i++) {
    const damaged = Buffer.from(second);
    const length = i % 3 ? damaged.length : random(3000);
    for (let n = 1 + random(3); n > 0; n--) damaged[random(i % 2 ? 3000 : 200)] = random(256);
    try {
      const parts = [first, damaged.subarray(0, length)].map((part) => parsePart(part, 'part'));
      const whole = parts.filter((part) => part !== undefined);
      if (whole.length < 2) continue;
      checkParts(whole);
      mergeHeaders(whole);
    } catch (e) {
      if (!(e instanceof jielong.JielongError)) throw e;
      refused++;
    }
  }
  assert.ok(refused > 50, `${refused} of 300`);
});
