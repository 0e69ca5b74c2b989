/**
 * dist.test.js - the output of `make dist` in Node: the suite's essentials on the single-file engine, and
 * the parts it loads on demand.
 *
 * Without build/dist all tests are skipped and reported. browser/dist.test.js does the same in pages.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { dist, golden, noDist, root } from '../helpers/paths.js';
import { essentials } from '../suite/index.js';
import { describeCases } from './host.js';

/** @param {string} path @returns {Promise<any>} */
const load = (path) => import(pathToFileURL(path).href);

if (noDist) test('the engine as one file', { skip: noDist }, () => {});
else {
  const jielong = await load(join(dist, 'jielong.js'));
  for (const worker of [false, true]) {
    const title = `the engine as one file, ${worker ? 'through a worker' : 'in this thread'}`;
    describeCases(title, jielong, { worker }, essentials);
  }

  test('the single file, copied elsewhere, runs a model', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'jielong-'));
    t.after(() => rmSync(folder, { recursive: true }));
    copyFileSync(join(dist, 'jielong.js'), join(folder, 'engine.mjs'));
    const { loadModel } = await load(join(folder, 'engine.mjs'));
    for (const worker of [false, true]) {
      const model = await loadModel(golden('arch/llama.gguf'), { worker, threads: 3 });
      assert.equal(model.info.threads, 3, 'pool workers from inside it');
      const session = await model.createSession();
      assert.equal((await session.complete([1, 2, 3], { maxTokens: 5 })).ids.length, 5);
      await model.close();
    }
  });

  test('the package, in files and as one, gives the same tokens as the single file', async () => {
    const files = await load(join(root, 'dist', 'jielong.js'));
    const single = await load(join(root, 'dist', 'single.js'));
    const answers = [];
    for (const { loadModel } of [jielong, files, single])
      for (const worker of [false, true]) {
        const model = await loadModel(golden('arch/llama.gguf'), { worker });
        const session = await model.createSession();
        answers.push((await session.complete([1, 2, 3], { maxTokens: 20, seed: 7 })).ids);
        await model.close();
      }
    for (const ids of answers.slice(1)) assert.deepEqual(ids, answers[0]);
  });

  test("require('jielong') works, and all entries have one error class", async () => {
    const require = createRequire(import.meta.url);
    const { JielongError } = require('jielong');
    const { JielongError: inNode, loadModel } = require('jielong/node');
    assert.equal(inNode, JielongError);
    await assert.rejects(require('jielong/ngram').Ngram.open(new Uint8Array(8)), JielongError);
    await assert.rejects(loadModel('no/such/file.gguf'), JielongError);
    assert.ok(require('jielong/single').createTrainer);
  });

  test('parts loaded on demand share the error class of the single file', async () => {
    const { trainTokenizer } = await load(join(dist, 'tokenizer-trainer.js'));
    const { Ngram } = await load(join(dist, 'ngram.js'));
    await assert.rejects(Ngram.open(new Uint8Array(8)), jielong.JielongError);
    const merges = [];
    for await (const merge of trainTokenizer('low lower lowest '.repeat(9), { merges: 3 }))
      merges.push(merge.text);
    assert.equal(merges.length, 3);
  });
}
