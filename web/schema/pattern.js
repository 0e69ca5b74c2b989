/**
 * pattern.js - a regular expression of a JSON schema as GBNF for the characters between the quotes.
 *
 * After llama.cpp's common/json-schema-to-grammar.cpp (MIT). Unlike there, what the grammar matches is always a
 * JSON string that the pattern matches: classes have no quotes, backslashes and control characters, literals
 * are escaped as in JSON, and a pattern without ^ or $ has any characters there.
 */

const DEPTH = 100; // of parentheses
/** Characters of a JSON string that need no escape, except those of a class. */
export const NOT_PLAIN = '"\\\\\\x7F\\x00-\\x1F';
const DOT = `[^${NOT_PLAIN}]`;
const SHORTHANDS = /** @type {Record<string, string>} */ ({ d: '0-9', w: '0-9A-Za-z_', s: ' ' });
const CONTROLS = /** @type {Record<string, string>} */ ({
  t: '\t',
  n: '\n',
  r: '\r',
  f: '\f',
  v: '\v',
});

/** A grammar's literal. @param {string} text */
export const literal = (text) =>
  `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}"`;

/** A character in a class of a grammar. @param {string} c */
export const classCharacter = (c) =>
  /[\]\\\-[]/.test(c) ? `\\${c}` : c === '^' || c < ' ' ? hexadecimal(c) : c;
/** @param {string} c */
const hexadecimal = (c) => `\\x${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

/** `item` from low to high times; high Infinity: no maximum. @param {string} item @param {number} low @param {number} high
 *  @returns {string} */
export function repetition(item, low, high, separator = '') {
  if (high === 0) return '';
  if (low === 0 && high === 1) return `${item}?`;
  if (separator) {
    const more = repetition(`(${separator} ${item})`, Math.max(0, low - 1), high - 1);
    const all = `${item} ${more}`;
    return low === 0 ? `(${all})?` : all;
  }
  if (high === Infinity && low < 2) return `${item}${low ? '+' : '*'}`;
  return `${item}{${low},${high === Infinity ? '' : high}}`;
}

/** What has been read of a sequence: text of a literal, or a rule. @typedef {{ text: string, literal: boolean }} Part */

class Pattern {
  #at = 0;
  #depth = 0;
  /** Rules of repeated groups, by their text. @type {Map<string, string>} */ #groups = new Map();

  /** @param {string} text without anchors @param {string} name of the rule
   *  @param {(name: string, rule: string) => string} addRule @param {(why: string) => never} refuse */
  constructor(text, name, addRule, refuse) {
    this.#text = [...text];
    this.#name = name;
    this.#addRule = addRule;
    this.#refuse = refuse;
  }
  #text;
  #name;
  #addRule;
  #refuse;

  /** The next character, by which the position moves. @returns {string} */
  #take() {
    if (this.#at >= this.#text.length) this.#refuse('it ends too early');
    return this.#text[this.#at++];
  }
  get #next() {
    return this.#text[this.#at];
  }

  /** @returns {string} */
  whole() {
    const rule = this.#sequence();
    if (this.#at < this.#text.length) this.#refuse('unbalanced parentheses');
    return rule;
  }

  /** Up to the end or a closing parenthesis. @returns {string} */
  #sequence() {
    /** @type {Part[]} */ const parts = [];
    while (this.#next !== undefined && this.#next !== ')') this.#item(parts);
    /** @type {string[]} */ const words = [];
    let text = '';
    const flush = () => {
      if (text) words.push(`"${text}"`);
      text = '';
    };
    for (const part of parts) {
      if (part.literal) text += part.text;
      else {
        flush();
        words.push(part.text);
      }
    }
    flush();
    return words.join(' ');
  }

  /** @param {Part[]} parts */
  #item(parts) {
    const c = this.#take();
    const rule = (/** @type {string} */ text) => parts.push({ text, literal: false });
    if (c === '.') rule(this.#addRule('dot', DOT));
    else if (c === '(') rule(this.#group());
    else if (c === '[') rule(this.#class());
    else if (c === '|') rule('|');
    else if ('*+?{'.includes(c)) this.#repeat(parts, c);
    else if ('^$]}'.includes(c)) this.#refuse(`${c} within it`);
    else if (c === '\\' && /[dws]/.test(this.#next ?? '')) rule(`[${SHORTHANDS[this.#take()]}]`);
    else parts.push({ text: this.#literal(c === '\\' ? this.#escape() : c), literal: true });
  }

  /** A character as JSON writes it, in a literal of the grammar. @param {string} c */
  #literal(c) {
    return literal(JSON.stringify(c).slice(1, -1)).slice(1, -1);
  }

  /** The character after a backslash. @returns {string} */
  #escape() {
    const c = this.#take();
    const digits = c === 'x' ? 2 : c === 'u' ? 4 : 0;
    if (digits) {
      const hex = Array.from({ length: digits }, () => this.#take()).join('');
      if (!/^[0-9a-f]+$/i.test(hex) || /^d[89a-f]/i.test(hex))
        this.#refuse(`the escape \\${c}${hex}`);
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    if (c in CONTROLS) return CONTROLS[c];
    if (/[A-Za-z0-9]/.test(c)) this.#refuse(`the escape \\${c}`);
    return c;
  }

  #group() {
    if (this.#next === '?') {
      this.#take();
      if (this.#take() !== ':') this.#refuse('this kind of group');
    }
    if (++this.#depth > DEPTH) this.#refuse('too many parentheses');
    const inner = this.#sequence();
    if (this.#next !== ')') this.#refuse('unbalanced parentheses');
    this.#take();
    this.#depth--;
    return `(${inner})`;
  }

  /** One character of a class, or a shorthand. @returns {string} as in the grammar's class */
  #classItem() {
    const c = this.#take();
    if (c === '\\' && /[dws]/.test(this.#next ?? '')) return SHORTHANDS[this.#take()];
    const one = c === '\\' ? this.#escape() : c;
    return classCharacter(one);
  }

  #class() {
    const inverse = this.#next === '^';
    if (inverse) this.#take();
    let inner = '';
    while (this.#next !== ']') {
      const item = this.#classItem();
      inner += item;
      if (this.#next !== '-' || this.#text[this.#at + 1] === ']') continue;
      this.#take();
      inner += `-${this.#classItem()}`;
    }
    this.#take();
    if (!inner) this.#refuse('an empty class');
    if (inverse) return `[^${inner}${NOT_PLAIN}]`;
    if (reachesSpecial(inner))
      this.#refuse('a class with quotes, backslashes or control characters');
    return `[${inner}]`;
  }

  /** @param {Part[]} parts @param {string} c */
  #repeat(parts, c) {
    const last = parts.at(-1);
    if (!last || last.text === '|') return this.#refuse('nothing to repeat');
    if (c !== '{') {
      last.text = `${last.literal ? `"${last.text}"` : last.text}${c}`;
      last.literal = false;
    } else {
      let inner = '';
      while (this.#next !== '}') inner += this.#take();
      this.#take();
      const [, low, comma, high] = inner.match(/^(\d*)(,?)(\d*)$/) ?? [];
      if (low === undefined || !(low || high)) return this.#refuse(`the repetition {${inner}}`);
      const max = comma ? (high ? Number(high) : Infinity) : Number(low);
      if (max < Number(low)) this.#refuse(`the repetition {${inner}}`);
      last.text = repetition(
        last.literal ? `"${last.text}"` : this.#ruleOf(last.text),
        Number(low),
        max,
      );
      last.literal = false;
    }
    if (this.#next === '?' || this.#next === '+') this.#refuse('a lazy or possessive repetition');
  }

  /** The name of a rule of this text. @param {string} text */
  #ruleOf(text) {
    const known = this.#groups.get(text);
    const name = known ?? this.#addRule(`${this.#name}-${this.#groups.size + 1}`, text);
    this.#groups.set(text, name);
    return name;
  }
}

/** Whether a class matches characters that JSON escapes. @param {string} inner of a grammar's class */
function reachesSpecial(inner) {
  const matches = new RegExp(`[${inner}]`);
  const codes = [...Array(32).keys(), 34, 92, 127];
  return codes.some((code) => matches.test(String.fromCharCode(code)));
}

/**
 * The rule of a pattern, in quotes.
 * @param {string} pattern @param {string} name @param {(name: string, rule: string) => string} addRule
 * @param {string} any a rule for any character @param {(why: string) => never} refuse
 */
export function patternRule(pattern, name, addRule, any, refuse) {
  try {
    new RegExp(pattern, 'u');
  } catch (e) {
    refuse(/** @type {Error} */ (e).message);
  }
  const begins = pattern.startsWith('^');
  const ends = /(^|[^\\])(\\\\)*\$$/.test(pattern);
  // ^a|b$ means (^a)|(b$), which also has all that ^(a|b)$ has.
  const inner = pattern.slice(begins ? 1 : 0, ends ? -1 : undefined);
  const rule = new Pattern(inner, name, addRule, refuse).whole();
  return `"\\"" ${begins ? '' : `${any}* `}(${rule})${ends ? '' : ` ${any}*`} "\\""`;
}
