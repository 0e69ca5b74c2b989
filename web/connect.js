/**
 * connect.js - a model that runs on a server with OpenAI's interface (llama.cpp, vLLM, Ollama, jielong serve), with the
 * methods of a model in this page.
 *
 *   const model = await connect({ baseURL: 'http://127.0.0.1:8080/v1' });
 *   const session = await model.createSession();
 *   for await (const token of session.chat([{ role: 'user', content: 'Hello' }])) out.append(token.text);
 *
 * chat, generate, complete and embed take the same options and give the same streams and errors. A token is a chunk of
 * the server's stream. Its logprob is known only with topLogprobs (else NaN), its id only where the server adds it to
 * them, as llama.cpp's and ours do (else -1). What such a server cannot do is refused by name, with the code REMOTE.
 */
import { closed, JielongError } from './base/error.js';
import {
  badArgument,
  CHAT,
  checkOptions,
  describe,
  EMBED,
  GENERATE,
  LIMITS,
  plainSeed,
  typed,
} from './base/options.js';
import { MARKS, ReasoningSplitter } from './chat/reasoning.js';
import { chunksOf, noApi, sendForJson } from './openai/remote.js';
import { CHAT_OPTIONS, OPTIONS } from './openai/requests.js';
import { follow } from './openai/signals.js';

/** @typedef {import('./api/types.js').ChatOptions} ChatOptions */
/** @typedef {import('./api/types.js').GenerateOptions} GenerateOptions */
/** @typedef {import('./api/types.js').Message} Message */
/** @typedef {import('./api/types.js').Token} Token */
/** @typedef {import('./openai/remote.js').Server} Server */

/**
 * @typedef {object} ConnectOptions
 * @property {string} baseURL of the interface, usually ending with /v1
 * @property {string} [model] its name on the server; default: the server's only one
 * @property {string} [apiKey] sent as "Authorization: Bearer …". A page cannot keep it secret from its reader
 * @property {Record<string, string>} [headers] of every request
 * @property {typeof fetch} [fetch] replaces the global one
 * @property {AbortSignal} [signal] aborts connect()
 */

const TEXT = typed('string', 'a string');
/** @type {import('./base/options.js').Rule} */
const HEADERS = [(v) => !!v && typeof v === 'object', 'an object of headers'];
const CONNECT = {
  baseURL: /** @type {import('./base/options.js').Rule} */ ([
    (v) => typeof v === 'string' && /^https?:\/\/./.test(v),
    'an address that begins with http:// or https://',
  ]),
  model: TEXT,
  apiKey: TEXT,
  headers: HEADERS,
  fetch: typed('function', 'a function like fetch'),
  signal: GENERATE.signal,
};

/** Our option → the field of a request. @param {Record<string, import('./openai/requests.js').Row>} rows */
const fieldsOf = (rows) =>
  Object.fromEntries(
    Object.entries(rows).flatMap(([field, [option]]) => (option ? [[option, field]] : [])),
  );
// max_tokens, because not every server knows max_completion_tokens.
const FIELDS = { ...fieldsOf(CHAT_OPTIONS), ...fieldsOf(OPTIONS) };

/** Values that a request writes otherwise. @type {Record<string, (value: any) => unknown>} */
const WRITTEN = {
  responseFormat: ({ jsonSchema }) => ({
    type: 'json_schema',
    json_schema: { name: 'answer', schema: jsonSchema },
  }),
  tools: (tools) => tools.map((/** @type {any} */ tool) => ({ type: 'function', function: tool })),
  toolChoice: (choice) =>
    typeof choice === 'string' ? choice : { type: 'function', function: choice },
  logitBias: (bias) =>
    Object.fromEntries(Object.entries(bias).map(([id, x]) => [id, Math.max(x, -100)])),
};

/** @param {string} what */
const remote = (what) =>
  new JielongError(
    'REMOTE',
    `${what} needs the model in this page or in Node (loadModel): a server does not offer it`,
    what,
  );

/**
 * Connects to a server. Rejects with NETWORK, HTTP or BAD_ARGUMENT.
 * @param {ConnectOptions} options @returns {Promise<RemoteModel>}
 */
export async function connect(options) {
  const { baseURL, model, signal, ...rest } = checkOptions('connect', options, CONNECT);
  if (baseURL === undefined) throw badArgument("connect needs a 'baseURL'", 'baseURL');
  const server = { ...rest, baseURL: baseURL.replace(/\/+$/, '') };
  if (model !== undefined) return new RemoteModel(server, model);
  const { data } = await sendForJson(server, '/models', undefined, signal);
  if (!Array.isArray(data)) throw noApi(server, '/models', 'it has no list of models');
  const names = data.map((/** @type {any} */ one) => String(one.id));
  if (names.length === 1) return new RemoteModel(server, names[0]);
  const known = names.slice(0, 20).join(', ') || 'none';
  throw badArgument(`choose one of the server's models with the option 'model': ${known}`, 'model');
}

/** A model on a server. Created by connect(). */
export class RemoteModel {
  #server;

  /** @param {Server} server @param {string} name */
  constructor(server, name) {
    this.#server = server;
    /** What is known of it. @readonly */
    this.info = Object.freeze({ name, baseURL: server.baseURL });
  }
  /** Whether the model is on a server. */
  get remote() {
    return true;
  }

  /**
   * A session. Options are refused: the server decides how long its context is.
   * @param {{}} [options] @returns {Promise<RemoteSession>}
   */
  async createSession(options = {}) {
    for (const [name, value] of Object.entries(options))
      if (value !== undefined) throw remote(`createSession's option '${name}'`);
    return new RemoteSession(this, this.#server);
  }

  /**
   * The embedding of a text, a unit vector.
   * @param {string} text @param {{ pooling?: 'mean' | 'cls' | 'last', signal?: AbortSignal }} [options]
   * @returns {Promise<Float32Array>}
   */
  async embed(text, options = {}) {
    const { pooling, signal } = checkOptions('embed', options, EMBED);
    if (pooling !== undefined) throw remote("embed's option 'pooling'");
    if (typeof text !== 'string') throw remote('embed with token ids');
    signal?.throwIfAborted();
    const body = { model: this.info.name, input: text, encoding_format: 'float' };
    const { data } = await sendForJson(this.#server, '/embeddings', body, signal);
    const list = data?.[0]?.embedding;
    if (!Array.isArray(list)) throw noApi(this.#server, '/embeddings', 'it has no embedding');
    const length = Math.hypot(...list) || 1;
    return Float32Array.from(list, (x) => x / length);
  }

  async close() {}
}

/** Texts by a server. One generation runs at a time; a second one is rejected with BUSY. */
export class RemoteSession {
  #server;
  #text = '';
  #closed = false;
  /** @type {RemoteGeneration | undefined} */ #holder;

  /** @param {RemoteModel} model @param {Server} server */
  constructor(model, server) {
    this.#server = server;
    /** @readonly */
    this.model = model;
  }
  /** Whether the session is on a server. */
  get remote() {
    return true;
  }

  /** @param {RemoteGeneration} by */
  #claim(by) {
    if (this.#closed) throw closed('session');
    if (this.#holder && this.#holder !== by && !this.#holder.ended)
      throw new JielongError(
        'BUSY',
        'this session is busy with another generation; wait for it, or end it by break, return() or its signal',
      );
    this.#holder = by;
  }

  /**
   * Generates text: sends all text of the session and the prompt, and keeps what comes. See Session.generate().
   * @param {string} [prompt] @param {GenerateOptions} [options]
   */
  generate(prompt = '', options = {}) {
    const make = async (/** @type {any} */ given, /** @type {any} */ fields) => {
      if (typeof prompt !== 'string') throw remote('generate with token ids');
      if (given.special) throw remote("generate's option 'special'");
      const body = { ...fields, prompt: this.#text + prompt };
      if (given.topLogprobs) body.logprobs = given.topLogprobs;
      let begun = false;
      const keep = (/** @type {string} */ text) => {
        this.#text += begun ? text : prompt + text;
        begun = true;
      };
      return { path: '/completions', body, keep };
    };
    return this.#generation('generate', options, make);
  }

  /**
   * Runs generate() to its end.
   * @param {string} [prompt] @param {GenerateOptions} [options]
   * @returns {Promise<{ text: string, ids: number[], finish: string, seed: number | string }>} ids: none
   */
  async complete(prompt = '', options = {}) {
    const generation = this.generate(prompt, options);
    let [text, finish] = ['', 'length'];
    for await (const token of generation) {
      text += token.text;
      finish = token.finish ?? finish;
    }
    return { text, ids: [], finish, seed: generation.seed };
  }

  /**
   * Generates the assistant's answer to a conversation; the server's chat template formats it. See Session.chat().
   * @param {Message[]} messages @param {ChatOptions} [options]
   */
  chat(messages, options = {}) {
    const make = async (/** @type {any} */ given, /** @type {any} */ fields) => {
      if (!Array.isArray(messages) || messages.length === 0)
        throw badArgument('messages must be an array of at least one message', 'messages');
      if (given.chatTemplate !== undefined) throw remote("chat's option 'chatTemplate'");
      const body = { ...fields, messages };
      if (given.topLogprobs)
        Object.assign(body, { logprobs: true, top_logprobs: given.topLogprobs });
      return { path: '/chat/completions', body };
    };
    return this.#generation('chat', options, make);
  }

  /** @param {'generate' | 'chat'} caller @param {ChatOptions} options @param {(given: any, fields: any) => Promise<any>} make */
  #generation(caller, options, make) {
    return new RemoteGeneration(
      this.#server,
      caller,
      options,
      async (generation, given, fields) => {
        this.#claim(generation);
        return make(given, { ...fields, model: this.model.info.name });
      },
    );
  }

  async close() {
    this.#closed = true;
    await this.#holder?.return();
  }
}

/**
 * A running generation: an async iterator of tokens. The request is sent at the first pull.
 * @implements {AsyncIterableIterator<Token>}
 */
class RemoteGeneration {
  #server;
  #make;
  /** @type {any} */ #given = {};
  /** Of the options; the first pull throws it. @type {unknown} */ #wrong;
  /** @type {AsyncGenerator<Token, void, void> | undefined} */ #tokens;
  #ended = false;
  #left = new AbortController();

  /**
   * @param {Server} server @param {'generate' | 'chat'} caller @param {ChatOptions} options
   * @param {(generation: RemoteGeneration, given: any, fields: any) => Promise<{ path: string, body: any, keep?: (text: string) => void }>} make
   */
  constructor(server, caller, options, make) {
    this.#server = server;
    this.#make = make;
    try {
      this.#given = checkOptions(caller, options, caller === 'chat' ? CHAT : GENERATE);
    } catch (e) {
      this.#wrong = e; // created here, so that its stack shows the caller
    }
    const random = crypto.getRandomValues(new Uint32Array(1))[0] >>> 1;
    /** Of the random numbers, as the server is told. @readonly */
    this.seed = plainSeed(BigInt(this.#given.seed ?? random));
  }

  /** Whether the generation has ended or was aborted. */
  get ended() {
    return this.#ended || !!this.#given.signal?.aborted;
  }

  /** @returns {Promise<IteratorResult<Token, undefined>>} */
  async next() {
    if (this.#ended) return { done: true, value: undefined };
    const { signal, onToken } = this.#given;
    try {
      signal?.throwIfAborted();
      this.#tokens ??= this.#run();
      const { done, value } = await this.#tokens.next();
      signal?.throwIfAborted();
      if (done || this.#ended) return this.return();
      if (value.finish) this.#end();
      onToken?.(value);
      return { done: false, value };
    } catch (e) {
      this.#end();
      throw e;
    }
  }

  #end() {
    this.#ended = true;
    this.#left.abort();
  }

  /** Ends the generation and its request. @returns {Promise<{ done: true, value: undefined }>} */
  async return() {
    this.#end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** @returns {AsyncGenerator<Token, void, void>} */
  async *#run() {
    if (this.#wrong) throw this.#wrong;
    const { signal, onToken: _, maxTokens = LIMITS.maxTokens, stop, seed, ...given } = this.#given;
    const checked = { ...given, maxTokens, seed: Number(this.seed), ...(stop && { stop }) };
    /** @type {Record<string, unknown>} */ const fields = {};
    const { topLogprobs, chatTemplate, special, ...mapped } = checked;
    for (const [option, value] of Object.entries(mapped)) {
      if (!FIELDS[option]) throw remote(`the option '${option}'`);
      fields[FIELDS[option]] = WRITTEN[option]?.(value) ?? value;
    }
    if (!Number.isSafeInteger(fields.seed))
      throw badArgument(`a server takes no seed beyond 2^53, not ${describe(this.seed)}`, 'seed');
    const { path, body, keep } = await this.#make(
      this,
      { topLogprobs, chatTemplate, special },
      fields,
    );
    const ends = follow(signal, this.#left);
    yield* tokensOf(chunksOf(this.#server, path, body, ends), this.#server, path, keep);
  }
}

/** Marks of reasoning as texts, because a server does not tell ids. */
const BARE = MARKS.map(([open, close]) => ({ open, close }));

/** The tokens of a chunk's logprobs: those of chat, or those of completions. @param {any} logprobs */
function logprobOf(logprobs) {
  const chat = logprobs?.content?.at(-1);
  if (chat)
    return {
      id: chat.id ?? -1, // llama.cpp tells it
      logprob: chat.logprob,
      top: (chat.top_logprobs ?? []).map((/** @type {any} */ one) => ({
        id: one.id ?? -1,
        text: one.token,
        logprob: one.logprob,
      })),
    };
  const logprob = logprobs?.token_logprobs?.at(-1);
  if (typeof logprob !== 'number') return { logprob: NaN };
  const top = Object.entries(logprobs.top_logprobs?.at(-1) ?? {}).map(([text, value]) => ({
    id: -1,
    text,
    logprob: Number(value),
  }));
  return { logprob, top };
}

/**
 * Chunks → tokens. If the end comes alone, the last token has no text.
 * @param {AsyncGenerator<any>} chunks @param {Server} server @param {string} path @param {(text: string) => void} [keep]
 * @returns {AsyncGenerator<Token, void, void>}
 */
async function* tokensOf(chunks, server, path, keep) {
  const splitter = new ReasoningSplitter(BARE, '');
  const calls = new Calls();
  let index = 0;
  for await (const { choices } of chunks) {
    const [choice] = choices ?? [];
    if (!choice) continue; // usage
    const texts = textsOf(choice, splitter);
    for (const part of choice.delta?.tool_calls ?? []) texts.push(calls.take(part));
    const end = choice.finish_reason;
    if (end) texts.push(...calls.all());
    if (end && !texts.length) texts.push({ text: '' });
    for (const [i, one] of texts.entries()) {
      keep?.(one.text);
      /** @type {Token} */
      const token = { id: -1, ...one, ...logprobOf(choice.logprobs), index: index++ };
      if (end && i === texts.length - 1) token.finish = end === 'length' ? 'length' : 'end';
      yield token;
    }
    if (end) return;
  }
  throw new JielongError(
    'NETWORK',
    "the server's answer ended early; try again",
    `${server.baseURL}${path}`,
  );
}

/** @typedef {Pick<Token, 'text' | 'part' | 'call'>} Text */

/** Joins the parts of a server's calls of tools. */
class Calls {
  /** @type {{ id: string, name: string, json: string }[]} */ #list = [];

  /** @param {any} part of a delta @returns {Text} */
  take({ index = this.#list.length, id = '', function: own = {} }) {
    this.#list[index] ??= { id, name: '', json: '' };
    const { name = '', arguments: json = '' } = own;
    this.#list[index].name ||= name;
    this.#list[index].json += json;
    return { text: json, part: 'tool' };
  }

  /** The calls whose arguments are complete. @returns {Text[]} */
  all() {
    return this.#list.flatMap(({ id, name, json }) => {
      try {
        const call = { id, name, arguments: JSON.parse(json || '{}') };
        return [{ text: '', part: /** @type {const} */ ('tool'), call }];
      } catch {
        return [];
      }
    });
  }
}

/**
 * The texts of a chunk, in order. Some servers leave the marks of reasoning in the answer.
 * @param {any} choice @param {ReasoningSplitter} splitter @returns {Text[]}
 */
function textsOf({ delta, text, logprobs }, splitter) {
  if (!delta) return text || logprobs ? [{ text: text ?? '' }] : [];
  const reasoning = delta.reasoning_content ?? delta.reasoning; // vLLM and Ollama: reasoning
  /** @type {Text[]} */
  const texts = reasoning ? [{ text: reasoning, part: 'reasoning' }] : [];
  const { content } = delta;
  if (content || (logprobs?.content && !reasoning))
    texts.push({ text: content ?? '', part: splitter.take({ id: -1, text: content ?? '' }) });
  return texts;
}

/** Methods of a local model and session that a server does not offer. */
const LOCAL = {
  model:
    'tokenize detokenize pieces token restore merges embeddings neighbours unembed unembedding',
  session: 'ids append replace logits rewind stages run forecast lens counters save nextSeed',
};
for (const [type, names, word] of /** @type {const} */ ([
  [RemoteModel, LOCAL.model, 'model'],
  [RemoteSession, LOCAL.session, 'session'],
]))
  for (const name of names.split(' '))
    Object.defineProperty(type.prototype, name, {
      value: async () => {
        throw remote(`${word}.${name}()`);
      },
    });
Object.defineProperty(RemoteSession.prototype, 'eachLogits', {
  // biome-ignore lint/correctness/useYield: it throws at the first pull
  value: async function* () {
    throw remote('session.eachLogits()');
  },
});
