/**
 * choice.js - whether each load ends with the faster kernels (web/engine/kernels.js): loads the same files again and
 * again with the default precision, and compares their speed with that of `exact` and `fast`.
 *
 *   node tests/bench/choice.js [options]         (make bench-choice)
 *     --browsers Chromium,Firefox   --types q8_0,q4_0,q4_1,q4_k_m   --loads 20   --references 3
 *   PEER_MODELS=folder as in peers.js; without it random weights in the shapes of SmolLM2-135M
 *
 * One line a browser and type: tokens/s of prefill and decode, medians of the references and of the loads,
 * and how many loads are within 5 % of the better reference, decode and prefill. The references come first;
 * each load has a worker of its own. One thread.
 */
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeServer } from '../../web/node/serve.js';
import { drivers } from '../browser/drivers.js';
import { makeGguf } from './make_gguf.js';

const WITHIN = 0.95;
const TRIES = 3;
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'build', 'peers');

const { values } = parseArgs({
  options: {
    browsers: { type: 'string', default: 'Chromium,Firefox' },
    types: { type: 'string', default: 'q8_0,q4_0,q4_1,q4_k_m' },
    loads: { type: 'string', default: '20' },
    references: { type: 'string', default: '3' },
  },
});

/** The file of a type: a real one, or one with random weights. @param {string} type */
function modelFile(type) {
  const real = process.env.PEER_MODELS;
  const name = real && readdirSync(real).find((one) => one.toLowerCase().endsWith(`${type}.gguf`));
  if (real && name) return join(real, name);
  const file = join(folder, `random-${type}.gguf`);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    makeGguf(`${file}.part`, type);
    renameSync(`${file}.part`, file);
  }
  return file;
}

/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/** @typedef {{ pp: number, tg: number, load: number, precision: string }} Speed */

/**
 * What a page evaluates: one load and its speed. One that is slower than it should be is measured again, for
 * other work on the machine makes numbers smaller, never larger.
 * @param {string} address @param {string} precision @param {{ pp: number, tg: number }} target tokens/s
 */
const job = (address, precision, { pp, tg }) => `(async () => {
  const { loadModel } = await import('/web/jielong.js');
  const { measure } = await import('/web/api/bench.js');
  const start = performance.now();
  const model = await loadModel('${address}', { precision: '${precision}', threads: 1 });
  const load = performance.now() - start;
  const speed = { pp: 0, tg: 0 };
  for (let i = 0; i < ${TRIES} && (i === 0 || speed.pp < ${pp} || speed.tg < ${tg}); i++) {
    const again = await measure(model, { rounds: 4 });
    speed.pp = Math.max(speed.pp, again.pp);
    speed.tg = Math.max(speed.tg, again.tg);
  }
  await model.close();
  return { ...speed, load, precision: model.info.precision };
})()`;

/** The better reference. @param {Record<string, Speed[]>} all @param {'pp' | 'tg'} key */
const better = (all, key) =>
  Math.max(...['exact', 'fast'].map((name) => median(all[name].map((speed) => speed[key]))));

/** @param {string} browser @param {string} type @param {string} origin */
async function measureType(browser, type, origin) {
  const tab = await drivers[browser].open(`${origin}/tests/browser/empty.html`);
  /** @type {Record<string, Speed[]>} */
  const all = { exact: [], fast: [], auto: [] };
  const [loads, references] = [Number(values.loads), Number(values.references)];
  const run = async (/** @type {string} */ precision, target = { pp: 0, tg: 0 }) => {
    const script = job(`${origin}/model/${type}/${basename(files[type])}`, precision, target);
    all[precision].push(await tab.evaluate(script));
  };
  try {
    for (let i = 0; i < references; i++) {
      await run('exact');
      await run('fast');
    }
    const target = { pp: WITHIN * better(all, 'pp'), tg: WITHIN * better(all, 'tg') };
    for (let i = 0; i < loads; i++) await run('auto', target);
  } finally {
    await tab.close();
  }
  return all;
}

/** @param {string} browser @param {string} type @param {Record<string, Speed[]>} all */
function line(browser, type, all) {
  const of = (/** @type {string} */ name, /** @type {'pp' | 'tg' | 'load'} */ key) =>
    median(all[name].map((speed) => speed[key]));
  const good = (/** @type {'pp' | 'tg'} */ key) =>
    all.auto.filter((speed) => speed[key] >= WITHIN * better(all, key)).length;
  const speeds = ['exact', 'fast', 'auto'].map(
    (name) => `${of(name, 'pp').toFixed(0)} ${of(name, 'tg').toFixed(0)}`,
  );
  const n = all.auto.length;
  const precision = [...new Set(all.auto.map((speed) => speed.precision))].join(' and ');
  const load = `${of('exact', 'load').toFixed(0)} and ${of('auto', 'load').toFixed(0)} ms`;
  console.log(
    `${browser.padEnd(9)}${type.padEnd(7)} exact ${speeds[0]}, fast ${speeds[1]}, default ${speeds[2]} (${precision}); ` +
      `within 5 %: prefill ${good('pp')}, decode ${good('tg')} of ${n}; load exact and default ${load}`,
  );
}

const types = values.types.split(',');
const files = Object.fromEntries(types.map((type) => [type, modelFile(type)]));
/** @type {[string, string][]} */
const roots = types.map((type) => [`/model/${type}/`, dirname(files[type])]);
const server = makeServer({ isolate: false, roots: [...roots, ['/tests/', join(root, 'tests')]] });
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
console.log('tokens/s of prefill (128) and decode (32), one thread, medians');
for (const browser of values.browsers.split(','))
  for (const type of types)
    line(browser, type, await measureType(browser, type, `http://127.0.0.1:${port}`));
server.close();
