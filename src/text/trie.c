/* trie.c - insertion into an edge table that doubles when half full. See trie.h. */
#include "trie.h"

#include <string.h>

#include "../base/memory.h"

enum { FIRST_BITS = 8, MAX_BITS = 28 };

void jl_trie_free(jl_trie *t) {
    jl_free(t->edges);
    jl_free(t->value);
    *t = (jl_trie){ 0 };
}

size_t jl_trie_memory(const jl_trie *t) {
    return t->n ? (sizeof *t->edges << t->bits) + (sizeof *t->value << (t->bits - 1)) : 0;
}

/* Inserts an edge with a new key; 0: too many probes. */
static int put(jl_trie *t, uint64_t edge) {
    uint32_t mask = (1u << t->bits) - 1, at = jl_trie_slot(t, edge >> 28);
    for (int probe = 0; probe < JL_TRIE_PROBES; probe++, at++) {
        if (t->edges[at & mask]) continue;
        t->edges[at & mask] = edge;
        return 1;
    }
    return 0;
}

static jl_status collide(jl_error *error) {
    return jl_fail(error, JL_ERR_TOKENIZER, JL_NO_OFFSET, jl_string("tokenizer.ggml.tokens"),
                   "too many strings have the same hash; the file is damaged or malicious");
}

static jl_status grow(jl_trie *t, jl_error *error) {
    jl_trie old = *t;
    t->bits = old.n ? old.bits + 1 : FIRST_BITS;
    if (t->bits > MAX_BITS) {
        t->bits = old.bits;
        return jl_no_memory(error, "tokenizer");
    }
    t->edges = jl_alloc_array((uint64_t)1 << t->bits, sizeof *t->edges);
    t->value = jl_alloc_array((uint64_t)1 << (t->bits - 1), sizeof *t->value);
    if (!t->edges || !t->value) {
        jl_free(t->edges);
        jl_free(t->value);
        *t = old;
        return jl_no_memory(error, "tokenizer");
    }
    int fine = 1;
    if (old.n) memcpy(t->value, old.value, old.n * sizeof *t->value);
    for (uint32_t i = 0; old.n && i < 1u << old.bits; i++)
        if (old.edges[i]) fine &= put(t, old.edges[i]);
    if (!old.n) t->value[t->n++] = -1;
    jl_free(old.edges);
    jl_free(old.value);
    return fine ? JL_OK : collide(error);
}

jl_status jl_trie_add(jl_trie *t, const uint8_t *s, size_t n, int32_t value, jl_error *error) {
    uint32_t node = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t child = t->n ? jl_trie_step(t, node, s[i]) : 0;
        if (!child) {
            jl_status status = t->n && t->n < 1u << (t->bits - 1) ? JL_OK : grow(t, error);
            if (status != JL_OK) return status;
            child = t->n++;
            t->value[child] = -1;
            if (!put(t, (uint64_t)node << 36 | (uint64_t)s[i] << 28 | child)) return collide(error);
        }
        node = child;
    }
    if (t->value[node] < 0) t->value[node] = value;
    return JL_OK;
}
