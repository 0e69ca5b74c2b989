/* simd_matmul.c - wasm simd128: the matrix products, for one token and for tiles of four.
 *
 * SIMD lanes are rows of a 16-row panel, so there are no horizontal sums. Inner loops need no
 * bounds checks: packed matrices have whole panels, Q layouts whole blocks of 32 columns, prepared
 * batches whole tiles of tokens. Only the result is clipped, through a small edge buffer.
 *
 * One token: reads the packed weights once; bound by memory (8 bits) or instructions (4 bits).
 * Batches: widen a chunk of a panel to int16 (or float) that fits the L1 cache, and use it for all
 * tokens. Both sum blocks in ascending order with one float accumulator per row, and the integer
 * part is exact, so the bits agree.
 */
#ifdef __wasm_simd128__

#include "kernels.h"
#include "simd_matmul.h"

#include <string.h>

/* sum + w·x, four rows × two columns. */
INLINE v128_t i_madd(v128_t sum, v128_t w, v128_t x) {
    return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(w, x));
}

/* -- One token --------------------------------------------------------------------------------- */

/* acc[g] += Σ q·x over n pairs of columns of bytes, rows 4g..4g+3. */
INLINE void dot_bytes(int n, const uint8_t *w, const int16_t *x, v128_t *acc) {
    ROLL for (int k = 0; k < n; k++) {
        v128_t pair = wasm_v128_load32_splat(x + 2 * k);
        UNROLL for (int g = 0; g < 4; g++) acc[g] =
            i_madd(acc[g], wasm_i16x8_load8x8(w + 32 * k + 8 * g), pair);
    }
}

/* acc[g] += Σ v·x over n whole quants of one lane, from quant `first` on. */
INLINE void dot_lane(jl_quant_format f, const uint8_t *w, int first, int n, const int16_t *x,
                     v128_t *acc) {
    UNROLL for (int g = 0; g < 4; g++) {
        v128_t v = wasm_v128_load(w + 16 * g), value[8];
        whole_values(f, v, value);
        UNROLL for (int i = 0; i < n; i++) {
            acc[g] = i_madd(acc[g], value[first + i], wasm_v128_load32_splat(x + 2 * i));
        }
    }
}

/* The same over the extra quants of a group of lanes. */
INLINE void dot_extra(jl_quant_format f, const uint8_t *w, const int16_t *x, v128_t *acc) {
    UNROLL for (int g = 0; g < 4; g++) {
        v128_t spare = spare_bits(f.bits, w + 16 * g);
        UNROLL for (int n = 0; n < jl_lane_extra(f.bits); n++) {
            v128_t v = value_of(f, extra_quant(f.bits, n, spare));
            acc[g] = i_madd(acc[g], v, wasm_v128_load32_splat(x + 2 * n));
        }
    }
}

/* acc[g] += Σ v·x over half h of a block of 3 bits: quants 0 to 7 or 8 to 15. w: the block. */
INLINE void dot_half_of_3(jl_quant_format f, int h, const uint8_t *w, const int16_t *x,
                          v128_t *acc) {
    if (h == 0) {
        dot_lane(f, w, 0, 5, x, acc);
        dot_lane(f, w + 64, 0, 3, x + 10, acc);
    } else {
        dot_lane(f, w + 64, 3, 2, x, acc);
        dot_lane(f, w + 128, 0, 5, x + 4, acc);
        dot_extra(f, w, x + 14, acc);
    }
}

/* acc[g] += Σ v·x over group h of a block's columns (one scale). w: the block, x: the group. */
INLINE void dot_group(jl_quant_format f, int h, const uint8_t *w, const int16_t *x, v128_t *acc) {
    const int lanes = f.bits * f.group / JL_BLOCK, together = jl_lane_group(f.bits);
    const int whole = jl_lane_quants(f.bits), extra = jl_lane_extra(f.bits);
    if (f.bits == 3 && f.group == 16) {
        dot_half_of_3(f, h, w, x, acc);
        return;
    }
    w += jl_quant_bytes(f) / 2 * (size_t)h;
    if (f.bits == 8) {
        dot_bytes(f.group / 2, w, x, acc);
        return;
    }
    ROLL for (int lane = 0; lane < lanes; lane += together) {
        const uint8_t *group = w;
        ROLL for (int i = 0; i < together; i++, w += 64, x += 2 * whole) {
            dot_lane(f, w, 0, whole, x, acc);
        }
        if (!extra) continue;
        dot_extra(f, group, x, acc);
        x += 2 * extra;
    }
    if (f.bits == 5) dot_bytes(1, w, x, acc);
}

/* The head of a super-block as floats. */
INLINE void read_head(jl_quant_format f, const uint8_t *w, float *head) {
    read_halves(w, jl_head_bytes(f) / 2, head);
#ifdef JL_ALL
    for (int i = 0; i < JL_PANEL && jl_eighths(f); i++) head[i] *= 0.125f;
#endif
}

/* y[16] = the panel times one token. Q* scales are read as d·2^-112 and multiplied by s·2^112,
 * which is finite (jl_act_max); the product is d·s rounded once, as in the contract. */
INLINE void block_vector(jl_layout layout, const uint8_t *w, const jl_act *a, float *y) {
    const jl_quant_format f = jl_quant_formats[layout];
    const int groups = jl_groups(f);
    float head[2 * JL_PANEL];
    v128_t sum[4];
    UNROLL for (int g = 0; g < 4; g++) sum[g] = wasm_f32x4_splat(0);
    int blocks = a->cols / JL_BLOCK;
    for (int b = 0; b < blocks; b++, w += jl_block_bytes(f)) {
        if (f.super && b % JL_SUPER == 0) {
            read_head(f, w, head);
            w += jl_head_bytes(f);
        }
        const float scale = a->scale[b];
        /* With 5 bits half4 is faster. */
        const int scaled = !f.super && f.bits != 5 && !jl_bfloat_scales(f);
        const v128_t s = wasm_f32x4_splat(scaled ? scale * 0x1p112f : scale);
        ROLL for (int h = 0; h < groups; h++) {
            const uint8_t *scales = w + jl_quant_bytes(f) + (size_t)h * jl_group_bytes(f);
            int32_t x = groups == 2 ? a->sum[2 * b + h] : a->sum[2 * b] + a->sum[2 * b + 1];
            v128_t start = wasm_i32x4_splat(-f.offset * x);
            v128_t acc[4] = { start, start, start, start };
            v128_t total = wasm_f32x4_splat((float)(f.super ? -x : x) * scale);
            dot_group(f, h, w, a->q + b * JL_BLOCK + 16 * h, acc);
            v128_t d[2], m[2];
            UNROLL for (int g = 0; g < 4; g++) sum[g] = wasm_f32x4_add(
                sum[g], group_sum(f, scaled, g, scales, head, acc[g], s, total, d, m));
        }
    }
    UNROLL for (int g = 0; g < 4; g++) wasm_v128_store(y + 4 * g, sum[g]);
}

/* Four weights of a column of an F panel. */
INLINE v128_t float4(jl_layout layout, const uint8_t *p) {
    if (layout == JL_LAYOUT_F32) return wasm_v128_load(p);
    if (layout == JL_LAYOUT_BF16) return bfloat4(p);
    return half4(p);
}

/* Bytes per weight of an F panel. */
INLINE int float_bytes(jl_layout layout) {
    return layout == JL_LAYOUT_F32 ? 4 : 2;
}

INLINE void float_vector(jl_layout layout, const uint8_t *w, const jl_act *a, float *y) {
    v128_t sum[4];
    UNROLL for (int g = 0; g < 4; g++) sum[g] = wasm_f32x4_splat(0);
    const float *x = a->x, *end = x + a->cols;
    for (; x < end; x++, w += JL_PANEL * float_bytes(layout)) {
        v128_t v = wasm_v128_load32_splat(x);
        UNROLL for (int g = 0; g < 4; g++) sum[g] =
            f_madd(sum[g], float4(layout, w + 4 * g * float_bytes(layout)), v);
    }
    UNROLL for (int g = 0; g < 4; g++) wasm_v128_store(y + 4 * g, sum[g]);
}

/* One function per variant, so that each can use all registers. */
#define VECTOR(name, kind, layout)                                                                 \
    static NOINLINE void name(const uint8_t *w, const jl_act *a, float *y) {                       \
        kind(layout, w, a, y);                                                                     \
    }
VECTOR(vector_f32, float_vector, JL_LAYOUT_F32)
VECTOR(vector_f16, float_vector, JL_LAYOUT_F16)
VECTOR(vector_bf16, float_vector, JL_LAYOUT_BF16)
VECTOR(vector_q8, block_vector, JL_LAYOUT_Q8)
VECTOR(vector_q4, block_vector, JL_LAYOUT_Q4)
VECTOR(vector_q4m, block_vector, JL_LAYOUT_Q4M)
VECTOR(vector_q5, block_vector, JL_LAYOUT_Q5)
VECTOR(vector_q5m, block_vector, JL_LAYOUT_Q5M)
VECTOR(vector_q4t, block_vector, JL_LAYOUT_Q4T)
VECTOR(vector_k2, block_vector, JL_LAYOUT_K2)
VECTOR(vector_k3, block_vector, JL_LAYOUT_K3)
VECTOR(vector_k4, block_vector, JL_LAYOUT_K4)
VECTOR(vector_k5, block_vector, JL_LAYOUT_K5)
VECTOR(vector_k6, block_vector, JL_LAYOUT_K6)
VECTOR(vector_k4t, block_vector, JL_LAYOUT_K4T)
#ifdef JL_ALL
VECTOR(vector_f4, block_vector, JL_LAYOUT_F4)
VECTOR(vector_f4h, block_vector, JL_LAYOUT_F4H)
VECTOR(vector_q2, block_vector, JL_LAYOUT_Q2)
VECTOR(vector_g1, block_vector, JL_LAYOUT_G1)
VECTOR(vector_g1h, block_vector, JL_LAYOUT_G1H)
VECTOR(vector_g2, block_vector, JL_LAYOUT_G2)
VECTOR(vector_g2h, block_vector, JL_LAYOUT_G2H)
VECTOR(vector_g3x, block_vector, JL_LAYOUT_G3X)
VECTOR(vector_g3, block_vector, JL_LAYOUT_G3)
#endif

typedef void panel_vector(const uint8_t *w, const jl_act *a, float *y);

static panel_vector *const vectors[JL_LAYOUT_COUNT] = {
    [JL_LAYOUT_F32] = vector_f32, [JL_LAYOUT_F16] = vector_f16, [JL_LAYOUT_BF16] = vector_bf16,
    [JL_LAYOUT_Q8] = vector_q8,   [JL_LAYOUT_Q4] = vector_q4,   [JL_LAYOUT_Q4M] = vector_q4m,
    [JL_LAYOUT_Q5] = vector_q5,   [JL_LAYOUT_Q5M] = vector_q5m, [JL_LAYOUT_Q4T] = vector_q4t,
    [JL_LAYOUT_K2] = vector_k2,   [JL_LAYOUT_K3] = vector_k3,   [JL_LAYOUT_K4] = vector_k4,
    [JL_LAYOUT_K5] = vector_k5,   [JL_LAYOUT_K6] = vector_k6,   [JL_LAYOUT_K4T] = vector_k4t,
#ifdef JL_ALL
    [JL_LAYOUT_F4] = vector_f4,   [JL_LAYOUT_F4H] = vector_f4h, [JL_LAYOUT_G1] = vector_g1,
    [JL_LAYOUT_G1H] = vector_g1h, [JL_LAYOUT_G2] = vector_g2,   [JL_LAYOUT_G2H] = vector_g2h,
    [JL_LAYOUT_Q2] = vector_q2,   [JL_LAYOUT_G3X] = vector_g3x, [JL_LAYOUT_G3] = vector_g3,
#endif
};

/* -- Batches: blocks --------------------------------------------------------------------------- */

/* Blocks per chunk, whole super-blocks: 24 KB of int16 and up to 6 KB of scales on the stack. */
enum { CHUNK = 24 };

/* A chunk of one panel: v − offset as [half of the rows][block][pair 16][8 rows × parity 2]; D and
 * M as floats [group of columns][row 16]. */
typedef struct wide_chunk {
    int16_t w[2][CHUNK * 256];
    float d[2 * CHUNK * JL_PANEL], m[2 * CHUNK * JL_PANEL];
} wide_chunk;

static NOINLINE void widen_8(const uint8_t *w, int16_t *low, int16_t *high) {
    ROLL for (int k = 0; k < JL_BLOCK / 2; k++, w += 32, low += 16, high += 16) {
        wasm_v128_store(low, wasm_i16x8_load8x8(w));
        wasm_v128_store(low + 8, wasm_i16x8_load8x8(w + 8));
        wasm_v128_store(high, wasm_i16x8_load8x8(w + 16));
        wasm_v128_store(high + 8, wasm_i16x8_load8x8(w + 24));
    }
}

/* A vector of lanes holds 4 rows of several pairs, 16 values apart in the output. */
INLINE void widen_lanes(jl_quant_format f, const uint8_t *w, int16_t *low, int16_t *high,
                        int offset) {
    const int whole = jl_lane_quants(f.bits), extra = jl_lane_extra(f.bits);
    const v128_t o = wasm_i16x8_splat((int16_t)offset);
    ROLL for (int lane = 0; lane < f.bits; lane += jl_lane_group(f.bits)) {
        const uint8_t *group = w;
        ROLL for (int i = 0; i < jl_lane_group(f.bits); i++) {
            UNROLL for (int g = 0; g < 4; g++, w += 16) {
                int16_t *to = (g < 2 ? low : high) + g % 2 * 8;
                v128_t value[8];
                whole_values(f, wasm_v128_load(w), value);
                UNROLL for (int n = 0; n < whole; n++) {
                    wasm_v128_store(to + 16 * n, wasm_i16x8_sub(value[n], o));
                }
            }
            low += 16 * whole, high += 16 * whole;
        }
        if (!extra) continue;
        UNROLL for (int g = 0; g < 4; g++) {
            v128_t spare = spare_bits(f.bits, group + 16 * g);
            int16_t *to = (g < 2 ? low : high) + g % 2 * 8;
            UNROLL for (int n = 0; n < extra; n++) {
                wasm_v128_store(to + 16 * n,
                                wasm_i16x8_sub(value_of(f, extra_quant(f.bits, n, spare)), o));
            }
        }
        low += 16 * extra, high += 16 * extra;
    }
    if (f.bits == 5) UNROLL for (int g = 0; g < 4; g++) {
            v128_t q = wasm_i16x8_load8x8(w + 8 * g);
            wasm_v128_store((g < 2 ? low : high) + g % 2 * 8, wasm_i16x8_sub(q, o));
        }
}

#define WIDEN(name, layout)                                                                        \
    static NOINLINE void name(const uint8_t *w, int16_t *low, int16_t *high, int offset) {         \
        widen_lanes(jl_quant_formats[layout], w, low, high, offset);                               \
    }
WIDEN(widen_2, JL_LAYOUT_K2)
WIDEN(widen_4, JL_LAYOUT_Q4)
WIDEN(widen_4_table, JL_LAYOUT_Q4T)
WIDEN(widen_5, JL_LAYOUT_Q5)
WIDEN(widen_6, JL_LAYOUT_K6)
#ifdef JL_ALL
WIDEN(widen_fp4, JL_LAYOUT_F4)
WIDEN(widen_iq1, JL_LAYOUT_G1)
WIDEN(widen_iq2, JL_LAYOUT_G2)
WIDEN(widen_iq3_xxs, JL_LAYOUT_G3X)
WIDEN(widen_iq3_s, JL_LAYOUT_G3)
#endif

static void widen_quants(jl_quant_format f, const uint8_t *w, int16_t *low, int16_t *high) {
    if (f.bits == 8)
        widen_8(w, low, high);
    else
        (f.bits == 2   ? widen_2
         : f.bits == 5 ? widen_5
         : f.bits == 6 ? widen_6
#ifdef JL_ALL
         : f.table == JL_TABLE_FP4     ? widen_fp4
         : f.table == JL_TABLE_IQ1     ? widen_iq1
         : f.table == JL_TABLE_IQ2     ? widen_iq2
         : f.table == JL_TABLE_IQ3_XXS ? widen_iq3_xxs
         : f.table == JL_TABLE_IQ3_S   ? widen_iq3_s
#endif
         : f.table ? widen_4_table
                   : widen_4)(w, low, high, f.offset);
}

/* w: at a block, or at the head before it. */
static void widen(jl_quant_format f, const uint8_t *w, size_t blocks, wide_chunk *to) {
    float head[2 * JL_PANEL], *d = to->d, *m = to->m;
    for (size_t b = 0; b < blocks; b++, w += jl_block_bytes(f)) {
        if (b % JL_SUPER == 0) {
            read_head(f, w, head);
            w += jl_head_bytes(f);
        }
        const uint8_t *scales = w + jl_quant_bytes(f);
        widen_quants(f, w, to->w[0] + b * 256, to->w[1] + b * 256);
#ifdef JL_ALL
        if (jl_bfloat_scales(f)) {
            for (int i = 0; i < jl_groups(f) * JL_PANEL; i += 4, d += 4)
                wasm_v128_store(d, bfloat4(scales + 2 * i));
            continue;
        }
#endif
        widen_scales(f, scales, head, &d, &m);
    }
}

/* 8 rows × 4 tokens over a chunk: y[token][row] += the product, tokens `stride` floats apart. w
 * [block][pair 16][row 8][parity 2], d and m [group][16]; activations from block·token `at` on: x
 * [block][pair 16][token 4][parity 2], s [block][token 4], total [block][half 2][token 4]. Eight
 * integer accumulators; two loads of weights and four of activations per 64 products. */
INLINE void tile(int minima, int group, const int16_t *w, const float *d, const float *m,
                 const jl_act *a, size_t at, size_t blocks, float *y, size_t stride) {
    const int16_t *x = a->q + at * JL_BLOCK;
    const float *s = a->scale + at;
    const int32_t *total = a->sum + 2 * at;
    const size_t groups = (size_t)(JL_BLOCK / group);
    v128_t sum[8];
    UNROLL for (int i = 0; i < 8; i++) {
        sum[i] = wasm_v128_load(y + (size_t)(i / 2) * stride + i % 2 * 4);
    }
    for (size_t b = 0; b < blocks * groups; b++, d += JL_PANEL, m += JL_PANEL) {
        v128_t acc[8];
        UNROLL for (int i = 0; i < 8; i++) acc[i] = wasm_i32x4_splat(0);
        ROLL for (int k = 0; k < group / 2; k++, w += 16, x += 8) {
            v128_t w0 = wasm_v128_load(w), w1 = wasm_v128_load(w + 8);
            UNROLL for (int t = 0; t < 4; t++) {
                v128_t pair = wasm_v128_load32_splat(x + 2 * t);
                acc[2 * t] = i_madd(acc[2 * t], w0, pair);
                acc[2 * t + 1] = i_madd(acc[2 * t + 1], w1, pair);
            }
        }
        v128_t all = wasm_v128_load(total);
        if (groups == 1) all = wasm_i32x4_add(all, wasm_v128_load(total + 4));
        add_tile_group(minima, acc, all, s, d, m, sum);
        total += 8 / groups;
        if (groups == 1 || b % 2 == 1) s += 4;
    }
    UNROLL for (int i = 0; i < 8; i++) {
        wasm_v128_store(y + (size_t)(i / 2) * stride + i % 2 * 4, sum[i]);
    }
}

#define TILE(name, minima, group)                                                                  \
    static NOINLINE void name(const int16_t *w, const float *d, const float *m, const jl_act *a,   \
                              size_t at, size_t blocks, float *y, size_t stride) {                 \
        tile(minima, group, w, d, m, a, at, blocks, y, stride);                                    \
    }
TILE(tile_32, 0, 32)
TILE(tile_32_minima, 1, 32)
TILE(tile_16, 0, 16)
TILE(tile_16_minima, 1, 16)

/* One panel, all tokens; y: the panel's first row of token 0. Chunks have equal length, in whole
 * super-blocks. Without columns there is one empty chunk, which sets y to 0. */
static void block_batch(jl_layout layout, const uint8_t *w, const jl_act *a, float *y,
                        size_t stride, int rows) {
    const jl_quant_format f = jl_quant_formats[layout];
    wide_chunk chunk;
    size_t unit = f.super ? JL_SUPER : 1, blocks = (size_t)a->cols / JL_BLOCK;
    size_t chunks = blocks ? (blocks + CHUNK - 1) / CHUNK : 1;
    size_t step = (blocks / unit + chunks - 1) / chunks * unit;
    for (size_t i = 0, b0 = 0; i < chunks; i++, b0 += step) {
        size_t nb = blocks - b0 < step ? blocks - b0 : step;
        widen(f, w + jl_blocks_bytes(f, b0), nb, &chunk);
        tile_sums p = { .y = y, .y_stride = stride, .rows = rows };
        size_t at = b0 * JL_TILE; /* block·token offset of the tile's activations */
        for (int t = 0; t < a->n; t += JL_TILE, at += blocks * JL_TILE, tile_sums_next(&p)) {
            p.tokens = a->n - t < JL_TILE ? a->n - t : JL_TILE;
            tile_sums_open(&p, b0 == 0);
            for (int h = 0; h < 2; h++) {
                const float *d = chunk.d + 8 * h, *m = chunk.m + 8 * h;
                float *to = p.sums + 8 * h;
                (f.group == 16 ? f.minima ? tile_16_minima : tile_16
                 : f.minima    ? tile_32_minima
                               : tile_32)(chunk.w[h], d, m, a, at, nb, to, p.stride);
            }
            tile_sums_close(&p);
        }
    }
}

/* -- Batches: floats --------------------------------------------------------------------------- */

enum { FLOAT_CHUNK = 256 }; /* columns per chunk, 16 KB */

static void widen_floats(jl_layout layout, const uint8_t *w, size_t n, float *to) {
    for (size_t i = 0; i < n; i += 4, w += 4 * float_bytes(layout))
        wasm_v128_store(to + i, float4(layout, w));
}

/* 8 rows × 4 tokens over a chunk of columns; w [col][16] at the first of 8 rows, x[t] [cols]. */
static NOINLINE void float_tile(const float *w, const float *const *x, size_t cols, float *y,
                                size_t stride) {
    v128_t sum[8];
    UNROLL for (int i = 0; i < 8; i++) {
        sum[i] = wasm_v128_load(y + (size_t)(i / 2) * stride + i % 2 * 4);
    }
    const float *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3];
    for (const float *end = w + cols * JL_PANEL; w < end; w += JL_PANEL) {
        v128_t w0 = wasm_v128_load(w), w1 = wasm_v128_load(w + 4);
        v128_t v[4] = { wasm_v128_load32_splat(x0++), wasm_v128_load32_splat(x1++),
                        wasm_v128_load32_splat(x2++), wasm_v128_load32_splat(x3++) };
        UNROLL for (int t = 0; t < 4; t++) {
            sum[2 * t] = f_madd(sum[2 * t], w0, v[t]);
            sum[2 * t + 1] = f_madd(sum[2 * t + 1], w1, v[t]);
        }
    }
    UNROLL for (int i = 0; i < 8; i++) {
        wasm_v128_store(y + (size_t)(i / 2) * stride + i % 2 * 4, sum[i]);
    }
}

/* Padding tokens repeat the last token; their sums are not stored. */
static void float_batch(jl_layout layout, const uint8_t *w, const jl_act *a, float *y,
                        size_t stride, int rows) {
    float chunk[FLOAT_CHUNK * JL_PANEL];
    size_t cols = (size_t)a->cols;
    for (size_t c0 = 0; c0 < cols || c0 == 0; c0 += FLOAT_CHUNK) {
        size_t nc = cols - c0 < FLOAT_CHUNK ? cols - c0 : FLOAT_CHUNK;
        widen_floats(layout, w + c0 * JL_PANEL * (size_t)float_bytes(layout), nc * JL_PANEL, chunk);
        tile_sums p = { .y = y, .y_stride = stride, .rows = rows };
        for (int t = 0; t < a->n; t += JL_TILE, tile_sums_next(&p)) {
            const float *x[JL_TILE];
            for (int i = 0; i < JL_TILE; i++)
                x[i] = a->x + (size_t)(t + i < a->n ? t + i : a->n - 1) * cols + c0;
            p.tokens = a->n - t < JL_TILE ? a->n - t : JL_TILE;
            tile_sums_open(&p, c0 == 0);
            for (int h = 0; h < 2; h++) float_tile(chunk + 8 * h, x, nc, p.sums + 8 * h, p.stride);
            tile_sums_close(&p);
        }
    }
}

/* -- Panels ------------------------------------------------------------------------------------ */

void jl_matmul__simd(const jl_matrix *w, const jl_act *a, float *y, int panel0, int panel1) {
    int quantised = w->layout >= JL_LAYOUT_Q8;
    size_t stride = (size_t)w->rows, bytes = jl_panel_bytes(w->layout, w->cols);
    panel_vector *vector = vectors[w->layout];
    const uint8_t *panel = w->data + (size_t)panel0 * bytes;
    for (int p = panel0; p < panel1; p++, panel += bytes) {
        int left = w->rows - p * JL_PANEL, rows = left < JL_PANEL ? left : JL_PANEL;
        float *to = y + (size_t)p * JL_PANEL, edge[JL_PANEL];
        if (a->n == 1 && rows == JL_PANEL) {
            vector(panel, a, to);
        } else if (a->n == 1) {
            vector(panel, a, edge);
            memcpy(to, edge, (size_t)rows * sizeof *edge);
        } else {
            (quantised ? block_batch : float_batch)(w->layout, panel, a, to, stride, rows);
        }
    }
}

#endif
