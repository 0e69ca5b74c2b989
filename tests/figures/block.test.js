/**
 * block.test.js - what the figure of a block says, against the engine's own numbers; layouts of other models.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { block, layout, normOf, STAGES } from '../../web/figures/block.js';
import { idsOf, plainJob } from '../../web/figures/figure.js';
import { loadModel } from '../../web/jielong.js';
import { openIncluded, POEM, TALE as TEXT } from '../helpers/figure_models.js';
import { noModel, smollm2 } from '../helpers/paths.js';

/** @typedef {import('../../web/figures/block.js').BlockView} View */
/** @type {import('../../web/jielong.js').Model} */ let tales;
/** @type {import('../../web/jielong.js').Model} */ let poems;
before(async () => {
  ({ tales, poems } = await openIncluded());
});
after(() => Promise.all([tales.close(), poems.close()]));

/** @param {Record<string, any>} request @returns {Promise<View>} */
const view = (request, model = tales) => block.compute(model, request, plainJob());

/** @param {number} a @param {number} b */
const near = (a, b, digits = 1e-3) => Math.abs(a - b) <= digits * Math.abs(b) + 1e-9;

describe('one block', () => {
  test('every norm and first value is that of the tap', async () => {
    const { stages, errors, token } = await view({ text: TEXT, token: 5 });
    assert.equal(token, 5);
    const { ids } = await idsOf(tales, TEXT, 64);
    const session = await tales.createSession();
    for (const [layer] of errors.entries())
      for (const { name, shape, norms, first } of Object.values(stages)) {
        await session.rewind(0);
        const full = `blocks.${layer}.${name}`;
        const { taps } = await session.run(ids, { taps: [full] });
        const [{ data }] = taps;
        const width = data.length / taps[0].shape[0];
        assert.equal(
          width,
          shape.reduce((a, b) => a * b, 1),
          full,
        );
        const vector = data.subarray(5 * width, 6 * width);
        assert.ok(near(norms[layer] ?? 0, normOf(vector)), `${full}: ${norms[layer]}`);
        for (const [i, x] of (first[layer] ?? []).entries())
          assert.ok(near(x, vector[i], 5e-3), `${full}[${i}]`);
      }
    await session.close();
  });

  test('the stream is the sum of its parts in every block', async () => {
    for (const [model, text] of /** @type {const} */ ([
      [tales, TEXT],
      [poems, POEM],
    ])) {
      const { errors } = await view({ text }, model);
      assert.equal(errors.length, model.info.layers);
      for (const [layer, error] of errors.entries())
        assert.ok(error < 1e-6, `block ${layer}: ${error}`);
    }
  });

  test('the first feed-forward sublayer adds 50 to 150 times what comes in, others less than twice', async () => {
    for (const [model, text] of /** @type {const} */ ([
      [tales, TEXT],
      [poems, POEM],
    ])) {
      const { stages } = await view({ text }, model);
      const [forward, pre] = [stages.mlp_out.norms, stages.resid_pre.norms];
      const ratios = forward.map((norm, i) => (norm ?? 0) / (pre[i] ?? 0));
      assert.ok(ratios[0] > 50 && ratios[0] < 150, String(ratios[0]));
      assert.ok(
        ratios.slice(1).every((x) => x < 2),
        String(ratios),
      );
    }
  });

  test('texts without tokens, of one token, of a split character, over the limit', async () => {
    assert.deepEqual((await view({ text: '' })).errors, []);
    const one = await view({ text: 'king', token: 99 });
    assert.equal(one.token, one.tokens.length - 1);
    const emoji = await view({ text: '🦊' });
    assert.equal(emoji.tokens[0].glyph, '🦊');
    const long = await view({ text: TEXT.repeat(30) });
    assert.equal(long.tokens.length, 64);
    assert.ok(long.total > 400 && long.errors.every((error) => error < 1e-6));
  });

  test('the real model', { skip: noModel }, async () => {
    const model = await loadModel(smollm2, { precision: 'exact' });
    const { errors, stages } = await view({ text: TEXT }, model);
    assert.equal(errors.length, 30);
    assert.deepEqual(
      [stages.q.shape, stages.k.shape],
      [
        [9, 64],
        [3, 64],
      ],
    );
    assert.ok(errors.every((error) => error < 1e-5));
    await model.close();
  });
});

describe('the layout of a block', () => {
  const dense = STAGES.filter((name) => name !== 'expert_weights');
  /** @param {string[]} stages */
  const cases = (stages, after = false) => layout(stages, after);

  test('each stage has one box; arrows join boxes; no two boxes overlap', () => {
    const without = (/** @type {string[]} */ ...names) => dense.filter((n) => !names.includes(n));
    const models = {
      dense,
      parallel: without('resid_mid'),
      'parallel, one norm': without('resid_mid', 'ln2.normalized'),
      experts: STAGES.filter((name) => name !== 'mlp.post'),
      convolution: without('q', 'k', 'v', 'z'),
      'no norms': without('ln1.normalized', 'ln2.normalized'),
    };
    for (const [name, stages] of Object.entries(models)) {
      const { boxes, arrows } = cases(stages);
      const ids = boxes.map(({ id }) => id);
      for (const stage of stages)
        assert.equal(ids.filter((id) => id === stage).length, 1, `${name}: ${stage}`);
      for (const end of arrows.flat()) assert.ok(ids.includes(end), `${name}: ${end}`);
      const places = boxes.map(
        ({ row, place, part = [0, 1] }) => `${row} ${place === 'branch'} ${part}`,
      );
      assert.equal(new Set(places).size, places.length, `${name}: ${places}`);
    }
  });

  test('sublayers in sequence have two sums, parallel ones have one, which both reach', () => {
    const into = (/** @type {string[]} */ stages, /** @type {string} */ id) =>
      cases(stages)
        .arrows.filter(([, to]) => to === id)
        .map(([from]) => from);
    assert.deepEqual([into(dense, 'sum1'), into(dense, 'sum2')], [['attn_out'], ['mlp_out']]);
    const parallel = dense.filter((n) => n !== 'resid_mid');
    assert.deepEqual(
      [into(parallel, 'sum1'), into(parallel, 'sum2')],
      [['attn_out', 'mlp_out'], []],
    );
  });

  test('norms that follow the sums are not drawn before them', () => {
    const ids = cases(dense, true).boxes.map(({ id }) => id);
    assert.ok(!ids.includes('ln1.normalized') && !ids.includes('ln2.normalized'));
  });
});
