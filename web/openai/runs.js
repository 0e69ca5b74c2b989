/**
 * runs.js - runs a checked request over a local model and yields what becomes chunks.
 *
 * The answers of a request (n, or several prompts) are generated one after another in one session, so that they share
 * the prompt's cache; answer i has the seed + i.
 */

import { JielongError } from '../base/error.js';
import { PartsReader } from '../chat/parts.js';

/** @typedef {import('../api/model.js').Model} Model */
/** @typedef {import('../api/types.js').Token} Token */
/** @typedef {import('./pool.js').Pool} Pool */
/** @typedef {import('./requests.js').Request} Request */

/**
 * One token of an answer. text: without reasoning. finish: on the last.
 * @typedef {object} Step
 * @property {number} index of the answer
 * @property {string} text
 * @property {string} reasoning
 * @property {TokenLogprob} [logprob]
 * @property {import('../api/types.js').ToolCall} [call] of a tool, that this token completes
 * @property {'length' | 'stop' | 'tool_calls'} [finish]
 */
/** @typedef {{ id: number, text: string, logprob: number, bytes: number[] }} Alternative */
/** @typedef {Alternative & { top: Alternative[] }} TokenLogprob */
/** @typedef {{ prompt: number, completion: number, cached: number, reasoning: number }} Counts in tokens */
/** What is generated: the ids of the prompt, for the choice of a session, and how to begin.
 * @typedef {{ ids: Int32Array, begin: (session: import('../api/session.js').Session, options: any) => Promise<AsyncIterable<Token>> }} Prompt */

const LEAST = -9999; // OpenAI's logprob of an impossible token

/** Prompts of a request. @param {Model} model @param {Request} request @param {AbortSignal} [signal] @returns {Promise<Prompt[]>} */
async function promptsOf(model, { messages, texts, options }, signal) {
  if (messages) {
    const { prepareChat } = await import('../chat/chat.js'); // loaded on first use
    const { ids } = await prepareChat(model, messages, options);
    return [{ ids, begin: async (session, given) => session.chat(messages, given) }];
  }
  const prompts = [];
  for (const text of texts ?? []) {
    const ids =
      typeof text === 'string'
        ? await model.tokenize(text, { special: true, bos: true, signal })
        : Int32Array.from(text);
    prompts.push({
      ids,
      begin: async (
        /** @type {import('../api/session.js').Session} */ session,
        /** @type {any} */ given,
      ) => {
        await session.replace(ids);
        return session.generate([], given);
      },
    });
  }
  return prompts;
}

/** @param {Model} model @param {Token} token @returns {Promise<TokenLogprob>} */
async function logprobOf(model, { id: drawn, logprob, top = [] }) {
  const pieces = await model.pieces([drawn, ...top.map((one) => one.id)]);
  const [own, ...rest] = pieces.map(({ id, text, bytes }, i) => ({
    id,
    text,
    logprob: Math.max(i ? top[i - 1].logprob : logprob, LEAST),
    bytes: [...bytes],
  }));
  return { ...own, top: rest };
}

/**
 * One answer.
 * @param {Model} model @param {AsyncIterable<Token>} tokens @param {number} index @param {boolean} logprobs
 * @param {Counts} counts @returns {AsyncGenerator<Step>}
 */
async function* answer(model, tokens, index, logprobs, counts) {
  const reader = new PartsReader();
  /** @type {'length' | 'stop' | 'tool_calls'} */ let finish = 'length';
  let called = false;
  for await (const token of tokens) {
    counts.completion++;
    if (token.part === 'reasoning') counts.reasoning++;
    const { answer: text, reasoning } = reader.take(token);
    called ||= !!token.call;
    const ended = called ? 'tool_calls' : 'stop';
    if (token.finish) finish = ['end', 'stop'].includes(token.finish) ? ended : 'length';
    const logprob = logprobs ? await logprobOf(model, token) : undefined;
    yield { index, text, reasoning, logprob, ...(token.call && { call: token.call }) };
  }
  const { answer: text, reasoning } = reader.end();
  yield { index, text, reasoning, finish };
}

/**
 * All answers of a request, within one turn of the pool.
 * @param {Model} model @param {Pool} pool @param {Request} request @param {Counts} counts that are filled
 * @param {AbortSignal} [signal] @returns {AsyncGenerator<Step>}
 */
export async function* runRequest(model, pool, request, counts, signal) {
  const { n = 1, logprobs, options } = request;
  await pool.enter(signal);
  try {
    const prompts = await promptsOf(model, request, signal);
    let index = 0;
    for (const prompt of prompts) {
      counts.prompt += prompt.ids.length;
      const { entry, cached } = await pool.take(prompt.ids);
      counts.cached += cached;
      try {
        checkRoom(prompt.ids, entry.session.contextLength, request);
        const maxTokens =
          options.maxTokens ?? (request.messages ? entry.session.contextLength : 16);
        for (let i = 0; i < n; i++, index++) {
          const seed = options.seed === undefined ? undefined : Number(options.seed) + i;
          const given = { ...options, maxTokens, seed, signal };
          const tokens = await prompt.begin(entry.session, given);
          yield* answer(model, tokens, index, logprobs !== undefined && logprobs !== false, counts);
        }
      } finally {
        await pool.give(entry);
      }
    }
  } finally {
    pool.release();
  }
}

/** @param {Int32Array} ids @param {number} contextLength @param {Request} request */
function checkRoom(ids, contextLength, { messages }) {
  if (ids.length < contextLength) return;
  throw new JielongError(
    'CONTEXT_FULL',
    `the prompt takes ${ids.length} tokens, the context has ${contextLength}; send less, or serve the model with a longer context`,
    messages ? 'messages' : 'prompt',
  );
}
