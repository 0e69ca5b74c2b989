/**
 * attention.test.js - the view of jl-attention against the engine's taps; the working of its weights.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attention, weightOf, workingIn } from '../../web/figures/attention.js';
import { plainJob } from '../../web/figures/figure.js';
import { pack } from '../../web/figures/scene.js';
import { included, POEM, TALE, withModel } from '../helpers/figure_models.js';
import { noModel, smollm2 } from '../helpers/paths.js';

/** @param {any} model @param {any} request @returns {Promise<import('../../web/figures/attention.js').AttentionView>} */
const compute = (model, request) => attention.compute(model, request, plainJob());

/** Compares every cell with the taps of a session of its own. @param {any} model @param {any} view @param {Int32Array} ids */
async function checkTaps(model, view, ids) {
  const session = await model.createSession({ contextLength: Math.max(16, ids.length) });
  const { taps } = await session.run(ids, { taps: [{ name: 'pattern', layer: 'all' }] });
  const n = ids.length;
  for (const [i, layer] of view.layers.entries())
    for (let h = 0; h < view.heads; h++)
      for (let q = 0; q < n; q++) {
        let sum = 0;
        for (let k = 0; k < n; k++) {
          const weight = weightOf(view, layer, h, q, k);
          assert.equal(weight, taps[i].data[(h * n + q) * n + k], `${layer}.${h} ${q} ${k}`);
          sum += weight;
        }
        assert.ok(Math.abs(sum - 1) <= 1e-6, `the row ${layer}.${h} ${q} sums to ${sum}`);
      }
  await session.close();
}

/** The largest difference of the working of every cell from its weight. @param {any} view */
function workingError(view) {
  let [worst, plain] = [0, true];
  for (const layer of view.layers)
    for (let h = 0; h < view.heads; h++)
      for (let q = 0; q < view.tokens.length; q++)
        for (let k = 0; k <= q; k++) {
          const found = workingIn(view, layer, h, q, k);
          assert.ok(found);
          plain &&= found.plain;
          worst = Math.max(worst, Math.abs(found.weight - weightOf(view, layer, h, q, k)));
        }
  return { worst, plain };
}

for (const [name, text] of [
  ['tales', TALE],
  ['poems', POEM],
  ['position-alibi', TALE],
  ['position-learned', TALE],
])
  describe(name, () => {
    test('every weight is the tap, and rows sum to one', () =>
      withModel(included(name), async (model) => {
        const view = await compute(model, { text });
        assert.equal(view.layers.length, model.info.layers);
        await checkTaps(model, view, await model.tokenize(text, { bos: true }));
      }));
    test('the working of every weight gives the weight within 1e-4', () =>
      withModel(included(name), async (model) => {
        const view = await compute(model, { text, working: true });
        const { worst, plain } = workingError(view);
        assert.ok(worst <= 1e-4, `differs by ${worst}`);
        assert.equal(plain, name !== 'position-alibi', 'ALiBi alone adds to the scores');
        assert.ok(!('inputs' in pack(view)), 'a scene does not store the inputs');
      }));
  });

test('the recorded sentence: golden looks at ball', () =>
  withModel(included('tales'), async (model) => {
    const view = await compute(model, { text: TALE });
    const last = view.tokens.length - 1;
    assert.equal(view.tokens[5].label, '␣ball');
    assert.ok(weightOf(view, 5, 5, last, 5) >= 0.9);
  }));

test('one token, a split emoji, and a text over the limit', () =>
  withModel(included('tales'), async (model) => {
    const one = await compute(model, { text: 'a', working: true });
    assert.equal(one.tokens.length, 1);
    assert.equal(weightOf(one, 0, 0, 0, 0), 1);
    assert.equal(workingIn(one, 0, 0, 0, 0)?.weight, 1);
    const split = await compute(model, { text: 'a 😀' });
    assert.equal(split.tokens.filter((token) => token.glyph === '😀').length, 4);
    const long = await compute(model, { text: 'well '.repeat(200) });
    assert.equal(long.tokens.length, 64);
    assert.ok(long.total > 64);
  }));

test('an empty text is refused by its code', () =>
  withModel(included('tales'), async (model) => {
    for (const text of ['', undefined])
      await assert.rejects(() => compute(model, { text }), { code: 'NO_TEXT' });
  }));

test('SmolLM2: heads that share keys', { skip: noModel }, () =>
  withModel(smollm2, async (model) => {
    const view = await compute(model, { text: 'The princess lost her ball', working: true });
    assert.ok(model.info.kvHeads < model.info.heads);
    const { worst, plain } = workingError(view);
    assert.ok(worst <= 1e-4 && plain, `differs by ${worst}`);
  }),
);
