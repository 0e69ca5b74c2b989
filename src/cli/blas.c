/* blas.c - training's matrix product: OpenBLAS if the build found it, else jl_sgemm. */
#include "train.h"

#include "../compute/kernels.h"

#ifdef JL_BLAS
#include <cblas.h>

static void blas_gemm(int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c,
                      int ldc) {
    cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, m, n, k, alpha, a, lda, b, ldb, beta, c,
                ldc);
}
#endif

jlt_gemm *cli_gemm(void) {
#ifdef JL_BLAS
    openblas_set_num_threads(1); /* shards run in parallel instead */
    return blas_gemm;
#else
    return jl_sgemm;
#endif
}
