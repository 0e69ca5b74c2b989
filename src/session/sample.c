/* sample.c - the stages of a draw.
 *
 * Place in the flow: forward → logits → here → the next token. top-k: Fan et al. 2018; top-p
 * (nucleus): Holtzman et al. 2019; min-p: Nguyen et al. 2024; repetition penalty: Keskar et al.
 * 2019, eq. 3. NaN logits count as −∞; the draw fails if the maximum is not finite.
 */
#include "sample.h"

#include <float.h>
#include <math.h>

#include "../base/heap.h"
#include "../base/status.h"
#include "../compute/kernels.h"

/* ---- The heap: candidates in descending order, on demand ------------------------------------- */

static int before(const void *context, const jl_entry *a, const jl_entry *b) {
    (void)context;
    return a->logit > b->logit || (a->logit == b->logit && a->id < b->id);
}
JL_HEAP(candidates, jl_entry, const void *, before)

enum { STRETCH = 64 }; /* logits per run; a run with too small a maximum is skipped */

static int min(int a, int b) {
    return a < b ? a : b;
}

/* Builds the heap of all logits ≥ lowest. */
static void build_heap(jl_sampler *s, float lowest) {
    s->held = s->popped = 0;
    for (int from = 0; from < s->n; from += STRETCH) {
        int end = min(from + STRETCH, s->n);
        if (jl_max(s->logits + from, end - from) < lowest) continue;
        for (int i = from; i < end; i++)
            if (s->logits[i] >= lowest) s->heap[s->held++] = (jl_entry){ s->logits[i], i };
    }
    size_t held = (size_t)s->held;
    for (size_t i = held / 2; i-- > 0;) candidates_down(NULL, s->heap, held, i);
}

/* The candidate of rank i < n (0: most probable). First requests must come in ascending order. If
 * the heap holds too few, it is rebuilt from all logits. */
static jl_entry ranked(jl_sampler *s, int i) {
    if (i >= s->held) build_heap(s, -INFINITY);
    while (s->popped <= i) {
        int last = s->held - 1 - s->popped++;
        jl_entry top = s->heap[0];
        s->heap[0] = s->heap[last];
        s->heap[last] = top;
        candidates_down(NULL, s->heap, (size_t)last, 0);
    }
    return s->heap[s->held - 1 - i];
}

static float weight(const jl_sampler *s, float logit) {
    return jl_exp((logit - s->max) * s->scale);
}

/* ---- Stages ---------------------------------------------------------------------------------- */

jl_sampling jl_sampling_default(void) {
    return (jl_sampling){ 0.8f, 40, 0.95f, 0.05f, 1, 64, 0 };
}

jl_status jl_sampling_check(const jl_sampling *g, jl_error *error) {
    const char *what = NULL;
    if (!(g->temperature >= 0 && g->temperature <= 100)) what = "temperature: expected 0 to 100";
    if (g->top_k < 0) what = "top-k: expected 0 (all) or more";
    if (!(g->top_p > 0 && g->top_p <= 1)) what = "top-p: expected above 0, up to 1";
    if (!(g->min_p >= 0 && g->min_p <= 1)) what = "min-p: expected 0 to 1";
    if (!(g->repeat_penalty >= 0.01f && g->repeat_penalty <= 100))
        what = "repetition penalty: expected 0.01 to 100";
    if (g->repeat_last < 0) what = "repeat last: expected 0 or more";
    if (!what) return JL_OK;
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("sampling"), "%s", what);
}

/* s->logits = logits with the penalty, computed from the originals, so that repeats count once. The
 * scale stays finite, so that the largest logit always has weight exp(0·scale) = 1. */
static jl_status start(jl_sampler *s, const float *logits, const jl_sampling *g,
                       const int32_t *recent, int n_recent, jl_stage stage, jl_error *error) {
    jl_nan_to_neg_inf(logits, s->n, s->logits);
    for (int i = 0; i < n_recent && stage >= JL_STAGE_PENALTY; i++) {
        float l = logits[recent[i]];
        if (isnan(l)) continue;
        s->logits[recent[i]] = l > 0 ? l / g->repeat_penalty : l * g->repeat_penalty;
    }
    s->max = jl_max(s->logits, s->n);
    s->scale = 1;
    if (stage >= JL_STAGE_TEMPERATURE && g->temperature > 0)
        s->scale = fminf(1 / g->temperature, FLT_MAX);
    if (isfinite(s->max)) return JL_OK;
    return jl_fail(error, JL_ERR_NUMERIC, JL_NO_OFFSET, jl_string("logits"),
                   "the maximum is not a finite number; the model's weights are damaged");
}

typedef struct selection {
    int kept;
    float sum; /* of the kept candidates' weights */
} selection;

static selection keep_top_k(jl_sampler *s, int k) {
    selection left = { k, 0 };
    for (int i = 0; i < k; i++) left.sum += weight(s, ranked(s, i).logit);
    return left;
}

static selection keep_top_p(jl_sampler *s, selection left, float p) {
    float enough = p * left.sum, sum = 0;
    for (int i = 0; i < left.kept; i++) {
        sum += weight(s, ranked(s, i).logit);
        if (sum >= enough) return (selection){ i + 1, sum };
    }
    return left;
}

static selection keep_min_p(jl_sampler *s, selection left, float min_p) {
    float sum = 0;
    for (int i = 0; i < left.kept; i++) {
        float w = weight(s, ranked(s, i).logit);
        if (w < min_p) return (selection){ i, sum }; /* the largest weight is 1 */
        sum += w;
    }
    return left;
}

/* Candidates below e^−RARE of the largest weight enter the heap only if a stage needs them. */
static const float RARE = 12;

static selection select_stage(jl_sampler *s, const jl_sampling *g, jl_stage stage) {
    build_heap(s, s->max - RARE / s->scale);
    if (g->temperature <= 0 && stage >= JL_STAGE_TEMPERATURE) return (selection){ 1, 1 };
    selection left = { s->n, 0 };
    if (stage >= JL_STAGE_TOP_K && g->top_k > 0 && g->top_k < s->n)
        left = keep_top_k(s, g->top_k);
    else
        left.sum = jl_exp_total(s->logits, s->max, s->scale, s->n);
    if (stage >= JL_STAGE_TOP_P && g->top_p < 1) left = keep_top_p(s, left, g->top_p);
    if (stage >= JL_STAGE_MIN_P && g->min_p > 0) left = keep_min_p(s, left, g->min_p);
    return left;
}

int jl_sample_stage(jl_sampler *s, const float *logits, const jl_sampling *g, const int32_t *recent,
                    int n_recent, jl_stage stage, jl_candidate *out, int cap, jl_error *error) {
    jl_status st = start(s, logits, g, recent, n_recent, stage, error);
    if (st) return st;
    selection left = select_stage(s, g, stage);
    for (int i = 0; i < cap && i < left.kept; i++) {
        jl_entry e = ranked(s, i);
        out[i] = (jl_candidate){ e.id, left.kept == 1 ? 1 : weight(s, e.logit) / left.sum };
    }
    return left.kept;
}

/* ---- Draw ------------------------------------------------------------------------------------ */

static int32_t most_probable(const jl_sampler *s) {
    int i = 0;
    while (i < s->n && jl_max(s->logits + i, min(STRETCH, s->n - i)) != s->max) i += STRETCH;
    for (; i < s->n; i++)
        if (s->logits[i] == s->max) return i;
    return 0; /* unreachable */
}

static int keeps_all(const jl_sampler *s, const jl_sampling *g) {
    return (g->top_k == 0 || g->top_k >= s->n) && g->top_p >= 1 && g->min_p <= 0;
}

/* Inverse of the cumulative distribution over the whole vocabulary, in order of id. */
static int32_t draw_from_all(const jl_sampler *s, double u) {
    float target = (float)u * jl_exp_total(s->logits, s->max, s->scale, s->n), sum = 0;
    int32_t last = 0;
    for (int i = 0; i < s->n; i++) {
        float w = weight(s, s->logits[i]);
        sum += w;
        if (w > 0) last = i;
        if (sum > target) return i;
    }
    return last;
}

int32_t jl_sample_draw(jl_sampler *s, const float *logits, const jl_sampling *g,
                       const int32_t *recent, int n_recent, jl_random *random, jl_error *error) {
    jl_status st = start(s, logits, g, recent, n_recent, JL_STAGE_MIN_P, error);
    if (st) return st;
    if (g->temperature <= 0) return most_probable(s);
    double u = jl_random_next(random);
    if (keeps_all(s, g)) return draw_from_all(s, u);
    selection left = select_stage(s, g, JL_STAGE_MIN_P);
    float target = (float)u * left.sum, sum = 0;
    int32_t last = ranked(s, 0).id; /* last weight > 0, because u may round to 1 */
    for (int i = 0; i < left.kept; i++) {
        jl_entry e = ranked(s, i);
        float w = weight(s, e.logit);
        sum += w;
        if (w > 0) last = e.id;
        if (sum > target) return e.id;
    }
    return last;
}

/* ---- Log-probabilities ----------------------------------------------------------------------- */

float jl_log_sum(const float *logits, int n) {
    float max = jl_max(logits, n), sum = jl_exp_total(logits, max, 1, n);
    if (isnan(sum)) { /* NaN logits count as −∞ */
        sum = 0;
        for (int i = 0; i < n; i++)
            if (!isnan(logits[i])) sum += jl_exp(logits[i] - max);
    }
    return max + logf(sum);
}

int jl_top(const float *logits, int n, float log_sum, jl_candidate *out, int cap) {
    int kept = 0;
    for (int i = 0; i < n && cap > 0; i++) {
        if (isnan(logits[i])) continue;
        if (kept == cap && !(logits[i] > out[kept - 1].probability)) continue;
        int at = kept < cap ? kept++ : kept - 1;
        for (; at > 0 && out[at - 1].probability < logits[i]; at--) out[at] = out[at - 1];
        out[at] = (jl_candidate){ i, logits[i] }; /* still logits */
    }
    for (int i = 0; i < kept; i++) out[i].probability = jl_exp(out[i].probability - log_sum);
    return kept;
}
