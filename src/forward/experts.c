/* experts.c - a mixture of experts: each token is routed to a few of many feed-forward networks
 * (Shazeer et al. 2017; Fedus et al. 2022).
 *
 *   p = softmax(W_router h);  the k experts with the largest p are used
 *   delta = Σ share_e · W_down,e (σ(W_gate,e h) ⊙ W_up,e h)      ascending e
 *
 * Place in the flow: feed_forward.c → here, for blocks with a router. A batch is computed expert by
 * expert, so that an expert's weights are read once for all its tokens; every token sums its
 * experts in the same order. Writes only to the scratch.
 */
#include <math.h>
#include <string.h>

#include "feed_forward.h"
#include "linear.h"
#include "sites.h"

/* Shares [experts] of one token. weights [experts] add up to `sum`. On ties the first expert is
 * used. */
static void choose_experts(const jl_model *m, const float *weights, float sum, float *shares) {
    const jl_hparams *h = &m->h;
    float chosen = 0;
    memset(shares, 0, (size_t)h->n_experts * sizeof *shares);
    for (int k = 0; k < h->n_experts_used; k++) {
        int best = -1;
        for (int e = 0; e < h->n_experts; e++)
            if (shares[e] == 0 && (best < 0 || weights[e] > weights[best])) best = e;
        if (best < 0) break;
        shares[best] = weights[best] / sum;
        chosen += shares[best];
        if (shares[best] == 0) break; /* all others are 0 too */
    }
    /* ggml's minimum sum, the smallest normal half */
    float divisor = m->arch->rules & JL_SHARES_SUM_TO_1 ? fmaxf(chosen, 0x1p-14f) : 1;
    jl_scale(shares, h->expert_scale / divisor, h->n_experts);
}

/* The site of token t's weights: w [experts] = softmax of the router's logits. */
static void visit_weights(const jl_pass *p, int t, int block, float *w) {
    jl_pass one = *p;
    one.n = 1;
    one.pos += t;
    jl_softmax(w, p->m->h.n_experts);
    jl_at(&one, JL_SITE_EXPERT_WEIGHTS, block, w);
}

static void route(const jl_pass *p, int block) {
    const jl_block *b = &p->m->w.blocks[block];
    jl_scratch *s = p->s;
    const jl_linear *router[] = { &b->router };
    int n = p->m->h.n_experts, watched = jl_watched(p, JL_SITE_EXPERT_WEIGHTS);
    int edited = watched && jl_edited(p, JL_SITE_EXPERT_WEIGHTS, block);
    float *w = s->experts.scores;
    jl_linear_forward(s, s->h, p->n, router, &s->experts.shares, 1);
    for (int t = 0; t < p->n; t++) {
        float *shares = s->experts.shares + (size_t)t * (size_t)n, sum = 1;
        memcpy(w, shares, (size_t)n * sizeof *w);
        if (watched) visit_weights(p, t, block, w);
        /* Without an edit the site leaves no trace; edited weights are not normalised again. */
        if (watched && !edited) memcpy(w, shares, (size_t)n * sizeof *w);
        if (!edited) sum = jl_softmax_exp(w, jl_max(w, n), n);
        choose_experts(p->m, w, sum, shares);
    }
}

/* Gathers the rows of h of the tokens routed to expert e; returns how many. */
static int gather(const jl_pass *p, int e) {
    jl_scratch *s = p->s;
    size_t width = (size_t)p->m->h.n_embd;
    int n = 0;
    for (int t = 0; t < p->n; t++) {
        if (s->experts.shares[t * p->m->h.n_experts + e] == 0) continue;
        memcpy(s->experts.x + (size_t)n * width, s->h + (size_t)t * width, width * sizeof *s->h);
        s->experts.tokens[n++] = t;
    }
    return n;
}

static void add_shared(const jl_pass *p, const jl_block *b) {
    jl_scratch *s = p->s;
    const jl_linear *router[] = { &b->shared_router };
    float *share = s->experts.shares;
    int width = p->m->h.n_embd;
    jl_ffn_hidden(p, &b->shared_gate, &b->shared_up, &b->shared_down, s->h, p->n, -1, s->experts.x);
    if (b->shared_router.w.rows) jl_linear_forward(s, s->h, p->n, router, &share, 1);
    for (int t = 0; t < p->n; t++) {
        float factor = b->shared_router.w.rows ? 1 / (1 + jl_exp(-share[t])) : 1;
        size_t row = (size_t)t * (size_t)width;
        jl_add_scaled(s->delta + row, s->experts.x + row, factor, width);
    }
}

void jl_experts_sublayer(const jl_pass *p, int block) {
    const jl_block *b = &p->m->w.blocks[block];
    jl_scratch *s = p->s;
    int width = p->m->h.n_embd, experts = p->m->h.n_experts;
    route(p, block);
    memset(s->delta, 0, (size_t)p->n * (size_t)width * sizeof *s->delta);
    for (int e = 0; e < experts; e++) {
        int n = gather(p, e);
        if (n == 0) continue;
        jl_ffn_hidden(p, &b->expert_gate[e], &b->expert_up[e], &b->expert_down[e], s->experts.x, n,
                      -1, s->experts.x);
        for (int i = 0; i < n; i++) {
            int t = s->experts.tokens[i];
            jl_add_scaled(s->delta + (size_t)t * (size_t)width,
                          s->experts.x + (size_t)i * (size_t)width,
                          s->experts.shares[t * experts + e], width);
        }
    }
    if (b->shared_up.w.rows) add_shared(p, b);
}
