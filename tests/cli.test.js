/**
 * cli.test.js - the two command lines: the native program, and web/cli.js on the wasm with and without SIMD.
 *
 * The same words give the same answers: equal bits for the logits of every tensor type, equal tokens for
 * equal seeds. Builds that are not there (make test makes them) fail the test rather than skip it.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const golden = (/** @type {string} */ name) => join(root, 'tests', 'golden', name);
const models = process.env.MODELS ?? join(root, 'build', 'models');
const smollm2 = join(models, 'smollm2-135m-instruct-q4_1.gguf');
const noModel = existsSync(smollm2) ? false : 'no model; run make models';
const folder = mkdtempSync(join(tmpdir(), 'jielong-'));
after(() => rmSync(folder, { recursive: true }));

const script = [process.execPath, join(root, 'web', 'cli.js')];
const scalarWasm = join(root, 'build', 'scalar', 'jielong.wasm');
/** Name → program, arguments before the command's own, and after them. @type {Record<string, [string[], string[]]>} */
const hosts = {
  native: [[join(root, 'build', 'release', 'jielong')], []],
  'wasm SIMD': [script, []],
  'wasm scalar': [script, ['--wasm', scalarWasm]],
};

/** @param {string} host @param {string[]} args @returns {Promise<{ status: number, stdout: string, stderr: string }>} */
function run(host, args) {
  const [[program, ...first], last] = hosts[host];
  return new Promise((resolve) => {
    const options = { maxBuffer: 1 << 26 };
    const child = execFile(program, [...first, ...args, ...last], options, (e, stdout, stderr) => {
      const code = /** @type {any} */ (e)?.code ?? 0;
      resolve({ status: typeof code === 'number' ? code : -1, stdout, stderr });
    });
    child.stdin?.end();
  });
}

/** What each host prints, which must be fine and the same. @param {string[]} args */
async function agreed(args) {
  const answers = await Promise.all(Object.keys(hosts).map((host) => run(host, args)));
  Object.keys(hosts).forEach((host, i) => {
    assert.equal(answers[i].status, 0, `${host}: ${answers[i].stderr}`);
    assert.equal(answers[i].stderr, '', host);
    assert.equal(answers[i].stdout, answers[0].stdout, host);
  });
  return answers[0].stdout;
}

const tiny = [
  ...['llama', 'llama-untied', 'llama3-rope', 'llama-linear', 'llama-yarn'].map((n) => `arch/${n}`),
  ...['f16', 'bf16', 'q8_0', 'q4_0', 'q4_1'].map((n) => `types/${n}`),
];
for (const name of tiny) {
  test(`native = wasm SIMD = wasm scalar, bit for bit: ${name}`, async () => {
    const ids = JSON.parse(readFileSync(golden(`${name.split('/')[0]}/ids.json`), 'utf8')).join();
    const bytes = [];
    for (const host of Object.keys(hosts)) {
      const out = join(folder, `${host.replace(' ', '-')}.f32`);
      const args = ['logits', golden(`${name}.gguf`), '--ids', ids, '--out', out];
      const { status, stderr } = await run(host, args);
      assert.equal(status, 0, `${host}: ${stderr}`);
      bytes.push(readFileSync(out));
    }
    assert.equal(bytes[0].length, readFileSync(golden(`${name}.f32`)).length);
    assert.ok(bytes[1].equals(bytes[0]), 'wasm SIMD differs from native');
    assert.ok(bytes[2].equals(bytes[0]), 'wasm scalar differs from native');
  });
}

test('embed: every host as llama.cpp', async () => {
  const ids = JSON.parse(readFileSync(golden('arch/ids.json'), 'utf8')).join();
  const bytes = readFileSync(golden('arch/llama.embed.f32'));
  for (const host of Object.keys(hosts)) {
    for (const [i, pooling] of ['mean', 'cls', 'last'].entries()) {
      const args = ['embed', golden('arch/llama.gguf'), '--ids', ids, '--pooling', pooling];
      const { status, stdout, stderr } = await run(host, args);
      assert.equal(status, 0, `${host}: ${stderr}`);
      const vector = JSON.parse(stdout);
      assert.equal(vector.length * 12, bytes.length);
      vector.forEach((/** @type {number} */ x, /** @type {number} */ at) => {
        const wanted = bytes.readFloatLE(4 * (i * vector.length + at));
        assert.ok(Math.abs(x - wanted) < 2e-6, `${host}, ${pooling}: ${x}, wanted ${wanted}`);
      });
    }
  }
  const [bert] = JSON.parse(readFileSync(golden('arch/bert.texts.json'), 'utf8'));
  for (const host of Object.keys(hosts)) {
    const { stdout } = await run(host, ['embed', golden('arch/bert.gguf'), bert.text]);
    JSON.parse(stdout).forEach((/** @type {number} */ x, /** @type {number} */ at) => {
      assert.ok(Math.abs(x - bert.vector[at]) < 1e-4, `${host}: ${x}, wanted ${bert.vector[at]}`);
    });
    const { status, stderr } = await run(host, ['generate', golden('arch/bert.gguf'), 'x']);
    assert.equal(status, 1, host);
    assert.match(stderr, /BAD_ARGUMENT.*encoder \(bert\) predicts no next token/, host);
  }
  const { status, stderr } = await run('native', [
    'embed',
    golden('chat.gguf'),
    'x',
    '--pooling',
    'y',
  ]);
  assert.equal(status, 2, stderr);
});

test('the same seed draws the same text everywhere', { skip: noModel }, async () => {
  const args = ['generate', smollm2, 'The old clock', '-n', '24', '--seed', '11'];
  const text = await agreed([...args, '--temperature', '0.9', '--top-k', '50', '--min-p', '0.02']);
  assert.ok(text.trim().length > 20, text);
});

test('greedy text goes on sensibly, and stops at a stop string', { skip: noModel }, async () => {
  const args = ['generate', smollm2, 'Once upon a time', '-n', '24', '--temperature', '0'];
  assert.match(await agreed(args), /^, the city of Nova Haven was a thriving/);
  assert.equal((await agreed([...args, '--stop', 'ova Hav'])).trimEnd(), ', the city of N');
});

test('generate without a model: the tales that come along, with and without a prompt', async () => {
  const options = ['-n', '24', '--temperature', '0'];
  const told = await agreed(['generate', 'Once upon a time there was', ...options]);
  assert.match(told, /^ [a-z][a-z ,'"!?.\n;:-]{40,}/i);
  const named = join(root, 'web', 'models', 'tales.gguf');
  assert.equal(await agreed(['generate', named, 'Once upon a time there was', ...options]), told);
  for (const host of Object.keys(hosts)) {
    const { status, stderr } = await run(host, ['generate', ...options]);
    assert.equal(status, 1, host);
    assert.match(stderr, /^jielong: BAD_ARGUMENT: .*give a prompt/, host);
  }
});

test('tokenize: 120 cases as llama.cpp', { skip: noModel }, async () => {
  const cases = JSON.parse(readFileSync(golden('smollm2/tokenize.json'), 'utf8'));
  const file = join(folder, 'cases.json');
  writeFileSync(file, JSON.stringify(cases.map((/** @type {any} */ c) => c.text)));
  const ids = JSON.parse(await agreed(['tokenize', smollm2, '--cases', file]));
  assert.deepEqual(
    ids,
    cases.map((/** @type {any} */ c) => c.ids),
  );
});

test('greedy ids as llama.cpp, native', { skip: noModel }, async () => {
  for (const c of JSON.parse(readFileSync(golden('smollm2/greedy.json'), 'utf8'))) {
    const args = ['generate', smollm2, c.text, '--special', '--ignore-eos', '--json', '-n', '48'];
    const { status, stdout, stderr } = await run('native', [...args, '--temperature', '0']);
    assert.equal(status, 0, stderr);
    const { ids, promptIds } = JSON.parse(stdout);
    assert.deepEqual(promptIds, c.ids);
    const unsure = c.margin.findIndex((/** @type {number} */ m) => m < 0.05);
    const n = unsure < 0 ? c.greedy.length : unsure;
    assert.deepEqual(ids.slice(0, n), c.greedy.slice(0, n), c.text);
  }
});

test('info: a JSON object with the same numbers everywhere', async () => {
  for (const host of Object.keys(hosts)) {
    const { status, stdout } = await run(host, ['info', golden('types/q4_1.gguf')]);
    assert.equal(status, 0, host);
    const { architecture, fileType, layers, kvHeads } = JSON.parse(stdout);
    assert.deepEqual({ architecture, fileType }, { architecture: 'llama', fileType: 'Q4_1' }, host);
    assert.ok(layers > 0 && kvHeads > 0, host);
  }
});

test('errors: one line, CODE first, exit status 1; wrong usage 2', async () => {
  const web = join(root, 'web', 'index.html');
  for (const host of Object.keys(hosts)) {
    const failed = await run(host, ['info', web]);
    assert.equal(failed.status, 1, host);
    assert.match(failed.stderr, /^jielong: NOT_GGUF: .+\n$/, host);
    assert.match(
      (await run(host, ['info', join(folder, 'no.gguf')])).stderr,
      /^jielong: FILE: .+\n$/,
    );
    for (const wrong of [['fly', web], ['info'], ['generate', web, '--colour', '1']]) {
      const { status, stdout } = await run(host, wrong);
      assert.equal(status, 2, `${host} ${wrong.join(' ')}`);
      assert.equal(stdout, '', host);
    }
  }
});

test('bench says speeds, loading, kernels and threads', async () => {
  for (const host of Object.keys(hosts)) {
    const { status, stdout } = await run(host, [
      'bench',
      golden('types/q4_1.gguf'),
      '--pp',
      '8',
      '--tg',
      '4',
    ]);
    assert.equal(status, 0, host);
    const { pp, tg, load, kernels, threads } = JSON.parse(stdout);
    assert.ok(pp > 0 && tg > 0 && load > 0, `${host}: ${stdout}`);
    assert.match(kernels, /^(scalar|simd128|relaxed)/, host);
    assert.ok(Number.isInteger(threads) && threads >= 1, `${host}: ${threads}`);
  }
});

test('--help says how, on standard output', async () => {
  for (const host of Object.keys(hosts)) {
    const { status, stdout } = await run(host, ['--help']);
    assert.equal(status, 0, host);
    for (const word of ['generate', 'tokenize', 'logits', 'score', 'info', 'bench']) {
      assert.ok(stdout.includes(word), `${host}: ${word}`);
    }
  }
});
