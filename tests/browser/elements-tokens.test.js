/**
 * elements-tokens.test.js - jl-tokens, jl-merges and jl-embedding of one text: typing, choosing and stepping by keys.
 *
 * Chromium only, because the keys are real; elements.test.js has what all elements and browsers share.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startServer } from '../helpers/server.js';
import { launch, missing } from './drivers.js';

const TAGS = ['jl-tokens', 'jl-merges', 'jl-embedding'];

describe('tokens, merges and embedding of one text', { skip: missing('Chromium') }, () => {
  /** @type {Awaited<ReturnType<typeof startServer>>} */ let server;
  /** @type {import('puppeteer-core').Browser} */ let browser;
  /** @type {import('puppeteer-core').Page} */ let page;
  before(async () => {
    server = await startServer();
    browser = await launch('Chromium');
    page = await browser.newPage();
    await page.setViewport({ width: 900, height: 2400 }); // all figures are in sight
    await page.goto(`${server.origin}/tests/browser/elements.html`);
    await page.waitForFunction('!!window.checkEach');
    await page.evaluate((tags) => {
      const mounted = tags.map((tag) => document.createElement(tag));
      for (const element of mounted) element.setAttribute('share', 'typing');
      document.body.append(...mounted);
    }, TAGS);
    await page.evaluate("document.querySelector('jl-tokens').start()");
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  /** @param {string} tag @param {string} code of the element `e` */
  const read = (tag, code) => page.evaluate(`((e) => ${code})(document.querySelector('${tag}'))`);
  /** @param {string} tag @param {string} selector */
  const focus = (tag, selector) => read(tag, `e.shadowRoot.querySelector('${selector}').focus()`);
  /** @param {string} code */
  const until = (code) => page.waitForFunction(code, { timeout: 20_000 });

  test('tokens follow the typing in all three, and the field keeps the focus', async () => {
    await read('jl-tokens', '{ e.frame.field.value = ""; e.frame.field.focus() }');
    await page.keyboard.type('A wolf 😀 and his mother');
    for (const tag of TAGS)
      await until(
        `(({ dataset, view }) => dataset.state === 'done' && view.tokens.length === 10)(document.querySelector('${tag}'))`,
      );
    assert.equal(await read('jl-tokens', 'e.shadowRoot.activeElement === e.frame.field'), true);
    const glyphs = await read(
      'jl-tokens',
      "[...e.shadowRoot.querySelectorAll('.glyph')].map((g) => g.textContent).join()",
    );
    assert.equal(glyphs, '😀');
    assert.match(String(await read('jl-tokens', 'e.frame.body.textContent')), /exactly the text/);
  });

  test('unfinished composition of an input method encodes nothing', async () => {
    const before = await read('jl-tokens', "e.getAttribute('text')");
    await read(
      'jl-tokens',
      "{ e.frame.field.value += 'ㄊ'; e.frame.field.dispatchEvent(new InputEvent('input', { isComposing: true })) }",
    );
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.equal(await read('jl-tokens', "e.getAttribute('text')"), before);
    await read(
      'jl-tokens',
      "{ e.frame.field.value = e.getAttribute('text') + '天'; e.frame.field.dispatchEvent(new CompositionEvent('compositionend')) }",
    );
    await until("document.querySelector('jl-tokens').view.tokens.length === 13");
  });

  test('arrows choose a token; merges and embedding show the same one', async () => {
    await focus('jl-tokens', '[role=option][tabindex="0"]');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await until("document.querySelector('jl-embedding').getAttribute('point') === '1701'");
    assert.match(String(await read('jl-embedding', 'e.summary(e.view)')), /mean cosine/);
    const readouts = await page.evaluate(
      (tags) =>
        tags.map(
          (tag) =>
            document.querySelector(tag)?.shadowRoot?.querySelector('.readout')?.textContent ?? '',
        ),
      TAGS,
    );
    for (const readout of readouts) assert.match(readout, /wo/);
    const stops = 'e.shadowRoot.querySelectorAll(\'[role=option][tabindex="0"]\').length';
    assert.equal(await read('jl-tokens', stops), 1);
  });

  test('keys step through the merges of the piece, and a new piece begins with all', async () => {
    await focus('jl-merges', '.tree svg');
    await page.keyboard.press('Home');
    const now =
      "[...e.shadowRoot.querySelectorAll('.symbol.now')].map((n) => n.textContent).join('|')";
    await until("document.querySelector('jl-merges').getAttribute('step') === '0'");
    assert.equal(await read('jl-merges', now), '␣|w|o|l|f');
    await page.keyboard.press('ArrowRight');
    await until("document.querySelector('jl-merges').getAttribute('step') === '1'");
    assert.equal(await read('jl-merges', now), 'o|l|f|␣w', 'symbols of the first row come first');
    await focus('jl-merges', '[role=option][tabindex="0"]');
    await page.keyboard.press('End');
    assert.equal(await read('jl-merges', "e.getAttribute('step')"), null);
  });

  test('the working of the cosine shows both rows; pictures have all parts', async () => {
    await read('jl-embedding', "{ e.shadowRoot.querySelector('.body details').open = true }");
    await until(
      "document.querySelector('jl-embedding').shadowRoot.querySelectorAll('.body tbody tr').length === 320",
    );
    for (const tag of TAGS) {
      const svg = String(await read(tag, 'e.picture().svg'));
      const problem = await page.evaluate((text) => {
        const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
        return parsed.querySelector('parsererror')?.textContent ?? '';
      }, svg);
      assert.equal(problem, '');
      assert.ok(svg.includes(tag === 'jl-embedding' ? 'animals' : 'mother'), tag);
    }
  });
});
