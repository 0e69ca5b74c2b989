/**
 * split.js - cases of split files, for Node and for pages, against a server that misbehaves.
 *
 * Not a part of index.js, like store.js: T is the same. The server has the sets of helpers/splitter.js.
 */
import { below, ok, rejects, same, sameBits } from './assert.js';
import { control, interrupted, requests, storedNames, storeOf } from './store.js';

/** @typedef {import('./store.js').T} T */

const IDS = [1, 2, 3];
let serial = 1; // 1 is of the hub

/** An address of its own for each use. @param {T} t @param {string} set @param {string} [query] @param {number} [count] */
const address = (t, set, query = 'how=', count = 3) =>
  `${t.origin}/${set}-${++serial}-00001-of-0000${count}.gguf?${query}`;
/** The addresses of all parts. @param {string} first @param {number} count */
const all = (first, count = 3) =>
  Array.from({ length: count }, (_, i) => first.replace('-00001-', `-0000${i + 1}-`));

/** Loads a model and returns what it computes. @param {T} t @param {any} source @param {object} [options] */
async function computed(t, source, options = {}) {
  const model = await t.jielong.loadModel(source, { ...t.load, ...options });
  try {
    const session = await model.createSession({ contextLength: 64 });
    await session.append(IDS);
    const logits = await session.logits();
    const { ids } = await session.complete([4], { maxTokens: 6, temperature: 0 });
    return { logits, ids: ids.join(), kept: model.info.kept, why: model.info.keptReason };
  } finally {
    await model.close();
  }
}

/** @param {T} t */
const whole = (t) => computed(t, `${t.origin}/whole.gguf?how=`);

/** @param {{ logits: Float32Array, ids: string }} found @param {{ logits: Float32Array, ids: string }} wanted @param {string} what */
function sameModel(found, wanted, what) {
  sameBits(found.logits, wanted.logits, `${what}: logits`);
  same(found.ids, wanted.ids, `${what}: ids`);
}

/** The parts as Files. @param {string} first @param {number} count */
const filesOf = (first, count = 3) =>
  Promise.all(
    all(first, count).map(async (url) => {
      const bytes = await (await fetch(url)).arrayBuffer();
      return new File([bytes], url.replace(/.*\/|\?.*/g, ''));
    }),
  );

/** Repeats until a condition holds; 3 s at most. @param {() => Promise<boolean>} holds @param {string} what */
async function eventually(holds, what) {
  for (const end = performance.now() + 3000; performance.now() < end; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(what);
}

/** @type {{ name: string, run: (t: T) => Promise<void> }[]} */
export const splitCases = [
  {
    name: 'split files of every layout give the ids and the bits of the whole file',
    async run(t) {
      const wanted = await whole(t);
      for (const [set, count] of /** @type {[string, number][]} */ ([
        ['two', 2],
        ['three', 3],
        ['meta', 3],
        ['metatwo', 2],
        ['wide', 3],
        ['narrow', 3],
      ]))
        sameModel(await computed(t, address(t, set, 'how=', count)), wanted, set);
    },
  },
  {
    name: 'a list of files in any order is loaded, and a list of addresses',
    async run(t) {
      const wanted = await whole(t);
      const files = await filesOf(address(t, 'meta'));
      sameModel(await computed(t, files.reverse()), wanted, 'files');
      sameModel(await computed(t, all(address(t, 'three'))), wanted, 'addresses');
      const load = (/** @type {any} */ list) => t.jielong.loadModel(list, { ...t.load });
      await rejects(load(files.slice(1)), 'BAD_FORMAT', /of a model of 3 parts, and 2 are here/);
      await rejects(load([]), 'BAD_ARGUMENT', /array/);
      await rejects(load([files[0], files[1], files[1]]), 'BAD_FORMAT', /part 3 is missing|part 1/);
    },
  },
  {
    name: 'kept parts are loaded without a request, listed, forecast and removed together',
    async run(t) {
      const wanted = await whole(t);
      const url = address(t, 'three');
      const store = { store: storeOf(t) };
      const first = await computed(t, url, store);
      ok(first.kept !== null, `kept: ${first.why}`);
      sameModel(first, wanted, 'cold');
      await control(t, 'reset');
      const again = await computed(t, url, store);
      sameModel(again, wanted, 'warm');
      same(again.kept, first.kept, 'kept');
      same((await control(t)).log, [], 'requests');
      const names = await storedNames(t);
      ok(
        all(url).every((name) => names.includes(name)),
        `listed: ${names}`,
      );
      const options = { ...t.load, ...(t.folder && { store: t.folder }) };
      const { bytesToFetch, keptBytes, fileBytes } = await t.stored.inspect(url, options);
      same([bytesToFetch, keptBytes], [0, fileBytes], 'forecast');
      same((await control(t)).log, [], 'requests of the forecast');
      ok(await t.stored.removeStored(url, t.folder), 'removed');
      const left = await storedNames(t);
      ok(!all(url).some((name) => left.includes(name)), `left: ${left}`);
      ok(!(await t.stored.removeStored(url, t.folder)), 'only once');
    },
  },
  {
    name: 'the parts are fetched at the same time, kept or not',
    async run(t) {
      for (const options of [{}, { store: storeOf(t) }]) {
        await control(t, 'reset');
        await computed(t, address(t, 'three', 'how=slow&rate=20000000'), options);
        // A browser can keep the requests of headers open for a moment after it has aborted them.
        const { most } = await control(t);
        ok(most >= 3 && most <= 6, `${most} answers at once`);
      }
    },
  },
  {
    name: 'drops, stalls, a wrong length, errors and 429 of one part are survived',
    async run(t) {
      const wanted = await whole(t);
      for (const how of ['drop', 'short', 'stall', 'busy', 'error', 'drop,whole', 'nolength'])
        for (const only of ['1', '3&data']) {
          const url = address(t, 'three', `how=${how}&only=${only}`);
          const found = await computed(t, url, { store: storeOf(t) });
          sameModel(found, wanted, `${how} of part ${only}`);
          ok(found.kept !== null, `${how}: kept (${found.why})`);
        }
    },
  },
  {
    name: 'missing, gated and busy parts and web pages: an error that names the part',
    async run(t) {
      for (const [how, code, words] of /** @type {[string, string, RegExp][]} */ ([
        ['gone', 'HTTP', /00002-of-00003.*no such file/],
        ['gated', 'HTTP', /00002-of-00003.*gated or private/],
        ['html', 'HTTP', /00002-of-00003.*web page/],
        ['long&times=99', 'HTTP', /00002-of-00003.*try again later/],
      ]))
        for (const options of [{}, { store: storeOf(t) }]) {
          const url = address(t, 'three', `how=${how}&only=2`);
          await rejects(t.jielong.loadModel(url, { ...t.load, ...options }), code, words);
          const names = await storedNames(t);
          ok(!all(url).some((name) => names.includes(name)), `${how}: ${names} are kept`);
        }
    },
  },
  {
    name: 'parts that do not belong together: an error that names the part, and none of it is kept',
    async run(t) {
      for (const [set, code, words] of /** @type {[string, string, RegExp][]} */ ([
        ['count', 'BAD_FORMAT', /00002-of-.*of 4 parts, and 3 are here/],
        ['tensors', 'BAD_FORMAT', /00002-of-.*of another model than .*00001-of-.*of 99 tensors/],
        ['number', 'BAD_FORMAT', /0000[23]-of-.*part 3 of 3; part 2 is missing/],
        ['repeated', 'BAD_FORMAT', /00002-of-.*has the tensor .*which .*00001-of-.* has too/],
        ['lacking', 'BAD_FORMAT', /00001-of-.*other parts have \d+ tensors, expected \d+/],
        ['foreign', 'BAD_TENSOR', /00002-of-/],
        ['whole', 'BAD_FORMAT', /00002-of-.*not a part of a split model/],
        ['noise', 'NOT_GGUF', /00002-of-.*not a GGUF file/],
        ['short', 'TRUNCATED', /00002-of-.*ends after \d+ bytes, \d+ were expected/],
        ['cut', 'TRUNCATED', /00002-of-.*ends after 900 bytes, inside its header/],
        ['overlapping', 'BAD_FORMAT', /00002-of-.*overlaps/],
      ])) {
        const url = address(t, set);
        await rejects(t.jielong.loadModel(url, { store: storeOf(t), ...t.load }), code, words);
        await rejects(t.jielong.loadModel(await filesOf(url), { ...t.load }), code, words);
        const names = await storedNames(t);
        ok(!names.includes(all(url)[1]), `${set}: ${names} are kept`);
      }
    },
  },
  {
    name: 'a part that changes between its header and its data is loaded again',
    async run(t) {
      const wanted = await whole(t);
      const url = address(t, 'three', 'how=swap&only=2');
      sameModel(await computed(t, url, { store: storeOf(t) }), wanted, 'once');
      const always = address(t, 'three', 'how=swap&only=2&times=99');
      await rejects(t.jielong.loadModel(always, { ...t.load }), 'CHANGED', /00002-of-/);
    },
  },
  {
    name: 'an abort ends all requests, and the next load continues each part',
    async run(t) {
      const wanted = await whole(t);
      const url = address(t, 'two', 'how=slow&rate=8000000', 2);
      await interrupted(t, url, 4.6e6);
      await eventually(async () => (await control(t)).open === 0, 'requests are left open');
      const kept = (await t.stored.listStored(t.folder)).filter(({ name }) =>
        all(url, 2).includes(name),
      );
      ok(
        kept.some(({ bytes }) => bytes >= 1 << 22),
        `kept: ${kept.map(({ bytes }) => bytes)}`,
      );
      await control(t, 'reset');
      sameModel(await computed(t, url, { store: storeOf(t) }), wanted, 'continued');
      const ranges = (await requests(t)).map(({ range }) => range);
      ok(ranges.includes(`bytes=${1 << 22}-`), `ranges: ${ranges}`);
      const stop = new AbortController();
      const early = t.jielong.loadModel(address(t, 'meta', 'how=stall'), {
        ...t.load,
        signal: stop.signal,
      });
      setTimeout(() => stop.abort(), 100);
      same((await early.catch((e) => e)).name, 'AbortError', 'while headers are read');
      await eventually(
        async () => (await control(t)).open === 0,
        'requests for headers are left open',
      );
    },
  },
  {
    name: 'hf: names: the published hash of each part is checked',
    async run(t) {
      const wanted = await whole(t);
      const host = t.origin;
      const name = 'hf:owner/repository/three-1-00001-of-00003.gguf';
      const found = await computed(t, name, { host, store: storeOf(t) });
      sameModel(found, wanted, 'tokens');
      const kept = (await t.stored.listStored(t.folder)).filter((one) =>
        all(name).includes(one.name),
      );
      same(kept.length, 3, 'kept');
      ok(
        kept.every(({ sha256 }) => sha256),
        'hashes were checked',
      );
      const liar = 'hf:owner/liar/three-1-00001-of-00003.gguf';
      const load = { host, store: storeOf(t), ...t.load };
      await rejects(t.jielong.loadModel(liar, load), 'CHECKSUM', /liar.*00002-of-/);
      ok(!(await storedNames(t)).includes(all(liar)[1]), 'it is not kept');
    },
  },
  {
    name: 'mirrors serve the parts that the first address refuses; sha256 is refused by name',
    async run(t) {
      const mirrors = [address(t, 'three')];
      sameModel(
        await computed(t, address(t, 'three', 'how=gated&only=2'), { mirrors }),
        await whole(t),
        'mirror',
      );
      const load = t.jielong.loadModel(address(t, 'three'), { ...t.load, sha256: '0'.repeat(64) });
      const error = await rejects(load, 'BAD_ARGUMENT', /split file/);
      same(error.where, 'sha256', 'where');
    },
  },
  {
    name: 'inspect reads the headers of all parts by ranges, and keeps nothing',
    async run(t) {
      await control(t, 'reset');
      const url = address(t, 'meta');
      const found = await t.stored.inspect(url, {
        ...t.load,
        ...(t.folder && { store: t.folder }),
      });
      const log = (await requests(t)).filter((one) => one.url.includes(`meta-${serial}-`));
      ok(
        log.every(({ range }) => /^bytes=\d+-\d+$/.test(range ?? '')),
        'ranges',
      );
      // The end of a part of unknown size may take one more.
      ok(log.length >= 3 && log.length <= 6, `${log.length} requests`);
      const sizes = await Promise.all(
        all(url).map(async (one) => (await (await fetch(one)).blob()).size),
      );
      const total = sizes.reduce((a, b) => a + b);
      // A page cannot see the size of a part from another origin: then its padding is not counted.
      below(Math.abs(found.fileBytes - total), 200, 'bytes of the parts');
      same(found.bytesToFetch, found.fileBytes, 'bytes to fetch');
      const model = await t.jielong.loadModel(url, { ...t.load });
      same(found.info.memory, model.info.memory, 'memory as of the loaded model');
      await model.close();
      ok(!(await storedNames(t)).some((name) => all(url).includes(name)), 'kept');
    },
  },
  {
    name: 'progress counts all parts',
    async run(t) {
      /** @type {{ loaded: number, total?: number }[]} */ const reports = [];
      const onProgress = (/** @type {any} */ report) => reports.push(report);
      const url = address(t, 'three', 'how=slow&rate=20000000');
      await (await t.jielong.loadModel(url, { ...t.load, onProgress })).close();
      const { size } = await control(t);
      below(Math.abs((reports.at(-1)?.loaded ?? 0) - size), 1000, 'bytes at the end');
      ok(
        reports.every(({ total }) => total === reports[0].total),
        'one total',
      );
      ok(
        reports.every(({ loaded }, i) => i === 0 || loaded >= reports[i - 1].loaded),
        'ascending',
      );
    },
  },
  {
    name: 'a limit counts all parts, and does not remove those of the same model',
    async run(t) {
      await t.stored.limitStored(0, t.folder);
      const { size } = await control(t);
      const url = address(t, 'three');
      const small = await computed(t, url, { store: storeOf(t, { limit: size - 1000 }) });
      same(small.kept, null, 'larger than the limit');
      ok(/limit of/.test(small.why ?? ''), `why: ${small.why}`);
      const other = address(t, 'two', 'how=', 2);
      await computed(t, other, { store: storeOf(t) });
      const enough = await computed(t, url, { store: storeOf(t, { limit: size + 10_000 }) });
      ok(enough.kept !== null, `kept: ${enough.why}`);
      same((await storedNames(t)).sort(), all(url), 'the other model has made room');
    },
  },
];
