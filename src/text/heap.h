/* heap.h - a growing binary min-heap of spans of text, ordered by rank, then by place.
 *
 * What decides the next merge in bpe.c and the next special token in special.c: the lowest rank
 * wins, and among equals the leftmost. Push and pop are O(log n); the owner frees the items.
 */
#ifndef JL_HEAP_H
#define JL_HEAP_H

#include <string.h>

#include "../base/memory.h"

typedef struct jl_span {
    uint32_t rank, at, length; /* at, length: bytes */
    int32_t id;
} jl_span;

typedef struct jl_heap {
    jl_span *items; /* [cap], the first n in use */
    size_t n, cap;
} jl_heap;

static inline int jl_span_before(const jl_span *a, const jl_span *b) {
    return a->rank < b->rank || (a->rank == b->rank && a->at < b->at);
}

/* 0: no memory, nothing changed. */
static inline int jl_heap_push(jl_heap *h, jl_span item) {
    if (h->n == h->cap) {
        size_t cap = h->cap ? 2 * h->cap : 128;
        jl_span *items = cap > SIZE_MAX / sizeof *items ? NULL : jl_alloc(cap * sizeof *items);
        if (!items) return 0;
        if (h->n) memcpy(items, h->items, h->n * sizeof *items);
        jl_free(h->items);
        h->items = items;
        h->cap = cap;
    }
    size_t i = h->n++;
    for (; i > 0 && jl_span_before(&item, &h->items[(i - 1) / 2]); i = (i - 1) / 2)
        h->items[i] = h->items[(i - 1) / 2];
    h->items[i] = item;
    return 1;
}

/* The first item; n must not be 0. */
static inline jl_span jl_heap_pop(jl_heap *h) {
    jl_span top = h->items[0], last = h->items[--h->n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && jl_span_before(&h->items[child + 1], &h->items[child])) child++;
        if (!jl_span_before(&h->items[child], &last)) break;
        h->items[i] = h->items[child];
    }
    h->items[i] = last;
    return top;
}

#endif
