/**
 * ai-sdk.test.js - the provider of web/ai-sdk.js under the AI SDK itself: generateText, streamText, embedMany, a provider
 * registry, warnings, errors and aborts.
 *
 * Skipped where tests/clients/install.sh has not put the SDK.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { createJielong } from '../../web/ai-sdk.js';
import { loadModel } from '../../web/jielong.js';
import { withContext } from '../helpers/context.js';
import { clients, golden, noClients, root } from '../helpers/paths.js';

const drawn = { temperature: 1, seed: 5, providerOptions: { jielong: { ignore_eos: true } } };

describe('the AI SDK', { skip: noClients }, () => {
  /** @type {any} */ let ai;
  /** @type {import('../../web/jielong.js').Model} */ let model;
  /** @type {ReturnType<typeof createJielong>} */ let jielong;
  before(async () => {
    const require = createRequire(join(clients, 'x.js'));
    ai = await import(pathToFileURL(require.resolve('ai')).href);
    model = await loadModel(golden('chat.gguf'), { worker: true, threads: 1, precision: 'exact' });
    jielong = createJielong(model, { name: 'chat', contextLength: 512 });
  });
  after(() => model?.close());

  /** What the model itself says. @param {any[]} messages @param {number} maxTokens */
  async function answerOf(messages, maxTokens) {
    const session = await model.createSession({ contextLength: 512 });
    let text = '';
    const options = { temperature: 1, seed: 5, ignoreEos: true, maxTokens };
    for await (const token of session.chat(messages, options)) text += token.text;
    await session.close();
    return text;
  }

  test('generateText and streamText give the text, usage and end of the model', async () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'hello' },
    ];
    const wanted = await answerOf(messages, 9);
    const call = {
      model: jielong('chat'),
      system: 'Be brief.',
      prompt: 'hello',
      maxOutputTokens: 9,
      ...drawn,
    };
    const { text, usage, finishReason, warnings, response } = await ai.generateText(call);
    assert.equal(text, wanted);
    assert.equal(finishReason, 'length');
    assert.equal(usage.outputTokens, 9);
    assert.equal(usage.totalTokens, usage.inputTokens + 9);
    assert.deepEqual(warnings ?? [], []);
    assert.equal(response.modelId, 'chat');
    const stream = ai.streamText({ ...call, model: jielong.languageModel() });
    let streamed = '';
    for await (const part of stream.textStream) streamed += part;
    assert.equal(streamed, wanted);
    assert.equal(await stream.finishReason, 'length');
    const again = await stream.usage;
    assert.deepEqual([again.outputTokens, again.inputTokens], [9, usage.inputTokens]);
    assert.ok((again.inputTokenDetails?.cacheReadTokens ?? again.cachedInputTokens) > 0);
  });

  test('reasoning comes apart; a conversation goes on with it', async () => {
    const call = {
      model: jielong(),
      prompt: 'hello',
      system: '',
      maxOutputTokens: 6,
      reasoning: 'high',
      ...drawn,
    };
    const first = await ai.generateText(call);
    assert.equal(first.text, '');
    assert.ok(first.reasoningText.length > 0);
    const messages = [
      { role: 'user', content: 'hello' },
      ...first.response.messages,
      { role: 'user', content: 'so?' },
    ];
    const next = await ai.generateText({
      ...call,
      prompt: undefined,
      messages,
      reasoning: undefined,
    });
    assert.equal(typeof next.text, 'string');
    /** @type {string[]} */ const types = [];
    for await (const part of ai.streamText(call).fullStream) types.push(part.type);
    assert.ok(types.includes('reasoning-start') && types.includes('reasoning-end'), types.join());
  });

  test('embedMany gives the vectors of model.embed', async () => {
    const { embeddings, usage } = await ai.embedMany({
      model: jielong.embeddingModel('chat'),
      values: ['one', 'two'],
    });
    assert.deepEqual(Float32Array.from(embeddings[1]), await model.embed('two'));
    assert.ok(usage.tokens > 0);
    const { embedding } = await ai.embed({
      model: jielong.textEmbeddingModel('chat'),
      value: 'one',
    });
    assert.deepEqual(embedding, embeddings[0]);
  });

  test('generateText and streamText call tools and give the model their results', async () => {
    const large = await loadModel(withContext(readFileSync(golden('chat.gguf')), 4096), {
      worker: true,
      precision: 'exact',
    });
    const provider = createJielong(large, { name: 'chat', contextLength: 3072 });
    const inputSchema = ai.jsonSchema({
      type: 'object',
      properties: { zone: { enum: ['UTC', 'CET'] } },
      required: ['zone'],
    });
    /** @type {any[]} */ const asked = [];
    const clock = ai.tool({
      description: 'the time',
      inputSchema,
      execute: async (/** @type {any} */ input) => {
        asked.push(input);
        return 'noon';
      },
    });
    let streamed = 0;
    for (let seed = 1; seed < 8; seed++) {
      const call = {
        model: provider('chat'),
        prompt: 'hello',
        maxOutputTokens: 500,
        tools: { clock },
        toolChoice: { type: 'tool', toolName: 'clock' },
        temperature: 1,
        seed,
      };
      const whole = await ai.generateText(call).catch((/** @type {any} */ e) => {
        if (e.finishReason !== 'length') throw e; // the SDK refuses an answer that ends before its call
      });
      if (!whole) continue;
      const { toolCalls, toolResults, finishReason } = whole;
      assert.equal(finishReason, 'tool-calls');
      assert.ok(['UTC', 'CET'].includes(toolCalls[0].input.zone));
      assert.equal(toolResults[0].output, 'noon');
      const stream = ai.streamText(call);
      const [again] = await stream.toolCalls;
      assert.deepEqual(again.input, toolCalls[0].input);
      streamed++;
      const { response, warnings } = await ai.generateText({
        ...call,
        maxOutputTokens: 1,
        stopWhen: ai.stepCountIs(1),
        toolChoice: 'none',
        prompt: undefined,
        messages: [{ role: 'user', content: 'hello' }, ...(await stream.response).messages],
      });
      assert.ok(response.messages.length > 0);
      assert.deepEqual(warnings ?? [], []);
    }
    assert.ok(streamed > 0 && asked.length === 2 * streamed, `${streamed} calls`);
    await large.close();
  });

  test('settings that the model lacks are warnings; unknown models, files and fields are errors', async () => {
    const registry = ai.createProviderRegistry({ local: jielong });
    const call = {
      model: registry.languageModel('local:chat'),
      prompt: 'hello',
      maxOutputTokens: 2,
      ...drawn,
    };
    assert.ok((await ai.generateText(call)).text.length > 0);
    const penalty = { type: 'provider', id: 'jielong.search', name: 'search', args: {} };
    const model = jielong.languageModel('chat');
    const prompt = [{ role: 'user', content: [{ type: 'text', text: 'hello' }] }];
    const asked = {
      prompt,
      maxOutputTokens: 2,
      tools: [penalty],
      toolChoice: { type: 'required' },
    };
    const { warnings } = await model.doGenerate(asked);
    assert.deepEqual(
      warnings.map((/** @type {any} */ w) => [w.type, w.feature]),
      [['unsupported', 'tools']],
    );
    for (const make of [
      () => jielong('other'),
      () => jielong.embeddingModel('other'),
      () => jielong.imageModel('x'),
    ])
      assert.throws(make, (e) => ai.NoSuchModelError.isInstance(e));
    await assert.rejects(ai.generateText({ ...call, providerOptions: { jielong: { speed: 1 } } }), {
      code: 'BAD_ARGUMENT',
    });
    const image = { type: 'file', data: new Uint8Array([1]), mediaType: 'image/png' };
    await assert.rejects(
      ai.generateText({
        ...call,
        prompt: undefined,
        messages: [{ role: 'user', content: [image] }],
      }),
      { code: 'BAD_ARGUMENT', message: /image\/png/ },
    );
    const long = { ...call, prompt: 'x'.repeat(600), maxRetries: 0 };
    await assert.rejects(ai.generateText(long), { code: 'CONTEXT_FULL' });
    /** @type {any} */ let told;
    const failing = ai.streamText({
      ...long,
      onError: (/** @type {any} */ event) => (told = event.error),
    });
    for await (const _ of failing.textStream);
    assert.equal(told.code, 'CONTEXT_FULL');
  });

  test('the provider has the types of the SDK', { timeout: 120_000 }, async () => {
    const file = join(clients, 'provider.ts'); // there, because it imports the SDK
    copyFileSync(join(root, 'tests', 'clients', 'provider.ts'), file);
    const flags = '--ignoreConfig --noEmit --strict --allowJs --skipLibCheck --types node'.split(
      ' ',
    );
    const language =
      '--target es2023 --module nodenext --lib es2023,dom,dom.iterable,dom.asynciterable';
    const typeRoots = ['--typeRoots', join(root, 'node_modules', '@types')];
    const tsc = join(root, 'node_modules', '.bin', 'tsc');
    const args = [...flags, ...language.split(' '), ...typeRoots, file];
    await promisify(execFile)(tsc, args).catch(({ stdout }) => assert.fail(stdout));
  });

  test('an abort ends the generation and frees its session', async () => {
    const small = createJielong(model, { name: 'chat', sessions: 1, contextLength: 512 });
    const controller = new AbortController();
    const call = { model: small(), prompt: 'hello', maxOutputTokens: 400, ...drawn };
    const stream = ai.streamText({ ...call, abortSignal: controller.signal });
    /** @type {string[]} */ const types = [];
    for await (const { type } of stream.fullStream) {
      types.push(type);
      if (type === 'text-delta') controller.abort();
    }
    assert.ok(types.includes('abort'), types.join());
    const { usage } = await ai.generateText({ ...call, maxOutputTokens: 3 });
    assert.equal(usage.outputTokens, 3);
    small.close();
  });
});
