/**
 * prose.test.js - the measures of sampled Chinese prose on passages written for them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GROUPS, SENSES } from '../../web/models/recipes/prose_examples.js';
import { loops, sentenceLengths, speeches } from '../../web/models/recipes/sample_prose.js';

test('a phrase three times in a row and a long phrase that comes back are loops', () => {
  assert.ok(loops('他說了一聲好，說了一聲好，說了一聲好，便去了。'));
  assert.ok(loops('那狐狸走到山中的大樹下面坐著。過了半日，那狐狸走到山中的大樹下面坐著。'));
  assert.ok(!loops('他慢慢的走，慢慢的想，也不說話。眾人看了看他，都笑起來。'));
  assert.ok(!loops('「沒水！沒水！」他跳出來道：「有一座橋，有一座橋。」'));
});

test('speeches close, or are broken: left open for long, opened twice, closed without an opening', () => {
  assert.deepEqual(speeches('他道：「好。」又道：「去罷。」'), { closed: 2, broken: 0 });
  assert.deepEqual(speeches('他道：「好。他又道：「去罷。」'), { closed: 1, broken: 1 });
  assert.deepEqual(speeches('好。」他去了。'), { closed: 0, broken: 1 });
  assert.deepEqual(speeches('他道：「好。'), { closed: 0, broken: 0 });
  assert.deepEqual(speeches(`他道：「${'好'.repeat(130)}`), { closed: 0, broken: 1 });
});

test('sentences end at 。！？ or a line end; the last, cut one does not count', () => {
  assert.deepEqual(sentenceLengths('他來了。你好麼？\n我很好'), [3, 3]);
});

test('every example ends in its character; groups share no character', () => {
  for (const [character, senses] of Object.entries(SENSES)) {
    const lists = Object.values(senses);
    assert.equal(lists.length, 2, character);
    for (const sentences of lists) {
      assert.equal(new Set(sentences).size, 8, character);
      assert.ok(sentences.every((sentence) => sentence.endsWith(character)));
    }
  }
  const all = Object.values(GROUPS).join('');
  assert.equal(new Set(all).size, all.length);
});
