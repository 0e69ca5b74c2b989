/**
 * Times the kernels (kernels.c) in GMAC/s (10⁹ multiplications per second) on SmolLM2-135M's matrix
 * shapes: decoding (one token, weights streamed from memory) and prefill (128). With several builds,
 * each line compares them: rounds alternate and each build keeps its best, so other load affects all
 * alike.
 *
 *   FLAGS='-std=c11 -O3 -msimd128 -ffp-contract=off -fno-math-errno -fno-vectorize -fno-slp-vectorize'
 *   for f in tests/bench/kernels.c src/compute/*.c src/format/quant.c src/base/status.c; do
 *     emcc $FLAGS -c $f -o build/bench_$(basename $f .c).o; done
 *   emcc -O1 -sSTANDALONE_WASM --no-entry -sINITIAL_MEMORY=256MB -Wl,--stack-first \
 *     build/bench_*.o -o kernels.wasm
 *   node tests/bench/kernels.js kernels.wasm [older.wasm …] [--only=REGEX of the lines to run]
 *
 * Compare ratios within one run; on a shared machine numbers change from minute to minute.
 */
import { readFileSync } from 'node:fs';

/** @typedef {Record<string, (...args: number[]) => number>} Build */
const args = process.argv.slice(2);
const only = new RegExp(args.find((arg) => arg.startsWith('--only='))?.slice(7) ?? '');
/** @type {Build[]} */
const builds = [];
for (const file of args.filter((arg) => !arg.startsWith('--'))) {
  const { instance } = await WebAssembly.instantiate(readFileSync(file), {});
  const build = /** @type {Build} */ (instance.exports);
  if (build._initialize) build._initialize();
  if (!build.bench_start()) throw new Error('the benchmark needs 200 MB of memory');
  builds.push(build);
}

const LAYOUTS = 'F32 F16 BF16 Q8 Q4 Q4M Q5 Q5M Q4T K2 K3 K4 K5 K6 K4T'.split(' ');
const SHAPES = [
  [576, 576],
  [1536, 576],
  [576, 1536],
  [1536, 768], // whole super-blocks
  [49152, 576],
];

/**
 * Prints a line: each build's speed in its fastest round, in 10⁹ per second. `run` does `work` operations.
 * @param {string} name
 * @param {(build: Build) => number | void} run returns the number of repetitions, if `work` counts one
 * @param {number} work
 * @param {string} [unit]
 */
function line(name, run, work, unit = 'GMAC/s') {
  if (!only.test(name)) return;
  const best = builds.map(() => 0);
  const end = performance.now() + 400 * builds.length;
  for (let round = 0; round < 3 || performance.now() < end; round++) {
    builds.forEach((build, i) => {
      const start = performance.now();
      const times = run(build) ?? 1;
      const speed = (work * times) / (performance.now() - start) / 1e6;
      best[i] = Math.max(best[i], speed);
    });
  }
  console.log(name.padEnd(26), ...best.map((speed) => speed.toFixed(2).padStart(7)), unit);
}

for (const n of [1, 128]) {
  for (const [layout, name] of LAYOUTS.entries()) {
    for (const [rows, cols] of SHAPES) {
      if (name.startsWith('K') !== (cols % 256 === 0 && cols < 1024)) continue;
      const some = n > 1 ? Math.min(rows, 4096) : rows; // the output of 49152 × 128 does not fit
      for (const build of builds) build.bench_prepare(layout, n, cols);
      line(
        `${n === 1 ? 'decode' : 'prefill'} ${name} ${rows}×${cols}`,
        (build) => build.bench_matmul(layout, some, cols, n === 1 ? 1 : 0),
        some * cols * n,
      );
    }
  }
}
for (const [tokens, keys] of [
  [1, 256],
  [1, 2048],
  [128, 128],
  [128, 2048],
]) {
  const products = 3 * 3 * tokens * 64 * 2 * (keys - (tokens - 1) / 2);
  line(
    `attention ${tokens} of ${keys}`,
    (b) => void b.bench_attention(3, 3, tokens, keys, 64),
    products,
  );
}
for (const n of [1, 128])
  line(`prepare ${n}`, (build) => void build.bench_prepare(3, n, 1536), n * 1536, 'G/s');
line('norm + silu + exp', (build) => void build.bench_vectors(1536), 1536, 'G/s');
