/* import.h - the bytes of a file that export.c wrote, back as a network, which scores the baselines
 * that the engine cannot load. */
#ifndef JL_IMPORT_H
#define JL_IMPORT_H

#include "../format/gguf.h"
#include "network.h"

/* Whether only src/train knows the file's architecture: a recurrent network, a window. */
int jlt_import_is_baseline(const jl_gguf *g);

/* g: parsed from file[n], the whole of it. n_tokens: size of its tokenizer, 0 if it has none.
 * Fills *net and *params [net->n_params], dequantised, the caller's to free (jlt_network_free,
 * jl_free). An error names a missing key, a missing tensor, a tensor whose shape differs from the
 * keys, or a vocabulary that differs from the tokenizer's; then there is nothing to free. */
jl_status jlt_import(const jl_gguf *g, const uint8_t *file, uint64_t n, int n_tokens,
                     jlt_gemm *gemm, jlt_network *net, float **params, jl_error *error);

#endif
