/**
 * arguments.js - passes every odd value of odd.js to every public function and option: a call succeeds
 * or rejects with a JielongError in time; the model stays intact.
 */

import { CHAT, EMBED, GENERATE, LOAD, SAMPLING } from '../../web/base/options.js';
import * as ngram from '../../web/ngram.js';
import { Ngram } from '../../web/ngram.js';
import * as learn from '../../web/tokenizer-trainer.js';
import { TokenizerTrainer, trainTokenizer } from '../../web/tokenizer-trainer.js';
import * as train from '../../web/train.js';
import { ok, same } from './assert.js';
import { oddReasons, oddValues } from './odd.js';

/** @typedef {import('./index.js').Case} Case */
/** @typedef {import('./index.js').T} T */
/** One call with an odd value somewhere in its arguments. @typedef {(odd: any) => any} Call */

const HANGS_MS = 30_000;
const tiny = 'chat.gguf';
const hello = [{ role: 'user', content: 'hello' }];

/**
 * Undefined if the call succeeds or throws a proper JielongError, otherwise the complaint.
 * @param {string} what @param {() => any} call
 */
async function judge(what, call) {
  /** @type {any} */ let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('it hangs')), HANGS_MS);
  });
  try {
    await Promise.race([(async () => void (await call()))(), late]);
    return undefined;
  } catch (e) {
    const { name, code, message, where } = /** @type {any} */ (e ?? {});
    const right =
      name === 'JielongError' &&
      /^[A-Z_]+$/.test(code) &&
      code !== 'ENGINE_CRASHED' &&
      typeof where === 'string' &&
      message.length >= 12 &&
      message.length < 2100;
    return right ? undefined : `${what}: ${name} ${code}: ${String(message).slice(0, 200)}`;
  } finally {
    clearTimeout(timer);
  }
}

/** @param {Record<string, Call>} calls @param {(name: string, value: any) => boolean} [skip] */
async function feed(calls, skip = () => false) {
  const complaints = [];
  for (const [name, call] of Object.entries(calls)) {
    for (const [kind, value] of oddValues()) {
      if (value === undefined || skip(name, value)) continue;
      complaints.push(await judge(`${name} with ${kind}`, () => call(value)));
    }
  }
  same(complaints.filter(Boolean).join('\n'), '', 'complaints');
}

/** @param {string} name @param {string[]} options @param {(options: any) => any} call @returns {Record<string, Call>} */
const eachOption = (name, options, call) =>
  Object.fromEntries(
    options.map((option) => [`${name}: ${option}`, (odd) => call({ [option]: odd })]),
  );

/** Errors thrown by a callback pass through. @param {string} name @param {any} value */
const isCallback = (name, value) => /: on[A-Z]/.test(name) && typeof value === 'function';

/** @param {any} value */
function isLong(value) {
  try {
    return Array.isArray(value) && value.length > 1e6;
  } catch {
    return false;
  }
}

/** Consumes all steps. @param {AsyncIterable<any>} steps */
async function drain(steps) {
  for await (const _ of steps);
}

/** Names of a module's functions and methods, so that none is forgotten. @param {object} module */
const publicNames = (module) =>
  Object.entries(module).flatMap(([name, value]) => {
    if (typeof value !== 'function' || name === 'JielongError') return [];
    if (!/^class\b/.test(String(value))) return [name];
    const methods = Object.getOwnPropertyNames(value.prototype);
    const statics = Object.getOwnPropertyNames(value).filter((n) => value[n] instanceof Function);
    return [...methods, ...statics].map((method) => `${name}.${method}`);
  });

/** Methods without arguments, and constructors, which callers do not use. */
const WITHOUT =
  /\.(constructor|close|info|unembedding|position|ids|logits|return|save|nextSeed|next|ended|order|step|sample|config)$/;

/** @param {object} module @param {Record<string, Call>} calls */
function complete(module, calls) {
  const fed = Object.keys(calls).join('\n');
  for (const name of publicNames(module)) {
    const [, method = name] = name.split('.');
    const known = WITHOUT.test(name) || new RegExp(`^${method}\\b`, 'm').test(fed);
    ok(known, `arguments.js feeds no odd value to ${name}`);
  }
}

const RUN = ['taps', 'edits', 'stopAtLayer', 'maxBytes', 'signal', 'onProgress'];
const CREATE = ['contextLength', 'allLogits', 'attention', 'positions', 'cache', 'edits'];

/** @type {Case[]} */
export const argumentsSuite = [
  {
    name: 'odd arguments of a model and its sessions: JielongErrors, and the same text afterwards',
    slow: true,
    async run(t) {
      const model = await t.load(t.source(tiny));
      const session = await model.createSession({ contextLength: 128 });
      const text = async () => {
        await session.rewind(0);
        return (await session.complete('hello', { maxTokens: 8, seed: 1 })).text;
      };
      const before = await text();
      /** Empties the session, then calls. @param {() => any} call */
      const afresh = async (call) => {
        await session.rewind(0);
        await call();
      };
      const chat = (/** @type {any} */ messages, /** @type {any} */ options) =>
        afresh(() => session.chat(messages, { maxTokens: 1, ...options }).next());
      const generate = (/** @type {any} */ prompt, /** @type {any} */ options) =>
        afresh(() => session.generate(prompt, { maxTokens: 1, ...options }).next());
      const run = (/** @type {any} */ tap) => afresh(() => session.run([1], { taps: [tap] }));
      const lens = async (/** @type {any} */ options) => {
        await session.append([1]);
        await session.lens(options);
      };
      const open = async (/** @type {any} */ o) => (await model.createSession(o)).close();
      /** @type {Record<string, Call>} */
      const calls = {
        tokenize: (odd) => model.tokenize(odd),
        'tokenize a part': (odd) => model.tokenize([odd, 'a']),
        'tokenize a quoted part': (odd) => model.tokenize([{ quoted: odd }]),
        'tokenize options': (odd) => model.tokenize('a', odd),
        ...eachOption('tokenize', ['special', 'bos'], (o) => model.tokenize('a', o)),
        detokenize: (odd) => model.detokenize(odd),
        'detokenize an id': (odd) => model.detokenize([odd]),
        'detokenize options': (odd) => model.detokenize([1], odd),
        ...eachOption('detokenize', ['special'], (o) => model.detokenize([1], o)),
        pieces: (odd) => model.pieces(odd),
        token: (odd) => model.token(odd),
        merges: (odd) => model.merges(odd),
        'merges options': (odd) => model.merges('a', odd),
        ...eachOption('merges', ['special'], (o) => model.merges('a', o)),
        embeddings: (odd) => model.embeddings(odd),
        'embeddings options': (odd) => model.embeddings([1], odd),
        ...eachOption('embeddings', ['table', 'signal'], (o) => model.embeddings([1], o)),
        neighbours: (odd) => model.neighbours(odd),
        'neighbours options': (odd) => model.neighbours(1, odd),
        ...eachOption('neighbours', ['count', 'signal'], (o) => model.neighbours(1, o)),
        unembed: (odd) => model.unembed(odd),
        'unembed data': (odd) => model.unembed({ shape: [1, 1], data: odd }),
        'unembed shape': (odd) => model.unembed({ shape: odd, data: new Float32Array(8) }),
        'unembed options': (odd) => model.unembed(new Float32Array(0), odd),
        ...eachOption('unembed', ['norm', 'signal'], (o) => model.unembed(new Float32Array(0), o)),
        'createSession options': async (odd) => (await model.createSession(odd)).close(),
        ...eachOption('createSession', CREATE, open),
        ...eachOption('createSession', ['mask', 'prefix', 'window', 'sinks'], (o) =>
          open({ attention: { window: 8, ...o } }),
        ),
        ...eachOption('createSession', ['ids', 'ropeBase', 'ropeScale'], (positions) =>
          open({ positions }),
        ),
        ...eachOption('createSession', ['type', 'reuse'], (cache) => open({ cache })),
        embed: (odd) => model.embed(odd),
        'embed options': (odd) => model.embed('a', odd),
        ...eachOption('embed', Object.keys(EMBED), (o) => model.embed('a', o)),
        'rerank query': (odd) => model.rerank(odd, ['a']),
        'rerank texts': (odd) => model.rerank('a', odd),
        'rerank options': (odd) => model.rerank('a', ['b'], odd),
        append: (odd) => afresh(() => session.append(odd)),
        eachLogits: (odd) => afresh(() => drain(session.eachLogits(odd))),
        replace: (odd) => afresh(() => session.replace(odd)),
        rewind: (odd) => afresh(() => session.rewind(odd)),
        'stages options': (odd) => afresh(() => session.stages(odd)),
        ...eachOption('stages', [...Object.keys(SAMPLING), 'top'], (o) =>
          afresh(async () => {
            await session.append([1]);
            await session.stages(o);
          }),
        ),
        run: (odd) => afresh(() => session.run(odd)),
        'run options': (odd) => afresh(() => session.run([1], odd)),
        ...eachOption('run', RUN, (o) => afresh(() => session.run([1], o))),
        'run a tap': run,
        ...eachOption('run', ['name', 'layer', 'head', 'positions'], (o) =>
          run({ name: 'z', layer: 0, ...o }),
        ),
        ...eachOption('run', ['op', 'factor', 'data'], (o) =>
          afresh(() =>
            session.run([1], { edits: [{ name: 'z', layer: 0, op: 'set', factor: 1, ...o }] }),
          ),
        ),
        forecast: (odd) => session.forecast(odd),
        'forecast options': (odd) => session.forecast([1], odd),
        ...eachOption('forecast', RUN.slice(0, 3), (o) => session.forecast([1], o)),
        restore: async (odd) => (await model.restore(odd)).close(),
        'lens options': (odd) => afresh(() => lens(odd)),
        ...eachOption('lens', ['positions', 'layers', 'top', 'signal'], (o) =>
          afresh(() => lens(o)),
        ),
        'counters options': (odd) => session.counters(odd),
        ...eachOption('counters', ['reset'], (o) => session.counters(o)),
        generate: (odd) => generate(odd, {}),
        'generate options': (odd) => afresh(() => session.generate([1], odd).return()),
        ...eachOption('generate', Object.keys(GENERATE), (o) => generate([1], o)),
        complete: (odd) => afresh(() => session.complete(odd, { maxTokens: 1 })),
        'complete options': (odd) =>
          afresh(() => session.complete([1], typeof odd === 'object' ? odd : { maxTokens: odd })),
        chat: (odd) => chat(odd, {}),
        'chat a message': (odd) => chat([odd], {}),
        'chat role': (odd) => chat([{ role: odd, content: 'a' }], {}),
        'chat content': (odd) => chat([{ role: 'user', content: odd }], {}),
        'chat more': (odd) => chat([{ ...hello[0], more: odd }], {}),
        'chat options': (odd) => afresh(() => session.chat(hello, odd).return()),
        ...eachOption('chat', Object.keys(CHAT), (o) => chat(hello, o)),
        'chat templateOptions x': (odd) => chat(hello, { templateOptions: { x: odd } }),
      };
      const { Model, Session, Generation } = t.jielong;
      complete({ Model, Session, Generation }, calls);
      // JSON.stringify visits arrays of any length.
      const isJson = (/** @type {string} */ name) => /^chat .*(more|x)$/.test(name);
      await feed(
        calls,
        (name, value) => isCallback(name, value) || (isJson(name) && isLong(value)),
      );
      same(await text(), before, 'the text afterwards');
      await model.close();
    },
  },
  {
    name: 'odd arguments of loadModel: JielongErrors',
    slow: 'no page',
    async run(t) {
      const { loadModel } = t.jielong;
      const bytes = await t.bytes(tiny);
      const load = async (/** @type {any} */ source, /** @type {any} */ options) =>
        (await loadModel(source, options)).close();
      const base = { ...t.options, threads: 1, precision: 'exact' };
      /** @type {Record<string, Call>} */
      const calls = {
        source: (odd) => load(odd, base),
        'loadModel options': (odd) => load(bytes, odd),
        ...eachOption('loadModel', Object.keys(LOAD), (o) => load(bytes, { ...base, ...o })),
      };
      await feed(calls, isCallback);
      const complaints = [];
      for (const [kind, reason] of oddReasons()) {
        for (const chunks of [0, 1]) {
          const stream = () => {
            let n = 0;
            return new ReadableStream({
              pull(c) {
                if (n++ < chunks) c.enqueue(bytes.subarray(0, 100));
                else c.error(reason);
              },
            });
          };
          const what = `a stream that fails with ${kind} after ${chunks} chunks`;
          complaints.push(await judge(what, () => load(stream(), base)));
        }
        complaints.push(
          await judge(`a worker that throws ${kind}`, () =>
            load(bytes, {
              worker() {
                throw reason;
              },
            }),
          ),
        );
      }
      for (const [kind, chunk] of oddValues()) {
        const stream = () =>
          new ReadableStream({
            pull(c) {
              c.enqueue(chunk);
              c.close();
            },
          });
        complaints.push(await judge(`a stream of ${kind}`, () => load(stream(), base)));
      }
      same(complaints.filter(Boolean).join('\n'), '', 'complaints');
    },
  },
  {
    name: 'odd arguments of trainers, vocabularies and n-grams: JielongErrors',
    slow: 'no page',
    async run(t) {
      const text = 'how much wood would a woodchuck chuck\n'.repeat(40);
      const config = { context: 8, width: 8, layers: 1, heads: 1, hidden: 16, steps: 1, batch: 1 };
      const { worker } = t.options;
      const create = async (/** @type {any} */ options) =>
        (await train.createTrainer(options)).close();
      const trainer = await train.createTrainer({ text, config, worker });
      const learner = await TokenizerTrainer.open(text);
      const counts = await Ngram.open(await t.bytes('ngram.gguf'));
      /** @type {Record<string, Call>} */
      const calls = {
        'createTrainer options': create,
        ...eachOption('createTrainer', ['text', 'config', 'signal', 'worker', 'wasm'], (o) =>
          create({ text, config, worker, ...o }),
        ),
        ...eachOption(
          'createTrainer config',
          [...Object.keys(train.TRAIN_DEFAULTS), 'author'],
          (o) => create({ text, worker, config: { ...config, ...o } }),
        ),
        'run options': (odd) => trainer.run(odd).return(),
        ...eachOption('run', ['signal'], (o) => trainer.run(o).return()),
        heldOut: (odd) => trainer.heldOut(odd),
        'sample options': (odd) => trainer.sample(odd),
        ...eachOption('sample', ['prompt', 'maxTokens', 'seed', ...Object.keys(SAMPLING)], (o) =>
          trainer.sample({ maxTokens: 1, ...o }),
        ),
        'export options': (odd) => trainer.export(odd),
        ...eachOption('export', ['type'], (o) => trainer.export(o)),
        trainTokenizer: (odd) => drain(trainTokenizer(odd, { merges: 1 })),
        'trainTokenizer options': (odd) => trainTokenizer(text, odd).next(),
        ...eachOption('trainTokenizer', ['sample', 'pre', 'merges', 'signal', 'wasm'], (o) =>
          trainTokenizer(text, o).next(),
        ),
        open: async (odd) => (await TokenizerTrainer.open(odd)).close(),
        'open options': async (odd) => (await TokenizerTrainer.open(text, odd)).close(),
        token: (odd) => learner.token(odd),
        'open a file': async (odd) => (await Ngram.open(odd)).close(),
        'open a file, options': async (odd) =>
          (await Ngram.open(await t.bytes('ngram.gguf'), odd)).close(),
        'open a file, wasm': async (odd) =>
          (await Ngram.open(await t.bytes('ngram.gguf'), { wasm: odd })).close(),
        distribution: (odd) => counts.distribution(odd),
        'distribution of an id': (odd) => counts.distribution([odd]),
      };
      for (const module of [train, learn, ngram]) complete(module, calls);
      await feed(calls);
      ok(counts.distribution([1]).length > 0, 'it counts afterwards');
      ok(!!learner.step(), 'it learns afterwards');
      await drain(trainer.run());
      for (const one of [trainer, learner, counts]) one.close();
    },
  },
];
