/* sgemm.c - compute/: the general matrix product against a plain double formula, and every
 * variant against the reference bit for bit.
 *
 * Built and run like kernels.c.
 */
#include "../helpers/check_kernels.h"

typedef struct variant {
    const char *name;
    void (*product)(int, int, int, int, int, float, const float *, int, const float *, int, float,
                    float *, int);
} variant;

#define VARIANT(suffix)                                                                            \
    { #suffix, jl_sgemm__##suffix }

static const variant variants[] = VARIANTS;

typedef struct shape {
    int m, n, k, ta, tb, pad; /* pad: extra numbers per row */
    float alpha, beta;
} shape;

static double exact_at(const shape *s, const float *a, int lda, const float *b, int ldb, int i,
                       int j, double *size) {
    double sum = 0;
    *size = 0;
    for (int l = 0; l < s->k; l++) {
        double x = (double)(s->ta ? a[l * lda + i] : a[i * lda + l]);
        x *= (double)(s->tb ? b[j * ldb + l] : b[l * ldb + j]);
        sum += x;
        *size += fabs(x);
    }
    return sum;
}

static void check_shape(const shape *s) {
    int lda = (s->ta ? s->m : s->k) + s->pad, ldb = (s->tb ? s->k : s->n) + s->pad;
    int ldc = s->n + s->pad;
    size_t na = (size_t)((s->ta ? s->k : s->m) * lda), nb = (size_t)((s->tb ? s->n : s->k) * ldb);
    size_t nc = (size_t)(s->m * ldc), size = sizeof(float);
    float *a = get(na * size), *b = get(nb * size), *c0 = get(nc * size), *first = get(nc * size);
    float *c = get(nc * size);
    random_fill(a, na, 1), random_fill(b, nb, 1), random_fill(c0, nc, 1);
    if (s->beta == 0) c0[0] = NAN; /* must not be read */
    FOR_VARIANTS(v) {
        memcpy(c, c0, nc * size);
        v->product(s->ta, s->tb, s->m, s->n, s->k, s->alpha, a, lda, b, ldb, s->beta, c, ldc);
        for (int i = 0; i < s->m; i++)
            for (int j = 0; j < s->n; j++) {
                double sum, bound, was = s->beta == 0 ? 0 : (double)c0[i * ldc + j];
                sum = (double)s->alpha * exact_at(s, a, lda, b, ldb, i, j, &bound);
                sum += (double)s->beta * was;
                CHECK(fabs((double)c[i * ldc + j] - sum) <= 1e-7 * (s->k + 4) * (bound + 1),
                      "%s %d %d %d: %g, not %g", v->name, s->m, s->n, s->k, (double)c[i * ldc + j],
                      sum);
            }
        for (int i = 0; i < s->m; i++)
            CHECK(same_bits(c + i * ldc + s->n, c0 + i * ldc + s->n, (size_t)s->pad),
                  "%s wrote beyond a row", v->name);
        if (v == variants) memcpy(first, c, nc * size);
        CHECK(same_bits(c, first, nc), "%s %d %d %d", v->name, s->m, s->n, s->k);
    }
    free(a), free(b), free(c0), free(first), free(c);
}

static void test_all_small_shapes(void) {
    for (int i = 0; i < 600; i++) {
        shape s = { 1 + i % 9, 1 + i % 35, 1 + i % 11, i & 1, i >> 1 & 1, i % 3, 1, 0 };
        s.alpha = i % 4 ? 1 : 0.5f;
        s.beta = i % 5 == 0 ? 1 : i % 5 == 1 ? -0.25f : 0;
        check_shape(&s);
    }
}

static void test_deep_sums(void) {
    for (int k = 254; k < 520; k += k < 258 ? 1 : 127)
        for (int t = 0; t < 4; t++) check_shape(&(shape){ 5, 18, k, t & 1, t >> 1, 1, 0.5f, 1 });
}

static void test_no_sum(void) {
    check_shape(&(shape){ 3, 5, 0, 0, 0, 1, 1, 0.5f });
    check_shape(&(shape){ 3, 5, 0, 0, 0, 1, 1, 0 });
}

int main(void) {
    RUN(test_all_small_shapes);
    RUN(test_deep_sums);
    RUN(test_no_sum);
    return check_report("compute/sgemm (" VARIANT_NAMES ")");
}
