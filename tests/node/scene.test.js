/**
 * scene.test.js - `jielong scene`: records figures, computes them again, and says where a scene differs.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FIGURES } from '../../web/figures/index.js';
import { readScene } from '../../web/figures/scene.js';
import { loadModel } from '../../web/jielong.js';
import { root } from '../helpers/paths.js';

const folder = mkdtempSync(join(tmpdir(), 'jielong-'));
after(() => rmSync(folder, { recursive: true }));
const TALES = join(root, 'web/models/tales.gguf');
const TEXT = 'The old king and the old king';

/** @param {string[]} args */
function run(...args) {
  const command = [join(root, 'web/node/cli.js'), 'scene', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('a scene has the values that the figures compute, and computes again to the same', async () => {
  const file = join(folder, 'scene.json');
  const options = ['--figure', 'tokens,attention', '--layer', '2', '--set', 'token=3'];
  assert.deepEqual(run(TALES, TEXT, ...options, '--out', file), {
    status: 0,
    stdout: '',
    stderr: '',
  });
  const scene = readScene(readFileSync(file, 'utf8'));
  assert.deepEqual(scene.request, { text: TEXT, layer: 2, token: 3 });
  assert.deepEqual(scene.model, {
    name: 'Tales',
    file: 'tales',
    type: 'Q8_0',
    bytes: readFileSync(TALES).length,
  });
  assert.deepEqual(Object.keys(scene.views), ['tokens', 'attention']);
  const model = await loadModel(TALES, { precision: 'exact' });
  const ids = [...(await model.tokenize(TEXT, { bos: true }))];
  await model.close();
  assert.deepEqual(
    scene.views.attention.tokens.map((/** @type {any} */ token) => token.id),
    ids,
  );

  const again = run(TALES, '--check', file);
  assert.equal(again.status, 0, again.stderr);
  assert.deepEqual(JSON.parse(again.stdout).figures, ['tokens', 'attention']);

  const changed = JSON.parse(readFileSync(file, 'utf8'));
  changed.views.attention.total = 99;
  writeFileSync(file, JSON.stringify(changed));
  const differs = run(TALES, '--check', file);
  assert.equal(differs.status, 1);
  assert.match(differs.stderr, /^jielong: DIFFERENT: .*scene\.json.* at attention\.total; record/);
});

test('without --out the scene is printed; --file gives the text', () => {
  const file = join(folder, 'text.txt');
  writeFileSync(file, '\n床前明月光');
  const { stdout } = run(
    join(root, 'web/models/poems.gguf'),
    '--file',
    file,
    '--figure',
    'tokens',
    '--seed',
    '7',
  );
  const scene = readScene(stdout);
  assert.deepEqual(scene.request, { text: '\n床前明月光', seed: 7 });
  assert.equal(scene.model.file, 'poems');
});

test('what does not fit is refused in one line', () => {
  const file = join(folder, 'bad.json');
  writeFileSync(file, '{"jielong":1,"model":{},"request":{},"views":{"nope":{}}}');
  for (const [args, status, message] of /** @type {[string[], number, RegExp][]} */ ([
    [[TALES, TEXT], 2, /USAGE: scene needs --figure/],
    [[TALES, '--figure', 'tokens'], 2, /takes one of TEXT, --file FILE and --check FILE/],
    [[TALES, TEXT, '--check', file], 2, /takes one of/],
    [[TALES, TEXT, '--figure', 'tokens,nope'], 2, /no figure 'nope', only attention, /],
    [[TALES, TEXT, '--figure', 'tokens', '--layer', 'all'], 2, /a number for --layer/],
    [[TALES, TEXT, '--figure', 'tokens', '--set', 'token'], 2, /--set NAME=VALUE: 'token' is not/],
    [[TALES, '--check', file], 1, /BAD_ARGUMENT: .*bad\.json.*no figure 'nope'/],
    [[TALES, '--check', join(folder, 'none.json')], 1, /FILE: .*none\.json cannot be read/],
    [[TALES, TEXT, '--figure', 'tokens', '--out', join(folder, 'no/o')], 1, /FILE: --out: /],
  ])) {
    const found = run(...args);
    assert.equal(found.status, status, found.stderr);
    assert.match(found.stderr, message);
    assert.equal(found.stderr.trim().split('\n').length, 1);
  }
});

test('the help lists every figure', () => {
  const { stdout } = run('--help');
  for (const name of Object.keys(FIGURES)) assert.match(stdout, new RegExp(`\\b${name}\\b`));
});
