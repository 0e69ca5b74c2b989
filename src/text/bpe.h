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

extern const jl_family jl_family_bpe;

#endif
