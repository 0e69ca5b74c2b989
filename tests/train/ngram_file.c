/* ngram_file.c - pruned n-gram models, their files, hostile files. */
#include <math.h>
#include <string.h>

#include "../../src/base/memory.h"
#include "../../src/base/random.h"
#include "../../src/train/ngram_file.h"
#include "../helpers/check.h"

enum { VOCAB = 7, STREAM = 600, ORDER = 4 };
static int32_t ids[STREAM];

static jl_ngram *model(void) {
    jl_random r;
    jl_random_seed(&r, 5);
    for (int i = 0; i < STREAM; i++) {
        int a = (int)(jl_random_bits(&r) % (VOCAB - 1)), b = (int)(jl_random_bits(&r) % VOCAB);
        ids[i] = i > 1 && b < 4 ? (ids[i - 1] + ids[i - 2]) % (VOCAB - 1) : a;
    }
    return jl_ngram_train(ids, STREAM, VOCAB, ORDER, NULL);
}

/* In seen and unseen contexts, a distribution sums to one and equals probability(). */
static void check_distributions(const jl_ngram *m, int length) {
    int32_t context[ORDER];
    int all = 1;
    for (int i = 0; i < length; i++) all *= VOCAB;
    for (int which = 0; which < all; which++) {
        float p[VOCAB];
        double sum = 0;
        for (int i = length, rest = which; i-- > 0; rest /= VOCAB) context[i] = rest % VOCAB;
        jl_ngram_distribution(m, context, (size_t)length, p);
        for (int w = 0; w < VOCAB; w++) {
            double one = jl_ngram_probability(m, context, (size_t)length, w);
            CHECK(p[w] > 0 && fabs((double)p[w] - one) < 1e-6, "%g, %g", (double)p[w], one);
            sum += (double)p[w];
        }
        CHECK(fabs(sum - 1) < 1e-4, "context %d of %d: the sum is %g", which, length, sum);
    }
}

static void pruned_models_are_distributions(void) {
    jl_ngram *m = model();
    double before = jl_ngram_nats(m, ids, STREAM), last = before;
    for (size_t max = 400; max > 3; max /= 2) {
        jl_ngram *p = jl_ngram_prune(m, max, NULL);
        size_t n = 0;
        for (int k = 2; k <= ORDER; k++) n += jl_ngram_count(p, k);
        CHECK(n <= max && n + 40 > max, "%zu of %zu", n, max);
        for (int length = 0; length < ORDER; length++) check_distributions(p, length);
        double nats = jl_ngram_nats(p, ids, STREAM);
        CHECK(nats > last - 1, "%zu n-grams: %g nats after %g", max, nats, last);
        last = nats;
        jl_ngram_free(p);
    }
    CHECK(last > before * 1.05);
    jl_ngram_free(m);
}

static void pruning_nothing_changes_nothing(void) {
    jl_ngram *m = model(), *p = jl_ngram_prune(m, 1 << 20, NULL);
    for (int k = 1; k <= ORDER; k++) CHECK(jl_ngram_count(p, k) == jl_ngram_count(m, k));
    double a = jl_ngram_nats(m, ids, STREAM), b = jl_ngram_nats(p, ids, STREAM);
    CHECK(fabs(a - b) < 1e-3 * a, "%g, %g", a, b);
    jl_ngram_free(p);
    jl_ngram_free(m);
}

/* ---- Files ----------------------------------------------------------------------------------- */

static uint8_t *written(const jl_ngram *m, size_t *n) {
    jl_gguf none = { 0 };
    *n = (size_t)jl_ngram_write(m, &none, "test", NULL);
    uint8_t *bytes = malloc(*n);
    CHECK(jl_ngram_write(m, &none, "test", bytes) == *n);
    return bytes;
}

static void a_file_keeps_an_eighth_of_a_bit(void) {
    jl_ngram *m = model(), *p = jl_ngram_prune(m, 150, NULL);
    size_t n;
    uint8_t *bytes = written(p, &n);
    jl_error e = { 0 };
    jl_ngram *back = jl_ngram_open(bytes, n, &e);
    CHECK(back, "%s", e.message);
    CHECK(jl_ngram_order(back) == ORDER && jl_ngram_count(back, 2) == jl_ngram_count(p, 2));
    for (int length = 0; length < ORDER; length++) check_distributions(back, length);
    double a = jl_ngram_nats(p, ids, STREAM), b = jl_ngram_nats(back, ids, STREAM);
    CHECK(fabs(a - b) < 0.02 * a, "%g, %g", a, b);
    free(bytes);
    jl_ngram_free(back);
    jl_ngram_free(p);
    jl_ngram_free(m);
}

/* Whatever a file says, the distributions of some contexts sum to one. */
static void check_sums(const jl_ngram *m, size_t at) {
    enum { MAX_VOCAB = 256 };
    int n_vocab = jl_ngram_n_vocab(m);
    float p[MAX_VOCAB];
    if (n_vocab > MAX_VOCAB) return;
    for (int i = 0; i < 3 * VOCAB; i++) {
        int32_t context[ORDER];
        double sum = 0;
        for (int k = 0; k < ORDER; k++) context[k] = (i + k * (1 + i / VOCAB)) % n_vocab;
        jl_ngram_distribution(m, context, (size_t)(i % ORDER), p);
        for (int w = 0; w < n_vocab; w++) sum += (double)p[w];
        CHECK(fabs(sum - 1) < 1e-2, "byte %zu, context %d: the sum is %g", at, i, sum);
    }
}

static void hostile_files(void) {
    jl_ngram *m = model(), *p = jl_ngram_prune(m, 60, NULL);
    size_t n;
    uint8_t *bytes = written(p, &n);
    int refused = 0, read = 0;
    static const uint8_t values[] = { 0, 1, 6, 7, 8, 0x7f, 0x80, 0xff };
    for (size_t at = 0; at < n; at++)
        for (size_t v = 0; v < sizeof values; v++) {
            jl_error e = { 0 };
            uint8_t was = bytes[at];
            bytes[at] = values[v];
            jl_ngram *back = jl_ngram_open(bytes, n, &e);
            bytes[at] = was;
            refused += !back;
            read += back != NULL;
            if (!back) continue;
            double nats = jl_ngram_nats(back, ids, 1);
            CHECK(nats >= 0 && nats < 1000, "byte %zu: %g", at, nats);
            check_sums(back, at);
            jl_ngram_free(back);
        }
    CHECK(refused > 1000 && read > 1000, "%d refused, %d read", refused, read);
    for (size_t length = 0; length < n; length++) CHECK(!jl_ngram_open(bytes, length, NULL));
    free(bytes);
    jl_ngram_free(p);
    jl_ngram_free(m);
}

static void every_allocation_may_fail(void) {
#ifndef JL_DEBUG
    SKIP("allocations are counted in debug builds alone");
#else
    jl_ngram *m = model();
    size_t n;
    uint8_t *bytes = written(m, &n);
    int live = jl_memory_live();
    for (int what = 0; what < 2; what++) {
        jl_ngram *p = NULL;
        int i = 0;
        for (; !p && i < 100; i++) {
            jl_error e = { 0 };
            jl_memory_fail_after(i);
            p = what ? jl_ngram_open(bytes, n, &e) : jl_ngram_prune(m, 100, &e);
            jl_memory_fail_after(-1);
            if (!p) CHECK(e.code == JL_ERR_MEMORY && jl_memory_live() == live, "allocation %d", i);
        }
        CHECK(p && i > 10, "%d allocations", i);
        jl_ngram_free(p);
        CHECK(jl_memory_live() == live);
    }
    free(bytes);
    jl_ngram_free(m);
#endif
}

int main(void) {
    RUN(pruned_models_are_distributions);
    RUN(pruning_nothing_changes_nothing);
    RUN(a_file_keeps_an_eighth_of_a_bit);
    RUN(hostile_files);
    RUN(every_allocation_may_fail);
    return check_report("train/ngram_file");
}
