/**
 * kernels.test.js - kernel selection (web/engine/kernels.js) on recorded browser times, and the precision rule as
 * a table. `make bench-choice` measures its benefit.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteDot, chooseKernels, fastClasses, Tuner } from '../../web/engine/kernels.js';

const OWN = 0;
const PROVIDED = 1;

test('precision follows from how the processor multiplies bytes', () => {
  assert.deepEqual(fastClasses('auto', 'whole'), [0, 1]);
  assert.deepEqual(fastClasses('auto', 'split'), [0]);
  assert.deepEqual(fastClasses('auto', 'none'), []);
  for (const dot of /** @type {const} */ (['whole', 'split', 'none'])) {
    assert.deepEqual(fastClasses('fast', dot), [0, 1]);
    assert.deepEqual(fastClasses('exact', dot), []);
  }
  assert.match(byteDot(), /^(whole|split|none)$/);
});

test('both kinds of kernels are sampled in turn, the first sample of each not counted', () => {
  /** @type {number[][]} */
  const times = [[], []];
  const order = [];
  const speed = [5, 6]; // ms per token
  for (;;) {
    const next = chooseKernels(times);
    if ('use' in next) {
      assert.equal(next.use, OWN);
      break;
    }
    order.push(next.sample);
    // Until the optimising compiler finishes, the faster kernels look slower.
    const first = times[next.sample].length === 0;
    times[next.sample].push(first && next.sample === OWN ? 40 : speed[next.sample]);
  }
  assert.deepEqual(order, [PROVIDED, OWN, PROVIDED, OWN, PROVIDED, OWN]);
});

test('kernels whose times still fall are sampled again, up to a limit', () => {
  const falling = [
    [30, 20, 10],
    [8, 8, 8],
  ];
  assert.deepEqual(chooseKernels(falling), { sample: PROVIDED });
  assert.deepEqual(chooseKernels([falling[OWN], [8, 8, 8, 8]]), { sample: OWN });
  assert.deepEqual(
    chooseKernels([
      [30, 20, 10, 6, 6],
      [8, 8, 8, 8, 8],
    ]),
    { use: OWN },
  );
  const endless = Array.from({ length: 12 }, (_, i) => 1000 * 0.8 ** i);
  assert.deepEqual(chooseKernels([endless, endless.map((t) => t + 1)]), { use: OWN });
});

test('the choice on recorded browser times of a busy machine without AVX-VNNI', () => {
  /** @type {[string, number[][], number][]} browser, file and kind; ms per token; the faster kind on the idle machine */
  const recorded = [
    [
      'Chromium, Q8_0, tokens',
      [
        [15.8, 7.17, 12.5],
        [50.3, 70.6, 15.4, 41.2],
      ],
      OWN,
    ],
    [
      'Chromium, Q8_0, batches',
      [
        [5.52, 5.48, 6.27],
        [9.18, 12.6, 17.6],
      ],
      OWN,
    ],
    [
      'Chromium, Q4_0, tokens',
      [
        [16.8, 10.9, 9.52, 9],
        [34.3, 9.86, 9.12, 8.98],
      ],
      PROVIDED,
    ],
    [
      'Firefox, Q8_0, tokens',
      [
        [103, 22.5, 9.4, 8.2, 10],
        [104, 10.8, 16, 12.3, 13.7],
      ],
      OWN,
    ],
    [
      'Firefox, Q4_0, tokens',
      [
        [7.5, 6.14, 20.3],
        [6.88, 5, 5.33],
      ],
      PROVIDED,
    ],
    [
      'Firefox, Q4_0, batches',
      [
        [6.33, 16.2, 10.9, 14.1],
        [3.16, 7.7, 5.86, 11.8],
      ],
      PROVIDED,
    ],
    [
      'Firefox, Q4_K_M, batches',
      [
        [6.7, 6.05, 3.78, 3.67],
        [3.63, 3.67, 3.16, 3.02],
      ],
      PROVIDED,
    ],
  ];
  for (const [what, times, use] of recorded) assert.deepEqual(chooseKernels(times), { use }, what);
});

test('the tuner measures batches and single tokens separately and ignores small batches', () => {
  /** @type {number[]} */
  const used = [];
  let provided = 3;
  const tuner = new Tuner((bits) => {
    provided = bits;
    used.push(bits);
  });
  /** ms per token: batches are faster on the build's own kernels, single tokens on provided ones. */
  const cost = (/** @type {number} */ tokens) =>
    tokens > 1 ? (provided & 1 ? 3.3 : 3) * tokens : provided & 2 ? 5 : 6;
  for (let i = 0; i < 40; i++) tuner.note(8, 1000);
  assert.deepEqual(used, [], 'small batches');
  for (let i = 0; i < 12; i++) tuner.note(64, cost(64));
  for (let i = 0; i < 120; i++) tuner.note(1, cost(1));
  assert.equal(provided, 2);
  assert.ok(tuner.state.every(({ done }) => done));
  const before = used.length;
  for (let i = 0; i < 100; i++) tuner.note(1, 1000);
  assert.equal(used.length, before, 'nothing changes once both are chosen');
});
