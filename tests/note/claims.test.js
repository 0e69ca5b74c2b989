/**
 * claims.test.js - what the course note claims under its figures, checked against the engine's numbers.
 *
 * One test per figure, named in the note's content (`claim`). The numbers in the text of the note are asserted here too.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { FIGURES } from '../../examples/course-note/content/figure.js';
import { SECTIONS } from '../../examples/course-note/content/index.js';
import { headScores, labelOf } from '../../web/jielong.js';
import {
  best,
  closeModels,
  cosine,
  difference,
  evaluate,
  logProbabilities,
  logSoftmax,
  loss,
  mean,
  modelOf,
  textOf,
  windows,
} from './models.js';

after(closeModels);

const PRINCESS = "The princess lost her golden ball in the well. 'Give me back my golden";
const POEM = '\n床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。';
const BEARS = {
  animal: [
    'The children were frightened when they saw the bear',
    'The hunter lifted his gun and shot the bear',
  ],
  endure: 'The pain was so great that he could not bear',
};

/** @type {Set<string>} */
const named = new Set();
/** @param {string} name @param {() => Promise<void>} run */
function claim(name, run) {
  named.add(name);
  test(name, run);
}

/** @param {import('../../web/jielong.js').Model} model @param {string} text */
const idsOf = (model, text) => model.tokenize(text, { bos: true });

/** Held-out tales as ids. @param {number} count */
async function heldOut(count) {
  const tales = await modelOf('tales');
  const text = textOf('tests/golden/tales-held-out.txt').slice(0, 6 * count);
  return (await tales.tokenize(text)).slice(0, count);
}

claim('figure 6: groups are closer inside than to others', async () => {
  const groups = {
    tales: [
      [' bear', ' wolf', ' fox', ' dog', ' cat', ' horse', ' bird'],
      [' father', ' mother', ' brother', ' sister', ' son', ' daughter'],
      [' two', ' three', ' four', ' five', ' six', ' seven'],
      [' white', ' black', ' red', ' green', ' blue', ' golden'],
    ],
    poems: [[...'一二三四五六七八九十'], [...'雁燕鴉鶯鷗鶴'], [...'松柏楊柳桃李梅']],
  };
  for (const [name, lists] of Object.entries(groups)) {
    const model = await modelOf(name);
    const rows = [];
    for (const list of lists) {
      const ids = (await Promise.all(list.map((word) => model.tokenize(word)))).map((ids) => {
        assert.equal(ids.length, 1, `${list}: one token each`);
        return ids[0];
      });
      const { shape, data } = await model.embeddings(ids);
      rows.push(ids.map((_, i) => data.subarray(i * shape[1], (i + 1) * shape[1])));
    }
    const between = (/** @type {any} */ a, /** @type {any} */ b) =>
      mean(
        a.flatMap((/** @type {any} */ x) =>
          b.filter((/** @type {any} */ y) => y !== x).map((/** @type {any} */ y) => cosine(x, y)),
        ),
      );
    rows.forEach((own, i) => {
      const inside = between(own, own);
      const outside = Math.max(
        ...rows.filter((_, k) => k !== i).map((other) => between(own, other)),
      );
      assert.ok(inside > outside + 0.08, `${name} ${lists[i][0]}: ${inside} against ${outside}`);
    });
  }
});

claim('figure 7: the two rows are identical', async () => {
  const tales = await modelOf('tales');
  const texts = [BEARS.animal[0], BEARS.endure];
  const rows = [];
  for (const text of texts) {
    const ids = await idsOf(tales, text);
    const { taps } = await evaluate(tales, ids, { taps: ['hook_embed'] });
    rows.push(taps[0].data.slice(-tales.info.embeddingLength));
  }
  assert.deepEqual(rows[0], rows[1]);
});

claim('figure 8: positions carry the metre', async () => {
  const poems = await modelOf('poems');
  const ids = await idsOf(poems, '\n床前明月光，疑是地上霜。舉頭望明月');
  const [comma] = await poems.tokenize('，');
  const [full] = await poems.tokenize('。');
  const mark = async (/** @type {any} */ rules) => {
    const row = (await logProbabilities(poems, ids, {}, rules)).at(-1) ?? [];
    return Math.exp(row[comma]) + Math.exp(row[full]);
  };
  assert.ok((await mark({})) > 0.99);
  assert.ok((await mark({ positions: 'off' })) < 0.05);

  // In one block without positions the order of earlier tokens is lost; with them it is not.
  const after = async (/** @type {Int32Array} */ given, /** @type {any} */ rules) => {
    const { taps } = await evaluate(
      poems,
      given,
      { taps: [{ name: 'resid_post', layer: 0 }] },
      rules,
    );
    return taps[0].data.slice(-poems.info.embeddingLength);
  };
  const swapped = Int32Array.from(ids);
  swapped.subarray(0, -1).reverse();
  const size = Math.max(...(await after(ids, {})).map(Math.abs));
  const off = { positions: 'off' };
  assert.ok(difference(await after(ids, off), await after(swapped, off)) < 1e-4 * size);
  assert.ok(difference(await after(ids, {}), await after(swapped, {})) > 1e-2 * size);
});

claim('figure 9: two senses part more than one sense', async () => {
  const tales = await modelOf('tales');
  const taps = [
    { name: 'resid_pre', layer: 0 },
    { name: 'resid_post', layer: 'all' },
  ];
  const width = tales.info.embeddingLength;
  const vectors = [];
  for (const text of [...BEARS.animal, BEARS.endure]) {
    const run = await evaluate(tales, await idsOf(tales, text), { taps });
    vectors.push(run.taps.map(({ data }) => data.slice(-width)));
  }
  const same = vectors[0].map((x, i) => cosine(x, vectors[1][i]));
  const other = vectors[0].map((x, i) => cosine(x, vectors[2][i]));
  assert.ok(Math.abs(same[0] - 1) < 1e-6 && Math.abs(other[0] - 1) < 1e-6);
  assert.ok(same[4] - other[4] > 0.12, `after block 3: ${same[4]}, ${other[4]}`);
  assert.equal(same[6].toFixed(2), '0.52'); // in the text
  assert.equal(other[6].toFixed(2), '0.30');
});

/** q, k, v, pattern and z of tales' L5H5 over the princess's sentence. */
async function ballHead() {
  const tales = await modelOf('tales');
  const ids = await idsOf(tales, PRINCESS);
  const at = { layer: 5, head: 5 };
  const names = ['rot_q', 'rot_k', 'v', 'attn_scores', 'pattern', 'z'];
  const rules = { cache: { type: 'f32' } }; // so that Q, K, V are what the head computes with
  const run = { taps: names.map((name) => ({ name, ...at })) };
  const { taps, logits } = await evaluate(tales, ids, run, rules);
  const [q, k, v, scores, pattern, z] = taps.map(({ data }) => data);
  return { tales, ids, n: ids.length, d: taps[0].shape[1], q, k, v, scores, pattern, z, logits };
}

claim('figure 10: recomputing from Q, K, V gives the output', async () => {
  const { n, d, q, k, v, z } = await ballHead();
  for (let row = 0; row < n; row++) {
    const scores = Array.from({ length: row + 1 }, (_, key) => {
      let sum = 0;
      for (let i = 0; i < d; i++) sum += q[row * d + i] * k[key * d + i];
      return sum / Math.sqrt(d);
    });
    const weights = logSoftmax(scores).map(Math.exp);
    for (let i = 0; i < d; i++) {
      let sum = 0;
      for (const [key, w] of weights.entries()) sum += w * v[key * d + i];
      assert.ok(Math.abs(sum - z[row * d + i]) < 1e-3 * Math.max(1, Math.abs(sum)), `${row}, ${i}`);
    }
  }
});

claim('figure 11: rows sum to 1 and the last row rests on ball', async () => {
  const { tales, ids, n, pattern, logits } = await ballHead();
  for (let row = 0; row < n; row++) {
    let sum = 0;
    for (let key = 0; key < n; key++) sum += pattern[row * n + key];
    assert.ok(Math.abs(sum - 1) < 1e-5);
  }
  const [ball] = await tales.tokenize(' ball');
  const last = pattern.slice((n - 1) * n);
  assert.ok(last[ids.indexOf(ball)] > 0.9);
  assert.equal(best(logits), ball);
  assert.ok(Math.exp(logSoftmax(logits)[ball]) > 0.4);
});

claim('figure 12: the weighted sum of values is the head’s output', async () => {
  const { n, d, v, pattern, z } = await ballHead();
  const row = n - 1;
  for (let i = 0; i < d; i++) {
    let sum = 0;
    for (let key = 0; key < n; key++) sum += pattern[row * n + key] * v[key * d + i];
    assert.ok(Math.abs(sum - z[row * d + i]) < 1e-4 * Math.max(1, Math.abs(sum)));
  }
});

claim('figure 13: the matrix equals the tap', async () => {
  const { attention, weightOf } = await import('../../web/figures/attention.js');
  const { plainJob } = await import('../../web/figures/figure.js');
  const poems = await modelOf('poems');
  const view = await attention.compute(poems, { text: POEM }, plainJob());
  const ids = await idsOf(poems, POEM);
  const { taps } = await evaluate(poems, ids, { taps: [{ name: 'pattern', layer: 'all' }] });
  const n = ids.length;
  for (const { layer = 0, data } of taps)
    for (let h = 0; h < poems.info.heads; h++)
      for (let q = 0; q < n; q++)
        for (let k = 0; k < n; k++)
          assert.equal(weightOf(view, layer, h, q, k), data[(h * n + q) * n + k]);
});

claim('figure 14: later tokens change nothing before them', async () => {
  const tales = await modelOf('tales');
  const texts = ['sons', 'daughters'].map(
    (who) => `There was once a king who had three ${who}, and they`,
  );
  const three = (await idsOf(tales, 'There was once a king who had three')).length - 1;
  /** @param {any} rules */
  const both = async (rules) => {
    const rows = [];
    for (const text of texts)
      rows.push((await logProbabilities(tales, await idsOf(tales, text), {}, rules))[three]);
    return rows;
  };
  const [a, b] = await both({});
  assert.deepEqual(a, b); // to the last bit
  const [sons] = await tales.tokenize(' sons');
  const lifted = await both({ attention: { mask: 'none' } });
  assert.ok(Math.abs(Math.exp(lifted[0][sons]) - Math.exp(lifted[1][sons])) > 0.1);
  const ids = await heldOut(256);
  const none = await loss(tales, ids, {}, { attention: { mask: 'none' } });
  assert.ok(none > (await loss(tales, ids)) + 0.3, 'the loss rises without the mask');
});

claim('figure 15: on random weights nine of ten heads have no label', async () => {
  const kinds = /** @type {const} */ ([
    'previous-token',
    'duplicate-token',
    'induction',
    'first-token',
  ]);
  /** @param {any} run */
  const labels = (run) => {
    const scores = kinds.map((kind) => headScores(run, kind));
    return scores[0].map((_, i) =>
      labelOf(Object.fromEntries(kinds.map((kind, k) => [kind, scores[k][i].score]))),
    );
  };
  const poems = await modelOf('poems');
  const text = textOf('tests/golden/tales-held-out.txt').slice(0, 400);
  const run = await evaluate(poems, await idsOf(poems, text), {
    taps: [{ name: 'pattern', layer: 'all' }],
  });
  const known = labels(run);
  const previous = known[4 * poems.info.heads + 6];
  assert.equal(previous, 'previous-token', 'L4H6');
  assert.ok(known.filter((l) => l === null).length > known.length / 2, 'most heads have no label');
});

claim('figure 16: without head L0H6 seven-character verse breaks after five', async () => {
  const poems = await modelOf('poems');
  const ids = await idsOf(poems, '\n月落烏啼霜滿天，江楓漁火對愁');
  const off = { edits: [{ name: 'z', layer: 0, head: 6, op: 'zero' }] };
  const [sleep] = await poems.tokenize('眠');
  const [stop] = await poems.tokenize('。');
  const [on, without] = [await evaluate(poems, ids), await evaluate(poems, ids, off)].map((run) =>
    logSoftmax(run.logits).map(Math.exp),
  );
  assert.equal(on[sleep].toFixed(2), '0.78'); // in the text
  assert.equal(without[stop].toFixed(2), '0.99');
  assert.ok(without[sleep] < 0.01 && on[stop] < 0.01);
});

claim('figure 17: the stream is the sum of its parts', async () => {
  for (const name of ['tales', 'poems']) {
    const model = await modelOf(name);
    const ids = await idsOf(model, name === 'tales' ? PRINCESS : POEM);
    const names = ['resid_pre', 'attn_out', 'mlp_out', 'resid_post'];
    const { taps } = await evaluate(model, ids, {
      taps: names.map((n) => ({ name: n, layer: 'all' })),
    });
    for (let layer = 0; layer < model.info.layers; layer++) {
      const [pre, attn, mlp, post] = names.map((_, i) => taps[i * model.info.layers + layer].data);
      const size = Math.max(...post.map(Math.abs));
      const sum = pre.map((x, i) => x + attn[i] + mlp[i]);
      assert.ok(difference(sum, post) < 1e-5 * size, `${name}, block ${layer}`);
      if (layer) continue;
      const norm = (/** @type {Float32Array} */ x) => Math.sqrt(x.reduce((s, y) => s + y * y, 0));
      assert.ok(norm(mlp) > 80 * norm(pre), 'block 0 writes about a hundred times the embedding');
    }
  }
});

claim('figure 18: the last lens is the real distribution', async () => {
  const tales = await modelOf('tales');
  const session = await tales.createSession();
  await session.append('The princess was so beautiful that the prince fell in');
  const rows = await session.lens({ top: 3 });
  const truth = logSoftmax(await session.logits());
  await session.close();
  const last = rows[rows.length - 1];
  for (const { id, logprob } of last.top) assert.ok(Math.abs(logprob - truth[id]) < 1e-6);
  assert.equal(last.top[0].text, ' love');
  assert.deepEqual(
    rows.slice(0, 4).map((row) => row.top[0].text),
    [' the', ' the', ' the', ' the'],
  );
  assert.ok(rows[4].kl < rows[0].kl && last.kl < 1e-6);
});

claim('figure 19: stages are the sampler’s own, and sum to 1', async () => {
  const tales = await modelOf('tales');
  const session = await tales.createSession();
  await session.append('They married, and lived happily until they');
  const logits = await session.logits();
  const died = (await tales.tokenize(' died'))[0];
  /** @param {number} temperature */
  const share = async (temperature) => {
    const stages = await session.stages({ temperature, topK: 0, topP: 1, minP: 0, top: 50 });
    const expected = Math.exp(logSoftmax(logits.map((x) => x / temperature))[died]);
    const found = stages[stages.length - 1].top.find(({ id }) => id === died);
    const share = found?.probability ?? 0;
    assert.ok(Math.abs(share - expected) < 1e-4, `${share}, ${expected}`);
    return expected;
  };
  const [cold, plain, hot] = [await share(0.5), await share(1), await share(1.5)];
  assert.ok(cold > plain && plain > hot);
  const draws = [];
  for (let i = 0; i < 2; i++) {
    const fresh = await tales.createSession();
    draws.push((await fresh.complete('They married', { maxTokens: 12, seed: 7 })).ids);
    await fresh.close();
  }
  assert.deepEqual(draws[0], draws[1]);
  await session.close();
});

claim('figure 20: unrolled greedy equals the stream', async () => {
  const poems = await modelOf('poems');
  const ids = [...(await idsOf(poems, '\n春風'))];
  const stream = await poems.createSession();
  const { ids: drawn } = await stream.complete(Int32Array.from(ids), {
    maxTokens: 5,
    temperature: 0,
  });
  await stream.close();
  const unrolled = [];
  for (let i = 0; i < 5; i++) {
    const next = best((await evaluate(poems, ids)).logits);
    unrolled.push(next);
    ids.push(next);
  }
  assert.deepEqual(unrolled, drawn);
});

/** Multiply-adds of generating up to n tokens, step by step. @param {any} cache @param {Int32Array} ids */
async function workOf(cache, ids) {
  const tales = await modelOf('tales');
  const session = await tales.createSession({ contextLength: ids.length + 1, cache });
  const drawn = [];
  for (const id of ids) {
    await session.append([id]);
    drawn.push(best(await session.logits()));
  }
  const { multiplyAdds } = await session.counters();
  await session.close();
  return { total: Object.values(multiplyAdds).reduce((a, b) => a + b, 0), multiplyAdds, drawn };
}

/** Multiply-adds of tales for n tokens: of the cached steps, and of computing all anew at each step. @param {number} n */
function counted(n) {
  const [block, unembed, perKey] = [7_249_920, 1_310_720, 3_840]; // L(4E² + 3EF), EV, 2EL
  const cached = n * (block + unembed) + (perKey * n * (n + 1)) / 2;
  const all = (block * n * (n + 1)) / 2 + n * unembed + (perKey * n * (n + 1) * (n + 2)) / 6;
  // In the last block, rows whose logits nobody asked for need only their keys and values: 2E² + 3EF and 2E a key less.
  const rows = (n * (n - 1)) / 2;
  const saved = rows * 1_003_520 + (640 * (n - 1) * n * (n + 1)) / 6;
  return { cached, anew: all - saved };
}

claim('figure 21: operation counts are the engine’s', async () => {
  const ids = await heldOut(256);
  for (const n of [64, 256])
    assert.equal((await workOf({ reuse: true }, ids.slice(0, n))).total, counted(n).cached);
  assert.equal((await workOf({ reuse: false }, ids.slice(0, 64))).total, counted(64).anew);
  const { cached, anew } = counted(256);
  assert.equal(Math.round(anew / cached), 93); // in the text
});

claim('figure 22: cache on and off give the same ids', async () => {
  const ids = await heldOut(32);
  const [on, off] = [await workOf({ reuse: true }, ids), await workOf({ reuse: false }, ids)];
  assert.deepEqual(on.drawn, off.drawn);
  assert.ok(off.total > 10 * on.total);
});

claim('figure 23: a prefix mask does not lower the loss', async () => {
  const tales = await modelOf('tales');
  const differences = [];
  for (const ids of windows(await heldOut(192 * 8), 192, 8)) {
    const causal = await loss(tales, ids, {}, {}, 64);
    const prefix = await loss(tales, ids, {}, { attention: { mask: 'prefix', prefix: 64 } }, 64);
    differences.push(prefix - causal);
  }
  assert.ok(mean(differences) > -0.01, `${mean(differences)} nats`);
});

claim('figure 24: measured points lie on the counted curve', async () => {
  const tales = await modelOf('tales');
  const ids = await heldOut(256);
  for (const n of [32, 128, 256]) {
    const session = await tales.createSession({ contextLength: n + 1 });
    await session.append(ids.slice(0, n));
    await session.logits();
    const { scores, gather } = (await session.counters()).multiplyAdds;
    // Five blocks attend with every row, the last one with the row whose logits are asked for.
    assert.equal(scores + gather, 640 * ((5 * n * (n + 1)) / 2 + n));
    await session.close();
  }
  const equal = (2 * 7_249_920 + 2 * 1_310_720) / 3_840 - 1; // where attention costs as much as the rest
  assert.equal(Math.round(equal), 4_458);
  assert.equal(Math.round((100_000 * 100_001) / 2 / 1e9), 5);
  assert.equal(tales.info.memory.perContextToken > 0, true);
  assert.equal((2 * 6 * 320 * 4 * 100_000) / 1e9, 1.536);
});

claim('figure 25: smaller windows lose more, eight bits almost nothing', async () => {
  const tales = await modelOf('tales');
  const texts = windows(await heldOut(4 * 400), 400, 4);
  const lossWith = async (/** @type {any} */ rules) => {
    const all = [];
    for (const ids of texts) all.push(await loss(tales, ids, {}, rules));
    return mean(all);
  };
  const full = await lossWith({});
  const at = (/** @type {number} */ window) => lossWith({ attention: { window, sinks: 0 } });
  const [w16, w32, w64, w128] = [await at(16), await at(32), await at(64), await at(128)];
  assert.ok(
    w16 > w32 && w32 > w64 && w64 > w128 && w128 > full,
    [w16, w32, w64, w128, full].join(),
  );
  const eight = await lossWith({ cache: { type: 'q8' } });
  assert.ok(Math.abs(eight - full) < 0.005, `${eight - full}`);
});

test('every figure has a claim, and every claim a test', () => {
  assert.ok(SECTIONS.length > 5);
  assert.deepEqual(
    [...FIGURES.keys()],
    Array.from({ length: 26 }, (_, i) => i + 1),
  );
  const missing = [...FIGURES.values()].map((f) => f.claim).filter((c) => !named.has(c));
  assert.deepEqual(missing, []);
});
