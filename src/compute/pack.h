/* pack.h - weights → kernel layout, panel by panel while the bytes arrive.
 *
 * Exact for every type it takes: the values that kernels see are the values of the file's blocks.
 */
#ifndef JL_PACK_H
#define JL_PACK_H

#include "../format/quant.h"
#include "kernels.h"

/* The layout that a type is kept in. */
jl_layout jl_pack_layout(jl_type type);

/* Bytes of all panels (of one: layout.h). */
size_t jl_matrix_bytes(jl_layout layout, int rows, int cols);

/* n rows of the file's bytes (src, row after row) become rows [row0, row0 + n) of w, whose data is
 * zeroed before the first call. row0 is a multiple of 16 and n ≤ 16. */
void jl_pack_panel(const jl_matrix *w, jl_type type, int row0, int n, const uint8_t *src);

#endif
