/**
 * tool-calls.js - reads the calls of tools in an answer, token by token.
 */
import { jsonEnd, triggerOf } from './tool-format.js';
import { isText } from './tool-grammar.js';

/** @typedef {import('./tool-format.js').ToolFormat} ToolFormat */
/** @typedef {import('./tool-format.js').Pairs} Pairs */
/** @typedef {import('./tool-format.js').ToolCall} ToolCall */
/** @typedef {import('./tool-format.js').Tool} Tool */
/** @typedef {import('./reasoning.js').ReasoningSplitter} ReasoningSplitter */

/** The number of characters at the end of a text with which a word may begin. @param {string} text @param {string} word */
function begun(text, word) {
  for (let n = Math.min(word.length - 1, text.length); n > 0; n--)
    if (word.startsWith(text.slice(-n))) return n;
  return 0;
}

/**
 * The parts of an answer's tokens: those of a call, of the reasoning and of the text. Text that may become the first
 * mark of a call counts as the call's; `call` is the one that the last token has completed.
 */
export class ToolSplitter {
  #reasoning;
  #format;
  #tools;
  #controls;
  #trigger;
  #text = ''; // of the answer, from where a call may begin
  #inside = false;
  #read = 0; // calls
  #number;
  /** @type {ToolCall | undefined} */ call;

  /**
   * @param {ReasoningSplitter} reasoning @param {ToolFormat} format @param {Tool[]} tools
   * @param {Map<number, string>} controls texts of control tokens @param {number} number of the calls before, for ids
   */
  constructor(reasoning, format, tools, controls, number) {
    this.#reasoning = reasoning;
    this.#format = format;
    this.#tools = tools;
    this.#controls = controls;
    this.#trigger = triggerOf(format.start);
    this.#number = number;
  }

  /** @param {{ id: number, text: string }} token @returns {'reasoning' | 'answer' | 'tool'} */
  take(token) {
    this.call = undefined;
    const part = this.#inside ? 'answer' : this.#reasoning.take(token);
    if (part === 'reasoning' && !this.#reasoning.open) this.#text = '';
    else this.#text += token.text || (this.#controls.get(token.id) ?? '');
    if (part === 'reasoning') return part;
    this.#inside ||= this.#begins();
    if (!this.#inside) return begun(this.#text, this.#trigger) ? 'tool' : 'answer';
    const calls = readCalls(this.#format, this.#text, this.#tools);
    const call = calls[this.#read];
    if (call) {
      const id = call.id ?? `call${String(this.#number + this.#read).padStart(5, '0')}`;
      this.call = { ...call, id };
      this.#read++;
    }
    return 'tool';
  }

  /** Whether calls have begun; keeps of the text what belongs to them, or may. */
  #begins() {
    if (!this.#trigger) return /^\s*[{[]/.test(this.#text);
    const at = this.#text.indexOf(this.#trigger);
    if (at < 0) this.#text = this.#text.slice(-this.#trigger.length);
    else this.#text = this.#text.slice(at);
    return at >= 0;
  }
}

/** Reads literals and values of a text, which may end anywhere. */
class Cursor {
  at = 0;

  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  /** @param {string} text @returns {boolean} whether it comes next, and was passed */
  literal(text) {
    const comes = this.text.startsWith(text, this.at);
    if (comes) this.at += text.length;
    return comes;
  }

  /** The text before the first of some literals, which is passed. @param {string[]} ends @returns {[text: string, end: string] | undefined} */
  until(...ends) {
    ends = ends.filter((end) => end);
    const found = ends
      .map((end) => this.text.indexOf(end, this.at))
      .map((at) => (at < 0 ? Infinity : at));
    const at = Math.min(...found);
    if (at === Infinity) return undefined;
    const texts = ends.filter((_, i) => found[i] === at).sort((a, b) => b.length - a.length);
    const text = this.text.slice(this.at, at);
    this.at = at + texts[0].length;
    return [text, texts[0]];
  }
}

/** @typedef {Omit<ToolCall, 'id'> & { id?: string }} Call */

/**
 * The complete calls of a text that begins with the format's start.
 * @param {ToolFormat} format @param {string} text @param {Tool[]} tools @returns {Call[]}
 */
export function readCalls(format, text, tools) {
  const cursor = new Cursor(text.trimStart());
  /** @type {Call[]} */ const calls = [];
  if (!cursor.literal(format.start)) return calls;
  for (;;) {
    const read = readCall(format, cursor, tools);
    if (!read) return calls;
    calls.push(read.call);
    if (!read.more) return calls;
  }
}

/**
 * The next call, and whether another follows; undefined: it is not complete.
 * @param {ToolFormat} format @param {Cursor} cursor @param {Tool[]} tools @returns {{ call: Call, more: boolean } | undefined}
 */
function readCall(format, cursor, tools) {
  const { order, between, pairs, next, end } = format;
  /** @type {any} */ const call = {};
  for (const [k, slot] of order.entries()) {
    const after = between[k];
    if (slot === 'arguments' && pairs) {
      const closing = readPairs(format, cursor, keysOf(tools, call.name), call);
      return closing === undefined ? undefined : { call, more: closing === next };
    }
    if (slot === 'arguments') {
      call.arguments = readJson(cursor);
      if (!call.arguments || (after && !cursor.literal(after))) return undefined;
      continue;
    }
    const bare = pairs && order[k + 1] === 'arguments' ? [pairs.none, pairs.noneNext ?? ''] : [];
    const found = cursor.until(...(after ? [after, ...bare] : [end, next ?? '']));
    if (!found) return undefined;
    call[slot] = found[0];
    if (after === found[1]) continue;
    call.arguments ??= {};
    return { call, more: found[1] === next || found[1] === pairs?.noneNext };
  }
  return { call, more: next !== undefined && cursor.literal(next) };
}

/** @param {Cursor} cursor @returns {any} undefined: not complete */
function readJson(cursor) {
  const end = jsonEnd(cursor.text, cursor.at);
  if (end < 0) return undefined;
  const value = JSON.parse(cursor.text.slice(cursor.at, end));
  cursor.at = end;
  return value;
}

/** The properties of a tool: names, and whether they are texts. @param {Tool[]} tools @param {string} name @returns {[string, boolean][]} */
function keysOf(tools, name) {
  const { properties = {} } = /** @type {any} */ (
    tools.find((tool) => tool.name === name)?.parameters ?? {}
  );
  return Object.keys(properties).map((key) => [key, isText(properties[key])]);
}

/**
 * Reads arguments into call; returns the text that closes them, undefined if they are not complete.
 * @param {ToolFormat} format @param {Cursor} cursor @param {[string, boolean][]} keys @param {any} call
 */
function readPairs({ pairs, next = '', end }, cursor, keys, call) {
  const { is, isText: isToo, next: separator, quote } = /** @type {Pairs} */ (pairs);
  /** @type {[string, unknown][]} */ const read = [];
  for (;;) {
    const known = keys.find(([key, text]) => cursor.literal(key + (text ? isToo : is)));
    if (!known) return undefined;
    const json = !known[1] || quote === '"';
    if (!json && !cursor.literal(quote)) return undefined;
    const close = json ? '' : quote;
    const whole = json ? readJsonStart(cursor) : '';
    if (whole === undefined) return undefined;
    const found = cursor.until(...[separator, next, end].map((s) => s && close + s));
    if (!found) return undefined;
    read.push([known[0], json ? pairValue(whole + found[0]) : found[0]]);
    call.arguments = Object.fromEntries(read); // own properties, whatever their names
    if (found[1] !== close + separator) return found[1].slice(close.length);
  }
}

/** A JSON string, list or object; '' if another value comes. @param {Cursor} cursor */
function readJsonStart(cursor) {
  if (!'"[{'.includes(cursor.text[cursor.at] ?? '"')) return '';
  const from = cursor.at;
  const end = jsonEnd(cursor.text, from);
  if (end < 0) return undefined;
  cursor.at = end;
  return cursor.text.slice(from, end);
}

/** @type {Record<string, unknown>} */
const PYTHON = { True: true, False: false, None: null };
/** @param {string} text of a value */
const pairValue = (text) => (Object.hasOwn(PYTHON, text) ? PYTHON[text] : JSON.parse(text));
