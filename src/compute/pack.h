/* pack.h - weights → kernel layout, panel by panel while the bytes arrive.
 *
 * Lossless: the packed weights have the values of the file.
 */
#ifndef JL_PACK_H
#define JL_PACK_H

#include "../format/quant.h"
#include "kernels.h"

/* The layout of a file type. */
jl_layout jl_pack_layout(jl_type type);

/* Bytes of all panels. */
size_t jl_matrix_bytes(jl_layout layout, int rows, int cols);

/* Packs n ≤ 16 contiguous rows of the file (src) as rows [row0, row0 + n) of w; row0 is a multiple
 * of 16. The caller zeroes w's data before the first call. */
void jl_pack_panel(const jl_matrix *w, jl_type type, int row0, int n, const uint8_t *src);

#endif
