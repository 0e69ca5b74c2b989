/* session.c - the token sequence: append, advance, rewind; and runs with taps.
 *
 * Place in the flow: ids → forward/forward.c in batches → logits. One caller uses a session at a
 * time; the model is read-only. A failed call changes nothing: append checks all ids first.
 */
#include "session.h"

#include <math.h>
#include <string.h>

#include "../base/memory.h"

enum {
    DEFAULT_BATCH = 64,
    MAX_BATCH = 4096,
    REWINDS = 128 /* positions of a free rewind in models with short convolutions */
};
static const uint64_t MAX_TAP_BYTES = (uint64_t)1 << 30;

/* ---- Memory ---------------------------------------------------------------------------------- */

static size_t longest_token(const jl_model *m) {
    size_t longest = 0, n;
    for (int32_t id = 0; id < jl_model_n_vocab(m); id++)
        if (jl_token_bytes(m, id, 0, &n) && n > longest) longest = n;
    return longest;
}

/* Sets all sizes; options of 0 take their defaults. */
static void set_sizes(jl_session *s, const jl_model *m, const jl_session_options *o) {
    int trained = m->h.n_ctx < JL_DEFAULT_CTX ? m->h.n_ctx : JL_DEFAULT_CTX;
    s->m = m;
    s->n_ctx = o && o->n_ctx > 0 ? o->n_ctx : trained;
    s->n_batch = o && o->n_batch > 0 ? o->n_batch : DEFAULT_BATCH;
    if (s->n_batch > MAX_BATCH) s->n_batch = MAX_BATCH;
    s->step = JL_STEP;
    s->n_step = m->h.encoder ? DEFAULT_BATCH : s->n_batch;
    if (m->h.encoder) s->n_batch = s->n_ctx; /* tokens attend both ways */
    s->all_logits = o && o->all_logits && !m->h.encoder;
    s->pool = o ? o->pool : NULL;
    /* The cache keeps the precision of the file. */
    s->cache.type = m->main_type == JL_F32 ? JL_KV_F32 : JL_KV_16;
    s->cache.n_tiles = (s->n_ctx + JL_KV_TILE - 1) / JL_KV_TILE;
    s->cache.n_conv_rows = s->n_batch + m->h.conv_length + REWINDS;
    s->sampler.n = m->h.n_vocab;
}

static void lay_out(jl_session *s, jl_arena *arena) {
    const jl_hparams *h = &s->m->h;
    uint64_t vocab = (uint64_t)h->n_vocab;
    uint64_t heads = (uint64_t)h->n_attention * (uint64_t)h->n_kv_heads;
    uint64_t rows = (uint64_t)h->n_conv * (uint64_t)s->cache.n_conv_rows;
    uint64_t tile = jl_kv_tile_bytes(s->cache.type, h->head_dim);
    s->ids = jl_arena_take(arena, (uint64_t)s->n_ctx * sizeof(int32_t));
    s->cache.k = jl_arena_take(arena, heads * (uint64_t)s->cache.n_tiles * tile);
    s->cache.v = jl_arena_take(arena, heads * (uint64_t)s->cache.n_tiles * tile);
    s->cache.conv = jl_arena_take(arena, rows * (uint64_t)h->n_embd * sizeof(float));
    jl_scratch_take(&s->scratch, arena, s->m, s->n_batch, s->n_step, s->n_ctx, s->pool);
    s->logits =
        jl_arena_take(arena, (uint64_t)(s->all_logits ? s->n_batch : 1) * vocab * sizeof(float));
    s->sampler.logits = jl_arena_take(arena, vocab * sizeof(float));
    s->sampler.heap = jl_arena_take(arena, vocab * sizeof(jl_entry));
    s->text_cap = jl_text_stream_bytes(longest_token(s->m));
    s->text_buffer = jl_arena_take(arena, s->text_cap);
}

uint64_t jl_session_bytes(const jl_model *m, const jl_session_options *options) {
    jl_session s = { 0 };
    jl_arena measure = { 0 };
    if (!m->arch) return 0;
    set_sizes(&s, m, options);
    lay_out(&s, &measure);
    return sizeof s + measure.used;
}

static jl_status check_options(const jl_model *m, const jl_session_options *o, jl_error *error) {
    if (!m->arch)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("model"),
                       "the file holds a vocabulary without weights; it can only tokenize");
    if (m->loader)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("model"),
                       "the model is not completely loaded");
    if (o && o->n_ctx > m->h.n_ctx)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("contextLength"),
                       "the model was trained for %d positions, %d were requested", m->h.n_ctx,
                       o->n_ctx);
    if (o && m->h.encoder && o->n_ctx > MAX_BATCH)
        return jl_fail(
            error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("contextLength"),
            "an encoder evaluates a text as a whole, at most %d tokens; %d were requested",
            MAX_BATCH, o->n_ctx);
    return JL_OK;
}

jl_session *jl_session_new(const jl_model *m, const jl_session_options *options, jl_error *error) {
    if (check_options(m, options, error)) return NULL;
    uint64_t bytes = jl_session_bytes(m, options) - sizeof(jl_session);
    jl_session *s = jl_alloc_zero(sizeof *s);
    void *memory = bytes < SIZE_MAX / 2 ? jl_alloc((size_t)bytes) : NULL;
    if (!s || !memory) {
        jl_free(s);
        jl_free(memory);
        jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("session"),
                "not enough memory for %u MiB; request a shorter context", (bytes >> 20) + 1);
        return NULL;
    }
#ifdef JL_DEBUG
    memset(memory, 0xff, (size_t)bytes); /* NaN: reads of unwritten memory become visible */
#endif
    set_sizes(s, m, options);
    jl_arena arena = { memory, 0 };
    lay_out(s, &arena);
    s->memory = memory;
    s->drawn = -1;
    return s;
}

void jl_session_free(jl_session *s) {
    if (!s) return;
    jl_free(s->tap_data);
    jl_free(s->memory);
    jl_free(s);
}

/* ---- Sequence -------------------------------------------------------------------------------- */

/* Rejects further ids for an encoder that evaluated `read`: it needs the whole text at once. */
static jl_status check_whole_text(const jl_session *s, int read, int n, jl_error *error) {
    if (!s->m->h.encoder || read == 0 || n <= 0) return JL_OK;
    return jl_fail(
        error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("session"),
        "an encoder evaluates a text as a whole, and %d tokens are evaluated already; rewind to 0",
        read);
}

jl_status jl_session_append(jl_session *s, const int32_t *ids, int n, jl_error *error) {
    if (n < 0 || n > s->n_ctx - s->n_ids)
        return jl_fail(
            error, JL_ERR_CONTEXT, JL_NO_OFFSET, jl_string("context"),
            "%d of %d positions are used, %d more do not fit; rewind, or create a session "
            "with a longer context",
            s->n_ids, s->n_ctx, n);
    if (check_whole_text(s, s->n_cached, n, error)) return JL_ERR_ARGUMENT;
    for (int i = 0; i < n; i++)
        if (ids[i] < 0 || ids[i] >= s->m->h.n_vocab)
            return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("ids"),
                           "id %d at index %d is outside the vocabulary of %d", ids[i], i,
                           s->m->h.n_vocab);
    if (n == 0) return JL_OK;
    memcpy(s->ids + s->n_ids, ids, (size_t)n * sizeof *ids);
    s->n_ids += n;
    s->has_logits = 0;
    s->batch.p.n = 0; /* restart, with these ids */
    return JL_OK;
}

/* Drops cached positions from `position` on. Short convolutions also need the inputs of the
 * positions just before; if these are overwritten, drops the whole cache. */
static void truncate_cache(jl_session *s, int position) {
    int first = position - (s->m->h.conv_length - 1);
    s->batch.p.n = 0;
    if (position >= s->n_cached) return;
    s->n_cached = position;
    if (s->m->h.n_conv == 0 || (first > 0 ? first : 0) >= s->conv_from) return;
    s->n_cached = s->conv_from = 0;
}

jl_status jl_session_check_predicts(const jl_session *s, jl_error *error) {
    if (!s->m->h.encoder) return JL_OK;
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("model"),
                   "an encoder (%s) does not predict tokens; use it for embeddings, or choose a "
                   "model that generates text",
                   s->m->arch->name);
}

/* Starts the next batch. If it is abandoned, its cache positions are written again later, but the
 * convolution inputs that it overwrites are lost. */
static void begin_batch(jl_session *s, jl_purpose purpose, const jl_taps *taps) {
    int pending = s->n_ids - s->n_cached, pos = s->n_cached;
    int n = pending < s->n_batch ? pending : s->n_batch;
    int rows = s->m->h.encoder ? 0 : s->all_logits ? n : n == pending;
    int lost = pos + n - s->cache.n_conv_rows; /* positions overwritten */
    if (lost > s->conv_from) s->conv_from = lost;
    s->batch = (jl_batch){ .p = { s->m, &s->cache, &s->scratch, n, pos, 0, pos + n, taps },
                           .step = s->step,
                           .n_step = s->n_step,
                           .rows = purpose == JL_FOR_STATES ? n : rows,
                           .logits = purpose == JL_FOR_STATES ? NULL : s->logits };
    jl_forward_begin(&s->batch, s->ids + pos);
}

/* Whether the batch in progress computes the requested result. */
static int batch_matches(const jl_session *s, jl_purpose purpose, const jl_taps *taps) {
    const jl_batch *b = &s->batch;
    return b->p.n > 0 && (b->logits == NULL) == (purpose == JL_FOR_STATES) && b->p.taps == taps;
}

/* A lost worker makes the batch's results invalid. */
jl_status jl_session_evaluate(jl_session *s, jl_purpose purpose, const jl_taps *taps,
                              const float **states, jl_error *error) {
    jl_batch *b = &s->batch;
    s->batch_rows = 0;
    jl_memory_forbid(1);
    if (!batch_matches(s, purpose, taps)) begin_batch(s, purpose, taps);
    int more = jl_forward_step(b), end = b->p.end;
    if (!more && states) *states = jl_forward_states(b);
    jl_memory_forbid(0);
    int lost = jl_pool_lost(s->pool);
    if (lost || !more) b->p.n = 0;
    if (lost)
        return jl_fail(error, JL_ERR_THREAD, JL_NO_OFFSET, jl_string("threads"),
                       "one of %d stopped responding; end the workers and continue with one thread",
                       jl_pool_max(s->pool));
    if (more) return JL_MORE;
    s->batch_rows = b->logits ? b->rows : 0;
    s->n_evaluated += (uint32_t)(end - s->n_cached);
    s->n_cached = end;
    s->has_logits = end == s->n_ids && s->batch_rows > 0;
    return JL_OK;
}

/* Rejects rows whose maximum is not finite, as sampling does (sample.c). */
static jl_status check_logits(const jl_session *s, jl_error *error) {
    for (int i = 0, n; i < s->batch_rows; i++) {
        const float *row = jl_session_batch_logits(s, i, &n);
        if (isfinite(jl_max(row, s->m->h.n_vocab))) continue;
        return jl_fail(error, JL_ERR_NUMERIC, JL_NO_OFFSET, jl_string("logits"),
                       "the maximum is not a finite number; the model's weights are damaged");
    }
    return JL_OK;
}

jl_status jl_session_advance(jl_session *s, jl_error *error) {
    if (s->has_logits) return check_logits(s, error);
    if (jl_session_check_predicts(s, error)) return JL_ERR_ARGUMENT;
    if (s->n_ids == 0)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("session"),
                       "the session is empty; append a prompt first");
    if (s->n_cached == s->n_ids) truncate_cache(s, s->n_ids - 1); /* rewound: last token again */
    jl_status st = jl_session_evaluate(s, JL_FOR_LOGITS, NULL, NULL, error);
    if (!st) st = check_logits(s, error);
    return st ? st : s->has_logits ? JL_OK : JL_MORE;
}

const float *jl_session_logits(const jl_session *s) {
    if (!s->has_logits) return NULL;
    return s->logits + (size_t)(s->batch_rows - 1) * (size_t)s->m->h.n_vocab;
}

const float *jl_session_batch_logits(const jl_session *s, int i, int *n) {
    *n = s->batch_rows;
    return i >= 0 && i < s->batch_rows ? s->logits + (size_t)i * (size_t)s->m->h.n_vocab : NULL;
}

int jl_session_position(const jl_session *s) {
    return s->n_ids;
}

uint32_t jl_session_evaluated(const jl_session *s) {
    return s->n_evaluated;
}

int jl_session_n_ctx(const jl_session *s) {
    return s->n_ctx;
}

const int32_t *jl_session_ids(const jl_session *s) {
    return s->ids;
}

jl_status jl_session_rewind(jl_session *s, int position, jl_error *error) {
    if (position < 0 || position > s->n_ids)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("position"),
                       "expected 0 to %d, found %d", s->n_ids, position);
    if (position < s->n_ids) s->has_logits = 0;
    s->n_ids = position;
    truncate_cache(s, position);
    return JL_OK;
}

/* ---- Runs with taps -------------------------------------------------------------------------- */

static jl_status check_tap(const jl_session *s, const jl_tap *tap, jl_error *error) {
    const jl_hparams *h = &s->m->h;
    int kind = tap->kind >= JL_TAP_ATTENTION && tap->kind <= JL_TAP_OUTPUT;
    if (!kind || tap->layer < 0 || tap->layer >= h->n_layers)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("taps"),
                       "expected a kind of tap and a layer from 0 to %d, found layer %d",
                       h->n_layers - 1, tap->layer);
    if (tap->kind == JL_TAP_ATTENTION && (tap->head < 0 || tap->head >= h->n_heads))
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("taps"),
                       "expected a head from 0 to %d, found %d", h->n_heads - 1, tap->head);
    if (tap->kind == JL_TAP_ATTENTION && s->m->w.blocks[tap->layer].is_conv)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("taps"),
                       "layer %d is a short convolution without attention; choose another layer",
                       tap->layer);
    return JL_OK;
}

/* Sets the shapes and allocates the data of the taps for n new tokens. */
static jl_status allocate_taps(jl_session *s, jl_tap *taps, int n_taps, int n, jl_error *error) {
    uint64_t floats = 0;
    for (int i = 0; i < n_taps; i++) {
        if (check_tap(s, &taps[i], error)) return error ? error->code : JL_ERR_ARGUMENT;
        taps[i].rows = n;
        taps[i].cols = taps[i].kind == JL_TAP_ATTENTION ? s->n_ids + n : s->m->h.n_embd;
        floats += (uint64_t)n * (uint64_t)taps[i].cols;
    }
    if (floats * sizeof(float) > MAX_TAP_BYTES)
        return jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("taps"),
                       "the taps need %u MiB, the limit is %u MiB; request fewer",
                       floats * sizeof(float) >> 20, MAX_TAP_BYTES >> 20);
    if (floats == 0) return JL_OK;
    s->tap_data = jl_alloc((size_t)floats * sizeof(float));
    if (!s->tap_data)
        return jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("taps"),
                       "not enough memory for %u MiB; request fewer",
                       (floats * sizeof(float) >> 20) + 1);
    float *data = s->tap_data;
    for (int i = 0; i < n_taps; i++) {
        taps[i].data = data;
        data += (size_t)n * (size_t)taps[i].cols;
    }
    return JL_OK;
}

jl_status jl_session_run(jl_session *s, const int32_t *ids, int n, jl_tap *taps, int n_taps,
                         jl_error *error) {
    jl_session_clear_taps(s);
    int before = s->n_ids;
    jl_status st = check_whole_text(s, before, n, error);
    while (s->n_cached < before && st >= 0) /* earlier ids: without taps */
        st = jl_session_evaluate(s, JL_FOR_LOGITS, NULL, NULL, error);
    if (st >= 0) st = allocate_taps(s, taps, n_taps, n, error);
    if (!st) st = jl_session_append(s, ids, n, error);
    jl_taps list = { taps, n_taps, 0 };
    while (s->n_cached < s->n_ids && st >= 0) {
        list.row = s->n_cached - before;
        st = jl_session_evaluate(s, JL_FOR_LOGITS, n_taps ? &list : NULL, NULL, error);
    }
    if (!st) return JL_OK;
    jl_session_clear_taps(s);
    if (s->n_ids > before) jl_session_rewind(s, before, error);
    return st;
}

void jl_session_clear_taps(jl_session *s) {
    jl_free(s->tap_data);
    s->tap_data = NULL;
}
