/**
 * api_server.js - OpenAI's interface over the small model with a chat template, for pages of one origin. Its context
 * holds every conversation of a test, because browsers write refused requests to the console.
 */
import { readFileSync } from 'node:fs';
import { loadModel } from '../../web/jielong.js';
import { makeApiServer } from '../../web/node/api-server.js';
import { withContext } from './context.js';
import { golden } from './paths.js';
import { listening } from './server.js';

/**
 * Starts it until the test ends. @param {import('node:test').TestContext} t @param {string} origin of the pages
 * @returns {Promise<string>} its base URL
 */
export async function startApiServer(t, origin) {
  const file = withContext(readFileSync(golden('chat.gguf')), 8192);
  const model = await loadModel(file, { worker: true, threads: 1 });
  const options = { name: 'small', contextLength: 4096, allowOrigins: [origin] };
  const api = await listening(makeApiServer(model, options));
  t.after(() => {
    api.close();
    return model.close();
  });
  return `${api.origin}/v1`;
}
