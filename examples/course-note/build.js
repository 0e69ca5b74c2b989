/**
 * build.js - the note as one HTML file, with engine, elements, scenes, and the models tales and poems inside, for pages
 * opened from disk; `make note` runs it.
 *
 *   node examples/course-note/build.js      writes build/course-note.html
 */
import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { buildWhole, OF_SCRIPT, wholeEngine } from '../../web/node/dist-elements.js';
import { encode } from './base85.js';
import { pageHtml, replaced, sectionsHtml } from './prerender.js';

const MAX_BYTES = 25e6;
const root = new URL('../../', import.meta.url);
const out = fileURLToPath(new URL('build/course-note.html', root));

/** What one-file.js takes from the page: name and path from the root. */
const INSIDE = {
  tales: 'web/models/tales.gguf',
  poems: 'web/models/poems.gguf',
  'position-learned': 'web/models/position-learned.gguf',
  'held-out': 'examples/course-note/held-out.txt',
};

/** A script element with the deflated bytes of a file, in base85. @param {[name: string, path: string]} file */
const inside = async ([name, path]) => {
  const packed = deflateRawSync(await readFile(new URL(path, root)), { level: 9 });
  return `<script type="text/plain" id="file-${name}" data-bytes="${packed.length}">${encode(packed)}</script>`;
};

const bundle = await buildWhole(
  'iife',
  await wholeEngine(),
  `import '../examples/course-note/one-file.js';`,
);
const script = `(()=>{${OF_SCRIPT}${bundle}})();`;
if (/<\/script|<!--/i.test(script)) throw new Error('the script cannot stand in a page');
const hash = createHash('sha256').update(script).digest('base64');

let page = await pageHtml('zh-Hant');
page = page.replace(
  /script-src [^;]*; worker-src [^;]*; style-src [^;]*; connect-src [^;]*;/,
  `script-src 'sha256-${hash}' 'wasm-unsafe-eval' blob:; worker-src blob:; style-src 'unsafe-inline'; connect-src https: data: blob:;`,
);
const style = await readFile(new URL('note.css', import.meta.url), 'utf8');
page = replaced(page, '<link rel="stylesheet" href="note.css">', `<style>\n${style}</style>`);
page = replaced(page, '<script type="module" src="note.js"></script>\n', '');
page = replaced(
  page,
  '</body>',
  [
    `<noscript><article lang="en">${(await sectionsHtml('en')).replace(/ id="[^"]*"/g, '')}</article></noscript>`,
    ...(await Promise.all(Object.entries(INSIDE).map(inside))),
    `<script>${script}</script>`,
    '</body>',
  ].join('\n'),
);
await writeFile(out, page);
const { size } = await stat(out);
console.log(`build/course-note.html: ${(size / 1e6).toFixed(1)} MB`);
if (size > MAX_BYTES) throw new Error(`build/course-note.html is larger than ${MAX_BYTES} bytes`);
