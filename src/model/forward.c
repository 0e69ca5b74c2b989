/* forward.c - embed → blocks → logits, in the order of the papers.
 *
 *   x = embedding of the tokens                                   the residual stream
 *   for each block:                                               (Vaswani et al. 2017, pre-norm)
 *       h = norm(x);  q, k, v = W_q h, W_k h, W_v h;  rotate q and k by their positions
 *       x = x + W_o · attention(q, K, V)
 *       h = norm(x)
 *       x = x + W_down (silu(W_gate h) ⊙ W_up h)                  SwiGLU (Shazeer 2020)
 *   logits = W_out norm(x)
 *
 * Every matrix is [out][in] and multiplies n tokens at once. No intrinsics and no special cases
 * here: kernels are in compute/, what differs between models is data in arch.c.
 */
#include "forward.h"

#include <string.h>

void jl_scratch_take(jl_scratch *s, jl_arena *arena, const jl_model *m, int n_batch) {
    const jl_hparams *h = &m->h;
    uint64_t n = (uint64_t)n_batch, row = n * sizeof(float);
    int q = h->n_heads * h->head_dim, kv = h->n_kv_heads * h->head_dim;
    int group = h->n_heads / h->n_kv_heads;
    int widest = q > h->n_ff ? q : h->n_ff;
    if (h->n_embd > widest) widest = h->n_embd;
    s->x = jl_arena_take(arena, row * (uint64_t)h->n_embd);
    s->h = jl_arena_take(arena, row * (uint64_t)h->n_embd);
    s->q = jl_arena_take(arena, row * (uint64_t)q);
    s->k = jl_arena_take(arena, row * (uint64_t)kv);
    s->v = jl_arena_take(arena, row * (uint64_t)kv);
    s->heads = jl_arena_take(arena, row * (uint64_t)q);
    s->gate = jl_arena_take(arena, row * (uint64_t)h->n_ff);
    s->up = jl_arena_take(arena, row * (uint64_t)h->n_ff);
    s->angles = jl_arena_take(arena, row * 2 * (uint64_t)m->rope.n_pairs);
    s->act = jl_arena_take(arena, jl_act_bytes(n_batch, widest));
    s->attention.q = jl_arena_take(arena, row * (uint64_t)(group * h->head_dim));
    s->attention.out = jl_arena_take(arena, row * (uint64_t)(group * h->head_dim));
    s->attention.n_keys = jl_arena_take(arena, n * (uint64_t)group * sizeof(int));
    s->attention.kernel = jl_arena_take(arena, jl_attention_bytes(h->head_dim, n_batch * group));
}

/* x [n][cols] in the form that products with w want. */
static jl_act prepare(const jl_scratch *s, const float *x, int n, const jl_matrix *w) {
    jl_act a;
    jl_act_init(&a, s->act, n, w->cols);
    jl_act_prepare(&a, x, n, w->cols, w->layout);
    return a;
}

/* y [n][w.rows] = W x */
static void multiply(const jl_matrix *w, const jl_act *x, float *y) {
    jl_matmul(w, x, y, 0, (w->rows + JL_PANEL - 1) / JL_PANEL);
}

/* y [n][w.rows] = W x for matrices that share x; prepared again only where the layout changes. */
static void multiply_all(const jl_scratch *s, const float *x, int n, const jl_matrix *const *w,
                         float *const *y, int count) {
    jl_act a = { 0 };
    for (int i = 0; i < count; i++) {
        if (i == 0 || w[i]->layout != w[i - 1]->layout) a = prepare(s, x, n, w[i]);
        multiply(w[i], &a, y[i]);
    }
}

static void embed(const jl_model *m, const int32_t *ids, int n, float *x) {
    for (int t = 0; t < n; t++)
        jl_matrix_row(&m->w.token_embd, ids[t], x + (size_t)t * (size_t)m->h.n_embd);
}

static void normalise(const jl_model *m, const float *x, const float *weight, int n, float *y) {
    size_t width = (size_t)m->h.n_embd;
    for (size_t t = 0; t < (size_t)n; t++)
        jl_rms_norm(x + t * width, weight, m->h.eps, m->h.n_embd, y + t * width);
}

static void rotate(const jl_model *m, float *x, int heads, int n, const float *angles) {
    const jl_rope_table *r = &m->rope;
    for (int t = 0; t < n; t++)
        jl_rope(x + (size_t)t * (size_t)(heads * m->h.head_dim), heads, m->h.head_dim,
                angles + (size_t)t * (size_t)(2 * r->n_pairs), r->n_pairs, r->stride_pair,
                r->distance);
}

/* q, k and v of n tokens, k and v into the cache. Without queries that is all a block leaves to
 * later positions. */
static void project(const jl_model *m, const jl_kv_cache *cache, jl_scratch *s, int layer, int n,
                    int pos, int queries) {
    const jl_layer *l = &m->w.layers[layer];
    const jl_matrix *w[] = { &l->wq, &l->wk, &l->wv };
    float *to[] = { s->q, s->k, s->v };
    int first = queries ? 0 : 1;
    normalise(m, s->x, l->attn_norm, n, s->h);
    multiply_all(s, s->h, n, w + first, to + first, 3 - first);
    if (queries) rotate(m, s->q, m->h.n_heads, n, s->angles);
    rotate(m, s->k, m->h.n_kv_heads, n, s->angles);
    jl_kv_write(cache, m, layer, pos, n, s->k, s->v);
}

/* h = W_o · attention over everything up to each token */
static void attention_part(const jl_model *m, const jl_kv_cache *cache, jl_scratch *s, int layer,
                           int n, int pos, const jl_taps *taps) {
    const jl_layer *l = &m->w.layers[layer];
    project(m, cache, s, layer, n, pos, 1);
    jl_attend(cache, m, layer, pos, n, s->q, s->heads, &s->attention, taps);
    jl_act a = prepare(s, s->heads, n, &l->wo);
    multiply(&l->wo, &a, s->h);
}

/* h = W_down (silu(W_gate h) ⊙ W_up h) */
static void feed_forward_part(const jl_model *m, jl_scratch *s, int layer, int n) {
    const jl_layer *l = &m->w.layers[layer];
    normalise(m, s->x, l->ffn_norm, n, s->h);
    const jl_matrix *w[] = { &l->w_gate, &l->w_up };
    multiply_all(s, s->h, n, w, (float *[]){ s->gate, s->up }, 2);
    jl_silu_mul(s->gate, s->up, n * m->h.n_ff);
    jl_act a = prepare(s, s->gate, n, &l->w_down);
    multiply(&l->w_down, &a, s->h);
}

/* The tokens whose logits nobody wants leave the last block with their keys and values; the others
 * move to the front. Returns how many left. */
static int leave(const jl_model *m, const jl_kv_cache *cache, jl_scratch *s, int layer, int n,
                 int pos, int rows) {
    size_t left = (size_t)(n - rows), width = (size_t)m->h.n_embd;
    size_t angles = 2 * (size_t)m->rope.n_pairs;
    if (left == 0) return 0;
    project(m, cache, s, layer, n - rows, pos, 0);
    memmove(s->x, s->x + left * width, (size_t)rows * width * sizeof *s->x);
    memmove(s->angles, s->angles + left * angles, (size_t)rows * angles * sizeof *s->angles);
    return n - rows;
}

void jl_forward(const jl_model *m, const jl_kv_cache *cache, jl_scratch *s, const int32_t *ids,
                int n, int pos, int rows, float *logits, const jl_taps *taps) {
    int width = m->h.n_embd;
    embed(m, ids, n, s->x);
    jl_rope_angles(&m->rope, pos, n, s->angles);
    for (int layer = 0; layer < m->h.n_layers; layer++) {
        if (layer == m->h.n_layers - 1 && !taps) {
            int left = leave(m, cache, s, layer, n, pos, rows);
            n -= left, pos += left;
            if (n == 0) return;
        }
        attention_part(m, cache, s, layer, n, pos, taps);
        jl_add(s->x, s->h, n * width);
        feed_forward_part(m, s, layer, n);
        jl_add(s->x, s->h, n * width);
        jl_tap_residual(taps, layer, s->x, n, width);
    }
    if (rows == 0) return;
    normalise(m, s->x + (size_t)(n - rows) * (size_t)width, m->w.output_norm, rows, s->h);
    jl_act a = prepare(s, s->h, rows, &m->w.output);
    multiply(&m->w.output, &a, logits);
}
