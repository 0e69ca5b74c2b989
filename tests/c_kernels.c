/* c_kernels.c - compute/: every kernel against plain double formulas, and every variant against the
 * reference bit for bit.
 *
 * Native there is only the reference. The same file built to wasm with simd128 also links simd*.c
 * and compares. From the repository root (NAME.wasm then runs as a WASI command, main() and stdio):
 *   cc -std=c11 -O2 -g -Wall -Wextra -Wshadow -Wconversion -Werror -ffp-contract=off \
 *      -fsanitize=address,undefined tests/c_kernels.c src/compute/[a-z]*.c src/format/quant.c \
 *      -lm -o build/c_kernels && build/c_kernels
 *   emcc -std=c11 -O3 -msimd128 -ffp-contract=off -sSTANDALONE_WASM -sINITIAL_MEMORY=64MB \
 *      tests/c_kernels.c src/compute/[a-z]*.c src/format/quant.c -o build/c_kernels.wasm
 *   node --no-warnings -e 'const { WASI } = require("node:wasi"), fs = require("node:fs");
 *      const wasi = new WASI({ version: "preview1" });
 *      const code = new WebAssembly.Module(fs.readFileSync("build/c_kernels.wasm"));
 *      wasi.start(new WebAssembly.Instance(code, wasi.getImportObject()));'
 */
#include "check.h"

#include <math.h>
#include <string.h>

#include "../src/base/half.h"
#include "../src/compute/kernels.h"
#include "../src/compute/pack.h"

/* One variant of everything, so that each test runs over all of them. */
typedef struct variant {
    const char *name;
    void (*act_prepare)(jl_act *, const float *, int, int, jl_layout);
    void (*matmul)(const jl_matrix *, const jl_act *, float *, int, int);
    void (*rms_norm)(const float *, const float *, float, int, float *);
    void (*add)(float *, const float *, int);
    void (*silu_mul)(float *, const float *, int);
    float (*max)(const float *, int);
    float (*exp_sum)(float *, float, int);
    float (*sum_exp)(const float *, float, float, int);
    void (*kv_store)(jl_kv_type, void *, void *, int, const float *, const float *, int);
    void (*attention)(jl_kv_type, const float *, int, const int *, const void *, const void *, int,
                      float *, void *);
    void (*attention_weights)(jl_kv_type, const float *, int, const void *, int, float *);
} variant;

#define VARIANT(suffix)                                                                            \
    {                                                                                              \
#suffix, jl_act_prepare__##suffix, jl_matmul__##suffix, jl_rms_norm__##suffix,             \
            jl_add__##suffix, jl_silu_mul__##suffix, jl_max__##suffix, jl_exp_sum__##suffix,       \
            jl_sum_exp__##suffix, jl_kv_store__##suffix, jl_attention__##suffix,                   \
            jl_attention_weights__##suffix                                                         \
    }

static const variant variants[] = {
    VARIANT(ref),
#ifdef __wasm_simd128__
    VARIANT(simd),
#endif
};
enum { N_VARIANTS = sizeof variants / sizeof *variants };
#define FOR_VARIANTS(v) for (const variant *v = variants; v < variants + N_VARIANTS; v++)

/* -- Helpers ----------------------------------------------------------------------------------- */

static uint32_t seed = 1;

static uint32_t random_bits(void) {
    seed = seed * 1664525u + 1013904223u; /* Numerical Recipes; the high bits are the good ones */
    return seed >> 8;
}

/* Uniform in [-1, 1). */
static float random_unit(void) {
    return (float)(int32_t)(random_bits() - 0x800000u) * 0x1p-23f;
}

static int random_below(int n) {
    return (int)(random_bits() >> 8) % n;
}

static void random_fill(float *x, size_t n, float scale) {
    for (size_t i = 0; i < n; i++) x[i] = random_unit() * scale;
}

/* 64-byte aligned and of exactly n bytes at its end, so that a sanitizer sees an overrun. */
static void *get(size_t n) {
    void *p = aligned_alloc(64, (n + 63) & ~(size_t)63);
    if (!p) exit(EXIT_FAILURE);
    memset(p, 0xa5, (n + 63) & ~(size_t)63);
    return p;
}

static int same_bits(const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (jl_float_to_bits(a[i]) != jl_float_to_bits(b[i]) && !(isnan(a[i]) && isnan(b[i])))
            return 0;
    return 1;
}

/* Distance in units of the last place of the exact result, which must be a normal float. */
static double ulps(float got, double exact) {
    int e;
    frexp(exact, &e);
    return fabs((double)got - exact) / ldexp(1, e - 24);
}

/* -- Exponential and vectors ------------------------------------------------------------------- */

static void test_exp(void) {
    for (int i = 0; i <= 3000000; i++) {
        float x = -86.9f + (float)i * (175.6f / 3000000);
        double error = ulps(jl_exp(x), exp((double)x));
        CHECK(error <= 2, "%a: %g ulp", (double)x, error);
    }
    for (int i = 0; i < 1000000; i++) { /* around 0, all magnitudes */
        float x = jl_bits_to_float(random_bits() << 7 & 0x7fffffffu);
        if (!(x < 80)) continue;
        if (random_bits() & 1) x = -x;
        double error = ulps(jl_exp(x), exp((double)x));
        CHECK(error <= 2, "%a: %g ulp", (double)x, error);
    }
    CHECK(jl_exp(0) == 1 && jl_exp(-0.0f) == 1, "at zero");
    CHECK(jl_exp(-INFINITY) == 0 && jl_exp(-87) == 0, "underflow");
    CHECK(jl_exp(INFINITY) == INFINITY && jl_exp(88.8f) == INFINITY, "overflow");
    CHECK(jl_exp(88.7f) < INFINITY && jl_exp(-86.8f) > 0, "the borders");
    for (uint32_t payload = 1; payload < 0x400000; payload = payload * 5 + 1) {
        float quiet = jl_bits_to_float(0xffc00000u | payload);
        CHECK(isnan(jl_exp(quiet)) && isnan(jl_exp(-quiet)), "%x", payload);
    }
}

static const float specials[] = { 0.0f,   -0.0f, 1.0f,   -1.0f,     INFINITY,   -INFINITY, NAN,
                                  1e-45f, 3e38f, -3e38f, 88.72283f, -86.90001f, -87.5f,    89.5f };
enum { N_SPECIALS = sizeof specials / sizeof *specials };

static void test_vectors(void) {
    FOR_VARIANTS(v) {
        for (int n = 0; n <= 70; n++) {
            float x[70], w[70], y[70], up[70];
            random_fill(x, 70, 8), random_fill(w, 70, 2), random_fill(up, 70, 3);
            double sum = 0, max = -INFINITY, total = 0, scaled = 0;
            for (int i = 0; i < n; i++) {
                sum += (double)x[i] * x[i];
                max = x[i] > max ? x[i] : max;
            }
            CHECK((double)v->max(x, n) == max, "%s n %d", v->name, n);

            v->rms_norm(x, w, 1e-5f, n, y);
            for (int i = 0; i < n; i++) {
                double exact = x[i] / sqrt(sum / n + 1e-5f) * w[i];
                CHECK(fabs(y[i] - exact) <= 5e-7 * fabs(exact) + 1e-12, "%s %d", v->name, i);
            }
            memcpy(y, x, sizeof y);
            v->add(y, up, n);
            for (int i = 0; i < 70; i++)
                CHECK(y[i] == (i < n ? x[i] + up[i] : x[i]), "%s %d", v->name, i);
            memcpy(y, x, sizeof y);
            v->silu_mul(y, up, n);
            for (int i = 0; i < n; i++) {
                double exact = x[i] / (1 + exp(-(double)x[i])) * up[i];
                CHECK(fabs(y[i] - exact) <= 6e-7 * fabs(exact), "%s %d", v->name, i);
            }
            memcpy(y, x, sizeof y);
            float s = v->exp_sum(y, 2, n), s2 = v->sum_exp(x, 2, 0.7f, n);
            for (int i = 0; i < n; i++) {
                total += exp((double)x[i] - 2);
                scaled += exp(((double)x[i] - 2) * (double)0.7f);
                CHECK(fabs(y[i] - exp((double)x[i] - 2)) <= 2e-6 * exp((double)x[i] - 2), "%d", i);
            }
            CHECK(fabs(s - total) <= 2e-6 * total, "%s %g %g", v->name, (double)s, total);
            CHECK(fabs(s2 - scaled) <= 2e-6 * scaled, "%s %g %g", v->name, (double)s2, scaled);
            for (int i = n; i < 70; i++) CHECK(y[i] == x[i], "%s wrote past n", v->name);
        }
    }
}

static void test_rope(void) {
    float x[64], before[64], cs[32];
    for (int i = 0; i < 16; i++)
        cs[2 * i] = (float)cos(0.1 * i), cs[2 * i + 1] = (float)sin(0.1 * i);
    for (int halves = 0; halves < 2; halves++) { /* 2 heads of 32, 12 pairs: elements 24.. stay */
        random_fill(x, 64, 1);
        memcpy(before, x, sizeof x);
        jl_rope(x, 2, 32, cs, 12, halves ? 1 : 2, halves ? 12 : 1);
        for (int h = 0; h < 2; h++) {
            for (int i = 0; i < 12; i++) {
                int a = h * 32 + (halves ? i : 2 * i), b = a + (halves ? 12 : 1);
                double u = before[a], w = before[b], angle = 0.1 * i;
                CHECK(fabs(x[a] - (u * cos(angle) - w * sin(angle))) < 2e-7, "%d", i);
                CHECK(fabs(x[b] - (u * sin(angle) + w * cos(angle))) < 2e-7, "%d", i);
            }
            for (int i = 24; i < 32; i++) CHECK(x[h * 32 + i] == before[h * 32 + i], "%d", i);
        }
    }
}

/* Vectors of every length with special values sprinkled in. */
static void test_vectors_same_bits(void) {
    const variant *ref = variants;
    FOR_VARIANTS(v) {
        for (int round = 0; round < 400; round++) {
            float x[80], w[80], a[80], b[80];
            int n = round % 80;
            random_fill(x, 80, round % 3 ? 4 : 100), random_fill(w, 80, 2);
            if (round >= 160)
                for (int i = 0; i < 80; i += 1 + random_below(40))
                    x[i] = specials[random_below(N_SPECIALS)];
            memcpy(a, x, sizeof a), memcpy(b, x, sizeof b);
            float max = ref->max(x, n), scale = random_unit();
            CHECK(v->max(x, n) == max, "%s n %d", v->name, n);
            float s = ref->exp_sum(a, max, n), s2 = v->exp_sum(b, max, n);
            CHECK(same_bits(&s, &s2, 1) && same_bits(a, b, 80), "%s exp_sum %d", v->name, n);
            s = ref->sum_exp(x, max, scale, n), s2 = v->sum_exp(x, max, scale, n);
            CHECK(same_bits(&s, &s2, 1), "%s sum_exp %d", v->name, n);
            memcpy(a, x, sizeof a), memcpy(b, x, sizeof b);
            ref->silu_mul(a, w, n), v->silu_mul(b, w, n);
            CHECK(same_bits(a, b, 80), "%s silu_mul %d", v->name, n);
            memcpy(b, x, sizeof b);
            ref->rms_norm(x, w, 1e-6f, n, a), v->rms_norm(b, w, 1e-6f, n, b);
            CHECK(same_bits(a, b, (size_t)n), "%s rms_norm %d", v->name, n);
        }
    }
}

/* -- Activations ------------------------------------------------------------------------------- */

/* Where token t and block b of a prepared batch begin, in blocks; *stride: between pairs of
 * columns. */
static size_t act_at(const jl_act *a, int t, int b, size_t *stride) {
    size_t width = a->n == 1 ? 1 : JL_TILE, blocks = (size_t)a->cols / JL_BLOCK;
    *stride = 2 * width;
    return ((size_t)t / width * blocks + (size_t)b) * width;
}

static double act_value(const jl_act *a, int t, int c, double *scale) {
    size_t stride, at = act_at(a, t, c / JL_BLOCK, &stride), slot = a->n == 1 ? 0 : (size_t)t % 4;
    size_t pair = (size_t)(c % JL_BLOCK / 2);
    *scale = a->scale[at + slot];
    return a->q[at * JL_BLOCK + pair * stride + 2 * slot + (size_t)(c % 2)];
}

static void test_act_rounding(void) {
    FOR_VARIANTS(v) {
        for (int n = 1; n <= 9; n++) {
            for (int cols = 32; cols <= 96; cols += 32) {
                float *x = get((size_t)(n * cols) * sizeof *x);
                void *scratch = get(jl_act_bytes(n, cols));
                jl_act a;
                random_fill(x, (size_t)(n * cols), 1);
                for (int i = 0; i < 32; i++) x[i] *= 1e-12f; /* a small block beside large ones */
                jl_act_init(&a, scratch, n, cols);
                v->act_prepare(&a, x, n, cols, JL_LAYOUT_Q8);
                CHECK(a.n == n && a.cols == cols && a.x == x, "%s", v->name);
                for (int t = 0; t < n; t++) {
                    int32_t sum = 0;
                    for (int c = 0; c < cols; c++) {
                        double s, q = act_value(&a, t, c, &s), error = x[t * cols + c] - s * q;
                        CHECK(fabs(error) <= s * 0.503, "%s t %d c %d", v->name, t, c);
                        sum = (c % 32 ? sum : 0) + (int32_t)q;
                        size_t stride, at = act_at(&a, t, c / 32, &stride);
                        if (c % 32 == 31)
                            CHECK(a.sum[at + (n == 1 ? 0 : (size_t)t % 4)] == sum, "%s", v->name);
                    }
                }
                for (int t = n; n > 1 && t % JL_TILE; t++)
                    for (int c = 0; c < cols; c++) {
                        double s, q = act_value(&a, t, c, &s);
                        CHECK(s == 0 && q == 0, "%s padding of token %d", v->name, t);
                    }
                free(x), free(scratch);
            }
        }
    }
}

/* Ties, zeros, tiny, huge and not finite: one block each. */
static void test_act_specials(void) {
    FOR_VARIANTS(v) {
        float x[32] = { 32767, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -32766.5f, -32767 };
        static const int expected[] = { 32767, 0, 2, 2, 0, -2, -32766, -32767 };
        void *scratch = get(jl_act_bytes(1, 32));
        jl_act a;
        jl_act_init(&a, scratch, 1, 32);
        v->act_prepare(&a, x, 1, 32, JL_LAYOUT_Q4);
        for (int i = 0; i < 8; i++) CHECK(a.q[i] == expected[i], "%s %d: %d", v->name, i, a.q[i]);
        CHECK(a.scale[0] == 1, "%s %g", v->name, (double)a.scale[0]);
        static const float bad[] = { NAN, INFINITY, -INFINITY, 0x1.1p30f, -3e38f };
        for (int i = 0; i < 5 * 32; i++) {
            memset(x, 0, sizeof x);
            x[i % 32] = bad[i / 32];
            v->act_prepare(&a, x, 1, 32, JL_LAYOUT_Q4);
            CHECK(isnan(a.scale[0]), "%s %g at %d", v->name, (double)bad[i / 32], i % 32);
        }
        static const float small[] = { 0, -0.0f, 1e-45f, 0x1p-126f, 0x1.fp-101f };
        for (int i = 0; i < 5; i++) {
            for (int j = 0; j < 32; j++) x[j] = j & 1 ? -small[i] : small[i];
            v->act_prepare(&a, x, 1, 32, JL_LAYOUT_Q4);
            CHECK(a.scale[0] == 0 && a.sum[0] == 0 && a.q[0] == 0, "%s %d", v->name, i);
        }
        x[5] = 0x1p30f;
        v->act_prepare(&a, x, 1, 32, JL_LAYOUT_Q4);
        CHECK(a.scale[0] == 0x1p30f / 32767 && a.q[5] == 32767, "%s", v->name);
        free(scratch);
    }
}

/* -- Matrices ---------------------------------------------------------------------------------- */

static const jl_type types[] = { JL_F32, JL_F16, JL_BF16, JL_Q8_0, JL_Q4_0, JL_Q4_1 };
enum { N_TYPES = sizeof types / sizeof *types };

static size_t row_bytes(jl_type type, int cols) {
    const jl_type_info *info = jl_type_get(type);
    return (size_t)(cols / info->block) * (size_t)info->bytes;
}

/* Half float of either sign, finite, now and then subnormal or zero. */
static uint16_t random_half(void) {
    float f = random_unit() * (random_below(8) ? 0.1f : 2e-5f);
    return random_below(50) ? jl_float_to_half(f) : 0;
}

/* A file's bytes of that type: every quant, scales of ordinary size. */
static void random_rows(jl_type type, int rows, int cols, uint8_t *out) {
    size_t n = row_bytes(type, cols) * (size_t)rows;
    for (size_t i = 0; i < n; i++) out[i] = (uint8_t)random_bits();
    size_t step = type == JL_F32 ? 4 : (size_t)jl_type_get(type)->bytes;
    for (size_t i = 0; i < n; i += step) {
        uint16_t h = random_half(), m = random_half();
        float f = jl_half_to_float(h) * 1.37f;
        uint16_t high = (uint16_t)(jl_float_to_bits(f) >> 16);
        if (type == JL_F32)
            memcpy(out + i, &f, 4);
        else
            memcpy(out + i, type == JL_BF16 ? &high : &h, 2);
        if (type == JL_Q4_1) memcpy(out + i + 2, &m, 2);
    }
}

/* Packs as the loader does: 16 rows at a time from unaligned bytes. */
static jl_matrix pack(jl_type type, int rows, int cols, const uint8_t *file) {
    jl_layout layout = jl_pack_layout(type);
    size_t bytes = jl_matrix_bytes(layout, rows, cols);
    jl_matrix w = { get(bytes + 1), rows, cols, layout };
    memset(w.data, 0, bytes);
    for (int r = 0; r < rows; r += JL_PANEL) {
        int n = rows - r < JL_PANEL ? rows - r : JL_PANEL;
        jl_pack_panel(&w, type, r, n, file + row_bytes(type, cols) * (size_t)r);
    }
    CHECK(w.data[bytes] == 0xa5, "packing wrote past its end");
    return w;
}

typedef struct fixture {
    jl_type type;
    int rows, cols;
    uint8_t *file;  /* rows · row_bytes, at an odd address */
    float *weights; /* [rows][cols], jl_dequantize of it */
    jl_matrix w;
} fixture;

static fixture fixture_make(jl_type type, int rows, int cols) {
    size_t bytes = row_bytes(type, cols) * (size_t)rows;
    fixture f = { .type = type, .rows = rows, .cols = cols };
    f.file = get(bytes + 1);
    f.weights = get((size_t)(rows * cols) * sizeof(float) + 1);
    random_rows(type, rows, cols, f.file + 1);
    jl_dequantize(type, f.file + 1, f.weights, (size_t)rows * (size_t)cols);
    f.w = pack(type, rows, cols, f.file + 1);
    return f;
}

static void fixture_free(fixture *f) {
    free(f->file), free(f->weights), free(f->w.data);
}

static int cols_of(jl_type type, int i) {
    return type == JL_F32 || type == JL_F16 || type == JL_BF16 ? i + 1 : i % 4 * JL_BLOCK;
}

static void test_pack_is_exact(void) {
    for (int k = 0; k < N_TYPES; k++)
        for (int rows = 1; rows <= 40; rows++) {
            fixture f = fixture_make(types[k], rows, cols_of(types[k], rows + 16));
            float *out = get((size_t)f.cols * sizeof *out + 1);
            for (int r = 0; r < rows; r++) {
                jl_matrix_row(&f.w, r, out);
                CHECK(same_bits(out, f.weights + r * f.cols, (size_t)f.cols), "%s row %d of %d",
                      jl_type_get(types[k])->name, r, rows);
            }
            size_t padded = ((size_t)rows + 15) / 16 * 16;
            CHECK(jl_matrix_bytes(f.w.layout, rows, f.cols) == padded * row_bytes(f.type, f.cols),
                  "%d", rows);
            free(out), fixture_free(&f);
        }
}

/* Prepares x for a matrix with one variant and multiplies with another; y [n][rows] is the
 * caller's. */
static void multiply(const variant *v, const jl_matrix *w, const float *x, int n, float *y) {
    void *scratch = get(jl_act_bytes(n, w->cols));
    int panels = (w->rows + JL_PANEL - 1) / JL_PANEL, middle = panels / 2;
    jl_act a;
    jl_act_init(&a, scratch, n, w->cols);
    v->act_prepare(&a, x, n, w->cols, w->layout);
    v->matmul(w, &a, y, 0, middle); /* in two parts, as two threads would */
    v->matmul(w, &a, y, middle, panels);
    free(scratch);
}

/* The sum in double, and the size of its terms, which the tolerance is relative to. */
static double exact_dot(const float *w, const float *x, int cols, double *size) {
    double sum = 0;
    *size = 0;
    for (int c = 0; c < cols; c++) {
        sum += (double)w[c] * x[c];
        *size += fabs((double)w[c] * x[c]);
    }
    return sum;
}

/* Against double products of the dequantised weights with the exact activations. Tolerances: F
 * layouts round each term and each partial sum (cols · 2^-24 of the terms' size); Q layouts add the
 * rounding of activations, at most max|x|/65534 times Σ|w|, and a sum per block. */
static void check_product(const variant *v, const fixture *f, const float *x, int n,
                          const float *y) {
    int quantised = f->w.layout >= JL_LAYOUT_Q8;
    for (int t = 0; t < n; t++)
        for (int r = 0; r < f->rows; r++) {
            const float *w = f->weights + r * f->cols;
            double size, exact = exact_dot(w, x + t * f->cols, f->cols, &size), sum_w = 0;
            for (int c = 0; c < f->cols; c++) sum_w += fabs((double)w[c]);
            double tolerance = size * 0x1p-24 * (f->cols + 2);
            if (quantised) tolerance = sum_w * (0.6 / 32767 + 0x1p-19);
            CHECK(fabs(y[t * f->rows + r] - exact) <= tolerance, "%s %s %dx%d n %d: [%d][%d] %g %g",
                  v->name, jl_type_get(f->type)->name, f->rows, f->cols, n, t, r,
                  (double)y[t * f->rows + r], exact);
        }
}

static void test_matmul(void) {
    FOR_VARIANTS(v) {
        for (int k = 0; k < N_TYPES; k++)
            for (int rows = 1; rows <= 40; rows++)
                for (int n = 1; n <= 9; n++) {
                    fixture f =
                        fixture_make(types[k], rows, cols_of(types[k], (rows * 9 + n) % 67));
                    float *x = get((size_t)(n * f.cols) * sizeof *x + 1);
                    float *y = get((size_t)(n * rows + 1) * sizeof *y);
                    random_fill(x, (size_t)(n * f.cols), 1);
                    multiply(v, &f.w, x, n, y);
                    check_product(v, &f, x, n, y);
                    CHECK(jl_float_to_bits(y[n * rows]) == 0xa5a5a5a5u, "%s wrote past y", v->name);
                    free(x), free(y), fixture_free(&f);
                }
    }
}

/* Same bits: a variant and the reference, and a batch and its tokens. Columns past one chunk
 * too. */
static void test_matmul_same_bits(void) {
    static const int many[] = { 0, 1, 2, 3, 4, 5, 17, 33 }; /* blocks of 32 columns */
    FOR_VARIANTS(v) {
        for (int k = 0; k < N_TYPES; k++)
            for (int round = 0; round < 72; round++) {
                int n = 1 + round % 9, rows = 1 + random_below(40);
                int floats = jl_pack_layout(types[k]) < JL_LAYOUT_Q8;
                int cols = many[round / 9] * JL_BLOCK + (floats ? 1 + random_below(40) : 0);
                fixture f = fixture_make(types[k], rows, cols);
                float *x = get((size_t)(n * cols) * sizeof *x + 1);
                float *y = get((size_t)(n * rows) * sizeof *y);
                float *one = get((size_t)(n * rows) * sizeof *y);
                random_fill(x, (size_t)(n * cols), round % 2 ? 1 : 1e8f);
                if (round % 5 == 4 && cols) x[random_below(n * cols)] = specials[random_below(8)];
                for (int t = 0; t < n; t++)
                    multiply(variants, &f.w, x + t * cols, 1, one + t * rows);
                multiply(v, &f.w, x, n, y);
                CHECK(same_bits(y, one, (size_t)(n * rows)), "%s %s %dx%d n %d", v->name,
                      jl_type_get(types[k])->name, rows, cols, n);
                for (int t = 0; t < n; t++) multiply(v, &f.w, x + t * cols, 1, one + t * rows);
                CHECK(same_bits(y, one, (size_t)(n * rows)), "%s %s %dx%d n %d one by one", v->name,
                      jl_type_get(types[k])->name, rows, cols, n);
                free(x), free(y), free(one), fixture_free(&f);
            }
    }
}

/* Any bytes as a file: nothing may trap or be undefined, and the variants still agree. */
static void test_matmul_of_garbage(void) {
    FOR_VARIANTS(v) {
        for (int round = 0; round < 60; round++) {
            jl_type type = types[round % N_TYPES];
            int n = 1 + round % 5, rows = 16 + random_below(9), cols = 64;
            size_t bytes = row_bytes(type, cols) * (size_t)rows;
            uint8_t *file = get(bytes);
            float x[5 * 64], y[5 * 24], y2[5 * 24];
            for (size_t i = 0; i < bytes; i++) file[i] = (uint8_t)random_bits();
            for (int i = 0; i < 5 * 64; i++)
                x[i] = jl_bits_to_float(random_bits() << 8 | random_bits() >> 16);
            jl_matrix w = pack(type, rows, cols, file);
            multiply(variants, &w, x, n, y);
            multiply(v, &w, x, n, y2);
            CHECK(same_bits(y, y2, (size_t)(n * rows)), "%s %s", v->name, jl_type_get(type)->name);
            free(w.data), free(file);
        }
    }
}

/* -- Attention --------------------------------------------------------------------------------- */

typedef struct cache {
    jl_kv_type type;
    int hd, n_keys;
    float *k, *v;             /* [n_keys][hd], values that the type holds exactly */
    uint8_t *k_tile, *v_tile; /* slots after n_keys hold NaN */
} cache;

static float cache_value(jl_kv_type type, float size) {
    float f = random_unit() * size;
    return type == JL_KV_F16 ? jl_half_to_float(jl_float_to_half(f)) : f;
}

static cache cache_make(const variant *v, jl_kv_type type, int hd, int n_keys) {
    cache c = { .type = type, .hd = hd, .n_keys = n_keys };
    size_t n = (size_t)(n_keys * hd), bytes = jl_kv_tile_bytes(type, hd);
    size_t stored = (size_t)(n_keys + JL_KV_TILE - 1) / JL_KV_TILE * bytes;
    c.k = get(n * sizeof *c.k), c.v = get(n * sizeof *c.v);
    c.k_tile = get(stored), c.v_tile = get(stored);
    memset(c.k_tile, 0xff, stored), memset(c.v_tile, 0xff, stored);
    for (size_t i = 0; i < n; i++) {
        c.k[i] = cache_value(type, 3);
        c.v[i] = cache_value(type, random_below(9) ? 2 : 1e-6f);
    }
    for (int j = 0; j < n_keys; j++) {
        size_t tile = (size_t)(j / JL_KV_TILE) * bytes;
        v->kv_store(type, c.k_tile + tile, c.v_tile + tile, j % JL_KV_TILE, c.k + j * hd,
                    c.v + j * hd, hd);
    }
    return c;
}

static void cache_free(cache *c) {
    free(c->k), free(c->v), free(c->k_tile), free(c->v_tile);
}

/* Softmax attention in double: weights [n_keys] and out [hd]. */
static void exact_attention(const cache *c, const float *q, int n_keys, double *weights,
                            double *out) {
    double max = -INFINITY, sum = 0;
    for (int j = 0; j < n_keys; j++) {
        weights[j] = 0;
        for (int d = 0; d < c->hd; d++) weights[j] += (double)q[d] * c->k[j * c->hd + d];
        if (weights[j] > max) max = weights[j];
    }
    for (int j = 0; j < n_keys; j++) sum += weights[j] = exp(weights[j] - max);
    for (int d = 0; d < c->hd; d++) out[d] = 0;
    for (int j = 0; j < n_keys; j++) {
        weights[j] /= sum;
        for (int d = 0; d < c->hd; d++) out[d] += weights[j] * c->v[j * c->hd + d];
    }
}

static const int head_dims[] = { 1, 2, 3, 4, 6, 7, 8, 12, 16, 20, 33, 64, 80, 96, 100, 128, 256 };
enum { N_HEAD_DIMS = sizeof head_dims / sizeof *head_dims, MAX_KEYS = 150, MAX_QUERIES = 7 };

static void test_attention(void) {
    FOR_VARIANTS(v) {
        for (int k = 0; k < N_HEAD_DIMS * 8; k++) {
            int hd = head_dims[k % N_HEAD_DIMS], n_q = 1 + random_below(MAX_QUERIES);
            int n_keys[MAX_QUERIES], longest = 1;
            for (int i = 0; i < n_q; i++) {
                n_keys[i] = 1 + random_below(k / N_HEAD_DIMS < 4 ? 40 : MAX_KEYS);
                if (n_keys[i] > longest) longest = n_keys[i];
            }
            cache c = cache_make(v, k / N_HEAD_DIMS % 2 ? JL_KV_F32 : JL_KV_F16, hd, longest);
            float q[MAX_QUERIES * 256], out[MAX_QUERIES * 256], weights[MAX_KEYS];
            void *scratch = get(jl_attention_bytes(hd, n_q));
            random_fill(q, (size_t)(n_q * hd), 3 / sqrtf((float)hd));
            v->attention(c.type, q, n_q, n_keys, c.k_tile, c.v_tile, hd, out, scratch);
            for (int i = 0; i < n_q; i++) {
                double w[MAX_KEYS], exact[256], sum = 0;
                exact_attention(&c, q + i * hd, n_keys[i], w, exact);
                for (int d = 0; d < hd; d++)
                    CHECK(fabs(out[i * hd + d] - exact[d]) < 1e-5, "%s hd %d: %g %g", v->name, hd,
                          (double)out[i * hd + d], exact[d]);
                v->attention_weights(c.type, q + i * hd, n_keys[i], c.k_tile, hd, weights);
                for (int j = 0; j < n_keys[i]; j++) {
                    CHECK(fabs(weights[j] - w[j]) < 2e-6, "%s hd %d key %d", v->name, hd, j);
                    sum += weights[j];
                }
                CHECK(fabs(sum - 1) < 1e-6, "%s %.9g", v->name, sum);
            }
            free(scratch), cache_free(&c);
        }
    }
}

/* A variant and the reference, a batch and its queries, and scores that grow or overflow. */
static void test_attention_same_bits(void) {
    FOR_VARIANTS(v) {
        for (int k = 0; k < N_HEAD_DIMS * 16; k++) {
            int hd = head_dims[k % N_HEAD_DIMS], n_q = 1 + random_below(MAX_QUERIES);
            int n_keys[MAX_QUERIES], longest = 1 + random_below(MAX_KEYS);
            for (int i = 0; i < n_q; i++) n_keys[i] = 1 + random_below(longest);
            cache c = cache_make(variants, k & 1 ? JL_KV_F32 : JL_KV_F16, hd, longest);
            float q[MAX_QUERIES * 256], out[MAX_QUERIES * 256], one[256];
            float w[MAX_KEYS], w2[MAX_KEYS];
            static const float sizes[] = { 0, 0.5f, 1, 10, 1e4f, 1e38f, 3e38f, 1e-40f };
            random_fill(q, (size_t)(n_q * hd), sizes[k / N_HEAD_DIMS / 2]);
            if (k % 11 == 0) q[random_below(n_q * hd)] = specials[random_below(N_SPECIALS)];
            void *scratch = get(jl_attention_bytes(hd, n_q));
            v->attention(c.type, q, n_q, n_keys, c.k_tile, c.v_tile, hd, out, scratch);
            for (int i = 0; i < n_q; i++) {
                variants->attention(c.type, q + i * hd, 1, n_keys + i, c.k_tile, c.v_tile, hd, one,
                                    scratch);
                CHECK(same_bits(one, out + i * hd, (size_t)hd), "%s hd %d q %d", v->name, hd, i);
                v->attention(c.type, q + i * hd, 1, n_keys + i, c.k_tile, c.v_tile, hd, one,
                             scratch);
                CHECK(same_bits(one, out + i * hd, (size_t)hd), "%s hd %d q %d alone", v->name, hd,
                      i);
                variants->attention_weights(c.type, q + i * hd, n_keys[i], c.k_tile, hd, w);
                v->attention_weights(c.type, q + i * hd, n_keys[i], c.k_tile, hd, w2);
                CHECK(same_bits(w, w2, (size_t)n_keys[i]), "%s hd %d weights", v->name, hd);
            }
            free(scratch), cache_free(&c);
        }
    }
}

/* Rounding to a cache of halves: nearest even, 65504 instead of infinity, and nothing beside the
 * slot. */
static void test_kv_store(void) {
    float x[256], y[256];
    FOR_VARIANTS(v) {
        for (int k = 0; k < N_HEAD_DIMS * 20; k++) {
            int hd = head_dims[k % N_HEAD_DIMS], slot = random_below(JL_KV_TILE);
            size_t n = (size_t)(hd * JL_KV_TILE);
            uint16_t *kt = get(2 * n), *vt = get(2 * n);
            for (int i = 0; i < hd; i++) {
                x[i] = jl_bits_to_float(random_bits() << 8 | random_bits() >> 16);
                if (k & 1) x[i] = random_unit() * 65536;
                y[i] = random_below(2) ? random_unit() * 1e-4f : random_unit() * 4;
                if (x[i] != x[i]) x[i] = 1;
            }
            x[0] = k & 1 ? -INFINITY : 65520;
            v->kv_store(JL_KV_F16, kt, vt, slot, x, y, hd);
            for (int d = 0; d < hd; d++) {
                uint16_t h = jl_float_to_half(x[d]);
                if ((h & 0x7fff) == 0x7c00) h--;
                CHECK(kt[d * JL_KV_TILE + slot] == h, "%s %g", v->name, (double)x[d]);
                CHECK(vt[slot * hd + d] == jl_float_to_half(y[d]), "%s %g", v->name, (double)y[d]);
            }
            for (int i = 0; i < (int)n; i++) {
                CHECK(i % JL_KV_TILE == slot || kt[i] == 0xa5a5, "%s", v->name);
                CHECK(i / hd == slot || vt[i] == 0xa5a5, "%s", v->name);
            }
            free(kt), free(vt);
        }
    }
}

/* A cache of floats keeps the bits, and nothing beside the slot is written. */
static void test_kv_store_floats(void) {
    float x[256], y[256];
    FOR_VARIANTS(v) {
        for (int k = 0; k < N_HEAD_DIMS * 4; k++) {
            int hd = head_dims[k % N_HEAD_DIMS], slot = random_below(JL_KV_TILE);
            float *kt = get(jl_kv_tile_bytes(JL_KV_F32, hd)),
                  *vt = get(jl_kv_tile_bytes(JL_KV_F32, hd));
            for (int i = 0; i < hd; i++) {
                x[i] = jl_bits_to_float(random_bits() << 8 | random_bits() >> 16);
                y[i] = random_unit();
            }
            v->kv_store(JL_KV_F32, kt, vt, slot, x, y, hd);
            for (int i = 0; i < hd * JL_KV_TILE; i++) {
                uint32_t in_k = jl_float_to_bits(kt[i]), in_v = jl_float_to_bits(vt[i]);
                uint32_t is_k =
                    i % JL_KV_TILE == slot ? jl_float_to_bits(x[i / JL_KV_TILE]) : 0xa5a5a5a5u;
                uint32_t is_v = i / hd == slot ? jl_float_to_bits(y[i % hd]) : 0xa5a5a5a5u;
                CHECK(in_k == is_k && in_v == is_v, "%s hd %d element %d", v->name, hd, i);
            }
            free(kt), free(vt);
        }
    }
}

int main(void) {
    RUN(test_exp);
    RUN(test_vectors);
    RUN(test_rope);
    RUN(test_vectors_same_bits);
    RUN(test_act_rounding);
    RUN(test_act_specials);
    RUN(test_pack_is_exact);
    RUN(test_matmul);
    RUN(test_matmul_same_bits);
    RUN(test_matmul_of_garbage);
    RUN(test_kv_store);
    RUN(test_kv_store_floats);
    RUN(test_attention);
    RUN(test_attention_same_bits);
    return check_report(N_VARIANTS > 1 ? "c_kernels (ref, simd)" : "c_kernels (ref)");
}
