/**
 * acrostic.js - 藏頭詩: a poem whose verses begin with given characters.
 *
 * Nothing but the public interface: the reader's character is appended to the session, the model
 * writes the verse from there up to its mark （，。）, and so on. A verse has as many characters as the
 * first one, which the model learnt from the poems it read.
 */

/**
 * Yields the poem piece by piece: the forced characters and what the model draws.
 * @param {import('../../web/jielong.js').Model} model the poems model
 * @param {string} heads one character a verse
 * @param {import('../../web/jielong.js').GenerateOptions} [options] of the sampler
 * @returns {AsyncGenerator<{ text: string, forced: boolean }>}
 */
export async function* acrostic(model, heads, options = {}) {
  const session = await model.createSession();
  try {
    await session.append(await model.tokenize('\n')); // a poem begins after the end of another one
    for (const head of heads) {
      await session.append(await model.tokenize(head));
      yield { text: head, forced: true };
      for await (const { text } of session.generate([], { maxTokens: 12, ...options })) {
        yield { text, forced: false };
        if (/[，。\n]/.test(text)) break;
      }
    }
  } finally {
    await session.close();
  }
}
