/* forward.c - embed → blocks → logits, in the order of the papers.
 *
 *   x = embedding of the tokens                                   the residual stream
 *   for each block:                                               (Vaswani et al. 2017, pre-norm)
 *       x = x + attention(norm(x))           attention.c, short_conv.c, delta_net.c or mamba.c
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
#include "delta_net.h"
#include "feed_forward.h"
#include "linear.h"
#include "mamba.h"
#include "rules.h"
#include "short_conv.h"
#include "sites.h"
#include "unembed.h"

static int max(int a, int b) {
    return a > b ? a : b;
}

static void attention_scratch_take(jl_attention_scratch *a, jl_arena *arena, const jl_model *m,
                                   int n_step, int n_slots) {
    int group = m->h.n_heads / m->h.n_kv_heads, hd = m->h.head_dim;
    uint64_t queries = (uint64_t)n_step * (uint64_t)group;
    a->q = jl_arena_take(arena, queries * (uint64_t)hd * sizeof(float));
    a->out = jl_arena_take(arena, queries * (uint64_t)hd * sizeof(float));
    a->n_keys = jl_arena_take(arena, queries * sizeof(int));
    a->first = jl_arena_take(arena, queries * sizeof(int));
    a->slope = jl_arena_take(arena, queries * sizeof(float));
    a->bias = n_slots ? jl_arena_take(arena, queries * (uint64_t)n_slots * sizeof(float)) : NULL;
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

/* Returns the maximum columns of a matrix that reads these buffers. */
static int recurrent_scratch_take(jl_scratch *s, jl_arena *arena, const jl_model *m, uint64_t row) {
#ifdef JL_ALL
    const jl_ssm_lengths *l = &m->h.ssm;
    int gates = m->arch->required >> JL_ATTN_Q_GATE & 1 ? m->h.n_heads * m->h.head_dim : 0;
    s->head_gates = jl_arena_take(arena, row * (uint64_t)gates);
    s->ssm.mixed = jl_arena_take(arena, row * (uint64_t)l->channels);
    s->ssm.conv = jl_arena_take(arena, row * (uint64_t)l->channels);
    s->ssm.z = jl_arena_take(arena, row * (uint64_t)l->inner);
    s->ssm.out = jl_arena_take(arena, row * (uint64_t)l->inner);
    s->ssm.alpha = jl_arena_take(arena, row * (uint64_t)l->heads);
    s->ssm.beta = jl_arena_take(arena, row * (uint64_t)l->heads);
    uint64_t mamba = m->arch->mixer == JL_MAMBA, both = m->arch->mixer == JL_ATTENTION_MAMBA2;
    s->ssm.b = jl_arena_take(arena, mamba * row * (uint64_t)l->state);
    s->ssm.c = jl_arena_take(arena, mamba * row * (uint64_t)l->state);
    s->ssm.dt = jl_arena_take(arena, mamba * row * (uint64_t)l->inner);
    s->ssm.sum = jl_arena_take(arena, both * row * (uint64_t)m->h.n_embd);
    return max(l->inner, l->heads);
#else
    (void)s, (void)arena, (void)m, (void)row;
    return 0;
#endif
}

/* Floats of a token's queries, with gates if the model has them. */
static int query_width(const jl_model *m) {
    int width = m->h.n_heads * m->h.head_dim;
#ifdef JL_ALL
    if (m->arch->required >> JL_ATTN_Q_GATE & 1) width *= 2;
#endif
    return width;
}

void jl_scratch_take(jl_scratch *s, jl_arena *arena, const jl_model *m, const jl_scratch_size *size,
                     jl_pool *pool) {
    int n_batch = size->n_batch, n_step = size->n_step;
    const jl_hparams *h = &m->h;
    uint64_t batch = (uint64_t)n_batch * sizeof(float), row = (uint64_t)n_step * sizeof(float);
    int conv = h->n_conv ? h->n_embd : 0; /* a short convolution uses q, k and v too */
    int q = max(query_width(m), conv), kv = max(h->n_kv_heads * h->head_dim, conv);
    int dense = h->n_experts && !h->expert_step ? 0 : max(h->n_ff, h->n_dense);
    int ff = max(dense, max(h->n_ff_expert, h->n_ff_shared));
    s->x = jl_arena_take(arena, batch * (uint64_t)h->n_embd);
    s->h = jl_arena_take(arena, row * (uint64_t)h->n_embd);
    s->delta = jl_arena_take(arena, row * (uint64_t)h->n_embd);
    s->q = jl_arena_take(arena, row * (uint64_t)q);
    s->k = jl_arena_take(arena, row * (uint64_t)kv);
    s->v = jl_arena_take(arena, row * (uint64_t)kv);
    s->heads = jl_arena_take(arena, row * (uint64_t)q);
    s->gate = jl_arena_take(arena, row * (uint64_t)ff);
    s->up = jl_arena_take(arena, row * (uint64_t)ff);
    for (int i = 0; i < JL_ROPE_SCOPES; i++)
        s->angles[i] = jl_arena_take(arena, batch * 2 * (uint64_t)m->rope[i].n_pairs);
    s->sink_angles = jl_arena_take(arena, 2 * (uint64_t)m->rope->n_pairs * sizeof(float));
    s->bias_stride = (size_t)size->n_bias;
    int inner = recurrent_scratch_take(s, arena, m, row);
    s->act = jl_arena_take(arena, jl_act_bytes(n_step, max(max(h->n_embd, inner), max(q, ff))));
    s->pool = pool;
    for (int i = 0; i < jl_pool_max(pool); i++)
        attention_scratch_take(&s->attention[i], arena, m, n_step, size->n_bias);
    experts_scratch_take(s, arena, m, n_step);
}

/* x = norm(x + residual_scale·norm(delta)); absent norms are skipped. after: the site of the stream
 * then; out, sum_scale: those of delta and of the norm of the sum. */
static void add_delta(const jl_pass *p, int block, const jl_norm *post_norm,
                      const jl_norm *sum_norm, jl_site out, jl_site sum_scale) {
    int width = p->m->h.n_embd;
    float *x = jl_pass_stream(p), *delta = p->s->delta;
    if (post_norm->weight) jl_normalise(p, post_norm, delta, p->n, width, delta);
    if (p->m->h.residual_scale != 1) jl_scale(delta, p->m->h.residual_scale, p->n * width);
    jl_at(p, out, block, delta);
    jl_add(x, delta, p->n * width);
    if (sum_norm->weight) jl_normalise_at(p, sum_norm, sum_scale, block, x, p->n, x);
}

/* Adds the learned positions, row by row in h. */
static void add_positions(const jl_pass *p) {
    int width = p->m->h.n_embd;
    float *x = p->s->x, *h = p->s->h;
    jl_pass one = *p;
    one.n = 1;
    for (one.pos = p->pos; one.pos < p->pos + p->n; one.pos++, x += width) {
        int row = jl_rule_position_row(p->rules, one.pos - jl_pass_text_first(p, one.pos));
        if (row >= 0)
            jl_matrix_row(&p->m->w.position_embd, row, h);
        else
            memset(h, 0, (size_t)width * sizeof *h);
        jl_at(&one, JL_SITE_POS_EMBED, 0, h);
        jl_add(x, h, width);
    }
}

void jl_forward_begin(jl_batch *b, const int32_t *ids) {
    const jl_pass *p = &b->p;
    const jl_weights *w = &p->m->w;
    int width = p->m->h.n_embd;
    float *x = p->s->x;
    jl_part_resume(p->s->meter);
    for (int t = 0; t < p->n; t++, x += width) {
        jl_matrix_row(&w->token_embd, ids[t], x);
        if (p->m->h.embedding_scale != 1) jl_scale(x, p->m->h.embedding_scale, width);
    }
    jl_at(p, JL_SITE_EMBED, 0, p->s->x);
    x = p->s->x;
    for (int t = 0; t < p->n && w->type_embd; t++) jl_add(x + t * width, w->type_embd, width);
    if (w->position_embd.rows) add_positions(p);
    if (w->token_norm.weight) jl_normalise(p, &w->token_norm, p->s->x, p->n, width, p->s->x);
    jl_at(p, JL_SITE_RESID_PRE, 0, p->s->x);
    for (int i = 0; i < JL_ROPE_SCOPES; i++)
        for (int t = 0; t < p->n; t++) {
            int at = p->pos + t - jl_pass_text_first(p, p->pos + t);
            jl_rope_angles(p->s->rope[i], jl_rule_position(p->rules, at),
                           p->s->angles[i] + (size_t)(2 * p->s->rope[i]->n_pairs) * (size_t)t);
        }
}

/* ---- Blocks ---------------------------------------------------------------------------------- */

typedef void attention_function(const jl_pass *p, int block);

/* h = norm(x), the input of the first sublayer. */
static void normalise_stream(const jl_pass *p, int block) {
    const jl_norm *norm = &p->m->w.blocks[block].attn_norm;
    jl_normalise_at(p, norm, JL_SITE_LN1_SCALE, block, jl_pass_stream(p), p->n, p->s->h);
}

/* One block; `attention` computes its first sublayer. */
static void run_block(const jl_pass *p, int block, attention_function *attention) {
    const jl_block *b = &p->m->w.blocks[block];
    float *x = jl_pass_stream(p), *h = p->s->h;
    int parallel = p->m->h.parallel;
    normalise_stream(p, block);
    attention(p, block);
    if (block == p->pattern_block) return;
#ifdef JL_ALL
    if (!b->up.w.rows && !b->router.w.rows) { /* a block without a feed-forward sublayer */
        add_delta(p, block, &b->attn_post_norm, &b->attn_sum_norm, JL_SITE_ATTN_OUT,
                  JL_SITE_LN1_SCALE);
        return;
    }
#endif
    if (!parallel) {
        add_delta(p, block, &b->attn_post_norm, &b->attn_sum_norm, JL_SITE_ATTN_OUT,
                  JL_SITE_LN1_SCALE);
        jl_at(p, JL_SITE_RESID_MID, block, x);
    }
    if (!parallel || b->ffn_norm.weight) /* else both sublayers read h */
        jl_normalise_at(p, &b->ffn_norm, JL_SITE_LN2_SCALE, block, x, p->n, h);
    if (parallel)
        add_delta(p, block, &b->attn_post_norm, &b->attn_sum_norm, JL_SITE_ATTN_OUT,
                  JL_SITE_LN1_SCALE);
    jl_feed_forward_sublayer(p, block);
    add_delta(p, block, &b->ffn_post_norm, &b->ffn_sum_norm, JL_SITE_MLP_OUT, JL_SITE_LN2_SCALE);
}

#ifdef JL_ALL
/* delta = the sum of attention and Mamba 2 of the same input. */
static void attention_mamba2_sublayer(const jl_pass *p, int block) {
    int n = p->n * p->m->h.n_embd;
    jl_attention_sublayer(p, block);
    memcpy(p->s->ssm.sum, p->s->delta, (size_t)n * sizeof(float));
    jl_mamba2_sublayer(p, block);
    jl_add(p->s->delta, p->s->ssm.sum, n);
}
#endif

static attention_function *sublayer_of(const jl_block *b) {
#ifdef JL_ALL
    if (b->mixer == JL_DELTA_NET) return jl_delta_net_sublayer;
    if (b->mixer == JL_MAMBA) return jl_mamba_sublayer;
    if (b->mixer == JL_MAMBA2) return jl_mamba2_sublayer;
    if (b->mixer == JL_ATTENTION_MAMBA2) return attention_mamba2_sublayer;
#endif
    return b->mixer == JL_SHORT_CONV ? jl_short_conv_sublayer : jl_attention_sublayer;
}

/* In the last block, rows without requested logits only need their keys and values stored. Stores
 * them, as many at a time as the scratch holds, and drops these rows from the batch. */
static void drop_rows(jl_batch *b) {
    jl_pass *p = &b->p;
    while (p->n > b->rows) {
        jl_pass first = *p;
        first.n = p->n - b->rows < b->n_step ? p->n - b->rows : b->n_step;
        normalise_stream(&first, b->block);
        if (p->m->w.blocks[b->block].mixer == JL_SHORT_CONV)
            jl_short_conv_store(&first, b->block);
        else
            jl_attention_store_kv(&first, b->block);
        p->n -= first.n;
        p->pos += first.n;
        p->row += first.n;
    }
}

/* Maximum rows whose attention in the next block fits one step, in whole tiles of tokens. */
static int max_rows_per_step(const jl_batch *b) {
    if (b->p.m->w.blocks[b->block].mixer != JL_ATTENTION)
        return b->p.n; /* a row reads earlier rows */
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
        run_block(&part, b->block, sublayer_of(&b->p.m->w.blocks[b->block]));
        b->kv_stored = 1;
    } else {
        normalise_stream(&part, b->block);
        jl_attention_store_kv(&part, b->block);
    }
    b->done += part.n;
}

/* ---- Results --------------------------------------------------------------------------------- */

/* y [n][vocab] = logits of n ≤ n_step rows of the stream, from row `first` on; y NULL: only visits
 * the sites of the last norm. */
static void unembed(const jl_pass *p, int first, int n, float *y) {
    const jl_model *m = p->m;
    jl_pass part = *p;
    part.n = n;
    part.pos += first;
    part.row += first;
    jl_normalise_at(&part, &m->w.output_norm, JL_SITE_FINAL_SCALE, 0, jl_pass_stream(&part), n,
                    p->s->h);
    if (!y) return;
    jl_part_begin(p->s->meter, JL_PART_UNEMBED);
    jl_unembed(p->s, m, p->s->h, n, y);
    jl_part_begin(p->s->meter, JL_PART_OTHER);
    jl_at(&part, JL_SITE_LOGITS, 0, y);
}

/* Logits of the requested rows; of the others only what is read or edited, row by row. */
static void output(const jl_batch *b) {
    const jl_pass *p = &b->p;
    int first = p->n - (b->logits ? b->rows : 0);
    int watched = (p->sites >> JL_SITE_FINAL_SCALE) != 0; /* these sites are the last ones */
    float *spare = jl_watched(p, JL_SITE_LOGITS) ? p->probe->logits : NULL;
    for (int t = 0; t < first && watched; t++) unembed(p, t, 1, spare);
    for (int t = first, n; t < p->n; t += n) {
        n = p->n - t < b->n_step ? p->n - t : b->n_step;
        unembed(p, t, n, b->logits + (size_t)(t - first) * (size_t)p->m->h.n_vocab);
    }
}

const float *jl_forward_states(const jl_batch *b) {
    float *x = jl_pass_stream(&b->p);
    jl_normalise_at(&b->p, &b->p.m->w.output_norm, JL_SITE_FINAL_SCALE, 0, x, b->p.n, x);
    return x;
}

static void next_block(jl_batch *b) {
    float *x = jl_pass_stream(&b->p);
    jl_at(&b->p, JL_SITE_RESID_POST, b->block, x);
    b->block++;
    b->kv_stored = 0;
    if (b->block < b->n_blocks) jl_at(&b->p, JL_SITE_RESID_PRE, b->block, x);
}

int jl_forward_step(jl_batch *b) {
    const jl_model *m = b->p.m;
    uint64_t weights = m->n_parameters / (uint64_t)m->h.n_layers, spent = 0;
    jl_part_resume(b->p.s->meter);
    while (b->block < b->n_blocks && spent <= b->step) {
        if (b->block == m->h.n_layers - 1 && !b->p.sites && b->done == 0 && !b->kv_stored &&
            !jl_is_recurrent(&m->w.blocks[b->block]))
            drop_rows(b);
        if (b->p.n == 0) return 0;
        int max_rows = max_rows_per_step(b), before = b->done;
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
    int complete = b->block == b->n_blocks;
    if (complete && b->n_blocks == m->h.n_layers && !b->for_states) output(b);
    jl_part_begin(b->p.s->meter, JL_PART_OTHER); /* counts the time until here */
    return !complete;
}
