/* arena.h - allocates 64-byte aligned pieces of one memory block.
 *
 * An arena without a base only counts, so the code that lays out a struct of arrays also measures
 * it, and estimates always equal the memory used. Pieces are not freed one by one; the owner frees
 * the block.
 */
#ifndef JL_ARENA_H
#define JL_ARENA_H

#include <stddef.h>
#include <stdint.h>

typedef struct jl_arena {
    uint8_t *base; /* NULL: measuring */
    uint64_t used; /* bytes */
} jl_arena;

/* Larger sums become this multiple of 64, so that they never wrap; no allocation has this size. */
#define JL_ARENA_MAX ((uint64_t)1 << 62)

/* The next piece, NULL while measuring. The base must have the measured size. */
static inline void *jl_arena_take(jl_arena *a, uint64_t bytes) {
    void *piece = a->base ? a->base + a->used : NULL;
    if (bytes > JL_ARENA_MAX - a->used) bytes = JL_ARENA_MAX - a->used;
    a->used += (bytes + 63) & ~(uint64_t)63;
    return piece;
}

#endif
