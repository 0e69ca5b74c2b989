/* sample.c - the stages of a draw, in the caller's order.
 *
 * Place in the flow: forward → logits → here → the next token. top-k: Fan et al. 2018; top-p
 * (nucleus): Holtzman et al. 2019; min-p: Nguyen et al. 2024; typical: Meister et al. 2023;
 * Mirostat 2: Basu et al. 2021; repetition penalty: Keskar et al. 2019, eq. 3; frequency and
 * presence: OpenAI's API; DRY and XTC: p-e-w 2024 (text-generation-webui 5677, 6335); dynamic
 * temperature: kalomaze 2023. Those of no paper are as in llama.cpp. NaN logits count as −∞; the
 * draw fails if the maximum is not finite.
 */
#include "sample.h"

#include <float.h>
#include <math.h>

#include "../base/status.h"
#include "../compute/kernels.h"

/* ---- Settings -------------------------------------------------------------------------------- */

jl_sampling jl_sampling_default(void) {
    jl_sampling g = { .temperature = 0.8f,
                      .top_k = 40,
                      .top_p = 0.95f,
                      .min_p = 0.05f,
                      .repeat_penalty = 1,
                      .repeat_last = 64,
                      .dry_base = 1.75f,
                      .dry_allowed = 2,
                      .dry_last = 4096,
                      .dry_breakers = "\n\0:\0\"\0*",
                      .n_breakers = 4,
                      .temperature_exponent = 1,
                      .typical_p = 1,
                      .xtc_threshold = 0.1f,
                      .mirostat_eta = 0.1f,
                      .n_stages = JL_STAGE_COUNT };
    for (int i = 0; i < JL_STAGE_COUNT; i++) g.stages[i] = (uint8_t)i;
    return g;
}

const char *jl_stage_name(jl_stage stage) {
    static const char *const names[] = { "bias", "mask", "penalty", "dry", "temperature", "topK",
                                         "topP", "minP", "typical", "xtc", "mirostat" };
    return names[stage];
}

/* A setting is a number from `low` to `high`, or with `above` larger than `low`. */
typedef struct range {
    float value, low, high;
    int above;
    const char *what;
} range;

static const char *wrong_setting(const jl_sampling *g) {
    const range ranges[] = {
        { g->temperature, 0, 100, 0, "temperature: expected 0 to 100" },
        { (float)g->top_k, 0, INFINITY, 0, "top-k: expected 0 (all) or more" },
        { g->top_p, 0, 1, 1, "top-p: expected above 0, up to 1" },
        { g->min_p, 0, 1, 0, "min-p: expected 0 to 1" },
        { g->repeat_penalty, 0.01f, 100, 0, "repetition penalty: expected 0.01 to 100" },
        { (float)g->repeat_last, 0, INFINITY, 0, "repeat last: expected 0 or more" },
        { g->frequency_penalty, -100, 100, 0, "frequency penalty: expected -100 to 100" },
        { g->presence_penalty, -100, 100, 0, "presence penalty: expected -100 to 100" },
        { g->dry_multiplier, 0, 100, 0, "DRY multiplier: expected 0 (none) to 100" },
        { g->dry_base, 1, 100, 0, "DRY base: expected 1 to 100" },
        { (float)g->dry_allowed, 1, INFINITY, 0, "DRY allowed length: expected 1 or more" },
        { (float)g->dry_last, 0, INFINITY, 0, "DRY last: expected 0 or more" },
        { g->temperature_range, 0, 100, 0, "temperature range: expected 0 to 100" },
        { g->temperature_exponent, 0, 100, 0, "temperature exponent: expected 0 to 100" },
        { g->typical_p, 0, 1, 1, "typical: expected above 0, up to 1" },
        { g->xtc_probability, 0, 1, 0, "XTC probability: expected 0 to 1" },
        { g->xtc_threshold, 0, 1, 0, "XTC threshold: expected 0 to 1" },
        { g->mirostat_tau, 0, 100, 0, "Mirostat tau: expected 0 (none) to 100" },
        { g->mirostat_eta, 0, 1, 0, "Mirostat eta: expected 0 to 1" },
        { (float)g->n_bias, 0, JL_MAX_BIAS, 0, "bias: expected at most 65536 tokens" },
        { (float)g->n_breakers, 0, JL_MAX_BREAKERS, 0, "DRY breakers: expected at most 64" },
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const range *r = &ranges[i];
        if (!(r->value >= r->low && r->value <= r->high) || (r->above && r->value == r->low))
            return r->what;
    }
    return NULL;
}

jl_status jl_sampling_check(const jl_sampling *g, jl_error *error) {
    const char *what = wrong_setting(g);
    unsigned listed = 0;
    if (g->n_stages < 0 || g->n_stages > JL_STAGE_COUNT) what = "stages: too many";
    for (int i = 0; !what && i < g->n_stages; i++) {
        unsigned bit = g->stages[i] < JL_STAGE_COUNT ? 1u << g->stages[i] : listed;
        if (listed & bit || !bit) what = "stages: one is unknown or listed twice";
        listed |= bit;
    }
    for (int i = 0; !what && i < g->n_bias; i++)
        if (g->bias[i].id < 0 || !(g->bias[i].bias < INFINITY))
            what = "bias: expected ids and numbers";
    if (!what && g->grammar && !(listed & 1u << JL_STAGE_MASK))
        what = "stages: a grammar needs the stage mask";
    if (!what) return JL_OK;
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("sampling"), "%s", what);
}

/* ---- Stages ---------------------------------------------------------------------------------- */

static void keep(jl_sampler *s, int kept, float sum) {
    s->kept = kept;
    s->sum = sum;
    s->has_sum = s->cut = 1;
}

/* The scale stays finite, so that the largest logit always has weight exp(0·scale) = 1. */
static void apply_temperature(jl_sampler *s, const jl_sampling *g) {
    float temperature = jl_dynamic_temperature(s, g);
    if (temperature <= 0) {
        keep(s, 1, 1);
        s->greedy = s->filtered = 1;
        return;
    }
    s->scale = fminf(s->scale / temperature, FLT_MAX);
    s->has_sum = 0;
}

static void keep_top_k(jl_sampler *s, int k) {
    if (k == 0 || k >= s->kept) return;
    float sum = 0;
    for (int i = 0; i < k; i++) sum += jl_sample_weight(s, jl_sample_ranked(s, i).logit);
    keep(s, k, sum);
    s->filtered = 1;
}

static void keep_top_p(jl_sampler *s, float p) {
    if (p >= 1) return;
    s->filtered = 1;
    float enough = p * jl_sample_sum(s), sum = 0;
    for (int i = 0; i < s->kept; i++) {
        sum += jl_sample_weight(s, jl_sample_ranked(s, i).logit);
        if (sum >= enough) {
            keep(s, i + 1, sum);
            return;
        }
    }
}

static void keep_min_p(jl_sampler *s, float min_p) {
    if (min_p <= 0) return;
    s->filtered = 1;
    float sum = 0;
    for (int i = 0; i < s->kept; i++) {
        float w = jl_sample_weight(s, jl_sample_ranked(s, i).logit);
        if (w < min_p) { /* the largest weight is 1 */
            keep(s, i, sum);
            return;
        }
        sum += w;
    }
}

static jl_status apply(jl_sampler *s, const jl_context *c, jl_stage stage, jl_error *error) {
    switch (stage) {
    case JL_STAGE_BIAS:
        return jl_stage_bias(s, c, error);
    case JL_STAGE_MASK:
        return jl_stage_mask(s, c, error);
    case JL_STAGE_PENALTY:
        return jl_stage_penalty(s, c, error);
    case JL_STAGE_DRY:
        return jl_stage_dry(s, c, error);
    case JL_STAGE_TYPICAL:
        return jl_stage_typical(s, c, error);
    case JL_STAGE_XTC:
        return jl_stage_xtc(s, c, error);
    case JL_STAGE_TEMPERATURE:
        apply_temperature(s, c->g);
        break;
    default: /* one candidate stays */
        if (s->kept <= 1) break;
        if (stage == JL_STAGE_TOP_K) keep_top_k(s, c->g->top_k);
        if (stage == JL_STAGE_TOP_P) keep_top_p(s, c->g->top_p);
        if (stage == JL_STAGE_MIN_P) keep_min_p(s, c->g->min_p);
        if (stage == JL_STAGE_MIROSTAT) jl_stage_mirostat(s, c);
    }
    return JL_OK;
}

static jl_status run(jl_sampler *s, const jl_context *c, int n, jl_error *error) {
    jl_nan_to_neg_inf(c->logits, s->n, s->logits);
    s->scale = 1;
    s->kept = s->n;
    s->filtered = s->greedy = s->cut = 0;
    jl_status st = jl_sample_renew(s, error);
    for (int i = 0; i < n && !st; i++) st = apply(s, c, (jl_stage)c->g->stages[i], error);
    return st;
}

int jl_sample_stage(jl_sampler *s, const jl_context *c, int n, jl_candidate *out, int cap,
                    jl_error *error) {
    jl_status st = run(s, c, n, error);
    if (st) return st;
    for (int i = 0; i < cap && i < s->kept; i++) {
        jl_entry e = jl_sample_ranked(s, i);
        float sum = s->kept == 1 ? 1 : jl_sample_sum(s);
        out[i] = (jl_candidate){ e.id, s->kept == 1 ? 1 : jl_sample_weight(s, e.logit) / sum };
    }
    return s->kept;
}

/* ---- Draw ------------------------------------------------------------------------------------ */

/* Inverse of the cumulative distribution over the whole vocabulary, in order of id. */
static int32_t draw_from_all(jl_sampler *s, double u) {
    float target = (float)u * jl_sample_sum(s), sum = 0;
    int32_t last = 0;
    for (int i = 0; i < s->n; i++) {
        float w = jl_sample_weight(s, s->logits[i]);
        sum += w;
        if (w > 0) last = i;
        if (sum > target) return i;
    }
    return last;
}

static int32_t draw_by_rank(jl_sampler *s, double u) {
    float target = (float)u * jl_sample_sum(s), sum = 0;
    int32_t last = jl_sample_ranked(s, 0).id; /* last weight > 0, because u may round to 1 */
    for (int i = 0; i < s->kept; i++) {
        jl_entry e = jl_sample_ranked(s, i);
        float w = jl_sample_weight(s, e.logit);
        sum += w;
        if (w > 0) last = e.id;
        if (sum > target) return e.id;
    }
    return last;
}

int32_t jl_sample_draw(jl_sampler *s, const jl_context *c, float *p, jl_error *error) {
    jl_status st = run(s, c, c->g->n_stages, error);
    if (st) return st;
    *p = 1;
    if (s->greedy) return s->built ? jl_sample_ranked(s, 0).id : jl_sample_most_probable(s);
    double u = jl_random_next(c->random);
    int32_t id = s->filtered ? draw_by_rank(s, u) : draw_from_all(s, u);
    if (c->g->mirostat_tau > 0) *p = jl_sample_weight(s, s->logits[id]) / jl_sample_sum(s);
    return id;
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
