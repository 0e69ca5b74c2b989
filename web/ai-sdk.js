/**
 * ai-sdk.js - a provider of the AI SDK (https://ai-sdk.dev, specification v4) over a local model.
 *
 *   const jielong = createJielong(model);
 *   const { text } = await generateText({ model: jielong(), prompt: 'Hello' });
 *
 * It needs no package of the SDK. A setting that this engine does not have is a warning of the call, as the SDK wants it.
 * providerOptions.jielong takes further fields of a request (openai/requests.js), such as { min_p: 0.1 }.
 */
import { JielongError } from './base/error.js';
import { Service } from './openai/completions.js';

/** @typedef {import('./api/model.js').Model} Model */
/** @typedef {import('./openai/completions.js').ServiceOptions} ServiceOptions */
/** @typedef {{ type: 'unsupported', feature: string, details?: string }} Warning */

const PROVIDER = 'jielong';

/* ---- What goes in ---------------------------------------------------------------------------- */

/** @param {any[]} parts @param {string} type */
const textOf = (parts, type) =>
  parts
    .filter((part) => part.type === type)
    .map(({ text }) => text)
    .join('');

/** The result of a tool as text. @param {any} output */
const resultOf = ({ value }) => (typeof value === 'string' ? value : JSON.stringify(value ?? ''));

/** A message of the SDK → messages of a request. @param {any} message @returns {any[]} */
function messagesOf({ role, content }) {
  if (role === 'system') return [{ role, content }];
  const file = content.find((/** @type {any} */ part) => part.type === 'file');
  if (file)
    throw new JielongError(
      'BAD_ARGUMENT',
      `files (${file.mediaType}) are not supported: the model reads text only`,
      'prompt',
    );
  if (role === 'tool')
    return content
      .filter((/** @type {any} */ part) => part.type === 'tool-result')
      .map((/** @type {any} */ part) => ({
        role,
        tool_call_id: part.toolCallId,
        name: part.toolName,
        content: resultOf(part.output),
      }));
  const calls = content
    .filter((/** @type {any} */ part) => part.type === 'tool-call')
    .map((/** @type {any} */ { toolCallId, toolName, input }) => ({
      id: toolCallId,
      type: 'function',
      function: {
        name: toolName,
        arguments: typeof input === 'string' ? input : JSON.stringify(input),
      },
    }));
  const reasoning = textOf(content, 'reasoning');
  const message = { role, content: textOf(content, 'text') };
  return [
    {
      ...message,
      ...(reasoning && { reasoning_content: reasoning }),
      ...(calls.length && { tool_calls: calls }),
    },
  ];
}

/** @param {string | undefined} level */
function reasoningFields(level) {
  if (level === undefined || level === 'provider-default') return {};
  if (level === 'none') return { chat_template_kwargs: { enable_thinking: false } };
  return { reasoning_effort: level, chat_template_kwargs: { enable_thinking: true } };
}

/** @param {any} format of responseFormat */
function formatField(format) {
  if (format?.type !== 'json') return undefined;
  const { schema, name = 'answer', description } = format;
  if (!schema) return { type: 'json_object' };
  return { type: 'json_schema', json_schema: { name, description, schema } };
}

/** @param {any} tool */
const toolField = ({ name, description, inputSchema }) => ({
  type: 'function',
  function: { name, description, parameters: inputSchema },
});

/** @param {any} choice of toolChoice */
const choiceField = (choice) =>
  choice?.type === 'tool'
    ? { type: 'function', function: { name: choice.toolName } }
    : choice?.type;

/** The request of a call, and warnings of what is left out. @param {any} call */
function requestOf(call) {
  const tools = call.tools?.filter((/** @type {any} */ { type }) => type === 'function');
  /** @type {Record<string, any>} */
  const body = {
    messages: call.prompt.flatMap(messagesOf),
    max_tokens: call.maxOutputTokens,
    temperature: call.temperature,
    top_p: call.topP,
    top_k: call.topK,
    seed: call.seed,
    stop: call.stopSequences?.length ? call.stopSequences : undefined,
    frequency_penalty: call.frequencyPenalty,
    presence_penalty: call.presencePenalty,
    response_format: formatField(call.responseFormat),
    tools: tools?.length ? tools.map(toolField) : undefined,
    tool_choice: tools?.length ? choiceField(call.toolChoice) : undefined,
    ...reasoningFields(call.reasoning),
    ...call.providerOptions?.[PROVIDER],
  };
  /** @type {Warning[]} */ const warnings = (call.tools ?? [])
    .filter((/** @type {any} */ { type }) => type !== 'function')
    .map((/** @type {any} */ { name }) => ({
      type: 'unsupported',
      feature: 'tools',
      details: `'${name}' is no function`,
    }));
  return { body, warnings };
}

/* ---- What comes out -------------------------------------------------------------------------- */

/** @param {any} usage of OpenAI's answers */
function usageOf({
  prompt_tokens,
  completion_tokens,
  prompt_tokens_details,
  completion_tokens_details,
}) {
  const cached = prompt_tokens_details.cached_tokens;
  const reasoning = completion_tokens_details.reasoning_tokens;
  return {
    inputTokens: {
      total: prompt_tokens,
      noCache: prompt_tokens - cached,
      cacheRead: cached,
      cacheWrite: undefined,
    },
    outputTokens: { total: completion_tokens, text: completion_tokens - reasoning, reasoning },
  };
}

/** @typedef {'stop' | 'length' | 'tool-calls' | 'other'} Unified */
/** @type {Record<string, Unified>} */
const UNIFIED = { stop: 'stop', length: 'length', tool_calls: 'tool-calls' };
/** @param {string} raw */
const finishOf = (raw) => ({ unified: UNIFIED[raw] ?? /** @type {Unified} */ ('other'), raw });

/** @param {any} object of an answer or a chunk */
const aboutOf = ({ id, model, created }) => ({
  id,
  modelId: model,
  timestamp: new Date(created * 1000),
});

/** @typedef {{ type: 'tool-call', toolCallId: string, toolName: string, input: string }} ToolCall */
/** @param {any} call @returns {ToolCall} */
const toolCallOf = ({ id, function: { name, arguments: input } }) => ({
  type: 'tool-call',
  toolCallId: id,
  toolName: name,
  input,
});

/** The parts of a stream for a call. @param {any} call */
function toolParts(call) {
  const { id, function: own } = call;
  return [
    { type: 'tool-input-start', id, toolName: own.name },
    { type: 'tool-input-delta', id, delta: own.arguments },
    { type: 'tool-input-end', id },
    toolCallOf(call),
  ];
}

/** The content of a whole answer. @param {any} message */
function contentOf({ content, reasoning_content, tool_calls = [] }) {
  /** @type {({ type: 'reasoning', text: string } | { type: 'text', text: string } | ToolCall)[]} */
  const parts = [];
  if (reasoning_content) parts.push({ type: 'reasoning', text: reasoning_content });
  if (content) parts.push({ type: 'text', text: content });
  return [...parts, ...tool_calls.map(toolCallOf)];
}

/**
 * Chunks → parts of a stream.
 * @param {AsyncIterable<any>} chunks @param {Warning[]} warnings @returns {AsyncGenerator<any, void, void>}
 */
async function* partsOf(chunks, warnings) {
  yield { type: 'stream-start', warnings };
  let [open, number] = ['', 0];
  const end = () => [{ type: `${open}-end`, id: String(number++) }];
  /** @type {any} */ let finish;
  for await (const chunk of chunks) {
    if (!finish && !open && number === 0) yield { type: 'response-metadata', ...aboutOf(chunk) };
    const [choice] = chunk.choices;
    for (const [type, delta] of [
      ['reasoning', choice?.delta.reasoning_content],
      ['text', choice?.delta.content],
    ]) {
      if (!delta) continue;
      if (open && open !== type) yield* end();
      if (open !== type) yield { type: `${type}-start`, id: String(number) };
      open = type;
      yield { type: `${type}-delta`, id: String(number), delta };
    }
    const calls = choice?.delta.tool_calls ?? [];
    if (open && calls.length) {
      yield* end();
      open = '';
    }
    yield* calls.flatMap(toolParts);
    finish = choice?.finish_reason ?? finish;
    if (!chunk.usage) continue;
    if (open) yield* end();
    yield { type: 'finish', finishReason: finishOf(finish), usage: usageOf(chunk.usage) };
  }
}

/** @param {AsyncGenerator<any, void, void>} parts @param {AbortSignal} [signal] */
function streamOf(parts, signal) {
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        if (signal?.aborted) return controller.error(error);
        controller.enqueue({ type: 'error', error });
        controller.close();
      }
    },
    async cancel() {
      await parts.return();
    },
  });
}

/** The first item is pulled, so that an error before it rejects. @template T @param {AsyncGenerator<T, void, void>} items */
async function started(items) {
  const first = await items.next();
  return (async function* () {
    try {
      if (!first.done) yield first.value;
      yield* items;
    } finally {
      await items.return();
    }
  })();
}

/* ---- The provider ---------------------------------------------------------------------------- */

/** @param {Service} service */
const languageModel = (service) => ({
  specificationVersion: /** @type {const} */ ('v4'),
  provider: PROVIDER,
  modelId: service.name,
  supportedUrls: {},
  /** @param {any} call */
  async doGenerate(call) {
    const { body, warnings } = requestOf(call);
    const answer = await service.chat(body, call.abortSignal);
    const [{ message, finish_reason }] = answer.choices;
    return {
      content: contentOf(message),
      finishReason: finishOf(finish_reason),
      usage: usageOf(answer.usage),
      request: { body },
      response: { ...aboutOf(answer), body: answer },
      warnings,
    };
  },
  /** @param {any} call */
  async doStream(call) {
    const { body, warnings } = requestOf(call);
    const asked = { ...body, stream: true, stream_options: { include_usage: true } };
    const chunks = await started(await service.chat(asked, call.abortSignal));
    return { stream: streamOf(partsOf(chunks, warnings), call.abortSignal), request: { body } };
  },
});

/** @param {Service} service */
const embeddingModel = (service) => ({
  specificationVersion: /** @type {const} */ ('v4'),
  provider: PROVIDER,
  modelId: service.name,
  maxEmbeddingsPerCall: 2048,
  supportsParallelCalls: false,
  /** @param {any} call */
  async doEmbed({ values, dimensions, abortSignal, providerOptions }) {
    const body = { input: values, dimensions, ...providerOptions?.[PROVIDER] };
    const { data, usage } = await service.embed(body, abortSignal);
    return {
      embeddings: data.map((/** @type {any} */ one) => one.embedding),
      usage: { tokens: usage.prompt_tokens },
      warnings: [],
    };
  },
});

/** The SDK's error for a model that a provider does not have. @param {string} modelId @param {string} modelType */
function noSuchModel(modelId, modelType) {
  const error = new Error(`No such ${modelType}: ${modelId}`);
  const name = 'AI_NoSuchModelError';
  const marks = ['vercel.ai.error', `vercel.ai.error.${name}`].map((mark) => [
    Symbol.for(mark),
    true,
  ]);
  return Object.assign(error, { name, modelId, modelType, ...Object.fromEntries(marks) });
}

/**
 * A provider over a model: provider() and provider.languageModel() chat, provider.embeddingModel() embeds.
 * @param {Model} model @param {ServiceOptions} [options]
 */
export function createJielong(model, options) {
  const service = new Service(model, options);
  /** @param {string | undefined} id @param {string} type */
  const check = (id, type) => {
    if (id !== undefined && id !== service.name) throw noSuchModel(id, type);
  };
  const chat = (/** @type {string} */ id = service.name) => {
    check(id, 'languageModel');
    return languageModel(service);
  };
  const embeds = (/** @type {string} */ id = service.name) => {
    check(id, 'embeddingModel');
    return embeddingModel(service);
  };
  const other = (/** @type {string} */ type) => (/** @type {string} */ id) => {
    throw noSuchModel(id, type);
  };
  return Object.assign((/** @type {string} */ id = service.name) => chat(id), {
    specificationVersion: /** @type {const} */ ('v4'),
    languageModel: chat,
    embeddingModel: embeds,
    textEmbeddingModel: embeds,
    imageModel: other('imageModel'),
    /** Frees the sessions; the model stays open. */
    close: () => service.close(),
  });
}
