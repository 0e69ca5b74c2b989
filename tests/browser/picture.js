/**
 * picture.js - makes the picture of README: the playground, with a text that the tales model has drawn.
 *
 *   node tests/browser/picture.js [OUT.png]      (default: examples/playground.png)
 *
 * Chromium (CHROMIUM=path), light colours, English, one column of the page, a fixed seed. Look at the result before
 * you commit it.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';
import { makeServer } from '../../web/node/serve.js';
import { chromiumFlags, drivers } from './drivers.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const path = process.argv[2] ?? join(root, 'examples/playground.png');
const WIDTH = 860; // CSS pixels

const server = makeServer().listen(0, '127.0.0.1');
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
const executablePath = drivers.Chromium.find();
const browser = await puppeteer.launch({
  executablePath,
  args: [...chromiumFlags, '--lang=en-US'],
});
const page = await browser.newPage();
await page.setViewport({ width: WIDTH, height: 1400 });
await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
await page.goto(`http://127.0.0.1:${port}/?lang=en`);
await page.waitForSelector('body[data-ready]');

/** @param {string} selector @param {number} value */
const set = (selector, value) =>
  page.$eval(
    selector,
    (e, text) => {
      /** @type {HTMLInputElement} */ (e).value = text;
      e.dispatchEvent(new Event('input'));
    },
    String(value),
  );
await set('#sampling-seed', 5);
await set('#sampling-maxTokens', 60);
await page.type('#prompt', 'Once upon a time there was');
await page.click('#generate');
await page.waitForFunction(
  () => /generated|ended/.test(document.querySelector('#play-status')?.textContent ?? ''),
  { timeout: 60_000 },
);
// The alternatives of a token; nothing else on the page has the focus or the pointer.
await page.hover('.token:nth-of-type(12)');
await page.waitForSelector('.candidate');

const edge = async (/** @type {string} */ selector, /** @type {'top' | 'bottom'} */ side) =>
  page.$eval(selector, (e, s) => e.getBoundingClientRect()[s] + scrollY, side);
const top = (await edge('#text-title', 'top')) - 16;
const bottom = Math.max(await edge('.play', 'bottom'), await edge('#alternatives', 'bottom')) + 16;
await page.screenshot({ path, clip: { x: 0, y: top, width: WIDTH, height: bottom - top } });
await browser.close();
server.close();
console.log(path);
