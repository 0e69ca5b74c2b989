/**
 * generation.js - a running generation: appends the prompt at the first pull; each pull returns one token.
 *
 * A pull calls the engine until it returns a token or the end, so an abort takes effect between two steps of a
 * long prompt. A failure before the first token restores the timeline; an abort keeps an appended prompt.
 */
import { badArgument, CHAT, checkOptions, GENERATE, LIMITS, plainSeed } from '../base/options.js';

/** @typedef {import('./timeline.js').Timeline} Timeline */
/** @typedef {import('./types.js').ChatOptions} ChatOptions */
/** @typedef {import('./types.js').Token} Token */
/** New tokens of the timeline, from a position on. @typedef {{ from: number, ids: Int32Array,
 *   answer?: import('./timeline.js').Answer, grammar?: string }} Prompt */

const nothing = async () => {};

/**
 * Options with the grammar of their responseFormat instead of it.
 * @template {{ grammar?: string, responseFormat?: { jsonSchema: unknown } }} T @param {T} options
 */
export async function withGrammar({ responseFormat, ...rest }) {
  if (!responseFormat) return rest;
  if (rest.grammar !== undefined)
    throw badArgument("give one of 'grammar' and 'responseFormat'", 'responseFormat');
  const { grammarOf } = await import('../schema/schema.js'); // loaded on first use
  return { ...rest, grammar: grammarOf(responseFormat.jsonSchema) };
}

/**
 * A running generation: an async iterator of tokens, pulled one by one.
 * @implements {AsyncIterableIterator<Token>}
 */
export class Generation {
  #timeline;
  #prompt;
  /** @type {ChatOptions} */ #given = {};
  /** Error in the options; the first pull throws it. @type {unknown} */ #wrong;
  #settings;
  #begun = false;
  #ended = false;
  /** Restores the timeline; nothing() after the first token. */ #undo = nothing;
  /** @type {import('../chat/chat.js').Splitter | undefined} */ #splitter;

  /**
   * @param {Timeline} timeline @param {'generate' | 'chat'} caller @param {ChatOptions} options
   * @param {(options: ChatOptions) => Promise<Prompt>} prompt called by the first pull
   */
  constructor(timeline, caller, options, prompt) {
    this.#timeline = timeline;
    this.#prompt = prompt;
    try {
      this.#given = checkOptions(caller, options, caller === 'chat' ? CHAT : GENERATE);
    } catch (e) {
      this.#wrong = e; // created here, so that its stack shows the caller
    }
    const { signal, onToken, stop = [], ...more } = this.#given;
    const { chatTemplate, templateOptions, tools, toolChoice, parallelToolCalls, ...rest } = more;
    const random = crypto.getRandomValues(new Uint32Array(1))[0];
    const seed = BigInt.asUintN(64, BigInt(rest.seed ?? random));
    /** Of the random numbers; the same seed gives the same tokens. Beyond 2^53 a decimal string. @readonly */
    this.seed = plainSeed(seed);
    this.#settings = { ...LIMITS, ...rest, seed, stop };
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
      const work = () => this.#timeline.attend(signal, () => this.#pull());
      const token = await this.#timeline.run(true, work, this);
      signal?.throwIfAborted();
      if (!token) return this.return();
      if (token.finish) this.#ended = true;
      onToken?.(token);
      return { done: false, value: token };
    } catch (e) {
      // A pull during another one is rejected; the generation continues.
      if (/** @type {any} */ (e)?.code !== 'BUSY') this.#ended = true;
      throw e;
    }
  }

  /** @returns {Promise<Token | undefined>} undefined: the end */
  async #pull() {
    try {
      if (!this.#begun) await this.#begin();
      const token = await this.#step();
      this.#undo = nothing;
      return token;
    } catch (e) {
      if (!this.#begun || !this.#given.signal?.aborted) await this.#undo().catch(() => {});
      throw e;
    }
  }

  async #begin() {
    if (this.#wrong) throw this.#wrong;
    const timeline = this.#timeline;
    timeline.hold(this);
    const { from, ids, answer, grammar } = await this.#prompt(this.#given);
    this.#given.signal?.throwIfAborted();
    this.#undo = await timeline.restorer();
    const settings = await withGrammar({ ...this.#settings, ...(grammar && { grammar }) });
    if (from < timeline.position) await timeline.rewind(from);
    await timeline.call('generate', ids, settings);
    if (answer) timeline.addAnswer(answer);
    this.#splitter = await timeline.splitter();
    this.#begun = true;
  }

  /** The next token, or undefined at the end. @returns {Promise<Token | undefined>} */
  async #step() {
    const { signal } = this.#given;
    for (;;) {
      signal?.throwIfAborted();
      const before = this.#timeline.position;
      const { more, token } = await this.#timeline.call('step');
      if (signal?.aborted && token) await this.#timeline.call('rewind', before);
      if (more) continue;
      const splitter = this.#splitter;
      if (!token || !splitter) return token;
      const part = splitter.take(token);
      const call = 'call' in splitter && splitter.call;
      return { ...token, part, ...(call && { call }) };
    }
  }

  /**
   * Ends the generation and unlocks the session.
   * @returns {Promise<{ done: true, value: undefined }>}
   */
  async return() {
    this.#ended = true;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}
