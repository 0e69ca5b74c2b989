/* ngram_levels.h - how an n-gram model lies in memory; between ngram.c and ngram_file.c.
 *
 * Level k holds the n-grams of k + 1 tokens in sorted order; the children of a node, its n-grams
 * of one token more, are neighbours in the next level.
 */
#ifndef JL_NGRAM_LEVELS_H
#define JL_NGRAM_LEVELS_H

#include "ngram.h"

typedef struct jl_ngram_level {
    uint32_t n;
    int32_t *token;     /* [n] the last token of the n-gram */
    uint32_t *children; /* [n + 1] in the next level; NULL in the highest */
    float *p;           /* [n] p(token | the tokens before it) */
    float *weight;      /* [n] of the shorter context's distribution, where the n-gram is context;
                           NULL in the highest */
    uint32_t *seen;     /* [n] times in the stream; NULL where the model came from a file */
    double discount[3];
} jl_ngram_level;

struct jl_ngram {
    int order, n_vocab;
    double weight; /* of the uniform distribution */
    jl_ngram_level levels[JL_NGRAM_MAX_ORDER];
};

/* Arrays for n nodes, children and weights where the level is not the highest. */
jl_status jl_ngram_take_level(jl_ngram *m, int level, uint32_t n, jl_error *error);

#endif
