/**
 * jielong.js - the public interface: run a language model (a GGUF file) in a web page or in Node.
 *
 *   const model = await loadModel('smollm2.gguf', { onProgress: ({ loaded, total }) => … });
 *   const session = await model.createSession();
 *   for await (const token of session.generate('Once upon a time')) out.append(token.text);
 *   await model.close();
 *
 * In a page the engine runs in a worker of its own (one a model), in Node in this thread.
 * Everything here is a message to it and back: a generation is pulled token by token, so pausing is
 * not pulling, `break` and AbortSignal take effect between two tokens (or two steps of a long
 * prompt), and the session stays usable after them. Arguments are checked here, where the caller's
 * stack still shows; everything about models, tokens and sampling is decided by the engine. Nothing
 * here touches its memory (see engine.js).
 */

import { closed, openBackend } from './engine/backend.js';
import { JielongError } from './base/error.js';
import {
  ANY,
  badArgument,
  CHAT,
  COUNT,
  checkIds,
  checkOptions,
  DEFAULTS,
  describe,
  EMBED,
  FLAG,
  GENERATE,
  integer,
  LIMITS,
  LIST,
  LOAD,
  listOf,
  POSITIVE,
  reading,
  SAMPLING,
  TOKENIZE,
  unreadable,
} from './base/options.js';
import { describeSource } from './source/source.js';

export { JielongError };

const PART = 8192; // ids that one call turns into text

/** @typedef {import('./engine/backend.js').Backend} Backend */
/** @typedef {import('./chat/chat.js').Speaker} Speaker */
/** @typedef {{ from: number, speaker: () => Speaker }} Answer */
/** @typedef {import('./api/types.js').Source} Source */
/** @typedef {import('./api/types.js').LoadOptions} LoadOptions */
/** @typedef {import('./api/types.js').Progress} Progress */
/** @typedef {import('./api/types.js').ModelInfo} ModelInfo */
/** @typedef {import('./api/types.js').GenerateOptions} GenerateOptions */
/** @typedef {import('./api/types.js').ChatOptions} ChatOptions */
/** @typedef {import('./api/types.js').SamplingOptions} SamplingOptions */
/** @typedef {import('./api/types.js').Token} Token */
/** @typedef {import('./api/types.js').Piece} Piece */
/** @typedef {import('./api/types.js').Tap} Tap */
/** @typedef {import('./api/types.js').TapResult} TapResult */
/** @typedef {import('./api/types.js').Stage} Stage */
/** @typedef {import('./api/types.js').Message} Message */
/** @typedef {import('./api/types.js').Ids} Ids */

/* ---- Model ----------------------------------------------------------------------------------- */

/**
 * Loads a model. The bytes stream into the engine's memory and are packed as they arrive, so no
 * second copy of the file exists. Rejects with a JielongError (codes: types.js) or signal.reason.
 * @param {Source} source
 * @param {LoadOptions} [options]
 * @returns {Promise<Model>}
 */
export async function loadModel(source, options = {}) {
  const {
    onProgress,
    signal,
    wasm,
    worker,
    sha256,
    memoryLimit,
    contextLength,
    precision,
    threads,
  } = checkOptions('loadModel', options, LOAD);
  const described = describeSource(source);
  signal?.throwIfAborted();
  const backend = openBackend(worker);
  try {
    const address = typeof wasm === 'string' || wasm instanceof URL ? describeSource(wasm) : wasm;
    const info = await backend.load(
      described,
      { wasm: address, sha256, memoryLimit, precision, threads },
      onProgress,
      signal,
    );
    return new Model(backend, info, contextLength);
  } catch (e) {
    backend.close();
    throw signal?.aborted ? signal.reason : e;
  }
}

/**
 * Makes a network that a page can train; see train.js, which is fetched now.
 * @param {import('./api/types.js').TrainOptions} options
 */
export const createTrainer = async (options) => (await import('./train.js')).createTrainer(options);

/** A loaded model: immutable, shared by its sessions. Made by loadModel. */
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
   * Text → token ids. special: special tokens written in the text (such as <|im_start|>) become
   * their ids. bos: begin with the beginning-of-sequence token, if the file asks for one. A text of
   * two authors comes in parts: what is quoted is text, whatever special tokens it spells; else the
   * ids are those of the whole. A long text takes several steps, between which the signal ends it
   * and other calls have their turn.
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
   * Token ids → text: the exact inverse of tokenize. special: control tokens appear as they are
   * written.
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
   * The vocabulary entries of some ids, in order.
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
   * A new timeline of tokens with its own KV cache. contextLength: its positions (default: what
   * loadModel was told, else the length the model was trained with, at most 4096). allLogits: for
   * eachLogits().
   * @param {{ contextLength?: number, allLogits?: boolean }} [options]
   * @returns {Promise<Session>}
   */
  async createSession(options = {}) {
    const rules = { contextLength: POSITIVE, allLogits: FLAG };
    const { contextLength = this.#contextLength ?? 0, allLogits = false } = checkOptions(
      'createSession',
      options,
      rules,
    );
    const state = await this.#backend.call('openSession', contextLength, allLogits);
    return new Session(this, this.#backend, state);
  }

  /**
   * A text as one vector of length 1: the model's hidden states after its last norm, pooled. The
   * likeness of two texts is the dot product of their vectors. A string gets the tokens around it
   * that the file asks for. pooling: 'mean' of all tokens, the first ('cls') or the 'last' one;
   * what the file asks for, else the mean. An encoder takes a text whole: as long as the context it
   * was trained with, and at most 4096 tokens.
   * @param {string | Ids} text
   * @param {{ pooling?: 'mean' | 'cls' | 'last', signal?: AbortSignal }} [options]
   * @returns {Promise<Float32Array>} info.embeddingLength numbers
   */
  async embed(text, options = {}) {
    const { pooling = this.info.pooling ?? 'mean', signal } = checkOptions('embed', options, EMBED);
    signal?.throwIfAborted();
    return this.#backend.attend(signal, () => this.#embed(text, pooling, signal));
  }

  /** @param {string | Ids} text @param {string} pooling @param {AbortSignal} [signal] */
  async #embed(text, pooling, signal) {
    const ids =
      typeof text === 'string'
        ? await tokenize(this.#backend, [[[text, false]], false, true, true], () =>
            signal?.throwIfAborted(),
          )
        : checkIds(text, 'embed');
    if (ids.length === 0) throw badArgument('there is nothing to embed', 'text');
    const { handle } = await this.#backend.call('openSession', ids.length, false);
    try {
      await this.#backend.call('append', handle, ids);
      let vector = new Float32Array(this.info.embeddingLength);
      for (let more = true; more; ) {
        signal?.throwIfAborted();
        ({ more, vector } = await this.#backend.call('embed', handle, pooling, vector));
      }
      return vector;
    } finally {
      this.#backend.call('closeSession', handle).catch(() => {});
    }
  }

  /** Stops the engine and gives all memory back; its sessions are closed too. */
  async close() {
    this.#backend.close();
  }
}

/**
 * The ids of a text, a step a call.
 * @param {Backend} backend
 * @param {[parts: [string, boolean][], special: boolean, bos: boolean, eos?: boolean]} text
 * @param {() => void} check throws where nobody wants them any more
 * @returns {Promise<Int32Array>}
 */
async function tokenize(backend, text, check) {
  check();
  let ids = await backend.call('tokenize', ...text);
  while (typeof ids === 'number') {
    try {
      check();
    } catch (e) {
      await backend.call('endTokenize', ids).catch(() => {});
      throw e;
    }
    ids = await backend.call('tokenizeMore', ids);
  }
  check();
  return ids;
}

/** Ids in parts that take some ms each. @param {Int32Array} ids @returns {Generator<[Int32Array, boolean]>} */
function* inParts(ids) {
  for (let at = 0; at < ids.length; at += PART) yield [ids.slice(at, at + PART), at === 0];
}

/* ---- Session --------------------------------------------------------------------------------- */

/**
 * One timeline of tokens. Only one operation runs at a time: another one meanwhile gets BUSY. A
 * generation that has begun and is neither finished, left by break, returned nor aborted counts as
 * running for whatever would change the timeline; logits(), stages() and ids() may be called
 * between its tokens.
 */
export class Session {
  #backend;
  #handle;
  #position = 0;
  #busy = false;
  #closed = false;
  /** @type {Generation | undefined} */ #open;
  /** Where answers begin on the timeline. @type {Answer[]} */ #answers = [];

  /**
   * @param {Model} model
   * @param {Backend} backend
   * @param {{ handle: number, contextLength: number }} state
   */
  constructor(model, backend, { handle, contextLength }) {
    this.#backend = backend;
    this.#handle = handle;
    /** @readonly */
    this.model = model;
    /** Positions there are. @readonly */
    this.contextLength = contextLength;
  }

  /** Tokens on the timeline. */
  get position() {
    return this.#position;
  }

  /** The tokens on the timeline. @returns {Promise<Int32Array>} */
  ids() {
    return this.#run(false, () => this.#call('ids'));
  }

  /**
   * Adds tokens at the end; they are evaluated when something needs their logits. A string is
   * tokenised as plain text, with the file's beginning-of-sequence token if the session is empty.
   * @param {Ids | string} promptOrIds
   * @returns {Promise<void>}
   */
  append(promptOrIds) {
    return this.#run(true, async () => this.#add(await this.#tokens(promptOrIds, false, 'append')));
  }

  /**
   * Logits of the next token, one a vocabulary entry, after evaluating what is pending.
   * @returns {Promise<Float32Array>}
   */
  logits() {
    return this.#run(false, async () => {
      await this.#evaluate();
      return this.#call('logits');
    });
  }

  /**
   * Appends ids and gives the logits after each of them, in order. For sessions made with
   * allLogits. No other operation may run until it has ended.
   * @param {Ids} ids
   * @returns {AsyncGenerator<Float32Array, void, void>}
   */
  async *eachLogits(ids) {
    const checked = checkIds(ids, 'eachLogits');
    this.#claim(true);
    try {
      if (this.#position) await this.#evaluate();
      await this.#add(checked);
      for (let more = true; more; ) {
        more = await this.#call('advance');
        yield* await this.#call('batchLogits');
      }
    } finally {
      this.#busy = false;
    }
  }

  /**
   * Forgets everything from `position` on.
   * @param {number} position
   * @returns {Promise<void>}
   */
  rewind(position) {
    return this.#run(true, async () => {
      if (!COUNT[0](position))
        throw badArgument(`rewind takes ${COUNT[1]}, not ${describe(position)}`, 'position');
      await this.#rewind(position);
    });
  }

  /**
   * What each stage of the sampler makes of the next token's distribution, in the order in which
   * they run.
   * @param {SamplingOptions & { top?: number }} [options] top: candidates a stage, 20, at most 50
   * @returns {Promise<Stage[]>}
   */
  stages(options = {}) {
    return this.#run(false, async () => {
      const { top = 20, ...given } = checkOptions('stages', options, {
        ...SAMPLING,
        top: integer(1, 50),
      });
      await this.#evaluate();
      return this.#call('stages', { ...DEFAULTS, ...given }, top);
    });
  }

  /**
   * Appends ids and evaluates them while taps record what happens inside. Nothing is computed or
   * kept that is not asked for, and nothing is checked: damaged weights show as NaN. An encoder takes a text whole, in an empty session (rewind(0)), a
   * string with the tokens around it that its file asks for, and gives no logits (length 0).
   * @param {Ids | string} promptOrIds
   * @param {{ taps?: Tap[] }} [options]
   * @returns {Promise<{ taps: TapResult[], logits: Float32Array }>}
   */
  run(promptOrIds, options = {}) {
    return this.#run(true, async () => {
      const { taps = [] } = checkOptions('run', options, { taps: LIST });
      const wanted = taps.flatMap((tap, i) => expandTap(tap, i, this.model.info));
      const ids = await this.#tokens(promptOrIds, false, 'run');
      const { position, ...result } = await this.#call('run', ids, wanted);
      this.#position = position;
      return result;
    });
  }

  /**
   * Continues the timeline: appends the prompt (optional), then draws tokens one by one, each of
   * which becomes part of it. Nothing happens before the first pull. Ends at maxTokens, an end
   * token or a stop string; `break`, return() and an abort end it too, and then the timeline holds
   * the prompt and exactly the tokens that were delivered. A prompt string is tokenised as plain
   * text unless `special`, with the file's beginning-of-sequence token if the session is empty.
   * @param {string | Ids} [promptOrIds]
   * @param {GenerateOptions} [options]
   * @returns {Generation}
   */
  generate(promptOrIds = [], options = {}) {
    return this.#generation('generate', options, async ({ special = false, signal }) => ({
      from: this.#position,
      ids: await this.#tokens(promptOrIds, special, 'generate', signal),
    }));
  }

  /**
   * generate() driven to its end.
   * @param {string | Ids} [promptOrIds]
   * @param {GenerateOptions} [options]
   * @returns {Promise<{ text: string, ids: number[], finish: string, seed: bigint }>}
   */
  async complete(promptOrIds = [], options = {}) {
    const generation = this.generate(promptOrIds, options);
    let text = '';
    let finish = 'length';
    const ids = [];
    for await (const token of generation) {
      text += token.text;
      ids.push(token.id);
      finish = token.finish ?? finish;
    }
    return { text, ids, finish, seed: generation.seed };
  }

  /**
   * The assistant's answer to a conversation, in the model's own format: the file's chat template,
   * or what chatTemplate says. Give the whole conversation each time: what the session already holds
   * of it is kept, the rest of the session is forgotten. Special tokens written in a message are
   * plain text and cannot forge a role. Each token says which `part` it is of: reasoning or answer.
   * @param {Message[]} messages
   * @param {ChatOptions} [options]
   * @returns {Generation}
   */
  chat(messages, options = {}) {
    return this.#generation('chat', options, async (given) => {
      const list = reading('chat', () => listOf(messages));
      const { prepareChat } = await import('./chat/chat.js'); // only pages that chat load it
      const { ids, speaker } = await prepareChat(this.model, list, given).catch((e) => {
        throw unreadable('chat', e);
      });
      // Before anything is forgotten for it.
      if (ids.length >= this.contextLength && given.maxTokens !== 0) {
        const room = `the session has ${this.contextLength} positions`;
        throw new JielongError(
          'CONTEXT_FULL',
          `the conversation takes ${ids.length} tokens, ${room}; leave out old messages, or make a ` +
            'session with a longer context',
          'context',
        );
      }
      const have = /** @type {Int32Array} */ (await this.#call('ids'));
      let same = 0;
      while (same < have.length && same < ids.length - 1 && have[same] === ids[same]) same++;
      return { from: same, ids: ids.subarray(same), answer: { from: ids.length, speaker } };
    });
  }

  /** Frees the session's memory, before the engine does anything that is asked of it later. */
  async close() {
    if (this.#closed) return;
    this.#closed = true;
    // Nobody waits for an engine that may be busy; after model.close() there is nothing left to free.
    this.#call('closeSession').catch(() => {});
  }

  /** @param {string} op @param {any[]} args @returns {Promise<any>} */
  #call(op, ...args) {
    return this.#backend.call(op, this.#handle, ...args);
  }

  /** @param {boolean} changes the timeline @param {Generation} [by] */
  #claim(changes, by) {
    if (this.#closed) throw closed('session');
    if (this.#open?.ended) this.#open = undefined;
    if (this.#busy || (changes && this.#open && this.#open !== by)) {
      throw new JielongError(
        'BUSY',
        'this session is busy with another operation; wait for it, or end the generation ' +
          'by break, return() or its signal',
      );
    }
    this.#busy = true;
  }

  /**
   * One operation at a time.
   * @template T
   * @param {boolean} changes
   * @param {() => Promise<T>} work
   * @param {Generation} [by]
   */
  async #run(changes, work, by) {
    this.#claim(changes, by);
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }

  /** @param {Int32Array} ids */
  async #add(ids) {
    this.#position = await this.#call('append', ids);
  }

  /** @param {number} position */
  async #rewind(position) {
    this.#position = await this.#call('rewind', position);
    this.#answers = this.#answers.filter(({ from }) => from <= this.#position);
  }

  /** What brings the timeline back when something is to be changed from a position on. @param {number} from */
  async #restorer(from) {
    const answers = this.#answers;
    const tail = from < this.#position ? (await this.#call('ids')).slice(from) : new Int32Array(0);
    return async () => {
      await this.#rewind(from);
      await this.#add(tail);
      this.#answers = answers;
    };
  }

  /** Who tells reasoning from answer, if the timeline ends in an answer of chat(). */
  async #speaker() {
    const answer = this.#answers.at(-1);
    const speaker = answer?.speaker();
    if (!answer || this.#position === answer.from) return speaker;
    const said = (await this.#call('ids')).subarray(answer.from);
    for (const { id, text, special } of await this.model.pieces(said))
      speaker?.take({ id, text: special ? '' : text });
    return speaker;
  }

  /** Evaluates what is pending, a step a call. */
  async #evaluate() {
    while (await this.#call('advance'));
  }

  /**
   * @param {string | Ids} prompt
   * @param {boolean} special
   * @param {string} caller
   * @param {AbortSignal} [signal]
   * @returns {Promise<Int32Array>}
   */
  async #tokens(prompt, special, caller, signal) {
    if (typeof prompt !== 'string') return checkIds(prompt, caller);
    const bos = this.#position === 0;
    const { encoder } = this.model.info;
    return tokenize(this.#backend, [[[prompt, false]], special, bos, encoder], () => {
      if (this.#closed) throw closed('session');
      signal?.throwIfAborted();
    });
  }

  /**
   * @param {'generate' | 'chat'} caller @param {ChatOptions} options
   * @param {(options: ChatOptions) => Promise<{ from: number, ids: Int32Array, answer?: Answer }>} prompt
   *   found at the first pull: what the timeline is to hold from a position on
   */
  #generation(caller, options, prompt) {
    /** @type {ChatOptions} */ let given = {};
    /** @type {unknown} */ let wrong;
    try {
      given = checkOptions(caller, options, caller === 'chat' ? CHAT : GENERATE);
    } catch (e) {
      wrong = e; // made here, where the caller's stack shows, and thrown by the first pull
    }
    const { signal, onToken, stop = [], chatTemplate, templateOptions, ...rest } = given;
    const random = crypto.getRandomValues(new Uint32Array(1))[0];
    const seed = BigInt.asUintN(64, BigInt(given.seed ?? random));
    const settings = { ...DEFAULTS, ...LIMITS, ...rest, seed, stop };

    let begun = false;
    /** @type {Speaker | undefined} */ let speaker;
    /** Makes the session what it was, until there is a token. */
    let undo = async () => {};
    /** @param {Generation} self */
    const begin = async (self) => {
      if (wrong) throw wrong;
      this.#open = self;
      const { from, ids, answer } = await prompt(given);
      signal?.throwIfAborted();
      undo = await this.#restorer(from);
      if (from < this.#position) await this.#rewind(from);
      this.#position = await this.#call('generate', ids, settings);
      if (answer) this.#answers = [...this.#answers, answer];
      speaker = await this.#speaker();
      begun = true;
    };
    /** Until a token is drawn or the end is reached. @returns {Promise<Token | undefined>} */
    const step = async () => {
      for (;;) {
        signal?.throwIfAborted();
        const before = this.#position;
        const { more, token, position } = await this.#call('step');
        this.#position = position;
        if (signal?.aborted && token) this.#position = await this.#call('rewind', before);
        if (!more) return token && speaker ? { ...token, part: speaker.take(token) } : token;
      }
    };
    /** @param {Generation} self */
    const pull = (self) => {
      const work = async () => {
        try {
          if (!begun) await begin(self);
          const token = await step();
          undo = async () => {};
          return token;
        } catch (e) {
          // An abort leaves what was given to it, as it does later.
          if (!begun || !signal?.aborted) await undo().catch(() => {});
          throw e;
        }
      };
      return this.#run(true, () => this.#backend.attend(signal, work), self);
    };
    return new Generation(pull, seed, signal, onToken);
  }
}

/**
 * A running generation: an async iterator of tokens, pulled one by one.
 * @implements {AsyncIterableIterator<Token>}
 */
export class Generation {
  #pull;
  #signal;
  #onToken;
  #ended = false;

  /**
   * @param {(self: Generation) => Promise<Token | undefined>} pull @param {bigint} seed
   * @param {AbortSignal | undefined} signal @param {((token: Token) => void) | undefined} onToken
   */
  constructor(pull, seed, signal, onToken) {
    this.#pull = pull;
    this.#signal = signal;
    this.#onToken = onToken;
    /** What the random numbers started from; the same seed draws the same tokens. @readonly */
    this.seed = seed;
  }

  /** Whether no more tokens will come. */
  get ended() {
    return this.#ended || !!this.#signal?.aborted;
  }

  /** @returns {Promise<IteratorResult<Token, undefined>>} */
  async next() {
    if (this.#ended) return { done: true, value: undefined };
    try {
      this.#signal?.throwIfAborted();
      const token = await this.#pull(this);
      this.#signal?.throwIfAborted();
      if (!token) return this.return();
      if (token.finish) this.#ended = true;
      this.#onToken?.(token);
      return { done: false, value: token };
    } catch (e) {
      // A pull on top of a running one is refused and ends nothing.
      if (/** @type {any} */ (e)?.code !== 'BUSY') this.#ended = true;
      throw e;
    }
  }

  /**
   * Ends the generation; the session is free for the next.
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

for (const type of [Model, Session]) {
  // `await using`, where the language has it.
  const { asyncDispose } = /** @type {any} */ (Symbol);
  if (asyncDispose) {
    Object.defineProperty(type.prototype, asyncDispose, { value: type.prototype.close });
  }
}

/* ---- Taps ------------------------------------------------------------------------------------ */

/**
 * A tap without layer or head stands for all of them.
 * @param {Tap} tap @param {number} i @param {ModelInfo} info
 * @returns {{ kind: 'attention' | 'residual', layer: number, head: number }[]}
 */
function expandTap(tap, i, info) {
  const caller = `taps[${i}]`;
  const kind = reading(caller, () => tap?.kind);
  if (kind !== 'attention' && kind !== 'residual') {
    throw badArgument(
      `${caller}.kind must be 'attention' or 'residual', not ${describe(kind)}`,
      caller,
    );
  }
  const layerRule = { kind: ANY, layer: integer(0, info.layers - 1) };
  const rules =
    kind === 'attention' ? { ...layerRule, head: integer(0, info.heads - 1) } : layerRule;
  const { layer, head } = /** @type {any} */ (checkOptions(caller, tap, rules));
  /** @type {(one: number | undefined, n: number) => number[]} */
  const all = (one, n) => (one === undefined ? [...Array(n).keys()] : [one]);
  const layers = kind === 'attention' ? info.attentionLayers : [...Array(info.layers).keys()];
  return (layer === undefined ? layers : [layer]).flatMap((l) =>
    (kind === 'attention' ? all(head, info.heads) : [0]).map((h) => ({ kind, layer: l, head: h })),
  );
}
