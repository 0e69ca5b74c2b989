/* spm.h - SentencePiece BPE as GGUF stores it (tokenizer.ggml.model "llama").
 *
 * Tokens are UTF-8 with U+2581 for a blank; what they join to has a score, and the pair whose
 * joined token scores highest is joined first (Kudo and Richardson 2018, the BPE model of
 * SentencePiece). A character that is no token becomes the tokens <0xHH> of its bytes.
 */
#ifndef JL_SPM_H
#define JL_SPM_H

#include "family.h"

extern const jl_family jl_family_spm;

/* A family's store() for tokens with U+2581 for a blank. */
size_t jl_spm_store(jl_str text, int kind, uint8_t *out, int *keyed);

/* The token that is written <0xHH>, -1 for none among those that can be found. */
int32_t jl_spm_find_byte(const jl_vocab *v, uint8_t byte);

/* Reads tokenizer.ggml.scores, 0 for each where there is none, to scores[n]. */
jl_status jl_spm_read_scores(const jl_gguf *g, uint32_t n, float *scores, jl_error *error);

/* Appends a byte to out[n], returns the length; the last of U+2581 makes a blank of all three. */
static inline size_t jl_spm_put(uint8_t *out, size_t n, uint8_t byte) {
    out[n++] = byte;
    if (byte != 0x81 || n < 3 || out[n - 2] != 0x96 || out[n - 3] != 0xe2) return n;
    out[n - 3] = ' ';
    return n - 2;
}

/* Copies text with a blank for each U+2581; returns the length. out has room for text.n bytes, and
 * may be the text itself. */
size_t jl_spm_unescape(jl_str text, uint8_t *out);

#endif
