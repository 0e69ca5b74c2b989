/**
 * connect.test.js - connect() against jielong serve, llama.cpp's server and servers that fail: the same streams, options
 * and errors as a local model, and refusals of what a server cannot do.
 *
 * llama.cpp's server is skipped where tests/clients/install.sh has not put it.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { connect } from '../../web/connect.js';
import { Conversation } from '../../web/conversation.js';
import { loadModel } from '../../web/jielong.js';
import { makeApiServer } from '../../web/node/api-server.js';
import { withContext } from '../helpers/context.js';
import { golden, noModel, noServer, python, root, smollm2 } from '../helpers/paths.js';
import { listening } from '../helpers/server.js';

/** @typedef {import('../../web/jielong.js').Model} Model */
/** @typedef {import('../../web/connect.js').RemoteModel} RemoteModel */

const hello = [{ role: 'user', content: 'hello' }];
const drawn = { temperature: 1, seed: 5, ignoreEos: true, maxTokens: 8 };

/** @param {import('node:http').Server} server */
async function listen(server) {
  const { origin, close } = await listening(server);
  return { baseURL: `${origin}/v1`, close };
}

/** @param {AsyncIterable<any>} tokens */
async function collect(tokens) {
  const all = [];
  for await (const token of tokens) all.push(token);
  return all;
}
/** @param {any[]} tokens */
const textOf = (tokens) => tokens.map(({ text }) => text).join('');

describe('connect() to jielong serve', () => {
  /** @type {Model} */ let local;
  /** @type {RemoteModel} */ let model;
  /** @type {Awaited<ReturnType<typeof listen>>} */ let server;
  before(async () => {
    local = await loadModel(golden('chat.gguf'), { worker: true, threads: 1, precision: 'exact' });
    server = await listen(makeApiServer(local, { name: 'chat', contextLength: 512, apiKey: 'k' }));
    model = await connect({ baseURL: `${server.baseURL}/`, apiKey: 'k' });
  });
  after(async () => {
    server?.close();
    await local?.close();
  });

  test('chat, generate, complete and embed are those of the local model', async () => {
    assert.equal(model.info.name, 'chat');
    const here = await local.createSession({ contextLength: 512 });
    const there = await model.createSession();
    const options = { ...drawn, topLogprobs: 2 };
    const wanted = await collect(here.chat(hello, options));
    const found = await collect(there.chat(hello, options));
    assert.equal(textOf(found), textOf(wanted));
    assert.deepEqual(
      found.slice(0, 8).map((t) => t.logprob),
      wanted.map((t) => t.logprob),
    );
    assert.deepEqual(
      found[3].top.map((/** @type {any} */ t) => t.logprob),
      wanted[3].top.map((/** @type {any} */ t) => t.logprob),
    );
    const ids = (/** @type {any[]} */ tokens) => tokens.slice(0, 8).map(({ id }) => id);
    assert.deepEqual(ids(found), ids(wanted));
    assert.equal(found[3].top[1].id, wanted[3].top[1].id);
    assert.equal(found.at(-1).finish, 'length');
    assert.deepEqual(
      found.map(({ index }) => index),
      found.map((_, i) => i),
    );
    assert.ok(found.every(({ part }) => part === undefined || part === 'answer'));
    let said = '';
    for (const prompt of ['ab', 'cd']) {
      await here.rewind(0); // the server reads the text of the session, not its tokens
      const text = textOf(await collect(here.generate(said + prompt, drawn)));
      const generation = there.generate(prompt, drawn);
      assert.equal(textOf(await collect(generation)), text);
      assert.equal(generation.seed, 5);
      said += prompt + text;
    }
    await here.rewind(0);
    const { text } = await here.complete('ef', drawn);
    const stopped = await (await model.createSession()).complete('ef', { ...drawn, stop: text[3] });
    assert.deepEqual([stopped.text, stopped.finish], [text.slice(0, text.indexOf(text[3])), 'end']);
    const vector = await model.embed('a text');
    const own = await local.embed('a text');
    assert.ok(vector.every((x, i) => Math.abs(x - own[i]) < 1e-6));
    const thinking = await collect(
      there.chat([{ role: 'system', content: '' }, ...hello], {
        ...drawn,
        templateOptions: { enable_thinking: true },
      }),
    );
    assert.ok(thinking.some(({ part }) => part === 'reasoning'));
    await here.close();
  });

  test('complete() gives plain data; tools go to the server, and its calls come back', async () => {
    const session = await model.createSession();
    const done = await session.complete('ab', drawn);
    assert.deepEqual(JSON.parse(JSON.stringify(done)), done);
    const parameters = { type: 'object', properties: { n: { type: 'integer', maximum: 9 } } };
    const tools = [{ name: 'now', description: 'x', parameters }];
    const large = await loadModel(withContext(readFileSync(golden('chat.gguf')), 4096), {
      worker: true,
      precision: 'exact',
    });
    const other = await listen(makeApiServer(large, { name: 'chat', contextLength: 3072 }));
    try {
      const there = await (await connect({ baseURL: other.baseURL })).createSession();
      const here = await large.createSession({ contextLength: 3072 });
      let ended = 0;
      for (let seed = 1; seed < 8; seed++) {
        const options = {
          tools,
          toolChoice: { name: 'now' },
          temperature: 1,
          seed,
          maxTokens: 400,
        };
        const wanted = await collect(here.chat(hello, options));
        const found = await collect(there.chat(hello, options));
        const calls = (/** @type {any[]} */ tokens) => tokens.flatMap(({ call }) => call ?? []);
        assert.deepEqual(calls(found), calls(wanted));
        assert.equal(found.at(-1).finish, wanted.at(-1).finish);
        if (calls(found).length) ended++;
        assert.ok(calls(found).every(() => found.some(({ part }) => part === 'tool')));
      }
      assert.ok(ended > 0);
      const talk = new Conversation(await connect({ baseURL: other.baseURL }), {
        options: { tools, maxTokens: 4 },
      });
      await assert.rejects(collect(talk.sendResults([])), { code: 'BAD_ARGUMENT' });
      const unknown = there.chat(hello, { tools, toolChoice: { name: 'no' } });
      await assert.rejects(collect(unknown), { code: 'HTTP', message: /toolChoice names no tool/ });
    } finally {
      other.close();
      await large.close();
    }
  });

  test('onToken, break, abort, BUSY and CLOSED are those of a session', async () => {
    const session = await model.createSession();
    let heard = 0;
    const long = { ...drawn, maxTokens: 300, onToken: () => heard++ };
    for await (const token of session.chat(hello, long)) {
      assert.equal(token.index, heard - 1);
      await assert.rejects(session.generate('x').next(), { code: 'BUSY' });
      if (heard === 3) break;
    }
    const controller = new AbortController();
    const aborted = session.chat(hello, { ...long, signal: controller.signal });
    await aborted.next();
    controller.abort(new Error('enough'));
    await assert.rejects(aborted.next(), /enough/);
    assert.equal(aborted.ended, true);
    await assert.rejects(collect(session.chat(hello, { signal: controller.signal })), /enough/);
    await session.close();
    await assert.rejects(session.chat(hello).next(), { code: 'CLOSED' });
  });

  test('what a server cannot do is refused by name', async () => {
    const session = await model.createSession();
    const any = /** @type {any} */ (session);
    for (const name of ['run', 'lens', 'stages', 'logits', 'save', 'ids', 'rewind', 'counters'])
      await assert.rejects(any[name](), { code: 'REMOTE', where: `session.${name}()` });
    for (const name of ['tokenize', 'embeddings', 'merges', 'restore'])
      await assert.rejects(/** @type {any} */ (model)[name](), {
        code: 'REMOTE',
        where: `model.${name}()`,
      });
    await assert.rejects(collect(any.eachLogits([1])), { code: 'REMOTE' });
    await assert.rejects(collect(any.generate([1, 2])), { code: 'REMOTE', message: /token ids/ });
    await assert.rejects(collect(session.chat(hello, { chatTemplate: 'chatml' })), {
      code: 'REMOTE',
    });
    await assert.rejects(model.createSession({ contextLength: 5 }), {
      code: 'REMOTE',
      message: /contextLength/,
    });
    await assert.rejects(model.embed('x', { pooling: 'cls' }), { code: 'REMOTE' });
    await assert.rejects(collect(session.chat(hello, /** @type {any} */ ({ speed: 1 }))), {
      code: 'BAD_ARGUMENT',
    });
  });

  test('errors of the server have a code and say what to do', async () => {
    const { baseURL } = server;
    const chat = async (/** @type {any} */ options, content = 'hello') =>
      collect((await (await connect(options)).createSession()).chat([{ role: 'user', content }]));
    await assert.rejects(connect({ baseURL, apiKey: 'wrong' }), {
      code: 'HTTP',
      message: /401.*apiKey/,
    });
    await assert.rejects(chat({ baseURL, apiKey: 'k', model: 'other' }), {
      code: 'HTTP',
      message: /404.*no model 'other'.*name of the model/,
    });
    await assert.rejects(connect({ baseURL: baseURL.slice(0, -3), apiKey: 'k' }), {
      code: 'HTTP',
      message: /404.*baseURL/,
    });
    await assert.rejects(chat({ baseURL, apiKey: 'k' }, 'x'.repeat(600)), { code: 'CONTEXT_FULL' });
    await assert.rejects(connect({ baseURL: 'http://127.0.0.1:1/v1' }), {
      code: 'NETWORK',
      message: /ECONNREFUSED|bad port/,
    });
    await assert.rejects(connect({ baseURL: 'localhost:80' }), { code: 'BAD_ARGUMENT' });
    await assert.rejects(connect(/** @type {any} */ ({})), { code: 'BAD_ARGUMENT' });
  });

  test('a conversation over the server drops turns when its context is full', async () => {
    /** @type {any[]} */ const told = [];
    const talk = new Conversation(model, {
      system: 'A system message.',
      options: { ...drawn, maxTokens: 60 },
      onTruncate: ({ dropped }) => told.push(...dropped),
    });
    for (let i = 0; i < 9; i++) await collect(talk.send(`message ${i}`));
    assert.ok(told.length >= 2, `${told.length} messages were dropped`);
    assert.deepEqual(told, talk.messages.slice(1, talk.start));
    assert.equal(talk.messages.length, 19);
    await assert.rejects(talk.save(), { code: 'REMOTE' });
    assert.deepEqual(
      Conversation.from(model, JSON.parse(JSON.stringify(talk))).messages,
      talk.messages,
    );
  });
});

test('servers that fail: statuses, other forms of errors, streams that break, answers that are none', async (t) => {
  /** @type {(response: import('node:http').ServerResponse) => void} */ let answer = () => {};
  const server = await listen(createServer((_, response) => answer(response)));
  t.after(server.close);
  const events = (/** @type {string[]} */ ...list) =>
    (answer = (response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      for (const one of list) response.write(one);
      response.end();
    });
  const status = (/** @type {number} */ code, /** @type {string} */ body) =>
    (answer = (r) => r.writeHead(code).end(body));
  const session = await (await connect({ baseURL: server.baseURL, model: 'm' })).createSession();
  const chat = () => collect(session.chat(hello));
  const chunk = (/** @type {any} */ delta, finish = null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\r\n\r\n`;

  status(429, '{"error":{"message":"slow down"}}');
  await assert.rejects(chat(), { code: 'HTTP', message: /429: slow down; .*wait/ });
  status(500, '<html>broken');
  await assert.rejects(chat(), { code: 'HTTP', message: /500: <html>broken; .*log/ });
  status(400, '{"error":"maximum context length is 10 tokens"}'); // Ollama's form
  await assert.rejects(chat(), { code: 'CONTEXT_FULL' });
  status(200, 'hello');
  await assert.rejects(chat(), { code: 'NETWORK', message: /ended early/ });
  await assert.rejects(connect({ baseURL: server.baseURL }), {
    code: 'HTTP',
    message: /not that of an OpenAI/,
  });
  status(200, '{"data":[{"id":"a"},{"id":"b"}]}');
  await assert.rejects(connect({ baseURL: server.baseURL }), {
    code: 'BAD_ARGUMENT',
    message: /a, b/,
  });
  events('data: {');
  await assert.rejects(chat(), { code: 'HTTP', message: /not that of an OpenAI/ });
  events(chunk({ content: 'a' }));
  await assert.rejects(chat(), { code: 'NETWORK', message: /ended early/ });
  events(chunk({ content: 'a' }), 'data: {"error":{"message":"out of memory","code":500}}\n\n');
  await assert.rejects(chat(), { code: 'HTTP', message: /out of memory/ });
  answer = (response) => {
    response.writeHead(200).write(chunk({ content: 'a' }));
    setTimeout(() => response.destroy(), 20);
  };
  await assert.rejects(chat(), { code: 'NETWORK' });

  const bytes = chunk({ content: '字<' });
  events(
    ': comment\n\n',
    chunk({ role: 'assistant', content: '' }),
    bytes.slice(0, 9),
    bytes.slice(9),
    chunk({}, /** @type {any} */ ('stop')),
  );
  const tokens = await chat();
  assert.deepEqual(
    tokens.map(({ text, finish }) => [text, finish]),
    [
      ['字<', undefined],
      ['', 'end'],
    ],
  );
  events(
    chunk({ content: '<thi' }),
    chunk({ content: 'nk>why</think>' }),
    chunk({ content: 'so' }, /** @type {any} */ ('stop')),
  );
  assert.deepEqual(
    (await chat()).map(({ part }) => part),
    ['reasoning', 'reasoning', 'answer'],
  );
  events(chunk({ reasoning: 'why' }), chunk({ content: 'so' }, /** @type {any} */ ('length')));
  assert.deepEqual(
    (await chat()).map(({ part, finish }) => [part, finish]),
    [
      ['reasoning', undefined],
      ['answer', 'length'],
    ],
  );
});

describe("connect() to llama.cpp's server", { skip: noServer || noModel }, () => {
  /** @type {import('node:child_process').ChildProcess} */ let child;
  /** @type {RemoteModel} */ let model;
  before(async () => {
    child = spawn(python, [join(root, 'tests', 'clients', 'server.py'), smollm2], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const [line] = await once(createInterface(/** @type {any} */ (child.stdout)), 'line');
    model = await connect({ baseURL: `${line}/v1` });
  });
  after(() => child?.kill());

  test('answers are those of the local model; aborts and errors are the same', {
    timeout: 300_000,
  }, async () => {
    assert.equal(model.info.name, 'smollm2');
    const local = await loadModel(smollm2, { worker: true });
    const here = await local.createSession({ contextLength: 512 });
    const there = await model.createSession();
    const greedy = { temperature: 0, maxTokens: 8, topLogprobs: 3 };
    const question = [{ role: 'user', content: 'Say hello.' }];
    const wanted = await collect(here.chat(question, greedy));
    const found = await collect(there.chat(question, greedy));
    // Not the bits: llama.cpp computes with 8-bit activations.
    assert.equal(textOf(found), textOf(wanted));
    for (const [i, { id, logprob, top }] of wanted.entries()) {
      assert.equal(found[i].id, id);
      assert.ok(Math.abs(found[i].logprob - logprob) < 0.3, `${found[i].logprob}, ${logprob}`);
      assert.equal(found[i].top.length, top.length);
    }
    assert.equal(found.at(-1).finish, 'length');
    await here.rewind(0);
    const prompt = 'The capital of France is';
    const short = { temperature: 0, maxTokens: 2 };
    assert.equal((await there.complete(prompt, short)).text, ' Paris.');
    assert.equal((await here.complete(prompt, short)).text, ' Paris.');
    const drawn = {
      ...{ temperature: 1, seed: 3, maxTokens: 6, topK: 20, topP: 0.9, minP: 0.1 },
      ...{ repeatPenalty: 1.1, repeatLast: 16, ignoreEos: true, stop: ['zzz'] },
    };
    const [one, two] = [there.chat(question, drawn), there.chat(question, drawn)];
    assert.equal(textOf(await collect(one)), textOf(await collect(two)));
    const controller = new AbortController();
    const aborted = there.chat(question, { maxTokens: 200, signal: controller.signal });
    await aborted.next();
    controller.abort(new Error('enough'));
    await assert.rejects(aborted.next(), /enough/);
    const long = [{ role: 'user', content: 'word '.repeat(700) }];
    await assert.rejects(collect(there.chat(long)), { code: 'CONTEXT_FULL' });
    const talk = new Conversation(model, { options: short });
    for (const text of ['Hello', 'And you?']) await collect(talk.send(text));
    assert.equal(talk.messages.length, 4);
    await assert.rejects(model.embed('x'), { code: 'HTTP', message: /embedding/ });
    await local.close();
  });
});
