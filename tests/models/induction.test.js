/**
 * induction.test.js - two layers learn repeated sequences in our trainer as TransformerLens' do in theirs.
 *
 * After tests/integration/model_bridge/test_native_training.py of TransformerLens 4.3: two blocks of two heads of 32,
 * feed-forward 256, context 32; sequences of 16 random tokens of 64, repeated; AdamW at 1e-3, decay 1e-4, 16 sequences a
 * step. Its criteria: the mean loss of steps 296 to 300 is below 0.7 of that of the first five, and after 500 steps
 * 1 − entropy / ln(keys) of one layer has risen by more than 0.2. Ours has RoPE, RMS norm and SwiGLU.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headScores, loadModel } from '../../web/jielong.js';
import { createTrainer } from '../../web/train.js';

const [PERIOD, SYMBOLS, SEQUENCES] = [16, 64, 20_000];

let seed = 42;
/** Numerical Recipes' generator: an integer below n. @param {number} n */
function random(n) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * n);
}

/** A sequence, twice. */
function sequence() {
  const half = String.fromCodePoint(
    ...Array.from({ length: PERIOD }, () => 0x4e00 + random(SYMBOLS)),
  );
  return half + half;
}

/** @param {Uint8Array} file */
async function measure(file) {
  const model = await loadModel(file, { worker: false, precision: 'exact' });
  const ids = await model.tokenize(sequence());
  const session = await model.createSession();
  const run = await session.run(ids, { taps: [{ name: 'pattern', layer: 'all' }] });
  const induction = headScores(run, 'induction', { ids });
  const sharpness = run.taps.map(({ data, shape: [heads, rows] }) => {
    let sum = 0;
    for (let h = 0; h < heads; h++)
      for (let q = 1; q < rows; q++)
        for (let k = 0; k <= q; k++) {
          const p = data[(h * rows + q) * rows + k];
          sum += (p > 0 ? p * Math.log(p) : 0) / Math.log(q + 1);
        }
    return 1 + sum / (heads * (rows - 1));
  });
  await model.close();
  return { sharpness, induction: Math.max(...induction.map(({ score }) => score)) };
}

test('a network of two layers learns to repeat, its heads sharpen, and headScores finds them', async () => {
  const trainer = await createTrainer({
    text: Array.from({ length: SEQUENCES }, sequence).join(''),
    worker: false,
    config: {
      context: 2 * PERIOD,
      width: 64,
      layers: 2,
      heads: 2,
      hidden: 256,
      optimizer: 'adamw',
      lr: 1e-3,
      lrEnd: 1,
      decay: 1e-4,
      warmup: 0,
      clip: 0,
      batch: 16,
      seed: 3,
      steps: 500,
      evaluateEvery: 500,
      evaluateWindows: 1,
      sampleEvery: 500,
      sampleTokens: 0,
    },
  });
  const before = await measure(await trainer.export());
  /** @type {number[]} */ const losses = [];
  for await (const { loss } of trainer.run()) if (loss !== undefined) losses.push(loss);
  const mean = (/** @type {number[]} */ x) => x.reduce((a, b) => a + b, 0) / x.length;
  const ratio = mean(losses.slice(295, 300)) / mean(losses.slice(0, 5));
  assert.ok(ratio < 0.7, `the loss fell to ${ratio} of its start`);
  const after = await measure(await trainer.export());
  const rise = Math.max(...after.sharpness.map((x, i) => x - before.sharpness[i]));
  assert.ok(rise > 0.2, `sharpness rose by ${rise}`);
  assert.ok(before.induction < 0.1, `${before.induction} before training`);
  assert.ok(after.induction > 0.4, `the best induction score is ${after.induction}`);
  await trainer.close();
});
