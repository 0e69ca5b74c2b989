/* import.h - loads files of export.c, also the baselines, which the engine cannot load. */
#ifndef JL_IMPORT_H
#define JL_IMPORT_H

#include "../format/gguf.h"
#include "network.h"

/* 1 for architectures of src/train alone: GRU and window. */
int jlt_import_is_baseline(const jl_gguf *g);

/* g: parsed from file[n], the whole file. n_tokens: size of its tokenizer, 0: none. Fills *net
 * (free: jlt_network_free) and *params [net->n_params], dequantised (free: jl_free). *error names a
 * missing key or tensor, a tensor whose shape differs from the keys, or a vocabulary that differs
 * from the tokenizer's; then there is nothing to free. */
jl_status jlt_import(const jl_gguf *g, const uint8_t *file, uint64_t n, int n_tokens,
                     jlt_gemm *gemm, jlt_network *net, float **params, jl_error *error);

#endif
