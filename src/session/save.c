/* save.c - a session as bytes (format: jielong_state.h), and a session of such bytes.
 *
 * Place in the flow: beside session.c. Saving and restoring visit the same pieces of the session's
 * memory in the same order; only the head is decoded. Restoring trusts nothing: options, rules and
 * edits pass the checks of a new session, counts are bounded before use, and the length must be
 * exact. Values in the cache and the logits may be anything: kernels accept any bits.
 */
#include <string.h>

#include "../base/cursor.h"
#include "../base/memory.h"
#include "../jielong_state.h"
#include "session.h"

enum {
    VERSION = 2,
    MAGIC_BYTES = 8,
    MAX_CTX = 1 << 24 /* bounds the memory of a session with a window, whose context is free */
};
static const char magic[] = "jl-state";

/* The i32 numbers of the head, in their order. */
enum {
    N_CTX,
    N_BATCH,
    ALL_LOGITS,
    HAS_RULES,
    MASK,
    PREFIX,
    WINDOW,
    SINKS,
    CACHE_POSITIONS,
    POSITIONS_OFF,
    CACHE_BITS,
    NO_REUSE,
    N_POSITION_IDS,
    N_TOKENS,
    N_CACHED,
    CONV_FROM,
    RING_FROM,
    HAS_LOGITS,
    N_EDITS,
    STATE_AT, /* JL_STATES of them */
    NUMBERS = STATE_AT + JL_STATES
};

typedef struct head {
    uint64_t fingerprint, bytes, random;
    uint64_t rope_base, rope_scale; /* bits of doubles */
    int32_t n[NUMBERS];
} head;

static head head_of(const jl_session *s) {
    const jl_rules *r = &s->rules;
    head h = { .fingerprint = jl_model_fingerprint(s->m), .random = s->random.state };
    int32_t n[NUMBERS] = {
        [N_CTX] = s->n_ctx,
        [N_BATCH] = s->n_batch,
        [ALL_LOGITS] = s->all_logits,
        [HAS_RULES] = s->has_rules,
        [MASK] = (int32_t)r->mask,
        [PREFIX] = r->prefix,
        [WINDOW] = r->window,
        [SINKS] = r->sinks,
        [CACHE_POSITIONS] = r->cache_positions,
        [POSITIONS_OFF] = r->positions_off,
        [CACHE_BITS] = r->cache,
        [NO_REUSE] = r->no_reuse,
        [N_POSITION_IDS] = r->position_ids ? r->n_position_ids : 0,
        [N_TOKENS] = s->n_ids,
        [N_CACHED] = s->n_cached,
        [CONV_FROM] = s->m->h.n_conv ? s->conv_from : 0,
        [RING_FROM] = s->cache.ring ? s->ring_from : 0,
        [HAS_LOGITS] = s->has_logits,
        [N_EDITS] = s->probe.n_edits,
    };
    memcpy(h.n, n, sizeof n);
    memcpy(h.n + STATE_AT, s->cache.state_at, sizeof s->cache.state_at);
    memcpy(&h.rope_base, &r->rope_base, sizeof h.rope_base);
    memcpy(&h.rope_scale, &r->rope_scale, sizeof h.rope_scale);
    return h;
}

/* ---- The pieces of a session's memory -------------------------------------------------------- */

/* Visits `n` bytes of the session at `memory`. */
typedef void visitor(void *to, void *memory, uint64_t n);

static int used_slots(const jl_session *s) {
    int slots = jl_session_slots(s);
    return s->n_cached < slots ? s->n_cached : slots;
}

static void each_convolution(jl_session *s, visitor *visit, void *to) {
    size_t rows = (size_t)s->cache.n_conv_rows, width = (size_t)s->m->h.n_embd;
    for (size_t block = 0; block < (size_t)s->m->h.n_conv; block++)
        for (int t = s->conv_from; t < s->n_cached; t++)
            visit(to, s->cache.conv + (block * rows + (size_t)t % rows) * width,
                  width * sizeof(float));
}

static void each_sink(jl_session *s, float *sinks, visitor *visit, void *to) {
    size_t width = (size_t)s->m->h.n_kv_heads * (size_t)s->m->h.head_dim;
    size_t n = (size_t)s->cache.sinks, used = (size_t)s->n_cached < n ? (size_t)s->n_cached : n;
    for (size_t block = 0; sinks && block < (size_t)s->m->h.n_attention; block++)
        visit(to, sinks + block * n * width, used * width * sizeof(float));
}

static void each_state(jl_session *s, visitor *visit, void *to) {
    for (int i = 0; i < JL_STATES; i++) {
        uint64_t bytes;
        float *state = jl_session_state(s, i, &bytes);
        visit(to, state, bytes);
    }
}

/* Everything after the edits. */
static void each_piece(jl_session *s, visitor *visit, void *to) {
    const jl_cache *c = &s->cache;
    size_t tile = jl_kv_tile_bytes(c->type, s->m->h.head_dim), stride = (size_t)c->n_tiles * tile;
    size_t used = ((size_t)used_slots(s) + JL_KV_TILE - 1) / JL_KV_TILE * tile;
    size_t heads = (size_t)s->m->h.n_attention * (size_t)s->m->h.n_kv_heads;
    visit(to, s->ids, (uint64_t)s->n_ids * sizeof *s->ids);
    for (size_t i = 0; i < heads; i++) visit(to, c->k + i * stride, used);
    for (size_t i = 0; i < heads; i++) visit(to, c->v + i * stride, used);
    each_convolution(s, visit, to);
    each_state(s, visit, to);
    each_sink(s, c->sink_k, visit, to);
    each_sink(s, c->sink_v, visit, to);
    size_t vocab = (size_t)s->m->h.n_vocab;
    if (s->has_logits)
        visit(to, s->logits + (size_t)(s->batch_rows - 1) * vocab, vocab * sizeof(float));
}

static void count_bytes(void *to, void *memory, uint64_t n) {
    (void)memory;
    *(uint64_t *)to += n;
}

/* ---- Save ------------------------------------------------------------------------------------ */

/* A window [from, from + n) of the state; at: bytes passed so far. */
typedef struct window {
    uint8_t *out;
    uint64_t from, n, at;
} window;

static void put(void *to, void *memory, uint64_t n) {
    window *w = to;
    uint64_t start = w->at, end = w->at += n, last = w->from + w->n;
    if (end <= w->from || start >= last) return;
    uint64_t first = start > w->from ? start : w->from, stop = end < last ? end : last;
    memcpy(w->out + (first - w->from), (uint8_t *)memory + (first - start), (size_t)(stop - first));
}

static void put_number(window *w, uint64_t value, int bytes) {
    uint8_t little[8];
    for (int i = 0; i < bytes; i++) little[i] = (uint8_t)(value >> 8 * i);
    put(w, little, (uint64_t)bytes);
}

static void put_head(window *w, const head *h, const int32_t *position_ids) {
    char name[MAGIC_BYTES];
    memcpy(name, magic, sizeof name);
    put(w, name, sizeof name);
    put_number(w, VERSION, 4);
    put_number(w, h->fingerprint, 8);
    put_number(w, h->bytes, 8);
    put_number(w, h->random, 8);
    put_number(w, h->rope_base, 8);
    put_number(w, h->rope_scale, 8);
    for (int i = 0; i < NUMBERS; i++) put_number(w, (uint32_t)h->n[i], 4);
    for (int i = 0; i < h->n[N_POSITION_IDS]; i++) put_number(w, (uint32_t)position_ids[i], 4);
}

static void put_edit(window *w, const jl_edit *e) {
    int32_t fields[] = { (int32_t)e->site, e->layer, e->head, e->from, e->to, (int32_t)e->op };
    uint32_t factor;
    memcpy(&factor, &e->factor, sizeof factor);
    for (int i = 0; i < 6; i++) put_number(w, (uint32_t)fields[i], 4);
    put_number(w, factor, 4);
    put_number(w, e->n, 4);
    if (e->n) put(w, (void *)(uintptr_t)e->data, e->n * sizeof(float));
}

static void put_state(window *w, jl_session *s, const head *h) {
    put_head(w, h, s->rules.position_ids);
    for (int i = 0; i < s->probe.n_edits; i++) put_edit(w, &s->probe.edits[i]);
    each_piece(s, put, w);
}

/* Slots of the last tile without a position: 0, so that nothing else is saved. */
static void clear_unused(jl_session *s, const float *zeros) {
    const jl_cache *c = &s->cache;
    int used = used_slots(s), hd = s->m->h.head_dim;
    size_t tile = jl_kv_tile_bytes(c->type, hd);
    size_t heads = (size_t)s->m->h.n_attention * (size_t)s->m->h.n_kv_heads;
    for (size_t i = 0; i < heads && used % JL_KV_TILE; i++) {
        size_t at = (i * (size_t)c->n_tiles + (size_t)(used / JL_KV_TILE)) * tile;
        for (int slot = used % JL_KV_TILE; slot < JL_KV_TILE; slot++)
            jl_kv_store(c->type, c->k + at, c->v + at, slot, zeros, zeros, hd);
    }
}

static jl_status check_saves(const jl_session *s, jl_error *error) {
    if (s->m->h.encoder)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("session"),
                       "an encoder (%s) reads each text whole; there is nothing to continue",
                       s->m->arch->name);
    if (s->n_ctx > MAX_CTX)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("session"),
                       "only a session of at most %d positions has a state", MAX_CTX);
    if (!s->run.memory) return jl_session_check_sequence(s, error);
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("session"),
                   "a run is in progress; end it first");
}

uint64_t jl_session_save(jl_session *s, uint64_t from, uint8_t *out, uint64_t n, jl_error *error) {
    window all = { 0 }, part = { .out = out, .from = from, .n = n };
    if (check_saves(s, error)) return 0;
    head h = head_of(s);
    put_state(&all, s, &h);
    h.bytes = all.at;
    if (from > all.at || n > all.at - from) {
        jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("save"),
                "%u bytes from %u are more than the state's %u", n, from, all.at);
        return 0;
    }
    if (n == 0) return all.at;
    s->batch.p.n = 0;
    memset(s->sampler.logits, 0, (size_t)s->m->h.n_vocab * sizeof(float)); /* scratch */
    clear_unused(s, s->sampler.logits);
    put_state(&part, s, &h);
    return all.at;
}

/* ---- Restore --------------------------------------------------------------------------------- */

static jl_status damaged(jl_error *error, const char *what) {
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("state"),
                   "it is damaged: %s; save the session again", what);
}

static jl_status read_head(jl_cursor *c, const jl_model *m, head *h, jl_error *error) {
    const char *other = "this state belongs to another model; load the file that it was saved with";
    const uint8_t *name = jl_cursor_take(c, MAGIC_BYTES);
    if (!name || memcmp(name, magic, MAGIC_BYTES) != 0)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("state"),
                       "these are not the bytes of a saved session");
    uint32_t version = jl_cursor_u32(c);
    if (!c->status && version != VERSION)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("state"),
                       "it has version %u, and this engine reads version %d", (uint64_t)version,
                       VERSION);
    h->fingerprint = jl_cursor_u64(c);
    h->bytes = jl_cursor_u64(c);
    h->random = jl_cursor_u64(c);
    h->rope_base = jl_cursor_u64(c);
    h->rope_scale = jl_cursor_u64(c);
    for (int i = 0; i < NUMBERS; i++) h->n[i] = (int32_t)jl_cursor_u32(c);
    if (c->status) return damaged(error, "it ends in the head");
    if (h->fingerprint != jl_model_fingerprint(m))
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("state"), "%s", other);
    if (h->bytes == c->end) return JL_OK;
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("state"),
                   "it should have %u bytes and has %u; it was cut off or something was added",
                   h->bytes, c->end);
}

/* Nonzero: kept states are not of evaluated tokens, or none is of all of them. */
static int check_states(const head *h, const jl_model *m) {
#ifdef JL_ALL
    int cached = h->n[N_CACHED], known = cached == 0 || m->h.n_recurrent == 0;
    for (int i = 0; i < JL_STATES; i++) {
        int at = h->n[STATE_AT + i];
        if (at < 0 || at > (m->h.n_recurrent ? cached : 0)) return 1;
        known |= at == cached;
    }
    return !known;
#else
    (void)h, (void)m;
    return 0;
#endif
}

/* Counts that no option of the session checks. */
static jl_status check_head(const head *h, const jl_model *m, jl_error *error) {
    const int32_t *n = h->n;
    int64_t cached = n[N_CACHED], conv = cached - (m->h.conv_length - 1);
    int64_t keys = cached - ((int64_t)n[WINDOW] - 1);
    if (n[N_CTX] < 1 || n[N_CTX] > MAX_CTX || n[N_BATCH] < 1) return damaged(error, "sizes");
    if (n[N_TOKENS] < 0 || n[N_TOKENS] > n[N_CTX] || n[N_CACHED] < 0 || n[N_CACHED] > n[N_TOKENS])
        return damaged(error, "numbers of tokens");
    if (n[CONV_FROM] < 0 || n[CONV_FROM] > (conv > 0 && m->h.n_conv ? conv : 0) ||
        n[RING_FROM] < 0 || n[RING_FROM] > (keys > 0 && n[WINDOW] > 0 ? keys : 0))
        return damaged(error, "kept positions");
    if (check_states(h, m)) return damaged(error, "kept states");
    if (n[HAS_LOGITS] && (n[N_TOKENS] < 1 || n[N_CACHED] < n[N_TOKENS]))
        return damaged(error, "logits without tokens");
    return JL_OK;
}

/* The rules; position ids are copied to `aligned`. */
static jl_rules rules_of(const head *h, int32_t *aligned, const uint8_t *ids) {
    const int32_t *n = h->n;
    jl_rules r = { .mask = (jl_mask)n[MASK],
                   .prefix = n[PREFIX],
                   .window = n[WINDOW],
                   .sinks = n[SINKS],
                   .cache_positions = n[CACHE_POSITIONS],
                   .positions_off = n[POSITIONS_OFF],
                   .cache = n[CACHE_BITS],
                   .no_reuse = n[NO_REUSE],
                   .n_position_ids = n[N_POSITION_IDS] };
    for (int i = 0; i < r.n_position_ids; i++)
        aligned[i] = (int32_t)jl_load_u32(ids + (size_t)i * 4);
    r.position_ids = r.n_position_ids > 0 ? aligned : NULL;
    memcpy(&r.rope_base, &h->rope_base, sizeof r.rope_base);
    memcpy(&r.rope_scale, &h->rope_scale, sizeof r.rope_scale);
    return r;
}

/* Reads an edit; its data is copied to *aligned, which is advanced. */
static void read_edit(jl_cursor *c, jl_edit *e, float **aligned) {
    e->site = (jl_site)jl_cursor_u32(c);
    e->layer = (int32_t)jl_cursor_u32(c);
    e->head = (int32_t)jl_cursor_u32(c);
    e->from = (int32_t)jl_cursor_u32(c);
    e->to = (int32_t)jl_cursor_u32(c);
    e->op = (jl_edit_op)jl_cursor_u32(c);
    uint32_t factor = jl_cursor_u32(c);
    memcpy(&e->factor, &factor, sizeof factor);
    e->n = jl_cursor_u32(c);
    const uint8_t *data = jl_cursor_take(c, e->n * sizeof(float));
    if (!data || e->n == 0) return;
    memcpy(*aligned, data, (size_t)e->n * sizeof(float));
    e->data = *aligned;
    *aligned += e->n;
}

static jl_status read_edits(jl_cursor *c, jl_session *s, int n, jl_error *error) {
    enum { EDIT_BYTES = 32 };
    uint64_t left = c->end - c->at;
    if (n < 0 || (uint64_t)n > left / EDIT_BYTES) return damaged(error, "number of edits");
    if (n == 0) return JL_OK;
    jl_edit *edits = jl_alloc_array((uint64_t)n, sizeof *edits);
    float *data = jl_alloc((size_t)left), *at = data;
    jl_status st = edits && data ? JL_OK : jl_no_memory(error, "state");
    for (int i = 0; i < n && !st; i++) read_edit(c, &edits[i], &at);
    if (!st && c->status) st = damaged(error, "it ends in the edits");
    if (!st) st = jl_session_set_edits(s, edits, n, error);
    jl_free(edits);
    jl_free(data);
    return st;
}

static void get(void *from, void *memory, uint64_t n) {
    const uint8_t *bytes = jl_cursor_take(from, n);
    if (bytes && n) memcpy(memory, bytes, (size_t)n);
}

/* Fills a new session. */
static jl_status read_session(jl_cursor *c, jl_session *s, const head *h, jl_error *error) {
    const int32_t *n = h->n;
    jl_status st = read_edits(c, s, n[N_EDITS], error);
    if (st) return st;
    int has_conv = s->m->h.n_conv > 0, kept = n[N_CACHED] - n[CONV_FROM];
    if (s->n_ctx != n[N_CTX] || s->n_batch != n[N_BATCH]) return damaged(error, "sizes");
    if (has_conv && kept > s->cache.n_conv_rows) return damaged(error, "kept positions");
    s->n_ids = n[N_TOKENS];
    s->n_cached = n[N_CACHED];
    s->conv_from = n[CONV_FROM];
    s->ring_from = n[RING_FROM];
    memcpy(s->cache.state_at, n + STATE_AT, sizeof s->cache.state_at);
    s->edited = n[N_EDITS] > 0;
    s->batch_rows = s->has_logits = n[HAS_LOGITS] != 0;
    s->random.state = h->random;
    uint64_t bytes = 0;
    each_piece(s, count_bytes, &bytes);
    if (bytes != c->end - c->at) return damaged(error, "its length");
    each_piece(s, get, c);
    for (int i = 0; i < s->n_ids; i++)
        if (s->ids[i] < 0 || s->ids[i] >= s->m->h.n_vocab) return damaged(error, "a token id");
    return JL_OK;
}

jl_session *jl_session_restore(const jl_model *m, const uint8_t *bytes, uint64_t n, jl_pool *pool,
                               double (*now)(void), jl_error *error) {
    jl_cursor c = { .bytes = bytes, .have = n, .end = n };
    head h = { 0 };
    if (!m->arch || m->loader) return jl_session_new(m, NULL, error); /* refuses */
    if (read_head(&c, m, &h, error) || check_head(&h, m, error)) return NULL;
    int n_positions = h.n[N_POSITION_IDS];
    const uint8_t *ids = jl_cursor_take(&c, (uint64_t)(n_positions > 0 ? n_positions : 0) * 4);
    int32_t *aligned = ids ? jl_alloc_array((uint64_t)n_positions + 1, sizeof *aligned) : NULL;
    if (n_positions < 0 || !ids) damaged(error, "number of position ids");
    if (!aligned) jl_no_memory(error, "state");
    if (n_positions < 0 || !aligned) {
        jl_free(aligned);
        return NULL;
    }
    jl_rules rules = rules_of(&h, aligned, ids);
    jl_session_options o = { .n_ctx = h.n[N_CTX],
                             .n_batch = h.n[N_BATCH],
                             .all_logits = h.n[ALL_LOGITS] != 0,
                             .pool = pool,
                             .rules = h.n[HAS_RULES] ? &rules : NULL,
                             .now = now };
    jl_session *s = jl_session_new(m, &o, error);
    jl_free(aligned);
    if (s && !check_saves(s, error) && !read_session(&c, s, &h, error)) return s;
    jl_session_free(s);
    return NULL;
}
