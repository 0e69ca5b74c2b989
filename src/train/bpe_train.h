/* bpe_train.h - learns the merges of byte-level BPE from a text, one at a time (Sennrich et al.
 * 2016, algorithm 1; byte-level: Radford et al. 2019).
 *
 * The text is cut into pieces by one of the pre-tokenisers, so that what is learnt means the same
 * when the engine or llama.cpp encodes; a merge never crosses a piece. Each step joins the pair
 * that occurs most often, among equals the one of lowest (left, right). Ids: 0 is the end-of-text
 * token, 1..256 are the bytes in the order of GPT-2's alphabet, then one new id a step; a step
 * whose string is a token already gives its id, and is a merge all the same. A sample is joined
 * along, for figures. Nothing here writes files: vocab_write.h does.
 */
#ifndef JL_BPE_TRAIN_H
#define JL_BPE_TRAIN_H

#include "../base/status.h"

enum { JL_BPE_END_OF_TEXT = 0, JL_BPE_FIRST_MERGE = 257 };
#define JL_BPE_END_OF_TEXT_NAME "<|endoftext|>"

typedef struct jl_bpe_trainer jl_bpe_trainer;

typedef struct jl_bpe_step {
    int32_t left, right, id;         /* left + right → id */
    uint64_t count;                  /* how often the pair stood in the text */
    uint64_t tokens;                 /* of the text, after the step */
    int sample_before, sample_after; /* tokens of the sample */
} jl_bpe_step;

/* pre: a name jl_pretokenizer_find() knows. sample: shown along, may be empty; both are copied.
 * Texts end at each <|endoftext|>, which is no text. NULL with *error filled on failure. */
jl_bpe_trainer *jl_bpe_trainer_new(jl_str text, jl_str sample, jl_str pre, jl_error *error);
void jl_bpe_trainer_free(jl_bpe_trainer *t); /* NULL is fine */

/* The next merge. JL_DONE when no pair occurs at least twice, or after JL_MAX_TOKENS. After an
 * error nothing is left to do but free. */
jl_status jl_bpe_trainer_step(jl_bpe_trainer *t, jl_bpe_step *step, jl_error *error);

int jl_bpe_trainer_n_tokens(const jl_bpe_trainer *t);
int jl_bpe_trainer_n_merges(const jl_bpe_trainer *t);
uint64_t jl_bpe_trainer_text_tokens(const jl_bpe_trainer *t); /* of the text, now */

/* Merge i: its two ids. */
void jl_bpe_trainer_merge(const jl_bpe_trainer *t, int i, int32_t *left, int32_t *right);

/* The bytes of a token (borrowed until the next step). */
jl_str jl_bpe_trainer_token(const jl_bpe_trainer *t, int32_t id);

/* The sample's ids (borrowed until the next step), how many in *n. */
const int32_t *jl_bpe_trainer_sample(const jl_bpe_trainer *t, int *n);

/* The printable character that stands for a byte in files (GPT-2's bytes_to_unicode), as UTF-8 in
 * out[2]; returns its length. */
int jl_bpe_spell_byte(uint8_t byte, char out[2]);

#endif
