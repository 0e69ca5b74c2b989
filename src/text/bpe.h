/* bpe.h - byte-level byte-pair encoding (tokenizer.ggml.model "gpt2").
 *
 * Tokens are strings of bytes, which the file spells in a printable alphabet of 256 characters
 * (Radford et al. 2019, GPT-2's bytes_to_unicode). Encoding: pre-tokenise, start from single
 * bytes, join the adjacent pair of lowest rank, leftmost first, until no pair has a rank (Sennrich
 * et al. 2016).
 */
#ifndef JL_BPE_H
#define JL_BPE_H

#include "family.h"

extern const jl_family jl_family_bpe;        /* "gpt2" */
extern const jl_family jl_family_bpe_blanks; /* "gemma4": tokens in UTF-8, U+2581 for a blank */
extern const jl_family jl_family_bpe_plain;  /* "whitespace": tokens in UTF-8, no white space */

/* Which of them a file of the model "gpt2" needs: its pre-tokeniser decides. */
const jl_family *jl_bpe_family(const jl_gguf *g);

#endif
