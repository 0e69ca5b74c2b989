/* simd_matmul.c - wasm simd128: the matrix products, for one token and for tiles of four.
 *
 * Lanes are rows of a 16-row panel, so no horizontal sum is ever needed, and every kernel here
 * works on whole panels: the packed matrix is padded to 16 rows, Q layouts have whole blocks of 32
 * columns, the prepared batch has whole tiles of tokens. So inner loops need no bounds checks; only
 * the result is cut to the rows and tokens that exist, by way of a small buffer at the edges.
 *
 * One token: the weights are read once, as they are packed, and the product is bound by memory (8
 * bits) or by instructions (4 bits). Batches: a panel is widened once to int16 (or float), a chunk
 * of columns at a time that stays in the first-level cache, and used for all tokens. Sums over
 * blocks are in rising order with one float accumulator a row in both, and the integer part is
 * exact, so the bits agree.
 */
#ifdef __wasm_simd128__

#include "kernels.h"
#include "simd.h"

#include <string.h>

/* Loops over vectors and tokens are unrolled, because their accumulators are registers then; loops
 * over columns are not: when unrolled, LLVM sums one accumulator after the other and keeps all
 * columns of weights alive between, which costs up to half of the speed in spilled registers. */
#define UNROLL   _Pragma("clang loop unroll(full)")
#define ROLL     _Pragma("clang loop unroll(disable)")
#define NOINLINE __attribute__((noinline))

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

/* acc[g] = Σ q·x over a block for rows 4g..4g+3; x[32]. 32 products below 2^22 each fit an
 * int32. */
INLINE void dot_q8(const uint8_t *w, const int16_t *x, v128_t *acc) {
    ROLL for (int k = 0; k < JL_BLOCK / 2; k++) {
        v128_t pair = wasm_v128_load32_splat(x + 2 * k);
        UNROLL for (int g = 0; g < 4; g++) acc[g] =
            i_madd(acc[g], wasm_i16x8_load8x8(w + 32 * k + 8 * g), pair);
    }
}

/* The same for nibbles 0..15: a vector holds four rows of 8 columns. */
INLINE void dot_q4(const uint8_t *w, const int16_t *x, v128_t *acc) {
    const v128_t low = wasm_i16x8_splat(15);
    ROLL for (int k = 0; k < 4; k++) {
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

/* y[16] = the panel times one token. Scales are read as d·2^-112 and multiplied by s·2^112: s is at
 * most 2^30/32767, so that is finite, and the product is d·s rounded once, as in the contract. */
INLINE void block_vector(jl_layout layout, const uint8_t *w, const jl_act *a, float *y) {
    v128_t sum[4];
    UNROLL for (int g = 0; g < 4; g++) sum[g] = wasm_f32x4_splat(0);
    int blocks = a->cols / JL_BLOCK;
    for (int b = 0; b < blocks; b++, w += block_bytes(layout)) {
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

/* The variants, each a function of its own so that it has all registers to itself. */
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

typedef void panel_vector(const uint8_t *w, const jl_act *a, float *y);

static panel_vector *vector_of(jl_layout layout) {
    switch (layout) {
    case JL_LAYOUT_F32:
        return vector_f32;
    case JL_LAYOUT_F16:
        return vector_f16;
    case JL_LAYOUT_BF16:
        return vector_bf16;
    case JL_LAYOUT_Q8:
        return vector_q8;
    case JL_LAYOUT_Q4:
        return vector_q4;
    case JL_LAYOUT_Q4M:
        break;
    }
    return vector_q4m;
}

/* -- Batches: where the sums of a tile live --------------------------------------------------- */

/* The sums of 16 rows × 4 tokens stay in the result between chunks of columns when all of them
 * exist, else in `edge`, which is copied in before and back after. */
typedef struct place {
    float *sums; /* [token 4][row 16], tokens `stride` floats apart */
    size_t stride;
    float *y;         /* the tile's first row and token in the result */
    size_t y_stride;  /* rows of the matrix */
    int rows, tokens; /* that exist: ≤ 16, ≤ 4 */
    float edge[JL_TILE * JL_PANEL];
} place;

/* `first`: the sums begin with 0 instead of what the last chunk left. Rows and tokens that do not
 * exist are summed too (weights and activations are padded), but not copied back. */
static NOINLINE void place_open(place *p, int first) {
    int whole = p->rows == JL_PANEL && p->tokens == JL_TILE;
    p->sums = whole ? p->y : p->edge;
    p->stride = whole ? p->y_stride : JL_PANEL;
    if (first || !whole)
        for (size_t t = 0; t < JL_TILE; t++) UNROLL for (int g = 0; g < 4; g++) {
                wasm_v128_store(p->sums + t * p->stride + 4 * g, wasm_f32x4_splat(0));
            }
    if (first || whole) return;
    for (int t = 0; t < p->tokens; t++)
        memcpy(p->edge + t * JL_PANEL, p->y + (size_t)t * p->y_stride,
               (size_t)p->rows * sizeof(float));
}

static NOINLINE void place_close(const place *p) {
    if (p->sums != p->edge) return;
    for (int t = 0; t < p->tokens; t++)
        memcpy(p->y + (size_t)t * p->y_stride, p->edge + t * JL_PANEL,
               (size_t)p->rows * sizeof(float));
}

/* The next four tokens. */
static void place_next(place *p) {
    p->y += JL_TILE * p->y_stride;
}

/* -- Batches: blocks --------------------------------------------------------------------------- */

/* Blocks that are widened at a time: 24 KB of int16 and 3 KB of scales, on the stack. */
enum { CHUNK = 24 };

/* A chunk of one panel: quants as [half of the rows][block][pair 16][8 rows × parity 2], Q4 with
 * its −8 applied; scales and minima as floats [block][row 16]. */
typedef struct wide_chunk {
    int16_t w[2][CHUNK * 256];
    float d[CHUNK * JL_PANEL], m[CHUNK * JL_PANEL];
} wide_chunk;

static NOINLINE void widen_q8(const uint8_t *w, int16_t *low, int16_t *high) {
    ROLL for (int k = 0; k < JL_BLOCK / 2; k++, w += 32, low += 16, high += 16) {
        wasm_v128_store(low, wasm_i16x8_load8x8(w));
        wasm_v128_store(low + 8, wasm_i16x8_load8x8(w + 8));
        wasm_v128_store(high, wasm_i16x8_load8x8(w + 16));
        wasm_v128_store(high + 8, wasm_i16x8_load8x8(w + 24));
    }
}

/* Nibbles less `offset`: every vector of lanes holds 4 rows of 4 pairs, which are 16 values
 * apart. */
static NOINLINE void widen_q4(const uint8_t *w, int16_t *low, int16_t *high, int16_t offset) {
    const v128_t mask = wasm_i16x8_splat(15), o = wasm_i16x8_splat(offset);
    ROLL for (int i = 0; i < 16; i++, w += 16) {
        int16_t *to = (i % 4 < 2 ? low : high) + i / 4 * 64 + i % 2 * 8;
        v128_t v = wasm_v128_load(w);
        UNROLL for (int n = 0; n < 4; n++) {
            v128_t q = wasm_v128_and(wasm_u16x8_shr(v, 4 * (uint32_t)n), mask);
            wasm_v128_store(to + 16 * n, wasm_i16x8_sub(q, o));
        }
    }
}

static void widen_scales(const uint8_t *halves, float *to) {
    UNROLL for (int g = 0; g < 4; g++) wasm_v128_store(to + 4 * g, half4(halves + 8 * g));
}

static void widen(jl_layout layout, const uint8_t *w, size_t blocks, wide_chunk *to) {
    for (size_t b = 0; b < blocks; b++, w += block_bytes(layout)) {
        const uint8_t *d = w + quant_bytes(layout), *m = d + 2 * JL_PANEL;
        int16_t *low = to->w[0] + b * 256, *high = to->w[1] + b * 256;
        if (layout == JL_LAYOUT_Q8)
            widen_q8(w, low, high);
        else
            widen_q4(w, low, high, layout == JL_LAYOUT_Q4 ? 8 : 0);
        widen_scales(d, to->d + b * JL_PANEL);
        if (layout == JL_LAYOUT_Q4M) widen_scales(m, to->m + b * JL_PANEL);
    }
}

/* 8 rows × 4 tokens over a chunk: y[token][row], tokens `stride` floats apart, grows by the
 * product. w [block][pair 16][row 8][parity 2], d and m [block][16]; the activations from
 * block·token `at` on are x [block][pair 16][token 4][parity 2], s and total [block][token 4].
 * Eight integer accumulators; two loads of weights and four of activations for every 64
 * products. */
INLINE void tile(int minima, const int16_t *w, const float *d, const float *m, const jl_act *a,
                 size_t at, size_t blocks, float *y, size_t stride) {
    const int16_t *x = a->q + at * JL_BLOCK;
    const float *s = a->scale + at;
    const int32_t *total = a->sum + at;
    v128_t sum[8];
    UNROLL for (int i = 0; i < 8; i++) {
        sum[i] = wasm_v128_load(y + (size_t)(i / 2) * stride + i % 2 * 4);
    }
    for (size_t b = 0; b < blocks; b++, d += JL_PANEL, m += JL_PANEL, s += 4, total += 4) {
        v128_t acc[8];
        UNROLL for (int i = 0; i < 8; i++) acc[i] = wasm_i32x4_splat(0);
        ROLL for (int k = 0; k < JL_BLOCK / 2; k++, w += 16, x += 8) {
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
            if (minima)
                v = f_madd(v, wasm_f32x4_splat((float)total[i / 2]),
                           wasm_f32x4_mul(wasm_v128_load(m + i % 2 * 4), st));
            sum[i] = wasm_f32x4_add(sum[i], v);
        }
    }
    UNROLL for (int i = 0; i < 8; i++) {
        wasm_v128_store(y + (size_t)(i / 2) * stride + i % 2 * 4, sum[i]);
    }
}

static NOINLINE void tile_plain(const int16_t *w, const float *d, const jl_act *a, size_t at,
                                size_t blocks, float *y, size_t stride) {
    tile(0, w, d, d, a, at, blocks, y, stride);
}

static NOINLINE void tile_minima(const int16_t *w, const float *d, const float *m, const jl_act *a,
                                 size_t at, size_t blocks, float *y, size_t stride) {
    tile(1, w, d, m, a, at, blocks, y, stride);
}

/* One panel, all tokens; y points at the panel's first row of token 0. Chunks are of equal length;
 * when there are no columns there is one, empty, and y becomes 0. */
static void block_batch(jl_layout layout, const uint8_t *w, const jl_act *a, float *y,
                        size_t stride, int rows) {
    wide_chunk chunk;
    size_t blocks = (size_t)a->cols / JL_BLOCK, chunks = blocks ? (blocks + CHUNK - 1) / CHUNK : 1;
    size_t step = (blocks + chunks - 1) / chunks;
    for (size_t i = 0, b0 = 0; i < chunks; i++, b0 += step) {
        size_t nb = blocks - b0 < step ? blocks - b0 : step;
        widen(layout, w + b0 * block_bytes(layout), nb, &chunk);
        place p = { .y = y, .y_stride = stride, .rows = rows };
        size_t at = b0 * JL_TILE; /* block·token where the tile's activations begin */
        for (int t = 0; t < a->n; t += JL_TILE, at += blocks * JL_TILE, place_next(&p)) {
            p.tokens = a->n - t < JL_TILE ? a->n - t : JL_TILE;
            place_open(&p, b0 == 0);
            for (int h = 0; h < 2; h++) {
                const float *d = chunk.d + 8 * h, *m = chunk.m + 8 * h;
                float *to = p.sums + 8 * h;
                if (layout == JL_LAYOUT_Q4M)
                    tile_minima(chunk.w[h], d, m, a, at, nb, to, p.stride);
                else
                    tile_plain(chunk.w[h], d, a, at, nb, to, p.stride);
            }
            place_close(&p);
        }
    }
}

/* -- Batches: floats --------------------------------------------------------------------------- */

enum { FLOAT_CHUNK = 256 }; /* columns that are widened at a time, 16 KB */

static void widen_floats(jl_layout layout, const uint8_t *w, size_t n, float *to) {
    for (size_t i = 0; i < n; i += 4, w += 4 * float_bytes(layout))
        wasm_v128_store(to + i, float4(layout, w));
}

/* 8 rows × 4 tokens over a chunk of columns; w [col][16] from the first of the 8 rows, x[t]
 * [cols]. */
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

/* Tokens that pad the last tile read the last token again; their sums are not stored. */
static void float_batch(jl_layout layout, const uint8_t *w, const jl_act *a, float *y,
                        size_t stride, int rows) {
    float chunk[FLOAT_CHUNK * JL_PANEL];
    size_t cols = (size_t)a->cols;
    for (size_t c0 = 0; c0 < cols || c0 == 0; c0 += FLOAT_CHUNK) {
        size_t nc = cols - c0 < FLOAT_CHUNK ? cols - c0 : FLOAT_CHUNK;
        widen_floats(layout, w + c0 * JL_PANEL * (size_t)float_bytes(layout), nc * JL_PANEL, chunk);
        place p = { .y = y, .y_stride = stride, .rows = rows };
        for (int t = 0; t < a->n; t += JL_TILE, place_next(&p)) {
            const float *x[JL_TILE];
            for (int i = 0; i < JL_TILE; i++)
                x[i] = a->x + (size_t)(t + i < a->n ? t + i : a->n - 1) * cols + c0;
            p.tokens = a->n - t < JL_TILE ? a->n - t : JL_TILE;
            place_open(&p, c0 == 0);
            for (int h = 0; h < 2; h++) float_tile(chunk + 8 * h, x, nc, p.sums + 8 * h, p.stride);
            place_close(&p);
        }
    }
}

/* -- Panels ------------------------------------------------------------------------------------ */

void jl_matmul__simd(const jl_matrix *w, const jl_act *a, float *y, int panel0, int panel1) {
    int quantised = w->layout >= JL_LAYOUT_Q8;
    size_t cols = (size_t)w->cols, stride = (size_t)w->rows;
    size_t bytes = quantised ? cols / JL_BLOCK * block_bytes(w->layout)
                             : cols * JL_PANEL * (size_t)float_bytes(w->layout);
    panel_vector *vector = vector_of(w->layout);
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
