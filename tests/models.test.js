/**
 * models.test.js - the models that come with the project: their cards tell the truth, and they do what
 * the cards say.
 *
 * Of the texts, the held-out end of the tales alone is part of the project, so what poems are worth in
 * bits per byte cannot be measured anew here; their form, sizes, licences and the acrostic can.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { acrostic } from '../examples/acrostic/acrostic.js';
import { loadModel } from '../web/jielong.js';
import { isFormed, samplePoems } from '../web/models/recipes/sample_poems.js';
import { Ngram } from '../web/ngram.js';

const folder = fileURLToPath(new URL('../web/models/', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.gguf'));
const catalogue = JSON.parse(readFileSync(`${folder}catalogue.json`, 'utf8'));
const heldOut = fileURLToPath(new URL('golden/tales-held-out.txt', import.meta.url));

/** Bits per byte of a file by the table of ancestors. @param {string} name */
function tabled(name) {
  const readme = readFileSync(`${folder}README.md`, 'utf8');
  const row = readme.split('\n').find((line) => line.startsWith('|') && line.includes(name));
  return Number(row?.split('|')[2]);
}

test('every model of the page is in the catalogue as it is, with its card', async () => {
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

test('every other model here is at most 2 MB and has its recipe', () => {
  const others = files.filter((name) => !['tales.gguf', 'poems.gguf'].includes(name));
  for (const name of others) {
    assert.ok(statSync(folder + name).size <= 2e6, name);
    if (!name.endsWith('-ngram.gguf'))
      statSync(`${folder}recipes/${name.replace('.gguf', '.recipe')}`);
  }
});

test('the tales predict the held-out text as card and table say, 15 % better than 5-grams', () => {
  const args = ['web/cli.js', 'score', `${folder}tales.gguf`, '--file', heldOut, '--special'];
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: root });
  const bits = JSON.parse(run.stdout).bitsPerByte;
  assert.equal(bits.toFixed(3), tabled('embedded Transformers').toFixed(3));
  assert.ok(readFileSync(`${folder}tales.md`, 'utf8').includes(`${bits.toFixed(3)} bits per byte`));
  assert.ok(bits <= 0.85 * tabled('| 5-gram  '), `${bits}`);
});

test('n-grams of the tales predict what the table says, in wasm', async () => {
  const text = readFileSync(heldOut, 'utf8');
  const model = await loadModel(`${folder}tales.gguf`); // the same vocabulary
  const ngram = await Ngram.open(readFileSync(`${folder}tales-ngram.gguf`));
  const ids = await model.tokenize(text, { special: true });
  let bits = 0;
  for (let i = 0; i < ids.length; i++)
    bits -= Math.log2(ngram.distribution(ids.subarray(Math.max(0, i - 4), i))[ids[i]]);
  assert.equal((bits / Buffer.byteLength(text)).toFixed(3), tabled('tales-ngram').toFixed(3));
  ngram.close();
  await model.close();
});

test('sampled poems have the form of poems', async () => {
  const model = await loadModel(`${folder}poems.gguf`);
  const poems = await samplePoems(model, 60);
  const formed = poems.filter(isFormed);
  // The card counts 200; 60 sampled at 95 % fall below 85 % once in a thousand times.
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
