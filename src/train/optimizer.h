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

typedef enum jlt_optimizer_kind { JLT_ADAMW, JLT_MUON } jlt_optimizer_kind;

typedef struct jlt_optimizer {
    jlt_optimizer_kind kind;
    int warmup, steps;     /* steps of linear rise; steps in all */
    float lr, lr_matrix;   /* highest rates: AdamW's, Muon's */
    float lr_end;          /* where the cosine ends, as a part of the highest rate */
    float beta1, beta2;    /* AdamW */
    float momentum;        /* Muon */
    float adam_eps, decay; /* decay of matrices, as a part of the rate */
    float clip;            /* longest gradient over all parameters; 0: no limit */
} jlt_optimizer;

/* 0..1: what the highest rates are multiplied by at `step` (from 0): linear rise, then a cosine. */
double jlt_schedule(const jlt_optimizer *o, int step);

/* √Σ g², in double. */
double jlt_gradient_norm(const jlt_real *g, size_t n);

/* Numbers of scratch that an update by Muon needs. */
size_t jlt_update_scratch(const jlt_network *net);

/* Updates tensors `first`, first + stride, … of params after step `step` (from 0) from grads times
 * grow. m, v: moments [n_params], zero at the start; scratch [jlt_update_scratch]. */
void jlt_update(const jlt_network *net, const jlt_optimizer *o, int step, const jlt_real *grads,
                double grow, jlt_real *params, jlt_real *m, jlt_real *v, int first, int stride,
                jlt_real *scratch);

#endif
