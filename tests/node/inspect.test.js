/**
 * inspect.test.js - the commands `inspect` and `lens`: files that hold the values of session.run(), and errors
 * that name the option.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { loadModel } from '../../web/jielong.js';
import { golden, root } from '../helpers/paths.js';

const folder = mkdtempSync(join(tmpdir(), 'jielong-'));
after(() => rmSync(folder, { recursive: true }));
const model = golden('arch/llama.gguf');
const CHAT = golden('chat.gguf'); // with a tokenizer
const script = join(root, 'web', 'node', 'cli.js');

/** @param {string[]} args */
const run = (...args) =>
  execFileSync(process.execPath, [script, ...args], { encoding: 'utf8', cwd: root });

/** The same from the API. @param {any} request */
async function expected(request) {
  const loaded = await loadModel(model);
  const session = await loaded.createSession();
  const result = await session.run([1, 2, 3, 4, 5], request);
  await loaded.close();
  return result.taps;
}

const TAPS = ['--tap', 'blocks.1.attn.hook_pattern', '--tap', 'resid_post', '--layer', 'all'];
const EDIT = { name: 'z', layer: 0, head: 1, op: 'zero' };
const REQUEST = ['inspect', model, '--ids', '1,2,3,4,5', ...TAPS, '--edit', JSON.stringify(EDIT)];
const WANTED = {
  taps: ['blocks.1.attn.hook_pattern', { name: 'resid_post', layer: 'all' }],
  edits: [EDIT],
};

test('a file has one line of JSON and then the floats of every tap', async () => {
  const out = join(folder, 'values');
  assert.equal(run(...REQUEST, '--out', out), '');
  const bytes = readFileSync(out);
  const start = bytes.indexOf(10) + 1;
  assert.equal(start % 64, 0);
  const { tokens, ids, taps } = JSON.parse(bytes.subarray(0, start).toString());
  assert.deepEqual(ids, [1, 2, 3, 4, 5]);
  assert.equal(tokens.length, 5);
  const wanted = await expected(WANTED);
  assert.equal(taps.length, wanted.length);
  let end = start;
  wanted.forEach(({ name, dims, shape, data }, i) => {
    assert.deepEqual([taps[i].name, taps[i].dims, taps[i].shape], [name, dims, shape]);
    end = start + taps[i].offset + data.byteLength;
    const found = bytes.subarray(start + taps[i].offset, end);
    assert.ok(found.equals(Buffer.from(data.buffer)), name);
  });
  assert.equal(bytes.length, end);
});

/** The stored entries of a zip file by name, read from its central directory. @param {Buffer} zip */
function unzip(zip) {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06'));
  const [count, size, from] = [10, 12, 16].map((at) =>
    at === 10 ? zip.readUInt16LE(end + at) : zip.readUInt32LE(end + at),
  );
  assert.equal(from + size, end);
  /** @type {Record<string, Buffer>} */ const files = {};
  let at = from;
  for (let i = 0; i < count; i++) {
    assert.equal(zip.readUInt32LE(at), 0x02014b50);
    assert.equal(zip.readUInt16LE(at + 10), 0, 'stored');
    const [sum, length] = [zip.readUInt32LE(at + 16), zip.readUInt32LE(at + 24)];
    const local = zip.readUInt32LE(at + 42);
    const name = zip.subarray(at + 46, at + 46 + zip.readUInt16LE(at + 28)).toString();
    assert.equal(zip.readUInt32LE(local), 0x04034b50);
    const start = local + 30 + name.length;
    assert.equal(zip.subarray(local + 30, start).toString(), name);
    files[name] = zip.subarray(start, start + length);
    assert.equal(crc32(files[name]), sum, name);
    at += 46 + name.length;
  }
  assert.equal(at, end);
  return files;
}

test('a NumPy file has an array for each tap, and the ids', async () => {
  const out = join(folder, 'values.npz');
  run(...REQUEST, '--out', out, '--npz');
  const files = unzip(readFileSync(out));
  const wanted = await expected(WANTED);
  const names = ['ids', ...wanted.map(({ name }) => name)];
  assert.deepEqual(
    Object.keys(files),
    names.map((name) => `${name}.npy`),
  );
  for (const { name, shape, data } of wanted) {
    const npy = files[`${name}.npy`];
    assert.equal(npy.subarray(0, 8).toString('latin1'), '\x93NUMPY\x01\x00');
    const start = 10 + npy.readUInt16LE(8);
    assert.equal(start % 64, 0);
    const words = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
    assert.equal(npy.subarray(10, start).toString().trimEnd(), words);
    assert.ok(npy.subarray(start).equals(Buffer.from(data.buffer)), name);
  }
  assert.match(files['ids.npy'].subarray(10, 118).toString(), /'<i4'.*\(5,\)/);
  assert.ok(
    files['ids.npy'].subarray(-20).equals(Buffer.from(Int32Array.of(1, 2, 3, 4, 5).buffer)),
  );
});

test('without a file: the tokens, and least, greatest and mean of every tap', async () => {
  const head = ['--tap', 'attn_scores', '--layer', '0', '--head', '0'];
  const { ids, tokens, taps } = JSON.parse(run('inspect', CHAT, 'a b', ...head));
  assert.ok(ids.length > 1 && tokens.length === ids.length);
  assert.equal(taps.length, 1);
  const [{ name, shape, min, max, mean, notFinite }] = taps;
  assert.deepEqual([name, shape], ['blocks.0.attn.hook_attn_scores', [ids.length, ids.length]]);
  assert.ok(min < mean && mean < max);
  assert.equal(notFinite, (ids.length * (ids.length - 1)) / 2, 'masked scores are −∞');
});

test('lens: a row for each block; the last is the model itself', () => {
  const rows = JSON.parse(run('lens', model, '--ids', '1,2,3', '--top', '2'));
  rows.forEach((/** @type {any} */ row, /** @type {number} */ i) => {
    assert.deepEqual([row.layer, row.position, row.top.length], [i, 2, 2]);
  });
  assert.ok(rows.length > 1 && rows[0].kl > 0);
  assert.ok(Math.abs(rows.at(-1).kl) < 1e-6);
});

test('errors name the option', () => {
  /** @type {[string[], number, RegExp][]} */
  const cases = [
    [['inspect', model, 'a'], 2, /USAGE: inspect needs --tap NAME/],
    [['inspect', model, '--tap', 'z'], 2, /takes one of TEXT and --ids/],
    [['inspect', CHAT, 'a', '--tap', 'nope'], 1, /BAD_ARGUMENT: --tap nope: .*no site 'nope'/],
    [['inspect', CHAT, 'a', '--tap', 'z', '--layer', '99'], 1, /--tap z: .*not in 99/],
    [['inspect', CHAT, 'a', '--tap', 'z', '--layer', 'x'], 2, /--layer N: 'x' is not valid/],
    [
      ['inspect', CHAT, 'a', '--tap', 'q', '--tap', 'z', '--layer', '0', '--head', '99'],
      1,
      /--tap q/,
    ],
    [['inspect', CHAT, 'a', '--tap', 'z', '--edit', '[1]'], 2, /--edit JSON: '\[1\]' is not/],
    [
      ['inspect', CHAT, 'a', '--tap', 'embed', '--edit', '{"name":"z"}'],
      1,
      /--edit \{"name":"z"\}/,
    ],
    [['inspect', CHAT, 'a', '--tap', 'embed', '--npz'], 2, /--npz needs --out FILE/],
    [['inspect', CHAT, 'a', '--tap', 'embed', '--out', folder], 1, /FILE: --out: .* cannot be/],
    [['lens', model], 2, /lens takes one of TEXT and --ids/],
    [['lens', CHAT, 'a', '--layer', '99'], 1, /layers from 0 to/],
  ];
  for (const [args, status, words] of cases) {
    const done = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
    assert.equal(done.status, status, `${args}: ${done.stderr}`);
    assert.match(done.stderr, words);
    assert.match(done.stderr, /^jielong: [A-Z_]+: [^\n]+\n$/);
  }
  for (const name of ['inspect', 'lens']) {
    const native = spawnSync(join(root, 'build/release/jielong'), [name, model, 'a']);
    assert.equal(native.status, 2);
    assert.match(String(native.stderr), /runs in Node: node web\/node\/cli.js/);
  }
});
