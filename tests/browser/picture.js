/**
 * picture.js - makes the picture of README: the playground, with a text that the tales model has drawn.
 *
 *   node tests/browser/picture.js [OUT.png]      (default: examples/playground.png)
 *
 * Chromium (CHROMIUM=path), light colours, English, one column of the page, a fixed seed. Look at the result before
 * you commit it.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import puppeteer from 'puppeteer-core';
import { makeServer } from '../../web/node/serve.js';
import { chromiumFlags, drivers } from './drivers.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const path = process.argv[2] ?? join(root, 'examples/playground.png');
const WIDTH = 800; // CSS pixels

const server = makeServer().listen(0, '127.0.0.1');
await once(server, 'listening');
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
await set('#sampling-seed', 9);
await set('#sampling-maxTokens', 72);
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
const clip = { x: 0, y: Math.floor(top), width: WIDTH, height: Math.ceil(bottom - top) };
const screenshot = await page.screenshot({ clip, encoding: 'base64' });
const rgba = await page.evaluate(async (png) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
  context?.drawImage(image, 0, 0);
  return Array.from(context?.getImageData(0, 0, image.width, image.height).data ?? []);
}, screenshot);
await browser.close();
server.close();
const bytes = indexedPng(rgba, clip.width, clip.height);
writeFileSync(path, bytes);
console.log(`${path}: ${bytes.length} bytes`);

/**
 * A PNG with a palette of the 256 most frequent colours, a third of the size of one with all colours.
 * @param {number[]} pixels [height][width][red, green, blue, alpha] @param {number} width @param {number} height
 */
function indexedPng(pixels, width, height) {
  const colour = (/** @type {number} */ i) =>
    (pixels[4 * i] << 16) | (pixels[4 * i + 1] << 8) | pixels[4 * i + 2];
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (let i = 0; i < width * height; i++) counts.set(colour(i), (counts.get(colour(i)) ?? 0) + 1);
  const palette = [...counts.keys()]
    .sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0))
    .slice(0, 256);
  const rgb = palette.map((c) => [c >> 16, (c >> 8) & 255, c & 255]);
  const indices = new Map(palette.map((c, i) => [c, i]));
  const nearest = (/** @type {number} */ c) => {
    const distance = (/** @type {number[]} */ [r, g, b]) =>
      (r - (c >> 16)) ** 2 + (g - ((c >> 8) & 255)) ** 2 + (b - (c & 255)) ** 2;
    const all = rgb.map(distance);
    return all.indexOf(Math.min(...all));
  };
  const rows = Buffer.alloc((width + 1) * height); // each row begins with its filter, 0: none
  for (let i = 0; i < width * height; i++) {
    const c = colour(i);
    const index = indices.get(c) ?? nearest(c);
    indices.set(c, index);
    rows[i + Math.floor(i / width) + 1] = index;
  }
  /** @param {string} type @param {Buffer} data */
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, crc] = [data.length, crc32(body)].map((n) => {
      const field = Buffer.alloc(4);
      field.writeUInt32BE(n);
      return field;
    });
    return Buffer.concat([length, body, crc]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8); // bits an index; colour type: palette
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(rgb.flat())),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
