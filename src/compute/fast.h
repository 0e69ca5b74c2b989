/* fast.h - precision `fast`: kernels of products that come from outside the build.
 *
 * Part of kernels.h, apart from it for those who only hand such kernels on. An engine that has
 * relaxed SIMD lends those of relaxed.c, a module of its own; the oracle is in ref.c. Nothing here
 * computes.
 */
#ifndef JL_FAST_H
#define JL_FAST_H

#include "layout.h"

struct jl_act;
struct jl_matrix;

/* The kernels of precision `fast`, where there are any. They differ in the rounding of activations
 * alone: |q| ≤ 127 instead of 32767. The bytes of q are their own,
 * but a tile of tokens begins where jl_act_part says, and parts that are prepared apart give the
 * whole; products are those of the contract of jl_matmul. Neither is asked for what jl_fast_leaves
 * to the build. */
typedef struct jl_fast {
    void (*prepare)(struct jl_act *a, const float *x, int n, int cols, jl_layout layout);
    void (*matmul)(const struct jl_matrix *w, const struct jl_act *a, float *y, int panel0,
                   int panel1);
} jl_fast;

/* Where the build's own products are faster for one token, with activations that are rounded the
 * same (tests/bench/SPEED.md). */
static inline int jl_fast_leaves(jl_layout layout, int n) {
    return n == 1 && jl_forms[layout].bits == 5;
}

/* Layouts that have such kernels; the others are exact always. */
static inline int jl_fast_serves(jl_layout layout) {
    return layout >= JL_LAYOUT_Q8 && !jl_forms[layout].table;
}

#endif
