/* cursor.h - bounds-checked little-endian reader over untrusted bytes.
 *
 * Reads a file whose first `have` bytes are loaded. A read past them returns 0, does not advance
 * and sets `status`, which is sticky: all later reads return 0, so a record can be read whole and
 * checked once. JL_MORE: the bytes are not loaded yet. JL_ERR_TRUNCATED: they are beyond `end`.
 * Invariant: at ≤ have ≤ end, so the subtractions below cannot wrap.
 */
#ifndef JL_CURSOR_H
#define JL_CURSOR_H

#include <string.h>

#include "status.h"

typedef struct jl_cursor {
    const uint8_t *bytes; /* [have] borrowed */
    uint64_t have;
    uint64_t end; /* upper bound of all reads */
    uint64_t at;  /* offset of the next read */
    jl_status status;
} jl_cursor;

/* Little-endian loads from unaligned addresses. */
static inline uint16_t jl_load_u16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t jl_load_u32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t jl_load_u64(const uint8_t *p) {
    return jl_load_u32(p) | (uint64_t)jl_load_u32(p + 4) << 32;
}

/* The next n bytes, borrowed; NULL if unavailable. */
static inline const uint8_t *jl_cursor_take(jl_cursor *c, uint64_t n) {
    if (c->status != JL_OK) return NULL;
    if (n > c->end - c->at)
        c->status = JL_ERR_TRUNCATED;
    else if (n > c->have - c->at)
        c->status = JL_MORE;
    if (c->status != JL_OK) return NULL;
    const uint8_t *p = c->bytes + (size_t)c->at;
    c->at += n;
    return p;
}

static inline uint32_t jl_cursor_u32(jl_cursor *c) {
    const uint8_t *p = jl_cursor_take(c, 4);
    return p ? jl_load_u32(p) : 0;
}

static inline uint64_t jl_cursor_u64(jl_cursor *c) {
    const uint8_t *p = jl_cursor_take(c, 8);
    return p ? jl_load_u64(p) : 0;
}

#endif
