/* real.h - the number that training computes with, and the products it is given.
 *
 * float everywhere but in the gradient check, which compiles the very same sources with double
 * (JLT_TRAIN_DOUBLE), because a finite difference in float proves nothing.
 */
#ifndef JL_REAL_H
#define JL_REAL_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#ifdef JLT_TRAIN_DOUBLE
typedef double jlt_real;
#define jlt_real_exp  exp
#define jlt_real_sqrt sqrt
#else
#include "../compute/exp.h"
typedef float jlt_real;
#define jlt_real_exp  jl_exp_inline
#define jlt_real_sqrt sqrtf
#endif

/* σ(x) = 1/(1 + e^−x), and tanh(x) = 2σ(2x) − 1. */
static inline jlt_real jlt_real_logistic(jlt_real x) {
    return 1 / (1 + jlt_real_exp(-x));
}

static inline jlt_real jlt_real_tanh(jlt_real x) {
    return 2 * jlt_real_logistic(2 * x) - 1;
}

/* C [m][n] = alpha·op(A)·op(B) + beta·C, row-major, ld* the distance between rows; op(A) is
 * [m][k], op(B) is [k][n], transposed from memory where asked. beta = 0 never reads C. The host
 * gives the function (a BLAS natively), so the library knows no platform. */
typedef void jlt_gemm(int transpose_a, int transpose_b, int m, int n, int k, jlt_real alpha,
                      const jlt_real *a, int lda, const jlt_real *b, int ldb, jlt_real beta,
                      jlt_real *c, int ldc);

#endif
