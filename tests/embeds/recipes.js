/**
 * recipes.js - how each recipe of examples/embeds is built with its host's own tool, and what a reader does there.
 *
 * build() works in a copy of the recipe's folder. Its folder `site` is served; without one, build() returns an address.
 * steps() gets a visit of that address; without it, every figure is looked at and run.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { build as bundle } from 'esbuild';
import { dist, root } from '../helpers/paths.js';
import { hackmd, moodleStudent, tinyStores } from './filters.js';
import { run, serve } from './tools.js';
import { until } from './visit.js';

const tools = join(root, 'build', 'embeds');
const node = (/** @type {string} */ name) => join(tools, 'node_modules', name);
const python = (/** @type {string} */ name) => join(tools, 'py', 'bin', name);

/** @typedef {import('./visit.js').Visit} Visit */
/**
 * @typedef {object} Recipe
 * @property {string} name
 * @property {string} folder in examples/embeds
 * @property {string} [tool] file that the recipe's tool must have installed
 * @property {string} [missing] why the tool is not tested
 * @property {string} [site] folder that the tool writes
 * @property {(work: string) => unknown} [build]
 * @property {number} figures on the first page
 * @property {(visit: Visit, work: string) => Promise<void>} [steps]
 * @property {RegExp} [allowed] the host's own errors
 */

/** Writes a page as narrow as a note. @param {string} file @param {string} html */
const page = (file, html) =>
  writeFileSync(
    file,
    `<!doctype html>
<html lang="en">
<meta charset="utf-8" />
<style>body { max-width: 46rem; margin: 2rem auto; font: 1rem/1.6 system-ui, sans-serif }</style>
${html}
</html>
`,
  );

/** Runs the figures of a page. @param {Visit} visit @param {number} n */
async function runAll(visit, n) {
  const figures = await visit.figures(n);
  await visit.shot();
  for (const figure of figures) await visit.run(figure);
  await visit.shot('live');
}

/** The host's dark theme is the figure's, also in its picture. @param {Visit} visit @param {string} button that switches */
async function dark(visit, button) {
  const [figure] = await visit.all();
  const paper = () => figure.evaluate((e) => getComputedStyle(e).backgroundColor);
  const picture = () => figure.$eval('>>> canvas', (/** @type {any} */ e) => e.toDataURL());
  const light = await picture();
  await visit.page.click(button);
  await until(async () => /^rgb\(\d{1,2},/.test(await paper()), 'the figure is dark', 5000);
  await visit.shot('dark');
  assert.notEqual(await picture(), light, 'the picture is drawn again');
}

/**
 * A host that replaces pages without loading: runs a figure, leaves, returns, runs it again.
 * @param {Visit} visit @param {string} there @param {string} back texts of links
 */
async function instant(visit, there, back) {
  const { page: tab } = visit;
  await tab.evaluate(() => Object.assign(window, { firstLoad: true }));
  const go = (/** @type {string} */ text) => tab.locator(`a::-p-text(${text})`).click();
  await runAll(visit, 1);
  await visit.workers(1);
  await go(there);
  await visit.gone('jl-attention');
  const [other] = await visit.figures(1);
  await visit.workers(0);
  await visit.run(other);
  await visit.shot('there');
  await go(back);
  await visit.gone('jl-distribution');
  const [again] = await visit.figures(1);
  await visit.run(again);
  await visit.workers(1);
  assert.ok(await tab.evaluate('window.firstLoad'), 'the page was loaded anew');
}

/** What stands in the text field of the first figure. @param {Visit} visit */
async function typed(visit) {
  const [figure] = await visit.all();
  return figure.$eval('>>> :is(input, textarea)', (/** @type {any} */ e) => e.value);
}

/** The key events of a text field in the figure reach no shortcut of the host. @param {Visit} visit */
async function type(visit) {
  const [figure] = await visit.all();
  const field = await figure.waitForSelector('>>> :is(input, textarea)');
  await field?.click();
  await visit.page.keyboard.type(' nfsbdd/x', { delay: 20 });
  await visit.page.keyboard.press('ArrowLeft');
  assert.match(await typed(visit), /nfsbdd\/x/);
}

/** Chooses a head in the first figure. @param {Visit} visit @param {string} head */
async function choose(visit, head) {
  const [figure] = await visit.all();
  const selects = await figure.$$('>>> .own select');
  await selects[1].select(head);
  await until(
    async () => (await figure.evaluate((e) => e.getAttribute('head'))) === head,
    'a head',
  );
}

/** @type {Recipe[]} */
export const recipes = [
  {
    name: 'plain',
    folder: 'plain',
    site: '',
    figures: 2,
  },
  {
    name: 'disk',
    folder: 'plain',
    figures: 1,
    async build(work) {
      for (const part of ['jielong.global.js', 'models/tales.js'])
        cpSync(join(dist, part), join(work, part));
      return pathToFileURL(join(work, 'disk.html')).href;
    },
  },
  {
    name: 'reveal',
    folder: 'reveal',
    tool: node('reveal.js'),
    site: '',
    figures: 1,
    async build(work) {
      cpSync(join(node('reveal.js'), 'dist'), join(work, 'dist'), { recursive: true });
    },
    async steps(visit) {
      const slide = (/** @type {number} */ n) =>
        until(async () => visit.page.url().endsWith(`#/${n}`), `slide ${n} is shown`);
      const next = async () => {
        await visit.page.evaluate(() => /** @type {any} */ (document.activeElement)?.blur());
        await visit.page.keyboard.press('ArrowRight');
      };
      await visit.page.waitForSelector('.reveal.ready');
      await next();
      await slide(1);
      await runAll(visit, 1);
      await type(visit);
      await slide(1);
      await next();
      await slide(2);
      const framed = await until(async () => (await visit.all())[1], 'the frame has a figure');
      await visit.run(framed, 'keys'); // puppeteer misplaces clicks in scaled frames
      await visit.shot('frame');
      await next();
      await slide(3);
    },
  },
  {
    name: 'mkdocs',
    folder: 'mkdocs',
    tool: python('mkdocs'),
    site: 'site',
    figures: 1,
    async build(work) {
      await run(python('mkdocs'), ['build', '--strict', '-q'], work);
    },
    async steps(visit) {
      await instant(visit, 'The next token', 'Attention');
      await type(visit);
      await dark(visit, 'label[title=Dark]');
    },
  },
  {
    name: 'docusaurus',
    folder: 'docusaurus',
    tool: node('@docusaurus/core'),
    site: 'build',
    figures: 1,
    async build(work) {
      await run(join(tools, 'node_modules/.bin/docusaurus'), ['build', '--no-minify'], work);
    },
    async steps(visit) {
      await instant(visit, 'The next token', 'Attention');
      await dark(visit, 'button[class*=toggleButton]');
    },
  },
  {
    name: 'quarto (its converter pandoc)',
    folder: 'quarto',
    tool: python('python'),
    site: '',
    figures: 2,
    async build(work) {
      const convert =
        'import pypandoc; pypandoc.convert_file("index.qmd", "html", format="markdown", outputfile="index.html", extra_args=["--standalone"])';
      await run(python('python'), ['-c', convert], work);
    },
  },
  {
    name: 'quarto',
    folder: 'quarto',
    missing: 'no registry has its program: the PyPI package quarto-cli downloads it from elsewhere',
    figures: 2,
  },
  {
    name: 'myst',
    folder: 'myst',
    tool: node('mystmd'),
    site: '_build/html',
    figures: 2,
    async build(work) {
      const theme = join(work, 'theme');
      cpSync(join(root, 'tests', 'embeds', 'theme'), theme, { recursive: true });
      await bundle({
        entryPoints: [join(theme, 'page.js')],
        outfile: join(theme, 'public', 'page.js'),
        bundle: true,
        format: 'esm',
        logLevel: 'error',
        define: { 'process.env.NODE_ENV': '"production"' },
      });
      const config = join(work, 'myst.yml');
      writeFileSync(config, readFileSync(config, 'utf8').replace('book-theme', './theme'));
      await run(
        process.execPath,
        [join(node('mystmd'), 'dist', 'myst.cjs'), 'build', '--html'],
        work,
      );
    },
    async steps(visit) {
      await runAll(visit, 2);
      await choose(visit, '3');
    },
  },
  {
    name: 'jupyter',
    folder: 'jupyter',
    tool: python('jupyter-lab'),
    figures: 1,
    build(work) {
      const settings = join(work, '.home/lab/user-settings/@jupyterlab/apputils-extension');
      mkdirSync(settings, { recursive: true });
      writeFileSync(join(settings, 'notification.jupyterlab-settings'), '{ "fetchNews": "false" }');
      return serve(python('jupyter-lab'), jupyterArguments, work, '/lab/tree/figure.ipynb');
    },
    async steps(visit) {
      const { page: tab } = visit;
      const prompts = '.jp-Notebook .jp-CodeCell .jp-InputPrompt';
      await tab.waitForSelector(prompts, { timeout: 60_000 });
      /** Executes a cell, as often as it takes until the kernel answers. @param {number} i */
      const execute = async (i) => {
        await (await tab.$$(prompts))[i].click();
        const done = async () => {
          await tab.keyboard.down('Control');
          await tab.keyboard.press('Enter');
          await tab.keyboard.up('Control');
          await sleep(1000);
          return /\d/.test(await tab.$$eval(prompts, (all, n) => all[n].textContent ?? '', i));
        };
        await until(done, `cell ${i} is executed`);
      };
      await execute(0);
      await runAll(visit, 1);
      await visit.workers(1);
      const cells = () => tab.$$eval('.jp-Cell', (all) => all.length);
      const before = await cells();
      await type(visit);
      assert.equal(await cells(), before, 'keys in the figure are not keys of the notebook');
      await choose(visit, '3');
      assert.match(await typed(visit), /nfsbdd/, 'what was typed stays');
      await execute(1);
      const told = () => tab.$eval('.jp-OutputArea-executeResult pre', (e) => e.textContent);
      assert.equal((await told())?.trim(), '3', 'the kernel knows the chosen head');
      await execute(0);
      await visit.figures(1);
      await visit.workers(0);
    },
  },
  {
    name: 'marimo',
    folder: 'marimo',
    tool: python('marimo'),
    figures: 1,
    build: (work) => serve(python('marimo'), marimoArguments, work, '/'),
    async steps(visit) {
      await runAll(visit, 1);
      await choose(visit, '3');
    },
  },
  {
    name: 'hackmd',
    folder: 'hackmd',
    tool: node('xss'),
    site: '',
    figures: 1,
    async build(work) {
      const html = hackmd(readFileSync(join(work, 'note.md'), 'utf8'));
      assert.match(html, /<iframe src="[^"]*" width="100%" height="\d+">/);
      assert.doesNotMatch(html, /<(script|jl-)/);
      assert.match(html, /The last token looks at/);
      page(join(work, 'index.html'), html);
    },
  },
  {
    name: 'moodle',
    folder: 'moodle',
    tool: node('tinymce'),
    site: '',
    figures: 1,
    async build(work) {
      cpSync(node('tinymce'), join(work, 'tinymce'), { recursive: true });
      page(
        join(work, 'index.html'),
        '<script src="tinymce/tinymce.js"></script><textarea></textarea>',
      );
    },
    async steps(visit, work) {
      const pasted = readFileSync(join(work, 'page.html'), 'utf8');
      const stored = await visit.page.evaluate(tinyStores, pasted);
      assert.match(stored, /<iframe [^>]*src="[^"]*#figure=/);
      assert.doesNotMatch(moodleStudent(stored), /iframe/);
      page(join(work, 'shown.html'), stored);
      await visit.page.goto(new URL('shown.html', visit.page.url()).href);
      await runAll(visit, 1);
    },
  },
];

const jupyterArguments = [
  '--no-browser',
  '--allow-root',
  '--IdentityProvider.token=',
  '--ServerApp.port=PORT',
  '--LabApp.extension_manager=readonly',
];
const marimoArguments = 'run figure.py --headless --no-token --port PORT'.split(' ');

/** Whether the recipe's tool is there. @param {Recipe} recipe @returns {string | false} why not */
export const reason = ({ tool, missing }) =>
  missing ??
  (tool && !existsSync(tool) ? 'its tool is not installed (tests/embeds/install.sh)' : false);

export { runAll };
