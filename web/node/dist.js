/**
 * dist.js - the engine for delivery, from web/ into build/dist; `make dist` runs it after the build.
 *
 *   build/dist/jielong.js   one ES module: the interface, its worker and the .wasm inside
 *   build/dist/NAME         what it fetches when it is first wanted, if at all (PARTS, WORKERS, FILES)
 *   build/dist/files/       the same as separate files in the folders of web/, each minified, nothing inside another
 *
 * One file. Everything that a worker runs is one function E, which makes its modules when it is called: the
 * page calls it for what both sides need, and the worker's script is its source, `(E)(base).start(…)`,
 * so nothing is there twice. A .wasm is deflated and written as base64, which gzip brings back to
 * within 2 % of its deflated size; as plain base64 it would be half as large again. The parts take
 * what they share with the engine from jielong.js, so that there is one JielongError.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { build, transform } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const web = join(root, 'web');
const out = join(root, 'build', 'dist');

/** What goes inside, and the modules that both sides of a worker need. */
const RELAXED = 'jielong-relaxed.wasm'; // where there was a compiler for it
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
  'engine/start-worker.js',
  'engine/threads.js',
];
/** What parts take from the one file besides. */
const INTERNALS = [...SHARED, 'engine/backend.js', 'base/options.js'];
/** Modules that are fetched on demand: by the engine, or by whoever imports them. */
const PARTS = [
  'chat/chat.js',
  'engine/train-engine.js',
  'ngram.js',
  'tokenizer-trainer.js',
  'train.js',
];
/** The script of pool workers, which is inside as text of its own: it needs next to nothing of the engine. */
const POOL_WORKER = 'engine/pool-worker.js';
/** Scripts of workers that are fetched on demand; and what else is. */
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

/** The identifier that stands for a module. @param {string} name */
const identifier = (name) => basename(name, '.js').replaceAll('-', '_');

/** The name in web/ of what a module imports. @param {import('esbuild').OnResolveArgs} args */
const nameOf = ({ resolveDir, path }) => relative(web, join(resolveDir, path));

/**
 * A plugin: the parts, and the modules `names`, lie beside the output and are not bundled. What a module names
 * relative to itself (a worker, a .wasm) lies there too.
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
 * A plugin: imports of the modules `names` get `contents(name)` instead of the file.
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

/** Re-exports of what another module has gathered: `export const { a, b } = from`. @param {string} name @param {string} from */
const picked = async (name, from) => `export const { ${await exportsOf(name)} } = ${from};`;

/** embedded.js of the one file. It runs inside E, whose source is the worker's script. */
async function embeddedModule() {
  /** @type {Record<string, string>} */
  const packed = {};
  for (const name of WASM)
    packed[name] = deflateRawSync(await readFile(join(web, name)), { level: 9 }).toString('base64');
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
      // Not by a Blob's stream: WebKit does not read one in a worker of a page from disk.
      const { writable, readable } = new DecompressionStream('deflate-raw');
      const writer = writable.getWriter();
      writer.write(bytes).catch(() => {}); // the other end says it
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

/** The licences that files bring along as their first comment, which minifying would lose. @param {string[]} names */
async function licences(names) {
  const texts = await Promise.all(names.map((name) => readFile(join(web, name), 'utf8')));
  const heads = texts.map((text) => text.match(/^\/\*[\s\S]*?\*\//)?.[0] ?? '');
  return heads
    .filter((head) => /Permission is hereby granted|Licensed under/.test(head))
    .join('\n');
}

/** Everything that a worker runs: `function E(BASE){…}`, BASE being the address of jielong.js. */
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
  if (twice.length) throw new Error(`dist: ${twice} is in what a worker runs; add it to SHARED`);
  // A Blob has no neighbours: what lies beside jielong.js is named in full.
  const code = outputFiles[0].text.replace(
    /\bimport\("(\.\/[\w-]+\.js)"\)/g,
    'import(new URL("$1",BASE).href)',
  );
  return `function E(BASE){${code}return modules}`;
}

/** jielong.js, the one file. */
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

/** A module that is fetched on demand. @param {string} name */
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

/** A script of a worker that is fetched on demand. @param {string} name */
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
