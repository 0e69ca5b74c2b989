/**
 * fragment.test.js - what an address may say to the page of one figure. browser/embed.test.js opens such pages.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figureOf, fits, mayLoad, readFragment } from '../../web/elements/fragment.js';
import { COMMON } from '../../web/elements/settings.js';

const PAGE = 'https://example.org/notes/embed.html';
const TAGS = ['jl-attention', 'jl-tokens'];

test('a fragment names an element that exists, else the default is shown', () => {
  assert.equal(figureOf('#figure=tokens&text=a', TAGS), 'tokens');
  for (const bad of ['', '#', '#figure=', '#figure=Tokens', '#figure=__proto__', '#figure=a b'])
    assert.equal(figureOf(bad, TAGS), 'attention');
});

test('values that fit are attributes; all others are left out and named', () => {
  const { values, problems } = readFragment(
    '#figure=tokens&text=a+b%20c&layer=2&head=x&onclick=hit()&__proto__=1&model=poems',
    'tokens',
    COMMON,
    PAGE,
  );
  assert.deepEqual(values, { text: 'a b c', layer: '2', model: 'poems' });
  assert.deepEqual(problems, [
    ['unknown', { names: 'onclick, __proto__' }],
    ['wrong', { names: 'head' }],
  ]);
});

test('a long fragment is ignored as a whole, and names in messages are cut', () => {
  const long = readFragment(`text=${'x'.repeat(200_000)}`, 'attention', COMMON, PAGE);
  assert.deepEqual(long, { values: {}, problems: [['long', {}]] });
  const many = Array.from({ length: 999 }, (_, i) => `${i}${'y'.repeat(99)}=1`).join('&');
  const [[kind, { names }]] = readFragment(many, 'attention', COMMON, PAGE).problems;
  assert.equal(kind, 'unknown');
  assert.ok(names.length < 400, names);
});

test('models come from the web, and from disk only for a page from disk', () => {
  for (const good of ['tales', 'm.gguf', '../m.gguf', 'https://a.org/m.gguf', '//a.org/m.gguf'])
    assert.ok(mayLoad(good, PAGE), good);
  for (const bad of [
    'javascript:hit()',
    'data:text/plain,x',
    'blob:https://example.org/1',
    'file:///etc/passwd',
    'https://name:word@a.org/m.gguf',
    'https://',
    'ftp://a.org/m.gguf',
  ])
    assert.ok(!mayLoad(bad, PAGE), bad);
  assert.ok(mayLoad('m.gguf', 'file:///notes/embed.html'));
});

test('a scene lies in the folder of the page, because it is fetched at once', () => {
  for (const [scene, good] of /** @type {[string, boolean][]} */ ([
    ['scene.json', true],
    ['scenes/a.json', true],
    ['https://example.org/notes/a.json', true],
    ['../a.json', false],
    ['https://example.org/other.json', false],
    ['https://a.org/notes/a.json', false],
    ['//a.org/a.json', false],
    ['#problem', false],
    ['data:application/json,{}', false],
  ]))
    assert.equal(fits(COMMON, 'scene', scene, PAGE), good, scene);
});
