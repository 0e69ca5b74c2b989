/**
 * bundle.js - how dist.js and dist-elements.js bundle web/: which modules both sides of a worker share, what stays beside
 * a file, and the engine as one function.
 *
 * The single file has no duplicate code: a function E contains all modules of the worker. The page calls
 * E for the modules that both sides use; the worker's script is E's source, `(E)(base).start(…)`. A .wasm
 * is deflated by Zopfli (6 % smaller than zlib's), then base64; gzip compresses that to within 2 % of the
 * deflated size (base64 alone would be 50 % larger).
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import zopfli from '@gfx/zopfli';
import { build } from 'esbuild';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const web = join(root, 'web');
export const out = join(root, 'build', 'dist');

/** @type {(bytes: Uint8Array, options: object) => Promise<Uint8Array>} */
const zopfliDeflate = promisify(zopfli.deflate);
/** A raw deflate stream. @param {Uint8Array} bytes */
const deflate = (bytes) => zopfliDeflate(bytes, {});

/** Embedded files by their names in assets.js, and the modules of both page and worker. */
const RELAXED = 'jielong-relaxed.wasm'; // optional: needs its own compiler
export const WASM = ['jielong.wasm', ...(existsSync(join(web, RELAXED)) ? [RELAXED] : [])];
export const STARTS = ['engine/worker.js'];
export const SHARED = [
  'base/error.js',
  'base/host.js',
  'source/part-names.js',
  'source/sha256.js',
  'source/source.js',
  'engine/embedded.js',
  'engine/engine.js',
  'engine/exports.js',
  'engine/instance.js',
  'engine/kernels.js',
  'engine/link.js',
  'engine/readings.js',
  'engine/receive.js',
  'engine/sampling.js',
  'engine/state.js',
  'engine/start-worker.js',
  'engine/threads.js',
];
/** Modules that parts import from the single file. */
export const INTERNALS = [...SHARED, 'engine/assets.js', 'engine/backend.js', 'base/options.js'];
/** Modules fetched on demand, by the engine or by the page. */
export const PARTS = [
  'texts.js',
  'counts.js',
  'chat/chat.js',
  'chat/tools.js',
  'schema/schema.js',
  'engine/train-engine.js',
  'ngram.js',
  'source/store.js',
  'source/parts.js',
  'stored.js',
  'tokenizer-trainer.js',
  'train.js',
  'conversation.js',
  'connect.js',
  'openai.js',
  'ai-sdk.js',
  'search.js',
];
/** The script of pool workers, embedded as separate text because it shares little with the engine. */
export const POOL_WORKER = 'engine/pool-worker.js';
/** Worker scripts and other files fetched on demand. */
export const WORKERS = ['chat/template.js'];
export const FILES = ['jielong-all.wasm', 'jielong-train.wasm'];

export const target = 'es2022';
export const common = /** @type {const} */ ({
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  target,
  charset: 'utf8',
  legalComments: 'inline',
});

/** The identifier of a module. @param {string} name */
export const identifier = (name) => basename(name, '.js').replaceAll('-', '_');

/** The name in web/ of an imported module. @param {import('esbuild').OnResolveArgs} args */
const nameOf = ({ resolveDir, path }) => relative(web, join(resolveDir, path));

/** A plugin: files named by relative URLs lie beside the output. @type {import('esbuild').Plugin} */
export const flatUrls = {
  name: 'flat URLs',
  setup(builder) {
    builder.onLoad({ filter: /\/web\/[\w/-]+\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(
        /new URL\((['"`])[^'"`]*\/([^'"`/]+)\1, import\.meta\.url\)/g,
        'new URL($1./$2$1, import.meta.url)',
      ),
    }));
  },
};

/**
 * A plugin: does not bundle parts and the modules `names`; they are files beside the output, as are workers and
 * .wasm files named by relative URLs.
 * @param {string[]} [names]
 * @returns {import('esbuild').Plugin}
 */
export const beside = (names = []) => ({
  name: 'beside',
  setup(builder) {
    const outside = [...names, ...PARTS, ...WORKERS];
    builder.onResolve({ filter: /^\.\.?\// }, (args) =>
      args.kind !== 'entry-point' && outside.includes(nameOf(args))
        ? { path: `./${basename(args.path)}`, external: true }
        : undefined,
    );
    flatUrls.setup(builder);
  },
});

/**
 * A plugin: replaces the modules `names` by `contents(name)`.
 * @param {string[]} names @param {(name: string) => string | Promise<string>} contents
 * @returns {import('esbuild').Plugin}
 */
export const instead = (names, contents) => ({
  name: `instead of ${names}`,
  setup(builder) {
    const space = `instead:${names}`;
    builder.onResolve({ filter: /^\.\.?\// }, (args) =>
      names.includes(nameOf(args)) ? { path: nameOf(args), namespace: space } : undefined,
    );
    builder.onLoad({ filter: /./, namespace: space }, async ({ path }) => ({
      contents: await contents(path),
      resolveDir: web,
    }));
  },
});

/** The names that a module of web/ exports, without `default`. @param {string} name */
export async function exportsOf(name) {
  const options = /** @type {const} */ ({ ...common, format: 'esm', logLevel: 'silent' });
  const { metafile } = await build({ ...options, entryPoints: [join(web, name)] });
  const [{ exports }] = Object.values(metafile.outputs);
  return exports.filter((one) => one !== 'default');
}

/** Source of a module's exports, taken from an object: `export const { a, b } = from`. @param {string} name @param {string} from */
export const picked = async (name, from) => `export const { ${await exportsOf(name)} } = ${from};`;

/** A .wasm file as text in a script. @param {string} name */
async function packed(name) {
  const bytes = await deflate(await readFile(join(web, name)));
  return JSON.stringify({ kind: 'packed', name, base64: Buffer.from(bytes).toString('base64') });
}

/**
 * assets.js of a file with the engine's .wasm files inside; the others are beside it. The workers' scripts are in
 * embedded.js.
 * @param {boolean} [alone] nothing is beside it: a module that does everything stands for all but the relaxed kernels
 */
export async function assetsModule(alone = false) {
  const beside = (/** @type {string} */ name) =>
    `{ kind: 'url', url: new URL('./${name}', import.meta.url).href }`;
  const files = alone
    ? 'engine, train: engine'
    : `engine, all: ${beside('jielong-all.wasm')}, train: ${beside('jielong-train.wasm')}`;
  return `
    export const ENGINE = { name: 'worker.js' };
    export const POOL_WORKER = { name: 'pool-worker.js' };
    export const assets = () => {
      const engine = ${await packed(alone ? 'jielong-whole.wasm' : 'jielong.wasm')};
      return { ${files}, ${WASM.includes(RELAXED) ? `relaxed: ${await packed(RELAXED)}` : ''} };
    };`;
}

/** Scripts of workers as text, by name. @param {string[]} workers @param {import('esbuild').Plugin[]} [plugins] */
export async function workerTexts(workers, plugins = []) {
  /** @type {Record<string, string>} */ const scripts = {};
  for (const name of workers) {
    const entryPoints = [join(web, name)];
    const { outputFiles } = await build({ ...common, format: 'iife', entryPoints, plugins });
    scripts[basename(name)] = outputFiles[0].text;
  }
  return scripts;
}

/**
 * embedded.js of a file with everything inside. It runs inside E.
 * @param {string[]} workers whose scripts are separate text, because they share little with E
 */
async function embeddedModule(workers) {
  return `
    const scripts = ${JSON.stringify(await workerTexts(workers))};
    export const workerInside = (name) => scripts[name] ??
      (${JSON.stringify(STARTS.map((name) => basename(name)))}.includes(name) ? '(' + E + ')(' + JSON.stringify(BASE) + ').start(' + JSON.stringify(name) + ')' : undefined);
  `;
}

/** The files of web/ that a build has read. @param {import('esbuild').Metafile} metafile */
export const sources = (metafile) =>
  Object.keys(metafile.inputs)
    .filter((path) => /^web\/[\w/-]+\.js$/.test(path))
    .map((path) => relative('web', path));

/** The licences in the first comments of files; the minifier drops them. @param {string[]} names */
export async function licences(names) {
  const texts = await Promise.all(names.map((name) => readFile(join(web, name), 'utf8')));
  const heads = texts.map((text) => text.match(/^\/\*[\s\S]*?\*\//)?.[0] ?? '');
  return heads
    .filter((head) => /Permission is hereby granted|Licensed under/.test(head))
    .join('\n');
}

/**
 * The source of E, with the worker's modules: `function E(BASE){…}`. BASE: URL of the file with E.
 * @param {object} [options]
 * @param {string[]} [options.shared] modules of both page and worker
 * @param {string[]} [options.workers] further embedded worker scripts
 * @param {import('esbuild').Plugin[]} [options.plugins]
 */
export async function engineFunction({
  shared = SHARED,
  workers = [POOL_WORKER],
  plugins = [beside()],
} = {}) {
  const { outputFiles, metafile } = await build({
    ...common,
    format: 'iife',
    globalName: 'modules',
    define: { 'import.meta.url': 'BASE' },
    stdin: {
      resolveDir: web,
      contents: `
        ${shared.map((name) => `export * as ${identifier(name)} from './${name}';`).join('\n')}
        const starts = { ${STARTS.map((name) => `'${basename(name)}': () => require('./${name}')`)} };
        export const start = (name) => starts[name]();`,
    },
    plugins: [instead(['engine/embedded.js'], () => embeddedModule(workers)), ...plugins],
  });
  const twice = sources(metafile).filter((name) => ![...shared, ...STARTS].includes(name));
  if (twice.length) throw new Error(`dist: the worker imports ${twice}; add it to SHARED`);
  // A Blob cannot resolve relative URLs, so they become absolute.
  const code = outputFiles[0].text.replace(
    /\bimport\("(\.\/[\w-]+\.js)"\)/g,
    'import(new URL("$1",BASE).href)',
  );
  return `function E(BASE){${code}return modules}`;
}
