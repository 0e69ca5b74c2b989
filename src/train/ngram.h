/* ngram.h - trains and queries an n-gram model; jielong_learn.h declares the loader.
 *
 * Interpolated Kneser-Ney smoothing with three discounts per order (Chen and Goodman 1998,
 * section 3; Kneser and Ney 1995). The highest order uses counts of n-grams, lower orders the
 * number of distinct contexts; the lowest is interpolated with the uniform distribution. Input is
 * one stream of tokens without boundary marks. A model is immutable; building takes about 60 bytes
 * per token.
 */
#ifndef JL_NGRAM_H
#define JL_NGRAM_H

#include "../base/status.h"
#include "../jielong_learn.h"

/* Trains on ids[n], 0 ≤ id < n_vocab, order 1..JL_NGRAM_MAX_ORDER ≤ n < 2^31. NULL with *error
 * filled on failure. */
jl_ngram *jl_ngram_train(const int32_t *ids, size_t n, int n_vocab, int order, jl_error *error);

uint32_t jl_ngram_count(const jl_ngram *m, int length); /* number of distinct n-grams of a length */
/* Discounts of counts 1, 2 and ≥ 3 for n-grams of a length; only trained models have them. */
const double *jl_ngram_discounts(const jl_ngram *m, int length);

/* p(id | the last order − 1 tokens of context[n]). */
double jl_ngram_probability(const jl_ngram *m, const int32_t *context, size_t n, int32_t id);

/* Total −ln p of ids[n]; the first id has no context. */
double jl_ngram_nats(const jl_ngram *m, const int32_t *ids, size_t n);

#endif
