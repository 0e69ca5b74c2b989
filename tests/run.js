/**
 * run.js - runs every suite, two side by side; ends with the slowest ten and one line of counts.
 *
 *   node tests/run.js [GROUP …]      native kernels structure node browsers lint; default: all. Also: note, a part of browsers
 *
 * A suite is a command. Its counts come from the last line of a native program, the summary of node's test
 * runner, or the exit status of a linter. Its output is stored in build/test-logs, and its failures are
 * printed; skips print their reason, crashed pages their case. One line per suite, printed when it ends. The
 * exit status is 1 if a test failed or none ran.
 *
 * Two suites side by side on a busy machine may miss a time limit. So the first three suites that fail run
 * once more, alone, at the end; a line says which, and only this second run counts.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { root, smollm2 } from './helpers/paths.js';

const logs = join(root, 'build', 'test-logs');
const LANES = Math.min(2, availableParallelism());
const LIMIT_MS = 8 * 60_000; // of a suite: one that hangs has failed

/** @typedef {{ name: string, command: string[], env?: Record<string, string> }} Suite */

/** Suites that take long, longest first: they start first, so that no lane idles at the end. */
const SLOWEST = [
  'browser/elements WebKit',
  'browser/elements-access',
  'browser/elements Firefox',
  'browser/suite WebKit',
  'browser/suite Chromium',
  'node/suite worker',
  'browser/playground',
  'browser/elements Chromium',
  'browser/suite Firefox',
  'browser/embed Chromium',
  'node/suite engine',
  'node/cli',
  'note/claims',
  'browser/embed Firefox',
  'browser/embed WebKit',
  'note/page',
  'models/models',
  'node/dist',
];
/** Suites that measure, or wait a limited time for workers, run alone at the end. */
const ALONE = ['browser/thread', 'browser/workers Chromium', 'browser/workers Firefox'];

/** Test files that run as several suites: an environment variable and its value in each. */
const SPLIT = {
  'node/suite': ['HOSTS', 'engine', 'worker'],
  'browser/store': ['BROWSERS', 'Chromium', 'Firefox', 'WebKit'],
  'browser/split': ['BROWSERS', 'Chromium', 'Firefox', 'WebKit'],
  'browser/suite': ['BROWSERS', 'Chromium', 'Firefox', 'WebKit'],
  'browser/elements': ['BROWSERS', 'Chromium', 'Firefox', 'WebKit'],
  'browser/dist': ['BROWSERS', 'Chromium', 'Firefox', 'WebKit'],
  'browser/embed': ['BROWSERS', 'Chromium', 'Firefox', 'WebKit'],
  'browser/examples': ['BROWSERS', 'Chromium', 'Firefox', 'WebKit'],
  'browser/workers': ['BROWSERS', 'Chromium', 'Firefox'],
  'note/figures': ['BROWSERS', 'Chromium', 'Firefox', 'WebKit'],
};

/** Test files that open browsers. */
const IN_BROWSERS = /^browser\/|^note\/(?!claims)/;

/** Files in a folder and its subfolders, as paths from the folder. @param {string} folder @param {RegExp} pattern */
const list = (folder, pattern) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true })
        .map(String)
        .filter((name) => pattern.test(name))
        .sort()
    : [];

/** The native tests: a program per C file in a folder named like one of src/. */
const programs = list('tests', /^\w+\/\w+\.c$/)
  .filter((file) => existsSync(join(root, 'src', file.split('/')[0])))
  .map((file) => file.slice(0, -2));

/**
 * The wasm tests that a configuration has built. One without source of its own is linked again for relaxed SIMD.
 * @param {string} config
 */
const wasmPrograms = (config) =>
  list(`build/${config}/tests`, /\.wasm$/)
    .map((file) => file.slice(0, -5))
    .filter((name) => programs.includes(name.replace(/_relaxed$/, '')));

/**
 * Node before 21 hides relaxed SIMD behind a flag; only its optimising compiler is correct.
 * @param {string} name of a program */
const flags = (name) =>
  name.includes('relaxed') && Number.parseInt(process.versions.node, 10) < 21
    ? ['--experimental-wasm-relaxed-simd', '--no-liftoff']
    : [];

/** The suites of a test file. @param {string} file FOLDER/NAME.test.js in tests/ @returns {Suite[]} */
function nodeSuites(file) {
  const name = file.replace(/\.test\.js$/, '');
  const command = [process.execPath, '--test', `tests/${file}`];
  const [variable, ...values] = /** @type {Record<string, string[]>} */ (SPLIT)[name] ?? [];
  if (!variable) return [{ name, command }];
  return values
    .filter((value) => (process.env[variable] ?? value).split(',').includes(value))
    .map((value) => ({ name: `${name} ${value}`, command, env: { [variable]: value } }));
}

/** @param {string} group @returns {Suite[]} */
function suites(group) {
  const files = list('tests', /\.test\.js$/);
  switch (group) {
    case 'native':
      return [
        ...programs.map((name) => `sanitize/tests/${name}`),
        ...wasmPrograms('release')
          .filter((name) => programs.includes(name))
          .map((name) => `release/tests/${name}`),
      ].map((name) => ({ name: name.replace('tests/', ''), command: [`build/${name}`] }));
    case 'kernels':
      return ['release', 'scalar'].flatMap((config) =>
        wasmPrograms(config).map((name) => {
          const program = `build/${config}/tests/${name}.wasm`;
          const options = [...flags(name), '--no-warnings', 'tests/helpers/wasi.js', program];
          return { name: `${config}/${name}.wasm`, command: [process.execPath, ...options] };
        }),
      );
    case 'structure':
      return nodeSuites('structure.test.js');
    case 'node':
      return files
        .filter((f) => !IN_BROWSERS.test(f) && f !== 'structure.test.js')
        .flatMap(nodeSuites);
    case 'browsers':
      return files.filter((f) => IN_BROWSERS.test(f)).flatMap(nodeSuites);
    case 'note':
      return files.filter((f) => f.startsWith('note/')).flatMap(nodeSuites);
    case 'lint':
      return [{ name: 'lint', command: ['make', '--no-print-directory', '-s', 'lint'] }];
    default:
      throw new Error(`run.js knows no group '${group}'`);
  }
}

const GROUPS = ['structure', 'native', 'kernels', 'node', 'browsers', 'lint'];

/** @param {Suite} suite @returns {Promise<{ status: number, output: string }>} */
function run({ command: [program, ...args], env }) {
  return new Promise((resolve) => {
    const variables = { ...process.env, ...env };
    if (existsSync(smollm2)) variables.JIELONG_MODEL ??= smollm2;
    const stdio = /** @type {const} */ (['ignore', 'pipe', 'pipe']);
    const child = spawn(program, args, { cwd: root, env: variables, stdio });
    let output = '';
    // Node's test runner ends its tests on SIGINT and says which have ended.
    const limit = setTimeout(() => {
      output += `the suite was ended after ${LIMIT_MS / 60_000} minutes\n`;
      child.kill('SIGINT');
    }, LIMIT_MS);
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    child.on('error', (error) => resolve({ status: 1, output: `${output}${error.message}\n` }));
    child.on('close', (status) => {
      clearTimeout(limit);
      resolve({ status: status ?? 1, output });
    });
  });
}

/** Counts of a suite; output without counts is one test. @param {number} status @param {string} output */
function count(status, output) {
  const native = [
    ...output.matchAll(/^[\w/ (),]+: (\d+) passed, (\d+) failed, (\d+) skipped$/gm),
  ].pop();
  /** @param {string} word */
  const summary = (word) =>
    Number(output.match(new RegExp(`^(?:#|ℹ) ${word} (\\d+)$`, 'm'))?.[1] ?? 0);
  let [passed, failed, skipped] = native
    ? native.slice(1).map(Number)
    : [
        summary('pass'),
        summary('fail') + summary('cancelled'),
        summary('skipped') + summary('todo'),
      ];
  if (passed + failed + skipped === 0) [passed, failed] = status ? [0, 1] : [1, 0];
  if (status && !failed) failed = 1; // it crashed after its last test
  return { passed, failed, skipped };
}

/**
 * What failed in a suite's output: the blocks of node's TAP that begin with 'not ok', without those that only
 * sum up failed subtests; the end of an output without such blocks. @param {string} output
 */
function failures(output) {
  const blocks = output.match(/^ *not ok \d+.*\n(?: *---\n[\s\S]*?\n *\.\.\.$)?/gm) ?? [];
  const own = blocks.filter((block) => !block.includes("failureType: 'subtestsFailed'"));
  return own.length ? own.join('\n').slice(0, 20_000) : output.slice(-10_000);
}

/** @type {{ name: string, seconds: number }[]} */
const times = [];
const total = { passed: 0, failed: 0, skipped: 0 };
/** The suites that failed once. @type {Suite[]} */
const again = [];

/** Runs a suite, prints its line, and adds its counts, if it is not to run again. @param {Suite} suite */
async function report(suite) {
  const { name } = suite;
  const first = !again.includes(suite);
  const start = performance.now();
  const { status, output } = await run(suite);
  const { passed, failed, skipped } = count(status, output);
  const seconds = (performance.now() - start) / 1000;
  times.push({ name, seconds });
  const log = `${name.replaceAll(/[/ ]/g, '-')}${first ? '' : '-again'}.log`;
  writeFileSync(join(logs, log), output);
  console.log(
    `${failed ? 'FAIL' : 'ok  '} ${name.padEnd(38)} ${passed} passed, ${failed} failed, ${skipped} skipped  ${seconds.toFixed(1)} s`,
  );
  const notes = /^skip: .*$|^\s*(?:﹣|ok \d+).*# SKIP.*$|^\s*(?:#|ℹ) page crashed .*$/gm;
  for (const [line] of output.matchAll(notes))
    console.log(`       ${line.trim().replace(/^ok \d+ |^[#ℹ] /, '')}`);
  if (failed) console.log(failures(output));
  if (failed && first && again.length < 3) return void again.push(suite);
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}

/** Runs suites in so many lanes. @param {Suite[]} queue @param {number} lanes */
async function runAll(queue, lanes) {
  const lane = async () => {
    for (let suite = queue.shift(); suite; suite = queue.shift()) await report(suite);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

const wanted = process.argv.slice(2);
const all = (wanted.length ? wanted : GROUPS).flatMap(suites);
for (const name of [...SLOWEST, ...ALONE, ...Object.keys(SPLIT)])
  if (!existsSync(join(root, 'tests', `${name.split(' ')[0]}.test.js`)))
    throw new Error(`run.js: there is no tests/${basename(name.split(' ')[0])}.test.js`);
/** @param {Suite} suite */
const rank = ({ name }) => (SLOWEST.indexOf(name) + 1 || SLOWEST.length + 1) - 1;
mkdirSync(logs, { recursive: true });
const start = performance.now();
await runAll(
  all.filter(({ name }) => !ALONE.includes(name)).sort((a, b) => rank(a) - rank(b)),
  LANES,
);
await runAll(
  all.filter(({ name }) => ALONE.includes(name)),
  1,
);
if (again.length) {
  const names = again.map(({ name }) => name).join(', ');
  console.log(`Once more, alone, because they failed: ${names}`);
  for (const suite of again) await report(suite);
}
const slowest = times.sort((a, b) => b.seconds - a.seconds).slice(0, 10);
console.log('The slowest suites:');
for (const { name, seconds } of slowest)
  console.log(`     ${name.padEnd(38)} ${seconds.toFixed(1).padStart(6)} s`);
console.log(`${times.length} suites in ${((performance.now() - start) / 1000).toFixed(0)} s`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed || !total.passed ? 1 : 0;
