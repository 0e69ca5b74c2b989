/**
 * site.js - one folder for any static host: the note in both languages, playground, examples, elements, models, reference
 * pages; `make site` runs it after `make dist`.
 *
 *   node examples/course-note/site.js      writes build/site/
 *
 * All links are relative. The files of build/dist lie at the top, beside the note, with all models in models/; web/ and
 * examples/ keep their folders, for the playground and the examples, and take the models from there.
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { beside, common, web } from '../../web/node/bundle.js';
import { FETCHED, flat } from '../../web/node/dist-elements.js';
import { referencePages } from './markdown.js';
import { PAGES, pageHtml, replaced } from './prerender.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const note = fileURLToPath(new URL('.', import.meta.url));
const dist = join(root, 'build', 'dist');
const out = join(root, 'build', 'site');
/** Of examples/: the note lies at the top of the site, and the pages for other tools are no pages of a site. */
const NO_EXAMPLES = /examples\/(course-note|embeds)(\/|$)/;

/** @param {string} path */
const read = (path) => readFile(path, 'utf8');

/** The note's own figures find their files beside the script. @type {import('esbuild').Plugin} */
const filesBeside = {
  name: 'files beside',
  setup(builder) {
    builder.onLoad({ filter: /course-note\/figures\/files\.js$/ }, async ({ path }) => ({
      contents: (await read(path))
        .replaceAll("'../../../web/models/", "'./models/")
        .replaceAll("'../held-out.txt'", "'./held-out.txt'"),
    }));
  },
};

/** Scripts of the note, in pieces that both entries share. @returns {Promise<string[]>} names */
async function buildScripts() {
  const literals = FETCHED.map((name) => `'${name}': () => import('./${name}')`);
  const api = `const modules = { ${literals} };\nexport const apiModule = (name) => modules[name]();`;
  const { outputFiles } = await build({
    ...common,
    format: 'esm',
    splitting: true,
    outdir: out,
    chunkNames: 'note-[hash]',
    external: ['node:*'],
    entryPoints: ['note.js', 'note-elements.js'].map((name) => join(note, name)),
    plugins: [filesBeside, flat(api), beside(FETCHED)],
  });
  for (const { path, contents } of outputFiles) await writeFile(path, contents);
  return outputFiles.map(({ path }) => path.slice(out.length + 1));
}

/** Links at the end of the note, by language. */
const LINKS = {
  'zh-Hant': [
    '本站其他頁面',
    '<a href="en.html" lang="en">English</a>',
    '試玩場',
    '參考文件（英文）',
  ],
  en: [
    'Other pages',
    '<a href="index.html" lang="zh-Hant">繁體中文</a>',
    'Playground',
    'Reference',
  ],
};

/** @param {keyof typeof LINKS} lang */
const linksHtml = (lang) => {
  const [label, other, playground, reference] = LINKS[lang];
  return `<nav id="site" aria-label="${label}">${other} · <a href="web/index.html">${playground}</a> · <a href="reference/index.html">${reference}</a></nav>`;
};

/** The note's pages. */
async function buildPages() {
  const script = '<script type="module" src="note.js"></script>';
  for (const lang of /** @type {(keyof typeof PAGES)[]} */ (Object.keys(PAGES))) {
    const file = PAGES[lang];
    const page = replaced(await pageHtml(lang), '</body>', `${linksHtml(lang)}\n</body>`);
    const offline = `${script}\n  <script type="module" src="offline.js"></script>`;
    await writeFile(join(out, file), replaced(page, script, offline));
  }
  for (const name of ['note.css', 'offline.js', 'held-out.txt'])
    await cp(join(note, name), join(out, name));
}

/** @param {string} path in the site @param {string} from @param {string} to */
async function change(path, from, to) {
  const text = await read(join(out, path));
  await writeFile(join(out, path), replaced(text, from, to).replaceAll(from, to));
}

/** The playground and the examples, with the models of the site. */
async function copyPages() {
  const left = ['node', 'models'].map((name) => join(web, name));
  await cp(web, join(out, 'web'), { recursive: true, filter: (path) => !left.includes(path) });
  const examples = join(out, 'examples');
  await cp(join(root, 'examples'), examples, {
    recursive: true,
    filter: (path) => !NO_EXAMPLES.test(path),
  });
  await change('web/elements/here.js', "ROOT = '../'", "ROOT = '../../'");
  await change('web/playground/load.js', "'../models/", "'../../models/");
  for (const path of await readdir(examples, { recursive: true })) {
    if (!/\.(html|js)$/.test(path)) continue;
    const text = await read(join(examples, path));
    const changed = text
      .replaceAll('../../web/models/', '../../models/')
      .replaceAll('href="course-note/', 'href="../');
    await writeFile(join(examples, path), changed);
  }
}

/** All models; the catalogue with addresses as seen from the playground, without what only the development server has. */
async function copyModels() {
  await cp(join(web, 'models'), join(out, 'models'), {
    recursive: true,
    filter: (path) => !path.endsWith('recipes'),
  });
  const path = join(out, 'models', 'catalogue.json');
  /** @type {{ url: string, page: string }[]} */ const all = JSON.parse(await read(path));
  const seen = all
    .filter(({ url }) => !url.startsWith('/'))
    .map((one) => ({
      ...one,
      url: one.url.replace(/^models/, '../models'),
      page: one.page.replace(/^models\/(.*)\.md$/, '../reference/web-models-$1.html'),
    }));
  await writeFile(path, `${JSON.stringify(seen, null, 2)}\n`);
}

/** The service worker, with the names and a hash of its files. @param {string[]} scripts */
async function buildWorker(scripts) {
  const engine = ['jielong.js', ...FETCHED, 'train-engine.js', 'jielong-train.wasm'];
  const files = ['note.css', 'offline.js', 'held-out.txt', ...Object.values(PAGES)];
  const first = [...new Set([...files, ...scripts, ...engine])].sort();
  const models = (await readdir(join(out, 'models'))).filter((name) => name.endsWith('.gguf'));
  const later = models.map((name) => `models/${name}`);
  const hash = createHash('sha256');
  for (const name of [...first, ...later]) hash.update(await readFile(join(out, name)));
  let worker = await read(join(note, 'sw.js'));
  worker = replaced(worker, "VERSION = ''", `VERSION = '${hash.digest('hex').slice(0, 16)}'`);
  worker = replaced(worker, 'FIRST = []', `FIRST = ${JSON.stringify(first)}`);
  worker = replaced(worker, 'LATER = []', `LATER = ${JSON.stringify(later)}`);
  await writeFile(join(out, 'sw.js'), worker);
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await cp(dist, out, { recursive: true, filter: (path) => !/\.tgz$|dist\/files$/.test(path) });
await copyModels();
await copyPages();
await buildPages();
await buildWorker(await buildScripts());
await referencePages(root, out);
