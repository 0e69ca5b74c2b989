/* jielong_learn.h - learning from a text: vocabularies, tiny models, n-gram models.
 *
 * A trainer of byte-level BPE, a training run from a text to a model file, and n-gram models from
 * files. Nothing here needs a loaded model. Extends jielong.h, whose conventions apply.
 */
#ifndef JIELONG_LEARN_H
#define JIELONG_LEARN_H

#include "jielong.h"

/* ---- Byte-level BPE -------------------------------------------------------------------------- */

/* Learns the merges of byte-level BPE from a text, one at a time (Sennrich et al. 2016, algorithm
 * 1; byte-level: Radford et al. 2019). The encoder's pre-tokenizer splits the text into pieces, and
 * no merge crosses a piece, so the engine and llama.cpp apply the same merges. Each step merges the
 * most frequent pair, on ties the one with the lowest (left, right). Ids: 0 is end of text, 1..256
 * are the bytes in the order of GPT-2's alphabet, then one new id per step; if the string already
 * is a token, the merge gets its id. A sample text is encoded with the merges so far. */
enum { JL_BPE_END_OF_TEXT = 0, JL_BPE_FIRST_MERGE = 257 };
#define JL_BPE_END_OF_TEXT_NAME "<|endoftext|>"

typedef struct jl_bpe_trainer jl_bpe_trainer;

typedef struct jl_bpe_step {
    int32_t left, right, id;         /* left + right → id */
    uint64_t count;                  /* occurrences of the pair in the text */
    uint64_t tokens;                 /* of the text, after the step */
    int sample_before, sample_after; /* tokens of the sample */
} jl_bpe_step;

/* pre: the name of a pre-tokenizer (README). sample: may be empty; both texts are copied. Each
 * <|endoftext|> ends a text. NULL with *error filled on failure. */
jl_bpe_trainer *jl_bpe_trainer_new(jl_str text, jl_str sample, jl_str pre, jl_error *error);
void jl_bpe_trainer_free(jl_bpe_trainer *t); /* NULL is fine */

/* The next merge. JL_DONE when no pair occurs at least twice, or after 2,097,152 tokens. After an
 * error the trainer can only be freed. */
jl_status jl_bpe_trainer_step(jl_bpe_trainer *t, jl_bpe_step *step, jl_error *error);

int jl_bpe_trainer_n_tokens(const jl_bpe_trainer *t);
int jl_bpe_trainer_n_merges(const jl_bpe_trainer *t);
uint64_t jl_bpe_trainer_text_tokens(const jl_bpe_trainer *t); /* of the text, now */

/* Merge i: its two ids. */
void jl_bpe_trainer_merge(const jl_bpe_trainer *t, int i, int32_t *left, int32_t *right);

/* The bytes of a token (borrowed until the next step). */
jl_str jl_bpe_trainer_token(const jl_bpe_trainer *t, int32_t id);

/* The sample's *n ids (borrowed until the next step). */
const int32_t *jl_bpe_trainer_sample(const jl_bpe_trainer *t, int *n);

/* ---- A training run -------------------------------------------------------------------------- */

/* A training run in memory: text → its own vocabulary (characters or learnt merges) → tokens →
 * steps → a model file. Between any two steps the host may evaluate the held-out loss or export
 * the file. The same recipe, text and seed give the same bits wherever the C library is the same,
 * as in wasm. */
typedef struct jl_train_report {
    int step;     /* steps done */
    double loss;  /* nats per token of the step's batch */
    double norm;  /* length of the gradient before clipping */
    double epoch; /* passes over the training tokens */
} jl_train_report;

typedef struct jl_training_run jl_training_run;

typedef struct jl_training_run_info {
    int n_vocab;
    size_t n_params;
    size_t n_train, n_held; /* tokens */
    double bytes_per_token; /* of the held-out part */
    double unigram;         /* nats per token of the held-out part under token frequencies */
    int steps;              /* of the whole run */
    int step_tokens;        /* tokens in a step's loss */
} jl_training_run_info;

/* text: UTF-8; its last 5 % are held out. recipe: the keys of train/config.c except file names.
 * n_vocab 0: the at most 4,096 most frequent characters are tokens, the others are written as
 * bytes; else byte-level BPE of at most n_vocab ≥ 257 tokens. Borrows nothing. On failure NULL;
 * error->where is the key, or "text" if it is too short. */
jl_training_run *jl_training_run_new(jl_str text, jl_str recipe, int n_vocab, jl_error *error);
void jl_training_run_free(jl_training_run *l); /* NULL is fine */

jl_training_run_info jl_training_run_describe(const jl_training_run *l);

/* One step. JL_DONE after the last; JL_ERR_NUMERIC when the loss is not finite. */
jl_status jl_training_run_step(jl_training_run *l, jl_train_report *report, jl_error *error);

/* Mean nats per token over at most `windows` evenly spaced windows (0: all) of the held-out part,
 * each of the context length. NaN if no window fits. */
double jl_training_run_held_out(jl_training_run *l, int windows);

/* Writes the model file to out (NULL: only counts its bytes); returns its length. type: of the
 * matrices, as a GGUF number: 0 (F32), 1 (F16), 2 (Q4_0) or 8 (Q8_0). */
uint64_t jl_training_run_export(const jl_training_run *l, int type, uint8_t *out);

/* ---- N-gram models --------------------------------------------------------------------------- */

/* Interpolated Kneser-Ney with three discounts per order (Chen & Goodman 1998, section 3; Kneser &
 * Ney 1995). Immutable. */
enum { JL_NGRAM_MAX_ORDER = 8 };
typedef struct jl_ngram jl_ngram;

jl_ngram *jl_ngram_open(const uint8_t *bytes, size_t n, jl_error *error); /* of a whole file */
void jl_ngram_free(jl_ngram *m);                                          /* NULL is fine */
int jl_ngram_order(const jl_ngram *m);
int jl_ngram_n_vocab(const jl_ngram *m);

/* p[n_vocab]: p(id | the last order − 1 ids of context[n]) for every id; sums to 1. */
void jl_ngram_distribution(const jl_ngram *m, const int32_t *context, size_t n, float *p);

#endif
