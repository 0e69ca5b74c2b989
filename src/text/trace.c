/* trace.c - growing lists of events and bytes. See trace.h. */
#include "trace.h"

#include <string.h>

#include "../base/memory.h"

/* Doubles an array of n elements of `size` bytes once it is full; NULL: no memory. */
static void *grown(void *list, size_t n, size_t *cap, size_t size) {
    if (n < *cap) return list;
    size_t more = *cap ? 2 * *cap : 64;
    void *room = jl_alloc_array(more, size);
    if (!room) return NULL;
    if (n) memcpy(room, list, n * size);
    jl_free(list);
    *cap = more;
    return room;
}

void jl_trace_add(jl_trace *t, jl_trace_event event) {
    size_t cap = (size_t)t->cap;
    jl_trace_event *events =
        t->failed ? NULL : grown(t->events, (size_t)t->n, &cap, sizeof *t->events);
    if (!events) {
        t->failed = 1;
        return;
    }
    t->events = events;
    t->cap = (int)cap;
    t->events[t->n++] = event;
}

void jl_trace_stretch(jl_trace *t, size_t base) {
    t->base = (uint32_t)base;
    t->n_source = 0;
}

void jl_trace_map(jl_trace *t, size_t n, size_t read) {
    if (t->failed) return;
    if (n < t->n_source) t->source[n - 1][1] = (uint32_t)read;
    uint32_t start = t->n_source ? t->source[t->n_source - 1][1] : 0;
    for (size_t i = t->n_source; i < n; i++) {
        uint32_t(*source)[2] = grown(t->source, i, &t->cap_source, sizeof *t->source);
        t->failed = source == NULL;
        if (!source) return;
        t->source = source;
        t->source[i][0] = start;
        t->source[i][1] = (uint32_t)read;
    }
    t->n_source = n;
}

void jl_trace_piece(jl_trace *t, const uint8_t *piece, size_t n, size_t start, size_t end) {
    size_t from = t->n_bytes;
    if (t->failed) return;
    if (n > t->cap_bytes - t->n_bytes &&
        !jl_room_keeping(&t->bytes, &t->cap_bytes, 2 * (t->n_bytes + n), t->n_bytes)) {
        t->n_bytes = 0;
        t->failed = 1;
        return;
    }
    memcpy(t->bytes + from, piece, n);
    t->n_bytes += n;
    jl_trace_add(t, (jl_trace_event){ .kind = JL_TRACE_PIECE,
                                      .id = -1,
                                      .at = (uint32_t)(t->base + start),
                                      .length = (uint32_t)n,
                                      .value = (uint32_t)(t->base + end) });
}

void jl_trace_copied(jl_trace *t, const uint8_t *piece, size_t at, size_t n) {
    if (t->failed) return;
    if (t->n_source)
        jl_trace_piece(t, piece, n, t->source[at][0], t->source[at + n - 1][1]);
    else
        jl_trace_piece(t, piece, n, at, at + n);
}

const jl_trace_event *jl_trace_events(const jl_trace *t, int *n) {
    *n = t->n;
    return t->events;
}

const char *jl_trace_bytes(const jl_trace *t, size_t *n) {
    *n = t->n_bytes;
    return (const char *)t->bytes;
}

const int32_t *jl_trace_ids(const jl_trace *t, int *n) {
    *n = t->n_ids;
    return t->ids;
}

void jl_trace_free(jl_trace *t) {
    if (!t) return;
    jl_free(t->events);
    jl_free(t->bytes);
    jl_free(t->source);
    jl_free(t->ids);
    jl_free(t);
}
