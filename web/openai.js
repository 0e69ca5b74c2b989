/**
 * openai.js - OpenAI's interface over a local model, in a page or in Node.
 *
 *   const client = createOpenAI(model);
 *   const answer = await client.chat.completions.create({ messages: [{ role: 'user', content: 'Hello' }] });
 *   answer.choices[0].message.content;
 *
 * The methods take and return what those of the official client do: with `stream: true` a promise of an async
 * iterable of chunks, whose `controller` aborts it. Errors are JielongErrors; `where` names the field.
 */
import { Service } from './openai/completions.js';
import { follow } from './openai/signals.js';

/** @typedef {import('./api/model.js').Model} Model */
/** @typedef {import('./openai/completions.js').ServiceOptions} ServiceOptions */
/** @typedef {Record<string, any>} Body fields of a request: openai/requests.js */
/** @typedef {{ signal?: AbortSignal }} CallOptions */

/** A streamed answer. */
class Stream {
  #chunks;

  /** @param {AsyncGenerator<any>} chunks @param {AbortController} controller */
  constructor(chunks, controller) {
    this.#chunks = chunks;
    /** @readonly */
    this.controller = controller;
  }
  [Symbol.asyncIterator]() {
    return this.#chunks;
  }
}

/** @param {(body: Body, signal: AbortSignal) => Promise<any>} answer */
const method =
  (answer) =>
  /** @param {Body} body @param {CallOptions} [options] @returns {Promise<any>} */
  async (body, { signal } = {}) => {
    const controller = new AbortController();
    const result = await answer(body, follow(signal, controller));
    return body.stream ? new Stream(result, controller) : result;
  };

/**
 * A client of a model. Its requests share `sessions` sessions, which keep the caches of conversations.
 * @param {Model} model @param {ServiceOptions} [options]
 */
export function createOpenAI(model, options) {
  const service = new Service(model, options);
  return {
    chat: { completions: { create: method((body, signal) => service.chat(body, signal)) } },
    completions: { create: method((body, signal) => service.complete(body, signal)) },
    embeddings: { create: method((body, signal) => service.embed(body, signal)) },
    models: { list: async () => service.models() },
    /** Frees the sessions; the model stays open. */
    close: () => service.close(),
  };
}
