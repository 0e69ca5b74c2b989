/**
 * cost.test.js - what the figure of the cost claims: formulas from three short passes give every count, and are those
 * of the model's shape.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cost, LONG, PARTS, polynomial, predict, TIMES } from '../../web/figures/cost.js';
import { plainJob } from '../../web/figures/figure.js';
import { loadModel } from '../../web/jielong.js';

const TEXT = "The princess lost her golden ball in the well. 'Give me back my golden";
const file = (/** @type {string} */ name) =>
  fileURLToPath(new URL(`../../web/models/${name}.gguf`, import.meta.url));

/** @typedef {import('../../web/figures/cost.js').CostView} View */
/** @type {Record<string, import('../../web/jielong.js').Model>} */ const models = {};
/** @type {Record<string, View>} */ const views = {};
before(async () => {
  for (const name of ['tales', 'poems']) {
    models[name] = await loadModel(file(name), { precision: 'exact' });
    views[name] = await cost.compute(models[name], { text: TEXT }, plainJob());
  }
});
after(() => Promise.all(Object.values(models).map((model) => model.close())));

/** Multiply-adds of a pass that predicts once, after its last token: the last block computes one row but for keys
 * and values. @param {import('../../web/jielong.js').ModelInfo} info @param {number} n */
function expected({ layers: L, embeddingLength: E, vocabularySize: V, sites }, n) {
  const F = sites.find(({ short }) => short === 'mlp.post')?.size ?? 0;
  const rows = (L - 1) * n + 1;
  const pairs = ((L - 1) * n * (n + 1)) / 2 + n;
  return {
    qkv: 2 * E * E * L * n + E * E * rows,
    scores: E * pairs,
    gather: E * pairs,
    output: E * E * rows,
    feedForward: 3 * E * F * rows,
    unembed: E * V,
  };
}

describe('the cost of a pass', () => {
  test('counts and formulas are those of the model’s shape', () => {
    for (const name of ['tales', 'poems']) {
      const { lengths, multiplyAdds, formulas, holds } = views[name];
      assert.equal(holds, true);
      assert.ok(lengths.length >= 3, String(lengths));
      const last = lengths[lengths.length - 1];
      assert.ok(last <= models[name].info.contextLength);
      for (const [i, n] of lengths.entries())
        for (const part of PARTS)
          assert.equal(
            multiplyAdds[part][i],
            expected(models[name].info, n)[part],
            `${part}, n=${n}`,
          );
      for (const part of PARTS)
        assert.equal(predict(formulas[part], LONG), expected(models[name].info, LONG)[part], part);
    }
  });

  test('attention grows as the square, the rest with the length; far beyond the context attention is most', () => {
    const { formulas, multiplyAdds, lengths } = views.tales;
    const attention = (/** @type {number} */ n) => 2 * predict(formulas.scores, n);
    const rest = (/** @type {number} */ n) =>
      ['qkv', 'output', 'feedForward', 'unembed'].reduce(
        (sum, part) => sum + predict(formulas[part], n),
        0,
      );
    assert.ok(Math.abs(attention(2 * LONG) / attention(LONG) - 4) < 0.001);
    assert.ok(Math.abs(rest(2 * LONG) / rest(LONG) - 2) < 0.001);
    assert.ok(attention(LONG) > 20 * rest(LONG));
    const last = lengths.length - 1;
    const measured = multiplyAdds.scores[last] + multiplyAdds.gather[last];
    assert.ok(measured < 0.15 * rest(lengths[last]), 'small within the context');
  });

  test('times are the median and range of five runs; bytes are those of the counters', async () => {
    const { partMs, runs, lengths, weights, cacheBytes, tokens } = views.poems;
    assert.equal(runs, 5);
    for (const part of TIMES)
      for (const [median, low, high] of partMs[part]) assert.ok(low <= median && median <= high);
    const session = await models.poems.createSession();
    const ids = tokens.map(({ id }) => id);
    await session.run(Array.from({ length: lengths[0] }, (_, i) => ids[i % ids.length]));
    const { bytesRead, cacheBytes: held } = await session.counters();
    assert.deepEqual([weights[0], cacheBytes[0]], [bytesRead.weights, held]);
    await session.close();
  });

  test('a polynomial through three values', () => {
    assert.deepEqual(polynomial([1, 2, 3]), [0, 1, 0]);
    assert.deepEqual(polynomial([6, 17, 34]), [1, 2, 3]);
    assert.equal(predict([1, 2, 3], 10), 321);
  });

  test('empty texts have no cost; an abort ends the passes', async () => {
    const empty = await cost.compute(models.tales, { text: '' }, plainJob());
    assert.deepEqual(empty.lengths, []);
    const controller = new AbortController();
    const job = { ...plainJob(controller.signal), show: () => controller.abort() };
    await assert.rejects(cost.compute(models.tales, { text: TEXT }, job), { name: 'AbortError' });
  });
});
