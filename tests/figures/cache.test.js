/**
 * cache.test.js - what the figure of the KV cache claims, against the engine's own counters.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cache, RUNS, rangeOf } from '../../web/figures/cache.js';
import { LOSS } from '../../web/figures/cache-losses.js';
import { idsOf, plainJob } from '../../web/figures/figure.js';
import { openIncluded, TALE as TEXT } from '../helpers/figure_models.js';

const LONG = `${TEXT} ball,' said she. The frog answered that he would do so. `.repeat(4);
const POEM = '\n床前明月光，疑是地上霜。';

/** @typedef {import('../../web/figures/cache.js').CacheView} View */
/** @type {import('../../web/jielong.js').Model} */ let tales;
/** @type {import('../../web/jielong.js').Model} */ let poems;
before(async () => {
  ({ tales, poems } = await openIncluded());
});
after(() => Promise.all([tales.close(), poems.close()]));

/** @param {Record<string, any>} request @returns {Promise<View>} */
const view = (request, model = tales) => cache.compute(model, request, plainJob());

/** @param {number[]} list */
const steps = (list) => list.slice(1).map((x, i) => x - list[i]);

describe('the cache at work', () => {
  test('both sessions write what greedy generation writes', async () => {
    const { drawn, same } = await view({ text: TEXT, steps: 12 });
    assert.equal(same, true);
    const session = await tales.createSession();
    const { ids } = await idsOf(tales, TEXT, 64);
    const options = { temperature: 0, repeatPenalty: 1, maxTokens: 12, ignoreEos: true };
    const { ids: greedy } = await session.complete([...ids], options);
    assert.deepEqual(
      drawn.map(({ id }) => id),
      greedy,
    );
    await session.close();
  });

  test('with the cache a step costs the same plus one key; without it, the total grows as a square', async () => {
    for (const [model, text] of /** @type {const} */ ([
      [tales, TEXT],
      [poems, POEM],
    ])) {
      const { tokens, cached, fresh } = await view({ text, steps: 16 }, model);
      assert.deepEqual(cached.tokens, [tokens.length, ...Array(15).fill(1)]);
      assert.deepEqual(
        fresh.tokens,
        Array.from({ length: 16 }, (_, i) => tokens.length + i),
      );
      const { attentionLayers, heads, sites } = model.info;
      const size = sites.find(({ short }) => short === 'q')?.size ?? 0;
      const key = 2 * attentionLayers.length * heads * size; // multiply-adds of a further key
      assert.ok(steps(cached.multiplyAdds.slice(1)).every((x) => x === key));
      const growth = steps(fresh.multiplyAdds); // what each further token costs a step
      assert.ok(growth.every((x) => x > fresh.multiplyAdds[0] / tokens.length / 2));
      const second = steps(growth);
      assert.ok(
        second.every((x) => x === second[0] && x > 0),
        'a step grows by a square in attention',
      );
      const total = (/** @type {number[]} */ list) => list.reduce((a, b) => a + b, 0);
      assert.ok(total(fresh.multiplyAdds) > 8 * total(cached.multiplyAdds.slice(1)));
    }
  });

  test('the bytes are those of the formula, for each type of cache', async () => {
    for (const [type, width, scale] of /** @type {const} */ ([
      ['f32', 4, 0],
      ['f16', 2, 4],
      ['model', 2, 4],
    ])) {
      const { cacheBytes, tokens, shape } = await view({ text: TEXT, steps: 3, cache: type });
      const each = 2 * shape.layers * shape.kvHeads * (shape.headSize * width + scale);
      assert.deepEqual(
        cacheBytes,
        [0, 1, 2].map((i) => (tokens.length + i) * each),
      );
    }
  });

  test('times are the median and range of five runs', async () => {
    const { runs, cached, fresh } = await view({ text: TEXT, steps: 2 });
    assert.equal(runs, RUNS);
    for (const [median, low, high] of [...cached.stepMs, ...fresh.stepMs])
      assert.ok(low > 0 && low <= median && median <= high);
    assert.deepEqual(rangeOf([5, 1, 4, 2, 3]), [3, 1, 5]);
    assert.deepEqual(rangeOf([4, 1, 2, 3]), [2.5, 1, 4]);
  });

  test('the loss is that of eachLogits; a 16-bit cache does not move it, a window of 8 does', async () => {
    const { losses, types } = await view({ text: LONG, steps: 1, window: 8 });
    assert.deepEqual(
      types,
      losses.slice(0, types.length).map((row) => row.cache),
    );
    const { ids } = await idsOf(tales, LONG, LOSS.most);
    const session = await tales.createSession({ allLogits: true, cache: { type: 'f32' } });
    let nats = 0;
    let i = 0;
    for await (const logits of session.eachLogits(ids)) {
      if (++i === ids.length) break;
      nats += Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0)) - logits[ids[i]];
    }
    await session.close();
    assert.ok(Math.abs(losses[0].loss - nats / (ids.length - 1)) < 1e-4);
    const of = (/** @type {string} */ type) =>
      losses.find((row) => row.cache === type && !row.window && !row.bits);
    assert.ok(Math.abs(of('f16')?.change ?? 1) < 1e-3);
    const rounded = losses.filter((row) => row.bits);
    assert.deepEqual(
      rounded.map(({ bits }) => bits),
      [8, 4, 3],
    );
    assert.ok(Math.abs(rounded[0].change) < 0.005 && Math.abs(rounded[1].change) < 0.05);
    assert.ok(rounded[2].cacheBytes < rounded[0].cacheBytes / 2);
    const [narrow, sinks] = losses.filter((row) => row.window);
    assert.deepEqual([narrow.window, narrow.sinks, sinks.sinks], [8, 0, 4]);
    assert.ok(narrow.change > 3 * narrow.error && narrow.change > 0.02, JSON.stringify(narrow));
    assert.ok(narrow.cacheBytes < losses[1].cacheBytes);
  });

  test('short texts have no loss; empty ones and full contexts end early', async () => {
    assert.deepEqual((await view({ text: TEXT, steps: 1 })).losses, []);
    assert.deepEqual((await view({ text: '' })).drawn, []);
    const long = await view({ text: LONG.repeat(5), steps: 2 });
    assert.equal(long.tokens.length, 64);
    assert.ok(long.total > 300);
    const emoji = await view({ text: '🦊', steps: 2 });
    assert.equal(emoji.drawn.length, 2);
  });

  test('stops between steps', async () => {
    const controller = new AbortController();
    const job = { ...plainJob(controller.signal), show: () => controller.abort() };
    await assert.rejects(cache.compute(tales, { text: TEXT }, job), { name: 'AbortError' });
  });
});
