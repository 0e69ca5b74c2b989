/* attention.c - grouped-query attention: Attention(Q, K, V) = softmax(QKᵀ/√d)·V (Vaswani et
 * al. 2017).
 *
 * Place in the flow: first sublayer of a block (forward.c). Project h to q, k and v; rotate q and k
 * (RoPE); store k and v in the cache; gather the queries of each KV head, so that the kernel
 * (jl_attention in compute/kernels.h) reads each key once per group. A query at position t attends
 * to t + 1 keys, in an encoder to the whole text, whose keys are stored before the first query.
 */
#include "attention.h"

#include <math.h>
#include <string.h>

#include "linear.h"
#include "rules.h"
#include "sites.h"

/* ---- Queries, keys, values ------------------------------------------------------------------- */

/* Clamps x [n] to ±limit; NaN stays. */
static void clamp(float *x, int n, float limit) {
    for (int i = 0; i < n; i++) {
        if (x[i] > limit) x[i] = limit;
        if (x[i] < -limit) x[i] = -limit;
    }
}

/* Normalises each head of x [n][heads][hd], or all heads of a token as one vector. */
static void normalise_heads(const jl_pass *p, const jl_norm *norm, float *x, int heads) {
    const jl_arch *a = p->m->arch;
    int whole = ((a->required | a->optional) >> JL_WHOLE_Q_NORM & 1) != 0;
    int vectors = whole ? 1 : heads, size = whole ? heads * p->m->h.head_dim : p->m->h.head_dim;
    if (norm->weight) jl_normalise(p, norm, x, p->n * vectors, size, x);
}

typedef struct rotation {
    const jl_pass *p;
    int scope, heads;
    float *x;
} rotation;

static void rotate_rows(void *arg, int first, int end) {
    const rotation *job = arg;
    const jl_rope_table *r = job->p->s->rope[job->scope];
    int hd = job->p->m->h.head_dim;
    size_t row = (size_t)(job->p->row + first);
    const float *angles = job->p->s->angles[job->scope] + (size_t)(2 * r->n_pairs) * row;
    float *x = job->x + (size_t)(job->heads * hd) * (size_t)first;
    for (int t = first; t < end; t++, x += job->heads * hd, angles += 2 * r->n_pairs)
        jl_rope(x, job->heads, hd, angles, r->n_pairs, r->stride_pair, r->distance);
}

static void rotate(const jl_pass *p, int scope, float *x, int heads) {
    rotation job = { p, scope, heads, x };
    if (scope >= 0) jl_each_row(p->s->pool, p->n, heads * p->m->h.head_dim, rotate_rows, &job);
}

#ifdef JL_ALL
/* Splits q [n][heads][2][hd], the products of queries and gates, into queries and head_gates. */
static void split_gates(const jl_pass *p) {
    size_t hd = (size_t)p->m->h.head_dim, heads = (size_t)p->n * (size_t)p->m->h.n_heads;
    float *q = p->s->q, *gates = p->s->head_gates;
    for (size_t i = 0; i < heads; i++) {
        memcpy(gates + i * hd, q + (2 * i + 1) * hd, hd * sizeof *q);
        memmove(q + i * hd, q + 2 * i * hd, hd * sizeof *q);
    }
}

/* heads = heads ⊙ sigmoid(gates) (Qiu et al. 2025) */
static void gate_heads(void *arg, int first, int end) {
    const jl_pass *p = arg;
    size_t width = (size_t)p->m->h.n_heads * (size_t)p->m->h.head_dim;
    const float *gates = p->s->head_gates;
    float *heads = p->s->heads;
    for (size_t i = (size_t)first * width; i < (size_t)end * width; i++)
        heads[i] *= 1 / (1 + jl_exp(-gates[i]));
}

static int has_gates(const jl_pass *p, int block) {
    return p->m->w.blocks[block].q.w.rows > p->m->h.n_heads * p->m->h.head_dim;
}
#endif

enum { Q = 1, KV = 2 };

/* Element 0 of sink j in the stored keys or values before RoPE. */
static float *sink_row(const jl_pass *p, float *sinks, int slot, int j) {
    size_t width = (size_t)p->m->h.n_kv_heads * (size_t)p->m->h.head_dim;
    return sinks + ((size_t)slot * (size_t)p->cache->sinks + (size_t)j) * width;
}

static void keep_sinks(const jl_pass *p, int slot) {
    size_t width = (size_t)p->m->h.n_kv_heads * (size_t)p->m->h.head_dim;
    for (int t = 0; t < p->n && p->pos + t < p->cache->sinks; t++) {
        memcpy(sink_row(p, p->cache->sink_k, slot, p->pos + t), p->s->k + (size_t)t * width,
               width * sizeof(float));
        memcpy(sink_row(p, p->cache->sink_v, slot, p->pos + t), p->s->v + (size_t)t * width,
               width * sizeof(float));
    }
}

/* q, k, v = W_q h, W_k h, W_v h, normalised and rotated; which: a union of Q and KV. */
static void project_qkv(const jl_pass *p, int block, int which) {
    const jl_hparams *h = &p->m->h;
    const jl_block *b = &p->m->w.blocks[block];
    jl_scratch *s = p->s;
    const jl_linear *w[] = { &b->q, &b->k, &b->v };
    float *y[] = { s->q, s->k, s->v };
    int first = which & Q ? 0 : 1, end = which & KV ? 3 : 1;
    int norm_last = (p->m->arch->rules & JL_NORM_AFTER_ROPE) != 0;
    jl_part_begin(s->meter, JL_PART_QKV);
    jl_linear_forward(s, s->h, p->n, w + first, y + first, end - first);
    jl_part_begin(s->meter, JL_PART_OTHER);
    for (int i = first; i < end && h->clamp_qkv > 0; i++)
        clamp(y[i], p->n * w[i]->w.rows, h->clamp_qkv);
#ifdef JL_ALL
    if (which & Q && has_gates(p, block)) split_gates(p);
#endif
    if (which & Q) {
        if (!norm_last) normalise_heads(p, &b->q_norm, s->q, h->n_heads);
        jl_at(p, JL_SITE_Q, block, s->q);
        rotate(p, b->rope, s->q, h->n_heads);
        if (norm_last) normalise_heads(p, &b->q_norm, s->q, h->n_heads);
        jl_at(p, JL_SITE_ROT_Q, block, s->q);
    }
    if (!(which & KV)) return;
    if (!norm_last) normalise_heads(p, &b->k_norm, s->k, h->n_kv_heads);
    jl_at(p, JL_SITE_K, block, s->k);
    jl_at(p, JL_SITE_V, block, s->v);
    if (p->cache->sink_k) keep_sinks(p, b->slot);
    rotate(p, b->rope, s->k, h->n_kv_heads);
    if (norm_last) normalise_heads(p, &b->k_norm, s->k, h->n_kv_heads);
    jl_at(p, JL_SITE_ROT_K, block, s->k);
}

/* ---- The cache ------------------------------------------------------------------------------- */

static size_t head_offset(const jl_pass *p, int block, int kv_head) {
    size_t tile = jl_kv_tile_bytes(p->cache->type, p->m->h.head_dim);
    size_t slot = (size_t)p->m->w.blocks[block].slot;
    size_t head = slot * (size_t)p->m->h.n_kv_heads + (size_t)kv_head;
    return head * (size_t)p->cache->n_tiles * tile;
}

typedef struct block_job {
    const jl_pass *p;
    int block, parts; /* parts: pieces per KV head */
} block_job;

/* Stores k and v [n_kv_heads][hd] of a position. */
static void store_position(const jl_pass *p, int block, int position, const float *k,
                           const float *v) {
    const jl_cache *c = p->cache;
    int hd = p->m->h.head_dim, slot = jl_pass_slot(p, position);
    size_t bytes = jl_kv_tile_bytes(c->type, hd), tile = (size_t)(slot / JL_KV_TILE) * bytes;
    for (int g = 0; g < p->m->h.n_kv_heads; g++, k += hd, v += hd) {
        size_t at = head_offset(p, block, g) + tile;
        jl_kv_store(c->type, c->k + at, c->v + at, slot % JL_KV_TILE, k, v, hd);
    }
}

static void store_rows(void *arg, int first, int end) {
    const block_job *job = arg;
    const jl_pass *p = job->p;
    size_t width = (size_t)p->m->h.n_kv_heads * (size_t)p->m->h.head_dim;
    for (int t = first; t < end; t++)
        store_position(p, job->block, p->pos + t, p->s->k + (size_t)t * width,
                       p->s->v + (size_t)t * width);
}

/* Stores k and v [n][n_kv_heads][hd] of the scratch. */
static void store_kv(const jl_pass *p, int block) {
    block_job job = { p, block, 0 };
    int cost = p->m->h.n_kv_heads * p->m->h.head_dim;
    jl_each_row(p->s->pool, p->n, cost, store_rows, &job);
}

/* Stores the sinks again, rotated for a query whose window has moved away from them (a pass of one
 * token). Overwrites k of the scratch. */
static void move_sinks(const jl_pass *p, int block) {
    const jl_block *b = &p->m->w.blocks[block];
    int shift = jl_rule_shift(p->rules, p->pos), heads = p->m->h.n_kv_heads, hd = p->m->h.head_dim;
    if (b->rope < 0 || !p->cache->sink_k || shift == 0) return;
    const jl_rope_table *r = p->s->rope[b->rope];
    for (int j = 0; j < p->cache->sinks; j++) {
        memcpy(p->s->k, sink_row(p, p->cache->sink_k, b->slot, j),
               (size_t)(heads * hd) * sizeof(float));
        jl_rope_angles(r, j + shift, p->s->sink_angles);
        jl_rope(p->s->k, heads, hd, p->s->sink_angles, r->n_pairs, r->stride_pair, r->distance);
        store_position(p, block, j, p->s->k, sink_row(p, p->cache->sink_v, b->slot, j));
    }
}

/* ---- Attention ------------------------------------------------------------------------------- */

/* Queries [first, end) of a KV head, computed by one thread. Query i is head i % group of the group
 * in token i / group. */
typedef struct piece {
    int kv_head, first, end;
} piece;

static int group_of(const jl_model *m) {
    return m->h.n_heads / m->h.n_kv_heads;
}

/* Offset of query i, or of its output, in [n][n_heads][hd]. */
static size_t query_offset(const jl_model *m, int kv_head, int i) {
    int group = group_of(m), head = kv_head * group + i % group;
    return ((size_t)(i / group) * (size_t)m->h.n_heads + (size_t)head) * (size_t)m->h.head_dim;
}

/* Copies the queries of a piece, scaled, with their key ranges. */
static void gather(const jl_pass *p, const jl_block *b, piece of, const jl_attention_scratch *to) {
    const jl_model *m = p->m;
    int hd = m->h.head_dim, group = group_of(m);
    float *q = to->q;
    for (int i = of.first, k = 0; i < of.end; i++, k++, q += hd) {
        const float *from = p->s->q + query_offset(m, of.kv_head, i);
        float slope = m->w.slopes ? m->w.slopes[of.kv_head * group + i % group] : 0;
        for (int d = 0; d < hd; d++) q[d] = from[d] * m->h.query_scale;
        to->n_keys[k] = jl_rule_keys(p, b, p->pos + i / group, &to->first[k]);
        to->slope[k] = slope;
        if (to->bias)
            jl_rule_bias(p, b, p->pos + i / group, slope, to->n_keys[k],
                         to->bias + (size_t)k * p->s->bias_stride);
    }
}

static jl_score_modifiers modifiers_of(const jl_pass *p, const jl_block *b,
                                       const jl_attention_scratch *s) {
    int windowed = b->window && b->window < p->pos + p->n;
    jl_score_modifiers all = { .cap = p->m->h.score_cap };
    if (s->bias) {
        all.bias = s->bias;
        all.bias_stride = p->s->bias_stride;
        return all;
    }
    if (p->m->w.slopes) all.slope = s->slope;
    if (windowed) all.first = s->first;
    return all;
}

static void scatter(const jl_pass *p, piece of, const jl_attention_scratch *from) {
    size_t hd = (size_t)p->m->h.head_dim;
    const float *out = from->out;
    for (int i = of.first; i < of.end; i++, out += hd)
        memcpy(p->s->heads + query_offset(p->m, of.kv_head, i), out, hd * sizeof *out);
}

/* Computes queries of one text; `tile` is its first in the cache. */
static void attend_text(const jl_pass *p, int block, piece of, int tile,
                        const jl_attention_scratch *s) {
    const jl_model *m = p->m;
    const jl_block *b = &m->w.blocks[block];
    jl_score_modifiers all = modifiers_of(p, b, s);
    const jl_score_modifiers *modifiers =
        all.cap > 0 || all.slope || all.first || all.bias ? &all : NULL;
    size_t keys = head_offset(p, block, of.kv_head) +
                  (size_t)tile * jl_kv_tile_bytes(p->cache->type, m->h.head_dim);
    gather(p, b, of, s);
    jl_attention(p->cache->type, s->q, of.end - of.first, s->n_keys, p->cache->k + keys,
                 p->cache->v + keys, m->h.head_dim, modifiers, s->out, s->kernel);
    scatter(p, of, s);
}

static void attend_piece(void *arg, int i, int thread) {
    const block_job *job = arg;
    const jl_pass *p = job->p;
    int group = group_of(p->m), queries = p->n * group;
    int size = (queries + job->parts - 1) / job->parts;
    piece part = { i / job->parts, i % job->parts * size, 0 };
    int end = part.first + size < queries ? part.first + size : queries;
    for (; part.first < end; part.first = part.end) {
        int t = p->pos + part.first / group, after = (jl_pass_text_end(p, t) - p->pos) * group;
        part.end = after < end ? after : end;
        attend_text(p, job->block, part, p->texts ? p->texts[t].tile : 0, &p->s->attention[thread]);
    }
}

/* Counts the work of the batch's attention: queries × visible keys, and each key's bytes once. */
static void count_attention(const jl_pass *p, int block) {
    const jl_block *b = &p->m->w.blocks[block];
    jl_counters *c = &p->s->meter->counters;
    double products = 0, key = 2.0 * (double)jl_kv_tile_bytes(p->cache->type, p->m->h.head_dim);
    int first, keys = 0, longest = 0, earliest = 0; /* of a text */
    for (int t = 0; t < p->n; t++) {
        int n = jl_rule_keys(p, b, p->pos + t, &first);
        products += n - first;
        if (t == 0 || jl_pass_text_first(p, p->pos + t) == p->pos + t) {
            keys += longest - earliest;
            earliest = first;
            longest = n;
        }
        if (n > longest) longest = n;
    }
    keys += longest - earliest;
    products *= (double)p->m->h.n_heads * (double)p->m->h.head_dim;
    c->multiply_adds[JL_PART_SCORES] += products;
    c->multiply_adds[JL_PART_GATHER] += products;
    c->cache_bytes += keys * key / JL_KV_TILE * p->m->h.n_kv_heads;
}

/* heads of the scratch = softmax(q·Kᵀ·scale)·V per head. KV heads are distributed over the threads.
 * If their number is not divisible, each head is split into pieces; MIN_QUERIES limits the split
 * because every piece reads the keys again. */
static void attend(const jl_pass *p, int block) {
    enum { MIN_QUERIES = 16 }; /* per piece of a batch */
    int heads = p->m->h.n_kv_heads, queries = p->n * group_of(p->m);
    int max_parts = p->n == 1 ? queries : queries / MIN_QUERIES;
    jl_pool *pool = p->s->pool;
    block_job job = { p, block, 1 };
    while (job.parts * heads % jl_pool_threads(pool) && job.parts < max_parts) job.parts++;
    jl_pool_run(pool, job.parts * heads, attend_piece, &job);
}

/* ---- Single heads, to read or edit them ------------------------------------------------------ */

/* Whether the key of a position is in the cache; a ring keeps the latest. */
static int is_kept(const jl_pass *p, int position) {
    const jl_cache *c = p->cache;
    return c->ring == 0 || position < c->sinks || position >= p->end - c->ring;
}

/* row [S] in the order of positions from n values in the order of the cache; other keys: −∞. */
static void to_positions(const jl_pass *p, const float *slots, int n, float *row) {
    for (int j = 0; j < p->probe->n_keys; j++) {
        int slot = jl_cache_slot(p->cache, j);
        row[j] = j < p->end && slot < n && is_kept(p, j) ? slots[slot] : -INFINITY;
    }
}

/* The inverse: slots [n]; weights of other keys are dropped. */
static void to_slots(const jl_pass *p, const float *row, int n, float *slots) {
    memset(slots, 0, (size_t)n * sizeof *slots);
    for (int j = 0; j < p->end; j++) {
        int slot = jl_cache_slot(p->cache, j);
        if (slot < n && is_kept(p, j)) slots[slot] = row[j];
    }
}

/* The scores and weights of one head, computed again row by row from its queries and the cache,
 * with their sites; an edit also computes the head's output again. */
static void attend_rows(const jl_pass *p, int block, int head, int thread) {
    const jl_model *m = p->m;
    const jl_block *b = &m->w.blocks[block];
    const jl_attention_scratch *s = &p->s->attention[thread];
    int group = group_of(m), hd = m->h.head_dim, kv_head = head / group;
    int n_keys = p->probe->n_keys;
    float *row = p->probe->row[thread], *slots = p->probe->slots[thread];
    size_t keys = head_offset(p, block, kv_head);
    jl_score_modifiers modifiers = modifiers_of(p, b, s);
    gather(p, b, (piece){ kv_head, 0, p->n * group }, s);
    for (int t = 0; t < p->n; t++) {
        int i = t * group + head % group, n = s->n_keys[i];
        jl_attention_scores(p->cache->type, s->q + (size_t)i * (size_t)hd, n, p->cache->k + keys,
                            hd, &modifiers, i, slots);
        to_positions(p, slots, n, row);
        int edited = jl_visit_row(p, JL_SITE_ATTN_SCORES, block, head, t, row);
        int sees_keys = jl_max(row, p->end) > -INFINITY; /* else weights of 0, no 0 / 0 */
        if (sees_keys) jl_softmax(row, p->end);
        for (int j = sees_keys ? p->end : 0; j < n_keys; j++) row[j] = 0;
        edited |= jl_visit_row(p, JL_SITE_PATTERN, block, head, t, row);
        if (!edited) continue;
        n = jl_cache_used(p->cache, p->end);
        to_slots(p, row, n, slots);
        while (n > 1 && slots[n - 1] == 0) n--; /* values of later keys may be NaN */
        jl_attention_values(p->cache->type, slots, n, p->cache->v + keys, hd,
                            p->s->heads + query_offset(m, kv_head, i));
    }
}

static void attend_watched(void *arg, int head, int thread) {
    const block_job *job = arg;
    if (jl_head_watched(job->p, JL_SITE_ATTN_SCORES, job->block, head) ||
        jl_head_watched(job->p, JL_SITE_PATTERN, job->block, head))
        attend_rows(job->p, job->block, head, thread);
}

/* result = W_O's product with each head's output, the others set to 0. Overwrites q and delta;
 * counts nothing. */
static void read_results(const jl_pass *p, int block) {
    const jl_counters counters = p->s->meter->counters;
    const jl_linear *o = &p->m->w.blocks[block].o, alone = { o->w, NULL, o->scale };
    int heads = p->m->h.n_heads, hd = p->m->h.head_dim;
    size_t width = (size_t)(heads * hd);
    for (int head = 0; head < heads; head++) {
        if (!jl_head_watched(p, JL_SITE_RESULT, block, head)) continue;
        memset(p->s->q, 0, (size_t)p->n * width * sizeof(float));
        for (size_t t = 0; t < (size_t)p->n; t++) {
            size_t at = t * width + (size_t)(head * hd);
            memcpy(p->s->q + at, p->s->heads + at, (size_t)hd * sizeof(float));
        }
        jl_linear_forward(p->s, p->s->q, p->n, (const jl_linear *[]){ &alone }, &p->s->delta, 1);
        jl_read_head(p, JL_SITE_RESULT, block, head, p->s->delta, p->m->h.n_embd);
    }
    p->s->meter->counters = counters;
}

static void attend_and_project(const jl_pass *p, int block) {
    const jl_linear *out[] = { &p->m->w.blocks[block].o };
    int skip = block == p->pattern_block;
    block_job job = { p, block, 0 };
    move_sinks(p, block);
    jl_part_begin(p->s->meter, JL_PART_SCORES);
    if (!skip) attend(p, block);
    count_attention(p, block);
    if (jl_watched(p, JL_SITE_ATTN_SCORES) || jl_watched(p, JL_SITE_PATTERN))
        jl_pool_run(p->s->pool, p->m->h.n_heads, attend_watched, &job);
    if (skip) return;
#ifdef JL_ALL
    if (has_gates(p, block)) {
        jl_pass gated = *p;
        jl_each_row(p->s->pool, p->n, p->m->h.n_heads * p->m->h.head_dim, gate_heads, &gated);
    }
#endif
    jl_at(p, JL_SITE_Z, block, p->s->heads);
    jl_part_begin(p->s->meter, JL_PART_OUTPUT);
    if (jl_watched(p, JL_SITE_RESULT)) read_results(p, block);
    jl_linear_forward(p->s, p->s->heads, p->n, out, &p->s->delta, 1);
    jl_part_begin(p->s->meter, JL_PART_OTHER);
}

void jl_attention_sublayer(const jl_pass *p, int block) {
    project_qkv(p, block, Q | KV);
    store_kv(p, block);
    attend_and_project(p, block);
}

void jl_attention_store_kv(const jl_pass *p, int block) {
    project_qkv(p, block, KV);
    store_kv(p, block);
}

void jl_attention_read_kv(const jl_pass *p, int block) {
    project_qkv(p, block, Q);
    attend_and_project(p, block);
}

uint64_t jl_attention_cost(const jl_model *m, int block, int keys) {
    const jl_block *b = &m->w.blocks[block];
    int seen = b->window && b->window < keys ? b->window : keys;
    return !jl_has_attention(b)
               ? 0
               : 2 * (uint64_t)seen * (uint64_t)m->h.n_heads * (uint64_t)m->h.head_dim;
}
