/**
 * print.test.js - the course note on paper (Chromium): pictures and whole tables of all figures, answers of guesses, no controls,
 * nothing wider than the sheet; afterwards the page is as it was.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch, missing } from '../browser/drivers.js';
import { FIGURES, FILES, NOTE, startNote } from './pages.js';

const SHEET = 680; // px: A4 without 15 mm at each side

/** What a printed figure shows; in the page. */
const shown = `[...document.querySelectorAll('note-figure')].map((figure) => {
  const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().height > 5;
  const all = figure.parts.flatMap((part) => [...part.shadowRoot.querySelectorAll('*')]);
  const right = (e) => e.getBoundingClientRect().right;
  return {
    pictures: figure.parts.filter((part) => seen(part.frame.body) && part.frame.body.getBoundingClientRect().height > 30).length,
    tables: figure.parts.map((part) => [...part.frame.moreBody.querySelectorAll('table')].filter(seen).length),
    parts: figure.parts.length,
    controls: [...figure.querySelectorAll('button, input, summary'),
      ...all.filter((e) => e.matches('.controls *, .actions *, .enlarge, input, select, textarea, summary'))]
      .filter(seen).map((e) => e.outerHTML.slice(0, 80)),
    guess: [...figure.querySelectorAll('.why')].every(seen),
    wide: all.filter((e) => e.matches('svg, canvas, table, p, .body') && seen(e) && right(e) > ${SHEET} + 1)
      .map((e) => e.localName + ' ' + right(e)),
  };
})`;

describe('the course note on paper', { skip: missing('Chromium'), timeout: 300_000 }, () => {
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

  for (const [lang, file] of Object.entries(FILES))
    test(`every figure has pictures, tables and answers, and no controls: ${lang}`, async () => {
      const page = await browser.newPage();
      await page.setViewport({ width: SHEET, height: 960 });
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
      await page.goto(`${server.origin}${NOTE}${file}`);
      await page.waitForSelector('body[data-ready]', { timeout: 120_000 });
      const open =
        '[...document.querySelectorAll(".parts > *")].filter((e) => e.frame.more.open).length';
      await page.evaluate("document.querySelector('#figure-13').parts[0].frame.more.open = true");
      await page.emulateMediaType('print');
      await page.evaluate("dispatchEvent(new Event('beforeprint'))");
      const figures = /** @type {any[]} */ (await page.evaluate(shown));
      assert.equal(figures.length, FIGURES.length);
      for (const [i, { pictures, tables, parts, controls, guess, wide }] of figures.entries()) {
        const name = `figure ${i + 1}`;
        assert.equal(pictures, parts, `pictures of ${name}`);
        assert.ok(
          tables.every((/** @type {number} */ n) => n > 0),
          `tables of ${name}`,
        );
        assert.deepEqual(controls, [], name);
        assert.ok(guess, `the answer of ${name}`);
        assert.deepEqual(wide, [], name);
      }
      await page.emulateMediaType('screen');
      await page.evaluate("dispatchEvent(new Event('afterprint'))");
      assert.equal(await page.evaluate(open), 1);
      const actions =
        "document.querySelector('#figure-13').parts[0].shadowRoot.querySelectorAll('.actions button').length";
      assert.ok(/** @type {number} */ (await page.evaluate(actions)) > 3);
      const pdf = await page.pdf({ format: 'A4' });
      const sheets =
        Buffer.from(pdf)
          .toString('latin1')
          .match(/\/Type \/Page\b/g)?.length ?? 0;
      assert.ok(sheets > 15 && sheets < 60, `${sheets} sheets`);
      assert.equal(await page.evaluate(open), 1);
      await page.close();
    });
});
