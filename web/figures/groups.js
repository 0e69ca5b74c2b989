/**
 * groups.js - words of one kind, for the plane of embeddings. Only those that are one token of a vocabulary are used.
 */

/** @typedef {import('./figure.js').Model} Model */

/** @type {Record<'english' | 'chinese', Record<string, string[]>>} */
const GROUPS = {
  english: {
    animals: 'bear wolf fox dog cat horse bird lion mouse'.split(' '),
    family: 'father mother brother sister son daughter wife husband child'.split(' '),
    numbers: 'two three four five six seven eight nine ten'.split(' '),
    colours: 'white black red green blue golden silver yellow brown'.split(' '),
  },
  chinese: {
    numbers: [...'一二三四五六七八九十'],
    birds: [...'鳥燕鶯雁鴉鵲鶴鷗鷺'],
    colours: [...'紅綠青白黑黃紫碧翠'],
    family: [...'父母兄弟妻兒女子孫'],
  },
};
const ENOUGH = 0.5; // of a language's words
const LEAST = 3; // words of a group

/**
 * The token of a word as it stands in a text: with the space before it, where the vocabulary has spaces in tokens.
 * Without it, a word is another token that begins a text or follows a quote.
 * @param {Model} model @param {string} word @param {boolean} spaced
 */
async function tokenOf(model, word, spaced) {
  for (const text of spaced ? [` ${word}`, word] : [word]) {
    const ids = await model.tokenize(text);
    if (ids.length !== 1) continue;
    const piece = await model.token(ids[0]);
    if (piece.special || piece.text.trim() !== word) continue;
    if (!spaced || piece.text.startsWith(' ') || model.info.tokenizer === 'bert') return ids[0];
  }
  return -1;
}

/** @param {Model} model @param {'english' | 'chinese'} language */
async function tokensOf(model, language) {
  const groups = Object.entries(GROUPS[language]);
  let [found, asked] = [0, 0];
  /** @type {{ name: string, ids: number[] }[]} */ const out = [];
  for (const [name, words] of groups) {
    const ids = [];
    for (const word of words) ids.push(await tokenOf(model, word, language === 'english'));
    const known = ids.filter((id) => id >= 0);
    asked += words.length;
    found += known.length;
    if (known.length >= LEAST) out.push({ name, ids: known });
  }
  return { groups: out, share: found / asked };
}

/** @typedef {{ groups: { name: string, ids: number[] }[], share: number }} Found share: of the language's words */

/** Groups of a model, by language. @type {WeakMap<Model, Map<string, Promise<Found>>>} */
const known = new WeakMap();

/**
 * The groups in the text's language, or in the other one if the vocabulary has few of these words; [] if it has few of
 * both.
 * @param {Model} model @param {string} text
 * @returns {Promise<{ name: string, ids: number[] }[]>}
 */
export async function groupsFor(model, text) {
  const lists = known.get(model) ?? new Map();
  known.set(model, lists);
  const first = /\p{Script=Han}/u.test(text);
  for (const language of first ? ['chinese', 'english'] : ['english', 'chinese']) {
    if (!lists.has(language)) lists.set(language, tokensOf(model, /** @type {any} */ (language)));
    const { groups, share } = await /** @type {Promise<Found>} */ (lists.get(language));
    if (share >= ENOUGH) return groups;
  }
  return [];
}
