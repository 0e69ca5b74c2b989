/**
 * store.js - cases of downloads that are kept, for Node and for pages, against a server that misbehaves.
 *
 * Not a part of index.js: these need their own server (helpers/bad_server.js) and storage. A case is { name, run }.
 */
import { below, ok, rejects, same } from './assert.js';

/**
 * @typedef {object} T
 * @property {typeof import('../../web/jielong.js')} jielong
 * @property {typeof import('../../web/stored.js')} stored
 * @property {string} origin of the server
 * @property {string} [folder] of the storage, in Node
 * @property {Record<string, any>} [load] options of every load
 * @property {boolean} [silent] the browser reports an answer without a length as complete when its connection breaks
 */
/** @typedef {{ url: string, range?: string, status: number, authorization?: string }[]} Log */

const IDS = [1, 2, 3];
let serial = 0;

/** An address of its own for each use. @param {T} t @param {string} [how] faults */
const address = (t, how = '') => `${t.origin}/file-${++serial}.gguf?how=${how}`;

/** @param {T} t @returns {Promise<{ log: Log, size: number, sha256: string, open: number, most: number }>} */
export const control = async (t, path = 'log') =>
  (await fetch(`${t.origin}/control/${path}`, { cache: 'no-store' })).json();

/** @param {T} t */
export const storeOf = (t, more = {}) => ({
  ...(t.folder && { folder: t.folder }),
  stallMs: 700,
  ...more,
});

/** Loads a model and returns what it draws. @param {T} t @param {string} source @param {object} [options] */
async function drawn(t, source, options = {}) {
  const model = await t.jielong.loadModel(source, { store: storeOf(t), ...t.load, ...options });
  try {
    const session = await model.createSession({ contextLength: 64 });
    const { ids } = await session.complete(IDS, { maxTokens: 6, temperature: 0 });
    return { ids: ids.join(), kept: model.info.kept, why: model.info.keptReason };
  } finally {
    await model.close();
  }
}

/** Requests for the file since the last reset. @param {T} t */
export const requests = async (t) =>
  (await control(t)).log.filter(({ url }) => url.includes('.gguf'));

/** What the intact file draws. @param {T} t */
const expected = async (t) => (await drawn(t, address(t), { store: false })).ids;

/** Loads until an abort after so many bytes. @param {T} t @param {string} source @param {number} bytes */
export async function interrupted(t, source, bytes) {
  const stop = new AbortController();
  const onProgress = (/** @type {{ loaded: number }} */ { loaded }) =>
    loaded > bytes && stop.abort();
  const options = { store: storeOf(t), ...t.load, signal: stop.signal, onProgress };
  const failed = await t.jielong.loadModel(source, options).catch((e) => e);
  ok(stop.signal.aborted && failed?.name === 'AbortError', `the load was stopped (${failed})`);
}

/** @param {T} t */
export const storedNames = async (t) =>
  (await t.stored.listStored(t.folder)).map(({ name }) => name);

/** @type {{ name: string, run: (t: T) => Promise<void> }[]} */
export const storeCases = [
  {
    name: 'a kept file is loaded without a request',
    async run(t) {
      const url = address(t);
      const first = await drawn(t, url);
      ok(first.kept !== null, `kept: ${first.why}`);
      await control(t, 'reset');
      same(await drawn(t, url), first, 'the same tokens');
      same((await control(t)).log, [], 'requests');
      const [kept] = await t.stored.listStored(t.folder);
      same(
        [kept.name, kept.bytes, kept.complete],
        [url, (await control(t)).size, true],
        'the list',
      );
      ok(await t.stored.removeStored(url, t.folder), 'removed');
      ok(!(await t.stored.removeStored(url, t.folder)), 'only once');
      same((await storedNames(t)).includes(url), false, 'gone');
      await drawn(t, url);
      same((await requests(t)).length, 1, 'requests after it was removed');
    },
  },
  {
    name: 'drops, stalls, a wrong length, errors and 429 are survived, and the bytes are right',
    async run(t) {
      const wanted = await expected(t);
      for (const [how, least] of /** @type {[string, number][]} */ ([
        ['drop', 2],
        ['short', 2],
        ['stall', 2],
        ['busy', 2],
        ['error', 2],
        ['drop,nolength', 2],
        ['drop,whole', 2],
        ['drop,etag,expose', 2],
        ['nolength', 1],
      ])) {
        if (t.silent && how === 'drop,nolength') continue;
        await control(t, 'reset');
        const { ids, kept, why } = await drawn(t, address(t, how));
        same(ids, wanted, how);
        ok(kept !== null, `${how}: kept (${why})`);
        ok((await requests(t)).length >= least, `${how}: requests`);
      }
    },
  },
  {
    name: 'many drops: each attempt continues behind the last byte',
    async run(t) {
      const wanted = await expected(t);
      await control(t, 'reset');
      same((await drawn(t, `${address(t, 'drop')}&times=6`)).ids, wanted, 'tokens');
      const log = await requests(t);
      same(log.length, 7, 'requests');
      const starts = log.map(({ range }) => Number(/\d+/.exec(range ?? '0')?.[0]));
      ok(
        starts.every((start, i) => i === 0 || start > starts[i - 1]),
        `${starts}`,
      );
    },
  },
  {
    name: 'a stopped load continues where it was, after the page is left too',
    async run(t) {
      const wanted = await expected(t);
      const url = `${address(t, 'slow')}&rate=12000000`;
      await interrupted(t, url, 6e6);
      const [part] = (await t.stored.listStored(t.folder)).filter(({ name }) => name === url);
      ok(part.bytes >= 1 << 22 && !part.complete, `a part is kept: ${part.bytes}`);
      await control(t, 'reset');
      same((await drawn(t, url)).ids, wanted, 'tokens');
      same(
        (await requests(t)).map(({ range }) => range),
        [`bytes=${part.bytes}-`],
        'ranges',
      );
    },
  },
  {
    name: 'a file that changed on the server is loaded from its beginning',
    async run(t) {
      for (const how of ['slow,etag,expose', 'slow']) {
        const url = `${address(t, how)}&rate=12000000`;
        await interrupted(t, url, 6e6);
        await control(t, 'use?version=1');
        try {
          const wanted = await expected(t);
          same((await drawn(t, url)).ids, wanted, `${how}: tokens of the new version`);
          await control(t, 'reset');
          same((await drawn(t, url)).ids, wanted, `${how}: kept`);
          same(await requests(t), [], `${how}: requests`);
        } finally {
          await control(t, 'use?version=0');
        }
      }
    },
  },
  {
    name: 'a server that ignores ranges is read again, and the kept part is not used twice',
    async run(t) {
      const wanted = await expected(t);
      const url = `${address(t, 'slow,whole')}&rate=12000000`;
      await interrupted(t, url, 6e6);
      same((await drawn(t, url)).ids, wanted, 'tokens');
      await control(t, 'reset');
      same((await drawn(t, url)).ids, wanted, 'kept');
      same(await requests(t), [], 'requests');
    },
  },
  {
    name: 'web pages, gated, missing and busy files: an error that says what to do, and nothing is kept',
    async run(t) {
      for (const [how, code, words] of /** @type {[string, string, RegExp][]} */ ([
        ['html', 'HTTP', /web page.*address of the file itself/],
        ['gated', 'HTTP', /403.*gated or private.*choose the file/],
        ['login', 'HTTP', /401.*token/],
        ['gone', 'HTTP', /404.*no such file/],
        ['long&times=99', 'HTTP', /429.*try again later/], // pages may not see Retry-After
      ])) {
        const url = address(t, how);
        const failed = await t.jielong
          .loadModel(url, { store: storeOf(t), ...t.load })
          .catch((e) => e);
        same(failed?.code, code, how);
        ok(words.test(failed.message), `${how}: ${failed.message}`);
        same((await storedNames(t)).includes(url), false, `${how}: kept`);
      }
    },
  },
  {
    name: 'a token is sent to gated files',
    async run(t) {
      const url = address(t, 'login');
      await drawn(t, url, { token: 'secret' });
      const { log } = await control(t);
      same(log.at(-1)?.authorization, 'Bearer secret', 'the header');
    },
  },
  {
    name: 'SHA-256: a file with another one is refused and removed; the right one is checked once',
    async run(t) {
      const { sha256 } = await control(t);
      const url = address(t);
      const wrong = { store: storeOf(t), ...t.load, sha256: '0'.repeat(64) };
      await rejects(t.jielong.loadModel(url, wrong), 'CHECKSUM');
      same((await storedNames(t)).includes(url), false, 'kept');
      await drawn(t, url, { sha256: sha256.toUpperCase() });
      const [kept] = await t.stored.listStored(t.folder);
      same(kept.sha256, sha256, 'the checked hash');
      await control(t, 'reset');
      await drawn(t, url, { sha256 });
      same(await requests(t), [], 'requests');
      await rejects(t.jielong.loadModel(url, wrong), 'CHECKSUM');
    },
  },
  {
    name: 'a file that is no model is refused and not kept',
    async run(t) {
      const url = `${t.origin}/noise.bin?how=`;
      await control(t, 'use?version=2');
      try {
        await rejects(t.jielong.loadModel(url, { store: storeOf(t), ...t.load }), 'NOT_GGUF');
        same((await storedNames(t)).includes(url), false, 'kept');
      } finally {
        await control(t, 'use?version=0');
      }
    },
  },
  {
    name: 'hf: names: host, revision, published hash, mirrors',
    async run(t) {
      const wanted = await expected(t);
      await control(t, 'reset');
      const name = `hf:owner/repository@v${++serial}/folder/model.gguf`;
      same((await drawn(t, name, { host: t.origin })).ids, wanted, 'tokens');
      const { log, sha256 } = await control(t);
      same(
        log.map(({ url }) => url),
        [
          `/api/models/owner/repository/tree/v${serial}?recursive=true`,
          `/owner/repository/resolve/v${serial}/folder/model.gguf`,
        ],
        'requests',
      );
      const [kept] = await t.stored.listStored(t.folder);
      same([kept.name, kept.sha256], [name, sha256], 'the published hash was checked');
      await control(t, 'reset');
      same((await drawn(t, name, { host: t.origin })).ids, wanted, 'again');
      same((await control(t)).log, [], 'requests of a kept file');
      const other = `hf:owner/busy@v${serial}/folder/model.gguf`;
      const mirrors = [t.origin];
      const host = 'http://127.0.0.1:9';
      same((await drawn(t, other, { host, mirrors })).ids, wanted, 'by the mirror');
      await rejects(t.jielong.loadModel('hf:owner/model.gguf', { ...t.load }), 'BAD_ARGUMENT');
    },
  },
  {
    name: 'a mirror serves what the first address refuses',
    async run(t) {
      const wanted = await expected(t);
      const mirrors = [address(t, 'html'), address(t)];
      same((await drawn(t, address(t, 'gated'), { mirrors })).ids, wanted, 'tokens');
    },
  },
  {
    name: 'two loads of one file: one download, both get all bytes',
    async run(t) {
      const wanted = await expected(t);
      await control(t, 'reset');
      const url = `${address(t, 'slow')}&rate=12000000`;
      const all = await Promise.all([drawn(t, url), drawn(t, url), drawn(t, url)]);
      same(
        all.map(({ ids }) => ids),
        [wanted, wanted, wanted],
        'tokens',
      );
      same((await requests(t)).length, 1, 'requests');
    },
  },
  {
    name: 'a load that follows another one continues when that one is stopped',
    async run(t) {
      const wanted = await expected(t);
      await control(t, 'reset');
      const url = `${address(t, 'slow')}&rate=8000000`;
      const first = interrupted(t, url, 5e6);
      const second = drawn(t, url);
      await first;
      const { ids, kept } = await second;
      same(ids, wanted, 'tokens');
      ok(kept !== null, 'kept');
      await control(t, 'reset');
      same((await drawn(t, url)).ids, wanted, 'again');
      same(await requests(t), [], 'requests of the kept file');
    },
  },
  {
    name: 'a limit removes what was not used for longest; a larger file is loaded and not kept',
    async run(t) {
      await t.stored.limitStored(0, t.folder);
      const { size } = await control(t);
      const [a, b, c] = [address(t), address(t), address(t)];
      await drawn(t, a);
      await drawn(t, b);
      await drawn(t, a);
      await drawn(t, c, { store: storeOf(t, { limit: 2.5 * size }) });
      same((await storedNames(t)).sort(), [a, c].sort(), 'kept');
      const { kept, why } = await drawn(t, b, { store: storeOf(t, { limit: 1000 }) });
      same(kept, null, 'kept');
      ok(/limit of 1000 bytes/.test(why ?? ''), `why: ${why}`);
      same(await t.stored.limitStored(size, t.folder), [a], 'removed');
      same(await storedNames(t), [c], 'left');
    },
  },
  {
    name: 'inspect: the header by ranges, memory, what fits; nothing is fetched of a kept file',
    async run(t) {
      await control(t, 'reset');
      const url = address(t);
      const options = { ...t.load, ...(t.folder && { store: t.folder }) };
      const { size } = await control(t);
      const found = await t.stored.inspect(url, options);
      const log = await requests(t);
      ok(
        log.every(({ range }) => /^bytes=\d+-\d+$/.test(range ?? '')),
        'ranges',
      );
      below(log.length * (1 << 20), size, 'bytes of the requests');
      same([found.fileBytes, found.bytesToFetch, found.keptBytes], [size, size, 0], 'bytes');
      same(found.fits, true, 'fits');
      same(found.tokensPerSecond, null, 'speed before a calibration');
      const model = await t.jielong.loadModel(url, { store: storeOf(t), ...t.load });
      same(found.info.memory, model.info.memory, 'memory as of the loaded model');
      same(found.info.parameters, model.info.parameters, 'parameters');
      await t.stored.calibrate(model);
      await model.close();
      await control(t, 'reset');
      const kept = await t.stored.inspect(url, { ...options, contextLength: 100 });
      same(
        [kept.bytesToFetch, kept.keptBytes, kept.contextLength],
        [0, size, 100],
        'bytes when kept',
      );
      same((await control(t)).log, [], 'requests of a kept file');
      below(1, kept.tokensPerSecond ?? 0, 'estimated tokens/s');
      const { weights, tokenizer, perContextToken } = model.info.memory;
      const { memory, limit, maxContextLength } = kept;
      below(weights + tokenizer + 100 * perContextToken, memory.total, 'memory');
      below(memory.total, limit.bytes, 'the limit');
      same(maxContextLength, model.info.contextLength, 'the longest context');
    },
  },
  {
    name: 'inspect: an error names what is wrong with a file',
    async run(t) {
      await rejects(t.stored.inspect(address(t, 'html'), { ...t.load }), 'HTTP');
      await rejects(t.stored.inspect(new Uint8Array(100), { ...t.load }), 'NOT_GGUF');
    },
  },
];
