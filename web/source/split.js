/**
 * split.js - the headers of a split model's files, and one header made of them.
 *
 * Each part is a GGUF with tensors of its own; only the first has the model's metadata (gguf-split of llama.cpp; keys
 * split.no, split.count, split.tensors.count). Values and directory entries are copied as bytes, apart from the data offsets;
 * the engine checks the merged header like that of any file (src/format/gguf.c has the format). What must hold of each
 * part is checked here, because errors of the engine cannot name a part.
 */
import { cut, JielongError } from '../base/error.js';

/**
 * @typedef {object} PartHeader
 * @property {string} name of the file
 * @property {number} no from 0; of `count` parts
 * @property {number} count
 * @property {number} tensorsInAll in all parts
 * @property {number} alignment bytes
 * @property {Uint8Array} bytes the header, without padding
 * @property {Uint8Array[]} values key, type and payload of each value of the model
 * @property {Entry[]} tensors ascending offsets
 * @property {number} dataStart offset in the file
 * @property {number} dataBytes up to the end of the last tensor
 */
/** @typedef {{ name: string, entry: Uint8Array, offset: number, bytes: number }} Entry entry: without its offset */

const MAX_HEADER = 64 * 2 ** 20; // bytes
const MAX_VALUES = 4096;
const MAX_TENSORS = 65536;
const MAX_ALIGNMENT = 65536; // bytes
const STRING = 8;
const ARRAY = 9;
/** Bytes of a value by its type; 0: variable. */
const SIZES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
/**
 * Elements and bytes of a block by the tensor's type, of the types that the engine reads (src/format/quant.c).
 * @type {Record<number, [elements: number, bytes: number]>}
 */
const BLOCKS = {
  ...{ 0: [1, 4], 1: [1, 2], 30: [1, 2] }, // F32, F16, BF16
  ...{ 2: [32, 18], 3: [32, 20], 6: [32, 22], 7: [32, 24], 8: [32, 34], 20: [32, 18] }, // Q4_0 to Q8_0, IQ4_NL
  ...{ 10: [256, 84], 11: [256, 110], 12: [256, 144], 13: [256, 176], 14: [256, 210] }, // Q2_K to Q6_K
  23: [256, 136], // IQ4_XS
  ...{ 16: [256, 66], 17: [256, 74], 18: [256, 98], 19: [256, 50] }, // IQ2_XXS, IQ2_XS, IQ3_XXS, IQ1_S
  ...{ 21: [256, 110], 22: [256, 82], 29: [256, 56] }, // IQ3_S, IQ2_S, IQ1_M
  ...{ 34: [256, 54], 35: [256, 66], 39: [32, 17], 40: [64, 36] }, // TQ1_0, TQ2_0, MXFP4, NVFP4
  ...{ 41: [128, 18], 42: [64, 18] }, // Q1_0, Q2_0
};

/** Keys about a file, not the model. @type {Record<string, string>} */
const ABOUT = {
  'split.no': 'no',
  'split.count': 'count',
  'split.tensors.count': 'tensors',
  'general.alignment': 'alignment',
};

const decoder = new TextDecoder();
/** Thrown if the bytes end inside the header. */
const MORE = new RangeError('more bytes are needed');

/** @param {string} name of the part @param {string} what @param {string} [code] */
const wrong = (name, what, code = 'BAD_FORMAT') =>
  new JielongError(code, `${cut(name)} ${what}`, name);

/** Reads little-endian numbers, strings and values. */
class Cursor {
  at = 0;
  #name;
  #bytes;
  #view;

  /** @param {Uint8Array} bytes @param {string} name of the part */
  constructor(bytes, name) {
    this.#name = name;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Moves over bytes; returns where they begin. @param {number} n */
  skip(n) {
    const from = this.at;
    if (!(n <= MAX_HEADER - from))
      throw wrong(
        this.#name,
        `has no header of a GGUF file: it does not end within ${MAX_HEADER} bytes`,
      );
    if (n > this.#bytes.length - from) throw MORE;
    this.at += n;
    return from;
  }
  u32() {
    return this.#view.getUint32(this.skip(4), true);
  }
  /** A number beyond 2^53 is not exact, but larger than every limit. */
  u64() {
    return Number(this.#view.getBigUint64(this.skip(8), true));
  }
  string() {
    const n = this.u64();
    const from = this.skip(n);
    return this.#bytes.subarray(from, from + n);
  }
  /** @param {number} max @param {string} what */
  count(max, what) {
    const n = this.u64();
    if (n > max) throw wrong(this.#name, `is damaged: it has ${n} ${what}, more than ${max}`);
    return n;
  }
  /** @param {number} from */
  since(from) {
    return this.#bytes.subarray(from, this.at);
  }

  /** Moves over a value. @param {number} type @returns {number | undefined} it, if it is an integer */
  value(type) {
    if (type === ARRAY) return this.#array();
    if (type === STRING) return void this.string();
    const size = SIZES[type];
    if (!size) throw wrong(this.#name, `is damaged: it has a value of type ${type}`);
    const at = this.skip(size);
    const integers = [0, 1, 2, 3, 4, 5, 10, 11];
    if (!integers.includes(type)) return undefined;
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + this.#bytes[at + i];
    return value; // of negative ones something large
  }

  /** @returns {undefined} */
  #array() {
    const type = this.u32();
    const n = this.u64();
    if (type === ARRAY || !(type in SIZES))
      throw wrong(this.#name, `is damaged: it has an array of values of type ${type}`);
    if (type !== STRING) this.skip(n * SIZES[type]);
    else for (let i = 0; i < n; i++) this.string();
  }
}

/**
 * The header at the beginning of a part; undefined if it needs more bytes.
 * @param {Uint8Array} bytes @param {string} name @returns {PartHeader | undefined}
 */
export function parsePart(bytes, name) {
  const begins = decoder.decode(bytes.subarray(0, 4));
  if (!'GGUF'.startsWith(begins)) {
    const page = /^\s*</.test(begins) ? '; this looks like a web page' : '';
    throw wrong(name, `is not a GGUF file${page}: get this part of the model again`, 'NOT_GGUF');
  }
  try {
    return parsed(new Cursor(bytes, name), name);
  } catch (e) {
    if (e === MORE) return undefined;
    throw e;
  }
}

/** @param {Cursor} in_ @param {string} name @returns {PartHeader} */
function parsed(in_, name) {
  in_.skip(4);
  const version = in_.u32();
  if (version !== 2 && version !== 3)
    throw wrong(name, `has GGUF version ${version}; expected 2 or 3, little-endian`);
  const nTensors = in_.count(MAX_TENSORS, 'tensors');
  const nValues = in_.count(MAX_VALUES, 'values');
  const { values, numbers } = readValues(in_, nValues);
  const { alignment = 32, no, count, tensors: tensorsInAll } = numbers;
  if (!(alignment >= 1 && alignment <= MAX_ALIGNMENT) || alignment & (alignment - 1))
    throw wrong(name, `is damaged: general.alignment is ${alignment}, expected a power of two`);
  if (no === undefined || count === undefined || tensorsInAll === undefined)
    throw wrong(
      name,
      'is not a part of a split model: it lacks split.no, split.count or split.tensors.count',
    );
  const tensors = Array.from({ length: nTensors }, () => readEntry(in_, name));
  tensors.sort((a, b) => a.offset - b.offset);
  const dataBytes = checkPlaces(tensors, name);
  const dataStart = Math.ceil(in_.at / alignment) * alignment;
  const header = { name, no, count, tensorsInAll, alignment, bytes: in_.since(0) };
  return { ...header, values, tensors, dataStart, dataBytes };
}

/** The values of the model as bytes, and the numbers about its file. @param {Cursor} in_ @param {number} n */
function readValues(in_, n) {
  /** @type {Record<string, number | undefined>} */ const numbers = {};
  const values = [];
  for (let i = 0; i < n; i++) {
    const from = in_.at;
    const key = decoder.decode(in_.string());
    const value = in_.value(in_.u32());
    if (Object.hasOwn(ABOUT, key)) numbers[ABOUT[key]] = value;
    else values.push(in_.since(from));
  }
  return { values, numbers };
}

/** @param {Cursor} in_ @param {string} part @returns {Entry} */
function readEntry(in_, part) {
  const from = in_.at;
  const name = decoder.decode(in_.string());
  const dims = in_.u32();
  if (dims > 4) throw wrong(part, `is damaged: ${cut(name)} has ${dims} dimensions`);
  let elements = 1;
  for (let i = 0; i < dims; i++) elements *= in_.u64();
  const [block, size] = BLOCKS[in_.u32()] ?? [1, 0]; // the engine refuses other types
  const entry = in_.since(from);
  return { name, entry, offset: in_.u64(), bytes: Math.ceil(elements / block) * size };
}

/** Bytes of the data of a part. @param {Entry[]} tensors by offset @param {string} part */
function checkPlaces(tensors, part) {
  let used = 0;
  for (const { name, offset, bytes } of tensors) {
    if (offset < used)
      throw wrong(part, `is damaged: the data of ${cut(name)} overlaps with another tensor`);
    used = offset + bytes;
    if (!Number.isSafeInteger(used))
      throw wrong(part, `is damaged: ${cut(name)} does not end within 2^53 bytes`);
  }
  return used;
}

/* ---- All parts ------------------------------------------------------------------------------- */

/**
 * Sorts the headers by their numbers, and checks that they belong to one model.
 * @param {PartHeader[]} headers
 */
export function checkParts(headers) {
  headers.sort((a, b) => a.no - b.no);
  const [{ name: first, count, tensorsInAll }] = headers;
  for (const { name, count: other, tensorsInAll: all } of headers) {
    if (other !== headers.length)
      throw wrong(
        name,
        `is of a model of ${other} parts, and ${headers.length} are here; give all of them, and no others`,
      );
    if (other !== count || all !== tensorsInAll)
      throw wrong(
        name,
        `is of another model than ${cut(first)}: of ${all} tensors, not ${tensorsInAll}`,
      );
  }
  for (const [i, { name, no }] of headers.entries())
    if (no !== i)
      throw wrong(name, `says that it is part ${no + 1} of ${count}; part ${i + 1} is missing`);
  const places = checkNames(headers);
  if (places.size !== tensorsInAll)
    throw wrong(
      first,
      `and its other parts have ${places.size} tensors, expected ${tensorsInAll}: a part is of another model`,
    );
  return places;
}

/** The parts of the tensors. @param {PartHeader[]} headers @returns {Map<string, string>} */
function checkNames(headers) {
  /** @type {Map<string, string>} */ const places = new Map();
  for (const { name, tensors } of headers)
    for (const tensor of tensors) {
      const other = places.get(tensor.name);
      if (other !== undefined)
        throw wrong(
          name,
          `has the tensor ${cut(tensor.name)}, which ${cut(other)} has too: a part is of another model`,
        );
      places.set(tensor.name, name);
    }
  return places;
}

/** @param {number} value @param {4 | 8} size bytes */
function number(value, size) {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  if (size === 4) view.setUint32(0, value, true);
  else view.setBigUint64(0, BigInt(value), true);
  return bytes;
}

/** @param {string} text */
const string = (text) => [number(text.length, 8), new TextEncoder().encode(text)];

/**
 * One header for all parts, which are in order, and where the data of each begins behind it.
 * @param {PartHeader[]} headers
 */
export function mergeHeaders(headers) {
  const alignment = Math.min(...headers.map((one) => one.alignment));
  const { values } = headers[0];
  /** @type {Uint8Array[]} */
  const chunks = [new TextEncoder().encode('GGUF'), number(3, 4)];
  chunks.push(number(headers[0].tensorsInAll, 8), number(values.length + 1, 8), ...values);
  chunks.push(...string('general.alignment'), number(4, 4), number(alignment, 4));
  const starts = [];
  let end = 0;
  for (const { tensors, dataBytes } of headers) {
    starts.push(end);
    for (const { entry, offset } of tensors) chunks.push(entry, number(end + offset, 8));
    end += Math.ceil(dataBytes / alignment) * alignment;
  }
  const length = chunks.reduce((sum, { length: n }) => sum + n, 0);
  const header = new Uint8Array(Math.ceil(length / alignment) * alignment);
  let at = 0;
  for (const chunk of chunks) {
    header.set(chunk, at);
    at += chunk.length;
  }
  return { header, alignment, size: header.length + end };
}
