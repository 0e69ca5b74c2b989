/**
 * merges.js - the record of a tokenisation: against tokenize() on every vocabulary, Sennrich's definition of BPE,
 * every segmentation of a unigram lattice, and small vocabularies worked out by hand.
 */
import { below, ok, rejects, same } from './assert.js';
import { SPM_FIRST, vocabularyFile, WORDPIECE_FIRST } from './gguf.js';

/** @typedef {import('./index.js').Case} Case */
/** @typedef {import('../../web/jielong.js').Merges} Merges */
/** @typedef {import('../../web/api/types.js').MergePiece} MergePiece */

const TEXTS = [
  '',
  ' ',
  'Once upon a time, there was a king.',
  "  two  spaces,\ttabs\n\n\nlines \r\n and don't 12345",
  '牀前明月光，疑是地上霜。𠮷野家',
  'Emoji 👋🏽 👩‍👩‍👧 🇹🇼 and é, e\u0301, ﬁ, Ǆ',
  'rare \u0000\u0001\u007f\u0080\u00ad\ufeff\uffff ▁ <0xE4> \u2581\u2581x',
  'ไทย العربية हिन्दी 한국어',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  '<|im_start|>user\n<s>hello</s> [CLS] <unk>',
];

/** Byte-level BPE of three letters: merges in the order of the list. */
const letters = vocabularyFile(
  'gpt2',
  'a b c Ġ Ã © ab bc abc Ġa'.split(' ').map((text) => [text]),
  { merges: ['a b', 'b c', 'ab c', 'Ġ a'], pre: 'gpt-2' },
);
/** SentencePiece BPE with byte tokens. @type {[string, number?, number?][]} */
const spmTokens = [
  ...SPM_FIRST,
  ['▁', -9],
  ['a', -8],
  ['b', -8],
  ['ab', -3],
  ['▁a', -2],
  ['▁ab', -4],
  ['ba', -1],
];
const spm = vocabularyFile('llama', spmTokens);
/** @type {[string, number?, number?][]} */
const unigramTokens = [
  ['<pad>', 0, 3],
  ['</s>', 0, 3],
  ['<unk>', 0, 2],
  ['▁', -4],
  ['▁a', -2],
  ['a', -3],
  ['b', -3.5],
  ['ab', -5],
  ['ba', -4.25],
  ['aba', -8],
  ['▁ab', -5.75],
];
const unigram = vocabularyFile('t5', unigramTokens, { flags: { add_space_prefix: true } });
const wordpiece = vocabularyFile('bert', [
  ...WORDPIECE_FIRST,
  ['▁un'],
  ['aff'],
  ['able'],
  ['▁a'],
  ['▁,'],
]);
/** Tokens are characters, as Gemma 4's. */
const characters = vocabularyFile(
  'gemma4',
  [['<unk>', 0, 2], ['a'], ['b'], ['▁'], ['ab'], ['▁ab'], ['<0xC3>', 0, 6], ['<0xA9>', 0, 6]],
  { merges: ['a b', '▁ ab'] },
);

/** Sources whose merges must give the ids of tokenize(). @param {import('./index.js').T} t @returns {any[]} */
const everyVocabulary = (t) => [
  ...['chat.gguf', 'arch/bert.gguf', 'arch/bert-untyped.gguf'].map((name) => t.source(name)),
  ...['tales', 'poems', 'position-rope'].map((name) => `${t.origin}/web/models/${name}.gguf`),
  ...[letters, spm, unigram, wordpiece, characters].map((bytes) => bytes.slice()),
];

/** Plays the steps as a figure does, and returns the symbols that remain. @param {MergePiece} piece */
function play({ symbols, steps }) {
  const now = symbols.map(({ at, length, text }) => ({ at, length, text }));
  for (const { index, left, right, at, length, text } of steps) {
    const [a, b] = now.slice(index, index + 2);
    same([a.at, a.length, b.at, b.length], [left.at, left.length, right.at, right.length], 'parts');
    same([a.at, a.length + b.length], [at, length], 'result');
    now.splice(index, 2, { at, length, text });
  }
  return now.map(({ at, length, text }) => [at, length, text]);
}

/** Everything that must hold of any record. @param {Merges} merges @param {string} text */
function consistent({ method, pieces, ids }, text) {
  same(
    pieces.flatMap((piece) => piece.ids),
    [...ids],
    'ids of the pieces',
  );
  let last = 0;
  for (const piece of pieces) {
    ok(piece.start >= last && piece.end >= piece.start, `${piece.text} starts before ${last}`);
    last = piece.end;
    const parts = piece.tokens.reduce((at, token) => {
      same(token.at, at, `start of ${token.text}`);
      return at + token.length;
    }, 0);
    same(parts, piece.bytes.length, 'tokens cover the piece');
    if (!piece.symbols.length) continue;
    const found = piece.tokens.map(({ at, length, text }) => [at, length, text]);
    same(play(piece), found, `symbols that remain of ${piece.text}`);
    for (const { rank, score } of piece.steps)
      ok(method === 'spm' ? score !== undefined : rank !== undefined, 'what orders the merges');
  }
  ok(last <= text.length, 'the last piece ends in the text');
}

/** Sennrich et al. 2016: the pair of lowest rank, leftmost, until none has a rank. @param {string[]} symbols @param {Map<string, number>} ranks */
function definition(symbols, ranks) {
  /** @type {[number, number][]} */ const steps = [];
  for (;;) {
    const rankAt = (/** @type {number} */ i) => ranks.get(`${symbols[i]} ${symbols[i + 1]}`);
    let best = -1;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const rank = rankAt(i);
      if (rank !== undefined && (best < 0 || rank < (rankAt(best) ?? 0))) best = i;
    }
    if (best < 0) return steps;
    steps.push([best, rankAt(best) ?? -1]);
    symbols.splice(best, 2, symbols[best] + symbols[best + 1]);
  }
}

/** @param {import('./index.js').T} t @param {Uint8Array} file */
const open = (t, file) => t.load(file.slice());

/** @type {Case[]} */
export const merges = [
  {
    name: 'merges give the ids of tokenize() in every vocabulary, and their steps lead to the tokens',
    slow: true,
    async run(t) {
      let steps = 0;
      for (const source of everyVocabulary(t)) {
        const model = await t.load(source);
        for (const text of TEXTS)
          for (const special of [false, true]) {
            const found = await model.merges(text, { special });
            same(found.ids, await model.tokenize(text, { special }), `${text}: ids`);
            consistent(found, text);
            steps += found.pieces.reduce((sum, piece) => sum + piece.steps.length, 0);
          }
        await model.close();
      }
      ok(steps > 200, `only ${steps} merges were played`);
    },
  },
  {
    name: 'merges of the real model give the ids of 120 texts; pieces are parts of the text',
    needs: 'smollm2',
    async run(t) {
      const model = await t.model('smollm2');
      for (const { text, ids } of await t.json('smollm2/tokenize.json')) {
        const found = await model.merges(text);
        same(found.ids, ids, JSON.stringify(text).slice(0, 60));
        consistent(found, text);
        same(found.pieces.map((piece) => piece.text).join(''), text, 'the pieces in a row');
        for (const piece of found.pieces)
          same(text.slice(piece.start, piece.end), piece.text, 'place of a piece');
      }
    },
  },
  {
    name: 'merges of random words are those of the definition of BPE, in its order',
    async run(t) {
      const list = [
        'a b',
        'b a',
        'c a',
        'ab c',
        'a a',
        'aa a',
        'ba ba',
        'ca b',
        'abc abc',
        'cab a',
      ];
      const results = list.map((merge) => merge.replace(' ', ''));
      const file = vocabularyFile(
        'gpt2',
        ['a', 'b', 'c', ...results].map((text) => [text]),
        { merges: list, pre: 'gpt-2' },
      );
      const model = await open(t, file);
      const ranks = new Map(list.map((merge, rank) => [merge, rank]));
      let state = 7;
      const draw = () => (state = (state * 48271) % 2147483647);
      for (let round = 0; round < 200; round++) {
        const word = Array.from({ length: 2 + (draw() % 20) }, () => 'abc'[draw() % 3]);
        const { pieces } = await model.merges(word.join(''));
        same(pieces.length, 1, 'pieces');
        const found = pieces[0].steps.map(({ index, rank }) => [index, rank]);
        same(found, definition(word, ranks), pieces[0].text);
        same(
          pieces[0].tokens.map((token) => token.text),
          word,
          'tokens',
        );
      }
      await model.close();
    },
  },
  {
    name: 'merges of byte-level BPE: bytes, ranks, bytes without a merge',
    async run(t) {
      const model = await open(t, letters);
      const { method, pieces } = await model.merges('abc aé');
      same(method, 'bpe', 'method');
      same(
        pieces.map(({ text, start, end }) => [text, start, end]),
        [
          ['abc', 0, 3],
          [' aé', 3, 6],
        ],
        'pieces',
      );
      const shown = pieces.map(({ steps }) =>
        steps.map(({ left, right, text, rank, id }) => [left.text, right.text, text, rank, id]),
      );
      same(
        shown,
        [
          [
            ['a', 'b', 'ab', 0, 6],
            ['ab', 'c', 'abc', 2, 8],
          ],
          [[' ', 'a', ' a', 3, 9]],
        ],
        'steps',
      );
      same(
        pieces[1].symbols.map(({ id, whole }) => [id, whole]),
        [
          [3, true],
          [0, true],
          [4, false],
          [5, false],
        ],
        'é is two bytes',
      );
      same(pieces[1].tokens[1].text, '\ufffd', 'an incomplete character');
      same([...pieces[1].bytes], [0x20, 0x61, 0xc3, 0xa9], 'bytes');
      await model.close();
    },
  },
  {
    name: 'merges of SentencePiece BPE: scores, the added space, byte fallback',
    async run(t) {
      const model = await open(t, spm);
      const { method, pieces } = await model.merges('ab baé');
      same(method, 'spm', 'method');
      same(
        pieces.map(({ text, start, end }) => [text, start, end]),
        [
          [' ab', 0, 2],
          [' baé', 2, 6],
        ],
        'pieces with their spaces',
      );
      same(
        pieces[0].steps.map(({ left, right, score }) => [left.text, right.text, score]),
        [
          [' ', 'a', -2], // better than ab, −3
          [' a', 'b', -4],
        ],
        'steps',
      );
      const [, , last] = pieces[1].tokens;
      same([last.text, last.id, last.fallback], ['é', -1, true], 'a character without a token');
      same(last.ids, [3 + 0xc3, 3 + 0xa9], 'its bytes');
      ok(
        pieces[1].tokens.slice(0, 2).every((token) => !token.fallback && token.ids.length === 1),
        'the others have tokens',
      );
      await model.close();
    },
  },
  {
    name: 'merges of unigram: the path has the best score of all segmentations of the lattice',
    async run(t) {
      const model = await open(t, unigram);
      const scores = new Map(
        unigramTokens.map(([text, score = 0]) => [text.replace('▁', ' '), score]),
      );
      /** @type {(text: string) => number} */
      const best = (text) =>
        text
          ? Math.max(
              ...[...scores]
                .slice(3)
                .filter(([token]) => text.startsWith(token))
                .map(([token, score]) => score + best(text.slice(token.length))),
            )
          : 0;
      for (const text of ['ab', 'aba', 'abab', 'abbaba', 'ab ab', 'a b']) {
        const { method, pieces } = await model.merges(text);
        same(method, 'unigram', 'method');
        const found = pieces.reduce((sum, piece) => sum + (piece.score ?? 0), 0);
        below(Math.abs(found - best(` ${text}`)), 1e-5, `score of ${text}`);
        for (const { candidates = [], bytes, text: all } of pieces) {
          ok(candidates.length >= bytes.length, 'a token from each position');
          for (const c of candidates) {
            same(c.text, all.slice(c.at, c.at + c.length), 'text of a candidate');
            same(c.score, scores.get(c.text), `score of ${c.text}`);
          }
        }
      }
      const { pieces, ids } = await model.merges('aqq');
      const tokens = pieces.flatMap((piece) => piece.tokens);
      same(
        tokens.map((token) => [token.text, ...token.ids]),
        [[' a', 4], ['q', 2], ['q']],
        'adjacent unknown tokens are one',
      );
      same([...ids], [4, 2], 'ids');
      await model.close();
    },
  },
  {
    name: 'merges of WordPiece: greedy matches, and those of a word that fails',
    async run(t) {
      const model = await open(t, wordpiece);
      const { method, pieces } = await model.merges('UNaffable, unaffq');
      same(method, 'wordpiece', 'method');
      same(
        pieces.map(({ text, start, end, tokens }) => [
          text,
          start,
          end,
          ...tokens.map((x) => x.text),
        ]),
        [
          [' unaffable', 0, 9, ' un', 'aff', 'able'],
          [' ,', 9, 10, ' ,'],
          [' unaffq', 11, 17, ' unaffq'],
        ],
        'words and their tokens',
      );
      same(pieces[2].ids, [100], 'the unknown token');
      same(
        pieces[2].failed?.map((match) => match.text),
        [' un', 'aff'],
        'matches before q',
      );
      same(pieces[0].failed, undefined, 'a word that matches');
      await model.close();
    },
  },
  {
    name: 'merges of special tokens, and refused arguments',
    async run(t) {
      const model = await open(t, spm);
      const { pieces } = await model.merges('a<s>', { special: true });
      same(
        pieces.map(({ text, start, end, ids, symbols }) => [text, start, end, ids, symbols.length]),
        [
          [' a', 0, 1, [263], 2],
          ['<s>', 1, 4, [1], 0],
        ],
        'a control token is a piece',
      );
      await rejects(model.merges('a'.repeat(16385)), 'BAD_ARGUMENT', /16384 bytes.*16385/);
      await rejects(model.merges(/** @type {any} */ (3)), 'BAD_ARGUMENT', /string/);
      await rejects(
        model.merges('a', /** @type {any} */ ({ bos: true })),
        'BAD_ARGUMENT',
        /special/,
      );
      await model.close();
      const wordless = await t.model('arch/llama.gguf');
      await rejects(wordless.merges('a'), 'BAD_TOKENIZER', /no tokenizer/);
    },
  },
];
