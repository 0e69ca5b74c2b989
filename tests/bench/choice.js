/**
 * choice.js - checks that each load selects the faster kernels (web/engine/kernels.js): loads the same files
 * repeatedly with default precision and compares each load's speed with the best possible.
 *
 *   node tests/bench/choice.js [options]         (make bench-choice)
 *     --browsers Chromium,Firefox   --types q8_0,q4_0,q4_1,q4_k_m   --loads 20   --references 3
 *   PEER_MODELS=folder as in peers.js; without it random weights in the shapes of SmolLM2-135M
 *
 * Each load is measured as it is, then twice with the build's own kernels and twice with relaxed SIMD, in
 * turn. It is right if its kernels are within 5 % of the faster ones. Prints one line per browser and type:
 * tokens/s of prefill and decode, medians of the references (`exact`, `fast`) and of the loads, and the number of
 * right loads. Each load has its own worker and one thread.
 */
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { drivers } from '../browser/drivers.js';
import { startServer } from '../helpers/server.js';
import { randomModel } from './make_gguf.js';

const WITHIN = 0.95;

const { values } = parseArgs({
  options: {
    browsers: { type: 'string', default: 'Chromium,Firefox' },
    types: { type: 'string', default: 'q8_0,q4_0,q4_1,q4_k_m' },
    loads: { type: 'string', default: '20' },
    references: { type: 'string', default: '3' },
  },
});

/** The file of a type: real, or with random weights. @param {string} type */
function modelFile(type) {
  const real = process.env.PEER_MODELS;
  const name = real && readdirSync(real).find((one) => one.toLowerCase().endsWith(`${type}.gguf`));
  if (real && name) return join(real, name);
  return randomModel(type);
}

/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/** @typedef {{ pp: number, tg: number, load: number, precision: string, used: number[],
 *   kinds: { pp: number, tg: number }[] }} Speed */

/**
 * Evaluated in a page: a load, its speed, and with `compare` the speed of each kind of kernels.
 * @param {string} address @param {string} precision @param {boolean} compare
 */
const job = (address, precision, compare) => `(async () => {
  const { Model } = await import('/web/jielong.js');
  const { assets } = await import('/web/engine/assets.js');
  const { openBackend } = await import('/web/engine/backend.js');
  const { describeSource } = await import('/web/source/source.js');
  const { measure } = await import('/web/api/bench.js');
  const backend = openBackend(true);
  const start = performance.now();
  const options = { assets: assets(), precision: '${precision}', threads: 1 };
  const info = await backend.load(describeSource('${address}'), options);
  const load = performance.now() - start;
  const model = new Model(backend, info);
  const speed = await measure(model, { rounds: 4 });
  const kernels = await backend.call('kernels');
  const kinds = [{ pp: 0, tg: 0 }, { pp: 0, tg: 0 }];
  for (const i of ${compare} && kernels ? [0, 1, 1, 0] : []) {
    await backend.call('kernels', i ? 3 : 0);
    const { pp, tg } = await measure(model, { pp: 64, rounds: 2 });
    kinds[i].pp = Math.max(kinds[i].pp, pp);
    kinds[i].tg = Math.max(kinds[i].tg, tg);
  }
  await model.close();
  const used = kernels?.map(({ use }) => use) ?? [0, 0];
  return { ...speed, load, kinds, used, precision: info.precision };
})()`;

/** @param {string} browser @param {string} type @param {string} origin */
async function measureType(browser, type, origin) {
  const tab = await drivers[browser].open(`${origin}/tests/browser/empty.html`);
  /** @type {Record<string, Speed[]>} */
  const all = { exact: [], fast: [], auto: [] };
  const run = async (/** @type {string} */ precision) => {
    const address = `${origin}/model/${type}/${basename(files[type])}`;
    all[precision].push(await tab.evaluate(job(address, precision, precision === 'auto')));
  };
  try {
    for (let i = 0; i < Number(values.references); i++) {
      await run('exact');
      await run('fast');
    }
    for (let i = 0; i < Number(values.loads); i++) await run('auto');
  } finally {
    await tab.close();
  }
  return all;
}

/** Whether the kernels of a load are within 5 % of the faster ones. @param {Speed} speed @param {0 | 1} i 0: prefill, 1: decode */
function right({ kinds, used }, i) {
  const speeds = kinds.map((kind) => (i ? kind.tg : kind.pp));
  return speeds[used[i]] >= WITHIN * Math.max(...speeds);
}

/** @param {string} browser @param {string} type @param {Record<string, Speed[]>} all */
function line(browser, type, all) {
  const of = (/** @type {string} */ name, /** @type {'pp' | 'tg' | 'load'} */ key) =>
    median(all[name].map((speed) => speed[key]));
  const speeds = ['exact', 'fast', 'auto'].map(
    (name) => `${of(name, 'pp').toFixed(0)} ${of(name, 'tg').toFixed(0)}`,
  );
  const [pp, tg] = /** @type {const} */ ([0, 1]).map(
    (i) => all.auto.filter((speed) => right(speed, i)).length,
  );
  /** @type {Record<string, number>} */ const used = {};
  for (const speed of all.auto) {
    const name = speed.used.map((use) => (use ? 'relaxed' : 'own')).join(' ');
    used[name] = (used[name] ?? 0) + 1;
  }
  const chosen = Object.entries(used).map(([name, n]) => `${n} × ${name}`);
  const precision = [...new Set(all.auto.map((speed) => speed.precision))].join(' and ');
  console.log(
    `${browser.padEnd(9)}${type.padEnd(7)} exact ${speeds[0]}, fast ${speeds[1]}, default ${speeds[2]} (${precision}; ` +
      `${chosen.join(', ')}); right: prefill ${pp}, decode ${tg} of ${all.auto.length}`,
  );
}

const types = values.types.split(',');
const files = Object.fromEntries(types.map((type) => [type, modelFile(type)]));
/** @type {[string, string][]} */
const roots = types.map((type) => [`/model/${type}/`, dirname(files[type])]);
const server = await startServer({ isolate: false, roots });
console.log('tokens/s of prefill (128) and decode (32), one thread, medians');
for (const browser of values.browsers.split(','))
  for (const type of types) line(browser, type, await measureType(browser, type, server.origin));
server.close();
