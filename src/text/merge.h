/* merge.h - joins neighbouring symbols of a piece of text, the pair of lowest rank first.
 *
 * The loop that byte-level BPE (pairs ranked by a list of merges) and SentencePiece's BPE (pairs
 * ranked by the score of what they join to) have in common: Sennrich et al. 2016 with a heap. n
 * bytes cost O(n log n): each of at most n - 1 joins makes at most two new pairs, and a pair whose
 * sides have changed since it was offered is known by its length. It runs in steps, because a piece
 * may be a text of megabytes.
 */
#ifndef JL_MERGE_H
#define JL_MERGE_H

#include "family.h"
#include "spans.h"

/* The symbols of a piece are a list threaded through an array indexed by their first byte: the next
 * one begins where this one ends. */
typedef struct jl_symbol {
    int32_t id;
    uint32_t length; /* bytes; 0: joined to the one before */
    uint32_t before; /* where the previous one begins */
} jl_symbol;

/* Whether the symbols at left and right, neighbours in text, may be joined: fills rank and id. */
typedef int (*jl_pair_rank)(const void *self, const uint8_t *text, const jl_symbol *left,
                            const jl_symbol *right, jl_span *span);

typedef struct jl_merger {
    jl_symbol *symbols; /* [cap] */
    size_t cap;
    jl_spans heap;
    const uint8_t *text; /* [n] borrowed */
    uint32_t n;          /* bytes */
    uint32_t at, before; /* the next symbol whose pair is to be offered, and the one before it */
} jl_merger;

int jl_merger_grow(jl_merger *m, size_t n);

/* Room for the symbols of text[n]; 0 when there is no memory. */
static inline int jl_merger_begin(jl_merger *m, const uint8_t *text, uint32_t n) {
    m->text = text;
    m->n = n;
    m->at = m->before = 0;
    m->heap.n = 0;
    return n <= m->cap || jl_merger_grow(m, n);
}

/* symbols[0..n) hold ids and lengths, which stay the family's to read. Joins all that can be joined
 * (JL_OK), or as much as *work allows (JL_MORE); JL_ERR_MEMORY without *error. */
jl_status jl_merger_step(jl_merger *m, jl_pair_rank rank, const void *self, int64_t *work);

void jl_merger_free(jl_merger *m);

#endif
