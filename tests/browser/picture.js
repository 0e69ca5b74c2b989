/**
 * picture.js - makes the pictures of README.md and of examples/index.html.
 *
 *   node tests/browser/picture.js [NAME...]      (default: all of PICTURES, to examples/NAME.png)
 *
 * Chromium (CHROMIUM=path), light theme, English, fixed seeds. Check the results before you commit them.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { root } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { launch } from './drivers.js';

/** @typedef {import('puppeteer-core').Page} Page */

/** Waits for an element's result. @param {Page} page @param {string} tag */
const done = (page, tag) => page.waitForSelector(`${tag}[data-state="done"]`, { timeout: 120_000 });

/** Starts an element and waits for its result. @param {Page} page @param {string} tag */
async function run(page, tag) {
  await page.$eval(tag, (e) => /** @type {any} */ (e).start());
  await done(page, tag);
}

/**
 * What each picture shows: an address, what is done there, and the part: from the top of one element to the bottom of
 * another. Small ones are 480 px wide pages.
 * @type {Record<string, { path: string, width: number, act: (page: Page) => Promise<unknown>, from: string, to: string }>}
 */
const PICTURES = {
  playground: {
    path: '/?lang=en',
    width: 800,
    async act(page) {
      await page.$eval('jl-playground', (e) => {
        for (const [name, value] of Object.entries({ seed: 9, count: 72 }))
          e.setAttribute(name, String(value));
        e.setAttribute('text', 'Once upon a time there was a fox who');
      });
      await run(page, 'jl-playground');
      await page.hover('jl-playground >>> .token:nth-of-type(12)');
    },
    from: 'jl-playground',
    to: 'jl-playground >>> .meter',
  },
  'pictures/course-note': {
    path: '/examples/course-note/en.html#top&lang=en',
    width: 960,
    async act(page) {
      await page.$eval('#figure-3', (e) => e.scrollIntoView());
      await page.$eval('note-pipeline', (e) => /** @type {any} */ (e).start());
    },
    from: '#figure-3 h3',
    to: '#figure-3 .notice',
  },
  'pictures/chat': {
    path: '/examples/chat/?lang=en&model=/models/smollm2-135m-instruct-q4_1.gguf', // of make models
    width: 640,
    async act(page) {
      await page.$eval('#temperature', (e) => /** @type {any} */ ((e.value = '0')));
      await page.$eval('#length', (e) => /** @type {any} */ ((e.value = '40')));
      await page.click('#load');
      for (const text of ['Hello! What can you do?', 'Write a haiku about rain.']) {
        await page.waitForSelector('.ask .primary:not(:disabled)', { timeout: 120_000 });
        await page.type('.ask textarea', text);
        await page.keyboard.press('Enter');
      }
      await page.waitForSelector('.turn:nth-of-type(4)');
      await page.waitForSelector('.ask .primary:not(:disabled)', { timeout: 120_000 });
    },
    from: '.turns',
    to: '',
  },
  'pictures/search': {
    path: '/examples/search/?lang=en&model=/models/all-minilm-l6-v2-q8_0.gguf', // see tests/golden/README.md
    width: 640,
    async act(page) {
      await page.click('#load');
      await page.click('#sample');
      await page.waitForSelector('#query:not(:disabled)', { timeout: 120_000 });
      await page.type('#query', 'my pet is afraid of storms');
      await page.waitForSelector('#results li:nth-child(4)');
    },
    from: '#query',
    to: '#results li:nth-child(3)',
  },
  'pictures/embed': {
    path: '/examples/embed/',
    width: 640,
    act: async () => {}, // the recorded text
    from: 'h1',
    to: '',
  },
  'pictures/inside': {
    path: '/examples/inside/?lang=en',
    width: 800,
    act: (page) => page.$eval('jl-heads', (e) => e.setAttribute('layer', '5')),
    from: 'jl-heads',
    to: '',
  },
  'pictures/train': {
    path: '/examples/train/?lang=en',
    width: 800,
    act: async () => {}, // the recorded run
    from: 'jl-train',
    to: '',
  },
  'pictures/acrostic': {
    path: '/examples/acrostic/',
    width: 480,
    async act(page) {
      await page.click('button');
      await page.waitForSelector('button:not(:disabled)');
    },
    from: 'h1',
    to: '',
  },
};

/** Takes a picture. @param {string} name */
async function take(name) {
  const { path, width, act, from, to } = PICTURES[name];
  const page = await browser.newPage();
  await page.setViewport({ width, height: 1400 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  await page.goto(server.origin + path);
  await page.waitForSelector('body[data-ready]');
  await page.waitForNetworkIdle();
  await act(page);
  const edge = async (/** @type {string} */ selector, /** @type {'top' | 'bottom'} */ side) =>
    (await page.waitForSelector(selector))?.evaluate(
      (e, s) => e.getBoundingClientRect()[s] + scrollY,
      side,
    ) ?? 0;
  const top = Math.max(0, Math.floor((await edge(from, 'top')) - 8));
  const height = to ? Math.ceil((await edge(to, 'bottom')) + 4 - top) : (width * 5) / 8;
  const clip = { x: 0, y: top, width, height };
  const screenshot = await page.screenshot({ clip, encoding: 'base64' });
  const rgba = await page.evaluate(async (png) => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    context?.drawImage(image, 0, 0);
    return Array.from(context?.getImageData(0, 0, image.width, image.height).data ?? []);
  }, screenshot);
  await page.close();
  const bytes = indexedPng(rgba, width, height);
  const file = join(root, `examples/${name}.png`);
  writeFileSync(file, bytes);
  console.log(`${file}: ${bytes.length} bytes`);
}

const names = process.argv.slice(2);
const server = await startServer();
const browser = await launch('Chromium', { args: ['--lang=en-US'] });
try {
  for (const name of names.length ? names : Object.keys(PICTURES)) await take(name);
} finally {
  await browser.close();
  server.close();
}

/**
 * Encodes a PNG with the 256 most frequent colours as palette, a third of the full-colour size.
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
  const rows = Buffer.alloc((width + 1) * height); // filter byte of each row, 0: none
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
  header.set([8, 3], 8); // bits per index; colour type: palette
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(rgb.flat())),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
