/**
 * completions.js - OpenAI's objects and chunks from a local model: chat.completion, text_completion, embeddings;
 * and reranking.
 */
import { VERSION } from '../base/version.js';
import { Pool } from './pool.js';
import { readRequest, refusal } from './requests.js';
import { runRequest } from './runs.js';

/** @typedef {import('../api/model.js').Model} Model */
/** @typedef {import('./requests.js').Request} Request */
/** @typedef {import('./runs.js').Counts} Counts */
/** @typedef {import('./runs.js').Step} Step */
/** @typedef {import('./runs.js').TokenLogprob} TokenLogprob */
/** A stream that a consumer pulls; ending it early ends the generation. @typedef {AsyncGenerator<any, void, void>} Chunks */

/**
 * @typedef {object} ServiceOptions
 * @property {string} [name] of the model, as clients write it; default: that of the file
 * @property {number} [sessions] requests that run at a time, each in its own session; 4
 * @property {number} [waiting] requests that may wait; 32
 * @property {number} [contextLength] of each session
 */

/** 24 hexadecimal digits; crypto.randomUUID() needs a secure context. */
const randomName = () =>
  [...crypto.getRandomValues(new Uint8Array(12))]
    .map((x) => x.toString(16).padStart(2, '0'))
    .join('');

/** The head of every object and chunk. @param {string} prefix @param {string} object @param {Service} service */
const head = (prefix, object, { name, fingerprint }) => ({
  id: `${prefix}-${randomName()}`,
  object,
  created: Math.floor(Date.now() / 1000),
  model: name,
  system_fingerprint: fingerprint,
});

/** @param {Counts} counts */
const usageOf = ({ prompt, completion, cached, reasoning }) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  prompt_tokens_details: { cached_tokens: cached },
  completion_tokens_details: { reasoning_tokens: reasoning },
});

/** The id is llama.cpp's addition. @param {import('./runs.js').Alternative} of */
const alternative = ({ id, text, logprob, bytes }) => ({ id, token: text, logprob, bytes });

/** @param {TokenLogprob} of */
const chatLogprob = (of) => ({ ...alternative(of), top_logprobs: of.top.map(alternative) });

/** @param {import('../api/types.js').ToolCall} call */
const toolCall = ({ id, name, arguments: args }) => ({
  id,
  type: 'function',
  function: { name, arguments: JSON.stringify(args) },
});

/** Of text_completion: lists by token. @param {TokenLogprob[]} list @param {number} offset characters before */
function textLogprobs(list, offset) {
  const starts = [offset];
  for (const { text } of list) starts.push((starts.at(-1) ?? 0) + text.length);
  return {
    tokens: list.map(({ text }) => text),
    token_logprobs: list.map(({ logprob }) => logprob),
    top_logprobs: list.map(({ top }) => Object.fromEntries(top.map((t) => [t.text, t.logprob]))),
    text_offset: starts.slice(0, -1),
  };
}

/** A model that answers OpenAI's requests. */
export class Service {
  #model;
  #pool;

  /** @param {Model} model @param {ServiceOptions} [options] */
  constructor(model, { name, sessions = 4, waiting = 32, contextLength } = {}) {
    const { info } = model;
    this.#model = model;
    this.#pool = new Pool(model, { size: sessions, waiting, contextLength });
    /** Of the model, as clients write it. @readonly */
    this.name = name ?? info.name ?? info.architecture;
    /** Same fingerprint, seed and request: same tokens. @readonly */
    this.fingerprint = `jielong-${VERSION}-${info.precision.replaceAll(' ', '-')}`;
    this.created = Math.floor(Date.now() / 1000);
  }

  /** Requests that run and that wait. */
  get load() {
    return this.#pool.load;
  }

  models() {
    const { info } = this.#model;
    const data = [
      {
        id: this.name,
        object: 'model',
        created: this.created,
        owned_by: 'jielong',
        meta: {
          n_params: info.parameters,
          n_ctx_train: info.contextLength,
          n_embd: info.embeddingLength,
        },
      },
    ];
    return { object: 'list', data };
  }

  /** @param {'chat' | 'completions' | 'embeddings' | 'rerank'} kind @param {unknown} body @returns {Request} */
  #read(kind, body) {
    const request = readRequest(kind, body);
    if (request.model !== undefined && request.model !== this.name)
      throw Object.assign(
        refusal(
          `there is no model '${request.model}'; this one is '${this.name}'`,
          'model',
          'model_not_found',
        ),
        { status: 404 },
      );
    return request;
  }

  /**
   * /v1/chat/completions. With `stream` the result is a stream, and its first chunk comes with the first token.
   * @param {unknown} body @param {AbortSignal} [signal] @returns {Promise<any>}
   */
  async chat(body, signal) {
    const request = this.#read('chat', body);
    return request.stream ? this.#chatChunks(request, signal) : this.#chatWhole(request, signal);
  }

  /** @param {Request} request @param {AbortSignal} [signal] @returns {Chunks} */
  async *#chatChunks(request, signal) {
    const about = head('chatcmpl', 'chat.completion.chunk', this);
    const counts = { prompt: 0, completion: 0, cached: 0, reasoning: 0 };
    const usage = request.includeUsage ? { usage: null } : {};
    const chunk = (/** @type {number} */ index, /** @type {any} */ delta, more = {}) => ({
      ...about,
      choices: [{ index, delta, logprobs: null, finish_reason: null, ...more }],
      ...usage,
    });
    let [begun, calls] = [-1, 0];
    for await (const step of runRequest(this.#model, this.#pool, request, counts, signal)) {
      const { index, text, reasoning, logprob, call, finish } = step;
      if (index > begun) calls = 0;
      if (index > begun) yield chunk(index, { role: 'assistant', content: '' });
      begun = index;
      const logprobs = logprob ? { content: [chatLogprob(logprob)] } : null;
      if (reasoning) yield chunk(index, { reasoning_content: reasoning });
      if (text || logprobs) yield chunk(index, { content: text }, { logprobs });
      if (call) yield chunk(index, { tool_calls: [{ index: calls++, ...toolCall(call) }] });
      if (finish) yield chunk(index, {}, { finish_reason: finish });
    }
    if (request.includeUsage) yield { ...about, choices: [], usage: usageOf(counts) };
  }

  /** @param {Request} request @param {AbortSignal} [signal] */
  async #chatWhole(request, signal) {
    const { answers, counts } = await this.#collect(request, signal);
    const choices = answers.map(({ text, reasoning, calls, logprobs, finish }, index) => ({
      index,
      message: {
        role: 'assistant',
        content: calls.length ? text || null : text,
        refusal: null,
        ...(calls.length && { tool_calls: calls.map(toolCall) }),
        ...(reasoning && { reasoning_content: reasoning }),
      },
      logprobs: request.logprobs ? { content: logprobs.map(chatLogprob), refusal: null } : null,
      finish_reason: finish,
    }));
    return { ...head('chatcmpl', 'chat.completion', this), choices, usage: usageOf(counts) };
  }

  /** @param {Request} request @param {AbortSignal} [signal] */
  async #collect(request, signal) {
    const counts = { prompt: 0, completion: 0, cached: 0, reasoning: 0 };
    /** @type {{ text: string, reasoning: string, calls: import('../api/types.js').ToolCall[],
     *   logprobs: TokenLogprob[], finish: string }[]} */
    const answers = [];
    for await (const step of runRequest(this.#model, this.#pool, request, counts, signal)) {
      answers[step.index] ??= {
        text: '',
        reasoning: '',
        calls: [],
        logprobs: [],
        finish: 'length',
      };
      const one = answers[step.index];
      one.text += step.text;
      one.reasoning += step.reasoning;
      if (step.logprob) one.logprobs.push(step.logprob);
      if (step.call) one.calls.push(step.call);
      one.finish = step.finish ?? one.finish;
    }
    return { answers, counts };
  }

  /** /v1/completions. @param {unknown} body @param {AbortSignal} [signal] @returns {Promise<any>} */
  async complete(body, signal) {
    const request = this.#read('completions', body);
    const echoes = request.echo ? await this.#echoes(request) : [];
    if (request.stream) return this.#textChunks(request, echoes, signal);
    const { answers, counts } = await this.#collect(request, signal);
    const choices = answers.map(({ text, logprobs, finish }, index) => ({
      text: (echoes[Math.floor(index / (request.n ?? 1))] ?? '') + text,
      index,
      logprobs: request.logprobs === undefined ? null : textLogprobs(logprobs, 0),
      finish_reason: finish,
    }));
    return { ...head('cmpl', 'text_completion', this), choices, usage: usageOf(counts) };
  }

  /** The prompts as texts. @param {Request} request */
  async #echoes({ texts = [] }) {
    const all = [];
    for (const text of texts)
      all.push(typeof text === 'string' ? text : await this.#model.detokenize(text));
    return all;
  }

  /** @param {Request} request @param {string[]} echoes @param {AbortSignal} [signal] @returns {Chunks} */
  async *#textChunks(request, echoes, signal) {
    const about = head('cmpl', 'text_completion', this);
    const counts = { prompt: 0, completion: 0, cached: 0, reasoning: 0 };
    const usage = request.includeUsage ? { usage: null } : {};
    let [begun, offset] = [-1, 0];
    for await (const step of runRequest(this.#model, this.#pool, request, counts, signal)) {
      const { index, logprob, finish } = step;
      const first = index > begun;
      const echo = first ? (echoes[Math.floor(index / (request.n ?? 1))] ?? '') : '';
      if (first) offset = 0;
      begun = index;
      const text = echo + step.text;
      const logprobs = logprob ? textLogprobs([logprob], offset) : null;
      offset += logprob?.text.length ?? 0;
      if (!text && !logprobs && !finish) continue;
      const choices = [{ text, index, logprobs, finish_reason: finish ?? null }];
      yield { ...about, choices, ...usage };
    }
    if (request.includeUsage) yield { ...about, choices: [], usage: usageOf(counts) };
  }

  /** /v1/embeddings. @param {unknown} body @param {AbortSignal} [signal] @returns {Promise<any>} */
  async embed(body, signal) {
    const { texts = [], encoding, dimensions, pooling } = this.#read('embeddings', body);
    const { info } = this.#model;
    if (dimensions !== undefined && dimensions !== info.embeddingLength)
      throw refusal(`'dimensions' must be ${info.embeddingLength}, the model's`, 'dimensions');
    await this.#pool.enter(signal);
    try {
      const vectors = await this.#model.embed(texts, { pooling, signal });
      const lengths = await Promise.all(texts.map((text) => this.#length(text)));
      const tokens = lengths.reduce((sum, n) => sum + n, 0);
      const data = vectors.map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: encoded(vector, encoding),
      }));
      const usage = { prompt_tokens: tokens, total_tokens: tokens };
      return { object: 'list', data, model: this.name, usage };
    } finally {
      this.#pool.release();
    }
  }

  /**
   * /v1/rerank, answered as llama.cpp's server does: to `documents` in Jina's form, to `texts` in that of Hugging Face's
   * text-embeddings-inference.
   * @param {unknown} body @param {AbortSignal} [signal] @returns {Promise<any>}
   */
  async rerank(body, signal) {
    const { query = '', documents, ranked, top, returnText } = this.#read('rerank', body);
    await this.#pool.enter(signal);
    try {
      const all = await this.#model.rerank(query, documents ?? ranked ?? [], { signal });
      const best = all.slice(0, top ?? all.length);
      if (ranked)
        return best.map(({ index, score, text }) => ({
          index,
          score,
          ...(returnText && { text }),
        }));
      const tokens = all.reduce((sum, one) => sum + one.tokens, 0);
      const results = best.map(({ index, score }) => ({ index, relevance_score: score }));
      const usage = { prompt_tokens: tokens, total_tokens: tokens };
      return { model: this.name, object: 'list', usage, results };
    } finally {
      this.#pool.release();
    }
  }

  /** Tokens of a text that embed() evaluates: an encoder's have an end token too. @param {string | number[]} text */
  async #length(text) {
    if (typeof text !== 'string') return text.length;
    const ids = await this.#model.tokenize(text, { bos: true });
    return ids.length + (this.#model.info.encoder ? 1 : 0);
  }

  /** Refuses waiting and later requests; frees the sessions. */
  close() {
    this.#pool.close();
  }
}

/** @param {Float32Array} vector @param {string} [encoding] base64: of the little-endian floats */
function encoded(vector, encoding) {
  if (encoding !== 'base64') return [...vector];
  const view = new DataView(new ArrayBuffer(4 * vector.length));
  for (const [i, x] of vector.entries()) view.setFloat32(4 * i, x, true);
  let binary = '';
  for (const byte of new Uint8Array(view.buffer)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
