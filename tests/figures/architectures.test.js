/**
 * architectures.test.js - the figures of the block, the cache and the cost with a small model of every architecture.
 *
 * Their files have no tokenizer, so the ids are given.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { block, layout, stagesOf } from '../../web/figures/block.js';
import { cache } from '../../web/figures/cache.js';
import { cost } from '../../web/figures/cost.js';
import { plainJob } from '../../web/figures/figure.js';
import { loadModel } from '../../web/jielong.js';
import { golden } from '../helpers/paths.js';

const IDS = [3, 5, 7, 2, 9, 4];
/** Models with norms after the sums, and with windows: no formula of the length gives their counts. */
const AFTER = [
  ...['bert', 'bert-untyped', 'nomic-bert', 'nomic-bert-moe'],
  ...['jina-bert-v2', 'jina-bert-v2-fused', 'jina-bert-v3'],
];
/** Models without feed-forward sublayers. */
const ONE_SUBLAYER = ['mamba', 'mamba2'];
const WINDOWS = ['gemma2', 'gemma3', 'olmo3', 'exaone4-window', 'modern-bert', 'gemma-embedding'];
const names = readdirSync(golden('arch'))
  .filter((file) => file.endsWith('.gguf'))
  .map((file) => file.slice(0, -5));

/** @param {string} name */
async function open(name) {
  const model = await loadModel(join(golden('arch'), `${name}.gguf`), { precision: 'exact' });
  model.tokenize = async () => Int32Array.from(IDS);
  model.pieces = async (ids) =>
    [...ids].map((id) => ({
      id,
      text: String(id),
      bytes: new Uint8Array(1),
      whole: true,
      special: false,
      end: false,
    }));
  return model;
}

test('there are models of many architectures', () => assert.ok(names.length > 30));

for (const name of names)
  test(name, async () => {
    const model = await open(name);
    const { info } = model;
    const request = { text: 'given as ids', steps: 3, window: 4, sinks: 1 };

    /** @type {import('../../web/figures/block.js').BlockView} */
    const parts = await block.compute(model, request, plainJob());
    assert.equal(parts.after, AFTER.includes(name));
    for (const [layer, error] of parts.errors.entries()) {
      assert.ok(parts.after || error < 1e-6, `block ${layer}: ${error}`);
      const stages = stagesOf(parts, layer);
      assert.equal(stages.includes('q'), info.attentionLayers.includes(layer));
      const boxes = layout(stages, parts.after).boxes.map(({ id }) => id);
      for (const stage of ['resid_pre', 'attn_out', 'resid_post'])
        assert.ok(boxes.includes(stage), stage);
      assert.equal(boxes.includes('mlp_out'), !ONE_SUBLAYER.includes(name));
    }

    /** @type {import('../../web/figures/cache.js').CacheView} */
    const kept = await cache.compute(model, request, plainJob());
    assert.equal(kept.drawn.length, info.encoder || ONE_SUBLAYER.includes(name) ? 0 : 3);
    assert.equal(kept.same, true);

    /** @type {import('../../web/figures/cost.js').CostView} */
    const costs = await cost.compute(model, request, plainJob());
    assert.equal(costs.holds, !WINDOWS.includes(name));
    assert.ok(costs.lengths.length > 0);
    await model.close();
  });
