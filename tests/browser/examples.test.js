/**
 * examples.test.js - the pages of examples/ in real browsers: a first run, a second run, and an error in words.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from '../../examples/chat/tools.js';
import { startApiServer } from '../helpers/api_server.js';
import { root } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { chosen, drivers, missing } from './drivers.js';

const folder = join(root, 'examples');

test('examples/index.html lists every example with a small picture', () => {
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  const examples = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['pictures', 'embeds'].includes(entry.name))
    .map(({ name }) => name);
  assert.ok(examples.length >= 4);
  for (const name of examples) assert.ok(html.includes(`href="${name}/"`), name);
  const pictures = [...html.matchAll(/src="([^"]+\.png)"/g)].map(([, path]) => path);
  assert.equal(pictures.length, examples.length + 1);
  for (const path of pictures) assert.ok(statSync(join(folder, path)).size <= 40_000, path);
});

test("the chat's calculator", async () => {
  const call = (/** @type {string} */ expression) =>
    run({ id: 'a', name: 'calculate', arguments: { expression } });
  for (const [expression, value] of Object.entries({
    '2^3^2': 512,
    '-2^2': -4,
    '(1+2)*3-8/4/2': 8,
    '.5*(3)': 1.5,
    '2*-3': -6,
  }))
    assert.equal(await call(expression), String(value), expression);
  for (const wrong of ['', '(1', '1)', '1 2', '+', '2**3', '.'])
    await assert.rejects(call(wrong), /not an expression/);
  assert.match(await run({ id: 'a', name: 'now', arguments: {} }), /\d{4}/);
});

for (const name of chosen) {
  describe(`examples in ${name}`, { skip: missing(name) }, () => {
    /** @type {import('../helpers/server.js').TestServer} */ let server;
    /** @type {import('./drivers.js').Tab} */ let tab;
    before(async () => {
      server = await startServer({
        answer: ({ url }, response) => {
          if (!fails || !url?.endsWith('.gguf')) return false;
          response.writeHead(503).end();
          return true;
        },
      });
    });
    after(() => server?.close());
    /** Whether models cannot be had. */
    let fails = false;

    /** Opens an example for one test. @param {import('node:test').TestContext} t @param {string} path */
    async function open(t, path) {
      tab = await drivers[name].open(`${server.origin}/examples/${path}`);
      t.after(() => tab.close());
      await until(
        `document.readyState === 'complete' && 'ready' in document.body.dataset &&
          !document.querySelector(':not(:defined)')`,
        'the page is set up',
      );
    }
    /** @param {string} condition @param {string} what */
    const until = (condition, what) => tab.until(condition, what, 120);
    /** @param {string} selector */
    const text = (selector) => tab.evaluate(`document.querySelector('${selector}').textContent`);
    /** @param {string} selector */
    const click = (selector) => tab.evaluate(`document.querySelector('${selector}').click()`);
    /** Part of an element. @param {string} tag @param {string} part */
    const part = (tag, part) =>
      `document.querySelector('${tag}').shadowRoot.querySelector('${part}')`;
    /** @param {string} tag @param {string} state */
    const state = (tag, state) => `document.querySelector('${tag}').dataset.state === '${state}'`;

    for (const [path, words] of /** @type {[string, RegExp][]} */ ([
      ['embed/', /^Once upon a time.{40}/s],
      ['acrostic/', /^春\p{Script=Han}+，夏\p{Script=Han}+。秋/u],
    ]))
      test(`${path}: an error, a run, another run`, { timeout: 180_000 }, async (t) => {
        t.after(() => (fails = false));
        fails = true;
        await open(t, path);
        const button = 'main p button, main form button';
        await click(button);
        await until(`/503|HTTP/.test(document.querySelector('.status').textContent)`, 'the error');
        fails = false;
        const idle = `!document.querySelector('${button}').disabled`;
        let before = '';
        for (let run = 0; run < 2; run++) {
          await click(button);
          const other = `document.querySelector('output').textContent !== ${JSON.stringify(before)}`;
          await until(`${other} && ${idle}`, 'the text');
          before = await text('output');
          assert.match(before, words);
        }
      });

    test('search/: an error, sample notes, the passage that is typed first, remembered vectors', {
      timeout: 180_000,
    }, async (t) => {
      t.after(() => (fails = false));
      fails = true;
      await open(t, 'search/?model=/tests/golden/arch/bert.gguf&lang=en');
      await click('#sample');
      await until(
        `/12 notes are chosen/.test(document.querySelector('#progress').textContent)`,
        'a hint',
      );
      await click('#load');
      await until(`!!document.querySelector('#about.wrong')`, 'the error');
      assert.match(await text('#about'), /503/);
      fails = false;
      await click('#load');
      await until(`!document.querySelector('#query').disabled`, 'the passages');
      assert.match(await text('#about'), /bert\.gguf is loaded/);
      assert.match(await text('#progress'), /^12 notes, 25 passages: /);
      const passage = 'Coffee after two in the afternoon costs me an hour of rest.';
      await tab.evaluate(`void (document.querySelector('#query').value = ${JSON.stringify(passage)},
        document.querySelector('#query').dispatchEvent(new Event('input')))`);
      await until(`document.querySelectorAll('#results li').length === 10`, 'ten results');
      const scores = await tab.evaluate(
        `[...document.querySelectorAll('.score')].map((e) => Number(e.textContent))`,
      );
      assert.equal(scores[0], 1);
      assert.deepEqual(
        scores,
        [...scores].sort((a, b) => b - a),
      );
      const found = await tab.evaluate(
        `[...document.querySelectorAll('#results li')].filter((e) => e.querySelector('.score').textContent === '1.00').map((e) => e.textContent)`,
      );
      assert.ok(found.some((/** @type {string} */ one) => one.includes(passage)));
      await click('#sample');
      await until(
        `/: 0 read in .*, 25 remembered/.test(document.querySelector('#progress').textContent)`,
        'remembered vectors',
      );
    });

    test('chat/: an error, turns, stop, edit, another answer, history, a server', {
      timeout: 240_000,
    }, async (t) => {
      t.after(() => (fails = false));
      const api = await startApiServer(t, server.origin);
      fails = true;
      await open(t, 'chat/?model=/tests/golden/chat.gguf&lang=en');
      await until(`document.querySelectorAll('#models option').length > 1`, 'the models');
      await click('#load');
      await until(`/503|HTTP/.test(document.querySelector('#about').textContent)`, 'the error');
      fails = false;
      await click('#load');
      const idle = `!document.querySelector('.ask .primary').disabled`;
      await until(
        `${idle} && /is loaded/.test(document.querySelector('#about').textContent)`,
        'the model',
      );
      const turns = (/** @type {number} */ n) =>
        until(`${idle} && document.querySelectorAll('.turn').length === ${n}`, `${n} turns`);
      const write = (/** @type {string} */ words, n = 12, then = '0') =>
        tab.evaluate(`void (document.querySelector('#length').value = ${n},
          document.querySelector('.ask textarea').value = ${JSON.stringify(words)},
          document.querySelector('.ask').requestSubmit(), ${then})`);
      await write('first');
      await turns(2);
      await write('second', 12, `document.querySelector('.ask [type="button"]').click()`); // Stop
      await turns(2);
      assert.match(await text('.ask + .status'), /^Stopped/);
      assert.equal(await tab.evaluate(`document.querySelector('.ask textarea').value`), 'second');
      await write('second');
      await turns(4);
      const before = await text('.turn:nth-child(4) > .said');
      await tab.evaluate(`document.querySelector('#length').value = 9`);
      await click('.turn:nth-child(4) .again');
      await until(
        `${idle} && document.querySelector('.turn:nth-child(4) > .said').textContent !== ${JSON.stringify(before)}`,
        'another answer',
      );
      await click('.turn:nth-child(1) .edit');
      await tab.evaluate(`void (document.querySelector('.turn textarea').value = 'changed')`);
      await click('.turn .actions button');
      await turns(2);
      assert.equal(await text('.turn:nth-child(1) > .said'), 'changed');
      const schema = (/** @type {string} */ json) =>
        tab.evaluate(`void (document.querySelector('#schema').value = ${JSON.stringify(json)})`);
      await schema('{ "type":');
      await write('true?');
      await until(
        `/is not JSON/.test(document.querySelector('.ask + .status').textContent)`,
        'the schema',
      );
      await schema('{ "type": "boolean" }');
      await write('true?');
      await turns(4);
      assert.match(await text('.turn:nth-child(4) > .said'), /^\s*(true|false)$/);
      await schema('');
      await click('#new');
      await turns(0);
      assert.match(await text('#earlier'), /changed/);
      await click('#earlier button');
      await turns(4);
      await tab.evaluate(`void (document.querySelector('[value="server"]').click(),
        document.querySelector('#address').value = '${api}',
        document.querySelector('#server').requestSubmit())`);
      await until(
        `/Connected: small/.test(document.querySelector('#about').textContent)`,
        'the server',
      );
      await turns(4); // the conversation goes on there
      await write('third');
      await turns(6);
      await tab.evaluate(`localStorage.removeItem('jielong-chats')`);
    });

    test('inside/: an error, a run, another head and text', { timeout: 240_000 }, async (t) => {
      t.after(() => (fails = false));
      fails = true;
      await open(t, 'inside/?lang=en');
      await tab.evaluate(`void document.querySelector('jl-heads').start()`);
      await until(state('jl-heads', 'error'), 'the error');
      assert.match(await tab.evaluate(`${part('jl-heads', '.status')}.textContent`), /^failed/i);
      fails = false;
      await tab.evaluate(
        `void document.querySelector('jl-heads').take('The king had a daughter, and the')`,
      );
      await until(state('jl-heads', 'done'), 'the heads');
      await tab.evaluate(`document.querySelector('jl-attention').scrollIntoView()`);
      await until(state('jl-attention', 'done'), 'attention of the same text');
      await tab.evaluate(`document.querySelector('jl-heads').scrollIntoView()`);
      await tab.evaluate(`document.querySelector('jl-heads').select({ layer: 0, head: 0 })`);
      await until(
        `document.querySelector('jl-heads').view.change.layer === 0 && ${state('jl-heads', 'done')}`,
        'the prediction without block 0, head 0',
      );
      assert.equal(await tab.evaluate(`document.querySelector('jl-attention').layer`), 0);
      const table = await tab.evaluate(`${part('jl-heads', '.columns table')}.textContent`);
      assert.match(table, /␣queen.*␣king|␣king.*␣queen/s);
      await tab.evaluate(`void document.querySelector('jl-heads').take('The fox and the')`);
      await until(`document.querySelector('jl-heads').view.tokens.length < 6`, 'a second run');
      await tab.evaluate(`document.querySelector('jl-attention').scrollIntoView()`);
      await until(`document.querySelector('jl-attention').view.tokens.length < 6`, 'a second run');
    });

    test('train/: stop and go on, an error, and the model writes', {
      timeout: 400_000,
    }, async (t) => {
      await open(t, 'train/?steps=24&lang=en');
      const train = `document.querySelector('jl-train')`;
      await tab.evaluate(`void ${train}.start()`);
      await until(`${train}.live && ${train}.view.step >= 4`, 'the first steps');
      await tab.evaluate(`${train}.stop()`);
      await until(state('jl-train', 'done'), 'the stop');
      await tab.evaluate(`void ${train}.start()`);
      await until(`${train}.view.step === 24 && ${state('jl-train', 'done')}`, 'the end');
      const held = JSON.parse(
        await tab.evaluate(`JSON.stringify(${train}.view.moments.map((m) => m.held))`),
      );
      assert.ok(held.at(-1) < held[0] - 1, held.join());
      assert.equal(await tab.evaluate(`document.getElementById('write').hidden`), true);
      await tab.evaluate(
        `[...${train}.shadowRoot.querySelectorAll('button')].find((b) => /Use this model/.test(b.textContent)).click()`,
      );
      await until(state('jl-playground', 'done'), 'the text');
      assert.equal(await tab.evaluate(`document.getElementById('write').hidden`), false);
      assert.ok(
        (await tab.evaluate(`document.querySelector('jl-playground').view.ids.length`)) > 9,
      );
      await tab.evaluate(
        `void (${train}.trainingText = 'short', ${train}.setAttribute('corpus', 'own'), ${train}.start())`,
      );
      await until(state('jl-train', 'error'), 'the error');
    });
  });
}
