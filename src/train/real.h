/* real.h - the number that training computes with, and the products it is given.
 *
 * float everywhere but in the gradient check, which compiles the very same sources with double
 * (JL_TRAIN_DOUBLE), because a finite difference in float proves nothing.
 */
#ifndef JL_REAL_H
#define JL_REAL_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#ifdef JL_TRAIN_DOUBLE
typedef double jl_real;
#define jl_real_exp  exp
#define jl_real_sqrt sqrt
#else
#include "../compute/exp.h"
typedef float jl_real;
#define jl_real_exp  jl_exp_inline
#define jl_real_sqrt sqrtf
#endif

/* σ(x) = 1/(1 + e^−x), and tanh(x) = 2σ(2x) − 1. */
static inline jl_real jl_real_logistic(jl_real x) {
    return 1 / (1 + jl_real_exp(-x));
}

static inline jl_real jl_real_tanh(jl_real x) {
    return 2 * jl_real_logistic(2 * x) - 1;
}

/* C [m][n] = alpha·op(A)·op(B) + beta·C, row-major, ld* the distance between rows; op(A) is
 * [m][k], op(B) is [k][n], transposed from memory where asked. beta = 0 never reads C. The host
 * gives the function (a BLAS natively), so the library knows no platform. */
typedef void jl_gemm(int transpose_a, int transpose_b, int m, int n, int k, jl_real alpha,
                     const jl_real *a, int lda, const jl_real *b, int ldb, jl_real beta, jl_real *c,
                     int ldc);

#endif
