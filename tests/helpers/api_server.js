/**
 * api_server.js - OpenAI's interface over the small model with a chat template, for pages of one origin.
 */
import { loadModel } from '../../web/jielong.js';
import { makeApiServer } from '../../web/node/api-server.js';
import { golden } from './paths.js';
import { listening } from './server.js';

/**
 * Starts it until the test ends. @param {import('node:test').TestContext} t @param {string} origin of the pages
 * @returns {Promise<string>} its base URL
 */
export async function startApiServer(t, origin) {
  const model = await loadModel(golden('chat.gguf'), { worker: true, threads: 1 });
  const api = await listening(makeApiServer(model, { name: 'small', allowOrigins: [origin] }));
  t.after(() => {
    api.close();
    return model.close();
  });
  return `${api.origin}/v1`;
}
