/* bpe.h - byte-level byte-pair encoding (tokenizer.ggml.model "gpt2").
 *
 * Tokens are byte strings, which the file writes in a printable alphabet of 256 characters (Radford
 * et al. 2019, GPT-2's bytes_to_unicode). Encoding: pre-tokenise, start from single bytes, merge
 * the adjacent pair of lowest rank, leftmost first, until no pair has a rank (Sennrich et al.
 * 2016).
 */
#ifndef JL_BPE_H
#define JL_BPE_H

#include "family.h"

extern const jl_family jl_family_bpe;        /* "gpt2" */
extern const jl_family jl_family_bpe_blanks; /* "gemma4": UTF-8 tokens, U+2581 for a space */
extern const jl_family jl_family_bpe_plain;  /* "whitespace": UTF-8 tokens, no whitespace */

/* The family for a file of model "gpt2", chosen by its pre-tokeniser. */
const jl_family *jl_bpe_family(const jl_gguf *g);

#endif
