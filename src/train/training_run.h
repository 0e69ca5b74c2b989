/* training_run.h - a whole run of training in memory: one text in, a model file out. What a page trains.
 *
 * Place in the flow: text → a vocabulary of its own (characters, or merges learnt from it) → tokens
 * → trainer.h → export.h. The host owns the loop: it pulls steps, asks for the held-out loss and
 * for the file whenever it likes. The same recipe, text and seed give the same bits on every
 * machine whose C library is the same, which in wasm it is.
 */
#ifndef JL_LIVE_H
#define JL_LIVE_H

#include "../format/quant.h"
#include "trainer.h"

typedef struct jl_live jl_live;

typedef struct jl_live_info {
    int n_vocab;
    size_t n_params;
    size_t n_train, n_held; /* tokens */
    double bytes_per_token; /* of the held-out part */
    double unigram;         /* nats per token: the held-out part by how frequent its tokens are */
    int steps;              /* of the whole run */
    int step_tokens;        /* tokens whose loss a step sees */
} jl_live_info;

/* text: UTF-8; its last 5 % are held out. recipe: the keys of config.h but those that name files.
 * n_vocab 0: each character that occurs is a token, at most the 4,096 most frequent, bytes stand
 * for the rest; else byte-level BPE of at most n_vocab tokens, 257 or more. Nothing is borrowed.
 * NULL with *error filled on failure: where = the key, or "text" when it is too short. */
jl_live *jl_live_new(jl_str text, jl_str recipe, int n_vocab, jl_error *error);
void jl_live_free(jl_live *l); /* NULL is fine */

jl_live_info jl_live_describe(const jl_live *l);

/* The trainer inside, for whoever asks more of it (borrowed). */
const jl_trainer *jl_live_trainer(const jl_live *l);

/* As jl_trainer_step(). */
jl_status jl_live_step(jl_live *l, jl_train_report *report, jl_error *error);

/* As jl_trainer_held_out(): nats per token over at most `windows` windows (0: all). */
double jl_live_held_out(jl_live *l, int windows);

/* Writes the model file to out, or only counts where out is NULL; returns its length. */
uint64_t jl_live_export(const jl_live *l, jl_type type, uint8_t *out);

#endif
