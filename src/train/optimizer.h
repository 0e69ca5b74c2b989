/* optimizer.h - from gradients to new parameters: schedule, clipping, AdamW, Muon.
 *
 * AdamW (Kingma & Ba 2015; decoupled decay: Loshchilov & Hutter 2019) moves every number by its own
 * running mean over its own running deviation. Muon (Jordan et al. 2024) moves each matrix of the
 * blocks by its momentum made orthogonal, so that no direction of the matrix is favoured; its step
 * is scaled to the size of an AdamW step (Liu et al. 2025), and embeddings and norms stay with
 * AdamW.
 */
#ifndef JL_OPTIMIZER_H
#define JL_OPTIMIZER_H

#include "network.h"

typedef enum jl_optimizer_kind { JL_ADAMW, JL_MUON } jl_optimizer_kind;

typedef struct jl_optimizer {
    jl_optimizer_kind kind;
    int warmup, steps;     /* steps of linear rise; steps in all */
    float lr, lr_matrix;   /* highest rates: AdamW's, Muon's */
    float lr_end;          /* where the cosine ends, as a part of the highest rate */
    float beta1, beta2;    /* AdamW */
    float momentum;        /* Muon */
    float adam_eps, decay; /* decay of matrices, as a part of the rate */
    float clip;            /* longest gradient over all parameters; 0: no limit */
} jl_optimizer;

/* 0..1: what the highest rates are multiplied by at `step` (from 0): linear rise, then a cosine. */
double jl_schedule(const jl_optimizer *o, int step);

/* √Σ g², in double. */
double jl_gradient_norm(const jl_real *g, size_t n);

/* Numbers of scratch that an update by Muon needs. */
size_t jl_update_scratch(const jl_network *net);

/* Updates tensors `first`, first + stride, … of params after step `step` (from 0) from grads times
 * grow. m, v: moments [n_params], zero at the start; scratch [jl_update_scratch]. */
void jl_update(const jl_network *net, const jl_optimizer *o, int step, const jl_real *grads,
               double grow, jl_real *params, jl_real *m, jl_real *v, int first, int stride,
               jl_real *scratch);

#endif
