/* optimizer.h - learning-rate schedule, gradient norm, AdamW, Muon.
 *
 * AdamW (Kingma & Ba 2015; decoupled decay: Loshchilov & Hutter 2019) divides the running mean of
 * each gradient by its running RMS. Muon (Jordan et al. 2024) orthogonalises the momentum of each
 * block matrix, so no direction dominates; its step is scaled to AdamW's (Liu et al. 2025). AdamW
 * still updates embeddings and norms.
 */
#ifndef JL_OPTIMIZER_H
#define JL_OPTIMIZER_H

#include "network.h"

typedef enum jlt_optimizer_kind { JLT_ADAMW, JLT_MUON } jlt_optimizer_kind;

typedef struct jlt_optimizer {
    jlt_optimizer_kind kind;
    int warmup, steps;     /* steps of linear warm-up; total steps */
    float lr, lr_matrix;   /* maximum rates: AdamW's, Muon's */
    float lr_end;          /* the cosine's end, as a fraction of the maximum rate */
    float beta1, beta2;    /* AdamW */
    float momentum;        /* Muon */
    float adam_eps, decay; /* weight decay of matrices, as a fraction of the rate */
    float clip;            /* maximum gradient norm; 0: no clipping */
} jlt_optimizer;

/* Factor 0..1 of the maximum rates at `step` (from 0): linear warm-up, then cosine. */
double jlt_schedule(const jlt_optimizer *o, int step);

/* √Σ g², in double. */
double jlt_gradient_norm(const jlt_real *g, size_t n);

/* Size in numbers of Muon's scratch. */
size_t jlt_update_scratch(const jlt_network *net);

/* After step `step` (from 0) updates tensors `first`, first + stride, … of params from grads ×
 * grow. m, v: moments [n_params], zero at the start; scratch [jlt_update_scratch]. */
void jlt_update(const jlt_network *net, const jlt_optimizer *o, int step, const jlt_real *grads,
                double grow, jlt_real *params, jlt_real *m, jlt_real *v, int first, int stride,
                jlt_real *scratch);

#endif
