/**
 * session.js - the public interface of one timeline of tokens.
 *
 * Arguments are checked here; the timeline's state is in timeline.js, a generation's in generation.js.
 */
import { JielongError } from '../base/error.js';
import {
  badArgument,
  COUNT,
  checkIds,
  checkOptions,
  DEFAULTS,
  describe,
  integer,
  LIST,
  listOf,
  reading,
  SAMPLING,
  unreadable,
} from '../base/options.js';
import { Generation } from './generation.js';
import { expandTap } from './taps.js';
import { Timeline } from './timeline.js';

/** @typedef {import('../engine/backend.js').Backend} Backend */
/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./types.js').ChatOptions} ChatOptions */
/** @typedef {import('./types.js').GenerateOptions} GenerateOptions */
/** @typedef {import('./types.js').Ids} Ids */
/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./types.js').SamplingOptions} SamplingOptions */
/** @typedef {import('./types.js').Stage} Stage */
/** @typedef {import('./types.js').Tap} Tap */
/** @typedef {import('./types.js').TapResult} TapResult */

/**
 * One timeline of tokens. Only one operation runs at a time: another one meanwhile gets BUSY. A
 * generation that has begun and is neither finished, left by break, returned nor aborted counts as
 * running for whatever would change the timeline; logits(), stages() and ids() may be called
 * between its tokens.
 */
export class Session {
  #timeline;

  /**
   * @param {Model} model
   * @param {Backend} backend
   * @param {{ handle: number, contextLength: number }} state
   */
  constructor(model, backend, { handle, contextLength }) {
    this.#timeline = new Timeline(model, backend, handle);
    /** @readonly */
    this.model = model;
    /** Positions there are. @readonly */
    this.contextLength = contextLength;
  }

  /** Tokens on the timeline. */
  get position() {
    return this.#timeline.position;
  }

  /** The tokens on the timeline. @returns {Promise<Int32Array>} */
  ids() {
    return this.#timeline.run(false, () => this.#timeline.call('ids'));
  }

  /**
   * Adds tokens at the end; they are evaluated when something needs their logits. A string is
   * tokenised as plain text, with the file's beginning-of-sequence token if the session is empty.
   * @param {Ids | string} promptOrIds
   * @returns {Promise<void>}
   */
  append(promptOrIds) {
    return this.#timeline.run(true, async () => {
      await this.#timeline.append(await this.#timeline.tokens(promptOrIds, false, 'append'));
    });
  }

  /**
   * Makes the timeline hold exactly these ids. Its tokens that are the same from the beginning on are kept, so they are
   * not evaluated again; the rest of it is dropped.
   * @param {Ids} ids
   * @returns {Promise<void>}
   */
  replace(ids) {
    return this.#timeline.run(true, async () => {
      const checked = checkIds(ids, 'replace');
      const same = await this.#timeline.call('commonPrefix', checked);
      const undo = await this.#timeline.restorer(same);
      await this.#timeline.rewind(same);
      await this.#timeline.append(checked.subarray(same)).catch(async (e) => {
        await undo().catch(() => {});
        throw e;
      });
    });
  }

  /**
   * Logits of the next token, one a vocabulary entry, after evaluating what is pending.
   * @returns {Promise<Float32Array>}
   */
  logits() {
    return this.#timeline.run(false, async () => {
      await this.#timeline.evaluate();
      return this.#timeline.call('logits');
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
   * Forgets everything from `position` on.
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
   * What each stage of the sampler makes of the next token's distribution, in the order in which
   * they run.
   * @param {SamplingOptions & { top?: number }} [options] top: candidates a stage, 20, at most 50
   * @returns {Promise<Stage[]>}
   */
  stages(options = {}) {
    return this.#timeline.run(false, async () => {
      const { top = 20, ...given } = checkOptions('stages', options, {
        ...SAMPLING,
        top: integer(1, 50),
      });
      await this.#timeline.evaluate();
      return this.#timeline.call('stages', { ...DEFAULTS, ...given }, top);
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
    return this.#timeline.run(true, async () => {
      const { taps = [] } = checkOptions('run', options, { taps: LIST });
      const wanted = taps.flatMap((tap, i) => expandTap(tap, i, this.model.info));
      const ids = await this.#timeline.tokens(promptOrIds, false, 'run');
      const { taps: results, logits } = await this.#timeline.call('run', ids, wanted);
      return { taps: results, logits };
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
    const timeline = this.#timeline;
    return new Generation(timeline, 'generate', options, async ({ special = false, signal }) => ({
      from: timeline.position,
      ids: await timeline.tokens(promptOrIds, special, 'generate', signal),
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
    return new Generation(this.#timeline, 'chat', options, async (given) => {
      const list = reading('chat', () => listOf(messages));
      const { prepareChat } = await import('../chat/chat.js'); // only pages that chat load it
      const { ids, splitter } = await prepareChat(this.model, list, given).catch((e) => {
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
      // At least one token is evaluated, because the first draw needs its logits.
      const same = await this.#timeline.call('commonPrefix', ids.subarray(0, -1));
      return { from: same, ids: ids.subarray(same), answer: { from: ids.length, splitter } };
    });
  }

  /** Frees the session's memory, before the engine does anything that is asked of it later. */
  async close() {
    this.#timeline.close();
  }
}

// `await using`, where the language has it.
const { asyncDispose } = /** @type {any} */ (Symbol);
if (asyncDispose)
  Object.defineProperty(Session.prototype, asyncDispose, { value: Session.prototype.close });
