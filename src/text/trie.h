/* trie.h - a map of strings to values that finds the keys at the start of a text.
 *
 * Used at each position of a text by special tokens, unigram and WordPiece. A walk from the root
 * takes one step per byte and stops when no string continues, so a position costs at most as many
 * steps as the longest string has bytes; a step probes the table at most JL_TRIE_PROBES times. All
 * edges are in one open-addressing table over (node, byte); sets with longer probes, which only
 * deliberate collisions cause, are rejected.
 */
#ifndef JL_TRIE_H
#define JL_TRIE_H

#include "../base/status.h"

enum { JL_TRIE_PROBES = 192 }; /* real edges stay under 100 in a half-full table */

typedef struct jl_trie {
    uint64_t *edges; /* [1 << bits] node << 36 | byte << 28 | child, 0 for none; linear probing */
    int32_t *value;  /* [1 << (bits - 1)] of each node, -1: no string ends there */
    uint32_t n;      /* nodes, 0 is the root; n = 0: no strings */
    uint32_t bits;
} jl_trie;

/* Adds s[n], n ≥ 1, with a value ≥ 0; a string's first value stays. Initialise with { 0 }. */
jl_status jl_trie_add(jl_trie *t, const uint8_t *s, size_t n, int32_t value, jl_error *error);
void jl_trie_free(jl_trie *t);
size_t jl_trie_memory(const jl_trie *t); /* bytes */

static inline uint32_t jl_trie_slot(const jl_trie *t, uint64_t edge) {
    return (uint32_t)(edge * 0x9e3779b97f4a7c15u >> (64 - t->bits));
}

/* The child for the byte, 0: none. The trie must not be empty. */
static inline uint32_t jl_trie_step(const jl_trie *t, uint32_t node, uint8_t byte) {
    uint64_t edge = (uint64_t)node << 8 | byte, found;
    uint32_t mask = (1u << t->bits) - 1;
    for (uint32_t at = jl_trie_slot(t, edge); (found = t->edges[at & mask]) != 0; at++)
        if (found >> 28 == edge) return (uint32_t)found & 0xfffffff;
    return 0;
}

#endif
