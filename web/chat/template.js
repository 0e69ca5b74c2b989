/**
 * template.js - renders chat templates in a worker, and reports which runs of the text belong to the
 * template.
 *
 * chat.js sends the variables, terminates this worker after a timeout, and tokenises the text. The
 * templates are Jinja with the settings of Hugging Face's transformers (trim_blocks, lstrip_blocks);
 * the interpreter is the package @huggingface/jinja.
 *
 * Provenance. Special tokens must be parsed in the template's text, but not in messages and options.
 * So a value is foreign unless one of three rules proves that it is own (the template's):
 *   1. Literals of the template, the special tokens' names, the roles in ROLES and loop counters are
 *      own.
 *   2. The result of a pure operation (PURE) on own values alone is own, including its elements.
 *   3. A string has runs [length, own]; concatenation and trimming preserve them.
 * Every other value is entirely foreign: keys, numbers and booleans of messages and options, results
 * computed from them, and anything that a newer version of the package adds. An error here can turn a
 * special token into plain text, never the reverse. The text itself equals that of plain Jinja.
 *
 * Messages. To the worker { template, variables, limit }, variables in JSON; from it { ready }, then { begun } and
 * { text, runs } or { error: { code, message, where } }.
 */

import { nodeModule } from '../base/host.js';
import { Environment, Interpreter, Template } from './jinja.js';

/** @typedef {import('./jinja.js').Value} Value */
/** @typedef {import('./jinja.js').Node} Node */
/** Runs of a string, in order. @typedef {[length: number, own: boolean][]} Runs */
/** Values evaluated for the value of a node, in order; values includes the blocks.
 * @typedef {{ node?: Node, values: Value[], blocks: Value[], callee?: Value }} Frame */

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

/** An interpreter that tracks the provenance of values. */
class ProvenanceInterpreter extends Interpreter {
  /** @type {WeakMap<Value, Runs>} of strings; others are foreign */ #runs = new WeakMap();
  /** @type {WeakSet<Value>} own values except strings */ #owned = new WeakSet();
  /** @type {WeakMap<Value, { owner: Value, name?: string }>} of methods */ #methods =
    new WeakMap();
  /** @type {WeakMap<Node, 'list' | 'text'>} meaning of undefined */ #lenient = new WeakMap();
  /** @type {Frame} */ #frame = { values: [], blocks: [] };
  /** @type {WeakMap<Error, Value>} output before a throw */ #written = new WeakMap();
  /** @type {unknown} */ #error;
  #limit;
  /** @type {Node | undefined} where the last error arose */ place;

  /** @param {Environment} environment @param {number} limit max characters of a string */
  constructor(environment, limit) {
    super(environment);
    this.#limit = limit;
  }

  /** @param {Value} value */
  runs(value) {
    const { length } = value.value;
    return this.#runs.get(value) ?? /** @type {Runs} */ (length ? [[length, false]] : []);
  }

  /** Makes a value and its elements own. @param {Value | undefined} value */
  own(value) {
    if (!value || OPAQUE.has(value.type) || this.#owned.has(value)) return;
    if (value.type === 'StringValue') this.#runs.set(value, [[value.value.length, true]]);
    else this.#owned.add(value);
    if (Array.isArray(value.value)) for (const item of value.value) this.own(item);
    if (value.value instanceof Map) for (const item of value.value.values()) this.own(item);
  }

  /** @param {Value} value */
  #isOwn(value) {
    if (value.type !== 'StringValue') return this.#owned.has(value);
    return !!this.#runs.get(value)?.every(([, own]) => own);
  }

  /** @override @param {Node | undefined} node @param {Environment} environment */
  evaluate(node, environment) {
    const outer = this.#frame;
    /** @type {Frame} */ const frame = { node, values: [], blocks: [] };
    this.#frame = frame;
    try {
      // The package returns no value for `first` of an empty list.
      const given = this.#evaluate(node, environment) ?? super.evaluate(undefined, environment);
      const value = this.#mend(node, given, frame);
      this.#note(node, value, frame);
      outer.values.push(value);
      if (node && outer.node?.callee === node) outer.callee = value;
      return value;
    } catch (e) {
      if (this.#error !== e) this.place = node; // the innermost node
      this.#error = e;
      throw e;
    } finally {
      this.#frame = outer;
    }
  }

  /** The package's evaluation, corrected where it differs from Jinja.
   * @param {Node | undefined} node @param {Environment} environment @returns {Value} */
  #evaluate(node, environment) {
    if (node?.type === 'BinaryExpression' && node.operator.value === '~') {
      const parts = [this.evaluate(node.left, environment), this.evaluate(node.right, environment)];
      return this.#join(parts.filter(({ type }) => type !== 'UndefinedValue'));
    }
    if (node?.type === 'For') this.#lenient.set(node.iterable.lhs ?? node.iterable, 'list');
    const filter = node?.type === 'FilterExpression' && nameOf(node.filter);
    if (node && (filter === 'min' || filter === 'max') && !node.filter.callee)
      return extreme(filter, this.evaluate(node.operand, environment));
    if (node && filter && Object.hasOwn(LENIENT, filter))
      this.#lenient.set(node.operand, LENIENT[filter]);
    return super.evaluate(node, environment);
  }

  /** Replaces undefined and none where an empty list or text is expected; adds string methods.
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

  /** Like the package's, but prints booleans and none as Python does, and keeps the output of a
   * block before `break` or `continue`.
   * @override @param {Node[]} statements @param {Environment} environment */
  evaluateBlock(statements, environment) {
    const outer = this.#frame;
    if (outer.node?.type === 'For') this.#ownCounters(outer.node, statements, environment);
    this.#frame = { values: [], blocks: [] };
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
      outer.blocks.push(written);
      throw e;
    } finally {
      this.#frame = outer;
    }
    const block = this.#join(parts);
    outer.blocks.push(block);
    outer.values.push(block);
    return block;
  }

  /** Makes the loop's counters own, whatever it iterates over. The package has just declared `loop`;
   * only a loop variable can shadow it.
   * @param {Node} node @param {Node[]} statements @param {Environment} environment */
  #ownCounters({ body, loopvar }, statements, environment) {
    const names = loopvar.type === 'Identifier' ? [loopvar] : loopvar.value;
    if (statements !== body || names.some((/** @type {Node} */ n) => n.value === 'loop')) return;
    const loop = environment.lookupVariable('loop').value;
    for (const name of ['index', 'index0']) this.own(loop.get(name));
  }

  /** A string value of the package. @param {string} text @returns {Value} */
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

  /** Records the provenance of a new value.
   * @param {Node | undefined} node @param {Value} value @param {Frame} frame */
  #note(node, value, frame) {
    if (value.type === 'StringValue' && value.value.length > this.#limit) throw new TooLong();
    if (value.type === 'FunctionValue' && node?.type === 'MemberExpression')
      this.#noteMethod(node, value, frame.values[0]);
    if (this.#runs.has(value)) return;
    if (!node || LITERALS.has(node.type)) this.own(value);
    else if (PURE.has(node.type)) this.#derive(node, value, frame);
  }

  /** Records the owner of a method when it is first read.
   * @param {Node} node @param {Value} method @param {Value} owner */
  #noteMethod(node, method, owner) {
    if (this.#methods.has(method)) return;
    this.#methods.set(method, { owner, name: node.computed ? undefined : node.property.value });
  }

  /** @param {Node} node @param {Value} value its result @param {Frame} frame its operands */
  #derive(node, value, { values, callee }) {
    const method = callee && this.#methods.get(callee);
    const from = method ? values.map((v) => (v === callee ? method.owner : v)) : values;
    if (from.every((v) => this.#isOwn(v))) return this.own(value);
    if (value.type !== 'StringValue') return;
    if (node.operator?.value === '+' && from.every(({ type }) => type === 'StringValue'))
      this.#runs.set(value, this.runs(this.#join(from)));
    const [name, whole] = method
      ? [method.name, method.owner]
      : [node.filter && nameOf(node.filter), from[0]];
    if (!TRIMMING.has(name) || whole.type !== 'StringValue') return;
    const start = whole.value.indexOf(value.value);
    if (start >= 0) this.#runs.set(value, cut(this.runs(whole), start, value.value.length));
  }
}

/** @param {Node} filter with or without arguments @returns {string} */
const nameOf = (filter) => filter.value ?? filter.callee?.value;
/**
 * The filters min and max, which the package lacks; text without its case. The result is an element of the list.
 * @param {'min' | 'max'} filter @param {Value} list
 */
function extreme(filter, list) {
  const items = Array.isArray(list.value) ? list.value : [];
  const keys = items.map(({ value }) => (typeof value === 'string' ? value.toLowerCase() : value));
  const kinds = new Set(keys.map((key) => typeof key));
  if (!items.length || kinds.size > 1 || !/^(string|number|boolean)$/.test(typeof keys[0]))
    throw new Error(`${filter} needs a list of numbers or of texts`);
  const sign = filter === 'min' ? -1 : 1;
  const beyond = (/** @type {any} */ a, /** @type {any} */ b) =>
    (a > b ? sign : a < b ? -sign : 0) > 0;
  return items[keys.reduce((best, key, i) => (beyond(key, keys[best]) ? i : best), 0)];
}
/** Filters that accept undefined as an empty list or text. @type {Record<string, 'list' | 'text'>} */
const LENIENT = {
  ...{ length: 'list', list: 'list', map: 'list', join: 'list', first: 'list', last: 'list' },
  ...{ selectattr: 'list', rejectattr: 'list', select: 'list', reject: 'list' },
  ...{ trim: 'text', upper: 'text', lower: 'text', replace: 'text', string: 'text' },
};
/** Statements without output; in the package they return none. */
const SILENT = new Set(['Set', 'Macro', 'Comment']);
/** Literals of the template. */
const LITERALS = new Set(['StringLiteral', 'IntegerLiteral', 'FloatLiteral']);
/** Nodes whose value depends only on the values of their children. */
const PURE = new Set([
  ...['ArrayLiteral', 'TupleLiteral', 'ObjectLiteral', 'MemberExpression', 'CallExpression'],
  ...['UnaryExpression', 'BinaryExpression', 'FilterExpression', 'FilterStatement'],
]);
/** Values that are never own: a macro reads variables that are not its operands, a namespace is
 * mutable. Methods of own values are pure. */
const OPAQUE = new Set(['FunctionValue', 'NamespaceValue']);
/** Filters and methods that return a substring. Its first match is its position, because it does not
 * begin with a trimmed character. */
const TRIMMING = new Set(['trim', 'strip', 'lstrip', 'rstrip']);
/** Roles that are own, so that a template can form special tokens from them ('<|' + role + '|>').
 * Other roles are foreign: one might be `end`. */
const ROLES = new Set([
  ...['system', 'developer', 'user', 'assistant', 'model', 'chatbot', 'human', 'bot'],
  ...['tool', 'function', 'ipython', 'observation', 'environment'],
]);

/** The printed form of a value. @param {Value} value */
function written(value) {
  if (value.type === 'BooleanValue') return value.value ? 'True' : 'False';
  if (value.type === 'NullValue') return 'None';
  return value.toString();
}

/** Whitespace in Python. */
const BLANK =
  '\\t\\n\\v\\f\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** @param {string} text @param {string | null | undefined} chars to strip, default BLANK
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
 * Python string methods that the package lacks or implements without arguments.
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

/** Python's strftime of the current time, C locale. @param {string} format */
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

/** Names of the language; variables cannot override them. */
const GLOBALS = {
  ...{ true: true, false: false, none: null, True: true, False: false, None: null },
  ...{ range, raise_exception: raiseException, strftime_now: strftimeNow },
};

/** @param {string} template @param {Record<string, any>} variables @param {number} limit */
function render(template, variables, limit) {
  const { parsed } = new Template(template);
  const environment = new Environment();
  const interpreter = new ProvenanceInterpreter(environment, limit);
  for (const [name, value] of Object.entries(GLOBALS))
    interpreter.own(environment.set(name, value));
  for (const [name, value] of Object.entries(variables))
    if (environment.lookupVariable(name).type === 'UndefinedValue') environment.set(name, value);
  for (const name of ['bos_token', 'eos_token']) interpreter.own(environment.lookupVariable(name));
  for (const message of environment.lookupVariable('messages').value) {
    const role = message.value.get('role');
    if (ROLES.has(role?.value)) interpreter.own(role);
  }
  try {
    const text = interpreter.run(parsed);
    return { text: text.value, runs: interpreter.runs(text) };
  } catch (e) {
    throw Object.assign(/** @type {Error} */ (e), { place: interpreter.place });
  }
}

/* ---- Errors ---------------------------------------------------------------------------------- */

/** The syntax error of a template, '' for none. @param {string} template */
function syntaxError(template) {
  try {
    new Template(template);
    return '';
  } catch (e) {
    // The package throws a TypeError if the template ends too early.
    if (e instanceof TypeError) return 'a block or a tag is not closed';
    return /** @type {Error} */ (e).message;
  }
}

/**
 * The line of a syntax error, by bisection, because the package does not report it: the smallest number
 * of lines with the same error.
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

/** The source of a node, reformatted on one line. @param {Node | undefined} node */
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
  const advice = 'use generate() with your own prompt, or pass another chatTemplate to chat()';
  if (e instanceof TooLong) {
    const message = `the chat template writes more than ${limit} characters; ${advice}`;
    return { code: 'TEMPLATE_LIMIT', message, where: KEY };
  }
  if (e instanceof Raised) {
    const message = `the chat template rejects these messages: ${e.message}`;
    return { code: 'BAD_TEMPLATE', message, where: KEY };
  }
  const syntax = syntaxError(template);
  const where = syntax ? `${KEY}, line ${lineOf(template, syntax)}` : KEY;
  const place = syntax ? '' : asWritten(e.place);
  const what = `${place && ` in ${place}`}: ${syntax || e.message}`;
  const message = `the chat template failed${what}; ${advice}`;
  return { code: 'BAD_TEMPLATE', message, where };
}

/** @type {any} */
const port = nodeModule('worker_threads')?.parentPort ?? globalThis;
port.onmessage = (/** @type {MessageEvent} */ { data: { template, variables, limit } }) => {
  port.postMessage({ begun: true });
  try {
    port.postMessage(render(template, JSON.parse(variables), limit));
  } catch (e) {
    port.postMessage({ error: describe(template, e, limit) });
  }
};
port.postMessage({ ready: true });
