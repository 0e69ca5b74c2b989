/* vocab_write.h - writes a trained vocabulary as the tokenizer.* values of a GGUF file.
 *
 * tokenizer.h and llama.cpp read both forms: byte-level BPE from bpe_train.h (tokenizer.ggml.model
 * "gpt2"), and one token per character with byte fallback (SentencePiece's "llama" form without
 * leading space), with or without merges, for scripts whose characters are words. Each function
 * writes a file without tensors to out (NULL: only counts) and returns its length.
 */
#ifndef JL_VOCAB_WRITE_H
#define JL_VOCAB_WRITE_H

#include "bpe_train.h"

/* pre: the trainer's pre-tokenizer. */
uint64_t jl_bpe_vocabulary_write(const jl_bpe_trainer *t, const char *pre, const char *name,
                                 uint8_t *out);

enum { JL_CODES = 0x110000 }; /* code points of Unicode */

/* Adds the characters of text[n] to counts[JL_CODES]; skips invalid UTF-8. */
void jl_characters_count(jl_str text, uint64_t *counts);

/* Writes the n most frequent characters with count > 0 to codes[≤ n], most frequent first, ties by
 * code point; returns their number. *rest: occurrences of all other characters. Overwrites
 * counts. */
int jl_characters_choose(uint64_t *counts, int n, uint32_t *codes, uint64_t *rest);

uint64_t jl_characters_write(const uint32_t *codes, int n, const char *name, uint8_t *out);

/* Characters and merges of them, in the same form; t: from jl_bpe_trainer_of_characters. */
uint64_t jl_character_merges_write(const jl_bpe_trainer *t, const char *name, uint8_t *out);

#endif
