/* precision.h - the precision of products (exact, fast), and relaxed kernels that a host provides.
 *
 * Part of kernels.h: the types that a host needs to install kernels of its own (jielong_host.h).
 * Nothing here computes.
 */
#ifndef JL_PRECISION_H
#define JL_PRECISION_H

#include "layout.h"

struct jl_act;
struct jl_matrix;

/* Which products the relaxed kernels compute. */
enum { JL_RELAXED_BATCHES = 1, JL_RELAXED_ONE = 2 };

/* The precision of one class of weights. `fast` differs from `exact` in the rounding of activations
 * alone: |q| ≤ 127 instead of 32767 (jl_act_prepare_fast). Relaxed kernels have a layout of q of
 * their own, but a tile of tokens begins where jl_act_part says, and parts prepared separately are
 * equal to the whole; their products follow the contract of jl_matmul. */
typedef struct jl_precision {
    int fast; /* 0: precision `exact` */
    void (*prepare)(struct jl_act *a, const float *x, int n, int cols, jl_layout layout);
    void (*matmul)(const struct jl_matrix *w, const struct jl_act *a, float *y, int panel0,
                   int panel1);
    int relaxed; /* bits: JL_RELAXED_…; 0 where the functions are NULL */
} jl_precision;

/* Whether relaxed kernels compute products of n tokens. For one token and 5 bits the own kernels
 * are faster everywhere (tests/bench/SPEED.md). */
static inline int jl_uses_relaxed(const jl_precision *p, jl_layout layout, int n) {
    if (n > 1) return p->relaxed & JL_RELAXED_BATCHES;
    return jl_quant_formats[layout].bits != 5 && p->relaxed & JL_RELAXED_ONE;
}

/* Layouts that have precision `fast`; the others are always `exact`. */
static inline int jl_has_fast(jl_layout layout) {
    return layout >= JL_LAYOUT_Q8 && !jl_quant_formats[layout].table;
}

#endif
