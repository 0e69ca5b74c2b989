/* family.c - growing buffers of the encoders. See family.h. */
#include "family.h"

#include <limits.h>
#include <string.h>

#include "../base/memory.h"

void jl_ids_grow(jl_ids *ids) {
    int cap = ids->cap > INT_MAX / 2 ? 0 : ids->cap ? 2 * ids->cap : 256;
    int32_t *out = cap ? jl_alloc_array((uint64_t)cap, sizeof *out) : NULL;
    if (!out) {
        ids->failed = 1;
        return;
    }
    if (ids->cap) memcpy(out, ids->out, (size_t)ids->cap * sizeof *out);
    jl_free(ids->out);
    ids->out = out;
    ids->cap = cap;
}

int jl_room_keeping(uint8_t **bytes, size_t *cap, size_t n, size_t keep) {
    uint8_t *room = jl_alloc(n);
    if (room && keep) memcpy(room, *bytes, keep);
    jl_free(*bytes);
    *bytes = room;
    *cap = room ? n : 0;
    return room != NULL;
}
