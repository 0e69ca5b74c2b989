/**
 * cli.test.js - both command lines: the native program, and web/node/cli.js on wasm with and without SIMD.
 *
 * Equal arguments give equal output: the bits of logits for every tensor type, the tokens of a seed.
 * Missing builds (make test makes them) fail the test instead of skipping it.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { golden, noModel, root, smollm2 } from '../helpers/paths.js';

const folder = mkdtempSync(join(tmpdir(), 'jielong-'));
after(() => rmSync(folder, { recursive: true }));

const script = [process.execPath, join(root, 'web', 'node', 'cli.js')];
const scalarWasm = join(root, 'build', 'scalar', 'jielong.wasm');
/** Host → [program with leading arguments, trailing arguments]. @type {Record<string, [string[], string[]]>} */
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

/**
 * web/node/cli.js in a thread of this process, which starts faster than a process.
 * @param {string[]} argv @returns {Promise<{ status: number, stdout: string, stderr: string }>}
 */
async function runInThread(argv) {
  const thread = new Worker(script[1], { argv, stdin: true, stdout: true, stderr: true });
  thread.stdin?.end();
  const ended = once(thread, 'exit');
  const [stdout, stderr] = await Promise.all([readAll(thread.stdout), readAll(thread.stderr)]);
  return { status: (await ended)[0], stdout, stderr };
}

/** The output of every host: no error, and the same text. @param {string[]} args */
async function agreed(args) {
  const answers = await Promise.all(Object.keys(hosts).map((host) => run(host, args)));
  Object.keys(hosts).forEach((host, i) => {
    assert.equal(answers[i].status, 0, `${host}: ${answers[i].stderr}`);
    assert.equal(answers[i].stderr, '', host);
    assert.equal(answers[i].stdout, answers[0].stdout, host);
  });
  return answers[0].stdout;
}

const tales = join(root, 'web', 'models', 'tales.gguf');
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
    assert.match(stderr, /BAD_ARGUMENT.*encoder \(bert\) does not predict tokens/, host);
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

test('greedy text is sensible and stops at a stop string', { skip: noModel }, async () => {
  const args = ['generate', smollm2, 'Once upon a time', '-n', '24', '--temperature', '0'];
  assert.match(await agreed(args), /^, the city of Nova Haven was a thriving/);
  assert.equal((await agreed([...args, '--stop', 'ova Hav'])).trimEnd(), ', the city of N');
});

test('generate without a model uses the bundled tales, with and without a prompt', async () => {
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

test('a text can have more tokens than bytes', async () => {
  // The vocabulary of poems has no space: each becomes the three bytes of U+2581.
  const text = 'a b c d e f g h i j k l m n o p';
  const model = join(root, 'web', 'models', 'poems.gguf');
  const ids = JSON.parse(await agreed(['tokenize', model, text]));
  assert.equal(ids.length, 16 + 3 * 15);
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

// The suite generates from every prompt, as wasm; natively, without SIMD, long ones take minutes.
test('greedy ids as llama.cpp, native, short prompts', { skip: noModel }, async () => {
  const all = JSON.parse(readFileSync(golden('smollm2/greedy.json'), 'utf8'));
  const short = all.filter((/** @type {any} */ c) => c.ids.length < 8);
  assert.equal(short.length, 3);
  for (const c of short) {
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

const chat = golden('chat.gguf');
const llama = golden('arch/llama.gguf');
const bert = golden('arch/bert.gguf');
const ids = (/** @type {string} */ list) => [
  ['logits', llama, '--ids', list, '--out', join(folder, 'o')],
  ['embed', llama, '--ids', list],
];
const drawn = (/** @type {string[]} */ ...args) => ['generate', chat, 'a', ...args];
const made = (/** @type {string} */ name, /** @type {string} */ text) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const directory = join(folder, 'directory');
mkdirSync(directory);
const [nothing, empty] = [join(folder, 'nothing'), made('empty', '')];
const text = made('text.txt', 'hello old king');

/** Exit status and code → arguments that both command lines reject with it. @type {Record<string, string[][]>} */
const wrongUse = {
  '2 USAGE': [
    ...[
      [],
      ['fly'],
      ['info'],
      ['info', chat, 'x'],
      ['info', chat, '--bogus'],
      ['info', chat, '--json'],
    ],
    ...['1,,2', '', '1,', ',1', ' 1', '1 ', '1e3', '-1', '+1', '0x1', '1.5', 'a'].flatMap(ids),
    ...['2147483648', '99999999999', '99999999999999999999999'].flatMap(ids),
    ...[
      ['logits', llama],
      ['logits', llama, '--ids', '1'],
      ['logits', llama, '--out', empty],
    ],
    ...[
      ['embed', llama],
      ['embed', llama, 'a', '--ids', '1'],
    ],
    ['embed', chat, 'a', '--pooling', 'x'],
    ...[
      ['tokenize', chat],
      ['tokenize', chat, 'a', '--file', text],
      ['tokenize', chat, 'a', 'b'],
    ],
    ['tokenize', chat, 'a', '--ids', '1'],
    ...[
      ['score', chat],
      ['score', chat, text],
      ['score', chat, '--file', text, '--seed', '1'],
    ],
    ...['0', '-1', 'x'].flatMap((n) => [
      ['bench', llama, '--pp', n],
      ['bench', llama, '--tg', n],
    ]),
    ...['-1', 'x', '1.5', '', ' 1', '1e1', '99999999999'].map((n) => drawn('-n', n)),
    ...['-1', 'nan', 'inf', 'x', '', ' 1', '0x1', '1e999'].map((t) => drawn('--temperature', t)),
    ...['-1', 'x', '', '18446744073709551616'].map((seed) => drawn('--seed', seed)),
    ...[drawn('-n'), drawn('--top-k', '-1'), drawn('--context', '0'), drawn('--threads', '0')],
    ...[drawn('--precision'), drawn('--precision', 'x')],
    ...[drawn('b'), drawn('--file', text), drawn('--vocab', '4')],
  ],
  '1 FILE': [
    ...[
      ['info', nothing],
      ['info', directory],
      ['generate', directory, 'a'],
    ],
    ...['tokenize', 'score'].flatMap((command) =>
      [directory, nothing].map((file) => [command, chat, '--file', file]),
    ),
    ...[directory, nothing].map((file) => ['tokenize', chat, '--cases', file]),
    ...[directory, join(nothing, 'o'), '/dev/full'].map((out) => [
      ...['logits', llama, '--ids', '1', '--out', out],
    ]),
  ],
  '1 TRUNCATED': [['info', empty]],
  '1 BAD_TOKENIZER': [
    ['tokenize', llama, 'a'],
    ['embed', llama, 'a'],
    ['generate', llama, 'a'],
  ],
  '1 BAD_ARGUMENT': [
    ...ids('160'),
    ...[
      '{"a":1}',
      '["a","b',
      '["a",3]',
      '["a"] x',
      '[,"a"]',
      '["a",]',
      '["\\x"]',
      '',
      '["a" "b"]',
    ].map((json, i) => ['tokenize', chat, '--cases', made(`cases-${i}.json`, json)]),
    ...[
      ['score', chat, '--file', empty],
      ['score', chat, '--file', text, '-n', '0'],
    ],
    ...[['logits', bert, '--ids', '1', '--out', join(folder, 'o')]],
    ...[
      ['2', '--top-p'],
      ['2', '--min-p'],
      ['0', '--repeat-penalty'],
      ['1e9', '--temperature'],
    ].map(([value, option]) => drawn(option, value)),
    ...[drawn('--stop', 'x'.repeat(300)), drawn('--context', '999999')],
    drawn(...Array.from({ length: 17 }, () => ['--stop', 'q']).flat()),
  ],
};

test('both command lines reject the same wrong usage: status, code, nothing on standard output', async () => {
  for (const [wanted, cases] of Object.entries(wrongUse))
    for (const args of cases) {
      const answers = await Promise.all([run('native', args), runInThread(args)]);
      for (const { status, stdout, stderr } of answers) {
        const what = `${args.join(' ')}: ${stderr}`;
        assert.equal(`${status} ${/^jielong: ([A-Z_]+): .+\n$/.exec(stderr)?.[1]}`, wanted, what);
        assert.equal(stdout, '', what);
      }
    }
});

test('JSON texts: escapes, lone surrogates, empty arrays', async () => {
  for (const json of [
    '[]',
    ' [ ] ',
    '["\\u00e9\\n\\"", "\\ud83d\\ude00"]',
    '["\\ud800", "\\ude00a\\ud800\\u0041"]',
  ]) {
    const found = await agreed(['tokenize', chat, '--cases', made('cases.json', json)]);
    assert.equal(JSON.parse(found).length, JSON.parse(json).length);
  }
});

test('a failed write is an error', { skip: !existsSync('/dev/full') }, () => {
  for (const host of Object.keys(hosts)) {
    const [[program, ...first], last] = hosts[host];
    const line = [program, ...first, 'info', chat, ...last].map((word) => `'${word}'`).join(' ');
    const { status, stderr } = spawnSync('sh', ['-c', `${line} > /dev/full`], { encoding: 'utf8' });
    assert.equal(status, 1, host);
    assert.match(stderr, /^jielong: FILE: .+\n$/, host);
  }
});

test('training without text is an error; a score of damaged weights too', async () => {
  const out = join(folder, 'vocabulary');
  for (const more of [[], ['--characters']]) {
    const { status, stdout, stderr } = await run('native', [
      'train-tokenizer',
      empty,
      '--out',
      out,
      ...more,
    ]);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /^jielong: BAD_ARGUMENT: .*expected a text/);
  }
  const { status, stderr } = await run('native', ['ngram', chat, empty]);
  assert.equal(status, 1);
  assert.match(stderr, /^jielong: BAD_ARGUMENT: /);
  const damaged = readFileSync(chat);
  damaged.fill(255, damaged.length - 20000);
  writeFileSync(join(folder, 'damaged.gguf'), damaged);
  for (const host of Object.keys(hosts)) {
    const answer = await run(host, ['score', join(folder, 'damaged.gguf'), '--file', text]);
    assert.equal(answer.status, 1, host);
    assert.match(answer.stderr, /^jielong: NOT_A_NUMBER: /, host);
  }
});

/* ---- Terminals ------------------------------------------------------------------------------- */

/** C0 except newline and tab, DEL, C1. */
const CONTROL = /[^\P{Cc}\n\t]/gu;
const noTerminal =
  spawnSync('script', ['-qec', 'echo fine', '/dev/null'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).stdout?.trim() !== 'fine' && 'no pseudo-terminal: util-linux’s script is missing';

/** The output of a host on a terminal. @param {string} host @param {string[]} args */
function onTerminal(host, args) {
  const [[program, ...first], last] = hosts[host];
  const words = [program, ...first, ...args, ...last].map((word) => `'${word}'`);
  const line = `${words.join(' ')} 2> /dev/null < /dev/null`;
  const { stdout } = spawnSync('script', ['-qec', line, '/dev/null'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 60_000,
  });
  return stdout.replaceAll('\r\n', '\n'); // undo the terminal's line ends
}

test('a terminal gets no control characters from a model, a pipe gets every byte', {
  skip: noTerminal,
}, async () => {
  const noise = [
    '--temperature',
    '100',
    '--top-k',
    '0',
    '--top-p',
    '1',
    '--min-p',
    '0',
    '--seed',
    '3',
  ];
  const args = ['generate', chat, 'a', '-n', '120', ...noise];
  for (const host of Object.keys(hosts)) {
    const { stdout } = await run(host, args);
    assert.ok(stdout.match(CONTROL), `${host}: the piped text has control characters`);
    const shown = onTerminal(host, args);
    assert.deepEqual(shown.match(CONTROL), null, host);
    assert.match(shown, /[\u2400-\u2421]/, host);
  }
});

test('strings of a file are harmless in errors and in info', { skip: noTerminal }, async () => {
  const file = readFileSync(chat);
  const architecture = Buffer.from(file);
  architecture.set(Buffer.from('l\x1b[m\x9b', 'latin1'), file.indexOf('llama'));
  writeFileSync(join(folder, 'escape.gguf'), architecture);
  const eos = Buffer.from(file);
  eos.set(Buffer.from('\xc2\x9b', 'latin1'), file.indexOf('<s>') + 1);
  writeFileSync(join(folder, 'c1.gguf'), eos);
  for (const host of Object.keys(hosts)) {
    const { status, stderr } = await run(host, ['info', join(folder, 'escape.gguf')]);
    assert.equal(status, 1, host);
    assert.match(stderr, /^jielong: UNKNOWN_ARCHITECTURE: [^\n]+\n$/, host);
    assert.deepEqual(stderr.match(CONTROL), null, host);
    const missing = await run(host, ['info', join(folder, 'no\x1b[31m\n.gguf')]);
    assert.match(missing.stderr, /^jielong: FILE: [^\n]*␛\[31m[^\n]+\n$/, host);
    assert.match((await run(host, ['info', join(folder, 'c1.gguf')])).stdout, /\u009b/, host);
    const shown = onTerminal(host, ['info', join(folder, 'c1.gguf')]);
    assert.match(shown, /"<\ufffd"/, `${host}: ${shown}`);
    assert.deepEqual(shown.match(CONTROL), null, host);
  }
});

test('each precision gives the same logits in both command lines', async () => {
  /** @type {string[]} */ const seen = [];
  for (const precision of ['exact', 'fast']) {
    const files = [];
    for (const host of Object.keys(hosts)) {
      const out = join(folder, `${precision}-${host}.f32`);
      const model = ['logits', golden('types/q4_0.gguf'), '--ids', '1,2,3,4,5', '--out', out];
      const { status, stderr } = await run(host, [...model, '--precision', precision]);
      assert.equal(status, 0, `${host}: ${stderr}`);
      files.push(readFileSync(out).toString('hex'));
    }
    assert.equal(files[0], files[1], precision);
    seen.push(files[0]);
  }
  assert.notEqual(seen[0], seen[1], 'exact and fast differ');
});

test('bench prints speeds, load time, kernels and threads', async () => {
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

test('the native command names the Node command that runs chats', async () => {
  const { status, stderr } = await run('native', ['generate', chat, 'a', '--chat']);
  assert.equal(status, 1);
  assert.match(stderr, /NO_CHAT_TEMPLATE: --chat: .*node web\/node\/cli\.js generate/);
});

test('--echo prints the prompt before the continuation; --json has the seed that was drawn', async () => {
  const args = ['generate', tales, 'Once upon', '-n', '6'];
  for (const host of ['native', 'wasm SIMD']) {
    const { ids, text, seed } = JSON.parse((await run(host, [...args, '--json'])).stdout);
    assert.equal(ids.length, 6, host);
    const again = await run(host, [...args, '--echo', '--seed', String(seed)]);
    assert.equal(again.stdout, `Once upon${text}\n`, host);
    const other = JSON.parse((await run(host, [...args, '--json'])).stdout);
    assert.notEqual(other.seed, seed, `${host}: a fresh seed`);
  }
});

test('--version prints the version of package.json', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const host of ['native', 'wasm SIMD'])
    assert.equal((await run(host, ['--version'])).stdout, `${version}\n`, host);
});

test("errors of options are in this command's words, not in Node's", async () => {
  for (const [args, wanted] of [
    [['-n', '-5'], "-n N: '-5' is not valid"],
    [['-n'], '-n N: the value is missing'],
    [['--top-k', '--json'], "--top-k K: '--json' is not valid"],
    [['--json=1'], '--json takes no value'],
  ]) {
    const { stderr } = await runInThread(drawn(.../** @type {string[]} */ (args)));
    assert.ok(stderr.includes(`jielong: USAGE: ${wanted}`), stderr);
    assert.doesNotMatch(stderr, /Option '|ambiguous|argument missing/);
  }
});

test('serve.js says which PORT is wrong', () => {
  const serve = join(root, 'web', 'node', 'serve.js');
  const env = { ...process.env, PORT: 'abc' };
  const { status, stderr } = spawnSync(process.execPath, [serve], { env, encoding: 'utf8' });
  assert.equal(status, 2);
  assert.equal(stderr, "serve: PORT must be a number from 0 to 65535, not 'abc'\n");
});

test('--help prints the usage on standard output', async () => {
  for (const host of Object.keys(hosts)) {
    const { status, stdout } = await run(host, ['--help']);
    assert.equal(status, 0, host);
    for (const word of ['generate', 'tokenize', 'logits', 'score', 'info', 'bench']) {
      assert.ok(stdout.includes(word), `${host}: ${word}`);
    }
  }
});

test('help states the sampling defaults of the engine', async () => {
  const model = golden('arch/llama.gguf');
  for (const host of Object.keys(hosts)) {
    const { sampling } = JSON.parse((await run(host, ['info', model])).stdout);
    const { stdout } = await run(host, ['generate', '--help']);
    for (const [name, value] of Object.entries(sampling)) {
      const option = name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
      if (name === 'dryBreakers') continue; // only in the API
      const shown = name === 'stages' ? `(.*: )?${value.join()}` : value;
      assert.match(stdout, new RegExp(`--${option} ([A-Z]+ +)?${shown}\\b`), `${host}: ${name}`);
    }
  }
});

test('check says whether a file runs, what it needs and uses, and why not', async () => {
  const { status, stdout } = await runInThread(['check', tales]);
  assert.equal(status, 0);
  for (const line of [
    /^runs +yes$/m,
    /^architecture +llama: \d+ blocks of width \d+, \d+ heads/m,
    /^memory +[\d.]+ MB with [\d,]+ tokens$/m,
    /^tokenizer +\w+, 4,096 tokens$/m,
    /^chat +no template/m,
    /^license +CC0/m,
  ])
    assert.match(stdout, line);
  const { stdout: json } = await runInThread(['check', tales, '--json', '--context', '64']);
  const found = JSON.parse(json);
  assert.deepEqual([found.fits, found.contextLength], [true, 64]);
  assert.match((await runInThread(['check', golden('arch/bert.gguf')])).stdout, /an encoder/);
  const unknown = readFileSync(golden('arch/llama.gguf'));
  unknown.write('lXama', unknown.indexOf('llama'));
  const file = join(folder, 'unknown.gguf');
  writeFileSync(file, unknown);
  const refused = await runInThread(['check', file]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /UNKNOWN_ARCHITECTURE.*lXama/);
});
