/* mamba.c - the selective state spaces of Mamba (Gu & Dao 2023) and Mamba 2 (Dao & Gu 2024).
 *
 *   x, z = W_in h;  x = SiLU(convolution(x) + bias)
 *   Mamba:    Δ, B, C = W_x x;  Δ = softplus(W_Δ Δ + b), one per channel; A [channel][state]
 *   Mamba 2:  B, C from W_in and the convolution, as x; Δ = softplus(W_Δ h + b) and A per head
 *   S = exp(Δ A) S + Δ B x;  y = C S + D x                            one channel, one token
 *   delta = W_out (y ⊙ SiLU(z)), in Mamba 2 with an RMS norm of each group before W_out
 *
 * Place in the flow: first sublayer of a recurrent block (forward.c). Products with weights take
 * the whole batch at once; then the recurrence goes token by token, and channels (Mamba) or heads
 * (Mamba 2) are distributed over the threads. Inner loops go over neighbouring floats of the state:
 * [channel][state] in Mamba, [head][state][channel] in Mamba 2.
 */
#include "mamba.h"

#include <string.h>

#include "../compute/parallel.h"
#include "linear.h"
#include "recurrent.h"

enum {
    EXPS = 256, /* exponentials at once; at least one channel's states (hparams.c) */
    PIECE = 64  /* channels of Mamba that a thread takes at once */
};

typedef struct mamba_job {
    const jl_pass *p;
    const jl_recurrence *w;
    const float *before; /* S of the block before the batch, or NULL */
    float *after;
} mamba_job;

static mamba_job job_of(const jl_pass *p, int block) {
    const jl_ssm_lengths *l = &p->m->h.ssm;
    size_t inputs = (size_t)(l->kernel - 1) * (size_t)l->channels; /* before S in the state */
    const float *before = jl_state_before(p, block);
    return (mamba_job){ p, &p->m->w.blocks[block].ssm, before ? before + inputs : NULL,
                        jl_state_after(p, block) + inputs };
}

/* Copies floats [from, from + n) of S to the state after the batch; returns them there. */
static float *start_state(const mamba_job *job, size_t from, size_t n) {
    if (job->before)
        memcpy(job->after + from, job->before + from, n * sizeof(float));
    else
        memset(job->after + from, 0, n * sizeof(float));
    return job->after + from;
}

/* S = decay ⊙ S + x b;  returns C·S in 4 lanes */
static float step_channel(float *restrict S, const float *restrict decay, const float *restrict b,
                          const float *restrict c, float x, int n) {
    float lanes[4] = { 0 };
    int k = 0;
    for (; k + 4 <= n; k += 4)
        for (int i = k; i < k + 4; i++) {
            S[i] = S[i] * decay[i] + b[i] * x;
            lanes[i - k] += S[i] * c[i];
        }
    for (; k < n; k++) {
        S[k] = S[k] * decay[k] + b[k] * x;
        lanes[0] += S[k] * c[k];
    }
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

/* Channels [first, end) of token t, whose state is S; at most EXPS / state of them. */
static void step_channels(const mamba_job *job, size_t t, size_t first, size_t end, float *S) {
    const jl_pass *p = job->p;
    size_t inner = (size_t)p->m->h.ssm.inner, state = (size_t)p->m->h.ssm.state, n = end - first;
    const float *a = job->w->a + first * state, *d = job->w->d + first;
    const float *dt = p->s->ssm.dt + t * inner + first, *x = p->s->ssm.conv + t * inner + first;
    const float *b = p->s->ssm.b + t * state, *c = p->s->ssm.c + t * state;
    float decay[EXPS], *y = p->s->ssm.out + t * inner + first;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < state; k++) decay[i * state + k] = dt[i] * a[i * state + k];
    jl_softmax_exp(decay, 0, (int)(n * state));
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * d[i] +
               step_channel(S + i * state, decay + i * state, b, c, x[i] * dt[i], (int)state);
}

/* dt of the scratch = softplus(dt) */
static void softplus_rows(void *arg, int first, int end) {
    const jl_pass *p = arg;
    size_t inner = (size_t)p->m->h.ssm.inner;
    for (size_t i = (size_t)first * inner; i < (size_t)end * inner; i++)
        p->s->ssm.dt[i] = jl_softplus(p->s->ssm.dt[i]);
}

/* Channels of one piece, all tokens of the batch. */
static void run_channels(void *arg, int piece, int thread) {
    const mamba_job *job = arg;
    size_t inner = (size_t)job->p->m->h.ssm.inner, state = (size_t)job->p->m->h.ssm.state;
    size_t first = (size_t)piece * PIECE, end = first + PIECE < inner ? first + PIECE : inner;
    size_t part = EXPS / state;
    float *S = start_state(job, first * state, (end - first) * state);
    (void)thread;
    for (size_t t = 0; t < (size_t)job->p->n; t++)
        for (size_t c = first; c < end; c += part)
            step_channels(job, t, c, c + part < end ? c + part : end, S + (c - first) * state);
}

/* S = decay·S + dt·b xᵀ;  y = Sᵀ c, with S [state][n] */
static void step_head(float *restrict S, float decay, float dt, const float *restrict b,
                      const float *restrict c, const float *restrict x, int state, int n,
                      float *restrict y) {
    memset(y, 0, (size_t)n * sizeof *y);
    for (int k = 0; k < state; k++, S += n) {
        float step = dt * b[k];
        for (int i = 0; i < n; i++) {
            S[i] = S[i] * decay + step * x[i];
            y[i] += S[i] * c[k];
        }
    }
}

/* One head of Mamba 2, all tokens of the batch. */
static void run_head(void *arg, int head, int thread) {
    const mamba_job *job = arg;
    const jl_pass *p = job->p;
    const jl_ssm_lengths *l = &p->m->h.ssm;
    int size = l->inner / l->heads, group = head / (l->heads / l->groups);
    size_t of_head = (size_t)size * (size_t)l->state;
    float *S = start_state(job, (size_t)head * of_head, of_head);
    (void)thread;
    for (size_t t = 0; t < (size_t)p->n; t++) {
        const float *row = p->s->ssm.conv + t * (size_t)l->channels, *x = row + head * size;
        const float *b = row + l->inner + group * l->state, *c = b + l->groups * l->state;
        float *y = p->s->ssm.out + t * (size_t)l->inner + (size_t)(head * size);
        float dt = p->s->ssm.alpha[t * (size_t)l->heads + (size_t)head] + job->w->dt_bias[head];
        dt = jl_softplus(dt);
        step_head(S, jl_exp(dt * job->w->a[head]), dt, b, c, x, l->state, size, y);
        jl_add_scaled(y, x, job->w->d[head], size);
    }
}

/* z = SiLU(z) ⊙ out, normalised per group if there is a norm. */
static void gate_rows(void *arg, int first, int end) {
    const mamba_job *job = arg;
    const jl_ssm_lengths *l = &job->p->m->h.ssm;
    int width = l->groups ? l->inner / l->groups : 0;
    for (size_t t = (size_t)first; t < (size_t)end; t++) {
        float *z = job->p->s->ssm.z + t * (size_t)l->inner;
        jl_silu_mul(z, job->p->s->ssm.out + t * (size_t)l->inner, l->inner);
        const float *weight = job->w->norm.weight;
        for (int g = 0; weight && g < l->groups; g++, z += width, weight += width)
            jl_rms_norm(z, weight, job->p->m->h.eps, width, z);
    }
}

/* The last steps of both: gates and the output's product. Counts the decay and update of the state
 * as scores, C S as gathering. */
static void finish(mamba_job *job) {
    const jl_pass *p = job->p;
    const jl_ssm_lengths *l = &p->m->h.ssm;
    const jl_linear *out[] = { &job->w->out };
    jl_counters *c = &p->s->meter->counters;
    double state = (double)l->inner * (double)l->state;
    c->multiply_adds[JL_PART_SCORES] += 2 * p->n * state;
    c->multiply_adds[JL_PART_GATHER] += p->n * state;
    c->cache_bytes += (double)(jl_state_floats(&p->m->h) * sizeof(float));
    jl_part_begin(p->s->meter, JL_PART_OUTPUT);
    jl_each_row(p->s->pool, p->n, l->inner, gate_rows, job);
    jl_linear_forward(p->s, p->s->ssm.z, p->n, out, &p->s->delta, 1);
    jl_part_begin(p->s->meter, JL_PART_OTHER);
}

void jl_mamba_sublayer(const jl_pass *p, int block) {
    mamba_job job = job_of(p, block);
    jl_scratch *s = p->s;
    const jl_linear *in[] = { &job.w->mixed, &job.w->z }, *dt[] = { &job.w->dt };
    const jl_linear *x[] = { &job.w->alpha, &job.w->b, &job.w->c };
    jl_part_begin(s->meter, JL_PART_QKV);
    jl_linear_forward(s, s->h, p->n, in, (float *[]){ s->ssm.mixed, s->ssm.z }, 2);
    jl_recurrent_convolve(p, block);
    jl_linear_forward(s, s->ssm.conv, p->n, x, (float *[]){ s->ssm.alpha, s->ssm.b, s->ssm.c }, 3);
    jl_linear_forward(s, s->ssm.alpha, p->n, dt, &s->ssm.dt, 1);
    jl_part_begin(s->meter, JL_PART_SCORES);
    jl_pass rows = *p;
    jl_each_row(s->pool, p->n, 4 * p->m->h.ssm.inner, softplus_rows, &rows);
    jl_pool_run(s->pool, (p->m->h.ssm.inner + PIECE - 1) / PIECE, run_channels, &job);
    finish(&job);
}

void jl_mamba2_sublayer(const jl_pass *p, int block) {
    mamba_job job = job_of(p, block);
    jl_scratch *s = p->s;
    const jl_linear *in[] = { &job.w->z, &job.w->mixed, &job.w->alpha };
    float *products[] = { s->ssm.z, s->ssm.mixed, s->ssm.alpha };
    jl_part_begin(s->meter, JL_PART_QKV);
    jl_linear_forward(s, s->h, p->n, in, products, 3);
    jl_part_begin(s->meter, JL_PART_SCORES);
    jl_recurrent_convolve(p, block);
    jl_pool_run(s->pool, p->m->h.ssm.heads, run_head, &job);
    finish(&job);
}
