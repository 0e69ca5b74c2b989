/**
 * docs.test.js - checks the documents against the code: links, paths, map, options, examples.
 *
 * model/table.c, compute/matmul.c and text/tokenizer.c check tables of architectures, tensor types, pre-tokenizers.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { CHAT, EMBED, GENERATE, LOAD, TOKENIZE } from '../web/base/options.js';
import { table as smallModels } from './helpers/small_models.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'src/README.md',
  'web/README.md',
  'web/models/README.md',
  'tests/README.md',
  'tests/bench/SPEED.md',
  'tests/golden/README.md',
];
/** @param {string} file */
const read = (file) => readFileSync(join(root, file), 'utf8');
/** Text outside code blocks. @param {string} text */
const prose = (text) => text.replace(/^```[\s\S]*?^```$/gm, '');

test('README has at most 160 lines of at most 160 columns', () => {
  const lines = read('README.md').trimEnd().split('\n');
  assert.ok(lines.length <= 160, `${lines.length} lines`);
  assert.deepEqual(
    lines.filter((line) => [...line].length > 160),
    [],
  );
});

test('the table of small models is what the table of architectures and the sizes say', () => {
  const squeezed = (/** @type {string} */ text) => text.replace(/ +/g, ' ').replace(/-+/g, '---');
  assert.ok(squeezed(read('src/README.md')).includes(squeezed(smallModels())), 'print it again');
});

/** GitHub's anchors for the headings of a page. @param {string} text */
const anchors = (text) =>
  [...prose(text).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

test('links between documents have targets', () => {
  const dead = [];
  let seen = 0;
  for (const file of DOCUMENTS) {
    for (const [, link] of prose(read(file)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      seen++;
      const [path, anchor] = link.split('#');
      const target = path ? join(dirname(file), path) : file;
      const there = existsSync(join(root, target));
      if (!there || (anchor && !anchors(read(target)).includes(anchor)))
        dead.push(`${file}: ${link}`);
    }
  }
  assert.deepEqual(dead, []);
  assert.ok(seen > 10, `only ${seen} links were seen`);
});

test('paths in the documents exist', () => {
  const missing = [];
  for (const file of DOCUMENTS) {
    for (const [, path] of read(file).matchAll(/`([\w-]+\/(?:[\w./-]*(?:\.\w+|\/))?)`/g)) {
      if (/^build\/|\.wasm$|jinja\.js$|NAME|TYPE/.test(path)) continue; // a build product or a pattern
      const bases = ['', dirname(file), 'src', 'tests'];
      if (!bases.some((base) => existsSync(join(root, base, path))))
        missing.push(`${file}: ${path}`);
    }
  }
  assert.deepEqual(missing, []);
});

for (const folder of ['src', 'web']) {
  test(`the map in README has every folder of ${folder}/, and no other`, () => {
    const [, part] =
      read('README.md').match(new RegExp(`^${folder}/ .*\n((?:  .*\n)*)`, 'm')) ?? [];
    const listed = [...(part ?? '').matchAll(/^ {2}(\w+)\/ /gm)].map(([, name]) => name);
    const there = readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'i18n')
      .map(({ name }) => name);
    assert.deepEqual(listed.sort(), there.sort());
  });
}

test('README counts what the tables of src/README list', () => {
  const [, architectures, types] =
    read('README.md').match(/(\d+) architectures, (\d+) tensor/) ?? [];
  const rows = (/** @type {RegExp} */ pattern) =>
    (read('src/README.md').match(pattern) ?? []).length;
  assert.equal(rows(/^\| `[\w-]+` +\| (RMS|Layer)Norm/gm), Number(architectures));
  assert.equal(rows(/^\| \w+ +\| [\d.]+ +\| [\d.]+ +\|/gm), Number(types));
});

test('web/README.md has every option of the API', () => {
  const text = read('web/README.md');
  const options = Object.keys({ ...LOAD, ...GENERATE, ...CHAT, ...TOKENIZE, ...EMBED });
  assert.deepEqual(
    options.filter((name) => !new RegExp(`\\b${name}\\b`).test(text)),
    [],
  );
});

test('the examples of web/README.md run, in order', { timeout: 300_000 }, async (t) => {
  const web = pathToFileURL(join(root, 'web/')).href;
  // One function, so that examples share variables. It resolves imports and
  // addresses like a file in web/.
  const body = [...read('web/README.md').matchAll(/^```js\n([\s\S]*?)^```$/gm)]
    .map(([, code]) => code)
    .join('\n')
    .replace(/^import (.*) from '(.*)';$/gm, "const $1 = await import(at('$2'));")
    .replace(/loadModel\('(.*)'/g, "loadModel(new URL(at('$1'))")
    .replaceAll('import.meta.url', "at('README.md')");
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
  /** @type {unknown[][]} */
  const printed = [];
  /** @param {string} name */
  const at = (name) => (name.startsWith('node:') ? name : new URL(name, web).href);
  await new AsyncFunction('at', 'console', body)(at, {
    log: (/** @type {unknown[]} */ ...values) => printed.push(values),
  });
  t.diagnostic(`${printed.length} lines printed`);
  assert.ok(printed.length > 40, 'tokens, steps and merges were printed');
});
