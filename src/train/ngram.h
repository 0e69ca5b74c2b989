/* ngram.h - the oldest ancestor: a language model that counts.
 *
 * Interpolated Kneser-Ney smoothing with three discounts for each order (Chen and Goodman 1998,
 * section 3; Kneser and Ney 1995): the highest order counts n-grams, each lower
 * one in how many contexts an n-gram was seen, and the lowest is mixed with the uniform
 * distribution. One stream of tokens in, no marks at its ends. Built once, immutable afterwards;
 * about 60 bytes a token while it is built.
 */
#ifndef JL_NGRAM_H
#define JL_NGRAM_H

#include "../base/status.h"

enum { JL_NGRAM_MAX_ORDER = 8 };

typedef struct jl_ngram jl_ngram;

/* From ids[n], each 0 ≤ id < n_vocab, order 1..JL_NGRAM_MAX_ORDER ≤ n < 2^31. NULL with *error
 * filled on failure. */
jl_ngram *jl_ngram_train(const int32_t *ids, size_t n, int n_vocab, int order, jl_error *error);
void jl_ngram_free(jl_ngram *m); /* NULL is fine */

int jl_ngram_order(const jl_ngram *m);
int jl_ngram_n_vocab(const jl_ngram *m);
uint32_t jl_ngram_count(const jl_ngram *m, int length); /* different n-grams of a length */
/* What counts of 1, 2 and 3 or more are lessened by, for n-grams of a length; of a model from
 * training, not from a file. */
const double *jl_ngram_discounts(const jl_ngram *m, int length);

/* p(id | the last order − 1 of context[n]). */
double jl_ngram_probability(const jl_ngram *m, const int32_t *context, size_t n, int32_t id);

/* The same of every id: p[n_vocab], summing to one. */
void jl_ngram_distribution(const jl_ngram *m, const int32_t *context, size_t n, float *p);

/* Nats of ids[n], the first of which has no context. */
double jl_ngram_nats(const jl_ngram *m, const int32_t *ids, size_t n);

#endif
