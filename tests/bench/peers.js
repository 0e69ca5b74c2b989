/**
 * peers.js - compares Jielong with its peers on the same model files in one run on one machine: wasm engines
 * in headless Chromium, and llama.cpp built natively.
 *
 *   node tests/bench/peers.js [options]         (make bench-peers)
 *     --types q8_0,q4_0,q4_k_m,q4_1   --only ours,wllama2,wllama3,flare,native   --threads 1,2
 *     --rounds 3   --pp 128   --tg 32   --depth 3584 (0: off)   --load 1 (0: off)
 *     --types '' measures only loading
 *     --keep     adds to the measurements of earlier runs with --keep (for a run in pieces)
 *     --table    measures nothing, prints the table of stored measurements
 *   PEER_MODELS=folder  real files, named …q8_0.gguf and so on; default: random weights in the shapes of
 *                       SmolLM2-135M (make_gguf.js)
 *   LLAMA_PYTHON=python with llama_cpp (built on this machine); without it the native side is skipped
 *   CHROMIUM=path
 *
 * The peers come from the npm registry into build/peers: @wllama/wllama 2.4.0 and 3.8.1 (llama.cpp
 * compiled to wasm32 and wasm64), @sauravpanda/flare 0.2.21 (Rust; reads Q8_0, traps on 4-bit files). A round
 * measures every engine once, in order, so other load affects all alike. The table shows medians of the
 * rounds and ratios of medians, against the faster wllama. Every measurement starts a fresh browser.
 * Failed measurements are reported.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { launch, missing } from '../browser/drivers.js';
import { root } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { randomModel } from './make_gguf.js';

const folder = join(root, 'build', 'peers');
const results = join(folder, 'results.json');
const PACKAGES = {
  '@wllama/wllama': '@wllama/wllama@3.8.1',
  wllama2: 'wllama2@npm:@wllama/wllama@2.4.0',
  flare: 'flare@npm:@sauravpanda/flare@0.2.21',
};
const LABELS = /** @type {Record<string, string>} */ ({
  ours: 'Jielong',
  wllama2: 'wllama 2.4.0',
  wllama3: 'wllama 3.8.1',
  flare: 'Flare 0.2.21',
  native: 'llama.cpp native',
});
const FIRST_PROMPT = 17; // tokens

/**
 * @typedef {{ round: number, type: string, engine: string, threads: number, depth: number,
 *   pp: number, tg: number, load: number, kernels: string, version?: string }} Speed
 * @typedef {{ round: number, engine: string, first: number, peak: number }} Load first: ms, peak: bytes
 * @typedef {{ browser?: string, models?: string, speeds: Speed[], loads: Load[], notes: string[] }} Results
 */

const { values } = parseArgs({
  options: {
    types: { type: 'string', default: 'q8_0,q4_0,q4_k_m,q4_1' },
    only: { type: 'string', default: 'ours,wllama2,wllama3,flare,native' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '3' },
    pp: { type: 'string', default: '128' },
    tg: { type: 'string', default: '32' },
    depth: { type: 'string', default: '3584' },
    load: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '2' },
    keep: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
  },
});
const list = (/** @type {string} */ text) => text.split(',').filter(Boolean);
const [types, engines] = [list(values.types), list(values.only)];
const [rounds, pp, tg, depth, seconds] = [
  values.rounds,
  values.pp,
  values.tg,
  values.depth,
  values.seconds,
].map(Number);

/** @type {Results} */
const kept =
  (values.keep || values.table) && existsSync(results)
    ? JSON.parse(readFileSync(results, 'utf8'))
    : { speeds: [], loads: [], notes: [] };

/* ---- What is needed ---------------------------------------------------------------------------- */

/** Installs missing peers. */
function fetchPeers() {
  const missing = Object.entries(PACKAGES).filter(
    ([name]) => !existsSync(join(folder, 'node_modules', name)),
  );
  if (!missing.length) return;
  console.error(`peers: fetching ${missing.map(([, spec]) => spec).join(' ')}`);
  const options = ['--silent', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder];
  const specs = Object.values(PACKAGES); // all at once, because npm prunes others
  execFileSync('npm', ['install', ...options, ...specs], { cwd: folder, stdio: 'inherit' });
}

/** A nested comment in its example ends the example early: the published file does not parse. */
function repairFlare() {
  const file = join(folder, 'node_modules/flare/pkg/flare_web.js');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replaceAll('/* done */', ''));
}

/** The file of a type: real, or with random weights. @param {string} type */
function modelFile(type) {
  const real = process.env.PEER_MODELS;
  if (real) {
    const name = readdirSync(real).find((one) => one.toLowerCase().endsWith(`${type}.gguf`));
    if (name) return join(real, name);
    console.error(`peers: ${real} has no …${type}.gguf; random weights instead`);
  }
  return randomModel(type);
}

/** @param {string} type */
const modelAddress = (type) => `/model/${type}/${basename(modelFile(type))}`;

const python = process.env.LLAMA_PYTHON;

/* ---- Measuring --------------------------------------------------------------------------------- */

/** @param {string} text */
function note(text) {
  if (!kept.notes.includes(text)) kept.notes.push(text);
  console.error(`peers: ${text}`);
}

/** Peak resident bytes of the browser's largest renderer, from /proc. @param {number} pid */
function rendererPeak(pid) {
  const children = new Map();
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      const parent = Number(status.match(/^PPid:\s+(\d+)/m)?.[1]);
      const peak = Number(status.match(/^VmHWM:\s+(\d+) kB/m)?.[1] ?? 0) * 1024;
      const renderer = readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('--type=renderer');
      children.set(Number(name), { parent, peak, renderer });
    } catch {} // it has exited
  }
  const inside = (/** @type {number | undefined} */ one) => {
    while (one && one !== pid) one = children.get(one)?.parent;
    return one === pid;
  };
  const peaks = [...children].filter(([one, { renderer }]) => renderer && inside(one));
  return Math.max(0, ...peaks.map(([, { peak }]) => peak));
}

/**
 * A fresh browser with the page of engines open.
 * @template T
 * @param {(page: import('puppeteer-core').Page, browser: import('puppeteer-core').Browser) => Promise<T>} use
 * @param {string} [query] of the page's address
 */
async function inBrowser(use, query = '') {
  const browser = await launch('Chromium');
  try {
    kept.browser = await browser.version();
    const page = await browser.newPage();
    await page.goto(`${origin}/tests/bench/peers.html${query}`);
    await page.waitForFunction('window.ready');
    return await use(page, browser);
  } finally {
    await browser.close();
  }
}

/** @param {string} engine @param {string} type @param {number} threads @param {number} atDepth */
async function measure(engine, type, threads, atDepth) {
  const job = { threads, pp, tg, depth: atDepth, seconds };
  if (engine === 'native') {
    const args = Object.entries(job).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const script = join(root, 'tests/bench/native.py');
    return JSON.parse(
      execFileSync(String(python), [script, modelFile(type), ...args], { encoding: 'utf8' }),
    );
  }
  const given = JSON.stringify({ ...job, model: modelAddress(type) });
  return inBrowser((page) => page.evaluate(`window.speed('${engine}', ${given})`));
}

/**
 * Measures one engine on one type; stores and prints the result.
 * @param {number} round @param {string} engine @param {string} type @param {number} threads
 * @param {number} atDepth
 */
async function once(round, engine, type, threads, atDepth) {
  const label = `${LABELS[engine]}, ${type}, ${threads} thread${threads > 1 ? 's' : ''}`;
  const where = atDepth ? `${label}, depth ${atDepth}` : label;
  try {
    const found = await measure(engine, type, threads, atDepth);
    if (found.threads !== threads)
      return note(`${where}: it uses ${found.threads} thread(s) here, not measured`);
    kept.speeds.push({ round, type, engine, depth: atDepth, ...found });
    const rates = `prefill ${found.pp.toFixed(1)}, decode ${found.tg.toFixed(1)} tokens/s`;
    console.error(`${round}: ${where}: ${rates}, load ${found.load.toFixed(0)} ms`);
  } catch (e) {
    note(`${where}: ${String(/** @type {Error} */ (e).message).split('\n')[0]}`);
  }
}

/** Time from page open to first token, and the renderer's peak memory. @param {number} round @param {string} engine */
async function onceLoad(round, engine) {
  try {
    const query = `?first=${engine}&model=${modelAddress('q8_0')}&words=${FIRST_PROMPT}`;
    const found = await inBrowser(async (page, browser) => {
      const first = Number(await page.evaluate('window.firstToken'));
      return { first, peak: rendererPeak(browser.process()?.pid ?? 0) };
    }, query);
    kept.loads.push({ round, engine, ...found });
    const peak = (found.peak / 1e6).toFixed(0);
    console.error(
      `${round}: ${LABELS[engine]}: first token ${found.first.toFixed(0)} ms, ${peak} MB`,
    );
  } catch (e) {
    note(`${LABELS[engine]}, load: ${String(/** @type {Error} */ (e).message).split('\n')[0]}`);
  }
}

/** @param {number} round */
async function oneRound(round) {
  for (const type of types) {
    for (const engine of engines) {
      if (engine === 'flare' && type !== 'q8_0') continue;
      const many = engine === 'ours' || engine === 'native' ? list(values.threads) : ['1'];
      for (const threads of many) await once(round, engine, type, Number(threads), 0);
    }
    if (type !== 'q8_0' || !depth) continue;
    for (const engine of engines.filter((one) => one === 'ours' || one === 'native'))
      await once(round, engine, type, 1, depth);
  }
  if (values.load !== '1') return;
  for (const engine of engines.filter((one) => /^(ours|wllama)/.test(one)))
    await onceLoad(round, engine);
}

/* ---- The table --------------------------------------------------------------------------------- */

/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/**
 * Median tokens/s, NaN if not measured.
 * @param {string} engine @param {string} type @param {'pp' | 'tg'} what @param {number} [threads]
 * @param {number} [atDepth]
 */
function rate(engine, type, what, threads = 1, atDepth = 0) {
  const found = kept.speeds.filter(
    (one) =>
      one.engine === engine &&
      one.type === type &&
      one.threads === threads &&
      one.depth === atDepth,
  );
  return found.length ? median(found.map((one) => one[what])) : NaN;
}

const shown = (/** @type {number} */ n) =>
  Number.isNaN(n) ? '–' : n < 100 ? n.toFixed(1) : n.toFixed(0);
const times = (/** @type {number} */ a, /** @type {number} */ b) =>
  Number.isNaN(a / b) ? '–' : `${(a / b).toFixed(2)}×`;

/** A table without unmeasured rows. @param {string[][]} all the first is the head */
function markdown(all) {
  const rows = all.filter(([, ...cells]) => cells.some((cell) => cell !== '–'));
  if (rows.length === 1) return '';
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const line = (/** @type {string[]} */ row) =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n');
}

/** Rows of one measure. @param {'pp' | 'tg'} what @param {string} name */
function speedRows(what, name) {
  const rows = [];
  for (const type of ['q8_0', 'q4_0', 'q4_k_m', 'q4_1']) {
    const us = rate('ours', type, what);
    const wllama = ['wllama2', 'wllama3'].map((engine) => rate(engine, type, what));
    const faster = Math.max(...wllama.filter((n) => !Number.isNaN(n)));
    const [flare, native] = [rate('flare', type, what), rate('native', type, what)];
    const row = [`${name}, ${type.toUpperCase()}`, us, ...wllama, flare, native];
    const ratios = [times(us, Number.isFinite(faster) ? faster : NaN), times(us, native)];
    rows.push([...row.map((n) => (typeof n === 'number' ? shown(n) : n)), ...ratios]);
  }
  return rows;
}

/** @param {'pp' | 'tg'} what @param {string} name */
function threadRows(what, name) {
  const rows = [];
  for (const type of ['q8_0', 'q4_0', 'q4_k_m', 'q4_1']) {
    const [one, two] = [1, 2].map((threads) => rate('ours', type, what, threads));
    const native = rate('native', type, what, 2);
    rows.push([
      `${name}, ${type.toUpperCase()}`,
      shown(one),
      shown(two),
      times(two, one),
      shown(native),
      times(two, native),
    ]);
  }
  return rows;
}

function depthRows() {
  return /** @type {const} */ (['tg', 'pp']).map((what) => {
    const [us, native] = ['ours', 'native'].map((one) => rate(one, 'q8_0', what, 1, depth));
    const name = `${what === 'tg' ? 'decode' : 'prefill'} at ${depth}, Q8_0`;
    return [name, shown(us), shown(native), times(us, native)];
  });
}

function loadRows() {
  const of = (/** @type {string} */ engine, /** @type {'first' | 'peak'} */ what) => {
    const found = kept.loads.filter((one) => one.engine === engine).map((one) => one[what]);
    return found.length ? median(found) : NaN;
  };
  return ['ours', 'wllama2', 'wllama3'].map((engine) => [
    LABELS[engine],
    shown(of(engine, 'first')),
    times(of('ours', 'first'), of(engine, 'first')),
    shown(of(engine, 'peak') / 1e6),
    times(of('ours', 'peak'), of(engine, 'peak')),
  ]);
}

/** Kernels used, one entry per engine. */
function kernelsUsed() {
  const lines = new Set(
    kept.speeds.map(
      ({ engine, kernels, version }) =>
        `${LABELS[engine]}${version ? ` (llama-cpp-python ${version})` : ''}: ${kernels}`,
    ),
  );
  return [...lines].sort().join('; ');
}

function report() {
  const counts = kept.speeds.filter((one) => one.engine === 'ours' && one.depth === 0).length;
  console.log(
    `Machine: ${cpus()[0].model.trim()}, ${cpus().length} cores. ${kept.browser}, headless.`,
  );
  console.log(`Models: ${kept.models}. Kernels: ${kernelsUsed()}.`);
  console.log(`Medians of rounds (${counts} measurements of Jielong); tokens/s; one thread.\n`);
  const head = ['one thread', 'Jielong', 'wllama 2.4.0', 'wllama 3.8.1', 'Flare 0.2.21'];
  console.log(
    markdown([
      [...head, 'native', '× faster wllama', '× native'],
      ...speedRows('tg', 'decode'),
      ...speedRows('pp', `prefill ${pp}`),
    ]),
  );
  const threads = ['threads', '1', '2', '2 over 1', 'native, 2', '× native'];
  console.log(
    `\n${markdown([threads, ...threadRows('tg', 'decode'), ...threadRows('pp', `prefill ${pp}`)])}`,
  );
  console.log(`\n${markdown([['depth', 'Jielong', 'native', '× native'], ...depthRows()])}`);
  const load = ['load, Q8_0', 'first token, ms', 'ours of it', 'renderer peak, MB', 'ours of it'];
  console.log(`\n${markdown([load, ...loadRows()])}`);
  for (const text of kept.notes) console.log(`\nNot measured: ${text}`);
}

/* ---- Main -------------------------------------------------------------------------------------- */

let origin = '';

/** Serves the page, the engines and, at modelAddress(), the models. */
async function serve() {
  /** @type {[string, string][]} */
  const roots = [['/peers/', join(folder, 'node_modules')]];
  const served = values.load === '1' ? new Set([...types, 'q8_0']) : types;
  for (const type of served) roots.push([`/model/${type}/`, dirname(modelFile(type))]);
  const server = await startServer({ roots });
  origin = server.origin;
  return server;
}

async function main() {
  if (values.table) return report();
  if (missing('Chromium')) throw new Error('no Chromium found; set CHROMIUM');
  mkdirSync(folder, { recursive: true });
  fetchPeers();
  repairFlare();
  kept.models = process.env.PEER_MODELS ? 'SmolLM2-135M-Instruct' : 'random weights, SmolLM2-135M';
  if (!python && engines.includes('native')) {
    note('llama.cpp native: set LLAMA_PYTHON to a Python that has llama_cpp');
    engines.splice(engines.indexOf('native'), 1);
  }
  const server = await serve();
  const before = Math.max(0, ...kept.speeds.map(({ round }) => round));
  for (let round = 1; round <= rounds; round++) {
    await oneRound(before + round);
    writeFileSync(results, JSON.stringify(kept, null, 1));
  }
  server.close();
  report();
}

await main();
