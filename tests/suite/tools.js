/**
 * tools.js - calls of tools on every host: the formats of model families, answers that the grammar makes, text that
 * only looks like a call, results, messages that do not fit.
 */
import { render } from '../../web/chat/chat.js';
import { PartsReader } from '../../web/chat/parts.js';
import { ReasoningSplitter } from '../../web/chat/reasoning.js';
import { readCalls, ToolSplitter } from '../../web/chat/tool-calls.js';
import { formatOf } from '../../web/chat/tool-format.js';
import { Conversation } from '../../web/conversation.js';
import { createOpenAI } from '../../web/openai.js';
import { withContext } from '../helpers/context.js';
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
        city: { type: 'string', minLength: 1, maxLength: 12 },
        days: { type: 'integer', minimum: 1, maximum: 9 },
        rain: { type: 'boolean' },
      },
      required: ['city'],
    },
  },
  { name: 'now', description: 'The time' },
];
const question = [{ role: 'user', content: 'Will it rain?' }];

/** A template that is learned soon. A turn ends with a semicolon. */
const LEARNED = `{% for t in tools %}tool {{ t.function.name }};{% endfor %}
{% for m in messages %}{{ m.role }}: {{ m.content }}{% for c in m.tool_calls or [] %}<call>{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}</call>{% endfor %};{% endfor %}
{% if add_generation_prompt %}assistant: {% endif %}`;
const WEATHER = {
  name: 'rain',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const RAIN = {
  id: 'a',
  type: 'function',
  function: { name: 'rain', arguments: { city: 'Taipei' } },
};
const asked = [{ role: 'user', content: 'Rain in Taipei?' }];
/** @type {import('../../web/api/types.js').TrainConfig} */
const LEARNER = {
  ...{ vocabulary: 'characters', context: 256, width: 48, layers: 2, heads: 4, hidden: 64 },
  ...{ batch: 2, steps: 120, dropout: 0, lr: 0.01 },
};

/** @param {string} template */
const format = (template) => formatOf(render, template, { bos_token: '<s>', eos_token: '</s>' });

/** chat.gguf, whose tokens are bytes, with a longer context. @param {import('./index.js').T} t */
async function open(t) {
  const model = await t.load(withContext(await t.bytes('chat.gguf'), 4096));
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
  ok(
    typeof city === 'string' && [...city].length > 0 && [...city].length <= 12,
    `city ${JSON.stringify(args)}`,
  );
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
        for (let seed = 1; seed <= 16 && ended < 2; seed++) {
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
          if (finish === 'end') same(parts.map((p) => p.answer).join(''), '', `${name}: text`);
        }
        ok(ended > 0, `${name}: no answer of 16 has ended`);
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
      const raw = { chatTemplate: templates['GLM 4'].template };
      for (const [word, value] of Object.entries({ pattern: '^a+$', format: 'uuid' })) {
        const properties = { a: { type: 'string', [word]: value } };
        const odd = [{ name: 'a', parameters: { type: 'object', properties } }];
        await rejects(
          next({ tools: odd, ...raw }),
          'BAD_ARGUMENT',
          new RegExp(`properties/a/${word}.*without JSON`),
        );
        await next({ tools: odd, maxTokens: 0 }); // in JSON they are kept
      }
      const either = { type: 'object', anyOf: [{ properties: { a: { type: 'null' } } }] };
      await rejects(
        next({ tools: [{ name: 'a', parameters: either }], ...raw }),
        'BAD_ARGUMENT',
        /parameters\/anyOf/,
      );
      await rejects(
        next({ tools: [{ name: 'a', parameters }] }),
        'BAD_ARGUMENT',
        /tools\[0\]\.parameters.*uniqueItems/,
      );
      await model.close();
    },
  },
  {
    name: 'a model that has learned to call a tool says why, calls it, reads the result and answers',
    hosts: 'one',
    slow: true,
    async run(t) {
      const chatTemplate = LEARNED;
      const learned = [
        ...asked,
        { role: 'assistant', content: 'Let me see.', tool_calls: [RAIN] },
        { role: 'tool', tool_call_id: RAIN.id, content: 'yes' },
        { role: 'assistant', content: 'Yes, take a coat.' },
      ];
      const declared = [{ type: 'function', function: WEATHER }];
      const { text } = await render(chatTemplate, { messages: learned, tools: declared });
      const config = { ...LEARNER, evaluateEvery: 1000, evaluateWindows: 1 };
      const options = { text: text.repeat(60), config, worker: t.options.worker };
      const trainer = await t.jielong.createTrainer(options);
      for await (const _ of trainer.run());
      const model = await t.load(await trainer.export());
      await trainer.close();
      const conversation = new Conversation(await model.createSession(), {
        options: {
          tools: [WEATHER],
          chatTemplate,
          temperature: 0,
          parallelToolCalls: false,
          stop: ';',
        },
      });
      const calls = [];
      for await (const { call } of conversation.send(asked[0].content)) if (call) calls.push(call);
      same(calls, [{ name: 'rain', arguments: { city: 'Taipei' }, id: 'call00000' }], 'the call');
      same(conversation.messages[1].content, 'Let me see.', 'the text before');
      const results = calls.map(({ id, name }) => ({ id, name, content: 'yes' }));
      for await (const _ of conversation.sendResults(results));
      same(
        conversation.messages.map(({ role }) => role),
        learned.map(({ role }) => role),
        'roles',
      );
      same(conversation.messages.at(-1)?.content, 'Yes, take a coat.', 'the answer');
      const saved = JSON.parse(JSON.stringify(conversation));
      same(Conversation.from(model, saved).messages, conversation.messages, 'stored as JSON');
      let refused = '';
      await conversation
        .sendResults(results)
        .next()
        .catch((e) => {
          refused = e.message;
        });
      ok(/called no tool/.test(refused), 'results without a call');
      await model.close();
    },
  },
  {
    name: "OpenAI's tools: calls in chunks and whole answers, results, refusals",
    async run(t) {
      const { model } = await open(t);
      const client = createOpenAI(model, { name: 'm', contextLength: 3072 });
      const declared = TOOLS.map((tool) => ({ type: 'function', function: tool }));
      const body = {
        messages: question,
        tools: declared,
        tool_choice: { type: 'function', function: { name: 'now' } },
        temperature: 1,
        max_tokens: 900,
      };
      let calls = 0;
      for (let seed = 1; seed < 6; seed++) {
        const whole = await client.chat.completions.create({ ...body, seed });
        const [{ message, finish_reason: finish }] = whole.choices;
        if (finish === 'length') continue;
        calls++;
        same(finish, 'tool_calls', 'the end');
        const [{ id, type, function: own }] = message.tool_calls;
        same([type, own], ['function', { name: 'now', arguments: '{}' }], 'the call');
        same(message.content, null, 'no text');
        const deltas = [];
        for await (const chunk of await client.chat.completions.create({
          ...body,
          seed,
          stream: true,
        }))
          deltas.push(...(chunk.choices[0].delta.tool_calls ?? []));
        same(deltas, [{ index: 0, id, type, function: own }], 'chunks');
        const answered = [
          ...question,
          message,
          { role: 'tool', tool_call_id: id, content: 'noon' },
        ];
        const next = await client.chat.completions.create({
          ...body,
          messages: answered,
          tool_choice: 'none',
          max_tokens: 3,
        });
        ok(next.usage.prompt_tokens > whole.usage.prompt_tokens, 'the result is read');
      }
      ok(calls > 0, 'some answers have ended');
      const create = (/** @type {any} */ more) =>
        client.chat.completions.create({ ...body, ...more });
      await rejects(create({ tools: undefined }), 'BAD_ARGUMENT', /'tool_choice' needs 'tools'/);
      await rejects(create({ tool_choice: 'some' }), 'BAD_ARGUMENT', /tool_choice/);
      await rejects(
        create({ tools: [{ type: 'function', function: { name: 'a', speed: 1 } }] }),
        'BAD_ARGUMENT',
        /function\.speed/,
      );
      client.close();
      await model.close();
    },
  },
];
