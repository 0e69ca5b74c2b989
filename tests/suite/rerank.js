/**
 * rerank.js - rerankers: llama.cpp's scores, from a query and texts on, and failures.
 *
 * F32 files: scores at most 2e-5 from llama.cpp's, for another order of sums.
 */
import { Service } from '../../web/openai/completions.js';
import { below, ok, rejects, same } from './assert.js';
import { counting } from './embed.js';

/** @typedef {import('./index.js').Case} Case */

/** Files with a classification head. */
const RERANKERS = ['bert', 'modern-bert', 'jina-bert-v2', 'qwen3'];

/** @param {import('./index.js').T} t @param {string} [name] */
async function opened(t, name = 'bert') {
  const { query, texts } = await t.json(`rank/${name}.json`);
  return { model: await t.model(`rank/${name}.gguf`), query, texts, list: texts.map(textOf) };
}

/** @param {{ text: string }} one */
const textOf = ({ text }) => text;

/** @type {Case[]} */
export const rerank = [
  {
    name: 'rerank: scores as llama.cpp, best first, each that of its text alone',
    async run(t) {
      for (const name of ['bert', 'qwen3']) {
        const { model, query, texts, list } = await opened(t, name);
        const ranked = await model.rerank(query, list);
        same(
          ranked.map(({ index }) => list[index]),
          ranked.map(textOf),
          'index and text',
        );
        for (const [i, { index, score, tokens }] of ranked.entries()) {
          below(Math.abs(score - texts[index].score), 2e-5, `${name}: score of text ${index}`);
          same(tokens, texts[index].ids.length, 'tokens of the query and the text');
          ok(i === 0 || score <= ranked[i - 1].score, 'best first');
          const [alone] = await model.rerank(query, [list[index]]);
          same(alone.score, score, 'the same bits alone');
        }
        same(await model.rerank(query, []), [], 'no texts');
      }
    },
  },
  {
    name: 'rerank: special tokens and places of the template in a text stay text',
    async run(t) {
      const { model } = await opened(t, 'qwen3');
      const [odd] = await model.rerank('a', ['[SEP]']);
      const [plain] = await model.rerank('a', ['sea']);
      ok(odd.tokens > plain.tokens, 'not one special token');
      const [place] = await model.rerank('{document}', ['sea']);
      const [other] = await model.rerank('(document)', ['sea']); // braces too are unknown tokens
      same([place.tokens, place.score], [other.tokens, other.score], 'not the document again');
    },
  },
  {
    name: 'rerank: the heads of ModernBERT, Jina and Qwen3 load and describe themselves',
    async run(t) {
      for (const name of RERANKERS) {
        const { info } = await t.model(`rank/${name}.gguf`);
        const { before, between, after, template } = info.reranker ?? {};
        same(template?.includes('{query}'), name === 'qwen3' ? true : undefined, name);
        const pair = info.tokenizer ? [[2], [3], []] : [[], [], []]; // [CLS] query [SEP] text
        same([before, between, after], pair, name);
        same(info.pooling, null, 'no pooling of embeddings');
      }
      const { info } = await t.model('arch/bert.gguf');
      same(info.reranker, undefined, 'no head');
    },
  },
  {
    name: 'rerank: the answers of /v1/rerank in both forms, and refused requests',
    async run(t) {
      const { model, query, list } = await opened(t);
      const ranked = await model.rerank(query, list);
      const service = new Service(model, { name: 'tiny' });
      const { results, usage, ...about } = await service.rerank({ query, documents: list });
      same(about, { model: 'tiny', object: 'list' }, 'model and object');
      same(
        results,
        ranked.map(({ index, score }) => ({ index, relevance_score: score })),
        'Jina',
      );
      const tokens = ranked.reduce((sum, one) => sum + one.tokens, 0);
      same(usage, { prompt_tokens: tokens, total_tokens: tokens }, 'usage');
      const two = await service.rerank({ query, texts: list, top_n: 2, return_text: true });
      same(
        two,
        ranked.slice(0, 2).map(({ index, score, text }) => ({ index, score, text })),
        'TEI',
      );
      for (const [body, words] of /** @type {[any, RegExp][]} */ ([
        [{ documents: list }, /'query' is missing/],
        [{ query }, /'documents' is missing/],
        [{ query, documents: [] }, /'documents' must be/],
        [{ query, documents: [1] }, /'documents' must be/],
        [{ query, documents: list, mood: 1 }, /'mood' is not supported/],
      ]))
        await rejects(service.rerank(body), 'BAD_ARGUMENT', words);
      service.close();
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
