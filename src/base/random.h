/* random.h - random numbers, equal on every machine.
 *
 * PCG32 (O'Neill 2014, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms
 * for Random Number Generation", XSH RR 64/32): 64 bits of state, 32-bit outputs, period 2^64. For
 * sampling and initial weights; not cryptographic.
 */
#ifndef JL_RANDOM_H
#define JL_RANDOM_H

#include <stdint.h>

typedef struct jl_random {
    uint64_t state;
} jl_random;

/* 32 uniform bits. */
static inline uint32_t jl_random_bits(jl_random *r) {
    uint64_t old = r->state;
    r->state = old * 6364136223846793005u + (54u << 1 | 1); /* stream 54, as in its demo */
    uint32_t mixed = (uint32_t)((old >> 18 ^ old) >> 27);
    unsigned rotation = (unsigned)(old >> 59);
    return mixed >> rotation | mixed << (-rotation & 31);
}

static inline void jl_random_seed(jl_random *r, uint64_t seed) {
    r->state = 0;
    jl_random_bits(r);
    r->state += seed;
    jl_random_bits(r);
}

/* The seed that gives this state: the inverse of jl_random_seed(). */
static inline uint64_t jl_random_seed_of(jl_random r) {
    uint64_t factor = 6364136223846793005u, step = 54u << 1 | 1, inverse = factor;
    for (int i = 0; i < 5; i++) inverse *= 2 - factor * inverse; /* Newton: correct bits double */
    return (r.state - step) * inverse - step;
}

/* Uniform in [0, 1), 53 bits: two draws, high bits first. Every value is exact. */
static inline double jl_random_next(jl_random *r) {
    uint64_t high = jl_random_bits(r) >> 5, low = jl_random_bits(r) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

#endif
