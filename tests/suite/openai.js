/**
 * openai.js - OpenAI's interface on every host: fields of requests, chunks and whole answers, sessions that are
 * shared, aborts. tests/node/api-server.test.js has the same over HTTP, with the official clients.
 */
import { PartsReader } from '../../web/chat/parts.js';
import { apiError } from '../../web/openai/errors.js';
import { Pool } from '../../web/openai/pool.js';
import { readRequest } from '../../web/openai/requests.js';
import { createOpenAI } from '../../web/openai.js';
import { ok, rejects, same } from './assert.js';

/** @typedef {import('./index.js').Case} Case */

const hello = [{ role: 'user', content: 'hello' }];
/** Options that draw the same tokens on every host. */
const drawn = { temperature: 1, seed: 5, ignore_eos: true };

/** The refusal of a request in OpenAI's form. @param {any} body @param {'chat' | 'completions' | 'embeddings'} [kind] */
function refusalOf(body, kind = 'chat') {
  try {
    readRequest(kind, body);
  } catch (e) {
    return apiError(e);
  }
  throw new Error(`${JSON.stringify(body)} was accepted`);
}

/** The texts of a list of tokens, split into reasoning and answer. @param {[string, string][]} tokens */
function read(tokens) {
  const reader = new PartsReader();
  const all = [...tokens.map(([part, text]) => reader.take({ part, text })), reader.end()];
  return [all.map((one) => one.reasoning).join(''), all.map((one) => one.answer).join('')];
}

/** @param {AsyncIterable<any>} stream */
async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/** @type {Case[]} */
export const openai = [
  {
    name: 'fields of OpenAI become options; a field without effect is refused by name, if it asks for something',
    async run() {
      const request = readRequest('chat', {
        messages: [
          {
            role: 'developer',
            content: [
              { type: 'text', text: 'Be ' },
              { type: 'text', text: 'brief.' },
            ],
          },
          { role: 'assistant', content: 'Hi', refusal: null, annotations: [], tool_calls: null },
          { role: 'user', content: 'hello', name: 'Ann' },
        ],
        ...{ model: 'm', temperature: 0.5, top_p: 0.9, top_k: 7, min_p: 0.1, repeat_penalty: 1.1 },
        ...{
          max_completion_tokens: 9,
          seed: -3,
          stop: ['a', 'b'],
          logprobs: true,
          top_logprobs: 2,
        },
        ...{ user: 'u', n: null, tools: [], service_tier: 'auto', store: false },
        ...{ response_format: { type: 'text' }, reasoning_effort: 'low', stream: true },
        ...{ stream_options: { include_usage: true } },
      });
      const neutral = { frequency_penalty: 0, presence_penalty: 0, logit_bias: {} };
      same(readRequest('chat', { messages: hello, ...neutral }).messages, hello, 'neutral values');
      same(
        request.options,
        {
          ...{ temperature: 0.5, topP: 0.9, topK: 7, minP: 0.1, repeatPenalty: 1.1, maxTokens: 9 },
          ...{
            seed: -3,
            stop: ['a', 'b'],
            topLogprobs: 2,
            templateOptions: { reasoning_effort: 'low' },
          },
        },
        'options',
      );
      same(
        request.messages,
        [
          { role: 'system', content: 'Be brief.' },
          { role: 'assistant', content: 'Hi' },
          { role: 'user', content: 'hello', name: 'Ann' },
        ],
        'messages',
      );
      same([request.stream, request.includeUsage, request.n ?? 1], [true, true, 1], 'the protocol');
      const with_ = (/** @type {any} */ more) => ({ messages: hello, ...more });
      for (const [body, field, code, kind] of /** @type {[any, string, string, any?][]} */ ([
        [with_({ speed: 2 }), 'speed', 'unknown_parameter'],
        [with_({ __proto__: null, constructor: 1 }), 'constructor', 'unknown_parameter'],
        [with_({ temperature: 'hot' }), 'temperature', 'invalid_value'],
        [with_({ frequency_penalty: 9 }), 'frequency_penalty', 'invalid_value'],
        [with_({ store: true }), 'store', 'invalid_value'],
        [with_({ tools: [{}] }), 'tools', 'invalid_value'],
        [with_({ top_logprobs: 2 }), 'top_logprobs', 'invalid_value'],
        [with_({ stop: [''] }), 'stop', 'invalid_value'],
        [with_({ stream_options: { x: true } }), 'stream_options.x', 'unknown_parameter'],
        [{ messages: [] }, 'messages', 'invalid_value'],
        [{}, 'messages', 'missing_required_parameter'],
        [
          { messages: [{ role: 'user', content: 'x', mood: 1 }] },
          'messages[0].mood',
          'unknown_parameter',
        ],
        [{ messages: [{ role: 'user' }] }, 'messages[0].content', 'invalid_value'],
        [{ messages: [{ role: '<x>', content: '' }] }, 'messages[0].role', 'invalid_value'],
        [
          { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
          'messages[0].content[0]',
          'unsupported_value',
        ],
        [{ prompt: 'x', echo: true, logprobs: 1 }, 'echo', 'unsupported_parameter', 'completions'],
        [{ prompt: [[]] }, 'prompt', 'invalid_value', 'completions'],
        [{ prompt: 'x', suffix: 'y' }, 'suffix', 'invalid_value', 'completions'],
        [{ input: { x: 1 } }, 'input', 'invalid_value', 'embeddings'],
        [{ input: 'x', encoding_format: 'int8' }, 'encoding_format', 'invalid_value', 'embeddings'],
      ])) {
        const { status, error } = refusalOf(body, kind);
        same(
          [status, error.type, error.param, error.code],
          [400, 'invalid_request_error', field, code],
          JSON.stringify(body),
        );
        ok(error.message.includes(field.replace(/.*\./, '')), `${error.message} names ${field}`);
      }
    },
  },
  {
    name: 'reasoning and answer are told apart without the marks, however tokens split them',
    async run() {
      const [R, A] = ['reasoning', 'answer'];
      same(
        read([
          [A, 'hi '],
          [A, 'you'],
        ]),
        ['', 'hi you'],
        'an answer alone',
      );
      same(
        read([
          [R, '<think>'],
          [R, '\nso'],
          [R, ' it\n'],
          [R, '</think>'],
          [A, '\n\nyes'],
        ]),
        ['so it', 'yes'],
        'whole marks',
      );
      same(
        read([
          [R, '<th'],
          [R, 'ink>a <'],
          [R, '/b> </'],
          [R, 'thi'],
          [R, 'nk>'],
          [A, 'c'],
        ]),
        ['a </b>', 'c'],
        'split marks',
      );
      same(
        read([
          [R, ' opened by the prompt'],
          [R, '</think>'],
          [A, 'x'],
        ]),
        ['opened by the prompt', 'x'],
        'no opening mark',
      );
      same(
        read([
          [R, '<'],
          [A, 'b>bold</b>'],
        ]),
        ['', '<b>bold</b>'],
        'no mark after all',
      );
      same(read([[R, '<think>cut off </thi']]), ['cut off </thi', ''], 'ends inside');
      same(
        read([
          [R, '<think>'],
          [R, '</think>'],
          [A, '\n'],
          [A, '\nx\n'],
        ]),
        ['', 'x\n'],
        'empty reasoning',
      );
    },
  },
  {
    name: "chat.completions: chunks add up to the whole answer, which is session.chat()'s, with logprobs and usage",
    async run(t) {
      const model = await t.model('chat.gguf');
      const client = createOpenAI(model, { sessions: 2, contextLength: 512 });
      const session = await model.createSession({ contextLength: 512 });
      const options = { temperature: 1, seed: 5, ignoreEos: true, maxTokens: 9, topLogprobs: 2 };
      const tokens = await collect(session.chat(hello, options));
      const wanted = tokens.map(({ text }) => text).join('');
      const body = { messages: hello, ...drawn, max_tokens: 9, logprobs: true, top_logprobs: 2 };
      const whole = await client.chat.completions.create(body);
      same(whole.choices[0].message.content, wanted, 'the answer');
      same(whole.choices[0].finish_reason, 'length', 'its end');
      const logprobs = whole.choices[0].logprobs.content;
      same(
        logprobs.map((/** @type {any} */ l) => l.logprob),
        tokens.map((token) => token.logprob),
        'logprobs',
      );
      same(logprobs[3].top_logprobs.length, 2, 'alternatives');
      const { usage } = whole;
      same([usage.completion_tokens, usage.total_tokens - usage.prompt_tokens], [9, 9], 'usage');
      same(usage.prompt_tokens, session.position - 9, 'tokens of the prompt');
      const stream = await client.chat.completions.create({
        ...body,
        stream: true,
        stream_options: { include_usage: true },
      });
      const chunks = await collect(stream);
      const deltas = chunks.flatMap(({ choices }) => choices);
      same(deltas.map(({ delta }) => delta.content ?? '').join(''), wanted, 'chunks');
      same(
        deltas.flatMap((c) => c.logprobs?.content ?? []),
        logprobs,
        'logprobs of chunks',
      );
      same(deltas[0].delta.role, 'assistant', 'the first chunk');
      same(deltas.at(-1).finish_reason, 'length', 'the last one');
      const cached = chunks.at(-1).usage.prompt_tokens_details.cached_tokens;
      same(cached, usage.prompt_tokens - 1, 'tokens that the second request found');
      ok(
        chunks.every(({ object }) => object === 'chat.completion.chunk'),
        'names of chunks',
      );
      client.close();
      await rejects(client.chat.completions.create(body), 'CLOSED');
      await session.close();
    },
  },
  {
    name: 'completions: several prompts and answers, stop strings, echo, token ids, reasoning of a chat',
    async run(t) {
      const model = await t.model('chat.gguf');
      const client = createOpenAI(model, { sessions: 1, contextLength: 256 });
      const body = { prompt: ['ab', 'xyz'], n: 2, ...drawn, max_tokens: 6 };
      const { choices, usage } = await client.completions.create(body);
      same(
        choices.map((/** @type {any} */ c) => c.index),
        [0, 1, 2, 3],
        'indices',
      );
      const session = await model.createSession();
      const options = { temperature: 1, ignoreEos: true, maxTokens: 6 };
      for (const [i, prompt] of ['ab', 'ab', 'xyz', 'xyz'].entries()) {
        await session.rewind(0);
        const { text } = await session.complete(prompt, { ...options, seed: 5 + (i % 2) });
        same(choices[i].text, text, `answer ${i}`);
      }
      same(
        [usage.completion_tokens, usage.prompt_tokens],
        [24, 2 + 3 + 2 * (await model.tokenize('', { bos: true })).length],
        'usage',
      );
      const ids = [...(await model.tokenize('ab', { bos: true }))];
      const echoed = await client.completions.create({ ...body, prompt: [ids], n: 1, echo: true });
      same(
        echoed.choices[0].text,
        (await model.detokenize(ids)) + choices[0].text,
        'ids, with echo',
      );
      const stop = choices[0].text.slice(2, 3);
      const stopped = await client.completions.create({ ...body, prompt: 'ab', n: 1, stop });
      same(stopped.choices[0].finish_reason, 'stop', 'the end at a stop string');
      same(
        stopped.choices[0].text,
        choices[0].text.slice(0, choices[0].text.indexOf(stop)),
        'before it',
      );
      const chunks = await collect(
        await client.completions.create({ ...body, n: 1, logprobs: 1, stream: true }),
      );
      for (const index of [0, 1])
        same(
          chunks
            .flatMap((c) => c.choices)
            .filter((c) => c.index === index)
            .map((c) => c.text)
            .join(''),
          choices[2 * index].text,
          `streamed answer ${index}`,
        );
      const thinking = await client.chat.completions.create({
        messages: [{ role: 'system', content: '' }, ...hello],
        chat_template_kwargs: { enable_thinking: true },
        ...drawn,
        max_tokens: 5,
      });
      const { message } = thinking.choices[0];
      ok(message.reasoning_content.length > 0 && message.content === '', JSON.stringify(message));
      same(thinking.usage.completion_tokens_details.reasoning_tokens, 5, 'tokens of the reasoning');
      await session.close();
      client.close();
    },
  },
  {
    name: 'requests take the session with their prefix and turns token by token; more than may wait are refused',
    async run(t) {
      const model = await t.model('chat.gguf');
      const client = createOpenAI(model, { sessions: 2, waiting: 1, contextLength: 256 });
      const body = (/** @type {string} */ prompt) => ({
        prompt,
        ...drawn,
        max_tokens: 12,
        stream: true,
      });
      /** @type {string[]} */ const order = [];
      const run = async (/** @type {string} */ prompt) => {
        for await (const { choices } of await client.completions.create(body(prompt)))
          if (choices[0].text) order.push(prompt[0]);
      };
      const all = ['a first', 'b second', 'c third'].map(run);
      while (order.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      await rejects(client.completions.create({ ...body('d'), stream: false }), 'BUSY');
      await Promise.all(all);
      const two = order.slice(0, order.indexOf('c')).join('');
      ok(/(ab|ba){4}/.test(two), `two run token by token: ${two}`);
      same(order.slice(-4).join(''), 'cccc', 'the third waits');
      const again = await client.completions.create({
        prompt: 'b second!',
        ...drawn,
        max_tokens: 1,
      });
      const bos = (await model.tokenize('', { bos: true })).length;
      ok(again.usage.prompt_tokens_details.cached_tokens >= bos, 'a prefix is found');
      client.close();

      const pool = new Pool(model, { size: 2, waiting: 0, contextLength: 64 });
      const ids = (/** @type {number[]} */ ...list) => Int32Array.from(list);
      await pool.enter();
      const { entry: first } = await pool.take(ids(1, 2, 3));
      await first.session.append([1, 2, 3]);
      await pool.give(first);
      const { entry: second, cached } = await pool.take(ids(9, 8));
      ok(second !== first && cached === 0, 'a new session where nothing fits');
      await second.session.append([9, 8]);
      await pool.give(second);
      const found = await pool.take(ids(1, 2, 3, 4));
      ok(found.entry === first, 'the longest prefix');
      same(found.cached, 3, 'its length');
      await pool.give(found.entry);
      pool.release();
      pool.close();
      await rejects(first.session.ids(), 'CLOSED');
    },
  },
  {
    name: 'an abort and a stream that is left free their session; waiting ends with an abort',
    async run(t) {
      const model = await t.model('chat.gguf');
      const client = createOpenAI(model, { sessions: 1, contextLength: 256 });
      const body = { prompt: 'once', ...drawn, max_tokens: 200 };
      const stream = await client.completions.create({ ...body, stream: true });
      const waits = new AbortController();
      let seen = 0;
      for await (const _ of stream) {
        if (++seen === 1) {
          const waiting = client.completions.create(body, { signal: waits.signal });
          waits.abort(new Error('enough'));
          let reason;
          await waiting.catch((/** @type {any} */ e) => (reason = e.message));
          same(reason, 'enough', 'the reason of the waiting request');
        }
        if (seen === 3) break;
      }
      const second = await client.completions.create({ ...body, stream: true });
      let aborted = false;
      try {
        for await (const _ of second) second.controller.abort();
      } catch (e) {
        aborted = /** @type {Error} */ (e).name === 'AbortError';
      }
      ok(aborted, 'the controller aborts');
      const third = await client.completions.create({ ...body, max_tokens: 3 });
      same(third.usage.completion_tokens, 3, 'the session is free');
      await rejects(
        client.completions.create({ ...body, prompt: 'x'.repeat(300) }),
        'CONTEXT_FULL',
      );
      await rejects(
        client.completions.create({ ...body, model: 'other' }),
        'BAD_ARGUMENT',
        /there is no model 'other'/,
      );
      client.close();
    },
  },
  {
    name: 'structured output, penalties and biases of a request act on the answer',
    async run(t) {
      const model = await t.model('chat.gguf');
      const client = createOpenAI(model, { sessions: 1 });
      const ask = async (/** @type {any} */ more) => {
        const body = { messages: hello, max_tokens: 60, temperature: 1, seed: 3, ...more };
        const answer = /** @type {any} */ (await client.chat.completions.create(body));
        return answer.choices[0].message.content;
      };
      const schema = {
        ...{ type: 'object', properties: { a: { enum: ['x', 'y'] }, b: { type: 'boolean' } } },
        ...{ required: ['a', 'b'], additionalProperties: false },
      };
      const json_schema = { name: 'answer', schema };
      const object = JSON.parse(
        await ask({ response_format: { type: 'json_schema', json_schema } }),
      );
      same([Object.keys(object), typeof object.b], [['a', 'b'], 'boolean'], 'by a schema');
      ok(['x', 'y'].includes(object.a), object.a);
      same(await ask({ grammar: 'root ::= "yes" | "no"', logit_bias: {} }), 'yes', 'by a grammar');
      const [id] = await model.tokenize('y');
      same(
        await ask({ grammar: 'root ::= "y" | "n"', logit_bias: { [id]: -100 } }),
        'n',
        'by a bias',
      );
      const refused = {
        response_format: { type: 'json_schema', json_schema: { schema: { not: {} } } },
      };
      await rejects(ask(refused), 'BAD_ARGUMENT');
      client.close();
    },
  },
];
