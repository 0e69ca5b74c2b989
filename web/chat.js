/**
 * chat.js - a conversation → token ids, in the format that the model was trained on.
 *
 * ChatML for now. The two markers are the only special tokens; roles and contents are tokenised as
 * plain text between them, so nothing that is written in a message can forge a role.
 */

import { JielongError } from './error.js';
import { badArgument } from './options.js';

/** @typedef {import('./jielong.js').Model} Model */
/** @typedef {import('./types.js').Message} Message */

/**
 * A conversation up to where the assistant speaks. A first message that is no system message is
 * preceded by the one that the model's template holds, if it does.
 * @param {Model} model @param {Message[]} messages @returns {Promise<Int32Array>}
 */
export async function chatIds(model, messages) {
  const template = model.info.chatTemplate ?? '';
  if (!template.includes('<|im_start|>')) {
    const what = template ? 'a chat template of another format than ChatML' : 'no chat template';
    throw new JielongError(
      'NO_CHAT_TEMPLATE',
      `this model has ${what}; write its prompt yourself and use generate()`,
      'tokenizer.chat_template',
    );
  }
  if (!Array.isArray(messages) || messages.length === 0)
    throw badArgument('chat takes a list of at least one message', 'messages');
  messages.forEach((m, i) => {
    if (typeof m?.role === 'string' && /^\w+$/.test(m.role) && typeof m.content === 'string')
      return;
    throw badArgument(
      `messages[${i}] must be { role, content }: a word and a string`,
      `messages[${i}]`,
    );
  });
  // In the template this is a string literal, where \n may be written as two characters.
  const standard = /<\|im_start\|>system(?:\\n|\n)([^<'"{}]+)<\|im_end\|>/.exec(template)?.[1];
  const all =
    messages[0].role === 'system' || !standard
      ? messages
      : [{ role: 'system', content: standard }, ...messages];

  const start = await model.tokenize('<|im_start|>', { special: true });
  const end = await model.tokenize('<|im_end|>', { special: true });
  const line = await model.tokenize('\n');
  const ids = [...(await model.tokenize('', { bos: true }))];
  for (const { role, content } of all)
    ids.push(...start, ...(await model.tokenize(`${role}\n${content}`)), ...end, ...line);
  return Int32Array.from([...ids, ...start, ...(await model.tokenize('assistant\n'))]);
}
