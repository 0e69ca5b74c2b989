/**
 * thread.test.js - the page's main thread stays responsive (Chromium): during loading from every kind of source,
 * prefill and decoding, no task takes 16 ms, the length of a frame.
 *
 * Measures processor time per task (`tdur` of the browser's trace), which a busy machine does not change;
 * the wall time seen by a long-task observer grows with other load. A control test runs the engine in the
 * main thread, and the measure must show it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { noModel, SMOLLM2 } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { launch, missing } from './drivers.js';

const FRAME_MS = 16;
const skip = missing('Chromium') || noModel;

/** @type {import('../helpers/server.js').TestServer} */
let server;
/** @type {import('puppeteer-core').Browser} */
let browser;
before(async () => {
  if (skip) return;
  server = await startServer();
  browser = await launch('Chromium');
});
after(async () => {
  await browser?.close();
  server?.close();
});

/**
 * The longest main-thread tasks while `script` runs, in ms of processor time.
 * @param {string} script body of an async function
 */
async function tasks(script) {
  const page = await browser.newPage();
  await page.goto(`${server.origin}/tests/browser/empty.html`);
  await page.tracing.start({ categories: ['toplevel', 'blink.user_timing'] });
  await page.evaluate(`(async () => { performance.mark('begin'); ${script} })()`);
  const trace = JSON.parse(new TextDecoder().decode(await page.tracing.stop()));
  await page.close();
  /** @type {any[]} */
  const events = trace.traceEvents;
  const begin = events.find((e) => e.name === 'begin');
  const own = events.filter(
    (e) =>
      e.pid === begin.pid &&
      e.tid === begin.tid &&
      e.ts >= begin.ts &&
      e.tdur !== undefined &&
      e.name.endsWith('RunTask'),
  );
  return own.map((e) => e.tdur / 1000).sort((a, b) => b - a);
}

/** Loads, prefills 200 tokens, generates 16, uses taps. @param {string} source @param {string} [options] */
const work = (source, options = '{}') => `
  const { loadModel } = await import('/jielong.js');
  const url = '/models/${SMOLLM2}';
  const model = await loadModel(${source}, { onProgress() {}, ...${options} });
  const session = await model.createSession();
  const ids = Int32Array.from({ length: 200 }, (_, i) => 100 + i);
  for await (const token of session.generate(ids, { maxTokens: 16, topLogprobs: 8 })) document.title = token.text;
  await session.stages({ top: 50 });
  await session.run([5, 6, 7], { taps: [{ name: 'pattern', layer: 'all' }, { name: 'resid_post', layer: 'all' }] });
  await model.close();`;

const SOURCES = {
  'an address': 'url',
  'a Response': 'await fetch(url)',
  'a Blob': 'await (await fetch(url)).blob()',
};
for (const [what, source] of Object.entries(SOURCES)) {
  test(`no task of the main thread takes a frame: from ${what}`, { skip }, async () => {
    const found = await tasks(work(source));
    assert.ok(found.length > 50, `only ${found.length} tasks were seen`);
    assert.ok(
      found[0] < FRAME_MS,
      `the longest took ${found.slice(0, 5).map((ms) => ms.toFixed(1))} ms`,
    );
  });
}

test('the measure detects work: an engine in the main thread takes longer', { skip }, async () => {
  const found = await tasks(work('url', '{ worker: false }'));
  assert.ok(found[0] > FRAME_MS, `the longest took ${found[0]} ms`);
});
