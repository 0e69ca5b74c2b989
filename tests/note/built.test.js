/**
 * built.test.js - what the build of the note's pages does to bytes and pictures, in Node.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { decode, encode } from '../../examples/course-note/base85.js';
import { compact } from '../../examples/course-note/compact.js';

test('bytes as text are the same bytes, in characters that a script element may hold', () => {
  for (const length of [0, 1, 2, 3, 4, 5, 1000, 4097]) {
    const bytes = new Uint8Array(randomBytes(length));
    const text = encode(bytes);
    assert.equal(text.length, 5 * Math.ceil(length / 4));
    assert.doesNotMatch(text, /[<>&"'\s]/);
    assert.deepEqual(decode(text, length), bytes);
  }
  const all = Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0);
  assert.deepEqual(decode(encode(all), 8), all);
});

/** @param {number} n @param {(i: number) => string} cell */
const cells = (n, cell) => Array.from({ length: n }, (_, i) => cell(i)).join('');

test('cells of a picture become strokes over the same area', () => {
  const row = cells(10, (i) => `<rect x="${i * 10}" y="4" width="9" height="6" fill="#102030"/>`);
  assert.equal(
    compact(row),
    `<path stroke="#102030" stroke-width="6" d="M0 7h9${'m1 0h9'.repeat(9)}"/>`,
  );
  const path = `<path d="${cells(10, (i) => `M${i * 10} 4h9v6h-9z`)}" fill="#102030" opacity="0.5"/>`;
  assert.match(compact(path), /^<path stroke="#102030" stroke-width="6" opacity="0.5" d="M0 7h9m1/);
});

test('cells that lie over others keep their order', () => {
  const stack = cells(
    10,
    (i) => `<rect x="0" y="0" width="${20 - i}" height="6" fill="#10203${i % 2}"/>`,
  );
  assert.equal(compact(stack), stack);
});
