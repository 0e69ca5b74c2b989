/* wordpiece.h - WordPiece as GGUF stores it (tokenizer.ggml.model "bert").
 *
 * Text is cut into words at white space, punctuation and Chinese characters, accents and capitals
 * are taken away where the file asks for it, and each word becomes the longest tokens that make it
 * up from the left (Wu et al. 2016; Devlin et al. 2019, BertTokenizer). A token that begins a word
 * has U+2581 before it.
 */
#ifndef JL_WORDPIECE_H
#define JL_WORDPIECE_H

#include "family.h"

extern const jl_family jl_family_wordpiece;

#endif
