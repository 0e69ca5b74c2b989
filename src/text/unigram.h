/* unigram.h - SentencePiece unigram as GGUF stores it (tokenizer.ggml.model "t5").
 *
 * Each token has a score, the logarithm of its probability; a text becomes those tokens whose
 * scores sum highest (Kudo 2018, found by Viterbi's algorithm). Before that the text is normalised:
 * characters by the file's precompiled map, blanks as the file asks for.
 */
#ifndef JL_UNIGRAM_H
#define JL_UNIGRAM_H

#include "family.h"

extern const jl_family jl_family_unigram;

#endif
