/**
 * rerank.js - scores of texts for a query, by a model with a classification head (a cross-encoder).
 *
 * A query and a text are one input, joined as llama.cpp's server does: by the file's special tokens, or by its template
 * "rerank", whose {query} and {document} are replaced. Special tokens written in a query or a text stay text.
 */
import { badArgument, describe, listOf, reading } from '../base/options.js';
import { embedTexts, naming } from './embed.js';
import { tokenize } from './tokenize.js';

/** @typedef {import('../engine/backend.js').Backend} Backend */
/** @typedef {import('./types.js').ModelInfo} ModelInfo */
/** @typedef {import('./types.js').Ranked} Ranked */

const GROUP = 64; // texts tokenised ahead

/**
 * @typedef {object} Request
 * @property {Backend} backend
 * @property {ModelInfo} info
 * @property {AbortSignal} [signal]
 * @property {(done: number, of: number) => void} [onProgress]
 */

/** The ids of a query and a text as one input. @param {Request} request @param {string} query @param {string} text */
async function joined({ backend, info, signal }, query, text) {
  const { template, before, between, after } = /** @type {import('./types.js').Reranker} */ (
    info.reranker
  );
  const check = () => signal?.throwIfAborted();
  /** @param {[string, boolean][]} parts @param {boolean} special */
  const ids = (parts, special) => tokenize(backend, [parts, special, false], check);
  if (template === null) {
    const [q, t] = [await ids([[query, true]], false), await ids([[text, true]], false)];
    return Int32Array.from([...before, ...q, ...between, ...t, ...after]);
  }
  const parts = template.split(/(\{query\}|\{document\})/).map((piece) => {
    if (piece === '{query}') return /** @type {[string, boolean]} */ ([query, true]);
    return /** @type {[string, boolean]} */ (
      piece === '{document}' ? [text, true] : [piece, false]
    );
  });
  return ids(
    parts.filter(([piece]) => piece),
    true,
  );
}

/** @param {unknown} query @param {unknown} texts @returns {[string, string[]]} */
function checked(query, texts) {
  if (typeof query !== 'string')
    throw badArgument(`query is ${describe(query)}, not a text`, 'query');
  const list = reading('rerank', () => (Array.isArray(texts) ? listOf(texts) : undefined));
  if (!list) throw badArgument(`texts is ${describe(texts)}, not a list of texts`, 'texts');
  for (const [i, text] of list.entries())
    if (typeof text !== 'string')
      throw badArgument(`texts[${i}] is ${describe(text)}, not a text`, `texts[${i}]`);
  return [query, list];
}

/**
 * The texts with their scores, best first.
 * @param {Request} request @param {string} query @param {string[]} texts
 * @returns {Promise<Ranked[]>}
 */
export async function rerank(request, query, texts) {
  const [asked, list] = checked(query, texts);
  if (!request.info.reranker)
    throw badArgument(
      'this model has no classification head; load a reranker, or compare embeddings',
      'model',
    );
  /** @type {Ranked[]} */ const ranked = [];
  for (let at = 0; at < list.length; at += GROUP) {
    const group = await Promise.all(
      list
        .slice(at, at + GROUP)
        .map((text, i) => naming(at + i, () => joined(request, asked, text))),
    );
    const onProgress = (/** @type {number} */ done) => request.onProgress?.(at + done, list.length);
    const { backend, info, signal } = request;
    const scores = { backend, info, signal, pooling: 'rank', first: at, onProgress };
    for (const [i, vector] of (await embedTexts(scores, group)).entries())
      ranked.push({
        index: at + i,
        score: vector[0],
        text: list[at + i],
        tokens: group[i].length,
      });
  }
  return ranked.sort((a, b) => b.score - a.score || a.index - b.index);
}
