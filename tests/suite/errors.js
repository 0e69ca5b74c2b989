/**
 * errors.js - provokes every error code and checks its place and message; hostile files, which can
 * only fail.
 *
 * tests/node/source.test.js tests FILE, because it needs paths.
 */
import { ok, rejects, same } from './assert.js';

/** @typedef {import('./index.js').Case} Case */
/** @typedef {import('./index.js').T} T */

const tiny = 'arch/llama.gguf';

/** Offset of `text` in a file. @param {Uint8Array} file @param {string} text @param {number} [from] */
function find(file, text, from = 0) {
  const bytes = new TextEncoder().encode(text);
  for (let at = from; at < file.length; at++) {
    if (bytes.every((byte, i) => file[at + i] === byte)) return at;
  }
  throw new Error(`there is no '${text}' in the file`);
}

/** A copy of the tiny model with text replaced by text of equal length. @param {T} t @param {string} after @param {string} old @param {string} text */
async function renamed(t, after, old, text) {
  const file = (await t.bytes(tiny)).slice();
  same(old.length, text.length, 'length');
  file.set(new TextEncoder().encode(text), find(file, old, find(file, after)));
  return file;
}

/** @param {string} name @param {string} code @param {RegExp} words @param {(t: T) => Promise<any> | any} source @param {import('./index.js').LoadOptions} [options] @returns {Case} */
const loading = (name, code, words, source, options) => ({
  name: `${code}: ${name}`,
  run: async (t) => {
    await rejects(t.load(await source(t), options), code, words);
  },
});

/** Reproducible random numbers from 0 to n - 1. @param {number} seed */
function random(seed) {
  let x = seed;
  return (/** @type {number} */ n) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor((x / 2 ** 32) * n);
  };
}

const hostCodes = ['ENGINE_CRASHED', 'WASM', 'WORKER'];

/** Loads a possibly broken file: succeeds, or fails with an error about the file. @param {T} t @param {any} source @param {string} what */
async function survives(t, source, what) {
  try {
    const model = await t.load(source);
    const session = await model.createSession({ contextLength: 16 });
    await session.append([1, 2]);
    await session.logits();
    await model.close();
    return 'loaded';
  } catch (e) {
    const { name, code, message } = /** @type {any} */ (e);
    ok(
      name === 'JielongError' && !hostCodes.includes(code),
      `${what}: ${name} ${code}: ${message}`,
    );
    return code;
  }
}

/** Throws after this time, to end endless streams. @param {number} ms */
function guarded(ms) {
  const end = performance.now() + ms;
  return () => {
    if (performance.now() > end) throw new Error(`still read after ${ms} ms`);
  };
}

/**
 * A model followed by endless blocks of zeros.
 * @type {[name: string, stream: (file: Uint8Array, guard: () => void) => ReadableStream][]}
 */
const endless = [
  ['default', undefined],
  ['bytes', /** @type {const} */ ('bytes')],
].map(([name, type]) => [
  name ?? '',
  (file, guard) => {
    let n = 0;
    const pull = (/** @type {any} */ c) => {
      guard();
      c.enqueue(n++ ? new Uint8Array(65536) : file.slice());
    };
    try {
      return new ReadableStream(/** @type {any} */ ({ type, pull }));
    } catch {
      return new ReadableStream({ pull }); // WebKit (2.50) has no byte streams
    }
  },
]);

/** @type {Case[]} */
export const errors = [
  loading('a web page instead of a model', 'NOT_GGUF', /GGUF/, (t) => `${t.origin}/index.html`),
  loading('an empty file', 'TRUNCATED', /./, () => new Uint8Array(0)),
  loading('the server has no such file', 'HTTP', /404/, (t) => `${t.origin}/nothing.gguf`),
  loading('nobody answers', 'NETWORK', /127\.0\.0\.1/, () => 'http://127.0.0.1:1/model.gguf'),
  loading('a version of tomorrow', 'BAD_FORMAT', /version/, async (t) => {
    const file = (await t.bytes(tiny)).slice();
    file[4] = 9;
    return file;
  }),
  loading('an architecture nobody knows', 'UNKNOWN_ARCHITECTURE', /lhama/, (t) =>
    renamed(t, 'general.architecture', 'llama', 'lhama'),
  ),
  loading('a tensor type nobody knows', 'UNKNOWN_TYPE', /token_embd\.weight/, async (t) => {
    const file = (await t.bytes(tiny)).slice();
    file[find(file, 'token_embd.weight') + 17 + 4 + 16] = 200; // name, n_dims, two dimensions, type
    return file;
  }),
  loading(
    'a tensor that is missing',
    'BAD_TENSOR',
    /output_norm\.weight|output_nurm\.weight/,
    (t) => renamed(t, 'output_norm.weight', 'output_norm', 'output_nurm'),
  ),
  loading('a tensor of another shape', 'BAD_TENSOR', /token_embd\.weight/, async (t) => {
    const file = (await t.bytes(tiny)).slice();
    file[find(file, 'token_embd.weight') + 17 + 4] -= 1;
    return file;
  }),
  loading('a memory limit below the model', 'OUT_OF_MEMORY', /./, (t) => t.source(tiny), {
    memoryLimit: 10000,
  }),
  loading('another hash', 'CHECKSUM', /sha256/, (t) => t.source(tiny), { sha256: '0'.repeat(64) }),
  loading('an unknown option', 'BAD_ARGUMENT', /colour/, (t) => t.source(tiny), {
    .../** @type {any} */ ({ colour: 1 }),
  }),
  loading('a source of no kind', 'BAD_ARGUMENT', /source/, () => 5),
  loading('an engine that is none', 'WASM', /WebAssembly/, (t) => t.source(tiny), {
    wasm: new TextEncoder().encode('<!doctype html>'),
  }),
  loading('a worker that is none', 'WORKER', /worker/, (t) => t.source(tiny), {
    worker: 'http://127.0.0.1:1/worker.js',
  }),
  {
    name: 'CHECKSUM: the right hash passes',
    async run(t) {
      const bytes = await t.bytes(tiny);
      if (!globalThis.crypto?.subtle) return;
      const digest = await crypto.subtle.digest('SHA-256', /** @type {any} */ (bytes));
      const sha256 = [...new Uint8Array(digest)]
        .map((b) => b.toString(16).padStart(2, '0'))
        .join('');
      await (await t.load(bytes, { sha256 })).close();
    },
  },
  {
    name: 'TRUNCATED: a file cut anywhere, of known and unknown length',
    slow: true,
    async run(t) {
      const file = await t.bytes(tiny);
      for (let at = 1; at < file.length; at += 19001) {
        const part = file.slice(0, at);
        const known = await rejects(t.load(part), 'TRUNCATED');
        same(known.name, 'JielongError', 'name');
        await rejects(t.load(/** @type {any} */ (new Response(part)).body), 'TRUNCATED');
      }
    },
  },
  {
    name: 'hostile: damaged headers load or fail, and never crash the engine',
    slow: true,
    async run(t) {
      const file = await t.bytes(tiny);
      const header = find(file, 'blk.2.ffn_down.weight') + 64;
      const next = random(1);
      const seen = new Set();
      for (let i = 0; i < 60; i++) {
        const copy = file.slice();
        for (let k = 0; k <= i % 3; k++) {
          copy[next(header)] = [0, 255, 128, next(256), 1][next(5)];
        }
        seen.add(await survives(t, copy, `damage ${i}`));
      }
      ok(seen.size >= 4, `only ${[...seen]} was seen`);
    },
  },
  {
    name: 'NOT_A_NUMBER: NaN weights',
    async run(t) {
      const file = (await t.bytes(tiny)).slice();
      file.fill(255, file.length - 20000); // NaN in the last tensors
      const model = await t.load(file);
      const session = await model.createSession();
      const draw = session.complete([1, 2, 3], { maxTokens: 2, temperature: 0 });
      await rejects(draw, 'NOT_A_NUMBER');
      await session.append([1, 2, 3]);
      await rejects(session.logits(), 'NOT_A_NUMBER', /logits/);
      await rejects(session.stages(), 'NOT_A_NUMBER', /logits/);
      const all = await model.createSession({ allLogits: true });
      await rejects(all.eachLogits([1, 2]).next(), 'NOT_A_NUMBER', /logits/);
      await rejects(model.embed([1, 2, 3]), 'NOT_A_NUMBER', /hidden states.*damaged/);
      // run() returns NaN as computed.
      await session.rewind(0);
      const { layers } = model.info;
      const { taps, logits } = await session.run([1, 2], {
        taps: [{ name: 'resid_post', layer: layers - 1 }],
      });
      ok(taps[0].data.some(Number.isNaN) && logits.some(Number.isNaN), 'NaN in taps and logits');
      await rejects(session.logits(), 'NOT_A_NUMBER', /logits/);
      await model.close();
    },
  },
  {
    name: 'CONTEXT_FULL: too many tokens; a generation that fills the context ends',
    async run(t) {
      const session = await (await t.model(tiny)).createSession({ contextLength: 8 });
      await rejects(session.append([1, 2, 3, 4, 5, 6, 7, 8, 9]), 'CONTEXT_FULL', /8/);
      same(session.position, 0, 'nothing was appended');
      const options = { temperature: 0, maxTokens: 50, ignoreEos: true };
      const { ids, finish } = await session.complete([1, 2, 3], options);
      same(finish, 'context', 'finish');
      ok(ids.length >= 5 && session.position <= 8, `${ids.length} tokens, ${session.position}`);
      await session.rewind(2);
      await session.append([1]);
      ok((await session.logits()).length > 0, 'usable afterwards');
      await session.close();
    },
  },
  {
    name: 'OUT_OF_MEMORY: a session beyond 4 GB',
    async run(t) {
      const file = (await t.bytes(tiny)).slice();
      // Sets the trained length (u32 after key and type) to 2^24: a cache of 6 GB.
      file.set([0, 0, 0, 1], find(file, 'llama.context_length') + 20 + 4);
      const model = await t.load(file);
      await rejects(model.createSession({ contextLength: 2 ** 24 }), 'OUT_OF_MEMORY');
      await (await model.createSession({ contextLength: 8 })).close();
      await model.close();
    },
  },
  {
    name: 'BAD_TOKENIZER: text for a model without a tokenizer',
    async run(t) {
      await rejects((await t.model(tiny)).tokenize('text'), 'BAD_TOKENIZER', /tokenizer/);
    },
  },
  {
    name: 'NO_CHAT_TEMPLATE: a chat with a model that has none',
    async run(t) {
      const session = await (await t.model(tiny)).createSession();
      const chat = session.chat([{ role: 'user', content: 'hello' }]);
      await rejects(chat.next(), 'NO_CHAT_TEMPLATE');
      await session.close();
    },
  },
  {
    name: 'BAD_ARGUMENT: arguments of sessions',
    async run(t) {
      const model = await t.model(tiny);
      const session = await model.createSession({ contextLength: 32 });
      await rejects(session.append([99999]), 'BAD_ARGUMENT', /99999/);
      await rejects(session.append([-1]), 'BAD_ARGUMENT');
      await rejects(session.rewind(1), 'BAD_ARGUMENT');
      await rejects(
        session.run([1], { taps: [{ name: 'pattern', layer: 99 }] }),
        'BAD_ARGUMENT',
        /99/,
      );
      await rejects(
        session.generate([1], { temperature: -1 }).next(),
        'BAD_ARGUMENT',
        /temperature/,
      );
      await rejects(
        session.generate([1], /** @type {any} */ ({ topk: 1 })).next(),
        'BAD_ARGUMENT',
        /topk/,
      );
      await rejects(session.generate([]).next(), 'BAD_ARGUMENT');
      await rejects(model.createSession({ contextLength: -1 }), 'BAD_ARGUMENT', /contextLength/);
      same(session.position, 0, 'position');
      await session.close();
    },
  },
  {
    name: 'BUSY: one operation at a time',
    async run(t) {
      const session = await (await t.model(tiny)).createSession();
      const first = session.append([1, 2, 3]);
      await rejects(session.append([4]), 'BUSY');
      await first;
      const generation = session.generate([], { maxTokens: 5, ignoreEos: true });
      await generation.next();
      await rejects(session.rewind(0), 'BUSY');
      await generation.return();
      await session.rewind(0);
      await session.close();
    },
  },
  ...endless.map(([kind, stream]) => ({
    name: `an abort works although a stream always has its next chunk: ${kind}`,
    /** @param {T} t */
    async run(t) {
      const file = await t.bytes('chat.gguf');
      const signal = AbortSignal.timeout(100);
      const reasons = [];
      const guard = guarded(20_000);
      const load = t.load(stream(file, guard), { signal, sha256: '0'.repeat(64) });
      await load.catch((e) => reasons.push(e));
      ok(reasons[0] === signal.reason, `${reasons[0]?.name}: ${reasons[0]?.message}`);
    },
  })),
  {
    name: 'BAD_ARGUMENT: an endless stream of empty chunks; some empty chunks are fine',
    async run(t) {
      const guard = guarded(20_000);
      const nothing = new ReadableStream({
        pull(c) {
          guard();
          c.enqueue(new Uint8Array(0));
        },
      });
      await rejects(t.load(nothing), 'BAD_ARGUMENT', /empty chunks/);
      const file = await t.bytes('chat.gguf');
      let at = 0;
      const some = new ReadableStream({
        pull(c) {
          if (at >= file.length) return c.close();
          for (let i = 0; i < 100; i++) c.enqueue(new Uint8Array(0));
          c.enqueue(file.subarray(at, at + 4096));
          at += 4096;
        },
      });
      await (await t.load(some)).close();
    },
  },
  {
    name: 'an aborted load rejects with the reason of its signal',
    async run(t) {
      const controller = new AbortController();
      const slow = new ReadableStream({ pull: () => new Promise(() => {}) });
      const load = t.load(slow, { signal: controller.signal });
      setTimeout(() => controller.abort(), 20);
      let reason;
      await load.catch((e) => {
        reason = e;
      });
      same(/** @type {any} */ (reason)?.name, 'AbortError', 'reason');
    },
  },
];
