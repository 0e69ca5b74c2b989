/**
 * delivered.test.js - what `make note` and `make site` deliver: the one file opened from disk in three browsers, the site
 * under a sub-path of a plain host, its links, and reading without a network (Chromium).
 *
 * With WHOLE_NOTE all figures of the one file start. What is not built is skipped, with a report.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { makeServer } from '../../web/node/serve.js';
import { chosen, drivers, launch, missing } from '../browser/drivers.js';
import { root } from '../helpers/paths.js';
import { FIGURES, SHORT } from './pages.js';

const file = join(root, 'build', 'course-note.html');
const site = join(root, 'build', 'site');
const noFile = existsSync(file) ? false : 'no build/course-note.html; run make note';
const noSite = existsSync(join(site, 'sw.js')) ? false : 'no build/site; run make site';
const probe = readFileSync(join(root, 'tests/note/probe.js'), 'utf8');
/** Figures that need models which the one file lacks. */
const LEFT_OUT = [2, 26];
const FEW = [2, 3, 4, 8, 9, 26];
/** What a figure of the one file reports at its end. @param {number} n */
const endOf = (n) =>
  LEFT_OUT.includes(n)
    ? /^idle( \| [\w-]+ idle: (recorded|預錄).*(does not contain|不含)[^|]*)+$/
    : /^done( \| [\w-]+ done: [^|]*)+$/;

/** @param {import('puppeteer-core').Browser} browser @param {string} address */
async function open(browser, address) {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 900 });
  await page.evaluateOnNewDocument(probe);
  await page.goto(address);
  await page.waitForSelector('body[data-ready]', { timeout: 120_000 });
  return page;
}

/** @param {import('puppeteer-core').Page} page @returns {Promise<any>} */
const look = (page, /** @type {string} */ expression) => page.evaluate(expression);

describe('the note as one file', { skip: noFile || missing('Chromium'), timeout: 900_000 }, () => {
  test('is at most 25 MB, with its text inside and nothing beside it', () => {
    assert.ok(statSync(file).size <= 25e6);
    const text = readFileSync(file, 'utf8').replace(/<script[\s\S]*?<\/script>/g, '');
    assert.match(text, /文字接龍/);
    assert.match(text, /<noscript>[\s\S]*The same word grows apart/);
    assert.equal(text.match(/data-figure="\d+"/g)?.length, 2 * FIGURES.length);
    assert.deepEqual(text.match(/<(link|img|iframe)[^>]*(href|src)="(?!data:)[^"]*"/g), null);
  });

  test('its figures start from disk', async () => {
    const browser = await launch('Chromium');
    try {
      for (const lang of ['en', 'zh-Hant']) {
        const page = await open(browser, `${pathToFileURL(file).href}#top&lang=${lang}&${SHORT}`);
        for (const n of process.env.WHOLE_NOTE ? FIGURES : FEW) {
          const report = await look(page, `probe.start(${n})`);
          assert.match(report, endOf(n), `figure ${n}`);
        }
        assert.deepEqual(await look(page, 'probe.errors'), []);
        await page.close();
      }
    } finally {
      await browser.close();
    }
  });
});

// Without Chromium's hook for scripts before those of the page: errors of its beginning show as a note that is not ready.
for (const name of chosen.filter((one) => one !== 'Chromium'))
  describe(`the note as one file in ${name}`, {
    skip: noFile || missing(name),
    timeout: 1_200_000,
  }, () => {
    test('its figures start from disk, or say why not', async () => {
      for (const lang of process.env.WHOLE_NOTE ? ['en', 'zh-Hant'] : ['en']) {
        const tab = await drivers[name].open(
          `${pathToFileURL(file).href}#top&lang=${lang}&${SHORT}`,
        );
        try {
          await tab.until("'ready' in document.body.dataset", 'the note is there', 120);
          await tab.evaluate(`(() => { ${probe}; return true; })()`);
          for (const n of process.env.WHOLE_NOTE ? FIGURES : FEW)
            assert.match(await tab.evaluate(`probe.start(${n})`), endOf(n), `figure ${n}`);
          assert.deepEqual(await tab.evaluate('probe.errors'), []);
        } finally {
          await tab.close();
        }
      }
    });
  });

describe('the site', { skip: noSite || missing('Chromium'), timeout: 300_000 }, () => {
  /** @type {import('node:http').Server} */ let server;
  /** @type {import('puppeteer-core').Browser} */ let browser;
  let origin = '';
  const listen = async (port = 0) => {
    server = makeServer({ roots: [['/a/note/', site]], alone: true, isolate: false });
    await new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(undefined)));
    const address = /** @type {import('node:net').AddressInfo} */ (server.address());
    origin = `http://127.0.0.1:${address.port}`;
  };
  const close = () => {
    server?.close();
    server?.closeAllConnections();
  };
  before(async () => {
    await listen();
    browser = await launch('Chromium');
  });
  after(async () => {
    await browser?.close();
    close();
  });

  test('links of its pages are relative and lead to files', () => {
    const found = [];
    let seen = 0;
    for (const path of readdirSync(site, { recursive: true }).map(String)) {
      if (!path.endsWith('.html')) continue;
      const text = readFileSync(join(site, path), 'utf8').replace(
        /<script>[\s\S]*?<\/script>/g,
        '',
      );
      for (const [, link] of text.matchAll(
        /<(?:a|link|script|img)\b[^>]*?(?:href|src)="([^"]*)"/g,
      )) {
        if (/^(https?:|data:|#)/.test(link)) continue;
        seen++;
        const target = normalize(join(dirname(path), link.replace(/[?#].*$/, '')));
        if (link.startsWith('/') || !existsSync(join(site, target))) found.push(`${path}: ${link}`);
      }
    }
    assert.deepEqual(found, []);
    assert.ok(seen > 40, `only ${seen} links were seen`);
  });

  for (const path of [
    'web/index.html',
    'embed.html',
    'examples/inside/index.html',
    'reference/index.html',
  ])
    test(`a page of it opens: ${path}`, async () => {
      const page = await browser.newPage();
      /** @type {string[]} */ const bad = [];
      page.on('pageerror', (e) => bad.push(String(e)));
      page.on('response', (r) => r.status() >= 400 && bad.push(`${r.status()} ${r.url()}`));
      await page.goto(`${origin}/a/note/${path}`, { waitUntil: 'networkidle2' });
      assert.deepEqual(bad, []);
      await page.close();
    });

  test('the note is read, and computes, without a network after a visit', async () => {
    let page = await open(browser, `${origin}/a/note/`);
    assert.match(await look(page, 'probe.start(3)'), /^done/);
    await look(page, 'navigator.serviceWorker.ready.then(() => true)');
    assert.deepEqual(await look(page, 'probe.errors'), []);
    await page.close();
    page = await open(browser, `${origin}/a/note/`); // the worker answers now, and stores the model
    assert.match(await look(page, 'probe.start(3)'), /^done/);
    await page.close();
    const { port } = new URL(origin);
    close();
    try {
      for (const name of ['', 'index.html', 'en.html']) {
        page = await open(browser, `${origin}/a/note/${name}#top&lang=zh-Hant`);
        assert.equal(await look(page, "document.querySelectorAll('note-figure').length"), 26);
        assert.match(await look(page, 'probe.start(3)'), /^done/, 'the model is stored');
        await page.close();
      }
    } finally {
      await listen(Number(port));
    }
  });

  test('its service worker answers for the note alone', () => {
    const worker = readFileSync(join(site, 'sw.js'), 'utf8');
    assert.match(worker, /VERSION = '[0-9a-f]{16}'/);
    const [, first, later] = ['', 'FIRST', 'LATER'].map((name) =>
      JSON.parse(worker.match(new RegExp(`${name} = (\\[.*\\]);`))?.[1] ?? '[]'),
    );
    for (const name of [...first, ...later]) {
      assert.ok(existsSync(join(site, name)), name);
      assert.doesNotMatch(name, /^(web|examples|reference|embed)/);
    }
    const registers = /serviceWorker[^.]*\.register/;
    const pages = readdirSync(join(root, 'web'), { recursive: true }).map(String);
    // isolation.js is one that a page has to ask for: the playground does, whose folder is not the note's.
    for (const name of pages.filter(
      (path) => /\.(js|html)$/.test(path) && path !== 'isolation.js',
    )) {
      const text = readFileSync(join(root, 'web', name), 'utf8');
      assert.doesNotMatch(text, registers, name);
      if (name.endsWith('.html') && name !== 'index.html')
        assert.doesNotMatch(text, /isolation\.js/, name);
    }
  });
});
