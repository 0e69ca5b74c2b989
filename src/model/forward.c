/* forward.c - embed → blocks → logits, in the order of the papers.
 *
 *   x = embedding of the tokens                                   the residual stream
 *   for each block:                                               (Vaswani et al. 2017, pre-norm)
 *       x = x + attention(norm(x))                                attention.c, or short_conv.c
 *       x = x + feed_forward(norm(x))                             feed_forward.c, experts.c
 *   logits = W_out norm(x)
 *
 * Where the norms are those of sums (post-norm, as in the paper itself), x = norm(x + part(x)).
 * In a parallel block both parts read the same x (Wang & Komatsuzaki 2021). Norms, scales and caps
 * that an architecture does not have are absent or 1. No intrinsics and no names of architectures
 * here: kernels are in compute/, what differs between models is data in arch.c.
 */
#include "forward.h"

#include <string.h>

#include "attention.h"
#include "feed_forward.h"
#include "linear.h"
#include "short_conv.h"

static int max(int a, int b) {
    return a > b ? a : b;
}

static void attention_scratch_take(jl_attention_scratch *a, jl_arena *arena, const jl_model *m,
                                   int n_batch) {
    int group = m->h.n_heads / m->h.n_kv_heads, hd = m->h.head_dim;
    uint64_t queries = (uint64_t)n_batch * (uint64_t)group;
    a->q = jl_arena_take(arena, queries * (uint64_t)hd * sizeof(float));
    a->out = jl_arena_take(arena, queries * (uint64_t)hd * sizeof(float));
    a->n_keys = jl_arena_take(arena, queries * sizeof(int));
    a->first = jl_arena_take(arena, queries * sizeof(int));
    a->slope = jl_arena_take(arena, queries * sizeof(float));
    a->kernel = jl_arena_take(arena, jl_attention_bytes(hd, n_batch * group));
}

static void experts_scratch_take(jl_scratch *s, jl_arena *arena, const jl_model *m, int n_batch) {
    uint64_t n = (uint64_t)n_batch, experts = (uint64_t)m->h.n_experts;
    if (experts == 0) return;
    s->experts.shares = jl_arena_take(arena, n * experts * sizeof(float));
    s->experts.scores = jl_arena_take(arena, experts * sizeof(float));
    s->experts.tokens = jl_arena_take(arena, n * sizeof(int));
    s->experts.x = jl_arena_take(arena, n * (uint64_t)m->h.n_embd * sizeof(float));
}

void jl_scratch_take(jl_scratch *s, jl_arena *arena, const jl_model *m, int n_batch, int n_ctx,
                     jl_pool *pool) {
    const jl_hparams *h = &m->h;
    uint64_t row = (uint64_t)n_batch * sizeof(float);
    int least = h->n_conv ? h->n_embd : 0; /* what a short convolution needs of q, k and v */
    int q = max(h->n_heads * h->head_dim, least), kv = max(h->n_kv_heads * h->head_dim, least);
    int ff = max(h->n_experts ? h->n_ff_expert : h->n_ff, h->n_ff_shared);
    s->x = jl_arena_take(arena, row * (uint64_t)h->n_embd);
    s->h = jl_arena_take(arena, row * (uint64_t)h->n_embd);
    s->delta = jl_arena_take(arena, row * (uint64_t)h->n_embd);
    s->q = jl_arena_take(arena, row * (uint64_t)q);
    s->k = jl_arena_take(arena, row * (uint64_t)kv);
    s->v = jl_arena_take(arena, row * (uint64_t)kv);
    s->heads = jl_arena_take(arena, row * (uint64_t)q);
    s->gate = jl_arena_take(arena, row * (uint64_t)ff);
    s->up = jl_arena_take(arena, row * (uint64_t)ff);
    s->rope[JL_ROPE_GLOBAL] = n_ctx > h->n_ctx_original ? &m->rope_long : &m->rope[JL_ROPE_GLOBAL];
    s->rope[JL_ROPE_LOCAL] = &m->rope[JL_ROPE_LOCAL];
    for (int i = 0; i < JL_ROPE_SCOPES; i++)
        s->angles[i] = jl_arena_take(arena, row * 2 * (uint64_t)s->rope[i]->n_pairs);
    s->act = jl_arena_take(arena, jl_act_bytes(n_batch, max(h->n_embd, max(q, ff))));
    s->pool = pool;
    for (int i = 0; i < jl_pool_most(pool); i++)
        attention_scratch_take(&s->attention[i], arena, m, n_batch);
    experts_scratch_take(s, arena, m, n_batch);
}

/* x = norm(x + factor·norm(delta)), where there are such norms. */
static void add_delta(const jl_pass *p, const jl_norm *post_norm, const jl_norm *sum_norm) {
    int width = p->m->h.n_embd;
    float *delta = p->s->delta;
    if (post_norm->weight) jl_normalise(p, post_norm, delta, p->n, width, delta);
    jl_add_scaled(p->s->x, delta, p->m->h.residual_scale, p->n * width);
    if (sum_norm->weight) jl_normalise(p, sum_norm, p->s->x, p->n, width, p->s->x);
}

static void embed(const jl_pass *p, const int32_t *ids) {
    const jl_weights *w = &p->m->w;
    int width = p->m->h.n_embd;
    float *x = p->s->x;
    for (int t = 0; t < p->n; t++, x += width) {
        jl_matrix_row(&w->token_embd, ids[t], x);
        if (p->m->h.embedding_scale != 1) jl_scale(x, p->m->h.embedding_scale, width);
        if (w->type_embd) jl_add(x, w->type_embd, width);
        if (!w->position_embd.rows) continue;
        jl_matrix_row(&w->position_embd, p->pos + t, p->s->h);
        jl_add(x, p->s->h, width);
    }
    if (w->token_norm.weight) jl_normalise(p, &w->token_norm, p->s->x, p->n, width, p->s->x);
}

static void block(const jl_pass *p, int layer) {
    const jl_layer *l = &p->m->w.layers[layer];
    float *x = p->s->x, *h = p->s->h;
    int width = p->m->h.n_embd, parallel = p->m->h.parallel;
    jl_normalise(p, &l->attn_norm, x, p->n, width, h);
    (l->is_conv ? jl_short_conv_part : jl_attention_part)(p, layer);
    if (!parallel) add_delta(p, &l->attn_post_norm, &l->attn_sum_norm);
    if (!parallel || l->ffn_norm.weight) /* else both parts read the same h */
        jl_normalise(p, &l->ffn_norm, x, p->n, width, h);
    if (parallel) add_delta(p, &l->attn_post_norm, &l->attn_sum_norm);
    jl_feed_forward_part(p, layer);
    add_delta(p, &l->ffn_post_norm, &l->ffn_sum_norm);
}

/* logits [rows][vocab] of the last rows of x */
static void unembed(const jl_pass *p, int rows, float *logits) {
    const jl_model *m = p->m;
    const jl_linear *output[] = { &m->w.output };
    int width = m->h.n_embd, n = rows * m->h.n_vocab;
    const float *x = p->s->x + (size_t)(p->n - rows) * (size_t)width;
    jl_normalise(p, &m->w.output_norm, x, rows, width, p->s->h);
    jl_project(p->s, p->s->h, rows, output, &logits, 1);
    if (m->h.logit_scale != 1) jl_scale(logits, m->h.logit_scale, n);
    if (m->h.logit_cap > 0) jl_soft_cap(logits, m->h.logit_cap, n);
}

/* The tokens whose logits nobody wants leave the last block with what later positions ask of them;
 * the others move to the front. */
static void leave(jl_pass *p, int layer, int rows) {
    jl_scratch *s = p->s;
    jl_pass gone = *p;
    gone.n = p->n - rows;
    if (gone.n == 0) return;
    const jl_layer *l = &p->m->w.layers[layer];
    size_t left = (size_t)gone.n, stay = (size_t)rows, width = (size_t)p->m->h.n_embd;
    jl_normalise(p, &l->attn_norm, s->x, gone.n, p->m->h.n_embd, s->h);
    (l->is_conv ? jl_short_conv_remember : jl_attention_remember)(&gone, layer);
    memmove(s->x, s->x + left * width, stay * width * sizeof *s->x);
    for (int i = 0; i < JL_ROPE_SCOPES; i++) {
        size_t angles = 2 * (size_t)s->rope[i]->n_pairs;
        memmove(s->angles[i], s->angles[i] + left * angles, stay * angles * sizeof *s->angles[i]);
    }
    p->n = rows;
    p->pos += gone.n;
}

void jl_forward(const jl_model *m, const jl_cache *cache, jl_scratch *s, const int32_t *ids, int n,
                int pos, int rows, float *logits, const jl_taps *taps) {
    jl_pass p = { m, cache, s, n, pos, taps };
    embed(&p, ids);
    for (int i = 0; i < JL_ROPE_SCOPES; i++) jl_rope_angles(s->rope[i], pos, n, s->angles[i]);
    for (int layer = 0; layer < m->h.n_layers; layer++) {
        if (layer == m->h.n_layers - 1 && !taps) leave(&p, layer, rows);
        if (p.n == 0) return;
        block(&p, layer);
        jl_tap_residual(taps, layer, s->x, p.n, m->h.n_embd);
    }
    if (jl_tap_hears(taps, JL_TAP_OUTPUT)) {
        jl_normalise(&p, &m->w.output_norm, s->x, p.n, m->h.n_embd, s->h);
        jl_tap_output(taps, s->h, p.n, m->h.n_embd);
    }
    if (rows > 0) unembed(&p, rows, logits);
}
