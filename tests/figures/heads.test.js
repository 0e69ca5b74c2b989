/**
 * heads.test.js - the view of jl-heads: scores by their rules, labels, and what changes when heads are switched off.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { plainJob } from '../../web/figures/figure.js';
import { heads, KINDS, THRESHOLD } from '../../web/figures/heads.js';
import { TEXTS } from '../../web/figures/texts.js';
import { createTrainer } from '../../web/train.js';
import { included, POEM, TALE, withModel } from '../helpers/figure_models.js';
import { noModel, smollm2 } from '../helpers/paths.js';

/** @typedef {import('../../web/figures/heads.js').HeadsView} View */
/** @param {any} model @param {any} request @returns {Promise<View>} */
const compute = (model, request) => heads.compute(model, request, plainJob());

/** Whether a key is of a kind. @type {Record<string, (ids: Int32Array, q: number, k: number) => boolean>} */
const RULES = {
  'previous-token': (_, q, k) => k === q - 1,
  'duplicate-token': (ids, q, k) => k < q && ids[k] === ids[q],
  induction: (ids, q, k) => k > 0 && ids[k - 1] === ids[q],
  'first-token': (_, _q, k) => k === 0,
};

/** The text on which the scores were measured. @param {View} view */
const measuredText = ({ measured: { own, text } }) =>
  own ? text : TEXTS[/** @type {'english'} */ (text)];

/** The scores of all heads by the rules, from taps of the measured text. @param {any} model @param {View} view */
async function byRules(model, view) {
  const once = (await model.tokenize(measuredText(view), { bos: true })).subarray(
    0,
    view.measured.tokens,
  );
  const [n, ids] = [once.length, Int32Array.from([...once, ...once])];
  const session = await model.createSession({ contextLength: 2 * n });
  const { taps } = await session.run(ids, { taps: [{ name: 'pattern', layer: 'all' }] });
  await session.close();
  /** @type {Record<string, number[]>} */ const found = {};
  for (const kind of KINDS)
    found[kind] = taps.flatMap(({ data }) =>
      Array.from({ length: view.heads }, (_, h) => {
        let [on, all] = [0, 0];
        for (let q = n; q < 2 * n; q++)
          for (let k = 0; k <= q; k++) {
            const weight = data[(h * 2 * n + q) * 2 * n + k];
            all += weight;
            if (RULES[kind](ids, q, k)) on += weight;
          }
        return on / all;
      }),
    );
  return found;
}

for (const [name, text] of [
  ['tales', TALE],
  ['poems', POEM],
])
  describe(name, () => {
    test('the working: the shares of the scored tokens have the score as their mean', () =>
      withModel(included(name), async (model) => {
        for (const [layer, head] of [
          [0, 0],
          [3, 2],
        ]) {
          const view = await compute(model, { text, layer, head, working: true });
          const found = await byRules(model, view);
          const n = view.measured.tokens;
          assert.equal(view.shares?.names.length, n);
          for (const kind of KINDS) {
            const shares = view.shares?.kinds[kind] ?? [];
            const mean = shares.reduce((a, b) => a + b, 0) / n;
            const score = found[kind][layer * view.heads + head];
            assert.ok(Math.abs(mean - score) < 1e-4, `${kind} ${mean} ${score}`);
          }
          const { loss, uniform, unigram } = view.change;
          assert.ok(Number(loss?.[0]) < Number(unigram) && Number(unigram) < uniform);
        }
      }));

    test('scores are the rules on the measured text, labels begin at the threshold', () =>
      withModel(included(name), async (model) => {
        const view = await compute(model, { text });
        assert.ok(!view.measured.own && view.measured.tokens >= 64);
        const found = await byRules(model, view);
        for (const kind of KINDS)
          for (const [i, score] of found[kind].entries())
            assert.ok(Math.abs(score - view.scores[kind][i]) < 1e-5, `${kind} of head ${i}`);
        const all = view.layers.length * view.heads;
        const high = Array.from({ length: all }, (_, i) =>
          KINDS.some((kind) => found[kind][i] >= THRESHOLD),
        );
        assert.equal(view.labels.length, high.filter(Boolean).length);
        assert.ok(
          view.labels.length > 0 && view.labels.length < all / 10,
          `${view.labels.length} of ${all}`,
        );
      }));
    test('without a head: z is zero there, and undoing it gives the same bits', () =>
      withModel(included(name), async (model) => {
        const [layer, head] = [3, 2];
        const off = await compute(model, { text, layer, head, edit: 'off' });
        const none = await compute(model, { text, layer, head, edit: 'none' });
        const ids = await model.tokenize(text, { bos: true });
        for (const [view, edits] of /** @type {[View, any[]][]} */ ([
          [none, []],
          [off, [{ name: 'z', layer, head, op: 'zero' }]],
        ])) {
          const session = await model.createSession();
          const { logits } = await session.run(ids, { edits });
          await session.close();
          const max = Math.max(...logits);
          const sum = logits.reduce((s, x) => s + Math.exp(x - max), 0);
          for (const { token, after } of view.change.top)
            assert.ok(Math.abs(Math.exp(logits[token.id] - max) / sum - after) < 1e-6, token.label);
        }
        assert.notDeepEqual(off.change.loss?.[0], off.change.loss?.[1]);
        for (const { before, after } of none.change.top) assert.equal(before, after);
        assert.equal(none.change.loss?.[0], none.change.loss?.[1]);
        assert.equal(none.change.loss?.[0], off.change.loss?.[0]);
      }));
  });

test('after an edit, the same session without it gives the same bits', () =>
  withModel(included('poems'), async (model) => {
    const ids = await model.tokenize(POEM, { bos: true });
    const session = await model.createSession();
    const before = (await session.run(ids)).logits.slice();
    await session.rewind(0);
    const edits = [{ name: 'z', layer: 0, head: 6, op: /** @type {const} */ ('zero') }];
    const edited = (await session.run(ids, { edits })).logits.slice();
    await session.rewind(0);
    assert.notDeepEqual(edited, before);
    assert.deepEqual((await session.run(ids)).logits, before);
    await session.close();
  }));

test('the losses are those of a plain session', () =>
  withModel(included('tales'), async (model) => {
    const view = await compute(model, { text: TALE, layer: 5, head: 5 });
    const ids = await model.tokenize(TALE, { bos: true });
    const session = await model.createSession();
    let loss = 0;
    for (let t = 1; t < ids.length; t++) {
      await session.append(ids.slice(t - 1, t));
      const logits = await session.logits();
      const max = Math.max(...logits);
      loss += max + Math.log(logits.reduce((s, x) => s + Math.exp(x - max), 0)) - logits[ids[t]];
    }
    await session.close();
    assert.ok(Math.abs(loss / (ids.length - 1) - Number(view.change.loss?.[0])) < 1e-5);
    assert.ok(Math.abs(view.change.uniform - Math.log(4096)) < 1e-9);
  }));

test('poems: head 0.6 carries the verse of seven characters', () =>
  withModel(included('poems'), async (model) => {
    const text = '\n月落烏啼霜滿天，江楓漁火對愁';
    const { change } = await compute(model, { text, layer: 0, head: 6 });
    const [sleep, stop] = ['眠', '。'].map((c) => change.top.find((one) => one.token.label === c));
    assert.ok(sleep && sleep.before > 0.6 && sleep.after < 0.05, JSON.stringify(sleep));
    assert.ok(stop && stop.before < 0.05 && stop.after > 0.9, JSON.stringify(stop));
    const only = await compute(model, { text, layer: 0, head: 6, edit: 'only' });
    assert.notDeepEqual(only.change.loss, change.loss);
  }));

test('random weights: at least 90 % of the heads have no label', async () => {
  const config = {
    steps: 1,
    context: 256,
    layers: 4,
    heads: 8,
    width: 64,
    hidden: 64,
    batch: 1,
    sampleTokens: 0,
  };
  const trainer = await createTrainer({ text: TEXTS.english.repeat(20), config });
  const bytes = await trainer.export();
  await trainer.close();
  await withModel(bytes, async (model) => {
    const view = await compute(model, { text: TALE });
    assert.ok(view.measured.tokens >= 64);
    assert.ok(view.labels.length <= 3, JSON.stringify(view.labels));
  });
});

test('a long text is its own measure; one token has no loss; bad places are clamped', () =>
  withModel(included('tales'), async (model) => {
    const long = await compute(model, { text: TEXTS.english.slice(0, 350) });
    assert.ok(long.measured.own && long.measured.tokens >= 64);
    assert.equal(long.tokens.length, 64);
    const one = await compute(model, { text: 'a', layer: 99, head: 99 });
    assert.equal(one.change.loss, null);
    assert.deepEqual([one.change.layer, one.change.head], [5, 7]);
    await assert.rejects(() => compute(model, { text: '' }), { code: 'NO_TEXT' });
  }));

test('SmolLM2: induction and first-token heads are found', { skip: noModel }, () =>
  withModel(smollm2, async (model) => {
    const { labels } = await compute(model, { text: 'Once upon a time', layer: 18, head: 8 });
    const kinds = new Set(labels.map(({ kind }) => kind));
    assert.ok(kinds.has('induction') && kinds.has('first-token'), [...kinds].join());
  }),
);
