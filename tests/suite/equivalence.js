/**
 * equivalence.js - batches, steps, rewinds and all sources reach the same state, bit for bit.
 */
import { breathe } from '../../web/base/host.js';
import { LIMITS } from '../../web/base/options.js';
import { assets } from '../../web/engine/assets.js';
import { openBackend } from '../../web/engine/backend.js';
import { describeSource } from '../../web/source/source.js';
import { ok, rejects, same, sameBits } from './assert.js';

/** @typedef {import('./index.js').Case} Case */

/** Logits after appending the pieces. @param {import('./index.js').Model} model @param {number[][]} pieces */
async function after(model, pieces) {
  const session = await model.createSession();
  for (const ids of pieces) {
    await session.append(ids);
    await session.logits();
  }
  const logits = await session.logits();
  await session.close();
  return logits;
}

/** @param {string} name @param {string} file @param {string} folder @returns {Case[]} */
const forModel = (name, file, folder) => [
  {
    name: `prefill of N tokens = N steps, ${name}`,
    async run(t) {
      const model = await t.model(file);
      const ids = await t.json(`${folder}/ids.json`);
      const whole = await after(model, [ids]);
      const steps = ids.map((/** @type {number} */ id) => [id]);
      sameBits(await after(model, steps), whole, 'one by one');
      sameBits(await after(model, [ids.slice(0, 7), ids.slice(7)]), whole, '7 and the rest');
    },
  },
  {
    name: `rewind = never having been there, ${name}`,
    async run(t) {
      const model = await t.model(file);
      const ids = await t.json(`${folder}/ids.json`);
      const session = await model.createSession();
      await session.append(ids);
      await session.logits();
      for (const at of [ids.length - 1, 5, 1, 0]) {
        await session.rewind(at);
        same(session.position, at, 'position');
        same(await session.ids(), ids.slice(0, at), 'ids');
        await session.append(ids.slice(at, at + 9));
        const wanted = await after(model, [ids.slice(0, at + 9)]);
        sameBits(await session.logits(), wanted, `after a rewind to ${at}`);
      }
      await session.close();
    },
  },
  {
    name: `replace keeps the tokens that are the same, ${name}`,
    async run(t) {
      const model = await t.model(file);
      const ids = await t.json(`${folder}/ids.json`);
      const session = await model.createSession({ contextLength: ids.length });
      for (const next of [ids, [...ids.slice(0, 5), ids[6]], ids.slice(0, 4), ids]) {
        await session.replace(next);
        same(session.position, next.length, 'position');
        same(await session.ids(), next, 'ids');
        sameBits(await session.logits(), await after(model, [next]), `${next.length} ids`);
      }
      await rejects(session.replace([...ids.slice(0, 3), ...ids]), 'CONTEXT_FULL');
      same(await session.ids(), ids, 'a failure changes nothing');
      await session.close();
    },
  },
];

/** Streams a file in chunks of these lengths, cyclically. @param {Uint8Array} bytes @param {number[]} lengths */
function chunks(bytes, lengths) {
  let [at, i] = [0, 0];
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      const n = lengths[i++ % lengths.length];
      controller.enqueue(bytes.slice(at, at + n));
      at += n;
    },
  });
}

/** @type {Case[]} */
export const equivalence = [
  ...forModel('F32', 'arch/llama.gguf', 'arch'),
  ...forModel('Q4_1', 'types/q4_1.gguf', 'types'),
  ...forModel('Q8_0', 'types/q8_0.gguf', 'types'),
  ...forModel('ALiBi', 'arch/bloom.gguf', 'arch'),
  ...forModel('windows and soft caps', 'arch/gemma2.gguf', 'arch'),
  ...forModel('windows with a rotation of their own', 'arch/gemma3.gguf', 'arch'),
  ...forModel('parallel residual', 'arch/gptneox.gguf', 'arch'),
  ...forModel('learnt positions', 'arch/gpt2.gguf', 'arch'),
  ...forModel('experts', 'arch/qwen2moe.gguf', 'arch'),
  ...forModel('short convolutions', 'arch/lfm2.gguf', 'arch'),
  ...forModel('gated delta nets', 'arch/qwen35.gguf', 'arch'),
  ...forModel('attention beside Mamba 2', 'arch/falcon-h1.gguf', 'arch'),
  {
    name: 'every kind of source loads the same model',
    async run(t) {
      const bytes = await t.bytes('types/q8_0.gguf');
      const ids = await t.json('types/ids.json');
      const wanted = await after(await t.model('types/q8_0.gguf'), [ids]);
      /** @type {Record<string, any>} */
      const sources = {
        address: `${t.origin}/tests/golden/types/q8_0.gguf`,
        url: new URL(`${t.origin}/tests/golden/types/q8_0.gguf`),
        response: await fetch(`${t.origin}/tests/golden/types/q8_0.gguf`),
        blob: new Blob([/** @type {any} */ (bytes)]),
        buffer: bytes.slice().buffer,
        'typed array': bytes,
        stream: chunks(bytes, [1000, 1, 65536, 7, 31]),
      };
      for (const [kind, source] of Object.entries(sources)) {
        const model = await t.load(source);
        sameBits(await after(model, [ids]), wanted, kind);
        await model.close();
      }
      ok(bytes.length > 0, 'the caller keeps its bytes');
    },
  },
  {
    name: 'a drawn token is evaluated while the caller is busy, in a worker and in the thread',
    async run(t) {
      const file = 'arch/llama.gguf';
      for (const worker of [false, true]) {
        const backend = openBackend(worker);
        const source = describeSource(t.source(file));
        const options = /** @type {const} */ ({ threads: 1, precision: 'exact' });
        const { threads } = await backend.load(source, { assets: assets(), ...options }, null);
        same(threads, 1, 'threads');
        const { handle } = await backend.call('openSession', 32, false);
        const settings = { ...LIMITS, seed: 1n, stop: [], ignoreEos: true };
        await backend.call('generate', handle, Int32Array.of(1, 2, 3), settings);
        let token;
        while (!token) ({ token } = await backend.call('step', handle));
        await breathe(); // the caller is busy
        await breathe();
        const logits = await backend.call('logits', handle);
        const model = await t.load(t.source(file), options);
        sameBits(logits, await after(model, [[1, 2, 3, token.id]]), worker ? 'worker' : 'thread');
        await model.close();
        backend.close();
      }
    },
  },
  {
    name: 'sessions of one model do not disturb each other',
    async run(t) {
      const model = await t.model('types/q4_1.gguf');
      const ids = await t.json('types/ids.json');
      const wanted = [await after(model, [ids]), await after(model, [ids.slice(9)])];
      const sessions = [await model.createSession(), await model.createSession()];
      for (const id of ids)
        await Promise.all(sessions.map((s, i) => (i ? s.ids() : s.append([id]))));
      for (const id of ids.slice(9)) {
        await sessions[1].append([id]);
        await Promise.all(sessions.map((s) => (s.position ? s.logits() : undefined)));
      }
      sameBits(await sessions[0].logits(), wanted[0], 'the first');
      sameBits(await sessions[1].logits(), wanted[1], 'the second');
      for (const session of sessions) await session.close();
    },
  },
];
