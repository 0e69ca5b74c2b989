/* forward.c - embed → blocks → logits, in the order of the papers.
 *
 *   x = embedding of the tokens                                   the residual stream
 *   for each block:                                               (Vaswani et al. 2017, pre-norm)
 *       x = x + attention(norm(x))                                attention.c or short_conv.c
 *       x = x + feed_forward(norm(x))                             feed_forward.c or experts.c
 *   logits = W_out norm(x)
 *
 * With post-norm (as in the paper itself), x = norm(x + sublayer(x)). In a parallel block both
 * sublayers read the same x (Wang & Komatsuzaki 2021). Unused norms, scales and caps are absent or
 * 1. No architecture is named here: arch.c describes them as data, compute/ has all kernels.
 */
#include "forward.h"

#include <math.h>
#include <string.h>

#include "attention.h"
#include "feed_forward.h"
#include "linear.h"
#include "short_conv.h"
#include "unembed.h"

static int max(int a, int b) {
    return a > b ? a : b;
}

static void attention_scratch_take(jl_attention_scratch *a, jl_arena *arena, const jl_model *m,
                                   int n_step) {
    int group = m->h.n_heads / m->h.n_kv_heads, hd = m->h.head_dim;
    uint64_t queries = (uint64_t)n_step * (uint64_t)group;
    a->q = jl_arena_take(arena, queries * (uint64_t)hd * sizeof(float));
    a->out = jl_arena_take(arena, queries * (uint64_t)hd * sizeof(float));
    a->n_keys = jl_arena_take(arena, queries * sizeof(int));
    a->first = jl_arena_take(arena, queries * sizeof(int));
    a->slope = jl_arena_take(arena, queries * sizeof(float));
    a->kernel = jl_arena_take(arena, jl_attention_bytes(hd, n_step * group));
}

static void experts_scratch_take(jl_scratch *s, jl_arena *arena, const jl_model *m, int n_step) {
    uint64_t n = (uint64_t)n_step, experts = (uint64_t)m->h.n_experts;
    if (experts == 0) return;
    s->experts.shares = jl_arena_take(arena, n * experts * sizeof(float));
    s->experts.scores = jl_arena_take(arena, experts * sizeof(float));
    s->experts.tokens = jl_arena_take(arena, n * sizeof(int));
    s->experts.x = jl_arena_take(arena, n * (uint64_t)m->h.n_embd * sizeof(float));
}

void jl_scratch_take(jl_scratch *s, jl_arena *arena, const jl_model *m, int n_batch, int n_step,
                     int n_ctx, jl_pool *pool) {
    const jl_hparams *h = &m->h;
    uint64_t batch = (uint64_t)n_batch * sizeof(float), row = (uint64_t)n_step * sizeof(float);
    int conv = h->n_conv ? h->n_embd : 0; /* a short convolution uses q, k and v too */
    int q = max(h->n_heads * h->head_dim, conv), kv = max(h->n_kv_heads * h->head_dim, conv);
    int ff = max(h->n_experts ? h->n_ff_expert : h->n_ff, h->n_ff_shared);
    s->x = jl_arena_take(arena, batch * (uint64_t)h->n_embd);
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
        s->angles[i] = jl_arena_take(arena, batch * 2 * (uint64_t)s->rope[i]->n_pairs);
    s->act = jl_arena_take(arena, jl_act_bytes(n_step, max(h->n_embd, max(q, ff))));
    s->pool = pool;
    for (int i = 0; i < jl_pool_max(pool); i++)
        attention_scratch_take(&s->attention[i], arena, m, n_step);
    experts_scratch_take(s, arena, m, n_step);
}

/* x = norm(x + residual_scale·norm(delta)); absent norms are skipped. */
static void add_delta(const jl_pass *p, const jl_norm *post_norm, const jl_norm *sum_norm) {
    int width = p->m->h.n_embd;
    float *x = jl_pass_stream(p), *delta = p->s->delta;
    if (post_norm->weight) jl_normalise(p, post_norm, delta, p->n, width, delta);
    jl_add_scaled(x, delta, p->m->h.residual_scale, p->n * width);
    if (sum_norm->weight) jl_normalise(p, sum_norm, x, p->n, width, x);
}

/* cs [n][n_pairs][2]: cosine and sine of the RoPE angles for positions pos … pos + n − 1. */
static void fill_angles(const jl_rope_table *r, int pos, int n, float *cs) {
    for (int t = 0; t < n; t++)
        for (int i = 0; i < r->n_pairs; i++) {
            double angle = (pos + t) * r->frequency[i];
            *cs++ = (float)(r->length * cos(angle));
            *cs++ = (float)(r->length * sin(angle));
        }
}

void jl_forward_begin(jl_batch *b, const int32_t *ids) {
    const jl_pass *p = &b->p;
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
    for (int i = 0; i < JL_ROPE_SCOPES; i++)
        fill_angles(p->s->rope[i], p->pos, p->n, p->s->angles[i]);
}

/* ---- Blocks ---------------------------------------------------------------------------------- */

typedef void attention_function(const jl_pass *p, int block);

/* h = norm(x), the input of the first sublayer. */
static void normalise_stream(const jl_pass *p, int block) {
    const jl_norm *norm = &p->m->w.blocks[block].attn_norm;
    jl_normalise(p, norm, jl_pass_stream(p), p->n, p->m->h.n_embd, p->s->h);
}

/* One block; `attention` computes its first sublayer. */
static void run_block(const jl_pass *p, int block, attention_function *attention) {
    const jl_block *b = &p->m->w.blocks[block];
    float *x = jl_pass_stream(p), *h = p->s->h;
    int width = p->m->h.n_embd, parallel = p->m->h.parallel;
    normalise_stream(p, block);
    attention(p, block);
    if (!parallel) add_delta(p, &b->attn_post_norm, &b->attn_sum_norm);
    if (!parallel || b->ffn_norm.weight) /* else both sublayers read h */
        jl_normalise(p, &b->ffn_norm, x, p->n, width, h);
    if (parallel) add_delta(p, &b->attn_post_norm, &b->attn_sum_norm);
    jl_feed_forward_sublayer(p, block);
    add_delta(p, &b->ffn_post_norm, &b->ffn_sum_norm);
}

/* In the last block, rows without requested logits only need their keys and values stored. Stores
 * them, then drops these rows from the batch. */
static void drop_rows(jl_batch *b) {
    jl_pass *p = &b->p, first = *p;
    first.n = p->n - b->rows;
    if (first.n == 0) return;
    normalise_stream(&first, b->block);
    if (p->m->w.blocks[b->block].is_conv)
        jl_short_conv_store(&first, b->block);
    else
        jl_attention_store_kv(&first, b->block);
    p->n -= first.n;
    p->pos += first.n;
    p->row += first.n;
}

/* Maximum rows whose attention in the next block fits one step, in whole tiles of tokens. */
static int max_rows_per_step(const jl_batch *b) {
    if (b->p.m->w.blocks[b->block].is_conv) return b->p.n; /* a row reads earlier rows */
    uint64_t cost = jl_attention_cost(b->p.m, b->block, b->p.end), rows = b->step / (cost + 1);
    if (rows > JL_TILE) rows -= rows % JL_TILE;
    return rows < 1 ? 1 : rows < (uint64_t)b->n_step ? (int)rows : b->n_step;
}

/* Computes at most max_rows rows of the next block. Unless all rows fit, a first pass stores the
 * keys and values of all rows, a second computes the rest. */
static void run_step(jl_batch *b, int max_rows) {
    jl_pass part = b->p;
    part.row += b->done;
    part.pos += b->done;
    part.n -= b->done;
    if (part.n > max_rows) part.n = max_rows;
    if (b->kv_stored) {
        run_block(&part, b->block, jl_attention_read_kv);
    } else if (part.n == b->p.n) {
        int is_conv = b->p.m->w.blocks[b->block].is_conv;
        run_block(&part, b->block, is_conv ? jl_short_conv_sublayer : jl_attention_sublayer);
        b->kv_stored = 1;
    } else {
        normalise_stream(&part, b->block);
        jl_attention_store_kv(&part, b->block);
    }
    b->done += part.n;
}

/* ---- Results --------------------------------------------------------------------------------- */

/* Fills the taps after the last norm. */
static void tap_output(const jl_pass *p) {
    for (int i = 0; p->taps && i < p->taps->n; i++) {
        const jl_tap *tap = &p->taps->list[i];
        if (tap->kind == JL_TAP_OUTPUT)
            jl_normalise(p, &p->m->w.output_norm, p->s->x, p->n, p->m->h.n_embd,
                         jl_tap_row(tap, p->taps->row));
    }
}

/* logits [rows][vocab] of the last rows of x. */
static void unembed(const jl_batch *b) {
    const jl_pass *p = &b->p;
    const jl_model *m = p->m;
    int width = m->h.n_embd;
    const float *x = jl_pass_stream(p) + (size_t)(p->n - b->rows) * (size_t)width;
    jl_normalise(p, &m->w.output_norm, x, b->rows, width, p->s->h);
    jl_unembed(p->s, m, p->s->h, b->rows, b->logits);
}

const float *jl_forward_states(const jl_batch *b) {
    float *x = jl_pass_stream(&b->p);
    jl_normalise(&b->p, &b->p.m->w.output_norm, x, b->p.n, b->p.m->h.n_embd, x);
    return x;
}

static void next_block(jl_batch *b) {
    jl_tap_residual(b->p.taps, b->block, b->p.s->x, b->p.n, b->p.m->h.n_embd);
    b->block++;
    b->kv_stored = 0;
}

int jl_forward_step(jl_batch *b) {
    const jl_model *m = b->p.m;
    uint64_t weights = m->n_parameters / (uint64_t)m->h.n_layers, spent = 0;
    while (b->block < m->h.n_layers) {
        if (b->block == m->h.n_layers - 1 && !b->p.taps && b->done == 0 && !b->kv_stored)
            drop_rows(b);
        if (b->p.n == 0) return 0;
        int max_rows = max_rows_per_step(b), before = b->done;
        if (spent > b->step) return 1;
        run_step(b, max_rows);
        spent +=
            (uint64_t)(b->done - before) * (weights + jl_attention_cost(m, b->block, b->p.end));
        if (b->done < b->p.n) continue;
        b->done = 0;
        if (b->kv_stored)
            next_block(b);
        else
            b->kv_stored = 1;
    }
    tap_output(&b->p);
    if (b->rows > 0 && b->logits) unembed(b);
    return 0;
}
