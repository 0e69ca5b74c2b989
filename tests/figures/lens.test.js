/**
 * lens.test.js - the view of jl-lens against session.lens() and the model's distribution.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainJob } from '../../web/figures/figure.js';
import { columnOf, lens, settledAt } from '../../web/figures/lens.js';
import { pack } from '../../web/figures/scene.js';
import { included, POEM, TALE, withModel } from '../helpers/figure_models.js';
import { noModel, smollm2 } from '../helpers/paths.js';

/** @typedef {import('../../web/figures/lens.js').LensView} View */
/** @param {any} model @param {any} request @returns {Promise<View>} */
const compute = (model, request) => lens.compute(model, request, plainJob());

/** log softmax. @param {Float32Array} logits */
function logp(logits) {
  const max = logits.reduce((m, x) => Math.max(m, x), -Infinity);
  const all = max + Math.log(logits.reduce((s, x) => s + Math.exp(x - max), 0));
  return Float64Array.from(logits, (x) => x - all);
}

/** The last row of a column is the distribution after its tokens. @param {any} model @param {View} view @param {Int32Array} ids @param {number} position */
async function checkLast(model, view, ids, position) {
  const session = await model.createSession();
  await session.append(ids.slice(0, position + 1));
  const truth = logp(await session.logits());
  await session.close();
  const last = columnOf(view, position)?.[view.layers - 1];
  assert.ok(last);
  assert.equal(last.top[0].id, truth.indexOf(Math.max(...truth)));
  for (const { id, logprob } of last.top) assert.ok(Math.abs(truth[id] - logprob) < 1e-4);
  const entropy = truth.reduce((s, x) => s - Math.exp(x) * x, 0);
  assert.ok(Math.abs(entropy - last.entropy) < 1e-3);
}

for (const [name, text] of [
  ['tales', TALE],
  ['poems', POEM],
])
  test(`${name}: the last block is the model, the table is its columns`, () =>
    withModel(included(name), async (model) => {
      const view = await compute(model, { text, token: 3 });
      const ids = await model.tokenize(text, { bos: true });
      const n = ids.length;
      for (const position of [0, 3, n - 1]) await checkLast(model, view, ids, position);
      assert.equal(view.position, 3);
      assert.deepEqual(view.columns?.[3], view.column);
      const names = new Set(view.names.map(({ id }) => id));
      for (let position = 0; position < n; position++)
        for (const { layer, top } of columnOf(view, position) ?? []) {
          assert.equal(view.table?.ids[layer * n + position], top[0].id);
          assert.ok(
            Math.abs((view.table?.p[layer * n + position] ?? 0) - Math.exp(top[0].logprob)) < 1e-6,
          );
          assert.ok(names.has(top[0].id));
        }
      assert.ok(!('columns' in pack(view)), 'a scene stores one column');
      const stored = { ...view };
      assert.equal(columnOf(stored, 2), undefined);
      assert.equal(columnOf(stored, 3), view.column);
    }));

test('the working: logits are those of the stream after the block, and give the lens; anchors', () =>
  withModel(included('tales'), async (model) => {
    const view = await compute(model, { text: TALE, working: true });
    const ids = await model.tokenize(TALE, { bos: true });
    const session = await model.createSession();
    const { taps } = await session.run(ids, { taps: [{ name: 'resid_post', layer: 'all' }] });
    await session.close();
    const width = model.info.embeddingLength;
    for (const position of [0, 5, ids.length - 1])
      for (let layer = 0; layer < view.layers; layer++) {
        const stream = taps[layer].data.slice(position * width, (position + 1) * width);
        const { data } = await model.unembed(stream);
        const found = view.logits?.[position][layer];
        const { top } = view.columns?.[position][layer] ?? { top: [] };
        assert.ok(found && top.length === 5);
        for (const [i, { id, logprob }] of top.entries()) {
          assert.ok(Math.abs(found.logits[i] - data[id]) < 1e-4);
          assert.ok(Math.abs(Math.exp(found.logits[i] - found.sum) - Math.exp(logprob)) < 1e-4);
        }
      }
    const anchors = view.anchors;
    assert.equal(anchors?.vocabulary, model.info.vocabularySize);
    const [{ text }] = await model.pieces([12]);
    assert.deepEqual([anchors?.counts?.label, anchors?.counts?.p], [text, 0.0521]);
    const entropy = anchors?.counts?.entropy ?? 0;
    assert.ok(entropy > 5 && entropy < Math.log(model.info.vocabularySize));
    assert.ok(!('logits' in pack(view)), 'a scene stores no logits');
  }));

test('fell in love: the answer comes in the upper blocks', () =>
  withModel(included('tales'), async (model) => {
    const text = 'The princess was so beautiful that the prince fell in';
    const view = await compute(model, { text });
    const best = view.column[view.layers - 1].top[0];
    assert.equal(view.names.find(({ id }) => id === best.id)?.label, '␣love');
    assert.ok(settledAt(view.column) >= 3, String(settledAt(view.column)));
  }));

test('one token, a split emoji, a position after the end, an empty text', () =>
  withModel(included('tales'), async (model) => {
    const one = await compute(model, { text: 'a', token: 999 });
    assert.equal(one.position, 0);
    assert.equal(one.table?.ids.length, 6);
    const split = await compute(model, { text: '😀' });
    assert.equal(split.tokens.length, 4);
    await assert.rejects(() => compute(model, { text: '' }), { code: 'NO_TEXT' });
  }));

test('SmolLM2: many positions give one column, few give a table', { skip: noModel }, () =>
  withModel(smollm2, async (model) => {
    const few = await compute(model, { text: 'The capital of France is' });
    assert.ok(few.table);
    const ids = await model.tokenize('The capital of France is', { bos: true });
    await checkLast(model, few, ids, ids.length - 1);
    const many = await compute(model, { text: 'one two '.repeat(40), token: 1 });
    assert.equal(many.table, null);
    assert.equal(many.column.length, model.info.layers);
    assert.equal(columnOf(many, 2), undefined);
  }),
);
