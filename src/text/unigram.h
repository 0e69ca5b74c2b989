/* unigram.h - SentencePiece unigram as GGUF stores it (tokenizer.ggml.model "t5").
 *
 * Each token has a score, its log probability; a text becomes the token sequence of highest total
 * score (Kudo 2018; found by Viterbi). First the text is normalised: characters by the file's
 * precompiled map, spaces by its flags.
 */
#ifndef JL_UNIGRAM_H
#define JL_UNIGRAM_H

#include "family.h"

extern const jl_family jl_family_unigram;

#endif
