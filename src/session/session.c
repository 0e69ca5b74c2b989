/* session.c - the token sequence: append, advance, rewind.
 *
 * Place in the flow: ids → forward/forward.c in batches → logits. One caller uses a session at a
 * time; the model is read-only. A failed call changes nothing: append checks all ids first.
 */
#include "session.h"

#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../forward/rules.h"
#include "../forward/sites.h"

enum {
    DEFAULT_BATCH = 64,
    MAX_BATCH = 4096,
    REWINDS = 128 /* positions of a free rewind in models with short convolutions */
};

/* ---- Memory ---------------------------------------------------------------------------------- */

int jl_session_context(const jl_model *m, const jl_session_options *o) {
    int trained = m->h.n_ctx < JL_DEFAULT_CTX ? m->h.n_ctx : JL_DEFAULT_CTX;
    int n = o && o->n_ctx > 0 ? o->n_ctx : trained;
    const jl_rules *r = o ? o->rules : NULL;
    if (r && r->position_ids && r->n_position_ids < n) n = r->n_position_ids;
    return n;
}

/* Rows of several texts computed at a time: more read the weights less often, but a step lasts. */
static int rows_per_step(const jl_session *s) {
    uint64_t weights = s->m->n_parameters / (uint64_t)s->m->h.n_layers + 1,
             rows = JL_STEP / weights;
    if (rows < DEFAULT_BATCH) rows = DEFAULT_BATCH;
    return rows < (uint64_t)s->n_ctx ? (int)rows : s->n_ctx;
}

/* Sets all sizes; options of 0 take their defaults. */
static void set_sizes(jl_session *s, const jl_model *m, const jl_session_options *o) {
    s->m = m;
    s->n_ctx = jl_session_context(m, o);
    s->n_batch = o && o->n_batch > 0 ? o->n_batch : DEFAULT_BATCH;
    if (s->n_batch > MAX_BATCH) s->n_batch = MAX_BATCH;
    s->step = JL_STEP;
    s->n_step = m->h.encoder ? DEFAULT_BATCH : s->n_batch;
    s->max_texts = o ? o->n_texts : 0;
    if (s->max_texts) s->n_step = rows_per_step(s);
    if (m->h.encoder || s->max_texts) s->n_batch = s->n_ctx; /* tokens attend both ways */
    s->all_logits = o && o->all_logits && !m->h.encoder;
    s->pool = o ? o->pool : NULL;
    /* The cache keeps the precision of the file. */
    s->cache.type = m->main_type == JL_F32 ? JL_KV_F32 : JL_KV_16;
    s->has_rules = o && o->rules;
    if (s->has_rules) s->rules = *o->rules;
    if (s->has_rules) jl_session_size_rules(s);
    s->cache.n_tiles = (jl_session_slots(s) + JL_KV_TILE - 1) / JL_KV_TILE + s->max_texts;
    s->meter.now = o ? o->now : NULL;
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
    s->texts = jl_arena_take(arena, (uint64_t)(s->max_texts ? s->n_ctx : 0) * sizeof *s->texts);
    s->cache.k = jl_arena_take(arena, heads * (uint64_t)s->cache.n_tiles * tile);
    s->cache.v = jl_arena_take(arena, heads * (uint64_t)s->cache.n_tiles * tile);
    s->cache.conv = jl_arena_take(arena, rows * (uint64_t)h->n_embd * sizeof(float));
    jl_session_lay_out_states(s, arena);
    int biased = jl_rule_biased(s->m, s->has_rules ? &s->rules : NULL);
    jl_scratch_size size = { s->n_batch, s->n_step, biased ? s->cache.n_tiles * JL_KV_TILE : 0 };
    jl_scratch_take(&s->scratch, arena, s->m, &size, s->pool);
    int is_long = s->n_ctx > h->n_ctx_original && !s->max_texts;
    s->scratch.rope[JL_ROPE_GLOBAL] = is_long ? &s->m->rope_long : &s->m->rope[JL_ROPE_GLOBAL];
    s->scratch.rope[JL_ROPE_LOCAL] = &s->m->rope[JL_ROPE_LOCAL];
    s->scratch.meter = &s->meter;
    if (s->has_rules) jl_session_lay_out_rules(s, arena);
    s->logits =
        jl_arena_take(arena, (uint64_t)(s->all_logits ? s->n_batch : 1) * vocab * sizeof(float));
    s->sampler.logits = jl_arena_take(arena, vocab * sizeof(float));
    s->sampler.heap = jl_arena_take(arena, vocab * sizeof(jl_entry));
    s->text_cap = jl_text_stream_bytes(s->m->longest_token);
    s->text_buffer = jl_arena_take(arena, s->text_cap);
}

int jl_session_slots(const jl_session *s) {
    return s->cache.ring ? s->cache.sinks + s->cache.ring : s->n_ctx;
}

uint64_t jl_session_bytes(const jl_model *m, const jl_session_options *options) {
    jl_session s = { 0 };
    jl_arena measure = { 0 };
    if (!m->arch) return 0;
    set_sizes(&s, m, options);
    lay_out(&s, &measure);
    return sizeof s + measure.used;
}

static jl_status check_texts(const jl_model *m, const jl_session_options *o, jl_error *error) {
    const char *why = m->h.n_conv        ? "short convolutions read tokens of the text before"
                      : m->h.n_recurrent ? "recurrent blocks continue the text before"
                      : o->rules         ? "rules apply to one sequence"
                                         : NULL;
    if (why)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("texts"),
                       "several texts cannot be embedded together: %s", why);
    if (o->n_texts > 0 && o->n_texts <= MAX_BATCH && o->n_ctx <= MAX_BATCH) return JL_OK;
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("texts"),
                   "expected at most %d texts and tokens, found %d and %d", MAX_BATCH, o->n_texts,
                   o->n_ctx);
}

static jl_status check_options(const jl_model *m, const jl_session_options *o, jl_error *error) {
    if (!m->arch)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("model"),
                       "the file holds a vocabulary without weights; it can only tokenize");
    if (m->loader)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("model"),
                       "the model is not completely loaded");
    int endless = o && o->rules && o->rules->window > 0 && o->rules->cache_positions;
    if (o && o->n_texts) return check_texts(m, o, error);
    if (o && o->n_ctx > m->h.n_ctx && !endless)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("contextLength"),
                       "the model was trained for %d positions, %d were requested", m->h.n_ctx,
                       o->n_ctx);
    if (o && m->h.encoder && o->n_ctx > MAX_BATCH)
        return jl_fail(
            error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("contextLength"),
            "an encoder evaluates a text as a whole, at most %d tokens; %d were requested",
            MAX_BATCH, o->n_ctx);
    if (o && o->rules) return jl_session_check_rules(m, o, error);
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
    jl_random_seed(&s->random, 0);
    return s;
}

void jl_session_free(jl_session *s) {
    if (!s) return;
    jl_free(s->run.memory);
    jl_free(s->edits);
    jl_free(s->lists);
    jl_constraint_free(s->constraint);
    jl_free(s->memory);
    jl_free(s);
}

/* ---- Sequence -------------------------------------------------------------------------------- */

jl_status jl_session_check_whole(const jl_session *s, int read, int n, jl_error *error) {
    if ((!s->m->h.encoder && !s->max_texts) || read == 0 || n <= 0) return JL_OK;
    return jl_fail(
        error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("session"),
        "an encoder evaluates a text as a whole, and %d tokens are evaluated already; rewind to 0",
        read);
}

jl_status jl_session_check_sequence(const jl_session *s, jl_error *error) {
    if (!s->max_texts) return JL_OK;
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("session"),
                   "a session of several texts only embeds");
}

jl_status jl_session_check_room(const jl_session *s, int n, jl_error *error) {
    if (n >= 0 && n <= s->n_ctx - s->n_ids) return JL_OK;
    return jl_fail(error, JL_ERR_CONTEXT, JL_NO_OFFSET, jl_string("context"),
                   "%d of %d positions are used, %d more do not fit; rewind, or create a session "
                   "with a longer context",
                   s->n_ids, s->n_ctx, n);
}

jl_status jl_session_check_append(const jl_session *s, const int32_t *ids, int n, jl_error *error) {
    if (jl_session_check_room(s, n, error)) return JL_ERR_CONTEXT;
    if (jl_session_check_whole(s, s->n_cached, n, error)) return JL_ERR_ARGUMENT;
    if (s->max_texts && (n > s->m->h.n_ctx_original || s->n_texts == s->max_texts))
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("texts"),
                       "text %d of at most %d has %d tokens of at most %d", s->n_texts,
                       s->max_texts, n, s->m->h.n_ctx_original);
    for (int i = 0; i < n; i++)
        if (ids[i] < 0 || ids[i] >= s->m->h.n_vocab)
            return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("ids"),
                           "id %d at index %d is outside the vocabulary of %d", ids[i], i,
                           s->m->h.n_vocab);
    return JL_OK;
}

/* Places the next text, of n tokens, in the cache. */
static void place_text(jl_session *s, int n) {
    jl_text_range text = { s->n_ids, s->n_ids + n, s->n_tiles };
    for (int t = text.first; t < text.end; t++) s->texts[t] = text;
    s->n_tiles += (n + JL_KV_TILE - 1) / JL_KV_TILE;
    s->n_texts++;
}

jl_status jl_session_append(jl_session *s, const int32_t *ids, int n, jl_error *error) {
    jl_session_run_end(s);
    jl_status st = jl_session_check_append(s, ids, n, error);
    if (st || n == 0) return st;
    if (s->max_texts) place_text(s, n);
    memcpy(s->ids + s->n_ids, ids, (size_t)n * sizeof *ids);
    s->n_ids += n;
    s->has_logits = 0;
    s->batch.p.n = 0; /* restart, with these ids */
    s->n_cached = jl_session_keep_states(s, jl_session_reused(s, s->n_cached));
    return JL_OK;
}

int jl_session_reused(const jl_session *s, int n) {
    return s->rules.no_reuse || s->rules.mask == JL_MASK_NONE ? 0 : n;
}

/* Whether the cache before a position depends on what follows, or has lost what a later query
 * needs: the inputs of short convolutions and the keys in a window. Slots of a ring that hold later
 * positions have weight 0, which removes only finite values. */
static int is_lost(const jl_session *s, int position) {
    const jl_rules *r = &s->rules;
    int inputs = position - (s->m->h.conv_length - 1), keys = position - (r->window - 1);
    if (jl_session_reused(s, position) < position) return 1;
    if (r->mask == JL_MASK_PREFIX && position < r->prefix) return 1;
    if (s->cache.sink_k && position < r->sinks + r->window) return 1; /* sinks were moved */
    if (s->m->h.n_conv && (inputs > 0 ? inputs : 0) < s->conv_from) return 1;
    return s->cache.ring && ((keys > 0 ? keys : 0) < s->ring_from || s->edited);
}

void jl_session_truncate(jl_session *s, int position) {
    int abandoned = s->batch.p.n > 0 && s->edited && s->cache.ring; /* it wrote later slots */
    s->batch.p.n = 0;
    if (position >= s->n_cached && !abandoned) return;
    if (position < s->n_cached) s->n_cached = jl_session_keep_states(s, position);
    if (!is_lost(s, s->n_cached)) return;
    s->n_cached = s->conv_from = s->ring_from = s->edited = 0;
    jl_session_keep_states(s, 0);
}

jl_status jl_session_check_predicts(const jl_session *s, jl_error *error) {
    if (!s->m->h.encoder) return jl_session_check_sequence(s, error);
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("model"),
                   "an encoder (%s) does not predict tokens; use it for embeddings, or choose a "
                   "model that generates text",
                   s->m->arch->name);
}

/* Tokens from pos on whose window moves the sinks equally: those before it moves, then one. */
static int same_shift(const jl_rules *r, int pos) {
    int fixed = r->sinks + r->window - pos;
    return fixed > 1 ? fixed : 1;
}

/* Starts the next batch. If it is abandoned, its cache positions are written again later, but the
 * convolution inputs that it overwrites are lost. */
static void begin_batch(jl_session *s, jl_purpose purpose, const jl_probe *probe) {
    const jl_rules *r = s->has_rules ? &s->rules : NULL;
    int pending = s->n_ids - s->n_cached, pos = s->n_cached;
    int n = pending < s->n_batch ? pending : s->n_batch;
    if (r && s->cache.sink_k) n = jl_rule_shift(r, pos + n - 1) ? same_shift(r, pos) : n;
    int states = purpose == JL_FOR_STATES, in_run = probe == &s->run.probe;
    int stop = in_run ? s->run.n_blocks : 0;
    int rows = s->m->h.encoder || stop ? 0 : s->all_logits ? n : n == pending;
    int lost = pos + n - s->cache.n_conv_rows; /* positions overwritten */
    if (lost > s->conv_from) s->conv_from = lost;
    if (s->cache.ring && pos + n - s->cache.ring > s->ring_from)
        s->ring_from = pos + n - s->cache.ring;
    if (s->m->h.n_recurrent) jl_session_begin_states(s);
    s->batch = (jl_batch){ .p = { .m = s->m,
                                  .cache = &s->cache,
                                  .s = &s->scratch,
                                  .n = n,
                                  .pos = pos,
                                  .end = pos + n,
                                  .sites = jl_probe_sites(probe),
                                  .pattern_block = in_run ? s->run.pattern_block : -1,
                                  .probe = probe,
                                  .rules = r,
                                  .texts = s->max_texts ? s->texts : NULL },
                           .step = s->step,
                           .n_step = s->n_step,
                           .rows = states ? n : rows,
                           .logits = states || rows == 0 ? NULL : s->logits,
                           .for_states = states,
                           .n_blocks = stop ? stop : s->m->h.n_layers };
    if (probe->n_edits > 0) s->edited = 1;
    jl_forward_begin(&s->batch, s->ids + pos);
}

/* Whether the batch in progress computes the requested result. */
static int batch_matches(const jl_session *s, jl_purpose purpose, const jl_probe *probe) {
    const jl_batch *b = &s->batch;
    return b->p.n > 0 && b->for_states == (purpose == JL_FOR_STATES) && b->p.probe == probe;
}

/* A lost worker makes the batch's results invalid. */
jl_status jl_session_evaluate(jl_session *s, jl_purpose purpose, const float **states,
                              jl_error *error) {
    jl_batch *b = &s->batch;
    jl_probe *probe = s->run.memory ? &s->run.probe : &s->probe;
    s->batch_rows = 0;
    if (s->rules.mask == JL_MASK_PREFIX && s->n_cached == 0 && s->n_ids < s->rules.prefix)
        return jl_fail(
            error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("attention"),
            "the first %d tokens see each other, but the session has %d; append them all",
            s->rules.prefix, s->n_ids);
    jl_memory_forbid(1);
    if (!s->run.memory) probe->n_keys = s->n_ids;
    if (!batch_matches(s, purpose, probe)) begin_batch(s, purpose, probe);
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
    s->meter.counters.tokens += end - s->n_cached;
    s->n_cached = end;
    if (s->m->h.n_recurrent) s->cache.state_at[s->cache.state_to] = end;
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
    jl_session_run_end(s);
    if (jl_session_check_predicts(s, error)) return JL_ERR_ARGUMENT;
    if (s->n_ids == 0)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("session"),
                       "the session is empty; append a prompt first");
    if (s->n_cached == s->n_ids)
        jl_session_truncate(s, s->n_ids - 1); /* rewound: last token again */
    jl_status st = jl_session_evaluate(s, JL_FOR_LOGITS, NULL, error);
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
    jl_session_run_end(s);
    int max = s->max_texts ? 0 : s->n_ids;
    if (position < 0 || position > max)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("position"),
                       "expected 0 to %d, found %d", max, position);
    s->n_texts = s->n_tiles = 0;
    if (position < s->n_ids) s->has_logits = 0;
    s->n_ids = position;
    jl_session_truncate(s, position);
    return JL_OK;
}

/* ---- Counters -------------------------------------------------------------------------------- */

jl_counters jl_session_counters(const jl_session *s) {
    jl_counters c = s->meter.counters;
    int held = jl_cache_used(&s->cache, s->n_cached);
    double tile = 2.0 * (double)jl_kv_tile_bytes(s->cache.type, s->m->h.head_dim);
    c.cache_held = held * tile / JL_KV_TILE * s->m->h.n_attention * s->m->h.n_kv_heads;
    c.cache_held += jl_session_states_held(s);
    return c;
}

void jl_session_reset_counters(jl_session *s) {
    memset(&s->meter.counters, 0, sizeof s->meter.counters);
}
