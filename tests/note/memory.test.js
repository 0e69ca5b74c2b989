/**
 * memory.test.js - the course note on devices with little memory (Chromium): figures stay recorded and say why.
 *
 * The browser's own limit of wasm memory makes allocations fail.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch, missing } from '../browser/drivers.js';
import { NOTE, startNote } from './pages.js';

const MAX_PAGES = 100; // of 64 KB: the engine begins, but no model fits
/** Figures of both included models, an element of the note, one that trains. */
const SOME = [3, 12, 16, 20];

describe('little memory', { skip: missing('Chromium'), timeout: 300_000 }, () => {
  /** @type {import('../helpers/server.js').TestServer} */ let server;
  before(async () => {
    server = await startNote();
  });
  after(() => server?.close());

  /** @param {string[]} args @param {string} file @param {(page: import('puppeteer-core').Page) => Promise<void>} then @param {number} [gb] that the device reports */
  async function open(args, file, then, gb) {
    const browser = await launch('Chromium', { args });
    try {
      const page = await browser.newPage();
      await page.setViewport({ width: 390, height: 844, isMobile: true, hasTouch: true });
      if (gb !== undefined)
        await page.evaluateOnNewDocument(
          `Object.defineProperty(navigator, 'deviceMemory', { get: () => ${gb} })`,
        );
      await page.goto(`${server.origin}${NOTE}${file}`);
      await page.waitForSelector('body[data-ready]', { timeout: 120_000 });
      await then(page);
    } finally {
      await browser.close();
    }
  }

  for (const [file, sentence] of [
    ['en.html', /recorded.* not enough memory .*recorded figure stays/],
    ['index.html', /預錄.*記憶體不夠.*保留預錄的圖/],
  ])
    test(`figures stay recorded where an allocation fails: ${file}`, () =>
      open([`--js-flags=--wasm-max-mem-pages=${MAX_PAGES}`], String(file), async (page) => {
        for (const n of SOME) {
          const report = String(await page.evaluate(`probe.start(${n})`));
          assert.match(report, /** @type {RegExp} */ (sentence), `figure ${n}`);
          assert.match(report, /^idle/);
          const shown = await page.evaluate(
            `probe.figure(${n}).parts.every((p) => p.view && !p.live && p.frame.body.getBoundingClientRect().height > 30)`,
          );
          assert.ok(shown, `figure ${n}`);
        }
      }));

  test('a device that reports half a gigabyte keeps the recorded figure, until the reader insists', () =>
    open(
      [],
      'en.html',
      async (page) => {
        const first = String(await page.evaluate('probe.start(3)'));
        assert.match(first, /^idle.*recorded.*little memory/);
        assert.match(String(await page.evaluate('probe.start(3)')), /^done.*live/);
      },
      0.5,
    ));

  test('a device that reports a gigabyte computes at once, and says so', () =>
    open(
      [],
      'en.html',
      async (page) => assert.match(String(await page.evaluate('probe.start(3)')), /^done.*live/),
      1,
    ));
});
