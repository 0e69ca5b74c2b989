/**
 * chat.js - a conversation → token ids, in the format that the model was trained on.
 *
 * Place in the flow: session.chat() loads this file when it is first called. The format is the
 * file's own Jinja template, that of a family (families.js) where the file has none, or one that
 * the caller names. A template is a program of a stranger: it runs in a worker (template.js) that
 * is ended when a rendering takes longer than TIME_MS, and what it writes is kept to MAX_TEXT
 * characters.
 *
 * Whose words. The worker says which stretches of the text are the template's own; only there do
 * control tokens count, so nothing that a message or an option holds can end a turn or take a role.
 * User-defined tokens count in messages too, as src/text/special.h says: by that kind the file says
 * that they are text (runs of spaces, HTML tags), and llama.cpp and transformers read them so. Where
 * messages and options hold no control token the ids are those of the plain text with all read.
 */

import { JielongError } from '../base/error.js';
import { badArgument } from '../base/options.js';
import { listen, startWorker } from '../engine/start-worker.js';
import { families } from './families.js';
import { findMarks, ReasoningSplitter, specialId } from './reasoning.js';

/** @typedef {import('../api/model.js').Model} Model */
/** @typedef {import('../api/types.js').Message} Message */
/** @typedef {import('../api/types.js').ChatOptions} ChatOptions */
/** @typedef {{ text: string, runs: [length: number, own: boolean][] }} Rendering */

const TIME_MS = 250; // for one rendering, from when the worker is ready
const START_MS = 60_000; // for the worker's script to come and to get to a rendering
const TRIES = 3; // a busy machine can hold up an honest template
const MAX_TEXT = 1_000_000; // characters that a rendering may have
const MEMORY_MB = 64; // that Node lets the worker have
const KEY = 'tokenizer.chat_template';

/** @type {import('../engine/start-worker.js').Script} */
const TEMPLATES = {
  name: 'template.js',
  address: () => new URL('./template.js', import.meta.url),
  start: () => new Worker(new URL('./template.js', import.meta.url), { type: 'module' }),
};

/* ---- Rendering ------------------------------------------------------------------------------- */

/** The last worker, kept for the next rendering. @type {TemplateWorker | undefined} */
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
  idle = undefined; // one rendering at a time in each
  try {
    return await worker.render(template, variables);
  } finally {
    if (idle || !worker.answered) worker.end();
    else idle = worker;
  }
}

/** A worker with template.js in it. */
class TemplateWorker {
  #worker = startWorker(TEMPLATES, MEMORY_MB);
  /** Of what is waited for. @type {{ resolve: Function, reject: Function } | undefined} */ #waiting;
  #ready = this.#answer();
  /** Why it renders nothing any more. @type {JielongError | undefined} */ #fault;
  /** Called when the worker starts rendering; starts the timeout. */ #onBegun = () => {};
  /** Whether it is done with the last rendering. */ answered = false;

  constructor() {
    const receive = (/** @type {any} */ { begun, error, ...rest }) => {
      this.answered = !begun;
      if (begun) this.#onBegun();
      else if (error)
        this.#waiting?.reject(new JielongError(error.code, error.message, error.where));
      else this.#waiting?.resolve(rest);
    };
    const fail = (/** @type {any} */ e) => {
      const why = e.message || 'template.js or jinja.js beside it could not be loaded';
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
    answer.catch(() => {}); // thrown where it is awaited, if it is
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
   * @param {any} start timer of what comes before the rendering @returns {Promise<Rendering>}
   */
  async #send(template, variables, start) {
    if (this.#fault) throw this.#fault;
    const answer = this.#answer();
    const { reject } = /** @type {{ reject: Function }} */ (this.#waiting);
    // An answer that waits behind a busy thread's timer is still an answer.
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

  /** As JSON: a copy of what is nested deeply takes more of the stack, and a worker that cannot read
   * one is gone. @param {string} template @param {Record<string, any>} variables */
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
    `the chat template was still running after ${TIME_MS} ms in each of ${TRIES} tries, and was ended; ` +
    'use generate() with a prompt of your own, or give chat() another chatTemplate';
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
      `'${wanted}' is neither a Jinja template nor one of ${names}`,
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
    'the file has no chat template, and its vocabulary has the marks of no family that is known; ' +
      `use generate() with a prompt of your own, or give chat() a chatTemplate (Jinja, or ${names})`,
    KEY,
  );
}

/** @param {any} messages plain data: what a getter or a toJSON gives is what is checked */
function checkMessages(messages) {
  if (!Array.isArray(messages) || messages.length === 0)
    throw badArgument('chat takes a list of at least one message', 'messages');
  messages.forEach((m, i) => {
    if (typeof m?.role === 'string' && /^[\w-]+$/.test(m.role) && typeof m.content === 'string')
      return;
    throw badArgument(
      `messages[${i}] must be { role, content }: a word and a string`,
      `messages[${i}]`,
    );
  });
}

/** Data without functions, classes and circles. @param {any} value @param {string} what */
function plain(value, what) {
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null');
  } catch (e) {
    throw badArgument(`${what} must be plain data: ${/** @type {Error} */ (e).message}`, what);
  }
}

/* ---- Conversation → ids ------------------------------------------------------------------------ */

/**
 * A conversation up to where the assistant speaks.
 * @param {Model} model @param {Message[]} messages @param {ChatOptions} options
 * @returns {Promise<{ ids: Int32Array, splitter: () => ReasoningSplitter }>}
 */
export async function prepareChat(model, messages, { chatTemplate, templateOptions = {} }) {
  const conversation = plain(messages, 'messages');
  checkMessages(conversation);
  const template = await findTemplate(model, chatTemplate);
  const { bosToken, eosToken } = model.info;
  const { text, runs } = await render(template, {
    ...plain(templateOptions, 'templateOptions'),
    messages: conversation,
    add_generation_prompt: true,
    bos_token: bosToken ?? '',
    eos_token: eosToken ?? '',
  });
  let at = 0;
  const parts = runs.map(([length, own]) => {
    const part = text.slice(at, at + length);
    at += length;
    return own ? part : { quoted: part };
  });
  // Most templates write the beginning-of-sequence token; where they leave it out, the file decides.
  const bos = !(bosToken && typeof parts[0] === 'string' && parts[0].startsWith(bosToken));
  const ids = await model.tokenize(parts, { special: true, bos });
  const marks = await findMarks(model, template);
  return { ids, splitter: () => new ReasoningSplitter(marks, text) };
}
