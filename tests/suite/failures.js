/**
 * failures.js - a failure before the first token leaves the session unchanged: tokens, start of its answers, next
 * output.
 */
import { ok, rejects, same } from './assert.js';

/** @typedef {import('./index.js').Case} Case */
/** @typedef {import('../../web/jielong.js').Session} Session */

const hello = [{ role: 'user', content: 'hello' }];
const long = 'x'.repeat(400);
const stop = Array.from({ length: 17 }, (_, i) => `stop ${i}`); // one too many
const opened = { templateOptions: { enable_thinking: true } };

/** @type {[name: string, fail: (session: Session) => Promise<any>, code: string][]} */
const failures = [
  ['a chat too long', (s) => s.chat([{ role: 'user', content: long }]).next(), 'CONTEXT_FULL'],
  [
    'a chat too long that draws nothing',
    (s) => s.chat([{ role: 'user', content: long }], { maxTokens: 0 }).next(),
    'CONTEXT_FULL',
  ],
  ['a broken template', (s) => s.chat(hello, { chatTemplate: '{{ x' }).next(), 'BAD_TEMPLATE'],
  ['a chat with too many stops', (s) => s.chat(hello, { stop }).next(), 'BAD_ARGUMENT'],
  ['no messages', (s) => s.chat([]).next(), 'BAD_ARGUMENT'],
  ['a prompt too long', (s) => s.generate(long).next(), 'CONTEXT_FULL'],
  ['a prompt of ids that are none', (s) => s.generate([1, 99999]).next(), 'BAD_ARGUMENT'],
  ['a prompt with too many stops', (s) => s.generate([1], { stop }).next(), 'BAD_ARGUMENT'],
  ['an append too long', (s) => s.append(long), 'CONTEXT_FULL'],
  ['an append of ids that are none', (s) => s.append([1, 99999]), 'BAD_ARGUMENT'],
  ['a run too long', (s) => s.run(long), 'CONTEXT_FULL'],
  [
    'a run with too many taps',
    (s) => s.run([1], { taps: Array(99999).fill('logits'), maxBytes: 1e6 }),
    'OUT_OF_MEMORY',
  ],
  ['a rewind too far', (s) => s.rewind(999), 'BAD_ARGUMENT'],
];

/** An answer that ends inside its thought. @param {import('./index.js').T} t */
async function answered(t) {
  const model = await t.load(t.source('chat.gguf'));
  const session = await model.createSession({ contextLength: 128 });
  for await (const _ of session.chat(hello, { maxTokens: 4, seed: 1, ...opened }));
  return { model, session };
}

/** The next token and its channel. @param {Session} session */
async function next(session) {
  const said = [];
  const options = { temperature: 0, maxTokens: 4, ignoreEos: true };
  for await (const { id, part } of session.generate([], options)) said.push([id, part]);
  return said;
}

/** @type {Case[]} */
export const failed = [
  {
    name: 'a failure before the first token leaves the session unchanged',
    async run(t) {
      const twin = await answered(t);
      const wanted = await next(twin.session);
      ok(wanted[0][1] !== undefined, 'an answer continues');
      await twin.model.close();
      const { model, session } = await answered(t);
      const [before, logits] = [[...(await session.ids())], await session.logits()];
      for (const [name, fail, code] of failures) {
        await rejects(fail(session), code);
        same(session.position, before.length, `${name}: position`);
        same([...(await session.ids())], before, `${name}: ids`);
        same(await session.logits(), logits, `${name}: logits`);
      }
      // The text of the answer cannot be read.
      const { pieces } = model;
      model.pieces = () => Promise.reject(new Error('no words'));
      const generation = session.generate([1]).next();
      same(await generation.catch((e) => e.message), 'no words', 'the failure');
      model.pieces = pieces;
      same([...(await session.ids())], before, 'no words: ids');
      same(await next(session), wanted, 'what it says next');
      await model.close();
    },
  },
  {
    name: 'NOT_A_NUMBER: a failed first draw leaves the session unchanged',
    async run(t) {
      const file = (await t.bytes('chat.gguf')).slice();
      file.fill(255, file.length - 2000); // NaN in the last tensor
      const model = await t.load(file);
      const session = await model.createSession({ contextLength: 128 });
      for await (const _ of session.chat(hello, { maxTokens: 0 }));
      await session.append([1, 2, 3]);
      const before = [...(await session.ids())];
      const other = [{ role: 'user', content: 'help' }];
      await rejects(session.chat(other).next(), 'NOT_A_NUMBER');
      same([...(await session.ids())], before, 'after a chat');
      await rejects(session.generate([4, 5]).next(), 'NOT_A_NUMBER');
      same([...(await session.ids())], before, 'after a generation');
      same(session.position, before.length, 'position');
      await model.close();
    },
  },
];
