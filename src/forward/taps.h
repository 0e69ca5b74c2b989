/* taps.h - named activations out of a forward pass.
 *
 * A listener is asked at each place of the pass where something can be heard; with none listening
 * the pass computes and stores nothing for it. Rows are those of the tokens evaluated, in order.
 */
#ifndef JL_TAPS_H
#define JL_TAPS_H

#include "../jielong.h"

typedef struct jl_taps {
    jl_tap *list; /* [n], data large enough for rows × cols */
    int n;
    int row; /* of the batch's first token in every tap */
} jl_taps;

/* Room for one row: element 0 of row `row + i`, which the engine may write. */
static inline float *jl_tap_row(const jl_tap *tap, int row) {
    return (float *)(uintptr_t)tap->data + (size_t)row * (size_t)tap->cols;
}

/* Whether something of a kind is listened to. */
int jl_tap_hears(const jl_taps *taps, jl_tap_kind kind);

/* Residual stream x [n][width] after block `layer`. */
void jl_tap_residual(const jl_taps *taps, int layer, const float *x, int n, int width);

#endif
