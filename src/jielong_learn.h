/* jielong_learn.h - learning from a text: vocabularies, tiny models, n-gram models.
 *
 * A trainer of byte-level BPE, a whole training
 * run from one text to a model file, and n-gram models from files. Nothing here needs a loaded
 * model. Adds to jielong.h, whose conventions hold here too.
 */
#ifndef JIELONG_LEARN_H
#define JIELONG_LEARN_H

#include "jielong.h"

/* ---- Byte-level BPE -------------------------------------------------------------------------- */

/* Learns the merges of byte-level BPE from a text, one at a time (Sennrich et al. 2016, algorithm
 * 1; byte-level: Radford et al. 2019). A pre-tokenizer cuts the text into pieces, so the merges
 * mean the same when the engine or llama.cpp encodes; no merge crosses a piece. Each step joins the
 * most frequent pair, among equals the one of lowest (left, right). Ids: 0 is the end-of-text
 * token, 1..256 are the bytes in the order of GPT-2's alphabet, then one new id a step; a step
 * whose string already is a token gives that id, and counts as a merge. A sample is encoded along,
 * for figures. */
enum { JL_BPE_END_OF_TEXT = 0, JL_BPE_FIRST_MERGE = 257 };
#define JL_BPE_END_OF_TEXT_NAME "<|endoftext|>"

typedef struct jl_bpe_trainer jl_bpe_trainer;

typedef struct jl_bpe_step {
    int32_t left, right, id;         /* left + right → id */
    uint64_t count;                  /* how often the pair stood in the text */
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

/* The sample's ids (borrowed until the next step), how many in *n. */
const int32_t *jl_bpe_trainer_sample(const jl_bpe_trainer *t, int *n);

/* ---- A training run -------------------------------------------------------------------------- */

/* A whole run of training in memory: text → a vocabulary of its own (characters, or merges learnt
 * from it) → tokens → steps → a model file. The host calls the steps and may ask for the held-out
 * loss and for the file between any two. The same recipe, text and seed give the same bits on every
 * machine with the same C library, as in wasm. */
typedef struct jl_train_report {
    int step;     /* steps done */
    double loss;  /* nats per token of the step's batch */
    double norm;  /* length of the gradient before clipping */
    double epoch; /* passes over the training tokens so far */
} jl_train_report;

typedef struct jl_training_run jl_training_run;

typedef struct jl_training_run_info {
    int n_vocab;
    size_t n_params;
    size_t n_train, n_held; /* tokens */
    double bytes_per_token; /* of the held-out part */
    double unigram;         /* nats per token: the held-out part by how frequent its tokens are */
    int steps;              /* of the whole run */
    int step_tokens;        /* tokens whose loss a step sees */
} jl_training_run_info;

/* text: UTF-8; its last 5 % are held out. recipe: the keys of train/config.c without
 * those that name files. n_vocab 0: each character that occurs is a token, at most the 4,096 most
 * frequent, bytes stand for the rest; else byte-level BPE of at most n_vocab tokens, 257 or more.
 * Nothing is borrowed. NULL with *error filled on failure: where = the key, or "text" when it is
 * too short. */
jl_training_run *jl_training_run_new(jl_str text, jl_str recipe, int n_vocab, jl_error *error);
void jl_training_run_free(jl_training_run *l); /* NULL is fine */

jl_training_run_info jl_training_run_describe(const jl_training_run *l);

/* One step. JL_DONE after the last; JL_ERR_NUMERIC when the loss is no longer a number. */
jl_status jl_training_run_step(jl_training_run *l, jl_train_report *report, jl_error *error);

/* Mean nats per token of the held-out part, over at most `windows` windows of the context length
 * (0: all), spread evenly. NaN where there is no whole window. */
double jl_training_run_held_out(jl_training_run *l, int windows);

/* Writes the model file to out, or only counts if out is NULL; returns its length. type of the
 * matrices, as GGUF numbers it: 0 (F32), 1 (F16), 2 (Q4_0) or 8 (Q8_0). */
uint64_t jl_training_run_export(const jl_training_run *l, int type, uint8_t *out);

/* ---- N-gram models --------------------------------------------------------------------------- */

/* Interpolated Kneser-Ney with three discounts for each order (Chen & Goodman 1998, section 3;
 * Kneser & Ney 1995). Immutable. */
enum { JL_NGRAM_MAX_ORDER = 8 };
typedef struct jl_ngram jl_ngram;

jl_ngram *jl_ngram_open(const uint8_t *bytes, size_t n, jl_error *error); /* of a whole file */
void jl_ngram_free(jl_ngram *m);                                          /* NULL is fine */
int jl_ngram_order(const jl_ngram *m);
int jl_ngram_n_vocab(const jl_ngram *m);

/* p(id | the last order − 1 ids of context[n]) of every id: p[n_vocab], summing to one. */
void jl_ngram_distribution(const jl_ngram *m, const int32_t *context, size_t n, float *p);

#endif
