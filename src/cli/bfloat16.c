/* bfloat16.c - training's matrix product with factors rounded to bfloat16, sums in float32.
 *
 * Processors with AVX512-BF16 multiply twice as many of these per cycle. Blocks of both factors are
 * packed as in Goto and van de Geijn (2008), "Anatomy of high-performance matrix multiplication":
 * panels of TILE_ROWS or TILE_COLUMNS lines, each a sequence of pairs that follow one another in k.
 */
#include "train.h"

#include <stddef.h>

#ifndef __x86_64__

jlt_gemm *cli_bfloat16_gemm(void) {
    return NULL;
}

#else
#include <immintrin.h>
#include <stdint.h>

#define WIDE __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

enum { LANES = 16, TILE_ROWS = 12, TILE_COLUMNS = 2 * LANES };
enum { DEPTH = 256, ROWS = 16 * TILE_ROWS, COLUMNS = 16 * TILE_COLUMNS }; /* of a packed block */
enum { SMALLEST = 64 }; /* smaller products do not repay the packing */

typedef struct block {
    uint32_t a[ROWS * DEPTH / 2], b[COLUMNS * DEPTH / 2];
} block;

/* A factor: element (line, depth) is x[line·line_stride + depth·depth_stride]. One stride is 1. */
typedef struct factor {
    const float *x;
    size_t line_stride, depth_stride;
} factor;

static inline int at_most(int a, int b) {
    return a < b ? a : b;
}

static inline __mmask16 first(int n) {
    return (__mmask16)(n >= LANES ? 0xffff : n <= 0 ? 0 : (1 << n) - 1);
}

/* 16 numbers as bfloat16 in the low halves of 32-bit lanes; those past n are 0. */
WIDE static inline __m512i rounded(const float *x, int n) {
    __m256bh half = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(first(n), x));
    return _mm512_cvtepu16_epi32((__m256i)half);
}

/* ---- Packing: out [panel][depth/2][tile] pairs, zeros past the last line and depth --------- */

/* Lines are adjacent in memory. */
WIDE static void pack_across(factor f, int lines, int depth, int tile, uint32_t *out) {
    for (int l = 0; l < lines; l += tile)
        for (int d = 0; d < depth; d += 2, out += tile)
            for (int i = 0; i < tile; i += LANES) {
                const float *x = f.x + (size_t)(l + i) + (size_t)d * f.depth_stride;
                int n = at_most(lines - l - i, tile - i);
                __m512i low = rounded(x, n);
                __m512i high = rounded(x + f.depth_stride, d + 1 < depth ? n : 0);
                __m512i pair = _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
                _mm512_mask_storeu_epi32(out + i, first(tile - i), pair);
            }
}

enum { SQUARE = 8 }; /* pairs, and lines, that are transposed together */

/* Transposes 8 × 8 pairs: by pairs of rows, by fours, then halves. */
WIDE static inline void transpose(__m256i r[SQUARE]) {
    __m256i two[SQUARE], four[SQUARE];
    for (int i = 0; i < SQUARE; i += 2) {
        two[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
        two[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < SQUARE; i += 4)
        for (int j = 0; j < 2; j++) {
            four[i + 2 * j] = _mm256_unpacklo_epi64(two[i + j], two[i + j + 2]);
            four[i + 2 * j + 1] = _mm256_unpackhi_epi64(two[i + j], two[i + j + 2]);
        }
    for (int i = 0; i < SQUARE / 2; i++) {
        r[i] = _mm256_permute2x128_si256(four[i], four[i + 4], 0x20);
        r[i + 4] = _mm256_permute2x128_si256(four[i], four[i + 4], 0x31);
    }
}

/* The numbers of a line are adjacent in memory. */
WIDE static void pack_along(factor f, int lines, int depth, int tile, uint32_t *out) {
    int pairs = (depth + 1) / 2;
    for (int l = 0; l < lines; l += tile, out += (size_t)pairs * (size_t)tile)
        for (int i = 0; i < tile; i += SQUARE)
            for (int d = 0; d < depth; d += LANES) {
                __m256i r[SQUARE];
                const float *x = f.x + (size_t)(l + i) * f.line_stride + d;
                for (int j = 0; j < SQUARE; j++, x += f.line_stride) {
                    int n = i + j < tile && l + i + j < lines ? depth - d : 0;
                    r[j] = (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(first(n), x));
                }
                transpose(r);
                uint32_t *to = out + (size_t)(d / 2) * (size_t)tile + i;
                for (int p = 0; p < SQUARE && d / 2 + p < pairs; p++, to += tile)
                    _mm256_mask_storeu_epi32(to, (__mmask8)first(at_most(tile - i, SQUARE)), r[p]);
            }
}

static void pack(factor f, int line, int k, int lines, int depth, int tile, uint32_t *out) {
    f.x += (size_t)line * f.line_stride + (size_t)k * f.depth_stride;
    if (f.depth_stride == 1)
        pack_along(f, lines, depth, tile, out);
    else
        pack_across(f, lines, depth, tile, out);
}

/* ---- One tile of C -----------------------------------------------------------------------  */

WIDE static inline void store(float *c, int n, __m512 sum, float alpha, float beta) {
    __m512 y = _mm512_mul_ps(sum, _mm512_set1_ps(alpha));
    if (beta != 0) y = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(first(n), c), _mm512_set1_ps(beta), y);
    _mm512_mask_storeu_ps(c, first(n), y);
}

WIDE static void multiply_tile(const uint32_t *a, const uint32_t *b, int pairs, int rows,
                               int columns, float alpha, float beta, float *c, size_t ldc) {
    __m512 sums[TILE_ROWS][2];
    for (int i = 0; i < TILE_ROWS; i++) sums[i][0] = sums[i][1] = _mm512_setzero_ps();
    for (int p = 0; p < pairs; p++, a += TILE_ROWS, b += TILE_COLUMNS) {
        __m512bh left = (__m512bh)_mm512_loadu_si512(b);
        __m512bh right = (__m512bh)_mm512_loadu_si512(b + LANES);
#pragma GCC unroll 12
        for (int i = 0; i < TILE_ROWS; i++) {
            __m512bh row = (__m512bh)_mm512_set1_epi32((int)a[i]);
            sums[i][0] = _mm512_dpbf16_ps(sums[i][0], row, left);
            sums[i][1] = _mm512_dpbf16_ps(sums[i][1], row, right);
        }
    }
#pragma GCC unroll 12
    for (int i = 0; i < TILE_ROWS; i++)
        if (i < rows) {
            store(c + (size_t)i * ldc, columns, sums[i][0], alpha, beta);
            store(c + (size_t)i * ldc + LANES, columns - LANES, sums[i][1], alpha, beta);
        }
}

/* One packed block: rows × columns of C. */
static void multiply_block(const block *p, int rows, int columns, int depth, float alpha,
                           float beta, float *c, size_t ldc) {
    size_t pairs = (size_t)(depth + 1) / 2;
    for (int j = 0; j < columns; j += TILE_COLUMNS)
        for (int i = 0; i < rows; i += TILE_ROWS)
            multiply_tile(p->a + (size_t)i * pairs, p->b + (size_t)j * pairs, (int)pairs,
                          at_most(rows - i, TILE_ROWS), at_most(columns - j, TILE_COLUMNS), alpha,
                          beta, c + (size_t)i * ldc + (size_t)j, ldc);
}

static jlt_gemm *small_gemm; /* of products too small for packing */

static void bfloat16_gemm(int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                          const float *a, int lda, const float *b, int ldb, float beta, float *c,
                          int ldc) {
    static _Thread_local block packed;
    if (m < SMALLEST || n < SMALLEST || k < SMALLEST) {
        small_gemm(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
        return;
    }
    factor left = { a, transpose_a ? 1 : (size_t)lda, transpose_a ? (size_t)lda : 1 };
    factor right = { b, transpose_b ? (size_t)ldb : 1, transpose_b ? 1 : (size_t)ldb };
    for (int j = 0; j < n; j += COLUMNS)
        for (int d = 0; d < k; d += DEPTH) {
            int columns = at_most(n - j, COLUMNS), depth = at_most(k - d, DEPTH);
            pack(right, j, d, columns, depth, TILE_COLUMNS, packed.b);
            for (int i = 0; i < m; i += ROWS) {
                int rows = at_most(m - i, ROWS);
                pack(left, i, d, rows, depth, TILE_ROWS, packed.a);
                multiply_block(&packed, rows, columns, depth, alpha, d ? 1 : beta,
                               c + (size_t)i * (size_t)ldc + (size_t)j, (size_t)ldc);
            }
        }
}

jlt_gemm *cli_bfloat16_gemm(void) {
    small_gemm = cli_gemm();
    return __builtin_cpu_supports("avx512bf16") ? bfloat16_gemm : NULL;
}
#endif
