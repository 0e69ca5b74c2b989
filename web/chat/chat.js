/**
 * chat.js - converts a conversation to token ids, in the model's training format.
 *
 * session.chat() imports this file on the first call. The format is the file's Jinja template, else a
 * family's (families.js), or the caller's. A template is untrusted code: it runs in a worker
 * (template.js) that is terminated after TIME_MS, and its output is limited to MAX_TEXT characters.
 *
 * Provenance. The worker reports which runs of the text belong to the template. Control tokens are
 * parsed only in those, so that no message or option can end a turn or take a role. User-defined
 * tokens are parsed in messages too (see src/text/special.h): the file declares them as text (runs of
 * spaces, HTML tags), and llama.cpp and transformers parse them. If no message or option contains a
 * control token, the ids equal those of the whole text with special tokens parsed.
 */

import { JielongError } from '../base/error.js';
import { badArgument } from '../base/options.js';
import { ALLOW, listen, startWorker } from '../engine/start-worker.js';
import { families } from './families.js';
import { findMarks, ReasoningSplitter, specialId } from './reasoning.js';

/** @typedef {import('../api/model.js').Model} Model */
/** @typedef {import('../api/types.js').Message} Message */
/** @typedef {import('../api/types.js').ChatOptions} ChatOptions */
/** @typedef {ReasoningSplitter | import('./tool-calls.js').ToolSplitter} Splitter */
/** @typedef {{ text: string, runs: [length: number, own: boolean][] }} Rendering */

const TIME_MS = 250; // timeout of one rendering, once the worker has begun it
const START_MS = 60_000; // timeout of loading the worker and beginning a rendering
const TRIES = 3; // because a busy machine can delay a valid template
const MAX_TEXT = 1_000_000; // characters per rendering
const MEMORY_MB = 64; // JS heap of the worker, in Node
const KEY = 'tokenizer.chat_template';

/** @type {import('../engine/start-worker.js').Script} */
const TEMPLATES = {
  name: 'template.js',
  address: () => new URL('./template.js', import.meta.url),
};

/* ---- Rendering ------------------------------------------------------------------------------- */

/** A worker for the next rendering. @type {TemplateWorker | undefined} */
let idle;

/**
 * Runs a template.
 * @param {string} template Jinja @param {Record<string, any>} variables plain data
 * @returns {Promise<Rendering>} rejects with BAD_TEMPLATE, TEMPLATE_LIMIT or WORKER
 */
export async function render(template, variables) {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await attempt(template, variables);
    } catch (e) {
      if (left === 0 || !(/** @type {any} */ (e).late)) throw e;
    }
  }
}

/** @param {string} template @param {Record<string, any>} variables @returns {Promise<Rendering>} */
async function attempt(template, variables) {
  const worker = idle ?? new TemplateWorker();
  idle = undefined; // one rendering at a time per worker
  try {
    return await worker.render(template, variables);
  } finally {
    if (idle || !worker.answered) worker.end();
    else idle = worker;
  }
}

/** A worker that runs template.js. */
class TemplateWorker {
  #worker = startWorker(TEMPLATES, MEMORY_MB);
  /** Of the pending answer. @type {{ resolve: Function, reject: Function } | undefined} */ #waiting;
  #ready = this.#answer();
  /** Set when the worker is unusable. @type {JielongError | undefined} */ #fault;
  /** Called when the worker starts rendering; starts the timeout. */ #onBegun = () => {};
  /** Whether the last rendering has finished. */ answered = false;

  constructor() {
    const receive = (/** @type {any} */ { begun, error, ...rest }) => {
      this.answered = !begun;
      if (begun) this.#onBegun();
      else if (error)
        this.#waiting?.reject(new JielongError(error.code, error.message, error.where));
      else this.#waiting?.resolve(rest);
    };
    const fail = (/** @type {any} */ e) => {
      const why = e.message || `template.js or jinja.js beside it could not be loaded; ${ALLOW}`;
      this.#fail(e.code === 'ERR_WORKER_OUT_OF_MEMORY' ? late() : broken(why));
    };
    listen(this.#worker, receive, fail, () => this.#fail(broken('it has ended')));
  }

  /** @param {JielongError} error */
  #fail(error) {
    this.#fault ??= error;
    this.answered = false;
    this.#waiting?.reject(this.#fault);
    if (idle === this) idle = undefined;
  }

  /** The next message. @returns {Promise<any>} */
  #answer() {
    const answer = new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    answer.catch(() => {}); // handled where it is awaited
    return answer;
  }

  /** @param {string} template @param {Record<string, any>} variables @returns {Promise<Rendering>} */
  async render(template, variables) {
    this.#worker.ref?.();
    const start = setTimeout(() => this.#fail(broken('it does not start')), START_MS);
    try {
      await this.#ready;
      return await this.#send(template, variables, start);
    } finally {
      clearTimeout(start);
      this.#worker.unref?.();
    }
  }

  /**
   * @param {string} template @param {Record<string, any>} variables
   * @param {any} start timer for the start @returns {Promise<Rendering>}
   */
  async #send(template, variables, start) {
    if (this.#fault) throw this.#fault;
    const answer = this.#answer();
    const { reject } = /** @type {{ reject: Function }} */ (this.#waiting);
    // Accepts an answer that is already queued when a busy thread runs the timer.
    const giveUp = () => setTimeout(() => reject(late()), 0);
    /** @type {any} */ let timer;
    this.#onBegun = () => {
      clearTimeout(start);
      timer = setTimeout(giveUp, TIME_MS);
    };
    this.answered = false;
    try {
      this.#post(template, variables);
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends JSON, because cloning deeply nested data needs more stack, and a worker dies if it cannot
   * read a clone. @param {string} template @param {Record<string, any>} variables */
  #post(template, variables) {
    try {
      const json = JSON.stringify(variables);
      this.#worker.postMessage({ template, variables: json, limit: MAX_TEXT });
    } catch (e) {
      const why = /** @type {Error} */ (e).message;
      throw badArgument(`messages and templateOptions must be plain data: ${why}`, 'messages');
    }
  }

  end() {
    this.#worker.terminate();
  }
}

/** @param {string} why */
const broken = (why) => new JielongError('WORKER', `the worker of chat templates failed: ${why}`);

function late() {
  const message =
    `the chat template did not finish within ${TIME_MS} ms in ${TRIES} tries; ` +
    'use generate() with your own prompt, or pass another chatTemplate to chat()';
  return Object.assign(new JielongError('TEMPLATE_LIMIT', message, KEY), { late: true });
}

/* ---- Which template -------------------------------------------------------------------------- */

/** @param {Model} model @param {string} [wanted] the caller's: a family's name or a template */
async function findTemplate(model, wanted) {
  if (wanted !== undefined && Object.hasOwn(families, wanted)) return families[wanted].template;
  if (wanted?.includes('{')) return wanted;
  const names = Object.keys(families).join(', ');
  if (wanted !== undefined)
    throw badArgument(
      `'${wanted}' is neither a Jinja template nor a family: ${names}`,
      'chatTemplate',
    );
  if (model.info.chatTemplate) return model.info.chatTemplate;
  for (const { tokens, template } of model.info.tokenizer ? Object.values(families) : []) {
    if (!tokens) continue;
    const ids = await Promise.all(tokens.map((token) => specialId(model, token)));
    if (!ids.includes(undefined)) return template;
  }
  throw new JielongError(
    'NO_CHAT_TEMPLATE',
    'the file has no chat template, and its special tokens match no known family; ' +
      `use generate() with your own prompt, or pass a chatTemplate to chat() (Jinja, or ${names})`,
    KEY,
  );
}

/** @param {any} messages plain data, without getters and toJSON */
function checkMessages(messages) {
  if (!Array.isArray(messages) || messages.length === 0)
    throw badArgument('messages must be an array of at least one message', 'messages');
  messages.forEach((m, i) => {
    if (m?.tool_calls) m.content ??= ''; // OpenAI's is null
    if (typeof m?.role === 'string' && /^[\w-]+$/.test(m.role) && typeof m.content === 'string')
      return;
    throw badArgument(
      `messages[${i}] must be { role: a word, content: a string }`,
      `messages[${i}]`,
    );
  });
}

/** A JSON copy: no functions, classes or cycles. @param {any} value @param {string} what */
function plain(value, what) {
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null');
  } catch (e) {
    throw badArgument(`${what} must be plain data: ${/** @type {Error} */ (e).message}`, what);
  }
}

/* ---- Conversation → ids ------------------------------------------------------------------------ */

/** How an answer is read. grammar: of one that may call tools. @typedef {{ grammar?: string, splitter: () => Splitter }} Reading */

/**
 * The prompt of a conversation, up to the start of the assistant's answer. answer(): how the answer is read, which
 * callers that only count tokens do not need.
 * @param {Model} model @param {Message[]} messages @param {ChatOptions} options
 * @returns {Promise<{ ids: Int32Array, answer: () => Promise<Reading> }>}
 */
export async function prepareChat(model, messages, options) {
  const { chatTemplate, templateOptions = {} } = options;
  const conversation = plain(messages, 'messages');
  checkMessages(conversation);
  const template = await findTemplate(model, chatTemplate);
  const { bosToken, eosToken } = model.info;
  const variables = {
    ...plain(templateOptions, 'templateOptions'),
    bos_token: bosToken ?? '',
    eos_token: eosToken ?? '',
  };
  const tools = await toolsOf(model, template, conversation, variables, options);
  const { text, runs } = await render(template, {
    ...variables,
    messages: conversation,
    ...tools?.variables,
    add_generation_prompt: true,
  });
  let at = 0;
  const parts = runs.map(([length, own]) => {
    const part = text.slice(at, at + length);
    at += length;
    return own ? part : { quoted: part };
  });
  // If the template does not write the beginning-of-sequence token, the file decides.
  const bos = !(bosToken && typeof parts[0] === 'string' && parts[0].startsWith(bosToken));
  const ids = await model.tokenize(parts, { special: true, bos });
  const answer = async () => {
    const marks = await findMarks(model, template);
    const reasoning = () => new ReasoningSplitter(marks, text);
    const reader = await tools?.reader?.(text, marks);
    if (!reader) return { splitter: reasoning };
    return { grammar: reader.grammar, splitter: () => reader.splitter(reasoning()) };
  };
  return { ids, answer };
}

/** @param {Model} model @param {string} template @param {any[]} messages @param {Record<string, any>} variables @param {ChatOptions} options */
async function toolsOf(model, template, messages, variables, options) {
  const uses =
    options.tools?.length || messages.some((m) => m.role === 'tool' || m.tool_calls?.length);
  if (!uses) return undefined;
  const { prepareTools } = await import('./tools.js'); // loaded on first use
  return prepareTools(model, template, render, messages, variables, options);
}
