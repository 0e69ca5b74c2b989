/* ngram.c - modified Kneser-Ney against the formulas of the paper.
 *
 * The reference scans the whole stream for every count and shares no data structure with ngram.c.
 * `golden/ngram.py` compares whole texts with a third implementation.
 */
#include <math.h>
#include <string.h>

#include "../../src/base/memory.h"
#include "../../src/base/random.h"
#include "../../src/train/ngram.h"
#include "../helpers/check.h"

enum { MAX = 400, MAX_VOCAB = 8 };
static int32_t ids[MAX];
static int n_ids, n_vocab;

static void stream_at_random(jl_random *r, int n, int vocabulary) {
    n_ids = n, n_vocab = vocabulary;
    for (int i = 0; i < n; i++) {
        /* Uneven, so that counts of 1, 2, 3, 4 and more occur. */
        int a = (int)(jl_random_bits(r) % (unsigned)vocabulary);
        int b = (int)(jl_random_bits(r) % (unsigned)vocabulary);
        ids[i] = a < b ? a : b;
    }
}

/* ---- The formulas ---------------------------------------------------------------------------- */

static int occurs_at(int at, const int32_t *gram, int k) {
    return at >= 0 && at + k <= n_ids && memcmp(ids + at, gram, (size_t)k * sizeof *ids) == 0;
}

/* c(gram) in the highest order, N1+(· gram) below. */
static int counted(const int32_t *gram, int k, int order) {
    int count = 0, before[MAX_VOCAB] = { 0 };
    for (int at = 0; at + k <= n_ids; at++) {
        if (!occurs_at(at, gram, k)) continue;
        if (k == order)
            count++;
        else if (at > 0 && !before[ids[at - 1]]++)
            count++;
    }
    return count;
}

static void discounts_of(int k, int order, double d[4]) {
    double of[5] = { 0 };
    for (int at = 0; at + k <= n_ids; at++) {
        int seen = 0;
        for (int i = 0; i < at && !seen; i++) seen = occurs_at(i, ids + at, k);
        int c = seen ? 0 : counted(ids + at, k, order);
        if (c >= 1 && c <= 4) of[c]++;
    }
    double y = of[1] / (of[1] + 2 * of[2]);
    int fine = of[1] > 0 && of[2] > 0 && of[3] > 0 && of[4] > 0;
    d[0] = 0;
    d[1] = fine ? 1 - 2 * y * of[2] / of[1] : 0.5;
    d[2] = fine ? 2 - 3 * y * of[3] / of[2] : 1;
    d[3] = fine ? 3 - 4 * y * of[4] / of[3] : 1.5;
    for (int i = 1; i <= 3; i++) d[i] = d[i] > 0 ? d[i] : 0.5 * i;
}

/* p(gram[k − 1] | gram[0..k − 1)) */
static double reference(const int32_t *gram, int k, int order, double d[][4]) {
    double lower = k > 1 ? reference(gram + 1, k - 1, order, d) : 1.0 / n_vocab, total = 0,
           left = 0;
    int32_t other[8];
    int mine = counted(gram, k, order);
    memcpy(other, gram, (size_t)k * sizeof *other);
    for (int w = 0; w < n_vocab; w++) {
        other[k - 1] = w;
        int c = counted(other, k, order);
        total += c;
        left += d[k][c < 3 ? c : 3];
    }
    if (!(total > 0)) return lower;
    return (mine - d[k][mine < 3 ? mine : 3]) / total + left / total * lower;
}

static void compare(int order) {
    double d[9][4];
    jl_error e = { 0 };
    jl_ngram *m = jl_ngram_train(ids, (size_t)n_ids, n_vocab, order, &e);
    CHECK(m, "%s", e.message);
    if (!m) return;
    for (int k = 1; k <= order; k++) {
        discounts_of(k, order, d[k]);
        for (int c = 1; c <= 3; c++)
            CHECK(fabs(jl_ngram_discounts(m, k)[c - 1] - d[k][c]) < 1e-12, "length %d", k);
    }
    int32_t gram[8] = { 0 };
    int all = 1;
    for (int k = 0; k < order; k++) all *= n_vocab;
    for (int which = 0; which < all; which += n_vocab) {
        double sum = 0;
        for (int w = 0; w < n_vocab; w++) {
            for (int k = order, rest = which + w; k-- > 0; rest /= n_vocab)
                gram[k] = rest % n_vocab;
            double ours = jl_ngram_probability(m, gram, (size_t)order - 1, gram[order - 1]);
            double theirs = reference(gram, order, order, d);
            CHECK(fabs(ours - theirs) < 1e-6 * theirs, "order %d: %g, %g", order, ours, theirs);
            sum += ours;
        }
        CHECK(fabs(sum - 1) < 1e-5, "order %d: the sum is %g", order, sum);
    }
    jl_ngram_free(m);
}

static void probabilities_equal_the_formulas(void) {
    jl_random r;
    jl_random_seed(&r, 1);
    for (int round = 0; round < 6; round++)
        for (int order = 1; order <= 4; order++) {
            stream_at_random(&r, 40 + 60 * round, 3 + round % 3);
            compare(order);
        }
    stream_at_random(&r, 4, 6); /* too small for discounts; unused tokens */
    compare(4);
    compare(1);
}

static void a_stream_is_the_sum_of_its_tokens(void) {
    jl_random r;
    jl_random_seed(&r, 2);
    stream_at_random(&r, 300, 6);
    jl_ngram *m = jl_ngram_train(ids, 200, n_vocab, 3, NULL);
    double nats = 0;
    for (int i = 200; i < n_ids; i++) {
        int n = i - 200 < 2 ? i - 200 : 2;
        nats -= log(jl_ngram_probability(m, ids + i - n, (size_t)n, ids[i]));
    }
    CHECK(fabs(jl_ngram_nats(m, ids + 200, 100) - nats) < 1e-9);
    CHECK(jl_ngram_order(m) == 3 && jl_ngram_count(m, 1) == 6);
    jl_ngram_free(m);
}

static void refusals(void) {
    jl_error e = { 0 };
    int32_t few[3] = { 0, 1, 2 };
    CHECK(!jl_ngram_train(few, 3, 3, 0, &e) && e.code == JL_ERR_ARGUMENT);
    CHECK(!jl_ngram_train(few, 3, 3, 9, NULL) && !jl_ngram_train(few, 3, 3, 4, NULL));
    jl_error_clear(&e);
    CHECK(!jl_ngram_train(few, 3, 2, 2, &e) && strstr(e.message, "token 2"), "%s", e.message);
    few[1] = -1;
    CHECK(!jl_ngram_train(few, 3, 3, 2, NULL));
    jl_ngram_free(NULL);
}

static void every_allocation_may_fail(void) {
#ifndef JL_DEBUG
    SKIP("allocations are counted in debug builds alone");
#else
    jl_random r;
    jl_random_seed(&r, 3);
    stream_at_random(&r, 200, 5);
    int live = jl_memory_live(), n = 0;
    jl_ngram *m = NULL;
    for (; !m && n < 100; n++) {
        jl_error e = { 0 };
        jl_memory_fail_after(n);
        m = jl_ngram_train(ids, 200, 5, 3, &e);
        jl_memory_fail_after(-1);
        if (!m) CHECK(e.code == JL_ERR_MEMORY && jl_memory_live() == live, "allocation %d", n);
    }
    CHECK(m && n > 15, "%d allocations", n);
    jl_ngram_free(m);
    CHECK(jl_memory_live() == live);
#endif
}

int main(void) {
    RUN(probabilities_equal_the_formulas);
    RUN(a_stream_is_the_sum_of_its_tokens);
    RUN(refusals);
    RUN(every_allocation_may_fail);
    return check_report("train/ngram");
}
