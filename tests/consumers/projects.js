/**
 * projects.js - the consumers of the package: small projects as data.
 *
 * A page is built by `build`, or served by `serve` (the word PORT in it), with `tools` from the registry; `site` is the
 * folder that a plain server gets. Its script is MAIN, or the script in `files`. A program is run by `run` and prints
 * its result as JSON. What is written nowhere: package.json, program.js, and chat.gguf in the folder `open`.
 */

/**
 * @typedef {object} Project
 * @property {string} name in the table
 * @property {string} what of the package it uses, in the table
 * @property {boolean} [quick] whether CI runs it
 * @property {Record<string, string>} [tools] packages and their versions
 * @property {number} [node] version that runs the tools, if not this one
 * @property {Record<string, any>} [settings] more of package.json
 * @property {Record<string, string>} files
 * @property {string[][]} [build] commands
 * @property {string[]} [serve] a command
 * @property {string[]} [run] a command
 * @property {string} [open] folder whose files lie at the top of the site; default: site
 * @property {string} [site]
 * @property {boolean} [relaxed] whether a program has relaxed SIMD; default: yes
 */

const HEAD = '<!doctype html><html lang="en"><meta charset="utf-8"><title>consumer</title>';
const ICON = '<link rel="icon" href="data:,">';
const FIGURE = '<jl-tokens text="hello"></jl-tokens>';
const page = (/** @type {string} */ script) => `${HEAD}${ICON}${script}${FIGURE}</html>\n`;

/** What the page does with the API. */
const TRY = `
const given = { tales, chat: './chat.gguf', threads: crossOriginIsolated, relaxed: true };
window.result = tryAll(api, given).catch((e) => ({ error: String(e.stack ?? e) }));
`;
/** The script of most pages. */
const MAIN = `import * as api from 'jielong';
import 'jielong/elements';
import tales from 'jielong-models/tales';
import { tryAll } from './program.js';
${TRY}`;

/** The script of a program. @param {string} read an expression: the bytes of a file of the models' package, or its path */
const program = (read = "import.meta.resolve('jielong-models/tales.gguf')") => `
import * as api from 'jielong/node';
import { tryAll } from './program.js';
const given = { tales: ${read}, chat: 'chat.gguf', threads: true, relaxed: process.env.RELAXED === '1' };
console.log(JSON.stringify(await tryAll(api, given)));
`;

/** A program that gets the API by require(). */
const REQUIRE = `
const api = require('jielong');
const { tryAll } = require('./program.js');
const given = { tales: require.resolve('jielong-models/tales.gguf'), chat: 'chat.gguf', threads: true, relaxed: process.env.RELAXED === '1' };
tryAll(api, given).then((result) => console.log(JSON.stringify(result)));
`;

/** Uses every subpath with its types. */
const TYPED = `
import { JielongError, loadModel, type Token } from 'jielong';
import type {} from 'jielong/dist/types/jielong.global.js';
import { configure, TAGS } from 'jielong/elements';
import { Ngram } from 'jielong/ngram';
import { loadModel as loadSingle } from 'jielong/single';
import { trainTokenizer } from 'jielong/tokenizer-trainer';
import { createTrainer } from 'jielong/train';
import tales from 'jielong-models/tales';

configure({ models: '/models/' });
const model = await loadModel(tales, { onProgress: ({ loaded }) => console.log(loaded.toFixed(0)) });
const session = await model.createSession();
for await (const token of session.generate('Once', { maxTokens: 3 })) {
  const one: Token = token;
  document.body.append(one.text);
}
const same: typeof loadModel = loadSingle;
const global: typeof loadModel = window.jielong.loadModel;
const trainer = await createTrainer({ text: 'a b' });
for await (const { loss } of trainer.run()) console.log(loss);
for await (const { text } of trainTokenizer('a b')) console.log(text);
const order: number = (await Ngram.open(new Uint8Array())).order;
const error = new JielongError('BAD_ARGUMENT', 'no');
// @ts-expect-error: the option must be a number
await session.complete('x', { maxTokens: 'three' });
console.log(same, global, order, error.code, TAGS);
`;

const ISOLATION = `{ 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }`;
const COPY = 'node_modules/jielong/dist';

const NEXT = {
  tools: { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' },
  files: {
    'main.js': MAIN,
    'next.config.mjs': `export default { output: 'export' };\n`,
    'app/layout.js': `export default function Layout({ children }) {
  return <html lang="en"><head>${ICON.replace('>', ' />')}</head><body>{children}</body></html>;
}
`,
    'app/page.js': `'use client';
import { useEffect } from 'react';
export default function Page() {
  useEffect(() => void import('../main.js'), []);
  return ${FIGURE};
}
`,
  },
  open: 'public',
  site: 'out',
};

const WEBPACK = {
  files: { 'main.js': MAIN, 'dist/index.html': page('<script defer src="main.js"></script>') },
  site: 'dist',
};
const config = `export default { mode: 'production', entry: './main.js', output: { filename: 'main.js' } };\n`;

/** @type {Project[]} */
export const projects = [
  {
    name: 'Vite, dev server',
    what: 'modules',
    quick: true,
    tools: { vite: '8.3.8' },
    files: {
      'main.js': MAIN,
      'index.html': page('<script type="module" src="./main.js"></script>'),
      'vite.config.js': `export default { server: { strictPort: true, headers: ${ISOLATION} } };\n`,
    },
    open: 'public',
    serve: ['vite', '--host', '127.0.0.1', '--port', 'PORT'],
  },
  {
    name: 'Vite, build',
    what: 'modules',
    quick: true,
    tools: { vite: '8.3.8' },
    files: {
      'main.js': MAIN,
      'index.html': page('<script type="module" src="./main.js"></script>'),
    },
    build: [['vite', 'build']],
    open: 'public',
    site: 'dist',
  },
  {
    name: 'webpack 5',
    what: 'modules',
    tools: { webpack: '5.113.0', 'webpack-cli': '7.3.1' },
    ...WEBPACK,
    files: { ...WEBPACK.files, 'webpack.config.mjs': config },
    build: [['webpack']],
  },
  {
    name: 'Rspack',
    what: 'modules',
    quick: true,
    tools: { '@rspack/core': '2.3.3', '@rspack/cli': '2.2.8' },
    ...WEBPACK,
    files: { ...WEBPACK.files, 'rspack.config.mjs': config },
    build: [['rspack', 'build']],
  },
  {
    name: 'Rollup',
    what: 'modules',
    quick: true,
    tools: {
      rollup: '4.68.8',
      '@rollup/plugin-node-resolve': '16.0.3',
      '@web/rollup-plugin-import-meta-assets': '2.3.3',
    },
    files: {
      'main.js': MAIN,
      'dist/index.html': page('<script type="module" src="main.js"></script>'),
      'rollup.config.mjs': `import { nodeResolve } from '@rollup/plugin-node-resolve';
import { importMetaAssets } from '@web/rollup-plugin-import-meta-assets';
export default { input: 'main.js', output: { dir: 'dist' }, plugins: [nodeResolve(), importMetaAssets()] };
`,
    },
    build: [['rollup', '-c']],
    site: 'dist',
  },
  {
    name: 'esbuild, for old syntax',
    what: '`/single`',
    quick: true,
    tools: { esbuild: '0.28.2' },
    files: {
      'main.js': `import * as api from 'jielong/single';
import tales from 'jielong-models/tales.gguf';
import { tryAll } from './program.js';
${TRY}`,
      'dist/index.html': page('<script type="module" src="main.js"></script>'),
    },
    build: [
      // Lower syntax and names on functions are helpers outside of the engine, which its worker must not need.
      'esbuild main.js --bundle --minify --keep-names --target=es2020 --format=esm --loader:.gguf=file --outdir=dist'.split(
        ' ',
      ),
    ],
    site: 'dist',
  },
  {
    name: 'Parcel',
    what: 'modules',
    tools: { parcel: '2.16.4' },
    settings: { '@parcel/resolver-default': { packageExports: true } },
    files: {
      'main.js': MAIN,
      'index.html': page('<script type="module" src="./main.js"></script>'),
    },
    build: [['parcel', 'build', 'index.html', '--no-cache', '--no-source-maps']],
    site: 'dist',
  },
  {
    name: 'Next, static export, Turbopack',
    what: 'modules',
    ...NEXT,
    build: [['next', 'build']],
  },
  {
    name: 'Next, static export, webpack',
    what: 'modules',
    ...NEXT,
    build: [['next', 'build', '--webpack']],
  },
  {
    name: 'Docusaurus',
    what: 'modules',
    tools: {
      '@docusaurus/core': '3.10.2',
      '@docusaurus/preset-classic': '3.10.2',
      react: '19.2.0',
      'react-dom': '19.2.0',
    },
    files: {
      'main.js': MAIN,
      'docusaurus.config.js': `export default { title: 'consumer', url: 'http://localhost', baseUrl: '/', presets: [['classic', { docs: false, blog: false }]] };\n`,
      'src/pages/index.js': `import React, { useEffect } from 'react';
export default function Page() {
  useEffect(() => void import('../../main.js'), []);
  return ${FIGURE};
}
`,
    },
    build: [['docusaurus', 'build']],
    open: 'static',
    site: 'build',
  },
  {
    name: 'Astro',
    what: 'modules',
    node: 24,
    tools: { astro: '7.3.5' },
    files: {
      'main.js': MAIN,
      'src/pages/index.astro': page("<script>import '../../main.js';</script>"),
    },
    build: [['astro', 'build']],
    open: 'public',
    site: 'dist',
  },
  {
    name: 'no bundler: a copy of `dist/`',
    what: 'modules',
    quick: true,
    files: {
      'index.html': page(`<script type="module">
import * as api from './${COPY}/jielong.js';
import './${COPY}/elements.js';
import { tryAll } from './program.js';
const tales = './node_modules/jielong-models/tales.gguf';
${TRY}</script>`),
    },
    site: '.',
  },
  {
    name: 'import map with `integrity`',
    what: 'modules',
    quick: true,
    files: {
      'index.html': page(`<script type="importmap">IMPORTMAP</script>
<script type="module">
import * as api from 'jielong';
import 'jielong/elements';
import { tryAll } from './program.js';
const tales = './node_modules/jielong-models/tales.gguf';
${TRY}</script>`),
    },
    site: '.',
  },
  {
    name: 'classic script with `integrity`',
    what: '`jielong.global.js`',
    quick: true,
    files: {
      'index.html': page(`<script src="${COPY}/jielong.global.js" integrity="GLOBAL"></script>
<script type="module">
import { tryAll } from './program.js';
const api = window.jielong;
const tales = './node_modules/jielong-models/tales.gguf';
${TRY}</script>`),
    },
    site: '.',
  },
  {
    name: '`blob:` and `data:` addresses',
    what: '`jielong.global.js`',
    quick: true,
    files: {
      'index.html': page(`<script type="module">
import { tryAll } from './program.js';
const text = await (await fetch('${COPY}/jielong.global.js')).text();
const blob = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
const encoded = 'data:text/javascript,' + encodeURIComponent(text);
const tales = './node_modules/jielong-models/tales.gguf';
const given = { tales, chat: './chat.gguf', threads: crossOriginIsolated, relaxed: true };
const load = async (address) => (await import(address), globalThis.jielong);
const both = async () => [await tryAll(await load(blob), given), await tryAll(await load(encoded), given)][1];
window.result = both().catch((e) => ({ error: String(e.stack ?? e) }));
</script>`),
    },
    site: '.',
  },
  ...[20, 22, 24].flatMap((version) =>
    [
      { kind: 'import', file: 'main.mjs', text: program() },
      { kind: '`require`', file: 'main.cjs', text: REQUIRE },
    ].map(({ kind, file, text }) => ({
      name: `Node ${version}, ${kind}`,
      what: kind === 'import' ? '`/node`' : 'modules',
      quick: version !== 22,
      node: version,
      settings: { type: file.endsWith('.cjs') ? 'commonjs' : 'module' },
      files: { [file]: text },
      run: ['node', file],
      relaxed: version > 20, // there it needs a flag
    })),
  ),
  {
    name: 'Bun',
    what: '`/node`',
    tools: { '@oven/bun-linux-x64': '1.4.5' },
    settings: { type: 'module' },
    files: { 'main.mjs': program() },
    run: ['node_modules/@oven/bun-linux-x64/bin/bun', 'main.mjs'],
  },
  {
    name: 'Deno',
    what: '`/node`',
    tools: { '@deno/linux-x64-glibc': '2.9.6' },
    settings: { type: 'module' },
    files: { 'main.mjs': program() },
    run: [
      'node_modules/@deno/linux-x64-glibc/deno',
      'run',
      '-A',
      '--node-modules-dir=manual',
      'main.mjs',
    ],
  },
  {
    name: 'TypeScript, strict',
    what: 'every subpath',
    quick: true,
    tools: { typescript: '7.0.2', '@types/node': '20.19.43' },
    settings: { type: 'module' },
    files: {
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          noEmit: true,
          target: 'es2022',
          module: 'nodenext',
          lib: ['es2023', 'dom', 'dom.iterable'],
          types: [],
        },
        files: ['main.ts'],
      }),
      'node/tsconfig.json': JSON.stringify({
        extends: '../tsconfig.json',
        compilerOptions: { types: ['node'] },
        files: ['main.ts'],
      }),
      'node/main.ts': `import { loadModel, makeServer } from 'jielong/node';\nconst port: number = 80;\nmakeServer({ isolate: true }).listen(port);\nconsole.log(loadModel);\n`,
      'main.ts': TYPED,
    },
    build: [
      ['tsc', '-p', '.'],
      ['tsc', '-p', 'node'],
    ],
  },
  {
    name: 'publint',
    what: 'the packed file',
    quick: true,
    tools: { publint: '0.3.25' },
    files: {},
    build: [
      ['publint', 'PACKAGES/jielong-0.1.0.tgz', '--strict'],
      ['publint', 'PACKAGES/jielong-models-0.1.0.tgz', '--strict'],
    ],
  },
  {
    name: 'attw (are the types wrong?)',
    what: 'the packed file',
    quick: true,
    tools: { '@arethetypeswrong/cli': '0.18.5' },
    files: {},
    build: ['attw PACKAGES/jielong-0.1.0.tgz --profile esm-only --no-definitely-typed'.split(' ')],
  },
];
