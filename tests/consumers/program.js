/**
 * program.js - what every consumer of the package must be able to do: generate, chat, train, with relaxed SIMD, and
 * with two threads where that is possible. Runs in pages and in Node; gets the API, so it imports nothing.
 */

/** @param {boolean} is @param {string} what */
function must(is, what) {
  if (!is) throw new Error(`not true: ${what}`);
}

/** @param {typeof import('jielong')} api @param {any} source @param {boolean} threads */
async function generate({ loadModel }, source, threads) {
  const model = await loadModel(source, { precision: 'fast', threads: threads ? 2 : undefined });
  const session = await model.createSession();
  const { text } = await session.complete('Once upon a time', { maxTokens: 12, temperature: 0 });
  const { kernels, threads: used, threadsReason } = model.info;
  await model.close();
  must(text.length > 10, `'${text}' is a text`);
  return { text, kernels, threads: used, reason: threadsReason };
}

/** @param {typeof import('jielong')} api @param {any} source */
async function chat({ loadModel }, source) {
  const model = await loadModel(source);
  const session = await model.createSession();
  let tokens = 0;
  const messages = [{ role: /** @type {const} */ ('user'), content: 'hello' }];
  for await (const _ of session.chat(messages, { maxTokens: 4, seed: 1 })) tokens++;
  await model.close();
  must(tokens > 0, 'the chat has an answer');
  return tokens;
}

/** @param {typeof import('jielong')} api */
async function train({ createTrainer }) {
  const text = 'the king and the queen. the king and the fox. '.repeat(40);
  const config = {
    vocabulary: 'characters',
    context: 16,
    width: 16,
    layers: 1,
    heads: 2,
    steps: 2,
  };
  const trainer = await createTrainer({ text, config: /** @type {any} */ (config) });
  let losses = 0;
  for await (const { loss } of trainer.run()) if (Number.isFinite(loss)) losses++;
  const { length } = await trainer.export();
  await trainer.close();
  must(losses >= 2 && length > 1000, 'two steps of training, and a model file');
  return losses;
}

/**
 * @param {typeof import('jielong')} api
 * @param {{ tales: any, chat: any, threads: boolean, relaxed: boolean }} given models; what the host can do
 */
export async function tryAll(api, given) {
  const generated = await generate(api, given.tales, given.threads);
  const { kernels, threads, reason } = generated;
  must(threads === (given.threads ? 2 : 1), `${threads} threads are right (${reason})`);
  must(/relaxed/.test(kernels) === given.relaxed, `the kernels '${kernels}' are right`);
  return { ...generated, chat: await chat(api, given.chat), train: await train(api) };
}
