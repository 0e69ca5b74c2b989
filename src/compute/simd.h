/* simd.h - shared by the wasm simd128 kernels: half floats, exp, and sums of lanes.
 *
 * Private to simd*.c. Each function performs the operations of its scalar counterpart in ref.c in
 * the same order, so the bits agree. Baseline simd128 only, nothing relaxed.
 */
#ifndef JL_SIMD_H
#define JL_SIMD_H

#include <wasm_simd128.h>

#include <stddef.h>
#include <stdint.h>

/* Loop variants are calls of one such function with constant arguments. */
#define INLINE static inline __attribute__((always_inline))
/* Functions shared by variants, or too large to duplicate. */
#define NOINLINE __attribute__((noinline))
#define UNROLL   _Pragma("clang loop unroll(full)")
#define ROLL     _Pragma("clang loop unroll(disable)")

/* Four halves at p (any alignment) times 2^-112: shifts exponent and fraction to their place in a
 * float without correcting the bias. Exact, also for subnormals (they become subnormal floats). The
 * load copies the sign to bits 16..31; the shift moves it to 28..31; the mask keeps bit 31. */
INLINE v128_t half4_scaled(const void *p) {
    v128_t wide = wasm_i32x4_shl(wasm_i32x4_load16x4(p), 13);
    return wasm_v128_and(wide, wasm_i32x4_splat((int32_t)0x8fffe000u));
}

/* Four halves as floats. */
INLINE v128_t half4(const void *p) {
    return wasm_f32x4_mul(half4_scaled(p), wasm_f32x4_splat(0x1p112f));
}

/* Applies one operation to n vectors before the next operation, because interleaved chains hide the
 * latency. LLVM would compute one vector after the other; an empty asm statement fixes the order
 * (clang after 14 rejects a vector operand there, so its order is its own). */
#define STEP(n, v, value)                                                                          \
    do {                                                                                           \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < (n); i++) {                         \
            (v)[i] = (value);                                                                      \
            HOLD((v)[i]);                                                                          \
        }                                                                                          \
    } while (0)
#if __clang_major__ < 15
#define HOLD(v) __asm__ volatile("" : "+r"(v))
#else
#define HOLD(v) (void)(v)
#endif

/* x = jl_exp(x) of n ≤ 4 vectors, explained in exp.h. pmin and pmax equal the ternaries there, so
 * NaN stays. */
INLINE void exp_each(int n, v128_t *x) {
    const v128_t low = wasm_f32x4_splat(-86.9f), magic = wasm_f32x4_splat(0x1.8p23f);
    static const float factor[] = { 2 * 8.3334519073e-3f, 2 * 4.1665795894e-2f,
                                    2 * 1.6666665459e-1f, 2 * 5.0000001201e-1f };
    v128_t r[4], whole[4], shifted[4], p[4];
    STEP(n, r, wasm_f32x4_pmin(wasm_f32x4_pmax(x[i], low), wasm_f32x4_splat(89.0f)));
    STEP(n, shifted, wasm_f32x4_add(wasm_f32x4_mul(r[i], wasm_f32x4_splat(1.44269504f)), magic));
    STEP(n, whole, wasm_f32x4_sub(shifted[i], magic));
    STEP(n, r, wasm_f32x4_sub(r[i], wasm_f32x4_mul(whole[i], wasm_f32x4_splat(0.693359375f))));
    STEP(n, r, wasm_f32x4_sub(r[i], wasm_f32x4_mul(whole[i], wasm_f32x4_splat(-2.12194440e-4f))));
    STEP(n, p,
         wasm_f32x4_add(wasm_f32x4_mul(wasm_f32x4_splat(2 * 1.9875691500e-4f), r[i]),
                        wasm_f32x4_splat(2 * 1.3981999507e-3f)));
    _Pragma("clang loop unroll(full)") for (int k = 0; k < 4; k++) {
        STEP(n, p, wasm_f32x4_add(wasm_f32x4_mul(p[i], r[i]), wasm_f32x4_splat(factor[k])));
    }
    STEP(n, p,
         wasm_f32x4_add(wasm_f32x4_mul(p[i], wasm_f32x4_mul(r[i], r[i])),
                        wasm_f32x4_add(r[i], r[i])));
    STEP(n, p, wasm_f32x4_add(p[i], wasm_f32x4_splat(2.0f)));
    STEP(n, shifted, wasm_i32x4_add(wasm_i32x4_shl(shifted[i], 23), wasm_i32x4_splat(0x3f000000)));
    STEP(n, x, wasm_v128_andnot(wasm_f32x4_mul(p[i], shifted[i]), wasm_f32x4_lt(x[i], low)));
}

INLINE v128_t exp4(v128_t x) {
    exp_each(1, &x);
    return x;
}

INLINE float lanes_sum(v128_t v) {
    return (wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1)) +
           (wasm_f32x4_extract_lane(v, 2) + wasm_f32x4_extract_lane(v, 3));
}

/* The largest lane. Skips NaN except in lane 0; callers exclude it there by pmax from −∞. */
INLINE float lanes_max(v128_t v) {
    v128_t w = wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
    w = wasm_f32x4_pmax(w, wasm_i32x4_shuffle(w, w, 1, 0, 3, 2));
    return wasm_f32x4_extract_lane(w, 0);
}

/* Loads up to four of the n floats at x; the rest is 0. */
INLINE v128_t load_some(const float *x, int n) {
    if (n >= 4) return wasm_v128_load(x);
    float some[4] = { 0 };
    for (int i = 0; i < n; i++) some[i] = x[i];
    return wasm_v128_load(some);
}

/* Clamps x to ±65504, NaN too: magnitudes compare as integers. */
INLINE v128_t within_halves(v128_t x) {
    v128_t a = wasm_v128_and(x, wasm_i32x4_splat(0x7fffffff));
    a = wasm_i32x4_min(a, wasm_i32x4_splat(0x477fe000)); /* 65504 */
    return wasm_v128_or(wasm_v128_and(x, wasm_i32x4_splat((int32_t)0x80000000u)), a);
}

/* Rounds x[hd] by its length (jl_kv_store), pairs of quants `stride` int16 apart; returns the
 * scale. */
INLINE float round_row(const float *x, int hd, int bounded, int16_t *q, size_t stride) {
    const v128_t magic = wasm_f32x4_splat(0x1.8p23f);
    v128_t sum = wasm_f32x4_splat(0);
    for (int d = 0; d < hd; d += 4) {
        v128_t v = load_some(x + d, hd - d);
        if (bounded) v = within_halves(v);
        sum = wasm_f32x4_add(sum, wasm_f32x4_mul(v, v));
    }
    float length = __builtin_sqrtf(lanes_sum(sum));
    v128_t inverse = wasm_f32x4_splat(length < 0x1p-50f ? 0.0f : 32767.0f / length);
    for (int d = 0; d < hd; d += 4, q += 2 * stride) {
        v128_t v = load_some(x + d, hd - d);
        if (bounded) v = within_halves(v);
        v = wasm_f32x4_add(wasm_f32x4_mul(v, inverse), magic);
        v = wasm_i32x4_sub(v, magic);
        v = wasm_i16x8_narrow_i32x4(v, v);
        wasm_v128_store32_lane(q, v, 0);
        if (d + 2 < hd) wasm_v128_store32_lane(q + stride, v, 1);
    }
    if (!(length <= 0x1p60f)) return __builtin_nanf("");
    return length < 0x1p-50f ? 0.0f : length / 32767.0f;
}

#endif
