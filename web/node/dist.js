/**
 * dist.js - builds the distribution from web/ into build/dist; `make dist` runs it after the build.
 *
 *   build/dist/jielong.js   one ES module with the API, its worker and the .wasm embedded
 *   build/dist/NAME         files that it fetches on first use (PARTS, WORKERS, FILES)
 *   build/dist/files/       the same as separate minified files, in the folders of web/
 *
 * dist-elements.js adds the elements. Parts import shared modules from jielong.js, so that there is one JielongError.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { build, transform } from 'esbuild';
import {
  assetsModule,
  beside,
  common,
  engineFunction,
  FILES,
  INTERNALS,
  identifier,
  instead,
  licences,
  out,
  PARTS,
  POOL_WORKER,
  picked,
  SHARED,
  STARTS,
  sources,
  target,
  WASM,
  WORKERS,
  web,
} from './bundle.js';
import { buildElements } from './dist-elements.js';

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
        import * as assets from './engine/assets.js';
        import * as backend from './engine/backend.js';
        import * as options from './base/options.js';
        import { modules } from './engine-function.js';
        export const internals = { ...modules, assets, backend, options };`,
    },
    plugins: [
      instead(['engine-function.js'], () => `export const modules = E(import.meta.url);\n${code}`),
      instead(SHARED, async (name) => {
        const from = `modules.${identifier(name)}`;
        return `import { modules } from './engine-function.js';\n${await picked(name, from)}`;
      }),
      instead(['engine/assets.js'], () => assetsModule()),
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
for (const name of [...FILES, 'isolation.js']) await copyFile(join(web, name), join(out, name));
await buildFiles([...used]);
await buildElements();
