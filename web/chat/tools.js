/**
 * tools.js - conversations with tools: the prompt, the grammar of the answer, and the calls in it.
 *
 * Messages have OpenAI's fields: an assistant's tool_calls [{ id, type: 'function', function: { name, arguments } }],
 * whose arguments are an object or JSON; and { role: 'tool', tool_call_id, name, content } for each result.
 */
import { badArgument, describe } from '../base/options.js';
import { ToolSplitter } from './tool-calls.js';
import { declaredTools, formatOf, GENERIC } from './tool-format.js';
import { answerGrammar } from './tool-grammar.js';

/** @typedef {import('../api/model.js').Model} Model */
/** @typedef {import('../api/types.js').ChatOptions} ChatOptions */
/** @typedef {import('./tool-format.js').ToolFormat} ToolFormat */
/** @typedef {import('./reasoning.js').ReasoningSplitter} ReasoningSplitter */

/* ---- Messages -------------------------------------------------------------------------------- */

/** Arguments as an object. @param {unknown} given @param {string} where */
function argumentsOf(given, where) {
  let value = given;
  try {
    if (typeof given === 'string') value = JSON.parse(given || '{}');
  } catch {}
  if (value && typeof value === 'object' && !Array.isArray(value)) return value;
  throw badArgument(`${where} must be an object or its JSON, not ${describe(given)}`, where);
}

/** A call as templates read it. @param {any} call @param {string} where @param {boolean} strings */
function callOf(call, where, strings) {
  const { id = '', function: own } = call ?? {};
  if (typeof own?.name !== 'string' || typeof id !== 'string')
    throw badArgument(`${where} must be { id, function: { name, arguments } }`, where);
  const given = argumentsOf(own.arguments ?? {}, `${where}.function.arguments`);
  const args = strings ? JSON.stringify(given) : given;
  return { id, type: 'function', function: { name: own.name, arguments: args } };
}

/** @param {any[]} messages @param {boolean} strings */
function withCalls(messages, strings) {
  return messages.map((message, i) => {
    if (!message.tool_calls) return message;
    if (!Array.isArray(message.tool_calls))
      throw badArgument(`messages[${i}].tool_calls must be an array`, `messages[${i}].tool_calls`);
    const calls = message.tool_calls.map((/** @type {any} */ call, /** @type {number} */ k) =>
      callOf(call, `messages[${i}].tool_calls[${k}]`, strings),
    );
    return { ...message, tool_calls: calls };
  });
}

/* ---- Templates without tools ------------------------------------------------------------------- */

/** What Qwen 2.5 and Hermes 2 Pro are told. @param {any[]} tools */
const INSTRUCTIONS = (tools) => `# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
${tools.map((tool) => JSON.stringify(tool)).join('\n')}
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call>`;

/** @param {any[]} calls */
function writeCalls(calls) {
  const { start, between, next = '', end } = GENERIC;
  const texts = calls.map(({ function: { name, arguments: args } }) =>
    [name, ...between, JSON.stringify(args)].join(''),
  );
  return texts.length ? start + texts.join(next) + end : '';
}

/** Tools, calls and results as text of the messages. @param {any[]} messages @param {any[]} tools */
function asText(messages, tools) {
  /** @type {any[]} */ const list = [];
  for (const { tool_calls: calls = [], tool_call_id: _, ...message } of messages) {
    const last = list.at(-1);
    if (message.role === 'tool') {
      const content = `<tool_response>\n${message.content}\n</tool_response>`;
      if (last?.results) last.content += `\n${content}`;
      else list.push({ role: 'user', content, results: true });
      continue;
    }
    const content = [message.content, writeCalls(calls)].filter(Boolean).join('\n');
    list.push({ ...message, content });
  }
  for (const message of list) delete message.results;
  if (!tools.length) return list;
  const words = INSTRUCTIONS(tools);
  const [first, ...rest] = list;
  if (first.role !== 'system') return [{ role: 'system', content: words }, ...list];
  return [{ ...first, content: `${first.content}\n\n${words}` }, ...rest];
}

/* ---- Answers ---------------------------------------------------------------------------------- */

/** All literal texts of a format. @param {ToolFormat} format @returns {string[]} */
function textsOf({ start, next = '', end, between, pairs }) {
  const { python: _, ...texts } = pairs ?? {};
  return [start, next, end, ...between, ...Object.values(texts)].filter((text) => text);
}

/** Control tokens in texts. @param {Model} model @param {string[]} texts @returns {Promise<Map<string, number>>} */
async function controlsOf(model, texts) {
  const controls = new Map();
  for (const text of texts) {
    const ids = await model.tokenize(text, { special: true, bos: false });
    for (const { id, text: name, special } of await model.pieces(ids))
      if (special && text.includes(name)) controls.set(name, id);
  }
  return controls;
}

/** @param {ChatOptions} options */
function choiceOf({ tools = [], toolChoice = 'auto' }) {
  if (typeof toolChoice === 'string') return { choice: toolChoice, callable: tools, one: false };
  const callable = tools.filter(({ name }) => name === toolChoice.name);
  if (!callable.length)
    throw badArgument(`toolChoice names no tool of tools: '${toolChoice.name}'`, 'toolChoice');
  return { choice: /** @type {const} */ ('required'), callable, one: true };
}

/**
 * What a conversation with tools gives the template, and what reads the answer.
 * @param {Model} model @param {string} template @param {import('./tool-format.js').Render} render
 * @param {any[]} messages plain data @param {Record<string, any>} variables @param {ChatOptions} options
 */
export async function prepareTools(model, template, render, messages, variables, options) {
  const { tools = [], parallelToolCalls = true, grammar, responseFormat } = options;
  if (tools.length && (grammar ?? responseFormat) !== undefined)
    throw badArgument("give one of 'tools', 'grammar' and 'responseFormat'", 'tools');
  const { choice, callable, one } = choiceOf(options);
  const format = await formatOf(render, template, variables);
  const declared = declaredTools(tools);
  const conversation = withCalls(messages, !!format.strings);
  const given = format.generic
    ? { messages: asText(conversation, declared) }
    : { messages: conversation, ...(tools.length && { tools: declared }) };
  if (!tools.length) return { variables: given, reader: undefined };
  const before = conversation.reduce((n, { tool_calls: calls = [] }) => n + calls.length, 0);

  /** @param {string} prompt the rendered text @param {import('./reasoning.js').Marks[]} marks */
  const reader = async (prompt, marks) => {
    const words = marks.flatMap(({ open, close }) => [open, close]);
    const controls = await controlsOf(model, [...textsOf(format), ...words]);
    const reasoning = marks.map(({ open, close }) => {
      return { open, close, inside: prompt.trimEnd().endsWith(open) };
    });
    const wanted = { choice, parallel: parallelToolCalls && !one, reasoning };
    const names = new Map([...controls].map(([text, id]) => [id, text]));
    return {
      grammar: answerGrammar(format, callable, controls, wanted),
      splitter: (/** @type {ReasoningSplitter} */ inner) =>
        new ToolSplitter(inner, format, tools, names, before),
    };
  };
  return { variables: given, reader };
}
