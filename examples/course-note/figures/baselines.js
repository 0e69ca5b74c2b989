/**
 * baselines.js - the older generations of figure 2: n-gram, window network (Bengio et al. 2003), recurrent network
 * (GRU, Cho et al. 2014).
 *
 * The two networks are computed here, in JavaScript, from their files: a few products and a tanh. A model is
 * { next(ids) }: the distribution after ids; the recurrent one keeps its state from call to call, as ids grow.
 */
import { softmax } from '../../../web/figures/numbers.js';

/** Bytes of values of GGUF metadata by type (the GGUF specification, "Values"); 8: string, 9: array. */
const SIZES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];

/** Reads a GGUF file's header: whole-number metadata and tensors. @param {ArrayBuffer} buffer */
function readGguf(buffer) {
  const view = new DataView(buffer);
  let at = 8;
  const u32 = () => {
    at += 4;
    return view.getUint32(at - 4, true);
  };
  const u64 = () => {
    at += 8;
    return Number(view.getBigUint64(at - 8, true));
  };
  const string = () => {
    const n = u64();
    at += n;
    return new TextDecoder().decode(new Uint8Array(buffer, at - n, n));
  };
  /** @param {number} type */
  const skip = (type) => {
    if (type === 8) string();
    else if (type === 9) {
      const [of, n] = [u32(), u64()];
      for (let i = 0; i < n; i++) skip(of);
    } else at += SIZES[type];
  };
  const [tensors, keys] = [u64(), u64()];
  /** @type {Record<string, number>} */ const numbers = {};
  for (let i = 0; i < keys; i++) {
    const [name, type] = [string(), u32()];
    if (type === 4) numbers[name.replace(/^[^.]+\./, '')] = view.getUint32(at, true);
    skip(type);
  }
  const listed = Array.from({ length: tensors }, () => {
    const name = string();
    const shape = Array.from({ length: u32() }, u64);
    return { name, shape, type: u32(), offset: u64() };
  });
  const start = Math.ceil(at / 32) * 32;
  return { numbers, listed, start };
}

/** A half-precision number. @param {number} bits */
function half(bits) {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Tensors as floats, by name: F32, or Q8_0 (32 bytes and a half-precision scale a block). @param {ArrayBuffer} buffer */
function tensorsOf(buffer) {
  const { numbers, listed, start } = readGguf(buffer);
  const view = new DataView(buffer);
  /** @type {Record<string, Float32Array>} */ const tensors = {};
  for (const { name, shape, type, offset } of listed) {
    const n = shape.reduce((a, b) => a * b, 1);
    const at = start + offset;
    if (type === 0) {
      tensors[name] = Float32Array.from({ length: n }, (_, i) => view.getFloat32(at + 4 * i, true));
      continue;
    }
    if (type !== 8) throw new Error(`the tensor ${name} has type ${type}; expected F32 or Q8_0`);
    const out = new Float32Array(n);
    for (let block = 0; block < n / 32; block++) {
      const from = at + block * 34;
      const scale = half(view.getUint16(from, true));
      for (let i = 0; i < 32; i++) out[block * 32 + i] = scale * view.getInt8(from + 2 + i);
    }
    tensors[name] = out;
  }
  return { numbers, tensors };
}

/** y = W x + b, with W [rows][columns]. @param {Float32Array} W @param {Float32Array} x @param {Float32Array} [b] */
function product(W, x, b) {
  const rows = W.length / x.length;
  const y = new Float32Array(rows);
  for (let r = 0; r < rows; r++) {
    let sum = b ? b[r] : 0;
    for (let c = 0, at = r * x.length; c < x.length; c++) sum += W[at + c] * x[c];
    y[r] = sum;
  }
  return y;
}

const sigmoid = (/** @type {number} */ x) => 1 / (1 + Math.exp(-x));

/** Tokens longer ago than the window are not seen; before the text stand zeros. @param {ArrayBuffer} file */
export function windowModel(file) {
  const { numbers, tensors } = tensorsOf(file);
  const [E, n] = [numbers.embedding_length, numbers.window];
  const table = tensors['token_embd.weight'];
  return {
    /** @param {number[]} ids */
    next(ids) {
      const x = new Float32Array(n * E);
      ids.slice(-n).forEach((id, i, last) => {
        x.set(table.subarray(id * E, (id + 1) * E), (n - last.length + i) * E);
      });
      const hidden = product(tensors['blk.0.window.weight'], x, tensors['blk.0.window.bias']).map(
        Math.tanh,
      );
      return softmax(product(table, product(tensors['blk.0.window_output.weight'], hidden)));
    },
  };
}

/** @param {ArrayBuffer} file */
export function gruModel(file) {
  const { numbers, tensors } = tensorsOf(file);
  const E = numbers.embedding_length;
  const table = tensors['token_embd.weight'];
  let h = new Float32Array(E);
  let read = 0;
  return {
    /** @param {number[]} ids */
    next(ids) {
      if (read > ids.length) [h, read] = [new Float32Array(E), 0];
      for (; read < ids.length; read++) {
        const x = table.subarray(ids[read] * E, (ids[read] + 1) * E);
        const a = product(tensors['blk.0.gru_input.weight'], x, tensors['blk.0.gru.bias']);
        const u = product(tensors['blk.0.gru_state.weight'], h);
        h = h.map((old, i) => {
          const z = sigmoid(a[i] + u[i]);
          const r = sigmoid(a[E + i] + u[E + i]);
          const c = Math.tanh(a[2 * E + i] + r * u[2 * E + i]);
          return z * old + (1 - z) * c;
        });
      }
      return softmax(product(table, h));
    },
    /** Forgets what was read. */
    reset() {
      [h, read] = [new Float32Array(E), 0];
    },
  };
}
