/* recurrent.c - the states of recurrent blocks, and their short convolution.
 *
 * Place in the flow: delta_net.c and mamba.c project, call the convolution here, then update
 * the state. The rows of a batch are independent in the convolution and are distributed over the
 * threads.
 */
#include "recurrent.h"

#include <string.h>

#include "../compute/parallel.h"

const float *jl_state_before(const jl_pass *p, int block) {
    const jl_hparams *h = &p->m->h;
    if (p->cache->state_from < 0) return NULL;
    return p->cache->states + (size_t)p->cache->state_from * (size_t)jl_states_floats(h) +
           (size_t)p->m->w.blocks[block].state * (size_t)jl_state_floats(h);
}

float *jl_state_after(const jl_pass *p, int block) {
    const jl_hparams *h = &p->m->h;
    return p->cache->states + (size_t)p->cache->state_to * (size_t)jl_states_floats(h) +
           (size_t)p->m->w.blocks[block].state * (size_t)jl_state_floats(h);
}

typedef struct convolution {
    const jl_pass *p;
    const float *kernel; /* [channels][length] */
    const float *bias;   /* [channels], or NULL */
    const float *before; /* the state before the batch, or NULL */
} convolution;

/* Inputs of row t of the batch, t ≥ 1 − kernel; NULL: 0. */
static const float *inputs(const convolution *job, int t) {
    const jl_ssm_lengths *l = &job->p->m->h.ssm;
    size_t channels = (size_t)l->channels;
    if (t >= 0) return job->p->s->ssm.mixed + (size_t)t * channels;
    return job->before ? job->before + (size_t)(t + l->kernel - 1) * channels : NULL;
}

/* x = x / (1 + exp(−x)) */
static void silu(float *x, int n) {
    enum { PART = 64 };
    float ones[PART];
    for (int i = 0; i < PART; i++) ones[i] = 1;
    for (; n > 0; n -= PART, x += PART) jl_silu_mul(x, ones, n < PART ? n : PART);
}

static void convolve_rows(void *arg, int first, int end) {
    const convolution *job = arg;
    const jl_ssm_lengths *l = &job->p->m->h.ssm;
    for (int t = first; t < end; t++) {
        float *y = job->p->s->ssm.conv + (size_t)t * (size_t)l->channels;
        memset(y, 0, (size_t)l->channels * sizeof *y);
        for (int i = 0; i < l->kernel; i++) {
            const float *u = inputs(job, t - l->kernel + 1 + i);
            for (int c = 0; u && c < l->channels; c++)
                y[c] += job->kernel[c * l->kernel + i] * u[c];
        }
        if (job->bias) jl_add(y, job->bias, l->channels);
        silu(y, l->channels);
    }
}

void jl_recurrent_convolve(const jl_pass *p, int block) {
    const jl_ssm_lengths *l = &p->m->h.ssm;
    const jl_recurrence *w = &p->m->w.blocks[block].ssm;
    convolution job = { p, w->conv, w->conv_bias, jl_state_before(p, block) };
    size_t channels = (size_t)l->channels;
    float *after = jl_state_after(p, block);
    jl_each_row(p->s->pool, p->n, 4 * l->channels, convolve_rows, &job);
    for (int i = 0; i < l->kernel - 1; i++, after += channels) {
        const float *u = inputs(&job, p->n - l->kernel + 1 + i);
        if (u)
            memcpy(after, u, channels * sizeof *after);
        else
            memset(after, 0, channels * sizeof *after);
    }
}
