/* delta_net.c - the gated delta net of Qwen 3.5 (Yang, Kautz & Hatamizadeh 2025, eq. 10).
 *
 *   q, k, v = SiLU(convolution(W_qkv h)), q and k of length 1;  z = W_z h
 *   α = exp(a · softplus(W_α h + b)), a < 0;  β = sigmoid(W_β h)
 *   S = α S + k (β (v − (α S)ᵀ k))ᵀ;  o = Sᵀ q / √d                       one head, one token
 *   delta = W_out (rms_norm(o) ⊙ SiLU(z))
 *
 * Place in the flow: first sublayer of a recurrent block (forward.c). Products with weights take
 * the whole batch at once; then the recurrence goes token by token in each head, and the heads are
 * distributed over the threads. S [d][d], a row per dimension of k, so that all inner loops go over
 * neighbouring floats and no sum depends on the width of vectors.
 */
#include "delta_net.h"

#include <math.h>
#include <string.h>

#include "../compute/parallel.h"
#include "linear.h"
#include "recurrent.h"

enum { MAX_STATE = 256 }; /* hparams.c */

typedef struct delta_job {
    const jl_pass *p;
    const jl_recurrence *w;
    const float *before; /* S of all heads before the batch, or NULL */
    float *after;
} delta_job;

/* ---- Rows ------------------------------------------------------------------------------------ */

/* x = x / √(Σx² + eps) */
static void to_unit_length(float *x, int n, float eps) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    float factor = (float)(1 / sqrt(sum + (double)eps));
    for (int i = 0; i < n; i++) x[i] *= factor;
}

static void normalise_keys(void *arg, int first, int end) {
    const delta_job *job = arg;
    const jl_ssm_lengths *l = &job->p->m->h.ssm;
    for (int t = first; t < end; t++) {
        float *x = job->p->s->ssm.conv + (size_t)t * (size_t)l->channels;
        for (int i = 0; i < 2 * l->groups; i++, x += l->state)
            to_unit_length(x, l->state, job->p->m->h.eps);
    }
}

/* alpha and beta of the scratch: from products to factors. */
static void make_gates(const delta_job *job) {
    int heads = job->p->m->h.ssm.heads;
    float *alpha = job->p->s->ssm.alpha, *beta = job->p->s->ssm.beta;
    for (int t = 0; t < job->p->n; t++, alpha += heads, beta += heads)
        for (int i = 0; i < heads; i++) {
            alpha[i] = jl_exp(job->w->a[i] * jl_softplus(alpha[i] + job->w->dt_bias[i]));
            beta[i] = 1 / (1 + jl_exp(-beta[i]));
        }
}

static void gate_rows(void *arg, int first, int end) {
    const delta_job *job = arg;
    size_t inner = (size_t)job->p->m->h.ssm.inner, from = (size_t)first * inner;
    jl_silu_mul(job->p->s->ssm.z + from, job->p->s->ssm.out + from, (end - first) * (int)inner);
}

/* ---- The recurrence -------------------------------------------------------------------------- */

/* S = α S; sum [d] = Sᵀ k */
static void decay(float *restrict S, const float *restrict k, float alpha, int d,
                  float *restrict sum) {
    memset(sum, 0, (size_t)d * sizeof *sum);
    for (int i = 0; i < d; i++, S += d)
        for (int j = 0; j < d; j++) {
            S[j] *= alpha;
            sum[j] += k[i] * S[j];
        }
}

/* S = S + k uᵀ; o [d] = Sᵀ q */
static void update(float *restrict S, const float *restrict k, const float *restrict q,
                   const float *restrict u, int d, float *restrict o) {
    memset(o, 0, (size_t)d * sizeof *o);
    for (int i = 0; i < d; i++, S += d)
        for (int j = 0; j < d; j++) {
            S[j] += k[i] * u[j];
            o[j] += q[i] * S[j];
        }
}

/* One head of all tokens of the batch. */
static void run_head(void *arg, int head, int thread) {
    const delta_job *job = arg;
    const jl_pass *p = job->p;
    const jl_ssm_lengths *l = &p->m->h.ssm;
    int d = l->state, group = head % l->groups;
    size_t size = (size_t)d * (size_t)d, channels = (size_t)l->channels;
    float *S = job->after + (size_t)head * size, u[MAX_STATE];
    float scale = 1 / sqrtf((float)d);
    (void)thread;
    if (job->before)
        memcpy(S, job->before + (size_t)head * size, size * sizeof *S);
    else
        memset(S, 0, size * sizeof *S);
    for (size_t t = 0; t < (size_t)p->n; t++) {
        const float *q = p->s->ssm.conv + t * channels + group * d, *k = q + l->groups * d;
        const float *v = p->s->ssm.conv + t * channels + 2 * l->groups * d + head * d;
        float *o = p->s->ssm.out + t * (size_t)l->inner + (size_t)(head * d);
        size_t gate = t * (size_t)l->heads + (size_t)head;
        decay(S, k, p->s->ssm.alpha[gate], d, u);
        for (int j = 0; j < d; j++) u[j] = (v[j] - u[j]) * p->s->ssm.beta[gate];
        update(S, k, q, u, d, o);
        jl_scale(o, scale, d);
    }
}

/* Counts decay and Sᵀk as scores, update and Sᵀq as gathering; the state is read and written. */
static void count_recurrence(const jl_pass *p) {
    jl_counters *c = &p->s->meter->counters;
    double state = (double)p->m->h.ssm.inner * (double)p->m->h.ssm.state;
    c->multiply_adds[JL_PART_SCORES] += 2 * p->n * state;
    c->multiply_adds[JL_PART_GATHER] += 2 * p->n * state;
    c->cache_bytes += (double)(jl_state_floats(&p->m->h) * sizeof(float));
}

void jl_delta_net_sublayer(const jl_pass *p, int block) {
    const jl_recurrence *w = &p->m->w.blocks[block].ssm;
    const jl_ssm_lengths *l = &p->m->h.ssm;
    jl_scratch *s = p->s;
    const jl_linear *in[] = { &w->mixed, &w->z, &w->alpha, &w->beta }, *out[] = { &w->out };
    float *products[] = { s->ssm.mixed, s->ssm.z, s->ssm.alpha, s->ssm.beta };
    size_t inputs = (size_t)(l->kernel - 1) * (size_t)l->channels; /* before S in the state */
    const float *before = jl_state_before(p, block);
    delta_job job = { p, w, before ? before + inputs : NULL, jl_state_after(p, block) + inputs };
    jl_part_begin(s->meter, JL_PART_QKV);
    jl_linear_forward(s, s->h, p->n, in, products, 4);
    jl_part_begin(s->meter, JL_PART_SCORES);
    jl_recurrent_convolve(p, block);
    jl_each_row(s->pool, p->n, 2 * l->groups * l->state, normalise_keys, &job);
    make_gates(&job);
    jl_pool_run(s->pool, l->heads, run_head, &job);
    count_recurrence(p);
    jl_part_begin(s->meter, JL_PART_OUTPUT);
    jl_normalise(p, &w->norm, s->ssm.out, p->n * l->heads, l->state, s->ssm.out);
    jl_each_row(s->pool, p->n, l->inner, gate_rows, &job);
    jl_linear_forward(s, s->ssm.z, p->n, out, &s->delta, 1);
    jl_part_begin(s->meter, JL_PART_OTHER);
}
