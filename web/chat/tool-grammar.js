/**
 * tool-grammar.js - the grammar (GBNF) of an answer that may call tools.
 *
 *   root ::= reasoning? ( text | text calls )       required: reasoning? calls
 *
 * A text ends, or goes on to the first mark of the format (the trigger), after which only a call can follow. Its
 * arguments are those of the tool's schema. Texts that must not contain a word are the states of the automaton of Knuth, Morris
 * and Pratt (1977), a rule each. Marks that are control tokens of the file are tokens of the grammar, not text.
 */

import { badArgument } from '../base/options.js';
import { classCharacter, literal, repetition } from '../schema/pattern.js';
import { Converter, grammarOf } from '../schema/schema.js';
import { commonLength, triggerOf } from './tool-format.js';

/** @typedef {import('./tool-format.js').ToolFormat} ToolFormat */
/** @typedef {import('./tool-format.js').Tool} Tool */
/** Control tokens in the texts of a format: text → id. @typedef {Map<string, number>} Controls */
/**
 * @typedef {object} Wanted
 * @property {'auto' | 'none' | 'required'} choice
 * @property {boolean} parallel whether an answer may have several calls
 * @property {{ open: string, close: string, inside: boolean }[]} reasoning marks; inside: the prompt ends in it
 */

const ID = '[a-zA-Z0-9]{9}';

/** Builds the rules of one answer. */
class Answer extends Converter {
  #controls;

  /** @param {Controls} controls */
  constructor(controls) {
    super();
    this.#controls = controls;
  }

  /** A literal text of the format, with its control tokens. @param {string} text */
  literal(text) {
    const parts = [];
    for (let rest = text; rest; ) {
      const [at, control] = this.#firstControl(rest);
      if (at > 0) parts.push(literal(rest.slice(0, at)));
      if (control) parts.push(`<[${this.#controls.get(control)}]>`);
      rest = rest.slice(at + control.length);
    }
    return parts.join(' ') || '""';
  }

  /** @param {string} text @returns {[number, string]} */
  #firstControl(text) {
    /** @type {[number, string]} */ let first = [text.length, ''];
    for (const control of this.#controls.keys()) {
      const at = text.indexOf(control);
      if (at >= 0 && (at < first[0] || (at === first[0] && control.length > first[1].length)))
        first = [at, control];
    }
    return first;
  }

  /**
   * A rule of the texts without a word, then the word and what follows it.
   * @param {string} name @param {string} word @param {string} after a rule; '' if the word may not come
   * @param {boolean} ends whether the text may end without the word
   */
  until(name, word, after, ends) {
    const control = this.#controls.get(word);
    if (control !== undefined) {
      const rest = after ? `${this.literal(word)} ${after}` : '';
      const tail = ends ? rest && ` ( ${rest} )?` : ` ${rest}`;
      return this.add(name, `!<[${control}]>*${tail}`);
    }
    const chars = [...word];
    const others = [...this.#controls.values()].map((id) => `<[${id}]>`);
    for (const state of chars.keys())
      this.add(`${name}-${state}`, this.#state(name, chars, state, others, after, ends));
    return `${name}-0`;
  }

  /** @param {string} name @param {string[]} word @param {number} state @param {string[]} others @param {string} after @param {boolean} ends */
  #state(name, word, state, others, after, ends) {
    const heads = [...new Set(word)].filter((c) => goesTo(word, state, c) > 0);
    const parts = heads.flatMap((c) => {
      const to = goesTo(word, state, c);
      if (to < word.length) return [`[${classCharacter(c)}] ${name}-${to}`];
      return after ? [`[${classCharacter(c)}] ${after}`] : [];
    });
    parts.push(`[^${heads.map(classCharacter).join('')}] ${name}-0`);
    for (const token of others) parts.push(`${token} ${name}-0`);
    return ends ? `( ${parts.join(' | ')} )?` : parts.join(' | ');
  }

  /** The calls, after the trigger. @param {ToolFormat} format @param {Tool[]} tools @param {string} trigger @param {boolean} parallel */
  calls(format, tools, trigger, parallel) {
    const several = parallel && format.next !== undefined;
    const of = (/** @type {boolean} */ more) =>
      tools.map((tool, i) => this.#call(format, tool, i, more)).join(' | ');
    const last = this.add('call-last', of(false));
    const more = several ? `${this.add('call-more', of(true))}* ` : '';
    return this.add('calls', `${this.literal(format.start.slice(trigger.length))} ${more}${last}`);
  }

  /** @param {ToolFormat} format @param {Tool} tool @param {number} i @param {boolean} more another call follows */
  #call(format, { name, parameters }, i, more) {
    const { order, between, pairs } = format;
    const values = { id: ID, name: literal(name), arguments: '' };
    const closing = this.literal((more ? format.next : format.end) ?? '');
    const where = `tools[${i}].parameters`;
    const schema = parameters ?? { type: 'object', properties: {} };
    if (pairs) {
      const none = this.literal((more ? pairs.noneNext : pairs.none) ?? '');
      const before = `${order.map((slot, k) => (k < order.length - 1 ? `${values[slot]} ` : '')).join('')}`;
      const open = this.literal(between.at(-1) ?? '');
      const list = this.#pairs(format, schema, `tool${i}`, where);
      const some = list.rule && `${open} ${list.rule} ${closing}`;
      return `${before}( ${[some, list.optional && none].filter(Boolean).join(' | ')} )`;
    }
    values.arguments = this.#schema(schema, `tool${i}`, where);
    const parts = order.flatMap((slot, k) => [
      ...(k ? [this.literal(between[k - 1])] : []),
      values[slot],
    ]);
    return `${parts.join(' ')} ${closing}`;
  }

  /** @param {unknown} schema @param {string} name @param {string} where */
  #schema(schema, name, where) {
    return named(where, () => this.schema(schema, name));
  }

  /** Arguments as pairs. @param {ToolFormat} format @param {any} schema @param {string} name @param {string} where */
  #pairs(format, schema, name, where) {
    named(where, () => grammarOf(schema)); // refuses what it would refuse in JSON
    const other = Object.keys(schema).find((word) => !OF_PAIRS.has(word));
    if (other !== undefined) refuse(`${where}/${other}`, OTHERWISE);
    const pairs = /** @type {import('./tool-format.js').Pairs} */ (format.pairs);
    const required = new Set(schema.required ?? []);
    const list = Object.entries(schema.properties ?? {}).map(([key, of]) => {
      const value = this.#value(format, of, schema, `${name}-${key}`, `${where}/properties/${key}`);
      return {
        rule: this.add(
          `${name}-${key}-pair`,
          `${literal(key)} ${this.literal(isText(of) ? pairs.isText : pairs.is)} ${value}`,
        ),
        needed: required.has(key),
      };
    });
    const separator = this.literal(pairs.next);
    /** Pairs after the first. @param {number} from */
    const rest = (from) =>
      list
        .slice(from)
        .map(({ rule, needed }) => ` ( ${separator} ${rule} )${needed ? '' : '?'}`)
        .join('');
    const firsts = list.findIndex(({ needed }) => needed);
    const heads = firsts < 0 ? list : list.slice(0, firsts + 1);
    const rules = heads.map(({ rule }, k) => `${rule}${rest(k + 1)}`);
    return {
      rule: rules.length ? this.add(`${name}-pairs`, rules.join(' | ')) : '',
      optional: firsts < 0,
    };
  }

  /** @param {ToolFormat} format @param {any} of a property's schema @param {any} root @param {string} name @param {string} where */
  #value(format, of, root, name, where) {
    const { quote, next, python } = /** @type {import('./tool-format.js').Pairs} */ (format.pairs);
    const defs = { $defs: root.$defs, definitions: root.definitions };
    const json = () => this.#schema({ ...defs, ...of }, name, where);
    if (!isText(of) || quote === '"') return python ? pythonic(json(), of) : json();
    const mark = this.literal(quote);
    // A raw text ends where one of the texts that can follow begins; it contains neither.
    const stop = quote || next.slice(0, Math.max(1, commonLength(next, format.end)));
    return `${mark} ${this.#text(of, name, stop, where)} ${mark}`;
  }

  /** A text without quotes. @param {any} of its schema @param {string} name @param {string} stop @param {string} where */
  #text(of, name, stop, where) {
    const { pattern, format, minLength = 0, maxLength = Infinity } = of;
    const all = valuesOf(of);
    if (all) return `( ${all.map(literal).join(' | ')} )`;
    if (pattern !== undefined) refuse(`${where}/pattern`, OTHERWISE);
    if (['date', 'time', 'date-time'].includes(format)) return this.known(format);
    if (format !== undefined) refuse(`${where}/format`, OTHERWISE);
    if (minLength === 0 && maxLength === Infinity) return this.until(name, stop, '', true);
    return repetition(`[^${classCharacter([...stop][0])}]`, minLength, maxLength);
  }
}

const OTHERWISE = 'this model writes arguments without JSON, where a grammar cannot keep this';
/** What the schema of arguments as pairs may have. */
const OF_PAIRS = new Set(
  'type properties required additionalProperties $defs definitions title description $schema $id $comment'.split(
    ' ',
  ),
);

/** Errors of a schema say where the schema is. @template T @param {string} where @param {() => T} work @returns {T} */
function named(where, work) {
  try {
    return work();
  } catch (e) {
    const { message, where: path = '' } = /** @type {import('../base/error.js').JielongError} */ (
      e
    );
    throw badArgument(`${where}: ${message}`, where + path.slice(1));
  }
}

/** @param {string} where @param {string} why @returns {never} */
function refuse(where, why) {
  throw badArgument(`${where}: ${why}`, where);
}

/** The values that a schema lists. @param {any} schema @returns {any[] | undefined} */
const valuesOf = ({ enum: values, const: value }) =>
  values ?? (value === undefined ? undefined : [value]);

/** Whether a schema describes texts. @param {any} schema */
export const isText = (schema) =>
  valuesOf(schema)?.every((v) => typeof v === 'string') ?? schema.type === 'string';

/** @param {string} json @param {any} schema */
const pythonic = (json, { type }) =>
  type === 'boolean' ? '("True" | "False")' : type === 'null' ? '"None"' : json;

/** The state after a character: the longest beginning of the word that ends there. @param {string[]} word @param {number} state @param {string} c */
function goesTo(word, state, c) {
  const read = [...word.slice(0, state), c];
  for (let n = Math.min(read.length, word.length); n > 0; n--)
    if (word.slice(0, n).every((x, i) => x === read[read.length - n + i])) return n;
  return 0;
}

/**
 * The grammar of an answer.
 * @param {ToolFormat} format @param {Tool[]} tools that may be called @param {Controls} controls @param {Wanted} wanted
 */
export function answerGrammar(format, tools, controls, { choice, parallel, reasoning }) {
  const answer = new Answer(controls);
  const trigger = triggerOf(format.start);
  const calls = choice === 'none' ? '' : answer.calls(format, tools, trigger, parallel);
  const begin = trigger ? answer.literal(trigger) : '';
  const body =
    choice === 'required'
      ? answer.add('body', `[\\n]{0,2} ${begin} ${calls}`)
      : answer.add('body', trigger ? answer.until('text', trigger, calls, true) : bare(calls));
  const mayEnd = choice !== 'required';
  const open = reasoning.find(({ inside }) => inside);
  if (open) answer.add('root', answer.until('thought', open.close, body, mayEnd));
  else {
    const [first] = reasoning;
    const thought = first && answer.until('thought', first.close, body, mayEnd);
    const marked = thought ? ` | [\\n]{0,2} ${answer.literal(first.open)} ${thought}` : '';
    answer.add('root', `${body}${marked}`);
  }
  return answer.text();
}

/** Calls that begin like JSON can only begin the answer. @param {string} calls */
const bare = (calls) => `${calls ? `[\\n]{0,2} ${calls} | ` : ''}( [^{\\[ \\n] .* )?`;
