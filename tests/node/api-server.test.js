/**
 * api-server.test.js - jielong serve over HTTP: the official clients of npm and PyPI run unchanged; who may send
 * requests; limits, and what an abort leaves.
 *
 * The clients are skipped where tests/clients/install.sh has not put them.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { loadModel } from '../../web/jielong.js';
import { makeApiServer } from '../../web/node/api-server.js';
import { withContext } from '../helpers/context.js';
import { clients, golden, noClients, noPython, python, root } from '../helpers/paths.js';
import { listening } from '../helpers/server.js';

/** @typedef {import('../../web/jielong.js').Model} Model */

const MODEL = golden('chat.gguf');
const hello = [{ role: 'user', content: 'hello' }];
const drawn = { temperature: 1, seed: 5 };
const ignore = { ignore_eos: true };

/** Starts a server on a free port. @param {Model} model @param {any} options */
async function start(model, options) {
  const server = makeApiServer(model, { name: 'chat', contextLength: 512, ...options });
  const { origin, close } = await listening(server);
  return { port: Number(new URL(origin).port), base: origin, close };
}

/**
 * A request with any headers. @param {number} port @param {string} path
 * @param {{ method?: string, headers?: Record<string, string>, body?: any }} [options]
 * @returns {Promise<{ status: number, headers: any, json: any }>}
 */
function send(port, path, { method, headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const verb = method ?? (body === undefined ? 'GET' : 'POST');
    const sent = httpRequest(
      { port, path, method: verb, headers, host: '127.0.0.1' },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => (text += part));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            json: text.startsWith('{') ? JSON.parse(text) : text,
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(typeof body === 'string' ? body : body && JSON.stringify(body));
  });
}

/** What the model itself says. @param {Model} model @param {number} maxTokens @param {number} seed @param {string} [prompt] */
async function answerOf(model, maxTokens, seed, prompt) {
  const session = await model.createSession({ contextLength: 512 });
  const options = { temperature: 1, ignoreEos: true, maxTokens, seed };
  let text = '';
  const tokens =
    prompt === undefined ? session.chat(hello, options) : session.generate(prompt, options);
  for await (const token of tokens) text += token.text;
  await session.close();
  return text;
}

describe('jielong serve', () => {
  /** @type {Model} */ let model;
  /** @type {Awaited<ReturnType<typeof start>>} */ let server;
  before(async () => {
    model = await loadModel(MODEL, { worker: true, threads: 1, precision: 'exact' });
    server = await start(model, { apiKey: 'secret', sessions: 2, waiting: 1 });
  });
  after(async () => {
    server?.close();
    await model?.close();
  });
  const key = { authorization: 'Bearer secret' };

  test('the official client of npm: models, chat, completions, embeddings, errors, abort', {
    skip: noClients,
  }, async () => {
    const path = createRequire(join(clients, 'x.js')).resolve('openai');
    const { default: OpenAI, ...errors } = await import(pathToFileURL(path).href);
    const client = new OpenAI({ baseURL: `${server.base}/v1`, apiKey: 'secret', maxRetries: 0 });
    const names = [];
    for await (const { id } of client.models.list()) names.push(id);
    assert.deepEqual(names, ['chat']);
    assert.equal((await client.models.retrieve('chat')).id, 'chat');
    const chat = { model: 'chat', messages: hello, max_completion_tokens: 8, ...drawn, ...ignore };
    const wanted = await answerOf(model, 8, 5);
    const whole = await client.chat.completions.create({
      ...chat,
      logprobs: true,
      top_logprobs: 3,
    });
    assert.equal(whole.choices[0].message.content, wanted);
    assert.equal(whole.choices[0].logprobs.content.length, 8);
    assert.equal(whole.usage.completion_tokens, 8);
    let text = '';
    const stream = await client.chat.completions.create({ ...chat, stream: true });
    for await (const { choices } of stream) text += choices[0].delta.content ?? '';
    assert.equal(text, wanted);
    const runner = client.chat.completions.stream(chat); // checks the order of chunks
    assert.equal((await runner.finalChatCompletion()).choices[0].message.content, wanted);
    const back = [...hello, whole.choices[0].message, { role: 'user', content: 'and' }];
    assert.ok((await client.chat.completions.create({ ...chat, messages: back })).choices[0]);
    const completion = await client.completions.create({
      ...{ model: 'chat', prompt: 'ab', max_tokens: 6, ...drawn, ...ignore },
    });
    assert.equal(completion.choices[0].text, await answerOf(model, 6, 5, 'ab'));
    const { data } = await client.embeddings.create({ model: 'chat', input: ['one', 'two'] }); // base64
    const vector = await model.embed('two');
    assert.deepEqual(Float32Array.from(data[1].embedding), vector);
    await assert.rejects(client.chat.completions.create({ ...chat, speed: 2 }), (e) => {
      assert.ok(e instanceof errors.BadRequestError);
      assert.deepEqual([e.code, e.param], ['unknown_parameter', 'speed']);
      return true;
    });
    await assert.rejects(
      client.chat.completions.create({ ...chat, model: 'x' }),
      errors.NotFoundError,
    );
    const left = await client.chat.completions.create({
      ...chat,
      max_completion_tokens: 400,
      stream: true,
    });
    for await (const _ of left) break; // the client aborts
    const idle = async () => (await send(server.port, '/health')).json.running === 0;
    for (let tries = 0; !(await idle()); tries++) {
      assert.ok(tries < 500, 'the generation ends with its client');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });

  test("the official client of npm runs tools: calls, results, the client's own checks", {
    skip: noClients,
  }, async () => {
    const file = withContext(readFileSync(MODEL), 4096);
    const large = await loadModel(file, { worker: true, precision: 'exact' });
    const other = await start(large, { contextLength: 3072 });
    const path = createRequire(join(clients, 'x.js')).resolve('openai');
    const { default: OpenAI } = await import(pathToFileURL(path).href);
    const client = new OpenAI({ baseURL: `${other.base}/v1`, apiKey: 'x', maxRetries: 0 });
    const parameters = {
      type: 'object',
      properties: { a: { type: 'integer', minimum: 0, maximum: 99 } },
      required: ['a'],
      additionalProperties: false,
    };
    /** @type {number[]} */ const given = [];
    const run = (/** @type {{ a: number }} */ { a }) => {
      given.push(a);
      return `${a + 1}`;
    };
    const own = { name: 'next', description: 'the next number', parameters, strict: true };
    const tool = { type: 'function', function: { ...own, function: run, parse: JSON.parse } };
    const body = { model: 'chat', messages: hello, max_tokens: 500, temperature: 1 };
    const cut = (/** @type {Error} */ e) => assert.match(e.message, /length limit/); // max_tokens came first
    let ran = 0;
    try {
      for (let seed = 1; seed < 8; seed++) {
        const choice = { type: 'function', function: { name: 'next' } };
        const asked = { ...body, seed, tools: [tool], tool_choice: choice };
        const runner = client.chat.completions.runTools(asked); // one call, because it is chosen by name
        const result = await runner.finalFunctionToolCallResult().catch(cut);
        if (result === undefined) continue;
        assert.equal(result, `${Number(given.pop()) + 1}`);
        const plain = [{ type: 'function', function: own }];
        const stream = client.chat.completions.stream({ ...asked, tools: plain });
        const [{ message, finish_reason: finish }] = (await stream.finalChatCompletion()).choices;
        assert.equal(finish, 'tool_calls');
        assert.equal(JSON.parse(message.tool_calls[0].function.arguments).a + 1, Number(result));
        ran++;
      }
      assert.ok(ran > 0, `${ran} runs`);
    } finally {
      other.close();
      await large.close();
    }
  });

  test('the official client of PyPI: the same', { skip: noPython, timeout: 120_000 }, async () => {
    const args = [join(root, 'tests', 'clients', 'client.py'), `${server.base}/v1`, 'chat'];
    const { stdout } = await promisify(execFile)(python, args);
    const found = JSON.parse(stdout);
    const wanted = await answerOf(model, 8, 5);
    assert.deepEqual(found.models, ['chat']);
    assert.equal(found.whole.choices[0].message.content, wanted);
    assert.equal(found.whole.choices[0].logprobs.content[7].top_logprobs.length, 2);
    assert.equal(found.streamed, wanted);
    assert.equal(found.usage.completion_tokens, 8);
    assert.deepEqual(found.texts, [
      await answerOf(model, 6, 5, 'ab'),
      await answerOf(model, 6, 5, 'xyz'),
    ]);
    assert.deepEqual(Float32Array.from(found.vectors[0]), await model.embed('one'));
    assert.deepEqual(found.refusals, [
      ['BadRequestError', 400, 'unknown_parameter', 'speed'],
      ['BadRequestError', 400, 'invalid_value', 'temperature'],
      ['BadRequestError', 400, 'invalid_value', 'store'],
    ]);
    assert.deepEqual(found.key, ['AuthenticationError', 401, 'invalid_api_key', null]);
  });

  test('requests need a known host, an allowed origin and the key; every refusal says what to do', async () => {
    const { port } = server;
    const get = async (/** @type {Record<string, string>} */ headers, path = '/v1/models') => {
      const { status, json, headers: sent } = await send(port, path, { headers });
      return [status, json.error?.code, sent['access-control-allow-origin']];
    };
    assert.deepEqual(await get({ ...key }), [200, undefined, undefined]);
    assert.deepEqual(await get({}), [401, 'invalid_api_key', undefined]);
    assert.deepEqual(await get({ authorization: 'Bearer secreT' }), [
      401,
      'invalid_api_key',
      undefined,
    ]);
    assert.deepEqual(await get({}, '/health'), [200, undefined, undefined]);
    assert.deepEqual(await get({ ...key, host: 'localhost:1' }), [200, undefined, undefined]);
    assert.deepEqual(await get({ ...key, host: '[::1]:1' }), [200, undefined, undefined]);
    for (const host of ['rebound.example', 'localhost.example:80', '127.0.0.1.example'])
      assert.deepEqual(await get({ ...key, host }), [403, 'unknown_host', undefined], host);
    for (const origin of ['http://evil.example', 'null', 'http://localhost'])
      assert.deepEqual(await get({ ...key, origin }), [403, 'unknown_origin', undefined], origin);
    const open = await start(model, { allowOrigins: ['http://page.example'], allowHosts: ['box'] });
    const asked = { origin: 'http://page.example', host: 'box:8080' };
    const preflight = await send(open.port, '/v1/chat/completions', {
      method: 'OPTIONS',
      headers: { ...asked, 'access-control-request-headers': 'x-stainless-os, content-type' },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers['access-control-allow-origin'], 'http://page.example');
    assert.equal(preflight.headers['access-control-allow-headers'], 'x-stainless-os, content-type');
    const read = await send(open.port, '/v1/models', { headers: asked });
    assert.deepEqual(
      [read.status, read.headers['access-control-allow-origin']],
      [200, 'http://page.example'],
    );
    open.close();
  });

  test("paths, methods and bodies that are not served have a status and OpenAI's error", async () => {
    const small = await start(model, { bodyLimit: 1000 });
    const post = (/** @type {any} */ body, path = '/v1/completions') =>
      send(small.port, path, { body });
    for (const [answer, status, code] of /** @type {[any, number, string][]} */ ([
      [await send(small.port, '/v1/files'), 404, 'unknown_url'],
      [await send(small.port, '/v1/completions'), 405, 'method_not_allowed'],
      [await post({}, '/v1/models'), 405, 'method_not_allowed'],
      [await post('{'), 400, 'invalid_json'],
      [await post('[]'), 400, 'invalid_value'],
      [await post({ prompt: 'x'.repeat(1001) }), 413, 'body_too_long'],
      [await post({ prompt: 'x', model: 'y' }), 404, 'model_not_found'],
      [await post({ prompt: 'x'.repeat(600) }), 400, 'context_length_exceeded'],
      [await post({ prompt: 'x'.repeat(600), stream: true }), 400, 'context_length_exceeded'],
      [await post({ prompt: [99999] }), 400, 'invalid_value'],
      [
        await post(
          { messages: hello, chat_template_kwargs: { messages: 1 }, max_tokens: 1, x: 1 },
          '/v1/chat/completions',
        ),
        400,
        'unknown_parameter',
      ],
    ])) {
      assert.deepEqual(
        [answer.status, answer.json.error.code],
        [status, code],
        answer.json.error.message,
      );
      assert.ok(answer.json.error.message.length > 10);
    }
    small.close();
  });

  test('more requests than may wait are refused with 429; a client that leaves frees its turn', async () => {
    const { port } = server;
    const body = JSON.stringify({
      prompt: 'x',
      max_tokens: 450,
      ...drawn,
      ...ignore,
      stream: true,
    });
    const running = [];
    for (let i = 0; i < 3; i++) {
      const sent = httpRequest({
        port,
        host: '127.0.0.1',
        path: '/v1/completions',
        method: 'POST',
        headers: key,
      });
      sent.on('error', () => {});
      sent.end(body);
      running.push(sent);
      if (i < 2) await once(sent, 'response');
    }
    const health = async () => (await send(port, '/health')).json;
    for (let tries = 0; (await health()).waiting < 1; tries++) assert.ok(tries < 500, 'one waits');
    const refused = await send(port, '/v1/completions', { headers: key, body: { prompt: 'x' } });
    assert.deepEqual([refused.status, refused.json.error.code], [429, 'busy']);
    assert.equal(refused.headers['retry-after'], '1');
    for (const one of running) one.destroy();
    for (let tries = 0; (await health()).running + (await health()).waiting > 0; tries++)
      assert.ok(tries < 1000, 'all have ended');
    const next = await send(port, '/v1/completions', {
      headers: key,
      body: { prompt: 'x', max_tokens: 2 },
    });
    assert.equal(next.status, 200);
  });

  test('a client that stops reading ends its generation', async () => {
    const slow = await start(model, { stallMs: 100, contextLength: 512 });
    const body = { messages: hello, max_tokens: 450, n: 16, ...drawn, ...ignore, stream: true };
    const long = { ...body, logprobs: true, top_logprobs: 20 }; // more than sockets buffer
    const path = '/v1/chat/completions';
    const to = { port: slow.port, host: '127.0.0.1', path, method: 'POST' };
    const sent = httpRequest(to);
    sent.on('error', () => {});
    sent.end(JSON.stringify(long));
    const [response] = await once(sent, 'response');
    assert.equal(response.statusCode, 200);
    for (let tries = 0; (await send(slow.port, '/health')).json.running > 0; tries++) {
      assert.ok(tries < 2000, 'the generation has ended');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    let text = '';
    await assert.rejects(async () => {
      for await (const part of response) text += part;
    }, /aborted/);
    assert.ok(!text.includes('[DONE]'), 'not at its end');
    slow.close();
  });

  test('after the model has failed, health says so', async () => {
    const broken = await loadModel(MODEL, { worker: true, threads: 1 });
    const other = await start(broken, {});
    await broken.close();
    const { status, json } = await send(other.port, '/v1/completions', { body: { prompt: 'x' } });
    assert.deepEqual([status, json.error.type], [503, 'server_error']);
    assert.equal((await send(other.port, '/health')).status, 503);
    other.close();
  });

  test('the command serves until SIGTERM', { timeout: 60_000 }, async () => {
    const args = [
      join(root, 'web', 'node', 'cli.js'),
      'serve',
      MODEL,
      '--port',
      '0',
      '--name',
      'small',
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface(child.stdout), 'line');
    const [, port] = /^small is at http:\/\/127\.0\.0\.1:(\d+)\/v1/.exec(line) ?? assert.fail(line);
    const body = { model: 'small', messages: hello, max_tokens: 3 };
    const { status, json } = await send(Number(port), '/v1/chat/completions', { body });
    assert.deepEqual([status, json.object], [200, 'chat.completion']);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
});
