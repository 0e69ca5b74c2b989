/* run.c - runs: a text is evaluated while sites are read and edited.
 *
 * Place in the flow: begin checks a request, copies it and appends the text; every step evaluates
 * like jl_session_advance(), with the run's probe (forward/sites.h); end frees the results. The
 * tokens of a request count from the run's start, in a probe they are absolute positions.
 */
#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../forward/rules.h"
#include "../forward/sites.h"
#include "session.h"

/* ---- Checks ---------------------------------------------------------------------------------- */

static jl_status refuse_at(jl_error *error, const char *list, int i, const char *what, int found) {
    char where[32];
    jl_format(where, sizeof where, "%s[%d]", list, i);
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string(where), "%s, found %d", what,
                   found);
}

/* Checks site, layer, head and tokens of n; sets info. */
static jl_status check_place(const jl_session *s, const char *list, int i, const jl_tap *at, int n,
                             jl_site_info *info, jl_error *error) {
    int layers = s->m->h.n_layers;
    if (at->site < 0 || at->site >= JL_SITE_COUNT)
        return refuse_at(error, list, i, "expected a site", (int)at->site);
    int exists = jl_model_site(s->m, at->site, at->layer, info);
    if (info->per_block && (at->layer < 0 || at->layer >= layers))
        return refuse_at(error, list, i, "the layer is outside the model", at->layer);
    if (!exists) {
        char where[32];
        jl_format(where, sizeof where, "%s[%d]", list, i);
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string(where),
                       info->per_block ? "this model has no %s in block %d"
                                       : "this model has no %s",
                       info->alias, at->layer);
    }
    int heads = info->axes == JL_AXES_TOKEN ? 0 : info->heads;
    if (at->head < -1 || at->head >= heads)
        return refuse_at(error, list, i,
                         heads ? "the head is outside the model" : "this site has no heads",
                         at->head);
    if (at->from < 0 || at->to < -1 || (at->to >= 0 && at->to <= at->from) || at->from >= n ||
        at->to > n)
        return refuse_at(error, list, i, "expected positions within the tokens; their end", at->to);
    return JL_OK;
}

/* Floats of a tap over n tokens and S keys, at most JL_ARENA_MAX / 4; sets its shape. */
static uint64_t shape_tap(jl_tap *tap, const jl_site_info *info, int n, int n_keys) {
    if (tap->to < 0) tap->to = n;
    tap->heads = tap->head >= 0 ? 1 : info->heads;
    tap->rows = tap->to - tap->from;
    tap->cols = info->axes == JL_AXES_HEAD_TOKEN ? n_keys : info->width;
    uint64_t rows = (uint64_t)tap->heads * (uint64_t)tap->rows, max = JL_ARENA_MAX / 4;
    return rows > max / (uint64_t)tap->cols ? max : rows * (uint64_t)tap->cols;
}

/* Whether the run's tokens and those before them that are not evaluated make one batch. */
static int is_one_batch(const jl_session *s, int n) {
    int end = s->n_ids + n;
    return end - jl_session_reused(s, s->n_cached) <= s->n_batch &&
           !(s->cache.sink_k && jl_rule_shift(&s->rules, end - 1));
}

/* Scores and patterns can only be set for keys in the cache: later ones in the same batch, and with
 * a bounded cache those in the window. Elsewhere data must not change that a key is unseen. */
static jl_status check_keys(const jl_session *s, int i, const jl_edit *e, const jl_tap *shape,
                            int n, jl_error *error) {
    uint64_t n_keys = (uint64_t)shape->cols, rows = e->n == n_keys ? 1 : (uint64_t)shape->rows;
    int scores = e->site == JL_SITE_ATTN_SCORES, one_batch = is_one_batch(s, n);
    if (one_batch && s->cache.ring == 0) return JL_OK;
    for (uint64_t at = 0; at < e->n; at++) {
        int key = (int)(at % n_keys), query = s->n_ids + shape->from + (int)(at / n_keys % rows);
        int last = rows > 1 ? query : s->n_ids + shape->to - 1; /* of the queries of this row */
        int kept = (key <= query || one_batch) &&
                   (!s->cache.ring || key < s->rules.sinks || last - key < s->rules.window);
        float x = e->data[at];
        if (kept || (scores && x == -INFINITY) || (x == 0 && !(scores && e->op == JL_EDIT_SET)))
            continue;
        return refuse_at(error, "edits", i,
                         key > query ? "the data has a value for a key in a later batch; the key"
                                     : "the data has a value for a key before the window; the key",
                         key);
    }
    return JL_OK;
}

static jl_status check_edit(const jl_session *s, int i, const jl_edit *e, int n, int n_keys,
                            jl_error *error) {
    jl_site_info info;
    jl_tap shape = {
        .site = e->site, .layer = e->layer, .head = e->head, .from = e->from, .to = e->to
    };
    jl_status st = check_place(s, "edits", i, &shape, n, &info, error);
    if (st) return st;
    if (info.read_only) return refuse_at(error, "edits", i, "this site is read only", (int)e->site);
    if (e->op == JL_EDIT_SCALE) {
        if (isfinite(e->factor)) return JL_OK;
        return refuse_at(error, "edits", i, "the factor must be a finite number", 0);
    }
    if (e->op != JL_EDIT_SET && e->op != JL_EDIT_ADD)
        return refuse_at(error, "edits", i, "expected an operation", (int)e->op);
    if (!e->data) return refuse_at(error, "edits", i, "the operation needs data", (int)e->op);
    if (n_keys == 0 && info.axes == JL_AXES_HEAD_TOKEN)
        return refuse_at(error, "edits", i, "in a session, scores and patterns can only be scaled",
                         (int)e->op);
    uint64_t all = shape_tap(&shape, &info, n, n_keys), one = all / (uint64_t)shape.rows;
    if (info.axes == JL_AXES_HEAD_TOKEN) one = (uint64_t)n_keys;
    if (e->n != one && (e->n != all || (n_keys == 0 && e->to < 0)))
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("edits"),
                       "the data of edits[%d] has %u numbers; expected %u, or %u for one row", i,
                       e->n, all, one);
    return info.axes == JL_AXES_HEAD_TOKEN ? check_keys(s, i, e, &shape, n, error) : JL_OK;
}

/* ---- Memory ---------------------------------------------------------------------------------- */

/* Copies edits, from `at` positions later on, with their data; n: tokens of a run, 0: a session. */
static void copy_edits(jl_arena *arena, const jl_edit *edits, int n_edits, int at, int n,
                       jl_edit *to) {
    for (int i = 0; i < n_edits; i++) {
        uint64_t n_data = edits[i].op == JL_EDIT_SCALE ? 0 : edits[i].n;
        float *data = jl_arena_take(arena, n_data * sizeof(float));
        if (!arena->base) continue;
        to[i] = edits[i];
        if (n_data) memcpy(data, edits[i].data, (size_t)n_data * sizeof(float));
        to[i].data = n_data ? data : NULL;
        to[i].n = n_data;
        to[i].from += at;
        if (to[i].to >= 0 || n > 0) to[i].to = at + (to[i].to < 0 ? n : to[i].to);
    }
}

/* The buffers that the sites of a set need. */
static void lay_out_buffers(const jl_session *s, jl_arena *arena, uint32_t sites, jl_probe *probe) {
    const uint32_t heads = 1u << JL_SITE_ATTN_SCORES | 1u << JL_SITE_PATTERN;
    uint64_t context = (uint64_t)s->n_ctx, vocab = (uint64_t)s->m->h.n_vocab;
    uint64_t slots = (uint64_t)s->cache.n_tiles * JL_KV_TILE;
    for (int i = 0; i < jl_pool_max(s->pool); i++) {
        probe->row[i] = jl_arena_take(arena, sites & heads ? context * sizeof(float) : 0);
        probe->slots[i] = jl_arena_take(arena, sites & heads ? slots * sizeof(float) : 0);
    }
    probe->norm = jl_arena_take(arena, (uint64_t)s->m->h.n_embd * sizeof(float));
    probe->logits = jl_arena_take(arena, sites >> JL_SITE_LOGITS & 1 ? vocab * sizeof(float) : 0);
}

/* Lays out a run's taps, edits and results; returns whether the request is valid. */
static jl_status lay_out(const jl_session *s, int n, const jl_run_options *o, jl_arena *arena,
                         jl_run *run, jl_error *error) {
    if (o->n_taps < 0 || o->n_edits < 0)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("run"),
                       "expected taps and edits, found %d and %d", o->n_taps, o->n_edits);
    int n_keys = s->n_ids + n, n_edits = s->probe.n_edits + o->n_edits;
    jl_probe asked = {
        .edits = o->edits, .taps = o->taps, .n_edits = o->n_edits, .n_taps = o->n_taps
    };
    jl_edit *edits = jl_arena_take(arena, (uint64_t)n_edits * sizeof *edits);
    run->taps = jl_arena_take(arena, (uint64_t)o->n_taps * sizeof *run->taps);
    jl_status st = JL_OK;
    for (int i = 0; i < o->n_edits && !st; i++)
        st = check_edit(s, i, &o->edits[i], n, n_keys, error);
    for (int i = 0; i < o->n_taps && !st; i++) {
        jl_site_info info;
        jl_tap tap = o->taps[i];
        st = check_place(s, "taps", i, &tap, n, &info, error);
        if (!st && o->n_layers && info.per_block && tap.layer >= o->n_layers)
            st = refuse_at(error, "taps", i, "the run stops before this layer", tap.layer);
        if (!st && o->n_layers && tap.site >= JL_SITE_FINAL_SCALE)
            st = refuse_at(error, "taps", i, "the run stops before this site", (int)tap.site);
        if (st) break;
        tap.data = jl_arena_take(arena, shape_tap(&tap, &info, n, n_keys) * sizeof(float));
        tap.from += s->n_ids;
        tap.to += s->n_ids;
        if (arena->base) run->taps[i] = tap;
    }
    if (st) return st;
    copy_edits(arena, s->probe.edits, s->probe.n_edits, 0, 0, edits);
    if (edits) edits += s->probe.n_edits;
    copy_edits(arena, o->edits, o->n_edits, s->n_ids, n, edits);
    if (edits) edits -= s->probe.n_edits;
    run->probe = (jl_probe){
        .edits = edits, .taps = run->taps, .n_edits = n_edits, .n_taps = o->n_taps, .n_keys = n_keys
    };
    lay_out_buffers(s, arena, jl_probe_sites(&asked) | jl_probe_sites(&s->probe), &run->probe);
    return JL_OK;
}

uint64_t jl_session_forecast(const jl_session *s, int n, const jl_run_options *o, jl_error *error) {
    jl_arena measure = { 0 };
    jl_run run = { 0 };
    if (jl_session_check_room(s, n, error)) return UINT64_MAX;
    return lay_out(s, n, o, &measure, &run, error) ? UINT64_MAX : measure.used;
}

/* ---- Runs ------------------------------------------------------------------------------------ */

static jl_status no_room(jl_error *error, const char *where, uint64_t bytes) {
    return jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string(where),
                   "no room for %u MiB; request fewer layers, heads or positions",
                   (bytes >> 20) + 1);
}

/* The last block of a run that stops, if only its patterns or earlier values are read. */
static int pattern_block(const jl_session *s, const jl_run *run) {
    int last = run->n_blocks - 1;
    if (last < 0 || last == s->m->h.n_layers - 1) return -1;
    const jl_block *b = &s->m->w.blocks[last];
    if (b->mixer != JL_ATTENTION || b->attn_sum_norm.weight) return -1;
    for (int i = 0; i < run->n_taps; i++)
        if (run->taps[i].layer == last && run->taps[i].site > JL_SITE_PATTERN) return -1;
    return last;
}

static jl_status allocate(const jl_session *s, int n, const jl_run_options *o, jl_run *result,
                          jl_error *error) {
    jl_arena arena = { 0 };
    jl_run run = { .from = s->n_ids, .n_blocks = o->n_layers, .n_taps = o->n_taps };
    jl_status st = lay_out(s, n, o, &arena, &run, error);
    if (st) return st;
    uint64_t bytes = arena.used + 1;
    if (o->limit && bytes > o->limit)
        return jl_fail(
            error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("taps"),
            "the results need %u bytes, and the limit is %u; request fewer layers, heads "
            "or positions, or raise maxBytes",
            bytes, o->limit);
    run.memory = bytes < SIZE_MAX / 2 ? jl_alloc((size_t)bytes) : NULL;
    if (!run.memory) return no_room(error, "taps", bytes);
    arena = (jl_arena){ run.memory, 0 };
    lay_out(s, n, o, &arena, &run, NULL);
    run.pattern_block = pattern_block(s, &run);
    *result = run;
    return JL_OK;
}

jl_status jl_session_run_begin(jl_session *s, const int32_t *ids, int n, const jl_run_options *o,
                               jl_error *error) {
    static const jl_run_options none = { 0 };
    int layers = s->m->h.n_layers;
    if (!o) o = &none;
    jl_session_run_end(s);
    jl_status st = jl_session_check_sequence(s, error);
    if (!st) st = jl_session_check_whole(s, s->n_ids, n, error);
    if (st) return st;
    if (n < 1 || o->n_layers < 0 || o->n_layers > layers)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("run"),
                       "expected one id or more and 0 to %d layers, found %d and %d", layers, n,
                       o->n_layers);
    jl_run run;
    st = jl_session_check_append(s, ids, n, error);
    if (!st) st = allocate(s, n, o, &run, error);
    if (st) return st;
    jl_session_append(s, ids, n, error);
    run.n_cached = s->n_cached;
    s->run = run;
    return JL_OK;
}

jl_status jl_session_run_step(jl_session *s, jl_error *error) {
    if (!s->run.memory)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("run"), "no run was begun");
    if (s->n_cached < s->n_ids) {
        jl_status st = jl_session_evaluate(s, JL_FOR_LOGITS, NULL, error);
        if (st < 0) return st;
    }
    s->run.complete = s->n_cached == s->n_ids;
    return s->run.complete ? JL_OK : JL_MORE;
}

const jl_tap *jl_session_tap(const jl_session *s, int i) {
    return i >= 0 && i < s->run.n_taps && s->run.memory ? &s->run.taps[i] : NULL;
}

void jl_session_run_end(jl_session *s) {
    jl_run run = s->run;
    if (!run.memory) return;
    s->run = (jl_run){ 0 };
    jl_free(run.memory);
    if (run.complete && run.n_blocks == 0) return;
    s->has_logits = 0;
    s->n_ids = run.from;
    jl_session_truncate(s, run.n_cached);
}

/* ---- Edits of a session ---------------------------------------------------------------------- */

jl_status jl_session_set_edits(jl_session *s, const jl_edit *edits, int n, jl_error *error) {
    jl_arena arena = { 0 };
    jl_probe probe = { .edits = edits, .n_edits = n };
    jl_status st = jl_session_check_sequence(s, error);
    jl_session_run_end(s);
    if (n < 0) st = refuse_at(error, "edits", 0, "expected 0 or more edits", n);
    for (int i = 0; i < n && !st; i++) st = check_edit(s, i, &edits[i], s->n_ctx, 0, error);
    if (st) return st;
    void *memory = NULL;
    for (int pass = 0; pass < 2 && n > 0; pass++) { /* measure, then copy */
        jl_edit *to = jl_arena_take(&arena, (uint64_t)n * sizeof *to);
        copy_edits(&arena, edits, n, 0, 0, to);
        lay_out_buffers(s, &arena, jl_probe_sites(&probe), &probe);
        if (pass == 1) probe.edits = to;
        if (pass == 0 && !(memory = jl_alloc((size_t)arena.used + 1)))
            return no_room(error, "edits", arena.used);
        if (pass == 0) arena = (jl_arena){ memory, 0 };
    }
    jl_free(s->edits);
    s->edits = memory;
    s->probe = probe;
    if (n == 0) s->probe = (jl_probe){ 0 };
    s->has_logits = 0;
    jl_session_truncate(s, 0);
    return JL_OK;
}
