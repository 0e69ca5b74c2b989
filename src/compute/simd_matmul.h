/* simd_matmul.h - shared by the SIMD matmul kernels: unpacking quants and scales, rounding
 * activations, storing the sums of a tile.
 *
 * Private to simd.c, simd_matmul.c and relaxed.c. No function calls another file, so that relaxed.c
 * can be a separate module. Order of operations and layouts: kernels.h.
 */
#ifndef JL_SIMD_MATMUL_H
#define JL_SIMD_MATMUL_H

#include "kernels.h"
#include "simd.h"

/* In the matmul kernels, loops over vectors and tokens are unrolled, so that accumulators stay in
 * registers. Loops over columns are not: LLVM would sum one accumulator after the other and keep
 * all columns of weights alive; the spilled registers cost up to half of the speed. */

INLINE v128_t f_madd(v128_t sum, v128_t a, v128_t b) {
    return wasm_f32x4_add(sum, wasm_f32x4_mul(a, b));
}

/* -- Quants ------------------------------------------------------------------------------------ */

INLINE v128_t low_bits(int bits, v128_t v) {
    return wasm_v128_and(v, wasm_i16x8_splat((int16_t)((1 << bits) - 1)));
}

/* jl_quant_values[table] + offset of a table. */
INLINE v128_t value_table(int table) {
    switch (table) {
    case JL_TABLE_FP4:
        return wasm_u8x16_make(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0);
    case JL_TABLE_IQ1:
        return wasm_u8x16_make(0, 2, 8, 10, 16, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    case JL_TABLE_IQ2:
        return wasm_u8x16_make(0, 18, 35, 51, 68, 86, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    case JL_TABLE_IQ3_XXS:
        return wasm_u8x16_make(0, 20, 36, 52, 68, 84, 100, 116, 132, 148, 164, 180, 196, 212, 228,
                               248);
    case JL_TABLE_IQ3_S:
        return wasm_u8x16_make(0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224,
                               240);
    default: /* JL_TABLE_IQ4 */
        return wasm_u8x16_make(0, 23, 44, 62, 78, 92, 105, 117, 128, 140, 152, 165, 180, 196, 216,
                               240);
    }
}

/* v of quants below 4 bits, one per lane. The high byte of a lane is index 0 of the table, which
 * begins with 0. */
INLINE v128_t value_of(jl_quant_format f, v128_t quants) {
    return f.table ? wasm_i8x16_swizzle(value_table(f.table), quants) : quants;
}

/* value[n] = v of whole quant n of every lane. Table look-ups of 4 bits use bytes: two quants per
 * lane. */
INLINE void whole_values(jl_quant_format f, v128_t lanes, v128_t *value) {
    if (f.table && f.bits == 4) {
        const v128_t table = value_table(f.table);
        const v128_t nibble = wasm_i8x16_splat(15);
        v128_t a = wasm_i8x16_swizzle(table, wasm_v128_and(lanes, nibble));
        v128_t b = wasm_i8x16_swizzle(table, wasm_v128_and(wasm_u16x8_shr(lanes, 4), nibble));
        value[0] = low_bits(8, a), value[2] = wasm_u16x8_shr(a, 8);
        value[1] = low_bits(8, b), value[3] = wasm_u16x8_shr(b, 8);
        return;
    }
    UNROLL for (int n = 0; n < jl_lane_quants(f.bits); n++) {
        v128_t v = n == 0 ? lanes : wasm_u16x8_shr(lanes, (uint32_t)(n * f.bits));
        int last = n + 1 == jl_lane_quants(f.bits) && !jl_lane_extra(f.bits);
        value[n] = value_of(f, last ? v : low_bits(f.bits, v));
    }
}

/* Concatenates the spare bits of a group of lanes, last lane highest; lanes are 64 bytes apart. */
INLINE v128_t spare_bits(int bits, const uint8_t *lanes) {
    const int spare = jl_lane_spare(bits);
    const v128_t top = wasm_i16x8_splat((int16_t)(0xffff << (16 - spare)));
    v128_t v = wasm_v128_and(wasm_v128_load(lanes), top);
    UNROLL for (int i = 1; i < jl_lane_group(bits); i++) {
        v128_t more = wasm_v128_and(wasm_v128_load(lanes + 64 * i), top);
        v = wasm_v128_or(wasm_u16x8_shr(v, (uint32_t)spare), more);
    }
    return v;
}

/* Extra quant n from the concatenated spare bits. */
INLINE v128_t extra_quant(int bits, int n, v128_t spare) {
    const int count = jl_lane_extra(bits), first = 16 - count * bits;
    v128_t v = wasm_u16x8_shr(spare, (uint32_t)(first + n * bits));
    return n + 1 == count ? v : low_bits(bits, v);
}

/* Four integers as floats. The empty asm hides from clang 14 that they were 16 bits wide, because
 * it would convert lane by lane; later versions do not, and reject a vector operand there. */
INLINE v128_t float4_of(v128_t v) {
#if __clang_major__ < 15
    __asm__("" : "+r"(v));
#endif
    return wasm_f32x4_convert_i32x4(v);
}

/* D and −M of rows 8i to 8i + 7, two vectors each, of a K layout's group; head: d, dmin [16]. */
INLINE void super_scales(jl_quant_format f, int i, const uint8_t *scales, const float *head,
                         v128_t *d, v128_t *m) {
    v128_t s = wasm_i16x8_load8x8(scales + 8 * i), low = s;
    if (f.minima == JL_MINIMA_IN_NIBBLES) {
        low = wasm_v128_and(wasm_u16x8_shr(s, 4), wasm_i16x8_splat(15));
        s = wasm_v128_and(s, wasm_i16x8_splat(15));
    } else if (f.minima) {
        low = wasm_i16x8_load8x8(scales + jl_scale_bytes(f) + 8 * i);
    }
    const float *dh = head + 8 * i, *mh = dh + JL_PANEL;
    d[0] = float4_of(wasm_i32x4_extend_low_i16x8(s));
    d[1] = float4_of(wasm_i32x4_extend_high_i16x8(s));
    UNROLL for (int k = 0; k < 2; k++) d[k] = wasm_f32x4_mul(d[k], wasm_v128_load(dh + 4 * k));
    if (!f.minima) return;
    m[0] = float4_of(wasm_i32x4_extend_low_i16x8(low));
    m[1] = float4_of(wasm_i32x4_extend_high_i16x8(low));
    UNROLL for (int k = 0; k < 2; k++) m[k] = wasm_f32x4_mul(m[k], wasm_v128_load(mh + 4 * k));
}

INLINE v128_t bfloat4(const void *p) {
    return wasm_i32x4_shl(wasm_u32x4_load16x4(p), 16);
}

/* Converts n halves to floats. */
INLINE void read_halves(const uint8_t *halves, size_t n, float *to) {
    for (size_t i = 0; i < n; i += 4) wasm_v128_store(to + i, half4(halves + 2 * i));
}

/* D and M of a group of a K layout. */
static inline void widen_super_scales(jl_quant_format f, const uint8_t *scales, const float *head,
                                      float *d, float *m) {
    for (int i = 0; i < 2; i++, d += 8, m += 8) {
        v128_t dv[2], mv[2] = { 0 };
        super_scales(f, i, scales, head, dv, mv);
        for (int k = 0; k < 2; k++) {
            wasm_v128_store(d + 4 * k, dv[k]);
            wasm_v128_store(m + 4 * k, wasm_f32x4_neg(mv[k]));
        }
    }
}

/* Appends D [16] (and M) of each group of a block to *d (and *m). */
static inline void widen_scales(jl_quant_format f, const uint8_t *scales, const float *head,
                                float **d, float **m) {
    if (f.super) {
        for (int h = 0; h < jl_groups(f); h++, *d += JL_PANEL, *m += JL_PANEL)
            widen_super_scales(f, scales + h * JL_PANEL, head, *d, *m);
        return;
    }
    read_halves(scales, JL_PANEL, *d), *d += JL_PANEL;
    if (f.minima) read_halves(scales + 2 * JL_PANEL, JL_PANEL, *m), *m += JL_PANEL;
}

/* -- Adding the sums of a group ---------------------------------------------------------------- */

/* A tile of 8 rows × 4 tokens: sum[token][row] += float(acc)·(D·s), with minima + M·(float(Σxq)·s);
 * s [token], total: Σxq of each token. */
INLINE void add_tile_group(int minima, const v128_t *acc, v128_t total, const float *s,
                           const float *d, const float *m, v128_t *sum) {
    v128_t xs[4];
    if (minima) {
        total = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(total), wasm_v128_load(s));
        xs[0] = wasm_i32x4_shuffle(total, total, 0, 0, 0, 0);
        xs[1] = wasm_i32x4_shuffle(total, total, 1, 1, 1, 1);
        xs[2] = wasm_i32x4_shuffle(total, total, 2, 2, 2, 2);
        xs[3] = wasm_i32x4_shuffle(total, total, 3, 3, 3, 3);
    }
    UNROLL for (int i = 0; i < 8; i++) {
        v128_t st = wasm_v128_load32_splat(s + i / 2);
        v128_t ds = wasm_f32x4_mul(wasm_v128_load(d + i % 2 * 4), st);
        v128_t v = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(acc[i]), ds);
        if (minima) v = f_madd(v, wasm_v128_load(m + i % 2 * 4), xs[i / 2]);
        sum[i] = wasm_f32x4_add(sum[i], v);
    }
}

/* One token, rows 4g to 4g + 3: the group's D·s·acc + M·xs, for g from 0 to 3 in order, because
 * d and m hold the scales of two vectors. scaled: s is 2^112 larger (half4_scaled). */
INLINE v128_t group_sum(jl_quant_format f, int scaled, int g, const uint8_t *scales,
                        const float *head, v128_t acc, v128_t s, v128_t xs, v128_t *d, v128_t *m) {
    if (f.super && g % 2 == 0) super_scales(f, g / 2, scales, head, d, m);
    if (!f.super && jl_bfloat_scales(f)) {
        d[g % 2] = bfloat4(scales + 8 * g);
    } else if (!f.super) {
        d[g % 2] = scaled ? half4_scaled(scales + 8 * g) : half4(scales + 8 * g);
        if (f.minima) m[g % 2] = half4(scales + jl_scale_bytes(f) + 8 * g);
    }
    v128_t v = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(acc), wasm_f32x4_mul(d[g % 2], s));
    return f.minima ? f_madd(v, m[g % 2], xs) : v;
}

/* -- Activations ------------------------------------------------------------------------------- */

/* Quantises one block x[32] to q[32] of magnitudes up to `limit`; sums its halves, `stride` apart;
 * returns the scale. Magnitudes compare as integers, which orders floats and puts NaN above
 * infinity, so any NaN becomes the maximum. */
static inline NOINLINE float quantise_block(const float *x, float limit, int16_t *q, int32_t *sum,
                                            size_t stride) {
    v128_t max = wasm_i32x4_splat(0), inverse, total[2] = { max, max };
    const v128_t magnitude = wasm_i32x4_splat(0x7fffffff);
    for (int i = 0; i < JL_BLOCK; i += 4)
        max = wasm_i32x4_max(max, wasm_v128_and(wasm_v128_load(x + i), magnitude));
    max = wasm_i32x4_max(max, wasm_i32x4_shuffle(max, max, 2, 3, 0, 1));
    max = wasm_i32x4_max(max, wasm_i32x4_shuffle(max, max, 1, 0, 3, 2));
    float m = wasm_f32x4_extract_lane(max, 0);
    inverse = wasm_f32x4_splat(m < 0x1p-100f ? 0.0f : limit / m);
    for (int i = 0; i < JL_BLOCK; i += 8) {
        /* Adding 1.5·2^23 rounds: the bits minus those of 1.5·2^23 are the integer. */
        const v128_t magic = wasm_f32x4_splat(0x1.8p23f);
        v128_t a = wasm_f32x4_add(wasm_f32x4_mul(wasm_v128_load(x + i), inverse), magic);
        v128_t b = wasm_f32x4_add(wasm_f32x4_mul(wasm_v128_load(x + i + 4), inverse), magic);
        v128_t v = wasm_i16x8_narrow_i32x4(wasm_i32x4_sub(a, magic), wasm_i32x4_sub(b, magic));
        v128_t pairs = wasm_i32x4_dot_i16x8(v, wasm_i16x8_splat(1));
        total[i / 16] = wasm_i32x4_add(total[i / 16], pairs);
        wasm_v128_store(q + i, v);
    }
    for (size_t h = 0; h < 2; h++)
        sum[h * stride] =
            wasm_i32x4_extract_lane(total[h], 0) + wasm_i32x4_extract_lane(total[h], 1) +
            wasm_i32x4_extract_lane(total[h], 2) + wasm_i32x4_extract_lane(total[h], 3);
    if (!(m <= jl_act_max(limit))) return __builtin_nanf("");
    return m < 0x1p-100f ? 0.0f : m / limit;
}

/* Transposes a block of four tokens, [token][32] → [pair 16][token][parity 2]. */
INLINE void interleave_tile(int16_t q[JL_TILE][JL_BLOCK], int16_t *out) {
    for (int i = 0; i < JL_BLOCK; i += 8, out += 32) {
        v128_t a = wasm_v128_load(q[0] + i), b = wasm_v128_load(q[1] + i);
        v128_t c = wasm_v128_load(q[2] + i), d = wasm_v128_load(q[3] + i);
        v128_t ab0 = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5),
               ab1 = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
        v128_t cd0 = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5),
               cd1 = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7);
        wasm_v128_store(out, wasm_i64x2_shuffle(ab0, cd0, 0, 2));
        wasm_v128_store(out + 8, wasm_i64x2_shuffle(ab0, cd0, 1, 3));
        wasm_v128_store(out + 16, wasm_i64x2_shuffle(ab1, cd1, 0, 2));
        wasm_v128_store(out + 24, wasm_i64x2_shuffle(ab1, cd1, 1, 3));
    }
}

/* -- Batches: storage of a tile's sums --------------------------------------------------------- */

/* Storage of the sums of 16 rows × 4 tokens between chunks of columns: the result itself, or for
 * partial tiles `edge`, which is copied in before a chunk and back after. */
typedef struct tile_sums {
    float *sums; /* [token 4][row 16], tokens `stride` floats apart */
    size_t stride;
    float *y;         /* the tile's first row and token in the result */
    size_t y_stride;  /* rows of the matrix */
    int rows, tokens; /* without padding: ≤ 16, ≤ 4 */
    float edge[JL_TILE * JL_PANEL];
} tile_sums;

/* `first`: sums start at 0, else at those of the previous chunk. Padding rows and tokens are summed
 * too, but not copied back. */
static inline NOINLINE void tile_sums_open(tile_sums *p, int first) {
    int whole = p->rows == JL_PANEL && p->tokens == JL_TILE;
    p->sums = whole ? p->y : p->edge;
    p->stride = whole ? p->y_stride : JL_PANEL;
    if (first || !whole)
        for (size_t t = 0; t < JL_TILE; t++) UNROLL for (int g = 0; g < 4; g++) {
                wasm_v128_store(p->sums + t * p->stride + 4 * g, wasm_f32x4_splat(0));
            }
    if (first || whole) return;
    for (int t = 0; t < p->tokens; t++)
        __builtin_memcpy(p->edge + t * JL_PANEL, p->y + (size_t)t * p->y_stride,
                         (size_t)p->rows * sizeof(float));
}

static inline NOINLINE void tile_sums_close(const tile_sums *p) {
    if (p->sums != p->edge) return;
    for (int t = 0; t < p->tokens; t++)
        __builtin_memcpy(p->y + (size_t)t * p->y_stride, p->edge + t * JL_PANEL,
                         (size_t)p->rows * sizeof(float));
}

/* The next four tokens. */
static inline void tile_sums_next(tile_sums *p) {
    p->y += JL_TILE * p->y_stride;
}

#endif
