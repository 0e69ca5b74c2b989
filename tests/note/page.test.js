/**
 * page.test.js - the course note as a page (Chromium): axe-core, layout shift, length of tasks, language, address, lines to
 * embed, recorded figures where wasm is forbidden.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { launch, missing } from '../browser/drivers.js';
import { FIGURES, NOTE, SHORT, startNote } from './pages.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LONG_MS = 50;

describe('the course note as a page', { skip: missing('Chromium'), timeout: 900_000 }, () => {
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

  /** Opens the note. @param {string} [address] @param {{ width?: number, theme?: string }} [how] */
  async function open(address = 'en.html', { width = 1280, theme = 'light' } = {}) {
    const page = await browser.newPage();
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
    await page.goto(`${server.origin}${NOTE}${address}`);
    await page.waitForSelector('body[data-ready]', { timeout: 120_000 });
    return page;
  }
  /** @param {import('puppeteer-core').Page} page @returns {Promise<any>} */
  const look = (page, /** @type {string} */ expression) => page.evaluate(expression);

  /** @type {[file: string, theme: string, width: number][]} */
  const looks = [
    ['en.html', 'light', 1280],
    ['index.html', 'dark', 390],
    ['en.html', 'dark', 390],
    ['index.html', 'light', 1280],
  ];
  for (const [file, theme, width] of process.env.WHOLE_NOTE ? looks : looks.slice(0, 2))
    test(`axe-core finds nothing, and nothing overflows: ${file}, ${theme}, ${width} px`, async () => {
      const page = await open(file, { theme, width });
      await look(
        page,
        "document.querySelectorAll('.tools details').forEach((d) => { d.open = true; })",
      );
      const wide = await look(page, 'document.documentElement.scrollWidth');
      assert.ok(wide <= width, `the page is ${wide} px wide`);
      await page.evaluate(axe);
      const { violations } = await look(page, "axe.run(document, { resultTypes: ['violations'] })");
      const found = violations.map(
        (/** @type {any} */ v) =>
          `${v.id}: ${v.nodes.map((/** @type {any} */ n) => `${n.target} ${n.failureSummary}`).slice(0, 3)}`,
      );
      assert.equal(found.join('\n'), '');
      assert.deepEqual(await look(page, 'probe.errors'), []);
      await page.close();
    });

  for (const width of [390, 1280])
    test(`nothing moves while the page loads, ${width} px`, async () => {
      const page = await open('index.html', { width });
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.deepEqual(await look(page, 'probe.shifts'), []);
      await page.close();
    });

  // Processor time, which a busy machine does not change.
  test('no task takes 50 ms while nobody clicks', async () => {
    const page = await browser.newPage();
    await page.tracing.start({ categories: ['toplevel', 'blink.user_timing'] });
    await page.goto(`${server.origin}${NOTE}en.html`);
    await page.waitForSelector('body[data-ready]', { timeout: 120_000 });
    await page.evaluate("performance.mark('ready')");
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const trace = JSON.parse(new TextDecoder().decode(await page.tracing.stop()));
    /** @type {any[]} */ const events = trace.traceEvents;
    const ready = events.find((e) => e.name === 'ready');
    const times = events
      .filter((e) => e.pid === ready.pid && e.tid === ready.tid && e.name.endsWith('RunTask'))
      .map((e) => (e.tdur ?? 0) / 1000)
      .sort((a, b) => b - a);
    assert.ok(times.length > 50, `only ${times.length} tasks were seen`);
    assert.ok(
      times[0] < LONG_MS,
      `the longest took ${times.slice(0, 8).map((t) => t.toFixed(1))} ms`,
    );
    await page.close();
  });

  test('another language keeps the state', async () => {
    const page = await open(`en.html#figure-13&${SHORT}`);
    await look(page, 'probe.start(13)');
    await look(page, 'probe.figure(13).parts[0].select({ layer: 1, head: 2 })');
    await look(page, "probe.figure(1).querySelector('.guess input').click()");
    await look(page, "document.querySelector('#language').click()");
    const state = await look(
      page,
      `(() => { const [part] = probe.figure(13).parts;
        return { lang: document.documentElement.lang, layer: part.getAttribute('layer'), live: part.live,
          done: part.dataset.state, title: document.title, guess: probe.figure(1).querySelector('.guess input').checked,
          heading: probe.figure(13).querySelector('h3').textContent }; })()`,
    );
    assert.deepEqual(
      { ...state, title: '', heading: '' },
      {
        lang: 'zh-Hant',
        layer: '1',
        live: true,
        done: 'done',
        title: '',
        guess: true,
        heading: '',
      },
    );
    assert.match(state.title, /接龍/);
    assert.match(state.heading, /^圖 13/);
    await page.close();
  });

  test('the address keeps the state, and restores it', async () => {
    const page = await open('en.html#figure-13');
    await look(page, 'probe.figure(13).parts[0].select({ layer: 1, head: 2 })');
    const { hash } = new URL(await look(page, 'location.href'));
    await page.close();
    assert.match(hash, /^#figure-13&lang=en/);
    assert.match(hash, /13\.0\.layer=1/);
    const again = await open(`index.html${hash}`);
    const part = 'probe.figure(13).parts[0]';
    assert.equal(await look(again, `${part}.value('layer') + ',' + ${part}.value('head')`), '1,2');
    assert.equal(await look(again, 'document.documentElement.lang'), 'en');
    const top = await look(again, 'probe.figure(13).getBoundingClientRect().top');
    assert.ok(Math.abs(top) < 60, `the figure is ${top} px from the top`);
    await again.close();
  });

  test('a hostile address does nothing', async () => {
    const page = await browser.newPage();
    /** @type {string[]} */ const outside = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(server.origin) && !/^(data|blob):/.test(request.url()))
        outside.push(request.url());
    });
    const address = [
      '#"><img src=x onerror=hit()>',
      'lang=xx-<script>',
      '13.0.onclick=hit()',
      '13.0.model=javascript:hit()',
      '13.0.model=https://name:word@example.org/m.gguf',
      '13.0.scene=https://example.org/s.json',
      '13.0.layer=1e99',
      '13.0.style=display:none',
      '99.9.layer=1',
      '13.0.__proto__=1',
      `9.0.text=${'x'.repeat(20_001)}`,
    ].join('&');
    await page.goto(`${server.origin}${NOTE}en.html${address}`);
    await page.waitForSelector('body[data-ready]', { timeout: 120_000 });
    const names = await look(page, 'probe.figure(13).parts[0].getAttributeNames().sort().join()');
    assert.equal(names, 'caption,data-state,model,share');
    assert.equal(await look(page, 'probe.figure(13).parts[0].model'), 'tales');
    assert.ok((await look(page, "probe.figure(9).parts[0].getAttribute('text').length")) < 200);
    assert.equal(await look(page, 'document.documentElement.lang'), 'en');
    assert.deepEqual(await look(page, 'probe.errors'), []);
    assert.deepEqual(outside, []);
    await page.close();
  });

  test('lines that embed a figure show it in its state', async () => {
    const page = await open('en.html');
    await look(page, 'probe.figure(13).parts[0].select({ layer: 1, head: 2 })');
    /** @param {string} name */
    const lines = (name) =>
      look(
        page,
        `(() => { const tools = probe.figure(13).querySelector('.tools');
          tools.querySelector('.${name}').click(); return tools.querySelector('textarea').value; })()`,
      );
    const link = await lines('link');
    const frame = await lines('frame');
    const script = await lines('script');
    await page.close();
    assert.match(link, /en\.html#figure-13&lang=en.*13\.0\.layer=1/);
    const host = await browser.newPage();
    await host.goto(`${server.origin}/tests/browser/empty.html`);
    await host.setContent(`<!doctype html><html lang="en"><title>t</title>${script}${frame}`);
    const tag = "document.querySelector('body > jl-attention, head + body jl-attention')";
    await host.waitForFunction(`${tag}?.view`, { timeout: 60_000 });
    assert.equal(await look(host, `${tag}.value('layer')`), 1);
    await look(host, "document.querySelector('iframe').scrollIntoView()");
    const inner = await (await host.$('iframe'))?.contentFrame();
    assert.ok(inner);
    await inner.waitForSelector('body[data-ready].only', { timeout: 120_000 });
    const seen = await inner.evaluate(`[...document.querySelectorAll('note-figure, h2, header')]
      .filter((e) => e.getClientRects().length).map((e) => e.id).join()`);
    assert.equal(seen, 'figure-13');
    await host.close();
  });

  for (const file of ['en.html', 'index.html'])
    test(`without wasm all figures show what was recorded, and say so: ${file}`, async () => {
      const page = await open(`${file}?forbid`);
      for (const n of FIGURES) {
        const report = await look(page, `probe.start(${n})`);
        assert.match(report, /^idle( \| [\w-]+ idle: (recorded|預錄)[^|]*)+$/, `figure ${n}`);
        const empty = await look(page, `probe.figure(${n}).parts.filter((p) => !p.view).length`);
        assert.equal(empty, 0, `figure ${n}: elements without a view`);
      }
      await page.close();
    });
});
