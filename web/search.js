/**
 * search.js - the vectors most similar to a query, by cosine, exactly.
 *
 * Not imported by jielong.js. An index has its own instance of the engine's module in the calling thread: 16 MB,
 * and 4 bytes a number (10⁵ vectors of 384: 154 MB more). A search reads every vector once (jl_dot_rows in
 * src/compute/kernels.h), so it has no approximation; only float32 rounding orders almost equal scores.
 */
import { JielongError } from './base/error.js';
import { BINARY, badArgument, checkOptions, describe, POSITIVE, reading } from './base/options.js';
import { assets } from './engine/assets.js';
import { Calls } from './engine/exports.js';
import { instantiate } from './engine/instance.js';

/** @typedef {import('./api/types.js').Match} Match */

const ROWS = 4096; // vectors of one allocation, so that growing copies nothing
const MAX_DIMENSION = 65536;
const UNIT = 1e-6; // |1 − length²| of a vector that is kept as it is
const MAGIC = 0x58494c4a; // 'JLIX', little-endian
const HEADER = [MAGIC, 1]; // and dimension, count: uint32 each, then float32 row after row
const HEADER_BYTES = 16;

/**
 * A copy of length 1, or of zeros if the vector is zero.
 * @param {ArrayLike<number>} vector @param {number} dimension @param {string} where
 */
function unit(vector, dimension, where) {
  if (vector?.length !== dimension)
    throw badArgument(
      `${where} must have ${dimension} numbers, the index's dimension; found ${describe(vector?.length)}`,
      where,
    );
  const copy = Float32Array.from(vector);
  const square = copy.reduce((sum, x) => sum + x * x, 0);
  if (!Number.isFinite(square))
    throw badArgument(`${where} has a number that is not finite`, where);
  const factor = 1 / Math.sqrt(square);
  return square > 0 && Math.abs(1 - square) > UNIT ? copy.map((x) => x * factor) : copy;
}

/** The k largest scores, largest first, equal ones by index. @param {Match[]} best of earlier scores, changed
 * @param {Float32Array} scores @param {number} first index of scores[0] @param {number} k */
function keepBest(best, scores, first, k) {
  let least = best.length < k ? -Infinity : best[k - 1].score;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i];
    if (!(score > least || best.length < k)) continue;
    let [low, high] = [0, best.length]; // the first place with a smaller score
    while (low < high) {
      const middle = (low + high) >> 1;
      if (best[middle].score >= score) low = middle + 1;
      else high = middle;
    }
    best.splice(low, 0, { index: first + i, score });
    if (best.length > k) best.pop();
    if (best.length === k) least = best[k - 1].score;
  }
}

/** Vectors in the order they were added. createIndex() and loadIndex() make one. */
export class VectorIndex {
  #calls = new Calls({
    name: 'index',
    afterCrash: 'create it again',
    ifFull: 'use several indexes, or fewer vectors',
  });
  /** Rows of ROWS vectors each. @type {number[]} */ #blocks = [];
  #row = 0; // floats of a stored vector: the dimension, padded with zeros to a multiple of 4
  #query = 0;
  #scores = 0;
  #size = 0;

  /**
   * @param {number} dimension
   * @param {{ wasm?: any }} [options]
   */
  static async open(dimension, options = {}) {
    const { wasm } = checkOptions('createIndex', options, { wasm: BINARY });
    if (!POSITIVE[0](dimension) || dimension > MAX_DIMENSION)
      throw badArgument(
        `the dimension must be an integer from 1 to ${MAX_DIMENSION}, not ${describe(dimension)}`,
        'dimension',
      );
    const self = new VectorIndex(dimension);
    self.#calls.attach(await instantiate(wasm ?? assets().engine));
    self.#query = self.#calls.alloc(4 * self.#row);
    self.#scores = self.#calls.alloc(4 * ROWS);
    return self;
  }

  /** @param {number} dimension */
  constructor(dimension) {
    /** @readonly */
    this.dimension = dimension;
    this.#row = (dimension + 3) & ~3;
  }

  /** How many vectors it has. */
  get size() {
    return this.#size;
  }

  /** Bytes of the vectors' memory. */
  get bytes() {
    return this.#blocks.length * ROWS * this.#row * 4;
  }

  /** A view of row i, which the next call may end. @param {number} i */
  #floats(i) {
    const block = this.#blocks[Math.floor(i / ROWS)];
    const at = block + (i % ROWS) * this.#row * 4;
    return new Float32Array(this.#calls.exports.memory.buffer, at, this.#row);
  }

  /**
   * Adds vectors, or none of them after an error. Each is scaled to length 1.
   * @param {ArrayLike<number>[]} vectors of `dimension` numbers, such as those of model.embed(texts)
   * @returns {number} the index of the first; the others follow
   */
  add(vectors) {
    if (!Array.isArray(vectors))
      throw badArgument(`add takes an array of vectors, not ${describe(vectors)}`, 'vectors');
    const copies = reading('vectors', () =>
      Array.from(vectors, (vector, i) => unit(vector, this.dimension, `vectors[${i}]`)),
    );
    this.#calls.check();
    while (this.#blocks.length * ROWS < this.#size + copies.length)
      this.#blocks.push(this.#calls.alloc(ROWS * this.#row * 4));
    const first = this.#size;
    for (const copy of copies) {
      const row = this.#floats(this.#size++);
      row.fill(0, this.dimension);
      row.set(copy);
    }
    return first;
  }

  /**
   * The most similar vectors, best first; equal scores by index.
   * @param {ArrayLike<number>} query @param {number} [k] at most so many; 10
   * @returns {Match[]} score: the cosine, from −1 to 1 but for rounding
   */
  search(query, k = 10) {
    const copy = reading('query', () => unit(query, this.dimension, 'query'));
    if (!POSITIVE[0](k)) throw badArgument(`k must be a positive integer, not ${describe(k)}`, 'k');
    this.#calls.check();
    const padded = this.#view(this.#query, this.#row);
    padded.fill(0).set(copy);
    /** @type {Match[]} */ const best = [];
    for (let at = 0; at < this.#size; at += ROWS) {
      const n = Math.min(ROWS, this.#size - at);
      const block = this.#blocks[at / ROWS];
      this.#calls.call('dot_rows', this.#query, block, n, this.#row, this.#scores);
      keepBest(best, this.#view(this.#scores, n), at, k);
    }
    return best;
  }

  /** @param {number} pointer @param {number} n floats */
  #view(pointer, n) {
    return new Float32Array(this.#calls.exports.memory.buffer, pointer, n);
  }

  /** The index as bytes, for loadIndex(). @returns {Uint8Array} */
  save() {
    this.#calls.check();
    const bytes = new Uint8Array(HEADER_BYTES + this.#size * this.dimension * 4);
    new Uint32Array(bytes.buffer, 0, 4).set([...HEADER, this.dimension, this.#size]);
    const floats = new Float32Array(bytes.buffer, HEADER_BYTES);
    for (let i = 0; i < this.#size; i++)
      floats.set(this.#floats(i).subarray(0, this.dimension), i * this.dimension);
    return bytes;
  }

  /** Frees the instance and its memory. */
  close() {
    this.#calls.end();
    this.#blocks = [];
    this.#size = 0;
  }
}

/**
 * An empty index.
 * @param {number} dimension numbers of a vector: model.info.embeddingLength
 * @param {{ wasm?: any }} [options] wasm: a WebAssembly.Module or its bytes; default: the jielong.wasm beside this file
 * @returns {Promise<VectorIndex>}
 */
export const createIndex = (dimension, options) => VectorIndex.open(dimension, options);

/**
 * An index from the bytes of save().
 * @param {Uint8Array | ArrayBuffer} bytes @param {{ wasm?: any }} [options] as for createIndex()
 * @returns {Promise<VectorIndex>}
 */
export async function loadIndex(bytes, options) {
  const copy = reading('bytes', () => {
    if (!(bytes instanceof Uint8Array || bytes instanceof ArrayBuffer))
      throw badArgument(`loadIndex takes bytes, not ${describe(bytes)}`, 'bytes');
    return new Uint8Array(bytes instanceof ArrayBuffer ? bytes.slice(0) : bytes);
  });
  const header = copy.length < HEADER_BYTES ? [] : new Uint32Array(copy.buffer, 0, 4);
  const [magic, version, dimension, count] = header;
  const isWhole = copy.length === HEADER_BYTES + count * dimension * 4;
  if (magic !== HEADER[0] || version !== HEADER[1] || !isWhole)
    throw new JielongError(
      'BAD_ARGUMENT',
      'these are not the bytes of an index, or they are cut',
      'bytes',
    );
  const index = await VectorIndex.open(dimension, options);
  const floats = new Float32Array(copy.buffer, HEADER_BYTES);
  try {
    for (let at = 0; at < count; at += ROWS) {
      const n = Math.min(ROWS, count - at);
      const row = (/** @type {number} */ i) => floats.subarray(i * dimension, (i + 1) * dimension);
      index.add(Array.from({ length: n }, (_, i) => row(at + i)));
    }
  } catch (e) {
    index.close();
    throw e;
  }
  return index;
}
