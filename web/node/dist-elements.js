/**
 * dist-elements.js - the elements in build/dist, in the forms that pages need.
 *
 *   jielong-elements.js    ES module; imports jielong.js and its parts beside it when a figure starts
 *   jielong.global.js      classic script with everything inside: elements, API, engine, training. For pages from disk
 *   embed.html, embed.js   the page of one figure, for frames
 *   embed-parent.js        classic script for pages with such frames
 *   jielong-anywidget.js   ES module with everything inside, for notebooks
 *   models/                the included models, and as scripts for pages that cannot fetch
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { INCLUDED } from '../elements/here.js';
import {
  common,
  engineFunction,
  FILES,
  identifier,
  instead,
  out,
  POOL_WORKER,
  picked,
  SHARED,
  WASM,
  WORKERS,
  web,
} from './bundle.js';

/** What users import: one file each in the distribution. */
const ENTRIES = ['jielong.js', 'train.js', 'ngram.js', 'tokenizer-trainer.js'];
/** Modules of both page and worker, if training is inside too. */
const ALL_SHARED = [...SHARED, 'base/options.js', 'engine/training.js', 'engine/train-engine.js'];
const API = 'api:';

/** @param {string} text @param {string | RegExp} from @param {string} to */
function replaced(text, from, to) {
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`dist: ${from} is not in the source`);
  return changed;
}

/**
 * A plugin: the files beside the elements' script lie in its folder, and import('../train.js') and the like of figures
 * and elements become apiModule('train.js') of the source `api`.
 * @param {string} api
 * @returns {import('esbuild').Plugin}
 */
const flat = (api) => ({
  name: 'flat',
  setup(builder) {
    builder.onResolve({ filter: /^api:$/ }, () => ({ path: API, namespace: API }));
    builder.onLoad({ filter: /./, namespace: API }, () => ({ contents: api, resolveDir: web }));
    builder.onLoad({ filter: /\/web\/(elements|figures)\/\w+\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (basename(path) === 'here.js')
        return { contents: replaced(text, "ROOT = '../'", "ROOT = './'") };
      const contents = text.replace(/\bimport\('\.\.\/([\w-]+\.js)'\)/g, "apiModule('$1')");
      return {
        contents: contents === text ? text : `import { apiModule } from '${API}';\n${contents}`,
      };
    });
  },
});

/** A plugin: the training engine takes its .wasm from inside. @type {import('esbuild').Plugin} */
const trainInside = {
  name: 'training inside',
  setup(builder) {
    builder.onLoad({ filter: /\/engine\/training\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const taken = replaced(
        text,
        "{ kind: 'url', url }",
        "(await wasmInside('jielong-train.wasm'))",
      );
      return { contents: `import { wasmInside } from './embedded.js';\n${taken}` };
    });
  },
};

/** @param {string} name @param {string} contents */
const write = (name, contents) => writeFile(join(out, name), contents);

/** jielong-elements.js */
async function buildModule() {
  // A literal for each, because bundlers of pages recognise only that.
  const names = ENTRIES.map((name) => `'${name}': () => import('./${name}')`);
  const api = `const modules = { ${names} };\nexport const apiModule = (name) => modules[name]();`;
  const { outputFiles } = await build({
    ...common,
    format: 'esm',
    entryPoints: [join(web, 'elements.js')],
    plugins: [
      {
        name: 'entries beside',
        setup: (builder) =>
          builder.onResolve({ filter: /^\.\/[\w-]+\.js$/ }, ({ path, kind }) =>
            kind === 'dynamic-import' ? { path, external: true } : undefined,
          ),
      },
      flat(api),
    ],
  });
  await write('jielong-elements.js', outputFiles[0].text);
}

/** BASE of a classic script: its address. */
const OF_SCRIPT = 'const BASE=document.currentScript?.src||document.baseURI;';

/** A classic script of a module of web/. @param {string} name @param {string} contents @param {string} [api] */
async function buildClassic(name, contents, api = '') {
  const { outputFiles } = await build({
    ...common,
    format: 'iife',
    define: { 'import.meta.url': 'BASE' },
    stdin: { resolveDir: web, contents },
    plugins: [flat(api)],
  });
  await write(name, `(()=>{${OF_SCRIPT}${outputFiles[0].text}})();\n`);
}

/** The engine with training and chats inside, once for both files that contain it. */
async function wholeEngine() {
  const code = await engineFunction({
    shared: ALL_SHARED,
    wasm: [...WASM, ...FILES],
    workers: [POOL_WORKER, ...WORKERS],
    plugins: [trainInside],
  });
  return code;
}

/**
 * A file with everything inside.
 * @param {'iife' | 'esm'} format @param {string} code of the engine @param {string} contents of the entry
 */
async function buildWhole(format, code, contents) {
  const api = `
    ${ENTRIES.map((name) => `import * as ${identifier(name)} from './${name}';`).join('\n')}
    const modules = { ${ENTRIES.map((name) => `'${name}': ${identifier(name)}`)} };
    export const apiModule = async (name) => modules[name];
    export const all = { ${ENTRIES.map((name) => `...${identifier(name)}`)} };`;
  const { outputFiles } = await build({
    ...common,
    format,
    define: { 'import.meta.url': 'BASE' },
    stdin: { resolveDir: web, contents },
    plugins: [
      instead(['engine-function.js'], () => `export const modules = E(BASE);\n${code}`),
      instead(ALL_SHARED, async (name) => {
        const from = `modules.${identifier(name)}`;
        return `import { modules } from './engine-function.js';\n${await picked(name, from)}`;
      }),
      flat(api),
    ],
  });
  return outputFiles[0].text;
}

/** The included models, each also as a classic script. */
async function buildModels() {
  await mkdir(join(out, 'models'), { recursive: true });
  for (const [name, { file }] of Object.entries(INCLUDED)) {
    await copyFile(join(web, 'models', file), join(out, 'models', file));
    const base64 = (await readFile(join(web, 'models', file))).toString('base64');
    await write(`models/${name}.js`, `jielong.provide(${JSON.stringify(name)},"${base64}");\n`);
  }
}

/** Everything of the elements. */
export async function buildElements() {
  await buildModule();
  const byScript = `export { apiModule } from './elements/classic.js';`;
  await buildClassic(
    'embed.js',
    `import './elements/embed.js';\nimport { offerModels } from './elements/classic.js';\nofferModels();`,
    byScript,
  );
  await buildClassic(
    'embed-parent.js',
    `import { attendFrames } from './elements/frames.js';\nattendFrames();`,
  );
  const page = await readFile(join(web, 'embed.html'), 'utf8');
  const tag = '<script type="module" src="elements/embed.js"></script>';
  await write('embed.html', replaced(page, tag, '<script src="embed.js"></script>'));
  const code = await wholeEngine();
  const script = await buildWhole(
    'iife',
    code,
    `import { configure, provide } from './elements.js';
     import { offerModels } from './elements/classic.js';
     import { all } from '${API}';
     window.jielong = { ...all, configure, provide };
     offerModels();`,
  );
  await write('jielong.global.js', `(()=>{${OF_SCRIPT}${script}})();\n`);
  const widget = await buildWhole(
    'esm',
    code,
    `export { default } from './elements/anywidget.js';`,
  );
  const base = `const BASE=/^(https?|file):/.test(import.meta.url)?import.meta.url:"";`;
  await write('jielong-anywidget.js', `${base}\n${widget}`);
  await buildModels();
}
