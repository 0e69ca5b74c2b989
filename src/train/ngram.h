/* ngram.h - an n-gram model: training, and what the command line and figures ask of it; reading
 * one is in jielong_learn.h.
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
#include "../jielong_learn.h"

/* From ids[n], each 0 ≤ id < n_vocab, order 1..JL_NGRAM_MAX_ORDER ≤ n < 2^31. NULL with *error
 * filled on failure. */
jl_ngram *jl_ngram_train(const int32_t *ids, size_t n, int n_vocab, int order, jl_error *error);

uint32_t jl_ngram_count(const jl_ngram *m, int length); /* different n-grams of a length */
/* What counts of 1, 2 and 3 or more are lessened by, for n-grams of a length; of a model from
 * training, not from a file. */
const double *jl_ngram_discounts(const jl_ngram *m, int length);

/* p(id | the last order − 1 of context[n]). */
double jl_ngram_probability(const jl_ngram *m, const int32_t *context, size_t n, int32_t id);

/* Nats of ids[n], the first of which has no context. */
double jl_ngram_nats(const jl_ngram *m, const int32_t *ids, size_t n);

#endif
