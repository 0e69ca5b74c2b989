/**
 * heads.js - head scores on patterns made by hand, and logit attribution: synthetic parts, and the real stream.
 */
import { attribute, attribution, headScores, labelOf } from '../../web/jielong.js';
import { below, ok, rejects, same } from './assert.js';
import { architectures, withGelu } from './golden.js';

/** @typedef {import('./index.js').Case} Case */

/** A run with one tap of 'pattern'. @param {number[][][]} heads [head][query][key] @param {number} [layer] */
function patternRun(heads, layer = 2) {
  const shape = [heads.length, heads[0].length, heads[0][0].length];
  const data = Float32Array.from(heads.flat(2));
  const name = `blocks.${layer}.attn.hook_pattern`;
  return { taps: [{ name, short: 'pattern', layer, dims: ['head', 'query', 'key'], shape, data }] };
}

/** A head whose query q attends to key to(q) alone. @param {number} n @param {(q: number) => number} to */
const pointing = (n, to) =>
  Array.from({ length: n }, (_, q) => Array.from({ length: n }, (_, k) => Number(k === to(q))));

/** @param {{ score: number }[]} scores */
const values = (scores) => scores.map(({ score }) => Math.round(score * 1e6) / 1e6);

/** a b c a b c: position q + 3 repeats q; after a copy of the query comes q − 2. */
const IDS = [5, 6, 7, 5, 6, 7];
const HEADS = {
  previous: pointing(6, (q) => Math.max(0, q - 1)),
  duplicate: pointing(6, (q) => (q < 3 ? q : q - 3)),
  induction: pointing(6, (q) => (q < 3 ? q : q - 2)),
  first: pointing(6, () => 0),
};
const run = patternRun(Object.values(HEADS));

/** Throws as a promise, for rejects(). @param {() => unknown} work */
const later = async (work) => work();

/** @param {number} n @param {number} seed */
function noise(n, seed) {
  let state = seed;
  return Float32Array.from({ length: n }, () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647 - 0.5;
  });
}

/** @type {Case[]} */
export const heads = [
  {
    name: 'head scores of perfect heads, by the definition of TransformerLens',
    async run() {
      const ids = IDS;
      same(values(headScores(run, 'previous-token')), [0.833333, 0, 0, 0.166667], 'previous');
      same(values(headScores(run, 'duplicate-token', { ids })), [0, 0.5, 0, 0.166667], 'duplicate');
      same(values(headScores(run, 'induction', { ids })), [0, 0, 0.5, 0], 'induction');
      same(values(headScores({ ...run, ids }, 'induction')), [0, 0, 0.5, 0], "the run's own ids");
      same(values(headScores(run, 'first-token')), [0.333333, 0.333333, 0.166667, 1], 'first');
      same(values(headScores(run, 'entropy')), [0, 0, 0, 0], 'entropy');
      const [one] = headScores(run, 'induction', { ids });
      same([one.layer, one.head], [2, 0], 'place');
      const current = { ids, excludeCurrent: true };
      same(values(headScores(run, 'duplicate-token', current))[1], 1, 'without the own position');
      same(values(headScores(run, 'induction', current))[2], 1, 'without the own position');
      same(values(headScores(run, 'previous-token', { excludeFirst: true }))[0], 1, 'without BOS');
      same(values(headScores(run, 'previous-token', { excludeFirst: true }))[3], 0, 'nothing left');
    },
  },
  {
    name: 'permuted patterns score 0, and the scores follow permuted heads',
    async run() {
      // Each query attends to a key that none of the masks has.
      const wrong = patternRun([pointing(6, (q) => [0, 1, 2, 3, 3, 4][q] ?? 0)]);
      same(values(headScores(wrong, 'induction', { ids: IDS })), [0], 'induction');
      const shuffled = [5, 9, 6, 7, 8, 4]; // the same pattern, tokens that do not repeat
      const duplicate = patternRun([HEADS.duplicate]);
      same(values(headScores(duplicate, 'duplicate-token', { ids: shuffled })), [0], 'duplicates');
      same(values(headScores(patternRun([HEADS.induction]), 'previous-token')), [0], 'previous');
      const turned = patternRun([HEADS.first, HEADS.previous]);
      same(values(headScores(turned, 'previous-token')), [0.166667, 0.833333], 'turned heads');
    },
  },
  {
    name: "head scores of soft patterns: 'mul', 'abs', entropy, a mask of one's own",
    async run() {
      const soft = patternRun([
        [
          [1, 0],
          [0.25, 0.75],
        ],
      ]);
      same(values(headScores(soft, 'previous-token')), [0.125], '0.25 of 2');
      // |1 − 0| + |0.25 − 1| + |0.75 − 0| over 2 queries
      same(values(headScores(soft, 'previous-token', { measure: 'abs' })), [-0.25], 'abs');
      const both = {
        measure: /** @type {'abs'} */ ('abs'),
        excludeFirst: true,
        excludeCurrent: true,
      };
      same(values(headScores(soft, 'previous-token', both)), [1], 'nothing left to differ');
      const bits = -(0.25 * Math.log(0.25) + 0.75 * Math.log(0.75)) / 2;
      below(Math.abs(headScores(soft, 'entropy')[0].score - bits), 1e-6, 'entropy');
      same(values(headScores(soft, (q, k) => Number(q === k))), [0.875], 'the own position');
    },
  },
  {
    name: 'head scores of the last queries of a longer session, and of one chosen head',
    async run() {
      const { data } = patternRun([HEADS.induction]).taps[0];
      const name = 'blocks.0.attn.hook_pattern';
      const tap = {
        name,
        short: 'pattern',
        layer: 0,
        head: 3,
        shape: [2, 6],
        data: data.slice(24),
      };
      same(
        headScores({ taps: [tap] }, 'induction', { ids: IDS }),
        [{ layer: 0, head: 3, score: 1 }],
        'queries 4 and 5',
      );
      const middle = { ...tap, data: data.slice(18, 30) };
      const options = { ids: IDS, from: 3 };
      same(headScores({ taps: [middle] }, 'induction', options)[0].score, 1, 'queries 3 and 4');
      await rejects(
        later(() => headScores({ taps: [tap] }, 'first-token', { from: 5 })),
        'BAD_ARGUMENT',
        /2 queries from 5/,
      );
    },
  },
  {
    name: 'head scores of the real model: induction heads on repeated tokens',
    needs: 'smollm2',
    async run(t) {
      const model = await t.model('smollm2');
      const half = Array.from(noise(30, 5), (x) => 1000 + Math.floor((x + 0.5) * 20000));
      const session = await model.createSession({ contextLength: 60 });
      await session.append(half);
      await session.logits();
      const found = await session.run(half, { taps: [{ name: 'pattern', layer: 'all' }] });
      await session.close();
      const best = (/** @type {number[]} */ ids) =>
        Math.max(...headScores(found, 'induction', { ids }).map(({ score }) => score));
      ok(best([...half, ...half]) > 0.7, `induction: ${best([...half, ...half])}`);
      const turned = [...half.slice(11), ...half.slice(0, 11)];
      below(best([...turned, ...half]), 0.2, 'the same patterns, keys of other tokens');
    },
  },
  {
    name: 'head scores refuse what they cannot read',
    async run() {
      await rejects(
        later(() => headScores({ taps: [] }, 'induction')),
        'BAD_ARGUMENT',
        /pattern/,
      );
      await rejects(
        later(() => headScores({ taps: [{ short: 'pattern' }] }, 'entropy')),
        'BAD_ARGUMENT',
        /cannot be read/,
      );
      await rejects(
        later(() => headScores(run, 'induction', { ids: [1, 2] })),
        'BAD_ARGUMENT',
        /6 keys.*not 2/,
      );
      await rejects(
        later(() => headScores(run, 'induction')),
        'BAD_ARGUMENT',
        /token ids/,
      );
      await rejects(
        later(() => headScores(run, /** @type {any} */ ('toString'))),
        'BAD_ARGUMENT',
        /previous-token.*entropy/,
      );
    },
  },
  {
    name: 'a head has the label of its highest score, or none',
    async run() {
      same(labelOf({ 'previous-token': 0.5, induction: 0.6, entropy: 9 }), 'induction', 'highest');
      same(labelOf({ 'previous-token': 0.39, 'first-token': 0.2 }), null, 'below 0.4');
      same(labelOf({ 'previous-token': 0.4 }), 'previous-token', 'at 0.4');
      same(labelOf({ 'previous-token': 0.5 }, { threshold: 0.6 }), null, 'another threshold');
      same(labelOf({}), null, 'no score');
    },
  },
  {
    name: 'attribution of synthetic parts sums to the logit, for both norms',
    async run() {
      const [n, parts] = [24, 5];
      const vectors = Array.from({ length: parts }, (_, i) => noise(n, 11 + i));
      const stream = Array.from({ length: n }, (_, i) => vectors.reduce((s, v) => s + v[i], 0));
      const [weight, bias, direction] = [noise(n, 31), noise(n, 32), noise(n, 33)];
      for (const norm of /** @type {const} */ (['rms', 'layer', null])) {
        const mean = norm === 'layer' ? stream.reduce((s, x) => s + x, 0) / n : 0;
        const square = stream.reduce((s, x) => s + (x - mean) ** 2, 0) / n;
        const scale = norm ? Math.sqrt(square + 1e-5) : 1;
        const wanted =
          0.7 *
          (stream.reduce(
            (s, x, i) => s + direction[i] * (((x - mean) / scale) * weight[i] + bias[i]),
            0,
          ) +
            0.3);
        const unembedding = {
          ...{ norm, weight, bias, epsilon: 1e-5, outputBias: null },
          ...{ logitScale: 0.7, logitCap: 0 },
        };
        const given = { direction, scale, unembedding, outputBias: 0.3 };
        const found = attribute({
          ...given,
          parts: vectors.map((vector, layer) => ({ name: 'mlp_out', layer, vector })),
        });
        below(Math.abs(found.total - wanted), 1e-12, `${norm}: total`);
        same(found.contributions.length, parts, 'contributions');
        same(found.contributions[3].layer, 3, 'layer');
        const whole = attribute({ ...given, parts: [{ name: 'resid_post', vector: stream }] });
        below(Math.abs(whole.total - found.total), 1e-12, `${norm}: linear in the parts`);
        const zero = attribute({
          ...given,
          parts: [{ name: 'embed', vector: new Float32Array(n) }],
        });
        same(zero.contributions[0].value, 0, 'a part of zeros adds nothing');
        const capped = { ...unembedding, logitCap: 30 };
        await rejects(
          later(() => attribute({ ...given, unembedding: capped, parts: [] })),
          'BAD_ARGUMENT',
          /caps its logits/,
        );
        const short = [{ name: 'embed', vector: [1] }];
        await rejects(
          later(() => attribute({ ...given, parts: short })),
          'BAD_ARGUMENT',
          /1 numbers, expected 24/,
        );
      }
    },
  },
  {
    name: 'attribution sums to the logit and to a difference, every architecture',
    slow: true,
    async run(t) {
      const ids = await t.json('arch/ids.json');
      for (const name of [...architectures, ...withGelu]) {
        const model = await t.model(`arch/${name}.gguf`);
        const session = await model.createSession();
        const sites = model.info.sites.map((site) => site.short);
        const { taps, logits } = await session.run(ids, {
          taps: [
            { name: 'resid_pre', layer: 0 },
            { name: 'embed' },
            ...(sites.includes('pos_embed') ? [{ name: 'pos_embed' }] : []),
            { name: 'attn_out', layer: 'all' },
            ...(sites.includes('mlp_out') ? [{ name: 'mlp_out', layer: 'all' }] : []),
            { name: 'ln_final.scale' },
          ],
        });
        await session.close();
        if ((await model.unembedding()).logitCap) {
          await rejects(attribution(model, { taps }, { id: 9 }), 'BAD_ARGUMENT', /caps its logits/);
          continue;
        }
        const size = logits.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
        const one = await attribution(model, { taps }, { id: 9 });
        below(Math.abs(one.total - logits[9]) / size, 1e-5, `${name}: logit`);
        const two = await attribution(model, { taps }, { id: 9, against: 4 });
        below(Math.abs(two.total - (logits[9] - logits[4])) / size, 1e-5, `${name}: difference`);
        const sum = two.contributions.reduce((s, { value }) => s + value, two.constant);
        below(Math.abs(sum - two.total), 1e-9, 'the sum of the contributions');
        same(two.contributions[0].name, name === 'bloom' ? 'resid_pre' : 'embed', 'start');
        same(two.contributions.at(-1)?.layer, model.info.layers - 1, 'the last block');
        await rejects(
          attribution(model, { taps: taps.filter((tap) => tap.short !== 'attn_out') }, { id: 9 }),
          'BAD_ARGUMENT',
          /'attn_out' of all/,
        );
        const position = ids.length;
        await rejects(attribution(model, { taps }, { id: 9, position }), 'BAD_ARGUMENT', /rows/);
      }
    },
  },
  {
    name: 'attribution of heads and the bias sums to that of attention, or is refused',
    async run(t) {
      const ids = await t.json('arch/ids.json');
      for (const name of 'llama gpt2 phi2 falcon granite olmo2'.split(' ')) {
        const model = await t.model(`arch/${name}.gguf`);
        const session = await model.createSession();
        const all = /** @type {const} */ ({ layer: 'all' });
        const run = await session.run(ids, {
          taps: [
            { name: 'resid_pre', layer: 0 },
            ...['attn_out', 'mlp_out', 'result'].map((short) => ({ name: short, ...all })),
            { name: 'ln_final.scale' },
          ],
        });
        await session.close();
        const found = attribution(model, run, { id: 9, against: 4, position: 20 });
        if (name === 'granite' || name === 'olmo2') {
          await rejects(found, 'BAD_ARGUMENT', /followed by a norm or a scale/);
          continue;
        }
        const { contributions, heads = [] } = await found;
        for (const { layer, value } of contributions.filter((c) => c.name === 'attn_out')) {
          const shares = heads.filter((head) => head.layer === layer);
          const bias = name === 'gpt2' || name === 'phi2' ? 1 : 0;
          same(shares.length, model.info.heads + bias, `${name}: shares`);
          const sum = shares.reduce((s, share) => s + share.value, 0);
          below(Math.abs(sum - value), 1e-5, `${name}, block ${layer}: sum of the heads`);
        }
      }
    },
  },
];
