/* taps.c - copies activations to taps.
 *
 * attention.c fills attention taps itself: online softmax never forms a row of weights, so it
 * computes them again from the same queries and cache.
 */
#include "taps.h"

#include <string.h>

int jl_taps_include(const jl_taps *taps, jl_tap_kind kind) {
    for (int i = 0; taps && i < taps->n; i++)
        if (taps->list[i].kind == kind) return 1;
    return 0;
}

void jl_tap_residual(const jl_taps *taps, int block, const float *x, int n, int width) {
    for (int i = 0; taps && i < taps->n; i++)
        if (taps->list[i].kind == JL_TAP_RESIDUAL && taps->list[i].layer == block)
            memcpy(jl_tap_row(&taps->list[i], taps->row), x, (size_t)n * (size_t)width * sizeof *x);
}
