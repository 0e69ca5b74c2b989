#!/usr/bin/env node
/**
 * cli.js - the `jielong` command in Node; it uses the .wasm through the public API only.
 *
 * Results go to standard output; progress goes to standard error if it is a terminal. A failure is
 * one line on standard error, `jielong: CODE: message`, with exit status 1, or 2 for wrong usage.
 * Its commands and options are those of the native CLI (src/cli/).
 */

import { once } from 'node:events';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measure } from '../api/bench.js';
import { VERSION } from '../base/version.js';
import { JielongError, loadModel } from '../jielong.js';
import { check as checkFile } from './check.js';
import { inspect, lens } from './inspect.js';
import { littleEndian } from './npz.js';
import { ALL_FIGURES, figuresOf, scene } from './scene.js';

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {Record<string, any>} Values parsed options */

/* ---- Options --------------------------------------------------------------------------------- */

const DECIMAL = /^(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const MAX_INT = 2 ** 31 - 1;

/** @type {(low: number, whole?: boolean) => (text: string) => boolean} */
const atLeast =
  (low, whole = true) =>
  (text) =>
    whole
      ? /^\d+$/.test(text) && Number(text) >= low && Number(text) <= MAX_INT
      : DECIMAL.test(text) && Number.isFinite(Math.fround(Number(text)));

/** @param {string} text of a JSON object */
function isObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** @param {string} text */
const isIds = (text) => /^\d+(,\d+)*$/.test(text) && text.split(',').every((id) => +id <= MAX_INT);

/**
 * name: [placeholder, meaning, test of the value]. An empty placeholder means a flag; {key} in a
 * meaning is that default of info.sampling.
 * @type {Record<string, [string, string, ((text: string) => boolean)?]>}
 */
const OPTIONS = {
  n: ['N', 'generate: at most N tokens (256); score: only the first N predictions', atLeast(0)],
  temperature: [
    'T',
    '{temperature}; 0 is greedy: always the most probable token',
    atLeast(0, false),
  ],
  'top-k': ['K', '{topK}; keep the K most probable tokens, 0: all', atLeast(0)],
  'top-p': ['P', '{topP}; keep the smallest set of total probability P', atLeast(0, false)],
  'min-p': ['P', '{minP}; keep tokens of at least P times the max probability', atLeast(0, false)],
  'repeat-penalty': [
    'R',
    '{repeatPenalty}; 1 is none, above 1 makes recent tokens less likely',
    atLeast(0, false),
  ],
  'repeat-last': ['N', '{repeatLast}; number of recent tokens of the penalties', atLeast(0)],
  'frequency-penalty': [
    'F',
    '{frequencyPenalty}; subtracted for each occurrence of a recent token',
    atLeast(0, false),
  ],
  'presence-penalty': ['F', '{presencePenalty}; subtracted once', atLeast(0, false)],
  'dry-multiplier': [
    'M',
    '{dryMultiplier}; lowers tokens that continue a repeated sequence, 0: none',
    atLeast(0, false),
  ],
  'dry-base': ['B', '{dryBase}; by multiplier × base^(length − allowed length)', atLeast(0, false)],
  'dry-allowed-length': ['N', '{dryAllowedLength}; from this length on', atLeast(1)],
  'dry-last': ['N', '{dryLast}; number of recent tokens of DRY', atLeast(0)],
  'temperature-range': [
    'R',
    '{temperatureRange}; temperature ± R by the entropy',
    atLeast(0, false),
  ],
  'temperature-exponent': ['E', '{temperatureExponent}; of the entropy', atLeast(0, false)],
  'typical-p': ['P', '{typicalP}; keep the most typical tokens, 1: all', atLeast(0, false)],
  'xtc-probability': [
    'P',
    '{xtcProbability}; how often the most probable tokens are removed',
    atLeast(0, false),
  ],
  'xtc-threshold': ['P', '{xtcThreshold}; of tokens this probable one is kept', atLeast(0, false)],
  'mirostat-tau': ['T', '{mirostatTau}; target surprise in bits, 0: none', atLeast(0, false)],
  'mirostat-eta': ['E', '{mirostatEta}; learning rate of Mirostat', atLeast(0, false)],
  stages: ['NAMES', 'the stages in order: {stages}'],
  grammar: ['FILE', 'the text must match this grammar (GBNF)'],
  'json-schema': ['FILE', 'the text is JSON of this schema'],
  seed: [
    'S',
    'an integer; the same seed gives the same tokens',
    (text) => /^\d+$/.test(text) && BigInt(text) < 2n ** 64n,
  ],
  stop: ['TEXT', 'end before TEXT; can be repeated'],
  chat: ['', 'the prompt is the user message of a conversation'],
  'chat-template': ['T', "with --chat: Jinja or a family's name, replaces the file's template"],
  special: ['', 'parse special tokens in the text'],
  json: [
    '',
    'print { ids, text, promptIds, seed, timings } at the end instead of streaming text; check: the forecast',
  ],
  echo: ['', 'print the prompt before its continuation'],
  file: ['FILE', 'read the text from FILE (- is standard input)'],
  cases: ['FILE', 'tokenise a JSON array of texts; prints a JSON array of arrays of ids'],
  ids: ['1,2,3', 'token ids', isIds],
  pooling: [
    'P',
    "mean of all tokens, the first (cls) or the last; default: the file's, else mean",
    (text) => ['mean', 'cls', 'last'].includes(text),
  ],
  out: ['FILE', 'output file: float32, little-endian; logits: [tokens][vocabulary]'],
  tap: [
    'NAME',
    "a site of info's `sites`, as blocks.3.attn.hook_pattern or pattern; can be repeated",
  ],
  layer: ['N', "block of short names, or 'all'", (text) => text === 'all' || atLeast(0)(text)],
  head: ['H', 'only this head', atLeast(0)],
  edit: [
    'JSON',
    'a change of the run, as {"name":"z","layer":5,"head":2,"op":"zero"}; can be repeated',
    isObject,
  ],
  figure: ['NAMES', `one or more of ${ALL_FIGURES}`],
  set: [
    'NAME=VALUE',
    'a setting of the figures, as temperature=0.7 or token=3; can be repeated',
    (text) => /^[a-z]+=/.test(text),
  ],
  check: ['FILE', 'compute this scene again and compare'],
  npz: ['', 'with --out: write a NumPy file with an array for each tap, and ids'],
  top: ['N', 'number of tokens after each block (5, at most 50)', atLeast(1)],
  pp: ['N', 'tokens of the prompt (128)', atLeast(1)],
  tg: ['N', 'tokens generated (32)', atLeast(1)],
  context: ['N', "context length in tokens (default: the model's, at most 4096)", atLeast(1)],
  host: ['ADDRESS', 'address to listen on (127.0.0.1; 0.0.0.0: all of this machine)'],
  port: [
    'N',
    'port to listen on (8080; 0: any free one)',
    (text) => +text < 65536 && atLeast(0)(text),
  ],
  name: ['NAME', "the model's name for clients (default: that of the file, without .gguf)"],
  'api-key': ['KEY', 'requests must bring it; also the variable JIELONG_API_KEY'],
  'allow-origin': ['URL', "origin of a page that may send requests, or '*'; can be repeated"],
  'allow-host': ['NAME', 'a name of this machine, besides localhost; can be repeated'],
  sessions: ['N', 'requests that run at a time (4)', atLeast(1)],
  waiting: ['N', 'requests that may wait (32)', atLeast(0)],
  threads: ['N', 'number of threads', atLeast(1)],
  precision: [
    'P',
    'exact (16-bit activations), fast (8-bit), or auto: fast where relaxed SIMD makes it faster',
    (text) => ['auto', 'exact', 'fast'].includes(text),
  ],
  wasm: ['FILE', "another build of the engine's .wasm"],
};
/** Options of sampling with a number. */
const NUMBERS = (
  'temperature top-k top-p min-p repeat-penalty repeat-last frequency-penalty presence-penalty dry-multiplier ' +
  'dry-base dry-allowed-length dry-last temperature-range temperature-exponent typical-p xtc-probability ' +
  'xtc-threshold mirostat-tau mirostat-eta'
).split(' ');
const SAMPLING = ['n', ...NUMBERS, 'stages', 'grammar', 'json-schema', 'seed', 'stop'];
/**
 * @typedef {(model: Model, args: string[], values: Values) => Promise<unknown>} Run
 * @type {Record<string, [usage: string, does: string, options: string[], run: Run]>}
 */
const COMMANDS = {
  generate: [
    '[MODEL] [PROMPT]',
    `continue a prompt (default: standard input), streaming the text. Only the continuation is printed, which
may begin with a space or a comma; --echo prints the prompt before it`,
    SAMPLING.concat(['chat', 'chat-template', 'special', 'json', 'echo', 'context']),
    generate,
  ],
  tokenize: [
    'MODEL TEXT',
    'the ids of a text as a JSON array',
    ['file', 'special', 'cases'],
    tokenize,
  ],
  logits: ['MODEL', 'the logits at each position', ['ids', 'out', 'context'], logits],
  score: [
    'MODEL',
    `how well a text is predicted, as JSON: tokens, nll (nats per token), perplexity (exp(nll)),
bitsPerByte. The beginning-of-sequence token is added if the file says so; the first token is not
scored. A text longer than the context is evaluated in windows; each window begins with the last
token of the previous one`,
    ['file', 'n', 'context', 'special'],
    score,
  ],
  embed: [
    'MODEL TEXT',
    'the embedding of a text, a unit vector, as a JSON array',
    ['ids', 'pooling'],
    embed,
  ],
  inspect: [
    'MODEL TEXT',
    `read sites inside the model while it reads a text. With --out F: one line of JSON (tokens, ids,
taps with name, dims, shape, and the offset in bytes after the line), then the floats; with --npz for
numpy.load. Without: a summary as JSON`,
    ['tap', 'layer', 'head', 'edit', 'ids', 'out', 'npz', 'context'],
    async (...given) => {
      const summary = await inspect(...given);
      if (summary) put(`${lines(summary)}\n`);
    },
  ],
  lens: [
    'MODEL TEXT',
    'what the model would predict after each block (logit lens), as JSON',
    ['ids', 'layer', 'top', 'context'],
    async (...given) => put(`[\n${rows(await lens(...given))}\n]\n`),
  ],
  scene: [
    'MODEL TEXT',
    `what figures of web pages show (web/elements), as JSON, so that a page can draw them without an
engine. With --check F: computes the scene F again; fails with the places whose values differ`,
    ['figure', 'layer', 'head', 'seed', 'set', 'file', 'out', 'check'],
    async (...given) => {
      const printed = await scene(...given, readText);
      if (printed) put(`${printed}\n`);
    },
  ],
  serve: [
    'MODEL',
    'answer the requests of OpenAI clients over HTTP: chat and text completions, embeddings',
    'host port name api-key allow-origin allow-host sessions waiting context'.split(' '),
    serve,
  ],
  info: ['MODEL', 'metadata of the model file, as JSON', [], info],
  check: [
    'MODEL',
    'whether a file runs here, what it needs and uses; reads only its header',
    ['context', 'json'],
    async () => {}, // it loads nothing; see main()
  ],
  bench: [
    'MODEL',
    'speed as JSON: { pp, tg } in tokens/s (medians of 3 after a warm-up), load in ms, kernels, threads',
    ['pp', 'tg'],
    bench,
  ],
};
const MULTIPLE = ['stop', 'tap', 'edit', 'set', 'allow-origin', 'allow-host'];
const COMMON = ['threads', 'precision', 'wasm'];

/** @param {string | undefined} text @param {Values} values */
function checkScene(text, { check, file, figure, layer }) {
  if (check !== undefined && [text, file, figure].every((one) => one === undefined)) return;
  if (check !== undefined || (text === undefined) === (file === undefined))
    throw new UsageError('scene takes one of TEXT, --file FILE and --check FILE');
  if (figure === undefined) throw new UsageError('scene needs --figure NAMES');
  const { unknown } = figuresOf(figure);
  if (unknown !== undefined)
    throw new UsageError(`there is no figure '${unknown}', only ${ALL_FIGURES.join(', ')}`);
  if (layer === 'all') throw new UsageError('scene needs a number for --layer N');
}

/** Checks a command's required arguments. @param {string} command @param {string[]} args @param {Values} values */
function check(command, [text], values) {
  const { file, cases, ids, out, tap, npz } = values;
  const given = (/** @type {unknown[]} */ ...list) => list.filter((x) => x !== undefined).length;
  if (command === 'tokenize' && given(text, file, cases) !== 1)
    throw new UsageError('tokenize takes one of TEXT, --file FILE and --cases FILE');
  if (command === 'logits' && given(ids, out) !== 2)
    throw new UsageError('logits needs --ids 1,2,3 and --out FILE');
  if (command === 'score' && file === undefined) throw new UsageError('score needs --file FILE');
  if (['embed', 'inspect', 'lens'].includes(command) && given(text, ids) !== 1)
    throw new UsageError(`${command} takes one of TEXT and --ids 1,2,3`);
  if (command === 'scene') checkScene(text, values);
  if (command === 'inspect' && !tap) throw new UsageError('inspect needs --tap NAME');
  if (npz && out === undefined) throw new UsageError('--npz needs --out FILE');
}

class UsageError extends Error {}

/** @param {string} name */
const dashed = (name) => (name.length === 1 ? `-${name}` : `--${name}`);

function help() {
  const lines = Object.entries(COMMANDS).map(
    ([name, [usage, does]]) => `  ${`${name} ${usage}`.padEnd(26)}${does.split(/[\n:.]/)[0]}`,
  );
  return `jielong - runs language models (GGUF files)

usage: jielong COMMAND MODEL … [options]

${lines.join('\n')}

MODEL is a file or a URL; generate without one uses the included tales model.
jielong COMMAND --help lists the options, jielong --version prints the version.`;
}

/** @param {string} command @param {Values} values */
async function commandHelp(command, { wasm }) {
  const [usage, does, options] = COMMANDS[command];
  // Defaults of sampling are the engine's, which publishes them with a model.
  const model = options.includes('temperature') ? await loadModel(TALES, { wasm }) : undefined;
  /** @type {Record<string, any>} */ const sampling = model?.info.sampling ?? {};
  const lines = [...options, ...COMMON].map((name) => {
    const [placeholder, meaning] = OPTIONS[name];
    const words = meaning.replace(/\{(\w+)\}/, (_, key) => String(sampling[key]));
    return `  ${`${dashed(name)} ${placeholder}`.padEnd(25)}${words}`;
  });
  await model?.close();
  return `usage: jielong ${command} ${usage} [options]\n\n${does}.\n\n${lines.join('\n')}`;
}

/**
 * parseArgs() in words of this command; Node's name its own syntax.
 * @param {string[]} args @param {import('node:util').ParseArgsConfig['options']} options
 * @returns {{ values: Values, positionals: string[] }}
 */
function parsed(args, options) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (e) {
    const message = String(/** @type {Error} */ (e).message);
    const [, name = '', needsNone] =
      message.match(/^Option '(?:-\w, )?-?-([\w-]+)(?: <value>)?' (does not)?/) ?? [];
    if (!Object.hasOwn(OPTIONS, name)) throw e;
    if (needsNone) throw new UsageError(`${dashed(name)} takes no value`);
    const at = args.indexOf(dashed(name));
    const value = args[at + 1];
    const shown = `${dashed(name)} ${OPTIONS[name][0]}`;
    if (value === undefined) throw new UsageError(`${shown}: the value is missing`);
    throw new UsageError(
      `${shown}: '${value}' is not valid (${dashed(name)}=${value} if it is meant)`,
    );
  }
}

/** @param {string} command @param {string[]} argv */
function parse(command, argv) {
  const names = [...COMMANDS[command][2], ...COMMON];
  /** @type {import('node:util').ParseArgsConfig['options']} */
  const options = { help: { type: 'boolean', short: 'h' } };
  for (const name of names) {
    options[name] = {
      type: OPTIONS[name][0] ? 'string' : 'boolean',
      multiple: MULTIPLE.includes(name),
    };
    if (name.length === 1) options[name].short = name;
  }
  const { values, positionals } = parsed(argv, options);
  for (const name of names) {
    const [placeholder, , test] = OPTIONS[name];
    const given = /** @type {string[]} */ ([values[name] ?? []].flat());
    const bad = test && given.find((value) => !test(value));
    if (bad !== undefined)
      throw new UsageError(`${dashed(name)} ${placeholder}: '${bad}' is not valid`);
  }
  return { values, positionals };
}

/** @param {string | undefined} text */
const optional = (text) => (text === undefined ? undefined : Number(text));

/** @param {string} path @returns {unknown} */
function readJson(path) {
  try {
    return JSON.parse(readText(path));
  } catch (e) {
    if (e instanceof JielongError) throw e;
    throw new JielongError(
      'BAD_ARGUMENT',
      `${path} is no JSON: ${/** @type {Error} */ (e).message}`,
    );
  }
}

/** @param {Values} v @returns {import('../jielong.js').GenerateOptions} */
const sampling = (v) => ({
  ...Object.fromEntries(
    NUMBERS.map((name) => [name.replace(/-(.)/g, (_, c) => c.toUpperCase()), optional(v[name])]),
  ),
  maxTokens: optional(v.n),
  stages: v.stages?.split(','),
  grammar: v.grammar && readText(v.grammar),
  responseFormat: v['json-schema'] && {
    jsonSchema: /** @type {any} */ (readJson(v['json-schema'])),
  },
  seed: v.seed === undefined ? undefined : BigInt(v.seed),
  stop: v.stop,
});

/* ---- Commands -------------------------------------------------------------------------------- */

const terminal = process.stderr.isTTY;

/**
 * Replaces control characters, so that text of a model or a file cannot move the terminal's cursor.
 * C0 and DEL become their symbols (U+2400 …), C1 U+FFFD.
 * @param {string} text @param {string} [kept]
 */
const harmless = (text, kept = '') =>
  text.replace(/\p{Cc}/gu, (c) => {
    const code = c.charCodeAt(0);
    if (kept.includes(c)) return c;
    return code > 0x7f ? '\ufffd' : String.fromCharCode(code === 0x7f ? 0x2421 : 0x2400 + code);
  });

/** Text of a model or a file on standard output. @param {string} text */
const put = (text) => process.stdout.write(process.stdout.isTTY ? harmless(text, '\n\t') : text);

/** @param {unknown} value @param {number} [indent] */
const print = (value, indent) => put(`${JSON.stringify(value, null, indent)}\n`);

/** JSON, a line for each. @param {object[]} list */
const rows = (list) => list.map((one) => JSON.stringify(one)).join(',\n');

/** @param {{ taps: object[] }} summary */
const lines = ({ taps, ...about }) =>
  `${JSON.stringify({ ...about, taps: [] }).slice(0, -2)}\n${rows(taps)}\n]}`;

/** @param {string} path */
function readText(path) {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (e) {
    throw new JielongError('FILE', `${path} cannot be read: ${/** @type {Error} */ (e).message}`);
  }
}

/** @param {number} value */
const rounded = (value) => Math.round(value * 100) / 100;

/** @param {Model} model @param {string[]} args @param {Values} values */
async function generate(model, [prompt], values) {
  const text = prompt ?? (process.stdin.isTTY ? '' : readText('-'));
  const session = await model.createSession({ contextLength: optional(values.context) });
  const options = { ...sampling(values), special: values.chat ? undefined : values.special };
  const start = performance.now();
  const tokens = values.chat
    ? session.chat([{ role: 'user', content: text }], {
        ...options,
        chatTemplate: values['chat-template'],
      })
    : session.generate(text, options);
  const ids = [];
  if (values.echo && !values.json) put(text);
  let [out, first] = ['', start];
  for await (const token of tokens) {
    if (ids.push(token.id) === 1) first = performance.now();
    out += token.text;
    if (!values.json) put(token.text);
  }
  const end = performance.now();
  const promptIds = [...(await session.ids())].slice(0, session.position - ids.length);
  const timings = {
    promptMs: rounded(first - start),
    promptPerSecond: rounded((promptIds.length / (first - start)) * 1000),
    generateMs: rounded(end - first),
    // The prompt's last batch yields the first token.
    tokensPerSecond: ids.length > 1 ? rounded(((ids.length - 1) / (end - first)) * 1000) : null,
  };
  if (values.json) return print({ ids, text: out, promptIds, seed: tokens.seed, timings });
  process.stdout.write('\n');
  const { tokensPerSecond, promptPerSecond } = timings;
  if (terminal)
    process.stderr.write(
      `[prompt: ${promptIds.length} tokens, ${promptPerSecond}/s; ` +
        `generated: ${ids.length} tokens, ${tokensPerSecond}/s; seed ${tokens.seed}]\n`,
    );
}

/** @param {Model} model @param {string[]} args @param {Values} values */
async function tokenize(model, [text], { file, cases, special }) {
  /** @param {string} one */
  const ids = async (one) => [...(await model.tokenize(one, { special }))];
  if (cases === undefined) return print(await ids(text ?? readText(file)));
  const all = [];
  for (const one of parseCases(cases)) all.push(await ids(one));
  print(all);
}

/** @param {string} path @returns {string[]} */
function parseCases(path) {
  const text = readText(path);
  try {
    const cases = JSON.parse(text);
    if (Array.isArray(cases) && cases.every((one) => typeof one === 'string')) return cases;
  } catch {} // reported below
  throw new JielongError('BAD_ARGUMENT', `${path} must hold a JSON array of strings`);
}

/** @param {Model} model @param {string[]} _args @param {Values} values */
async function logits(model, _args, values) {
  const ids = String(values.ids).split(',').map(Number);
  const session = await model.createSession({
    allLogits: true,
    contextLength: optional(values.context),
  });
  const file = createWriteStream(values.out);
  /** @type {Promise<void>} */
  const written = new Promise((resolve, reject) => {
    const fail = (/** @type {Error} */ e) =>
      reject(new JielongError('FILE', `${values.out} cannot be written: ${e.message}`));
    file.on('close', resolve).on('error', fail);
  });
  written.catch(() => {}); // reported by the await below
  for await (const row of session.eachLogits(ids)) {
    if (!file.write(littleEndian(row))) await Promise.race([written, once(file, 'drain')]);
  }
  file.end();
  await written;
}

/**
 * Negative natural logarithm of the probability of `id`.
 * @param {Float32Array} row logits
 * @param {number} id
 */
function surprise(row, id) {
  const max = row.reduce((a, b) => Math.max(a, b));
  return Math.log(row.reduce((sum, x) => sum + Math.exp(x - max), 0)) + max - row[id];
}

/** @param {Model} model @param {string[]} _args @param {Values} values */
async function score(model, _args, values) {
  const { special } = values;
  const ids = await model.tokenize(readText(values.file), { bos: true, special });
  const scored = Math.min(ids.length - 1, optional(values.n) ?? Infinity);
  if (scored < 1)
    throw new JielongError(
      'BAD_ARGUMENT',
      'there is nothing to score: the text has fewer than two tokens, or -n is 0',
    );
  const session = await model.createSession({
    allLogits: true,
    contextLength: optional(values.context),
  });
  let [nll, at] = [0, 0]; // ids[at] is the last token before the next logits
  while (at < scored) {
    // A window fills the context; the next one begins with its last token.
    const window = ids.subarray(at, Math.min(at + session.contextLength, scored));
    await session.rewind(0);
    for await (const row of session.eachLogits(window)) nll += surprise(row, ids[++at]);
    if (terminal) process.stderr.write(`\r${at} of ${scored} tokens \r`);
  }
  if (!Number.isFinite(nll))
    throw new JielongError(
      'NOT_A_NUMBER',
      'the loss of the text is not a finite number; the weights of the model are damaged',
    );
  const bytes = (await model.pieces(ids.subarray(1, scored + 1))).reduce(
    (n, piece) => n + piece.bytes.length,
    0,
  );
  print({
    tokens: scored,
    nll: nll / scored,
    perplexity: Math.exp(nll / scored),
    bitsPerByte: nll / Math.LN2 / bytes,
  });
}

/** @param {Model} model @param {string[]} args @param {Values} values */
async function embed(model, [text], { ids, pooling }) {
  const vector = await model.embed(text ?? ids.split(',').map(Number), { pooling });
  print(Array.from(vector, (x) => Number(x.toPrecision(9))));
}

/** @param {Model} model @param {string[]} _args @param {Values} values */
async function serve(model, _args, values) {
  const { listen } = await import('./api-server.js');
  const server = await listen(model, {
    host: values.host,
    port: optional(values.port),
    name: values.name ?? values.source.replace(/.*[/\\]/, '').replace(/\.gguf$/i, ''),
    apiKey: (values['api-key'] ?? process.env.JIELONG_API_KEY) || undefined,
    allowOrigins: values['allow-origin'],
    allowHosts: values['allow-host'],
    sessions: optional(values.sessions),
    waiting: optional(values.waiting),
    contextLength: optional(values.context),
  });
  put(`${server.name} is at ${server.address}/v1 (Ctrl-C stops)\n`);
  if (server.warning) process.stderr.write(`jielong: ${server.warning}\n`);
  await server.closed;
}

/** @param {Model} model */
async function info(model) {
  print(model.info, 2);
}

/** @param {Model} model @param {string[]} _args @param {Values} values */
async function bench(model, _args, values) {
  const { pp, tg } = await measure(model, { pp: optional(values.pp), tg: optional(values.tg) });
  const { kernels, threads } = model.info;
  print({ pp: rounded(pp), tg: rounded(tg), load: rounded(values.load), kernels, threads });
}

/* ---- Main ------------------------------------------------------------------------------------ */

/** @param {{ loaded: number, total?: number }} progress */
function showProgress({ loaded, total }) {
  const mib = (/** @type {number} */ bytes) => (bytes / 2 ** 20).toFixed(1);
  process.stderr.write(`\rloading ${mib(loaded)}${total ? ` of ${mib(total)}` : ''} MiB \r`);
}

const TALES = fileURLToPath(new URL('../models/tales.gguf', import.meta.url));

/** Whether a word is a model, not a prompt. @param {string | undefined} word */
const namesModel = (word) =>
  word !== undefined && (/\.gguf$|^https?:/i.test(word) || existsSync(word));

async function main() {
  const [command, ...argv] = process.argv.slice(2);
  if (command === '--help' || command === '-h' || command === 'help') return console.log(help());
  if (command === '--version') return console.log(VERSION);
  if (!command) throw new UsageError('the command is missing');
  if (!Object.hasOwn(COMMANDS, command)) throw new UsageError(`unknown command '${command}'`);
  const { values, positionals } = parse(command, argv);
  if (values.help) return console.log(await commandHelp(command, values));
  if (command === 'generate' && positionals.length < 2 && !namesModel(positionals[0]))
    positionals.unshift(TALES);
  const [source, ...args] = positionals;
  const takes = COMMANDS[command][0].split(' ').length;
  if (!source) throw new UsageError(`${command} needs a MODEL`);
  if (positionals.length > takes)
    throw new UsageError(
      `unexpected argument '${positionals[takes]}': ${command} takes ${COMMANDS[command][0]}`,
    );
  check(command, args, values);
  if (command === 'check') return put(`${await checkFile(source, values)}\n`);

  const start = performance.now();
  const onProgress = terminal ? showProgress : undefined;
  const model = await loadModel(source, {
    onProgress,
    wasm: values.wasm,
    threads: optional(values.threads),
    worker: command === 'serve', // so that the server answers while tokens are evaluated
    precision: values.precision ?? (command === 'scene' ? 'exact' : undefined),
  });
  if (terminal) process.stderr.write('\x1b[2K');
  await COMMANDS[command][3](model, args, {
    ...values,
    source,
    load: performance.now() - start,
  });
  await model.close();
}

/** @param {any} e */
function fail(e) {
  const usage = e instanceof UsageError || e?.code?.startsWith?.('ERR_PARSE_ARGS');
  const text = String(e?.message ?? e).replace(/\s*\n\s*/g, ' ');
  // Drops Node's advice about an unknown option.
  const message = usage ? text.replace(/\. To specify.*/, '') : text;
  const code = usage ? 'USAGE' : (e instanceof JielongError && e.code) || 'INTERNAL';
  const where = e?.where && !message.includes(e.where) ? `${e.where}: ` : '';
  process.stderr.write(
    `jielong: ${code}: ${harmless(where + message)}${usage ? ' (see jielong --help)' : ''}\n`,
  );
  process.exitCode = usage ? 2 : 1;
}

process.stdout.on('error', (e) => {
  // EPIPE: the reader has closed the pipe, as `head` does. Not a failure.
  if (/** @type {any} */ (e).code === 'EPIPE') process.exit(0);
  fail(new JielongError('FILE', `the results cannot be written: ${e.message}`, 'standard output'));
  process.exit();
});
main().catch(fail);
