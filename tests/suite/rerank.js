/**
 * rerank.js - rerankers: llama.cpp's scores, from a query and texts on, and failures.
 *
 * F32 files: scores at most 2e-5 from llama.cpp's, for another order of sums.
 */
import { below, ok, rejects, same } from './assert.js';
import { counting } from './embed.js';

/** @typedef {import('./index.js').Case} Case */

/** Files with a classification head. */
const RERANKERS = ['bert', 'modern-bert', 'jina-bert-v2', 'qwen3'];

/** @param {import('./index.js').T} t */
async function opened(t) {
  const { query, texts } = await t.json('rank/bert.json');
  return { model: await t.model('rank/bert.gguf'), query, texts, list: texts.map(textOf) };
}

/** @param {{ text: string }} one */
const textOf = ({ text }) => text;

/** @type {Case[]} */
export const rerank = [
  {
    name: 'rerank: scores as llama.cpp, best first, each that of its text alone',
    async run(t) {
      const { model, query, texts, list } = await opened(t);
      const ranked = await model.rerank(query, list);
      same(
        ranked.map(({ index }) => list[index]),
        ranked.map(textOf),
        'index and text',
      );
      for (const [i, { index, score, tokens }] of ranked.entries()) {
        below(Math.abs(score - texts[index].score), 2e-5, `score of text ${index}`);
        same(tokens, texts[index].ids.length, 'tokens of the query and the text');
        ok(i === 0 || score <= ranked[i - 1].score, 'best first');
        const [alone] = await model.rerank(query, [list[index]]);
        same(alone.score, score, 'the same bits alone');
      }
      same(await model.rerank(query, []), [], 'no texts');
    },
  },
  {
    name: 'rerank: the heads of ModernBERT, Jina and Qwen3 load and describe themselves',
    async run(t) {
      for (const name of RERANKERS) {
        const { info } = await t.model(`rank/${name}.gguf`);
        const { before, between, after, template } = info.reranker ?? {};
        same(template, null, `${name} has no template`);
        const pair = name === 'bert' ? [[2], [3], []] : [[], [], []]; // [CLS] query [SEP] text
        same([before, between, after], pair, name);
        same(info.pooling, null, 'no pooling of embeddings');
      }
      const { info } = await t.model('arch/bert.gguf');
      same(info.reranker, undefined, 'no head');
    },
  },
  {
    name: 'rerank: progress, an abort, and impossible requests with a reason',
    async run(t) {
      const { model, query, list } = await opened(t);
      const many = Array.from({ length: 150 }, (_, i) => `${list[i % 3]} ${i}`);
      /** @type {number[][]} */ const seen = [];
      await model.rerank(query, many, { onProgress: (...of) => seen.push(of) });
      same(seen.at(-1), [150, 150], 'the end');
      ok(seen.length > 3 && seen.every(([n], i) => i === 0 || n > seen[i - 1][0]), 'rising');
      const { signal } = counting(5);
      same(await model.rerank(query, many, { signal }).catch((e) => e.message), 'enough', 'abort');
      const any = /** @type {any} */ (model);
      await rejects(any.rerank(1, list), 'BAD_ARGUMENT', /query/);
      await rejects(any.rerank(query, 'text'), 'BAD_ARGUMENT', /texts/);
      await rejects(any.rerank(query, ['a', 2]), 'BAD_ARGUMENT', /texts\[1\]/);
      await rejects(any.rerank(query, list, { signal: 1 }), 'BAD_ARGUMENT', /signal/);
      const long = list[0].repeat(40);
      await rejects(model.rerank(query, ['a', long]), 'BAD_ARGUMENT', /texts\[1\].*trained for/);
      const other = await t.model('arch/bert.gguf');
      await rejects(other.rerank(query, list), 'BAD_ARGUMENT', /no classification head/);
      await rejects(
        other.embed(query, { pooling: /** @type {any} */ ('rank') }),
        'BAD_ARGUMENT',
        /pooling/,
      );
    },
  },
];
