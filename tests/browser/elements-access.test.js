/**
 * elements-access.test.js - elements for every reader: axe-core finds nothing, nothing moves when a figure comes
 * alive, nothing overflows a phone, and a page that forbids wasm says so.
 *
 * Chromium only, because axe-core and layout-shift entries need it; elements.test.js has what all browsers share.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { startServer } from '../helpers/server.js';
import { launch, missing } from './drivers.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A page with all elements. @param {string} lang @param {string} [policy] */
const pageOf = (lang, policy = '') => `<!doctype html><html lang="${lang}"><head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Elements</title><link rel="icon" href="data:,">
${policy && `<meta http-equiv="Content-Security-Policy" content="${policy}">`}
<script type="module" src="/tests/browser/elements_all.js"></script></head>
<body><main><h1>Elements</h1></main></body></html>`;

const FORBIDDEN =
  "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:";

describe('elements for every reader', { skip: missing('Chromium') }, () => {
  /** @type {Awaited<ReturnType<typeof startServer>>} */ let server;
  /** @type {import('puppeteer-core').Browser} */ let browser;
  before(async () => {
    server = await startServer({
      answer: (request, response) => {
        const url = new URL(request.url ?? '/', 'http://localhost');
        if (url.pathname !== '/all') return false;
        response.setHeader('Content-Type', 'text/html; charset=utf-8');
        const lang = url.searchParams.get('lang') ?? 'en';
        response.end(pageOf(lang, url.searchParams.has('forbid') ? FORBIDDEN : ''));
        return true;
      },
    });
    browser = await launch('Chromium');
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  /** Opens the page with all elements. @param {string} query @param {{ width: number, theme?: string, touch?: boolean, zoom?: number }} how zoom: device pixels per px */
  async function open(query, { width, theme = 'light', touch = false, zoom = 1 }) {
    const page = await browser.newPage();
    /** @type {string[]} */ const errors = [];
    page.on('pageerror', (e) => errors.push(String(e)));
    page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
    await page.setViewport({
      width,
      height: 900,
      hasTouch: touch,
      isMobile: touch,
      deviceScaleFactor: zoom,
    });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
    await page.goto(`${server.origin}/all?${query}`);
    await page.waitForFunction('window.ready');
    return { page, errors };
  }

  for (const [lang, theme, width] of /** @type {[string, string, number][]} */ ([
    ['en', 'light', 1280],
    ['en', 'dark', 360],
    ['zh-Hant', 'dark', 1280],
    ['zh-Hant', 'light', 360],
  ]))
    test(`axe-core finds nothing, and nothing overflows: ${lang}, ${theme}, ${width} px`, async () => {
      const { page, errors } = await open(`lang=${lang}`, { width, theme });
      for (const live of [false, true]) {
        if (live) await page.evaluate('startAll()');
        await page.evaluate('openTables()');
        const wide = await page.evaluate('document.documentElement.scrollWidth');
        assert.ok(wide <= width, `the page is ${wide} px wide`);
        await page.evaluate(axe);
        const { violations } = /** @type {any} */ (
          await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        );
        const found = violations.map(
          (/** @type {any} */ v) =>
            `${v.id}: ${v.nodes.map((/** @type {any} */ n) => `${n.target} ${n.failureSummary}`).slice(0, 3)}`,
        );
        assert.equal(found.join('\n'), '');
      }
      assert.deepEqual(errors, []);
      await page.close();
    });

  for (const width of [360, 768, 1280])
    test(`nothing moves from recorded to live, ${width} px`, async () => {
      const { page } = await open('lang=en', { width });
      assert.equal(await page.evaluate('shifts()'), '');
      await page.close();
    });

  test('with forced colours and reduced motion keys keep their colours, and nothing moves by itself', async () => {
    const { page, errors } = await open('lang=en', { width: 1280 });
    const client = await page.createCDPSession();
    const features = ['forced-colors:active', 'prefers-reduced-motion:reduce'].map((pair) => {
      const [name, value] = pair.split(':');
      return { name, value };
    });
    await client.send('Emulation.setEmulatedMedia', { features });
    assert.equal(await page.evaluate("matchMedia('(forced-colors: active)').matches"), true);
    await page.evaluate('startAll()');
    assert.equal(await page.evaluate('moving()'), '');
    assert.equal(await page.evaluate('blankKeys()'), '');
    assert.deepEqual(errors, []);
    await page.close();
  });

  for (const lang of ['en', 'zh-Hant'])
    test(`at 200 % zoom of a window of 1280 px nothing overflows or is cut: ${lang}`, async () => {
      const { page, errors } = await open(`lang=${lang}`, { width: 640, zoom: 2 });
      assert.equal(await page.evaluate('devicePixelRatio * innerWidth'), 1280);
      for (const live of [false, true]) {
        if (live) await page.evaluate('startAll()');
        await page.evaluate('openTables()');
        const wide = await page.evaluate('document.documentElement.scrollWidth');
        assert.ok(wide <= 640, `the page is ${wide} px wide`);
        assert.equal(await page.evaluate('cut()'), '');
      }
      assert.deepEqual(errors, []);
      await page.close();
    });

  for (const theme of ['light', 'dark'])
    test(`who asks for more contrast gets text of 7:1 and stronger lines: ${theme}`, async () => {
      const { page, errors } = await open('lang=en', { width: 1000, theme });
      await page.evaluate('openTables()');
      const usual = /** @type {any} */ (await page.evaluate('contrasts()'));
      const client = await page.createCDPSession();
      const features = [
        { name: 'prefers-contrast', value: 'more' },
        { name: 'prefers-color-scheme', value: theme },
      ];
      await client.send('Emulation.setEmulatedMedia', { features });
      assert.equal(await page.evaluate("matchMedia('(prefers-contrast: more)').matches"), true);
      const more = /** @type {any} */ (await page.evaluate('contrasts()'));
      assert.ok(usual.texts.length > 100 && more.texts.length === usual.texts.length);
      const low = more.texts.filter((/** @type {any} */ { ratio }) => ratio < 7);
      assert.deepEqual(low.slice(0, 5), []);
      assert.ok(more.line >= 3 && more.line > usual.line, `${usual.line} → ${more.line}`);
      assert.deepEqual(errors, []);
      await page.close();
    });

  test('targets are at least 44 px high where fingers point; tokens are as wide as their text', async () => {
    const { page } = await open('lang=en', { width: 390, touch: true });
    await page.evaluate('openTables()');
    assert.equal(await page.evaluate('smallTargets()'), '');
    await page.close();
  });

  test('a figure fills the window and returns', async () => {
    const { page } = await open('lang=en', { width: 1000 });
    const shown = () =>
      page.evaluate(
        "document.fullscreenElement?.localName ?? document.querySelector('.wide')?.localName ?? ''",
      );
    const button = await page.evaluateHandle("document.querySelector('jl-heads').frame.enlarge");
    const click = () => /** @type {any} */ (button.asElement()).click();
    await click();
    await page.waitForFunction(
      "document.querySelector('jl-heads').getBoundingClientRect().width >= innerWidth",
    );
    assert.equal(await shown(), 'jl-heads');
    await click();
    await page.waitForFunction(
      "document.querySelector('jl-heads').getBoundingClientRect().width < innerWidth",
    );
    assert.equal(await shown(), '');
    await page.close();
  });

  test('a page that forbids wasm keeps the recorded figures, and says so', async () => {
    const { page } = await open('forbid', { width: 1280 });
    await page.evaluate('startAll()');
    assert.equal(await page.evaluate('unsaid()'), '');
    await page.close();
  });
});
