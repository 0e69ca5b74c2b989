/* attention.c - grouped-query attention: Attention(Q, K, V) = softmax(QKᵀ/√d)·V (Vaswani et
 * al. 2017).
 *
 * Place in the flow: first sublayer of a block (forward.c). Project h to q, k and v; rotate q and k
 * (RoPE); store k and v in the cache; gather the queries of each KV head, so that the kernel
 * (jl_attention in compute/kernels.h) reads each key once per group. A query at position t attends
 * to t + 1 keys, in an encoder to the whole text, whose keys are stored before the first query.
 */
#include "attention.h"

#include <string.h>

#include "linear.h"

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
    int whole = (p->m->arch->required >> JL_WHOLE_Q_NORM & 1) != 0;
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

enum { Q = 1, KV = 2 };

/* q, k, v = W_q h, W_k h, W_v h, normalised and rotated; which: a union of Q and KV. */
static void project_qkv(const jl_pass *p, const jl_block *b, int which) {
    const jl_hparams *h = &p->m->h;
    jl_scratch *s = p->s;
    const jl_linear *w[] = { &b->q, &b->k, &b->v };
    float *y[] = { s->q, s->k, s->v };
    int first = which & Q ? 0 : 1, end = which & KV ? 3 : 1;
    jl_linear_forward(s, s->h, p->n, w + first, y + first, end - first);
    for (int i = first; i < end && h->clamp_qkv > 0; i++)
        clamp(y[i], p->n * w[i]->w.rows, h->clamp_qkv);
    if (which & Q) normalise_heads(p, &b->q_norm, s->q, h->n_heads);
    if (which & Q) rotate(p, b->rope, s->q, h->n_heads);
    if (!(which & KV)) return;
    normalise_heads(p, &b->k_norm, s->k, h->n_kv_heads);
    rotate(p, b->rope, s->k, h->n_kv_heads);
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

static void store_rows(void *arg, int first, int end) {
    const jl_pass *p = ((const block_job *)arg)->p;
    const jl_cache *c = p->cache;
    int hd = p->m->h.head_dim, heads = p->m->h.n_kv_heads;
    size_t bytes = jl_kv_tile_bytes(c->type, hd);
    for (int g = 0; g < heads; g++) {
        size_t head = head_offset(p, ((const block_job *)arg)->block, g);
        for (int t = first; t < end; t++) {
            size_t row = ((size_t)t * (size_t)heads + (size_t)g) * (size_t)hd;
            size_t tile = head + (size_t)((p->pos + t) / JL_KV_TILE) * bytes;
            jl_kv_store(c->type, c->k + tile, c->v + tile, (p->pos + t) % JL_KV_TILE, p->s->k + row,
                        p->s->v + row, hd);
        }
    }
}

/* Stores k and v [n][n_kv_heads][hd] of the scratch. */
static void store_kv(const jl_pass *p, int block) {
    block_job job = { p, block, 0 };
    int cost = p->m->h.n_kv_heads * p->m->h.head_dim;
    jl_each_row(p->s->pool, p->n, cost, store_rows, &job);
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
        int own = p->pos + i / group + 1, seen = m->h.encoder ? p->end : own;
        const float *from = p->s->q + query_offset(m, of.kv_head, i);
        for (int d = 0; d < hd; d++) q[d] = from[d] * m->h.query_scale;
        to->n_keys[k] = seen;
        to->first[k] = b->window && b->window < own ? own - b->window : 0;
        if (m->w.slopes) to->slope[k] = m->w.slopes[of.kv_head * group + i % group];
    }
}

static void scatter(const jl_pass *p, piece of, const jl_attention_scratch *from) {
    size_t hd = (size_t)p->m->h.head_dim;
    const float *out = from->out;
    for (int i = of.first; i < of.end; i++, out += hd)
        memcpy(p->s->heads + query_offset(p->m, of.kv_head, i), out, hd * sizeof *out);
}

/* Fills the taps of a KV head: whole softmax rows of the kernel's scores. */
static void tap_weights(const jl_pass *p, int block, int kv_head,
                        const jl_score_modifiers *modifiers) {
    const jl_hparams *h = &p->m->h;
    const jl_attention_scratch *s = p->s->attention;
    int group = group_of(p->m);
    const uint8_t *k = p->cache->k + head_offset(p, block, kv_head);
    for (int i = 0; i < p->taps->n; i++) {
        const jl_tap *tap = &p->taps->list[i];
        if (tap->kind != JL_TAP_ATTENTION || tap->layer != block || tap->head / group != kv_head)
            continue;
        for (int t = 0; t < p->n; t++) {
            int row = t * group + tap->head % group, seen = s->n_keys[row];
            float *weights = jl_tap_row(tap, p->taps->row + p->row + t);
            jl_attention_weights(p->cache->type, s->q + (size_t)row * (size_t)h->head_dim, seen, k,
                                 h->head_dim, modifiers, row, weights);
            memset(weights + seen, 0, (size_t)(tap->cols - seen) * sizeof *weights);
        }
    }
}

static void attend_piece(void *arg, int i, int thread) {
    const block_job *job = arg;
    const jl_pass *p = job->p;
    const jl_model *m = p->m;
    const jl_block *b = &m->w.blocks[job->block];
    const jl_attention_scratch *s = &p->s->attention[thread];
    int queries = p->n * group_of(m), size = (queries + job->parts - 1) / job->parts;
    piece of = { i / job->parts, i % job->parts * size, i % job->parts * size + size };
    if (of.end > queries) of.end = queries;
    if (of.first >= of.end) return;
    int windowed = b->window && b->window < p->pos + p->n;
    jl_score_modifiers all = { m->h.score_cap, m->w.slopes ? s->slope : NULL,
                               windowed ? s->first : NULL };
    const jl_score_modifiers *modifiers = all.cap > 0 || all.slope || all.first ? &all : NULL;
    size_t head = head_offset(p, job->block, of.kv_head);
    gather(p, b, of, s);
    jl_attention(p->cache->type, s->q, of.end - of.first, s->n_keys, p->cache->k + head,
                 p->cache->v + head, m->h.head_dim, modifiers, s->out, s->kernel);
    scatter(p, of, s);
    if (jl_taps_include(p->taps, JL_TAP_ATTENTION))
        tap_weights(p, job->block, of.kv_head, modifiers);
}

/* heads of the scratch = softmax(q·Kᵀ·scale)·V per head. KV heads are distributed over the threads.
 * If their number is not divisible, each head is split into pieces; MIN_QUERIES limits the split
 * because every piece reads the keys again. Attention taps use one thread. */
static void attend(const jl_pass *p, int block) {
    enum { MIN_QUERIES = 16 }; /* per piece of a batch */
    int heads = p->m->h.n_kv_heads, queries = p->n * group_of(p->m);
    int max_parts = p->n == 1 ? queries : queries / MIN_QUERIES;
    jl_pool *pool = jl_taps_include(p->taps, JL_TAP_ATTENTION) ? NULL : p->s->pool;
    block_job job = { p, block, 1 };
    while (job.parts * heads % jl_pool_threads(pool) && job.parts < max_parts) job.parts++;
    jl_pool_run(pool, job.parts * heads, attend_piece, &job);
}

static void attend_and_project(const jl_pass *p, int block) {
    const jl_linear *out[] = { &p->m->w.blocks[block].o };
    attend(p, block);
    jl_linear_forward(p->s, p->s->heads, p->n, out, &p->s->delta, 1);
}

void jl_attention_sublayer(const jl_pass *p, int block) {
    project_qkv(p, &p->m->w.blocks[block], Q | KV);
    store_kv(p, block);
    attend_and_project(p, block);
}

void jl_attention_store_kv(const jl_pass *p, int block) {
    project_qkv(p, &p->m->w.blocks[block], KV);
    store_kv(p, block);
}

void jl_attention_read_kv(const jl_pass *p, int block) {
    project_qkv(p, &p->m->w.blocks[block], Q);
    attend_and_project(p, block);
}

uint64_t jl_attention_cost(const jl_model *m, int block, int keys) {
    const jl_block *b = &m->w.blocks[block];
    int seen = b->window && b->window < keys ? b->window : keys;
    return b->is_conv ? 0 : 2 * (uint64_t)seen * (uint64_t)m->h.n_heads * (uint64_t)m->h.head_dim;
}
