/**
 * attention.js - taps of session.run() against a forward pass in double precision.
 *
 * Tolerance 1e-5 on attention weights (range 0..1): float32 arithmetic alone causes about 1e-6.
 */
import { below, ok, same, sameBits } from './assert.js';
import { forward } from './llama64.js';

/** @typedef {import('./index.js').Case} Case */
/** @typedef {import('../../web/jielong.js').TapResult} TapResult */

/** Rows of each head sum to 1, are causal and not negative. @param {TapResult} tap @param {number} past positions before the first row */
function checkRows({ data, shape }, past) {
  const [rows, cols] = shape.slice(-2);
  for (let i = 0; i < data.length / cols; i++) {
    const row = data.subarray(i * cols, (i + 1) * cols);
    const sum = row.reduce((total, w) => total + w, 0);
    below(Math.abs(sum - 1), 1e-5, `distance of the sum of row ${i} to 1`);
    ok(
      row.every((w, j) => (j <= past + (i % rows) ? w >= 0 : w === 0)),
      `row ${i} has a weight it may not have`,
    );
  }
}

/** @param {string} name @returns {Case} */
const againstDouble = (name) => ({
  name: `attention, residual and logits against float64, ${name}`,
  async run(t) {
    const file = await t.bytes(`arch/${name}.gguf`);
    const ids = await t.json('arch/ids.json');
    const truth = forward(file, ids);
    const session = await (await t.model(`arch/${name}.gguf`)).createSession();
    const { taps, logits } = await session.run(ids, {
      taps: [
        ...truth.attention[0].map((_, head) => ({ name: 'pattern', layer: 'all', head })),
        { name: 'resid_post', layer: 'all' },
      ],
    });
    await session.close();
    same(taps.length, truth.attention.length * (truth.attention[0].length + 1), 'number of taps');
    for (const tap of taps) {
      const { short, layer = 0, head = 0, data } = tap;
      const [rows, cols] = tap.shape;
      same(data.length, rows * cols, 'length of the data');
      same(rows, ids.length, 'rows');
      if (short === 'pattern') checkRows(tap, 0);
      const wanted = short === 'pattern' ? truth.attention[layer][head] : truth.residual[layer];
      const scale = short === 'pattern' ? 1 : 4; // of the values
      let worst = 0;
      wanted.forEach((/** @type {ArrayLike<number>} */ row, /** @type {number} */ i) => {
        for (let j = 0; j < row.length; j++) {
          worst = Math.max(worst, Math.abs(data[i * cols + j] - row[j]));
        }
      });
      below(worst, 1e-5 * scale, `${short} of layer ${layer}, head ${head}: largest difference`);
    }
    let worst = 0;
    truth.logits.forEach((x, i) => {
      worst = Math.max(worst, Math.abs(x - logits[i]));
    });
    below(worst, 1e-4, 'largest difference of a logit');
  },
});

/** @type {Case[]} */
export const attention = [
  againstDouble('llama'),
  againstDouble('llama-untied'),
  {
    name: 'taps change neither the result nor the cache',
    async run(t) {
      const model = await t.model('types/q4_1.gguf');
      const ids = await t.json('types/ids.json');
      const plain = await model.createSession();
      const tapped = await model.createSession();
      await plain.append(ids);
      const { logits } = await tapped.run(ids, {
        taps: [{ name: 'pattern', layer: 0, head: 0 }],
      });
      sameBits(logits, await plain.logits(), 'logits');
      await plain.append([1]);
      const { taps, logits: next } = await tapped.run([1], {
        taps: [{ name: 'pattern', layer: 'all' }],
      });
      sameBits(next, await plain.logits(), 'logits of the next token');
      for (const tap of taps) {
        same(tap.shape, [model.info.heads, 1, ids.length + 1], 'shape');
        checkRows(tap, ids.length);
      }
      same((await tapped.run([2])).taps, [], 'nothing asked for');
      await plain.close();
      await tapped.close();
    },
  },
  {
    name: 'attention rows of the real model sum to 1 and are causal',
    needs: 'smollm2',
    async run(t) {
      const model = await t.model('smollm2');
      const ids = await model.tokenize('The quick brown fox jumps over the lazy dog. '.repeat(9));
      const session = await model.createSession({ contextLength: 256 });
      const layer = model.info.layers - 1;
      const taps = ['blocks.0.attn.hook_pattern', `blocks.${layer}.attn.hook_pattern`];
      const result = await session.run(ids, { taps });
      await session.close();
      same(result.taps[1].shape, [model.info.heads, ids.length, ids.length], 'shape');
      for (const tap of result.taps) checkRows(tap, 0);
    },
  },
];
