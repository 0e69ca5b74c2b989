/* spans.h - a growing heap of text spans, ordered by rank, then by position.
 *
 * Chooses the next merge (merge.c) and the next special token (special.c): lowest rank first, then
 * leftmost. Push and pop are O(log n); the owner frees the items.
 */
#ifndef JL_SPANS_H
#define JL_SPANS_H

#include <string.h>

#include "../base/heap.h"
#include "../base/memory.h"

typedef struct jl_span {
    uint32_t rank, at, length; /* at, length: bytes */
    int32_t id;
} jl_span;

typedef struct jl_spans {
    jl_span *items; /* [cap], the first n in use */
    size_t n, cap;
} jl_spans;

static inline int jl_span_before(const void *context, const jl_span *a, const jl_span *b) {
    (void)context;
    return a->rank < b->rank || (a->rank == b->rank && a->at < b->at);
}
JL_HEAP(jl_span_heap, jl_span, const void *, jl_span_before)

/* 0: no memory, heap unchanged. */
static inline int jl_spans_push(jl_spans *h, jl_span item) {
    if (h->n == h->cap) {
        size_t cap = h->cap ? 2 * h->cap : 128;
        jl_span *items = cap > SIZE_MAX / sizeof *items ? NULL : jl_alloc(cap * sizeof *items);
        if (!items) return 0;
        if (h->n) memcpy(items, h->items, h->n * sizeof *items);
        jl_free(h->items);
        h->items = items;
        h->cap = cap;
    }
    h->items[h->n] = item;
    jl_span_heap_up(NULL, h->items, h->n++);
    return 1;
}

/* The first item; n must not be 0. */
static inline jl_span jl_spans_pop(jl_spans *h) {
    jl_span top = h->items[0];
    h->items[0] = h->items[--h->n];
    jl_span_heap_down(NULL, h->items, h->n, 0);
    return top;
}

#endif
