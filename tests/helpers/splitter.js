/**
 * splitter.js - splits a GGUF file like llama.cpp's gguf-split, for tests of split files.
 *
 * Every part has the keys split.no, split.count and split.tensors.count; the first has all other metadata too. The
 * tensors are shared out in the order of the directory.
 */

const SIZES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8]; // bytes of a value by its type; 8: string, 9: array
const [U16, U32, I32, STRING, ARRAY] = [2, 4, 5, 8, 9];

/** @typedef {{ info: Buffer, data: Buffer }} Tensor info: the directory's entry without its offset */

/** @param {Buffer} file */
function parse(file) {
  let at = 16;
  const u32 = () => {
    at += 4;
    return file.readUInt32LE(at - 4);
  };
  const u64 = () => {
    at += 8;
    return Number(file.readBigUInt64LE(at - 8));
  };
  const string = () => {
    const n = u64();
    at += n;
    return file.toString('utf8', at - n, at);
  };
  const skip = (/** @type {number} */ type) => {
    if (type === STRING) string();
    else if (type !== ARRAY) at += SIZES[type];
    else {
      const [element, n] = [u32(), u64()];
      for (let i = 0; i < n; i++) skip(element);
    }
  };
  const nTensors = Number(file.readBigUInt64LE(8));
  const values = [];
  let alignment = 32;
  for (let n = u64(); n > 0; n--) {
    const from = at;
    const key = string();
    const type = u32();
    if (key === 'general.alignment') alignment = file.readUInt32LE(at);
    skip(type);
    values.push(file.subarray(from, at));
  }
  const entries = [];
  for (let i = 0; i < nTensors; i++) {
    const from = at;
    string();
    const dims = u32();
    at += 8 * dims + 4;
    entries.push({ info: file.subarray(from, at), offset: u64() });
  }
  const start = Math.ceil(at / alignment) * alignment;
  const offsets = [...entries.map(({ offset }) => offset), file.length - start];
  const tensors = entries.map(({ info, offset }) => {
    const end = Math.min(...offsets.filter((other) => other > offset));
    return { info, data: file.subarray(start + offset, start + end) };
  });
  return { values, tensors, alignment };
}

/** @param {number} value @param {2 | 4 | 8} size */
function number(value, size) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes.subarray(0, size);
}
/** @param {string} key @param {number} type @param {number} value @param {2 | 4} size */
const keyed = (key, type, value, size) =>
  Buffer.concat([number(key.length, 8), Buffer.from(key), number(type, 4), number(value, size)]);

/** One GGUF file. @param {Buffer[]} values @param {Tensor[]} tensors @param {number} alignment */
export function build(values, tensors, alignment) {
  const padded = (/** @type {number} */ n) => Math.ceil(n / alignment) * alignment;
  const chunks = [Buffer.from('GGUF'), number(3, 4), number(tensors.length, 8)];
  chunks.push(number(values.length, 8), ...values);
  let offset = 0;
  for (const { info, data } of tensors) {
    chunks.push(info, number(offset, 8));
    offset += padded(data.length);
  }
  const pad = (/** @type {number} */ n) => chunks.push(Buffer.alloc(padded(n) - n));
  pad(chunks.reduce((n, { length }) => n + length, 0));
  for (const { data } of tensors) {
    chunks.push(data);
    pad(data.length);
  }
  return Buffer.concat(chunks);
}

/**
 * @typedef {object} SplitOptions
 * @property {boolean} [metadataFirst] the first part has no tensors (gguf-split --no-tensor-first-split)
 * @property {number} [alignment] of the parts after the first
 * @property {(keys: { no: number, count: number, tensors: number }) => object} [keys] changes the keys of a part
 * @property {(shares: Tensor[][]) => Tensor[][]} [shares] changes which part has which tensors
 */

/**
 * The parts of a file.
 * @param {Uint8Array} bytes @param {number} parts @param {SplitOptions} [options]
 * @returns {Buffer[]}
 */
export function splitGguf(bytes, parts, options = {}) {
  const { metadataFirst = false, keys = () => ({}), shares = (same) => same } = options;
  const { values, tensors, alignment } = parse(Buffer.from(bytes));
  const n = metadataFirst ? parts - 1 : parts;
  const each = Math.ceil(tensors.length / n);
  const even = Array.from({ length: n }, (_, i) => tensors.slice(i * each, (i + 1) * each));
  if (metadataFirst) even.unshift([]);
  return shares(even).map((share, i) => {
    const usual = { no: i, count: parts, tensors: tensors.length };
    const { no, count, tensors: all } = { ...usual, ...keys(usual) };
    const split = [
      keyed('split.no', U16, no, 2),
      keyed('split.count', U16, count, 2),
      keyed('split.tensors.count', I32, all, 4),
    ];
    if (i === 0) return build([...values, ...split], share, alignment);
    const { alignment: own = 32 } = options;
    if (own !== 32) split.push(keyed('general.alignment', U32, own, 4));
    return build(split, share, own);
  });
}

/** The name of a part. @param {string} name @param {number} i from 0 @param {number} count */
export const partName = (name, i, count) =>
  `${name}-${String(i + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.gguf`;

/**
 * Sets of parts of a file, by name: layouts that must load, and hostile ones (suite/split.js).
 * @param {Uint8Array} file @param {Uint8Array} other another model
 * @returns {Record<string, Uint8Array[]>}
 */
export function splitSets(file, other) {
  const split = (/** @type {SplitOptions} */ options = {}) => splitGguf(file, 3, options);
  const three = split();
  /** The parts, with another second one. @param {Uint8Array} part */
  const second = (part) => [three[0], part, three[2]];
  const tensors = three.reduce((sum, part) => sum + part.readUInt32LE(8), 0);
  const overlapping = Buffer.from(three[1]);
  // The offset of the second tensor, behind the first one's: the directory is in the order of the data.
  const entry = overlapping.indexOf('blk.', overlapping.indexOf('blk.') + 4);
  overlapping.writeBigUInt64LE(0n, entry + overlapping.readUInt32LE(entry - 8) + 4 + 8 + 4);
  return {
    two: splitGguf(file, 2),
    three,
    meta: split({ metadataFirst: true }),
    metatwo: splitGguf(file, 2, { metadataFirst: true }),
    wide: split({ alignment: 128 }),
    narrow: split({ alignment: 8 }),
    count: split({ keys: ({ no, count }) => (no === 1 ? { count: count + 1 } : {}) }),
    tensors: split({ keys: ({ no }) => (no === 1 ? { tensors: 99 } : {}) }),
    number: split({ keys: ({ no }) => (no === 1 ? { no: 2 } : {}) }),
    repeated: split({ shares: ([a, b, c]) => [a, [...b, a[0]], c] }),
    lacking: split({ shares: ([a, b, c]) => [a, b.slice(1), c] }),
    foreign: second(splitGguf(other, 3, { keys: () => ({ tensors }) })[1]),
    whole: second(file),
    noise: second(Buffer.alloc(1 << 20, 'noise')),
    short: second(three[1].subarray(0, three[1].length - 1000)),
    cut: second(three[1].subarray(0, 900)),
    overlapping: second(overlapping),
  };
}
