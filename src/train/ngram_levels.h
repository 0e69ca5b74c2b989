/* ngram_levels.h - memory layout of an n-gram model, for ngram.c and ngram_file.c.
 *
 * Level k holds the n-grams of k + 1 tokens in sorted order. A node's children, the n-grams one
 * token longer, are contiguous in the next level.
 */
#ifndef JL_NGRAM_LEVELS_H
#define JL_NGRAM_LEVELS_H

#include "ngram.h"

typedef struct jl_ngram_level {
    uint32_t n;
    int32_t *token;     /* [n] last token of the n-gram */
    uint32_t *children; /* [n + 1] first child in the next level; NULL in the highest */
    float *p;           /* [n] p(token | the tokens before it) */
    float *weight;  /* [n] back-off weight: of the shorter context, if the n-gram is the context;
                         * NULL in the highest */
    uint32_t *seen; /* [n] count in the stream; NULL in a loaded model */
    double discount[3];
} jl_ngram_level;

struct jl_ngram {
    int order, n_vocab;
    double weight; /* of the uniform distribution */
    jl_ngram_level levels[JL_NGRAM_MAX_ORDER];
};

/* Allocates n nodes, with children and weights below the highest level. */
jl_status jl_ngram_take_level(jl_ngram *m, int level, uint32_t n, jl_error *error);

#endif
