/* check_kernels.h - shared by the tests of compute/: reproducible random numbers, aligned memory,
 * bit comparison, the loop over kernel variants.
 *
 * The Makefile also builds these programs to wasm (WASM_TESTS), which compares the SIMD variants
 * with the reference. Each program has a table `variants` of its kernels, reference first.
 */
#ifndef JL_CHECK_KERNELS_H
#define JL_CHECK_KERNELS_H

#include "check.h"

#include <math.h>
#include <string.h>

#include "../../src/base/half.h"
#include "../../src/compute/kernels.h"

#ifdef __wasm_simd128__
#define VARIANTS                                                                                   \
    { VARIANT(ref), VARIANT(simd) }
#define VARIANT_NAMES "ref, simd"
#else
#define VARIANTS                                                                                   \
    { VARIANT(ref) }
#define VARIANT_NAMES "ref"
#endif

/* Loops over a table `variants`. */
#define FOR_VARIANTS(v)                                                                            \
    for (const variant *v = variants; v < variants + sizeof variants / sizeof *variants; v++)

static uint32_t seed = 1;

static inline uint32_t random_bits(void) {
    seed = seed * 1664525u +
           1013904223u; /* LCG of Numerical Recipes; its high bits are the random ones */
    return seed >> 8;
}

/* Uniform in [-1, 1). */
static inline float random_unit(void) {
    return (float)(int32_t)(random_bits() - 0x800000u) * 0x1p-23f;
}

static inline int random_below(int n) {
    return (int)(random_bits() >> 8) % n;
}

static inline void random_fill(float *x, size_t n, float scale) {
    for (size_t i = 0; i < n; i++) x[i] = random_unit() * scale;
}

/* 64-byte aligned; ends exactly after n bytes, so that a sanitizer detects overruns. */
static inline void *get(size_t n) {
    void *p = aligned_alloc(64, (n + 63) & ~(size_t)63);
    if (!p) exit(EXIT_FAILURE);
    memset(p, 0xa5, (n + 63) & ~(size_t)63);
    return p;
}

static inline int same_bits(const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (jl_float_to_bits(a[i]) != jl_float_to_bits(b[i]) && !(isnan(a[i]) && isnan(b[i])))
            return 0;
    return 1;
}

/* Distance in ulps of the exact result, which must be a normal float. */
static inline double ulps(float got, double exact) {
    int e;
    frexp(exact, &e);
    return fabs((double)got - exact) / ldexp(1, e - 24);
}

static const float specials[] = { 0.0f,   -0.0f, 1.0f,   -1.0f,     INFINITY,   -INFINITY, NAN,
                                  1e-45f, 3e38f, -3e38f, 88.72283f, -86.90001f, -87.5f,    89.5f };
enum { N_SPECIALS = sizeof specials / sizeof *specials };

/* Element d of the key at a slot of a 16-bit K tile. */
static inline float rounded_key(const void *k_tile, int hd, int slot, int d) {
    const int16_t *q = k_tile;
    const float *scales = (const float *)(const void *)(q + (hd + 1) / 2 * 2 * JL_KV_TILE);
    return (float)q[d / 2 * 2 * JL_KV_TILE + 2 * slot + d % 2] * scales[slot];
}

/* x[hd] (key or query) as attention reads it from a cache of that type. */
static inline void round_vector(jl_kv_type type, float *x, int hd) {
    size_t bytes = jl_kv_tile_bytes(type, hd);
    void *k = malloc(bytes), *v = malloc(bytes);
    if (!k || !v) exit(EXIT_FAILURE);
    jl_kv_store__ref(type, k, v, 0, x, x, hd);
    for (int d = 0; type == JL_KV_16 && d < hd; d++) x[d] = rounded_key(k, hd, 0, d);
    free(k), free(v);
}

#endif
