/**
 * static.test.js - the note's pages before and without scripts (Chromium): every figure has its recorded picture and table, as
 * the elements show them first; scripts that come late change nothing under the reader's eyes.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { launch, missing } from '../browser/drivers.js';
import { FIGURES, FILES, NOTE, startNote } from './pages.js';

const MAX_BYTES = 600e3; // of a page

describe('the course note without scripts', { skip: missing('Chromium'), timeout: 600_000 }, () => {
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
  /** @param {import('puppeteer-core').Page} page @returns {Promise<any>} */
  const look = (page, /** @type {string} */ expression) => page.evaluate(expression);

  /** Sizes of what a figure shows, as far as it is seen, and its words. In the page. */
  const seen = `[...document.querySelectorAll('[data-figure]')].map((figure) => ({
    pictures: [...figure.querySelectorAll('.picture > svg')].map((e) => e.getBoundingClientRect().height > 15 && e.checkVisibility({ visibilityProperty: true })),
    tables: [...figure.querySelectorAll('.recorded table')].map((e) => e.rows.length > 1 && e.checkVisibility({ visibilityProperty: true })),
    parts: figure.querySelectorAll('.parts > *').length }))`;
  /** @param {any[]} figures */
  function whole(figures) {
    assert.equal(figures.length, FIGURES.length);
    for (const [i, { pictures, tables, parts }] of figures.entries()) {
      assert.ok(parts > 0);
      assert.deepEqual(pictures, Array(parts).fill(true), `pictures of figure ${i + 1}`);
      assert.deepEqual(tables, Array(parts).fill(true), `tables of figure ${i + 1}`);
    }
  }

  for (const [lang, file] of Object.entries(FILES)) {
    test(`every figure has picture and table, when the server gives the HTML only: ${lang}`, async () => {
      const page = await browser.newPage();
      let bytes = 0;
      page.on('response', async (r) => {
        if (r.url().includes('?built')) bytes = (await r.buffer()).length;
      });
      await page.setRequestInterception(true);
      page.on('request', (r) => (r.url().includes('?built') ? r.continue() : r.abort()));
      await page.goto(`${server.origin}${NOTE}${file}?built`);
      whole(await look(page, seen));
      assert.ok(bytes > 200e3 && bytes < MAX_BYTES, `${bytes} bytes`);
      await page.close();
    });

    test(`the recorded tables and sentences are what the elements show first: ${lang}`, async () => {
      const page = await browser.newPage();
      await page.goto(`${server.origin}${NOTE}${file}`);
      await page.waitForSelector('body[data-ready]', { timeout: 120_000 });
      const shown = await look(
        page,
        `(async () => { const { textOf } = await import('/web/elements/frame.js');
          return Object.fromEntries([...document.querySelectorAll('note-figure')].flatMap((f) => f.parts.map((e, i) => {
            const { columns, rows } = e.twin(e.view);
            return [f.dataset.figure + '-' + i, { title: e.frame.title.textContent, status: e.frame.said.textContent,
              sentence: e.summary(e.view), columns, rows: rows.map((row) => row.map(textOf)) }]; }))); })()`,
      );
      const url = new URL(`../../examples/course-note/recorded/${lang}.json`, import.meta.url);
      const recorded = JSON.parse(readFileSync(url, 'utf8'));
      for (const part of Object.values(recorded)) delete part.svg;
      assert.deepEqual(recorded, shown, 'run make note-scenes');
      await page.close();
    });
  }

  test('with the style sheet and no script the page shows after two seconds, in dark too', async () => {
    const page = await browser.newPage();
    await page.setViewport({ width: 390, height: 844 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await page.setRequestInterception(true);
    page.on('request', (r) => (r.url().endsWith('/note.js') ? r.abort() : r.continue()));
    await page.goto(`${server.origin}${NOTE}en.html?built`);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    whole(await look(page, seen));
    assert.ok((await look(page, 'document.documentElement.scrollWidth')) <= 390);
    await page.close();
  });

  for (const n of [0, 12])
    test(`scripts that come late leave the reader where they are: paragraph ${n}`, async () => {
      const page = await browser.newPage();
      await page.setViewport({ width: 1100, height: 900 });
      await page.setRequestInterception(true);
      /** @type {import('puppeteer-core').HTTPRequest | undefined} */ let held;
      page.on('request', (r) => {
        if (r.url().endsWith('/note.js')) held = r;
        else r.continue();
      });
      const opened = page.goto(`${server.origin}${NOTE}en.html?built`);
      await page.waitForFunction("document.querySelectorAll('.recorded').length > 29");
      await new Promise((resolve) => setTimeout(resolve, 2500));
      whole(await look(page, seen));
      const words = await look(
        page,
        `(() => { const p = document.querySelectorAll('section > p')[${n}];
          if (${n}) scrollBy(0, p.getBoundingClientRect().top - 300); return p.textContent; })()`,
      );
      const where = `[...document.querySelectorAll('section > p')].find((p) => p.textContent === ${JSON.stringify(words)}).getBoundingClientRect().top`;
      const before = await look(page, where);
      held?.continue();
      await opened;
      await page.waitForSelector('body[data-ready]', { timeout: 120_000 });
      const later = await look(page, where);
      assert.ok(Math.abs(later - before) < 2, `the paragraph moved from ${before} to ${later} px`);
      assert.equal(await look(page, "document.querySelectorAll('.recorded, .without').length"), 0);
      assert.equal(await look(page, "document.querySelectorAll('note-figure').length"), 26);
      assert.equal(await look(page, "document.querySelectorAll('section').length"), 9);
      assert.deepEqual(await look(page, 'probe.errors'), []);
      await page.close();
    });
});
