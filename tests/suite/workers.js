/**
 * workers.js - workers that exit or never answer: every pending call is settled.
 *
 * Each case has its own worker (stuck.js), whatever the host uses.
 */
import { ok, rejects, same } from './assert.js';

/** @typedef {import('./index.js').Case} Case */
/** @typedef {import('./index.js').T} T */

const SLOW_MS = 8000; // far more than the grace of two seconds

/** A worker of stuck.js. @returns {any} */
function start() {
  const script = new URL('./stuck.js', import.meta.url);
  const node = /** @type {any} */ (globalThis).process?.getBuiltinModule?.('worker_threads');
  return node ? new node.Worker(script) : new Worker(script, { type: 'module' });
}

/** @param {T} t @param {string} [name] */
async function open(t, name = 'chat.gguf') {
  const worker = start();
  const model = await t.load(t.source(name), { worker: () => worker, threads: 1 });
  return { worker, model };
}

/**
 * The rejection of a call, or that it never settled.
 * @param {Promise<any>} call @returns {Promise<any>}
 */
async function fate(call) {
  /** @type {any} */ let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve({ code: 'HANGS' }), SLOW_MS);
  });
  const result = await Promise.race([
    call.then(
      () => ({ code: 'DONE' }),
      (e) => e,
    ),
    late,
  ]);
  clearTimeout(timer);
  return result;
}

/** @param {Promise<any>} call @param {string} code @param {RegExp} [words] */
async function ends(call, code, words) {
  const error = await fate(call);
  same(error.code ?? error.name, code, 'fate');
  ok(!words || words.test(error.message), `it should speak of ${words}: ${error.message}`);
}

/** @type {[name: string, end: (worker: any) => void][]} */
const ways = [
  ['is terminated', (worker) => worker.terminate()],
  ['ends by itself', (worker) => worker.postMessage({ quit: true })],
];

/** @type {Case[]} */
export const workers = [
  ...ways.flatMap(([how, end]) => [
    {
      name: `WORKER: a worker that ${how} while it generates`,
      /** @param {T} t */
      async run(t) {
        const { worker, model } = await open(t);
        const session = await model.createSession();
        const forever = async () => {
          for (;;) {
            await session.rewind(0);
            const options = { maxTokens: 20, ignoreEos: true };
            for await (const { index } of session.generate([1, 2], options)) {
              if (index === 5) end(worker);
            }
          }
        };
        await ends(forever(), 'WORKER', /load the model again/);
        await rejects(model.tokenize('a'), 'WORKER');
        await rejects(session.ids(), 'WORKER');
        await session.close();
        await model.close();
      },
    },
    {
      name: `WORKER: a worker that ${how} while nothing is asked of it`,
      /** @param {T} t */
      async run(t) {
        const { worker, model } = await open(t);
        end(worker);
        await ends(model.tokenize('a'), 'WORKER', /has ended/);
        await ends(model.createSession(), 'WORKER', /has ended/);
        await model.close();
      },
    },
  ]),
  {
    name: 'WORKER: a worker terminated before it has loaded',
    async run(t) {
      const worker = start();
      const load = t.load(t.source('chat.gguf'), { worker: () => worker });
      worker.terminate();
      await ends(load, 'WORKER', /has ended/);
    },
  },
  {
    name: 'an abort terminates a worker that does not answer; its other calls reject',
    async run(t) {
      // Side by side, because each waits for the grace of an abort.
      await Promise.all([
        ...['tokenize', 'step'].map((op) => abortGenerating(t, op)),
        abortEmbedding(t),
      ]);
    },
  },
  {
    name: 'repeated aborts keep a worker that answers',
    async run(t) {
      const { worker, model } = await open(t, 'arch/llama.gguf');
      const session = await model.createSession();
      for (let i = 0; i < 10; i++) {
        const controller = new AbortController();
        const { signal } = controller;
        const calls = [session.generate([1], { signal }).next(), model.embed([1, 2], { signal })];
        setTimeout(() => controller.abort(reason), i);
        await Promise.all(calls.map(fate));
      }
      await new Promise((resolve) => setTimeout(resolve, 2500)); // beyond the grace
      await session.append([1]);
      ok((await session.logits()).length > 0, 'the session stays usable');
      await model.close();
      same((await rejects(session.ids(), 'CLOSED')).code, 'CLOSED', 'closed');
      worker.terminate();
    },
  },
  {
    name: 'close() does not wait for the worker: pending calls reject with CLOSED',
    async run(t) {
      const { worker, model } = await open(t);
      const session = await model.createSession();
      const spins = spinning(worker, 'tokenize');
      const stuck = fate(model.tokenize('a'));
      await spins;
      await ends(session.close(), 'DONE');
      await ends(model.close(), 'DONE');
      same((await stuck).code, 'CLOSED', 'the call');
      const next = await open(t);
      ok((await next.model.tokenize('a')).length > 0, 'another model loads');
      await next.model.close();
    },
  },
  {
    name: 'aborting a load does not wait for the worker',
    async run(t) {
      const worker = start();
      const spins = spinning(worker, 'load');
      const controller = new AbortController();
      const { signal } = controller;
      const load = fate(t.load(t.source('chat.gguf'), { worker: () => worker, signal }));
      await spins;
      controller.abort(reason);
      same(await load, reason, 'the reason of the signal');
    },
  },
];

/** Aborts a generation whose worker blocks in an operation. @param {T} t @param {string} op */
async function abortGenerating(t, op) {
  const { worker, model } = await open(t);
  const [session, other] = [await model.createSession(), await model.createSession()];
  const controller = new AbortController();
  const stuck = spinning(worker, op);
  const stopped = fate(session.generate('a', { signal: controller.signal }).next());
  await stuck;
  const bystander = fate(other.append([1]));
  controller.abort(reason);
  same(await stopped, reason, `${op}: the reason of the signal`);
  same((await bystander).code, 'WORKER', `${op}: a call that waited`);
  const later = await rejects(model.tokenize('a'), 'WORKER', /did not answer/);
  ok(/load the model again/.test(later.message), 'what to do');
  await model.close();
}

/** Aborts an embedding whose worker blocks. @param {T} t */
async function abortEmbedding(t) {
  const { worker, model } = await open(t, 'arch/llama.gguf');
  const controller = new AbortController();
  const stuck = spinning(worker, 'embed');
  const embedded = fate(model.embed([1, 2], { signal: controller.signal }));
  await stuck;
  controller.abort(reason);
  same(await embedded, reason, 'embed');
  await rejects(model.pieces([1]), 'WORKER', /did not answer/);
}

const reason = { name: 'Reason', code: 'of the test' };

/** Resolves when the worker blocks. @param {any} worker @param {string} op @returns {Promise<void>} */
function spinning(worker, op) {
  worker.postMessage({ spin: op });
  return new Promise((resolve) => {
    const onSpin = (/** @type {any} */ event) => (event.data ?? event).spins && resolve();
    if (worker.on) worker.on('message', onSpin);
    else worker.addEventListener('message', onSpin);
  });
}
