/* sgemm.c - the float matrix product jl_sgemm, in both variants.
 *
 * Training changes all matrices in every step, so nothing can be packed ahead. The loops split C
 * into strips of 16 columns, copy JL_SGEMM_DEPTH rows of the strip of op(B) into a stack buffer
 * (16 KB), and read it once for every tile of 4 rows of A. The variants differ only in the tile,
 * which computes the contract's sums element by element.
 */
#include "kernels.h"

#ifdef __wasm_simd128__
#include "simd.h"
#endif

enum { STRIP = 16, TILE = 4 };

/* acc [TILE][STRIP] = Σ_l a[i·row + l·step]·b[l][STRIP] for i < rows. */
typedef void tile(const float *a, size_t row, size_t step, int rows, const float *b, int depth,
                  float *acc);

static void tile_ref(const float *a, size_t row, size_t step, int rows, const float *b, int depth,
                     float *acc) {
    for (int i = 0; i < TILE * STRIP; i++) acc[i] = 0;
    for (int l = 0; l < depth; l++, a += step, b += STRIP)
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < STRIP; j++)
                acc[i * STRIP + j] = acc[i * STRIP + j] + a[(size_t)i * row] * b[j];
}

#ifdef __wasm_simd128__
/* Two passes over half a strip each: eight sums, two vectors of B and one of A stay in registers.
 * Rows beyond `rows` repeat the first; their sums are unused. */
static void tile_simd(const float *a, size_t row, size_t step, int rows, const float *b, int depth,
                      float *acc) {
    size_t r1 = rows > 1 ? row : 0, r2 = rows > 2 ? 2 * row : 0, r3 = rows > 3 ? 3 * row : 0;
    for (int half = 0; half < STRIP; half += 8) {
        const float *x = a, *y = b + half;
        v128_t s[8];
        for (int i = 0; i < 8; i++) s[i] = wasm_f32x4_splat(0);
        for (int l = 0; l < depth; l++, x += step, y += STRIP) {
            v128_t b0 = wasm_v128_load(y), b1 = wasm_v128_load(y + 4);
            v128_t a0 = wasm_v128_load32_splat(x), a1 = wasm_v128_load32_splat(x + r1);
            v128_t a2 = wasm_v128_load32_splat(x + r2), a3 = wasm_v128_load32_splat(x + r3);
            s[0] = wasm_f32x4_add(s[0], wasm_f32x4_mul(a0, b0));
            s[1] = wasm_f32x4_add(s[1], wasm_f32x4_mul(a0, b1));
            s[2] = wasm_f32x4_add(s[2], wasm_f32x4_mul(a1, b0));
            s[3] = wasm_f32x4_add(s[3], wasm_f32x4_mul(a1, b1));
            s[4] = wasm_f32x4_add(s[4], wasm_f32x4_mul(a2, b0));
            s[5] = wasm_f32x4_add(s[5], wasm_f32x4_mul(a2, b1));
            s[6] = wasm_f32x4_add(s[6], wasm_f32x4_mul(a3, b0));
            s[7] = wasm_f32x4_add(s[7], wasm_f32x4_mul(a3, b1));
        }
        for (int i = 0; i < TILE; i++) {
            wasm_v128_store(acc + i * STRIP + half, s[2 * i]);
            wasm_v128_store(acc + i * STRIP + half + 4, s[2 * i + 1]);
        }
    }
}
#endif

/* Copies a strip [depth][STRIP]; columns beyond `width` are 0. */
static void copy_strip(int transposed, const float *b, size_t ldb, int depth, int width,
                       float *strip) {
    size_t row = transposed ? 1 : ldb, column = transposed ? ldb : 1;
    for (int l = 0; l < depth; l++)
        for (int j = 0; j < STRIP; j++)
            strip[l * STRIP + j] = j < width ? b[(size_t)l * row + (size_t)j * column] : 0;
}

/* c [m][n] = beta·c; beta = 0 does not read c. */
static void start(float *c, size_t ldc, int m, int n, float beta) {
    for (int i = 0; i < m; i++, c += ldc)
        for (int j = 0; j < n; j++) c[j] = beta == 0 ? 0 : beta * c[j];
}

static inline __attribute__((always_inline)) void
product(tile *sum, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
        const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc) {
    float strip[JL_SGEMM_DEPTH * STRIP], acc[TILE * STRIP];
    size_t row = transpose_a ? 1 : (size_t)lda, step = transpose_a ? (size_t)lda : 1;
    size_t b_row = transpose_b ? 1 : (size_t)ldb, b_column = transpose_b ? (size_t)ldb : 1;
    start(c, (size_t)ldc, m, n, beta);
    for (int l = 0; l < k; l += JL_SGEMM_DEPTH) {
        int depth = k - l < JL_SGEMM_DEPTH ? k - l : JL_SGEMM_DEPTH;
        for (int j = 0; j < n; j += STRIP) {
            int width = n - j < STRIP ? n - j : STRIP;
            copy_strip(transpose_b, b + (size_t)l * b_row + (size_t)j * b_column, (size_t)ldb,
                       depth, width, strip);
            for (int i = 0; i < m; i += TILE) {
                int rows = m - i < TILE ? m - i : TILE;
                sum(a + (size_t)i * row + (size_t)l * step, row, step, rows, strip, depth, acc);
                for (int r = 0; r < rows; r++) {
                    float *out = c + (size_t)(i + r) * (size_t)ldc + j;
                    for (int x = 0; x < width; x++) out[x] = out[x] + alpha * acc[r * STRIP + x];
                }
            }
        }
    }
}

void jl_sgemm__ref(int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                   const float *a, int lda, const float *b, int ldb, float beta, float *c,
                   int ldc) {
    product(tile_ref, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

#ifdef __wasm_simd128__
void jl_sgemm__simd(int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                    const float *a, int lda, const float *b, int ldb, float beta, float *c,
                    int ldc) {
    product(tile_simd, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
#endif
