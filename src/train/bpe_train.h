/* bpe_train.h - the byte alphabet of byte-level BPE, and merges of characters; jielong_learn.h
 * declares the trainer.
 */
#ifndef JL_BPE_TRAIN_H
#define JL_BPE_TRAIN_H

#include "../base/status.h"
#include "../jielong_learn.h"

enum { JL_CHARACTERS_FIRST = 3 + 256 }; /* <unk>, <s>, </s>, the bytes <0x00> to <0xFF> */

/* Writes the printable character of a byte (GPT-2's bytes_to_unicode) as UTF-8 to out[2];
 * returns its length. */
int jl_bpe_spell_byte(uint8_t byte, char out[2]);

/* A trainer that starts from characters instead of bytes, as SentencePiece's BPE (Kudo and
 * Richardson 2018). Tokens: JL_CHARACTERS_FIRST places (<unk>, <s>, </s>, the bytes), then the
 * characters codes[n], then merges. Merges join letters alone, and never characters outside codes,
 * which are spelled in bytes. Without sample. NULL with *error filled on failure. */
jl_bpe_trainer *jl_bpe_trainer_of_characters(jl_str text, const uint32_t *codes, int n,
                                             jl_error *error);
int jl_bpe_trainer_n_characters(const jl_bpe_trainer *t); /* n */

#endif
