/**
 * run.js - runs every suite in turn; ends with the slowest ten and one line of counts.
 *
 *   node tests/run.js [GROUP …]      native kernels structure node browsers lint; default: all
 *
 * A suite is a command. Its counts come from the last line of a native program, the summary of node's test
 * runner, or the exit status of a linter. Its output is stored in build/test-logs and printed when it
 * fails; skips print their reason. The exit status is 1 if a test failed or none ran.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const logs = join(root, 'build', 'test-logs');
const model = join(root, 'build/models/smollm2-135m-instruct-q4_1.gguf');

/** @param {string} folder @param {RegExp} pattern */
const list = (folder, pattern) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder))
        .filter((name) => pattern.test(name))
        .sort()
    : [];

/**
 * Node before 21 hides relaxed SIMD behind a flag; only its optimising compiler is correct.
 * @param {string} name of a program */
const flags = (name) =>
  name.includes('relaxed') && Number.parseInt(process.versions.node, 10) < 21
    ? ['--experimental-wasm-relaxed-simd', '--no-liftoff']
    : [];

/** The suites of a group as [name, command]. @param {string} group @returns {[string, string[]][]} */
function suites(group) {
  const node = process.execPath;
  /** @type {(folder: string) => [string, string[]][]} */
  const nodeTests = (folder) =>
    list(folder, /\.test\.js$/)
      .filter((file) => file !== 'structure.test.js')
      .map((file) => [`${folder}/${file}`, [node, '--test', `${folder}/${file}`]]);
  switch (group) {
    case 'native':
      return [
        ...list('build/sanitize/tests', /^c_\w+$/).map((name) => `sanitize/tests/${name}`),
        // A program without source of its own is a kernel test linked again, for wasm only.
        ...list('build/release/tests', /^c_\w+\.wasm$/)
          .map((name) => name.slice(0, -5))
          .filter((name) => existsSync(join(root, 'tests', `${name}.c`)))
          .map((name) => `release/tests/${name}`),
      ].map((name) => [name.replace('tests/', ''), [`build/${name}`]]);
    case 'kernels':
      return ['release', 'scalar'].flatMap((config) =>
        list(`build/${config}/tests`, /^c_\w+\.wasm$/).map((name) => [
          `${config}/${name}`,
          [node, ...flags(name), '--no-warnings', 'tests/wasi.js', `build/${config}/tests/${name}`],
        ]),
      );
    case 'structure':
      return [['structure', [node, '--test', 'tests/structure.test.js']]];
    case 'node':
      return nodeTests('tests');
    case 'browsers':
      return nodeTests('tests/browser');
    case 'lint':
      return [['lint', ['make', '--no-print-directory', '-s', 'lint']]];
    default:
      throw new Error(`run.js knows no group '${group}'`);
  }
}

const GROUPS = ['structure', 'native', 'kernels', 'node', 'browsers', 'lint'];

/** @param {string[]} command @returns {Promise<{ status: number, output: string }>} */
function run([program, ...args]) {
  return new Promise((resolve) => {
    const env = { ...process.env };
    if (existsSync(model)) env.JIELONG_MODEL ??= model;
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    child.on('error', (error) => resolve({ status: 1, output: `${output}${error.message}\n` }));
    child.on('close', (status) => resolve({ status: status ?? 1, output }));
  });
}

/** Counts of a suite; output without counts is one test. @param {number} status @param {string} output */
function count(status, output) {
  const native = [
    ...output.matchAll(/^[\w (),]+: (\d+) passed, (\d+) failed, (\d+) skipped$/gm),
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

const wanted = process.argv.slice(2);
/** @type {{ name: string, seconds: number }[]} */
const times = [];
const total = { passed: 0, failed: 0, skipped: 0 };
mkdirSync(logs, { recursive: true });
for (const group of wanted.length ? wanted : GROUPS) {
  for (const [name, command] of suites(group)) {
    const start = performance.now();
    const { status, output } = await run(command);
    const counts = count(status, output);
    const seconds = (performance.now() - start) / 1000;
    times.push({ name, seconds });
    writeFileSync(join(logs, `${name.replaceAll('/', '-')}.log`), output);
    console.log(
      `${counts.failed ? 'FAIL' : 'ok  '} ${name.padEnd(38)} ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped  ${seconds.toFixed(1)} s`,
    );
    for (const [line] of output.matchAll(/^skip: .*$|^\s*(?:﹣|ok \d+).*# SKIP.*$/gm)) {
      console.log(`       ${line.trim().replace(/^ok \d+ /, '')}`);
    }
    if (counts.failed) console.log(output.split('\n').slice(-150).join('\n'));
    for (const key of /** @type {const} */ (['passed', 'failed', 'skipped']))
      total[key] += counts[key];
  }
}
const slowest = times.sort((a, b) => b.seconds - a.seconds).slice(0, 10);
console.log('The slowest suites:');
for (const { name, seconds } of slowest)
  console.log(`     ${name.padEnd(38)} ${seconds.toFixed(1).padStart(6)} s`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed || !total.passed ? 1 : 0;
