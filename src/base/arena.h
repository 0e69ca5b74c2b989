/* arena.h - one block of memory, handed out in 64-byte aligned pieces.
 *
 * The same code that lays out a struct of arrays also measures it: an arena without a base only
 * counts. So a published estimate can never drift from what is really taken. Pieces are never given
 * back one by one; their owner frees the block.
 */
#ifndef JL_ARENA_H
#define JL_ARENA_H

#include <stddef.h>
#include <stdint.h>

typedef struct jl_arena {
    uint8_t *base; /* NULL: measuring */
    uint64_t used; /* bytes */
} jl_arena;

/* The next piece: NULL while measuring. The base must hold what a measuring pass counted. */
static inline void *jl_arena_take(jl_arena *a, uint64_t bytes) {
    void *piece = a->base ? a->base + a->used : NULL;
    a->used += (bytes + 63) & ~(uint64_t)63;
    return piece;
}

#endif
