/**
 * small_models.js - the table of small models in src/README.md: which architecture each has, how large it is in
 * Q4_K_M, and whether a page can run it.
 *
 *   node tests/helpers/small_models.js      prints the table
 *
 * The shapes are those of the models' own config.json. Sizes follow llama.cpp's recipe of Q4_K_M (llama-quant.cpp):
 * Q4_K, and Q6_K for the output, for attn_v and ffn_down of about half of the blocks; rows that are no multiple of
 * 256 become Q5_0 and Q8_0. Of models without a shape here, the size follows from the number of parameters, at the
 * 4.9 bits that the recipe usually takes, marked ≈. docs.test.js compares the table with the engine's rows.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.js';

/** @typedef {{ layers: number, width: number, ff: number, heads: number, kv: number, head: number, vocab: number, untied?: boolean,
 *   gates?: boolean, experts?: number }} Shape */

const CONTEXT = 2048; // tokens that must have room
const PRACTICAL = 3e9; // bytes of a page's engine, weights and cache

/**
 * A decoder's shape. @param {number} layers @param {number} width @param {number} ff @param {number} heads
 * @param {number} kv @param {number} head @param {number} vocab @param {Partial<Shape>} [more] @returns {Shape}
 */
const shape = (layers, width, ff, heads, kv, head, vocab, more) => ({
  ...{ layers, width, ff, heads, kv, head, vocab },
  ...more,
});
const untied = { untied: true };
const plain = { gates: false }; // a feed-forward sublayer of two matrices

/** Name, architecture, and a shape or millions of parameters. @type {[string, string, Shape | number][]} */
export const MODELS = [
  ['SmolLM2 135M', 'llama', shape(30, 576, 1536, 9, 3, 64, 49152)],
  ['SmolLM2 360M', 'llama', shape(32, 960, 2560, 15, 5, 64, 49152)],
  ['SmolLM2 1.7B', 'llama', shape(24, 2048, 8192, 32, 32, 64, 49152)],
  ['SmolLM3 3B', 'smollm3', shape(36, 2048, 11008, 16, 4, 128, 128256)],
  ['Qwen 2.5 0.5B, Coder', 'qwen2', shape(24, 896, 4864, 14, 2, 64, 151936)],
  ['Qwen 2.5 1.5B, Coder, Math', 'qwen2', shape(28, 1536, 8960, 12, 2, 128, 151936)],
  ['Qwen 2.5 3B, Coder', 'qwen2', shape(36, 2048, 11008, 16, 2, 128, 151936)],
  ['DeepSeek R1 Distill Qwen 1.5B', 'qwen2', shape(28, 1536, 8960, 12, 2, 128, 151936, untied)],
  ['Qwen 3 0.6B', 'qwen3', shape(28, 1024, 3072, 16, 8, 128, 151936)],
  ['Qwen 3 1.7B', 'qwen3', shape(28, 2048, 6144, 16, 8, 128, 151936)],
  ['Qwen 3 4B', 'qwen3', shape(36, 2560, 9728, 32, 8, 128, 151936)],
  ['Qwen 3 Embedding 0.6B', 'qwen3', shape(28, 1024, 3072, 16, 8, 128, 151669)],
  ['Qwen 3 Reranker 0.6B', 'qwen3', shape(28, 1024, 3072, 16, 8, 128, 151669)],
  ['Qwen 3.5 0.8B', 'qwen35', 800],
  ['Llama 3.2 1B', 'llama', shape(16, 2048, 8192, 32, 8, 64, 128256)],
  ['Llama 3.2 3B', 'llama', shape(28, 3072, 8192, 24, 8, 128, 128256)],
  ['TinyLlama 1.1B', 'llama', shape(22, 2048, 5632, 32, 4, 64, 32000, untied)],
  ['DeepSeek Coder 1.3B', 'llama', shape(24, 2048, 5504, 16, 16, 128, 32256, untied)],
  ['Falcon 3 1B', 'llama', shape(18, 2048, 8192, 8, 4, 256, 131072, untied)],
  ['Gemma 2B', 'gemma', shape(18, 2048, 16384, 8, 1, 256, 256000)],
  ['Gemma 2 2B', 'gemma2', shape(26, 2304, 9216, 8, 4, 256, 256000)],
  ['Gemma 3 270M', 'gemma3', shape(18, 640, 2048, 4, 1, 256, 262144)],
  ['Gemma 3 1B', 'gemma3', shape(26, 1152, 6912, 4, 1, 256, 262144)],
  ['Gemma 3 4B', 'gemma3', shape(34, 2560, 10240, 8, 4, 256, 262208)],
  ['Gemma 3n E2B', 'gemma3n', 4460],
  ['EmbeddingGemma 300M', 'gemma-embedding', shape(24, 768, 1152, 3, 1, 256, 262144)],
  ['Phi-2', 'phi2', shape(32, 2560, 10240, 32, 32, 80, 51200, { ...untied, ...plain })],
  ['Phi-3.5 mini', 'phi3', shape(32, 3072, 8192, 32, 32, 96, 32064, untied)],
  ['Phi-4 mini', 'phi3', shape(32, 3072, 8192, 24, 8, 128, 200064)],
  ['Granite 3.3 2B', 'granite', shape(40, 2048, 8192, 32, 8, 64, 49155)],
  ['Granite 3.1 1B-A400M', 'granitemoe', shape(24, 1024, 512, 16, 8, 64, 49155, { experts: 32 })],
  ['Granite 4.0 H 350M', 'granitehybrid', 340],
  ['Falcon H1 0.5B', 'falcon-h1', 521],
  ['LFM2 350M', 'lfm2', 354],
  ['LFM2 700M', 'lfm2', 742],
  ['LFM2 1.2B', 'lfm2', 1170],
  ['OLMo 2 1B', 'olmo2', shape(16, 2048, 8192, 16, 16, 128, 100352, untied)],
  ['StableLM 2 1.6B', 'stablelm', shape(24, 2048, 5632, 32, 32, 64, 100352, untied)],
  ['InternLM 2.5 1.8B', 'internlm2', shape(24, 2048, 8192, 16, 8, 128, 92544, untied)],
  ['EXAONE 4.0 1.2B', 'exaone4', shape(30, 2048, 4096, 32, 8, 64, 102400)],
  ['ERNIE 4.5 0.3B', 'ernie4_5', shape(18, 1024, 3072, 16, 2, 128, 103424)],
  ['StarCoder 2 3B', 'starcoder2', shape(30, 3072, 12288, 24, 2, 128, 49152, plain)],
  ['GPT-2', 'gpt2', shape(12, 768, 3072, 12, 12, 64, 50257, plain)],
  ['Pythia 410M', 'gptneox', shape(24, 1024, 4096, 16, 16, 64, 50304, { ...untied, ...plain })],
  ['Mamba 130M', 'mamba', 129],
  ['RWKV 7 0.4B', 'rwkv7', 450],
  ['BitNet b1.58 2B', 'bitnet', 2410],
  ['Ministral 3 3B', 'mistral3', 3400],
  ['all-MiniLM-L6 v2', 'bert', 22.7],
  ['Nomic Embed 1.5', 'nomic-bert', 137],
];

/* ---- Sizes ----------------------------------------------------------------------------------- */

const BITS = { Q4_K: 4.5, Q5_0: 5.5, Q6_K: 6.5625, Q8_0: 8.5 };

/** Bytes of a matrix. @param {number} rows @param {number} cols @param {boolean} more */
const bytes = (rows, cols, more) =>
  (rows * cols * BITS[cols % 256 ? (more ? 'Q8_0' : 'Q5_0') : more ? 'Q6_K' : 'Q4_K']) / 8;

/** Whether the recipe gives a block more bits. @param {number} i @param {number} n blocks */
const more = (i, n) => {
  const eighth = Math.floor(n / 8);
  return i < eighth || i >= Math.floor((7 * n) / 8) || (i - eighth) % 3 === 2;
};

/** @param {Shape} s */
function fileBytes({
  layers,
  width,
  ff,
  heads,
  kv,
  head,
  vocab,
  untied: own,
  gates = true,
  experts = 1,
}) {
  let sum = bytes(vocab, width, true) + (own ? bytes(vocab, width, false) : 0);
  for (let i = 0; i < layers; i++) {
    const better = more(i, layers);
    sum += bytes((heads + kv) * head, width, false) + bytes(kv * head, width, better);
    sum += bytes(width, heads * head, false) + experts * bytes(width, ff, better);
    sum += experts * (gates ? 2 : 1) * bytes(ff, width, false);
  }
  return sum;
}

/** @param {Shape | number} model @returns {{ size: number, cache: number, exact: boolean }} bytes */
function measured(model) {
  if (typeof model === 'number') return { size: (model * 1e6 * 4.9) / 8, cache: 0, exact: false };
  return {
    size: fileBytes(model),
    cache: CONTEXT * model.layers * model.kv * model.head * 2 * 2,
    exact: true,
  };
}

/** Architectures of the table, and those that only jielong-all.wasm has. */
function rows() {
  const table = readFileSync(join(root, 'src/model/arch.c'), 'utf8').split(
    'static const jl_arch table[]',
  )[1];
  let rare = false;
  /** @type {Map<string, boolean>} */ const found = new Map();
  for (const [, name, condition] of table.matchAll(/\.name = "([^"]+)"|^#(ifdef JL_ALL|endif)/gm)) {
    if (name) found.set(name, rare);
    else rare = condition !== 'endif';
  }
  return found;
}

/** @param {number} n */
const megabytes = (n) => (n < 995e6 ? `${(n / 1e6).toFixed(0)} MB` : `${(n / 1e9).toFixed(2)} GB`);

/** The table as Markdown, without padding. */
export function table() {
  const known = rows();
  const lines = MODELS.map(([name, arch, model]) => {
    const { size, cache, exact } = measured(model);
    const fits = size + cache < PRACTICAL;
    const runs = !known.has(arch) ? 'no: architecture' : fits ? 'yes' : 'no: size';
    return `| ${name} | \`${arch}\` | ${exact ? '' : '≈ '}${megabytes(size)} | ${runs} |`;
  });
  return [
    '| model | architecture | Q4_K_M | runs in a page |',
    '| --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

if (process.argv[1] === new URL(import.meta.url).pathname) console.log(table());
