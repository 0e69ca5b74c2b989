/* simd.h - what the wasm simd128 kernels share: half floats, exp, and sums of lanes, four at a
 * time.
 *
 * Private to simd*.c. Each function does what its scalar counterpart in ref.c does, operation by
 * operation in the same order, so the bits agree. Baseline simd128 only, nothing relaxed.
 */
#ifndef JL_SIMD_H
#define JL_SIMD_H

#include <wasm_simd128.h>

#include <stddef.h>
#include <stdint.h>

/* Variants of a loop are one such function called with constant arguments. */
#define INLINE static inline __attribute__((always_inline))

/* Four halves at p, any alignment, times 2^-112: exponent and fraction are moved to their place in
 * a float without correcting the bias. Exact, subnormals included (they are subnormal floats then).
 * The load repeats the sign in bits 16..31; after the shift it fills 28..31, and bit 31 is to
 * stay. */
INLINE v128_t half4_scaled(const void *p) {
    v128_t wide = wasm_i32x4_shl(wasm_i32x4_load16x4(p), 13);
    return wasm_v128_and(wide, wasm_i32x4_splat((int32_t)0x8fffe000u));
}

/* Four halves as floats. */
INLINE v128_t half4(const void *p) {
    return wasm_f32x4_mul(half4_scaled(p), wasm_f32x4_splat(0x1p112f));
}

/* jl_exp of four; the comments are there. pmin and pmax are the ternaries of the reference, so NaN
 * stays. */
INLINE v128_t exp4(v128_t x) {
    const v128_t low = wasm_f32x4_splat(-86.9f), magic = wasm_f32x4_splat(0x1.8p23f);
    v128_t c = wasm_f32x4_pmin(wasm_f32x4_pmax(x, low), wasm_f32x4_splat(89.0f));
    v128_t shifted = wasm_f32x4_add(wasm_f32x4_mul(c, wasm_f32x4_splat(1.44269504f)), magic);
    v128_t n = wasm_f32x4_sub(shifted, magic);
    v128_t r = wasm_f32x4_sub(c, wasm_f32x4_mul(n, wasm_f32x4_splat(0.693359375f)));
    r = wasm_f32x4_sub(r, wasm_f32x4_mul(n, wasm_f32x4_splat(-2.12194440e-4f)));
    v128_t p = wasm_f32x4_splat(2 * 1.9875691500e-4f);
    p = wasm_f32x4_add(wasm_f32x4_mul(p, r), wasm_f32x4_splat(2 * 1.3981999507e-3f));
    p = wasm_f32x4_add(wasm_f32x4_mul(p, r), wasm_f32x4_splat(2 * 8.3334519073e-3f));
    p = wasm_f32x4_add(wasm_f32x4_mul(p, r), wasm_f32x4_splat(2 * 4.1665795894e-2f));
    p = wasm_f32x4_add(wasm_f32x4_mul(p, r), wasm_f32x4_splat(2 * 1.6666665459e-1f));
    p = wasm_f32x4_add(wasm_f32x4_mul(p, r), wasm_f32x4_splat(2 * 5.0000001201e-1f));
    v128_t y = wasm_f32x4_add(wasm_f32x4_mul(p, wasm_f32x4_mul(r, r)), wasm_f32x4_add(r, r));
    y = wasm_f32x4_add(y, wasm_f32x4_splat(2.0f));
    v128_t power = wasm_i32x4_add(wasm_i32x4_shl(shifted, 23), wasm_i32x4_splat(0x3f000000));
    return wasm_v128_andnot(wasm_f32x4_mul(y, power), wasm_f32x4_lt(x, low));
}

INLINE float lanes_sum(v128_t v) {
    return (wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1)) +
           (wasm_f32x4_extract_lane(v, 2) + wasm_f32x4_extract_lane(v, 3));
}

/* The largest lane; NaN are skipped (unless lane 0 is one: callers start from −∞ by pmax). */
INLINE float lanes_max(v128_t v) {
    v128_t w = wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
    w = wasm_f32x4_pmax(w, wasm_i32x4_shuffle(w, w, 1, 0, 3, 2));
    return wasm_f32x4_extract_lane(w, 0);
}

#endif
