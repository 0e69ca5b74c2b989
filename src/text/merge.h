/* merge.h - joins neighbouring symbols of a piece of text, the pair of lowest rank first.
 *
 * The loop that byte-level BPE (pairs ranked by a list of merges) and SentencePiece's BPE (pairs
 * ranked by the score of what they join to) have in common: Sennrich et al. 2016 with a heap. n
 * bytes cost O(n log n): each of at most n - 1 joins makes at most two new pairs, and a pair whose
 * sides have changed since it was offered is known by its length.
 */
#ifndef JL_MERGE_H
#define JL_MERGE_H

#include "heap.h"

/* The symbols of a piece are a list threaded through an array indexed by their first byte: the next
 * one begins where this one ends. */
typedef struct jl_symbol {
    int32_t id;
    uint32_t length; /* bytes; 0: joined to the one before */
    uint32_t before; /* where the previous one begins */
} jl_symbol;

typedef struct jl_merger {
    jl_symbol *symbols; /* [cap] */
    size_t cap;
    jl_heap heap;
} jl_merger;

/* Whether the symbols at left and right, neighbours in text, may be joined: fills rank and id. */
typedef int (*jl_pair_rank)(const void *self, const uint8_t *text, const jl_symbol *left,
                            const jl_symbol *right, jl_span *span);

/* Room for n bytes; 0 when there is no memory. */
int jl_merger_reserve(jl_merger *m, size_t n);

/* symbols[0..n) hold ids and lengths. Joins all that can be joined; 0 when there is no memory. */
int jl_merger_run(jl_merger *m, const uint8_t *text, uint32_t n, jl_pair_rank rank,
                  const void *self);

void jl_merger_free(jl_merger *m);

#endif
