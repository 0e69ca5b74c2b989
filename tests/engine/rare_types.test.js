/**
 * rare_types.test.js - tensor types that only jielong-all.wasm reads: llama.cpp's logits (tests/golden/types),
 * batches, steps and saved sessions, native and wasm, parts and damaged files.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadModel } from '../../web/jielong.js';
import { golden, root } from '../helpers/paths.js';
import { splitGguf } from '../helpers/splitter.js';

const wasm = readFileSync(join(root, 'web', 'jielong-all.wasm'));
const ids = JSON.parse(readFileSync(golden('types/ids.json'), 'utf8'));
const types =
  'Q1_0 Q2_0 TQ1_0 TQ2_0 MXFP4 NVFP4 IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S IQ3_XXS IQ3_S'.split(' ');
const native = join(root, 'build', 'release', 'jielong');
const folder = mkdtempSync(join(tmpdir(), 'jielong-types-'));
after(() => rmSync(folder, { recursive: true }));

const fileOf = (/** @type {string} */ type) => golden(`types/${type.toLowerCase()}.gguf`);
const load = (/** @type {any} */ source, options = {}) => loadModel(source, { wasm, ...options });

/** Logits of every position, one array. @param {any} model @param {number[]} list */
async function logits(model, list = ids) {
  const session = await model.createSession({ allLogits: true });
  /** @type {number[]} */
  const all = [];
  for await (const row of session.eachLogits(list)) all.push(...row);
  await session.close();
  return Float32Array.from(all);
}

/** The last logits after these pieces. @param {any} session @param {number[][]} pieces */
async function afterPieces(session, pieces) {
  for (const piece of pieces) {
    await session.append(piece);
    await session.logits();
  }
  return Float32Array.from(await session.logits());
}

/** Normalised mean squared error. @param {Float32Array} found @param {Float32Array} wanted */
function nmse(found, wanted) {
  let [error, power] = [0, 0];
  wanted.forEach((x, i) => {
    error += (found[i] - x) ** 2;
    power += x ** 2;
  });
  return error / power;
}

for (const type of types)
  test(`${type}: llama.cpp's logits of the same weights; native and wasm, batch and steps have the same bits`, async () => {
    const bytes = readFileSync(fileOf(type).replace('.gguf', '.f32'));
    const wanted = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const model = await load(fileOf(type));
    const found = await logits(model);
    assert.equal(found.length, wanted.length);
    const error = nmse(found, wanted);
    assert.ok(error < 1e-6, `NMSE ${error}`);
    assert.equal(model.info.fileType, type);

    const session = await model.createSession();
    const last = found.slice(-found.length / ids.length);
    assert.deepEqual(await afterPieces(session, [ids]), last);
    await session.rewind(5);
    assert.deepEqual(await afterPieces(session, [ids.slice(5, 9), ids.slice(9)]), last, 'rewound');
    await session.rewind(0);
    const steps = ids.map((/** @type {number} */ id) => [id]);
    assert.deepEqual(await afterPieces(session, steps), last, 'steps');
    await session.rewind(12);
    const saved = await model.restore(await session.save());
    assert.deepEqual(await afterPieces(saved, [ids.slice(12)]), last, 'restored');

    assert.ok(existsSync(native), 'no build/release/jielong; make config=release native');
    const out = join(folder, 'native.f32');
    execFileSync(native, ['logits', fileOf(type), '--ids', ids.join(), '--out', out]);
    assert.deepEqual(readFileSync(out), Buffer.from(found.buffer), 'native');
    await model.close();
  });

test('precision `fast` on two threads is close to `exact`', async () => {
  for (const type of types) {
    const exact = await load(fileOf(type), { precision: 'exact', threads: 1 });
    const fast = await load(fileOf(type), { precision: 'fast', threads: 2 });
    const [a, b] = [await logits(exact), await logits(fast)];
    assert.ok(nmse(b, a) < (type === 'MXFP4' ? 0.1 : 2e-3), `${type}: ${nmse(b, a)}`); // it chooses experts
    await Promise.all([exact.close(), fast.close()]);
  }
});

test('parts of a file give the same bits; a file without its end is refused', async () => {
  for (const type of types) {
    const file = readFileSync(fileOf(type));
    const model = await load(new Blob([file]));
    const wanted = await logits(model, [1, 2, 3]);
    await model.close();
    const parts = splitGguf(file, 2).map((part) => new Blob([part]));
    const whole = await load(parts);
    assert.deepEqual(await logits(whole, [1, 2, 3]), wanted, type);
    await whole.close();
    for (const cut of [
      new Blob([file.subarray(0, -40)]),
      new Blob([file.subarray(0, -40)]).stream(),
    ])
      await assert.rejects(load(cut), { code: 'TRUNCATED' }, type);
  }
});

test('a second scale that belongs to nothing is refused by name', async () => {
  const file = readFileSync(fileOf('NVFP4'));
  /** A copy with a tensor's name changed. @param {string} name @param {string} to as long */
  const renamed = (name, to) => {
    const copy = Buffer.from(file);
    copy.write(to, copy.indexOf(name));
    return new Blob([copy]);
  };
  for (const name of ['blk.0.attn_x.scale', 'blk.1.attn_q.scale', 'blk.0.ffn_up.scale'])
    await assert.rejects(load(renamed('blk.0.attn_q.scale', name)), {
      code: 'BAD_TENSOR',
      where: name,
    });
  const halved = Buffer.from(file);
  const entry = halved.indexOf('blk.0.attn_v.scale') + 18; // number of dimensions, size, type, offset
  assert.equal(halved.readUInt32LE(entry + 4 + 8), 0); // F32
  halved.writeUInt32LE(1, entry + 4 + 8); // F16
  await assert.rejects(load(new Blob([halved])), {
    code: 'BAD_TENSOR',
    where: 'blk.0.attn_v.scale',
  });
});

test('any bits of weights: numbers or an error, never a trap', async () => {
  let state = 5;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  for (const type of types) {
    const file = Buffer.from(readFileSync(fileOf(type)));
    for (let i = file.length >> 1; i < file.length; i++) file[i] = random();
    const model = await load(new Blob([file]));
    const found = await logits(model, [1, 2, 3]).catch((e) => e.code);
    assert.ok(
      found === 'NOT_A_NUMBER' || found.length === 3 * model.info.vocabularySize,
      `${found}`,
    );
    await model.close();
  }
});

test('jielong.wasm alone refuses them by name', async () => {
  const usual = readFileSync(join(root, 'web', 'jielong.wasm'));
  for (const type of types)
    await assert.rejects(loadModel(fileOf(type), { wasm: usual }), {
      code: 'UNKNOWN_TYPE',
      message: new RegExp(`tensor type ${type} is not supported`),
    });
});
