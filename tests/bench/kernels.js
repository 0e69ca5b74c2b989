/**
 * Times the kernels (kernels.c) in GMAC/s (10⁹ multiplications a second), best of several rounds,
 * on the matrix shapes of SmolLM2-135M: decoding (one token, weights streamed from memory) and
 * prefill (128).
 *
 *   FLAGS='-std=c11 -O3 -msimd128 -ffp-contract=off'
 *   for f in tests/bench/kernels.c src/compute/*.c; do
 *     emcc $FLAGS -c $f -o build/bench_$(basename $f .c).o; done
 *   emcc -O1 -sSTANDALONE_WASM --no-entry -sINITIAL_MEMORY=256MB -Wl,--stack-first \
 *     build/bench_*.o -o kernels.wasm
 *   node tests/bench/kernels.js kernels.wasm [substring of the lines to run]
 *
 * Compare ratios within one run; a shared machine changes the numbers from minute to minute.
 */
import { readFileSync } from 'node:fs';

const [file, only = ''] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(file), {});
const wasm = /** @type {Record<string, (...args: number[]) => number>} */ (instance.exports);
if (wasm._initialize) wasm._initialize();
if (!wasm.bench_start()) throw new Error('the benchmark needs 200 MB of memory');

const LAYOUTS = 'F32 F16 BF16 Q8 Q4 Q4M Q5 Q5M Q4T K2 K3 K4 K5 K6 K4T'.split(' ');
const SHAPES = [
  [576, 576],
  [1536, 576],
  [576, 1536],
  [49152, 576],
];

/**
 * Seconds of the fastest of the rounds that fit the time.
 * @param {() => void} f
 * @param {number} [seconds]
 */
function best(f, seconds = 0.4) {
  let fastest = Infinity;
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < 3 || performance.now() < end; round++) {
    const start = performance.now();
    f();
    fastest = Math.min(fastest, (performance.now() - start) / 1000);
  }
  return fastest;
}

/**
 * @param {string} name
 * @param {() => string} measure
 */
function line(name, measure) {
  if (name.includes(only)) console.log(`${name.padEnd(24)} ${measure()}`);
}

for (const [layout, name] of LAYOUTS.entries()) {
  for (const n of [1, 128]) {
    line(`${n === 1 ? 'decode' : 'prefill'} ${name}`, () => {
      const speeds = SHAPES.map(([rows, cols]) => {
        const some = n > 1 ? Math.min(rows, 4096) : rows; // the output of 49152 × 128 has no room
        wasm.bench_prepare(layout, n, cols);
        let copies = 0;
        const seconds = best(() => {
          copies = wasm.bench_matmul(layout, some, cols, n === 1 ? 1 : 0);
        });
        const speed = (some * cols * n * copies) / seconds / 1e9;
        return `${rows}×${cols} ${speed.toFixed(1).padStart(5)}`;
      });
      return `${speeds.join('   ')}   GMAC/s`;
    });
  }
}
for (const [tokens, keys] of [
  [1, 256],
  [1, 2048],
  [128, 128],
  [128, 2048],
]) {
  line(`attention ${tokens} of ${keys}`, () => {
    const seconds = best(() => wasm.bench_attention(3, 3, tokens, keys, 64));
    const products = 3 * 3 * tokens * 64 * 2 * (keys - (tokens - 1) / 2);
    const speed = (products / seconds / 1e9).toFixed(1);
    return `${speed} GMAC/s, ${(seconds * 1e6).toFixed(0)} µs a layer`;
  });
}
line('prepare', () => {
  const seconds = [1, 128].map((n) => best(() => wasm.bench_prepare(3, n, 1536)));
  return seconds.map((s, i) => `${(((i ? 128 : 1) * 1536) / s / 1e9).toFixed(2)} G/s`).join(', ');
});
line('norm + silu + exp', () => {
  const seconds = best(() => wasm.bench_vectors(1536));
  return `${(1536 / seconds / 1e9).toFixed(2)} G/s`;
});
