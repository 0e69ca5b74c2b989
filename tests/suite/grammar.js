/**
 * grammar.js - random chat templates and conversations for forgery.js.
 *
 * The rules use every filter, method, test, operator and statement of web/chat/template.js; forgery.js compares
 * their names with the interpreter's. Input contains control tokens spelled with Ж or the digits 7919, whole
 * and split, in keys and values at every depth; templates never write these.
 */

/* ---- Input ------------------------------------------------------------------------------------ */

const PIECES = [
  ...['<|Ж_end|>', '<Ж>', '<ж>', '<|ж_END|>', '>Ж<', '<|Ж', '_end|>', '<', 'Ж>', 'Ж', 'ж>', '|>'],
  ...['7919', '79', '19', '<|im_start|>', '<|im_', 'start|>', '<s>', 's>', '</think>', '{}', '%s'],
  ...['\n', ' ', '"', ',', '', 'a', 'system', '\\u0416', '.', '\ud83d'],
];
const ROLES = ['user', 'assistant', 'system', 'tool', 'end', 'im_start', 's', '7919', 'im_'];

/** Random draws (xorshift); a number determines the case. */
export class Draw {
  #state;
  /** @param {number} number */
  constructor(number) {
    this.#state = (Math.imul(number, 0x9e3779b1) ^ 0x6a09e667) | 1;
    for (let i = 0; i < 4; i++) this.below(2);
  }
  /** @param {number} n @returns {number} 0 to n - 1 */
  below(n) {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % n;
  }
  /** @template T @param {T[]} list @returns {T} */
  pick(list) {
    return list[this.below(list.length)];
  }
  /** @template T @param {number} n @param {() => T} make @returns {T[]} */
  times(n, make) {
    return Array.from({ length: n }, make);
  }
}

/** @param {Draw} draw */
const evil = (draw) => draw.times(draw.below(4), () => draw.pick(PIECES)).join('');

/** @param {Draw} draw @param {number} depth @returns {any} */
function evilValue(draw, depth) {
  switch (draw.below(depth > 0 ? 8 : 5)) {
    case 0:
    case 1:
      return evil(draw);
    case 2:
      return draw.pick([7919, 79, 0, 1, -2, 2.5, 7918, 1e21]);
    case 3:
      return draw.pick([true, false, null]);
    case 4:
      return draw.pick([{}, [], '', 1]);
    case 5:
      return draw.times(draw.below(3), () => evilValue(draw, depth - 1));
    default:
      return evilObject(draw, depth);
  }
}

/** @param {Draw} draw @param {number} depth */
function evilObject(draw, depth) {
  const keys = draw.times(1 + draw.below(3), () =>
    draw.pick([evil(draw), evil(draw), '__proto__']),
  );
  return Object.fromEntries(keys.map((key) => [key, evilValue(draw, depth - 1)]));
}

/** @param {Draw} draw */
export function conversation(draw) {
  const strings = () => draw.times(1 + draw.below(3), () => evil(draw));
  const messages = draw.times(1 + draw.below(3), () => ({
    ...{
      role: draw.pick(ROLES),
      content: evil(draw),
      parts: strings(),
      n: draw.pick([7919, 7, 2]),
    },
    ...{ data: evilObject(draw, 2), flag: draw.below(2) === 0, nothing: null, [evil(draw)]: 1 },
  }));
  const options = {
    ...{
      s: evil(draw),
      n: draw.pick([7919, 7918, 3]),
      l: strings(),
      d: evilObject(draw, 3),
      b: true,
    },
    ...{ tools: [{ type: 'function', ...evilObject(draw, 3) }], loop: { index: evil(draw) } },
    // Reserved names.
    ...{ bos_token: '<Ж>', messages: [evil(draw)], true: '<Ж>', none: '7919', range: '<Ж>' },
    ...{ namespace: '<Ж>', strftime_now: '<Ж>', false: '<|Ж_end|>', eos_token: '7919' },
  };
  return { messages, templateOptions: options };
}

/** The value without special tokens or parts of them. @param {any} value @returns {any} */
export function calm(value) {
  if (typeof value === 'string') return value.replace(/[^\s\w]/gu, 'x').replace('7919', '1234');
  if (value === 7919) return 1234;
  if (Array.isArray(value)) return value.map(calm);
  if (!value || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [calm(key), calm(v)]));
}

/* ---- The grammar ------------------------------------------------------------------------------- */

export const LITERALS = [
  ...[
    '<|im_start|>',
    '<|im_',
    'start|>',
    'end|>',
    '_end|>',
    '<',
    '>',
    '|>',
    '<|',
    '</',
    's>',
    '<s>',
  ],
  ...[' ', '\n', ',', 'x', 'assistant', 'a{}b', '', 'content', '79', '1'],
];
/** Rows that differ only in a name. @param {string} sort @param {string} names @param {(g: Grammar, name: string) => string} write
 *  @returns {[string, Rule][]} */
const rows = (sort, names, write) =>
  names.split(' ').map((name) => [`${sort} ${name}`, (g) => write(g, name)]);
const quote = (/** @type {string} */ text) => `'${text.replaceAll('\n', '\\n')}'`;

/**
 * Writes expressions by type: S string, N number, B boolean, L list of strings, V list of anything, D dictionary, A
 * any. A row is [language feature, writer].
 * @typedef {(g: Grammar) => string} Rule
 * @type {Record<string, [string, Rule][]>}
 */
const EXPRESSIONS = {
  S: [
    ['node StringLiteral', (g) => quote(g.draw.pick(g.literals))],
    ['node Identifier', (g) => g.known('S')],
    ['node MemberExpression', (g) => `(${g.D}[${g.S}] ~ '')`],
    ['node MemberExpression', (g) => `((${g.S})[${g.N} | int] ~ '')`],
    ['node SliceExpression', (g) => `(${g.S})[${g.small}:]`],
    ['node SliceExpression', (g) => `(${g.S})[${g.small}:-${g.small}]`],
    ['node SliceExpression', (g) => `(${g.S})[::${g.draw.pick(['-1', '2', '1'])}]`],
    ['node Ternary', (g) => `(${g.S} if ${g.B} else ${g.S})`],
    ['node SelectExpression', (g) => `((${g.S} if ${g.B}) | default(${g.S}))`],
    ['operator +', (g) => `(${g.S} + ${g.S})`],
    ['operator ~', (g) => `(${g.S} ~ ${g.A})`],
    ['operator ~', (g) => `(${g.A} ~ ${g.S})`],
    ['operator and', (g) => `(${g.S} and ${g.S})`],
    ['operator or', (g) => `(${g.S} or ${g.S})`],
    ...rows(
      'filter',
      'safe upper lower title capitalize trim indent join string',
      (g, name) => `(${g.S} | ${name})`,
    ),
    ['filter tojson', (g) => `(${g.J} | tojson)`],
    ['filter tojson', (g) => `(${g.J} | tojson(indent=${g.small}, sort_keys=${g.B}))`],
    ['filter tojson', (g) => `(${g.J} | tojson(separators=(${g.S}, ${g.S}), ensure_ascii=${g.B}))`],
    ['filter indent', (g) => `(${g.S} | indent(${g.small}, ${g.B}, blank=${g.B}))`],
    ['filter replace', (g) => `(${g.S} | replace(${g.S}, ${g.S}))`],
    ['filter replace', (g) => `(${g.S} | replace(${g.S}, ${g.S}, count=${g.small}))`],
    ['filter join', (g) => `(${g.L} | join)`],
    ['filter join', (g) => `(${g.V} | join(${g.S}))`],
    ['filter join', (g) => `(${g.S} | join(separator=${g.S}))`],
    ['filter string', (g) => `(${g.V} | string)`],
    ['filter string', (g) => `(${g.N} | string)`],
    ['filter string', (g) => `(${g.B} | string)`],
    ['filter default', (g) => `(missing | default(${g.S}))`],
    ['filter default', (g) => `(${g.S} | default(${g.S}, true))`],
    ['filter first', (g) => `((${g.L} | first) ~ '')`],
    ['filter last', (g) => `((${g.L} | last) ~ '')`],
    ['filter get', (g) => `((${g.D} | get(${g.S}, ${g.S})) ~ '')`],
    ...rows(
      'method',
      'upper lower title capitalize strip lstrip rstrip',
      (g, name) => `(${g.S}).${name}()`,
    ),
    ...rows(
      'method',
      'strip lstrip rstrip removeprefix removesuffix',
      (g, name) => `(${g.S}).${name}(${g.S})`,
    ),
    ['method replace', (g) => `(${g.S}).replace(${g.S}, ${g.S})`],
    ['method get', (g) => `((${g.D}).get(${g.S}, ${g.S}) ~ '')`],
    ['method format', (g) => `(${g.S} ~ '{}{1}').format(${g.S}, ${g.J})`],
    ['method join', (g) => `(${g.S}).join(${g.L})`],
    ['function strftime_now', (g) => `strftime_now('%d %b' ~ ${g.S})`],
    ['node SpreadExpression', (g) => `('{}{}').format(*[${g.S}, ${g.S}])`],
  ],
  N: [
    ['node IntegerLiteral', (g) => g.small],
    ['node FloatLiteral', () => '1.5'],
    ['node Identifier', (g) => g.known('N')],
    ['filter length', (g) => `(${g.S} | length)`],
    ['filter length', (g) => `(${g.V} | length)`],
    ['filter length', (g) => `(${g.D} | length)`],
    ['filter abs', (g) => `(${g.N} | abs)`],
    ['filter int', (g) => `(${g.S} | int)`],
    ['filter int', (g) => `(${g.S} | int(default=${g.N}))`],
    ['filter int', (g) => `(${g.N} | int)`],
    ['filter float', (g) => `(${g.S} | float)`],
    ['method length', (g) => `(${g.S}).length`],
    ['method find', (g) => `(${g.S}).find(${g.S})`],
    ['method count', (g) => `(${g.S}).count(${g.S} ~ 'x')`],
    ...rows('operator', '+ - * / // %', (g, name) => `(${g.N} ${name} ${g.N})`),
    ['operator **', (g) => `(${g.small} ** ${g.small})`],
    ['node UnaryExpression', (g) => `(-(${g.N}))`],
    ['node UnaryExpression', (g) => `(+(${g.N}))`],
  ],
  B: [
    ['node Identifier', (g) => g.draw.pick(['true', 'false', 'b', 'messages[0].flag', 'True'])],
    ...rows('operator', '== != < > <= >=', (g, name) => `(${g.N} ${name} ${g.N})`),
    ['operator in', (g) => `(${g.S} in ${g.S})`],
    ['operator in', (g) => `(${g.S} in ${g.L})`],
    ['operator not in', (g) => `(${g.S} not in ${g.D})`],
    ['node UnaryExpression', (g) => `(not ${g.B})`],
    ['operator and', (g) => `(${g.B} and ${g.B})`],
    ['operator or', (g) => `(${g.B} or ${g.B})`],
    ['filter bool', (g) => `(${g.B} | bool)`],
    ['filter int', (g) => `((${g.B} | int) == 1)`],
    ['method startswith', (g) => `(${g.S}).startswith(${g.S})`],
    ['method endswith', (g) => `(${g.S}).endswith((${g.S}, ${g.S}))`],
    ...rows('test', 'odd even', (g, name) => `((${g.S} | length) is ${name})`),
    ...rows(
      'test',
      'boolean callable false true none string number integer iterable',
      (g, name) => `(${g.A} is ${name})`,
    ),
    ...rows(
      'test',
      'mapping sequence lower upper defined undefined',
      (g, name) => `(${g.A} is ${name})`,
    ),
    ['test none', (g) => `(${g.A} is not none)`],
  ],
  L: [
    ['node ArrayLiteral', (g) => `[${g.S}, ${g.S}]`],
    ['node TupleLiteral', (g) => `(${g.S}, ${g.S})`],
    ['node Identifier', (g) => g.known('L')],
    ['node SliceExpression', (g) => `(${g.L})[${g.small}:]`],
    ['node SliceExpression', (g) => `(${g.L})[::-1]`],
    ['operator +', (g) => `(${g.L} + ${g.L})`],
    ['method split', (g) => `(${g.S}).split()`],
    ['method split', (g) => `(${g.S}).split(${g.S} or 'x', ${g.small})`],
    ['method splitlines', (g) => `(${g.S}).splitlines()`],
    ['method keys', (g) => `(${g.D}).keys()`],
    ['filter keys', (g) => `(${g.D} | keys)`],
    ...rows('filter', 'list reverse sort unique', (g, name) => `(${g.L} | ${name})`),
    ['filter sort', (g) => `(${g.L} | sort(${g.B}, case_sensitive=${g.B}))`],
    ['filter sort', () => `(messages | sort(attribute='content') | map(attribute='content'))`],
    ['filter map', () => `(messages | map(attribute='role'))`],
    ['filter map', (g) => `(messages | map(attribute='nowhere.x', default=${g.S}))`],
    ['filter selectattr', () => `(messages | selectattr('content') | map(attribute='content'))`],
    [
      'test equalto',
      () => `(messages | selectattr('role', 'equalto', 'user') | map(attribute='content'))`,
    ],
    ['test eq', () => `(messages | rejectattr('role', 'eq', 'user') | map(attribute='content'))`],
    ['filter rejectattr', () => `(messages | rejectattr('nothing') | map(attribute='content'))`],
  ],
  V: [
    ['filter list', (g) => g.L],
    ['method items', (g) => `(${g.D}).items()`],
    ['method values', (g) => `(${g.D}).values()`],
    ['method dictsort', (g) => `(${g.D}).dictsort(${g.B}, 'key', ${g.B})`],
    ['method length', (g) => `[(${g.L}).length]`],
    ['filter items', (g) => `(${g.D} | items)`],
    ['filter values', (g) => `(${g.D} | values)`],
    ['filter dictsort', (g) => `(${g.D} | dictsort)`],
    ['filter dictsort', (g) => `(${g.D} | dictsort(reverse=${g.B}))`],
    ['function range', (g) => `range(${g.small})`],
    ['node Identifier', (g) => g.draw.pick(['messages', 'tools', 'messages[0].parts'])],
    ['node ArrayLiteral', (g) => `[${g.A}, ${g.A}]`],
  ],
  D: [
    ['node ObjectLiteral', (g) => `{${g.S}: ${g.A}, ${g.S}: ${g.S}}`],
    ['node Identifier', (g) => g.known('D')],
    ['node Identifier', (g) => g.known('D')],
    ['node Ternary', (g) => `(${g.D} if ${g.B} else ${g.D})`],
  ],
  A: [
    ...['S', 'S', 'N', 'B', 'L', 'V', 'D'].map(
      (type) => /** @type {[string, Rule]} */ (['', (g) => g.expression(type)]),
    ),
    [
      'node Identifier',
      (g) => g.draw.pick(['none', 'missing', 'messages[0].nothing', 'loop.index']),
    ],
    ['filter first', (g) => `(${g.V} | first)`],
    ['method get', (g) => `(${g.D}).get(${g.S})`],
  ],
  // JSON allows anything except tuples and undefined.
  J: ['S', 'S', 'N', 'B', 'D', 'D'].map((type) => ['', (g) => g.expression(type)]),
};

/** Names of each type that exist without `set`; mostly input strings. @type {Record<string, string[]>} */
const KNOWN = {
  S: ['messages[0].content', "messages[-1]['content']", 's', 'l[0]', 'messages[0].role', 'l[-1]'],
  N: ['n', 'messages[0].n'],
  L: ['l', 'messages[0].parts', 'messages[-1].parts'],
  D: ['d', 'messages[0].data', 'messages[-1]', 'tools[0]', 'loop'],
};

/** Writes statements; b is an inner block. @type {[string, Rule][]} */
const STATEMENTS = [
  ['node Program', (g) => g.draw.pick(g.literals).replace(/\s+$/, '')],
  ...Array(6).fill(['node Program', (/** @type {Grammar} */ g) => `{{ ${g.A} }}`]),
  ['node Program', (g) => `\n{{- ${g.S} -}} `],
  ['node Comment', (g) => `{# ${g.draw.pick(g.literals)} #}`],
  ['statement set', (g) => g.declare('S', (name) => `{% set ${name} = ${g.S} %}`)],
  ['statement set', (g) => g.declare('D', (name) => `{% set ${name} = ${g.D} %}`)],
  ['statement set', (g) => g.declare('L', (name) => `{% set ${name} = ${g.L} %}`)],
  [
    'statement set block',
    (g) => g.declare('S', (name) => `{% set ${name} %}${g.block}{% endset %}`),
  ],
  [
    'statement set tuple',
    (g) => g.declare('S', (a) => g.declare('S', (b) => `{% set ${a}, ${b} = [${g.S}, ${g.S}] %}`)),
  ],
  [
    'function namespace',
    (g) => {
      const name = g.fresh();
      const made = g.draw.pick([
        `x=${g.S}`,
        `${g.D}, x=${g.S}`,
        `[['x', ${g.S}]]`,
        `x=${g.S}, **${g.D}`,
      ]);
      g.scope.S.push(`${name}.x`);
      return `{% set ${name} = namespace(${made}) %}{% set ${name}.x = ${name}.x ~ ${g.S} %}{{ ${name}.x }}`;
    },
  ],
  [
    'node If',
    (g) => `{% if ${g.B} %}${g.block}{% elif ${g.A} %}${g.block}{% else %}${g.block}{% endif %}`,
  ],
  ['node For', (g) => g.loop('S', g.L, (x, head) => `${head}${g.block}{{ ${x} }}{% endfor %}`)],
  ['node For', (g) => g.loop('S', g.D, (x, head) => `${head}{{ ${x} }}${g.block}{% endfor %}`)],
  [
    'node For',
    (g) => {
      const items = g.draw.pick([`${g.D} | items`, `(${g.D}).items()`, `${g.D} | dictsort`]);
      const otherwise = g.block;
      return g.within('S', (k) => {
        const body = `{{ ${k} }}=${g.block}{{ v }}`;
        return `{% for ${k}, v in ${items} %}${body}{% else %}${otherwise}{% endfor %}`;
      });
    },
  ],
  [
    'node For',
    (g) =>
      g.loop(
        'D',
        `messages if ${g.B}`,
        (m, head) => `${head}{{ ${m}.content }}${g.block}{% endfor %}`,
      ),
  ],
  [
    'loop items',
    (g) =>
      `{% for x in ${g.L} %}{{ loop.previtem ~ loop.nextitem ~ loop.index0 ~ loop.length }}{% endfor %}`,
  ],
  [
    'loop renamed',
    (g) => `{% for loop in [${g.D}, {'index': ${g.S}}] %}{{ loop.index ~ loop }}{% endfor %}`,
  ],
  [
    'node Break',
    (g) =>
      `{% for x in ${g.L} %}{{ x }}{% if ${g.B} %}${g.block}{% break %}{% endif %}{% endfor %}`,
  ],
  [
    'node Continue',
    (g) =>
      `{% for x in ${g.L} %}{{ x }}{% if ${g.B} %}{% continue %}{% endif %}${g.block}{% endfor %}`,
  ],
  [
    'node Macro',
    (g) => {
      const name = g.fresh();
      const other = g.S;
      const body = g.within('S', (a) =>
        g.within(
          'S',
          (b) =>
            `{% macro ${name}(${a}, ${b}=${other}) %}{{ ${a} }}${g.block}{{ ${b} }}{% endmacro %}`,
        ),
      );
      return `${body}{{ ${name}(${g.S}) | ${g.draw.pick(['trim', 'upper', 'safe'])} ~ ${name}(*[${g.S}, ${g.S}]) }}`;
    },
  ],
  [
    'node KeywordSpreadExpression',
    (g) => {
      const name = g.fresh();
      const use =
        '{{ varargs | join }}{{ kwargs | tojson }}{% for k in kwargs %}{{ k }}{% endfor %}';
      return `{% macro ${name}(a) %}${use}{% endmacro %}{{ ${name}(${g.S}, ${g.S}, z=${g.S}, **${g.D}) }}`;
    },
  ],
  [
    'node CallStatement',
    (g) => {
      const name = g.fresh();
      const macro = `{% macro ${name}(x) %}{{ caller(x) }}{{ caller(${g.S}) }}{% endmacro %}`;
      const given = g.S;
      return g.within(
        'S',
        (y) => `${macro}{% call(${y}) ${name}(${given}) %}{{ ${y} }}${g.block}{% endcall %}`,
      );
    },
  ],
  ...['trim', 'upper', 'lower', 'indent(2)', 'string', 'tojson', 'safe', 'title'].map(
    (name) =>
      /** @type {[string, Rule]} */ ([
        'node FilterStatement',
        (g) => `{% filter ${name} %}${g.block}${g.block}{% endfilter %}`,
      ]),
  ),
  ['node FilterStatement', (g) => `{% filter replace(${g.S}, ${g.S}) %}${g.block}{% endfilter %}`],
  ['statement generation', (g) => `{% generation %}${g.block}{% endgeneration %}`],
  [
    'function raise_exception',
    (g) => `{% if ${g.B} and ${g.B} and false %}{{ raise_exception(s) }}{% endif %}`,
  ],
];

/** A template under construction; `shown` holds its language features. */
export class Grammar {
  shown = new Set();
  scope = { S: [...KNOWN.S], N: [...KNOWN.N], L: [...KNOWN.L], D: [...KNOWN.D] };
  #names = 0;
  #depth = 0;

  /** @param {Draw} draw @param {string[]} literals */
  constructor(draw, literals) {
    this.draw = draw;
    this.literals = literals;
  }
  /** @param {[string, Rule][]} rules */
  #write(rules) {
    const [name, rule] = this.draw.pick(rules);
    this.shown.add(name);
    this.#depth++;
    const text = rule(this);
    this.#depth--;
    return text;
  }
  /** @param {string} type */
  expression(type) {
    const simple = this.#depth > 3 && Object.hasOwn(KNOWN, type);
    return simple ? this.known(type) : this.#write(EXPRESSIONS[type]);
  }
  get S() {
    return this.expression('S');
  }
  get N() {
    return this.expression('N');
  }
  get B() {
    return this.#depth > 3 ? 'b' : this.expression('B');
  }
  get L() {
    return this.expression('L');
  }
  get V() {
    return this.#depth > 3 ? this.known('L') : this.expression('V');
  }
  get D() {
    return this.expression('D');
  }
  get A() {
    return this.expression('A');
  }
  get J() {
    return this.expression('J');
  }
  get small() {
    return String(this.draw.below(3));
  }
  get block() {
    return this.#depth > 2 ? `{{ ${this.known('S')} }}` : this.statements(1 + this.draw.below(2));
  }
  /** @param {string} type */
  known(type) {
    return this.draw.pick(/** @type {any} */ (this.scope)[type]);
  }
  fresh() {
    return `v${this.#names++}`;
  }
  /** A variable inside the block. @param {'S' | 'L' | 'D'} type @param {(name: string) => string} write */
  declare(type, write) {
    const name = this.fresh();
    const text = write(name);
    this.scope[type].push(name);
    return text;
  }
  /** A variable inside one expression. @param {'S' | 'D'} type @param {(name: string) => string} write */
  within(type, write) {
    const name = this.fresh();
    const { scope } = this;
    this.scope = { ...scope, [type]: [...scope[type], name] };
    const text = write(name);
    this.scope = scope;
    return text;
  }
  /** @param {'S' | 'D'} type of an item @param {string} list @param {(item: string, head: string) => string} write */
  loop(type, list, write) {
    return this.within(type, (item) => write(item, `{% for ${item} in ${list} %}`));
  }
  /** @param {number} n @returns {string} */
  statements(n) {
    const { scope } = this;
    this.scope = { S: [...scope.S], N: [...scope.N], L: [...scope.L], D: [...scope.D] };
    const text = this.draw.times(n, () => this.#write(STATEMENTS)).join('');
    this.scope = scope;
    return text;
  }
}

/**
 * Marks around message texts; their number does not depend on the texts.
 * @param {Draw} draw @param {Grammar} g whose literals contain no marks
 */
export function framed(draw, g) {
  const mark = () => draw.pick(["'<|im_start|>'", 'bos_token', "'<|im_' ~ 'start|>'"]);
  /** @type {(() => string)[]} */
  const frames = [
    () => `{{ ${mark()} ~ ${g.S} ~ ${mark()} }}`,
    () => `{{ ${mark()} + ('' ~ ${g.S}) + ${mark()} }}`,
    () => `<|im_start|>{{ ${g.A} }}<s>`,
    () => `{{ (' ' ~ ${mark()} ~ ${g.S} ~ ${mark()} ~ '\\n') | trim }}`,
    () => `{{ (${mark()} ~ ${g.S} ~ ${mark()} ~ ' .').rstrip(' .') }}`,
    () =>
      `{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + bos_token }}{% endfor %}`,
    () => `{% set x %}${g.block}<|im_start|>{{ ${g.S} }}{% endset %}{{ x }}`,
    () => `{% macro f(a) %}<|im_start|>{{ a }}{{ bos_token }}{% endmacro %}{{ f(${g.S}) }}`,
    () => `{% filter trim %}<|im_start|>${g.block}<s>{% endfilter %}`,
    () =>
      `{% set ns = namespace(x=${mark()}) %}{% set ns.x = ns.x ~ ${g.S} ~ ${mark()} %}{{ ns.x }}`,
    () => `{{ ${mark()} if true else '' }}{{ [${mark()}, ${g.S}] | first }}`,
    () =>
      `{{ {'<|im_start|>': 1} | items | first | first }}{{ ('<|im_start|>' ~ 1) | upper | lower }}`,
  ];
  return draw.times(1 + draw.below(3), () => draw.pick(frames)()).join('');
}
