/**
 * template.js - chat templates at work, in a worker of their own: variables → text, and which parts
 * of the text are the template's.
 *
 * Place in the flow: chat.js has this worker render, ends it when a rendering takes too long, and
 * has the text tokenised. The templates are Jinja as Hugging Face's transformers run it
 * (trim_blocks, lstrip_blocks); the language is read by the package @huggingface/jinja.
 *
 * Whose words. Special tokens must count where the template writes them and must not where a
 * message holds them. So every string keeps runs [length, own]: `own` are the template's literals,
 * the roles and the names of the special tokens, and what was made of nothing else. Concatenation
 * joins runs, trimming cuts them; whatever else is made of a string that is not all own is foreign
 * as a whole. Unknown means foreign: a mistake here can make a special token plain text, never the
 * other way round. The text itself is that of a plain rendering.
 *
 * Messages. To the worker { template, variables, limit }; from it { ready }, then { begun } and
 * { text, runs } or { error: { code, message, where } }.
 */

import { Environment, Interpreter, Template } from './jinja.js';
import { nodeModule } from './source.js';

/** @typedef {import('./jinja.js').Value} Value */
/** @typedef {import('./jinja.js').Node} Node */
/** Stretches of a string, in order. @typedef {[length: number, own: boolean][]} Runs */
/** What was evaluated on the way to a value. @typedef {{ values: Value[], blocks: Value[] }} Frame */

const MAX_RANGE = 100_000; // as in Jinja's sandbox
const KEY = 'tokenizer.chat_template';

class TooLong extends Error {}

/** @param {Runs} runs @param {number} length @param {boolean} own */
function extend(runs, length, own) {
  const last = runs.at(-1);
  if (length === 0) return;
  if (last?.[1] === own) last[0] += length;
  else runs.push([length, own]);
}

/** @param {Runs} runs @param {number} start @param {number} length @returns {Runs} */
function cut(runs, start, length) {
  /** @type {Runs} */ const part = [];
  let at = 0;
  for (const [n, own] of runs) {
    extend(part, Math.max(0, Math.min(at + n, start + length) - Math.max(at, start)), own);
    at += n;
  }
  return part;
}

/** An interpreter that knows whose words its strings are. */
class Scribe extends Interpreter {
  /** @type {WeakMap<Value, Runs>} strings; what is not in it is foreign */ #runs = new WeakMap();
  /** @type {WeakMap<Value, Value>} method → the string that it belongs to */ #owners =
    new WeakMap();
  /** @type {WeakMap<Node, 'list' | 'text'>} what nothing stands for here */ #lenient =
    new WeakMap();
  /** @type {Frame} */ #frame = { values: [], blocks: [] };
  /** @type {WeakMap<Error, Value>} by what left a block */ #written = new WeakMap();
  /** @type {unknown} */ #error;
  #limit;
  /** @type {Node | undefined} where the last error arose */ place;

  /** @param {Environment} environment @param {number} limit most characters of a string */
  constructor(environment, limit) {
    super(environment);
    this.#limit = limit;
  }

  /** @param {Value} value */
  runs(value) {
    const { length } = value.value;
    return this.#runs.get(value) ?? /** @type {Runs} */ (length ? [[length, false]] : []);
  }

  /** @param {Value} value */
  own(value) {
    if (value?.type === 'StringValue') this.#runs.set(value, [[value.value.length, true]]);
  }

  /** @override @param {Node | undefined} node @param {Environment} environment */
  evaluate(node, environment) {
    const outer = this.#frame;
    const frame = { values: [], blocks: [] };
    this.#frame = frame;
    try {
      const value = this.#mend(node, this.#evaluate(node, environment), frame);
      if (node) this.#note(node, value, frame);
      outer.values.push(value);
      return value;
    } catch (e) {
      if (this.#error !== e) this.place = node; // the innermost is the first to see it
      this.#error = e;
      throw e;
    } finally {
      this.#frame = outer;
    }
  }

  /** The package's evaluation, but for what it does unlike Jinja.
   * @param {Node | undefined} node @param {Environment} environment @returns {Value} */
  #evaluate(node, environment) {
    if (node?.type === 'BinaryExpression' && node.operator.value === '~') {
      const parts = [this.evaluate(node.left, environment), this.evaluate(node.right, environment)];
      return this.#join(parts.filter(({ type }) => type !== 'UndefinedValue'));
    }
    if (node?.type === 'For') this.#lenient.set(node.iterable.lhs ?? node.iterable, 'list');
    const filter = node?.type === 'FilterExpression' && nameOf(node.filter);
    if (filter && Object.hasOwn(LENIENT, filter)) this.#lenient.set(node.operand, LENIENT[filter]);
    return super.evaluate(node, environment);
  }

  /** Nothing stands for an empty list or text where one is wanted, and strings have more methods.
   * @param {Node | undefined} node @param {Value} value @param {Frame} frame @returns {Value} */
  #mend(node, value, { values, blocks }) {
    if (node?.type === 'For') return this.#join(blocks);
    const wanted = node && this.#lenient.get(node);
    if (wanted && (value.type === 'UndefinedValue' || value.type === 'NullValue'))
      return wanted === 'text' ? this.#string('') : this.#emptyList();
    const [owner] = values;
    const name = node?.type === 'MemberExpression' && !node.computed && node.property.value;
    if (!name || owner?.type !== 'StringValue' || !Object.hasOwn(methods, name)) return value;
    const call = (/** @type {any[]} */ ...args) => methods[name](owner.value, ...args);
    return new Environment().set(name, call);
  }

  #emptyList() {
    return super.evaluate({ type: 'ArrayLiteral', value: [] }, this.global);
  }

  /** As in the package, and booleans and none as Python writes them. What a block had written
   * before `break` or `continue` left it stays.
   * @override @param {Node[]} statements @param {Environment} environment */
  evaluateBlock(statements, environment) {
    const frame = this.#frame;
    /** @type {Value[]} */ const parts = [];
    try {
      for (const node of statements) {
        const value = this.evaluate(node, environment);
        const silent = value.type === 'NullValue' && SILENT.has(node.type);
        if (!silent && value.type !== 'UndefinedValue') parts.push(value);
      }
    } catch (e) {
      const thrown = /** @type {Error} */ (e);
      const written = this.#join(parts.concat(this.#written.get(thrown) ?? []));
      this.#written.set(thrown, written);
      frame.blocks.push(written);
      throw e;
    }
    const block = this.#join(parts);
    frame.blocks.push(block);
    return block;
  }

  /** A new string of the package's class. @param {string} text @returns {Value} */
  #string(text) {
    if (text.length > this.#limit) throw new TooLong();
    return super.evaluate({ type: 'StringLiteral', value: text }, this.global);
  }

  /** @param {Value[]} parts @returns {Value} */
  #join(parts) {
    const texts = parts.map(written);
    const joined = this.#string(texts.join(''));
    /** @type {Runs} */ const runs = [];
    parts.forEach((part, i) => {
      if (part.type !== 'StringValue') extend(runs, texts[i].length, this.#isOwn(part));
      else for (const [n, own] of this.runs(part)) extend(runs, n, own);
    });
    this.#runs.set(joined, runs);
    return joined;
  }

  /** Whether all strings within are the template's. @param {Value} value @returns {boolean} */
  #isOwn(value) {
    const owner = this.#owners.get(value);
    if (owner) return this.#isOwn(owner);
    if (value.type === 'StringValue') return this.runs(value).every(([, own]) => own);
    if (Array.isArray(value.value)) return value.value.every((v) => this.#isOwn(v));
    if (value.value instanceof Map) return [...value.value.values()].every((v) => this.#isOwn(v));
    return true; // numbers, functions, nothing
  }

  /** @param {Value} value makes it own, with what is within */
  #adopt(value) {
    if (value.type === 'StringValue') this.own(value);
    else if (Array.isArray(value.value)) for (const v of value.value) this.#adopt(v);
  }

  /** Finds out whose words a value is. @param {Node} node @param {Value} value @param {Frame} frame */
  #note(node, value, { values, blocks }) {
    if (value.type === 'FunctionValue' && node.type === 'MemberExpression')
      this.#owners.set(value, values[0]);
    if (value.type === 'StringValue' && value.value.length > this.#limit) throw new TooLong();
    if (this.#runs.has(value)) return;
    if (node.type === 'StringLiteral') this.own(value);
    else if (node.type === 'BinaryExpression') this.#take(value, values);
    else if (DERIVING.has(node.type)) this.#derive(node, value, [...values, ...blocks]);
  }

  /** value is the concatenation of some values, if it is. @param {Value} value @param {Value[]} parts */
  #take(value, parts) {
    if (value.type !== 'StringValue') return;
    const joined = this.#join(parts);
    if (joined.value === value.value) this.#runs.set(value, this.runs(joined));
  }

  /** value was made of some values. @param {Node} node @param {Value} value @param {Value[]} from */
  #derive(node, value, from) {
    if (from.every((v) => this.#isOwn(v))) return this.#adopt(value);
    const filter = node.filter && nameOf(node.filter);
    const name = filter ?? node.callee?.property?.value;
    const whole = filter ? from[0] : this.#owners.get(/** @type {Value} */ (from.at(-1)));
    if (!PARTS.has(name) || whole?.type !== 'StringValue' || value.type !== 'StringValue') return;
    const start = whole.value.indexOf(value.value);
    if (start >= 0) this.#runs.set(value, cut(this.runs(whole), start, value.value.length));
  }
}

/** @param {Node} filter with or without arguments @returns {string} */
const nameOf = (filter) => filter.value ?? filter.callee?.value;
/** Filters that take nothing for an empty list or text. @type {Record<string, 'list' | 'text'>} */
const LENIENT = {
  ...{ length: 'list', list: 'list', map: 'list', join: 'list', first: 'list', last: 'list' },
  ...{ selectattr: 'list', rejectattr: 'list', select: 'list', reject: 'list' },
  ...{ trim: 'text', upper: 'text', lower: 'text', replace: 'text', string: 'text' },
};
/** Statements that write nothing; the package has them give none. */
const SILENT = new Set(['Set', 'Macro', 'Comment']);
/** Nodes whose value may be a new string, made of what was evaluated within. */
const DERIVING = new Set([
  'FilterExpression',
  'FilterStatement',
  'CallExpression',
  'MemberExpression',
]);
/** Filters and methods that give one stretch of a string; it begins where it is first found. */
const PARTS = new Set(['trim', 'strip', 'lstrip', 'rstrip', 'string', 'safe']);

/** A value as it is written into the text. @param {Value} value */
function written(value) {
  if (value.type === 'BooleanValue') return value.value ? 'True' : 'False';
  if (value.type === 'NullValue') return 'None';
  return value.toString();
}

/** Blank, to Python. */
const BLANK =
  '\\t\\n\\v\\f\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** @param {string} text @param {string | null | undefined} chars that go, blanks if none are given
 *  @param {boolean} left @param {boolean} right */
function strip(text, chars, left, right) {
  const set = `[${chars?.replace(/[\\\]^-]/g, '\\$&') ?? BLANK}]`;
  if (chars === '') return text;
  const start = left ? (new RegExp(`^${set}+`, 'u').exec(text)?.[0].length ?? 0) : 0;
  let end = text.length;
  const one = new RegExp(`^${set}$`, 'u');
  while (right && end > start && one.test(lastCharacter(text, end)))
    end -= lastCharacter(text, end).length;
  return text.slice(start, end);
}

/** @param {string} text @param {number} end */
function lastCharacter(text, end) {
  const pair = text.slice(Math.max(0, end - 2), end);
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(pair) ? pair : text.slice(end - 1, end);
}

/**
 * Methods of Python's strings that the package lacks or has without their arguments.
 * @type {Record<string, (text: string, ...args: any[]) => any>}
 */
const methods = {
  strip: (text, chars) => strip(text, chars, true, true),
  lstrip: (text, chars) => strip(text, chars, true, false),
  rstrip: (text, chars) => strip(text, chars, false, true),
  removeprefix: (text, start) => (text.startsWith(start) ? text.slice(start.length) : text),
  removesuffix: (text, end) => (end && text.endsWith(end) ? text.slice(0, -end.length) : text),
  splitlines: (text) =>
    text
      .replace(/\r?\n$/, '')
      .split(/\r?\n/)
      .filter((_, __, { length }) => text || length > 1),
  find: (text, part) => text.indexOf(part),
  count: (text, part) => text.split(part).length - 1,
  join: (text, list) => list.map((/** @type {Value} */ { value }) => value).join(text),
  format: (text, ...args) => {
    let next = 0;
    return text.replace(/{(\d*)}|{{|}}/g, (mark, at) =>
      at === undefined ? mark[0] : String(args[at === '' ? next++ : Number(at)]),
    );
  },
};

/* ---- What templates may call --------------------------------------------------------------- */

const MONTHS =
  'January February March April May June July August September October November December'.split(
    ' ',
  );
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** Python's strftime in the C locale, for now. @param {string} format */
function strftimeNow(format) {
  const now = new Date();
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const [month, day] = [MONTHS[now.getMonth()], DAYS[now.getDay()]];
  /** @type {Record<string, string>} */
  const fields = {
    Y: String(now.getFullYear()),
    y: two(now.getFullYear() % 100),
    m: two(now.getMonth() + 1),
    d: two(now.getDate()),
    B: month,
    b: month.slice(0, 3),
    A: day,
    a: day.slice(0, 3),
    H: two(now.getHours()),
    I: two(now.getHours() % 12 || 12),
    M: two(now.getMinutes()),
    S: two(now.getSeconds()),
    p: now.getHours() < 12 ? 'AM' : 'PM',
    '%': '%',
  };
  return format.replace(/%([YymdBbAaHIMSp%])/g, (_, letter) => fields[letter]);
}

/** Python's range(). @param {number} start @param {number} [stop] @param {number} [step] */
function range(start, stop, step = 1) {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const n = Math.max(0, Math.ceil((to - from) / step));
  if (step === 0) throw new Error('range() with a step of 0');
  if (n > MAX_RANGE) throw new Error(`range() over ${n} numbers, more than ${MAX_RANGE}`);
  return Array.from({ length: n }, (_, i) => from + i * step);
}

class Raised extends Error {}

/** @param {string} message */
function raiseException(message) {
  throw new Raised(message);
}

/* ---- Rendering ------------------------------------------------------------------------------- */

/** @param {Record<string, any>} variables */
function makeEnvironment(variables) {
  const environment = new Environment();
  const globals = {
    ...{ true: true, false: false, none: null, True: true, False: false, None: null },
    ...{ range, raise_exception: raiseException, strftime_now: strftimeNow },
  };
  for (const [name, value] of Object.entries({ ...globals, ...variables }))
    environment.set(name, value);
  return environment;
}

/** @param {string} template @param {Record<string, any>} variables @param {number} limit */
function render(template, variables, limit) {
  const { parsed } = new Template(template);
  const environment = makeEnvironment(variables);
  const scribe = new Scribe(environment, limit);
  for (const name of ['bos_token', 'eos_token']) scribe.own(environment.lookupVariable(name));
  for (const message of environment.lookupVariable('messages').value)
    scribe.own(message.value.get('role'));
  try {
    const text = scribe.run(parsed);
    return { text: text.value, runs: scribe.runs(text) };
  } catch (e) {
    throw Object.assign(/** @type {Error} */ (e), { place: scribe.place });
  }
}

/* ---- Errors ---------------------------------------------------------------------------------- */

/** The error that some text of a template gives, '' for none. @param {string} template */
function syntaxError(template) {
  try {
    new Template(template);
    return '';
  } catch (e) {
    // Where the template ends too early the package stumbles.
    if (e instanceof TypeError) return 'a block or a tag is not closed';
    return /** @type {Error} */ (e).message;
  }
}

/**
 * The line of a syntax error: the package does not say it, but the lines up to there give the same
 * error, and fewer do not.
 * @param {string} template @param {string} message
 */
function lineOf(template, message) {
  const lines = template.split('\n');
  let [low, high] = [1, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (syntaxError(lines.slice(0, middle).join('\n')) === message) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A part of a template as it could be written, on one line. @param {Node | undefined} node */
function asWritten(node) {
  try {
    const whole = { parsed: { type: 'Program', body: [node] } };
    const text = Template.prototype.format.call(/** @type {any} */ (whole));
    const line = text.replace(/\s+/g, ' ').trim();
    return line.length > 80 ? `${line.slice(0, 80)}…` : line;
  } catch {
    return '';
  }
}

/** @param {string} template @param {any} e @param {number} limit */
function describe(template, e, limit) {
  const advice = 'use generate() with a prompt of your own, or give chat() another chatTemplate';
  if (e instanceof TooLong) {
    const message = `the chat template writes more than ${limit} characters; ${advice}`;
    return { code: 'TEMPLATE_LIMIT', message, where: KEY };
  }
  if (e instanceof Raised) {
    const message = `the chat template refuses these messages: ${e.message}`;
    return { code: 'BAD_TEMPLATE', message, where: KEY };
  }
  const syntax = syntaxError(template);
  const where = syntax ? `${KEY}, line ${lineOf(template, syntax)}` : KEY;
  const place = syntax ? '' : asWritten(e.place);
  const what = `${place && ` in ${place}`}: ${syntax || e.message}`;
  const message = `the chat template does not work${what}; ${advice}`;
  return { code: 'BAD_TEMPLATE', message, where };
}

/** @type {any} */
const port = nodeModule('worker_threads')?.parentPort ?? globalThis;
port.onmessage = (/** @type {MessageEvent} */ { data: { template, variables, limit } }) => {
  port.postMessage({ begun: true });
  try {
    port.postMessage(render(template, variables, limit));
  } catch (e) {
    port.postMessage({ error: describe(template, e, limit) });
  }
};
port.postMessage({ ready: true });
