/* rules.c - checks the rules of a session against its model; their sizes and memory.
 *
 * Place in the flow: session.c, when a session is created. forward/rules.h applies them. Errors
 * name the JavaScript option that holds the rule.
 */
#include "../forward/rules.h"

#include <math.h>
#include <string.h>

#include "session.h"

enum { MAX_WHOLE = 4096 /* tokens of a text that is evaluated in one batch */ };

static jl_status refuse(jl_error *error, const char *where, const char *why) {
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string(where), "%s", why);
}

static jl_status check_mask(const jl_model *m, const jl_rules *r, jl_error *error) {
    const char *where = "attention";
    if (r->mask < JL_MASK_MODEL || r->mask > JL_MASK_NONE)
        return refuse(error, where, "there is no such mask");
    if (r->mask == JL_MASK_MODEL) return JL_OK;
    if (m->h.encoder)
        return refuse(error, where, "an encoder sees the whole text; it has no other mask");
    if (r->mask > JL_MASK_CAUSAL && m->h.n_conv + m->h.n_recurrent > 0)
        return refuse(error, where,
                      "this model has short convolutions or recurrent blocks, which only read "
                      "earlier tokens; only the causal mask is possible");
    if (r->mask == JL_MASK_PREFIX && (r->prefix < 1 || r->prefix > MAX_WHOLE))
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string(where),
                       "expected a prefix of 1 to %d tokens, found %d", MAX_WHOLE, r->prefix);
    return JL_OK;
}

static jl_status check_window(const jl_model *m, const jl_rules *r, jl_error *error) {
    const char *where = "attention";
    if (r->window == 0 && r->sinks == 0 && !r->cache_positions) return JL_OK;
    if (r->window < 1 || r->sinks < 0 || r->window > m->h.n_ctx || r->sinks > m->h.n_ctx)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string(where),
                       "expected a window of 1 to %d positions and 0 or more sinks", m->h.n_ctx);
#ifdef JL_ALL
    if (m->h.n_attention == 0) return refuse(error, where, "this model has no attention");
#endif
    if (r->mask > JL_MASK_CAUSAL || m->h.encoder)
        return refuse(error, where, "a window needs the causal mask");
    if (r->cache_positions && (r->positions_off || r->position_ids))
        return refuse(error, where, "cachePositions already numbers the positions");
    if (r->cache_positions && m->arch->rules & JL_NORM_AFTER_ROPE)
        return refuse(error, where,
                      "cachePositions needs scores that depend on distances only; this model "
                      "normalises keys after RoPE");
    if (r->cache_positions && r->sinks + r->window > m->h.n_ctx)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string(where),
                       "sinks and window together exceed the %d trained positions", m->h.n_ctx);
    return JL_OK;
}

static jl_status check_positions(const jl_model *m, const jl_rules *r, jl_error *error) {
    const char *where = "positions";
    int learned = m->w.position_embd.rows, rope = m->arch->rope != JL_ROPE_NONE;
    if (r->position_ids && r->n_position_ids < 1) return refuse(error, where, "ids are empty");
    for (int i = 0; r->position_ids && learned && i < r->n_position_ids; i++)
        if (r->position_ids[i] < 0 || r->position_ids[i] >= learned)
            return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string(where),
                           "position %d of token %d is outside the model's table of %d",
                           r->position_ids[i], i, learned);
    if ((r->rope_base != 0 || r->rope_scale != 0) && !rope)
        return refuse(error, where, "this model has no RoPE");
    if ((r->rope_base != 0 && !(r->rope_base > 1 && r->rope_base < 1e12)) ||
        (r->rope_scale != 0 && !(r->rope_scale > 1e-6 && r->rope_scale < 1e6)))
        return refuse(error, where, "expected ropeBase above 1 and ropeScale above 0");
#ifdef JL_ALL
    if (r->position_ids && m->h.n_attention == 0)
        return refuse(error, where, "this model has no positions");
#endif
    if (r->positions_off && !learned && !rope && m->h.alibi == 0)
        return refuse(error, where, "this model has no positions to switch off");
    return JL_OK;
}

jl_status jl_session_check_rules(const jl_model *m, const jl_session_options *o, jl_error *error) {
    const jl_rules *r = o->rules;
    jl_status st = check_mask(m, r, error);
    if (!st) st = check_window(m, r, error);
    if (!st) st = check_positions(m, r, error);
    if (!st && r->cache != 0 && r->cache != 16 && r->cache != 32)
        st = refuse(error, "cache", "expected 16 or 32 bits");
    if (!st && r->mask == JL_MASK_PREFIX && r->prefix > jl_session_context(m, o))
        st = jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("attention"),
                     "a prefix of %d tokens does not fit the context of %d", r->prefix,
                     jl_session_context(m, o));
    if (!st && r->mask == JL_MASK_NONE && o->n_ctx > MAX_WHOLE)
        st = jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("contextLength"),
                     "without a mask a text is evaluated whole, at most %d tokens", MAX_WHOLE);
    return st;
}

void jl_session_size_rules(jl_session *s) {
    const jl_rules *r = &s->rules;
    if (r->mask == JL_MASK_NONE && s->n_ctx > MAX_WHOLE) s->n_ctx = MAX_WHOLE;
    if (r->mask == JL_MASK_NONE) s->n_batch = s->n_ctx;
    if (r->mask == JL_MASK_PREFIX && s->n_batch < r->prefix) s->n_batch = r->prefix;
    if (r->cache) s->cache.type = r->cache == 32 ? JL_KV_F32 : JL_KV_16;
    s->cache.sinks = r->sinks;
    int ring = r->window ? r->window + s->n_batch : 0;
    s->cache.ring = ring && r->sinks + ring < s->n_ctx ? ring : 0;
}

/* f = f·(base / trained base)^(−i/n) / scale: the frequencies that RoPE with that base has, under
 * the file's scaling. */
static void change_frequencies(const jl_rules *r, jl_rope_table *table) {
    double ratio = r->rope_base != 0 ? r->rope_base / table->base : 1;
    double scale = r->rope_scale != 0 ? r->rope_scale : 1;
    for (int i = 0; i < table->n_pairs; i++)
        table->frequency[i] *= pow(ratio, -1.0 * i / table->n_pairs) / scale;
}

void jl_session_lay_out_rules(jl_session *s, jl_arena *arena) {
    const jl_rules *given = &s->rules;
    uint64_t n = given->position_ids ? (uint64_t)given->n_position_ids : 0;
    uint64_t sinks = given->cache_positions ? (uint64_t)given->sinks : 0;
    const jl_hparams *h = &s->m->h;
    sinks *= (uint64_t)h->n_attention * (uint64_t)h->n_kv_heads * (uint64_t)h->head_dim;
    s->position_ids = jl_arena_take(arena, n * sizeof *s->position_ids);
    s->rope = jl_arena_take(arena, JL_ROPE_SCOPES * sizeof *s->rope);
    s->cache.sink_k = jl_arena_take(arena, sinks * sizeof(float));
    s->cache.sink_v = jl_arena_take(arena, sinks * sizeof(float));
    if (!arena->base) return;
    if (sinks == 0) s->cache.sink_k = s->cache.sink_v = NULL;
    if (n > 0) memcpy(s->position_ids, given->position_ids, (size_t)n * sizeof *s->position_ids);
    if (n > 0) s->rules.position_ids = s->position_ids;
    if (given->rope_base == 0 && given->rope_scale == 0) return;
    for (int i = 0; i < JL_ROPE_SCOPES; i++) {
        s->rope[i] = *s->scratch.rope[i];
        change_frequencies(given, &s->rope[i]);
        s->scratch.rope[i] = &s->rope[i];
    }
}
