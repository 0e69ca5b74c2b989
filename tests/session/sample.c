/* sample.c - sampling and its stages against the fully sorted vocabulary.
 *
 * The sampler ranks only as many candidates as it needs. The reference sorts all and applies the
 * stages of sample.h in order with the same arithmetic; kept tokens, order, probabilities and draws
 * must be bit-identical. Then the cases of llama.cpp's tests/test-sampling.cpp (in the source
 * package of llama-cpp-python 0.3.36), with its tolerance; top-n-sigma is no stage here.
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
typedef struct selection {
    int n;
    float sum, max, scale;
} selection;

static float weigh(const selection *k, int i) {
    return jl_exp((sorted[i].logit - k->max) * k->scale);
}

static float sum_of(const selection *k, int n) {
    float sum = 0;
    for (int i = 0; i < n; i++) sum += weigh(k, i);
    return sum;
}

static selection select_all(const jl_sampling *g, int n, jl_stage stage) {
    float numbers[MAX];
    for (int i = 0; i < n; i++) {
        numbers[i] = isnan(logits[i]) ? -INFINITY : logits[i];
        sorted[i] = (jl_entry){ numbers[i], i };
    }
    qsort(sorted, (size_t)n, sizeof *sorted, falling);
    selection k = { n, 0, sorted[0].logit, 1 };
    if (stage >= JL_STAGE_TEMPERATURE && g->temperature > 0) k.scale = 1 / g->temperature;
    if (stage >= JL_STAGE_TEMPERATURE && g->temperature <= 0) return (selection){ 1, 1, k.max, 1 };
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

static int32_t draw_sorted(const selection *k, double u) {
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
    jl_sampling g = jl_sampling_default();
    g.temperature = temperatures[round % 6];
    g.top_k = round % 3 ? random_below(n + 2) : 0;
    g.top_p = round % 4 ? 0.05f + 0.9f * fabsf(random_unit()) : 1;
    g.min_p = round % 5 ? 0 : 0.3f * fabsf(random_unit());
    return g;
}

static void check_stage(jl_sampler *s, const jl_sampling *g, jl_stage stage) {
    selection k = select_all(g, s->n, stage);
    jl_context c = { .logits = logits, .g = g };
    int n = jl_sample_stage(s, &c, (int)stage + 1, found, s->n, NULL);
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
        for (int stage = JL_STAGE_BIAS; stage <= JL_STAGE_MIROSTAT; stage++)
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
        selection k = select_all(&g, s.n, JL_STAGE_MIN_P);
        jl_random ours, theirs;
        jl_random_seed(&ours, (uint32_t)round), jl_random_seed(&theirs, (uint32_t)round);
        for (int i = 0; i < DRAWS; i++) {
            float p;
            jl_context c = { .logits = logits, .g = &g, .random = &ours };
            int32_t id = jl_sample_draw(&s, &c, &p, NULL);
            int32_t wanted =
                g.temperature > 0 ? draw_sorted(&k, jl_random_next(&theirs)) : sorted[0].id;
            CHECK(id == wanted, "round %d of %d: %d, not %d", round, s.n, id, wanted);
        }
    }
}

/* ---- llama.cpp's cases ----------------------------------------------------------------------- */

enum { SOME = 8 };

/* Probabilities, the tokens so far, and the expected probabilities by id (0: removed). */
typedef struct sample_case {
    const char *name;
    float p[SOME];
    int n, ids[SOME], n_ids;
    float expected[SOME];
} sample_case;

static int breaker = -1; /* the token that ends sequences of DRY */
static int breaks(const void *context, int32_t id) {
    (void)context;
    return id == breaker;
}

static jl_random chance;

/* The distribution after the stages of g, by id; returns how many candidates remain. */
static int distribution(const jl_sampling *g, const jl_context *with, float *p, int n) {
    jl_sampler s = { .n = n, .logits = scratch, .heap = heap };
    jl_context c = *with;
    c.g = g, c.breaks = breaks, c.random = &chance;
    int kept = jl_sample_stage(&s, &c, g->n_stages, found, n, NULL);
    for (int i = 0; i < n; i++) p[i] = 0;
    for (int i = 0; i < kept; i++) p[found[i].id] = found[i].probability;
    return kept;
}

static jl_sampling only(jl_stage stage) {
    jl_sampling g = jl_sampling_default();
    g.stages[0] = (uint8_t)stage;
    g.n_stages = 1;
    return g;
}

static void check_case(const sample_case *k, const jl_sampling *g) {
    int32_t ids[SOME];
    float p[SOME];
    for (int i = 0; i < k->n; i++) logits[i] = logf(k->p[i]);
    for (int i = 0; i < k->n_ids; i++) ids[i] = k->ids[i];
    distribution(g, &(jl_context){ .logits = logits, .ids = ids, .n_ids = k->n_ids }, p, k->n);
    for (int i = 0; i < k->n; i++)
        CHECK(fabsf(p[i] - k->expected[i]) < 1e-5f, "%s: token %d has %g, not %g", k->name, i,
              (double)p[i], (double)k->expected[i]);
}

#define RISING .p = { 0.1f, 0.2f, 0.3f, 0.4f }, .n = 4

static void test_llama_temperature(void) {
    jl_sampling g = only(JL_STAGE_TEMPERATURE);
    g.temperature = 1;
    check_case(&(sample_case){ "1", RISING, .expected = { 0.1f, 0.2f, 0.3f, 0.4f } }, &g);
    g.temperature = 0;
    check_case(&(sample_case){ "0", RISING, .expected = { 0, 0, 0, 1 } }, &g);
    g.temperature_exponent = 1; /* temp_ext with delta 0 */
    check_case(&(sample_case){ "0", RISING, .expected = { 0, 0, 0, 1 } }, &g);
    /* Not of llama.cpp: the entropy of equal tokens is the maximum, so the temperature is 1.5. */
    g.temperature = 1, g.temperature_range = 0.5f;
    check_case(&(sample_case){ "dynamic", .p = { 0.5f, 0.5f }, .n = 2, .expected = { 0.5f, 0.5f } },
               &g);
}

static void test_llama_filters(void) {
    static const float four_ninths = 0.44444f, three_ninths = 0.33333f, two_ninths = 0.22222f;
    static const struct {
        jl_stage stage;
        float value, expected[4];
    } cases[] = {
        { JL_STAGE_TOP_K, 1, { 0, 0, 0, 1 } },
        { JL_STAGE_TOP_K, 3, { 0, two_ninths, three_ninths, four_ninths } },
        { JL_STAGE_TOP_K, 4, { 0.1f, 0.2f, 0.3f, 0.4f } },
        { JL_STAGE_TOP_K, 0, { 0.1f, 0.2f, 0.3f, 0.4f } },
        { JL_STAGE_TOP_P, 0, { 0, 0, 0, 1 } },
        { JL_STAGE_TOP_P, 0.7f, { 0, 0, 0.428571f, 0.571429f } },
        { JL_STAGE_TOP_P, 0.8f, { 0, two_ninths, three_ninths, four_ninths } },
        { JL_STAGE_TOP_P, 1, { 0.1f, 0.2f, 0.3f, 0.4f } },
        { JL_STAGE_MIN_P, 0, { 0.1f, 0.2f, 0.3f, 0.4f } },
        { JL_STAGE_MIN_P, 0.24f, { 0.1f, 0.2f, 0.3f, 0.4f } },
        { JL_STAGE_MIN_P, 0.26f, { 0, 0.2f / 0.9f, 0.3f / 0.9f, 0.4f / 0.9f } },
        { JL_STAGE_MIN_P, 0.49f, { 0, 0.2f / 0.9f, 0.3f / 0.9f, 0.4f / 0.9f } },
        { JL_STAGE_MIN_P, 0.51f, { 0, 0, 0.3f / 0.7f, 0.4f / 0.7f } },
        { JL_STAGE_MIN_P, 0.74f, { 0, 0, 0.3f / 0.7f, 0.4f / 0.7f } },
        { JL_STAGE_MIN_P, 0.76f, { 0, 0, 0, 1 } },
        { JL_STAGE_MIN_P, 1, { 0, 0, 0, 1 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jl_sampling g = only(cases[i].stage);
        g.top_k = (int)cases[i].value;
        g.top_p = g.min_p = cases[i].value;
        sample_case k = { "filter", RISING };
        memcpy(k.expected, cases[i].expected, sizeof cases[i].expected);
        check_case(&k, &g);
    }
}

/* The probabilities there are not renormalised: {0.3, 0.2, 0.1} of 0.6 left. */
static void test_llama_xtc(void) {
    static const struct {
        float threshold, expected[4];
    } cases[] = { { 0.09f, { 0, 0, 0, 1 } },
                  { 0.19f, { 0, 0, 0.66667f, 0.33333f } },
                  { 0.29f, { 0, 0.5f, 0.33333f, 0.16667f } },
                  { 0.39f, { 0.4f, 0.3f, 0.2f, 0.1f } } };
    for (int i = 0; i < 4; i++) {
        jl_sampling g = only(JL_STAGE_XTC);
        g.xtc_probability = 0.99f;
        g.xtc_threshold = cases[i].threshold;
        jl_random_seed(&chance, 0);
        sample_case k = { "xtc", .p = { 0.4f, 0.3f, 0.2f, 0.1f }, .n = 4 };
        memcpy(k.expected, cases[i].expected, sizeof cases[i].expected);
        check_case(&k, &g);
    }
}

static void test_llama_typical(void) {
    jl_sampling g = only(JL_STAGE_TYPICAL);
    g.typical_p = 0.5f;
    check_case(&(sample_case){ "typical 1", .p = { 0.97f, 0.01f, 0.01f, 0.01f }, .n = 4,
                               .expected = { 1 } },
               &g);
    check_case(&(sample_case){ "typical 2", .p = { 0.4f, 0.2f, 0.2f, 0.2f }, .n = 4,
                               .expected = { 0, 0.33333f, 0.33333f, 0.33333f } },
               &g);
}

#define EVEN .p = { 0.2f, 0.2f, 0.2f, 0.2f, 0.2f }, .n = 5

static void test_llama_penalties(void) {
    jl_sampling g = only(JL_STAGE_PENALTY);
    g.repeat_penalty = 50;
    check_case(&(sample_case){ "repeat 1", EVEN, { 0 }, 1, { 0, 0.25f, 0.25f, 0.25f, 0.25f } }, &g);
    check_case(&(sample_case){ "repeat 3", EVEN, { 0, 1, 2 }, 3, { 0, 0, 0, 0.5f, 0.5f } }, &g);
    check_case(&(sample_case){ "repeat 5", EVEN, { 0, 1, 2, 0, 0 }, 5, { 0, 0, 0, 0.5f, 0.5f } },
               &g);
    g.repeat_penalty = 1, g.frequency_penalty = g.presence_penalty = 5;
    check_case(&(sample_case){ "frequency 1",
                               EVEN,
                               { 0 },
                               1,
                               { 0.000011f, 0.249997f, 0.249997f, 0.249997f, 0.249997f } },
               &g);
    check_case(&(sample_case){ "frequency 3",
                               EVEN,
                               { 0, 1, 2 },
                               3,
                               { 0.000023f, 0.000023f, 0.000023f, 0.499966f, 0.499966f } },
               &g);
    check_case(&(sample_case){ "frequency 5",
                               EVEN,
                               { 0, 1, 2, 0, 0 },
                               5,
                               { 0, 0.000023f, 0.000023f, 0.499977f, 0.499977f } },
               &g);
}

static void test_llama_dry(void) {
    jl_sampling g = only(JL_STAGE_DRY);
    g.dry_multiplier = 1, g.dry_base = 1.1f, g.dry_allowed = 2;
    sample_case four = { "dry", .p = { 0.25f, 0.25f, 0.25f, 0.25f }, .n = 4 };
    sample_case a = four, b = four;
    a.ids[1] = 1, a.n_ids = 2, g.dry_last = 4;
    memcpy(a.expected, a.p, sizeof a.p);
    check_case(&a, &g);
    memcpy(b.ids, (int[]){ 0, 1, 2, 0, 1 }, 5 * sizeof(int));
    memcpy(b.expected, (float[]){ 0.296923f, 0.296923f, 0.109232f, 0.296923f }, 4 * sizeof(float));
    b.n_ids = 5, g.dry_last = 5;
    check_case(&b, &g);
    breaker = 3, g.dry_last = 6;
    check_case(
        &(sample_case){
            "breaker", EVEN, { 0, 1, 3, 4, 0, 1 }, 6, { 0.2f, 0.2f, 0.2f, 0.2f, 0.2f } },
        &g);
    breaker = -1, g.dry_multiplier = 2, g.dry_last = 5;
    check_case(&(sample_case){ "multiplier 2",
                               EVEN,
                               { 0, 1, 2, 0, 1 },
                               5,
                               { 0.241818f, 0.241818f, 0.032727f, 0.241818f, 0.241818f } },
               &g);
    g.dry_multiplier = 1, g.dry_allowed = 4, g.dry_last = 7;
    check_case(
        &(sample_case){
            "allowed 4", EVEN, { 0, 1, 2, 3, 4, 0, 1 }, 7, { 0.2f, 0.2f, 0.2f, 0.2f, 0.2f } },
        &g);
}

/* test_sampler_queue: token i of n has the weight i; stages in the order of the letters. */
static void check_queue(const char *letters, int top_k, float top_p, float min_p) {
    enum { N = MAX };
    jl_sampling g = jl_sampling_default();
    g.n_stages = 0, g.top_k = top_k, g.top_p = top_p, g.min_p = min_p;
    int lowest = 0;
    float p[N];
    for (int i = 0; i < N; i++) logits[i] = logf((float)i);
    for (const char *c = letters; *c; c++) {
        jl_stage stage = *c == 'k' ? JL_STAGE_TOP_K : *c == 'p' ? JL_STAGE_TOP_P : JL_STAGE_MIN_P;
        g.stages[g.n_stages++] = (uint8_t)stage;
        if (*c == 'k' && N - top_k > lowest) lowest = N - top_k;
        if (*c == 'p') {
            int total = N * (N - 1) / 2 - lowest * (lowest - 1) / 2, sum = 0;
            int target = (int)ceilf(top_p * (float)total);
            lowest = N;
            do sum += --lowest;
            while (sum < target);
        }
        int least = (int)ceilf(min_p * (float)(N - 1));
        if (*c == 'm' && least > lowest) lowest = least;
        int kept = distribution(&g, &(jl_context){ .logits = logits }, p, N);
        CHECK(kept == N - lowest && (p[N - 1] > 0) && (lowest == 0 || p[lowest - 1] == 0),
              "%s: %d remain, not %d", letters, kept, N - lowest);
    }
}

static void test_llama_queues(void) {
    check_queue("k", 1, 1, 1);
    check_queue("p", MAX, 0.0003f, 1);
    check_queue("p", MAX, 0.8f, 1);
    check_queue("m", MAX, 1, 0.9978f);
    check_queue("m", MAX, 1, 0.1f);
    static const char *const queues[] = { "kp",  "km",  "pk",  "pm",  "mk",  "mp",
                                          "kpm", "kmp", "pkm", "pmk", "mkp", "mpk" };
    for (int i = 0; i < 12; i++) check_queue(queues[i], 100, 0.8f, 0.1f);
    check_queue("mp", 100, 0.8f, 0.9978f);
}

/* ---- Other stages and orders ----------------------------------------------------------------- */

static void test_bias_and_mask(void) {
    jl_sampling g = only(JL_STAGE_BIAS);
    jl_bias biases[] = { { 3, -INFINITY }, { 0, 1 } };
    g.bias = biases, g.n_bias = 2;
    float sum = 0.1f * expf(1) + 0.5f;
    check_case(&(sample_case){ "bias", RISING,
                               .expected = { 0.1f * expf(1) / sum, 0.2f / sum, 0.3f / sum } },
               &g);
    /* Top-k before the mask leaves token 3, which is not allowed: the best allowed one remains. */
    float p[4];
    uint32_t mask = 3;
    g = only(JL_STAGE_TOP_K);
    g.top_k = 1, g.stages[1] = JL_STAGE_MASK, g.n_stages = 2;
    for (int i = 0; i < 4; i++) logits[i] = logf(0.1f * (float)(i + 1));
    int kept = distribution(&g, &(jl_context){ .logits = logits, .mask = &mask }, p, 4);
    CHECK(kept == 1 && p[1] == 1, "%d remain, %g", kept, (double)p[1]);
    g.stages[0] = JL_STAGE_MASK, g.stages[1] = JL_STAGE_TOP_K, g.top_k = 2;
    kept = distribution(&g, &(jl_context){ .logits = logits, .mask = &mask }, p, 4);
    CHECK(kept == 2 && fabsf(p[1] - 0.66667f) < 1e-5f, "%d remain, %g", kept, (double)p[1]);
}

/* Mirostat 2 keeps the tokens of a surprise up to mu, and the mean surprise of its draws tends to
 * tau. */
static void test_mirostat(void) {
    jl_sampling g = only(JL_STAGE_MIROSTAT);
    g.mirostat_tau = 3, g.mirostat_eta = 0.1f;
    enum { N = 500, STEPS = 4000 };
    for (int i = 0; i < N; i++) logits[i] = -logf((float)(i + 1)); /* Zipf's law */
    jl_sampler s = { .n = N, .logits = scratch, .heap = heap };
    jl_random random;
    jl_random_seed(&random, 1);
    float mu = 6, total = 0;
    for (int step = 0; step < STEPS; step++) {
        float p;
        jl_context c = { .logits = logits, .g = &g, .random = &random, .mu = mu };
        CHECK(jl_sample_draw(&s, &c, &p, NULL) >= 0 && p > 0 && p <= 1, "p %g", (double)p);
        mu -= g.mirostat_eta * (-log2f(p) - g.mirostat_tau);
        total += -log2f(p);
    }
    CHECK(fabsf(total / STEPS - 3) < 0.05f, "mean surprise %g bits", (double)(total / STEPS));
}

/* In any order of all stages: probabilities fall and sum to 1, and draws are candidates. */
static void test_orders(void) {
    for (int round = 0; round < 2000; round++) {
        jl_sampling g = settings(60, round);
        int32_t ids[40];
        for (int i = 0; i < 40; i++) ids[i] = random_below(12);
        g.repeat_penalty = 1.2f, g.frequency_penalty = 0.3f, g.dry_multiplier = 0.5f;
        g.temperature_range = round % 2 ? 0.5f * g.temperature : 0;
        g.typical_p = 0.9f, g.xtc_probability = 0.5f;
        g.mirostat_tau = round % 3 ? 0 : 4;
        for (int i = JL_STAGE_COUNT; i-- > 1;) {
            int k = random_below(i + 1);
            uint8_t swap = g.stages[i];
            g.stages[i] = g.stages[k], g.stages[k] = swap;
        }
        uint32_t mask[2] = { 0x0ff0f0f5, 0x5 };
        fill(60, round);
        jl_sampler s = { .n = 60, .logits = scratch, .heap = heap };
        jl_random random, again;
        jl_random_seed(&random, (uint32_t)round), again = random;
        jl_context c = { logits, &g, ids, 40, mask, &random, 5, breaks, NULL };
        float p, sum = 0;
        int32_t id = jl_sample_draw(&s, &c, &p, NULL);
        c.random = &again;
        int kept = jl_sample_stage(&s, &c, JL_STAGE_COUNT, found, 60, NULL), drawn = 0;
        for (int i = 0; i < kept; i++) {
            int32_t k = found[i].id;
            sum += found[i].probability;
            drawn |= k == id;
            CHECK(mask[k / 32] >> (k & 31) & 1, "round %d: token %d is not allowed", round, k);
            CHECK(i == 0 || found[i].probability <= found[i - 1].probability, "round %d", round);
        }
        CHECK(kept > 0 && drawn && fabsf(sum - 1) < 1e-4f, "round %d: %d of %d, sum %g", round, id,
              kept, (double)sum);
    }
}

static void test_settings(void) {
    jl_sampling g = jl_sampling_default();
    CHECK(jl_sampling_check(&g, NULL) == JL_OK, "defaults");
    g.stages[3] = g.stages[4];
    CHECK(jl_sampling_check(&g, NULL) == JL_ERR_ARGUMENT, "a stage twice");
    g = jl_sampling_default(), g.stages[0] = JL_STAGE_COUNT;
    CHECK(jl_sampling_check(&g, NULL) == JL_ERR_ARGUMENT, "an unknown stage");
    g = jl_sampling_default(), g.mirostat_eta = NAN;
    CHECK(jl_sampling_check(&g, NULL) == JL_ERR_ARGUMENT, "NaN");
    g = jl_sampling_default(), g.typical_p = 0;
    CHECK(jl_sampling_check(&g, NULL) == JL_ERR_ARGUMENT, "typical 0");
    g = only(JL_STAGE_TOP_K), g.grammar = "root ::= \"a\"";
    CHECK(jl_sampling_check(&g, NULL) == JL_ERR_ARGUMENT, "a grammar without its stage");
}

int main(void) {
    RUN(test_stages);
    RUN(test_draws);
    RUN(test_llama_temperature);
    RUN(test_llama_filters);
    RUN(test_llama_xtc);
    RUN(test_llama_typical);
    RUN(test_llama_penalties);
    RUN(test_llama_dry);
    RUN(test_llama_queues);
    RUN(test_bias_and_mask);
    RUN(test_mirostat);
    RUN(test_orders);
    RUN(test_settings);
    return check_report("session/sample (" VARIANT_NAMES ")");
}
