/**
 * pictures.js - records title, status, picture, sentence and table of every element as the note shows it first, for pages
 * without scripts, in recorded/; `make note-scenes` runs it after record.js. It needs Chromium.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { launch } from '../../tests/browser/drivers.js';
import { makeServer } from '../../web/node/serve.js';
import { compact } from './compact.js';
import { PAGES } from './prerender.js';

const WIDTH = 640; // px of a picture: the width of the text

/** In the page. The picture of a canvas is stored as WebP without loss, in fewer bytes than PNG. */
async function take() {
  const load = (/** @type {string} */ path) => import(path);
  const { imageOf } = await load('/web/elements/copies.js');
  const { textOf } = await load('/web/elements/frame.js');
  /** @param {any} element */
  const taken = (element) => {
    const { columns, rows } = element.twin(element.view);
    const { frame } = element;
    return {
      title: frame.title.textContent,
      status: frame.said.textContent,
      svg: imageOf(element).svg,
      sentence: element.summary(element.view),
      columns,
      rows: rows.map((/** @type {any[]} */ row) => row.map(textOf)),
    };
  };
  const draw = HTMLCanvasElement.prototype.toDataURL;
  HTMLCanvasElement.prototype.toDataURL = function toDataURL() {
    return draw.call(this, 'image/webp', 1);
  };
  const figures = /** @type {any[]} */ ([...document.querySelectorAll('note-figure')]);
  for (const figure of figures) figure.reveal();
  return Object.fromEntries(
    figures.flatMap(({ dataset, parts }) =>
      parts.map((/** @type {any} */ part, /** @type {number} */ i) => [
        `${dataset.figure}-${i}`,
        taken(part),
      ]),
    ),
  );
}

const server = makeServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
const browser = await launch('Chromium');
const folder = new URL('recorded/', import.meta.url);
await mkdir(folder, { recursive: true });
for (const [lang, file] of Object.entries(PAGES)) {
  const page = await browser.newPage();
  await page.setViewport({ width: WIDTH + 48, height: 900 }); // with the page's margins
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  await page.goto(`http://127.0.0.1:${port}/examples/course-note/${file}`);
  await page.waitForSelector('body[data-ready]', { timeout: 120_000 });
  const parts = /** @type {Record<string, any>} */ (await page.evaluate(take));
  for (const part of Object.values(parts)) part.svg = compact(part.svg);
  const lines = Object.entries(parts).map(([name, part]) => `  "${name}": ${JSON.stringify(part)}`);
  const text = `{\n${lines.join(',\n')}\n}\n`;
  await writeFile(new URL(`${lang}.json`, folder), text);
  console.log(`recorded/${lang}.json: ${lines.length} pictures, ${text.length} characters`);
}
await browser.close();
server.close();
