/**
 * embed.js - embeddings: llama.cpp's vectors, batches against the definition, failures.
 *
 * F32 files: cosine distance to llama.cpp at most 1e-6, for another order of sums and GELU's half-precision
 * argument (measured 6e-9, with norms after the sums).
 */
import { below, ok, rejects, same, sameBits } from './assert.js';
import { Bytes } from './gguf.js';
import { architectures, withGelu } from './golden.js';
import { parse } from './llama64.js';

/** @typedef {import('./index.js').Case} Case */

/** Encoders, and the pooling that the file requests. */
const ENCODERS = {
  bert: 'cls',
  'bert-untyped': 'mean',
  'nomic-bert': 'mean',
  'qwen3-encoder': 'last',
  'modern-bert': 'cls',
  'modern-bert-silu': 'mean',
  'gemma-embedding': 'mean',
  'jina-bert-v2': 'mean',
  'jina-bert-v2-fused': 'mean',
  'jina-bert-v3': 'mean',
  'nomic-bert-moe': 'mean',
  'neo-bert': 'cls',
  eurobert: 'mean',
  'llama-embed': 'mean',
};

const POOLINGS = /** @type {const} */ (['mean', 'cls', 'last']);

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
function distance(a, b) {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return 1 - ab / Math.sqrt(aa * bb);
}

/* ---- A file whose attention is large beside its weights ---------------------------------------- */

const [WIDTH, HEADS, HEAD, WORDS, CONTEXT] = [32, 64, 128, 40, 1024];

/** One block of 64 heads of 128 in a stream of 32: 0.3 MB. @param {boolean} causal */
function largeAttention(causal) {
  const arch = 'qwen3';
  const numbers = {
    context_length: CONTEXT,
    embedding_length: WIDTH,
    block_count: 1,
    feed_forward_length: WIDTH,
    'attention.head_count': HEADS,
    'attention.head_count_kv': 1,
    'attention.key_length': HEAD,
    'attention.value_length': HEAD,
  };
  /** @type {[name: string, cols: number, rows?: number][]} vectors are floats, matrices Q4_0 */
  const tensors = [
    ['token_embd.weight', WIDTH, WORDS],
    ['output_norm.weight', WIDTH],
    ['blk.0.attn_norm.weight', WIDTH],
    ['blk.0.attn_q.weight', WIDTH, HEADS * HEAD],
    ['blk.0.attn_k.weight', WIDTH, HEAD],
    ['blk.0.attn_v.weight', WIDTH, HEAD],
    ['blk.0.attn_output.weight', HEADS * HEAD, WIDTH],
    ['blk.0.attn_q_norm.weight', HEAD],
    ['blk.0.attn_k_norm.weight', HEAD],
    ['blk.0.ffn_norm.weight', WIDTH],
    ['blk.0.ffn_gate.weight', WIDTH, WIDTH],
    ['blk.0.ffn_up.weight', WIDTH, WIDTH],
    ['blk.0.ffn_down.weight', WIDTH, WIDTH],
  ];
  const file = new Bytes();
  file.number(0x46554747).number(3).number(tensors.length, 8);
  file.number(Object.keys(numbers).length + 3, 8);
  file.text('general.architecture').number(8).text(arch);
  file.text(`${arch}.attention.layer_norm_rms_epsilon`).number(6).number(0x3727c5ac); // 1e-5
  file
    .text(`${arch}.attention.causal`)
    .number(7)
    .number(causal ? 1 : 0, 1);
  for (const [key, value] of Object.entries(numbers))
    file.text(`${arch}.${key}`).number(4).number(value);
  const data = new Bytes();
  for (const [name, cols, rows] of tensors) {
    file
      .text(name)
      .number(rows ? 2 : 1)
      .number(cols, 8);
    if (rows) file.number(rows, 8);
    file.number(rows ? 2 : 0).number(data.pad(32), 8);
    for (let i = 0; i < (rows ?? 0) * (cols / 32); i++) {
      data.number(0x2000 + (i % 64), 2); // scales from 2^-7 up
      for (let j = 0; j < 16; j++) data.number((i * 7 + j * 13) % 256, 1);
    }
    for (let i = 0; !rows && i < cols; i++) data.number(0x3f800000); // 1
  }
  file.pad(32);
  return new Uint8Array([...file.list, ...data.list]);
}

/**
 * A signal that aborts at its limit-th check and counts the checks.
 * @param {number} limit
 */
export function counting(limit) {
  const controller = new AbortController();
  const { signal } = controller;
  const state = { signal, checks: 0 };
  signal.throwIfAborted = () => {
    if (++state.checks === limit) controller.abort(new Error('enough'));
    AbortSignal.prototype.throwIfAborted.call(signal);
  };
  return state;
}

/** Ids of texts of pseudorandom lengths, 1 to 60. @param {number} n @param {number} vocabulary */
const randomTexts = (n, vocabulary) =>
  Array.from({ length: n }, (_, i) =>
    Int32Array.from(
      { length: 1 + ((i * i * 37 + i * 11) % 60) },
      (_, j) => (i * 31 + j * j * 7) % vocabulary,
    ),
  );

/** @type {Case[]} */
export const embed = [
  {
    name: 'embeddings as llama.cpp, every architecture, three poolings',
    slow: true,
    async run(t) {
      const ids = await t.json('arch/ids.json');
      for (const name of [...architectures, ...withGelu, ...Object.keys(ENCODERS)]) {
        const model = await t.model(`arch/${name}.gguf`);
        const wanted = await t.floats(`arch/${name}.embed.f32`);
        const width = model.info.embeddingLength;
        for (const [i, pooling] of POOLINGS.entries()) {
          const vector = await model.embed(ids, { pooling });
          same(vector.length, width, 'numbers');
          const what = `${name}, ${pooling}: distance`;
          below(distance(vector, wanted.subarray(i * width, (i + 1) * width)), 1e-6, what);
          below(Math.abs(vector.reduce((sum, x) => sum + x * x, 0) - 1), 1e-5, 'length 1');
        }
      }
    },
  },
  {
    name: 'an embedding over several batches equals the pooled hidden states',
    async run(t) {
      const model = await t.model('arch/llama.gguf');
      const { embeddingLength: width, layers } = model.info;
      const ids = Array.from({ length: 120 }, (_, i) => (i * 37) % 160);
      const session = await model.createSession({ contextLength: 120 });
      const { taps } = await session.run(ids, {
        taps: [{ name: 'resid_post', layer: layers - 1 }],
      });
      await session.close();
      const { tensors, keys } = parse(await t.bytes('arch/llama.gguf'));
      const weight = tensors['output_norm.weight'];
      const eps = keys['llama.attention.layer_norm_rms_epsilon'];
      const rows = ids.map((_, row) => {
        const x = taps[0].data.subarray(row * width, (row + 1) * width);
        const scale = 1 / Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / width + eps);
        return Array.from(x, (v, i) => v * scale * weight[i]);
      });
      const mean = rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0));
      const wanted = { mean, cls: rows[0], last: rows[119] };
      for (const pooling of POOLINGS)
        below(distance(await model.embed(ids, { pooling }), wanted[pooling]), 1e-10, pooling);
    },
  },
  {
    name: 'a text is embedded with the special tokens of its file; mean pooling is the default',
    async run(t) {
      const model = await t.load(t.source('chat.gguf'));
      const ids = await model.tokenize('hello <s>', { bos: true });
      same(ids[0], 260, 'beginning of sequence');
      same(model.info.pooling, null, 'the file asks for no pooling');
      const vector = await model.embed('hello <s>');
      same(vector, await model.embed(ids, { pooling: 'mean' }), 'ids and text');
      ok(distance(vector, await model.embed(ids, { pooling: 'last' })) > 1e-3, 'another pooling');
      await model.close();
    },
  },
  {
    name: 'encoders: texts as llama.cpp, from tokens to the pooling of the file',
    async run(t) {
      for (const [name, pooling] of Object.entries(ENCODERS)) {
        const model = await t.model(`arch/${name}.gguf`);
        same([model.info.pooling, model.info.encoder], [pooling, true], name);
        if (!model.info.tokenizer) continue;
        for (const { text, ids, vector } of await t.json(`arch/${name}.texts.json`)) {
          same(await model.tokenize(text, { bos: true }), ids.slice(0, -1), 'ids but for [SEP]');
          const found = await model.embed(text);
          below(distance(found, vector), 1e-6, `${name}, ${text}: distance`);
          same(found, await model.embed(ids, { pooling }), 'ids and text');
        }
      }
    },
  },
  {
    name: 'encoders run with taps and reject generation and texts in parts',
    async run(t) {
      const model = await t.model('arch/bert.gguf');
      const session = await model.createSession();
      const { taps, logits } = await session.run('the old king', {
        taps: [{ name: 'pattern', layer: 0, head: 1 }],
      });
      same([taps[0].shape, logits.length], [[5, 5], 0], '[CLS], three words, [SEP]');
      ok(
        taps[0].data.subarray(0, 5).every((/** @type {number} */ w) => w > 0),
        'all are seen',
      );
      await rejects(session.append([1]), 'BAD_ARGUMENT', /whole.*5 tokens.*rewind to 0/);
      const words = /encoder \(bert\) does not predict tokens/;
      await rejects(session.complete([], { maxTokens: 1 }), 'BAD_ARGUMENT', words);
      await rejects(session.logits(), 'BAD_ARGUMENT', words);
      await rejects(session.stages(), 'BAD_ARGUMENT', words);
      await session.rewind(0);
      await session.append('once upon a time');
      same(session.position, 6, 'read afresh');
      await session.close();
      const long = new Int32Array(model.info.contextLength + 1);
      await rejects(
        model.embed(long),
        'BAD_ARGUMENT',
        /trained for 128 positions, 129 were requested/,
      );
      const all = await model.createSession({ allLogits: true });
      await rejects(all.eachLogits([1, 2]).next(), 'BAD_ARGUMENT', words);
      await all.close();
    },
  },
  {
    name: 'impossible embeddings reject with a reason',
    async run(t) {
      const model = await t.model('arch/llama.gguf');
      const sum = /** @type {any} */ ({ pooling: 'sum' });
      await rejects(model.embed([1], sum), 'BAD_ARGUMENT', /pooling.*mean/);
      await rejects(model.embed([]), 'BAD_ARGUMENT', /nothing to embed/);
      await rejects(model.embed([1, 99999]), 'BAD_ARGUMENT', /99999/);
      await rejects(model.embed('text'), 'BAD_TOKENIZER');
      const long = new Int32Array(model.info.contextLength + 1);
      await rejects(model.embed(long), 'BAD_ARGUMENT', /contextLength.*trained for/);
      const signal = AbortSignal.abort(new Error('enough'));
      const reason = await model.embed([1], { signal }).catch((e) => e.message);
      same(reason, 'enough', 'the reason of the signal');
    },
  },
  {
    name: 'an abort ends an embedding between two steps, an encoder’s too',
    async run(t) {
      const ids = Array.from({ length: 700 }, (_, i) => (i * i) % WORDS);
      for (const causal of [false, true]) {
        const model = await t.load(largeAttention(causal));
        same(model.info.encoder, !causal, 'encoder');
        const all = counting(Number.POSITIVE_INFINITY);
        const vector = await model.embed(ids, { signal: all.signal });
        ok(all.checks >= 5, `the whole text took ${all.checks - 1} steps, wanted at least 4`);
        const some = counting(3); // before the first step, the first, the second
        const reason = await model.embed(ids, { signal: some.signal }).catch((e) => e.message);
        same([reason, some.checks], ['enough', 3], 'the reason of the signal, after one step');
        sameBits(await model.embed(ids), vector, 'the model is as it was');
        await model.close();
      }
    },
  },
  {
    name: 'a list of texts has the bits of each text alone: every architecture and pooling',
    slow: true,
    async run(t) {
      for (const name of [...architectures, ...withGelu, ...Object.keys(ENCODERS)]) {
        const model = await t.model(`arch/${name}.gguf`);
        const texts = randomTexts(14, 150);
        for (const pooling of POOLINGS) {
          const vectors = await model.embed(texts, { pooling });
          same(vectors.length, texts.length, `${name}: vectors`);
          for (const [i, ids] of texts.entries())
            sameBits(vectors[i], await model.embed(ids, { pooling }), `${name}, ${pooling}, ${i}`);
        }
      }
    },
  },
  {
    name: 'a list of strings, ids and long texts: one vector for each, in order',
    async run(t) {
      const model = await t.model('arch/bert.gguf');
      const words = (await t.json('arch/bert.texts.json')).map((/** @type {any} */ c) => c.text);
      const long = Int32Array.from({ length: model.info.contextLength }, (_, i) => (i * 7) % 40);
      const texts = [...words, [1, 2, 3], long, long.slice(0, 5), ...words];
      const vectors = await model.embed(texts);
      same(vectors.length, texts.length, 'vectors');
      for (const [i, text] of texts.entries())
        sameBits(vectors[i], await model.embed(text), `texts[${i}]`);
      const one = await model.embed([words[0]]);
      same([Array.isArray(one), one.length], [true, 1], 'a list of one is a list');
      sameBits(one[0], vectors[0], 'texts[0]');
    },
  },
  {
    name: 'an impossible text of a list is named with its index',
    async run(t) {
      const model = await t.model('arch/bert.gguf');
      const long = new Int32Array(model.info.contextLength + 1);
      const bad = /** @type {any} */ ([
        ['a', [1, 99999], 'b'],
        ['a', 'b', []],
        ['a', 7],
        ['a', null],
      ]);
      const embed = (/** @type {any} */ texts) => model.embed(texts);
      await rejects(embed(bad[0]), 'BAD_ARGUMENT', /texts\[1\].*id 99999 at index 1/);
      await rejects(embed(bad[1]), 'BAD_ARGUMENT', /texts\[2\].*nothing to embed/);
      await rejects(embed(bad[2]), 'BAD_ARGUMENT', /texts\[1\] is 7/);
      await rejects(embed(bad[3]), 'BAD_ARGUMENT', /texts\[1\] is null/);
      await rejects(embed(['a', 'b', long, 'c']), 'BAD_ARGUMENT', /texts\[2\].*128 positions, 129/);
      const where = await embed(['a', long]).catch((/** @type {any} */ e) => e.where);
      same(where, 'texts[1]', 'where');
      const llama = await t.model('arch/llama.gguf');
      await rejects(llama.embed(['text', 'text']), 'BAD_TOKENIZER', /texts\[0\]/);
      same((await embed(['a', 'b'])).length, 2, 'the model is as it was');
    },
  },
  {
    name: 'an abort ends a list between two steps',
    async run(t) {
      const model = await t.load(largeAttention(false));
      const texts = Array.from({ length: 40 }, (_, i) =>
        Array.from({ length: 200 }, (_, j) => (i * j) % WORDS),
      );
      const all = counting(Number.POSITIVE_INFINITY);
      const vectors = await model.embed(texts, { signal: all.signal });
      ok(all.checks > 40, `the list took ${all.checks} steps, wanted more than its texts`);
      const some = counting(20);
      const reason = await model.embed(texts, { signal: some.signal }).catch((e) => e.message);
      same([reason, some.checks], ['enough', 20], 'the reason of the signal, at once');
      sameBits((await model.embed(texts))[39], vectors[39], 'the model is as it was');
      await model.close();
    },
  },
];
