/* attention.c - causal grouped-query attention: Attention(Q, K, V) = softmax(QKᵀ/√d)·V (Vaswani et
 * al. 2017).
 *
 * Place in the flow: forward.c's first part of a block. Queries, keys and values of the batch are
 * projected and given their positions; keys and values join the cache; queries are gathered by KV
 * head, so that a key is read once for all the queries that want it; the kernel (compute/kernels.h
 * jl_attention) does the arithmetic tile by tile. The causal mask is the number of keys each query
 * may see: its position + 1.
 */
#include "attention.h"

#include <string.h>

#include "linear.h"

/* ---- Queries, keys, values ------------------------------------------------------------------- */

/* x [n] within ± limit; NaN stays. */
static void clamp(float *x, int n, float limit) {
    for (int i = 0; i < n; i++) {
        if (x[i] > limit) x[i] = limit;
        if (x[i] < -limit) x[i] = -limit;
    }
}

/* x [n][heads][head size]: the norm of each head, or of all heads of a token as one vector. */
static void normalise_heads(const jl_pass *p, const jl_norm *norm, float *x, int heads) {
    int whole = (p->m->arch->need >> JL_WHOLE_Q_NORM & 1) != 0;
    int vectors = whole ? 1 : heads, size = whole ? heads * p->m->h.head_dim : p->m->h.head_dim;
    if (norm->weight) jl_normalise(p->m, norm, x, p->n * vectors, size, x);
}

static void rotate(const jl_pass *p, int scope, float *x, int heads) {
    if (scope < 0) return;
    const jl_rope_table *r = p->s->rope[scope];
    int hd = p->m->h.head_dim;
    const float *angles = p->s->angles[scope];
    for (int t = 0; t < p->n; t++, x += heads * hd, angles += 2 * r->n_pairs)
        jl_rope(x, heads, hd, angles, r->n_pairs, r->stride_pair, r->distance);
}

/* q, k, v of the scratch from h; without queries k and v alone. */
static void project(const jl_pass *p, const jl_layer *l, int queries) {
    const jl_hparams *h = &p->m->h;
    jl_scratch *s = p->s;
    const jl_linear *w[] = { &l->q, &l->k, &l->v };
    float *y[] = { s->q, s->k, s->v };
    int first = queries ? 0 : 1;
    jl_project(s->act, s->h, p->n, w + first, y + first, 3 - first);
    for (int i = first; i < 3 && h->clamp_qkv > 0; i++)
        clamp(y[i], p->n * w[i]->w.rows, h->clamp_qkv);
    if (queries) normalise_heads(p, &l->q_norm, s->q, h->n_heads);
    if (queries) rotate(p, l->rope, s->q, h->n_heads);
    normalise_heads(p, &l->k_norm, s->k, h->n_kv_heads);
    rotate(p, l->rope, s->k, h->n_kv_heads);
}

/* ---- The cache ------------------------------------------------------------------------------- */

static size_t head_offset(const jl_pass *p, int layer, int kv_head) {
    size_t tile = jl_kv_tile_bytes(p->cache->type, p->m->h.head_dim);
    size_t slot = (size_t)p->m->w.layers[layer].slot;
    size_t head = slot * (size_t)p->m->h.n_kv_heads + (size_t)kv_head;
    return head * (size_t)p->cache->n_tiles * tile;
}

/* Stores k and v [n][n_kv_heads × head size] of the scratch. */
static void store(const jl_pass *p, int layer) {
    const jl_cache *c = p->cache;
    int hd = p->m->h.head_dim, heads = p->m->h.n_kv_heads;
    size_t bytes = jl_kv_tile_bytes(c->type, hd);
    for (int g = 0; g < heads; g++) {
        size_t head = head_offset(p, layer, g);
        for (int t = 0; t < p->n; t++) {
            size_t row = ((size_t)t * (size_t)heads + (size_t)g) * (size_t)hd;
            size_t tile = head + (size_t)((p->pos + t) / JL_KV_TILE) * bytes;
            jl_kv_store(c->type, c->k + tile, c->v + tile, (p->pos + t) % JL_KV_TILE, p->s->k + row,
                        p->s->v + row, hd);
        }
    }
}

/* ---- Attention ------------------------------------------------------------------------------- */

/* The queries of one KV head, token by token, scaled, and which keys each of them sees. */
static void gather(const jl_pass *p, const jl_layer *l, int kv_head) {
    const jl_model *m = p->m;
    jl_scratch *s = p->s;
    int hd = m->h.head_dim, group = m->h.n_heads / m->h.n_kv_heads;
    for (int t = 0; t < p->n; t++) {
        int seen = p->pos + t + 1, first = l->window && l->window < seen ? seen - l->window : 0;
        const float *from =
            s->q + ((size_t)t * (size_t)m->h.n_heads + (size_t)(kv_head * group)) * (size_t)hd;
        float *to = s->attention.q + (size_t)(t * group) * (size_t)hd;
        for (int i = 0; i < group * hd; i++) to[i] = from[i] * m->h.query_scale;
        for (int i = 0; i < group; i++) {
            s->attention.n_keys[t * group + i] = seen;
            s->attention.first[t * group + i] = first;
            if (m->w.slopes) s->attention.slope[t * group + i] = m->w.slopes[kv_head * group + i];
        }
    }
}

static void scatter(const jl_pass *p, int kv_head) {
    const jl_hparams *h = &p->m->h;
    int hd = h->head_dim, group = h->n_heads / h->n_kv_heads;
    size_t width = (size_t)(group * hd);
    for (int t = 0; t < p->n; t++)
        memcpy(p->s->heads +
                   ((size_t)t * (size_t)h->n_heads + (size_t)(kv_head * group)) * (size_t)hd,
               p->s->attention.out + (size_t)t * width, width * sizeof(float));
}

/* Heads that are listened to: the same scores as the kernel's, as whole softmax rows. */
static void tap_weights(const jl_pass *p, int layer, int kv_head, const jl_score_form *form) {
    const jl_hparams *h = &p->m->h;
    int group = h->n_heads / h->n_kv_heads;
    const uint8_t *k = p->cache->k + head_offset(p, layer, kv_head);
    for (int i = 0; p->taps && i < p->taps->n; i++) {
        const jl_tap *tap = &p->taps->list[i];
        if (tap->kind != JL_TAP_ATTENTION || tap->layer != layer || tap->head / group != kv_head)
            continue;
        for (int t = 0; t < p->n; t++) {
            int row = t * group + tap->head % group, seen = p->s->attention.n_keys[row];
            float *weights = jl_tap_row(tap, p->taps->row + t);
            jl_attention_weights(p->cache->type,
                                 p->s->attention.q + (size_t)row * (size_t)h->head_dim, seen, k,
                                 h->head_dim, form, row, weights);
            memset(weights + seen, 0, (size_t)(tap->cols - seen) * sizeof *weights);
        }
    }
}

/* heads of the scratch = each head's softmax(q·Kᵀ·scale)·V. */
static void attend(const jl_pass *p, int layer) {
    const jl_model *m = p->m;
    const jl_layer *l = &m->w.layers[layer];
    jl_scratch *s = p->s;
    int group = m->h.n_heads / m->h.n_kv_heads;
    int windowed = l->window && l->window < p->pos + p->n;
    jl_score_form form = { m->h.score_cap, m->w.slopes ? s->attention.slope : NULL,
                           windowed ? s->attention.first : NULL };
    const jl_score_form *shaped = form.cap > 0 || form.slope || form.first ? &form : NULL;
    for (int g = 0; g < m->h.n_kv_heads; g++) {
        size_t head = head_offset(p, layer, g);
        gather(p, l, g);
        jl_attention(p->cache->type, s->attention.q, p->n * group, s->attention.n_keys,
                     p->cache->k + head, p->cache->v + head, m->h.head_dim, shaped,
                     s->attention.out, s->attention.kernel);
        scatter(p, g);
        tap_weights(p, layer, g, shaped);
    }
}

void jl_attention_part(const jl_pass *p, int layer) {
    const jl_layer *l = &p->m->w.layers[layer];
    const jl_linear *out[] = { &l->o };
    project(p, l, 1);
    store(p, layer);
    attend(p, layer);
    jl_project(p->s->act, p->s->heads, p->n, out, &p->s->delta, 1);
}

void jl_attention_remember(const jl_pass *p, int layer) {
    project(p, &p->m->w.layers[layer], 0);
    store(p, layer);
}
