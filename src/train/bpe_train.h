/* bpe_train.h - the byte alphabet of byte-level BPE; jielong_learn.h declares the trainer. */
#ifndef JL_BPE_TRAIN_H
#define JL_BPE_TRAIN_H

#include "../base/status.h"
#include "../jielong_learn.h"

/* Writes the printable character of a byte (GPT-2's bytes_to_unicode) as UTF-8 to out[2];
 * returns its length. */
int jl_bpe_spell_byte(uint8_t byte, char out[2]);

#endif
