/**
 * llama64.js - a readable forward pass of a llama-architecture GGUF with F32 weights, in double precision.
 *
 * The independent reference for attention weights and the residual stream; slow, only for the tiny files
 * of tests/golden/arch without rope scaling. Written from the paper and the format's specification
 * (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), not from src/. It trusts the file.
 */

/** Reads metadata and F32 tensors. @param {Uint8Array} bytes */
export function parse(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 8;
  /** Reads one value of `size` bytes. @template V @param {number} size @param {(at: number) => V} get */
  const take = (size, get) => () => {
    at += size;
    return get(at - size);
  };
  const u32 = take(4, (i) => view.getUint32(i, true));
  const u64 = take(8, (i) => Number(view.getBigUint64(i, true)));
  const string = () => {
    const n = u64();
    at += n;
    return new TextDecoder().decode(bytes.subarray(at - n, at));
  };
  /** By type number, in the order of the format. @type {(() => any)[]} */
  const read = [
    take(1, (i) => view.getUint8(i)),
    take(1, (i) => view.getInt8(i)),
    take(2, (i) => view.getUint16(i, true)),
    take(2, (i) => view.getInt16(i, true)),
    u32,
    take(4, (i) => view.getInt32(i, true)),
    take(4, (i) => view.getFloat32(i, true)),
    take(1, (i) => view.getUint8(i) !== 0),
    string,
    () => {
      const [type, n] = [u32(), u64()];
      return Array.from({ length: n }, () => read[type]());
    },
    u64,
    take(8, (i) => Number(view.getBigInt64(i, true))),
    take(8, (i) => view.getFloat64(i, true)),
  ];
  const [nTensors, nKeys] = [u64(), u64()];
  /** @type {Record<string, any>} */
  const keys = {};
  for (let i = 0; i < nKeys; i++) keys[string()] = read[u32()]();
  const directory = Array.from({ length: nTensors }, () => {
    const name = string();
    const shape = Array.from({ length: u32() }, u64); // columns first
    if (u32() !== 0) throw new Error(`${name} is not F32`);
    return { name, shape, offset: u64() };
  });
  const start = Math.ceil(at / 32) * 32;
  /** @type {Record<string, Float64Array>} */
  const tensors = {};
  for (const { name, shape, offset } of directory) {
    const n = shape.reduce((a, b) => a * b);
    tensors[name] = Float64Array.from({ length: n }, (_, i) =>
      view.getFloat32(start + offset + 4 * i, true),
    );
  }
  return { keys, tensors };
}

/** y = W·x, W [rows][x.length]. @param {Float64Array} W @param {Float64Array} x */
function product(W, x) {
  return Float64Array.from({ length: W.length / x.length }, (_, r) => {
    let sum = 0;
    for (let c = 0; c < x.length; c++) sum += W[r * x.length + c] * x[c];
    return sum;
  });
}

/** RMSNorm. @param {Float64Array} x @param {Float64Array} weight @param {number} eps */
function norm(x, weight, eps) {
  const mean = x.reduce((sum, v) => sum + v * v, 0) / x.length;
  return x.map((v, i) => (v / Math.sqrt(mean + eps)) * weight[i]);
}

/** Rotates adjacent pairs of each head. @param {Float64Array} x [heads][size] @param {number} size @param {number} position @param {number} base */
function rope(x, size, position, base) {
  const y = x.slice();
  for (let i = 0; i < x.length; i += 2) {
    const angle = position * base ** (-(i % size) / size);
    y[i] = x[i] * Math.cos(angle) - x[i + 1] * Math.sin(angle);
    y[i + 1] = x[i] * Math.sin(angle) + x[i + 1] * Math.cos(angle);
  }
  return y;
}

/**
 * Attention weights [layer][head][query][key], residual stream [layer][token][d] after each block, and
 * the logits of the last token.
 * @param {Uint8Array} file @param {number[]} ids
 */
export function forward(file, ids) {
  const { keys, tensors } = parse(file);
  const key = (/** @type {string} */ name) => keys[`llama.${name}`];
  const eps = key('attention.layer_norm_rms_epsilon');
  const d = key('embedding_length');
  const H = key('attention.head_count');
  const K = key('attention.head_count_kv');
  const size = d / H;
  const attention = [];
  const residual = [];
  const embedding = tensors['token_embd.weight'];
  let x = ids.map((id) => embedding.slice(id * d, (id + 1) * d));
  for (let l = 0; l < key('block_count'); l++) {
    const T = (/** @type {string} */ name) => tensors[`blk.${l}.${name}.weight`];
    const h = x.map((row) => norm(row, T('attn_norm'), eps));
    const base = key('rope.freq_base');
    const q = h.map((row, i) => rope(product(T('attn_q'), row), size, i, base));
    const k = h.map((row, i) => rope(product(T('attn_k'), row), size, i, base));
    const v = h.map((row) => product(T('attn_v'), row));
    const mixed = x.map(() => new Float64Array(d));
    const heads = [];
    for (let head = 0; head < H; head++) {
      const own = head * size;
      const shared = Math.floor(head / (H / K)) * size;
      heads.push(
        q.map((row, i) => {
          const scores = k.slice(0, i + 1).map((other) => {
            let dot = 0;
            for (let c = 0; c < size; c++) dot += row[own + c] * other[shared + c];
            return dot / Math.sqrt(size);
          });
          const max = Math.max(...scores);
          const sum = scores.reduce((total, s) => total + Math.exp(s - max), 0);
          const weights = scores.map((s) => Math.exp(s - max) / sum);
          weights.forEach((w, j) => {
            for (let c = 0; c < size; c++) mixed[i][own + c] += w * v[j][shared + c];
          });
          return weights;
        }),
      );
    }
    attention.push(heads);
    x = x.map((row, i) => {
      const a = product(T('attn_output'), mixed[i]).map((y, c) => y + row[c]);
      const n = norm(a, T('ffn_norm'), eps);
      const up = product(T('ffn_up'), n);
      const gated = product(T('ffn_gate'), n).map((g, c) => (g / (1 + Math.exp(-g))) * up[c]);
      return product(T('ffn_down'), gated).map((y, c) => y + a[c]);
    });
    residual.push(x);
  }
  const last = norm(x[x.length - 1], tensors['output_norm.weight'], eps);
  const logits = product(tensors['output.weight'] ?? embedding, last);
  return { attention, residual, logits };
}
