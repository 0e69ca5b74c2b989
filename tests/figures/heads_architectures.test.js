/**
 * heads_architectures.test.js - attention, heads and lens on every small model of tests/golden/arch. These files have no
 * tokenizer, so the ids of the text are given here.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { weightOf, workingIn } from '../../web/figures/attention.js';
import { plainJob } from '../../web/figures/figure.js';
import { FIGURES } from '../../web/figures/index.js';
import { withModel } from '../helpers/figure_models.js';
import { golden } from '../helpers/paths.js';

const TOKENS = 12;
const files = readdirSync(golden('arch')).filter((name) => name.endsWith('.gguf'));

/** Gives a model ids in place of its tokenizer. @param {any} model */
function tokenizer(model) {
  const ids = Int32Array.from(
    { length: TOKENS },
    (_, i) => (i * 7 + 3) % model.info.vocabularySize,
  );
  model.tokenize = async () => ids;
  model.pieces = async (/** @type {Iterable<number>} */ some) =>
    [...some].map((id) => ({
      id,
      text: `t${id}`,
      bytes: new Uint8Array(),
      whole: true,
      special: false,
    }));
}

/** @param {any} view of attention */
function checkWeights(view) {
  for (const layer of view.layers)
    for (let head = 0; head < view.heads; head++)
      for (let query = 0; query < TOKENS; query++)
        for (let key = 0; key <= query; key++) {
          const error =
            Number(workingIn(view, layer, head, query, key)?.weight) -
            weightOf(view, layer, head, query, key);
          assert.ok(Math.abs(error) <= 1e-4, `${layer}.${head} [${query}, ${key}]: ${error}`);
        }
}

/** @param {any} view of heads */
function checkChange({ change }) {
  assert.ok(change.top.length > 0 && Number.isFinite(change.loss[1]));
  assert.notEqual(change.loss[0], change.loss[1]);
}

for (const file of files)
  test(file.replace('.gguf', ''), () =>
    withModel(golden(`arch/${file}`), async (model) => {
      const { encoder, layers, attentionLayers } = model.info;
      const request = { text: 'a text', layer: attentionLayers[0], head: 1, working: true };
      const compute = (/** @type {string} */ name) =>
        FIGURES[name].compute(model, request, plainJob());
      if (encoder) {
        for (const name of ['attention', 'heads', 'lens'])
          await assert.rejects(() => compute(name), { code: 'ENCODER' });
        return;
      }
      tokenizer(model);
      if (attentionLayers.length) {
        checkWeights(await compute('attention'));
        checkChange(await compute('heads'));
      } else
        for (const name of ['attention', 'heads'])
          await assert.rejects(() => compute(name), { code: 'NO_ATTENTION' });
      const lens = await compute('lens');
      assert.equal(lens.table.ids.length, layers * TOKENS);
    }),
  );
