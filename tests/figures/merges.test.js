/**
 * merges.test.js - the view of jl-merges against Model.merges() and tokenize(), on all kinds of vocabularies.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainJob } from '../../web/figures/figure.js';
import { labelOf, reasonOf, symbolsAt, treeOf } from '../../web/figures/merge-tree.js';
import { merges } from '../../web/figures/merges.js';
import { included, withModel } from '../helpers/figure_models.js';
import { noModel, smollm2 } from '../helpers/paths.js';
import { SPM_FIRST, vocabularyFile, WORDPIECE_FIRST } from '../suite/gguf.js';

/** @param {any} model @param {string} [text] @returns {Promise<import('../../web/figures/merges.js').MergesView>} */
const compute = (model, text) => merges.compute(model, { text }, plainJob());
const tales = included('tales');
const poems = included('poems');

/** @type {[string, number?, number?][]} */
const spmTokens = [...SPM_FIRST, ['▁', -9], ['a', -8], ['b', -8], ['ab', -3], ['▁a', -2]];
const spm = vocabularyFile('llama', spmTokens);
const unigram = vocabularyFile(
  't5',
  [
    ['<pad>', 0, 3],
    ['</s>', 0, 3],
    ['<unk>', 0, 2],
    ['▁', -4],
    ['▁a', -2],
    ['a', -3],
    ['b', -3.5],
    ['ba', -4.25],
  ],
  { flags: { add_space_prefix: true } },
);
const wordpiece = vocabularyFile('bert', [...WORDPIECE_FIRST, ['▁un'], ['able']]);

const TEXTS = [
  '',
  'generative café 😀 king',
  '\n床前明月光為國',
  'abba ba 為 unable unx',
  'x'.repeat(300),
  'the forest '.repeat(100),
];

/**
 * The view is the record in short: symbols, steps, and tokens that are those of tokenize().
 * @param {import('../../web/jielong.js').Model} model @param {string} text
 */
async function check(model, text) {
  const view = await compute(model, text);
  const ids = view.tokens.map(({ id }) => id);
  const all = [...(await model.tokenize(text, { bos: true }))];
  assert.equal(view.total, all.length);
  if (text.length <= 400) assert.deepEqual(ids, all);
  const own = view.pieces.flatMap(({ tokens }) => tokens.flatMap((token) => token[2]));
  assert.deepEqual(ids.slice(ids.length - own.length), own);
  if (text.length > 400) return view;
  const record = await model.merges(text);
  assert.equal(view.pieces.length, record.pieces.length);
  for (const [i, piece] of view.pieces.entries()) {
    const { steps, symbols, tokens } = record.pieces[i];
    assert.deepEqual(
      ids.slice(piece.first, piece.first + record.pieces[i].ids.length),
      record.pieces[i].ids,
    );
    const now = symbols.map(({ at, length }) => ({ at, length }));
    assert.deepEqual(symbolsAt(piece, 0), now);
    for (const [k, { index, at, length, rank, score, id }] of steps.entries()) {
      now.splice(index, 2, { at, length });
      assert.deepEqual(symbolsAt(piece, k + 1), now);
      assert.deepEqual(piece.steps[k], [index, rank ?? score, id]);
    }
    if (symbols.length)
      assert.deepEqual(
        now,
        tokens.map(({ at, length }) => ({ at, length })),
      );
    checkTree(view, i);
  }
  return view;
}

/** Every node of a tree is over leaves, and its labels are no U+FFFD. @param {import('../../web/figures/merges.js').MergesView} view @param {number} i */
function checkTree(view, i) {
  const tree = treeOf(view, i);
  const size = view.pieces[i].bytes.length / 2;
  assert.equal(
    tree.leaves.reduce((sum, { length }) => sum + length, 0),
    size,
  );
  for (const { left, right, at, length } of tree.steps) {
    assert.equal(left.at + left.length, right.at);
    assert.deepEqual([left.at, left.length + right.length], [at, length]);
  }
  const labels = [tree.leaves, tree.steps, tree.bars, tree.tokens.flatMap(({ parts }) => parts)];
  for (const { label } of labels.flat()) assert.ok(label && !label.includes('\uFFFD'), label);
  for (const { parts } of tree.tokens)
    for (const { id, index } of parts) assert.equal(view.tokens[index].id, id);
}

for (const [name, file] of Object.entries({ tales, poems, spm, unigram, wordpiece }))
  test(`symbols, steps, ranks and tokens are the engine's: ${name}`, () =>
    withModel(typeof file === 'string' ? file : file.slice(), async (model) => {
      for (const text of TEXTS) await check(model, text);
    }));

test('a real model', { skip: noModel }, () =>
  withModel(smollm2, async (model) => {
    for (const text of TEXTS) await check(model, text);
  }),
);

test('each kind of vocabulary has its reason', async () => {
  /** @param {string | Uint8Array} file @param {string} text @returns {Promise<string[]>} */
  const reasons = async (file, text) => {
    /** @type {string[]} */ let found = [];
    await withModel(typeof file === 'string' ? file : file.slice(), async (model) => {
      const view = await compute(model, text);
      found = view.pieces.map((piece) => reasonOf(view, piece));
    });
    return found;
  };
  assert.deepEqual(await reasons(tales, 'The generative é'), ['end.one', 'end.merges', 'end.none']);
  assert.deepEqual(await reasons(poems, '床前明月'), ['end.none']);
  assert.deepEqual(await reasons(poems, '床前為'), ['end.fallback']);
  assert.deepEqual(await reasons(poems, '床'), ['end.single']);
  assert.deepEqual(await reasons(unigram, 'aba'), ['end.unigram', 'end.unigram']);
  assert.deepEqual(await reasons(wordpiece, 'unable unx'), ['end.wordpiece', 'end.failed']);
});

test('the symbols after the steps of rank below k are the tokens of the vocabulary with k merges', async () => {
  const list = 'e r|a t|e n|i n|v e|i ve|g en|er at|gen erat|generat ive|in g|r at'.split('|');
  const open = (/** @type {number} */ k) => {
    const merged = list.slice(0, k);
    const all = [...'abegintrv', ...merged.map((merge) => merge.replace(' ', ''))];
    return vocabularyFile(
      'gpt2',
      all.map((text) => [text]),
      { merges: merged, pre: 'gpt-2' },
    );
  };
  await withModel(open(list.length), async (whole) => {
    for (let k = 0; k < list.length; k++)
      await withModel(open(k), async (part) => {
        for (const text of ['generative', 'ratingen', 'veteran', 'eeveening']) {
          const [piece] = (await compute(whole, text)).pieces;
          const done = piece.steps.filter(([, rank]) => rank < k).length;
          const symbols = symbolsAt(piece, done).map(({ at, length }) =>
            labelOf(piece, at, length),
          );
          const pieces = await part.pieces(await part.tokenize(text));
          assert.deepEqual(
            symbols,
            pieces.map((p) => p.text),
            `${text} with ${k} merges`,
          );
        }
      });
  });
});
