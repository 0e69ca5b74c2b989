/* sample.c - sampling and its stages against the fully sorted vocabulary.
 *
 * The sampler ranks only as many candidates as it needs. The reference sorts all and applies the
 * stages of sample.h in order with the same arithmetic; kept tokens, order, probabilities and draws
 * must be bit-identical.
 */
#include "../../src/session/sample.h"
#include "../helpers/check_kernels.h"

enum { MAX = 1000, DRAWS = 8 };

static jl_entry heap[MAX], sorted[MAX];
static float scratch[MAX], logits[MAX];
static jl_candidate found[MAX];

static int falling(const void *a, const void *b) {
    const jl_entry *x = a, *y = b;
    if (x->logit != y->logit) return x->logit > y->logit ? -1 : 1;
    return x->id - y->id;
}

/* The remaining sorted candidates and the sum of their weights. */
typedef struct kept {
    int n;
    float sum, max, scale;
} kept;

static float weigh(const kept *k, int i) {
    return jl_exp((sorted[i].logit - k->max) * k->scale);
}

static float sum_of(const kept *k, int n) {
    float sum = 0;
    for (int i = 0; i < n; i++) sum += weigh(k, i);
    return sum;
}

static kept select_all(const jl_sampling *g, int n, jl_stage stage) {
    float numbers[MAX];
    for (int i = 0; i < n; i++) {
        numbers[i] = isnan(logits[i]) ? -INFINITY : logits[i];
        sorted[i] = (jl_entry){ numbers[i], i };
    }
    qsort(sorted, (size_t)n, sizeof *sorted, falling);
    kept k = { n, 0, sorted[0].logit, 1 };
    if (stage >= JL_STAGE_TEMPERATURE && g->temperature > 0) k.scale = 1 / g->temperature;
    if (stage >= JL_STAGE_TEMPERATURE && g->temperature <= 0) return (kept){ 1, 1, k.max, 1 };
    k.sum = jl_exp_total(numbers, k.max, k.scale, n);
    if (stage >= JL_STAGE_TOP_K && g->top_k > 0 && g->top_k < n)
        k.n = g->top_k, k.sum = sum_of(&k, k.n);
    if (stage >= JL_STAGE_TOP_P && g->top_p < 1) {
        int few = 1;
        while (few < k.n && !(sum_of(&k, few) >= g->top_p * k.sum)) few++;
        if (few < k.n || sum_of(&k, few) >= g->top_p * k.sum) k.n = few, k.sum = sum_of(&k, few);
    }
    if (stage >= JL_STAGE_MIN_P && g->min_p > 0)
        for (int i = 0; i < k.n; i++)
            if (weigh(&k, i) < g->min_p) k.n = i, k.sum = sum_of(&k, i);
    return k;
}

static int32_t draw_sorted(const kept *k, double u) {
    float target = (float)u * k->sum, sum = 0;
    for (int i = 0; i < k->n; i++)
        if ((sum += weigh(k, i)) > target) return sorted[i].id;
    return sorted[k->n - 1].id;
}

/* Logits of one case: narrow or wide, with ties and NaN. */
static void fill(int n, int round) {
    static const float spreads[] = { 0, 1, 8, 40, 3000 };
    random_fill(logits, (size_t)n, spreads[round % 5]);
    for (int i = 0; i < n; i += 1 + random_below(9)) logits[i] = logits[random_below(n)];
    if (round % 7 == 3)
        for (int i = 1; i < n; i += 1 + random_below(20)) logits[i] = round % 2 ? NAN : -INFINITY;
    logits[0] = isfinite(logits[0]) ? logits[0] : 0;
}

static jl_sampling settings(int n, int round) {
    static const float temperatures[] = { 0, 0.01f, 0.7f, 1, 3, 100 };
    return (jl_sampling){ .temperature = temperatures[round % 6],
                          .top_k = round % 3 ? random_below(n + 2) : 0,
                          .top_p = round % 4 ? 0.05f + 0.9f * fabsf(random_unit()) : 1,
                          .min_p = round % 5 ? 0 : 0.3f * fabsf(random_unit()),
                          .repeat_penalty = 1 };
}

static void check_stage(jl_sampler *s, const jl_sampling *g, jl_stage stage) {
    kept k = select_all(g, s->n, stage);
    int n = jl_sample_stage(s, logits, g, NULL, 0, stage, found, s->n, NULL);
    CHECK(n == k.n, "stage %d of %d: %d, not %d", (int)stage, s->n, n, k.n);
    for (int i = 0; i < n && i < k.n; i++) {
        float p = k.n == 1 ? 1 : weigh(&k, i) / k.sum;
        CHECK(found[i].id == sorted[i].id && same_bits(&found[i].probability, &p, 1),
              "stage %d, rank %d of %d: %d %g, not %d %g", (int)stage, i, n, found[i].id,
              (double)found[i].probability, sorted[i].id, (double)p);
    }
}

static void test_stages(void) {
    static const int sizes[] = { 1, 2, 7, 63, 64, 65, 200, MAX };
    for (int round = 0; round < 420; round++) {
        jl_sampler s = { .n = sizes[round % 8], .logits = scratch, .heap = heap };
        fill(s.n, round);
        jl_sampling g = settings(s.n, round);
        for (int stage = JL_STAGE_MODEL; stage <= JL_STAGE_MIN_P; stage++)
            check_stage(&s, &g, (jl_stage)stage);
    }
}

static void test_draws(void) {
    for (int round = 0; round < 420; round++) {
        jl_sampler s = { .n = 1 + random_below(MAX), .logits = scratch, .heap = heap };
        fill(s.n, round);
        jl_sampling g = settings(s.n, round);
        int whole = (g.top_k == 0 || g.top_k >= s.n) && g.top_p >= 1 && g.min_p <= 0;
        if (whole && g.temperature > 0) g.top_k = 1 + s.n / 2; /* otherwise in id order */
        if (g.top_k >= s.n) g.top_k = 0, g.top_p = 0.9f;
        kept k = select_all(&g, s.n, JL_STAGE_MIN_P);
        jl_random ours, theirs;
        jl_random_seed(&ours, (uint32_t)round), jl_random_seed(&theirs, (uint32_t)round);
        for (int i = 0; i < DRAWS; i++) {
            int32_t id = jl_sample_draw(&s, logits, &g, NULL, 0, &ours, NULL);
            int32_t wanted =
                g.temperature > 0 ? draw_sorted(&k, jl_random_next(&theirs)) : sorted[0].id;
            CHECK(id == wanted, "round %d of %d: %d, not %d", round, s.n, id, wanted);
        }
    }
}

int main(void) {
    RUN(test_stages);
    RUN(test_draws);
    return check_report("session/sample (" VARIANT_NAMES ")");
}
