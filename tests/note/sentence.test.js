/**
 * sentence.test.js - the reader's own sentence in the course note: which models read it, and in Chromium where it goes.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { reads } from '../../examples/course-note/sentence.js';
import { launch, missing } from '../browser/drivers.js';
import { NOTE, startNote } from './pages.js';

const ENGLISH = 'The wolf ate the grandmother';
const CHINESE = '白日依山盡';

test('a model reads the language that it learned; of other models nothing is known', () => {
  assert.deepEqual(
    ['tales', 'poems', 'position-learned', 'https://example.org/m.gguf', new Blob()].map(
      (model) => [reads(model, ENGLISH), reads(model, CHINESE), reads(model, '3.14 🐻')],
    ),
    [
      [true, false, true],
      [false, true, true],
      [true, false, true],
      [true, true, true],
      [true, true, true],
    ],
  );
});

describe('the own sentence in the page', { skip: missing('Chromium'), timeout: 300_000 }, () => {
  /** @type {import('../helpers/server.js').TestServer} */ let server;
  /** @type {import('puppeteer-core').Browser} */ let browser;
  before(async () => {
    server = await startNote();
    browser = await launch('Chromium');
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });
  /** @param {string} address */
  async function open(address) {
    const page = await browser.newPage();
    await page.setViewport({ width: 1100, height: 900 });
    await page.goto(`${server.origin}${NOTE}${address}`);
    await page.waitForSelector('body[data-ready]', { timeout: 120_000 });
    return page;
  }
  /** Texts of the first elements, and which figures say that they keep their example. @param {import('puppeteer-core').Page} page @returns {Promise<any>} */
  const state = (page) =>
    page.evaluate(`({ text: Object.fromEntries([...document.querySelectorAll('note-figure')].map((f) => [f.dataset.figure, f.parts[0].getAttribute('text')])),
      kept: [...document.querySelectorAll('.kept')].map((p) => p.parentElement.dataset.figure).join() })`);
  /** Writes a sentence into a figure's field and starts it. @param {import('puppeteer-core').Page} page @param {number} n @param {string} text */
  async function write(page, n, text) {
    await page.evaluate(`(async () => { const [part] = probe.figure(${n}).parts; part.scrollIntoView();
      part.frame.field.value = ${JSON.stringify(text)}; part.frame.start.click(); })()`);
    await page.waitForFunction(`probe.figure(${n}).dataset.state === 'done'`, { timeout: 60_000 });
  }

  test('it goes to figures of other groups and models, which compute with it, and the address keeps it', async () => {
    const page = await open('en.html');
    await page.evaluate("document.querySelectorAll('note-figure').forEach((f) => f.reveal())");
    const before = await state(page);
    await write(page, 3, ENGLISH);
    const { text, kept } = await state(page);
    // What the answer to a guess says is said of the example; figures that keep theirs need no such words.
    const answers = `[...document.querySelectorAll('note-figure .why')].filter((p) => p.innerText.startsWith('On the example'))
      .map((p) => p.closest('note-figure').dataset.figure).join()`;
    assert.equal(await page.evaluate(answers), '14,18,19');
    for (const n of [3, 5, 6, 10, 11, 12, 13, 14, 17, 18, 19, 21, 22])
      assert.equal(text[n], ENGLISH, `figure ${n}`);
    for (const n of [4, 7, 9, 15, 16, 20, 25]) assert.equal(text[n], before.text[n], `figure ${n}`);
    assert.equal(kept, '8,16,20');
    const report = await page.evaluate('probe.start(21)');
    assert.match(String(report), /^done/);
    const tokens = await page.evaluate("probe.figure(13).parts[0].getAttribute('text')");
    assert.equal(tokens, ENGLISH);

    await write(page, 20, CHINESE);
    const second = await state(page);
    assert.equal(second.text[16], CHINESE);
    assert.equal(second.text[17], ENGLISH);
    assert.match(second.kept, /\b3,6,10,11,12,13,/);
    assert.doesNotMatch(second.kept, /\b(8|16|20)\b/);
    await page.evaluate("document.querySelector('#language').click()");
    const third = await state(page);
    assert.equal(third.text[16], CHINESE);
    const words = await page.evaluate("document.querySelector('.kept').textContent");
    assert.match(String(words), /沒學過/);

    const { hash } = new URL(String(await page.evaluate('location.href')));
    assert.ok(hash.length < 900, `the address has ${hash.length} characters`);
    await page.close();
    const again = await open(`en.html${hash}`);
    assert.equal((await state(again)).text[20], CHINESE);
    await again.close();
  });

  test('a figure that asks keeps its example until it is answered', async () => {
    const page = await open('en.html');
    const before = await state(page);
    await write(page, 17, ENGLISH);
    const { text, kept } = await state(page);
    assert.equal(text[10], ENGLISH);
    for (const n of [14, 18, 19]) assert.equal(text[n], before.text[n], `figure ${n}`);
    assert.equal(kept, '20');
    await page.close();
  });

  test('a sentence in the address that is too long is left out', async () => {
    const page = await open(`en.html#top&sentence=${'x'.repeat(1001)}`);
    assert.notEqual((await state(page)).text[10]?.[0], 'x');
    await page.close();
  });
});
