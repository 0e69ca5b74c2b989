/**
 * save.js - session.save() and model.restore(): what follows has the same bits, and refusals.
 *
 * tests/c_save.c covers every architecture and hostile bytes; here: the way through a worker.
 */
import { ok, rejects, same, sameBits } from './assert.js';

/** @typedef {import('./index.js').Case} Case */
/** @typedef {import('../../web/jielong.js').Session} Session */

/** @param {Session} session @param {any} [options] */
async function draw(session, options) {
  const given = { maxTokens: 12, ignoreEos: true, temperature: 1, ...options };
  return (await session.complete([], given)).ids;
}

/** @type {Case[]} */
export const save = [
  {
    name: 'save: a restored session continues with the same bits, in another load too',
    async run(t) {
      const model = await t.model('arch/llama.gguf');
      const other = await t.load(t.source('arch/llama.gguf'));
      const ids = Int32Array.from(await t.json('arch/ids.json'));
      const edits = /** @type {any} */ ([{ name: 'z', layer: 1, head: 0, op: 'zero' }]);
      for (const options of [
        {},
        { edits, contextLength: 40 },
        { attention: { window: 6, sinks: 2, cachePositions: true } },
        { positions: { ropeBase: 5000 }, cache: { type: 'f32' }, allLogits: true },
      ]) {
        const session = await model.createSession(/** @type {any} */ (options));
        await session.append(ids.subarray(0, 20));
        const logits = await session.logits();
        const bytes = await session.save();
        for (const at of [model, other]) {
          const restored = await at.restore(bytes);
          same([restored.position, restored.contextLength], [20, session.contextLength], 'sizes');
          same([...(await restored.ids())], [...ids.subarray(0, 20)], 'ids');
          sameBits(await restored.logits(), logits, 'saved logits');
          same((await restored.counters()).tokens, 0, 'no token is evaluated again');
          const shared = session.position;
          const [a, b] = [await draw(session, { seed: 5 }), await draw(restored, { seed: 5 })];
          same(b, a, 'what follows');
          sameBits(await restored.logits(), await session.logits(), 'logits');
          await session.rewind(shared);
          await restored.close();
        }
        await session.close();
      }
      await other.close();
    },
  },
  {
    name: 'save: a state moves between precisions, and continues with that of its new model',
    async run(t) {
      const ids = [1, 2, 3, 4, 5, 6, 7, 8];
      /** @type {Record<string, import('../../web/jielong.js').Model>} */ const models = {};
      for (const precision of /** @type {const} */ (['exact', 'fast']))
        models[precision] = await t.load(t.source('types/q4_0.gguf'), { precision });
      const session = await models.fast.createSession();
      await session.append(ids);
      const logits = await session.logits();
      const restored = await models.exact.restore(await session.save());
      sameBits(await restored.logits(), logits, 'saved logits');
      await restored.append([9]);
      await session.append([9]);
      const [exact, fast] = [await restored.logits(), await session.logits()];
      ok(
        exact.some((x, i) => x !== fast[i]),
        'the next token has the precision of its model',
      );
      for (const model of Object.values(models)) await model.close();
    },
  },
  {
    name: 'save: between two tokens of a generation; nextSeed() continues its draws',
    async run(t) {
      const model = await t.model('arch/llama.gguf');
      const session = await model.createSession();
      same(await session.nextSeed(), 0, 'before the first draw');
      await session.append([1, 2, 3]);
      const all = await draw(session, { seed: 2n ** 63n + 5n });
      await session.rewind(3);
      const first = [];
      let bytes = new Uint8Array(0);
      const options = { maxTokens: 12, ignoreEos: true, temperature: 1, seed: 2n ** 63n + 5n };
      for await (const { id } of session.generate([], options))
        if (first.push(id) === 5) {
          bytes = await session.save();
          break;
        }
      const restored = await model.restore(bytes.buffer);
      const seed = await restored.nextSeed();
      same(seed, await session.nextSeed(), 'seed');
      const rest = await draw(restored, { seed, maxTokens: 7 });
      same([...first, ...rest], all, 'the uninterrupted generation');
      await restored.close();
      await session.close();
    },
  },
  {
    name: 'save: states of other models, damaged ones, encoders and busy sessions are refused',
    async run(t) {
      const model = await t.model('arch/llama.gguf');
      const session = await model.createSession();
      await session.append([1, 2, 3]);
      await session.logits();
      const bytes = await session.save();
      const other = await t.model('arch/llama-untied.gguf');
      await rejects(other.restore(bytes), 'BAD_ARGUMENT', /state.*another model/);
      await rejects(
        model.restore(bytes.subarray(0, 99)),
        'BAD_ARGUMENT',
        /state.*ends in the head/,
      );
      await rejects(model.restore(bytes.subarray(0, -1)), 'BAD_ARGUMENT', /was cut off/);
      await rejects(model.restore(new Uint8Array(9)), 'BAD_ARGUMENT', /not the bytes of a saved/);
      await rejects(model.restore(/** @type {any} */ ('abc')), 'BAD_ARGUMENT', /takes the bytes/);
      const wrong = bytes.slice();
      wrong[bytes.length - 4 * model.info.vocabularySize - 1] ^= 0x55; // of a key or value
      const odd = await model.restore(wrong);
      ok((await odd.logits()).length === model.info.vocabularySize, 'it can be used');
      await odd.close();
      const encoder = await t.model('arch/bert.gguf');
      const texts = await encoder.createSession({ contextLength: 8 });
      await rejects(texts.save(), 'BAD_ARGUMENT', /reads each text whole/);
      await texts.close();
      const pending = session.run([4, 5, 6]);
      await rejects(session.save(), 'BUSY');
      await pending;
      same((await model.restore(await session.save())).position, 6, 'after the run');
      await session.close();
      await rejects(session.save(), 'CLOSED');
    },
  },
];
