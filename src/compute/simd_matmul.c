/* simd_matmul.c - wasm simd128: the matrix products, for one token and for tiles of four.
 *
 * Lanes are rows of a 16-row panel, so no horizontal sum is ever needed, and every kernel here works on
 * whole panels: the packed matrix is padded to 16 rows, Q layouts have whole blocks of 32 columns, the
 * prepared batch has whole tiles of tokens. So inner loops need no bounds checks; only the result is
 * cut to the rows and tokens that exist, by way of a small buffer at the edges.
 *
 * One token: the weights are read once, as they are packed, and the product is bound by memory (8 bits)
 * or by instructions (4 bits). Batches: a panel is widened once to int16 (or float), a chunk of columns at
 * a time that stays in the first-level cache, and used for all tokens. Sums over blocks are in rising
 * order with one float accumulator a row in both, and the integer part is exact, so the bits agree.
 */
#ifdef __wasm_simd128__

#include "kernels.h"
#include "simd.h"

#include <string.h>

#define UNROLL _Pragma("clang loop unroll(full)")

INLINE v128_t f_madd(v128_t sum, v128_t a, v128_t b) {
    return wasm_f32x4_add(sum, wasm_f32x4_mul(a, b));
}

/* Four rows, two columns: the integer sum grows by w·x. */
INLINE v128_t i_madd(v128_t sum, v128_t w, v128_t x) {
    return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(w, x));
}

INLINE size_t block_bytes(jl_layout layout) {
    return layout == JL_LAYOUT_Q8   ? JL_Q8_BLOCK_BYTES
           : layout == JL_LAYOUT_Q4 ? JL_Q4_BLOCK_BYTES
                                    : JL_Q4M_BLOCK_BYTES;
}

INLINE size_t quant_bytes(jl_layout layout) {
    return layout == JL_LAYOUT_Q8 ? 512 : 256;
}

/* -- One token --------------------------------------------------------------------------------- */

/* acc[g] = Σ q·x over a block for rows 4g..4g+3; x[32]. 32 products below 2^22 each fit an int32. */
INLINE void dot_q8(const uint8_t *w, const int16_t *x, v128_t *acc) {
    UNROLL for (int k = 0; k < JL_BLOCK / 2; k++) {
        v128_t pair = wasm_v128_load32_splat(x + 2 * k);
        UNROLL for (int g = 0; g < 4; g++) acc[g] =
            i_madd(acc[g], wasm_i16x8_load8x8(w + 32 * k + 8 * g), pair);
    }
}

/* The same for nibbles 0..15: a vector holds four rows of 8 columns. */
INLINE void dot_q4(const uint8_t *w, const int16_t *x, v128_t *acc) {
    const v128_t low = wasm_i16x8_splat(15);
    UNROLL for (int k = 0; k < 4; k++) {
        v128_t x0 = wasm_v128_load32_splat(x + 8 * k), x1 = wasm_v128_load32_splat(x + 8 * k + 2);
        v128_t x2 = wasm_v128_load32_splat(x + 8 * k + 4),
               x3 = wasm_v128_load32_splat(x + 8 * k + 6);
        UNROLL for (int g = 0; g < 4; g++) {
            v128_t v = wasm_v128_load(w + 64 * k + 16 * g);
            acc[g] = i_madd(acc[g], wasm_v128_and(v, low), x0);
            acc[g] = i_madd(acc[g], wasm_v128_and(wasm_u16x8_shr(v, 4), low), x1);
            acc[g] = i_madd(acc[g], wasm_v128_and(wasm_u16x8_shr(v, 8), low), x2);
            acc[g] = i_madd(acc[g], wasm_u16x8_shr(v, 12), x3);
        }
    }
}

/* y[16] = the panel times one token of `blocks` blocks. Scales are read as d·2^-112 and multiplied by
 * s·2^112: s ≤ 2^30/32767, so that is finite, and the product is d·s rounded once, as in the contract. */
INLINE void block_vector(jl_layout layout, const uint8_t *w, const jl_act *a, size_t blocks,
                         float *y) {
    v128_t sum[4] = { wasm_f32x4_splat(0) };
    sum[1] = sum[2] = sum[3] = sum[0];
    for (size_t b = 0; b < blocks; b++, w += block_bytes(layout)) {
        const uint8_t *d = w + quant_bytes(layout), *m = d + 2 * JL_PANEL;
        const v128_t s = wasm_f32x4_splat(a->scale[b] * 0x1p112f);
        v128_t start = wasm_i32x4_splat(layout == JL_LAYOUT_Q4 ? -8 * a->sum[b] : 0);
        v128_t acc[4] = { start, start, start, start }, total = wasm_f32x4_splat((float)a->sum[b]);
        if (layout == JL_LAYOUT_Q8)
            dot_q8(w, a->q + b * JL_BLOCK, acc);
        else
            dot_q4(w, a->q + b * JL_BLOCK, acc);
        UNROLL for (int g = 0; g < 4; g++) {
            v128_t ds = wasm_f32x4_mul(half4_scaled(d + 8 * g), s);
            v128_t v = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(acc[g]), ds);
            if (layout == JL_LAYOUT_Q4M)
                v = f_madd(v, total, wasm_f32x4_mul(half4_scaled(m + 8 * g), s));
            sum[g] = wasm_f32x4_add(sum[g], v);
        }
    }
    UNROLL for (int g = 0; g < 4; g++) wasm_v128_store(y + 4 * g, sum[g]);
}

/* Four weights of a column of an F panel. */
INLINE v128_t float4(jl_layout layout, const uint8_t *p) {
    if (layout == JL_LAYOUT_F32) return wasm_v128_load(p);
    if (layout == JL_LAYOUT_BF16) return wasm_i32x4_shl(wasm_u32x4_load16x4(p), 16);
    return half4(p);
}

INLINE size_t float_bytes(jl_layout layout) {
    return layout == JL_LAYOUT_F32 ? 4 : 2;
}

INLINE void float_vector(jl_layout layout, const uint8_t *w, const float *x, size_t cols,
                         float *y) {
    v128_t sum[4] = { wasm_f32x4_splat(0) };
    sum[1] = sum[2] = sum[3] = sum[0];
    for (size_t c = 0; c < cols; c++, w += JL_PANEL * float_bytes(layout)) {
        v128_t v = wasm_v128_load32_splat(x + c);
        UNROLL for (size_t g = 0; g < 4; g++) sum[g] =
            f_madd(sum[g], float4(layout, w + 4 * g * float_bytes(layout)), v);
    }
    UNROLL for (int g = 0; g < 4; g++) wasm_v128_store(y + 4 * g, sum[g]);
}

/* -- Batches: blocks --------------------------------------------------------------------------- */

/* Blocks that are widened at a time: 24 KB of int16 and 3 KB of scales, on the stack. */
enum { CHUNK = 24 };

/* A chunk of one panel: quants as [half of the rows 2][block][pair 16][8 rows × parity 2], Q4 with its −8
 * applied; scales and minima as floats [block][row 16]. */
typedef struct wide_chunk {
    int16_t w[2 * CHUNK * 256];
    float d[CHUNK * JL_PANEL], m[CHUNK * JL_PANEL];
} wide_chunk;

INLINE void widen_block(jl_layout layout, const uint8_t *w, int16_t *low, int16_t *high) {
    if (layout == JL_LAYOUT_Q8) {
        UNROLL for (int k = 0; k < 16; k++, w += 32) {
            wasm_v128_store(low + 16 * k, wasm_i16x8_load8x8(w));
            wasm_v128_store(low + 16 * k + 8, wasm_i16x8_load8x8(w + 8));
            wasm_v128_store(high + 16 * k, wasm_i16x8_load8x8(w + 16));
            wasm_v128_store(high + 16 * k + 8, wasm_i16x8_load8x8(w + 24));
        }
        return;
    }
    const v128_t mask = wasm_i16x8_splat(15);
    const v128_t offset = wasm_i16x8_splat(layout == JL_LAYOUT_Q4 ? 8 : 0);
    UNROLL for (int k = 0; k < 4; k++) {
        UNROLL for (int g = 0; g < 4; g++) {
            v128_t v = wasm_v128_load(w + 64 * k + 16 * g);
            int16_t *to = (g < 2 ? low : high) + 64 * k + g % 2 * 8;
            UNROLL for (int n = 0; n < 4; n++) {
                v128_t q = wasm_v128_and(wasm_u16x8_shr(v, 4 * (uint32_t)n), mask);
                wasm_v128_store(to + 16 * n, wasm_i16x8_sub(q, offset));
            }
        }
    }
}

INLINE void widen(jl_layout layout, const uint8_t *w, size_t blocks, wide_chunk *chunk) {
    for (size_t b = 0; b < blocks; b++, w += block_bytes(layout)) {
        const uint8_t *d = w + quant_bytes(layout), *m = d + 2 * JL_PANEL;
        widen_block(layout, w, chunk->w + b * 256, chunk->w + (blocks + b) * 256);
        UNROLL for (size_t g = 0; g < 4; g++) {
            wasm_v128_store(chunk->d + b * JL_PANEL + 4 * g, half4(d + 8 * g));
            if (layout == JL_LAYOUT_Q4M)
                wasm_v128_store(chunk->m + b * JL_PANEL + 4 * g, half4(m + 8 * g));
        }
    }
}

/* 8 rows × 4 tokens over a chunk: y[token][row], tokens `stride` floats apart, grows by the product
 * (first: begins with it). w [block][pair 16][row 8][parity 2], d and m [block][16], x [block][pair 16][token
 * 4][parity 2], s and total [block][token 4]. Eight integer accumulators, two loads of weights and four of
 * activations for every 64 products. */
INLINE void tile(jl_layout layout, const int16_t *w, const float *d, const float *m,
                 const int16_t *x, const float *s, const int32_t *total, size_t blocks, float *y,
                 size_t stride, int first) {
    v128_t sum[8];
    UNROLL for (size_t i = 0; i < 8; i++) sum[i] =
        first ? wasm_f32x4_splat(0) : wasm_v128_load(y + i / 2 * stride + i % 2 * 4);
    for (size_t b = 0; b < blocks; b++, d += JL_PANEL, m += JL_PANEL, s += 4, total += 4) {
        v128_t acc[8];
        UNROLL for (int i = 0; i < 8; i++) acc[i] = wasm_i32x4_splat(0);
        _Pragma("clang loop unroll(disable)") for (int k = 0; k < JL_BLOCK / 2; k++, w += 16, x += 8) {
            v128_t w0 = wasm_v128_load(w), w1 = wasm_v128_load(w + 8);
            UNROLL for (int t = 0; t < 4; t++) {
                v128_t pair = wasm_v128_load32_splat(x + 2 * t);
                acc[2 * t] = i_madd(acc[2 * t], w0, pair);
                acc[2 * t + 1] = i_madd(acc[2 * t + 1], w1, pair);
            }
        }
        UNROLL for (int i = 0; i < 8; i++) {
            v128_t st = wasm_v128_load32_splat(s + i / 2);
            v128_t ds = wasm_f32x4_mul(wasm_v128_load(d + i % 2 * 4), st);
            v128_t v = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(acc[i]), ds);
            if (layout == JL_LAYOUT_Q4M)
                v = f_madd(v, wasm_f32x4_splat((float)total[i / 2]),
                           wasm_f32x4_mul(wasm_v128_load(m + i % 2 * 4), st));
            sum[i] = wasm_f32x4_add(sum[i], v);
        }
    }
    UNROLL for (size_t i = 0; i < 8; i++) wasm_v128_store(y + i / 2 * stride + i % 2 * 4, sum[i]);
}

/* Where the sums of one tile of tokens live: in y when all 16 rows and 4 tokens exist, else in `edge`,
 * which is filled before (unless first) and copied back after. */
typedef struct place {
    float *y;
    size_t stride; /* floats between tokens of y */
    int rows, tokens;
    float edge[JL_TILE * JL_PANEL];
} place;

INLINE int place_is_whole(const place *p) {
    return p->rows == JL_PANEL && p->tokens == JL_TILE;
}

static void place_load(place *p) {
    for (int t = 0; t < p->tokens; t++)
        memcpy(p->edge + t * JL_PANEL, p->y + (size_t)t * p->stride,
               (size_t)p->rows * sizeof(float));
}

static void place_store(const place *p) {
    for (int t = 0; t < p->tokens; t++)
        memcpy(p->y + (size_t)t * p->stride, p->edge + t * JL_PANEL,
               (size_t)p->rows * sizeof(float));
}

/* One panel, all tokens; y points at the panel's first row of token 0. */
INLINE void block_batch(jl_layout layout, const uint8_t *w, const jl_act *a, size_t blocks,
                        float *y, size_t stride, int rows) {
    wide_chunk chunk;
    /* Chunks of equal length; one empty chunk when there are no columns, so that y becomes 0. */
    size_t chunks = blocks ? (blocks + CHUNK - 1) / CHUNK : 1, step = (blocks + chunks - 1) / chunks;
    for (size_t b0 = 0, i = 0; i < chunks; i++, b0 += step) {
        size_t nb = blocks - b0 < step ? blocks - b0 : step;
        widen(layout, w + b0 * block_bytes(layout), nb, &chunk);
        for (int t = 0; t < a->n; t += JL_TILE) {
            size_t at = ((size_t)t / JL_TILE * blocks + b0) * JL_TILE;
            place p = { .y = y + (size_t)t * stride, .stride = stride, .rows = rows };
            p.tokens = a->n - t < JL_TILE ? a->n - t : JL_TILE;
            int whole = place_is_whole(&p);
            if (!whole && b0) place_load(&p);
            for (size_t h = 0; h < 2; h++)
                tile(layout, chunk.w + h * nb * 256, chunk.d + 8 * h, chunk.m + 8 * h,
                     a->q + at * JL_BLOCK, a->scale + at, a->sum + at, nb,
                     (whole ? p.y : p.edge) + 8 * h, whole ? stride : JL_PANEL, b0 == 0);
            if (!whole) place_store(&p);
        }
    }
}

/* -- Batches: floats --------------------------------------------------------------------------- */

enum { FLOAT_CHUNK = 256 }; /* columns that are widened at a time, 16 KB */

/* 8 rows × 4 tokens over a chunk of columns; w [col][16] from the first of the 8 rows, x[t] [cols]. */
INLINE void float_tile(const float *w, const float *const *x, size_t cols, float *y, size_t stride,
                       int first) {
    v128_t sum[8];
    UNROLL for (size_t i = 0; i < 8; i++) sum[i] =
        first ? wasm_f32x4_splat(0) : wasm_v128_load(y + i / 2 * stride + i % 2 * 4);
    const float *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3];
    for (size_t c = 0; c < cols; c++, w += JL_PANEL) {
        v128_t w0 = wasm_v128_load(w), w1 = wasm_v128_load(w + 4);
        v128_t v[4] = { wasm_v128_load32_splat(x0 + c), wasm_v128_load32_splat(x1 + c),
                        wasm_v128_load32_splat(x2 + c), wasm_v128_load32_splat(x3 + c) };
        UNROLL for (int t = 0; t < 4; t++) {
            sum[2 * t] = f_madd(sum[2 * t], w0, v[t]);
            sum[2 * t + 1] = f_madd(sum[2 * t + 1], w1, v[t]);
        }
    }
    UNROLL for (size_t i = 0; i < 8; i++) wasm_v128_store(y + i / 2 * stride + i % 2 * 4, sum[i]);
}

/* Tokens that pad the last tile read the last token again; their sums are not stored. */
INLINE void float_batch(jl_layout layout, const uint8_t *w, const jl_act *a, size_t cols, float *y,
                        size_t stride, int rows) {
    float chunk[FLOAT_CHUNK * JL_PANEL];
    for (size_t c0 = 0; c0 < cols || c0 == 0; c0 += FLOAT_CHUNK) {
        size_t nc = cols - c0 < FLOAT_CHUNK ? cols - c0 : FLOAT_CHUNK;
        const uint8_t *from = w + c0 * JL_PANEL * float_bytes(layout);
        for (size_t i = 0; i < nc * JL_PANEL; i += 4)
            wasm_v128_store(chunk + i, float4(layout, from + i * float_bytes(layout)));
        for (int t = 0; t < a->n; t += JL_TILE) {
            place p = { .y = y + (size_t)t * stride, .stride = stride, .rows = rows };
            p.tokens = a->n - t < JL_TILE ? a->n - t : JL_TILE;
            const float *x[JL_TILE];
            for (int i = 0; i < JL_TILE; i++)
                x[i] = a->x + (size_t)(t + i < a->n ? t + i : a->n - 1) * cols + c0;
            int whole = place_is_whole(&p);
            if (!whole && c0) place_load(&p);
            for (size_t h = 0; h < 2; h++)
                float_tile(chunk + 8 * h, x, nc, (whole ? p.y : p.edge) + 8 * h,
                           whole ? stride : JL_PANEL, c0 == 0);
            if (!whole) place_store(&p);
        }
    }
}

/* -- Dispatch ---------------------------------------------------------------------------------- */

/* The panels of one layout; `layout` and `batch` are constants in every call. */
INLINE void panels(jl_layout layout, int batch, const jl_matrix *w, const jl_act *a, float *y,
                   int panel0, int panel1) {
    int quantised = layout >= JL_LAYOUT_Q8;
    size_t cols = (size_t)w->cols, blocks = cols / JL_BLOCK, stride = (size_t)w->rows;
    size_t bytes = quantised ? blocks * block_bytes(layout) : cols * JL_PANEL * float_bytes(layout);
    const uint8_t *panel = w->data + (size_t)panel0 * bytes;
    for (int p = panel0; p < panel1; p++, panel += bytes) {
        int left = w->rows - p * JL_PANEL, rows = left < JL_PANEL ? left : JL_PANEL;
        float *to = y + (size_t)p * JL_PANEL, edge[JL_PANEL];
        if (batch && quantised) {
            block_batch(layout, panel, a, blocks, to, stride, rows);
        } else if (batch) {
            float_batch(layout, panel, a, cols, to, stride, rows);
        } else {
            float *out = rows == JL_PANEL ? to : edge;
            if (quantised)
                block_vector(layout, panel, a, blocks, out);
            else
                float_vector(layout, panel, a->x, cols, out);
            if (out == edge) memcpy(to, edge, (size_t)rows * sizeof *edge);
        }
    }
}

/* Not inlined into each other, so each variant gets registers of its own. */
#define VARIANT(name, layout, batch)                                                               \
    static __attribute__((noinline)) void name(const jl_matrix *w, const jl_act *a, float *y,      \
                                               int panel0, int panel1) {                           \
        panels(layout, batch, w, a, y, panel0, panel1);                                            \
    }
VARIANT(vector_f32, JL_LAYOUT_F32, 0)
VARIANT(vector_f16, JL_LAYOUT_F16, 0)
VARIANT(vector_bf16, JL_LAYOUT_BF16, 0)
VARIANT(vector_q8, JL_LAYOUT_Q8, 0)
VARIANT(vector_q4, JL_LAYOUT_Q4, 0)
VARIANT(vector_q4m, JL_LAYOUT_Q4M, 0)
VARIANT(batch_f32, JL_LAYOUT_F32, 1)
VARIANT(batch_f16, JL_LAYOUT_F16, 1)
VARIANT(batch_bf16, JL_LAYOUT_BF16, 1)
VARIANT(batch_q8, JL_LAYOUT_Q8, 1)
VARIANT(batch_q4, JL_LAYOUT_Q4, 1)
VARIANT(batch_q4m, JL_LAYOUT_Q4M, 1)

void jl_matmul__simd(const jl_matrix *w, const jl_act *a, float *y, int panel0, int panel1) {
    int one = a->n == 1;
    switch (w->layout) {
    case JL_LAYOUT_F32:
        (one ? vector_f32 : batch_f32)(w, a, y, panel0, panel1);
        break;
    case JL_LAYOUT_F16:
        (one ? vector_f16 : batch_f16)(w, a, y, panel0, panel1);
        break;
    case JL_LAYOUT_BF16:
        (one ? vector_bf16 : batch_bf16)(w, a, y, panel0, panel1);
        break;
    case JL_LAYOUT_Q8:
        (one ? vector_q8 : batch_q8)(w, a, y, panel0, panel1);
        break;
    case JL_LAYOUT_Q4:
        (one ? vector_q4 : batch_q4)(w, a, y, panel0, panel1);
        break;
    case JL_LAYOUT_Q4M:
        (one ? vector_q4m : batch_q4m)(w, a, y, panel0, panel1);
        break;
    }
}

#endif
