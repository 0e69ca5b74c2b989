/**
 * models.test.js - the models of the project behave as their cards say.
 *
 * The project has only the held-out end of the tales, so bits per byte of the poems cannot be measured
 * again. Their form, sizes, licences and acrostics can. WHOLE_TEXTS=1 also scores the baseline networks on the
 * whole held-out text.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { acrostic } from '../../examples/acrostic/acrostic.js';
import { loadModel } from '../../web/jielong.js';
import { isFormed, samplePoems } from '../../web/models/recipes/sample_poems.js';
import { Ngram } from '../../web/ngram.js';
import { golden, root } from '../helpers/paths.js';

const folder = join(root, 'web/models/');
const files = readdirSync(folder).filter((name) => name.endsWith('.gguf'));
const catalogue = JSON.parse(readFileSync(`${folder}catalogue.json`, 'utf8'));
const heldOut = golden('tales-held-out.txt');

/** Rows of the README's tables, cell by cell. */
const rows = readFileSync(`${folder}README.md`, 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) => line.split('|').map((cell) => cell.trim()));
const baselines = rows.slice(rows.findIndex((row) => row[1] === 'bits per byte') + 2);

/** Bits per byte in the table of baselines. @param {string} name of a file, or a row's label */
const tabled = (name) =>
  Number(baselines.find((row) => row[1] === name || row[1].includes(`\`${name}\``))?.[2]);

test('the catalogue matches every model of the page and its card', async () => {
  const own = catalogue.filter((/** @type {any} */ entry) => entry.language);
  assert.deepEqual(own.map((/** @type {any} */ e) => e.url).sort(), [
    'models/poems.gguf',
    'models/tales.gguf',
  ]);
  for (const entry of own) {
    const path = folder + entry.url.replace('models/', '');
    const model = await loadModel(path);
    assert.equal(entry.bytes, statSync(path).size, entry.name);
    assert.ok(entry.bytes <= 11e6, `${entry.name} is at most 11 MB`);
    assert.equal(model.info.parameters, entry.parameters);
    assert.equal(model.info.fileType, entry.type);
    assert.equal(model.info.license, entry.license);
    const card = readFileSync(path.replace('.gguf', '.md'), 'utf8');
    assert.ok(card.includes(entry.bytes.toLocaleString('en')), `${entry.name}'s card has its size`);
    await model.close();
  }
});

test('every other model is at most 2 MB, has its recipe and a known kind', async () => {
  const others = files.filter((name) => !['tales.gguf', 'poems.gguf'].includes(name));
  assert.equal(others.length, 8);
  for (const name of others) {
    const bytes = statSync(folder + name).size;
    assert.ok(bytes <= 2e6, name);
    if (!name.startsWith('position-'))
      assert.ok(
        rows.some((row) => row[1] === `\`${name}\`` && row[2] === bytes.toLocaleString('en')),
        `the README has the size of ${name}`,
      );
    if (!name.endsWith('-ngram.gguf'))
      statSync(`${folder}recipes/${name.replace('.gguf', '.recipe')}`);
    if (/gru|window/.test(name)) {
      await assert.rejects(loadModel(folder + name), { code: 'UNKNOWN_ARCHITECTURE' });
    } else {
      const model = await loadModel(folder + name);
      assert.equal(model.info.vocabularySize, 4096, name);
      await model.close();
    }
  }
});

test('bits per byte fall from baseline to baseline', () => {
  const end = baselines.findIndex((row) => !(Number(row[2]) > 0));
  const bits = baselines.slice(0, end).map((row) => Number(row[2]));
  assert.equal(bits.length, 10);
  assert.deepEqual(
    bits,
    bits.toSorted((a, b) => b - a),
  );
});

/** Bits per byte of the first FEW tokens of the held-out text, by `jielong score -n`. */
const FEW = 8000;
const beginnings = { window: 1.51316, gru: 1.44024 };

// Whole texts take a minute of processor time per network, so only WHOLE_TEXTS=1 compares them with the table.
test('baseline networks reach their bits per byte natively', () => {
  for (const [kind, bits] of Object.entries(beginnings)) {
    const name = `baseline-${kind}.gguf`;
    const whole = process.env.WHOLE_TEXTS === '1';
    const args = ['score', folder + name, '--file', heldOut, '--special'];
    if (!whole) args.push('-n', String(FEW));
    const { stdout, stderr } = spawnSync(join(root, 'build/release/jielong'), args, {
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    const { bitsPerByte } = JSON.parse(stdout);
    const wanted = whole ? tabled(name) : bits;
    assert.ok(Math.abs(bitsPerByte - wanted) < 0.001, `${name}: ${bitsPerByte}, not ${wanted}`);
  }
});

test('the tales predict the held-out text as card and table say, 15 % better than 5-grams', () => {
  const args = ['web/node/cli.js', 'score', `${folder}tales.gguf`, '--file', heldOut, '--special'];
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: root });
  const bits = JSON.parse(run.stdout).bitsPerByte;
  assert.equal(bits.toFixed(3), tabled('tales').toFixed(3));
  assert.ok(readFileSync(`${folder}tales.md`, 'utf8').includes(`${bits.toFixed(3)} bits per byte`));
  assert.ok(bits <= 0.85 * tabled('5-gram'), `${bits}`);
});

test('n-grams of the tales reach the table’s bits per byte in wasm', async () => {
  const text = readFileSync(heldOut, 'utf8');
  const model = await loadModel(`${folder}tales.gguf`); // the same vocabulary
  const ngram = await Ngram.open(readFileSync(`${folder}tales-ngram.gguf`));
  const ids = await model.tokenize(text, { special: true });
  let bits = 0;
  for (let i = 0; i < ids.length; i++)
    bits -= Math.log2(ngram.distribution(ids.subarray(Math.max(0, i - 4), i))[ids[i]]);
  assert.equal((bits / Buffer.byteLength(text)).toFixed(3), tabled('tales-ngram.gguf').toFixed(3));
  ngram.close();
  await model.close();
});

test('sampled poems have the form of poems', async () => {
  const model = await loadModel(`${folder}poems.gguf`);
  const poems = await samplePoems(model, 60);
  const formed = poems.filter(isFormed);
  // The card counts 200. At 95 %, 60 samples fall below 85 % once in a thousand runs.
  assert.ok(formed.length >= 0.85 * poems.length, `${formed.length} of ${poems.length}`);
  await model.close();
});

test('an acrostic keeps its first characters and its measure', async () => {
  const model = await loadModel(`${folder}poems.gguf`);
  for (const heads of ['春夏秋冬', '接龍']) {
    let poem = '';
    for await (const { text } of acrostic(model, heads, { seed: 3 })) poem += text;
    const verses = poem.split(/[，。]/).slice(0, -1);
    assert.equal(verses.map((verse) => [...verse][0]).join(''), heads);
    const lengths = new Set(verses.map((verse) => [...verse].length));
    assert.equal(lengths.size, 1, poem);
    assert.ok(lengths.has(5) || lengths.has(7), poem);
  }
  await model.close();
});
