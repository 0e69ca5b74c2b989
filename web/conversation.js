/**
 * conversation.js - a conversation over several turns: messages, edits, other answers, what is dropped when the
 * context is full, save and restore.
 *
 *   const conversation = new Conversation(session, { system: 'Answer in one sentence.' });
 *   for await (const token of conversation.send('Why is the sky blue?')) out.append(token.text);
 *   conversation.messages; // [{ role: 'system', … }, { role: 'user', … }, { role: 'assistant', … }]
 *
 * It works over a session of this engine, a model, or a connected server (connect.js). `messages` always has the whole
 * conversation; the model reads the system messages at its start, and the rest from `start` on. A turn keeps the cache of
 * every token that has not changed. When the prompt leaves no room for the answer, the oldest turns are dropped, down
 * to three quarters of the room, so that the next turns find their cache again.
 */

import { closed, JielongError } from './base/error.js';
import {
  badArgument,
  COUNT,
  checkOptions,
  describe,
  LIMITS,
  LIST,
  PROGRESS,
  typed,
} from './base/options.js';
import { PartsReader } from './chat/parts.js';

/** @typedef {import('./api/model.js').Model} Model */
/** @typedef {import('./api/session.js').Session} Session */
/** @typedef {import('./api/types.js').ChatOptions} ChatOptions */
/** @typedef {import('./api/types.js').Message} Message */
/** @typedef {import('./api/types.js').Token} Token */
/** @typedef {import('./connect.js').RemoteModel} RemoteModel */
/** @typedef {import('./connect.js').RemoteSession} RemoteSession */
/** @typedef {Session | RemoteSession | Model | RemoteModel} Target */

/**
 * @typedef {object} ConversationOptions
 * @property {string} [system] the first message
 * @property {ChatOptions} [options] of every turn; those of a turn come before them
 * @property {(event: { dropped: Message[] }) => void} [onTruncate] called when the context is full, with the messages
 *   that the model no longer reads
 */
/** @typedef {{ messages: Message[], start: number }} Saved what toJSON() returns */

const RULES = {
  system: typed('string', 'a string'),
  options: /** @type {import('./base/options.js').Rule} */ ([
    (v) => !!v && typeof v === 'object',
    'an object of options for chat()',
  ]),
  onTruncate: PROGRESS,
};
const MAGIC = 'jielong conversation 1\n';
/** Part of the room that a prompt takes at most after turns were dropped. */
const FILL = 0.75;

/** @param {Message} message */
const isSystem = ({ role }) => role === 'system' || role === 'developer';

/** @param {any} value of unknown origin @returns {Message[]} */
function checkMessages(value) {
  const list = LIST[2]?.(value);
  const good = (/** @type {any} */ m) =>
    typeof m?.role === 'string' && typeof m.content === 'string';
  if (!list?.every?.(good))
    throw badArgument('messages must be an array of { role, content }, both strings', 'messages');
  return list.map((/** @type {Message} */ message) => ({ ...message }));
}

/** @param {Message} answer @param {import('./api/types.js').ToolCall} call */
function addCall(answer, { id, name, arguments: args }) {
  const list = /** @type {unknown[]} */ (answer.tool_calls ?? []);
  answer.tool_calls = [...list, { id, type: 'function', function: { name, arguments: args } }];
}

/** A conversation. One turn runs at a time; a second one, and an edit meanwhile, is refused with BUSY. */
export class Conversation {
  #target;
  #given;
  /** @type {Message[]} */ #messages = [];
  #start = 0;
  #running = false;
  /** Whether this object has opened its session. */ #owned = false;
  #closed = false;
  /** @type {Promise<any> | undefined} */ #session;

  /** @param {Target} target a session, or a model, which opens one @param {ConversationOptions} [options] */
  constructor(target, options = {}) {
    this.#given = checkOptions('Conversation', options, RULES);
    this.#target = /** @type {any} */ (target);
    this.#owned = 'createSession' in target;
    const { system } = this.#given;
    if (system !== undefined) this.#messages.push({ role: 'system', content: system });
    this.#start = this.#messages.length;
  }

  /**
   * A conversation that continues a saved one: JSON.parse(JSON.stringify(conversation)).
   * @param {Target} target @param {Saved} saved @param {Omit<ConversationOptions, 'system'>} [options]
   */
  static from(target, saved, options = {}) {
    const conversation = new Conversation(target, options);
    const messages = checkMessages(saved?.messages);
    const { start } = saved;
    if (!COUNT[0](start) || start > messages.length)
      throw badArgument(`start must be an index of messages, not ${describe(start)}`, 'start');
    conversation.#messages = messages;
    conversation.#start = start;
    return conversation;
  }

  /**
   * A conversation that continues the bytes of save(), with its cache: nothing is evaluated again.
   * @param {Model} model @param {Uint8Array} bytes @param {Omit<ConversationOptions, 'system'>} [options]
   */
  static async restore(model, bytes, options = {}) {
    const saved = unpack(bytes);
    const session = await model.restore(saved.state);
    try {
      const conversation = Conversation.from(session, saved.conversation, options);
      conversation.#owned = true;
      return conversation;
    } catch (e) {
      await session.close();
      throw e;
    }
  }

  /** Copies of all messages; while an answer is generated, the last one grows. */
  get messages() {
    return this.#messages.map((message) => ({ ...message }));
  }

  /** Index of the first message after the system's that the model still reads. */
  get start() {
    return this.#start;
  }

  /** Whether an answer is being generated. */
  get busy() {
    return this.#running;
  }

  /**
   * Sends a message; yields the tokens of the answer. Begins at the first pull. After `break` or an abort the
   * conversation has the answer so far; after an error before the first token it is as it was.
   * @param {string} text @param {ChatOptions} [options]
   * @returns {AsyncGenerator<Token, void, void>}
   */
  send(text, options = {}) {
    if (typeof text !== 'string') throw badArgument(`a message is a string, not ${describe(text)}`);
    return this.#turn(() => this.#messages.push({ role: 'user', content: text }), options);
  }

  /**
   * Sends the results of the calls in the last answer (its tool_calls); yields the tokens of the next answer.
   * @param {{ id: string, name: string, content: string }[]} results @param {ChatOptions} [options]
   * @returns {AsyncGenerator<Token, void, void>}
   */
  sendResults(results, options = {}) {
    for (const { content } of results)
      if (typeof content !== 'string')
        throw badArgument(`a result is a string, not ${describe(content)}`, 'results');
    return this.#turn(() => {
      if (!this.#messages.at(-1)?.tool_calls)
        throw badArgument('the last answer has called no tool', 'results');
      for (const { id, name, content } of results)
        this.#messages.push({ role: 'tool', tool_call_id: id, name, content });
    }, options);
  }

  /**
   * Answers the last message of the user again; the answer that is there is dropped.
   * @param {ChatOptions} [options] @returns {AsyncGenerator<Token, void, void>}
   */
  regenerate(options = {}) {
    return this.#turn(() => {
      const last = this.#messages.findLastIndex(({ role }) => role === 'user');
      if (last < 0) throw badArgument('there is no message of the user to answer', 'messages');
      this.#messages.length = last + 1;
    }, options);
  }

  /**
   * Replaces the text of a message and drops all after it. Then regenerate() answers, or send() goes on.
   * @param {number} index @param {string} text
   */
  edit(index, text) {
    this.#checkIdle();
    const message = this.#messages[index];
    if (!Number.isInteger(index) || !message)
      throw badArgument(`there is no message ${describe(index)}`, 'index');
    if (typeof text !== 'string') throw badArgument(`a message is a string, not ${describe(text)}`);
    this.#messages.length = index;
    this.#messages.push({ role: message.role, content: text });
    this.#rewind();
  }

  /** The conversation without its cache, as plain data. @returns {Saved} */
  toJSON() {
    return { messages: this.messages, start: this.#start };
  }

  /**
   * The conversation and the cache of its session as bytes, for restore(). About info.memory.perContextToken bytes a
   * token; not over a server.
   * @returns {Promise<Uint8Array>}
   */
  async save() {
    this.#checkIdle();
    const session = await this.#open();
    return pack(this.toJSON(), await session.save());
  }

  /** Ends the conversation; closes its session, if it has opened that itself. */
  async close() {
    this.#closed = true;
    const target = /** @type {any} */ (this.#target);
    if (this.#owned) await (target.createSession ? await this.#session : target)?.close();
  }

  /* ---- A turn ---- */

  #checkIdle() {
    if (!this.#running) return;
    throw new JielongError(
      'BUSY',
      'an answer is being generated; wait for it, or end it by break or its signal',
    );
  }

  /** The session. @returns {Promise<any>} */
  async #open() {
    if (this.#closed) throw closed('conversation');
    const target = this.#target;
    this.#session ??= Promise.resolve(target.createSession ? target.createSession() : target);
    try {
      return await this.#session;
    } catch (e) {
      this.#session = undefined; // the next turn tries again
      throw e;
    }
  }

  /**
   * @param {() => void} change of the messages, before the answer @param {ChatOptions} options
   * @returns {AsyncGenerator<Token, void, void>}
   */
  async *#turn(change, options) {
    this.#checkIdle();
    this.#running = true;
    const before = [...this.#messages];
    const start = this.#start;
    const reader = new PartsReader();
    let begun = false;
    /** @type {Message} */ const answer = { role: 'assistant', content: '' };
    const add = (/** @type {import('./chat/parts.js').Texts} */ texts) => {
      answer.content += texts.answer;
      if (texts.reasoning)
        answer.reasoning_content = (answer.reasoning_content ?? '') + texts.reasoning;
    };
    try {
      change();
      this.#rewind();
      for await (const token of this.#answer({ ...this.#given.options, ...options })) {
        if (!begun) this.#messages.push(answer);
        begun = true;
        add(reader.take(token));
        if (token.call) addCall(answer, token.call);
        yield token;
      }
    } finally {
      add(reader.end());
      if (!begun) [this.#messages, this.#start] = [before, start];
      this.#running = false;
    }
  }

  /** The tokens of the answer; drops turns that have no room. @param {ChatOptions} options @returns {AsyncGenerator<Token>} */
  async *#answer(options) {
    const session = await this.#open();
    if (!session.remote) await this.#fit(session, options);
    for (let begun = false; ; ) {
      try {
        for await (const token of session.chat(this.#context(this.#start), options)) {
          begun = true;
          yield token;
        }
        return;
      } catch (e) {
        // Only a server is not asked before: it counts its tokens itself.
        const full = session.remote && /** @type {any} */ (e)?.code === 'CONTEXT_FULL';
        const starts = this.#turns();
        if (begun || !full || !starts.length) throw e;
        this.#drop(starts[Math.floor((starts.length - 1) / 4)]);
      }
    }
  }

  /** What the model reads. @param {number} start */
  #context(start) {
    const first = this.#systems();
    return [...this.#messages.slice(0, first), ...this.#messages.slice(Math.max(start, first))];
  }

  /** Number of system messages at the beginning. */
  #systems() {
    const first = this.#messages.findIndex((message) => !isSystem(message));
    return first < 0 ? this.#messages.length : first;
  }

  /** If messages before `start` changed, the model reads all again. */
  #rewind() {
    const first = this.#systems();
    if (this.#start < first || this.#start >= this.#messages.length) this.#start = first;
  }

  /** Where the context can begin, after the oldest turn: indices of the user's messages. @returns {number[]} */
  #turns() {
    return this.#messages.flatMap(({ role }, i) =>
      role === 'user' && i > Math.max(this.#start, this.#systems()) ? [i] : [],
    );
  }

  /** @param {number} start */
  #drop(start) {
    const dropped = this.#messages.slice(Math.max(this.#start, this.#systems()), start);
    this.#start = start;
    this.#given.onTruncate?.({ dropped: dropped.map((message) => ({ ...message })) });
  }

  /** Drops turns until the prompt leaves room for the answer. @param {Session} session @param {ChatOptions} options */
  async #fit(session, options) {
    const { prepareChat } = await import('./chat/chat.js'); // loaded on first use
    const { contextLength, model } = session;
    const length = async (/** @type {number} */ start) =>
      (await prepareChat(model, this.#context(start), options)).ids.length;
    const answer = Math.min(options.maxTokens ?? LIMITS.maxTokens, Math.floor(contextLength / 2));
    const room = contextLength - answer;
    if ((await length(this.#start)) <= room) return;
    const starts = this.#turns();
    for (const start of starts) {
      const now = await length(start);
      if (now > FILL * room && start !== starts.at(-1)) continue;
      // A last message that is too long alone is refused by chat(); nothing is dropped for it.
      if (now < contextLength) this.#drop(start);
      return;
    }
  }
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

/** A line with the format, a line of JSON, and the session. @param {Saved} conversation @param {Uint8Array} state */
function pack(conversation, state) {
  const head = new TextEncoder().encode(`${MAGIC}${JSON.stringify(conversation)}\n`);
  const bytes = new Uint8Array(head.length + state.length);
  bytes.set(head);
  bytes.set(state, head.length);
  return bytes;
}

/** @param {Uint8Array} bytes @returns {{ conversation: Saved, state: Uint8Array }} */
function unpack(bytes) {
  const wrong = (/** @type {string} */ why) =>
    badArgument(`these bytes are no saved conversation: ${why}`, 'bytes');
  if (!(bytes instanceof Uint8Array)) throw wrong(`they are ${describe(bytes)}`);
  const begin = new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length));
  if (begin !== MAGIC) throw wrong('they begin otherwise');
  const end = bytes.indexOf(10, MAGIC.length);
  try {
    const text = new TextDecoder().decode(bytes.subarray(MAGIC.length, end));
    return { conversation: JSON.parse(text), state: bytes.slice(end + 1) };
  } catch (e) {
    throw wrong(/** @type {Error} */ (e).message);
  }
}
