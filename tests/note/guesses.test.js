/**
 * guesses.test.js - figures of the course note that ask first (Chromium): the answer cannot be seen before the reader has guessed,
 * wants to see it without a guess, or starts the figure.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FIGURES as SPECS } from '../../examples/course-note/content/figure.js';
import '../../examples/course-note/content/index.js';
import { launch, missing } from '../browser/drivers.js';
import { NOTE, startNote } from './pages.js';

const ASKING = [...SPECS].filter(([, { guess }]) => guess).map(([number]) => number);

/** Of a figure: whether its answer, the sentence at its end and the button are seen; in the page. @param {number} n */
const seenOf = (n) => `(() => {
  const figure = document.querySelector('#figure-${n}');
  const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().height > 15;
  return { parts: figure.parts.filter((part) => part.matches('.answer')).map(seen), why: seen(figure.querySelector('.why')),
    notice: seen(figure.querySelector('.notice')), skip: seen(figure.querySelector('.skip')),
    others: figure.parts.filter((part) => !part.matches('.answer')).map(seen) };
})()`;

describe('guesses in the course note', { skip: missing('Chromium'), timeout: 300_000 }, () => {
  /** @type {import('../helpers/server.js').TestServer} */ let server;
  /** @type {import('puppeteer-core').Browser} */ let browser;
  /** @type {import('puppeteer-core').Page} */ let page;
  before(async () => {
    server = await startNote();
    browser = await launch('Chromium');
    page = await open('en.html');
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });
  /** @param {string} address */
  async function open(address) {
    const opened = await browser.newPage();
    await opened.setViewport({ width: 1100, height: 900 });
    await opened.goto(`${server.origin}${NOTE}${address}`);
    await opened.waitForSelector('body[data-ready]', { timeout: 120_000 });
    return opened;
  }
  /** @param {number} n @returns {Promise<any>} */
  const seen = (n) => page.evaluate(seenOf(n));
  /** @param {number} n @param {boolean} answered */
  function check({ parts, why, notice, skip, others }, n, answered) {
    assert.ok(parts.length > 0, `figure ${n} covers something`);
    assert.ok(
      parts.every((/** @type {boolean} */ part) => part === answered),
      `figure ${n}: ${parts}`,
    );
    assert.deepEqual([why, notice, skip], [answered, answered, !answered], `figure ${n}`);
    assert.ok(others.every(Boolean), `figure ${n}`);
  }

  test('nothing of an answer is seen or reached by Tab before a guess', async () => {
    assert.ok(ASKING.length >= 10);
    for (const n of ASKING) check(await seen(n), n, false);
    await page.evaluate("document.querySelector('#figure-14 .skip').focus()");
    await page.keyboard.press('Tab');
    const inside = 'document.activeElement.closest(".answer")?.localName ?? ""';
    assert.equal(await page.evaluate(inside), '');
  });

  test('every option shows it, and says whether it is right', async () => {
    for (const n of ASKING) {
      const options = SPECS.get(n)?.guess?.options ?? [];
      for (const [i] of options.entries()) {
        await page.evaluate(`document.querySelectorAll('#figure-${n} .guess input')[${i}].click()`);
        check(await seen(n), n, true);
        const kind = await page.evaluate(`document.querySelector('#figure-${n} .guess').className`);
        assert.match(kind, i === SPECS.get(n)?.guess?.right ? /right/ : /wrong/);
      }
    }
  });

  test('the button shows it without a guess, and so do a start and an address with a state', async () => {
    const other = page;
    page = await open('en.html#figure-14&14.0.rule=prefix');
    check(await seen(14), 14, true);
    check(await seen(16), 16, false);
    await page.click('#figure-16 .skip');
    check(await seen(16), 16, true);
    await page.evaluate("document.querySelector('#figure-18').parts[0].start()");
    check(await seen(18), 18, true);
    const state = "document.querySelector('#figure-18').parts[0].dataset.state === 'done'";
    await page.waitForFunction(state, { timeout: 60_000 });
    await page.close();
    page = other;
  });

  test('the drawing that was covered has the width of the page', async () => {
    const widths = /** @type {number[]} */ (
      await page.evaluate(
        "['#figure-14', '#figure-24'].map((n) => document.querySelector(n).parts[0].frame.body.querySelector('svg').getBoundingClientRect().width)",
      )
    );
    assert.ok(
      widths.every((width) => width > 600),
      `${widths}`,
    );
  });
});
