/**
 * gpt2.test.js - published figures of GPT-2 small, when its file is there: GPT2=FILE, or build/models/gpt2.gguf (F32 or
 * F16, made by llama.cpp's converter from openai-community/gpt2).
 *
 * Sources: the loss is that of TransformerLens' tests/acceptance/test_hooked_transformer.py; the eight prompts, their
 * mean logit difference and the heads' shares of the first one are those of its demo Exploratory_Analysis
 * (Direct_Logit_Attribution), after Wang et al. 2022, "Interpretability in the Wild" (arXiv 2211.00593).
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { attribution, loadModel } from '../../web/jielong.js';
import { root } from '../helpers/paths.js';

const file = process.env.GPT2 ?? join(root, 'build/models/gpt2.gguf');
const skip = existsSync(file) ? false : 'no GPT-2; GPT2=FILE names one';
/** The prompt without the second name, then both names. @type {[string, string, string][]} */
const PROMPTS = [
  ['When John and Mary went to the shops,{} gave the bag to', ' John', ' Mary'],
  ['When Tom and James went to the park,{} gave the ball to', ' Tom', ' James'],
  ['When Dan and Sid went to the shops,{} gave an apple to', ' Dan', ' Sid'],
  ['After Martin and Amy went to the park,{} gave a drink to', ' Martin', ' Amy'],
];
/** Layer, head, share of the difference Mary − John at the last position. @type {[number, number, number][]} */
const SHARES = [
  [9, 9, 1.958],
  [9, 6, 1.628],
  [10, 7, -1.427],
  [11, 1, -0.912],
  [11, 10, -0.904],
  [10, 0, 0.637],
  [10, 10, 0.452],
  [8, 10, 0.426],
];

const load = () => loadModel(file, { precision: 'exact', worker: false });
/** @param {import('../../web/jielong.js').Model} model @param {string} text with the token that begins a text */
const begun = (model, text) => model.tokenize(`<|endoftext|>${text}`, { special: true });

test('the loss of "Hello world!" is 5.3319 nats', { skip }, async () => {
  const model = await load();
  const ids = await begun(model, 'Hello world!');
  const session = await model.createSession({ allLogits: true });
  let loss = 0;
  let at = 0;
  for await (const logits of session.eachLogits(ids.slice(0, -1))) {
    const max = logits.reduce((a, x) => Math.max(a, x));
    loss += max + Math.log(logits.reduce((s, x) => s + Math.exp(x - max), 0)) - logits[ids[++at]];
  }
  assert.ok(Math.abs(loss / at - 5.3319) < 2e-3, `${loss / at}`);
  await model.close();
});

test('the mean logit difference of the eight prompts is 3.552', { skip }, async () => {
  const model = await load();
  let sum = 0;
  for (const [prompt, ...names] of PROMPTS)
    for (const [subject, object] of [names, [...names].reverse()]) {
      const session = await model.createSession();
      const { logits } = await session.run(await begun(model, prompt.replace('{}', subject)));
      const [[a], [b]] = [await model.tokenize(object), await model.tokenize(subject)];
      sum += (logits[a] - logits[b]) / 8;
      await session.close();
    }
  assert.ok(Math.abs(sum - 3.5519) < 0.01, `${sum}`);
  await model.close();
});

test("the heads' shares of the first prompt's difference", { skip }, async () => {
  const model = await load();
  const [prompt, subject, object] = PROMPTS[0];
  const session = await model.createSession();
  const run = await session.run(await begun(model, prompt.replace('{}', subject)), {
    taps: [
      { name: 'resid_pre', layer: 0 },
      ...['attn_out', 'mlp_out', 'result'].map((name) => ({
        name,
        layer: /** @type {const} */ ('all'),
      })),
      'ln_final.scale',
    ],
  });
  const [[id], [against]] = [await model.tokenize(object), await model.tokenize(subject)];
  const { heads = [] } = await attribution(model, run, { id, against });
  for (const [layer, head, share] of SHARES) {
    const { value } = heads.find((h) => h.layer === layer && h.head === head) ?? { value: NaN };
    assert.ok(Math.abs(value - share) < 0.02, `${layer}.${head}: ${value}, published ${share}`);
  }
  await model.close();
});
