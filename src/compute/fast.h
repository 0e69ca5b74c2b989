/* fast.h - precision `fast`: activations of 8 bits, and product kernels that the host provides.
 *
 * The types of kernels.h that a host needs to install kernels of its own. A browser that has
 * relaxed SIMD provides those of relaxed.c, a module of its own. The build's kernels give the same
 * bits, so which of the two computes only changes the speed. Nothing here computes.
 */
#ifndef JL_FAST_H
#define JL_FAST_H

#include "layout.h"

struct jl_act;
struct jl_matrix;

/* Which products the provided kernels compute. */
enum { JL_PROVIDED_BATCHES = 1, JL_PROVIDED_ONE = 2 };

/* Precision `fast` of one class of weights. It differs from `exact` in the rounding of activations
 * alone: |q| ≤ 127 instead of 32767 (jl_act_prepare_fast). The provided kernels have a layout of q
 * of their own, but a tile of tokens begins where jl_act_part says, and parts that are prepared
 * apart give the whole; their products are those of the contract of jl_matmul. */
typedef struct jl_fast {
    int on; /* 0: precision `exact` */
    void (*prepare)(struct jl_act *a, const float *x, int n, int cols, jl_layout layout);
    void (*matmul)(const struct jl_matrix *w, const struct jl_act *a, float *y, int panel0,
                   int panel1);
    int provided; /* bits: JL_PROVIDED_…; 0 where the functions are NULL */
} jl_fast;

/* Whether provided kernels compute products of n tokens. For one token and 5 bits the build's own
 * are faster everywhere (tests/bench/SPEED.md). */
static inline int jl_fast_provided(const jl_fast *fast, jl_layout layout, int n) {
    if (n > 1) return fast->provided & JL_PROVIDED_BATCHES;
    return jl_forms[layout].bits != 5 && fast->provided & JL_PROVIDED_ONE;
}

/* Layouts that have this precision; the others are always `exact`. */
static inline int jl_fast_serves(jl_layout layout) {
    return layout >= JL_LAYOUT_Q8 && !jl_forms[layout].table;
}

#endif
