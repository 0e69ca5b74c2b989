/**
 * playground.test.js - the view of jl-playground: what is shown is the engine's generation, and can be continued.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainJob } from '../../web/figures/figure.js';
import { playground } from '../../web/figures/playground.js';
import { differences, pack, readScene } from '../../web/figures/scene.js';
import { included, withModel } from '../helpers/figure_models.js';
import { golden, noModel, smollm2 } from '../helpers/paths.js';

const tales = included('tales');
const poems = included('poems');
/** @param {any} model @param {any} request */
const compute = (model, request, job = plainJob()) => playground.compute(model, request, job);

const PROMPT = 'Once upon a time there was a';

test('tokens, probabilities and alternatives are those of session.generate()', () =>
  withModel(tales, async (model) => {
    const view = await compute(model, { text: PROMPT, seed: 5, count: 30 });
    const session = await model.createSession();
    const ids = await model.tokenize(PROMPT, { bos: true });
    let i = 0;
    for await (const token of session.generate(ids, { seed: 5, maxTokens: 30, topLogprobs: 5 })) {
      assert.equal(view.ids[i], token.id);
      assert.equal(view.texts[i], token.text);
      assert.ok(Math.abs(view.logprobs[i] - token.logprob) <= 5.1e-4);
      assert.deepEqual(
        view.tops[i],
        token.top?.map((t) => t.id),
      );
      i++;
    }
    assert.equal(view.ids.length, i);
    assert.deepEqual(view.prefix, [...ids]);
    await session.close();
  }));

test('the same seed writes the same text; without a seed each run has its own', () =>
  withModel(tales, async (model) => {
    const a = await compute(model, { text: PROMPT, seed: 1, count: 20 });
    const b = await compute(model, { text: PROMPT, seed: 1, count: 20 });
    assert.deepEqual(a, b);
    const seeds = [];
    for (let i = 0; i < 4; i++)
      seeds.push((await compute(model, { text: PROMPT, count: 1 })).sampling.seed);
    assert.equal(new Set(seeds).size, 4);
    assert.ok(seeds.every((seed) => seed < 1e9));
  }));

test('greedy takes the first alternative each time', () =>
  withModel(poems, async (model) => {
    const view = await compute(model, { text: '\n春風', greedy: true, count: 12 });
    for (const [i, id] of view.ids.entries()) assert.equal(id, view.tops[i][0]);
    assert.ok(view.texts.join('').startsWith('吹雨過'));
  }));

test('a generation continues where it ended', () =>
  withModel(tales, async (model) => {
    const request = { text: PROMPT, greedy: true };
    const whole = await compute(model, { ...request, count: 24 });
    const half = await compute(model, { ...request, count: 10 });
    const from = { view: half, count: 10 };
    const both = await compute(model, { ...request, count: 14, from });
    assert.deepEqual(both.ids, whole.ids);
    assert.deepEqual(both.texts, whole.texts);
    assert.equal(half.ids.length, 10); // the earlier view is as it was
  }));

test('a chosen alternative replaces its token and all after it', () =>
  withModel(tales, async (model) => {
    const view = await compute(model, { text: PROMPT, greedy: true, count: 16 });
    const from = { view, count: 6, choice: 3 };
    const other = await compute(model, { text: PROMPT, greedy: true, count: 8, from });
    assert.deepEqual(other.ids.slice(0, 6), view.ids.slice(0, 6));
    assert.equal(other.ids[6], view.tops[6][3]);
    assert.equal(other.logprobs[6], view.topLogprobs[6][3]);
    assert.equal(other.chosen, 6);
    const session = await model.createSession();
    const { ids } = await session.complete([...view.prefix, ...other.ids.slice(0, 7)], {
      temperature: 0,
      maxTokens: 8,
    });
    assert.deepEqual(other.ids.slice(7), ids);
    assert.equal(other.texts.join(''), await model.detokenize(other.ids));
    await session.close();
  }));

test('an unfinished view is shown, and an abort ends between two tokens', () =>
  withModel(tales, async (model) => {
    const controller = new AbortController();
    let shown = 0;
    let view;
    const job = {
      ...plainJob(controller.signal),
      show: (/** @type {any} */ part) => {
        view = part;
        shown++;
        if (part.ids.length > 3) controller.abort();
      },
    };
    await assert.rejects(compute(model, { text: PROMPT, count: 400 }, job), { name: 'AbortError' });
    assert.ok(shown >= 2 && /** @type {any} */ (view).ids.length < 100);
    const after = await compute(model, { text: PROMPT, seed: 3, count: 3 });
    assert.equal(after.ids.length, 3);
  }));

test('two generations in turns do not disturb each other', () =>
  withModel(tales, async (model) => {
    const alone = await compute(model, { text: PROMPT, seed: 2, count: 12 });
    const [a, b] = await Promise.all([
      compute(model, { text: PROMPT, seed: 2, count: 12 }),
      compute(model, { text: 'The wolf', seed: 2, count: 12 }),
    ]);
    assert.deepEqual(a, alone);
    assert.notDeepEqual(a.ids, b.ids);
  }));

test('hostile and edge texts: empty, split characters, over the limit, a full context', () =>
  withModel(poems, async (model) => {
    assert.equal((await compute(model, { text: '' })).missing, 'text');
    const emoji = await compute(model, { text: '👩‍🚀', seed: 1, count: 8 });
    assert.ok(emoji.tokens.every((/** @type {any} */ { label }) => !label.includes('\uFFFD')));
    const long = await compute(model, { text: '月'.repeat(1000), count: 400, seed: 1 });
    assert.equal(long.prefix.length, 240);
    assert.ok(long.left >= 760);
    assert.equal(long.finish, 'context');
    const full = await compute(model, { from: { view: long, count: long.ids.length } });
    assert.equal(full.finish, 'context');
  }));

test('a recorded view is the live one, and small', () =>
  withModel(poems, async (model) => {
    const request = { text: '\n床前明月光', seed: 7, count: 40 };
    const view = await compute(model, request);
    const views = JSON.parse(JSON.stringify({ playground: pack(view) }));
    const scene = readScene({ jielong: 1, model: {}, request, views });
    const again = await compute(model, scene.request);
    assert.deepEqual(differences(scene.views.playground, again), []);
    assert.ok(JSON.stringify(views).length < 8000);
  }));

test('an encoder cannot write, and says so', () =>
  withModel(golden('arch/bert.gguf'), async (model) => {
    assert.equal((await compute(model, { text: 'a' })).missing, 'encoder');
  }));

test('a chat is written by the template and continued by ids (SmolLM2)', { skip: noModel }, () =>
  withModel(smollm2, async (model) => {
    const request = { text: 'What is the capital of France?', chat: true, greedy: true };
    const whole = await compute(model, { ...request, count: 6 });
    assert.match(whole.texts.join(''), /Paris|capital/);
    assert.ok(whole.prefix.length > 15); // the template's control tokens
    const half = await compute(model, { ...request, count: 3 });
    const from = { view: half, count: 3 };
    const both = await compute(model, { ...request, count: 3, from });
    assert.deepEqual(both.ids, whole.ids);
  }),
);
