/**
 * source.test.js - sources of a model that only Node has: paths and file: addresses.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as jielong from '../../web/jielong.js';
import { golden } from '../helpers/paths.js';

test('FILE: a missing path, and a folder', async () => {
  for (const path of [golden('nothing.gguf'), golden('arch')]) {
    const code = (/** @type {any} */ e) => e.code === 'FILE' && e.where === path;
    await assert.rejects(jielong.loadModel(path), code);
  }
});

test('a file: address loads like a path', async () => {
  const url = pathToFileURL(golden('arch/llama.gguf'));
  for (const source of [url, url.href]) {
    const model = await jielong.loadModel(source);
    assert.equal(model.info.architecture, 'llama');
    await model.close();
  }
});
