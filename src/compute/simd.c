/* simd.c - wasm simd128: preparing activations, norms, activation functions, softmax, the cache.
 *
 * Products: simd_matmul.c; attention: simd_attention.c. Contracts: kernels.h; the bits equal those
 * of ref.c, which also computes the rest of a length that is no multiple of 4. No alignment needed.
 * Compiles to nothing without simd128.
 */
#ifdef __wasm_simd128__

#include "kernels.h"
#include "simd_matmul.h"

#include <math.h>
#include <string.h>

/* -- Activations ------------------------------------------------------------------------------- */

static void prepare(jl_act *a, const float *x, float limit, int n, int cols) {
    static const float zero[JL_BLOCK];
    size_t blocks = (size_t)cols / JL_BLOCK, width = (size_t)cols;
    if (n == 1) {
        for (size_t b = 0; b < blocks; b++)
            a->scale[b] =
                quantise_block(x + b * JL_BLOCK, limit, a->q + b * JL_BLOCK, a->sum + 2 * b, 1);
        return;
    }
    size_t at = 0; /* block·token offset */
    for (size_t t0 = 0; t0 < (size_t)n; t0 += JL_TILE) {
        for (size_t b = 0; b < blocks; b++, at += JL_TILE) {
            int16_t q[JL_TILE][JL_BLOCK];
            for (size_t t = 0; t < JL_TILE; t++) {
                const float *from = t0 + t < (size_t)n ? x + (t0 + t) * width + b * JL_BLOCK : zero;
                a->scale[at + t] = quantise_block(from, limit, q[t], a->sum + 2 * at + t, JL_TILE);
            }
            interleave_tile(q, a->q + at * JL_BLOCK);
        }
    }
}

void jl_act_prepare__simd(jl_act *a, const float *x, int n, int cols, jl_layout layout) {
    a->n = n;
    a->cols = cols;
    a->x = x;
    if (layout >= JL_LAYOUT_Q8) prepare(a, x, 32767, n, cols);
}

void jl_act_prepare_fast__simd(jl_act *a, const float *x, int n, int cols, jl_layout layout) {
    (void)layout;
    a->n = n;
    a->cols = cols;
    a->x = x;
    prepare(a, x, 127, n, cols);
}

/* -- Vectors ----------------------------------------------------------------------------------- */

/* Adds the term of element i to lane i % 4, for elements beyond the last full vector. */
INLINE v128_t add_to_lane(v128_t lanes, int i, float term) {
    float lane[4];
    wasm_v128_store(lane, lanes);
    lane[i % 4] = lane[i % 4] + term;
    return wasm_v128_load(lane);
}

void jl_rms_norm__simd(const float *x, const float *weight, float eps, int n, float *y) {
    v128_t sum = wasm_f32x4_splat(0);
    int whole = n & ~3;
    for (int i = 0; i < whole; i += 4) {
        v128_t v = wasm_v128_load(x + i);
        sum = wasm_f32x4_add(sum, wasm_f32x4_mul(v, v));
    }
    for (int i = whole; i < n; i++) sum = add_to_lane(sum, i, x[i] * x[i]);
    float scale = 1.0f / sqrtf(lanes_sum(sum) / (float)n + eps);
    for (int i = 0; i < whole; i += 4) {
        v128_t v = wasm_f32x4_mul(wasm_v128_load(x + i), wasm_f32x4_splat(scale));
        wasm_v128_store(y + i, wasm_f32x4_mul(v, wasm_v128_load(weight + i)));
    }
    for (int i = whole; i < n; i++) y[i] = (x[i] * scale) * weight[i];
}

void jl_layer_norm__simd(const float *x, const float *weight, const float *bias, float eps, int n,
                         float *y) {
    v128_t sum = wasm_f32x4_splat(0), square = sum;
    int whole = n & ~3;
    for (int i = 0; i < whole; i += 4) sum = wasm_f32x4_add(sum, wasm_v128_load(x + i));
    for (int i = whole; i < n; i++) sum = add_to_lane(sum, i, x[i]);
    float mean = lanes_sum(sum) / (float)n;
    for (int i = 0; i < whole; i += 4) {
        v128_t d = wasm_f32x4_sub(wasm_v128_load(x + i), wasm_f32x4_splat(mean));
        square = wasm_f32x4_add(square, wasm_f32x4_mul(d, d));
    }
    for (int i = whole; i < n; i++) square = add_to_lane(square, i, (x[i] - mean) * (x[i] - mean));
    float scale = 1.0f / sqrtf(lanes_sum(square) / (float)n + eps);
    for (int i = 0; i < whole; i += 4) {
        v128_t d = wasm_f32x4_sub(wasm_v128_load(x + i), wasm_f32x4_splat(mean));
        d = wasm_f32x4_mul(d, wasm_f32x4_splat(scale));
        wasm_v128_store(y + i, wasm_f32x4_mul(d, wasm_v128_load(weight + i)));
    }
    for (int i = whole; i < n; i++) y[i] = ((x[i] - mean) * scale) * weight[i];
    if (bias) jl_add__simd(y, bias, n);
}

void jl_add_scaled__simd(float *y, const float *x, float factor, int n) {
    int whole = n & ~3;
    for (int i = 0; i < whole; i += 4) {
        v128_t v = wasm_f32x4_mul(wasm_v128_load(x + i), wasm_f32x4_splat(factor));
        wasm_v128_store(y + i, wasm_f32x4_add(wasm_v128_load(y + i), v));
    }
    jl_add_scaled__ref(y + whole, x + whole, factor, n - whole);
}

void jl_mul__simd(float *y, const float *x, int n) {
    int whole = n & ~3;
    for (int i = 0; i < whole; i += 4)
        wasm_v128_store(y + i, wasm_f32x4_mul(wasm_v128_load(y + i), wasm_v128_load(x + i)));
    jl_mul__ref(y + whole, x + whole, n - whole);
}

void jl_add__simd(float *y, const float *x, int n) {
    int whole = n & ~3;
    for (int i = 0; i < whole; i += 4)
        wasm_v128_store(y + i, wasm_f32x4_add(wasm_v128_load(y + i), wasm_v128_load(x + i)));
    jl_add__ref(y + whole, x + whole, n - whole);
}

void jl_silu_mul__simd(float *gate, const float *up, int n) {
    const v128_t one = wasm_f32x4_splat(1);
    int left = n;
    for (; left >= 16; left -= 16, gate += 16, up += 16) {
        v128_t e[4];
        STEP(4, e, wasm_f32x4_neg(wasm_v128_load(gate + 4 * i)));
        exp_each(4, e);
        UNROLL for (int i = 0; i < 4; i++) {
            v128_t g = wasm_v128_load(gate + 4 * i), u = wasm_v128_load(up + 4 * i);
            g = wasm_f32x4_div(g, wasm_f32x4_add(one, e[i]));
            wasm_v128_store(gate + 4 * i, wasm_f32x4_mul(g, u));
        }
    }
    jl_silu_mul__ref(gate, up, left);
}

INLINE v128_t round_to_11_bits(v128_t x) {
    v128_t c = wasm_f32x4_mul(x, wasm_f32x4_splat(8193.0f));
    return wasm_f32x4_sub(c, wasm_f32x4_sub(c, x));
}

void jl_gelu__simd(float *x, int n) {
    const v128_t one = wasm_f32x4_splat(1), ten = wasm_f32x4_splat(10);
    int whole = n & ~3;
    for (int i = 0; i < whole; i += 4) {
        v128_t all = wasm_v128_load(x + i), v = round_to_11_bits(all);
        v128_t u = wasm_f32x4_mul(wasm_f32x4_mul(v, v), wasm_f32x4_splat(0.044715f));
        u = wasm_f32x4_mul(v, wasm_f32x4_add(u, one));
        u = exp4(wasm_f32x4_mul(u, wasm_f32x4_splat(-1.59576912f)));
        v128_t y = round_to_11_bits(wasm_f32x4_div(v, wasm_f32x4_add(one, u)));
        y = wasm_v128_andnot(y, wasm_f32x4_le(all, wasm_f32x4_neg(ten)));
        wasm_v128_store(x + i, wasm_v128_bitselect(all, y, wasm_f32x4_ge(all, ten)));
    }
    jl_gelu__ref(x + whole, n - whole);
}

void jl_relu_squared__simd(float *x, int n) {
    const v128_t zero = wasm_f32x4_splat(0);
    int whole = n & ~3;
    for (int i = 0; i < whole; i += 4) {
        v128_t v = wasm_v128_load(x + i), negative = wasm_f32x4_lt(v, zero);
        wasm_v128_store(x + i, wasm_v128_andnot(wasm_f32x4_mul(v, v), negative));
    }
    jl_relu_squared__ref(x + whole, n - whole);
}

void jl_soft_cap__simd(float *x, float cap, int n) {
    const v128_t one = wasm_f32x4_splat(1), two = wasm_f32x4_splat(2);
    v128_t c = wasm_f32x4_splat(cap), twice = wasm_f32x4_splat(2.0f / cap);
    int whole = n & ~3;
    for (int i = 0; i < whole; i += 4) {
        v128_t e = exp4(wasm_f32x4_mul(wasm_v128_load(x + i), twice));
        v128_t t = wasm_f32x4_sub(one, wasm_f32x4_div(two, wasm_f32x4_add(one, e)));
        wasm_v128_store(x + i, wasm_f32x4_mul(c, t));
    }
    jl_soft_cap__ref(x + whole, cap, n - whole);
}

void jl_nan_to_neg_inf__simd(const float *x, int n, float *y) {
    int i = 0;
    for (; i + 4 <= n; i += 4) {
        v128_t v = wasm_v128_load(x + i), least = wasm_f32x4_splat(-INFINITY);
        wasm_v128_store(y + i, wasm_v128_bitselect(v, least, wasm_f32x4_eq(v, v)));
    }
    jl_nan_to_neg_inf__ref(x + i, n - i, y + i);
}

float jl_max__simd(const float *x, int n) {
    v128_t a = wasm_f32x4_splat(-INFINITY), b = a; /* two chains hide the latency of pmax */
    int i = 0;
    for (; i + 8 <= n; i += 8) {
        a = wasm_f32x4_pmax(a, wasm_v128_load(x + i));
        b = wasm_f32x4_pmax(b, wasm_v128_load(x + i + 4));
    }
    float max = lanes_max(wasm_f32x4_pmax(a, b)), rest = jl_max__ref(x + i, n - i);
    return rest > max ? rest : max;
}

/* Four rows at a time hide the latency of additions. */
void jl_dot_rows__simd(const float *x, const float *rows, int n, int width, float *out) {
    size_t row = (size_t)width;
    int t = 0;
    for (; t + 4 <= n; t += 4, rows += 4 * row) {
        const float *at[] = { rows, rows + row, rows + 2 * row, rows + 3 * row };
        v128_t sum[4];
        STEP(4, sum, wasm_f32x4_splat(0));
        for (size_t d = 0; d < row; d += 4) {
            v128_t v = wasm_v128_load(x + d);
            STEP(4, sum, wasm_f32x4_add(sum[i], wasm_f32x4_mul(v, wasm_v128_load(at[i] + d))));
        }
        for (int k = 0; k < 4; k++) out[t + k] = lanes_sum(sum[k]);
    }
    jl_dot_rows__ref(x, rows, n - t, width, out + t);
}

float jl_softmax_exp__simd(float *x, float max, int n) {
    v128_t sum = wasm_f32x4_splat(0);
    int i = 0;
    for (; i + 4 <= n; i += 4) {
        v128_t e = exp4(wasm_f32x4_sub(wasm_v128_load(x + i), wasm_f32x4_splat(max)));
        wasm_v128_store(x + i, e);
        sum = wasm_f32x4_add(sum, e);
    }
    for (; i < n; i++) sum = add_to_lane(sum, i, x[i] = jl_exp__ref(x[i] - max));
    return lanes_sum(sum);
}

float jl_exp_total__simd(const float *x, float max, float scale, int n) {
    v128_t sum = wasm_f32x4_splat(0);
    const float *at = x;
    for (; at + 16 <= x + n; at += 16) {
        v128_t e[4];
        STEP(4, e, wasm_f32x4_sub(wasm_v128_load(at + 4 * i), wasm_f32x4_splat(max)));
        STEP(4, e, wasm_f32x4_mul(e[i], wasm_f32x4_splat(scale)));
        exp_each(4, e);
        for (int k = 0; k < 4; k++) sum = wasm_f32x4_add(sum, e[k]);
    }
    int i = (int)(at - x);
    for (; i + 4 <= n; i += 4) {
        v128_t e = wasm_f32x4_sub(wasm_v128_load(x + i), wasm_f32x4_splat(max));
        sum = wasm_f32x4_add(sum, exp4(wasm_f32x4_mul(e, wasm_f32x4_splat(scale))));
    }
    for (; i < n; i++) sum = add_to_lane(sum, i, jl_exp__ref((x[i] - max) * scale));
    return lanes_sum(sum);
}

/* -- Cache ------------------------------------------------------------------------------------- */

/* Four floats, clamped to ±65504, as halves in the low 16 bits of four lanes: jl_float_to_half
 * (base/half.h) without branches. */
INLINE v128_t to_half4(v128_t x) {
    v128_t a = wasm_v128_and(x, wasm_i32x4_splat(0x7fffffff));
    v128_t sign = wasm_v128_and(wasm_u32x4_shr(x, 16), wasm_i32x4_splat(0x8000));
    a = wasm_i32x4_min(a, wasm_i32x4_splat(0x477fe000)); /* 65504; integers, so NaN too */
    v128_t odd = wasm_v128_and(wasm_u32x4_shr(a, 13), wasm_i32x4_splat(1));
    v128_t normal = wasm_i32x4_add(a, wasm_i32x4_add(odd, wasm_i32x4_splat(0xfff - 0x38000000)));
    normal = wasm_u32x4_shr(normal, 13);
    v128_t small = wasm_f32x4_add(a, wasm_f32x4_splat(0.5f)); /* the adder rounds at 2^-24 */
    small = wasm_i32x4_sub(small, wasm_i32x4_splat(0x3f000000));
    v128_t is_small = wasm_i32x4_lt(a, wasm_i32x4_splat(0x38800000)); /* below 2^-14 */
    return wasm_v128_or(sign, wasm_v128_bitselect(small, normal, is_small));
}

static void store_halves(uint16_t *to, const float *from, int n) {
    int d = 0;
    for (; d + 4 <= n; d += 4) {
        v128_t h = to_half4(wasm_v128_load(from + d));
        wasm_v128_store64_lane(to + d, wasm_u16x8_narrow_i32x4(h, h), 0);
    }
    for (; d < n; d++) wasm_v128_store16_lane(to + d, to_half4(wasm_f32x4_splat(from[d])), 0);
}

void jl_kv_store__simd(jl_kv_type type, void *k_tile, void *v_tile, int slot, const float *k,
                       const float *v, int hd) {
    if (type == JL_KV_16) {
        int16_t *quants = k_tile;
        float *scales = (float *)(void *)(quants + (hd + 1) / 2 * 2 * JL_KV_TILE);
        scales[slot] = round_row(k, hd, 1, quants + 2 * slot, 2 * JL_KV_TILE);
        store_halves((uint16_t *)v_tile + slot * hd, v, hd);
        return;
    }
    float *to_k = (float *)k_tile + slot;
    for (int d = 0; d < hd; d++) to_k[d * JL_KV_TILE] = k[d];
    memcpy((float *)v_tile + slot * hd, v, (size_t)hd * sizeof *v);
}

#endif
