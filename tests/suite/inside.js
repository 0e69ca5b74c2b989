/**
 * inside.js - session.run() with taps and edits, and the rules of a session, as a caller uses them.
 *
 * Values are compared with an independent implementation in inside_golden.js; here: requests, their errors, and what
 * a session is afterwards.
 */
import { below, ok, rejects, same, sameBits } from './assert.js';

/** @typedef {import('./index.js').Case} Case */
/** @typedef {import('./index.js').T} T */

const GREEDY = { temperature: 0, maxTokens: 6, ignoreEos: true };

/** @param {T} t @param {any} [options] */
async function start(t, options) {
  const model = await t.model('arch/llama.gguf');
  const ids = Int32Array.from(await t.json('arch/ids.json')).slice(0, 12);
  return { model, ids, session: await model.createSession(options) };
}

/** The largest difference. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
function distance(a, b) {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}

/** @type {Case[]} */
export const inside = [
  {
    name: 'sites: every site of a model has the shape that model.info.sites says',
    async run(t) {
      const { model, ids, session } = await start(t);
      const { taps } = await session.run(ids, {
        taps: model.info.sites.map(({ name, layers }) =>
          layers ? { name, layer: layers[0] } : { name },
        ),
      });
      same(taps.length, model.info.sites.length, 'one result a site');
      taps.forEach(({ short, name, dims, shape, data, layer }, i) => {
        const site = model.info.sites[i];
        same(short, site.short, 'in the order of the request');
        same(name, site.layers ? `blocks.0.${site.name}` : site.name, 'full name');
        same(layer, site.layers ? 0 : undefined, 'layer');
        same(dims, site.dims, `dims of ${short}`);
        const lengths = { token: 12, query: 12, key: 12, head: site.heads, feature: site.size };
        const wanted = dims.map((dim) => lengths[/** @type {'token'} */ (dim)]);
        same(shape, wanted, `shape of ${short}`);
        same(
          data.length,
          shape.reduce((a, b) => a * b),
          `data of ${short}`,
        );
      });
      await session.close();
    },
  },
  {
    name: 'taps: full and short names, one head, positions and all layers',
    async run(t) {
      const { model, ids, session } = await start(t);
      const { taps } = await session.run(ids, {
        taps: [
          'blocks.1.attn.hook_z',
          { name: 'z', layer: 1, head: 2, positions: [3, 5] },
          { name: 'resid_post', layer: 'all', positions: [11, 12] },
          { name: 'pattern', layer: 1, head: 0 },
          { name: 'blocks.1.attn.hook_pattern' },
        ],
      });
      const { layers, embeddingLength } = model.info;
      same(taps.length, 4 + layers, "one for each layer of 'all'");
      const [whole, part] = taps;
      const [, heads, size] = whole.shape;
      same(part.dims, ['token', 'feature'], 'the axis of a chosen head goes');
      same([part.shape, part.head], [[2, size], 2], 'shape');
      const from = (3 * heads + 2) * size;
      sameBits(part.data.subarray(0, size), whole.data.subarray(from, from + size), 'the slice');
      taps.slice(2, 2 + layers).forEach(({ layer, shape }, i) => {
        same([layer, shape], [i, [1, embeddingLength]], 'a layer');
      });
      const [one, all] = taps.slice(-2);
      sameBits(one.data, all.data.subarray(0, one.data.length), 'the first head of all');
      await session.close();
    },
  },
  {
    name: 'edits: writing what was read changes nothing; zero, scale, add, mean change as they say',
    async run(t) {
      const { ids, session } = await start(t);
      const z = { name: 'z', layer: 0, head: 1 };
      /** @param {any} [options] */
      const run = async (options) => {
        await session.rewind(0);
        return session.run(ids, options);
      };
      const plain = await run({ taps: [z, 'blocks.0.hook_mlp_out'] });
      const [read, mlp] = plain.taps;
      const same1 = await run({ edits: [{ ...z, op: 'set', data: read.data }], taps: [z] });
      sameBits(same1.logits, plain.logits, 'set to itself');
      const zero = await run({ edits: [{ ...z, op: 'zero' }], taps: [z] });
      ok(
        zero.taps[0].data.every((x) => x === 0),
        'a tap reads after the edits',
      );
      below(1e-3, distance(zero.logits, plain.logits), 'an ablation changes the logits');
      const half = await run({ edits: [{ ...z, op: 'scale', factor: 0.5 }], taps: [z] });
      below(
        distance(
          half.taps[0].data,
          read.data.map((x) => x / 2),
        ),
        1e-6,
        'half',
      );
      const zeros = { ...z, op: 'set', data: new Float32Array(read.shape[1]) };
      sameBits((await run({ edits: [zeros] })).logits, zero.logits, 'one row for all positions');
      const minus = { ...z, op: 'add', data: Array.from(read.data, (x) => -x) };
      below(distance((await run({ edits: [minus] })).logits, zero.logits), 1e-4, 'minus itself');
      const twice = [
        { ...z, op: 'scale', factor: 0 },
        { ...z, op: 'add', data: read.data },
      ];
      sameBits((await run({ edits: twice })).logits, plain.logits, 'in their order');
      const mean = await run({
        edits: [{ name: 'mlp_out', layer: 0, op: 'mean', positions: [2, 6] }],
        taps: ['blocks.0.hook_mlp_out'],
      });
      const width = mlp.shape[1];
      for (let c = 0; c < width; c++) {
        const wanted = [2, 3, 4, 5].reduce((sum, r) => sum + mlp.data[r * width + c] / 4, 0);
        below(Math.abs(mean.taps[0].data[5 * width + c] - wanted), 1e-6, 'the mean');
      }
      sameBits(
        mean.taps[0].data.subarray(6 * width),
        mlp.data.subarray(6 * width),
        'other positions',
      );
      same(session.position, ids.length, 'position');
      await session.close();
    },
  },
  {
    name: 'edits of a session: generation has them, and closing it leaves the model as it was',
    async run(t) {
      const { model, ids, session } = await start(t);
      const plain = await session.complete(ids, GREEDY);
      const edits = /** @type {any} */ ([{ name: 'mlp_out', layer: 1, op: 'zero' }]);
      const edited = await model.createSession({ edits });
      const changed = await edited.complete(ids, GREEDY);
      ok(changed.ids.join() !== plain.ids.join(), 'the same text');
      await edited.rewind(0);
      await session.rewind(0);
      const { logits } = await session.run(ids, { edits });
      sameBits((await edited.run(ids)).logits, logits, 'as the edits of a run');
      await edited.close();
      await session.rewind(0);
      same((await session.complete(ids, GREEDY)).ids, plain.ids, 'ids afterwards');
      await session.close();
    },
  },
  {
    name: 'runs: aborted between two steps, or stopped at a layer, they leave the session',
    async run(t) {
      const { model, session } = await start(t);
      const long = Array.from({ length: 100 }, (_, i) => i % 90);
      await session.append([1, 2, 3]);
      const before = await session.logits();
      const controller = new AbortController();
      /** @type {number[]} */ const seen = [];
      const taps = [{ name: 'pattern', layer: 0 }];
      const run = session.run(long, {
        taps,
        signal: controller.signal,
        onProgress({ evaluated, total }) {
          seen.push(evaluated);
          same(total, 100, 'total');
          controller.abort();
        },
      });
      same(await run.catch((/** @type {any} */ e) => e.name), 'AbortError', 'an aborted run');
      ok(seen.length === 1 && seen[0] < 100, `aborted after ${seen}`);
      same(session.position, 3, 'position');
      sameBits(await session.logits(), before, 'logits');
      const stopped = await session.run(long, { taps, stopAtLayer: 1 });
      const whole = await (await model.createSession()).run([1, 2, 3, ...long], { taps });
      const [rows, cols] = stopped.taps[0].shape.slice(1);
      same([rows, cols], [100, 103], 'shape');
      const tail = whole.taps[0].data.subarray(3 * 103, 103 * 103);
      sameBits(stopped.taps[0].data.subarray(0, 100 * 103), tail, 'its first head');
      same([session.position, stopped.logits.length], [3, 0], 'nothing was appended');
      sameBits(await session.logits(), before, 'logits');
      await session.close();
    },
  },
  {
    name: 'runs: one whose callback throws at the end, or that stops at the last layer, appends nothing',
    async run(t) {
      const { model, ids, session } = await start(t);
      await session.append([1, 2]);
      const before = await session.logits();
      const onProgress = () => {
        throw new Error('of the caller');
      };
      const why = await session.run(ids, { onProgress }).catch((/** @type {any} */ e) => e.message);
      same([why, session.position], ['of the caller', 2], 'thrown');
      const { logits } = await session.run(ids, { stopAtLayer: model.info.layers });
      same([logits.length, session.position], [0, 2], 'stopped');
      await rejects(session.forecast(new Int32Array(200)), 'CONTEXT_FULL', /200 more do not fit/);
      sameBits(await session.logits(), before, 'logits');
      await session.close();
    },
  },
  {
    name: 'rules: a text over 64 tokens is evaluated whole, with taps or without',
    async run(t) {
      const { model } = await start(t);
      const long = Array.from({ length: 110 }, (_, i) => (i * 7) % 90);
      for (const attention of [{ mask: 'none' }, { mask: 'prefix', prefix: 100 }]) {
        const options = { attention: /** @type {any} */ (attention) };
        const [a, b] = [await model.createSession(options), await model.createSession(options)];
        const { logits } = await a.run(long);
        sameBits((await b.run(long, { taps: ['logits'] })).logits, logits, attention.mask);
        for (const one of [a, b]) await one.close();
      }
    },
  },
  {
    name: 'rules: a rewind to before a moved window leaves sinks where they belong',
    async run(t) {
      const { model, ids } = await start(t);
      const attention = { window: 4, sinks: 2, cachePositions: true };
      const [a, b] = [0, 1].map(() => model.createSession({ attention }));
      const [moved, fresh] = [await a, await b];
      await moved.run(ids);
      await moved.rewind(4);
      const { logits } = await fresh.run(ids.subarray(0, 5));
      sameBits((await moved.run(ids.subarray(4, 5))).logits, logits, 'logits');
      for (const one of [moved, fresh]) await one.close();
    },
  },
  {
    name: 'runs: sessions of a model take turns',
    async run(t) {
      const { model, session } = await start(t);
      const other = await model.createSession();
      const long = Array.from({ length: 120 }, (_, i) => i % 90);
      let during = 0;
      let running = true;
      const run = session.run(long, { taps: [{ name: 'resid_post', layer: 'all' }] });
      run.finally(() => (running = false)).catch(() => {});
      for await (const _ of other.generate([1], { ...GREEDY, maxTokens: 3 })) if (running) during++;
      await run;
      ok(during > 0, 'no token of another session came during the run');
      await other.close();
      await session.close();
    },
  },
  {
    name: 'taps: the stream adds up for every type of weights, exact and fast',
    slow: true,
    async run(t) {
      const names = ['resid_pre', 'attn_out', 'mlp_out', 'resid_post'];
      for (const type of ['f16', 'q8_0', 'q4_0', 'q5_0', 'q4_k', 'q6_k', 'iq4_nl'])
        for (const precision of /** @type {const} */ (['exact', 'fast'])) {
          const model = await t.load(t.source(`types/${type}.gguf`), { precision });
          const session = await model.createSession();
          const layer = model.info.layers - 1;
          const taps = names.map((name) => ({ name, layer }));
          const plain = await (await model.createSession()).run([5, 6, 7]);
          const run = await session.run([5, 6, 7], { taps });
          const [pre, attn, mlp, post] = run.taps.map(({ data }) => data);
          const sum = pre.map((x, i) => x + attn[i] + mlp[i]);
          const size = post.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
          below(distance(sum, post), 1e-6 * size, `${type}, ${precision}`);
          sameBits(run.logits, plain.logits, `logits of ${type}, ${precision}`);
          await model.close();
        }
    },
  },
  {
    name: 'lens: the last block is the model, and the session stays as it was',
    async run(t) {
      const { model, ids, session } = await start(t);
      await session.append(ids);
      const truth = await session.logits();
      const rows = await session.lens({ top: 3, positions: [11, 4] });
      const last = model.info.layers - 1;
      const wanted = [11, 4].flatMap((p) => [...Array(last + 1).keys()].map((layer) => [layer, p]));
      same(
        rows.map(({ layer, position }) => [layer, position]),
        wanted,
        'layers and positions',
      );
      const { top, entropy, kl } = rows[last];
      const max = truth.reduce((a, x) => Math.max(a, x));
      const all = max + Math.log(truth.reduce((sum, x) => sum + Math.exp(x - max), 0));
      same(truth[top[0].id], max, 'the most probable token');
      below(Math.abs(top[0].logprob - (max - all)), 1e-5, 'its log-probability');
      const exact = truth.reduce((sum, x) => sum - Math.exp(x - all) * (x - all), 0);
      below(Math.abs(entropy - exact), 1e-5, 'entropy');
      below(Math.abs(kl), 1e-9, 'divergence of the last from itself');
      ok(
        rows.slice(0, last).every((row) => row.kl > 0),
        'divergence of the others',
      );
      same(session.position, 12, 'position');
      sameBits(await session.logits(), truth, 'logits afterwards');
      await rejects(session.lens({ positions: [12] }), 'BAD_ARGUMENT', /0 to 11, not 12/);
      await rejects(session.lens({ layers: [99] }), 'BAD_ARGUMENT', /not 99/);
      await session.close();
      const encoder = await t.model('arch/bert.gguf');
      const text = await encoder.createSession();
      await text.append(ids);
      await rejects(text.lens(), 'BAD_ARGUMENT', /lens: an encoder/);
      await text.close();
    },
  },
  {
    name: 'BAD_ARGUMENT: taps, edits and rules by name and index',
    async run(t) {
      const { model, ids, session } = await start(t);
      /** @type {[any, RegExp][]} */
      const taps = [
        [{ name: 'hook_zz' }, /no site 'hook_zz'; its sites: embed/],
        [{}, /taps\[0\] needs a name/],
        [{ name: 'z' }, /z needs a layer/],
        [{ name: 'z', layer: 99 }, /has z in blocks 0 to \d+, not in 99/],
        ['blocks.99.attn.hook_z', /not in 99/],
        ['blocks.0.hook_embed', /no site/],
        [{ name: 'z', layer: 0, head: 99 }, /heads 0 to \d+, not 99/],
        [{ name: 'mlp_out', layer: 0, head: 0 }, /no heads/],
        [{ name: 'z', layer: 0, positions: [5, 5] }, /from < to/],
        [{ name: 'z', layer: 0, positions: [5, 99] }, /within the tokens/],
        [{ name: 'z', layer: 0, positions: [2 ** 32, 2 ** 32 + 5] }, /to < 2\^31/],
        [{ name: 'blocks.0.attn.hook_z', layer: 1 }, /the name is in block 0, but layer is 1/],
        [{ name: 'z', layer: 0, heads: 1 }, /no option 'heads'/],
        [7, /takes its options as an object/],
      ];
      for (const [tap, why] of taps)
        await rejects(session.run(ids, { taps: [tap] }), 'BAD_ARGUMENT', why);
      const z = { name: 'z', layer: 0, head: 0 };
      /** @type {[any, RegExp][]} */
      const edits = [
        [{ ...z }, /needs an op: zero/],
        [{ ...z, op: 'double' }, /one of zero/],
        [{ ...z, op: 'scale' }, /needs factor/],
        [{ ...z, op: 'set' }, /needs data/],
        [{ ...z, op: 'set', data: [1] }, /has 1 numbers; expected/],
        [{ ...z, op: 'set', data: '12345678' }, /'data' must be a Float32Array or an array/],
        [{ ...z, op: 'set', data: [1, '2'] }, /data\[1\] is '2', not a number/],
        [{ name: 'result', layer: 0, op: 'zero' }, /can only be read/],
      ];
      for (const [edit, why] of edits)
        await rejects(session.run(ids, { edits: [edit] }), 'BAD_ARGUMENT', why);
      await rejects(session.run(ids, { edits: [edits[4][0]] }), 'BAD_ARGUMENT', /edits\[0\]/);
      /** @type {[any, RegExp][]} */
      const options = [
        [{ attention: { mask: 'both' } }, /'causal', 'prefix', 'none'/],
        [{ attention: { mask: 'prefix' } }, /belong together/],
        [{ attention: { sinks: 2 } }, /need a window/],
        [{ positions: 'of' }, /positions takes its options as an object/],
        [{ positions: { ids: [1.5] } }, /positions.ids\[0\]/],
        [{ positions: { ropeBase: 0.5 } }, /at least 1/],
        [{ positions: { ropeScale: 0 } }, /above 0, not 0/],
        [{ attention: null }, /attention takes its options as an object/],
        [{ cache: null }, /cache takes its options as an object/],
        [{ attention: { mask: 'prefix', prefix: 129 } }, /does not fit the context of 128/],
        [{ cache: { type: 'q8' } }, /'f16', 'f32'/],
        [{ edits: [{ ...z, op: 'mean' }] }, /a session has a mean only/],
        [{ edits: [{ name: 'pattern', layer: 0, op: 'set', data: [1] }] }, /can only be scaled/],
      ];
      for (const [given, why] of options)
        await rejects(model.createSession(given), 'BAD_ARGUMENT', why);
      const big = session.run(ids, { taps: [{ name: 'pattern', layer: 'all' }], maxBytes: 999 });
      await rejects(big, 'OUT_OF_MEMORY', /need \d+ bytes, and the limit is 999/);
      same(session.position, 0, 'position');
      await session.close();
    },
  },
  {
    name: 'rules: a window bounds the cache, and its counters show it; without reuse all is evaluated again',
    async run(t) {
      const { model, ids, session } = await start(t);
      const window = { window: 16, sinks: 2, cachePositions: true };
      const bounded = await model.createSession({ attention: window });
      await bounded.complete(ids, { ...GREEDY, maxTokens: 72 });
      const held = (await bounded.counters()).cacheBytes;
      await bounded.complete([], { ...GREEDY, maxTokens: 40 });
      same((await bounded.counters()).cacheBytes, held, 'bytes of the cache');
      const again = await model.createSession({ cache: { reuse: false } });
      const [a, b] = [await session.complete(ids, GREEDY), await again.complete(ids, GREEDY)];
      same(b.ids, a.ids, 'the same text');
      const [reused, repeated] = [await session.counters(), await again.counters()];
      ok(reused.tokens >= 17 && reused.tokens <= 18, `${reused.tokens} tokens`);
      ok(repeated.tokens >= 12 + 13 + 14 + 15 + 16 + 17, `${repeated.tokens} tokens`);
      const { qkv, scores, gather, feedForward, unembed } = reused.multiplyAdds;
      ok([qkv, feedForward, unembed].every((x) => x > 0) && scores === gather, 'multiply-adds');
      ok(reused.bytesRead.weights > 0 && reused.bytesRead.cache > 0, 'bytes');
      await session.counters({ reset: true });
      same((await session.counters()).tokens, 0, 'after a reset');
      const whole = await model.createSession({ attention: { mask: 'none' } });
      const causal = await model.createSession({ attention: { mask: 'causal' } });
      const seen = await whole.run(ids, { taps: ['blocks.0.attn.hook_pattern'] });
      ok(
        seen.taps[0].data.every((w) => w > 0),
        'every key is seen',
      );
      ok(distance(seen.logits, (await causal.run(ids)).logits) > 1e-3, 'other logits');
      for (const one of [session, bounded, again, whole, causal]) await one.close();
    },
  },
];
