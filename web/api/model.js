/**
 * model.js - a loaded model: its vocabulary, embeddings and sessions.
 */
import {
  ANY,
  badArgument,
  checkIds,
  checkOptions,
  describe,
  EMBED,
  FLAG,
  LIST,
  listOf,
  POSITIVE,
  RERANK,
  reading,
  TOKENIZE,
} from '../base/options.js';
import { embedText, embedTexts, textsIn } from './embed.js';
import { expandEdits, requestOf } from './inside.js';
import { embeddings, merges, neighbours, unembed } from './readings.js';
import { rulesOf } from './rules.js';
import { Session } from './session.js';
import { inParts, tokenize } from './tokenize.js';

/** @typedef {import('../engine/backend.js').Backend} Backend */
/** @typedef {import('./types.js').Ids} Ids */
/** @typedef {import('./types.js').ModelInfo} ModelInfo */
/** @typedef {import('./types.js').Piece} Piece */
/** @typedef {import('./types.js').SessionOptions} SessionOptions */

const SESSION = {
  contextLength: POSITIVE,
  allLogits: FLAG,
  attention: ANY,
  positions: ANY,
  cache: ANY,
  edits: LIST,
};

/** A loaded model: immutable, shared by its sessions. Created by loadModel. */
export class Model {
  #backend;
  #contextLength;

  /** @param {Backend} backend @param {ModelInfo} info @param {number} [contextLength] */
  constructor(backend, info, contextLength) {
    this.#backend = backend;
    this.#contextLength = contextLength;
    /** @readonly */
    this.info = info;
  }

  /**
   * Text → token ids. special: parse special tokens in the text (such as <|im_start|>). bos: add the
   * beginning-of-sequence token if the file says so. Parts are concatenated; a quoted part never
   * forms special tokens, so untrusted text can be quoted. A long text takes several steps; aborts
   * and other calls take effect between them.
   * @param {string | (string | { quoted: string })[]} text
   * @param {{ special?: boolean, bos?: boolean, signal?: AbortSignal }} [options]
   * @returns {Promise<Int32Array>}
   */
  async tokenize(text, options = {}) {
    const { special = false, bos = false, signal } = checkOptions('tokenize', options, TOKENIZE);
    const parts = reading('tokenize', () =>
      listOf(text).map((part) => {
        const quoted = typeof part === 'object' && typeof part?.quoted === 'string';
        const string = quoted ? part.quoted : part;
        if (typeof string === 'string') return /** @type {[string, boolean]} */ ([string, quoted]);
        throw badArgument(`a text is a string or a list of parts, not ${describe(part)}`);
      }),
    );
    return this.#backend.attend(signal, () =>
      tokenize(this.#backend, [parts, special, bos], () => signal?.throwIfAborted()),
    );
  }

  /**
   * Token ids → text: the exact inverse of tokenize. special: include the text of control tokens.
   * @param {Ids} ids
   * @param {{ special?: boolean }} [options]
   * @returns {Promise<string>}
   */
  async detokenize(ids, options = {}) {
    const { special = false } = checkOptions('detokenize', options, { special: FLAG });
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    let text = '';
    for (const [part, first] of inParts(checkIds(ids, 'detokenize'))) {
      const bytes = await this.#backend.call('detokenize', part, special, first);
      text += decoder.decode(bytes, { stream: true });
    }
    return text + decoder.decode();
  }

  /**
   * The vocabulary entries of ids, in order.
   * @param {Ids} ids
   * @returns {Promise<Piece[]>}
   */
  async pieces(ids) {
    const all = [];
    for (const [part] of inParts(checkIds(ids, 'pieces')))
      all.push(await this.#backend.call('pieces', part));
    return all.flat();
  }

  /**
   * One vocabulary entry.
   * @param {number} id
   * @returns {Promise<Piece>}
   */
  async token(id) {
    return (await this.pieces([id]))[0];
  }

  /**
   * A new timeline of tokens with its own KV cache, under the model's rules or others.
   * @param {SessionOptions} [options]
   * @returns {Promise<Session>}
   */
  async createSession(options = {}) {
    const {
      contextLength = this.#contextLength ?? 0,
      allLogits = false,
      attention,
      positions,
      cache,
      edits = [],
    } = checkOptions('createSession', options, SESSION);
    const rules = rulesOf(attention, positions, cache);
    const changes = expandEdits(edits, this.info, false);
    const request = changes.length ? requestOf([], changes) : undefined;
    const state = await this.#backend.call('openSession', contextLength, allLogits, rules, request);
    return new Session(this, this.#backend, state);
  }

  /**
   * A session that continues a saved one: with the same precision, what follows has the same bits.
   * Bytes of another model, damaged or untrusted ones are BAD_ARGUMENT, or give a session whose values
   * are what the bytes say.
   * @param {Uint8Array | ArrayBuffer} bytes of session.save()
   * @returns {Promise<Session>}
   */
  async restore(bytes) {
    const copy = reading('restore', () => {
      if (!(bytes instanceof Uint8Array || bytes instanceof ArrayBuffer))
        throw badArgument(`restore takes the bytes of a session, not ${describe(bytes)}`, 'state');
      return new Uint8Array(bytes instanceof ArrayBuffer ? bytes.slice(0) : bytes);
    });
    return new Session(this, this.#backend, await this.#backend.call('restoreSession', copy));
  }

  /**
   * The embedding of a text, a unit vector: the hidden states after the last norm, pooled and
   * normalised. The dot product of two embeddings is their cosine similarity. A string gets the
   * file's BOS and EOS tokens. pooling: 'mean' of all tokens, the first ('cls') or the 'last' one;
   * default: the file's, else 'mean'. An encoder takes at most its training context, and at most 4096
   * tokens. A list of texts gives a list of vectors, each with the bits that its text has alone; short
   * texts are evaluated together, and errors name `texts[i]`.
   * @template {string | Ids | (string | Ids)[]} T
   * @param {T} text
   * @param {{ pooling?: 'mean' | 'cls' | 'last', signal?: AbortSignal }} [options]
   * @returns {Promise<T extends string | Ids ? Float32Array : Float32Array[]>} info.embeddingLength numbers each
   */
  async embed(text, options = {}) {
    const { pooling = this.info.pooling ?? 'mean', signal } = checkOptions('embed', options, EMBED);
    signal?.throwIfAborted();
    const request = { backend: this.#backend, info: this.info, pooling, signal };
    const texts = textsIn(text);
    const work = () =>
      texts ? embedTexts(request, texts) : embedText(request, /** @type {any} */ (text));
    return this.#backend.attend(signal, /** @type {() => Promise<any>} */ (work));
  }

  /**
   * Texts by their relevance to a query, best first: scores of a reranker, a model whose file has a classification
   * head (info.reranker). They are those of llama.cpp: the head's output as it is, without a sigmoid, or of
   * Qwen3-Reranker the probability of "yes". Each text is read together with the query; errors name `texts[i]`.
   * @param {string} query
   * @param {string[]} texts
   * @param {{ signal?: AbortSignal, onProgress?: (done: number, of: number) => void }} [options]
   * @returns {Promise<import('./types.js').Ranked[]>}
   */
  async rerank(query, texts, options = {}) {
    const { signal, onProgress } = checkOptions('rerank', options, RERANK);
    signal?.throwIfAborted();
    const request = { backend: this.#backend, info: this.info, signal, onProgress };
    const { rerank } = await import('./rerank.js'); // loaded on first use
    return this.#backend.attend(signal, () => rerank(request, query, texts));
  }

  /* ---- Readings without a session ---- */

  /**
   * How a text becomes tokens, recorded by the encoder itself: the text's pieces, and for each its start symbols,
   * the merges in the order they are applied (Sennrich et al. 2016) and the tokens. With SentencePiece unigram
   * (Kudo 2018) a piece has the lattice's candidates instead of merges; with WordPiece its tokens are the
   * greedy matches. `ids` are those of tokenize(text, { special }). At most 16,384 bytes of UTF-8.
   * @param {string} text
   * @param {{ special?: boolean }} [options] special: parse special tokens in the text
   * @returns {Promise<import('./types.js').Merges>}
   */
  async merges(text, options = {}) {
    return merges(this.#backend, this.info, text, options);
  }

  /**
   * Rows of a token table, as the file stores them, dequantised: before any scaling, norm or position that the
   * model adds. table: 'embedding' (default), or 'output', the output matrix, whose rows multiply the
   * normalised residual stream (the same rows if the model is tied; an encoder has none).
   * @param {Ids} ids
   * @param {{ table?: 'embedding' | 'output', signal?: AbortSignal }} [options]
   * @returns {Promise<import('./types.js').Floats>} shape [ids, info.embeddingLength]
   */
  async embeddings(ids, options = {}) {
    return embeddings(this.#backend, this.info, ids, options);
  }

  /**
   * The tokens whose embeddings are most similar to that of `id`, by cosine over the whole table, without `id`
   * itself; most similar first, equal ones by id. count: at most 1000.
   * @param {number} id
   * @param {{ count?: number, signal?: AbortSignal }} [options] count: 10
   * @returns {Promise<{ id: number, text: string, similarity: number }[]>}
   */
  async neighbours(id, options = {}) {
    const pieces = (/** @type {number[]} */ ids) => this.pieces(ids);
    return neighbours(this.#backend, this.info, pieces, id, options);
  }

  /**
   * The logits of residual streams, as the model computes them after its last block: final norm, output matrix
   * and bias, logit scale, logit cap (the logit lens, nostalgebraist 2020). norm: false skips the norm, for
   * vectors that are normalised already. An encoder has no output matrix.
   * @param {Float32Array | { shape: number[], data: Float32Array }} vectors row after row of info.embeddingLength
   * @param {{ norm?: boolean, signal?: AbortSignal }} [options]
   * @returns {Promise<import('./types.js').Floats>} shape [rows, info.vocabularySize]
   */
  async unembed(vectors, options = {}) {
    return unembed(this.#backend, this.info, vectors, options);
  }

  /**
   * What lies between the last residual stream x and the logits:
   * logitScale · (W (norm(x) · weight + bias) + outputBias), then a soft cap if logitCap is not 0.
   * @returns {Promise<import('./types.js').Unembedding>}
   */
  async unembedding() {
    return this.#backend.call('unembedding');
  }

  /** Stops the engine, closes all sessions and frees all memory. */
  async close() {
    this.#backend.close();
  }
}

// For `await using`, if the language has it.
const { asyncDispose } = /** @type {any} */ (Symbol);
if (asyncDispose)
  Object.defineProperty(Model.prototype, asyncDispose, { value: Model.prototype.close });
