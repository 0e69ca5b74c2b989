/**
 * store.test.js - downloads that are kept, in Node, in a folder; tests/browser/store.test.js runs the same cases in pages.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import * as jielong from '../../web/jielong.js';
import * as stored from '../../web/stored.js';
import { startBadServer } from '../helpers/bad_server.js';
import { root } from '../helpers/paths.js';
import { storeCases } from '../suite/store.js';

const folder = mkdtempSync(join(tmpdir(), 'jielong-store-'));
const model = (/** @type {string} */ name) => readFileSync(join(root, 'web', 'models', name));
const versions = [model('tales.gguf'), model('poems.gguf'), randomBytes(1 << 20)];
const server = await startBadServer(versions);
after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

for (const { name, run } of storeCases)
  test(name, () => run({ jielong, stored, origin: server.origin, folder }));

test('without a folder nothing is kept, and the load goes on', async () => {
  const loaded = await jielong.loadModel(`${server.origin}/plain.gguf?how=drop`, { store: true });
  assert.equal(loaded.info.kept, null);
  assert.match(loaded.info.keptReason ?? '', /in Node the option 'store' is a folder/);
  await loaded.close();
});

test('a folder that cannot be written keeps nothing, and the load goes on', async () => {
  const store = join(root, 'package.json', 'no-folder');
  const loaded = await jielong.loadModel(`${server.origin}/other.gguf?how=`, { store });
  assert.equal(loaded.info.kept, null);
  assert.match(loaded.info.keptReason ?? '', /ENOTDIR/);
  await loaded.close();
});
