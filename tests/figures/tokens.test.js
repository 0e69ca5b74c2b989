/**
 * tokens.test.js - the view of jl-tokens against the engine's tokens, on the embedded models and small vocabularies.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainJob } from '../../web/figures/figure.js';
import { tokens } from '../../web/figures/tokens.js';
import { included, withModel } from '../helpers/figure_models.js';
import { noModel, smollm2 } from '../helpers/paths.js';
import { vocabularyFile, WORDPIECE_FIRST } from '../suite/gguf.js';

const tales = included('tales');
const poems = included('poems');
/** @param {any} model @param {any} request */
const compute = (model, request) => tokens.compute(model, request, plainJob());

const TEXTS = [
  '',
  ' ',
  'The princess lost her golden ball in the well.',
  '\n床前明月光，疑是地上霜。',
  '為國 😀👩‍👩‍👧 e\u0301 \u0000\t\r\n',
  '<|endoftext|> <s> not control tokens',
  '很長'.repeat(700),
];

/** The text that a figure's chips show. @param {import('../../web/figures/tokens.js').TokensView} view */
const shown = (view) =>
  view.tokens.map(({ glyph, part, label }) => (part ? (part[0] ? '' : glyph) : label)).join('');

for (const file of [tales, poems])
  test(`ids, bytes and join are the engine's (${file.slice(-10)})`, () =>
    withModel(file, async (model) => {
      for (const text of TEXTS) {
        const view = await compute(model, { text });
        const ids = [...(await model.tokenize(text, { bos: true }))];
        assert.equal(view.total, ids.length);
        assert.equal(view.tokens.length, Math.min(512, ids.length));
        assert.deepEqual(
          view.tokens.map(({ id }) => id),
          ids.slice(0, 512),
        );
        const pieces = await model.pieces(ids.slice(0, 512));
        const hex = pieces.map(({ bytes }) => Buffer.from(bytes).toString('hex'));
        assert.deepEqual(view.bytes, hex);
        const joined = Buffer.from(view.bytes.join(''), 'hex').toString();
        const same = view.total <= 512 && joined === text;
        assert.equal(
          view.join,
          same || view.total > 512 ? 'exact' : 'spaces',
          JSON.stringify(text),
        );
        assert.equal(view.length, Buffer.byteLength(text));
        if (view.total <= 512) assert.ok(!shown(view).includes('\uFFFD'), shown(view));
      }
    }));

test('a character of four bytes is one glyph over its tokens, cut off or not', () =>
  withModel(tales, async (model) => {
    const view = await compute(model, { text: 'a😀為' });
    const parts = view.tokens.map(({ glyph, part }) => (part ? [glyph, ...part] : glyph));
    assert.deepEqual(parts.slice(1), [
      ...[0, 1, 2, 3].map((k) => ['😀', k, 4]),
      ...[0, 1, 2].map((k) => ['為', k, 3]),
    ]);
    const cut = await compute(model, { text: `${'a'.repeat(0)}${'😀'.repeat(200)}` });
    assert.equal(cut.tokens.length, 512);
    assert.equal(cut.join, 'exact');
    const odd = await compute(model, { text: ` ${'😀'.repeat(200)}` });
    const last = odd.tokens[511];
    assert.deepEqual(
      [last.kind, last.glyph],
      ['bytes', undefined],
      'a part of a character at the end',
    );
  }));

test('a lone surrogate is no exact text, and control tokens do not count', () =>
  withModel(tales, async (model) => {
    const lone = await compute(model, { text: 'a\ud800\u202e\u0007' });
    assert.equal(lone.join, 'differs');
    const names = lone.tokens.map(({ glyph, label, part }) => (part?.[0] ? '' : (glyph ?? label)));
    assert.deepEqual(
      names.filter(Boolean).slice(-3),
      ['U+FFFD', 'U+202E', 'U+0007'],
      'they have names',
    );
    assert.equal((await compute(model, {})).total, 0);
  }));

test('a vocabulary that changes the text says so', async () => {
  const wordpiece = vocabularyFile('bert', [...WORDPIECE_FIRST, ['▁un'], ['able'], ['▁a']]);
  await withModel(wordpiece, async (model) => {
    const view = await compute(model, { text: 'Unable x' });
    assert.deepEqual([view.join, view.joined], ['differs', ' unable']);
    assert.deepEqual(
      view.tokens.map(({ kind }) => kind),
      ['control', undefined, undefined, 'control'],
    );
    assert.equal((await compute(model, { text: 'unable a' })).join, 'spaces');
  });
});

test('a real model: bytes join to the text', { skip: noModel }, () =>
  withModel(smollm2, async (model) => {
    for (const text of TEXTS) {
      const view = await compute(model, { text });
      assert.equal(view.join, 'exact', JSON.stringify(text));
      if (view.total <= 512) assert.ok(!shown(view).includes('\uFFFD'), shown(view));
    }
  }),
);
