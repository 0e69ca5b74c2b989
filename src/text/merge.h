/* merge.h - merges adjacent symbols of a piece, the pair of lowest rank first.
 *
 * The loop shared by byte-level BPE (pairs ranked by a list of merges) and SentencePiece BPE (pairs
 * ranked by the joined token's score): Sennrich et al. 2016 with a heap. n bytes cost O(n log n):
 * each of at most n - 1 joins makes at most two new pairs, and a stale pair is detected by its
 * length. Runs in steps because a piece can have megabytes.
 */
#ifndef JL_MERGE_H
#define JL_MERGE_H

#include "family.h"
#include "spans.h"

/* A list of symbols in an array indexed by first byte: the next symbol starts where this one
 * ends. */
typedef struct jl_symbol {
    int32_t id;
    uint32_t length; /* bytes; 0: part of an earlier symbol */
    uint32_t before; /* start of the previous symbol */
} jl_symbol;

/* Whether the adjacent symbols can be merged; if so, fills rank and id. */
typedef int (*jl_pair_rank)(const void *self, const uint8_t *text, const jl_symbol *left,
                            const jl_symbol *right, jl_span *span);

typedef struct jl_merger {
    jl_symbol *symbols; /* [cap] */
    size_t cap;
    jl_spans heap;
    const uint8_t *text;    /* [n] borrowed */
    uint32_t n;             /* bytes */
    uint32_t at, before;    /* the next symbol to pair, and the one before it */
    struct jl_trace *trace; /* records symbols and merges; NULL: no */
} jl_merger;

int jl_merger_grow(jl_merger *m, size_t n);

/* Allocates symbols for text[n]; 0: no memory. */
static inline int jl_merger_begin(jl_merger *m, const uint8_t *text, uint32_t n,
                                  struct jl_trace *trace) {
    m->trace = trace;
    m->text = text;
    m->n = n;
    m->at = m->before = 0;
    m->heap.n = 0;
    return n <= m->cap || jl_merger_grow(m, n);
}

/* The family fills ids and lengths of symbols[0..n) and reads the result. JL_OK: no pair is left;
 * JL_MORE: *work is used up; JL_ERR_MEMORY: *error is not filled. */
jl_status jl_merger_step(jl_merger *m, jl_pair_rank rank, const void *self, int64_t *work);

void jl_merger_free(jl_merger *m);

/* What an encoder that merges owns: the first member of its state. */
typedef struct jl_merge_buffers {
    jl_merger m;
    uint8_t *copy; /* [cap] the text in the tokens' form */
    size_t cap;
} jl_merge_buffers;

/* jl_family.close of such an encoder. */
void jl_merge_close(void *state);

#endif
