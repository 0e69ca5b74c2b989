/**
 * compare.test.js - what the figure of two sides says, against the engine's own numbers and the claims of the note.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { compare } from '../../web/figures/compare.js';
import { idsOf, plainJob } from '../../web/figures/figure.js';
import { quantised, RULES } from '../../web/figures/rules.js';
import { openIncluded, TALE as TEXT } from '../helpers/figure_models.js';

/** @type {import('../../web/jielong.js').Model} */ let tales;
/** @type {import('../../web/jielong.js').Model} */ let poems;
before(async () => {
  ({ tales, poems } = await openIncluded());
});
after(() => Promise.all([tales.close(), poems.close()]));

/** @param {Record<string, any>} request @returns {Promise<import('../../web/figures/compare.js').CompareView>} */
const view = (request, model = tales) =>
  compare.compute(model, { text: TEXT, ...request }, plainJob());

/** @param {Float32Array} logits @param {number} id */
const loss = (logits, id) => Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0)) - logits[id];

describe('two sides', () => {
  test('losses and candidates are those of eachLogits, under a head that is off', async () => {
    const { sides, candidates, encoder } = await view({ rule: 'head-off', layer: 5, head: 5 });
    assert.equal(encoder, false);
    const edits = [{ name: 'z', layer: 5, head: 5, op: /** @type {const} */ ('zero') }];
    for (const [side, options] of /** @type {const} */ ([
      [0, {}],
      [1, { edits }],
    ])) {
      const session = await tales.createSession({ allLogits: true, ...options });
      const { ids } = await idsOf(tales, TEXT, 64);
      const rows = [];
      for await (const logits of session.eachLogits(ids)) rows.push(logits.slice());
      sides[side].loss.forEach((x, i) => {
        assert.ok(Math.abs(x - loss(rows[i], ids[i + 1])) < 1e-4, `side ${side}, token ${i + 1}`);
      });
      const last = rows[rows.length - 1];
      for (const c of candidates) {
        const p = Math.exp(-loss(last, c.id));
        assert.ok(Math.abs(p - (side ? c.after : c.before)) < 1e-5, c.label);
      }
      await session.close();
    }
  });

  test('the working: log-sums and logits are those of eachLogits; anchors of the mean loss', async () => {
    const { sides, parts, uniform } = await view({ rule: 'head-off', layer: 5, head: 5 });
    const session = await tales.createSession({ allLogits: true });
    const { ids } = await idsOf(tales, TEXT, 64);
    let i = 0;
    for await (const logits of session.eachLogits(ids)) {
      if (++i === ids.length) break;
      const part = parts?.[0][i - 1];
      assert.ok(part && Math.abs(part.logit - logits[ids[i]]) < 1e-4, `token ${i}`);
      assert.ok(Math.abs(part.sum - part.logit - loss(logits, ids[i])) < 1e-4, `token ${i}`);
    }
    await session.close();
    assert.equal(uniform, Math.log(tales.info.vocabularySize));
    // Counted here from the table: its shares, and the rest for each other token.
    const { TABLES } = await import('../../web/unigrams.js');
    const [known, shares] = [TABLES[0].ids, TABLES[0].millionths].map((x) =>
      x.split(' ').map(Number),
    );
    const rest =
      (1e6 - shares.reduce((a, b) => a + b)) / (tales.info.vocabularySize - known.length);
    const all = [...ids].slice(1).map((id) => Math.log(1e6 / (shares[known.indexOf(id)] ?? rest)));
    const mean = all.reduce((a, b) => a + b) / all.length;
    for (const side of sides) assert.ok(Math.abs(Number(side.counts) - mean) < 1e-9);
    assert.ok(mean < uniform && Number(sides[0].mean) < mean);
  });

  test('rule none gives the same bits', async () => {
    const { sides, apart, turn, cosine, candidates } = await view({ rule: 'none' });
    assert.deepEqual(sides[0], sides[1]);
    assert.ok(apart.every((depth) => depth === -1) && turn === -1);
    assert.ok(cosine.every((x) => x === 1));
    assert.ok(candidates.every((c) => c.before === c.after));
  });

  test('a head that is off parts the streams after its block, and not before', async () => {
    for (const layer of [0, 3, 5]) {
      const { apart } = await view({ rule: 'head-off', layer, head: 2 });
      assert.ok(apart.every((depth) => depth === layer + 1));
    }
  });

  test('continuations are greedy generations', async () => {
    const { sides, turn } = await view({ rule: 'window', window: 8 });
    const { ids } = await idsOf(tales, TEXT, 64);
    const options = [{}, { attention: { window: 8 } }];
    for (const side of [0, 1]) {
      const session = await tales.createSession(options[side]);
      const generation = await session.complete(ids, {
        ...{ maxTokens: 12, temperature: 0, ignoreEos: true },
      });
      const shown = sides[side].next.map(({ id }) => id);
      assert.deepEqual(shown, generation.ids);
      await session.close();
    }
    assert.equal(turn, 0);
  });

  test('bear and bear: equal as embedding, apart from the first block on', async () => {
    const { pairs, apart, cosine, depths } = await view({
      text: 'The children were frightened when they saw the bear',
      other: 'The pain was so great that he could not bear',
    });
    assert.deepEqual(pairs, [
      [0, 0],
      [8, 9],
    ]);
    assert.deepEqual(apart, [-1, 1]);
    const bear = [...cosine.subarray(depths)];
    assert.equal(bear[0], 1);
    const measured = [0.95, 0.94, 0.81, 0.6, 0.46, 0.3];
    bear.slice(1).forEach((x, i) => {
      assert.ok(Math.abs(x - measured[i]) < 0.01, `block ${i}: ${x}`);
    });
  });

  test('positions: the measured verse needs them', async () => {
    const text = '\n床前明月光，疑是地上霜。舉頭望明月';
    const { candidates } = await view({ text, rule: 'positions-off' }, poems);
    const mark = candidates.find(({ label }) => label === '，');
    assert.ok(mark && mark.before > 0.99 && mark.after < 0.02, JSON.stringify(mark));
  });

  test('a prefix mask counts only losses after the prefix', async () => {
    const { sides, from } = await view({ rule: 'prefix' });
    assert.equal(from, 7);
    for (const { loss: all, mean } of sides) {
      const counted = all.slice(from);
      assert.ok(Math.abs(counted.reduce((a, b) => a + b) / counted.length - Number(mean)) < 1e-9);
    }
  });

  test('fewer bits in the cache cost more', async () => {
    const cost = [];
    for (const rule of ['cache-8', 'cache-4', 'cache-3']) {
      const { sides } = await view({ rule });
      cost.push(Math.abs(Number(sides[1].mean) - Number(sides[0].mean)));
    }
    assert.ok(cost[0] < 0.005 && cost[2] > cost[0], cost.join());
    const vectors = Float32Array.of(1, -0.5, 0.26, 0, 2, 1, 0, 0);
    assert.deepEqual(
      [...quantised(vectors, 4, 3)],
      [1, -1 / 3, 1 / 3, 0, 2, 4 / 3, 0, 0].map(Math.fround),
    );
  });
});

test('every rule runs on both models, and again with the same values', async () => {
  for (const model of [tales, poems])
    for (const rule of RULES) {
      const request = { text: '\n舉頭望明月', rule, layer: 99, head: 99, seed: 4 };
      const [one, two] = [await view(request, model), await view(request, model)];
      assert.deepEqual(one, two, rule);
      assert.ok(
        one.sides.every(({ loss: all }) => all.every(Number.isFinite)),
        rule,
      );
    }
});

test('texts at the limits', async () => {
  await assert.rejects(view({ text: '' }), { code: 'NO_TEXT' });
  const one = await view({ text: 'a' });
  assert.deepEqual([one.sides[0].loss, one.sides[0].mean], [[], null]);
  const long = await view({ text: 'the king '.repeat(200), other: 'a' });
  assert.equal(long.sides[0].tokens.length, 64);
  assert.ok(long.total > 64);
  const emoji = await view({ text: '🙂', other: 'x 🙂' });
  assert.ok(emoji.sides[0].tokens.some(({ glyph }) => glyph === '🙂'));
});
