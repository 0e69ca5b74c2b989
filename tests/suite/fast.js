/**
 * fast.js - precision 'fast': equal bits on every machine, and its distance to the exact logits.
 *
 * golden/types/fast.json hashes the last logits of each type by the oracle in plain C (tests/compute/fast.c).
 * Every host must match it, with relaxed SIMD kernels or the build's own.
 *
 * Tolerances: KL 0.003 is the cost of llama.cpp's own 8-bit activations on this text. Log-probabilities
 * then move by sqrt(2·KL) = 0.08 per token, 0.006 in the mean of 200, and the perplexity of 26.5 by 0.15;
 * the limit is three times that.
 */
import { ok, same } from './assert.js';
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

/** @param {import('./index.js').T} t @param {string} file */
async function precisionOf(t, file) {
  const model = await t.load(t.source(file), { precision: 'auto' });
  const { precision } = model.info;
  await model.close();
  return precision;
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
      same(hash(logits), (await t.json('types/fast.json'))[name], 'hash of the logits');
      same(model.info.precision, 'fast', 'precision');
      await model.close();
    },
  })),
  {
    name: 'fast: precision follows from browser and processor, in every load',
    async run(t) {
      const exact = (await t.model('types/q4_0.gguf')).info;
      same(exact.precision, 'exact', 'where exact was asked for');
      ok(/^(simd128|scalar)$/.test(exact.kernels), exact.kernels);
      // 8-bit weights first: where those are fast, types below are too.
      const fast = await precisionOf(t, 'types/q8_0.gguf');
      const below = await precisionOf(t, 'types/q4_0.gguf');
      ok(fast === 'exact' || below === 'fast', `q8_0 ${fast}, q4_0 ${below}`);
      for (let i = 0; i < 4; i++) {
        same(await precisionOf(t, 'types/q8_0.gguf'), fast, 'q8_0');
        same(await precisionOf(t, 'types/q4_0.gguf'), below, 'q4_0');
      }
    },
  },
  {
    name: 'fast: the same seed draws the same tokens in every load, while kernels are measured',
    async run(t) {
      const texts = [];
      for (let load = 0; load < 3; load++) {
        const model = await t.load(t.source('types/q4_0.gguf'), { precision: 'auto' });
        const session = await model.createSession();
        const drawn = [];
        // Long enough to measure each kind of kernels, at positions that differ between loads.
        for (const seed of [1, 2, 3, 4, 5, 6]) {
          await session.rewind(0);
          const options = { seed, maxTokens: 80, ignoreEos: true, temperature: 1.5 };
          drawn.push(...(await session.complete([1, 2, 3], options)).ids);
        }
        texts.push(drawn);
        await model.close();
      }
      same(texts[1], texts[0], 'second load');
      same(texts[2], texts[0], 'third load');
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
