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

/* Copies text with a blank for each U+2581; returns the length. out has room for text.n bytes. */
size_t jl_spm_unescape(jl_str text, uint8_t *out);

#endif
