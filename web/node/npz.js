/**
 * npz.js - arrays as a NumPy .npz file: an uncompressed zip of .npy files, for numpy.load.
 *
 * Formats: NEP 1 (npy, version 1.0) and PKWARE's APPNOTE (zip, method 0, no zip64: below 4 GB). Numbers are
 * little-endian.
 */
import { crc32 } from 'node:zlib';

/** @typedef {{ name: string, shape: number[], data: Float32Array | Int32Array }} NamedArray */

const ALIGNMENT = 64; // of the data in a .npy file
const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50];
const UTF8 = 0x0800; // flag: the name is UTF-8
const DATE = 0x21; // 1 January 1980

/** The bytes of numbers, little-endian. @param {Float32Array | Int32Array} data */
export function littleEndian(data) {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(Uint16Array.of(1).buffer)[0] ? bytes : Buffer.from(bytes).swap32();
}

/** @param {NamedArray} array @returns {Buffer[]} */
function npy({ shape, data }) {
  const type = data instanceof Float32Array ? '<f4' : '<i4';
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const words = `{'descr': '${type}', 'fortran_order': False, 'shape': (${axes}), }`;
  const length = Math.ceil((10 + words.length + 1) / ALIGNMENT) * ALIGNMENT;
  const head = Buffer.alloc(length, ' ');
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(length - 10, 8);
  head.write(words, 10);
  head[length - 1] = 10; // newline
  return [head, littleEndian(data)];
}

/** Fields of 2 bytes, or of 4 as [value]. @param {(number | [number])[]} list */
function record(...list) {
  return Buffer.concat(
    list.map((field) => {
      const [bytes, value] = typeof field === 'number' ? [2, field] : [4, field[0]];
      const part = Buffer.alloc(bytes);
      part.writeUIntLE(value, 0, bytes);
      return part;
    }),
  );
}

/** The parts of the file, in order. @param {NamedArray[]} arrays with different names @returns {Buffer[]} */
export function npz(arrays) {
  /** @type {Buffer[]} */ const parts = [];
  /** @type {Buffer[]} */ const directory = [];
  const size = (/** @type {Buffer[]} */ list) => list.reduce((n, { length }) => n + length, 0);
  let at = 0;
  for (const array of arrays) {
    const name = Buffer.from(`${array.name}.npy`);
    const content = npy(array);
    const [length, sum] = [size(content), content.reduce((crc, part) => crc32(part, crc), 0)];
    /** @type {(number | [number])[]} */
    const common = [20, UTF8, 0, 0, DATE, [sum], [length], [length], name.length, 0];
    const local = [record([LOCAL], ...common), name, ...content];
    directory.push(record([CENTRAL], 20, ...common, 0, 0, 0, [0], [at]), name);
    parts.push(...local);
    at += size(local);
    if (at >= 2 ** 32) throw new RangeError('a .npz file of 4 GB or more is not written');
  }
  const n = arrays.length;
  return [...parts, ...directory, record([END], 0, 0, n, n, [size(directory)], [at], 0)];
}
