/* fast.c - compute/: the products of precision `fast`: the oracle against double formulas; the
 * build's own and relaxed SIMD products against the oracle bit for bit.
 *
 * Natively only the oracle exists. A separate wasm program links relaxed.c if its compiler exists,
 * and needs an engine with relaxed SIMD. The oracle is jl_act_prepare_fast__ref with the
 * jl_matmul__ref of all products.
 */
#include "../helpers/check_kernels.h"

#include "../../src/compute/pack.h"
#include "../../src/jielong_host.h"

static const jl_type types[] = { JL_Q8_0, JL_Q4_0, JL_Q4_1, JL_Q5_0, JL_Q5_1,
                                 JL_Q2_K, JL_Q3_K, JL_Q4_K, JL_Q5_K, JL_Q6_K };
enum { N_TYPES = sizeof types / sizeof *types };

enum { MAX_IDS = 64 };

enum { ALL = JL_RELAXED_BATCHES | JL_RELAXED_ONE };

static const jl_precision oracle = { 1, jl_act_prepare_fast__ref, jl_matmul__ref, ALL };
static const jl_precision own = { 1, NULL, NULL, 0 };
#ifdef JL_RELAXED
static const jl_precision relaxed = { 1, jl_act_prepare_fast__relaxed, jl_matmul_fast__relaxed,
                                      ALL };
#endif

/* Any bytes are a valid matrix of these types if their half floats are ordinary. */
static uint8_t *random_file(jl_type type, size_t n, int garbage) {
    const jl_type_info *info = jl_type_get(type);
    uint8_t *file = get(n + 1);
    for (size_t i = 0; i < n; i++) file[i] = (uint8_t)random_bits();
    for (size_t i = 0; i < n && !garbage; i += (size_t)info->bytes) {
        uint16_t h = jl_float_to_half(random_unit() * 0.1f);
        int at = type == JL_Q2_K ? 80 : type == JL_Q3_K ? 108 : type == JL_Q6_K ? 208 : 0;
        memcpy(file + i + at, &h, 2);
        if (type == JL_Q4_1 || type == JL_Q5_1 || type == JL_Q4_K || type == JL_Q5_K ||
            type == JL_Q2_K)
            memcpy(file + i + at + 2, &h, 2);
    }
    return file;
}

static jl_matrix pack(jl_type type, int rows, int cols, const uint8_t *file) {
    const jl_type_info *info = jl_type_get(type);
    size_t row = (size_t)(cols / info->block) * (size_t)info->bytes;
    jl_layout layout = jl_pack_layout(type);
    jl_matrix w = { get(jl_matrix_bytes(layout, rows, cols) + 1), rows, cols, layout, NULL };
    memset(w.data, 0, jl_matrix_bytes(layout, rows, cols));
    for (int r = 0; r < rows; r += JL_PANEL)
        jl_pack_panel(&w, type, r, rows - r < JL_PANEL ? rows - r : JL_PANEL,
                      file + row * (size_t)r);
    return w;
}

/* Prepares a batch whole, or as the two parts of two threads (jl_act_part). */
static void prepare(jl_act *a, const jl_matrix *w, const float *x, int n, int in_parts) {
    int left = n - JL_TILE;
    jl_act part;
    if (!in_parts || left < 2) {
        jl_act_prepare(a, x, n, w->cols, w->layout);
        return;
    }
    jl_act_part(&part, a, w->cols, JL_TILE);
    jl_act_prepare(&part, x + JL_TILE * w->cols, left, w->cols, w->layout);
    jl_act_part(&part, a, w->cols, 0);
    jl_act_prepare(&part, x, JL_TILE, w->cols, w->layout);
    a->n = n, a->cols = w->cols, a->x = x;
}

static void multiply(const jl_precision *precision, const jl_matrix *w, const float *x, int n,
                     int in_parts, float *y) {
    void *scratch = get(jl_act_bytes(n, w->cols));
    int panels = (w->rows + JL_PANEL - 1) / JL_PANEL, middle = panels / 2;
    jl_act a;
    jl_act_init(&a, scratch, n, w->cols);
    a.precision = precision;
    prepare(&a, w, x, n, in_parts);
    jl_matmul(w, &a, y, 0, middle);
    jl_matmul(w, &a, y, middle, panels);
    free(scratch);
}

/* Rounding error: at most half a step of max|x| / 127 per weight. */
static void test_oracle(void) {
    for (int k = 0; k < N_TYPES; k++) {
        int block = jl_type_get(types[k])->block, rows = 40, cols = block == 256 ? 512 : 96;
        size_t bytes = (size_t)(cols / block * rows) * (size_t)jl_type_get(types[k])->bytes;
        uint8_t *file = random_file(types[k], bytes, 0);
        float *weights = get((size_t)(rows * cols) * sizeof *weights), x[512], y[40];
        jl_dequantize(types[k], file, weights, (size_t)(rows * cols));
        jl_matrix w = pack(types[k], rows, cols, file);
        random_fill(x, 512, 1);
        multiply(&oracle, &w, x, 1, 0, y);
        for (int r = 0; r < rows; r++) {
            double sum = 0, size = 0;
            for (int c = 0; c < cols; c++) {
                sum += (double)weights[r * cols + c] * x[c];
                size += fabs((double)weights[r * cols + c]);
            }
            CHECK(fabs(y[r] - sum) <= size * (0.52 / 127 + 0x1p-18), "%s row %d: %g %g",
                  jl_type_get(types[k])->name, r, (double)y[r], sum);
        }
        free(file), free(weights), free(w.data);
    }
}

/* Any shape and any bytes: the oracle's bits, batched and single. */
static void test_same_bits(const jl_precision *precision) {
    static const int many[] = { 0, 1, 2, 3, 5, 17, 24, 25, 33, 49 }; /* blocks */
    static const float sizes[] = { 1e8f, 1, 0x1p22f, 1, 0x1.000002p22f, 1, 3e6f };
    for (int k = 0; k < N_TYPES; k++)
        for (int round = 0; round < 120; round++) {
            int n = 1 + round % 9, rows = 1 + random_below(50);
            int block = jl_type_get(types[k])->block;
            int cols = many[round % 10] * JL_BLOCK / block * block;
            size_t bytes = (size_t)(cols / block * rows) * (size_t)jl_type_get(types[k])->bytes;
            uint8_t *file = random_file(types[k], bytes, round % 4 == 3);
            float *x = get((size_t)(n * cols) * sizeof *x + 1);
            float *y = get((size_t)(n * rows + 1) * sizeof *y), *y2 = get((size_t)(n * rows) * 4);
            jl_matrix w = pack(types[k], rows, cols, file);
            random_fill(x, (size_t)(n * cols), sizes[round % 7]);
            if (round % 5 == 4 && cols) x[random_below(n * cols)] = specials[random_below(8)];
            multiply(&oracle, &w, x, n, 0, y2);
            multiply(precision, &w, x, n, round % 2, y);
            CHECK(same_bits(y, y2, (size_t)(n * rows)), "%s %dx%d n %d",
                  jl_type_get(types[k])->name, rows, cols, n);
            CHECK(jl_float_to_bits(y[n * rows]) == 0xa5a5a5a5u, "it wrote past y");
            for (int t = 0; t < n; t++) multiply(precision, &w, x + t * cols, 1, 0, y + t * rows);
            CHECK(same_bits(y, y2, (size_t)(n * rows)), "%s %dx%d n %d one by one",
                  jl_type_get(types[k])->name, rows, cols, n);
            free(file), free(x), free(y), free(y2), free(w.data);
        }
}

/* The build's own products with 8-bit activations. */
static void test_own_same_bits(void) {
    test_same_bits(&own);
}

#ifdef JL_RELAXED
static void test_relaxed_same_bits(void) {
    test_same_bits(&relaxed);
}
#endif

#ifndef __wasm__ /* WASI tests have no files */
static char *read_text(const char *path, size_t *n) {
    FILE *file = fopen(path, "rb");
    char *text = get(1 << 20);
    *n = file ? fread(text, 1, (1 << 20) - 1, file) : 0;
    if (file) fclose(file);
    text[*n] = 0;
    return text;
}

static jl_model *load(const char *path) {
    jl_error error = { 0 };
    size_t n, at = 0, room;
    char *file = read_text(path, &n);
    jl_model *m = jl_model_new(n, 0, &error);
    jl_status st = JL_MORE;
    while (st == JL_MORE && at < n) {
        uint8_t *to = jl_model_reserve(m, &room, &error);
        if (room > n - at) room = n - at;
        memcpy(to, file + at, room);
        at += room;
        st = jl_model_feed(m, room, &error);
    }
    if (!st) st = jl_model_finish(m, &error);
    CHECK(st == JL_OK, "%s: %s", path, error.message);
    free(file);
    return m;
}

static uint32_t hash(const float *floats, int n) {
    const uint8_t *p = (const uint8_t *)floats;
    uint32_t h = 0x811c9dc5u; /* FNV-1a */
    for (size_t i = 0; i < (size_t)n * sizeof *floats; i++) h = (h ^ p[i]) * 0x01000193u;
    return h;
}

/* Hashes, shared by all hosts, of the oracle's last logits. Prints a line for each difference, to
 * capture a new golden. */
static void test_golden_hashes(void) {
    size_t n;
    int32_t ids[MAX_IDS];
    int n_ids = 0;
    char *text = read_text("tests/golden/types/ids.json", &n);
    if (!n) {
        free(text);
        SKIP("tests/golden is not in the working directory");
    }
    for (char *p = text + 1; *p && n_ids < MAX_IDS; p += strcspn(p, ",]") + 1)
        ids[n_ids++] = (int32_t)strtol(p, NULL, 10);
    char *wanted = read_text("tests/golden/types/fast.json", &n);
    for (int k = 0; k < N_TYPES; k++) {
        char path[64], name[16] = { 0 }, line[48];
        for (int i = 0; i < 15 && jl_type_get(types[k])->name[i]; i++) {
            char c = jl_type_get(types[k])->name[i];
            name[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        }
        snprintf(path, sizeof path, "tests/golden/types/%s.gguf", name);
        jl_model *m = load(path);
        jl_model_set_precision(m, JL_WEIGHTS_BELOW_8, &oracle);
        jl_model_set_precision(m, JL_WEIGHTS_OF_8, &oracle);
        jl_session *s = jl_session_new(m, NULL, NULL);
        CHECK(!jl_session_append(s, ids, n_ids, NULL) && !jl_session_advance(s, NULL), "%s", path);
        snprintf(line, sizeof line, "\"%s\": \"%08x\"", name,
                 hash(jl_session_logits(s), jl_model_n_vocab(m)));
        CHECK(strstr(wanted, line), "%s", line);
        jl_session_free(s), jl_model_free(m);
    }
    free(text), free(wanted);
}
#endif

int main(void) {
    RUN(test_oracle);
    RUN(test_own_same_bits);
#ifndef __wasm__
    RUN(test_golden_hashes);
#endif
#ifdef JL_RELAXED
    RUN(test_relaxed_same_bits);
    return check_report("compute/fast (oracle, relaxed)");
#else
    return check_report("compute/fast (oracle)");
#endif
}
