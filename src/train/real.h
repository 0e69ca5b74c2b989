/* real.h - the number type of training, and the type of its matrix product.
 *
 * float, except in the gradient check: it compiles the same sources with double (JLT_TRAIN_DOUBLE),
 * because finite differences in float are too coarse.
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

/* C [m][n] = alpha·op(A)·op(B) + beta·C, row-major, ld*: row strides; op(A) [m][k], op(B) [k][n],
 * op transposes if its flag is set. beta = 0 never reads C. The host provides it (natively a BLAS),
 * so the library stays platform-independent. */
typedef void jlt_gemm(int transpose_a, int transpose_b, int m, int n, int k, jlt_real alpha,
                      const jlt_real *a, int lda, const jlt_real *b, int ldb, jlt_real beta,
                      jlt_real *c, int ldc);

#endif
