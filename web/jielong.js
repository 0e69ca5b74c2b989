/**
 * jielong.js - the public interface: run a language model (a GGUF file) in a web page or in Node.
 *
 *   const model = await loadModel('smollm2.gguf', { onProgress: ({ loaded, total }) => … });
 *   const session = await model.createSession();
 *   for await (const token of session.generate('Once upon a time')) out.append(token.text);
 *   await model.close();
 *
 * In a page the engine runs in a worker of its own (one a model), in Node in this thread. Everything here
 * is a message to it and back: a generation is pulled token by token, so pausing is not pulling, `break`
 * and AbortSignal take effect between two tokens (or two batches of a long prompt), and the session stays
 * usable after them. Arguments are checked here, where the caller's stack still shows; everything about
 * models, tokens and sampling is decided by the engine. Nothing here touches its memory (see engine.js).
 */

import { Engine } from './engine.js';
import { JielongError, unpackError } from './error.js';
import { describeSource, openSource, pump } from './source.js';

export { JielongError };

/** @typedef {import('./types.js').Source} Source */
/** @typedef {import('./types.js').LoadOptions} LoadOptions */
/** @typedef {import('./types.js').Progress} Progress */
/** @typedef {import('./types.js').ModelInfo} ModelInfo */
/** @typedef {import('./types.js').GenerateOptions} GenerateOptions */
/** @typedef {import('./types.js').SamplingOptions} SamplingOptions */
/** @typedef {import('./types.js').Token} Token */
/** @typedef {import('./types.js').Piece} Piece */
/** @typedef {import('./types.js').Tap} Tap */
/** @typedef {import('./types.js').TapResult} TapResult */
/** @typedef {import('./types.js').Stage} Stage */
/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./types.js').Ids} Ids */

/* ---- Arguments ----------------------------------------------------------------------------------- */

/** @typedef {[test: (value: any) => boolean, words: string]} Rule */
/** @type {(low: number, high: number) => Rule} */
const integer = (low, high) => [
  (v) => Number.isInteger(v) && v >= low && v <= high,
  `an integer from ${low} to ${high}`,
];
/** @type {(low: number, high?: number) => Rule} */
const number = (low, high = Infinity) => [
  (v) => Number.isFinite(v) && v >= low && v <= high,
  high === Infinity ? `a number of at least ${low}` : `a number from ${low} to ${high}`,
];
/** @type {(type: string, words: string) => Rule} */
const typed = (type, words) => [(v) => typeof v === type, words];
const FLAG = typed('boolean', 'true or false');
const CALLBACK = typed('function', 'a function');
/** @type {Rule} */
const SIGNAL = [(v) => v instanceof AbortSignal, 'an AbortSignal'];
const COUNT = integer(0, 2 ** 31 - 1);
const POSITIVE = integer(1, 2 ** 31 - 1);
/** @type {Rule} */
const STOP = [
  (v) => (Array.isArray(v) ? v : [v]).every((s) => typeof s === 'string' && s && !s.includes('\0')),
  'a string or an array of strings, none of them empty',
];
/** @type {Rule} */
const SEED = [
  (v) => Number.isSafeInteger(Number(v)) || typeof v === 'bigint',
  'an integer (a bigint beyond 2^53)',
];
/** @type {Rule} */
const ANY = [() => true, 'anything'];

const LOAD = {
  onProgress: CALLBACK,
  signal: SIGNAL,
  threads: POSITIVE,
  contextLength: POSITIVE,
  precision: /** @type {Rule} */ ([(v) => v === 'auto' || v === 'exact', "'auto' or 'exact'"]),
  memoryLimit: number(1, Number.MAX_SAFE_INTEGER),
  sha256: /** @type {Rule} */ ([(v) => /^[0-9a-f]{64}$/i.test(v), '64 hexadecimal digits']),
  wasm: ANY,
  worker: ANY,
};
const SAMPLING = {
  temperature: number(0),
  topK: COUNT,
  topP: number(0, 1),
  minP: number(0, 1),
  repeatPenalty: number(0),
  repeatLast: COUNT,
};
const GENERATE = {
  ...SAMPLING,
  maxTokens: COUNT,
  seed: SEED,
  stop: STOP,
  ignoreEos: FLAG,
  topLogprobs: integer(0, 50),
  special: FLAG,
  signal: SIGNAL,
  onToken: CALLBACK,
};
const DEFAULTS = {
  temperature: 0.8,
  topK: 40,
  topP: 0.95,
  minP: 0.05,
  repeatPenalty: 1,
  repeatLast: 64,
};

/** @param {string} message @param {string} [where] */
const badArgument = (message, where) => new JielongError('BAD_ARGUMENT', message, where);

/**
 * The options that were given, each of them known and allowed. An unknown name is an error, so that a
 * misspelt option cannot silently do nothing.
 * @template T @param {string} caller @param {T} options @param {Record<string, Rule>} rules @returns {T}
 */
function checkOptions(caller, options, rules) {
  if (options === null || typeof options !== 'object') {
    throw badArgument(`${caller} takes its options as an object, not ${describe(options)}`, caller);
  }
  /** @type {any} */
  const given = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(rules, name)) {
      const known = Object.keys(rules).join(', ');
      throw badArgument(`${caller} has no option '${name}'; it knows ${known}`, name);
    }
    if (!rules[name][0](value)) {
      throw badArgument(`option '${name}' must be ${rules[name][1]}, not ${describe(value)}`, name);
    }
    given[name] = value;
  }
  return given;
}

/** @param {unknown} value */
const describe = (value) => {
  if (typeof value === 'string') return `'${value.slice(0, 40)}'`;
  return Array.isArray(value)
    ? 'an array'
    : typeof value === 'object' && value
      ? 'an object'
      : String(value);
};

/** @param {unknown} text @param {string} caller @returns {string} */
function checkText(text, caller) {
  if (typeof text === 'string') return text;
  throw badArgument(`${caller} takes a string, not ${describe(text)}`, caller);
}

/** A copy of token ids. @param {any} ids @param {string} caller @returns {Int32Array} */
function checkIds(ids, caller) {
  if (!Array.isArray(ids) && !ArrayBuffer.isView(ids)) {
    throw badArgument(
      `${caller} takes token ids (an array or Int32Array), not ${describe(ids)}`,
      caller,
    );
  }
  const copy = Int32Array.from(/** @type {any} */ (ids));
  const bad = copy.findIndex((id, i) => id !== /** @type {any} */ (ids)[i] || id < 0);
  if (bad < 0) return copy;
  throw badArgument(
    `${caller}: ids[${bad}] is ${/** @type {any} */ (ids)[bad]}, not a token id`,
    `ids[${bad}]`,
  );
}

/* ---- Where the engine runs ----------------------------------------------------------------------- */

/**
 * @typedef {object} Backend
 * @property {(op: string, ...args: any[]) => Promise<any>} call
 * @property {(source: any, options: any, onProgress: any, signal: AbortSignal | undefined) => Promise<ModelInfo>} load
 * @property {() => void} close
 */

/** Lets events in (an abort, a click) before the next piece of work in this thread. */
const breathe = () =>
  new Promise((resolve) => /** @type {any} */ ((globalThis).setImmediate ?? setTimeout)(resolve));

/** The engine in this thread. @implements {Backend} */
class LocalBackend {
  #engine = new Engine();

  /** @param {string} op @param {any[]} args */
  async call(op, ...args) {
    if (op === 'advance' || op === 'step') await breathe();
    return /** @type {any} */ (this.#engine)[op](...args);
  }
  /** @type {Backend['load']} */
  async load(source, options, onProgress, signal) {
    return this.#engine.load(source, options, onProgress, signal);
  }
  close() {
    this.#engine.close();
  }
}

/** The engine in a worker; the protocol is described in worker.js. @implements {Backend} */
class WorkerBackend {
  /** @type {any} */ #worker;
  #next = 1;
  /** @type {Map<number, { resolve: Function, reject: Function, onProgress?: Function }>} */
  #pending = new Map();
  /** @type {Error | undefined} */ #fault;

  /** @param {any} worker of a page, or of Node's worker_threads */
  constructor(worker) {
    this.#worker = worker;
    /** @param {any} message */
    const receive = (message) => this.#receive(message);
    /** @param {any} e */
    const fail = (e) => {
      e.preventDefault?.();
      const why = e.message || 'its script could not be loaded';
      this.#fail(
        new JielongError(
          'WORKER',
          `the engine's worker failed: ${why}. If this page's bundler does not copy worker.js, give loadModel the option 'worker'`,
        ),
      );
    };
    if (worker.on) worker.on('message', receive).on('error', fail);
    else {
      worker.onmessage = (/** @type {MessageEvent} */ e) => receive(e.data);
      worker.onerror = fail;
    }
  }
  /** @param {Error} error */
  #fail(error) {
    this.#fault ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#fault);
    this.#pending.clear();
    this.#worker.terminate();
  }
  /** @param {any} message */
  #receive({ n, result, error, progress }) {
    const call = this.#pending.get(n);
    if (!call) return;
    if (progress) return call.onProgress?.(progress);
    this.#pending.delete(n);
    if (error) call.reject(unpackError(error));
    else call.resolve(result);
    if (this.#pending.size === 0) this.#worker.unref?.();
  }
  /** @param {string} op @param {any[]} args @param {Transferable[]} [transfer] @param {Function} [onProgress] */
  #post(op, args, transfer = [], onProgress) {
    return new Promise((resolve, reject) => {
      if (this.#fault) throw this.#fault;
      this.#worker.ref?.();
      this.#worker.postMessage({ n: this.#next, op, args }, transfer);
      this.#pending.set(this.#next++, { resolve, reject, onProgress });
    });
  }
  /** @param {string} op @param {any[]} args */
  call(op, ...args) {
    return this.#post(op, args);
  }
  /** @type {Backend['load']} */
  async load(source, options, onProgress, signal) {
    const n = this.#next;
    const cancel = () => this.#worker.postMessage({ cancel: n });
    signal?.addEventListener('abort', cancel);
    try {
      // Bytes and streams stay here and are handed over chunk by chunk; the rest is opened over there.
      const here = source.kind === 'bytes' || source.kind === 'stream';
      const sent = here ? pump(await openSource(source)) : source;
      return await this.#post('load', [sent, options], here ? [sent.port] : [], onProgress);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }
  close() {
    this.#fail(closed('model'));
  }
}

/** @param {string} what */
const closed = (what) => new JielongError('CLOSED', `this ${what} is closed`);

/** @param {LoadOptions['worker']} worker @returns {Backend} */
function openBackend(worker) {
  const node = /** @type {any} */ (globalThis).process?.getBuiltinModule?.('node:worker_threads');
  if (!(worker ?? !node)) return new LocalBackend();
  if (typeof worker === 'function') return new WorkerBackend(worker());
  try {
    if (node)
      return new WorkerBackend(new node.Worker(worker === true ? besides('worker.js') : worker));
    if (typeof worker === 'string' || worker instanceof URL) {
      return new WorkerBackend(new Worker(worker, { type: 'module' }));
    }
    const script = besides('worker.js');
    if (script.origin === location.origin || script.protocol === 'file:') {
      // In one expression, because that is the form which bundlers find.
      return new WorkerBackend(
        new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }),
      );
    }
    // A worker must come from the page's own origin, but a module that it imports need not.
    const shim = new Blob([`import ${JSON.stringify(script.href)};`], { type: 'text/javascript' });
    return new WorkerBackend(new Worker(URL.createObjectURL(shim), { type: 'module' }));
  } catch (e) {
    throw new JielongError(
      'WORKER',
      `no worker could be started: ${/** @type {Error} */ (e).message}`,
    );
  }
}

/** @param {string} name */
const besides = (name) => new URL(name, import.meta.url);

/* ---- Model --------------------------------------------------------------------------------------- */

/**
 * Loads a model. The bytes stream into the engine's memory and are packed as they arrive, so no second
 * copy of the file exists. Rejects with a JielongError (see the codes above), or with signal.reason.
 * @param {Source} source
 * @param {LoadOptions} [options]
 * @returns {Promise<Model>}
 */
export async function loadModel(source, options = {}) {
  const { onProgress, signal, wasm, worker, sha256, memoryLimit, contextLength } = checkOptions(
    'loadModel',
    options,
    LOAD,
  );
  const described = describeSource(source);
  signal?.throwIfAborted();
  const backend = openBackend(worker);
  try {
    const address = typeof wasm === 'string' || wasm instanceof URL ? describeSource(wasm) : wasm;
    const info = await backend.load(
      described,
      { wasm: address, sha256, memoryLimit },
      onProgress,
      signal,
    );
    return new Model(backend, info, contextLength);
  } catch (e) {
    backend.close();
    throw signal?.aborted ? signal.reason : e;
  }
}

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
   * Text → token ids. special: special tokens written in the text (such as <|im_start|>) become their ids.
   * bos: begin with the beginning-of-sequence token, if the file asks for one.
   * @param {string} text
   * @param {{ special?: boolean, bos?: boolean }} [options]
   * @returns {Promise<Int32Array>}
   */
  async tokenize(text, options = {}) {
    const { special = false, bos = false } = checkOptions('tokenize', options, {
      special: FLAG,
      bos: FLAG,
    });
    return this.#backend.call('tokenize', checkText(text, 'tokenize'), special, bos);
  }

  /**
   * Token ids → text: the exact inverse of tokenize. special: control tokens appear as they are written.
   * @param {Ids} ids
   * @param {{ special?: boolean }} [options]
   * @returns {Promise<string>}
   */
  async detokenize(ids, options = {}) {
    const { special = false } = checkOptions('detokenize', options, { special: FLAG });
    return this.#backend.call('detokenize', checkIds(ids, 'detokenize'), special);
  }

  /**
   * The vocabulary entries of some ids, in order.
   * @param {Ids} ids
   * @returns {Promise<Piece[]>}
   */
  async pieces(ids) {
    return this.#backend.call('pieces', checkIds(ids, 'pieces'));
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
   * A new timeline of tokens with its own KV cache. contextLength: its positions (default: what loadModel
   * was told, else the length the model was trained with, at most 4096). allLogits: for eachLogits().
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

  /** Stops the engine and gives all memory back; its sessions are closed too. */
  async close() {
    this.#backend.close();
  }
}

/* ---- Session ------------------------------------------------------------------------------------- */

/**
 * One timeline of tokens. Only one operation runs at a time: another one meanwhile gets BUSY. A generation
 * that has begun and is neither finished, left by break, returned nor aborted counts as running for
 * whatever would change the timeline; logits(), stages() and ids() may be called between its tokens.
 */
export class Session {
  #backend;
  #handle;
  #position = 0;
  #busy = false;
  #closed = false;
  /** @type {Generation | undefined} */ #open;

  /** @param {Model} model @param {Backend} backend @param {{ handle: number, contextLength: number }} state */
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
   * Adds tokens at the end; they are evaluated when something needs their logits. A string is tokenised as
   * plain text, with the file's beginning-of-sequence token if the session is empty.
   * @param {Ids | string} promptOrIds
   * @returns {Promise<void>}
   */
  append(promptOrIds) {
    return this.#run(true, async () => this.#add(await this.#tokens(promptOrIds, false, 'append')));
  }

  /** Logits of the next token, one a vocabulary entry, after evaluating what is pending. @returns {Promise<Float32Array>} */
  logits() {
    return this.#run(false, async () => {
      await this.#evaluate();
      return this.#call('logits');
    });
  }

  /**
   * Appends ids and gives the logits after each of them, in order. For sessions made with allLogits. No
   * other operation may run until it has ended.
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
      this.#position = await this.#call('rewind', position);
    });
  }

  /**
   * What each stage of the sampler makes of the next token's distribution, in the order in which they run.
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
   * Appends ids and evaluates them while taps record what happens inside. Nothing is computed or kept that
   * is not asked for.
   * @param {Ids | string} promptOrIds
   * @param {{ taps?: Tap[] }} [options]
   * @returns {Promise<{ taps: TapResult[], logits: Float32Array }>}
   */
  run(promptOrIds, options = {}) {
    return this.#run(true, async () => {
      /** @type {Rule} */
      const list = [Array.isArray, 'an array'];
      const { taps = [] } = checkOptions('run', options, { taps: list });
      const wanted = taps.flatMap((tap, i) => expandTap(tap, i, this.model.info));
      const ids = await this.#tokens(promptOrIds, false, 'run');
      const { position, ...result } = await this.#call('run', ids, wanted);
      this.#position = position;
      return result;
    });
  }

  /**
   * Continues the timeline: appends the prompt (optional), then draws tokens one by one, each of which
   * becomes part of it. Nothing happens before the first pull. Ends at maxTokens, an end token or a stop
   * string; `break`, return() and an abort end it too, and then the timeline holds the prompt and exactly
   * the tokens that were delivered. A prompt string is tokenised as plain text unless `special`, with the
   * file's beginning-of-sequence token if the session is empty.
   * @param {string | Ids} [promptOrIds]
   * @param {GenerateOptions} [options]
   * @returns {Generation}
   */
  generate(promptOrIds = [], options = {}) {
    return this.#generation('generate', options, ({ special = false }) =>
      this.#tokens(promptOrIds, special, 'generate'),
    );
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
   * The assistant's answer to a conversation, in the model's own format (ChatML for now; a model with
   * another template gets NO_CHAT_TEMPLATE). Give the whole conversation each time: what the session
   * already holds of it is kept, the rest of the session is forgotten. Special tokens written in a message
   * are plain text and cannot forge a role.
   * @param {Message[]} messages
   * @param {GenerateOptions} [options]
   * @returns {Generation}
   */
  chat(messages, options = {}) {
    return this.#generation('chat', options, async () => {
      const ids = await chatIds(this.model, messages);
      const have = /** @type {Int32Array} */ (await this.#call('ids'));
      let same = 0;
      while (same < have.length && same < ids.length - 1 && have[same] === ids[same]) same++;
      this.#position = await this.#call('rewind', same);
      return ids.subarray(same);
    });
  }

  /** Frees the session's memory. */
  async close() {
    if (this.#closed) return;
    this.#closed = true;
    // After model.close() there is nothing left to free.
    await this.#call('closeSession').catch(() => {});
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
        'this session is busy with another operation; wait for it, or end the generation by break, return() or its signal',
      );
    }
    this.#busy = true;
  }

  /** One operation at a time. @template T @param {boolean} changes @param {() => Promise<T>} work @param {Generation} [by] */
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

  /** Evaluates what is pending, a batch a call. */
  async #evaluate() {
    while (await this.#call('advance'));
  }

  /** @param {string | Ids} prompt @param {boolean} special @param {string} caller @returns {Promise<Int32Array>} */
  async #tokens(prompt, special, caller) {
    if (typeof prompt !== 'string') return checkIds(prompt, caller);
    return this.model.tokenize(prompt, { special, bos: this.#position === 0 });
  }

  /**
   * @param {string} caller @param {GenerateOptions} options
   * @param {(options: GenerateOptions) => Promise<Int32Array>} prompt what to append, found at the first pull
   */
  #generation(caller, options, prompt) {
    /** @type {GenerateOptions} */ let given = {};
    /** @type {unknown} */ let wrong;
    try {
      given = checkOptions(caller, options, GENERATE);
    } catch (e) {
      wrong = e; // made here, where the caller's stack shows, and thrown by the first pull
    }
    const {
      stop = [],
      maxTokens = 256,
      ignoreEos = false,
      topLogprobs = 0,
      signal,
      onToken,
      ...rest
    } = given;
    const seed = BigInt.asUintN(
      64,
      BigInt(given.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]),
    );
    const settings = {
      ...DEFAULTS,
      ...rest,
      seed,
      stop: [stop].flat(),
      maxTokens,
      ignoreEos,
      topLogprobs,
    };

    let begun = false;
    /** One pull: the next token, or undefined at the end. @type {(self: Generation) => Promise<Token | undefined>} */
    const pull = (self) =>
      this.#run(
        true,
        async () => {
          if (wrong) throw wrong;
          if (!begun) {
            this.#open = self;
            const ids = await prompt(given);
            signal?.throwIfAborted();
            this.#position = await this.#call('generate', ids, settings);
            begun = true;
          }
          for (;;) {
            signal?.throwIfAborted();
            const before = this.#position;
            const { more, token, position } = await this.#call('step');
            this.#position = position;
            if (signal?.aborted && token) this.#position = await this.#call('rewind', before);
            if (!more || signal?.aborted) return token;
          }
        },
        self,
      );
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

  /** Ends the generation; the session is free for the next. @returns {Promise<{ done: true, value: undefined }>} */
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

/* ---- Taps and chat ------------------------------------------------------------------------------- */

/**
 * A tap without layer or head stands for all of them.
 * @param {Tap} tap @param {number} i @param {ModelInfo} info
 * @returns {{ kind: 'attention' | 'residual', layer: number, head: number }[]}
 */
function expandTap(tap, i, info) {
  const caller = `taps[${i}]`;
  const kind = tap?.kind;
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
  return all(layer, info.layers).flatMap((l) =>
    (kind === 'attention' ? all(head, info.heads) : [0]).map((h) => ({ kind, layer: l, head: h })),
  );
}

/**
 * A conversation in ChatML, up to where the assistant speaks. The two markers are the only special tokens;
 * roles and contents are tokenised as plain text between them. A first message that is no system message
 * is preceded by the one that the model's template holds, if it does.
 * @param {Model} model @param {Message[]} messages @returns {Promise<Int32Array>}
 */
async function chatIds(model, messages) {
  const template = model.info.chatTemplate ?? '';
  if (!template.includes('<|im_start|>')) {
    const what = template ? 'a chat template of another format than ChatML' : 'no chat template';
    throw new JielongError(
      'NO_CHAT_TEMPLATE',
      `this model has ${what}; write its prompt yourself and use generate()`,
      'tokenizer.chat_template',
    );
  }
  if (!Array.isArray(messages) || messages.length === 0)
    throw badArgument('chat takes a list of at least one message', 'messages');
  messages.forEach((m, i) => {
    if (typeof m?.role === 'string' && /^\w+$/.test(m.role) && typeof m.content === 'string')
      return;
    throw badArgument(
      `messages[${i}] must be { role, content }: a word and a string`,
      `messages[${i}]`,
    );
  });
  // In the template this is a string literal, where \n may be written as two characters.
  const standard = /<\|im_start\|>system(?:\\n|\n)([^<'"{}]+)<\|im_end\|>/.exec(template)?.[1];
  const all =
    messages[0].role === 'system' || !standard
      ? messages
      : [{ role: 'system', content: standard }, ...messages];

  const start = await model.tokenize('<|im_start|>', { special: true, bos: false });
  const end = await model.tokenize('<|im_end|>', { special: true });
  const line = await model.tokenize('\n');
  const ids = [...(await model.tokenize('', { bos: true }))];
  for (const { role, content } of all)
    ids.push(...start, ...(await model.tokenize(`${role}\n${content}`)), ...end, ...line);
  return Int32Array.from([...ids, ...start, ...(await model.tokenize('assistant\n'))]);
}
