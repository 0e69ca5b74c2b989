/**
 * store.js - how long a page waits for its first token when the model comes from a server, and when it is kept here.
 *
 *   node tests/bench/store.js [--browser Chromium] [--rounds 5]
 *
 * The file has random weights in the shapes of SmolLM2-135M in Q8_0 (144 MB); the server runs on this machine, so the
 * first load is as fast as a network can be. Each load has a new page. Prints milliseconds and the ratio of the medians.
 */
import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { drivers } from '../browser/drivers.js';
import { startServer } from '../helpers/server.js';
import { randomModel } from './make_gguf.js';

const { values } = parseArgs({
  options: {
    browser: { type: 'string', default: 'Chromium' },
    rounds: { type: 'string', default: '5' },
  },
});
const file = randomModel('q8_0');
const server = await startServer({ isolate: false, roots: [['/model/', dirname(file)]] });
const address = `${server.origin}/model/${basename(file)}`;

/** Evaluated in a page: first removes the file, if it shall be fetched. @param {boolean} cold */
const job = (cold) => `(async () => {
  const { loadModel } = await import('/web/jielong.js');
  const { removeStored } = await import('/web/stored.js');
  if (${cold}) await removeStored('${address}');
  const start = performance.now();
  const model = await loadModel('${address}', { store: true, threads: 1 });
  const loaded = performance.now() - start;
  const session = await model.createSession();
  for await (const _ of session.generate([1, 2, 3], { maxTokens: 1 }));
  const first = performance.now() - start;
  const { kept, keptReason } = model.info;
  await model.close();
  return { loaded, first, kept, keptReason };
})()`;

/** @param {number[]} list */
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

const tab = await drivers[values.browser].open(`${server.origin}/tests/browser/empty.html`);
/** @type {Record<string, number[]>} */ const times = { cold: [], warm: [] };
for (let i = 0; i < Number(values.rounds); i++)
  for (const kind of ['cold', 'warm']) {
    await tab.evaluate('void location.reload()').catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const { loaded, first, kept, keptReason } = await tab.evaluate(job(kind === 'cold'));
    times[kind].push(first);
    console.log(
      `${kind}: loaded ${loaded.toFixed(0)} ms, first token ${first.toFixed(0)} ms, kept: ${kept ?? keptReason}`,
    );
  }
const [cold, warm] = [median(times.cold), median(times.warm)];
console.log(
  `medians: cold ${cold.toFixed(0)}, warm ${warm.toFixed(0)} ms, ratio ${(warm / cold).toFixed(2)}`,
);
await tab.close();
server.close();
process.exit();
