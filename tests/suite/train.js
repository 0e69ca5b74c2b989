/**
 * train.js - trains a network in the page: equal bits on every host, an exported file that agrees with the
 * trainer, pauses and aborts, failures.
 */
import { below, ok, rejects, same } from './assert.js';

/** @typedef {import('./index.js').Case} Case */
/** @typedef {import('./index.js').T} T */
/** @typedef {import('../../web/api/types.js').TrainConfig} TrainConfig */

const verses = [
  'how much wood would a woodchuck chuck if a woodchuck could chuck wood',
  'he would chuck he would as much as he could',
  'and chuck as much wood as a woodchuck would if a woodchuck could chuck wood',
  '接龍，接著說：一個詞接一個詞。',
];
const text = Array.from({ length: 48 }, (_, i) => `${verses[(i * i) % 4]}\n`).join('');

/** @type {TrainConfig} */
const tiny = {
  context: 24,
  width: 32,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  hidden: 48,
  batch: 4,
  steps: 40,
  dropout: 0.1,
  lr: 0.02,
  lrMatrix: 0.05,
  evaluateEvery: 10,
  sampleEvery: 20,
  sampleTokens: 20,
  prompt: 'w',
};

/** @param {T} t @param {TrainConfig} [config] @param {string} [from] */
const open = (t, config, from = text) =>
  t.jielong.createTrainer({ text: from, config: { ...tiny, ...config }, worker: t.options.worker });

/** @param {import('../../web/train.js').Trainer} trainer */
async function finish(trainer) {
  const reports = [];
  for await (const report of trainer.run()) reports.push(report);
  return reports;
}

/** Mean −ln p of the held-out windows, by the engine on the exported file. @param {T} t @param {Uint8Array} file @param {import('../../web/api/types.js').TrainInfo} info */
async function heldOutOf(t, file, info) {
  const model = await t.load(file);
  const ids = (await model.tokenize(text)).slice(-info.heldOutTokens);
  const T = /** @type {number} */ (tiny.context);
  const windows = Math.floor((ids.length - 1) / T);
  let sum = 0;
  for (let i = 0; i < windows; i++) {
    const session = await model.createSession({ contextLength: T, allLogits: true });
    let at = i * T;
    for await (const logits of session.eachLogits(ids.slice(at, at + T))) {
      const max = logits.reduce((a, b) => Math.max(a, b));
      const all = logits.reduce((a, x) => a + Math.exp(x - max), 0);
      sum += Math.log(all) + max - logits[ids[++at]];
    }
    await session.close();
  }
  await model.close();
  return sum / (windows * T);
}

/** @type {Case[]} */
export const train = [
  {
    name: 'training: losses fall, the same bits on every host',
    async run(t) {
      const trainer = await open(t);
      const { info } = trainer;
      ok(
        info.parameters > 10_000 && info.steps === 40 && info.stepTokens === 96,
        'the description',
      );
      const reports = await finish(trainer);
      same(reports.length, 41, 'reports');
      const golden = await t.json('live.json');
      same(JSON.stringify(reports), JSON.stringify(golden), 'reports');
      const last = reports[40];
      below(last.heldOut ?? NaN, info.unigram * 0.8, 'the held-out loss against counting');
      below(last.loss ?? NaN, (reports[1].loss ?? NaN) * 0.6, 'the loss');
      same(trainer.step, 40, 'steps done');
      same(await finish(trainer), [], 'nothing after the last step');
      await trainer.close();
      await rejects(trainer.export(), 'CLOSED');
    },
  },
  {
    name: 'training: the exported file equals the trainer',
    async run(t) {
      const trainer = await open(t, { vocabulary: 'characters' });
      for await (const { step } of trainer.run()) if (step === 20) break;
      const wanted = await trainer.heldOut();
      const found = await heldOutOf(t, await trainer.export(), trainer.info);
      below(Math.abs(found - wanted), 1e-5, 'F32: the distance of the losses');
      for (const type of /** @type {const} */ (['F16', 'Q8_0', 'Q4_0'])) {
        const file = await trainer.export({ type });
        const model = await t.load(file);
        same(model.info.fileType, type, 'the type');
        await model.close();
        const off = Math.abs((await heldOutOf(t, file, trainer.info)) - wanted);
        below(off, type === 'Q4_0' ? 0.1 : 0.01, `${type}: the distance of the losses`);
      }
      const model = await t.load(await trainer.export());
      const session = await model.createSession();
      let said = '';
      for await (const token of session.generate('w', {
        maxTokens: 20,
        temperature: 0,
        ignoreEos: true,
      }))
        said += token.text;
      same(said, await trainer.sample({ temperature: 0 }), 'the sample');
      await model.close();
      await trainer.close();
    },
  },
  {
    name: 'training: pauses and aborts change nothing, runs do not overlap',
    async run(t) {
      const [one, other] = [await open(t), await open(t)];
      await finish(one);
      for await (const { step } of other.run()) if (step === 7) break;
      const controller = new AbortController();
      const aborted = (async () => {
        for await (const { step } of other.run({ signal: controller.signal }))
          if (step === 12) controller.abort(new RangeError('enough'));
      })();
      same(await aborted.catch((e) => e.message), 'enough', 'the reason');
      const run = other.run();
      await run.next();
      await rejects(other.run().next(), 'BUSY');
      await run.return();
      same((await finish(other)).at(-1)?.step, 40, 'the last step');
      same(await other.export(), await one.export(), 'the files');
      await one.close();
      await other.close();
    },
  },
  {
    name: 'training: a vocabulary of merges, AdamW, another seed',
    async run(t) {
      const config = /** @type {const} */ ({ vocabulary: 280, optimizer: 'adamw', lr: 0.01 });
      const [one, other] = [await open(t, config), await open(t, { ...config, seed: 2 })];
      same(one.info.vocabularySize, 280, 'tokens');
      ok(one.info.bytesPerToken > 1.5, `${one.info.bytesPerToken} bytes a token`);
      const [a, b] = [await finish(one), await finish(other)];
      below(a[40].heldOut ?? NaN, one.info.unigram, 'the held-out loss against counting');
      ok(a[1].loss !== b[1].loss, 'another seed starts elsewhere');
      await one.close();
      await other.close();
    },
  },
  {
    name: 'training: invalid arguments are rejected by name',
    async run(t) {
      await rejects(open(t, {}, 'a short text'), 'BAD_ARGUMENT', /text .*too short/);
      await rejects(open(t, {}, ''), 'BAD_ARGUMENT', /text/);
      await rejects(open(t, { vocabulary: 300 }, ''), 'BAD_ARGUMENT', /text/);
      await rejects(open(t, { heads: 5, kvHeads: 5 }), 'BAD_ARGUMENT', /heads .*divisor/);
      await rejects(open(t, { width: 8192, hidden: 65536, layers: 64 }), 'BAD_ARGUMENT', /width/);
      await rejects(open(t, { warmup: 41 }), 'BAD_ARGUMENT', /steps/);
      await rejects(open(t, { batch: 65536 }), 'OUT_OF_MEMORY', /batch/);
      const wrong = /** @type {any} */ ({ vocabulary: 7 });
      await rejects(open(t, wrong), 'BAD_ARGUMENT', /vocabulary/);
      await rejects(open(t, /** @type {any} */ ({ widht: 7 })), 'BAD_ARGUMENT', /widht/);
      await rejects(open(t, { name: 'a\nkind = gru' }), 'BAD_ARGUMENT', /name/);
      const none = /** @type {any} */ ({});
      await rejects(t.jielong.createTrainer(none), 'BAD_ARGUMENT', /text/);
      const trainer = await open(t, { optimizer: 'adamw', lr: 1e30, clip: 0, warmup: 0 });
      await rejects(finish(trainer), 'NOT_A_NUMBER', /learning rate/);
      await rejects(trainer.export(/** @type {any} */ ({ type: 'Q6_K' })), 'BAD_ARGUMENT', /type/);
      await trainer.close();
      const signal = AbortSignal.abort();
      const aborted = t.jielong.createTrainer({ text, signal }).catch((e) => e.name);
      same(await aborted, 'AbortError', 'an abort');
    },
  },
];
