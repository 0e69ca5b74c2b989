/**
 * nodes.js - a JSON schema (drafts 7 to 2020-12) as a tree of nodes, or an error with its path.
 *
 * After llama.cpp's common/json-schema.cpp (MIT). Unlike there, nothing is silently dropped: a keyword that a
 * grammar cannot keep is rejected with its path, and so is a schema that no value can meet. Annotations and
 * unknown keywords are ignored; of formats, date, time, date-time and uuid are kept.
 */
import { badArgument, describe } from '../base/options.js';

/**
 * @typedef {{ kind: string, path: string, children?: Node[], ref?: string, target?: Node, values?: any[],
 *   properties?: { name: string, node: Node, required: boolean }[], additional?: Node | null, items?: Node,
 *   low?: number, high?: number, pattern?: string, format?: string, closed?: boolean }} Node
 *   kinds: any, never, ref, anyOf, allOf, values, object, array, tuple, string, integer, number, boolean, null
 */

/** Keywords that restrict values of a type, and those among them that nodes keep. */
const KEYWORDS = /** @type {Record<string, [all: string, kept: string]>} */ ({
  object: [
    'properties required additionalProperties patternProperties propertyNames minProperties ' +
      'maxProperties dependencies dependentRequired dependentSchemas unevaluatedProperties',
    'properties required additionalProperties',
  ],
  array: [
    'items prefixItems additionalItems minItems maxItems uniqueItems contains minContains ' +
      'maxContains unevaluatedItems',
    'items prefixItems additionalItems minItems maxItems',
  ],
  string: ['minLength maxLength pattern format', 'minLength maxLength pattern format'],
  integer: [
    'minimum maximum exclusiveMinimum exclusiveMaximum multipleOf',
    'minimum maximum exclusiveMinimum exclusiveMaximum',
  ],
  number: ['minimum maximum exclusiveMinimum exclusiveMaximum multipleOf', ''],
  boolean: ['', ''],
  null: ['', ''],
});
const NEVER_KEPT = ['not', 'if', 'then', 'else', '$dynamicRef', '$recursiveRef'];
const COMBINING = ['$ref', 'oneOf', 'anyOf', 'allOf', 'const', 'enum'];
const NEUTRAL = /** @type {Record<string, unknown[]>} */ ({
  uniqueItems: [false],
  minProperties: [0],
  minContains: [0],
  unevaluatedProperties: [true],
  unevaluatedItems: [true],
});
const FORMATS = /^(date|time|date-time|uuid[1-5]?)$/;
const REPEAT = 2000; // of a grammar

/** @param {string} path @param {string} why @returns {never} */
export function refuse(path, why) {
  throw badArgument(`the schema at ${path}: ${why}`, path);
}

/** @param {unknown} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The schema's type of a value. @param {unknown} value */
function typeOf(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

/** Whether a value has a type of the list. @param {unknown} value @param {string[]} types */
const hasType = (value, types) =>
  types.includes(typeOf(value)) || (types.includes('number') && typeof value === 'number');

/** Types of a node's values. @param {Node} node @param {Set<Node>} [seen] @returns {string[]} */
function typesOf(node, seen = new Set()) {
  if (seen.has(node)) return [];
  seen.add(node);
  const all = Object.keys(KEYWORDS);
  if (node.kind === 'any') return all;
  if (node.kind === 'number') return ['number', 'integer'];
  if (node.kind === 'values') return (node.values ?? []).map(typeOf);
  if (node.kind === 'tuple') return ['array'];
  if (node.kind === 'ref') return node.target ? typesOf(node.target, seen) : all;
  if (node.kind === 'anyOf') return (node.children ?? []).flatMap((child) => typesOf(child, seen));
  if (node.kind === 'allOf') return typesOf(/** @type {Node[]} */ (node.children)[0], seen);
  return node.kind === 'never' ? [] : [node.kind];
}

/** The node that a reference means. @param {Node} node @returns {Node} */
export function resolved(node) {
  let at = node;
  for (let i = 0; at.kind === 'ref' && at.target && i < 100; i++) at = at.target;
  return at;
}

export class Builder {
  #root;
  /** @type {Map<string, Node>} */ #refs = new Map();
  /** Nodes whose alternatives exclude each other, as checked at the end. @type {Node[]} */ #oneOf =
    [];
  /** Checks that need the targets of references. @type {(() => void)[]} */ #later = [];

  /** @param {unknown} root */
  constructor(root) {
    this.#root = root;
  }

  build() {
    const node = this.#node(this.#root, '#');
    for (const check of this.#later) check();
    for (const one of this.#oneOf) this.#checkOneOf(one);
    return node;
  }

  /** @param {any} schema @param {string} path @returns {Node} */
  #node(schema, path) {
    if (schema === true) return { kind: 'any', path };
    if (schema === false) return { kind: 'never', path };
    if (!isObject(schema))
      refuse(path, `expected an object or a boolean, found ${describe(schema)}`);
    for (const word of NEVER_KEPT)
      if (Object.hasOwn(schema, word)) refuse(`${path}/${word}`, 'a grammar cannot keep this');
    const types = this.#types(schema, path);
    const [combining, ...more] = COMBINING.filter((word) => Object.hasOwn(schema, word));
    if (more.length)
      refuse(`${path}/${more[0]}`, `a grammar cannot keep this together with ${combining}`);
    if (combining) return this.#combined(schema, path, combining, types);
    if (types && types.length > 1) {
      const children = types.map((type) => this.#typed(schema, path, type));
      return { kind: 'anyOf', path, children };
    }
    return this.#typed(schema, path, types?.[0] ?? this.#guess(schema, path));
  }

  /** @param {any} schema @param {string} path @returns {string[] | undefined} */
  #types({ type }, path) {
    if (type === undefined) return undefined;
    const types = Array.isArray(type) ? type : [type];
    const wrong = types.find((one) => !Object.hasOwn(KEYWORDS, one));
    if (wrong !== undefined || !types.length)
      refuse(`${path}/type`, `there is no type ${describe(wrong)}`);
    return types;
  }

  /** Without a type, its keywords tell it: values of other types are not generated. @param {any} schema @param {string} path */
  #guess(schema, path) {
    for (const [type, [all]] of Object.entries(KEYWORDS)) {
      const found = all.split(' ').find((word) => word && Object.hasOwn(schema, word));
      if (found === 'format' && !FORMATS.test(schema.format)) continue;
      if (found && type === 'integer') refuse(`${path}/${found}`, 'this needs the type integer');
      if (found) return type;
    }
    return 'any';
  }

  /** @param {any} schema @param {string} path @param {string} type @returns {Node} */
  #typed(schema, path, type) {
    if (type === 'any') return { kind: 'any', path };
    const [all, kept] = KEYWORDS[type];
    for (const word of all.split(' ')) {
      if (!word || !Object.hasOwn(schema, word) || kept.split(' ').includes(word)) continue;
      if (NEUTRAL[word]?.includes(schema[word])) continue;
      refuse(`${path}/${word}`, `a grammar cannot keep this for the type ${type}`);
    }
    if (type === 'object') return this.#object(schema, path);
    if (type === 'array') return this.#array(schema, path);
    if (type === 'string') return this.#string(schema, path);
    if (type === 'integer') return this.#integer(schema, path);
    return { kind: type, path };
  }

  /** @param {any} schema @param {string} path @param {string} word @param {string[]} [types] @returns {Node} */
  #combined(schema, path, word, types) {
    for (const [all] of Object.values(KEYWORDS))
      for (const other of all.split(' '))
        if (other && other !== 'format' && Object.hasOwn(schema, other) && !/const|enum/.test(word))
          refuse(`${path}/${other}`, `a grammar cannot keep this together with ${word}`);
    const value = schema[word];
    const node = /const|enum/.test(word)
      ? this.#values(schema, path, word, types)
      : word === '$ref'
        ? this.#ref(value, path)
        : this.#alternatives(value, path, word);
    if (types && node.kind !== 'values')
      this.#later.push(() => this.#checkTypes(node, types, path));
    return node;
  }

  /** @param {Node} node @param {string[]} types @param {string} path */
  #checkTypes(node, types, path) {
    const other = typesOf(node).find(
      (type) => !types.includes(type) && !(type === 'integer' && types.includes('number')),
    );
    if (other) refuse(`${path}/type`, `values of the type ${other} would also be generated`);
  }

  /** @param {any} schema @param {string} path @param {string} word @param {string[]} [types] @returns {Node} */
  #values(schema, path, word, types) {
    const values = word === 'const' ? [schema.const] : schema.enum;
    if (!Array.isArray(values) || !values.length)
      refuse(`${path}/${word}`, 'expected an array of at least one value');
    const fit = types ? values.filter((value) => hasType(value, types)) : values;
    if (!fit.length) refuse(`${path}/${word}`, `no value has the type ${types?.join(', ')}`);
    for (const [all] of Object.values(KEYWORDS))
      for (const other of all.split(' '))
        if (other && other !== 'format' && Object.hasOwn(schema, other))
          refuse(`${path}/${other}`, `a grammar cannot keep this together with ${word}`);
    return { kind: 'values', path, values: fit };
  }

  /** @param {any} ref @param {string} path @returns {Node} */
  #ref(ref, path) {
    if (typeof ref !== 'string' || !/^#(\/|$)/.test(ref))
      refuse(`${path}/$ref`, `only references into the same schema, as '#/$defs/name'`);
    const node = /** @type {Node} */ ({ kind: 'ref', path, ref });
    const known = this.#refs.get(ref);
    if (!known) {
      const holder = /** @type {Node} */ ({ kind: 'ref', path, ref });
      this.#refs.set(ref, holder);
      holder.target = this.#node(this.#find(ref, path), ref);
    }
    node.target = this.#refs.get(ref);
    // The holder stands for its target; now that this is known, the node has it itself.
    this.#later.unshift(() => {
      node.target = this.#refs.get(ref)?.target;
    });
    return node;
  }

  /** @param {string} ref @param {string} path */
  #find(ref, path) {
    let at = /** @type {any} */ (this.#root);
    for (const raw of ref.split('/').slice(1)) {
      const key = decodeURIComponent(raw).replaceAll('~1', '/').replaceAll('~0', '~');
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key))
        refuse(`${path}/$ref`, `there is no ${ref}`);
      at = at[key];
    }
    return at;
  }

  /** @param {any} list @param {string} path @param {string} word @returns {Node} */
  #alternatives(list, path, word) {
    const at = `${path}/${word}`;
    if (!Array.isArray(list) || !list.length)
      refuse(at, 'expected an array of at least one schema');
    const children = list.map((/** @type {any} */ one, /** @type {number} */ i) =>
      this.#node(one, `${at}/${i}`),
    );
    const node = { kind: word === 'allOf' ? 'allOf' : 'anyOf', path, children };
    if (word === 'oneOf') this.#oneOf.push(node);
    return node;
  }

  /** Alternatives of oneOf must differ in the type, in a constant or in a required property's constant. @param {Node} node */
  #checkOneOf({ path, children = [] }) {
    for (const [i, a] of children.entries())
      for (const b of children.slice(i + 1))
        if (!apart(a, b))
          refuse(
            `${path}/oneOf/${i}`,
            `a value may also match ${b.path}; use anyOf if that is fine`,
          );
  }

  /** @param {any} schema @param {string} path @returns {Node} */
  #object(schema, path) {
    const { properties = {}, required = [], additionalProperties } = schema;
    if (!isObject(properties)) refuse(`${path}/properties`, 'expected an object');
    if (!Array.isArray(required) || required.some((one) => typeof one !== 'string'))
      refuse(`${path}/required`, 'expected an array of names');
    const list = Object.entries(properties).map(([name, one]) => ({
      name,
      node: this.#node(one, `${path}/properties/${name}`),
      required: required.includes(name),
    }));
    const open = additionalProperties === undefined && !Object.hasOwn(schema, 'properties');
    const additional =
      additionalProperties === undefined
        ? open || required.some((name) => !Object.hasOwn(properties, name))
          ? /** @type {Node} */ ({ kind: 'any', path })
          : null
        : this.#node(additionalProperties, `${path}/additionalProperties`);
    // A required property of no other description.
    for (const name of required) {
      if (Object.hasOwn(properties, name)) continue;
      if (!additional || additional.kind === 'never')
        refuse(`${path}/required`, `the property '${name}' is required and not allowed`);
      list.push({ name, node: /** @type {Node} */ (additional), required: true });
    }
    const kept = additional?.kind === 'never' || (additionalProperties === undefined && !open);
    return {
      kind: 'object',
      path,
      properties: list,
      additional: kept ? null : additional,
      closed: additionalProperties !== undefined && additionalProperties !== true,
    };
  }

  /** @param {any} schema @param {string} path @returns {Node} */
  #array(schema, path) {
    const [low, high] = this.#counts(schema, path, 'minItems', 'maxItems');
    const word =
      Array.isArray(schema.prefixItems) || !('items' in schema) ? 'prefixItems' : 'items';
    const items = schema[word] ?? true;
    if (!Array.isArray(items))
      return { kind: 'array', path, items: this.#node(items, `${path}/${word}`), low, high };
    if (low > items.length || high < items.length)
      refuse(`${path}/${low > items.length ? 'minItems' : 'maxItems'}`, `expected ${items.length}`);
    const children = items.map((one, i) => this.#node(one, `${path}/${word}/${i}`));
    return { kind: 'tuple', path, children };
  }

  /** @param {any} schema @param {string} path @param {string} min @param {string} max @returns {[number, number]} */
  #counts(schema, path, min, max) {
    const [low, high] = [schema[min] ?? 0, schema[max] ?? Infinity];
    for (const [word, count] of /** @type {[string, number][]} */ ([
      [min, low],
      [max, high],
    ])) {
      if (count === Infinity) continue;
      if (!Number.isInteger(count) || count < 0 || count > REPEAT)
        refuse(`${path}/${word}`, `expected an integer from 0 to ${REPEAT}`);
    }
    if (high < low) refuse(`${path}/${max}`, `it is below ${min}, so no value is possible`);
    return [low, high];
  }

  /** @param {any} schema @param {string} path @returns {Node} */
  #string(schema, path) {
    const { pattern, format } = schema;
    const [low, high] = this.#counts(schema, path, 'minLength', 'maxLength');
    if (pattern !== undefined && typeof pattern !== 'string')
      refuse(`${path}/pattern`, 'expected a string');
    const kept = FORMATS.test(format) ? String(format) : undefined;
    const limits = low > 0 || high < Infinity;
    if ((pattern !== undefined || kept) && limits)
      refuse(
        `${path}/minLength`,
        'a grammar cannot keep lengths together with a pattern or format',
      );
    if (pattern !== undefined && kept)
      refuse(`${path}/format`, 'a grammar cannot keep it together with a pattern');
    return { kind: 'string', path, low, high, pattern, format: kept };
  }

  /** @param {any} schema @param {string} path @returns {Node} */
  #integer(schema, path) {
    const bound = (/** @type {string} */ word, /** @type {number} */ otherwise) => {
      const value = schema[word] ?? otherwise;
      if (schema[word] !== undefined && !Number.isFinite(value))
        refuse(`${path}/${word}`, 'expected a number');
      if (Math.abs(value) > Number.MAX_SAFE_INTEGER && Number.isFinite(value))
        refuse(`${path}/${word}`, 'expected at most 2^53 - 1');
      return value;
    };
    const above = Math.floor(bound('exclusiveMinimum', -Infinity)) + 1;
    const below = Math.ceil(bound('exclusiveMaximum', Infinity)) - 1;
    const low = Math.max(Math.ceil(bound('minimum', -Infinity)), above);
    const high = Math.min(Math.floor(bound('maximum', Infinity)), below);
    if (low > high) refuse(path, 'no integer is within the bounds');
    return { kind: 'integer', path, low, high };
  }
}

/** Whether no value matches both. @param {Node} first @param {Node} second @returns {boolean} */
function apart(first, second) {
  const [a, b] = [resolved(first), resolved(second)];
  const types = typesOf(b);
  if (!typesOf(a).some((type) => types.includes(type))) return true;
  if (a.kind === 'values' && b.kind === 'values') {
    const texts = (b.values ?? []).map((value) => JSON.stringify(value));
    return !(a.values ?? []).some((value) => texts.includes(JSON.stringify(value)));
  }
  if (a.kind !== 'object' || b.kind !== 'object') return false;
  return (a.properties ?? []).some(({ name, node, required }) => {
    const other = b.properties?.find((one) => one.name === name);
    return required && !!other?.required && apart(node, other.node);
  });
}

/** Nodes with a finite value; the others cannot be met. @param {Node} root */
export function finiteNodes(root) {
  /** @type {Node[]} */ const all = [];
  const seen = new Set();
  /** @param {Node | null | undefined} node */
  const collect = (node) => {
    if (!node || seen.has(node)) return;
    seen.add(node);
    const { target, items, additional, children = [], properties = [] } = node;
    for (const one of [target, items, additional, ...children, ...properties.map((p) => p.node)])
      collect(one);
    all.push(node);
  };
  collect(root);
  /** @type {Set<Node>} */ const finite = new Set();
  const has = (/** @type {Node} */ node) => finite.has(node);
  for (let before = -1; before < finite.size; ) {
    before = finite.size;
    for (const node of all) if (canEnd(node, has)) finite.add(node);
  }
  return finite;
}

/** @param {Node} node @param {(node: Node) => boolean} has @returns {boolean} */
function canEnd({ kind, target, items, low = 0, children = [], properties = [] }, has) {
  if (kind === 'never') return false;
  if (kind === 'ref') return !!target && has(target);
  if (kind === 'anyOf') return children.some(has);
  if (kind === 'allOf' || kind === 'tuple') return children.every(has);
  if (kind === 'array') return low === 0 || has(/** @type {Node} */ (items));
  return kind !== 'object' || properties.every(({ node, required }) => !required || has(node));
}
