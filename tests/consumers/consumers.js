/**
 * consumers.js - installs the packed package in every project of projects.js, builds it with that project's own tools,
 * and runs it in Chromium or as a program: `make test-consumers`.
 *
 * Projects run one at a time in build/consumers/work; a project's folder is deleted when it has passed. ONLY=vite,next
 * selects by words of the names, QUICK=1 those that CI runs. A run writes its rows of the table in web/README.md;
 * TABLE=0 does not.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeServer } from '../../web/node/serve.js';
import { freePort, launch } from '../browser/drivers.js';
import { golden, root } from '../helpers/paths.js';
import { listening } from '../helpers/server.js';
import { projects } from './projects.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const place = join(root, 'build', 'consumers');
const packages = join(root, 'build', 'packages');
const MINUTES = 60_000;
/** The versions of Node besides this one. @type {Record<number, string>} */
const NODES = { 22: '22.23.3', 24: '24.21.0' };

const only = process.env.ONLY?.toLowerCase().split(',');
const chosen = projects.filter(
  ({ name, quick }) =>
    (!only || only.some((word) => name.toLowerCase().includes(word))) &&
    (process.env.QUICK !== '1' || quick),
);

/** @typedef {import('./projects.js').Project} Project */
/** @typedef {{ kernels: string, threads: number, alone?: number }} Result threads 0: nothing runs; alone: without isolation */

/** What was seen, for the table. @type {Map<string, Result>} */
const seen = new Map();
/** @type {import('puppeteer-core').Browser} */
let browser;

/** The folder of a Node's program. @param {number} [version] */
function nodeFolder(version) {
  if (!version || !(version in NODES)) return dirname(process.execPath);
  const machine = process.arch === 'arm64' ? 'arm64' : 'x64';
  return join(place, `node-${version}`, 'node_modules', `node-linux-${machine}`, 'bin');
}

/** @param {string} work @param {Project} project */
function environment(work, { node, relaxed = true }) {
  const home = join(place, 'home');
  return {
    ...process.env,
    HOME: home,
    NODE_OPTIONS: '',
    PATH: [nodeFolder(node), join(work, 'node_modules', '.bin'), process.env.PATH].join(':'),
    NEXT_TELEMETRY_DISABLED: '1',
    ASTRO_TELEMETRY_DISABLED: '1',
    RELAXED: relaxed ? '1' : '0',
  };
}

/** Runs a command in a folder; its output is in the error if it fails. @param {string[]} command @param {string} work @param {Project} project */
async function run([program, ...args], work, project) {
  const settings = { cwd: work, env: environment(work, project), timeout: 8 * MINUTES };
  const filled = args.map((word) => word.replace('PACKAGES', packages));
  return promisify(execFile)(program, filled, { ...settings, maxBuffer: 1 << 26 });
}

/** Installs the other versions of Node that the chosen projects need. */
async function installNodes() {
  const machine = process.arch === 'arm64' ? 'arm64' : 'x64';
  for (const [version, exact] of Object.entries(NODES)) {
    const folder = join(place, `node-${version}`);
    const needed = chosen.some(({ node }) => node === Number(version));
    if (needed && !existsSync(join(folder, 'node_modules')))
      await install(folder, { dependencies: { [`node-linux-${machine}`]: exact } });
  }
}

/** Installs packages with npm. @param {string} folder @param {object} about the package.json */
async function install(folder, about) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, ...about }));
  const options = ['--no-audit', '--no-fund', '--ignore-scripts'];
  const settings = { cwd: folder, timeout: 8 * MINUTES, maxBuffer: 1 << 26 };
  await promisify(execFile)('npm', ['install', '--silent', ...options], settings);
}

/** The import map of the copied package, with the hashes of integrity.json. @param {string} work */
function importMap(work) {
  const dist = 'node_modules/jielong/dist';
  /** @type {Record<string, string>} */
  const hashes = JSON.parse(readFileSync(join(work, dist, 'integrity.json'), 'utf8'));
  const integrity = Object.entries(hashes).map(([file, hash]) => [`./${dist}/${file}`, hash]);
  const imports = { jielong: `./${dist}/jielong.js`, 'jielong/': `./${dist}/` };
  imports['jielong/elements'] = `./${dist}/elements.js`;
  return JSON.stringify({ imports, integrity: Object.fromEntries(integrity) });
}

/** @param {string} work @param {string} text of a file of a project */
function filled(work, text) {
  if (text.includes('IMPORTMAP')) return text.replace('IMPORTMAP', importMap(work));
  if (!text.includes('"GLOBAL"')) return text;
  const script = readFileSync(join(work, 'node_modules/jielong/dist/jielong.global.js'));
  return text.replace('GLOBAL', `sha256-${createHash('sha256').update(script).digest('base64')}`);
}

/** Makes a project's folder, with its tools and the packages. @param {Project} project */
async function prepare({ tools, settings, files, open, site }) {
  const work = join(place, 'work');
  rmSync(work, { recursive: true, force: true });
  const own = Object.fromEntries(
    ['jielong', 'jielong-models'].map((name) => [name, `file:${packages}/${name}-0.1.0.tgz`]),
  );
  await install(work, { ...settings, dependencies: { ...own, ...tools } });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(work, name)), { recursive: true });
    writeFileSync(join(work, name), filled(work, text));
  }
  const program = readFileSync(join(here, 'program.js'), 'utf8');
  const common = Object.keys(files).some((name) => name.endsWith('.cjs'));
  writeFileSync(
    join(work, 'program.js'),
    common
      ? `${program.replace('export async', 'async')}\nmodule.exports = { tryAll };\n`
      : program,
  );
  const top = join(work, open ?? site ?? '.');
  mkdirSync(top, { recursive: true });
  cpSync(golden('chat.gguf'), join(top, 'chat.gguf'));
  return work;
}

/** Serves a folder, with or without isolation. @param {string} folder @param {boolean} isolate @param {(origin: string) => Promise<Result>} use */
async function withServer(folder, isolate, use) {
  const server = makeServer({ roots: [['/', folder]], alone: true, isolate });
  const { origin, close } = await listening(server);
  try {
    return await use(`${origin}/`);
  } finally {
    close();
  }
}

/** Runs a tool's own server. @param {string[]} command @param {string} work @param {Project} project @param {(origin: string) => Promise<Result>} use */
async function withTool([program, ...args], work, project, use) {
  const port = String(await freePort());
  const log = openSync(join(work, 'server.log'), 'w');
  const server = spawn(
    program,
    args.map((a) => a.replace('PORT', port)),
    { cwd: work, env: environment(work, project), stdio: ['ignore', log, log] },
  );
  const origin = `http://127.0.0.1:${port}/`;
  try {
    for (let i = 0; server.exitCode === null; i++) {
      const up = await fetch(origin).then(
        (r) => r.ok,
        () => false,
      );
      if (up) return await use(origin);
      assert.ok(i < 600, `${program} did not answer: ${readFileSync(join(work, 'server.log'))}`);
      await sleep(100);
    }
    throw new Error(`${program} has ended: ${readFileSync(join(work, 'server.log'))}`);
  } finally {
    server.kill();
  }
}

/** Opens the page and waits for its result. @param {string} address @returns {Promise<Result>} */
async function visit(address) {
  const page = await browser.newPage();
  /** @type {string[]} */ const errors = [];
  page.on('pageerror', (error) => errors.push(String(/** @type {Error} */ (error).stack)));
  page.on('response', (r) => r.status() >= 400 && errors.push(`${r.status()} ${r.url()}`));
  try {
    await page.goto(address);
    await page.waitForFunction('window.result', { timeout: 2 * MINUTES }).catch((e) => {
      throw new Error(`${e.message}\n${errors.join('\n')}`);
    });
    const result = /** @type {any} */ (await page.evaluate('window.result'));
    assert.ok(!result.error, `${result.error}\n${errors.join('\n')}`);
    const figures = "[...document.querySelectorAll('jl-tokens')].map((e) => e.dataset.state ?? '')";
    const elements = "customElements.get('jl-tokens') !== undefined";
    if (await page.evaluate(elements)) assert.deepEqual(await page.evaluate(figures), ['idle']);
    assert.deepEqual(
      errors.filter((e) => !/favicon/.test(e)),
      [],
    );
    return result;
  } finally {
    await page.close();
  }
}

/** A disk path of the builder in what readers get. @param {string} folder @param {string} work */
async function leaks(folder, work) {
  const grep = promisify(execFile)('grep', [
    '-rl',
    '--include=*.js',
    '--include=*.html',
    work,
    folder,
  ]);
  return grep.then(
    ({ stdout }) => stdout.split('\n'),
    () => [],
  );
}

/** @param {Project} project @returns {Promise<Result>} */
async function check(project) {
  const work = await prepare(project);
  for (const command of project.build ?? []) await run(command, work, project);
  if (project.run) {
    const { stdout } = await run(project.run, work, project);
    return JSON.parse(stdout.trim().split('\n').pop() ?? '');
  }
  if (project.serve) return withTool(project.serve, work, project, visit);
  if (!project.site) return { kernels: '', threads: 0 };
  const site = join(work, project.site);
  if (project.build) assert.deepEqual(await leaks(site, work), [], 'paths of the builder');
  const alone = await withServer(site, false, visit);
  return { ...(await withServer(site, true, visit)), alone: alone.threads };
}

before(async () => {
  await installNodes();
  mkdirSync(join(place, 'home'), { recursive: true });
  browser = await launch('Chromium');
});
after(async () => {
  await browser?.close();
  if (process.env.TABLE !== '0') writeTable();
});

for (const project of chosen)
  test(project.name, { timeout: 20 * MINUTES }, async (t) => {
    const start = performance.now();
    const result = await check(project);
    seen.set(project.name, result);
    t.diagnostic(
      `${result.kernels}, ${result.threads} threads, ${((performance.now() - start) / 1000).toFixed(0)} s`,
    );
    rmSync(join(place, 'work'), { recursive: true, force: true });
  });

/* ---- The table ------------------------------------------------------------------------------- */

const [BEGIN, END] = ['<!-- consumers -->', '<!-- /consumers -->'];

/** The cells of a project's row, after its run. @param {Project} project */
function rowOf({ name, what, tools = {} }) {
  const versions = Object.entries(tools).map(([tool, version]) => `${tool} ${version}`);
  const result = seen.get(name);
  const runs = result?.threads === 0 ? '' : (result?.kernels ?? '');
  return [name, what, versions.join(', '), result ? 'yes' : 'no', runs, `${result?.threads || ''}`];
}

/** Writes the rows of this run into the table in web/README.md; other rows stay. */
function writeTable() {
  const file = join(root, 'web', 'README.md');
  const text = readFileSync(file, 'utf8');
  const [before, rest] = text.split(BEGIN);
  const [table, after] = rest.split(END);
  const old = table.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const rows = projects.flatMap((project) =>
    chosen.includes(project) ? [rowOf(project)] : old.filter(([name]) => name === project.name),
  );
  const head = ['consumer', 'uses', 'tools', 'passed', 'kernels', 'threads'];
  const all = [head, head.map(() => ''), ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i].length)));
  const lines = all.map((row, n) => {
    const cells = row.map((cell, i) => (n === 1 ? '-'.repeat(widths[i]) : cell.padEnd(widths[i])));
    return `| ${cells.join(' | ')} |`;
  });
  writeFileSync(file, `${before}${BEGIN}\n\n${lines.join('\n')}\n\n${END}${after}`);
}
