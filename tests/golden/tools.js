/**
 * tools.js - reads the formats of calls of tools from chat templates, and the calls that the templates then write.
 *
 *   node tests/golden/tools.js FOLDER [NAME]        every FOLDER/*.jinja, or those with NAME in theirs
 *
 * FOLDER is, for example, models/templates of llama.cpp's source. Prints a line for each template: its format, or
 * "in the system message" if it knows no tools; the status is 1 if the calls that a template writes are not read as they were.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { render } from '../../web/chat/chat.js';
import { readCalls } from '../../web/chat/tool-calls.js';
import { declaredTools, formatOf, triggerOf } from '../../web/chat/tool-format.js';

const [folder, wanted = ''] = process.argv.slice(2);
const variables = { bos_token: '<s>', eos_token: '</s>' };
const QUESTION = 'Will it rain?';
const text = { type: 'string' };
const tools = [
  {
    name: 'weather',
    description: 'The weather of the next days',
    parameters: { type: 'object', properties: { city: text, days: { type: 'integer' } } },
  },
  { name: 'now', description: 'The time' },
];
const calls = [
  { id: 'a1b2c3d4e', name: 'weather', arguments: { city: 'Tai\npei "x"', days: 3 } },
  { id: 'f1b2c3d4e', name: 'now', arguments: {} },
  { id: 'g1b2c3d4e', name: 'weather', arguments: { city: 'b' } },
];

/** The calls that a template writes, read. @param {string} template @param {any} format @param {any[]} given */
async function readBack(template, format, given) {
  const written = given.map(({ id, name, arguments: args }) => {
    const own = { name, arguments: format.strings ? JSON.stringify(args) : args };
    return { id, type: 'function', function: own };
  });
  const messages = [
    { role: 'user', content: QUESTION },
    { role: 'assistant', content: '', tool_calls: written },
  ];
  const more = { messages, tools: declaredTools(tools), add_generation_prompt: false };
  const rendering = await render(template, { ...variables, ...more });
  const { text } = rendering;
  if (!text.includes(given[0].name, text.indexOf(QUESTION))) return undefined; // it writes no calls
  const values = { id: given[0].id, name: given[0].name, arguments: '' };
  const from = text.indexOf(format.start + values[format.order[0]], text.indexOf(QUESTION));
  return readCalls(format, text.slice(from < 0 ? 0 : from), tools);
}

/** @param {any[]} list */
const plain = (list) => JSON.stringify(list.map(({ name, arguments: args }) => [name, args]));

for (const file of readdirSync(folder).filter((name) => name.endsWith('.jinja'))) {
  if (!file.includes(wanted)) continue;
  const template = readFileSync(join(folder, file), 'utf8');
  const format = await formatOf(render, template, variables);
  const { start, next } = format;
  const lines = [];
  for (const given of format.generic ? [] : [[calls[0]], [calls[1]], ...(next ? [calls] : [])]) {
    const read = await readBack(template, format, given).catch((e) => [{ name: e.message }]);
    if (!read || plain(read) === plain(given)) continue;
    lines.push(`  wrote ${plain(given)}, read ${plain(read)}`);
    process.exitCode = 1;
  }
  const kind = format.generic ? 'in the system message' : JSON.stringify(triggerOf(start) || start);
  const all = process.argv[3] ? JSON.stringify(format) : '';
  console.log(`${file}: ${kind}${next ? ', several' : ''} ${all}`);
  for (const line of lines) console.log(line);
}
