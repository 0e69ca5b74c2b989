/* precision.h - the precision of products (exact, fast), and relaxed kernels that a host provides.
 *
 * Part of kernels.h: the types that hosts need to install their own kernels (jielong_host.h).
 */
#ifndef JL_PRECISION_H
#define JL_PRECISION_H

#include "layout.h"

struct jl_act;
struct jl_matrix;

/* Which products the relaxed kernels compute. */
enum { JL_RELAXED_BATCHES = 1, JL_RELAXED_ONE = 2 };

/* The precision of one class of weights. `fast` differs from `exact` only in the rounding of
 * activations: |q| ≤ 127 instead of 32767 (jl_act_prepare_fast). Relaxed kernels may lay out q
 * differently, but tiles must begin at the offsets of jl_act_part, so that parts can be prepared
 * separately; their products follow the contract of jl_matmul. */
typedef struct jl_precision {
    int fast; /* 0: precision `exact` */
    void (*prepare)(struct jl_act *a, const float *x, int n, int cols, jl_layout layout);
    void (*matmul)(const struct jl_matrix *w, const struct jl_act *a, float *y, int panel0,
                   int panel1);
    int relaxed; /* bits: JL_RELAXED_…; 0 if the functions are NULL */
} jl_precision;

/* Whether relaxed kernels compute products of n tokens. For one token and 5 bits the own kernels
 * are always faster (tests/bench/SPEED.md). */
static inline int jl_uses_relaxed(const jl_precision *p, jl_layout layout, int n) {
    if (n > 1) return p->relaxed & JL_RELAXED_BATCHES;
    return jl_quant_formats[layout].bits != 5 && p->relaxed & JL_RELAXED_ONE;
}

/* Layouts that have precision `fast`; the others are always `exact`. */
static inline int jl_has_fast(jl_layout layout) {
    return layout >= JL_LAYOUT_Q8 && layout < JL_LAYOUT_F4 && !jl_quant_formats[layout].table;
}

#endif
