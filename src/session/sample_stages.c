/* sample_stages.c - stages that few generations use. Papers: sample.c. */
#include <math.h>

#include "../compute/kernels.h"
#include "sample.h"

static int min(int a, int b) {
    return a < b ? a : b;
}

/* ---- Changes of logits ----------------------------------------------------------------------- */

jl_status jl_stage_bias(jl_sampler *s, const jl_context *c, jl_error *error) {
    const jl_sampling *g = c->g;
    if (g->n_bias == 0) return JL_OK;
    jl_sample_settle(s);
    for (int i = 0; i < g->n_bias; i++)
        if (g->bias[i].id < s->n) s->logits[g->bias[i].id] += g->bias[i].bias;
    return jl_sample_renew(s, error);
}

static int is_allowed(const jl_context *c, int32_t id) {
    return c->mask[id / 32] >> (id & 31) & 1;
}

/* If no candidate is allowed, the most probable allowed token of the model is the only one. */
jl_status jl_stage_mask(jl_sampler *s, const jl_context *c, jl_error *error) {
    if (!c->mask) return JL_OK;
    jl_sample_settle(s);
    int left = 0, best = -1;
    for (int32_t id = 0; id < s->n; id++) {
        if (!is_allowed(c, id)) {
            s->logits[id] = -INFINITY;
            continue;
        }
        left += s->logits[id] > -INFINITY;
        if (best < 0 || c->logits[id] > c->logits[best] || isnan(c->logits[best])) best = id;
    }
    if (left == 0 && best >= 0) s->logits[best] = 0, left = 1;
    s->kept = left;
    return jl_sample_renew(s, error);
}

/* The heap serves as counters of tokens: heap[id].id. */
jl_status jl_stage_penalty(jl_sampler *s, const jl_context *c, jl_error *error) {
    const jl_sampling *g = c->g;
    int n = min(g->repeat_last, c->n_ids), neutral = g->repeat_penalty == 1;
    neutral &= g->frequency_penalty == 0 && g->presence_penalty == 0;
    if (neutral || n == 0) return JL_OK;
    const int32_t *recent = c->ids + c->n_ids - n;
    jl_sample_settle(s);
    for (int i = 0; i < n; i++) s->heap[recent[i]].id = 0;
    for (int i = 0; i < n; i++) s->heap[recent[i]].id++;
    for (int i = 0; i < n; i++) {
        int32_t count = s->heap[recent[i]].id;
        if (count == 0) continue;
        s->heap[recent[i]].id = 0;
        float *l = &s->logits[recent[i]];
        *l = *l > 0 ? *l / g->repeat_penalty : *l * g->repeat_penalty;
        *l -= (float)count * g->frequency_penalty + g->presence_penalty;
    }
    return jl_sample_renew(s, error);
}

enum { DRY_MATCH = 512 }; /* longer sequences count as this long */

/* Tokens before ids[at] that equal those at the end of all, at most `limit`. */
static int repeated(const jl_context *c, int at, int first, int limit) {
    int n = 0;
    while (n < limit && at - n >= first && c->ids[at - n] == c->ids[c->n_ids - 1 - n]) n++;
    return n;
}

/* heap[id].id: the longest sequence that this token would continue. */
static void penalise_sequences(jl_sampler *s, const jl_context *c, int first, int limit) {
    const jl_sampling *g = c->g;
    int end = c->n_ids - 1;
    float log_base = logf(g->dry_base);
    for (int i = first; i <= end; i++) s->heap[c->ids[i]].id = 0;
    for (int i = first; i < end; i++) {
        int n = repeated(c, i, first, limit);
        int32_t *longest = &s->heap[c->ids[i + 1]].id;
        if (n >= g->dry_allowed && n > *longest) *longest = n;
    }
    for (int i = first; i <= end; i++) {
        int n = s->heap[c->ids[i]].id;
        s->heap[c->ids[i]].id = 0;
        if (n == 0 || c->breaks(c->context, c->ids[i])) continue;
        float exponent = fminf((float)(n - g->dry_allowed) * log_base, 88);
        s->logits[c->ids[i]] -= g->dry_multiplier * jl_exp(exponent);
    }
}

jl_status jl_stage_dry(jl_sampler *s, const jl_context *c, jl_error *error) {
    const jl_sampling *g = c->g;
    int n = min(g->dry_last, c->n_ids), limit = 0;
    if (g->dry_multiplier == 0 || n <= g->dry_allowed) return JL_OK;
    while (limit < min(n, DRY_MATCH) && !c->breaks(c->context, c->ids[c->n_ids - 1 - limit]))
        limit++;
    if (limit < g->dry_allowed) return JL_OK;
    jl_sample_settle(s);
    penalise_sequences(s, c, c->n_ids - n, limit);
    return jl_sample_renew(s, error);
}

/* ---- Entropy --------------------------------------------------------------------------------- */

/* Of the candidates, in nats; they are settled. */
static float entropy(jl_sampler *s) {
    float sum = jl_sample_sum(s), h = 0;
    for (int i = 0; i < s->n; i++) {
        float p = jl_sample_weight(s, s->logits[i]) / sum;
        if (p > 0) h -= p * logf(p);
    }
    return h;
}

float jl_dynamic_temperature(jl_sampler *s, const jl_sampling *g) {
    if (g->temperature_range <= 0 || s->kept <= 1) return g->temperature;
    jl_sample_settle(s);
    float low = fmaxf(0, g->temperature - g->temperature_range);
    float high = g->temperature + g->temperature_range;
    float share = entropy(s) / logf((float)s->kept);
    float power = share > 0 ? jl_exp(g->temperature_exponent * logf(share)) : 0;
    if (g->temperature_exponent == 0) power = 1;
    return low + (high - low) * power;
}

/* ---- Filters --------------------------------------------------------------------------------- */

/* Tokens by the distance of their surprise from the entropy. */
jl_status jl_stage_typical(jl_sampler *s, const jl_context *c, jl_error *error) {
    float p = c->g->typical_p, total = 0;
    if (p >= 1 || s->kept <= 1) return JL_OK;
    jl_sample_settle(s);
    float mean = entropy(s), sum = jl_sample_sum(s), log_sum = logf(sum);
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        if (!(s->logits[i] > -INFINITY)) continue;
        float surprise = log_sum - (s->logits[i] - s->max) * s->scale;
        s->heap[n++] = (jl_entry){ -fabsf(surprise - mean), i };
    }
    jl_sample_heapify(s, n);
    while (s->popped < n && !(total > p))
        total += jl_sample_weight(s, s->logits[jl_sample_pop(s).id]) / sum;
    jl_sample_keep(s, n - s->popped, n);
    s->filtered = 1;
    return jl_sample_renew(s, error);
}

jl_status jl_stage_xtc(jl_sampler *s, const jl_context *c, jl_error *error) {
    const jl_sampling *g = c->g;
    if (g->xtc_probability <= 0 || g->xtc_threshold > 0.5f || s->kept < 2) return JL_OK;
    if (jl_random_next(c->random) > (double)g->xtc_probability) return JL_OK;
    jl_sample_settle(s);
    float enough = g->xtc_threshold * jl_sample_sum(s);
    int n = 0;
    while (n < s->kept && jl_sample_weight(s, jl_sample_ranked(s, n).logit) >= enough) n++;
    for (int i = 0; i + 1 < n; i++) s->logits[jl_sample_ranked(s, i).id] = -INFINITY;
    if (n < 2) return JL_OK;
    s->kept -= n - 1;
    s->filtered = 1;
    return jl_sample_renew(s, error);
}

void jl_stage_mirostat(jl_sampler *s, const jl_context *c) {
    if (c->g->mirostat_tau <= 0 || s->kept <= 1) return;
    float sum = jl_sample_sum(s), least = jl_exp(-c->mu * 0.693147181f), left = 0;
    int n = 0;
    for (; n < s->kept; n++) {
        float w = jl_sample_weight(s, jl_sample_ranked(s, n).logit);
        if (n > 0 && w / sum < least) break;
        left += w;
    }
    s->kept = n;
    s->sum = left;
    s->filtered = s->cut = 1;
}
