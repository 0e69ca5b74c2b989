/* export.h - writes a trained network as a GGUF file for the engine. */
#ifndef JL_EXPORT_H
#define JL_EXPORT_H

#include "../format/gguf.h"
#include "../format/quant.h"
#include "network.h"

typedef struct jlt_export {
    jl_type type; /* of matrices with whole blocks: JL_F32, F16, Q8_0 or Q4_0; others are F32 */
    const jl_gguf *vocabulary;                         /* its tokenizer.* values are copied */
    const char *name, *author, *license, *description; /* NULL or "": omitted */
} jlt_export;

/* Checks that a file format exists for the network. Decoders need RMSNorm and SwiGLU: with RoPE
 * they are `llama`, otherwise `jielong`: llama's block with the tensor position_embd (learned or
 * sinusoidal), the key attention.max_alibi_bias, or no positions. Only src/train reads the
 * baselines, `jielong-gru` and `jielong-window` (import.h). */
jl_status jlt_export_check(const jlt_network *net, jl_error *error);

/* Writes the file to out (NULL: only counts); returns its length. */
uint64_t jlt_export_write(const jlt_network *net, const float *params, const jlt_export *e,
                          uint8_t *out);

#endif
