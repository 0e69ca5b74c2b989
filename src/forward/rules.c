/* rules.c - key ranges, biases and positions under the rules of a session.
 *
 * Place in the flow: forward.c (positions) and attention.c (keys) ask here. Positions of tokens
 * are absolute; a bounded cache keeps some of them in a ring (jl_cache_slot).
 */
#include "rules.h"

#include <math.h>

double jl_rule_position(const jl_rules *r, int t) {
    if (!r) return t;
    if (r->positions_off) return 0;
    return r->position_ids ? r->position_ids[t] : t;
}

void jl_rope_angles(const jl_rope_table *r, double position, float *cs) {
    for (int i = 0; i < r->n_pairs; i++) {
        double angle = position * r->frequency[i];
        *cs++ = (float)(r->length * cos(angle));
        *cs++ = (float)(r->length * sin(angle));
    }
}

/* Cache positions: a token beyond the window stands at the window's end, sinks directly before. */
int jl_rule_shift(const jl_rules *r, int t) {
    if (!r || !r->cache_positions) return 0;
    int last = r->sinks + r->window - 1;
    return t > last ? t - last : 0;
}

int jl_rule_position_row(const jl_rules *r, int t) {
    if (!r) return t;
    if (r->positions_off) return -1;
    return r->position_ids ? r->position_ids[t] : t - jl_rule_shift(r, t);
}

int jl_rule_biased(const jl_model *m, const jl_rules *r) {
    if (m->h.alibi > 0 && m->h.encoder) return 1;
    if (!r) return 0;
    int positions = r->positions_off || r->position_ids;
    return r->window > 0 || (m->h.alibi > 0 && (r->mask > JL_MASK_CAUSAL || positions));
}

/* Whether a block's window also hides keys after the query. */
static int both_ways(const jl_pass *p, const jl_block *b) {
    return b->window && p->m->arch->rules & JL_WINDOW_BOTH;
}

/* End of the keys that a query sees without a window. */
static int end_of_keys(const jl_pass *p, int t) {
    jl_mask mask = p->rules ? p->rules->mask : JL_MASK_MODEL;
    if (mask == JL_MASK_NONE || (mask == JL_MASK_MODEL && p->m->h.encoder))
        return jl_pass_text_end(p, t);
    if (mask != JL_MASK_PREFIX || t >= p->rules->prefix) return t + 1;
    return p->rules->prefix < p->end ? p->rules->prefix : p->end;
}

int jl_rule_keys(const jl_pass *p, const jl_block *b, int t, int *first) {
    int start = jl_pass_text_first(p, t), used = jl_cache_used(p->cache, p->end);
    int end = end_of_keys(p, t) - start;
    *first = 0;
    t -= start;
    if (both_ways(p, b) && b->window < end - t) end = t + b->window;
    /* With biases, sees() hides keys; slots of a full ring are not in the order of positions. */
    if (p->s->attention[0].bias) return used < p->end ? used : end;
    if (b->window && b->window < t + 1) *first = t + 1 - b->window;
    return end;
}

/* The latest position before `end` in a slot. */
static int position_in(const jl_cache *c, int slot, int end) {
    if (c->ring == 0 || slot < c->sinks) return slot;
    return end - 1 - (end - 1 - slot) % c->ring;
}

static int sees(const jl_pass *p, const jl_block *b, int t, int j) {
    const jl_rules *r = p->rules;
    if (j >= end_of_keys(p, t) || (b->window && t - j >= b->window)) return 0;
    if (both_ways(p, b) && j - t >= b->window) return 0;
    return !r || r->window == 0 || j < r->sinks || t - j < r->window;
}

void jl_rule_bias(const jl_pass *p, const jl_block *b, int t, float slope, int n, float *bias) {
    const jl_rules *r = p->rules;
    double own = jl_rule_position(r, t);
    if (r && r->positions_off) slope = 0;
    for (int i = 0; i < n; i++) {
        int j = jl_pass_text_first(p, t) + position_in(p->cache, i, p->end);
        int shift = r && j < r->sinks ? jl_rule_shift(r, t) : 0;
        double distance = jl_rule_position(r, j) + shift - own;
        if (p->m->h.encoder) distance = -fabs(distance);
        bias[i] = sees(p, b, t, j) ? slope * (float)distance : -INFINITY;
    }
}
