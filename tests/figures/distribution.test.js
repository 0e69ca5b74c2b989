/**
 * distribution.test.js - the view of jl-distribution against the engine's own record, on the embedded models.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { distribution } from '../../web/figures/distribution.js';
import { plainJob } from '../../web/figures/figure.js';
import { logSum } from '../../web/figures/numbers.js';
import { differences, pack, readScene } from '../../web/figures/scene.js';
import { included, withModel } from '../helpers/figure_models.js';
import { golden, noModel, smollm2 } from '../helpers/paths.js';

const tales = included('tales');
const poems = included('poems');
/** @param {any} model @param {any} request */
const compute = (model, request) => distribution.compute(model, request, plainJob());

const SETTINGS = [
  {},
  { temperature: 0 },
  { temperature: 2, topk: 0, topp: 1, minp: 0, seed: 3 },
  { temperature: 0.3, topk: 5, topp: 0.5, minp: 0.2, penalty: 1.5, seed: 4 },
  { topk: 1 },
  { temperature: 1.5, topk: 100, topp: 0.999, minp: 0, seed: 999_999_999 },
];

/** @param {any} view */
function checkSums(view) {
  for (const { stage, p, others, kept } of view.stages) {
    const sum = p.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, others);
    assert.ok(Math.abs(sum - 1) < 1e-5, `${stage} sums to ${sum}`);
    assert.ok(p.filter((/** @type {number} */ x) => x > 0).length <= kept);
  }
}

for (const [file, text] of [
  [tales, 'They married, and lived happily until they'],
  [poems, '\n桃'],
])
  test(`every stage, probability and draw is the engine's (${text.trim()})`, () =>
    withModel(file, async (model) => {
      const session = await model.createSession();
      await session.append(await model.tokenize(text, { bos: true }));
      const logits = await session.logits();
      for (const request of SETTINGS) {
        const view = await compute(model, { text, ...request });
        const { seed, ...options } = view.sampling;
        const shown = new Set(view.stages.map((/** @type {any} */ s) => s.stage));
        const all = await session.stages({ ...options, top: 50 });
        const stages = all.filter(({ stage }) => shown.has(stage));
        assert.equal(stages.length, 6);
        checkSums(view);
        for (const [i, { stage, kept, top }] of stages.entries()) {
          assert.deepEqual([view.stages[i].stage, view.stages[i].kept], [stage, kept]);
          for (const [row, { id }] of view.rows.entries()) {
            const listed = top.find((t) => t.id === id)?.probability;
            if (listed !== undefined) assert.equal(view.stages[i].p[row], listed);
            else if (kept <= 50) assert.equal(view.stages[i].p[row], 0);
          }
        }
        for (const { id, logit } of view.rows) assert.equal(logit, logits[id]);
        const at = session.position;
        const drawn = await session.complete([], { ...options, seed, maxTokens: 1 });
        await session.rewind(at);
        assert.equal(view.rows[view.drawn].id, drawn.ids[0]);
      }
      await session.close();
    }));

test('the log-sums shown give the softmax of the logits shown', () =>
  withModel(tales, async (model) => {
    for (const temperature of [0.5, 1, 1.7]) {
      const view = await compute(model, { text: 'The king said to the queen', temperature });
      const [softmax, , scaled] = view.stages;
      for (const [row, { logit }] of view.rows.entries()) {
        assert.ok(Math.abs(Math.exp(logit - view.logSum) - softmax.p[row]) < 1e-5);
        assert.ok(Math.abs(Math.exp(logit / temperature - view.logSumT) - scaled.p[row]) < 1e-5);
      }
    }
    assert.ok(Math.abs(logSum(Float32Array.of(1000, 1000), 1) - (1000 + Math.LN2)) < 1e-9);
  }));

test('the same seed draws the same token, and seeds differ', () =>
  withModel(tales, async (model) => {
    const text = 'He looked at the';
    const first = await compute(model, { text, seed: 11, topk: 0, topp: 1, minp: 0 });
    await compute(model, { text: 'Another text', seed: 12 });
    const again = await compute(model, { text, seed: 11, topk: 0, topp: 1, minp: 0 });
    assert.deepEqual(again, first);
    const drawn = new Set();
    for (let seed = 0; seed < 12; seed++) {
      const view = await compute(model, { text, seed, temperature: 1.5 });
      drawn.add(view.rows[view.drawn].id);
    }
    assert.ok(drawn.size > 3);
  }));

test('shapes of distributions: peaked, two, flat', () =>
  withModel(tales, async (model) => {
    const peaked = await compute(model, {
      text: 'The princess was so beautiful that the prince fell in',
    });
    assert.equal(peaked.rows[0].label, '␣love');
    assert.ok(peaked.stages[0].p[0] > 0.95);
    const two = await compute(model, { text: 'The king said to the queen' });
    assert.ok(two.stages[0].p[1] > 0.4);
    const flat = await compute(model, { text: 'He looked at the', topk: 0, temperature: 1 });
    const topP = flat.stages.find((/** @type {any} */ s) => s.stage === 'topP');
    assert.ok(flat.stages[0].p[0] < 0.1 && topP.kept > 300);
  }));

test('a chain of chosen tokens is the text that grows', () =>
  withModel(poems, async (model) => {
    let text = '\n春';
    for (let i = 0; i < 4; i++) {
      const view = await compute(model, { text });
      assert.equal(view.tokens.length, view.total);
      text += view.rows[0].text;
    }
    assert.equal(text.length, 6);
  }));

test('hostile and edge texts: empty, one token, split characters, over the limit, wrong settings', () =>
  withModel(poems, async (model) => {
    assert.equal((await compute(model, { text: '' })).missing, 'text');
    assert.equal((await compute(model, {})).missing, 'text');
    checkSums(await compute(model, { text: '月' }));
    const emoji = await compute(model, { text: '👩‍🚀為𠮷' });
    checkSums(emoji);
    assert.ok(emoji.tokens.some((/** @type {any} */ token) => token.glyph === '為'));
    for (const row of emoji.rows) assert.equal(row.kind === 'bytes', row.text === undefined);
    const long = await compute(model, { text: '月'.repeat(5000) });
    assert.equal(long.tokens.length, 255);
    assert.ok(long.total >= 5000);
    checkSums(long);
    checkSums(await compute(model, { text: '\u0000\ud800<s></s>' }));
    await assert.rejects(compute(model, { text: '月', topp: 0 }));
    checkSums(await compute(model, { text: '月' })); // after a failure
  }));

test('a recorded view is the live one', () =>
  withModel(poems, async (model) => {
    const view = await compute(model, { text: '\n舉頭望明' });
    const scene = readScene({
      jielong: 1,
      model: {},
      request: {},
      views: JSON.parse(JSON.stringify({ distribution: pack(view) })),
    });
    assert.deepEqual(differences(scene.views.distribution, view), []);
    assert.ok(JSON.stringify(pack(view)).length < 4000);
  }));

test('an encoder has no distribution, and says so', () =>
  withModel(golden('arch/bert.gguf'), async (model) => {
    assert.equal((await compute(model, { text: 'a' })).missing, 'encoder');
  }));

test('the shares of the training text are near those of the held-out text', () =>
  withModel(tales, async (model) => {
    const text = readFileSync(golden('tales-held-out.txt'), 'utf8');
    const ids = await model.tokenize(text, { special: true });
    const share = (/** @type {number} */ id) => ids.filter((x) => x === id).length / ids.length;
    const view = await compute(model, { text: 'Once upon a time,' });
    const known = view.rows.filter((/** @type {any} */ row) => row.unigram > 0.004);
    assert.ok(known.length >= 3);
    for (const { id, unigram } of known) {
      const held = share(id);
      assert.ok(Math.abs(held - unigram) < 0.3 * unigram, `${id}: ${unigram}, held out ${held}`);
    }
    assert.ok(view.floor > 0 && view.floor < 0.001);
  }));

test('a larger vocabulary (SmolLM2)', { skip: noModel }, () =>
  withModel(smollm2, async (model) => {
    const view = await compute(model, { text: 'The capital of France is', topk: 0, minp: 0 });
    assert.equal(view.vocabulary, 49152);
    assert.equal(view.rows[0].label, '␣Paris');
    assert.equal(view.floor, undefined); // no share is known
    checkSums(view);
  }),
);
