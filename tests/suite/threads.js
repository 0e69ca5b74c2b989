/**
 * threads.js - several threads give the bits of one; hosts without threads say so.
 */
import { ok, sameBits } from './assert.js';

/** @typedef {import('./index.js').Case} Case */
/** @typedef {import('./index.js').T} T */

/** Logits after a prompt and a few steps. @param {import('./index.js').Model} model @param {number[]} ids */
async function walk(model, ids) {
  const session = await model.createSession({ contextLength: ids.length + 8 });
  const rows = [];
  await session.append(ids);
  for (let i = 0; i < 4; i++) {
    rows.push(await session.logits());
    await session.append([ids[i]]);
  }
  rows.push(await session.logits());
  await session.close();
  return rows;
}

/**
 * @param {T} t @param {any} source @param {number[]} ids @param {number} threads
 * @param {'exact' | 'fast'} precision
 */
async function walkWith(t, source, ids, threads, precision) {
  const model = await t.load(source, { threads, precision });
  const { threads: used, threadsReason: why } = model.info;
  ok(used === threads || (used === 1 && why), `${threads} threads: ${used}, ${why}`);
  const rows = await walk(model, ids);
  await model.close();
  return rows;
}

/**
 * @param {string} name @param {string} folder @param {'exact' | 'fast'} precision
 * @param {Partial<Case>} [more] @returns {Case}
 */
const sameAsOne = (name, folder, precision = 'exact', more = {}) => ({
  ...more,
  name: `threads: 2 and 3 give the bits of one, ${name}, ${precision}`,
  async run(t) {
    const ids = await t.json(`${folder}/ids.json`);
    const wanted = await walkWith(t, t.source(name), ids, 1, precision);
    for (const threads of [2, 3]) {
      const rows = await walkWith(t, t.source(name), ids, threads, precision);
      rows.forEach((row, i) => {
        sameBits(row, wanted[i], `${threads} threads, row ${i}`);
      });
    }
  },
});

/** @type {Case[]} */
export const threads = [
  sameAsOne('arch/llama.gguf', 'arch'),
  sameAsOne('arch/gemma2.gguf', 'arch'),
  sameAsOne('types/q4_1.gguf', 'types'),
  sameAsOne('types/q8_0.gguf', 'types'),
  sameAsOne('types/q4_0.gguf', 'types', 'fast'),
  sameAsOne('types/q8_0.gguf', 'types', 'fast'),
  sameAsOne('smollm2', 'types', 'exact', { needs: 'smollm2', slow: true }),
];
