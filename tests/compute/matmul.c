/* matmul.c - compute/: packing, prepared activations and matrix products against double formulas,
 * and every variant against the reference bit for bit.
 *
 * Natively only the reference exists; the wasm build (make wasm-tests) links simd*.c and compares.
 */
#include "../helpers/check_kernels.h"

#include "../../src/compute/pack.h"

typedef struct variant {
    const char *name;
    void (*act_prepare)(jl_act *, const float *, int, int, jl_layout);
    void (*matmul)(const jl_matrix *, const jl_act *, float *, int, int);
} variant;

#define VARIANT(suffix)                                                                            \
    { #suffix, jl_act_prepare__##suffix, jl_matmul__##suffix }

static const variant variants[] = VARIANTS;

/* -- Activations ------------------------------------------------------------------------------- */

/* Offset in blocks of token t, block b in a prepared batch; *stride: between column pairs. */
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
                for (int i = 0; i < 32; i++) x[i] *= 1e-12f; /* one small block among large ones */
                jl_act_init(&a, scratch, n, cols);
                v->act_prepare(&a, x, n, cols, JL_LAYOUT_Q8);
                CHECK(a.n == n && a.cols == cols && a.x == x, "%s", v->name);
                for (int t = 0; t < n; t++) {
                    int32_t sum = 0;
                    for (int c = 0; c < cols; c++) {
                        double s, q = act_value(&a, t, c, &s), error = x[t * cols + c] - s * q;
                        CHECK(fabs(error) <= s * 0.503, "%s t %d c %d", v->name, t, c);
                        sum = (c % 16 ? sum : 0) + (int32_t)q;
                        size_t stride, at = act_at(&a, t, c / 32, &stride),
                                       half = (size_t)(c % 32 / 16);
                        size_t slot = 2 * at + half * stride / 2 + (n == 1 ? 0 : (size_t)t % 4);
                        if (c % 16 == 15) CHECK(a.sum[slot] == sum, "%s", v->name);
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

/* One block each of ties, zeros, tiny, huge and non-finite values. */
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
            CHECK(a.scale[0] == 0 && a.sum[0] == 0 && a.sum[1] == 0 && a.q[0] == 0, "%s %d",
                  v->name, i);
        }
        x[5] = 0x1p30f;
        v->act_prepare(&a, x, 1, 32, JL_LAYOUT_Q4);
        CHECK(a.scale[0] == 0x1p30f / 32767 && a.q[5] == 32767, "%s", v->name);
        free(scratch);
    }
}

/* -- Matrices ---------------------------------------------------------------------------------- */

static const jl_type types[] = { JL_F32,    JL_F16,    JL_BF16,    JL_Q8_0,  JL_Q4_0,  JL_Q4_1,
                                 JL_Q5_0,   JL_Q5_1,   JL_Q2_K,    JL_Q3_K,  JL_Q4_K,  JL_Q5_K,
                                 JL_Q6_K,   JL_IQ4_NL, JL_IQ4_XS,  JL_TQ1_0, JL_TQ2_0, JL_MXFP4,
                                 JL_NVFP4,  JL_IQ1_S,  JL_IQ1_M,   JL_Q1_0,  JL_Q2_0,  JL_IQ2_XXS,
                                 JL_IQ2_XS, JL_IQ2_S,  JL_IQ3_XXS, JL_IQ3_S };
enum { N_TYPES = sizeof types / sizeof *types };

static size_t row_bytes(jl_type type, int cols) {
    const jl_type_info *info = jl_type_get(type);
    return (size_t)(cols / info->block) * (size_t)info->bytes;
}

/* A finite half float of either sign, sometimes subnormal or zero. */
static uint16_t random_half(void) {
    float f = random_unit() * (random_below(8) ? 0.1f : 2e-5f);
    return random_below(50) ? jl_float_to_half(f) : 0;
}

/* Offset of the half floats in a block of a type; −1: none. */
static void half_places(jl_type type, int *d, int *m) {
    *d = 0, *m = -1;
    if (type == JL_Q4_1 || type == JL_Q5_1 || type == JL_Q4_K || type == JL_Q5_K) *m = 2;
    if (type == JL_Q2_K) *d = 80, *m = 82;
    if (type == JL_Q3_K) *d = 108;
    if (type == JL_Q6_K) *d = 208;
    if (type == JL_TQ1_0) *d = 52;
    if (type == JL_TQ2_0) *d = 64;
}

/* Random file bytes of that type: all quants, scales of ordinary size. */
static void random_rows(jl_type type, int rows, int cols, uint8_t *out) {
    size_t n = row_bytes(type, cols) * (size_t)rows;
    for (size_t i = 0; i < n; i++) out[i] = (uint8_t)random_bits();
    size_t step = type == JL_F32 ? 4 : (size_t)jl_type_get(type)->bytes;
    int at_d, at_m;
    half_places(type, &at_d, &at_m);
    for (size_t i = 0; i < n; i += step) {
        uint16_t h = random_half(), m = random_half();
        float f = jl_half_to_float(h) * 1.37f;
        uint16_t high = (uint16_t)(jl_float_to_bits(f) >> 16);
        if (type == JL_F32)
            memcpy(out + i, &f, 4);
        else if (type == JL_MXFP4)
            out[i] = (uint8_t)(120 + random_below(8));
        else if (type == JL_IQ1_M)
            for (size_t k = 0; k < 4; k++)
                out[i + 49 + 2 * k] =
                    (uint8_t)((out[i + 49 + 2 * k] & 15) | (h >> 4 * k & 15) << 4);
        else if (type != JL_NVFP4)
            memcpy(out + i + at_d, type == JL_BF16 ? &high : &h, 2);
        if (at_m >= 0) memcpy(out + i + at_m, &m, 2);
    }
}

/* Packs like the loader: 16 rows at a time from unaligned bytes. */
static jl_matrix pack(jl_type type, int rows, int cols, const uint8_t *file) {
    jl_layout layout = jl_pack_layout(type);
    size_t bytes = jl_matrix_bytes(layout, rows, cols);
    jl_matrix w = { get(bytes + 1), rows, cols, layout, NULL };
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
    float *weights; /* [rows][cols], its jl_dequantize */
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
    int block = jl_type_get(type)->block;
    return block == 1 ? i + 1 : i % (block == 256 ? 3 : 4) * block;
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
            free(out), fixture_free(&f);
        }
}

#ifndef __wasm__ /* WASI tests have no files */
/* src/README.md's table of types has the bits of every type, in the file and packed. */
static void test_readme_table(void) {
    static char text[1 << 18];
    FILE *file = fopen("src/README.md", "rb");
    if (!file) SKIP("src/README.md is not in the working directory");
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = 0;
    for (uint32_t i = 0; i < 64; i++) {
        const jl_type_info *info = jl_type_get(i);
        char row[40], found_file[16], found_memory[16], file_bits[16], memory_bits[16];
        if (!info->bytes) continue;
        snprintf(row, sizeof row, "\n| %s ", info->name);
        const char *at = strstr(text, row);
        int fields = at ? sscanf(at, "%*[^|]|%*[^|]| %15s | %15s |", found_file, found_memory) : 0;
        size_t memory = jl_matrix_bytes(jl_pack_layout((jl_type)i), JL_PANEL, 256);
        snprintf(file_bits, sizeof file_bits, "%.5g", 8.0 * info->bytes / info->block);
        snprintf(memory_bits, sizeof memory_bits, "%.5g", 8.0 * (double)memory / (256 * JL_PANEL));
        CHECK(fields == 2, "no row of %s", info->name);
        CHECK(fields == 2 && !strcmp(found_file, file_bits) && !strcmp(found_memory, memory_bits),
              "%s: %s and %s bits", info->name, file_bits, memory_bits);
    }
}
#endif

/* Prepares x for a matrix with one variant, multiplies with another; the caller frees y
 * [n][rows]. */
static void multiply(const variant *v, const jl_matrix *w, const float *x, int n, float *y) {
    void *scratch = get(jl_act_bytes(n, w->cols));
    int panels = (w->rows + JL_PANEL - 1) / JL_PANEL, middle = panels / 2;
    jl_act a;
    jl_act_init(&a, scratch, n, w->cols);
    v->act_prepare(&a, x, n, w->cols, w->layout);
    v->matmul(w, &a, y, 0, middle); /* in two parts, like two threads */
    v->matmul(w, &a, y, middle, panels);
    free(scratch);
}

/* The sum in double and the total size of its terms, to which tolerances are relative. */
static double exact_dot(const float *w, const float *x, int cols, double *size) {
    double sum = 0;
    *size = 0;
    for (int c = 0; c < cols; c++) {
        sum += (double)w[c] * x[c];
        *size += fabs((double)w[c] * x[c]);
    }
    return sum;
}

/* Against double products of dequantised weights and exact activations. Tolerances: F layouts round
 * each term and partial sum (cols · 2^-24 of the terms' size); Q layouts add the rounding of
 * activations, at most max|x|/65534 · Σ|w|, and one sum per block. */
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

/* Equal bits: variant and reference, batch and single tokens, also past one chunk of columns. */
static void test_matmul_same_bits(void) {
    static const int many[] = { 0, 1, 2, 3, 4, 5, 17, 33 }; /* blocks */
    FOR_VARIANTS(v) {
        for (int k = 0; k < N_TYPES; k++)
            for (int round = 0; round < 72; round++) {
                int n = 1 + round % 9, rows = 1 + random_below(40);
                int block = jl_type_get(types[k])->block;
                int cols = many[round / 9] * block;
                if (block == 1) cols = many[round / 9] * JL_BLOCK + 1 + random_below(40);
                if (block == 256) cols = many[round / 9] / 4 * block;
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

/* Any bytes as a file: no trap, no undefined behaviour, and equal variants. */
static void test_matmul_of_garbage(void) {
    FOR_VARIANTS(v) {
        for (int round = 0; round < 150; round++) {
            jl_type type = types[round % N_TYPES];
            int n = 1 + round % 5, rows = 16 + random_below(9), cols = 256;
            size_t bytes = row_bytes(type, cols) * (size_t)rows;
            uint8_t *file = get(bytes);
            float x[5 * 256], y[5 * 24], y2[5 * 24];
            for (size_t i = 0; i < bytes; i++) file[i] = (uint8_t)random_bits();
            for (int i = 0; i < 5 * 256; i++)
                x[i] = jl_bits_to_float(random_bits() << 8 | random_bits() >> 16);
            jl_matrix w = pack(type, rows, cols, file);
            multiply(variants, &w, x, n, y);
            multiply(v, &w, x, n, y2);
            CHECK(same_bits(y, y2, (size_t)(n * rows)), "%s %s", v->name, jl_type_get(type)->name);
            free(w.data), free(file);
        }
    }
}

int main(void) {
    RUN(test_act_rounding);
    RUN(test_act_specials);
    RUN(test_pack_is_exact);
#ifndef __wasm__
    RUN(test_readme_table);
#endif
    RUN(test_matmul);
    RUN(test_matmul_same_bits);
    RUN(test_matmul_of_garbage);
    return check_report("compute/matmul (" VARIANT_NAMES ")");
}
