/* feed_forward.c - two matrices with a nonlinearity between them, gated or not.
 *
 *   W_down σ(W_up h)                    (Vaswani et al. 2017; σ = GELU, Hendrycks & Gimpel 2016,
 *                                        or squared ReLU, So et al. 2021)
 *   W_down (σ(W_gate h) ⊙ W_up h)       gated (Shazeer 2020; σ = SiLU or GELU)
 *
 * Place in the flow: second sublayer of a block (forward.c). Writes only to the scratch.
 */
#include "feed_forward.h"

#include "linear.h"
#include "sites.h"

typedef struct activation_job {
    jl_activation kind;
    int width;
    float *gate;
    const float *up;
} activation_job;

#ifdef JL_ALL
/* Φ(x) = erfc(−x/√2) / 2 by Abramowitz and Stegun's formula 7.1.26 (error 1.5e-7). */
void jl_gelu_erf(float *x, int n) {
    for (int i = 0; i < n; i++) {
        float v = x[i] < 0 ? -x[i] : x[i], t = 1.0f / (1.0f + 0.231641888f * v);
        float sum = 1.061405429f * t - 1.453152027f;
        sum = (sum * t + 1.421413741f) * t - 0.284496736f;
        float tail = (sum * t + 0.254829592f) * t * 0.5f * jl_exp(-0.5f * v * v);
        x[i] = x[i] < 0 ? x[i] * tail : x[i] - x[i] * tail;
    }
}
#endif

/* gate [n][width] = σ(gate) ⊙ up, or σ(gate) without up. */
static void activate_rows(void *arg, int first, int end) {
    const activation_job *job = arg;
    size_t from = (size_t)first * (size_t)job->width;
    float *gate = job->gate + from;
    const float *up = job->up ? job->up + from : NULL;
    int n = (end - first) * job->width;
    if (job->kind == JL_SILU) {
        jl_silu_mul(gate, up, n);
        return;
    }
    if (job->kind == JL_GELU) jl_gelu(gate, n);
#ifdef JL_ALL
    if (job->kind == JL_GELU_ERF) jl_gelu_erf(gate, n);
#endif
    if (job->kind == JL_RELU_SQUARED) jl_relu_squared(gate, n);
    if (up) jl_mul(gate, up, n);
}

void jl_ffn_hidden(const jl_pass *p, const jl_linear *gate, const jl_linear *up,
                   const jl_linear *down, const float *x, int n, int block, float *y) {
    jl_scratch *s = p->s;
    int gated = gate->w.rows > 0, width = up->w.rows;
    const jl_linear *both[] = { gate, up };
    if (gated)
        jl_linear_forward(s, x, n, both, (float *[]){ s->gate, s->up }, 2);
    else
        jl_linear_forward(s, x, n, both + 1, &s->gate, 1);
    if (block >= 0) jl_at(p, JL_SITE_MLP_PRE, block, s->gate);
    if (block >= 0 && gated) jl_at(p, JL_SITE_MLP_PRE_LINEAR, block, s->up);
    activation_job job = { p->m->h.activation, width, s->gate, gated ? s->up : NULL };
    jl_each_row(s->pool, n, width, activate_rows, &job);
    if (block >= 0) jl_at(p, JL_SITE_MLP_POST, block, s->gate);
    jl_linear_forward(s, s->gate, n, &down, &y, 1);
}

void jl_feed_forward_sublayer(const jl_pass *p, int block) {
    const jl_block *b = &p->m->w.blocks[block];
    jl_part_begin(p->s->meter, JL_PART_FEED_FORWARD);
    if (b->router.w.rows)
        jl_experts_sublayer(p, block);
    else
        jl_ffn_hidden(p, &b->gate, &b->up, &b->down, p->s->h, p->n, block, p->s->delta);
    jl_part_begin(p->s->meter, JL_PART_OTHER);
}
