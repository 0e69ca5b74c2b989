/* fingerprint.c - a hash that identifies a loaded model.
 *
 * Place in the flow: session/save.c stores it, so that a state is not restored into another model.
 * Hashed are the bytes of the file's header and the packed weights, which are the same on every
 * host and for every precision; nothing that a host computes in floating point (RoPE frequencies,
 * ALiBi slopes). Not cryptographic: it detects mistakes, not forgeries.
 */
#include <stdatomic.h>
#include <string.h>

#include "../base/cursor.h"
#include "model.h"

/* ---- XXH64 (Collet 2012; specification 0.1.1) ------------------------------------------------ */

static const uint64_t P1 = 0x9e3779b185ebca87u, P2 = 0xc2b2ae3d27d4eb4fu, P3 = 0x165667b19e3779f9u,
                      P4 = 0x85ebca77c2b2ae63u, P5 = 0x27d4eb2f165667c5u;

static uint64_t rotate(uint64_t x, int bits) {
    return x << bits | x >> (64 - bits);
}

static uint64_t add_lane(uint64_t lane, uint64_t input) {
    return rotate(lane + input * P2, 31) * P1;
}

/* The last n < 32 bytes, and the avalanche. */
static uint64_t finish(uint64_t h, const uint8_t *p, uint64_t n) {
    for (; n >= 8; n -= 8, p += 8) h = rotate(h ^ add_lane(0, jl_load_u64(p)), 27) * P1 + P4;
    if (n >= 4) {
        h = rotate(h ^ jl_load_u32(p) * P1, 23) * P2 + P3;
        n -= 4, p += 4;
    }
    for (; n > 0; n--, p++) h = rotate(h ^ *p * P5, 11) * P1;
    h = (h ^ h >> 33) * P2;
    h = (h ^ h >> 29) * P3;
    return h ^ h >> 32;
}

uint64_t jl_hash64(const uint8_t *bytes, uint64_t n, uint64_t seed) {
    uint64_t lanes[4] = { seed + P1 + P2, seed + P2, seed, seed - P1 }, left = n;
    if (n < 32) return finish(seed + P5 + n, bytes, n);
    for (; left >= 32; left -= 32)
        for (int i = 0; i < 4; i++, bytes += 8) lanes[i] = add_lane(lanes[i], jl_load_u64(bytes));
    uint64_t h =
        rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
    for (int i = 0; i < 4; i++) h = (h ^ add_lane(0, lanes[i])) * P1 + P4;
    return finish(h + n, bytes, left);
}

/* ---- The model ------------------------------------------------------------------------------- */

/* Threads that compute it at the same time store the same value. */
uint64_t jl_model_fingerprint(const jl_model *m) {
    jl_model *own = (jl_model *)(uintptr_t)m;
    uint64_t known = atomic_load_explicit(&own->fingerprint, memory_order_relaxed);
    if (known) return known;
    uint64_t slopes = m->w.slopes ? (uint64_t)m->h.n_heads * sizeof(float) : 0;
    uint64_t from = (slopes + 63) & ~(uint64_t)63; /* they come first (model.c) */
    uint64_t h =
        jl_hash64((const uint8_t *)m->memory + from, m->memory_bytes - from, m->header_hash);
    if (h == 0) h = 1;
    atomic_store_explicit(&own->fingerprint, h, memory_order_relaxed);
    return h;
}
