/**
 * readings.js - rows of the token tables, neighbours, logits of any vectors: against the file's tensors and the
 * session's logits.
 */
import { below, ok, rejects, same, sameBits } from './assert.js';
import { counting } from './embed.js';
import { architectures, withGelu } from './golden.js';
import { parse } from './llama64.js';

/** @typedef {import('./index.js').Case} Case */

/** @param {ArrayLike<number>} found @param {ArrayLike<number>} wanted @param {number} limit relative @param {string} what */
function close(found, wanted, limit, what) {
  same(found.length, wanted.length, `${what}: number of values`);
  let [worst, scale] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    worst = Math.max(worst, Math.abs(found[i] - wanted[i]));
    scale = Math.max(scale, Math.abs(wanted[i]));
  }
  below(worst / scale, limit, `${what}: largest difference / largest value`);
}

/** Cosines of a row and all rows, in double. @param {Float32Array} data @param {number} width @param {number} id */
function cosines(data, width, id) {
  const row = (/** @type {number} */ i) => data.subarray(i * width, (i + 1) * width);
  const dot = (/** @type {Float32Array} */ a, /** @type {Float32Array} */ b) =>
    a.reduce((sum, x, i) => sum + x * b[i], 0);
  const own = row(id);
  return Array.from({ length: data.length / width }, (_, i) => {
    const lengths = Math.sqrt(dot(own, own) * dot(row(i), row(i)));
    return lengths ? dot(own, row(i)) / lengths : 0;
  });
}

/** @type {Case[]} */
export const readings = [
  {
    name: 'embeddings are the rows of the file, before scaling; the output table is apart or tied',
    async run(t) {
      const ids = [3, 0, 159, 3];
      for (const name of ['llama', 'llama-untied', 'gemma']) {
        const model = await t.model(`arch/${name}.gguf`);
        const { tensors } = parse(await t.bytes(`arch/${name}.gguf`));
        const width = model.info.embeddingLength;
        const rows = (/** @type {Float64Array} */ table) =>
          Float32Array.from(ids.flatMap((id) => [...table.subarray(id * width, (id + 1) * width)]));
        const found = await model.embeddings(ids);
        same(found.shape, [4, width], 'shape');
        sameBits(found.data, rows(tensors['token_embd.weight']), `${name}: embeddings`);
        const output = await model.embeddings(Int32Array.from(ids), { table: 'output' });
        const table = tensors['output.weight'] ?? tensors['token_embd.weight'];
        sameBits(output.data, rows(table), `${name}: output`);
        same('output.weight' in tensors, name === 'llama-untied', 'untied');
      }
    },
  },
  {
    name: 'all embeddings at once are those of single ids, in several parts',
    async run(t) {
      const model = await t.model('types/q4_k.gguf');
      const { vocabularySize: n, embeddingLength: width } = model.info;
      const ids = Array.from({ length: 2 * n }, (_, i) => i % n);
      const { data } = await model.embeddings(ids);
      for (const i of [0, 1, n - 1, n + 5]) {
        const one = await model.embeddings([i % n]);
        sameBits(data.slice(i * width, (i + 1) * width), one.data, `row ${i}`);
      }
      await rejects(model.embeddings([0, n]), 'BAD_ARGUMENT', new RegExp(`no token ${n}`));
      await rejects(model.embeddings([-1]), 'BAD_ARGUMENT', /ids\[0\]/);
      await rejects(
        model.embeddings(new Array(2 ** 23).fill(0)),
        'BAD_ARGUMENT',
        new RegExp(`${4 * 2 ** 23 * width} bytes`),
      );
      await rejects(
        model.embeddings([0], { table: /** @type {any} */ ('x') }),
        'BAD_ARGUMENT',
        /'embedding' or 'output'/,
      );
      same((await model.embeddings([])).shape, [0, width], 'no ids');
    },
  },
  {
    name: 'neighbours are the largest cosines of the whole table, without the token itself',
    async run(t) {
      const model = await t.load(`${t.origin}/web/models/tales.gguf`);
      const { vocabularySize: n, embeddingLength: width } = model.info;
      const all = await model.embeddings(Array.from({ length: n }, (_, i) => i));
      for (const id of [0, 300, n - 1]) {
        const wanted = cosines(all.data, width, id)
          .map((similarity, other) => ({ other, similarity: Math.fround(similarity) }))
          .filter(({ other }) => other !== id)
          .sort((a, b) => b.similarity - a.similarity || a.other - b.other);
        const found = await model.neighbours(id, { count: 25 });
        close(
          found.map((x) => x.similarity),
          wanted.slice(0, 25).map((x) => x.similarity),
          1e-6,
          'similarities',
        );
        same(found[0].id, wanted[0].other, 'the nearest');
        same(found[0].text, (await model.token(found[0].id)).text, 'its text');
      }
      same((await model.neighbours(5)).length, 10, 'by default');
      await rejects(model.neighbours(n), 'BAD_ARGUMENT', /no token/);
      await rejects(model.neighbours(0, { count: 0 }), 'BAD_ARGUMENT', /count/);
      await rejects(
        model.neighbours(0, { signal: AbortSignal.abort(new Error('stop')) }).catch((e) => {
          same(e.message, 'stop', 'the reason of the signal');
          return model.neighbours(-1);
        }),
        'BAD_ARGUMENT',
      );
      await model.close();
    },
  },
  {
    name: 'neighbours of equal similarity come in the order of ids',
    async run(t) {
      const bytes = (await t.bytes('arch/llama.gguf')).slice();
      const { tensors } = parse(bytes);
      const width = (await t.model('arch/llama.gguf')).info.embeddingLength;
      // Rows 7, 40 and 90 become copies of row 20.
      const first = tensors['token_embd.weight'];
      const needle = new Uint8Array(Float32Array.from(first.subarray(0, 8)).buffer);
      const start = bytes.findIndex(
        (_, i) => i % 4 === 0 && needle.every((b, k) => bytes[i + k] === b),
      );
      ok(start > 0, 'the table in the file');
      const row = bytes.slice(start + 80 * width, start + 84 * width);
      for (const id of [7, 40, 90]) bytes.set(row, start + 4 * width * id);
      const model = await t.load(bytes);
      const found = await model.neighbours(20, { count: 3 });
      same(
        found.map(({ id }) => id),
        [7, 40, 90],
        'ids',
      );
      below(Math.abs(found[0].similarity - 1), 1e-6, 'distance of the similarity to 1');
      await model.close();
    },
  },
  {
    name: 'the last residual stream unembeds to the logits, every architecture',
    async run(t) {
      const ids = await t.json('arch/ids.json');
      for (const name of [...architectures, ...withGelu]) {
        const model = await t.model(`arch/${name}.gguf`);
        const { layers, vocabularySize: n, embeddingLength: width } = model.info;
        const session = await model.createSession();
        const { taps, logits } = await session.run(ids, {
          taps: [{ name: 'resid_post', layer: layers - 1 }],
        });
        await session.close();
        const [{ data }] = taps;
        const all = await model.unembed({ shape: [ids.length, width], data });
        same(all.shape, [ids.length, n], 'shape');
        close(all.data.slice(-n), logits, 1e-6, name);
        const one = await model.unembed(data.slice(-width));
        close(one.data, logits, 1e-6, `${name}, one row`);
      }
    },
  },
  {
    name: 'unembed without the norm is the output matrix alone; its shapes are checked',
    async run(t) {
      const model = await t.model('arch/llama-untied.gguf');
      const { embeddingLength: width, vocabularySize: n } = model.info;
      const unit = new Float32Array(2 * width);
      unit[3] = 1;
      unit[width + 5] = 2;
      const { data } = await model.unembed(unit, { norm: false });
      const table = await model.embeddings(
        Array.from({ length: n }, (_, i) => i),
        { table: 'output' },
      );
      for (let i = 0; i < n; i++) {
        same(data[i], table.data[i * width + 3], 'column 3');
        same(data[n + i], 2 * table.data[i * width + 5], 'column 5, twice');
      }
      same((await model.unembed(new Float32Array(0))).shape, [0, n], 'no rows');
      await rejects(model.unembed(new Float32Array(width + 1)), 'BAD_ARGUMENT', /rows of/);
      await rejects(model.unembed(/** @type {any} */ ([1])), 'BAD_ARGUMENT', /Float32Array/);
      const data1 = new Float32Array(width);
      await rejects(model.unembed({ shape: [2, width], data: data1 }), 'BAD_ARGUMENT', /shape/);
    },
  },
  {
    name: 'unembed gives the same bits with two threads',
    async run(t) {
      const bytes = await t.bytes('types/q8_0.gguf');
      const rows = /** @type {Float32Array[]} */ ([]);
      for (const threads of [1, 2]) {
        const model = await t.load(bytes.slice(), { threads });
        const width = model.info.embeddingLength;
        const x = Float32Array.from({ length: 40 * width }, (_, i) => Math.sin(i * i));
        rows.push((await model.unembed(x)).data);
        await model.close();
      }
      sameBits(rows[1], rows[0], 'logits');
      ok(
        rows[0].some((x) => x !== rows[0][0]),
        'logits differ',
      );
    },
  },
  {
    name: 'readings take several steps, which a signal stops; the model stays usable',
    needs: 'smollm2',
    async run(t) {
      const model = await t.model('smollm2');
      const { embeddingLength: width } = model.info;
      const [king] = await model.tokenize(' king');
      const ids = new Int32Array(6000).fill(king);
      const vectors = new Float32Array(100 * width);
      /** @type {((signal: AbortSignal) => Promise<unknown>)[]} */
      const readers = [
        (signal) => model.neighbours(king, { signal }),
        (signal) => model.embeddings(ids, { signal }),
        (signal) => model.unembed(vectors, { signal }),
      ];
      for (const read of readers) {
        const { signal } = counting(2);
        const reason = await read(signal).then(
          () => 'nothing',
          (e) => e.message,
        );
        same(reason, 'enough', 'rejects with the reason');
      }
      const near = await model.neighbours(king, { count: 5 });
      ok(
        near.map(({ text }) => text).includes(' queen'),
        `neighbours of king: ${JSON.stringify(near)}`,
      );
    },
  },
  {
    name: 'unembedding describes the final norm; encoders have no output matrix',
    async run(t) {
      const { tensors, keys } = parse(await t.bytes('arch/gpt2.gguf'));
      const found = await (await t.model('arch/gpt2.gguf')).unembedding();
      same(found.norm, 'layer', 'norm');
      same(found.epsilon, Math.fround(keys['gpt2.attention.layer_norm_epsilon']), 'epsilon');
      sameBits(
        /** @type {any} */ (found.weight),
        Float32Array.from(tensors['output_norm.weight']),
        'w',
      );
      sameBits(
        /** @type {any} */ (found.bias),
        Float32Array.from(tensors['output_norm.bias']),
        'bias',
      );
      same([found.outputBias, found.logitScale, found.logitCap], [null, 1, 0], 'the others');
      const capped = await (await t.model('arch/gemma2.gguf')).unembedding();
      same([capped.norm, capped.logitCap > 0, capped.bias], ['rms', true, null], 'gemma2');
      const scaled = await (await t.model('arch/granite.gguf')).unembedding();
      ok(scaled.logitScale !== 1, 'granite scales its logits');
      const bert = await t.model('arch/bert.gguf');
      const row = new Float32Array(bert.info.embeddingLength);
      for (const refused of [
        bert.unembed(row),
        bert.unembedding(),
        bert.embeddings([1], { table: 'output' }),
      ])
        await rejects(refused, 'BAD_ARGUMENT', /encoder \(bert\) has no output matrix/);
      same((await bert.embeddings([1])).shape[0], 1, 'its embeddings');
    },
  },
];
