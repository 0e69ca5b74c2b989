/**
 * remote.js - requests to a server with OpenAI's interface: errors in words, and streams of server-sent events.
 */
import { cut, JielongError, wordsOf } from '../base/error.js';

/** @typedef {{ baseURL: string, apiKey?: string, headers?: Record<string, string>, fetch?: typeof fetch }} Server */

const MAX_EVENT = 2 ** 24; // characters of an event

/** What to do about a status. @param {number} status @param {string} url */
function advice(status, url) {
  if (status === 401 || status === 403)
    return 'check apiKey, and whether the server accepts requests of this page';
  if (status === 404)
    return `check baseURL (${url}; it usually ends with /v1) and the name of the model`;
  if (status === 413) return 'send less text';
  if (status === 429)
    return 'the server is busy, or a limit of the key is reached: wait, then try again';
  return status >= 500
    ? 'the server failed: see its log, then try again'
    : 'see what the server says';
}

/** What a server says in a failed answer: OpenAI's form, or others'. @param {string} text @returns {{ message: string, code: string }} */
function toldBy(text) {
  try {
    const { error, detail, message } = JSON.parse(text);
    const said = error?.message ?? error ?? detail ?? message;
    const code = error?.code ?? error?.type ?? '';
    return {
      message: typeof said === 'string' ? said : JSON.stringify(said ?? ''),
      code: String(code),
    };
  } catch {
    return { message: text.trim(), code: '' };
  }
}

/** Words of servers for a prompt that does not fit: OpenAI's and llama.cpp's code, others' sentences. */
const FULL =
  /context_length_exceeded|exceed_context_size|context (length|window|size)|maximum context/i;

/** @param {number} status @param {string} text of the body @param {string} url */
function httpError(status, text, url) {
  const { message, code } = toldBy(text);
  const said = cut(message);
  if ((status === 400 || status === 413 || status >= 500) && FULL.test(`${code} ${message}`))
    return new JielongError('CONTEXT_FULL', `the server's context is full: ${said}`, 'context');
  const what = `the server answered ${status}${said && `: ${said}`}`;
  return new JielongError('HTTP', `${what}; ${advice(status, url)}`, url);
}

/** @param {unknown} e @param {string} url */
const unreachable = (e, url) =>
  new JielongError(
    'NETWORK',
    `the server cannot be reached: ${wordsOf(e)}; check that it runs, and that it allows requests of this page (CORS)`,
    url,
  );

/**
 * Sends a request. Rejects with NETWORK, HTTP, CONTEXT_FULL or the signal's reason.
 * @param {Server} server @param {string} path @param {unknown} [body] @param {AbortSignal} [signal]
 * @returns {Promise<Response>}
 */
async function send(server, path, body, signal) {
  const url = `${server.baseURL}${path}`;
  /** @type {Record<string, string>} */ const headers = { ...server.headers };
  if (server.apiKey !== undefined) headers.Authorization = `Bearer ${server.apiKey}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    const response = await (server.fetch ?? fetch)(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
    if (response.ok) return response;
    throw httpError(response.status, await response.text(), url);
  } catch (e) {
    if (signal?.aborted) throw signal.reason;
    throw e instanceof JielongError ? e : unreachable(e, url);
  }
}

/**
 * The JSON of an answer.
 * @param {Server} server @param {string} path @param {unknown} [body] @param {AbortSignal} [signal] @returns {Promise<any>}
 */
export async function sendForJson(server, path, body, signal) {
  const response = await send(server, path, body, signal);
  try {
    return await response.json();
  } catch (e) {
    if (signal?.aborted) throw signal.reason;
    throw noApi(server, path, wordsOf(e));
  }
}

/** @param {Server} server @param {string} path @param {string} why */
export const noApi = ({ baseURL }, path, why) =>
  new JielongError(
    'HTTP',
    `the answer is not that of an OpenAI-compatible server: ${why}; check baseURL`,
    `${baseURL}${path}`,
  );

/**
 * The data of server-sent events, up to [DONE] or the end.
 * @param {Response} response @returns {AsyncGenerator<string, void, void>}
 */
async function* eventsOf(response) {
  const decoder = new TextDecoder();
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      text += done ? `${decoder.decode()}\n\n` : decoder.decode(value, { stream: true });
      const events = text.split(/\r?\n\r?\n/);
      text = events.pop() ?? '';
      if (text.length > MAX_EVENT) throw new Error('an event is too long');
      for (const event of events) {
        const data = event.split(/\r?\n/).filter((line) => line.startsWith('data:'));
        if (data.length) yield data.map((line) => line.slice(5).trimStart()).join('\n');
      }
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {}); // ends the request, if it still runs
  }
}

/**
 * The chunks of a streamed answer.
 * @param {Server} server @param {string} path @param {object} body @param {AbortSignal} [signal]
 * @returns {AsyncGenerator<any, void, void>}
 */
export async function* chunksOf(server, path, body, signal) {
  const response = await send(server, path, { ...body, stream: true }, signal);
  const url = `${server.baseURL}${path}`;
  try {
    for await (const data of eventsOf(response)) {
      if (data === '[DONE]') return;
      const chunk = parsed(data, server, path);
      if (chunk.error) throw httpError(chunk.error.status ?? 500, data, url);
      yield chunk;
    }
  } catch (e) {
    if (signal?.aborted) throw signal.reason;
    throw e instanceof JielongError ? e : unreachable(e, url);
  }
}

/** @param {string} data @param {Server} server @param {string} path */
function parsed(data, server, path) {
  try {
    return JSON.parse(data) ?? {};
  } catch (e) {
    throw noApi(server, path, wordsOf(e));
  }
}
