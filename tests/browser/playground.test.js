/**
 * playground.test.js - the playground in Chromium, with the real model if present.
 *
 * Uses the page like a reader: buttons, keys, phone width, the other language. Without the model
 * (make models) tests that load it are skipped and reported. Screenshots for review go to
 * build/screenshots.
 */
import assert from 'node:assert/strict';
import { createReadStream, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { golden, models, noModel as noSmollm2, root } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { launch, missing } from './drivers.js';

const shots = join(root, 'build', 'screenshots');
const noBrowser = missing('Chromium');
const noModel = noBrowser || noSmollm2;

/** Whether models are served slowly enough to press Cancel. */
let slowly = false;
/**
 * Answers what the static server does not have. @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
function answer({ url = '' }, response) {
  if (url === '/thinking.gguf') response.end(thinkingModel());
  else if (url === '/encoder.gguf') response.end(encoderModel());
  else if (url === '/long-name.gguf') response.end(longNamed());
  else if (url === '/engine/worker.js' && spins) sendSpinning(response);
  else if (slowly && url.endsWith('.gguf')) trickle(url, response);
  else return false;
  return true;
}

/** The tiny model with a template that always opens a reasoning block. */
function thinkingModel() {
  const bytes = readFileSync(golden('chat.gguf'));
  bytes.write('if true           ', bytes.indexOf('if enable_thinking'));
  return bytes;
}

/** The engine call that never returns in the worker; empty: none. */
let spins = '';

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

const encoderModel = () => readFileSync(golden('arch/bert.gguf'));

/** @type {import('../helpers/server.js').TestServer} */
let server;
/** @type {import('puppeteer-core').Browser} */
let browser;
/** @type {import('puppeteer-core').Page} the page used throughout */
let page;
let origin = '';
/** @type {string[]} requested addresses */
const requests = [];
/** @type {string[]} must stay empty */
const complaints = [];

before(async () => {
  if (noBrowser) return;
  mkdirSync(shots, { recursive: true });
  server = await startServer({ answer });
  origin = server.origin;
  browser = await launch('Chromium', { args: ['--lang=en-US'], protocolTimeout: 60_000 });
  page = await open('/');
});

after(async () => {
  await browser?.close();
  server?.close();
});

/**
 * Serves a model in small pieces.
 * @param {string} url
 * @param {import('node:http').ServerResponse} response
 */
async function trickle(url, response) {
  const file = join(models, basename(url));
  const type = {
    'Content-Type': 'application/octet-stream',
    'Content-Length': statSync(file).size,
  };
  response.writeHead(200, { ...type, 'Cross-Origin-Resource-Policy': 'same-origin' });
  for await (const piece of createReadStream(file, { highWaterMark: 2 ** 18 })) {
    if (response.destroyed) return;
    response.write(piece);
    await sleep(25);
  }
  response.end();
}

/** @param {string} path @param {import('puppeteer-core').Viewport} [viewport] */
async function open(path, viewport = { width: 1100, height: 900 }) {
  const opened = await browser.newPage();
  await opened.setViewport(viewport);
  opened.on('request', (request) => requests.push(request.url()));
  opened.on('console', (m) => ['error', 'warn'].includes(m.type()) && complaints.push(m.text()));
  opened.on('pageerror', (e) => complaints.push(String(e)));
  await opened.goto(origin + path);
  await opened.waitForSelector('body[data-ready]');
  return opened;
}

const SMOLLM2 = '#catalogue button[value$="smollm2-135m-instruct-q4_1.gguf"]';

/** @param {string} name @param {import('puppeteer-core').Page} [of] @param {boolean} [fullPage] */
const shoot = (name, of = page, fullPage = true) =>
  of.screenshot({ path: join(shots, `${name}.png`), fullPage });

/** @param {string} selector @param {import('puppeteer-core').Page} [of] */
const text = (selector, of = page) => of.$eval(selector, (e) => e.textContent ?? '');

/**
 * Waits until an element's text on a page matches.
 * @param {import('puppeteer-core').Page} of @param {string} selector @param {RegExp} pattern
 */
const saysOn = (of, selector, pattern, timeout = 50_000) =>
  of.waitForFunction(
    (s, source) => new RegExp(source, 'u').test(document.querySelector(s)?.textContent ?? ''),
    { timeout },
    selector,
    pattern.source,
  );
/** saysOn() the page used throughout. @param {string} selector @param {RegExp} pattern @param {number} [timeout] */
const says = (selector, pattern, timeout) => saysOn(page, selector, pattern, timeout);

/** @param {import('puppeteer-core').Page} of */
const overflow = (of) =>
  of.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** @param {string} name */
const strings = (name) => JSON.parse(readFileSync(join(root, 'web/i18n', `${name}.json`), 'utf8'));

test('both languages have the same sentences with the same placeholders', () => {
  const [english, chinese] = [strings('en'), strings('zh-Hant')];
  assert.deepEqual(Object.keys(chinese).sort(), Object.keys(english).sort());
  const gaps = (/** @type {string} */ s) => (s.match(/\{\w+\}/g) ?? []).sort();
  for (const key in english) assert.deepEqual(gaps(chinese[key]), gaps(english[key]), key);
});

test('the words in index.html are the English ones', () => {
  const html = readFileSync(join(root, 'web/index.html'), 'utf8');
  const english = strings('en');
  const found = [...html.matchAll(/data-t="([\w.]+)"[^>]*>([^<]*)</g)];
  assert.ok(found.length > 30);
  for (const [, key, words] of found) assert.equal(words, english[key], key);
  for (const [, key, words] of html.matchAll(/data-t-label="([\w.]+)" aria-label="([^"]*)"/g)) {
    assert.equal(words, english[key], key);
  }
});

test('without a click no request leaves the origin and no model is fetched', {
  skip: noBrowser,
}, async () => {
  await page.waitForNetworkIdle();
  assert.deepEqual(
    requests.filter((url) => !url.startsWith(origin) && !url.startsWith('data:')),
    [],
  );
  assert.deepEqual(
    requests.filter((url) => /\.gguf|\.wasm/.test(url)),
    [],
  );
  assert.match(await text('#catalogue'), /98\.4 MB/);
  assert.match(await text('#generate'), /^Start · \d\.\d MB from this server$/);
  await shoot('idle');
});

test('nothing is wider than a phone, in both languages', { skip: noBrowser }, async (t) => {
  const viewport = {
    width: 360,
    height: 740,
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
  };
  const phone = await open('/', viewport);
  t.after(() => phone.close().then(() => page.bringToFront()));
  assert.equal(await overflow(phone), 0);
  const small = await phone.$$eval('button, select, summary, input:not([hidden])', (all) =>
    all
      .filter((e) => e.checkVisibility() && !e.closest('label'))
      .filter((e) => e.getBoundingClientRect().height < 44)
      .map((e) => e.outerHTML),
  );
  assert.deepEqual(small, [], 'targets of at least 44 px');
  await shoot('phone', phone);
  await phone.click('#language');
  await phone.waitForSelector('html[lang="zh-Hant"]');
  assert.equal(await overflow(phone), 0);
  assert.match(await text('#model-title', phone), /模型/);
});

for (const [language, start, done, words] of /** @type {[string, RegExp, RegExp, RegExp][]} */ ([
  ['en', /^Start/, /tokens generated|ended/, /^Once upon a time [a-z ,'"!?.\n;:-]{200}/i],
  [
    'zh-Hant',
    /^開始/,
    /個詞元|結束/,
    /^春江花月夜，([^，。\n]{5}|[^，。\n]{7})。\n([^，。\n]{5,7}[，。])+/,
  ],
])) {
  test(`one click loads the page's own model, ${language}, without requests to other origins`, {
    skip: noBrowser,
    timeout: 120_000,
  }, async (t) => {
    const own = await open(`/?lang=${language}`);
    t.after(() => own.close().then(() => page.bringToFront()));
    requests.length = 0;
    assert.match(await text('#generate', own), start);
    await own.click('#generate');
    await saysOn(own, '#play-status', done, 60_000);
    const written = await own.$eval('#stream', (e) => (e.textContent ?? '').replaceAll('↵', ''));
    assert.match(written, words);
    assert.deepEqual(
      requests.filter((url) => !url.startsWith(origin) && !url.startsWith('data:')),
      [],
    );
    await shoot(`start-${language}`, own);
  });
}

test('an HTML page instead of a model gives a readable error', { skip: noBrowser }, async () => {
  await page.type('#url', `${origin}/index.html`);
  await page.click('#url-go');
  await says('#url-go', /Load · .*kB/);
  await page.click('#url-go');
  await says('#load-status', /is not a GGUF file/);
  await shoot('error');
});

test('a load can be cancelled and repeated', { skip: noModel, timeout: 180_000 }, async () => {
  slowly = true;
  await page.click(SMOLLM2);
  await says('#progress-text', /MB of 98\.4 MB · .*left/);
  await shoot('loading');
  await page.click('#cancel');
  await says('#load-status', /cancelled/);
  slowly = false;
  await page.click(SMOLLM2);
  await says('#load-status', /is loaded: 98\.4 MB/);
});

test('Escape stops the stream, Continue resumes it', {
  skip: noModel,
  timeout: 180_000,
}, async () => {
  await page.click('#generate');
  await says('#meter', /^1\d tokens/);
  assert.equal(await page.$eval('#stream', (e) => e.ariaBusy), 'true');
  await shoot('streaming', page, false);
  await page.keyboard.press('Escape');
  await says('#play-status', /Stopped after/);
  const count = await page.$$eval('.token', (all) => all.length);
  await page.$eval('#sampling-maxTokens', (e) => {
    /** @type {HTMLInputElement} */ (e).value = '24';
    e.dispatchEvent(new Event('input'));
  });
  await page.click('#continue');
  await says('#play-status', /24 tokens generated/);
  assert.equal(await page.$$eval('.token', (all) => all.length), count + 24);
  assert.match(await text('#meter'), /24 tokens · \d+\.\d tokens\/s · first after/);
});

test('a token can be changed from the keyboard', { skip: noModel, timeout: 180_000 }, async () => {
  await page.click('#go-on'); // wait after the change
  await page.focus('.token[tabindex="0"]');
  await page.keyboard.press('Home');
  for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowRight');
  const tokens = () => page.$$eval('.token', (all) => all.map((e) => e.textContent));
  const old = await tokens();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.matches('.candidate'));
  while (await page.$eval(':focus', (e) => e.classList.contains('stands'))) {
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Enter');
  await says('#play-status', /Changed to/);
  const changed = await tokens();
  assert.equal(changed.length, 5, 'what came after is gone');
  assert.deepEqual(changed.slice(0, 4), old.slice(0, 4));
  assert.notEqual(changed[4], old[4]);
  await page.click('#continue');
  await says('#play-status', /24 tokens generated/);
  assert.deepEqual((await tokens()).slice(0, 5), changed);
});

test('figures: tokens, a cell of attention by keyboard, stages', {
  skip: noModel,
  timeout: 180_000,
}, async () => {
  await page.click('#figure-tokens > summary');
  await says('#tokens-status', /· \d+ tokens/);
  const shown = await page.$$eval('#tokens-list .id', (all) => all.length);
  assert.match(await text('#tokens-status'), new RegExp(`· ${shown} tokens`));

  await page.click('#figure-attention > summary');
  await says('#attention-status', /layer 1, head 1 · .*(ms|sec)/);
  await page.focus('#attention-matrix');
  await page.keyboard.press('PageUp');
  await says('#attention-readout', /^query 1 .* key 1 .*: 1\.000$/);
  await page.keyboard.press('ArrowDown');
  await says('#attention-readout', /^query 2 .* key 1 /);
  const left = Number((await text('#attention-readout')).split(': ').at(-1));
  await page.keyboard.press('ArrowRight');
  await says('#attention-readout', /^query 2 .* key 2 /);
  const right = Number((await text('#attention-readout')).split(': ').at(-1));
  assert.ok(Math.abs(left + right - 1) < 0.0015, `a row sums to 1: ${left} + ${right}`);
  await page.select('#attention-layer', '30');
  await page.select('#attention-head', '9');
  await says('#attention-status', /layer 30, head 9 · .*(ms|sec)/);

  await page.click('#figure-stages > summary');
  await says('#stages-status', /after \d+ tokens/);
  assert.equal(await page.$$eval('#stages-table thead th', (all) => all.length), 7);
  await page.focus('#sampling-topK');
  await page.keyboard.press('Home');
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
  await page.waitForFunction(
    () => document.querySelector('#stages-table tfoot td:nth-of-type(4)')?.textContent === '3',
  );
  await shoot('figures');
});

test('a chat keeps its turns', { skip: noModel, timeout: 180_000 }, async () => {
  await page.click('#clear');
  await page.click('#mode-chat');
  await page.click('#generate');
  await page.waitForSelector('.turn .token:nth-of-type(9)');
  await says('#play-status', /tokens generated|ended/);
  await page.type('#prompt', 'Say it shorter.');
  await page.click('#generate');
  await page.waitForSelector('.turn + .turn .token');
  await says('#play-status', /tokens generated|ended/);
  await shoot('chat', page, false);
});

test('speed is measured on request, and its lines can be copied', {
  skip: noModel,
  timeout: 180_000,
}, async () => {
  await page.click('#figure-speed > summary');
  await says('#speed-status', /Ready/);
  const height = () => page.$eval('#figure-speed', (e) => e.getBoundingClientRect().height);
  const before = await height();
  // A round takes under half a second, so the key is pressed as soon as the first is announced.
  await page.$eval('#speed-status', (status) => {
    new MutationObserver((_, observer) => {
      if (!/Round 1 of 3/.test(status.textContent ?? '')) return;
      observer.disconnect();
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
    }).observe(status, { childList: true, characterData: true, subtree: true });
  });
  await page.click('#speed-go');
  await says('#speed-status', /Stopped before the end/);
  assert.equal(await page.$eval('#speed-copy', (e) => /** @type {any} */ (e).disabled), true);
  await page.focus('#speed-go');
  await page.keyboard.press('Enter');
  await says('#speed-status', /Measured/, 120_000);
  assert.equal(await height(), before, 'nothing moves');
  const lines = await page.$$eval('#speed-list div', (all) => all.map((e) => e.textContent ?? ''));
  assert.match(lines.join('\n'), /Prefill, 128 tokens[\d,.]+ tokens\/s\nDecode, 32 tokens[\d.]+/);
  assert.match(
    lines.join('\n'),
    /Loading98\.4 MB in .*\nKernels\w+.*\nThreads\d.*\nBrowserChromium/,
  );
  await page.click('#speed-copy');
  await says('#speed-status', /Copied|selected/);
  await shoot('speed');
});

/** A new page with the model at a path of the server. @param {import('node:test').TestContext} t @param {string} path */
async function openWith(t, path) {
  const other = await open('/?lang=en'); // an earlier page stored the other language
  t.after(() => other.close().then(() => page.bringToFront()));
  await other.type('#url', `${origin}${path}`);
  await other.click('#url-go');
  await saysOn(other, '#url-go', /Load/);
  await other.click('#url-go');
  await other.waitForSelector('#model-line.loaded');
  return other;
}

test('an encoder is recognised: it has facts and no generation', {
  skip: noBrowser,
}, async (t) => {
  const other = await openWith(t, '/encoder.gguf');
  await saysOn(other, '#play-status', /encoder.*does not generate/);
  assert.match(await text('#facts-list', other), /bert/);
  assert.equal(await other.$eval('#generate', (b) => /** @type {any} */ (b).disabled), true);
  await shoot('encoder', other, false);
});

test('reasoning is shown separately, above the answer', { skip: noBrowser }, async (t) => {
  const other = await openWith(t, '/thinking.gguf');
  await other.click('#mode-chat');
  await other.click('#generate');
  await other.waitForSelector('.thought .token:nth-of-type(4)');
  await other.waitForSelector('#continue:enabled');
  const lines = await other.$$eval('.turn p', (all) => all.map((p) => p.className));
  assert.deepEqual(lines, ['', 'thought', '']);
  assert.equal((await other.$$('.thought ~ p .token')).length, 0, 'no token of an answer');
  // Continuing after an edit stays in the same reasoning block.
  await other.click('.thought .token:nth-of-type(2)');
  await other.waitForSelector('#alternatives-list button');
  await other.click('#alternatives-list button');
  await other.waitForSelector('.thought .token:nth-of-type(6)');
  await other.waitForSelector('#continue:enabled');
  assert.equal((await other.$$('.thought ~ p .token')).length, 0, 'no token of an answer');
  await shoot('thinking', other, false);
});

/** Generates to the end with the loaded model. @param {import('puppeteer-core').Page} of */
async function writes(of) {
  await of.waitForSelector('#generate:enabled');
  await of.click('#generate');
  await saysOn(of, '#play-status', /tokens generated|ended/);
}

/** Loads the address in the address field. @param {import('puppeteer-core').Page} of */
async function loadAgain(of) {
  spins = '';
  await of.$eval('#choose', (e) => /** @type {any} */ (e).setAttribute('open', ''));
  await of.click('#url-go');
  await saysOn(of, '#load-status', /is loaded/);
}

for (const [what, call] of [
  ['reads', 'tokenize'],
  ['draws', 'step'],
]) {
  test(`Stop ends an engine that ${what} forever, and the model can be loaded again`, {
    skip: noBrowser,
  }, async (t) => {
    t.after(() => (spins = ''));
    spins = call;
    const other = await openWith(t, '/thinking.gguf');
    await other.waitForSelector('#generate:enabled');
    await other.click('#generate');
    await other.waitForSelector('#stop:enabled');
    await sleep(300);
    await other.click('#stop');
    await saysOn(other, '#play-status', /did not answer and was terminated. Load the model again/);
    await other.waitForSelector('#stop:disabled');
    await loadAgain(other);
    await writes(other);
  });
}

test('Stop, pressed twice, closes a model whose engine never answers', {
  skip: noBrowser,
}, async (t) => {
  t.after(() => (spins = ''));
  spins = 'generate';
  const other = await openWith(t, '/thinking.gguf');
  await other.waitForSelector('#generate:enabled');
  await other.click('#generate');
  await other.waitForSelector('#stop:enabled');
  await sleep(300); // until the engine spins
  await other.keyboard.press('Escape');
  await saysOn(other, '#play-status', /press Stop again/);
  await other.keyboard.press('Escape');
  await saysOn(other, '#play-status', /was closed. Load it again|Load the model again/);
  await loadAgain(other);
  await writes(other);
});

test('another model loads although the previous one never answers', {
  skip: noBrowser,
}, async (t) => {
  t.after(() => (spins = ''));
  spins = 'tokenize';
  const other = await openWith(t, '/thinking.gguf');
  await other.waitForSelector('#generate:enabled');
  await other.click('#generate');
  await other.waitForSelector('#stop:enabled');
  await loadAgain(other);
  await writes(other);
});

test('Cancel ends a load whose engine never answers', { skip: noBrowser }, async (t) => {
  t.after(() => (spins = ''));
  spins = 'load';
  const other = await open('/?lang=en');
  t.after(() => other.close().then(() => page.bringToFront()));
  await other.type('#url', `${origin}/thinking.gguf`);
  await other.click('#url-go');
  await saysOn(other, '#url-go', /Load/);
  await other.click('#url-go');
  await other.waitForSelector('#cancel:enabled');
  await sleep(300);
  await other.click('#cancel');
  await saysOn(other, '#load-status', /cancelled/);
  await loadAgain(other);
});

test('the same file can be picked twice', { skip: noBrowser }, async (t) => {
  const other = await open('/?lang=en');
  t.after(() => other.close().then(() => page.bringToFront()));
  const picker = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (
    await other.$('#file')
  );
  for (let i = 0; i < 2; i++) {
    await picker.uploadFile(golden('chat.gguf'));
    await saysOn(other, '#load-status', /chat\.gguf is loaded/);
    await other.$eval('#load-status', (e) => (e.textContent = ''));
    assert.equal(await picker.evaluate((e) => e.value), '', 'ready for the same one');
  }
});

test('the page shows the beginning of a name of six megabytes', { skip: noBrowser }, async (t) => {
  const other = await openWith(t, '/long-name.gguf');
  const facts = await text('#facts-list', other);
  assert.match(facts, /name name name .*…/);
  assert.ok(facts.length < 2000, `${facts.length} characters`);
});

test('Chinese, dark, and 360 px with everything open', {
  skip: noModel,
  timeout: 180_000,
}, async () => {
  await page.click('#language');
  await page.waitForSelector('html[lang="zh-Hant"]');
  await says('#play-status', /詞元|結束/);
  await says('#attention-status', /第 30 層第 9 頭/);
  await says('#stages-status', /個詞元之後/);
  await shoot('chinese');
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  await shoot('dark');
  await page.setViewport({ width: 360, height: 740, deviceScaleFactor: 2 });
  assert.equal(await overflow(page), 0);
  await shoot('phone-open');
});

test('the console stayed silent', { skip: noBrowser }, () => assert.deepEqual(complaints, []));
