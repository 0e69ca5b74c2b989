/* trace.h - records how a text becomes token ids, for jl_trace (jielong_inside.h).
 *
 * An encoder that finds a trace in its output (jl_ids.trace) reports its pieces, symbols, merges
 * and emissions here, from the same loops that encode. Without a trace, each report is one test of
 * a pointer. A failed allocation sets `failed` and drops later events.
 */
#ifndef JL_TRACE_H
#define JL_TRACE_H

#include "../jielong_inside.h"
#include "family.h"

struct jl_trace {
    jl_trace_event *events; /* [cap] */
    int n, cap;
    uint8_t *bytes; /* [cap_bytes], n_bytes used: the pieces in the tokens' form */
    size_t n_bytes, cap_bytes;
    uint32_t base;            /* of the current stretch in the text, bytes */
    uint32_t (*source)[2];    /* [cap_source], n_source used: start and end in the stretch */
    size_t n_source;          /* of each byte of a copy in the tokens' form; 0: no copy */
    size_t cap_source;        /* elements */
    float (*score)(uint32_t); /* of a merge's rank; NULL: ranks number a list of merges */
    int32_t *ids;             /* [n_ids] the result, owned */
    int n_ids;
    int failed;
};

void jl_trace_add(jl_trace *t, jl_trace_event event);

/* Begins a stretch of plain text at byte `base`. */
void jl_trace_stretch(jl_trace *t, size_t base);

/* The copy of the stretch now has n bytes, made from its first `read` bytes. A copy that shrinks
 * replaced its last bytes by one. */
void jl_trace_map(jl_trace *t, size_t n, size_t read);

/* A piece of n bytes that comes from bytes [start, end) of the stretch. */
void jl_trace_piece(jl_trace *t, const uint8_t *piece, size_t n, size_t start, size_t end);
/* The same for bytes [at, at + n) of the stretch's copy, or of the stretch if there is none. */
void jl_trace_copied(jl_trace *t, const uint8_t *piece, size_t at, size_t n);

/* The ids pushed from here on, up to the next emission, encode bytes [at, at + length) of the
 * piece. id −1: their byte tokens, or none. */
static inline void jl_trace_emit(const jl_ids *ids, size_t at, size_t length, int32_t id) {
    if (ids->trace)
        jl_trace_add(ids->trace, (jl_trace_event){ .kind = JL_TRACE_EMIT,
                                                   .id = id,
                                                   .at = (uint32_t)at,
                                                   .length = (uint32_t)length,
                                                   .value = (uint32_t)ids->n });
}

#endif
