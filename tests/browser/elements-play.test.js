/**
 * elements-play.test.js - what a reader does with jl-distribution and jl-playground: the word-chain game, the sliders, a
 * prompt, alternatives, seeds. By keyboard, in Chromium; elements.test.js has what all elements share.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pageAt, startServer } from '../helpers/server.js';
import { launch, missing } from './drivers.js';

const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Play</title><link rel="icon" href="data:,">
<script type="module" src="/elements.js"></script></head><body></body></html>`;

describe('jl-distribution and jl-playground', { skip: missing('Chromium') }, () => {
  /** @type {Awaited<ReturnType<typeof startServer>>} */ let server;
  /** @type {import('puppeteer-core').Browser} */ let browser;
  /** @type {import('puppeteer-core').Page} */ let page;
  before(async () => {
    server = await startServer({ answer: pageAt('/play', PAGE) });
    browser = await launch('Chromium');
    page = await browser.newPage();
    await page.setViewport({ width: 1000, height: 1400 });
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  /** Shows an element, `e`, in a new page without a model. @param {string} html */
  async function show(html) {
    await page.goto(`${server.origin}/play`);
    await page.waitForFunction("!!customElements.get('jl-playground')");
    await page.evaluate(
      `document.body.innerHTML = ${JSON.stringify(html)}; window.e = document.body.firstElementChild`,
    );
    await page.waitForFunction('e.view');
  }
  /** @param {string} code @returns {Promise<any>} */
  const ask = (code) => page.evaluate(code);
  const done = () => page.waitForFunction("e.dataset.state === 'done' && !e.runner.running");
  /** Runs code that starts a run, and waits for its end. @param {string} code */
  const run = (code) =>
    ask(
      `new Promise((done) => { e.addEventListener('done', () => done(), { once: true }); ${code} })`,
    );
  const press = async (/** @type {string[]} */ ...keys) => {
    for (const key of keys) await page.keyboard.press(/** @type {any} */ (key));
  };
  const text = (/** @type {string} */ selector) =>
    ask(`e.shadowRoot.querySelector('${selector}').textContent`);
  const button = (/** @type {string} */ label) =>
    `[...e.shadowRoot.querySelectorAll('button')].find((b) => b.textContent.startsWith('${label}')).click()`;

  test('a row is chosen by keyboard: a recorded figure says that it must be started, a live one appends the token', async () => {
    await show('<jl-distribution model="tales"></jl-distribution>');
    const before = await ask('e.text');
    await ask("e.shadowRoot.querySelector('svg').focus()");
    await press('ArrowDown', 'ArrowDown');
    assert.match(await text('.working'), /␣hair: softmax/);
    await press('Enter');
    assert.equal(await ask('e.text'), `${before} hair`);
    assert.equal(await ask('e.dataset.state'), 'idle');
    assert.match(await text('.added'), /hair was appended\. Start/);
    await run('e.start()');
    const tokens = await ask('e.view.tokens.length');
    for (let i = 1; i <= 3; i++) {
      await run(
        "e.shadowRoot.querySelector('#option-0').dispatchEvent(new MouseEvent('click', { bubbles: true }))",
      );
      assert.equal(await ask('e.view.tokens.length'), tokens + i);
    }
    assert.equal(await text('.added'), '');
  });

  test('a slider runs the sampler again, not the load; the shown working is the shown probability', async () => {
    await show('<jl-distribution model="tales"></jl-distribution>');
    await ask("e.setAttribute('temperature', '0.3')");
    await page.waitForFunction(
      "/other settings/.test(e.shadowRoot.querySelector('.added').textContent)",
    );
    await run('e.start()');
    const requests = await ask("performance.getEntriesByType('resource').length");
    for (const value of ['0.5', '1.5', '0']) {
      const input = "e.shadowRoot.querySelector('input[type=range]')";
      await run(`${input}.value = '${value}'; ${input}.dispatchEvent(new Event('input'))`);
      const { temperature, p } = await ask(
        '({ temperature: e.view.sampling.temperature, p: e.view.stages[2].p[e.view.drawn] })',
      );
      assert.equal(temperature, Number(value));
      if (!temperature) continue;
      const [, shown] = /= ([\d.]+)\./.exec(await text('.working')) ?? [];
      assert.ok(Math.abs(Number(shown) - p) < 1e-4, `${shown} is not ${p}`);
    }
    assert.equal(await ask("performance.getEntriesByType('resource').length"), requests);
    const seed = await ask('e.view.sampling.seed');
    await run(button('Draw again'));
    assert.notEqual(await ask('e.view.sampling.seed'), seed);
    assert.match(await text('.own'), new RegExp(`seed ${await ask('e.view.sampling.seed')}`));
  });

  test('Enter sends the prompt, Shift and Enter breaks the line; seeds are fresh, and can be used again', async () => {
    await show('<jl-playground model="tales" count="12"></jl-playground>');
    await ask('e.frame.field.select(), e.frame.field.focus()');
    await page.keyboard.type('Once upon');
    await page.keyboard.down('Shift');
    await press('Enter');
    await page.keyboard.up('Shift');
    assert.equal(await ask('e.dataset.state'), 'idle');
    await page.keyboard.type('a time');
    await press('Enter');
    await done();
    assert.equal(await ask('e.view.text'), 'Once upon\na time');
    const written = () => ask("e.view.texts.join('')");
    const [first, seed] = [await written(), await ask('e.view.sampling.seed')];
    await run('e.start()');
    assert.notEqual(await ask('e.view.sampling.seed'), seed);
    const second = await written();
    await run(button('Again with seed'));
    assert.equal(await written(), second);
    await run(button('Continue'));
    assert.equal(await ask('e.view.ids.length'), 24);
    const whole = await written();
    assert.ok(whole.startsWith(second) && first.length > 0);
    await run(button('Again with seed'));
    assert.equal(await written(), whole);
    assert.equal(await text('.stream'), `Once upon\na time${whole}`);
  });

  test('an alternative is reached and chosen by keyboard, before the start and after it', async () => {
    await show('<jl-playground model="tales" count="10"></jl-playground>');
    await ask(`e.shadowRoot.querySelector('.token[tabindex="0"]').focus()`);
    await press('ArrowRight', 'ArrowRight', 'Enter', 'Home', 'ArrowDown', 'ArrowDown');
    const chosen = await ask('e.view.tops[2][2]');
    const ids = await ask('e.view.ids');
    await press('Enter');
    assert.equal(await ask('e.dataset.state'), 'idle');
    assert.match(await text('.meter'), /^Start continues with/);
    await run('e.frame.start.click()');
    assert.deepEqual(await ask('e.view.ids.slice(0, 3)'), [...ids.slice(0, 2), chosen]);
    assert.equal(await ask('e.view.ids.length'), 13);
    assert.equal(await ask("e.shadowRoot.querySelectorAll('.token').length"), 13);
    await press('Escape');
    assert.equal(await ask('e.shadowRoot.activeElement.className'), 'token chosen');
    await press('ArrowRight', 'Enter', 'End');
    const next = await ask('e.view.tops[3].at(-1)');
    await press('Enter');
    await done();
    assert.equal(await ask('e.view.ids[3]'), next);
  });

  test('the text goes to figures that share it by a button only', async () => {
    await show(
      '<jl-playground model="tales" share="s" count="5"></jl-playground><jl-tokens model="tales" share="s"></jl-tokens>',
    );
    await run('e.start()');
    const other = "document.querySelector('jl-tokens')";
    assert.equal(await ask(`${other}.getAttribute('text')`), null);
    await ask(button('Use this text'));
    await page.waitForFunction(`${other}.getAttribute('text')`);
    assert.equal(
      await ask(`${other}.getAttribute('text')`),
      await ask("e.view.text + e.view.texts.join('')"),
    );
    assert.equal(await ask("e.shadowRoot.querySelectorAll('.token').length"), 5);
    await run(button('Continue'));
    assert.equal(await ask("e.shadowRoot.querySelectorAll('.token').length"), 10);
    await ask(`${other}.setAttribute('text', 'Another text')`);
    await page.waitForFunction(
      "e.shadowRoot.querySelector('.stream').textContent === 'Another text'",
    );
  });
});
