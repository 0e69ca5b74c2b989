/**
 * template.js - chat templates at work, in a worker of their own: variables → text, and which parts
 * of the text are the template's.
 *
 * Place in the flow: chat.js has this worker render, ends it when a rendering takes too long, and
 * has the text tokenised. The templates are Jinja as Hugging Face's transformers run it
 * (trim_blocks, lstrip_blocks); the language is read by the package @huggingface/jinja.
 *
 * Whose words. Special tokens must count where the template writes them and must not where a
 * message or an option holds them. So a value is foreign unless it is proved to be the template's
 * own, by one of three rules:
 *   1. The template's literals, the names of the special tokens, the roles in ROLES and a loop's
 *      counters are own.
 *   2. What a pure operation (PURE) makes of own values alone is own, with everything in it.
 *   3. A string keeps runs [length, own], and concatenation and trimming keep them.
 * Everything else is foreign as a whole: keys, numbers and booleans of messages and options, what
 * was computed from them, and whatever a newer version of the package may add. A mistake here can
 * make a special token plain text, never the other way round. The text is that of a plain rendering.
 *
 * Messages. To the worker { template, variables, limit }, variables in JSON; from it { ready }, then { begun } and
 * { text, runs } or { error: { code, message, where } }.
 */

import { nodeModule } from '../base/host.js';
import { Environment, Interpreter, Template } from './jinja.js';

/** @typedef {import('./jinja.js').Value} Value */
/** @typedef {import('./jinja.js').Node} Node */
/** Stretches of a string, in order. @typedef {[length: number, own: boolean][]} Runs */
/** What was evaluated on the way to the value of a node, in order; values has the blocks too.
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

/** An interpreter that keeps the provenance of its values. */
class ProvenanceInterpreter extends Interpreter {
  /** @type {WeakMap<Value, Runs>} of strings; one that is not in it is foreign */ #runs =
    new WeakMap();
  /** @type {WeakSet<Value>} other values, own with everything in them */ #owned = new WeakSet();
  /** @type {WeakMap<Value, { owner: Value, name?: string }>} of methods */ #methods =
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

  /** Makes a value own, with everything in it. @param {Value | undefined} value */
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
      // The package gives no value at all for the first of an empty list.
      const given = this.#evaluate(node, environment) ?? super.evaluate(undefined, environment);
      const value = this.#mend(node, given, frame);
      this.#note(node, value, frame);
      outer.values.push(value);
      if (node && outer.node?.callee === node) outer.callee = value;
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

  /** A loop counts by itself, whatever it goes through. The package has just declared `loop`, and
   * only a variable of the loop can have taken that name.
   * @param {Node} node @param {Node[]} statements @param {Environment} environment */
  #ownCounters({ body, loopvar }, statements, environment) {
    const names = loopvar.type === 'Identifier' ? [loopvar] : loopvar.value;
    if (statements !== body || names.some((/** @type {Node} */ n) => n.value === 'loop')) return;
    const loop = environment.lookupVariable('loop').value;
    for (const name of ['index', 'index0']) this.own(loop.get(name));
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

  /** Finds out whose a new value is.
   * @param {Node | undefined} node @param {Value} value @param {Frame} frame */
  #note(node, value, frame) {
    if (value.type === 'StringValue' && value.value.length > this.#limit) throw new TooLong();
    if (value.type === 'FunctionValue' && node?.type === 'MemberExpression')
      this.#noteMethod(node, value, frame.values[0]);
    if (this.#runs.has(value)) return;
    if (!node || LITERALS.has(node.type)) this.own(value);
    else if (PURE.has(node.type)) this.#derive(node, value, frame);
  }

  /** A method first shows itself where it is read from the value that it belongs to.
   * @param {Node} node @param {Value} method @param {Value} owner */
  #noteMethod(node, method, owner) {
    if (this.#methods.has(method)) return;
    this.#methods.set(method, { owner, name: node.computed ? undefined : node.property.value });
  }

  /** @param {Node} node @param {Value} value what it made @param {Frame} frame of these */
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
/** Filters that take nothing for an empty list or text. @type {Record<string, 'list' | 'text'>} */
const LENIENT = {
  ...{ length: 'list', list: 'list', map: 'list', join: 'list', first: 'list', last: 'list' },
  ...{ selectattr: 'list', rejectattr: 'list', select: 'list', reject: 'list' },
  ...{ trim: 'text', upper: 'text', lower: 'text', replace: 'text', string: 'text' },
};
/** Statements that write nothing; the package has them give none. */
const SILENT = new Set(['Set', 'Macro', 'Comment']);
/** Nodes whose value the template spells out. */
const LITERALS = new Set(['StringLiteral', 'IntegerLiteral', 'FloatLiteral']);
/** Nodes whose value depends on nothing but the values that are evaluated within. */
const PURE = new Set([
  ...['ArrayLiteral', 'TupleLiteral', 'ObjectLiteral', 'MemberExpression', 'CallExpression'],
  ...['UnaryExpression', 'BinaryExpression', 'FilterExpression', 'FilterStatement'],
]);
/** Values that are never own: a macro reads variables that its call does not show, a namespace
 * changes. The methods of an own value are as pure as its filters. */
const OPAQUE = new Set(['FunctionValue', 'NamespaceValue']);
/** Filters and methods that give one stretch of a string. It begins where it is first found, for
 * it does not begin with any character that was cut off before it. */
const TRIMMING = new Set(['trim', 'strip', 'lstrip', 'rstrip']);
/** Roles whose words are the template's, so that it can make special tokens of them ('<|' + role +
 * '|>'). Any other role is the caller's text: it might be `end`. */
const ROLES = new Set([
  ...['system', 'developer', 'user', 'assistant', 'model', 'chatbot', 'human', 'bot'],
  ...['tool', 'function', 'ipython', 'observation', 'environment'],
]);

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

/** What the language itself names; variables cannot take these names. */
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
    port.postMessage(render(template, JSON.parse(variables), limit));
  } catch (e) {
    port.postMessage({ error: describe(template, e, limit) });
  }
};
port.postMessage({ ready: true });
