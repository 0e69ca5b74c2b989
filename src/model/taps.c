/* taps.c - copies what is listened to.
 *
 * Attention weights are not here: the fast attention never has them as a row, so attention.c
 * computes them anew for the heads that are listened to, from the same queries and the same cache.
 */
#include "taps.h"

#include <string.h>

void jl_tap_residual(const jl_taps *taps, int layer, const float *x, int n, int width) {
    if (!taps) return;
    for (int i = 0; i < taps->n; i++) {
        const jl_tap *tap = &taps->list[i];
        if (tap->kind != JL_TAP_RESIDUAL || tap->layer != layer) continue;
        memcpy(jl_tap_row(tap, taps->row), x, (size_t)n * (size_t)width * sizeof *x);
    }
}
