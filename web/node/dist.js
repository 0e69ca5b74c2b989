/**
 * dist.js - builds the distribution from web/ into build/dist; `make dist` runs it after the build.
 *
 *   build/dist/jielong.js   one ES module with the API, its worker and the .wasm embedded
 *   build/dist/NAME         files that it fetches on first use (PARTS, WORKERS, FILES)
 *   build/dist/files/       the same as separate minified files, in the folders of web/
 *
 * The single file has no duplicate code: a function E contains all modules of the worker. The page calls
 * E for the modules that both sides use; the worker's script is E's source, `(E)(base).start(…)`. A .wasm
 * is deflated by Zopfli (6 % smaller than zlib's), then base64; gzip compresses that to within 2 % of the
 * deflated size (base64 alone would be 50 % larger). Parts import shared modules from jielong.js, so that there is one JielongError.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import zopfli from '@gfx/zopfli';
import { build, transform } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const web = join(root, 'web');
const out = join(root, 'build', 'dist');

/** @type {(bytes: Uint8Array, options: object) => Promise<Uint8Array>} */
const zopfliDeflate = promisify(zopfli.deflate);
/** A raw deflate stream. @param {Uint8Array} bytes */
const deflate = (bytes) => zopfliDeflate(bytes, {});

/** Embedded files, and the modules of both page and worker. */
const RELAXED = 'jielong-relaxed.wasm'; // optional: needs its own compiler
const WASM = ['jielong.wasm', ...(existsSync(join(web, RELAXED)) ? [RELAXED] : [])];
const STARTS = ['engine/worker.js'];
const SHARED = [
  'base/error.js',
  'base/host.js',
  'source/sha256.js',
  'source/source.js',
  'engine/embedded.js',
  'engine/engine.js',
  'engine/exports.js',
  'engine/instance.js',
  'engine/kernels.js',
  'engine/link.js',
  'engine/readings.js',
  'engine/state.js',
  'engine/start-worker.js',
  'engine/threads.js',
];
/** Modules that parts import from the single file. */
const INTERNALS = [...SHARED, 'engine/backend.js', 'base/options.js'];
/** Modules fetched on demand, by the engine or by the page. */
const PARTS = [
  'chat/chat.js',
  'engine/train-engine.js',
  'ngram.js',
  'tokenizer-trainer.js',
  'train.js',
];
/** The script of pool workers, embedded as separate text because it shares little with the engine. */
const POOL_WORKER = 'engine/pool-worker.js';
/** Worker scripts and other files fetched on demand. */
const WORKERS = ['chat/template.js'];
const FILES = ['jielong-train.wasm'];

const target = 'es2022';
const common = /** @type {const} */ ({
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  target,
  charset: 'utf8',
  legalComments: 'inline',
});

/** The identifier of a module. @param {string} name */
const identifier = (name) => basename(name, '.js').replaceAll('-', '_');

/** The name in web/ of an imported module. @param {import('esbuild').OnResolveArgs} args */
const nameOf = ({ resolveDir, path }) => relative(web, join(resolveDir, path));

/**
 * A plugin: does not bundle parts and the modules `names`; they are files beside the output, as are workers and
 * .wasm files named by relative URLs.
 * @param {string[]} [names]
 * @returns {import('esbuild').Plugin}
 */
const beside = (names = []) => ({
  name: 'beside',
  setup(builder) {
    const outside = [...names, ...PARTS, ...WORKERS];
    builder.onResolve({ filter: /^\.\.?\// }, (args) =>
      args.kind !== 'entry-point' && outside.includes(nameOf(args))
        ? { path: `./${basename(args.path)}`, external: true }
        : undefined,
    );
    builder.onLoad({ filter: /\/web\/[\w/-]+\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(
        /new URL\((['"`])[^'"`]*\/([^'"`/]+)\1, import\.meta\.url\)/g,
        'new URL($1./$2$1, import.meta.url)',
      ),
    }));
  },
});

/**
 * A plugin: replaces the modules `names` by `contents(name)`.
 * @param {string[]} names @param {(name: string) => string | Promise<string>} contents
 * @returns {import('esbuild').Plugin}
 */
const instead = (names, contents) => ({
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
const exportsOf = async (name) => Object.keys(await import(pathToFileURL(join(web, name)).href));

/** Source of a module's exports, taken from an object: `export const { a, b } = from`. @param {string} name @param {string} from */
const picked = async (name, from) => `export const { ${await exportsOf(name)} } = ${from};`;

/** embedded.js of the single file. It runs inside E. */
async function embeddedModule() {
  /** @type {Record<string, string>} */
  const packed = {};
  for (const name of WASM)
    packed[name] = Buffer.from(await deflate(await readFile(join(web, name)))).toString('base64');
  const { outputFiles } = await build({
    ...common,
    format: 'iife',
    entryPoints: [join(web, POOL_WORKER)],
  });
  return `
    const poolWorker = ${JSON.stringify(outputFiles[0].text)};
    const packed = ${JSON.stringify(packed)};
    export async function wasmInside(name) {
      const bytes = Uint8Array.from(atob(packed[name]), (c) => c.charCodeAt(0));
      // Not a Blob's stream: WebKit cannot read one in a worker of a file: page.
      const { writable, readable } = new DecompressionStream('deflate-raw');
      const writer = writable.getWriter();
      writer.write(bytes).catch(() => {}); // the reader throws it
      writer.close().catch(() => {});
      return new Response(readable).arrayBuffer();
    }
    export const workerInside = (name) =>
      name === '${basename(POOL_WORKER)}' ? poolWorker :
      ${JSON.stringify(STARTS.map((name) => basename(name)))}.includes(name) ? '(' + E + ')(' + JSON.stringify(BASE) + ').start(' + JSON.stringify(name) + ')' : undefined;
  `;
}

/** The files of web/ that a build has read. @param {import('esbuild').Metafile} metafile */
const sources = (metafile) =>
  Object.keys(metafile.inputs)
    .filter((path) => /^web\/[\w/-]+\.js$/.test(path))
    .map((path) => relative('web', path));

/** The licences in the first comments of files; the minifier drops them. @param {string[]} names */
async function licences(names) {
  const texts = await Promise.all(names.map((name) => readFile(join(web, name), 'utf8')));
  const heads = texts.map((text) => text.match(/^\/\*[\s\S]*?\*\//)?.[0] ?? '');
  return heads
    .filter((head) => /Permission is hereby granted|Licensed under/.test(head))
    .join('\n');
}

/** The source of E, with the worker's modules: `function E(BASE){…}`. BASE: URL of jielong.js. */
async function engineFunction() {
  const { outputFiles, metafile } = await build({
    ...common,
    format: 'iife',
    globalName: 'modules',
    define: { 'import.meta.url': 'BASE' },
    stdin: {
      resolveDir: web,
      contents: `
        ${SHARED.map((name) => `export * as ${identifier(name)} from './${name}';`).join('\n')}
        const starts = { ${STARTS.map((name) => `'${basename(name)}': () => require('./${name}')`)} };
        export const start = (name) => starts[name]();`,
    },
    plugins: [instead(['engine/embedded.js'], embeddedModule), beside()],
  });
  const twice = sources(metafile).filter((name) => ![...SHARED, ...STARTS].includes(name));
  if (twice.length) throw new Error(`dist: the worker imports ${twice}; add it to SHARED`);
  // A Blob cannot resolve relative URLs, so they become absolute.
  const code = outputFiles[0].text.replace(
    /\bimport\("(\.\/[\w-]+\.js)"\)/g,
    'import(new URL("$1",BASE).href)',
  );
  return `function E(BASE){${code}return modules}`;
}

/** jielong.js, the single file. */
async function buildOne() {
  const code = await engineFunction();
  const { outputFiles, metafile } = await build({
    ...common,
    format: 'esm',
    stdin: {
      resolveDir: web,
      contents: `
        export * from './jielong.js';
        import * as backend from './engine/backend.js';
        import * as options from './base/options.js';
        import { modules } from './engine-function.js';
        export const internals = { ...modules, backend, options };`,
    },
    plugins: [
      instead(['engine-function.js'], () => `export const modules = E(import.meta.url);\n${code}`),
      instead(SHARED, async (name) => {
        const from = `modules.${identifier(name)}`;
        return `import { modules } from './engine-function.js';\n${await picked(name, from)}`;
      }),
      beside(),
    ],
  });
  await writeFile(join(out, 'jielong.js'), outputFiles[0].contents);
  return sources(metafile);
}

/** A module fetched on demand. @param {string} name */
async function buildPart(name) {
  const { outputFiles, metafile } = await build({
    ...common,
    format: 'esm',
    entryPoints: [join(web, name)],
    plugins: [
      instead(INTERNALS, async (one) => {
        const from = `internals.${identifier(one)}`;
        return `import { internals } from './jielong.js';\n${await picked(one, from)}`;
      }),
      beside(['jielong.js']),
    ],
  });
  await writeFile(join(out, basename(name)), outputFiles[0].contents);
  return sources(metafile);
}

/** A worker script fetched on demand. @param {string} name */
async function buildWorker(name) {
  const entryPoints = [join(web, name)];
  const plugins = [beside()];
  const { outputFiles, metafile } = await build({ ...common, format: 'esm', entryPoints, plugins });
  const used = sources(metafile);
  const head = await licences(used);
  await writeFile(
    join(out, basename(name)),
    head ? `${head}\n${outputFiles[0].text}` : outputFiles[0].text,
  );
  return used;
}

/** Separate files. @param {string[]} names */
async function buildFiles(names) {
  for (const name of names) {
    await mkdir(join(out, 'files', dirname(name)), { recursive: true });
    const text = await readFile(join(web, name), 'utf8');
    const options = /** @type {const} */ ({ minify: true, target, format: 'esm', charset: 'utf8' });
    const { code } = await transform(text, options);
    await writeFile(join(out, 'files', name), (await licences([name])) + code);
  }
  for (const name of [...WASM, ...FILES]) await copyFile(join(web, name), join(out, 'files', name));
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const used = new Set([...SHARED, ...STARTS, POOL_WORKER, ...(await buildOne())]);
for (const name of PARTS) for (const source of await buildPart(name)) used.add(source);
for (const name of WORKERS) for (const source of await buildWorker(name)) used.add(source);
for (const name of FILES) await copyFile(join(web, name), join(out, name));
await buildFiles([...used]);
