/**
 * learn.js - trains a vocabulary and queries n-grams in the page: against recounting, on every host, failures.
 */

import { Ngram } from '../../web/ngram.js';
import { TokenizerTrainer, trainTokenizer } from '../../web/tokenizer-trainer.js';
import { ok, rejects, same } from './assert.js';

/** @typedef {import('./index.js').Case} Case */

/** @param {AsyncIterable<any>} steps */
async function collect(steps) {
  const all = [];
  for await (const step of steps) all.push(step);
  return all;
}

/** The definition: recounts pairs in each step, for a text of lower-case words. @param {string} text @param {number} n */
function naive(text, n) {
  // A word keeps its leading space; ids number the bytes in the order of GPT-2's alphabet.
  const printable = (/** @type {number} */ b) => (b > 0x20 && b < 0x7f) || (b > 0xa0 && b !== 0xad);
  const bytes = Array.from({ length: 256 }, (_, b) => b);
  const order = [...bytes.filter(printable), ...bytes.filter((b) => !printable(b))];
  const words = (text.match(/ ?[a-z]+/g) ?? []).map((word) =>
    Array.from(word, (c) => 1 + order.indexOf(c.charCodeAt(0))),
  );
  /** @type {[number, number, number][]} */
  const merges = [];
  for (let id = 257; id < 257 + n; id++) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const w of words)
      for (let i = 1; i < w.length; i++) {
        const key = `${w[i - 1]} ${w[i]}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    const best = [...counts]
      .map(([key, count]) => [count, ...key.split(' ').map(Number)])
      .sort((a, b) => b[0] - a[0] || a[1] - b[1] || a[2] - b[2])[0];
    if (!best || best[0] < 2) break;
    const [count, left, right] = best;
    merges.push([left, right, count]);
    for (const w of words)
      for (let i = 0; i + 1 < w.length; i++)
        if (w[i] === left && w[i + 1] === right) w.splice(i, 2, id);
  }
  return merges;
}

const rhyme =
  'how much wood would a woodchuck chuck if a woodchuck could chuck wood he would chuck he would ' +
  'as much as he could and chuck as much wood as a woodchuck would if a woodchuck could chuck wood';

/** Text of ngram.gguf, repeated three times. */
const heard =
  'how much wood would a woodchuck chuck if a woodchuck could chuck wood\n' +
  'he would chuck he would as much as he could\n' +
  'and chuck as much wood as a woodchuck would if a woodchuck could chuck wood\n';

/** @type {Case[]} */
export const learn = [
  {
    name: 'merges are trained as in the definition',
    async run() {
      const steps = await collect(trainTokenizer(rhyme, { merges: 40 }));
      const found = steps.map((s) => [s.left, s.right, s.count]);
      const wanted = naive(rhyme, 40);
      ok(wanted.length > 20, `only ${wanted.length} steps`);
      same(found, wanted, 'merges');
      same(
        steps.map((s) => s.id),
        wanted.map((_, i) => 257 + i),
        'ids',
      );
    },
  },
  {
    name: 'a sample is merged along, and its tokens spell it',
    async run() {
      const sample = 'a woodchuck, 接龍\n';
      const trainer = await TokenizerTrainer.open(rhyme, { sample });
      const spell = () => {
        const bytes = Array.from(trainer.sample()).flatMap((id) => [...trainer.token(id)]);
        return new TextDecoder().decode(new Uint8Array(bytes));
      };
      let last = trainer.sample().length;
      same(last, new TextEncoder().encode(sample).length, 'bytes');
      for (let step = trainer.step(); step; step = trainer.step()) {
        same(step.sampleBefore, last, 'before');
        last = trainer.sample().length;
        same(step.sampleAfter, last, 'after');
        same(spell(), sample, 'the sample');
      }
      ok(last < 12, `${last} tokens are left`);
      trainer.close();
      await rejects(() => trainer.step(), 'CLOSED');
    },
  },
  {
    name: 'vocabulary training: no text, the end, invalid arguments',
    async run() {
      same(await collect(trainTokenizer('')), [], 'steps of no text');
      same((await collect(trainTokenizer(rhyme, { merges: 3 }))).length, 3, 'steps');
      const bad = /** @type {any} */ (7);
      await rejects(collect(trainTokenizer(bad)), 'BAD_ARGUMENT', /text/);
      await rejects(
        collect(trainTokenizer('a', { pre: 'none such' })),
        'BAD_ARGUMENT',
        /none such/,
      );
      await rejects(collect(trainTokenizer('a', { merges: NaN })), 'BAD_ARGUMENT', /merges/);
      const signal = AbortSignal.abort();
      const aborted = await collect(trainTokenizer(rhyme, { signal })).catch((e) => e.name);
      same(aborted, 'AbortError', 'an abort');
    },
  },
  {
    name: 'n-grams: distributions, and a memorised rhyme',
    async run(t) {
      const ngram = await Ngram.open(await t.bytes('ngram.gguf'));
      same(ngram.order, 4, 'order');
      // 3 special tokens and 256 bytes precede the characters, which are sorted by frequency.
      const characters = [...' cuodhwlkafm\nnsi'];
      const counts = new Map([...heard].map((c) => [c, heard.split(c).length]));
      characters.sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || (a < b ? -1 : 1));
      const id = (/** @type {string} */ c) => 259 + characters.indexOf(c);
      for (const context of ['', 'w', 'wo', 'woo', 'a woodchuck', 'zzz', 'kcu']) {
        const p = ngram.distribution([...context].map(id));
        same(p.length, 276, 'probabilities');
        ok(
          p.every((x) => x > 0),
          `${context}: a token cannot come`,
        );
        const sum = p.reduce((a, x) => a + x, 0);
        ok(Math.abs(sum - 1) < 1e-4, `${context}: the sum is ${sum}`);
      }
      const chuck = ngram.distribution([...'chu'].map(id));
      same(chuck.indexOf(Math.max(...chuck)), id('c'), 'after chu');
      ok(chuck[id('c')] > 0.9, `after chu c has ${chuck[id('c')]}`);
      ngram.close();
      await rejects(() => ngram.distribution([]), 'CLOSED');
    },
  },
  {
    name: 'n-grams: invalid files',
    async run(t) {
      const file = await t.bytes('ngram.gguf');
      await rejects(Ngram.open(file.slice(0, 900)), 'TRUNCATED');
      await rejects(Ngram.open(await t.bytes('arch/llama.gguf')), 'BAD_FORMAT', /architecture/);
      await rejects(Ngram.open(/** @type {any} */ ('ngram.gguf')), 'BAD_ARGUMENT', /file/);
    },
  },
];
