/* spm.h - SentencePiece BPE as GGUF stores it (tokenizer.ggml.model "llama").
 *
 * Tokens are UTF-8 with U+2581 for a space. Each has a score; the pair whose joined token scores
 * highest is merged first (Kudo and Richardson 2018, SentencePiece's BPE model). A character
 * without a token becomes the tokens <0xHH> of its bytes.
 */
#ifndef JL_SPM_H
#define JL_SPM_H

#include "family.h"

extern const jl_family jl_family_spm;

/* jl_family.store for tokens with U+2581 for a space. */
size_t jl_spm_store(jl_str text, int kind, uint8_t *out, int *keyed);

/* The token <0xHH>, -1 for none in the index. */
int32_t jl_spm_find_byte(const jl_vocab *v, uint8_t byte);

/* Reads tokenizer.ggml.scores to scores[n]; zeros if the file has none. */
jl_status jl_spm_read_scores(const jl_gguf *g, uint32_t n, float *scores, jl_error *error);

/* Appends a byte to out[n] and returns the length; the bytes of U+2581 become a space. */
static inline size_t jl_spm_put(uint8_t *out, size_t n, uint8_t byte) {
    out[n++] = byte;
    if (byte != 0x81 || n < 3 || out[n - 2] != 0x96 || out[n - 3] != 0xe2) return n;
    out[n - 3] = ' ';
    return n - 2;
}

/* Copies text to out[text.n] with a space for each U+2581; returns the length. out may be the
 * text. */
size_t jl_spm_unescape(jl_str text, uint8_t *out);

#endif
