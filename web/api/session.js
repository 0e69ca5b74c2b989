/**
 * session.js - the public API of a session.
 *
 * Checks arguments; timeline.js has the session's state, generation.js that of a generation.
 */
import { JielongError } from '../base/error.js';
import {
  badArgument,
  COUNT,
  checkIds,
  checkOptions,
  describe,
  FLAG,
  integer,
  listOf,
  plainSeed,
  reading,
  SAMPLING,
  TOKENS,
  unreadable,
} from '../base/options.js';
import { Generation, withGrammar } from './generation.js';
import { forecast, run } from './run.js';
import { Timeline } from './timeline.js';

/** @typedef {import('../engine/backend.js').Backend} Backend */
/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./types.js').ChatOptions} ChatOptions */
/** @typedef {import('./types.js').Counters} Counters */
/** @typedef {import('./types.js').GenerateOptions} GenerateOptions */
/** @typedef {import('./types.js').Ids} Ids */
/** @typedef {import('./types.js').LensOptions} LensOptions */
/** @typedef {import('./types.js').LensRow} LensRow */
/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./types.js').SamplingOptions} SamplingOptions */
/** @typedef {import('./types.js').Stage} Stage */
/** @typedef {import('./types.js').RunOptions} RunOptions */
/** @typedef {import('./types.js').TapResult} TapResult */
/** @typedef {import('./types.js').TokenOptions} TokenOptions */

const PART = 2 ** 22; // bytes of a state per call

/** Numbers in the order of jl_wasm_session_counters. @param {Float64Array} n @returns {Counters} */
function countersOf(n) {
  const [tokens, weights, cache, cacheBytes, , qkv, scores, gather, output, feedForward, unembed] =
    n;
  const [other, ...ms] = n.subarray(11);
  return {
    tokens,
    multiplyAdds: { qkv, scores, gather, output, feedForward, unembed },
    bytesRead: { weights, cache },
    cacheBytes,
    milliseconds: {
      qkv: ms[0],
      attention: ms[1] + ms[2],
      output: ms[3],
      feedForward: ms[4],
      unembed: ms[5],
      other,
    },
  };
}

/**
 * A timeline of tokens with its KV cache. One operation runs at a time; a second one is rejected
 * with BUSY. A generation blocks other changes of the timeline from its first pull until it
 * finishes or ends by `break`, return() or abort; logits(), stages(), ids() and save() are allowed
 * between its tokens.
 */
export class Session {
  #timeline;

  /**
   * @param {Model} model
   * @param {Backend} backend
   * @param {{ handle: number, contextLength: number, position: number }} state
   */
  constructor(model, backend, { handle, contextLength, position }) {
    this.#timeline = new Timeline(model, backend, handle, position);
    /** @readonly */
    this.model = model;
    /** Max number of tokens. @readonly */
    this.contextLength = contextLength;
  }

  /** Number of tokens. */
  get position() {
    return this.#timeline.position;
  }

  /** The ids of all tokens. @returns {Promise<Int32Array>} */
  ids() {
    return this.#timeline.run(false, () => this.#timeline.call('ids'));
  }

  /**
   * Appends tokens; they are evaluated when their logits are needed. A string is tokenised as plain
   * text; in an empty session it gets the file's beginning-of-sequence token.
   * @param {Ids | string} promptOrIds
   * @returns {Promise<void>}
   */
  append(promptOrIds) {
    return this.#timeline.run(true, async () => {
      await this.#timeline.append(await this.#timeline.tokens(promptOrIds, false, 'append'));
    });
  }

  /**
   * Replaces all tokens by these ids. The common prefix keeps its KV cache and is not evaluated again.
   * @param {Ids} ids
   * @returns {Promise<void>}
   */
  replace(ids) {
    return this.#timeline.run(true, async () => {
      const checked = checkIds(ids, 'replace');
      const same = await this.#timeline.call('commonPrefix', checked);
      const undo = await this.#timeline.restorer();
      await this.#timeline.rewind(same);
      await this.#timeline.append(checked.subarray(same)).catch(async (e) => {
        await undo().catch(() => {});
        throw e;
      });
    });
  }

  /**
   * Evaluates pending tokens; returns the next token's logits, one per vocabulary entry.
   * @returns {Promise<Float32Array>}
   */
  logits() {
    return this.#timeline.run(false, async () => {
      await this.#timeline.evaluate();
      return this.#timeline.call('logits');
    });
  }

  /**
   * Appends ids and yields the logits after each of them, in order. Needs a session with
   * allLogits, and blocks other operations until its end.
   * @param {Ids} ids
   * @returns {AsyncGenerator<Float32Array, void, void>}
   */
  async *eachLogits(ids) {
    const checked = checkIds(ids, 'eachLogits');
    const timeline = this.#timeline;
    timeline.claim(true);
    try {
      if (timeline.position) await timeline.evaluate();
      await timeline.append(checked);
      for (let more = true; more; ) {
        more = await timeline.call('advance');
        yield* await timeline.call('batchLogits');
      }
    } finally {
      timeline.release();
    }
  }

  /**
   * Drops all tokens from `position` on.
   * @param {number} position
   * @returns {Promise<void>}
   */
  rewind(position) {
    return this.#timeline.run(true, async () => {
      if (!COUNT[0](position))
        throw badArgument(`rewind takes ${COUNT[1]}, not ${describe(position)}`, 'position');
      await this.#timeline.rewind(position);
    });
  }

  /**
   * The distribution of the next token after each stage of the sampler, in order: first of the model, then
   * after each of options.stages. During a generation chance, Mirostat and its grammar are those of its next
   * token; otherwise a grammar is at its start.
   * @param {SamplingOptions & TokenOptions & { top?: number }} [options] top: candidates per stage, 20, at most 50
   * @returns {Promise<Stage[]>}
   */
  stages(options = {}) {
    return this.#timeline.run(false, async () => {
      const { top = 20, ...given } = checkOptions('stages', options, {
        ...SAMPLING,
        ...TOKENS,
        top: integer(1, 50),
      });
      const settings = await withGrammar(given);
      await this.#timeline.evaluate();
      return this.#timeline.call('stages', settings, top);
    });
  }

  /**
   * Appends tokens and evaluates them while taps read and edits change values inside. The model does not
   * change, and without taps and edits no work is added. Values are not checked: damaged weights show as
   * NaN. An encoder needs a whole text in an empty session (rewind(0)), adds the file's BOS and EOS
   * tokens to a string, and returns no logits (length 0). A run that fails or is aborted leaves the
   * session as it was.
   * @param {Ids | string} promptOrIds
   * @param {RunOptions} [options]
   * @returns {Promise<{ ids: Int32Array, taps: TapResult[], logits: Float32Array }>} taps in the order
   *   of the request, one per block for layer 'all'; logits after the last token
   */
  run(promptOrIds, options = {}) {
    return this.#timeline.run(true, () =>
      run(this.#timeline, this.model.info, promptOrIds, options),
    );
  }

  /**
   * The bytes that the results and edits of run() with these arguments take.
   * @param {Ids | string} promptOrIds
   * @param {Pick<RunOptions, 'taps' | 'edits' | 'stopAtLayer'>} [options]
   * @returns {Promise<number>}
   */
  forecast(promptOrIds, options = {}) {
    return this.#timeline.run(false, () =>
      forecast(this.#timeline, this.model.info, promptOrIds, options),
    );
  }

  /**
   * The logit lens: what the model would predict after each block, if the blocks after it added nothing. The
   * stream goes through the last norm and the output matrix; the last block gives the model's distribution.
   * Evaluates the tokens from the first of the positions on again. Not for encoders.
   * @param {LensOptions} [options]
   * @returns {Promise<LensRow[]>} by position, then by layer
   */
  lens(options = {}) {
    return this.#timeline.run(true, async () => {
      const { lens } = await import('./lens.js');
      return lens(this.#timeline, this.model, options);
    });
  }

  /**
   * Work of the session by part of the pass. reset: count from 0 afterwards.
   * @param {{ reset?: boolean }} [options]
   * @returns {Promise<Counters>}
   */
  counters(options = {}) {
    return this.#timeline.run(false, async () => {
      const { reset = false } = checkOptions('counters', options, { reset: FLAG });
      return countersOf(await this.#timeline.call('counters', reset));
    });
  }

  /**
   * The session as bytes, for model.restore(), also later and on another host: its rules and edits,
   * tokens, cache and logits, and the state of the random numbers. Not included: options and held-back
   * text of a generation (end of a character, begin of a stop string), counters, and where answers of
   * chat() begin. Rejected for encoders. About model.info.memory.perContextToken bytes a token.
   * @returns {Promise<Uint8Array>}
   */
  save() {
    return this.#timeline.run(false, async () => {
      const length = await this.#timeline.call('state', 'stateBytes');
      const bytes = new Uint8Array(length);
      const part = (/** @type {number[]} */ ...of) =>
        this.#timeline.call('state', 'statePart', ...of);
      for (let at = 0; at < length; at += PART)
        bytes.set(await part(at, Math.min(PART, length - at)), at);
      return bytes;
    });
  }

  /**
   * The seed with which generate() continues the draws of the last generation, as if that one had not
   * ended; also after save() and restore. 0 before the first.
   * @returns {Promise<number | string>} beyond 2^53 a decimal string
   */
  async nextSeed() {
    return plainSeed(
      await this.#timeline.run(false, () => this.#timeline.call('state', 'nextSeed')),
    );
  }

  /**
   * Generates text: appends the prompt, if any, then samples and appends one token per pull. Starts
   * at the first pull. Ends at maxTokens, an end token or a stop string, or by `break`, return() or
   * abort; then the timeline holds the prompt and exactly the tokens returned so far. A prompt string
   * is plain text unless `special`; in an empty session it gets the file's beginning-of-sequence
   * token.
   * @param {string | Ids} [promptOrIds]
   * @param {GenerateOptions} [options]
   * @returns {Generation}
   */
  generate(promptOrIds = [], options = {}) {
    const timeline = this.#timeline;
    return new Generation(timeline, 'generate', options, async ({ special = false, signal }) => ({
      from: timeline.position,
      ids: await timeline.tokens(promptOrIds, special, 'generate', signal),
    }));
  }

  /**
   * Runs generate() to its end. The result is plain data: it can be stored as JSON.
   * @param {string | Ids} [promptOrIds]
   * @param {GenerateOptions} [options]
   * @returns {Promise<{ text: string, ids: number[], finish: string, seed: number | string }>}
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
   * Generates the assistant's answer to a conversation, formatted by the file's chat template or by
   * chatTemplate. Pass the whole conversation each time: the session keeps the common prefix and
   * drops its other tokens. Special tokens in a message are plain text and cannot forge a role. Each
   * token has a `part`: reasoning or answer.
   * @param {Message[]} messages
   * @param {ChatOptions} [options]
   * @returns {Generation}
   */
  chat(messages, options = {}) {
    return new Generation(this.#timeline, 'chat', options, async (given) => {
      const list = reading('chat', () => listOf(messages));
      const { prepareChat } = await import('../chat/chat.js'); // loaded on first use
      const refuse = (/** @type {unknown} */ e) => {
        throw unreadable('chat', e);
      };
      const { ids, answer } = await prepareChat(this.model, list, given).catch(refuse);
      // Checked before tokens are dropped.
      if (ids.length >= this.contextLength && given.maxTokens !== 0) {
        const room = `the session has ${this.contextLength} positions`;
        throw new JielongError(
          'CONTEXT_FULL',
          `the conversation takes ${ids.length} tokens, ${room}; remove old messages, or create a ` +
            'session with a longer context',
          'context',
        );
      }
      // The last token is always evaluated, because sampling needs its logits.
      const same = await this.#timeline.call('commonPrefix', ids.subarray(0, -1));
      const { grammar, splitter } = await answer().catch(refuse);
      return {
        from: same,
        ids: ids.subarray(same),
        answer: { from: ids.length, splitter },
        grammar,
      };
    });
  }

  /** Frees the session's memory before the engine runs later calls. */
  async close() {
    this.#timeline.close();
  }
}

// For `await using`, if the language has it.
const { asyncDispose } = /** @type {any} */ (Symbol);
if (asyncDispose)
  Object.defineProperty(Session.prototype, asyncDispose, { value: Session.prototype.close });
