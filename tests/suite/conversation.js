/**
 * conversation.js - Conversation on every host: turns that keep their cache, edits and other answers, a full context,
 * failures, save and restore.
 */
import { Conversation } from '../../web/conversation.js';
import { ok, rejects, same } from './assert.js';

/** @typedef {import('./index.js').Case} Case */
/** @typedef {import('../../web/api/types.js').Message} Message */

/** Options that draw the same tokens on every host. */
const options = { temperature: 1, seed: 5, ignoreEos: true, maxTokens: 6 };

/** The text of an answer. @param {AsyncIterable<{ text: string }>} tokens */
async function textOf(tokens) {
  let text = '';
  for await (const token of tokens) text += token.text;
  return text;
}

/** @param {Message[]} messages */
const roles = (messages) => messages.map(({ role }) => role[0]).join('');

/** @type {Case[]} */
export const conversation = [
  {
    name: 'a conversation evaluates only what is new; edits and other answers keep what is before them',
    needs: 'smollm2',
    async run(t) {
      const model = await t.model('smollm2');
      const session = await model.createSession({ contextLength: 512 });
      const talk = new Conversation(session, {
        system: 'Answer in one short sentence.',
        options: { temperature: 0, maxTokens: 12 },
      });
      /** The tokens that a turn evaluates. @param {AsyncIterable<any>} turn */
      const cost = async (turn) => {
        await session.counters({ reset: true });
        const text = await textOf(turn);
        return { text, tokens: (await session.counters()).tokens };
      };
      const first = await cost(talk.send('What colour is the sky?'));
      ok(first.text.length > 5, first.text);
      same(talk.messages.at(-1), { role: 'assistant', content: first.text }, 'the answer');
      const second = await cost(talk.send('And grass?'));
      const all = session.position;
      ok(second.tokens < 40 && second.tokens < all / 2, `${second.tokens} of ${all} tokens`);
      same(roles(talk.messages), 'suaua', 'turns');
      const again = await cost(talk.regenerate());
      same(again.text, second.text, 'another answer, greedy');
      ok(again.tokens <= 13, `${again.tokens} tokens for another answer`);
      talk.edit(3, 'And snow?');
      same(roles(talk.messages), 'suau', 'after an edit');
      const edited = await cost(talk.regenerate());
      ok(edited.tokens < 40, `${edited.tokens} tokens after an edit`);
      const fresh = new Conversation(await model.createSession({ contextLength: 512 }), {
        options: { temperature: 0, maxTokens: 12 },
      });
      const same_ = Conversation.from(
        await model.createSession({ contextLength: 512 }),
        JSON.parse(JSON.stringify({ messages: talk.messages.slice(0, 4), start: 1 })),
        { options: { temperature: 0, maxTokens: 12 } },
      );
      same(await textOf(same_.regenerate()), edited.text, 'the answer of a fresh session');
      same(fresh.messages, [], 'no system message');
      await session.close();
    },
  },
  {
    name: 'break and abort keep the answer so far; an error before it changes nothing; one turn at a time',
    async run(t) {
      const model = await t.model('chat.gguf');
      const talk = new Conversation(await model.createSession({ contextLength: 512 }), { options });
      for await (const _ of talk.send('one')) if (talk.messages.at(-1)?.content.length) break;
      same(roles(talk.messages), 'ua', 'after break');
      const partial = talk.messages[1].content;
      ok(partial.length > 0, 'a part of the answer');
      const controller = new AbortController();
      let error;
      try {
        for await (const _ of talk.send('two', { signal: controller.signal })) {
          await rejects(() => talk.send('three').next(), 'BUSY');
          await rejects(async () => talk.edit(0, 'x'), 'BUSY');
          same(talk.busy, true, 'busy');
          controller.abort(new Error('enough'));
        }
      } catch (e) {
        error = /** @type {Error} */ (e);
      }
      same(error?.message, 'enough', 'the reason');
      same([talk.busy, roles(talk.messages)], [false, 'uaua'], 'after an abort');
      await rejects(textOf(talk.send('x'.repeat(600))), 'CONTEXT_FULL');
      await rejects(textOf(talk.send('x', { chatTemplate: '{{ nothing(' })), 'BAD_TEMPLATE');
      await rejects(textOf(talk.send('x', /** @type {any} */ ({ speed: 1 }))), 'BAD_ARGUMENT');
      same([talk.start, roles(talk.messages)], [0, 'uaua'], 'after errors');
      await rejects(async () => talk.edit(9, 'x'), 'BAD_ARGUMENT');
      await rejects(async () => talk.send(/** @type {any} */ (5)), 'BAD_ARGUMENT');
      await rejects(textOf(new Conversation(model).regenerate()), 'BAD_ARGUMENT', /no message/);
      const thinking = new Conversation(model, { system: '', options });
      await textOf(thinking.send('x', { templateOptions: { enable_thinking: true } }));
      const { content, reasoning_content } = /** @type {any} */ (thinking.messages.at(-1));
      ok(content === '' && reasoning_content.length > 0, 'reasoning is apart');
    },
  },
  {
    name: 'a full context drops the oldest turns, keeps the system message and room for the answer, and says so',
    async run(t) {
      const model = await t.model('chat.gguf');
      /** @type {Message[][]} */ const told = [];
      const talk = new Conversation(await model.createSession({ contextLength: 256 }), {
        system: 'A system message.',
        options: { ...options, maxTokens: 40 },
        onTruncate: ({ dropped }) => told.push(dropped),
      });
      for (let i = 0; i < 8; i++) {
        const answer = await textOf(talk.send(`message ${i}`));
        ok(answer.length > 0, `answer ${i}`);
      }
      ok(told.length >= 2 && told.length < 6, `dropped ${told.length} times`);
      same(roles(talk.messages), `s${'ua'.repeat(8)}`, 'all messages');
      const dropped = told.flat();
      same(dropped, talk.messages.slice(1, 1 + dropped.length), 'the oldest ones, in order');
      same([dropped.length % 2, talk.start], [0, 1 + dropped.length], 'whole turns');
      const session = await model.createSession({ contextLength: 256 });
      const kept = [talk.messages[0], ...talk.messages.slice(talk.start, -1)];
      same(
        await textOf(session.chat(kept, { ...options, maxTokens: 40 })),
        talk.messages.at(-1)?.content,
        'what the model reads',
      );
      talk.edit(1, 'new');
      same(talk.start, 1, 'an edit of a dropped message begins again');
    },
  },
  {
    name: 'a saved conversation continues with its cache; other bytes are refused',
    async run(t) {
      const model = await t.model('chat.gguf');
      const session = await model.createSession({ contextLength: 256 });
      const talk = new Conversation(session, { system: 'Hi.', options });
      await textOf(talk.send('one'));
      const bytes = await talk.save();
      const position = session.position;
      const back = await Conversation.restore(model, bytes, { options });
      same(back.messages, talk.messages, 'messages');
      const [wanted, found] = [await textOf(talk.send('two')), await textOf(back.send('two'))];
      same(found, wanted, 'the next answer');
      ok(position > 20, 'a cache');
      const copy = Conversation.from(model, JSON.parse(JSON.stringify(talk)), { options });
      same(copy.messages, talk.messages, 'plain data');
      await textOf(copy.send('three'));
      for (const own of [copy, back]) {
        await own.close();
        await rejects(textOf(own.send('four')), 'CLOSED');
      }
      await talk.close();
      await session.ids(); // the caller's session stays open
      await rejects(
        Conversation.restore(model, bytes.subarray(1)),
        'BAD_ARGUMENT',
        /no saved conversation/,
      );
      await rejects(
        Conversation.restore(model, bytes.subarray(0, bytes.length - 9)),
        'BAD_ARGUMENT',
      );
      await rejects(
        async () => Conversation.from(model, /** @type {any} */ ({ messages: [{}] })),
        'BAD_ARGUMENT',
      );
      await rejects(
        async () => Conversation.from(model, { messages: [], start: 4 }),
        'BAD_ARGUMENT',
      );
    },
  },
];
