/**
 * split.test.js - split files in Node; tests/browser/split.test.js runs the same cases in pages.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as jielong from '../../web/jielong.js';
import * as stored from '../../web/stored.js';
import { startBadServer } from '../helpers/bad_server.js';
import { root } from '../helpers/paths.js';
import { partName, splitSets } from '../helpers/splitter.js';
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
