/**
 * playground.test.js - the playground in Chromium: what a newcomer meets, loading, errors, figures, languages, access.
 *
 * Uses the page like a reader: buttons, keys, phone width, the other language. The chat needs the real model (make
 * models); without it, that test is skipped. Screenshots for review go to build/screenshots.
 */
import assert from 'node:assert/strict';
import { createReadStream, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApiServer } from '../helpers/api_server.js';
import { golden, noModel as noSmollm2, root, SMOLLM2 } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { launch, missing } from './drivers.js';

const shots = join(root, 'build', 'screenshots');
const skip = missing('Chromium');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** Whether models are served slowly enough to press Cancel. */
let slowly = false;
/** The engine call that never returns in the worker; empty: none. */
let spins = '';

/**
 * Answers what the static server does not have. @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
function answer({ url = '' }, response) {
  if (url === '/chat.gguf') response.end(readFileSync(golden('chat.gguf')));
  else if (url === '/encoder.gguf') response.end(readFileSync(golden('arch/bert.gguf')));
  else if (url === '/long-name.gguf') response.end(longNamed());
  else if (url === '/engine/worker.js' && spins) sendSpinning(response);
  else if (slowly && url.endsWith('.gguf')) trickle(url, response);
  else return false;
  return true;
}

/** Serves the real worker with code that blocks in that call. @param {import('node:http').ServerResponse} response */
function sendSpinning(response) {
  const isolated = { 'Cross-Origin-Embedder-Policy': 'require-corp', 'Cache-Control': 'no-store' };
  response.writeHead(200, { 'Content-Type': 'text/javascript', ...isolated });
  response.end(`import '/engine/worker.js?real';
    const { onmessage } = globalThis;
    globalThis.onmessage = (event) => {
      if (event.data.op === '${spins}') for (;;);
      onmessage(event);
    };`);
}

/** The tiny model with a name of six megabytes as its first key-value pair. */
function longNamed() {
  const bytes = readFileSync(golden('chat.gguf'));
  bytes.writeBigUInt64LE(bytes.readBigUInt64LE(16) + 1n, 16); // the number of pairs
  const key = 'general.name';
  const start = 8 + key.length + 4 + 8;
  const pair = Buffer.alloc(6_000_000 - (6_000_000 % 32), 'name '); // keeps tensors aligned
  pair.writeBigUInt64LE(BigInt(key.length), 0);
  pair.write(key, 8);
  pair.writeUInt32LE(8, start - 12); // a string
  pair.writeBigUInt64LE(BigInt(pair.length - start), start - 8);
  return Buffer.concat([bytes.subarray(0, 24), pair, bytes.subarray(24)]);
}

/** Serves an included model in small pieces. @param {string} url @param {import('node:http').ServerResponse} response */
async function trickle(url, response) {
  const file = join(root, 'web/models', basename(url));
  response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': statSync(file).size,
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  });
  for await (const piece of createReadStream(file, { highWaterMark: 2 ** 16 })) {
    if (response.destroyed) return;
    response.write(piece);
    await sleep(25);
  }
  response.end();
}

/** @type {import('../helpers/server.js').TestServer} */ let server;
/** @type {import('puppeteer-core').Browser} */ let browser;
/** @type {string[]} requested addresses */ const requests = [];
/** @type {string[]} must stay empty */ const complaints = [];

before(async () => {
  if (skip) return;
  mkdirSync(shots, { recursive: true });
  server = await startServer({ answer });
  browser = await launch('Chromium', { args: ['--lang=en-US'], protocolTimeout: 60_000 });
});
after(async () => {
  await browser?.close();
  server?.close();
});

/** @typedef {import('puppeteer-core').Page} Page */

/**
 * A new page, closed after the test. @param {import('node:test').TestContext} t @param {string} [path]
 * @param {import('puppeteer-core').Viewport} [viewport] @param {string} [theme]
 */
async function open(t, path = '/?lang=en', viewport = DESKTOP, theme = 'light') {
  const context = await browser.createBrowserContext(); // nothing stored
  const page = await context.newPage();
  t.after(() => context.close());
  await page.setViewport(viewport);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
  requests.length = 0;
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (m) => ['error', 'warn'].includes(m.type()) && complaints.push(m.text()));
  page.on('pageerror', (e) => complaints.push(String(e)));
  await page.goto(server.origin + path);
  await page.waitForSelector('body[data-ready]');
  return page;
}

/** Requests that leave the server, or fetch a model or the engine. */
const foreign = () => requests.filter((u) => !u.startsWith(server.origin) && !/^data:/.test(u));
const heavy = () => requests.filter((url) => /\.gguf|\.wasm/.test(url));

/** @param {string} name @param {Page} page */
const shoot = (name, page) =>
  page.screenshot({ path: join(shots, `${name}.png`), fullPage: name !== 'start' });

/** Text of the page, or of an element's part. @param {Page} page @param {string} selector @param {string} [part] in its root */
const text = (page, selector, part = '') =>
  page.$eval(
    selector,
    (e, inside) => (inside ? e.shadowRoot?.querySelector(inside) : e)?.textContent ?? '',
    part,
  );

/** Waits until a text matches. @param {Page} page @param {string} selector @param {RegExp} pattern @param {string} [part] */
const says = (page, selector, pattern, part = '') =>
  page
    .waitForFunction(
      (s, source, inside) => {
        const e = document.querySelector(s);
        const found = inside ? e?.shadowRoot?.querySelector(inside) : e;
        return new RegExp(source, 'u').test(found?.textContent ?? '');
      },
      { timeout: 50_000 },
      ...[selector, pattern.source, part],
    )
    .catch(async (e) => {
      throw new Error(`${selector} says “${await text(page, selector, part)}”: ${e.message}`);
    });

/** Waits until a figure has this state. @param {Page} page @param {string} selector @param {string} [state] */
const becomes = (page, selector, state = 'done') =>
  page.waitForSelector(`${selector}[data-state="${state}"]`, { timeout: 60_000 });

/** Types a text and presses Enter, then waits for the end. @param {Page} page @param {string} words */
async function write(page, words) {
  const field = await page.waitForSelector('jl-playground >>> textarea');
  await field?.click({ count: 3 });
  await page.keyboard.press('Backspace');
  await field?.type(words);
  await page.keyboard.press('Enter');
  await page.waitForSelector('jl-playground:not([data-state="done"])');
  await becomes(page, 'jl-playground');
}

/** Asks what an address costs. @param {Page} page @param {string} address */
async function ask(page, address) {
  await page.$eval(
    '#choose',
    (e) => /** @type {HTMLDetailsElement} */ (e).open || e.setAttribute('open', ''),
  );
  await page.$eval('#url', (e) => {
    /** @type {HTMLInputElement} */ (e).value = '';
  });
  await page.type('#url', address);
  await page.click('#url-go');
}

/** The same, then loads it. @param {Page} page @param {string} address */
async function load(page, address) {
  await ask(page, address);
  await says(page, '#url-go', /Load ·/);
  await page.click('#url-go');
}

const tokens = (/** @type {Page} */ page) =>
  page.$eval('jl-playground', (e) =>
    [...(e.shadowRoot?.querySelectorAll('.token') ?? [])].map((s) => s.textContent ?? ''),
  );
const overflow = (/** @type {Page} */ page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** What axe-core finds. @param {Page} page @returns {Promise<string[]>} */
async function violations(page) {
  await page.evaluate(axe); // as text: the page's policy allows no script of another origin
  const found = /** @type {any} */ (
    await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')
  );
  return found.violations.map(
    (/** @type {any} */ v) =>
      `${v.id}: ${v.nodes
        .map((/** @type {any} */ n) => n.html)
        .slice(0, 3)
        .join(' | ')}`,
  );
}

const strings = (/** @type {string} */ name) =>
  JSON.parse(readFileSync(join(root, 'web/i18n', `${name}.json`), 'utf8'));

test('both languages have the same placeholders, and every sentence is used', () => {
  const [english, chinese] = [strings('en'), strings('zh-Hant')];
  const gaps = (/** @type {string} */ s) => (s.match(/\{\w+\}/g) ?? []).sort();
  for (const key in english) assert.deepEqual(gaps(chinese[key]), gaps(english[key]), key);
  const sources = ['web', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .map((name) => join(root, folder, String(name)))
      .filter((name) => /\.(js|html)$/.test(name)),
  );
  const code = sources.map((name) => readFileSync(name, 'utf8')).join('\n');
  const unused = Object.keys(english).filter(
    (key) =>
      !/^(facts|error|theme|chat\.role|chat\.finish)\.|\.one$/.test(key) &&
      !code.includes(`'${key}'`) &&
      !code.includes(`"${key}"`),
  );
  assert.deepEqual(unused, []);
});

test('the words in index.html are the English ones', () => {
  const html = readFileSync(join(root, 'web/index.html'), 'utf8');
  const english = strings('en');
  const found = [...html.matchAll(/data-t="([\w.]+)"[^>]*>([^<]*)</g)];
  assert.ok(found.length > 20);
  for (const [, key, words] of found) assert.equal(words, english[key], key);
  for (const [, key, words] of html.matchAll(/data-t-label="([\w.]+)" aria-label="([^"]*)"/g))
    assert.equal(words, english[key], key);
});

test('the catalogue offers no file of the development server, and no name twice', () => {
  const all = JSON.parse(readFileSync(join(root, 'web/models/catalogue.json'), 'utf8'));
  const names = all.map((/** @type {any} */ entry) => entry.name);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(
    all.filter((/** @type {any} */ { url }) => url.startsWith('/')),
    [],
  );
});

for (const [name, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE }))
  for (const [lang, start, words, prompt] of /** @type {[string, RegExp, RegExp, string][]} */ ([
    ['en', /^Start · 9\.2 MB$/, /[a-z]{3}/, 'Once upon a time'],
    ['zh-Hant', /^開始 · 7\.2 MB$/, /[，。]/, '春江花月夜，'],
  ]))
    test(`type, Enter, text within the first screen: ${name}, ${lang}`, {
      skip,
      timeout: 120_000,
    }, async (t) => {
      const page = await open(t, `/?lang=${lang}`, viewport);
      await page.waitForNetworkIdle();
      assert.deepEqual([...foreign(), ...heavy()], [], 'requests before a click');
      assert.match(await text(page, 'jl-playground', '.start'), start);
      await write(page, prompt);
      assert.match((await tokens(page)).join(''), words);
      assert.deepEqual(foreign(), []);
      const bottom = await page.$eval('jl-playground', (e) =>
        Math.max(
          ...['.stream', '.aside'].map(
            (s) => e.shadowRoot?.querySelector(s)?.getBoundingClientRect().bottom ?? 1e6,
          ),
        ),
      );
      assert.equal(await page.evaluate('scrollY'), 0);
      assert.ok(bottom <= viewport.height, `text and alternatives end at ${bottom} px`);
      assert.equal(await overflow(page), 0);
      await shoot(`start-${name}-${lang}`, page);
    });

test('every run takes a fresh seed; "again" repeats one', { skip, timeout: 120_000 }, async (t) => {
  const page = await open(t);
  await write(page, 'Once upon a time');
  const first = (await tokens(page)).join('');
  const again = async (/** @type {string} */ button) => {
    await page.$eval('jl-playground', (e) => {
      e.addEventListener('done', () => e.setAttribute('data-again', ''), { once: true });
    });
    await page.click(button);
    await page.waitForSelector('jl-playground[data-again]');
    await page.$eval('jl-playground', (e) => e.removeAttribute('data-again'));
    return (await tokens(page)).join('');
  };
  assert.equal(await again('jl-playground >>> button ::-p-text(Again with seed)'), first);
  assert.notEqual(await again('jl-playground >>> .start'), first);
});

test('a token is changed from the keyboard; Escape stops, Continue goes on', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const page = await open(t);
  await write(page, 'Once upon a time');
  await page.focus('jl-playground >>> .token[tabindex="0"]');
  await page.keyboard.press('Home');
  for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowRight');
  const old = await tokens(page);
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForFunction(
    (token) =>
      document.querySelector('jl-playground')?.shadowRoot?.querySelectorAll('.token')[4]
        ?.textContent !== token,
    {},
    old[4],
  );
  await becomes(page, 'jl-playground');
  assert.deepEqual((await tokens(page)).slice(0, 4), old.slice(0, 4));
  const count = (await tokens(page)).length;
  await page.click('jl-playground >>> button ::-p-text(Continue)');
  await page.waitForFunction(
    (n) =>
      (document.querySelector('jl-playground')?.shadowRoot?.querySelectorAll('.token').length ??
        0) > n,
    {},
    count,
  );
  await page.keyboard.press('Escape');
  await becomes(page, 'jl-playground');
  assert.ok((await tokens(page)).length > count);
});

test('a figure computes when it is opened, and a head chosen in one is chosen in all', {
  skip,
  timeout: 180_000,
}, async (t) => {
  const page = await open(t);
  await page.click('#figure-tokens > summary');
  await says(page, 'jl-tokens', /recorded/, '.badge');
  assert.deepEqual(heavy(), [], 'opening loads nothing before a model is loaded');
  await write(page, 'The king had a daughter');
  await becomes(page, 'jl-tokens');
  for (const name of ['heads', 'attention', 'distribution', 'lens', 'block', 'cost'])
    assert.equal(await page.$eval(`jl-${name}`, (e) => e.dataset.state), 'idle', name);
  await page.click('#figure-attention > summary');
  await becomes(page, 'jl-heads');
  await page.focus('jl-heads >>> .map');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  const [layer, head] = await page.$eval('jl-heads', (e) => [
    e.getAttribute('layer'),
    e.getAttribute('head'),
  ]);
  assert.equal(head, '1');
  await becomes(page, 'jl-attention');
  assert.deepEqual(
    await page.$eval('jl-attention', (e) => [e.getAttribute('layer'), e.getAttribute('head')]),
    [layer, head],
  );
  for (const name of ['distribution', 'lens', 'block', 'cost']) {
    await page.click(`#figure-${name} > summary`);
    await page.$eval(`jl-${name}`, (e) => e.scrollIntoView());
    await becomes(page, `jl-${name}`);
    assert.equal(
      await page.$eval(`jl-${name}`, (e) => /** @type {any} */ (e).value('text')),
      'The king had a daughter',
    );
  }
  await shoot('figures', page);
});

test('a load can be cancelled and repeated; then all figures have the model', {
  skip,
  timeout: 180_000,
}, async (t) => {
  const page = await open(t);
  t.after(() => (slowly = false));
  await page.click('#choose > summary');
  slowly = true;
  await page.click('#catalogue button[value="models/poems.gguf"]');
  await says(page, '#progress-text', /MB of 7\.2 MB · .*left/);
  await shoot('loading', page);
  await page.click('#cancel');
  await says(page, '#load-status', /cancelled/);
  assert.match(await text(page, '#model-line'), /^Tales/);
  slowly = false;
  await page.click('#catalogue button[value="models/poems.gguf"]');
  await says(page, '#load-status', /Poems 唐宋詩 is loaded: 7\.2 MB/);
  assert.match(
    await text(page, '#model-line'),
    /^Poems 唐宋詩 · 6\.69M parameters · Q8_0 · 7\.2 MB$/,
  );
  await write(page, '床前明月光，');
  assert.match((await tokens(page)).join(''), /\p{Script=Han}/u);
  await page.click('#figure-tokens > summary');
  await becomes(page, 'jl-tokens');
  assert.match(await text(page, 'jl-tokens', '.status'), /^live.*6 tokens|^live.*7 tokens/i);
});

test('errors are sentences, and leave the model in use', { skip, timeout: 120_000 }, async (t) => {
  const page = await open(t);
  await ask(page, '/index.html');
  await says(page, '#load-status', /web page, not a file/);
  await shoot('error', page);
  await write(page, 'Once');
  const before = complaints.length;
  await ask(page, '/nothing.gguf');
  await says(page, '#load-status', /did not send .*404/);
  complaints.splice(before); // the browser reports the 404
});

test('a file is dropped, or picked twice', { skip, timeout: 120_000 }, async (t) => {
  const page = await open(t);
  await page.evaluate(async () => {
    const bytes = await (await fetch('/chat.gguf')).arrayBuffer();
    const data = new DataTransfer();
    data.items.add(new File([bytes], 'dropped.gguf'));
    document.dispatchEvent(
      new DragEvent('drop', { dataTransfer: data, cancelable: true, bubbles: true }),
    );
  });
  await says(page, '#load-status', /dropped\.gguf is loaded/);
  const picker = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (
    await page.$('#file')
  );
  for (let i = 0; i < 2; i++) {
    await picker.uploadFile(golden('chat.gguf'));
    await says(page, '#load-status', /chat\.gguf is loaded/);
    await page.$eval('#load-status', (e) => (e.textContent = ''));
    assert.equal(await picker.evaluate((e) => e.value), '', 'ready for the same one');
  }
});

test('an encoder is recognised; a name of six megabytes is cut', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const page = await open(t);
  await load(page, '/encoder.gguf');
  await says(page, '#load-status', /is loaded/);
  await says(page, 'jl-playground', /encoder: it cannot write/, '.stream');
  assert.match(await text(page, '#facts-list'), /bert/);
  await load(page, '/long-name.gguf');
  await says(page, '#load-status', /long-name\.gguf is loaded/);
  const facts = await text(page, '#facts-list');
  assert.match(facts, /name name name .*…/);
  assert.ok(facts.length < 2000, `${facts.length} characters`);
});

for (const call of ['tokenize', 'generate', 'load'])
  test(`another model loads although one spins in ${call}`, {
    skip,
    timeout: 120_000,
  }, async (t) => {
    t.after(() => (spins = ''));
    const page = await open(t);
    spins = call;
    if (call === 'load') {
      await ask(page, '/chat.gguf');
      await sleep(300);
      await page.click('#cancel');
      await says(page, '#load-status', /cancelled/);
    } else {
      await load(page, '/chat.gguf');
      await says(page, '#load-status', /is loaded/);
      await becomes(page, 'jl-playground', 'running');
    }
    spins = '';
    await page.$eval('#load-status', (e) => (e.textContent = ''));
    await page.$eval('#choose', (e) => e.setAttribute('open', ''));
    if (call === 'load') await load(page, '/chat.gguf');
    else await page.click('#url-go');
    await says(page, '#load-status', /is loaded/);
    await becomes(page, 'jl-playground');
    assert.ok((await tokens(page)).length > 0);
  });

test('a chat with a real model', { skip: skip || noSmollm2, timeout: 180_000 }, async (t) => {
  const page = await open(t);
  await load(page, `/models/${SMOLLM2}`);
  await says(page, '#load-status', /is loaded: 98\.4 MB/);
  await becomes(page, 'jl-playground');
  await page.click('jl-playground >>> label ::-p-text(Chat)');
  await write(page, 'Why is the sky blue?');
  assert.match((await tokens(page)).join(''), /sky|light|atmosphere/i);
  await shoot('chat', page);
});

test('a large model: its cost first; a stopped download continues; kept models are listed and deleted', {
  skip: skip || noSmollm2,
  timeout: 180_000,
}, async (t) => {
  const page = await open(t);
  const before = requests.length;
  await page.click('#choose > summary');
  await page.type('#url', `/models/${SMOLLM2}`);
  await page.click('#url-go');
  await says(
    page,
    '#load-status',
    /98\.4 MB to download, \d+ MB of memory with 4,096 tokens.*fits/,
  );
  await says(page, '#url-go', /^Load · 98\.4 MB$/);
  await page.click('#url-go');
  await page.waitForFunction("document.querySelector('#progress').value > 0.3", { polling: 20 });
  await page.click('#cancel');
  await says(page, '#load-status', /was stopped.*continues/);
  await says(page, '#kept', /[\d.]+ MB of 98\.4 MB/);
  await page.click('#kept button');
  await says(page, '#load-status', /is loaded: 98\.4 MB/);
  const seen = requests.length;
  assert.ok(seen > before, 'requests are seen');
  await page.$eval('#choose', (e) => e.setAttribute('open', ''));
  await page.click('#url-go');
  await says(page, '#load-status', /already on this device/);
  await says(page, '#url-go', /no download/);
  await says(page, '#kept', /^\S+98\.4 MBLoad/);
  await shoot('kept', page);
  await page.click('#kept button.quiet');
  await page.waitForFunction("document.querySelector('#kept-box').hidden");
});

test('a conversation over several turns goes on with another model, and on a server', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const api = await startApiServer(t, server.origin);
  const page = await open(t, '/?lang=en#figure-talk');
  await says(page, '#talk-about', /included models write tales/);
  assert.equal(await page.$eval('.ask .primary', (e) => /** @type {any} */ (e).disabled), true);
  const turns = (/** @type {number} */ n) =>
    page.waitForFunction(
      (wanted) =>
        document.querySelector('.ask .primary:not(:disabled)') &&
        document.querySelectorAll('.turn').length === wanted,
      { timeout: 30_000 },
      n,
    );
  const ask = async (/** @type {string} */ words, /** @type {number} */ n) => {
    await page.type('.ask textarea', words);
    await page.keyboard.press('Enter');
    await turns(n);
  };
  await load(page, '/chat.gguf');
  await says(page, '#talk-about', /With .*chat\.gguf, in this tab/);
  await ask('one', 2);
  await ask('two', 4);
  await page.click('[value="server"]');
  await says(page, '#talk-about', /Load a model or connect/);
  await page.$eval('#talk-address', (e, url) => /** @type {any} */ ((e.value = url)), api);
  await page.click('#talk-server button');
  await says(page, '#talk-about', /Connected: small/);
  await turns(4);
  await ask('three', 6);
  await page.click('[name="where"][value="tab"]');
  await turns(6);
  await page.click('#language');
  await says(page, '.turn .who', /你/);
  assert.deepEqual(await violations(page), []);
  await shoot('conversation', page);
  await page.click('#talk-new');
  await turns(0);
});

test('speed is measured on request, and its lines can be copied', {
  skip,
  timeout: 180_000,
}, async (t) => {
  const page = await open(t);
  await page.click('#figure-speed > summary');
  await says(page, '#speed-go', /^Load and measure · 9\.2 MB$/);
  await page.click('#speed-go');
  await says(page, '#speed-status', /Loading|Warming|Round/);
  await page.keyboard.press('Escape');
  await says(page, '#speed-status', /Stopped before the end/);
  await page.click('#speed-go');
  await says(page, '#speed-status', /Measured/);
  const lines = await page.$$eval('#speed-list div', (all) => all.map((e) => e.textContent ?? ''));
  assert.match(lines.join('\n'), /Prefill, 128 tokens[\d,.]+ tokens\/s\nDecode, 32 tokens[\d,.]+/);
  assert.match(
    lines.join('\n'),
    /Loading9\.2 MB in .*\nKernels\w+.*\nThreads\d.*\nBrowserChromium/,
  );
  await page.click('#speed-copy');
  await says(page, '#speed-status', /Copied|selected/);
});

test('the language changes model and text of an untouched page, not those in use', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const page = await open(t);
  await page.click('#language');
  await page.waitForSelector('html[lang="zh-Hant"]');
  await says(page, '#model-line', /^Poems/);
  await says(page, 'jl-playground', /床前明月光/, '.stream');
  await page.click('#language');
  await says(page, 'jl-playground', /princess/, '.stream');
  await write(page, 'The fox');
  const written = (await tokens(page)).join('');
  await page.click('#language');
  await page.waitForSelector('html[lang="zh-Hant"]');
  assert.match(await text(page, '#model-line'), /^Tales · 856萬/);
  assert.equal((await tokens(page)).join(''), written);
  assert.match(await text(page, 'jl-playground', '.meter'), /個詞元/);
});

for (const lang of ['en', 'zh-Hant'])
  for (const [theme, width] of /** @type {[string, number][]} */ ([
    ['light', 390],
    ['dark', 390],
    ['light', 1280],
    ['dark', 1280],
  ]))
    test(`axe-core finds nothing: ${lang}, ${theme}, ${width} px`, {
      skip,
      timeout: 120_000,
    }, async (t) => {
      const viewport = width < 600 ? PHONE : DESKTOP;
      const page = await open(t, `/?lang=${lang}`, viewport, theme);
      await page.$$eval('details', (all) => {
        for (const e of all) e.setAttribute('open', '');
      });
      await sleep(300);
      assert.equal(await overflow(page), 0);
      const small = await page.$$eval('button, summary, input:not([hidden])', (all) =>
        all
          .filter((e) => e.checkVisibility() && !e.closest('label'))
          .filter(
            (e) =>
              e.getBoundingClientRect().height <
              (matchMedia('(pointer: coarse)').matches ? 44 : 24),
          )
          .map((e) => e.outerHTML),
      );
      assert.deepEqual(small, [], 'targets');
      assert.deepEqual(await violations(page), []);
      await shoot(`open-${lang}-${theme}-${width}`, page);
    });

test('the console stayed silent', { skip }, () => assert.deepEqual(complaints, []));
