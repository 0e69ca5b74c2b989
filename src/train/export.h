/* export.h - a trained network as the bytes of a GGUF file, which the engine loads. */
#ifndef JL_EXPORT_H
#define JL_EXPORT_H

#include "../format/gguf.h"
#include "../format/quant.h"
#include "network.h"

typedef struct jlt_export {
    jl_type type; /* of matrices of whole blocks: JL_F32, F16, Q8_0 or Q4_0; all else is F32 */
    const jl_gguf *vocabulary;                         /* its tokenizer.* values are copied */
    const char *name, *author, *license, *description; /* NULL or "": left out */
} jlt_export;

/* Whether a file format exists for the network: decoders with RMSNorm and SwiGLU are `llama` where
 * their positions are RoPE, else `jielong`, llama's block whose positions are the tensor
 * position_embd (learnt, or sines and cosines), the key attention.max_alibi_bias, or nothing.
 * Baselines are `jielong-gru` and `jielong-window`, which src/train alone reads (import.h). */
jl_status jlt_export_check(const jlt_network *net, jl_error *error);

/* Writes the file to out, or only counts where out is NULL; returns its length. */
uint64_t jlt_export_write(const jlt_network *net, const float *params, const jlt_export *e,
                          uint8_t *out);

#endif
