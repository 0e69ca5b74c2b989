/* bfloat16.c - the product with rounded factors: against sums in double, edges of its blocks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/base/random.h"
#include "../../src/cli/train.h"
#include "../../src/compute/kernels.h"
#include "../helpers/check.h"

/* The command's sources, which are no part of the library. */
#include "../../src/cli/bfloat16.c"
#include "../../src/cli/blas.c"

static jl_random draws;

static float *at_random(size_t n, int whole) {
    float *x = malloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        float u = (float)(jl_random_bits(&draws) & 0xff) - 128; /* exact in bfloat16 */
        x[i] = whole ? u : u * 1.0037f;
    }
    return x;
}

/* Largest error of op(A) op(B)/2 + C/4, in units of the largest sum of absolute products. */
static double error_of(jlt_gemm *gemm, int ta, int tb, int m, int n, int k, int whole) {
    float *a = at_random((size_t)m * (size_t)k, whole),
          *b = at_random((size_t)k * (size_t)n, whole);
    float *c = at_random((size_t)m * (size_t)n, 1), *before = malloc((size_t)m * (size_t)n * 4);
    memcpy(before, c, (size_t)m * (size_t)n * 4);
    gemm(ta, tb, m, n, k, 0.5f, a, ta ? m : k, b, tb ? k : n, 0.25f, c, n);
    double worst = 0, largest = 0;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0, size = 0;
            for (int l = 0; l < k; l++) {
                double p = (double)a[ta ? l * m + i : i * k + l] * b[tb ? j * k + l : l * n + j];
                sum += p;
                size += fabs(p);
            }
            double e = fabs(c[i * n + j] - (sum / 2 + before[i * n + j] / 4.0));
            if (e > worst) worst = e;
            if (size > largest) largest = size;
        }
    free(a), free(b), free(c), free(before);
    return worst / largest;
}

static void products(jlt_gemm *gemm) {
    static const int sizes[][3] = { { 64, 64, 64 },   { 65, 67, 71 },   { 193, 70, 257 },
                                    { 100, 545, 66 }, { 64, 513, 300 }, { 12, 40, 500 } };
    jl_random_seed(&draws, 1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int t = 0; t < 4; t++) {
            const int *s = sizes[i];
            double whole = error_of(gemm, t & 1, t >> 1, s[0], s[1], s[2], 1);
            double other = error_of(gemm, t & 1, t >> 1, s[0], s[1], s[2], 0);
            CHECK(whole < 1e-6, "%d×%d×%d: %g", s[0], s[1], s[2], whole);
            CHECK(other < 1.0 / 256, "%d×%d×%d: %g", s[0], s[1], s[2], other);
        }
}

static void plain(void) {
    products(cli_gemm());
}

static void bfloat16(void) {
    if (!cli_bfloat16_gemm()) SKIP("the processor has no AVX512-BF16");
    products(cli_bfloat16_gemm());
}

int main(void) {
    RUN(plain);
    RUN(bfloat16);
    return check_report("cli/bfloat16");
}
