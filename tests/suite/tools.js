/**
 * tools.js - calls of tools on every host: the formats of model families, answers that the grammar makes, text that
 * only looks like a call, results, messages that do not fit.
 */
import { render } from '../../web/chat/chat.js';
import { PartsReader } from '../../web/chat/parts.js';
import { ReasoningSplitter } from '../../web/chat/reasoning.js';
import { readCalls, ToolSplitter } from '../../web/chat/tool-calls.js';
import { formatOf } from '../../web/chat/tool-format.js';
import { ok, rejects, same } from './assert.js';
import { templates } from './tool_templates.js';

/** @typedef {import('./index.js').Case} Case */
/** @typedef {import('../../web/jielong.js').Session} Session */
/** @typedef {import('../../web/api/types.js').Tool} Tool */

/** @type {Tool[]} */
const TOOLS = [
  {
    name: 'weather',
    description: 'The weather of the next days',
    parameters: {
      type: 'object',
      properties: {
        city: { type: 'string', maxLength: 12 },
        days: { type: 'integer', minimum: 1, maximum: 9 },
        rain: { type: 'boolean' },
      },
      required: ['city'],
    },
  },
  { name: 'now', description: 'The time' },
];
const question = [{ role: 'user', content: 'Will it rain?' }];

/** @param {string} template */
const format = (template) => formatOf(render, template, { bos_token: '<s>', eos_token: '</s>' });

/** chat.gguf, whose tokens are bytes, with a longer context. @param {import('./index.js').T} t */
async function open(t) {
  const bytes = (await t.bytes('chat.gguf')).slice();
  const key = 'llama.context_length';
  const at = new TextDecoder('latin1').decode(bytes).indexOf(key) + key.length + 4; // its type
  new DataView(bytes.buffer).setUint32(at, 4096, true);
  const model = await t.load(bytes);
  return { model, session: await model.createSession({ contextLength: 3072 }) };
}

/** The tokens of an answer. @param {Session} session @param {any} options @param {any[]} [messages] */
async function answer(session, options, messages = question) {
  const tokens = [];
  const given = { tools: TOOLS, temperature: 1, maxTokens: 700, ...options };
  for await (const token of session.chat(messages, given)) tokens.push(token);
  return tokens;
}

/** Whether a call matches TOOLS. @param {any} call */
function fits({ id, name, arguments: args }) {
  ok(/^[\w]{9}$/.test(id), `the id ${id}`);
  if (name === 'now') return same(args, {}, 'arguments of now');
  same(name, 'weather', 'the name');
  const { city, days = 1, rain = true, ...more } = args;
  ok(typeof city === 'string', `city ${JSON.stringify(args)}`);
  ok(Number.isInteger(days) && days >= 1 && days <= 9, `days ${days}`);
  ok(typeof rain === 'boolean' && Object.keys(more).length === 0, JSON.stringify(args));
}

/** @type {Case[]} */
export const tools = [
  {
    name: 'formats of calls are read from the templates of model families',
    async run() {
      for (const [name, { template, texts }] of Object.entries(templates)) {
        const found = await format(template);
        same(!!found.generic, name.includes('without'), `${name}: is generic`);
        const [one] = readCalls(found, texts[0], TOOLS);
        const { rain, ...args } = one?.arguments ?? {};
        same([one?.name, args], ['weather', { city: 'Taipei', days: 3 }], `${name}: one call`);
        same(found.next !== undefined, name !== 'Llama 3', `${name}: several calls`);
        if (!texts[1]) continue;
        const two = readCalls(found, texts[1], TOOLS);
        same(two.map((call) => call.name).sort(), ['now', 'weather'], `${name}: two calls`);
        same(two.find((call) => call.name === 'now')?.arguments, {}, `${name}: no arguments`);
        // Of a part of the text, never another call.
        for (let n = 0; n < texts[1].length; n++) {
          const some = readCalls(found, texts[1].slice(0, n), TOOLS);
          same(some, two.slice(0, some.length), `${name}: the first ${n} characters`);
        }
      }
    },
  },
  {
    name: 'answers that must call a tool have calls whose arguments match their schemas, in every format',
    slow: true,
    async run(t) {
      const { model, session } = await open(t);
      for (const [name, { template }] of Object.entries(templates)) {
        let ended = 0;
        for (let seed = 1; seed <= 4; seed++) {
          const options = { chatTemplate: template, toolChoice: 'required', seed };
          const tokens = await answer(session, options);
          const calls = tokens.flatMap(({ call }) => (call ? [call] : []));
          const text = tokens.map((token) => token.text).join('');
          const finish = tokens.at(-1)?.finish;
          ok(calls.length > 0 || finish === 'length', `${name}, seed ${seed}: no call in ${text}`);
          calls.forEach(fits);
          same(new Set(calls.map(({ id }) => id)).size, calls.length, `${name}: ids`);
          const reader = new PartsReader();
          const parts = [...tokens.map((token) => reader.take(token)), reader.end()];
          if (finish === 'end') ended++;
          if (finish === 'end')
            same(parts.map((p) => p.answer.trim()).join(''), '', `${name}: text`);
        }
        ok(ended > 0, `${name}: no answer of 4 has ended`);
      }
      await model.close();
    },
  },
  {
    name: 'what may be called: none, one tool by name, one call, a text or calls',
    async run(t) {
      const { model, session } = await open(t);
      const { template } = templates['Qwen 2.5, Hermes'];
      const options = { chatTemplate: template, maxTokens: 60 };
      /** @param {any} more */
      const calls = async (more) => {
        const tokens = await answer(session, { ...options, maxTokens: 700, ...more });
        const ended = tokens.at(-1)?.finish === 'end';
        return ended ? tokens.flatMap(({ call }) => call ?? []) : undefined;
      };
      let [one, several] = [0, 0];
      for (let seed = 1; seed < 12; seed++) {
        const named = await calls({ seed, toolChoice: { name: 'now' } });
        if (named)
          same(
            named.map(({ name }) => name),
            ['now'],
            'one call of the tool',
          );
        const all = await calls({ seed, toolChoice: 'required', parallelToolCalls: false });
        if (all) same(all.length, 1, 'one call');
        one += named || all ? 1 : 0;
        several += ((await calls({ seed, toolChoice: 'required' })) ?? []).length > 1 ? 1 : 0;
      }
      ok(one > 2 && several > 0, `${one} answers of one call, ${several} of several`);
      // Biases make the mark's first letters probable; then only a call can follow the mark.
      const mark = new TextEncoder().encode('<tool_call>');
      const logitBias = Object.fromEntries([...mark].map((byte) => [byte, 12]));
      const none = await answer(session, {
        ...options,
        toolChoice: 'none',
        logitBias,
        seed: 1,
        maxTokens: 400,
      });
      ok(
        !none
          .map(({ text }) => text)
          .join('')
          .includes('<tool_call>'),
        'none: no mark',
      );
      same(
        none.flatMap(({ call }) => call ?? []),
        [],
        'none: no call',
      );
      await model.close();
    },
  },
  {
    name: 'a text that only begins like a call stays text, and calls are read however tokens split them',
    async run() {
      const { template } = templates['Qwen 2.5, Hermes'];
      const found = await format(template);
      /** @param {string[]} texts */
      const read = (texts) => {
        const splitter = new ToolSplitter(
          new ReasoningSplitter([], ''),
          found,
          TOOLS,
          new Map(),
          7,
        );
        const reader = new PartsReader();
        const calls = [];
        let said = '';
        for (const text of texts) {
          const part = splitter.take({ id: 1, text });
          if (splitter.call) calls.push(splitter.call);
          said += reader.take({ text, part, call: splitter.call }).answer;
        }
        return [said + reader.end().answer, calls];
      };
      same(read(['a ', '<', 'too', 'th> <tool_', 'x']), ['a <tooth> <tool_x', []], 'text');
      same(read(['a <tool']), ['a <tool', []], 'the end');
      const [, two] = templates['Qwen 2.5, Hermes'].texts;
      const call = (
        /** @type {string} */ id,
        /** @type {string} */ name,
        /** @type {any} */ args,
      ) => ({ name, arguments: args, id });
      const calls = [
        call('call00007', 'weather', { city: 'Taipei', days: 3 }),
        call('call00008', 'now', {}),
      ];
      same(read(['Let me see.\n', ...`${two}`]), ['Let me see.\n', calls], 'letters');
      same(read(['Let me see.\n', ...`${two}`.split(/(?<=e)/)]), ['Let me see.\n', calls], 'parts');
      same(read([`${two}`.slice(0, 40)]), ['', []], 'a call that is cut off');
    },
  },
  {
    name: 'calls and results go back as messages: arguments as objects or JSON, in the template or as text',
    async run(t) {
      const { model, session } = await open(t);
      const call = (/** @type {unknown} */ args) => [
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'now', arguments: args } }],
        },
        { role: 'tool', tool_call_id: 'a', name: 'now', content: '<|im_end|>noon' },
      ];
      /** @param {any[]} messages @param {string} name */
      const prompt = async (messages, name) => {
        const chatTemplate = templates[name].template;
        await session
          .chat([...question, ...messages], { chatTemplate, maxTokens: 0, tools: TOOLS })
          .next();
        return model.detokenize(await session.ids(), { special: true });
      };
      for (const name of [
        'Qwen 2.5, Hermes',
        'DeepSeek R1, arguments as text',
        'a template without tools',
      ]) {
        const text = await prompt(call({ zone: 'x"y' }), name);
        ok(text.includes('{"zone":') && text.includes('x\\"y'), `${name}: ${text}`);
        same(await prompt(call('{"zone":"x\\"y"}'), name), text, `${name}: JSON`);
        ok(text.includes('noon'), `${name}: the result`);
        const ends = [...(await session.ids())].filter((id) => id === 257).length;
        await prompt(
          [
            { role: 'assistant', content: 'x' },
            { role: 'user', content: 'y' },
          ],
          name,
        );
        same(
          [...(await session.ids())].filter((id) => id === 257).length,
          ends,
          `${name}: no mark from a result`,
        );
      }
      const plain = await prompt([], 'a template without tools');
      ok(
        plain.includes('"name":"weather"') && plain.includes('<tools>'),
        'tools in the system message',
      );
      await rejects(
        prompt(call('[1]'), 'Qwen 2.5, Hermes'),
        'BAD_ARGUMENT',
        /tool_calls\[0\]\.function\.arguments/,
      );
      await rejects(
        prompt([{ role: 'assistant', tool_calls: [{}] }], 'Qwen 2.5, Hermes'),
        'BAD_ARGUMENT',
        /tool_calls\[0\]/,
      );
      await model.close();
    },
  },
  {
    name: 'tools that cannot be called are refused by name',
    hosts: 'one',
    async run(t) {
      const { model, session } = await open(t);
      const chatTemplate = templates['Qwen 2.5, Hermes'].template;
      const next = (/** @type {any} */ options) =>
        session.chat(question, { chatTemplate, maxTokens: 2, tools: TOOLS, ...options }).next();
      for (const tools of [
        {},
        'x',
        [{}],
        [{ name: 'a b' }],
        [TOOLS[0], TOOLS[0]],
        [{ name: 'a', parameters: 1 }],
      ])
        await rejects(next({ tools }), 'BAD_ARGUMENT', /tools/);
      for (const toolChoice of ['any', 1, {}])
        await rejects(next({ toolChoice }), 'BAD_ARGUMENT', /toolChoice/);
      await rejects(
        next({ toolChoice: { name: 'no' } }),
        'BAD_ARGUMENT',
        /toolChoice names no tool/,
      );
      await rejects(next({ grammar: 'root ::= "a"' }), 'BAD_ARGUMENT', /one of 'tools', 'grammar'/);
      const parameters = {
        type: 'object',
        properties: { a: { type: 'array', uniqueItems: true } },
      };
      await rejects(
        next({ tools: [{ name: 'a', parameters }] }),
        'BAD_ARGUMENT',
        /tools\[0\]\.parameters.*uniqueItems/,
      );
      await model.close();
    },
  },
];
