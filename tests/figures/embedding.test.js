/**
 * embedding.test.js - the view of jl-embedding against rows and neighbours of the engine; the claims about groups.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cosineOfRows } from '../../web/figures/cosine.js';
import {
  closestPair,
  closestTo,
  cosineOf,
  embedding,
  meansOf,
  neighboursOf,
  rowsOf,
} from '../../web/figures/embedding.js';
import { plainJob } from '../../web/figures/figure.js';
import { dot } from '../../web/figures/numbers.js';
import { principal } from '../../web/figures/pca.js';
import { makeScene, pack, readScene } from '../../web/figures/scene.js';
import { withModel } from '../helpers/figure_models.js';
import { golden, noModel, root, smollm2 } from '../helpers/paths.js';

/** @typedef {import('../../web/figures/embedding.js').EmbeddingView} View */
/** @param {any} model @param {string} [text] @returns {Promise<View>} */
const compute = (model, text) => embedding.compute(model, { text }, plainJob());
const near = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ by) =>
  assert.ok(Math.abs(a - b) <= by, `${a}, not ${b}`);

/** Share of the words that are nearest to the mean place of their own group, without themselves. @param {View} view */
function accuracy({ kinds, groups, x, y }) {
  const words = kinds.flatMap((kind, i) => (kind < 0 ? [] : [i]));
  const right = words.filter((i) => {
    const far = groups.map((_, k) => {
      const others = words.filter((j) => j !== i && kinds[j] === k);
      const mean = (/** @type {Float32Array} */ v) =>
        others.reduce((s, j) => s + v[j], 0) / others.length;
      return Math.hypot(mean(x) - x[i], mean(y) - y[i]);
    });
    return far.indexOf(Math.min(...far)) === kinds[i];
  });
  return right.length / words.length;
}

for (const [name, text, groups] of /** @type {[string, string, string[]][]} */ ([
  ['tales', 'The king saw a wolf.', ['animals', 'family', 'numbers', 'colours']],
  ['poems', '\n床前明月光，疑是地上霜。', ['numbers', 'birds', 'colours', 'family']],
]))
  test(`${name}: cosines, neighbours and places come from the table's rows; groups stand apart`, () =>
    withModel(`${root}web/models/${name}.gguf`, async (model) => {
      const view = await compute(model, text);
      assert.deepEqual(view.groups, groups);
      const { data, shape } = await model.embeddings(view.ids);
      const rows = view.ids.map((_, i) => data.subarray(i * shape[1], (i + 1) * shape[1]));
      for (const [i, id] of view.ids.entries()) {
        assert.deepEqual(rowsOf(view)?.[i], rows[i].slice());
        const own = await model.neighbours(id, { count: view.count });
        assert.deepEqual(
          neighboursOf(view, i).map((n) => n.id),
          own.map((n) => n.id),
        );
        for (const [k, n] of neighboursOf(view, i).entries()) {
          near(n.similarity, own[k].similarity, 1e-7);
          const other = view.ids.indexOf(n.id);
          if (other >= 0) near(cosineOf(view, i, other), n.similarity, 1e-5);
        }
        for (let j = 0; j < i; j++) {
          const cosine =
            dot(rows[i], rows[j]) / Math.sqrt(dot(rows[i], rows[i]) * dot(rows[j], rows[j]));
          near(cosineOf(view, i, j), cosine, 1e-6);
          near(cosineOf(view, j, i), cosine, 1e-6);
        }
      }
      const { within, between } = meansOf(view);
      assert.ok(within - between >= 0.08, `${within} within, ${between} between`);
      assert.ok(accuracy(view) >= 0.9, `${accuracy(view)} of the words lie nearest to their group`);
      const [a, b] = closestPair(view);
      assert.equal(closestTo(view, a), b);
    }));

test('words have the space before them, and the text adds its own tokens', () =>
  withModel(`${root}web/models/tales.gguf`, async (model) => {
    const view = await compute(model, 'king king 😀 wolf');
    assert.ok(
      view.labels.slice(0, 10).every((label) => label.startsWith('␣')),
      view.labels.join(),
    );
    const own = view.labels.filter((_, i) => view.kinds[i] < 0);
    assert.deepEqual(own, ['king', '␣king', '␣'], 'once each, no bytes, no word of a group');
    assert.equal((await compute(model, '')).tokens.length, 0);
    assert.equal((await compute(model)).groups.length, 4);
  }));

test('the working recomputes the cosine from the rows it shows', () =>
  withModel(`${root}web/models/poems.gguf`, async (model) => {
    const view = await compute(model, '春秋');
    const rows = /** @type {Float32Array[]} */ (rowsOf(view));
    const [a, b] = closestPair(view);
    const row = (/** @type {number} */ i) => ({ row: rows[i], label: view.labels[i], source: '' });
    const shown = cosineOfRows(row(a), row(b), (x) => x.toPrecision(7));
    let [product, x, y] = [0, 0, 0];
    for (const [, p, q, pq] of /** @type {any[]} */ (shown.rows)) {
      near(p.text * q.text, Number(pq), 1e-6);
      product += p.text * q.text;
      x += p.text ** 2;
      y += q.text ** 2;
    }
    near(product / Math.sqrt(x * y), cosineOf(view, a, b), 1e-4);
    near(Number(shown.values.cosine), cosineOf(view, a, b), 1e-6);
  }));

test('a scene has no rows and stays small', () =>
  withModel(`${root}web/models/poems.gguf`, async (model) => {
    const view = await compute(model, '\n床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。');
    const scene = makeScene({ name: '', file: '', type: '', bytes: 0 }, {}, { embedding: view });
    assert.ok(JSON.stringify(pack(view)).length < 7000);
    const stored = readScene(JSON.stringify(scene)).views.embedding;
    assert.equal(rowsOf(stored), undefined);
    assert.deepEqual(
      neighboursOf(stored, 3).map((n) => n.label),
      neighboursOf(view, 3).map((n) => n.label),
    );
  }));

test('a vocabulary without the words shows the tokens of the text only', () =>
  withModel(golden('arch/bert.gguf'), async (model) => {
    const view = await compute(model, 'the king');
    assert.deepEqual([view.groups, view.labels], [[], ['␣the', '␣king']]);
    assert.deepEqual((await compute(model, '')).ids, []);
    const one = await compute(model, 'king');
    assert.deepEqual([one.ids.length, ...one.x, ...one.y], [1, 0, 0]);
  }));

test('principal finds the axes of known rows', () => {
  const rows = [
    [3, 0, 0],
    [-3, 0, 0],
    [0, 1, 0],
    [0, -1, 0],
  ].map((r) => Float32Array.from(r));
  const { project, share } = principal(rows);
  near(share[0], 0.9, 1e-9);
  near(share[1], 0.1, 1e-9);
  for (const row of rows) {
    const [x, y] = project(row);
    near(Math.abs(x), Math.abs(row[0]), 1e-9);
    near(Math.abs(y), Math.abs(row[1]), 1e-9);
  }
  const { project: flat } = principal([Float32Array.of(1, 2)]);
  assert.deepEqual(flat(Float32Array.of(5, 5)), [0, 0]);
});

test('a real model: groups stand apart', { skip: noModel }, () =>
  withModel(smollm2, async (model) => {
    const view = await compute(model, 'The king');
    assert.equal(view.groups.length, 4);
    assert.ok(accuracy(view) >= 0.9);
    const { within, between } = meansOf(view);
    assert.ok(within - between >= 0.08);
  }),
);
