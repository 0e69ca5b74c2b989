/**
 * train.test.js - what the figure of training says: losses between its anchors, next tokens, heads, stop and continue.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainJob } from '../../web/figures/figure.js';
import { train } from '../../web/figures/train.js';
import { corpusOf, PERIOD, repeated } from '../../web/figures/training.js';
import { loadModel } from '../../web/jielong.js';

const ENGLISH = "'Give me back my golden";
const CHINESE = '\n床前明月光';

/**
 * @param {Record<string, any>} request @param {import('../../web/figures/figure.js').Job} [job]
 * @returns {Promise<import('../../web/figures/train.js').TrainView>}
 */
const run = async (request, job = plainJob()) => {
  const view = await train.compute(/** @type {any} */ (null), request, job);
  if (!request.keep) job.kept.close?.();
  return view;
};

for (const text of [ENGLISH, CHINESE])
  test(`held-out loss falls below both anchors: ${corpusOf({ text })}`, async () => {
    const { held, info, moments, step, steps } = await run({ text });
    assert.equal(step, steps);
    const [first, last] = [held[0][1], held[held.length - 1][1]];
    assert.ok(Math.abs(first - info.uniform) < 0.2, `${first} before, uniform ${info.uniform}`);
    assert.ok(last < info.unigram - 0.2 && info.unigram < info.uniform, `${last}, ${info.unigram}`);
    assert.equal(moments[moments.length - 1].held, last);
    const top = moments[moments.length - 1].next[0];
    assert.ok(top.now > 20 * top.before, JSON.stringify(top));
    assert.ok(moments.every(({ sample }) => sample && !/[\uFFFD\n]/.test(sample)));
  });

test('probabilities are those of the exported model, before and now', async () => {
  const job = plainJob();
  const { moments, prompt } = await run({ text: ENGLISH, steps: 6, keep: true }, job);
  const { files } = job.kept.training;
  assert.equal(files.length, moments.length);
  for (const [i, { next, parts = [] }] of moments.entries()) {
    const model = await loadModel(files[i], { precision: 'exact' });
    const session = await model.createSession();
    await session.append(await model.tokenize(prompt));
    const [{ top }] = await session.stages({ top: 6 });
    const ids = await model.tokenize(prompt);
    assert.equal(parts.length, ids.length - 1);
    await session.rewind(0);
    let at = 0;
    for (const id of ids) {
      if (at) {
        const logits = await session.logits();
        const sum = Math.log(logits.reduce((s, x) => s + Math.exp(x), 0));
        const { logit, sum: found } = parts[at - 1];
        assert.ok(
          Math.abs(logit - logits[id]) < 1e-4 && Math.abs(found - sum) < 1e-4,
          `${i} ${at}`,
        );
      }
      await session.append([id]);
      at++;
    }
    next.forEach((token, k) => {
      assert.ok(Math.abs(token.now - top[k].probability) < 1e-4, `${i}: ${token.label}`);
      if (!i) assert.equal(token.now, token.before);
    });
    await model.close();
  }
  const other = await run({ text: 'Once upon', steps: 6, keep: true }, job);
  assert.equal(job.kept.training.files, files, 'another prompt must not train again');
  assert.equal(other.prompt, 'Once upon');
  assert.deepEqual(other.held, (await run({ text: 'Once upon', steps: 6 })).held);
  job.kept.close?.();
  assert.equal(job.kept.training, undefined);
});

test('a stopped training continues, and gives the values of one that was not stopped', async () => {
  const whole = await run({ text: ENGLISH, steps: 12, seed: 5 });
  const controller = new AbortController();
  const job = plainJob(controller.signal);
  job.progress = (done) => {
    if (done === 5) controller.abort();
  };
  const request = { text: ENGLISH, steps: 12, seed: 5, keep: true };
  await assert.rejects(run(request, job), { name: 'AbortError' });
  assert.equal(job.kept.training.trainer.step, 5);
  const again = { ...plainJob(), kept: job.kept };
  const { trainer } = job.kept.training;
  assert.deepEqual(await run(request, again), whole);
  assert.equal(job.kept.training.trainer, trainer);
  await run({ ...request, seed: 6 }, again);
  assert.notEqual(job.kept.training.trainer, trainer, 'another seed is another training');
  again.kept.close?.();
});

test('own text, learned merges, and what is too short', async () => {
  const job = plainJob();
  job.kept.own = 'The cat sat on the mat. '.repeat(100);
  const { info } = await run({ text: '', corpus: 'own', steps: 2 }, job);
  assert.ok(info.tokens > 2000 && info.tokens < 2400);
  const merges = await run({ text: ENGLISH, unit: 'merges', steps: 2 });
  assert.equal(merges.info.vocabulary, 512);
  const short = plainJob();
  short.kept.own = 'too short';
  await assert.rejects(run({ text: '', corpus: 'own' }, short), { code: 'BAD_ARGUMENT' });
});

test('a head learns to look 15 back where copies lie 16 back, and only there', async () => {
  const text = repeated(2, 1);
  assert.equal(text.length, 4 * PERIOD);
  assert.equal(text.slice(0, PERIOD), text.slice(PERIOD, 2 * PERIOD));
  const { moments, labels, heads } = await run({ task: 'induction' });
  assert.equal(labels.length, 2 * PERIOD);
  const [first, last] = [moments[0], moments[moments.length - 1]];
  const scores = /** @type {number[]} */ (last.scores);
  assert.equal(scores.length, 2 * heads);
  assert.ok(Math.max(.../** @type {number[]} */ (first.scores)) < 0.1);
  const best = scores.indexOf(Math.max(...scores));
  assert.ok(scores[best] > 0.8, `the best score is ${scores[best]}`);
  const elsewhere = /** @type {number[]} */ (last.others)[best];
  assert.ok(elsewhere < 0.2, `${elsewhere} at another distance: it does not look for the token`);
  const cells = (2 * PERIOD * (2 * PERIOD + 1)) / 2;
  const patterns = /** @type {Float32Array} */ (last.patterns);
  assert.equal(patterns.length, scores.length * cells);
  let sum = 0;
  for (let q = PERIOD; q < 2 * PERIOD; q++)
    sum += patterns[best * cells + (q * (q + 1)) / 2 + q - PERIOD + 1];
  assert.ok(Math.abs(sum / PERIOD - scores[best]) < 1e-3, 'the score is not of the shown pattern');
});
