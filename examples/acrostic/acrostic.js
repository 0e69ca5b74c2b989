/**
 * acrostic.js - 藏頭詩: generates a poem whose verses begin with given characters.
 *
 * Uses only the public API: appends the given character to the session, generates the verse up to its
 * punctuation （，。）, and repeats. Verses have equal length because the training poems do.
 */

/**
 * Yields the poem in pieces: the given characters and the model's tokens.
 * @param {import('../../web/jielong.js').Model} model the poems model
 * @param {string} heads one character per verse
 * @param {import('../../web/jielong.js').GenerateOptions} [options]
 * @returns {AsyncGenerator<{ text: string, forced: boolean }>}
 */
export async function* acrostic(model, heads, options = {}) {
  const session = await model.createSession();
  try {
    await session.append(await model.tokenize('\n')); // separates poems in the training text
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
