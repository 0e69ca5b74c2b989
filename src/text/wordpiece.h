/* wordpiece.h - WordPiece as GGUF stores it (tokenizer.ggml.model "bert").
 *
 * Splits text into words at whitespace, punctuation and Chinese characters, removes accents and
 * case if the file says so, then matches each word's longest tokens from the left (Wu et al. 2016;
 * Devlin et al. 2019, BertTokenizer). A token that starts a word is stored after U+2581.
 */
#ifndef JL_WORDPIECE_H
#define JL_WORDPIECE_H

#include "family.h"

extern const jl_family jl_family_wordpiece;

#endif
