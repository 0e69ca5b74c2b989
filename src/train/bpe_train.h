/* bpe_train.h - the bytes of byte-level BPE; the trainer itself is in jielong_learn.h. */
#ifndef JL_BPE_TRAIN_H
#define JL_BPE_TRAIN_H

#include "../base/status.h"
#include "../jielong_learn.h"

/* The printable character that stands for a byte in files (GPT-2's bytes_to_unicode), as UTF-8 in
 * out[2]; returns its length. */
int jl_bpe_spell_byte(uint8_t byte, char out[2]);

#endif
