/**
 * dist-elements.js - the elements in build/dist, in the forms that pages need.
 *
 *   jielong-elements.js    ES module: what all elements share. Loads elements/NAME.js when a page contains jl-NAME, and
 *                          jielong.js when a figure starts
 *   jielong.global.js      classic script with everything inside: elements, API, engine, training. For pages from disk
 *   embed.html, embed.js   the page of one figure, for frames; loads embed/NAME.js
 *   embed-parent.js        classic script for pages with such frames
 *   jielong-anywidget.js   ES module with everything inside, for notebooks
 *   models/                the included models, also as scripts for pages that cannot fetch
 *
 * Modules that several elements use are in the shared file, which publishes them as `internals` for the others.
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { INCLUDED } from '../elements/here.js';
import { chinese } from '../elements/scenes/chinese.js';
import { english } from '../elements/scenes/english.js';
import { packedView } from '../figures/scene.js';
import {
  assetsModule,
  common,
  engineFunction,
  exportsOf,
  identifier,
  instead,
  out,
  POOL_WORKER,
  picked,
  SHARED,
  sources,
  WORKERS,
  web,
} from './bundle.js';

/** What users import: one file each in the distribution. */
export const ENTRIES = ['jielong.js', 'stored.js', 'train.js', 'ngram.js', 'tokenizer-trainer.js'];
/** Modules of downloads that are kept. */
const STORE = ['download', 'hub', 'storage', 'store', 'wanted', 'split', 'parts'].map(
  (name) => `source/${name}.js`,
);
/** Modules of both page and worker, if training is inside too. */
const ALL_SHARED = [
  ...SHARED,
  'base/options.js',
  'engine/training.js',
  'engine/train-engine.js',
  ...STORE,
];
/** Those and what figures fetch. */
export const FETCHED = [...ENTRIES, 'texts.js', 'counts.js'];
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
export const flat = (api) => ({
  name: 'flat',
  setup(builder) {
    builder.onResolve({ filter: /^api:$/ }, () => ({ path: API, namespace: API }));
    builder.onLoad({ filter: /./, namespace: API }, () => ({ contents: api, resolveDir: web }));
    builder.onLoad({ filter: /\/web\/(elements|figures)\/[\w-]+\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (basename(path) === 'here.js')
        return { contents: replaced(text, "ROOT = '../'", "ROOT = './'") };
      const contents = text.replace(/\bimport\('\.\.\/([\w-]+\.js)'\)/g, (_, name) => {
        if (!FETCHED.includes(name))
          throw new Error(`dist: ${path} fetches ${name}: add it to FETCHED`);
        return `apiModule('${name}')`;
      });
      return {
        contents: contents === text ? text : `import { apiModule } from '${API}';\n${contents}`,
      };
    });
  },
});

/** @param {string} name @param {string} contents @param {string} [folder] */
const write = (name, contents, folder = out) => writeFile(join(folder, name), contents);

/**
 * @typedef {object} Part an element, with what only it uses
 * @property {string} name as in jl-NAME
 * @property {string} file its module
 * @property {string} type its class
 */

/** The elements, from the source of elements.js. @returns {Promise<Part[]>} */
async function readParts() {
  const text = await readFile(join(web, 'elements.js'), 'utf8');
  const files = new Map(
    [...text.matchAll(/^import { (\w+) } from '\.\/(elements\/[\w-]+\.js)';$/gm)].map((m) => [
      m[1],
      m[2],
    ]),
  );
  const parts = [...text.matchAll(/^ {2}'jl-([\w-]+)': (\w+),$/gm)].map(([, name, type]) => {
    const file = files.get(type);
    if (!file) throw new Error(`dist: elements.js does not import ${type} in one line`);
    return { name, file, type };
  });
  if (!parts.length) throw new Error('dist: there are no elements in elements.js');
  return parts;
}

/** The modules that two or more elements use. @param {Part[]} parts */
async function sharedModules(parts) {
  /** @type {Map<string, number>} */ const users = new Map();
  for (const { file } of parts) {
    const { metafile } = await build({
      ...common,
      format: 'esm',
      entryPoints: [join(web, file)],
      plugins: [flat('export const apiModule = () => {};')],
    });
    for (const name of sources(metafile)) users.set(name, (users.get(name) ?? 0) + 1);
  }
  const own = parts.map(({ file }) => file);
  return [...users].filter(([name, n]) => n > 1 && !own.includes(name)).map(([name]) => name);
}

/** A plugin: what is imported by a literal stays a file. @type {import('esbuild').Plugin} */
const outside = {
  name: 'outside',
  setup(builder) {
    builder.onResolve({ filter: /^\.\// }, ({ path, kind, namespace }) =>
      kind === 'dynamic-import' && namespace !== 'file' ? { path, external: true } : undefined,
    );
  },
};

/** A plugin: the scenes without their views, which are files of their own. @type {import('esbuild').Plugin} */
const scenesWithoutViews = {
  name: 'scenes without views',
  setup(builder) {
    builder.onLoad({ filter: /\/elements\/scenes\/\w+\.js$/ }, async ({ path }) => {
      const name = basename(path, '.js');
      const { [name]: scene } = await import(path);
      return { contents: `export const ${name} = ${JSON.stringify({ ...scene, views: {} })};` };
    });
  },
};

/** The recorded views, in the files elements/NAME.MODEL.js. @param {string} name of an element @param {string} folder */
async function writeViews(name, folder) {
  for (const [model, scene] of [
    ['tales', english],
    ['poems', chinese],
  ]) {
    const view = JSON.stringify(packedView(/** @type {any} */ (scene).views, name) ?? null);
    const call = `${INTERNALS}['elements/scenes.js'].addView`;
    await write(`elements/${name}.${model}.js`, `${call}("${model}","${name}",${view});\n`, folder);
  }
}

const INTERNALS = "globalThis[Symbol.for('jielong.internals')]";

/**
 * Source of the module 'elements.js' that loads an element when a page contains it.
 * @param {Part[]} parts @param {string} load an expression: a function that loads a file of elements/
 */
const lazySource = (parts, load) => `
  import { loadScript } from './elements/classic.js';
  import { here } from './elements/here.js';
  import { defineLazily } from './elements/lazy.js';
  import { loadViewsBy } from './elements/scenes.js';
  export { configure, loaded, provide } from './elements/page.js';
  export const TAGS = ${JSON.stringify(parts.map(({ name }) => `jl-${name}`))};
  const load = ${load};
  loadViewsBy((name, model) => load(name + '.' + model));
  const part = async (name) => (await load(name), ${INTERNALS}[name]);
  export const define = defineLazily({ ${parts.map(({ name }) => `'jl-${name}': () => part('${name}')`)} });`;

/**
 * A file with the shared modules.
 * @param {'iife' | 'esm'} format @param {Part[]} parts @param {string[]} shared
 * @param {{ api: string, load: string, entry: string, plugins?: import('esbuild').Plugin[] }} sources
 */
async function buildShared(format, parts, shared, { api, load, entry, plugins = [] }) {
  // Named imports, because a namespace object costs a function for each of its names.
  const modules = await Promise.all(
    shared.map(async (name, i) => {
      const names = await exportsOf(name);
      return {
        from: `import { ${names.map((one) => `${one} as ${one}_${i}`)} } from './${name}';`,
        entry: `'${name}': { ${names.map((one) => `${one}: ${one}_${i}`)} }`,
      };
    }),
  );
  const { outputFiles } = await build({
    ...common,
    format,
    ...(format === 'iife' && { define: { 'import.meta.url': 'BASE' } }),
    stdin: {
      resolveDir: web,
      contents: `
        import * as api from '${API}';
        ${modules.map((one) => one.from).join('\n')}
        ${INTERNALS} ??= { '${API}': api, ${modules.map((one) => one.entry)} };
        ${entry}`,
    },
    plugins: [
      instead(['elements.js'], () => lazySource(parts, load)),
      outside,
      scenesWithoutViews,
      ...plugins,
      flat(api),
    ],
  });
  return outputFiles[0].text;
}

/** elements/NAME.js: a script that imports nothing, so it loads as a module and as a classic script. @param {Part} part @param {string[]} shared @param {string} folder */
async function buildPart({ name, file, type }, shared, folder) {
  const { outputFiles } = await build({
    ...common,
    format: 'iife',
    stdin: {
      resolveDir: web,
      contents: `
        import { ${type} } from './${file}';
        ${INTERNALS}['${name}'] = ${type};`,
    },
    plugins: [
      instead(shared, (one) => picked(one, `${INTERNALS}['${one}']`)),
      flat(`export const { apiModule } = ${INTERNALS}['${API}'];`),
    ],
  });
  await write(`elements/${name}.js`, outputFiles[0].text, folder);
}

/**
 * The elements as modules: `name`, and elements/ beside it.
 * @param {string} folder @param {string} name @param {import('esbuild').Plugin[]} [plugins]
 */
export async function buildModuleElements(folder, name, plugins) {
  const parts = await readParts();
  const shared = await sharedModules(parts);
  await write(name, await moduleSource(parts, shared, plugins), folder);
  await mkdir(join(folder, 'elements'), { recursive: true });
  for (const part of parts) {
    await buildPart(part, shared, folder);
    await writeViews(part.name, folder);
  }
  return { parts, shared };
}

/** @param {Part[]} parts @param {string[]} shared @param {import('esbuild').Plugin[]} [plugins] */
function moduleSource(parts, shared, plugins) {
  // A literal for each, because bundlers of pages recognise only that.
  const literals = (/** @type {string[]} */ names, folder = '', ext = '') =>
    names.map((name) => `'${name}': () => import('./${folder}${name}${ext}')`);
  const names = parts.map(({ name }) => name);
  const files = names.flatMap((name) => [name, `${name}.tales`, `${name}.poems`]);
  return buildShared('esm', parts, shared, {
    api: `const modules = { ${literals(FETCHED)} };\nexport const apiModule = (name) => modules[name]();`,
    load: `(name) => ({ ${literals(files, 'elements/', '.js')} })[name]()`,
    entry: `export { configure, define, loaded, provide, TAGS } from './elements.js';`,
    plugins,
  });
}

/** jielong-elements.js, embed.js, and elements/ for both. */
async function buildLazy() {
  const { parts, shared } = await buildModuleElements(out, 'jielong-elements.js');
  const script = await buildShared('iife', parts, shared, {
    api: `export { apiModule } from './elements/classic.js';`,
    load: "(name) => loadScript(here('elements/' + name + '.js'))",
    entry: `import './elements/embed.js';
      import { offerModels } from './elements/classic.js';
      offerModels();`,
  });
  await write('embed.js', `(()=>{${OF_SCRIPT}${script}})();\n`);
}

/** BASE of a classic script: its address. */
export const OF_SCRIPT = 'const BASE=document.currentScript?.src||document.baseURI;';

/** The engine with training and chats inside, once for both files that contain it. */
export const wholeEngine = () =>
  engineFunction({
    shared: ALL_SHARED,
    workers: [POOL_WORKER, ...WORKERS],
    plugins: [],
  });

/**
 * A file with everything inside.
 * @param {'iife' | 'esm'} format @param {string} code of the engine @param {string} contents of the entry
 */
export async function buildWhole(format, code, contents) {
  const api = `
    ${FETCHED.map((name) => `import * as ${identifier(name)} from './${name}';`).join('\n')}
    const modules = { ${FETCHED.map((name) => `'${name}': ${identifier(name)}`)} };
    export const apiModule = async (name) => modules[name];
    export const all = { ${ENTRIES.map((name) => `...${identifier(name)}`)} };`;
  const { outputFiles } = await build({
    ...common,
    format,
    define: { 'import.meta.url': 'BASE' },
    external: ['node:*'],
    stdin: { resolveDir: web, contents },
    plugins: [
      instead(['engine-function.js'], () => `export const modules = E(BASE);\n${code}`),
      instead(ALL_SHARED, async (name) => {
        const from = `modules.${identifier(name)}`;
        return `import { modules } from './engine-function.js';\n${await picked(name, from)}`;
      }),
      instead(['engine/assets.js'], () => assetsModule(true)),
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

/** embed-parent.js, for pages with frames. */
async function buildParent() {
  const contents = `import { attendFrames } from './elements/frames.js';\nattendFrames();`;
  const { outputFiles } = await build({
    ...common,
    format: 'iife',
    define: { 'import.meta.url': "''" },
    stdin: { resolveDir: web, contents },
  });
  await write('embed-parent.js', outputFiles[0].text);
}

/** Everything of the elements. */
export async function buildElements() {
  await buildLazy();
  await buildParent();
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
