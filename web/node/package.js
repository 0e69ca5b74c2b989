/**
 * package.js - builds dist/, the files of the npm package; `make package` runs it after the build.
 *
 *   jielong.js, train.js and what users import             ES modules, with shared chunks
 *   worker.js, pool-worker.js, template.js, *.wasm         what they name by literals: each in one file, without imports
 *   elements.js, elements/                                 the figures; each file is fetched when a page contains it
 *   jielong.global.js, single.js                           everything but the figures in one classic script, and a module of it
 *   node.js, cli.js                                        for Node; they import the modules
 *   types/                                                 declarations, from build/types
 *   integrity.json                                         the hash of every file, for import maps and script elements
 *
 * Scripts of workers are text in jielong.global.js, not the source of a function: bundlers rewrite functions.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { build } from 'esbuild';
import {
  assetsModule,
  common,
  exportsOf,
  FILES,
  flatUrls,
  instead,
  licences,
  POOL_WORKER,
  root,
  STARTS,
  WASM,
  WORKERS,
  web,
  workerTexts,
} from './bundle.js';
import { buildModuleElements, ENTRIES, FETCHED } from './dist-elements.js';

const out = join(root, 'dist');
/** What users import and no single file contains. */
const FOR_NODE = ['node/node.js', 'node/cli.js'];
const SEPARATE = ['conversation.js', 'connect.js', 'openai.js', 'ai-sdk.js', 'search.js'];
const SCRIPTS = [...STARTS, POOL_WORKER, ...WORKERS];
const licence = await licences(['chat/jinja.js']);

/** @param {string} name @param {string} contents */
const write = (name, contents) => writeFile(join(out, name), contents);

/** The command line finds the included model in the package of the models. @type {import('esbuild').Plugin} */
const modelsPackage = {
  name: 'models package',
  setup(builder) {
    builder.onLoad({ filter: /\/node\/cli\.js$/ }, async ({ path }) => {
      const beside = "fileURLToPath(new URL('../models/tales.gguf', import.meta.url))";
      const text = await readFile(path, 'utf8');
      if (!text.includes(beside)) throw new Error(`package: ${beside} is not in ${path}`);
      const named = "import.meta.resolve('jielong-models/tales.gguf')";
      const found = `(() => { try { return fileURLToPath(${named}); } catch { return 'tales.gguf'; } })()`;
      return { contents: text.replace(beside, found) };
    });
  },
};

/** @satisfies {import('esbuild').BuildOptions} */
const modules = {
  ...common,
  write: true,
  format: /** @type {const} */ ('esm'),
  outdir: out,
  entryNames: '[name]',
  external: ['node:*'],
};

/** The modules: entries, and chunks of what several use. */
async function buildModules() {
  const { metafile } = await build({
    ...modules,
    splitting: true,
    chunkNames: '[name]-[hash]',
    entryPoints: [...FETCHED, ...SEPARATE, ...FOR_NODE].map((name) => join(web, name)),
    plugins: [modelsPackage, flatUrls],
  });
  // For `make size`: what a page loads before it calls anything.
  const first = ['dist/jielong.js'];
  for (const name of first)
    for (const { path, kind } of metafile.outputs[name].imports)
      if (kind === 'import-statement' && !first.includes(path)) first.push(path);
  await writeFile(join(root, 'build', 'page-modules.txt'), `${first.join('\n')}\n`);
}

/**
 * A comment that makes a file longer than 4 KB, because Vite puts shorter ones into scripts as data: addresses, from
 * which a page's policy can forbid workers.
 */
const LONG = `/*${' '.repeat(4096)}*/`;

/** The workers: one file each, because a worker of a bundler has no chunks. */
async function buildWorkers() {
  for (const name of SCRIPTS) {
    const entryPoints = [join(web, name)];
    const { outputFiles, metafile } = await build({ ...common, format: 'esm', entryPoints });
    const [{ text }] = outputFiles;
    const [{ imports }] = Object.values(metafile.outputs);
    if (imports.length) throw new Error(`package: ${name} imports ${imports[0].path}`);
    if (text.includes('import.meta')) throw new Error(`package: ${name} has an address`);
    const head = name === 'chat/template.js' ? licence : name === POOL_WORKER ? LONG : '';
    await write(basename(name), `${head}\n${text}`);
  }
  for (const name of [...WASM, ...FILES]) await copyFile(join(web, name), join(out, name));
}

/** Names that the entries export, and their module. @returns {Promise<Map<string, string>>} */
async function allNames() {
  const owner = new Map();
  for (const entry of ENTRIES) for (const name of await exportsOf(entry)) owner.set(name, entry);
  return owner;
}

/**
 * jielong.global.js: window.jielong, with everything inside. single.js: the same as a module, which runs after any
 * bundler; it imports the script instead of having all once more.
 */
async function buildSingle() {
  const scripts = JSON.stringify(await workerTexts(SCRIPTS));
  const names = await allNames();
  const list = [...names.keys()].join(', ');
  const imports = [...names].map(([name, entry]) => `import { ${name} } from './${entry}';`);
  const { outputFiles } = await build({
    ...common,
    format: 'iife',
    define: { 'import.meta.url': '""' },
    external: ['node:*'],
    stdin: {
      resolveDir: web,
      contents: `${imports.join('\n')}\nglobalThis.jielong = { ${list} };`,
    },
    plugins: [
      instead(['engine/assets.js'], () => assetsModule(true)),
      instead(
        ['engine/embedded.js'],
        () => `const scripts = ${scripts};\nexport const workerInside = (name) => scripts[name];`,
      ),
    ],
  });
  await write('jielong.global.js', `${licence}\n${outputFiles[0].text}`);
  await write(
    'single.js',
    `import './jielong.global.js';\nexport const { ${list} } = globalThis.jielong;\n`,
  );
}

/**
 * The elements find models in models/ beside the page, because the address of a bundled script says nothing, and some
 * bundlers replace it by a path of the builder's disk.
 * @type {import('esbuild').Plugin}
 */
const besidePage = {
  name: 'beside the page',
  setup(builder) {
    builder.onLoad({ filter: /\/(elements\/here|ui\/i18n)\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const [before, after] = text.split('import.meta.url');
      return {
        contents: `${before.replace("ROOT = '../'", "ROOT = './'")}document.baseURI${after}`,
      };
    });
  },
};

/* ---- Types ----------------------------------------------------------------------------------- */

const types = join(root, 'build', 'types');
/** Declarations that no module of web/ has. @type {Record<string, string>} */
const OWN_TYPES = {
  'single.d.ts': ENTRIES.map((name) => `export * from './${name}';`)
    .concat("export { createTrainer } from './train.js';\n")
    .join('\n'),
  'jielong.global.d.ts': `import type * as all from './single.js';
declare global {
  interface Window { jielong: typeof all }
  var jielong: typeof all;
}
`,
  'elements.d.ts': `export { configure, loaded, provide } from './elements/page.js';
/** Names of the elements. */
export const TAGS: string[];
/** Loads an element now, with its recorded views of some models; resolves with its class. */
export function define(tag: string, models?: string[]): Promise<CustomElementConstructor>;
`,
};

/** Copies a declaration and those that it imports. @param {string} name @param {Set<string>} done */
async function copyTypes(name, done) {
  if (done.has(name)) return;
  done.add(name);
  const text = OWN_TYPES[name] ?? (await readFile(join(types, name), 'utf8'));
  await mkdir(dirname(join(out, 'types', name)), { recursive: true });
  await write(join('types', name), text);
  for (const [, path] of text.matchAll(/(?:from |import\()["'](\.[^"']+)\.js["']/g))
    await copyTypes(join(dirname(name), `${path}.d.ts`), done);
}

async function buildTypes() {
  const done = new Set();
  for (const name of [...ENTRIES, ...SEPARATE, 'node/node.js'])
    await copyTypes(name.replace(/\.js$/, '.d.ts'), done);
  for (const name of Object.keys(OWN_TYPES)) await copyTypes(name, done);
}

/** The hash of every script and .wasm. */
async function writeIntegrity() {
  /** @type {Record<string, string>} */ const hashes = {};
  const names = await readdir(out, { recursive: true });
  for (const name of names.sort().filter((one) => /\.(js|wasm)$/.test(one))) {
    const hash = createHash('sha256').update(await readFile(join(out, name)));
    hashes[relative('.', name)] = `sha256-${hash.digest('base64')}`;
  }
  await write('integrity.json', `${JSON.stringify(hashes, null, 1)}\n`);
}

if (!WASM.includes('jielong-relaxed.wasm'))
  throw new Error('package: jielong-relaxed.wasm is missing (wasm/toolchain.sh relaxed)');
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await buildModules();
await buildWorkers();
await buildSingle();
await buildModuleElements(out, 'elements.js', [besidePage]);
await buildTypes();
await writeIntegrity();
