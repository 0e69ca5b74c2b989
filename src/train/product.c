/* product.c - a product of matrices for hosts that bring none: loops whose inner one runs along
 * rows.
 *
 * Sums run over k in rising order, one product after another, so the result does not depend on how
 * the loops are cut.
 */
#include "product.h"

enum { STRIP = 64 }; /* columns of C that are kept together */

/* acc[0..w) = Σ_l op(A)[i][l]·op(B)[l][j0 + 0..w) */
static void strip(int transpose_a, int transpose_b, int k, const jl_real *a, int lda,
                  const jl_real *b, int ldb, int w, jl_real *acc) {
    for (int j = 0; j < w; j++) acc[j] = 0;
    for (int l = 0; l < k; l++) {
        jl_real x = a[(size_t)l * (transpose_a ? (size_t)lda : 1)];
        if (transpose_b)
            for (int j = 0; j < w; j++) acc[j] += x * b[(size_t)j * (size_t)ldb + (size_t)l];
        else
            for (int j = 0; j < w; j++) acc[j] += x * b[(size_t)l * (size_t)ldb + (size_t)j];
    }
}

void jl_gemm_plain(int transpose_a, int transpose_b, int m, int n, int k, jl_real alpha,
                   const jl_real *a, int lda, const jl_real *b, int ldb, jl_real beta, jl_real *c,
                   int ldc) {
    jl_real acc[STRIP];
    for (int j0 = 0; j0 < n; j0 += STRIP) {
        int w = n - j0 < STRIP ? n - j0 : STRIP;
        const jl_real *columns = b + (size_t)j0 * (transpose_b ? (size_t)ldb : 1);
        for (int i = 0; i < m; i++) {
            jl_real *out = c + (size_t)i * (size_t)ldc + j0;
            strip(transpose_a, transpose_b, k, a + (size_t)i * (transpose_a ? 1 : (size_t)lda), lda,
                  columns, ldb, w, acc);
            for (int j = 0; j < w; j++) out[j] = alpha * acc[j] + (beta != 0 ? beta * out[j] : 0);
        }
    }
}
