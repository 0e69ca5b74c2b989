/* vocab_write.h - a learnt vocabulary as the tokenizer.* values of a GGUF file.
 *
 * Two forms, both read by tokenizer.h and by llama.cpp: byte-level BPE from bpe_train.h
 * (tokenizer.ggml.model "gpt2"), and one token a character with bytes for the rest
 * (SentencePiece's "llama" form: no merges, no blank put before a text) for scripts whose
 * characters are words. Each function writes a whole file without tensors to out, or only counts
 * where out is NULL; it returns the file's length.
 */
#ifndef JL_VOCAB_WRITE_H
#define JL_VOCAB_WRITE_H

#include "bpe_train.h"

/* pre: the name that the trainer was made with. */
uint64_t jl_bpe_vocabulary_write(const jl_bpe_trainer *t, const char *pre, const char *name,
                                 uint8_t *out);

enum {
    JL_CODES = 0x110000,           /* code points of Unicode */
    JL_CHARACTERS_FIRST = 3 + 256, /* <unk>, <s>, </s>, the bytes <0x00> to <0xFF> */
};

/* Adds the characters of text[n] to counts[JL_CODES]; what is not UTF-8 is not counted. */
void jl_characters_count(jl_str text, uint64_t *counts);

/* The n most frequent characters that occur at all, falling, among equals by code point, to
 * codes[≤ n]; returns how many; *rest: how many characters of the text are none of them. Uses
 * counts up. */
int jl_characters_choose(uint64_t *counts, int n, uint32_t *codes, uint64_t *rest);

uint64_t jl_characters_write(const uint32_t *codes, int n, const char *name, uint8_t *out);

#endif
