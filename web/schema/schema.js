/**
 * schema.js - a JSON schema as a grammar (GBNF): what matches the grammar is JSON that the schema accepts.
 *
 * After llama.cpp's common/json-schema-to-grammar.cpp (MIT), whose rules and names it gives, with these
 * differences, each so that the text is valid: patterns (pattern.js); exponents of two digits, because
 * JSON.parse makes larger numbers infinite; no escapes of surrogates, because lengths count pairs as one; keys
 * of additional properties have no escape where they could spell a listed property. nodes.js says what
 * is rejected. Properties come in the schema's order; those that it does not list are only generated if
 * additionalProperties says so. Loaded on first use.
 */
import { integerRule } from './integer.js';
import { Builder, finiteNodes, refuse, resolved } from './nodes.js';
import { classCharacter, literal, NOT_PLAIN, patternRule, repetition } from './pattern.js';

/** @typedef {import('./nodes.js').Node} Node */

const HEX = '[0-9a-fA-F]';
const CHAR = `[^${NOT_PLAIN}] | [\\\\] (["\\\\bfnrt] | "u" ([0-9a-cA-CefEF] ${HEX}{3} | [dD] [0-7] ${HEX}{2}))`;
const OFFSET = '( "Z" | ( "+" | "-" ) ( [01] [0-9] | "2" [0-3] ) ":" [0-5] [0-9] )';
const quoted = (/** @type {string} */ rule) => `"\\"" ${rule} "\\""`;

/** Rules with what they need. @type {Record<string, [rule: string, needs?: string]>} */
const RULES = {
  boolean: ['("true" | "false")'],
  'decimal-part': ['[0-9]{1,16}'],
  'integral-part': ['[0] | [1-9] [0-9]{0,15}'],
  number: [
    '("-"? integral-part) ("." decimal-part)? ([eE] [-+]? [0-9]{1,2})?',
    'integral-part decimal-part',
  ],
  integer: ['("-"? integral-part)', 'integral-part'],
  value: [
    'object | array | string | number | boolean | null',
    'object array string number boolean null',
  ],
  object: [
    '"{" space ( string ":" space value ("," space string ":" space value)* )? space "}"',
    'string value',
  ],
  array: ['"[" space ( value ("," space value)* )? space "]"', 'value'],
  uuid: [quoted([8, 4, 4, 4, 12].map((n) => `${HEX}{${n}}`).join(' "-" '))],
  char: [CHAR],
  string: [quoted('char*'), 'char'],
  null: ['"null"'],
  date: ['[0-9]{4} "-" ( "0" [1-9] | "1" [0-2] ) "-" ( "0" [1-9] | [1-2] [0-9] | "3" [0-1] )'],
  time: [`([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ( "." [0-9]{3} )? ${OFFSET}`],
  'date-time': ['date "T" time', 'date time'],
  'date-string': [quoted('date'), 'date'],
  'time-string': [quoted('time'), 'time'],
  'date-time-string': [quoted('date-time'), 'date-time'],
};

/** Rules of one grammar, from several schemas. */
export class Converter {
  /** @type {Map<string, string>} */
  #rules = new Map([['space', '| " " | "\\n"{1,2} [ \\t]{0,20}']]);
  #resolving = new Set();
  /** @type {Set<Node>} */ #finite = new Set();
  #prefix = ''; // of the rules of references

  /**
   * Adds the rules of a schema.
   * @param {unknown} schema @param {string} name of its rule, '' for root
   * @returns {string} the rule's name
   */
  schema(schema, name) {
    const root = new Builder(schema).build();
    this.#finite = finiteNodes(root);
    if (!this.#finite.has(root)) refuse(unmet(root, this.#finite), 'no finite value meets it');
    this.#prefix = name && `${name}-`;
    return this.visit(root, name);
  }

  /** Sorted by name. */
  text() {
    const rules = [...this.#rules].sort(([a], [b]) => (a < b ? -1 : 1));
    return rules.map(([name, rule]) => `${name} ::= ${rule}\n`).join('');
  }

  /** @param {string} name @param {string} rule @returns {string} the name, with a number if it has another rule */
  add(name, rule) {
    const base = name.replace(/[^a-zA-Z0-9-]+/g, '-');
    let key = base;
    for (let i = 0; this.#rules.has(key) && this.#rules.get(key) !== rule; i++) key = `${base}${i}`;
    this.#rules.set(key, rule);
    return key;
  }

  /** @param {string} name of RULES @param {string} [as] */
  known(name, as = name) {
    const [rule, needs = ''] = RULES[name];
    const added = this.add(as, rule);
    for (const need of needs.split(' ').filter(Boolean))
      if (!this.#rules.has(need)) this.known(need);
    return added;
  }

  /** The name of a node's rule. @param {Node} node @param {string} name @returns {string} */
  visit(node, name) {
    if (!this.#finite.has(node)) refuse(node.path, 'no finite value meets it');
    const reserved = name === 'root' || Object.hasOwn(RULES, name);
    const rule = reserved ? `${name}-` : name || 'root';
    const sub = name ? `${name}-` : '';
    switch (node.kind) {
      case 'any':
        return this.add(rule, this.known('value'));
      case 'ref':
        return this.add(rule, this.#ref(node));
      case 'anyOf':
        return this.add(rule, this.#union(node, name));
      case 'allOf':
        return this.add(rule, this.#all(node, name));
      case 'values':
        return this.add(rule, valuesRule(node));
      case 'object':
        return this.add(rule, this.#object(node, name));
      case 'tuple':
        return this.add(rule, this.#tuple(node, sub));
      case 'array':
        return this.#array(node, rule, sub);
      case 'string':
        return this.#string(node, rule);
      case 'integer':
        if (node.low === -Infinity && node.high === Infinity)
          return this.#primitive('integer', rule);
        return this.add(rule, `(${integerRule(Number(node.low), Number(node.high))})`);
      default:
        return this.#primitive(node.kind, rule);
    }
  }

  /** @param {string} name of RULES @param {string} rule */
  #primitive(name, rule) {
    return this.known(name, rule === 'root' ? 'root' : name);
  }

  /** @param {Node} node */
  #ref({ ref = '', target, path }) {
    const name = `${this.#prefix}ref${ref.slice(1).replace(/[^a-zA-Z0-9-]+/g, '-')}`;
    if (this.#rules.has(name) || this.#resolving.has(ref)) return name;
    if (!target) return refuse(path, `it refers to itself`);
    this.#resolving.add(ref);
    const rule = this.visit(target, name);
    this.#resolving.delete(ref);
    return rule;
  }

  /** Alternatives that cannot be met are left out. @param {Node} node @param {string} name */
  #union({ children = [] }, name) {
    const rules = children
      .filter((child) => this.#finite.has(child))
      .map((child, i) => this.visit(child, `${name ? `${name}-` : 'alternative-'}${i}`));
    return rules.join(' | ');
  }

  /** Objects with the properties of all, or the values of all enumerations. @param {Node} node @param {string} name */
  #all({ children = [], path }, name) {
    const parts = children.map(resolved);
    if (parts.every(({ kind }) => kind === 'values')) {
      const texts = parts.map(({ values = [] }) => values.map((value) => JSON.stringify(value)));
      const common = [...new Set(texts[0])].filter((text) => texts.every((t) => t.includes(text)));
      if (!common.length) refuse(`${path}/allOf`, 'no value is in all of them');
      return `(${common.sort().map(literal).join(' | ')})`;
    }
    if (parts.length === 1) return this.visit(children[0], name ? `${name}-0` : 'alternative-0');
    /** @type {NonNullable<Node['properties']>} */ const properties = [];
    for (const part of parts) this.#addComponent(part, properties, part.kind !== 'anyOf');
    const names = properties.map((one) => one.name);
    const twice = names.find((one, i) => names.indexOf(one) !== i);
    if (twice !== undefined) refuse(`${path}/allOf`, `two describe the property '${twice}'`);
    return this.#object({ kind: 'object', path, properties }, name);
  }

  /** @param {Node} part of allOf @param {NonNullable<Node['properties']>} properties @param {boolean} required */
  #addComponent(part, properties, required) {
    if (part.kind === 'anyOf') {
      for (const child of part.children ?? [])
        this.#addComponent(resolved(child), properties, false);
      return;
    }
    const { kind, path, closed, properties: own = [] } = part;
    if (kind !== 'object') refuse(path, 'within allOf, only objects or only enumerations');
    if (closed) refuse(path, 'additionalProperties excludes the properties of the others in allOf');
    if (!required && own.some((one) => one.required))
      refuse(`${path}/required`, 'a grammar cannot keep this in anyOf within allOf');
    for (const one of own) properties.push({ ...one, required });
  }

  /** @param {Node} node @param {string} sub */
  #tuple({ children = [] }, sub) {
    const items = children.map((child, i) => this.visit(child, `${sub}tuple-${i}`));
    return `"[" space ${items.join(' "," space ')} space "]"`;
  }

  /** @param {Node} node @param {string} rule @param {string} sub */
  #array({ items, low = 0, high = Infinity }, rule, sub) {
    const item = /** @type {Node} */ (items);
    if (item.kind === 'any' && low === 0 && high === Infinity)
      return this.#primitive('array', rule);
    if (high === 0 || !this.#finite.has(item)) return this.add(rule, '"[" space "]"');
    const name = this.visit(item, `${sub}item`);
    return this.add(rule, `"[" space ${repetition(name, low, high, '"," space')} space "]"`);
  }

  /** @param {Node} node @param {string} rule */
  #string({ pattern, format, low = 0, high = Infinity, path }, rule) {
    if (pattern !== undefined) {
      const add = (/** @type {string} */ name, /** @type {string} */ text) => this.add(name, text);
      const no = (/** @type {string} */ why) => refuse(`${path}/pattern`, why);
      const any = /^\^.*\$$/s.test(pattern) ? '' : this.known('char');
      return this.add(rule, patternRule(pattern, rule, add, any, no));
    }
    if (format?.startsWith('uuid')) return this.#primitive('uuid', rule);
    if (format) return this.add(rule, this.known(`${format}-string`));
    if (low === 0 && high === Infinity) return this.#primitive('string', rule);
    return this.add(rule, quoted(repetition(this.known('char'), low, high)));
  }

  /* ---- Objects ---- */

  /** @param {Node} node @param {string} name */
  #object({ properties = [], additional, path }, name) {
    if (!properties.length && additional?.kind === 'any') return this.known('object');
    const sub = name ? `${name}-` : '';
    const possible = properties.filter(({ node }) => this.#finite.has(node));
    /** Rules of pairs. @type {Map<string, string>} */ const pairs = new Map();
    for (const { name: property, node } of possible) {
      const value = this.visit(node, sub + property);
      const key = literal(JSON.stringify(property));
      pairs.set(property, this.add(`${sub}${property}-kv`, `${key} space ":" space ${value}`));
    }
    const required = possible.filter((one) => one.required).map((one) => `${pairs.get(one.name)}`);
    const optional = possible.filter((one) => !one.required).map((one) => one.name);
    if (additional && this.#finite.has(additional)) {
      const names = properties.map((one) => one.name);
      pairs.set('*', this.#additional(additional, `${sub}additional`, names));
      if (names.includes('*'))
        refuse(path, "with additionalProperties a property '*' is not possible");
      optional.push('*');
    }
    if (!required.length && !optional.length) return '"{" space "}"';
    let rule = `"{" space ${required.join(' "," space ')}`;
    if (optional.length) {
      const first = optional.map((_, i) => this.#rest(optional.slice(i), pairs, sub, false));
      const some = first.join(' | ');
      rule += required.length ? ` ( "," space ( ${some} ) )?` : ` (${some} )?`;
    }
    return `${rule} space "}"`;
  }

  /** Optional pairs, in order. @param {string[]} names @param {Map<string, string>} pairs @param {string} sub
   *  @param {boolean} comma @returns {string} */
  #rest([name, ...more], pairs, sub, comma) {
    const pair = pairs.get(name);
    const next = `( "," space ${pair} )`;
    const many = name === '*';
    let rule = comma ? `${next}${many ? '*' : '?'}` : `${pair}${many ? ` ${next}*` : ''}`;
    if (more.length)
      rule += ` ${this.add(`${sub}${name}-rest`, this.#rest(more, pairs, sub, true))}`;
    return rule;
  }

  /** @param {Node} node @param {string} name @param {string[]} names of listed properties */
  #additional(node, name, names) {
    const value = node.kind === 'any' ? this.known('value') : this.visit(node, `${name}-value`);
    const key = names.length ? this.add(`${name}-k`, this.#otherKeys(names)) : this.known('string');
    return this.add(`${name}-kv`, `${key} ":" space ${value}`);
  }

  /** A rule of the strings that are none of the names. @param {string[]} names */
  #otherKeys(names) {
    const char = this.known('char');
    /** @param {string[][]} rest characters of the names from here on @returns {string} */
    const branch = (rest) => {
      const heads = [...new Set(rest.flatMap(([c]) => (plain(c) ? [c] : [])))].sort(byCode);
      const branches = heads.map((head) => {
        const tails = rest.filter(([c]) => c === head).map((name) => name.slice(1));
        const longer = tails.filter((tail) => tail.length);
        const inner = longer.length ? `(${branch(longer)})` : `${char}+`;
        return `[${classCharacter(head)}] ${inner}`;
      });
      const others = `[^${NOT_PLAIN}${heads.map(classCharacter).join('')}] ${char}*`;
      return [...branches, others].join(' | ');
    };
    const list = names.map((name) => [...name]);
    const some = list.filter((name) => name.length);
    return `["] ( ${branch(some)} )${some.length < list.length ? '' : '?'} ["]`;
  }
}

/** Whether JSON writes it as it is. @param {string | undefined} c */
const plain = (c) => c !== undefined && c !== '\x7f' && JSON.stringify(c) === `"${c}"`;
/** @param {string} a @param {string} b */
const byCode = (a, b) => Number(a.codePointAt(0)) - Number(b.codePointAt(0));

/** @param {Node} node */
const valuesRule = ({ values = [] }) => {
  const texts = values.map((value) => literal(JSON.stringify(value)));
  return texts.length === 1 ? texts[0] : `(${texts.join(' | ')})`;
};

/** The grammar of a schema. @param {unknown} schema */
export function grammarOf(schema) {
  const converter = new Converter();
  converter.schema(schema, '');
  return converter.text();
}

/** The path of the part that makes a node impossible. @param {Node} node @param {Set<Node>} finite @returns {string} */
function unmet(node, finite) {
  const seen = new Set();
  for (let at = node; ; ) {
    seen.add(at);
    const { target, items, children = [], properties = [] } = at;
    const required = properties.filter((one) => one.required).map((one) => one.node);
    const parts = [
      ...(target ? [target] : []),
      ...(items ? [items] : []),
      ...children,
      ...required,
    ];
    const next = parts.find((part) => !finite.has(part) && !seen.has(part));
    if (!next) return at.path;
    at = next;
  }
}
