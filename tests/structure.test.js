/**
 * structure.test.js - rules of the project that a program can check: folders, includes, lengths of files
 * and functions, exports.
 *
 * Reads the files known to git (or all that are not ignored) as text; runs none.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root });
const files = listed
  .toString()
  .split('\n')
  .filter((f) => f && existsSync(join(root, f)));
/** @param {string} f */
const read = (f) => readFileSync(join(root, f), 'utf8');
/** @param {RegExp} pattern */
const matching = (pattern) => files.filter((f) => pattern.test(f));
/** Asserts that there are no findings; one per line. @param {string[]} found */
const none = (found) => assert.equal(found.join('\n'), '');

const CODE = /^(src|wasm)\/.*\.[ch]$|^(web|tests|examples)\/.*\.(js|c|h)$/;
const FLOW = ['base', 'format', 'text', 'compute', 'model', 'forward', 'session', 'train', 'cli'];

test('the top level has exactly the expected entries', () => {
  const allowed = new Set(
    'src web wasm tests examples Makefile README.md package.json package-lock.json LICENSE CONTRIBUTING.md .gitignore .clang-format .ci biome.json tsconfig.json .npmrc'.split(
      ' ',
    ),
  );
  none([...new Set(files.map((f) => f.split('/')[0]))].filter((name) => !allowed.has(name)));
});

const PUBLIC = /^src\/jielong\w*\.h$/;
/** Files included by a file, as paths from the root. @param {string} file */
const includes = (file) =>
  [...read(file).matchAll(/^#include "([^"]+)"/gm)].map(([, name]) =>
    posix.normalize(posix.join(dirname(file), name)),
  );
/** Rank of a file's folder in the flow. @param {string} file */
const place = (file) => FLOW.indexOf(dirname(file).slice(4));

test('includes follow the flow: own folder or one above, and the public headers', () => {
  const found = [];
  for (const file of matching(/^src\/\w+\/.*\.[ch]$/)) {
    for (const target of includes(file)) {
      if (PUBLIC.test(target)) continue;
      const [from, to] = [place(file), place(target)];
      if (!existsSync(join(root, target)) || to < 0 || to > from) found.push(`${file}: ${target}`);
    }
  }
  none(found);
});

/** Folders of web/ and the folders each may import from. Types may come from anywhere. */
const ROOMS = {
  base: '',
  source: 'base',
  engine: 'base source',
  schema: 'base',
  chat: 'base engine schema',
  api: 'base engine schema chat',
  openai: 'base chat', // OpenAI's interface
  '.': 'base source engine chat api openai', // entries for users
  figures: 'base .', // what figures show; without a DOM
  ui: '',
  elements: '. figures ui',
  playground: '. api ui elements',
  node: 'base . chat api openai figures elements',
  models: '.',
};

/** Modules that a module of web/ imports, statically or dynamically. @param {string} file */
function importsOf(file) {
  const code = read(file).replace(/\/\*[\s\S]*?\*\//g, '');
  const named =
    /^(?:import|export)\b[^;'"]*['"](\.{1,2}\/[^'"]+\.js)['"]|\bimport\('([^']+\.js)'\)/gm;
  return [...code.matchAll(named)].map(([, name, later]) =>
    posix.normalize(posix.join(dirname(file), name ?? later)),
  );
}

test('tests/ mirrors src/ and web/', () => {
  const own =
    'arm bench browser clients consumers embeds fuzz golden helpers hostile note suite'.split(' ');
  const top = 'README.md docs.test.js models.sh run.js structure.test.js'.split(' ');
  const found = [];
  for (const file of matching(/^tests\//)) {
    const [, folder, name] = file.split('/');
    if (!name) {
      if (!top.includes(folder)) found.push(`${file}: belongs into a folder`);
    } else if (!own.includes(folder)) {
      const mirrored = name.endsWith('.c') ? FLOW.includes(folder) : folder in ROOMS;
      if (!mirrored) found.push(`${file}: there is no such folder in src/ or web/`);
      if (!/\.(test\.js|c)$/.test(name) && file !== 'tests/node/host.js')
        found.push(`${file}: helpers belong into tests/helpers/`);
    }
  }
  none(found);
});

const modules = matching(/^web\/.*\.js$/);
/** The folder of a file of web/. @param {string} file */
const roomOf = (file) =>
  file === 'web/elements.js' ? 'elements' : (file.split('/').slice(1, -1)[0] ?? '.');

test('imports of web/ follow the flow', () => {
  const found = [];
  let seen = 0;
  for (const file of modules) {
    const room = roomOf(file);
    if (!(room in ROOMS)) found.push(`${file}: web/${room} is not in ROOMS`);
    const allowed = [room, .../** @type {any} */ (ROOMS)[room].split(' ')];
    for (const target of importsOf(file)) {
      seen++;
      const built = target === 'web/chat/jinja.js';
      if (!built && !modules.includes(target)) found.push(`${file}: there is no ${target}`);
      if (!allowed.includes(roomOf(target))) found.push(`${file}: ${target}`);
    }
  }
  none(found);
  assert.ok(seen > 100, `only ${seen} imports were seen`);
});

test('modules of web/ have no import cycles', () => {
  /** Modules whose imports are fully followed. @type {Set<string>} */
  const done = new Set();
  /** @param {string} file @param {string[]} path */
  const follow = (file, path) => {
    if (path.includes(file)) return void found.push([...path, file].join(' → '));
    if (done.has(file) || !modules.includes(file)) return;
    for (const target of importsOf(file)) follow(target, [...path, file]);
    done.add(file);
  };
  /** @type {string[]} */ const found = [];
  for (const file of modules) follow(file, []);
  none(found);
});

test('every export of web/ is imported somewhere', () => {
  const users = matching(/^(web|tests|examples)\/.*\.(js|html)$/).map((file) => [file, read(file)]);
  const found = [];
  for (const file of modules.filter((f) => roomOf(f) !== '.')) {
    const pattern = /^export (?:default )?(?:async )?(?:const|let|class|function\*?) (\w+)/gm;
    for (const [, name] of read(file).matchAll(pattern)) {
      const used = users.some(([f, text]) => f !== file && new RegExp(`\\b${name}\\b`).test(text));
      if (!used) found.push(`${file}: ${name}`);
    }
  }
  none(found);
});

/* One public header declares functions of several folders, so includes cannot show calls. */
test('calls follow the flow', () => {
  /** @type {Map<string, string>} */
  const owner = new Map();
  const sources = matching(/^src\/\w+\/.*\.c$/);
  for (const file of sources)
    for (const [, name] of read(file).matchAll(
      /^(?!static)\w[^;{}=()]*?\b(jlt?_\w+)\([^;{}]*\) \{$/gm,
    ))
      owner.set(name, file);
  assert.ok(owner.size > 200, `only ${owner.size} functions were seen`);
  const found = [];
  for (const file of sources)
    for (const [, name] of withoutComments(read(file)).matchAll(/\b(jlt?_\w+)\(/g)) {
      const target = owner.get(name);
      if (target && place(target) > place(file)) found.push(`${file}: ${name} of ${target}`);
    }
  none(found);
});

test('hosts include the public headers', () => {
  /* All may use base/. Hosts that train or score models of src/train call train/ directly. */
  const trains = /^src\/cli\/(baseline|blas|ngram|threads|train|train_tokenizer)\.[ch]$/;
  const found = [];
  for (const file of matching(/^(src\/cli|wasm)\/.*\.[ch]$/))
    for (const target of includes(file)) {
      if (PUBLIC.test(target) || /^src\/base\//.test(target)) continue;
      if (/^src\/cli\//.test(file) && /^src\/cli\//.test(target)) continue;
      if (trains.test(file) && /^src\/(train|text|format|compute)\//.test(target)) continue;
      found.push(`${file}: ${target}`);
    }
  none(found);
});

test('only the command line knows a platform', () => {
  const allowed =
    /^(stdatomic|stddef|stdint|stdarg|string|math|stdlib|wasm_simd128|limits|float)\.h$/;
  const found = [];
  for (const file of matching(/^(src\/(?!cli\/)|wasm\/).*\.[ch]$/)) {
    for (const [, name] of read(file).matchAll(/^#include <([^>]+)>/gm)) {
      if (!allowed.test(name)) found.push(`${file}: <${name}>`);
    }
  }
  none(found);
});

test('memory is allocated in base/memory.c alone', () => {
  const found = matching(/^src\/(?!cli\/|base\/memory\.c).*\.c$/).filter((f) =>
    /(?<![.>\w])(malloc|calloc|realloc|free|abort|exit|printf)\s*\(/.test(withoutComments(read(f))),
  );
  none(found);
});

test('the boundary defines exactly the exports', () => {
  const lists = ['exports', 'exports-train'].map((name) => read(`wasm/${name}.txt`));
  const exported = [...new Set(lists.flatMap((list) => list.trim().split('\n')))].sort();
  const defined = [...read('wasm/boundary.c').matchAll(/^[^\s#/][^;\n]*?\b(jl_wasm_\w+)\(/gm)];
  assert.deepEqual(
    exported.filter((name) => !['memory', '_initialize'].includes(name)),
    defined.map((m) => m[1]).sort(),
  );
  none(matching(/^src\/.*\.[ch]$/).filter((f) => /export_name|EMSCRIPTEN_KEEPALIVE/.test(read(f))));
});

test('files are at most 700 lines, C lines at most 100 columns', () => {
  const found = [];
  for (const file of matching(CODE)) {
    const lines = read(file).split('\n');
    if (lines.length > 701 && !file.endsWith('_data.h'))
      found.push(`${file}: ${lines.length} lines`);
    if (!/\.[ch]$/.test(file)) continue;
    lines.forEach((line, i) => {
      if ([...line].length > 100) found.push(`${file}:${i + 1}: ${[...line].length} columns`);
    });
  }
  if (read('Makefile').split('\n').length > 301) found.push('Makefile: more than 300 lines');
  for (const header of matching(PUBLIC))
    if (read(header).split('\n').length > 251) found.push(`${header}: more than 250 lines`);
  none(found);
});

/** @param {string} text */
function withoutComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:\\.|[^"\\\n])*"/g, (m) =>
    m.replace(/[^\n]/g, ' '),
  );
}

/** Function lengths in a C file, from `) {` of a column-0 signature to `}`. @param {string} text */
function functionLengths(text) {
  const lengths = [];
  let start = -1;
  withoutComments(text)
    .split('\n')
    .forEach((line, i) => {
      if (start < 0 && /^[A-Za-z].*\(/.test(line) && !/;\s*$/.test(line)) start = i;
      if (start >= 0 && /^[A-Za-z].*[;=]\s*$/.test(line)) start = -1;
      if (start >= 0 && line === '}') {
        lengths.push(i - start + 1);
        start = -1;
      }
    });
  return lengths;
}

test('functions are short', () => {
  const found = [];
  /** @type {number[]} */
  const all = [];
  for (const file of matching(/^(src|wasm)\/.*\.c$/)) {
    const lengths = functionLengths(read(file));
    all.push(...lengths);
    if (Math.max(0, ...lengths) > 120) found.push(`${file}: ${Math.max(...lengths)} lines`);
  }
  none(found);
  all.sort((a, b) => a - b);
  assert.ok(all.length > 200, `only ${all.length} functions were seen`);
  assert.ok(all[all.length >> 1] <= 20, `the median function has ${all[all.length >> 1]} lines`);
});

test('a file begins with its name and purpose', () => {
  const found = matching(CODE).filter((file) => {
    const text = read(file).replace(/^#!.*\n/, '');
    const comment = text.match(/^\/\*[\s\S]*?\*\//)?.[0] ?? '';
    return !comment.includes(basename(file));
  });
  none(found);
});

test('no place of one machine, no registry, no neighbour folder is named', () => {
  const pattern = /\/work\/|\/tmp\/\w|\.\.\/shared|registry\.npmjs|"resolved":/;
  const text = files.filter(
    (f) => !/\.(gguf|f32|png|wasm)$|^\.ci\/|^tests\/structure\.test\.js$/.test(f),
  );
  none(text.filter((f) => pattern.test(read(f))));
});

test('committed files are small and hand-made', () => {
  none(matching(/(^|\/)(node_modules|build)\/|\.(o|wasm)$/));
  none(
    files.filter((f) => !f.startsWith('web/models/') && readFileSync(join(root, f)).length > 1e6),
  );
});

test('the same words in both languages', () => {
  const [en, zh] = ['en', 'zh-Hant'].map((l) =>
    Object.keys(JSON.parse(read(`web/i18n/${l}.json`))),
  );
  assert.deepEqual(en.sort(), zh.sort());
});

test('a colour has one value in all style sheets', () => {
  const colours = [
    'web/style.css',
    'web/elements/styles.js',
    'examples/course-note/note.css',
  ].flatMap((file) => [...read(file).matchAll(/(--jl-[\w-]+): (light-dark\([^)]*\))/g)]);
  assert.ok(colours.length > 20);
  const first = new Map(colours.toReversed().map(([, name, value]) => [name, value]));
  for (const [, name, value] of colours) assert.equal(value, first.get(name), name);
});
