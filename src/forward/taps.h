/* taps.h - activations copied out of a forward pass (jielong_inside.h).
 *
 * Row i of a tap belongs to the i-th evaluated token.
 */
#ifndef JL_TAPS_H
#define JL_TAPS_H

#include "../jielong_inside.h"

typedef struct jl_taps {
    jl_tap *list; /* [n], data large enough for rows × cols */
    int n;
    int row; /* of the batch's first token in every tap */
} jl_taps;

/* Element 0 of a row, writable. */
static inline float *jl_tap_row(const jl_tap *tap, int row) {
    return (float *)(uintptr_t)tap->data + (size_t)row * (size_t)tap->cols;
}

int jl_taps_include(const jl_taps *taps, jl_tap_kind kind);

/* Copies the residual stream x [n][width] after a block. */
void jl_tap_residual(const jl_taps *taps, int block, const float *x, int n, int width);

#endif
