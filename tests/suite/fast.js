/**
 * fast.js - precision 'fast': the same bits on every machine, and how far it is from the exact logits.
 *
 * golden/types/fast.json holds a hash of the last logits of each type as the oracle in plain C gives them
 * (tests/c_fast.c). An engine without relaxed SIMD, or a build without its module, says so in
 * model.info.kernels and must give the exact bits instead.
 *
 * Tolerances: KL 0.003 is what llama.cpp's own 8-bit activations cost on the same text; of
 * that size each token's log-probability moves by sqrt(2·KL) = 0.08, the mean of 200 by 0.006, the perplexity of 26.5 by
 * 0.15; three times that are allowed.
 */
import { ok, same, sameBits } from './assert.js';
import { distance, greedy } from './golden.js';

/** @typedef {import('./index.js').Case} Case */

const types = 'q8_0 q4_0 q4_1 q5_0 q5_1 q2_k q3_k q4_k q5_k q6_k'.split(' ');

/** FNV-1a of the bytes. @param {Float32Array} floats */
function hash(floats) {
  let h = 0x811c9dc5;
  for (const byte of new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength)) {
    h = Math.imul(h ^ byte, 0x01000193) >>> 0;
  }
  return h.toString(16).padStart(8, '0');
}

/** @param {import('./index.js').Model} model @param {number[]} ids */
async function lastLogits(model, ids) {
  const session = await model.createSession();
  await session.append(ids);
  const logits = await session.logits();
  await session.close();
  return logits;
}

/** @type {Case[]} */
export const fast = [
  ...types.map((name) => ({
    name: `fast: bits of the oracle, ${name}`,
    run: async (/** @type {import('./index.js').T} */ t) => {
      const file = `types/${name}.gguf`;
      const model = await t.load(t.source(file), { precision: 'fast' });
      const ids = await t.json('types/ids.json');
      const logits = await lastLogits(model, ids);
      if (model.info.kernels.includes('relaxed')) {
        same(hash(logits), (await t.json('types/fast.json'))[name], 'hash of the logits');
      } else {
        sameBits(logits, await lastLogits(await t.model(file), ids), 'exact logits');
      }
      await model.close();
    },
  })),
  {
    name: 'fast: chosen by measuring, and exact where asked',
    async run(t) {
      const file = 'types/q4_0.gguf';
      const chosen = await t.load(t.source(file), { precision: 'auto' });
      ok(/^simd128(, relaxed below 8 bits)?$/.test(chosen.info.kernels), chosen.info.kernels);
      same((await t.model(file)).info.kernels, 'simd128', 'kernels where exact was asked for');
      await chosen.close();
    },
  },
  {
    name: 'fast: KL to the exact logits under 0.003, greedy tokens as llama.cpp',
    needs: 'smollm2',
    slow: true,
    async run(t) {
      const model = await t.load(t.source('smollm2'), { precision: 'fast' });
      await distance(t, model, 3e-3, 0.45);
      const [first] = await t.json('smollm2/greedy.json');
      same(await greedy(model, first.ids, 8), first.greedy.slice(0, 8), 'ids');
      await model.close();
    },
  },
];
