/**
 * grammar.js - the time that grammars take, in wasm: sorting a vocabulary, compiling a grammar, masks along a text.
 *
 *   FLAGS="-std=c11 -msimd128 -fno-vectorize -fno-slp-vectorize"
 *   for f in src/session/{constraint,grammar,gbnf,gbnf_check}.c src/text/trie.c src/base/{memory,status}.c; do
 *     emcc -Oz $FLAGS -c $f -o build/bench_$(basename $f .c).o; done      (trie.c at -O3, as in the module)
 *   emcc -O1 $FLAGS -sSTANDALONE_WASM --no-entry -sALLOW_MEMORY_GROWTH -Wl,--stack-first tests/bench/grammar.c \
 *     build/bench_*.o -o build/grammar.wasm
 *   node tests/bench/grammar.js build/grammar.wasm MODEL.gguf [tokens]
 *
 * The vocabulary is the model's; with `tokens` it is enlarged to that many by joining pairs of its tokens. A mask
 * is compared with the time of a decode step of that model in the same process. Each time is the smallest of five.
 */
import { readFileSync } from 'node:fs';
import { loadModel } from '../../web/jielong.js';
import { grammarOf } from '../../web/schema/schema.js';

const [file, path, wanted] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(file), {
  wasi_snapshot_preview1: new Proxy({}, { get: () => () => 0 }),
  env: { emscripten_notify_memory_growth() {} },
});
const wasm = /** @type {Record<string, any>} */ (instance.exports);
wasm._initialize?.();

/** @param {Uint8Array} data */
function copy(data) {
  const at = wasm.bench_alloc(data.length + 1);
  new Uint8Array(wasm.memory.buffer).set(data, at);
  return at;
}

const model = await loadModel(path, { worker: false, threads: 1 });
const ids = Int32Array.from({ length: model.info.vocabularySize }, (_, id) => id);
const pieces = (await model.pieces(ids)).map(({ bytes, special }) =>
  special ? new Uint8Array(0) : bytes,
);
const known = new Set(pieces.map(String));
for (let i = 1; pieces.length < Number(wanted ?? 0); i++) {
  const [a, b] = [pieces[(i * 7919) % ids.length], pieces[(i * 104729 + (i >> 4)) % ids.length]];
  const both = Uint8Array.of(...a, ...b);
  if (both.length > 24 || known.has(String(both))) continue;
  known.add(String(both));
  pieces.push(both);
}
pieces.push(new Uint8Array(0)); // the end token
wasm.bench_vocabulary(
  copy(Uint8Array.from(pieces, ({ length }) => Math.min(length, 255))),
  copy(Uint8Array.from(pieces.flatMap((bytes) => [...bytes.subarray(0, 255)]))),
  pieces.length,
);

/** The smallest of five times in ms. @param {() => unknown} work */
function smallest(work) {
  let least = Infinity;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    work();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

const SCHEMAS = {
  person: {
    schema: {
      type: 'object',
      properties: {
        name: { type: 'string' },
        age: { type: 'integer', minimum: 0, maximum: 120 },
        email: { type: 'string', maxLength: 60 },
        tags: { type: 'array', items: { type: 'string' }, maxItems: 5 },
        address: {
          type: 'object',
          properties: {
            street: { type: 'string' },
            zip: { type: 'string', pattern: '^[0-9]{5}$' },
          },
          required: ['street', 'zip'],
        },
      },
      required: ['name', 'age', 'email', 'tags', 'address'],
    },
    text:
      '{"name": "Ada Lovelace of the Analytical Engine", "age": 36, "email": "ada.lovelace@example.org", ' +
      '"tags": ["mathematics", "poetry and science", "first program"], "address": {"street": "12 St James Square", "zip": "12345"}}',
  },
  list: {
    schema: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          kind: { enum: ['lake', 'river', 'sea'] },
          length: { type: 'number' },
          seen: { type: 'boolean' },
        },
        required: ['kind', 'length', 'seen'],
      },
    },
    text: `[${Array(8).fill('{"kind": "river", "length": 1234.5, "seen": true}').join(', ')}]`,
  },
  any: {
    schema: {},
    text: '{"a": [1, 2.5e3, {"b": "some text that is longer than the others"}], "c": null, "d": {"e": {}}}',
  },
};

console.log(`${pieces.length} tokens; sorting ${smallest(wasm.bench_index).toFixed(1)} ms`);
const session = await model.createSession();
await session.complete('Once', { maxTokens: 4 });
const steps = [];
for await (const _ of session.generate([], { maxTokens: 40, ignoreEos: true }))
  steps.push(performance.now());
const step = Math.min(...steps.slice(1).map((time, i) => time - steps[i]));
console.log(`a decode step of ${model.info.name}: ${step.toFixed(2)} ms`);
for (const [name, { schema, text }] of Object.entries(SCHEMAS)) {
  const grammar = new TextEncoder().encode(grammarOf(schema));
  const at = copy(grammar);
  const other = copy(new TextEncoder().encode('root ::= "x"'));
  const compile = smallest(() => {
    wasm.bench_begin(other, 12);
    wasm.bench_begin(at, grammar.length);
    wasm.bench_mask();
  });
  const bytes = new TextEncoder().encode(text);
  const place = copy(bytes);
  let [best, count, most] = [Infinity, 0, 0];
  for (let round = 0; round < 5; round++) {
    wasm.bench_begin(other, 12);
    wasm.bench_begin(at, grammar.length);
    let total = 0;
    let largest = 0;
    count = 0;
    for (let i = 0; i < bytes.length; count++) {
      const start = performance.now();
      wasm.bench_mask();
      const time = performance.now() - start;
      total += time;
      largest = Math.max(largest, time);
      const n = wasm.bench_step(place + i, bytes.length - i);
      if (!n) throw new Error(`${name}: nothing continues at ${i}`);
      i += n;
    }
    if (total < best) [best, most] = [total, largest];
  }
  const mean = best / count;
  console.log(
    `${name}: compiled with its first mask ${compile.toFixed(2)} ms; ${count} tokens, a mask ` +
      `${mean.toFixed(3)} ms (${((100 * mean) / step).toFixed(1)} % of a step), at most ${most.toFixed(2)} ms`,
  );
}
await model.close();
