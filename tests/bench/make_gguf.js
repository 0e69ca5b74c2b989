/**
 * make_gguf.js - writes a GGUF file with random weights in the shapes of SmolLM2-135M, for speed comparisons
 * without a download.
 *
 *   node tests/bench/make_gguf.js OUT.gguf q8_0|q4_0|q4_1|q4_k_m
 *
 * Weights and vocabulary pieces (SentencePiece, 49,152 entries) are random; block scales are chosen so that
 * activations stay finite. q4_k_m has llama.cpp's mixture for this model: rows of 576 are not whole
 * super-blocks, so Q4_K falls back to Q5_0 and Q6_K to Q8_0 (llama-quant.cpp, llama_tensor_get_type and
 * its fallback).
 */
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../helpers/paths.js';

const SHAPE = { d: 576, ff: 1536, layers: 30, heads: 9, kv: 3, vocabulary: 49152, context: 8192 };
const STD = 0.02;

/**
 * ggml's number of a type, weights and bytes per block, offsets of half-float scales.
 * @type {Record<string, { id: number, n: number, bytes: number, halves: [number, number][] }>}
 */
const TYPES = {
  f32: { id: 0, n: 1, bytes: 4, halves: [] },
  q4_0: { id: 2, n: 32, bytes: 18, halves: [[0, STD / 4]] },
  q4_1: {
    id: 3,
    n: 32,
    bytes: 20,
    halves: [
      [0, STD / 4],
      [2, -2 * STD],
    ],
  },
  q5_0: { id: 6, n: 32, bytes: 22, halves: [[0, STD / 8]] },
  q8_0: { id: 8, n: 32, bytes: 34, halves: [[0, STD / 64]] },
  q4_k: {
    id: 12,
    n: 256,
    bytes: 144,
    halves: [
      [0, STD / 128],
      [2, STD / 16],
    ],
  },
  q6_k: { id: 14, n: 256, bytes: 210, halves: [[208, STD / 256]] },
};

/** Layers with more bits in v and down (use_more_bits). @param {number} i @param {number} n */
const moreBits = (i, n) => i < n >> 3 || i >= Math.floor((7 * n) / 8) || (i - (n >> 3)) % 3 === 2;

/** @param {string} file type @param {string} role @param {number} layer */
function typeOf(file, role, layer) {
  if (role === 'norm') return 'f32';
  if (file !== 'q4_k_m') return file;
  const more = moreBits(layer, SHAPE.layers);
  if (role === 'embd' || (role === 'v' && more)) return 'q8_0';
  if (role === 'down') return more ? 'q6_k' : 'q4_k';
  return 'q5_0';
}

/** IEEE half of a normal number. @param {number} x */
function half(x) {
  const bits = new Uint32Array(Float32Array.of(x).buffer)[0];
  const exponent = ((bits >>> 23) & 255) - 112;
  if (exponent <= 0) throw new Error(`${x} is too small for a half`);
  return ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}

/* ---- GGUF (docs/gguf.md): little-endian, strings and arrays with 64-bit lengths ---------------- */

/** @param {number} v */
const u32 = (v) => Buffer.from(Uint32Array.of(v).buffer);
/** @param {number} v */
const u64 = (v) => Buffer.from(BigUint64Array.of(BigInt(v)).buffer);
/** @param {number} v */
const f32 = (v) => Buffer.from(Float32Array.of(v).buffer);
/** @param {string} text */
const string = (text) => Buffer.concat([u64(Buffer.byteLength(text)), Buffer.from(text)]);

function pieces() {
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  const all = ['<unk>', '<s>', '</s>'];
  for (let i = 0; i < 256; i++) all.push(`<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
  for (const c of letters) all.push(c, `▁${c}`);
  for (let i = 0; all.length < SHAPE.vocabulary; i++) {
    let [text, rest] = ['', i];
    for (let k = 0; k < 4; k++, rest = Math.floor(rest / 26)) text += letters[rest % 26];
    all.push((i & 1 ? '▁' : '') + text + (rest ? letters[rest % 26] : ''));
  }
  return all;
}

function metadata() {
  const { d, ff, layers, heads, kv, vocabulary, context } = SHAPE;
  /** @param {number} type @param {Buffer[]} items */
  const array = (type, items) => Buffer.concat([u32(type), u64(items.length), ...items]);
  const kinds = pieces().map((_, i) => u32(i === 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1));
  /** @type {[string, number, Buffer][]} key, type of the value, value */
  const entries = [
    ['general.architecture', 8, string('llama')],
    ['general.name', 8, string('random weights in the shapes of SmolLM2-135M')],
    ['llama.block_count', 4, u32(layers)],
    ['llama.context_length', 4, u32(context)],
    ['llama.embedding_length', 4, u32(d)],
    ['llama.feed_forward_length', 4, u32(ff)],
    ['llama.attention.head_count', 4, u32(heads)],
    ['llama.attention.head_count_kv', 4, u32(kv)],
    ['llama.attention.layer_norm_rms_epsilon', 6, f32(1e-5)],
    ['llama.rope.freq_base', 6, f32(100000)],
    ['llama.rope.dimension_count', 4, u32(d / heads)],
    ['llama.vocab_size', 4, u32(vocabulary)],
    ['tokenizer.ggml.model', 8, string('llama')],
    ['tokenizer.ggml.bos_token_id', 4, u32(1)],
    ['tokenizer.ggml.eos_token_id', 4, u32(2)],
    ['tokenizer.ggml.tokens', 9, array(8, pieces().map(string))],
    [
      'tokenizer.ggml.scores',
      9,
      array(
        6,
        pieces().map((_, i) => f32(-i)),
      ),
    ],
    ['tokenizer.ggml.token_type', 9, array(5, kinds)],
  ];
  const written = entries.map(([key, type, value]) =>
    Buffer.concat([string(key), u32(type), value]),
  );
  return { n: entries.length, bytes: Buffer.concat(written) };
}

/** The tensors of a file: name, dimensions (columns first), type. @param {string} file type */
function tensors(file) {
  const { d, ff, layers, heads, kv, vocabulary } = SHAPE;
  const kvRows = (d / heads) * kv;
  /** @type {{ name: string, dims: number[], type: string }[]} */
  const all = [
    { name: 'token_embd.weight', dims: [d, vocabulary], type: typeOf(file, 'embd', 0) },
    { name: 'output_norm.weight', dims: [d], type: 'f32' },
  ];
  for (let i = 0; i < layers; i++) {
    /** @type {[string, number[], string][]} */
    const block = [
      ['attn_norm', [d], 'norm'],
      ['ffn_norm', [d], 'norm'],
      ['attn_q', [d, d], 'q'],
      ['attn_k', [d, kvRows], 'k'],
      ['attn_v', [d, kvRows], 'v'],
      ['attn_output', [d, d], 'output'],
      ['ffn_gate', [d, ff], 'gate'],
      ['ffn_up', [d, ff], 'up'],
      ['ffn_down', [ff, d], 'down'],
    ];
    for (const [name, dims, role] of block)
      all.push({ name: `blk.${i}.${name}.weight`, dims, type: typeOf(file, role, i) });
  }
  return all;
}

/** Random numbers (xorshift32, Marsaglia 2003), equal in every run. */
function randomWords() {
  let state = 12345;
  return (/** @type {Uint32Array} */ words) => {
    for (let i = 0; i < words.length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[i] = state;
    }
  };
}

/**
 * @param {string} out path @param {string} file type
 */
export function makeGguf(out, file) {
  const list = tensors(file);
  const sizes = list.map(({ dims, type }) => {
    const { n, bytes } = TYPES[type];
    return (dims.reduce((a, b) => a * b, 1) / n) * bytes;
  });
  const aligned = (/** @type {number} */ n) => Math.ceil(n / 32) * 32;
  let offset = 0;
  const directory = list.map(({ name, dims, type }, i) => {
    const at = offset;
    offset += aligned(sizes[i]);
    return Buffer.concat([
      string(name),
      u32(dims.length),
      ...dims.map(u64),
      u32(TYPES[type].id),
      u64(at),
    ]);
  });
  const { n, bytes } = metadata();
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(list.length),
    u64(n),
    bytes,
    ...directory,
  ]);
  const fd = openSync(out, 'w');
  writeSync(fd, head);
  writeSync(fd, Buffer.alloc(aligned(head.length) - head.length));
  const fill = randomWords();
  list.forEach(({ type }, i) => {
    const words = new Uint32Array(aligned(sizes[i]) / 4);
    if (type === 'f32') new Float32Array(words.buffer).fill(1);
    else fill(words);
    const view = new DataView(words.buffer);
    for (const [at, value] of TYPES[type].halves)
      for (let block = at; block < sizes[i]; block += TYPES[type].bytes)
        view.setUint16(block, half(value), true);
    writeSync(fd, new Uint8Array(words.buffer));
  });
  closeSync(fd);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [out, file = 'q8_0'] = process.argv.slice(2);
  if (!out || !(file in TYPES || file === 'q4_k_m'))
    throw new Error('usage: make_gguf.js OUT.gguf q8_0|q4_0|q4_1|q4_k_m');
  makeGguf(out, file);
}

/** A file of random weights in SmolLM2-135M's shapes in build/random-models/, made once. @param {string} type */
export function randomModel(type) {
  const folder = join(root, 'build', 'random-models');
  const file = join(folder, `${type}.gguf`);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  makeGguf(`${file}.part`, type);
  renameSync(`${file}.part`, file);
  return file;
}
