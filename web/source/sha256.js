/**
 * sha256.js - an incremental SHA-256 (FIPS 180-4); crypto.subtle needs a whole file at once.
 */

/**
 * The first 32 bits of the fractional parts of a root of the first n primes.
 * @param {number} n
 * @param {number} root
 */
function primeRoots(n, root) {
  const out = [];
  for (let p = 2; out.length < n; p++) {
    let d = 2;
    while (d * d <= p && p % d) d++;
    if (d * d > p) out.push((p ** (1 / root) % 1) * 2 ** 32);
  }
  return Int32Array.from(out, (x) => x | 0);
}

/** An incremental hash: update(bytes) any number of times, then hex() once. */
export function sha256() {
  const K = primeRoots(64, 3);
  const H = primeRoots(8, 2);
  const W = new Int32Array(64);
  const block = new Uint8Array(64);
  let length = 0;

  /** @param {Uint8Array} bytes @param {number} at */
  const compress = (bytes, at) => {
    for (let i = 0; i < 16; i++, at += 4) {
      W[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    }
    for (let i = 16; i < 64; i++) {
      const x = W[i - 15];
      const y = W[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      W[i] = W[i - 16] + s0 + W[i - 7] + s1;
    }
    let a = H[0];
    let b = H[1];
    let c = H[2];
    let d = H[3];
    let e = H[4];
    let f = H[5];
    let g = H[6];
    let h = H[7];
    for (let i = 0; i < 64; i++) {
      const S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + S1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
      const S0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = S0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    H[0] += a;
    H[1] += b;
    H[2] += c;
    H[3] += d;
    H[4] += e;
    H[5] += f;
    H[6] += g;
    H[7] += h;
  };

  return {
    /** @param {Uint8Array} bytes */
    update(bytes) {
      let at = 0;
      const used = length % 64;
      length += bytes.length;
      if (used) {
        at = Math.min(64 - used, bytes.length);
        block.set(bytes.subarray(0, at), used);
        if (used + at < 64) return;
        compress(block, 0);
      }
      for (; at + 64 <= bytes.length; at += 64) compress(bytes, at);
      block.set(bytes.subarray(at));
    },
    hex() {
      const bits = length * 8;
      const padding = new Uint8Array(((119 - (length % 64)) % 64) + 9);
      padding[0] = 0x80;
      new DataView(padding.buffer).setBigUint64(padding.length - 8, BigInt(bits));
      this.update(padding);
      return [...H].map((v) => (v >>> 0).toString(16).padStart(8, '0')).join('');
    },
  };
}
