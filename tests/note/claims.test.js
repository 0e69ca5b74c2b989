/**
 * claims.test.js - what the course note claims under its figures, checked against the engine's numbers.
 *
 * One test per figure, named in the note's content (`claim`). The numbers in the text of the note are asserted here too.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { FIGURES } from '../../examples/course-note/content/figure.js';
import { SECTIONS } from '../../examples/course-note/content/index.js';
import { same } from '../../examples/course-note/figures/same-vectors.js';
import { cache } from '../../web/figures/cache.js';
import { compare } from '../../web/figures/compare.js';
import { cost } from '../../web/figures/cost.js';
import { plainJob } from '../../web/figures/figure.js';
import { heads } from '../../web/figures/heads.js';
import { train } from '../../web/figures/train.js';
import { loadModel } from '../../web/jielong.js';
import { TokenizerTrainer } from '../../web/tokenizer-trainer.js';
import { createTrainer } from '../../web/train.js';
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

// The note's own elements share a file with their figure; Node lacks their base.
/** @type {any} */ (globalThis).HTMLElement ??= class {};
const { bpe, segment } = await import('../../examples/course-note/figures/bpe.js');
const { evolution } = await import('../../examples/course-note/figures/evolution.js');
const { lengths } = await import('../../examples/course-note/figures/lengths.js');
const { pipeline } = await import('../../examples/course-note/figures/pipeline.js');

/** Attributes of a figure's part. @param {number} number @param {number} [i] */
const partOf = (number, i = 0) => FIGURES.get(number)?.parts[i][1] ?? {};

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

claim('figure 1: training lowers the held-out loss below both anchors', async () => {
  const job = plainJob();
  const { held, info, moments } = await train.compute(
    /** @type {any} */ (null),
    { text: PRINCESS, seed: 7 },
    job,
  );
  const [first, last] = [held[0][1], held[held.length - 1][1]];
  assert.ok(Math.abs(first - info.uniform) < 0.1, `before: ${first}, uniform ${info.uniform}`);
  assert.ok(last < info.unigram && info.unigram < info.uniform && last < first, String(last));
  const chinese = await train.compute(
    /** @type {any} */ (null),
    { text: POEM, seed: 7 },
    plainJob(),
  );
  for (const [name, of] of Object.entries({ tales: { info, held }, poems: chinese })) {
    const ratio = (await modelOf(name)).info.parameters / of.info.parameters;
    assert.ok(ratio > 24 && ratio < 100, `${name}: dozens of times smaller, ${ratio}`);
    assert.ok(of.held[of.held.length - 1][1] < of.info.unigram, name);
  }
  for (const { before } of moments[0].next)
    assert.ok(before < 2 / info.vocabulary, 'at first no token is much more probable than others');
  job.kept.close?.();
});

claim('figure 2: bits per byte fall from n-gram to Transformer', async () => {
  const { rows } = await evolution.compute(
    /** @type {any} */ (null),
    { text: partOf(2).text },
    plainJob(),
  );
  assert.deepEqual(
    rows.map((/** @type {any} */ row) => row.name),
    ['ngram', 'window', 'gru', 'transformer'],
  );
  const bits = rows.map((/** @type {any} */ row) => row.bits);
  for (let i = 1; i < bits.length; i++) assert.ok(bits[i] < bits[i - 1] - 0.005, bits.join());
  const { parameters } = (await modelOf('baseline-transformer')).info;
  assert.equal((parameters / 1e6).toFixed(1), '1.7'); // in the text
});

claim('figure 3: shapes and numbers equal the taps', async () => {
  const tales = await modelOf('tales');
  const view = await pipeline.compute(tales, { text: PRINCESS }, plainJob());
  const ids = await idsOf(tales, PRINCESS);
  const { layers, heads: H, embeddingLength, vocabularySize } = tales.info;
  const taps = [
    { name: 'embed' },
    { name: 'pattern', layer: layers - 1 },
    { name: 'mlp_out', layer: layers - 1 },
    { name: 'mlp.post', layer: 0 },
  ];
  const run = await evaluate(tales, ids, { taps });
  const [embed, pattern, feed, inner] = run.taps;
  const n = ids.length;
  assert.equal(view.tokens.length, n);
  assert.deepEqual(view.shape, {
    layers,
    heads: pattern.shape[0],
    width: embed.shape[1],
    inner: inner.shape[1],
    vocabulary: run.logits.length,
  });
  assert.deepEqual([H, embeddingLength, vocabularySize], [8, 320, 4096]);
  const last = (/** @type {any} */ { data, shape }) => data.slice(-shape[1]).slice(0, 48);
  assert.ok(difference(view.embed, last(embed)) < 1e-6);
  assert.ok(difference(view.feed, last(feed)) < 1e-3);
  for (let key = 0; key < n; key++) {
    const all = Array.from({ length: H }, (_, h) => pattern.data[(h * n + n - 1) * n + key]);
    assert.ok(Math.abs(view.mean[key] - mean(all)) < 1e-6);
  }
  assert.equal(view.best[0].id, best(run.logits));
  const truth = logSoftmax(run.logits);
  for (const { id, share } of view.best) assert.ok(Math.abs(share - Math.exp(truth[id])) < 1e-9);
});

claim('figure 4: k merges on screen give what a tokenizer with k merges gives', async () => {
  const { text } = partOf(4);
  const view = await bpe.compute(/** @type {any} */ (null), { text }, plainJob());
  const trainer = await TokenizerTrainer.open(textOf('examples/course-note/held-out.txt'), {
    sample: text,
  });
  for (const [k, { left, right, count }] of view.merges.entries()) {
    const step = trainer.step();
    assert.deepEqual([left, right, count], [step?.left, step?.right, step?.count]);
    assert.deepEqual(segment(text, view.merges, k + 1).flat(), [...trainer.sample()], `${k + 1}`);
  }
  trainer.close();
  const tales = await modelOf('tales');
  assert.equal((await tales.tokenize(' princess')).length, 1);
  assert.equal((await tales.tokenize(' generative')).length, 3);
});

claim('figure 5: the pieces rejoin to the exact text', async () => {
  const { text } = partOf(5);
  for (const name of ['tales', 'poems']) {
    const model = await modelOf(name);
    for (const given of [text, name === 'tales' ? PRINCESS : POEM, '\t👩‍👩‍👧é']) {
      const ids = await model.tokenize(given);
      assert.equal(await model.detokenize(ids), given, name);
      const pieces = await model.pieces(ids);
      const bytes = pieces.flatMap((piece) => [...piece.bytes]);
      assert.equal(new TextDecoder().decode(new Uint8Array(bytes)), given, name);
    }
  }
  const [tales, poems] = [await modelOf('tales'), await modelOf('poems')];
  assert.equal((await tales.tokenize('熊')).length, 3); // in the text: three bytes a character
  assert.equal((await poems.tokenize('熊')).length, 1);
  assert.equal((await poems.tokenize('bear')).length, 4); // one letter after the other
});

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
  const { sides } = await same.compute(tales, partOf(7), plainJob());
  assert.ok(sides[1].equal && sides[1].cosines[0] === 1);
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
  const at = async (/** @type {any} */ rules) =>
    Math.exp((await logProbabilities(poems, ids, {}, rules)).at(-1)?.[comma] ?? 0);
  assert.equal((100 * (await at({}))).toFixed(0), '100'); // in the text
  assert.equal((100 * (await at({ positions: 'off' }))).toFixed(1), '0.4');

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
  const alike = vectors[0].map((x, i) => cosine(x, vectors[1][i]));
  const other = vectors[0].map((x, i) => cosine(x, vectors[2][i]));
  assert.ok(Math.abs(alike[0] - 1) < 1e-6 && Math.abs(other[0] - 1) < 1e-6);
  assert.ok(alike[4] - other[4] > 0.12, `after block 3: ${alike[4]}, ${other[4]}`);
  assert.equal(alike[6].toFixed(2), '0.52'); // in the text
  assert.equal(other[6].toFixed(2), '0.30');
  const { sides } = await same.compute(tales, partOf(9), plainJob());
  for (const [i, list] of [alike, other].entries())
    assert.ok(difference(sides[i + 1].cosines, list) < 1e-5, 'the figure’s cosines');
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
  // What the steps say, in both languages.
  const tales = await modelOf('tales');
  const english = await attention.compute(tales, { text: PRINCESS }, plainJob());
  const last = english.tokens.length - 1;
  const [ball, my] = [english.tokens.findIndex(({ label }) => label === '␣ball'), last - 1];
  assert.ok(weightOf(english, 2, 6, last, my) > 0.9);
  assert.ok(weightOf(english, 5, 5, last, ball) > 0.9 && weightOf(english, 5, 5, my, ball) > 0.6);
  /** Mean weight on the previous token. @param {any} of @param {number} layer @param {number} head */
  const previous = (of, layer, head) =>
    mean(
      Array.from({ length: of.tokens.length - 1 }, (_, q) => weightOf(of, layer, head, q + 1, q)),
    );
  assert.ok(previous(english, 3, 2) > 0.5, `${previous(english, 3, 2)}`);
  assert.ok(previous(view, 4, 6) > 0.8, `${previous(view, 4, 6)}`);
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
  const { sides } = await compare.compute(tales, partOf(14), plainJob());
  const means = sides.map((/** @type {any} */ side) => side.mean.toFixed(2));
  assert.deepEqual(means, ['1.65', '2.05']); // in the text
});

/** The labels of a model's heads, by the rules of jl-heads. @param {import('../../web/jielong.js').Model} model */
const labelsOf = async (model) =>
  (await heads.compute(model, { text: POEM, layer: 0, head: 0 }, plainJob())).labels;

claim('figure 15: on random weights nine of ten heads have no label', async () => {
  const poems = await modelOf('poems');
  assert.equal(poems.info.layers * poems.info.heads, 48);
  // One label, as the text says.
  assert.deepEqual(await labelsOf(poems), [{ layer: 4, head: 6, kind: 'previous-token' }]);
  const text = textOf('examples/course-note/held-out.txt');
  const config = { vocabulary: 512, context: 256, width: 320, layers: 6, heads: 8, hidden: 832 };
  const trainer = await createTrainer({ text, worker: false, config });
  const random = await loadModel(await trainer.export(), { precision: 'exact' });
  trainer.close();
  const none = await labelsOf(random);
  await random.close();
  assert.deepEqual(none, [], 'random weights have no label, in the text');
  // Block 2: head 1 rests on the last mark, head 0 on the character before the previous one.
  const ids = [...(await idsOf(poems, POEM))];
  const marks = new Set([...(await poems.tokenize('，')), ...(await poems.tokenize('。'))]);
  const run = await evaluate(poems, ids, { taps: [{ name: 'pattern', layer: 2 }] });
  const n = ids.length;
  const weight = (/** @type {number} */ h, /** @type {number} */ q, /** @type {number} */ k) =>
    run.taps[0].data[(h * n + q) * n + k];
  const [toMark, twoBack] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  for (let q = 2; q < n; q++) {
    twoBack.push(weight(0, q, q - 2));
    const mark = ids.slice(0, q).findLastIndex((id) => marks.has(id));
    if (mark >= 0) toMark.push(weight(1, q, mark));
  }
  assert.ok(mean(toMark) > 0.8, `${mean(toMark)}`);
  assert.ok(mean(twoBack) > 0.6, `${mean(twoBack)}`);
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
  for (let one = 0; one < 48; one++) {
    if (one === 6) continue;
    const z = { name: 'z', layer: Math.floor(one / 8), head: one % 8, op: 'zero' };
    const { logits } = await evaluate(poems, ids, { edits: [z] });
    assert.equal(best(logits), sleep, `without head ${z.head} of block ${z.layer}`);
  }
  const five = await idsOf(poems, POEM);
  const change = (await loss(poems, five, off)) - (await loss(poems, five));
  assert.ok(Math.abs(change) < 0.1, `verse of five characters: ${change} nats`);
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
      const ratio = norm(mlp) / norm(pre);
      assert.ok(ratio > 75 && ratio < 125, `about a hundred times the embedding: ${ratio}`);
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
  assert.deepEqual([rows.length, rows[4].top[0].text], [6, ' love']); // block 4, in the text
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
  assert.equal((100 * plain).toFixed(0), '47'); // in the text
  assert.equal((100 * (await share(0.8))).toFixed(0), '62');
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
  const { sides } = await compare.compute(tales, partOf(23), plainJob());
  assert.equal((sides[1].mean - sides[0].mean).toFixed(2), '0.05'); // in the text
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
  // Where the figure's two formulas are equal: attention, and everything else.
  const { formulas, holds } = await cost.compute(tales, { text: PRINCESS }, plainJob());
  assert.ok(holds);
  /** @param {(part: string) => boolean} which */
  const sum = (which) =>
    Object.keys(formulas)
      .filter(which)
      .reduce((all, part) => all.map((x, i) => x + formulas[part][i]), [0, 0, 0]);
  const attends = (/** @type {string} */ part) => ['scores', 'gather'].includes(part);
  const [a, b] = [sum(attends), sum((part) => !attends(part))];
  const linear = b[1] - a[1];
  const equal = (linear + Math.sqrt(linear ** 2 + 4 * a[2] * (b[0] - a[0]))) / (2 * a[2]);
  assert.equal(Math.round(equal / 100), 39); // about 3,900, in the text
  const far = (/** @type {number[]} */ p) => p[0] + p[1] * 1e5 + p[2] * 1e10;
  assert.ok(far(a) > 0.9 * (far(a) + far(b)), 'nearly all work is attention');
  assert.equal(Math.round((100_000 * 100_001) / 2 / 1e9), 5);
  assert.equal(((8_064 * 100_000) / 1e9).toFixed(1), '0.8');
  const session = await tales.createSession({ contextLength: 17 });
  await session.append(ids.slice(0, 16));
  await session.logits();
  assert.equal((await session.counters()).cacheBytes / 16, 8_064);
  await session.close();
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
  const [w16, w32, w64] = [await at(16), await at(32), await at(64)];
  assert.ok(w16 > w32 && w32 > w64 && w64 > full, [w16, w32, w64, full].join());
  // The same on the figure's own text.
  const changes = [];
  for (const window of [16, 32, 64]) {
    const view = await cache.compute(tales, { ...partOf(25), steps: 1, window }, plainJob());
    const change = (/** @type {any} */ which) =>
      view.losses.find((/** @type {any} */ row) => which(row))?.change;
    changes.push(change((/** @type {any} */ row) => row.window === window && !row.sinks));
    assert.ok(Math.abs(change((/** @type {any} */ row) => row.bits === 8)) < 0.005);
  }
  assert.ok(changes[0] > changes[1] && changes[1] > changes[2] && changes[2] > 0, changes.join());
});

claim('figure 26: bits per byte order alibi, rope, learned, sinusoidal at 512', async () => {
  const view = await lengths.compute(/** @type {any} */ (null), {}, plainJob());
  const at = (/** @type {string} */ name, /** @type {number} */ length) =>
    view.rows.find((/** @type {any} */ row) => row.name === name).bits[
      view.lengths.indexOf(length)
    ];
  const far = ['alibi', 'rope', 'learned', 'sinusoidal'].map((name) => at(name, 512));
  for (let i = 1; i < far.length; i++) assert.ok(far[i] > far[i - 1] + 0.02, far.join());
  assert.ok(at('alibi', 512) < at('alibi', 64), 'ALiBi improves with longer texts');
  assert.ok(at('rope', 128) < at('rope', 64) + 0.01 && at('rope', 512) > at('rope', 64) + 0.03);
});

test('every figure has a claim, and every claim a test', () => {
  assert.ok(SECTIONS.length > 5);
  assert.deepEqual(
    [...FIGURES.keys()].sort((a, b) => a - b),
    Array.from({ length: 26 }, (_, i) => i + 1),
  );
  const missing = [...FIGURES.values()].map((f) => f.claim).filter((c) => !named.has(c));
  assert.deepEqual(missing, []);
});
