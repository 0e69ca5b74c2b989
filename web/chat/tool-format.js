/**
 * tool-format.js - how a model writes calls of tools, read from its chat template.
 *
 * The template is rendered for an assistant that calls tools with known names and arguments; what stands around
 * them is the format (as in llama.cpp's docs/autoparser.md). Templates that cannot write calls of an assistant
 * have a row in KNOWN; those that know no tools get GENERIC, the format of Hermes 2 Pro and Qwen 2.5, with the
 * tools described in the system message.
 */
import { MARKS } from './reasoning.js';

/** A call. @typedef {{ id: string, name: string, arguments: Record<string, unknown> }} ToolCall */
/** @typedef {{ name: string, description?: string, parameters?: Record<string, unknown> }} Tool */
/**
 * Literal texts around the values of a call. With `pairs` the arguments are names and values; otherwise a JSON object.
 * @typedef {object} ToolFormat
 * @property {string} start before the first call's first value
 * @property {string} [next] between the last value of a call and the first of the next; absent: one call only
 * @property {string} end after the last call's last value
 * @property {('id' | 'name' | 'arguments')[]} order of the values in a call
 * @property {string[]} between the values, one fewer
 * @property {Pairs} [pairs]
 * @property {boolean} [generic] the template knows no tools
 * @property {boolean} [strings] the template needs the arguments of earlier calls as JSON in a string
 */
/**
 * Arguments as names and values. What stands where: `is` after a name, `isText` there if the value is a string, `quote`
 * around strings, `next` between a value and the next name. A tool without arguments has `none` after its name, or
 * `noneNext` if another call follows. python: true, false and null as Python writes them.
 * @typedef {{ is: string, isText: string, next: string, quote: string, none: string, noneNext?: string,
 *   python?: boolean }} Pairs
 */
/** @typedef {(template: string, variables: Record<string, any>) => Promise<{ text: string }>} Render */

/** @type {ToolFormat} */
export const GENERIC = {
  start: '<tool_call>\n{"name": "',
  next: '}\n</tool_call>\n<tool_call>\n{"name": "',
  end: '}\n</tool_call>',
  order: ['name', 'arguments'],
  between: ['", "arguments": '],
  generic: true,
};

/** A mark of the template → its format, from the documentation of the models. @type {[mark: string, format: ToolFormat][]} */
const KNOWN = [
  [
    '<|tool_call|>', // Granite 3
    {
      start: '<|tool_call|>[{"name": "',
      next: '}, {"name": "',
      end: '}]',
      order: ['name', 'arguments'],
      between: ['", "arguments": '],
    },
  ],
  [
    'List of tools: ', // LFM2
    {
      start: '<|tool_call_start|>[',
      next: '), ',
      end: ')]<|tool_call_end|>',
      order: ['name', 'arguments'],
      between: ['('],
      pairs: {
        is: '=',
        isText: '=',
        next: ', ',
        quote: '"',
        none: '()]<|tool_call_end|>',
        noneNext: '(), ',
        python: true,
      },
    },
  ],
];

/* ---- Probes ---------------------------------------------------------------------------------- */

const USER = { role: 'user', content: 'Question' };
const ANSWER = 'Qanswer';
const IDS = ['Qcallid01', 'Qcallid02']; // Mistral's have nine letters or digits
const NAMES = ['q_first_tool', 'q_second_tool'];
const KEYS = ['q_alpha', 'q_beta'];
const TEXTS = ['qtextone', 'qtexttwo'];
const NUMBERS = [271828, 314159];

/** @param {Tool} tool */
const declared = ({ name, description = '', parameters = { type: 'object', properties: {} } }) => ({
  type: 'function',
  function: { name, description, parameters },
});
const PROBE = declared({ name: 'q_other_tool', description: 'Qdescription' });

/** @param {number} i @param {unknown[] | undefined} values @param {boolean} strings */
function call(i, values, strings) {
  const given = values ? { [KEYS[0]]: values[0], [KEYS[1]]: values[1] } : {};
  const args = strings ? JSON.stringify(given) : given;
  return { id: IDS[i], type: 'function', function: { name: NAMES[i], arguments: args } };
}

/** Renders conversations of one template. */
class Prober {
  /** @param {Render} render @param {string} template @param {Record<string, any>} variables */
  constructor(render, template, variables) {
    this.render = (/** @type {any[]} */ messages, more = {}) =>
      render(template, {
        ...variables,
        messages: [USER, ...messages],
        tools: [PROBE],
        add_generation_prompt: false,
        ...more,
      }).then(({ text }) => text);
  }

  /** The text with calls; undefined if the template refuses them or leaves one out. @param {any[]} calls */
  async calls(calls) {
    const message = { role: 'assistant', content: '', tool_calls: calls };
    const text = await this.render([message]).catch(() => '');
    return calls.every((one) => text.includes(one.function.name)) ? text : undefined;
  }
}

/* ---- Reading --------------------------------------------------------------------------------- */

/** Where the JSON value at `at` ends, -1 if it does not. @param {string} text @param {number} at */
export function jsonEnd(text, at) {
  let depth = 0;
  let quoted = false;
  for (let i = at; i < text.length; i++) {
    const c = text[i];
    if (quoted && c === '\\') i++;
    else if (c === '"') quoted = !quoted;
    else if (!quoted && '{['.includes(c)) depth++;
    else if (!quoted && '}]'.includes(c)) depth--;
    if (depth === 0 && !quoted && (i > at || !'{["'.includes(c))) return i + 1;
  }
  return -1;
}

/** Spans of the values of call i, in order. @typedef {{ slot: 'id' | 'name' | 'arguments', from: number, to: number }} Span */

/** @param {string} text @param {number} i @param {number} from @returns {Span[] | undefined} */
function spansOf(text, i, from) {
  /** @type {Span[]} */ const spans = [];
  const find = (/** @type {'id' | 'name'} */ slot, /** @type {string} */ word) => {
    const at = text.indexOf(word, from);
    if (at >= 0) spans.push({ slot, from: at, to: at + word.length });
  };
  find('name', NAMES[i]);
  find('id', IDS[i]);
  const args = argumentsSpan(text, from);
  if (!args || !spans.length) return undefined;
  spans.push({ slot: 'arguments', ...args });
  return spans.sort((a, b) => a.from - b.from);
}

/** @param {string} text @param {number} from @returns {{ from: number, to: number } | undefined} */
function argumentsSpan(text, from) {
  const json = /\{\s*"q_alpha"/g;
  json.lastIndex = from;
  const found = json.exec(text);
  if (found) return { from: found.index, to: jsonEnd(text, found.index) };
  const last = Math.max(...[TEXTS[1], String(NUMBERS[1])].map((v) => endOf(text, v, from)));
  const first = text.indexOf(KEYS[0], from);
  return first >= 0 && last > first ? { from: first, to: last } : undefined;
}

/** @param {string} text @param {string} word @param {number} from */
const endOf = (text, word, from) => {
  const at = text.indexOf(word, from);
  return at < 0 ? -1 : at + word.length;
};

/** The number of characters with which both begin. @param {string} a @param {string} b */
export function commonLength(a, b) {
  let n = 0;
  while (n < a.length && a[n] === b[n]) n++;
  return n;
}

/** The answer's text before a call: without the header and the reasoning. @param {string} text @param {string} prompt @param {number} to */
function startOf(text, prompt, to) {
  const same = commonLength(text, prompt);
  const [begun] = /[<[][^<>[\]\s]*$/.exec(text.slice(0, same)) ?? ['']; // both have a mark here that begins alike
  let start = text.slice(same - begun.length, to);
  for (const [, close] of MARKS) {
    const at = start.lastIndexOf(close);
    if (at >= 0) start = start.slice(at + close.length);
  }
  return start.trimStart();
}

/** What follows the last value, without the end of the turn. @param {string} text @param {number} from @param {string} tail */
function endingOf(text, from, tail) {
  const rest = text.slice(from);
  if (tail && rest.endsWith(tail)) return rest.slice(0, -tail.length);
  const mark = tail.trim().split(/\s/)[0];
  const at = mark ? rest.indexOf(mark) : -1;
  return (at >= 0 ? rest.slice(0, at) : rest).trimEnd();
}

/** @param {Prober} prober @param {string} tail @param {boolean} strings @returns {Promise<ToolFormat | undefined>} */
async function derive(prober, tail, strings) {
  const prompt = await prober.render([], { add_generation_prompt: true });
  const one = await prober.calls([call(0, TEXTS, strings)]);
  const spans = one && spansOf(one, 0, 0);
  if (!one || !spans) return undefined;
  const between = spans.slice(1).map(({ from }, i) => one.slice(spans[i].to, from));
  /** @type {ToolFormat} */
  const format = {
    start: startOf(one, prompt, spans[0].from),
    end: endingOf(one, /** @type {Span} */ (spans.at(-1)).to, tail),
    order: spans.map(({ slot }) => slot),
    between,
    ...(strings && { strings }),
  };
  const next = await nextOf(prober, strings);
  if (next !== undefined) format.next = next;
  if (one[/** @type {Span} */ (spans.find(({ slot }) => slot === 'arguments')).from] !== '{')
    return withPairs(format, prober, tail);
  return format;
}

/** The text between two calls. @param {Prober} prober @param {boolean} strings */
async function nextOf(prober, strings) {
  const two = await prober.calls([call(0, TEXTS, strings), call(1, TEXTS, strings)]);
  const first = two && spansOf(two, 0, 0)?.at(-1)?.to;
  const second = first && spansOf(two, 1, first)?.[0].from;
  return second ? two.slice(first, second) : undefined;
}

/**
 * The format with arguments as pairs.
 * @param {ToolFormat} format @param {Prober} prober @param {string} tail @returns {Promise<ToolFormat | undefined>}
 */
async function withPairs(format, prober, tail) {
  const [texts, numbers, nothing] = await Promise.all(
    [TEXTS, NUMBERS, undefined].map((values) => prober.calls([call(0, values, false)])),
  );
  if (!texts || !numbers || !nothing || format.order.at(-1) !== 'arguments') return undefined;
  const after = (/** @type {string} */ text, /** @type {unknown} */ word) =>
    text.slice(endOf(text, String(word), 0));
  const [is, quoted] = [
    [numbers, NUMBERS[0]],
    [texts, TEXTS[0]],
  ].map(([text, value]) => String(text).split(KEYS[0])[1]?.split(String(value))[0] ?? '');
  const encloses = quoted.startsWith(is);
  const [isText, quote] = encloses ? [is, quoted.slice(is.length)] : [quoted, ''];
  const next = after(numbers, NUMBERS[0]).split(KEYS[1])[0];
  const end = endingOf(after(numbers, NUMBERS[1]), 0, tail);
  const none = endingOf(after(nothing, NAMES[0]), 0, tail);
  const pairs = { is, isText, next, quote, none };
  if (format.next === undefined) return { ...format, end, pairs };
  const more = format.next.slice(quote.length); // format.next was read after a text
  const same = commonLength([...end].reverse().join(''), [...none].reverse().join(''));
  const noneNext = none.slice(0, none.length - same) + more.slice(end.length - same);
  return { ...format, end, next: more, pairs: { ...pairs, noneNext } };
}

/* ---- The format of a template ---------------------------------------------------------------- */

/** Formats of the last templates. @type {Map<string, Promise<ToolFormat>>} */
const found = new Map();
const KEPT = 8;

/**
 * The format of a template.
 * @param {Render} render @param {string} template @param {Record<string, any>} variables besides messages and tools
 * @returns {Promise<ToolFormat>}
 */
export function formatOf(render, template, variables) {
  const known = found.get(template);
  if (known) return known;
  if (found.size >= KEPT) found.delete(found.keys().next().value ?? '');
  const format = read(render, template, variables);
  found.set(template, format);
  format.catch(() => found.delete(template));
  return format;
}

/** @param {Render} render @param {string} template @param {Record<string, any>} variables */
async function read(render, template, variables) {
  const prober = new Prober(render, template, variables);
  const prompt = await prober.render([], { add_generation_prompt: true }).catch(() => '');
  if (!prompt.includes(PROBE.function.name)) return GENERIC;
  const answer = await prober.render([{ role: 'assistant', content: ANSWER }]).catch(() => ANSWER);
  const tail = answer.slice(answer.lastIndexOf(ANSWER) + ANSWER.length);
  const format =
    (await derive(prober, tail, false)) ??
    (await derive(prober, tail, true).catch(() => undefined));
  if (format) return hasBegin(format) ? format : GENERIC;
  return KNOWN.find(([mark]) => template.includes(mark))?.[1] ?? GENERIC;
}

/** Whether one sees where calls begin. @param {ToolFormat} format */
const hasBegin = ({ start }) => triggerOf(start) !== '' || /^[{[]/.test(start);

/** The mark with which calls begin; '' if they have none. @param {string} start of a format */
export const triggerOf = (start) =>
  /^(?:<[^<>\s]*>|<[^<>=:]*[=:]|\[[A-Z_]+\])/.exec(start)?.[0] ?? '';

/** The tools as a template reads them. @param {Tool[]} tools */
export const declaredTools = (tools) => tools.map(declared);
