/* vocab.c - one byte buffer, an array of offsets, and an open-addressing FNV-1a index.
 *
 * Invariants: start[n] counts the bytes in use and fits 32 bits; the index is at most 5/8 full, so
 * a probe ends. Only strings made to collide need more than MAX_PROBE probes (random ones stay
 * under 100); they fail the load, so that loading cannot become quadratic.
 */
#include "vocab.h"

#include <string.h>

#include "../base/memory.h"

enum { MAX_PROBE = 1024 };

static uint32_t fold(uint64_t h) {
    return (uint32_t)(h ^ h >> 29); /* FNV's low bits alone are weak on short strings */
}

static uint32_t slots_for(uint32_t keyed) {
    uint32_t slots = 1024;
    while ((uint64_t)slots * 5 < (uint64_t)keyed * 8) slots *= 2;
    return slots;
}

jl_status jl_vocab_init(jl_vocab *v, uint32_t n_tokens, uint64_t bytes, jl_error *error) {
    *v = (jl_vocab){ .n_tokens = n_tokens,
                     .cap = n_tokens + 256,
                     .n_slots = slots_for(n_tokens + 256) };
    if (bytes > UINT32_MAX / 4) return jl_no_memory(error, "tokenizer.ggml.tokens");
    v->bytes_cap = (size_t)bytes + 256;
    v->start = jl_alloc_array((uint64_t)v->cap + 1, sizeof *v->start);
    v->bytes = jl_alloc(v->bytes_cap);
    v->slots = jl_alloc_array(v->n_slots, sizeof *v->slots);
    v->kind = jl_alloc_zero((size_t)n_tokens + 1);
    if (v->start && v->bytes && v->slots && v->kind) return JL_OK;
    jl_vocab_free(v);
    return jl_no_memory(error, "tokenizer.ggml.tokens");
}

void jl_vocab_free(jl_vocab *v) {
    jl_free(v->start);
    jl_free(v->bytes);
    jl_free(v->slots);
    jl_free(v->kind);
    *v = (jl_vocab){ 0 };
}

void jl_vocab_drop_index(jl_vocab *v) {
    jl_free(v->slots);
    v->slots = NULL;
    v->n_slots = 0;
}

size_t jl_vocab_memory(const jl_vocab *v) {
    return ((size_t)v->cap + 1) * sizeof *v->start + v->n_slots * sizeof *v->slots + v->bytes_cap +
           v->n_tokens;
}

jl_str jl_vocab_string(const jl_vocab *v, int32_t id) {
    uint32_t start = v->start[id];
    return (jl_str){ (const char *)v->bytes + start, v->start[id + 1] - start };
}

/* Inline comparison: for the usual few bytes a memcmp call costs more. */
static int equals(const jl_vocab *v, uint32_t id, const uint8_t *s, size_t n) {
    uint32_t start = v->start[id];
    if (v->start[id + 1] - start != n) return 0;
    const uint8_t *own = v->bytes + start;
    uint64_t a, b;
    for (; n >= sizeof a; n -= sizeof a, own += sizeof a, s += sizeof a) {
        memcpy(&a, own, sizeof a), memcpy(&b, s, sizeof b);
        if (a != b) return 0;
    }
    while (n > 0 && own[n - 1] == s[n - 1]) n--;
    return n == 0;
}

static uint32_t hash_of(const uint8_t *s, size_t n) {
    uint64_t h = JL_HASH_START;
    for (size_t i = 0; i < n; i++) h = jl_hash_byte(h, s[i]);
    return fold(h);
}

/* The string's slot, or the free slot for it; NULL: chain too long. */
static uint64_t *find_slot(const jl_vocab *v, uint32_t hash, const uint8_t *s, size_t n) {
    for (uint32_t probe = 0; probe < MAX_PROBE; probe++) {
        uint64_t *slot = &v->slots[(hash + probe) & (v->n_slots - 1)];
        if (!*slot) return slot;
        if (*slot >> 32 == hash && equals(v, (uint32_t)*slot - 1, s, n)) return slot;
    }
    return NULL;
}

int32_t jl_vocab_find(const jl_vocab *v, const uint8_t *s, size_t n) {
    if (n == 0 || !v->slots) return -1;
    const uint64_t *slot = find_slot(v, hash_of(s, n), s, n);
    return slot && *slot ? (int32_t)((uint32_t)*slot - 1) : -1;
}

jl_status jl_vocab_trie(jl_vocab *v, jl_trie *t, jl_error *error) {
    jl_status status = JL_OK;
    for (uint32_t id = 0; id < v->n_tokens && status == JL_OK; id++) {
        jl_str s = jl_vocab_string(v, (int32_t)id);
        if (!jl_vocab_is_text(v, (int32_t)id)) continue;
        if (jl_vocab_find(v, (const uint8_t *)s.data, s.n) != (int32_t)id) continue;
        if (s.n > JL_MAX_TRIE_BYTES)
            return jl_fail(error, JL_ERR_TOKENIZER, JL_NO_OFFSET,
                           jl_string("tokenizer.ggml.tokens"), "token %u is longer than %d bytes",
                           (uint64_t)id, (int)JL_MAX_TRIE_BYTES);
        status = jl_trie_add(t, (const uint8_t *)s.data, s.n, (int32_t)id, error);
    }
    jl_vocab_drop_index(v);
    return status;
}

static jl_status collide(const jl_vocab *v, jl_error *error) {
    return jl_fail(
        error, JL_ERR_TOKENIZER, JL_NO_OFFSET, jl_string("tokenizer.ggml.tokens"),
        "string %u: too many strings have the same hash; the file is damaged or malicious",
        (uint64_t)v->n);
}

static jl_status grow_index(jl_vocab *v, jl_error *error) {
    uint32_t mask = 2 * v->n_slots - 1;
    uint64_t *slots = jl_alloc_array((uint64_t)mask + 1, sizeof *slots);
    if (!slots) return jl_no_memory(error, "tokenizer.ggml.tokens");
    for (uint32_t i = 0; i < v->n_slots; i++) {
        if (!v->slots[i]) continue;
        uint32_t at = (uint32_t)(v->slots[i] >> 32), probe = 0;
        while (probe < MAX_PROBE && slots[(at + probe) & mask]) probe++;
        if (probe == MAX_PROBE) {
            jl_free(slots);
            return collide(v, error);
        }
        slots[(at + probe) & mask] = v->slots[i];
    }
    jl_free(v->slots);
    v->slots = slots;
    v->n_slots = mask + 1;
    return JL_OK;
}

/* Reserves one more string of n bytes. */
static jl_status reserve(jl_vocab *v, size_t n, jl_error *error) {
    if (v->n == v->cap) {
        uint32_t cap = v->cap + v->cap / 2;
        uint32_t *start = jl_alloc_array((uint64_t)cap + 1, sizeof *start);
        if (!start) return jl_no_memory(error, "tokenizer.ggml.tokens");
        memcpy(start, v->start, ((size_t)v->n + 1) * sizeof *start);
        jl_free(v->start);
        v->start = start;
        v->cap = cap;
    }
    uint64_t need = (uint64_t)v->start[v->n] + n;
    if (need > v->bytes_cap) {
        uint64_t cap = need + need / 2;
        uint8_t *bytes = cap > UINT32_MAX ? NULL : jl_alloc((size_t)cap);
        if (!bytes) return jl_no_memory(error, "tokenizer.ggml.tokens");
        memcpy(bytes, v->bytes, v->start[v->n]);
        jl_free(v->bytes);
        v->bytes = bytes;
        v->bytes_cap = (size_t)cap;
    }
    return JL_OK;
}

jl_status jl_vocab_add(jl_vocab *v, const uint8_t *s, size_t n, jl_error *error) {
    jl_status status = reserve(v, n, error);
    if (status != JL_OK) return status;
    uint32_t start = v->start[v->n];
    if (n) memcpy(v->bytes + start, s, n);
    v->start[++v->n] = start + (uint32_t)n;
    return JL_OK;
}

int32_t jl_vocab_intern(jl_vocab *v, const uint8_t *s, size_t n, jl_error *error) {
    if ((uint64_t)v->n_slots * 5 < ((uint64_t)v->n_keyed + 1) * 8 && grow_index(v, error) != JL_OK)
        return -1;
    uint32_t hash = hash_of(s, n);
    uint64_t *slot = find_slot(v, hash, s, n);
    if (!slot) {
        collide(v, error);
        return -1;
    }
    if (*slot) return (int32_t)((uint32_t)*slot - 1);
    if (jl_vocab_add(v, s, n, error) != JL_OK) return -1;
    v->n_keyed++;
    v->all_keyed += v->all_keyed + 1 == v->n;
    *slot = (uint64_t)hash << 32 | v->n;
    return (int32_t)(v->n - 1);
}

int32_t jl_vocab_intern_near(jl_vocab *v, int32_t guess, const uint8_t *s, size_t n,
                             jl_error *error) {
    for (uint32_t id = (uint32_t)guess; id < v->all_keyed && id <= (uint32_t)guess + 1; id++)
        if (equals(v, id, s, n)) return (int32_t)id;
    return jl_vocab_intern(v, s, n, error);
}
