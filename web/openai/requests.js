/**
 * requests.js - checks the bodies of OpenAI's requests and maps their fields to our options.
 *
 * A table per path: field → [name, rule, conversion]. A field that is not in the table is refused by name, so
 * that nobody relies on what is not done; null counts as absent, as with OpenAI. Fields that cannot change an
 * answer (user, metadata) are accepted; others that are not supported are accepted with the value that asks for
 * nothing (store: false), because clients send them. The extensions have llama.cpp's names.
 */
import { badArgument, describe, FLAG, integer, number, typed } from '../base/options.js';

/** @typedef {import('../base/options.js').Rule} Rule */
/** @typedef {import('../api/types.js').Message} Message */
/** @typedef {import('../api/types.js').ChatOptions} ChatOptions */
/** @typedef {[name: string, rule: Rule, convert?: (value: any, field: string) => any]} Row */
/**
 * A checked request: options for generate() or chat(), and the fields of the protocol.
 * @typedef {object} Request
 * @property {ChatOptions} options
 * @property {string} [model]
 * @property {boolean} [stream]
 * @property {boolean} [includeUsage]
 * @property {number} [n] number of answers
 * @property {boolean | number} [logprobs]
 * @property {boolean} [echo]
 * @property {Message[]} [messages]
 * @property {(string | number[])[]} [texts] prompts, or what is to be embedded
 * @property {'float' | 'base64'} [encoding]
 * @property {number} [dimensions]
 * @property {'mean' | 'cls' | 'last'} [pooling]
 * @property {string} [query] of a reranking
 * @property {string[]} [documents] the texts to rank, in Jina's form of the request,
 * @property {string[]} [ranked] and in that of Hugging Face's text-embeddings-inference
 * @property {number} [top] results of a reranking
 * @property {boolean} [returnText]
 */

const TEXT = typed('string', 'a string');
/** @type {Rule} */
const DOCUMENTS = [
  (v) => Array.isArray(v) && v.length > 0 && v.every((s) => typeof s === 'string'),
  'a list of strings, not empty',
];
/** @type {Rule} */
const OBJECT = [(v) => typeof v === 'object' && v !== null && !Array.isArray(v), 'an object'];
/** @type {Rule} */
const ANY_OBJECT = [OBJECT[0], 'an object'];
/** @type {Rule} */
const STOP = [
  (v) => [v].flat().length <= 16 && [v].flat().every((s) => typeof s === 'string' && s),
  'a string or at most 16 strings, none of them empty',
];
/** The only accepted value of a field that is not supported. @param {...unknown} values @returns {Row} */
const only = (...values) => [
  '',
  [
    (v) => values.some((one) => JSON.stringify(one) === JSON.stringify(v)),
    `${values.map((one) => JSON.stringify(one)).join(' or ')}; nothing else is supported`,
  ],
];
/** Accepted without effect. @param {Rule} rule @returns {Row} */
const ignored = (rule) => ['', rule];

const PENALTY = number(-2, 2);
/** @type {Rule} */
const BIAS = [
  (v) =>
    OBJECT[0](v) && Object.entries(v).every(([id, x]) => /^\d+$/.test(id) && Math.abs(x) <= 100),
  'an object of numbers from -100 to 100 by token id',
];
/** @type {Rule} */
const FORMAT = [
  (v) =>
    ['text', 'json_object'].includes(v?.type) ||
    (v?.type === 'json_schema' && OBJECT[0](v.json_schema?.schema)),
  "{ type: 'text' }, { type: 'json_object' } or { type: 'json_schema', json_schema: { schema } }",
];

/** @type {Rule} */
const TOOLS = [
  (v) => Array.isArray(v) && v.every((one) => one?.type === 'function' && OBJECT[0](one.function)),
  "an array of { type: 'function', function: { name, description, parameters } }",
];
/** @type {Rule} */
const TOOL_CHOICE = [
  (v) =>
    ['none', 'auto', 'required'].includes(v) ||
    (v?.type === 'function' && typeof v.function?.name === 'string'),
  "'none', 'auto', 'required' or { type: 'function', function: { name } }",
];

/** Rows whose names are options of generate(). @type {Record<string, Row>} */
export const OPTIONS = {
  temperature: ['temperature', number(0)],
  top_p: ['topP', number(0, 1)],
  top_k: ['topK', integer(0, 2 ** 31 - 1)],
  min_p: ['minP', number(0, 1)],
  repeat_penalty: ['repeatPenalty', number(0)],
  repeat_last_n: ['repeatLast', integer(0, 2 ** 31 - 1)],
  max_tokens: ['maxTokens', integer(0, 2 ** 31 - 1)],
  seed: ['seed', integer(-(2 ** 53), 2 ** 53)],
  stop: ['stop', STOP],
  ignore_eos: ['ignoreEos', FLAG],
  frequency_penalty: ['frequencyPenalty', PENALTY],
  presence_penalty: ['presencePenalty', PENALTY],
  logit_bias: ['logitBias', BIAS, biasOf],
  typical_p: ['typicalP', number(0, 1)],
  xtc_probability: ['xtcProbability', number(0, 1)],
  xtc_threshold: ['xtcThreshold', number(0, 1)],
  dynatemp_range: ['temperatureRange', number(0)],
  dynatemp_exponent: ['temperatureExponent', number(0)],
  dry_multiplier: ['dryMultiplier', number(0)],
  dry_base: ['dryBase', number(1)],
  dry_allowed_length: ['dryAllowedLength', integer(1, 2 ** 31 - 1)],
  dry_penalty_last_n: ['dryLast', integer(0, 2 ** 31 - 1)],
  grammar: ['grammar', TEXT],
};
/** Rows whose names are options of chat() alone. @type {Record<string, Row>} */
export const CHAT_OPTIONS = {
  ...OPTIONS,
  max_completion_tokens: ['maxTokens', integer(0, 2 ** 31 - 1)],
  chat_template_kwargs: ['templateOptions', ANY_OBJECT],
  response_format: ['responseFormat', FORMAT, formatOf],
  tools: ['tools', TOOLS, toolsOf],
  tool_choice: ['toolChoice', TOOL_CHOICE, choiceOf],
  parallel_tool_calls: ['parallelToolCalls', FLAG],
};

/** OpenAI's -100 forbids a token. @param {Record<string, number>} bias */
function biasOf(bias) {
  return Object.fromEntries(
    Object.entries(bias).map(([id, x]) => [id, x === -100 ? -Infinity : x]),
  );
}

/** @param {any} format */
function formatOf({ type, json_schema }) {
  if (type === 'text') return undefined;
  return { jsonSchema: type === 'json_object' ? { type: 'object' } : json_schema.schema };
}

/** Arguments always match the schema, so that strict asks for nothing more. @param {any[]} tools @param {string} field */
function toolsOf(tools, field) {
  return tools.map(({ function: { name, description, parameters, strict: _, ...more } }, i) => {
    const [unknown] = Object.keys(more);
    if (unknown !== undefined)
      throw refusal(
        `'${field}[${i}].function.${unknown.slice(0, 40)}' is not supported`,
        `${field}[${i}].function.${unknown.slice(0, 40)}`,
        'unknown_parameter',
      );
    return {
      name,
      ...(description && { description }),
      ...(parameters && { parameters }),
    };
  });
}

/** @param {any} choice */
function choiceOf(choice) {
  return typeof choice === 'string' ? choice : { name: choice.function.name };
}

/** @type {Record<string, Row>} */
const NEUTRAL = {
  store: only(false),
  service_tier: only('auto', 'default'),
  user: ignored(TEXT),
  metadata: ignored(ANY_OBJECT),
  safety_identifier: ignored(TEXT),
  prompt_cache_key: ignored(TEXT),
};
/** @type {Record<string, Row>} */
const COMMON = {
  ...NEUTRAL,
  model: ['model', TEXT],
  stream: ['stream', FLAG],
  stream_options: ['includeUsage', ANY_OBJECT, streamOptions],
  n: ['n', integer(1, 16)],
};
/** @type {Record<string, Record<string, Row>>} */
const FIELDS = {
  chat: {
    ...COMMON,
    messages: ['messages', [Array.isArray, 'an array of messages'], messagesOf],
    logprobs: ['logprobs', FLAG],
    top_logprobs: ['topLogprobs', integer(0, 20)],
    reasoning_effort: ['reasoningEffort', TEXT],
    modalities: only(['text']),
  },
  completions: {
    ...COMMON,
    prompt: ['texts', [() => true, 'anything'], textsOf],
    logprobs: ['logprobs', integer(0, 5)],
    echo: ['echo', FLAG],
    suffix: only(''),
    best_of: only(1),
  },
  embeddings: {
    ...NEUTRAL,
    model: ['model', TEXT],
    input: ['texts', [() => true, 'anything'], textsOf],
    encoding_format: ['encoding', [(v) => v === 'float' || v === 'base64', "'float' or 'base64'"]],
    dimensions: ['dimensions', integer(1, 2 ** 31 - 1)],
    pooling: ['pooling', [(v) => ['mean', 'cls', 'last'].includes(v), "'mean', 'cls' or 'last'"]],
  },
  rerank: {
    model: ['model', TEXT],
    query: ['query', TEXT],
    documents: ['documents', DOCUMENTS],
    texts: ['ranked', DOCUMENTS],
    top_n: ['top', integer(0, 2 ** 31 - 1)],
    return_text: ['returnText', FLAG],
  },
};
/** @type {Record<string, Record<string, Row>>} */
const OPTIONS_OF = { chat: CHAT_OPTIONS, completions: OPTIONS, embeddings: {}, rerank: {} };

/** A request that is refused; `api` is the error's code in OpenAI's form. @param {string} message @param {string} where @param {string} api */
export const refusal = (message, where, api = 'invalid_value') =>
  Object.assign(badArgument(message, where), { api });

/** @param {unknown} value @param {Rule} rule @param {string} field */
function check(value, [test, words], field) {
  if (!test(value)) throw refusal(`'${field}' must be ${words}, not ${describe(value)}`, field);
}

/**
 * A checked request.
 * @param {'chat' | 'completions' | 'embeddings' | 'rerank'} kind @param {any} body @returns {Request}
 */
export function readRequest(kind, body) {
  if (!OBJECT[0](body)) throw refusal(`the body must be an object, not ${describe(body)}`, '');
  const [fields, options] = [FIELDS[kind], OPTIONS_OF[kind]];
  /** @type {any} */ const request = { options: {} };
  for (const [field, value] of Object.entries(body)) {
    if (value === null || value === undefined) continue;
    const own = Object.hasOwn(options, field);
    if (!own && !Object.hasOwn(fields, field)) {
      const known = [...Object.keys(fields), ...Object.keys(options)].join(', ');
      throw refusal(
        `'${field.slice(0, 40)}' is not supported; the fields are: ${known}`,
        field.slice(0, 40),
        'unknown_parameter',
      );
    }
    const [name, rule, convert] = own ? options[field] : fields[field];
    check(value, rule, field);
    const kept = convert ? convert(value, field) : value;
    if (name && kept !== undefined) (own ? request.options : request)[name] = kept;
  }
  return finished(kind, request);
}

/** Checks what concerns several fields. @param {string} kind @param {any} request @returns {Request} */
function finished(kind, request) {
  const needed =
    {
      chat: 'messages',
      completions: 'prompt',
      rerank: request.query === undefined ? 'query' : 'documents',
    }[kind] ?? 'input';
  const { options, logprobs, topLogprobs, reasoningEffort, echo, ...rest } = request;
  const texts =
    kind === 'rerank' ? needed !== 'query' && (rest.documents ?? rest.ranked) : rest.texts;
  if (!(kind === 'chat' ? rest.messages : texts))
    throw refusal(`'${needed}' is missing`, needed, 'missing_required_parameter');
  if (kind === 'chat') {
    if (!options.tools?.length) dropTools(options);
    if (topLogprobs && !logprobs)
      throw refusal("'top_logprobs' needs 'logprobs': true", 'top_logprobs');
    if (topLogprobs) options.topLogprobs = topLogprobs;
    if (reasoningEffort)
      options.templateOptions = { reasoning_effort: reasoningEffort, ...options.templateOptions };
  } else if (kind === 'completions') {
    if (echo && logprobs !== undefined)
      throw refusal("'echo' with 'logprobs' is not supported", 'echo', 'unsupported_parameter');
    if (logprobs) options.topLogprobs = logprobs;
  }
  return { ...rest, options, logprobs, echo };
}

/** Without tools nothing can be chosen. @param {any} options */
function dropTools(options) {
  const { name } = options.toolChoice ?? {};
  if (name !== undefined || options.toolChoice === 'required')
    throw refusal("'tool_choice' needs 'tools'", 'tool_choice');
  for (const option of ['tools', 'toolChoice', 'parallelToolCalls']) delete options[option];
}

/** @param {any} value @param {string} field */
function streamOptions(value, field) {
  for (const [name, given] of Object.entries(value)) {
    if (!['include_usage', 'include_obfuscation'].includes(name))
      throw refusal(`'${field}.${name}' is not supported`, `${field}.${name}`, 'unknown_parameter');
    check(given, FLAG, `${field}.${name}`);
  }
  return value.include_usage === true;
}

/* ---- Texts and messages ---------------------------------------------------------------------- */

/** @param {any} v */
const isIds = (v) =>
  Array.isArray(v) && v.length > 0 && v.every((id) => Number.isInteger(id) && id >= 0);

/** Prompts: a text, ids, or a list of either. @param {any} value @param {string} field @returns {(string | number[])[]} */
function textsOf(value, field) {
  if (typeof value === 'string' || isIds(value)) return [value];
  if (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= 2048 &&
    value.every((one) => typeof one === 'string' || isIds(one))
  )
    return value;
  throw refusal(
    `'${field}' must be a string, an array of token ids, or an array of at most 2048 of these`,
    field,
  );
}

/** Fields of a message that the template may read. */
const MESSAGE = ['role', 'content', 'name', 'reasoning_content', 'tool_calls', 'tool_call_id'];
/** Fields that OpenAI's answers have without a value. */
const EMPTY = ['refusal', 'annotations', 'audio', 'function_call', 'tool_calls'];

/** @param {any[]} messages @returns {Message[]} */
function messagesOf(messages) {
  if (messages.length === 0) throw refusal("'messages' is empty", 'messages');
  return messages.map((message, i) => messageOf(message, `messages[${i}]`));
}

/** @param {any} message @param {string} where @returns {Message} */
function messageOf(message, where) {
  check(message, OBJECT, where);
  /** @type {any} */ const kept = {};
  for (const [field, value] of Object.entries(message)) {
    if (value === null || value === undefined) continue;
    if (EMPTY.includes(field) && Array.isArray(value) && value.length === 0) continue;
    if (!MESSAGE.includes(field))
      throw refusal(
        `'${where}.${field.slice(0, 40)}' is not supported`,
        `${where}.${field.slice(0, 40)}`,
        'unknown_parameter',
      );
    kept[field] = field === 'content' ? contentOf(value, `${where}.content`) : value;
  }
  check(kept.role, [(v) => typeof v === 'string' && /^[\w-]+$/.test(v), 'a word'], `${where}.role`);
  if (kept.content === undefined) {
    if (!kept.tool_calls) throw refusal(`'${where}.content' is missing`, `${where}.content`);
    kept.content = '';
  }
  // 'developer' is OpenAI's name of the system's role; templates know 'system'.
  return kept.role === 'developer' ? { ...kept, role: 'system' } : kept;
}

/** A text, or the joined text parts. @param {any} content @param {string} where @returns {string} */
function contentOf(content, where) {
  if (typeof content === 'string') return content;
  check(content, [Array.isArray, 'a string or an array of text parts'], where);
  return content
    .map((/** @type {any} */ part, /** @type {number} */ i) => {
      if (part?.type === 'text' && typeof part.text === 'string') return part.text;
      const found = describe(part?.type ?? part);
      throw refusal(
        `'${where}[${i}]' must be { type: 'text', text }, not of type ${found}: this model reads text only`,
        `${where}[${i}]`,
        'unsupported_value',
      );
    })
    .join('');
}
