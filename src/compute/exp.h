/* exp.h - the exp of all kernels, inline, so that compilers can vectorise loops over it.
 *
 * After Moshier's Cephes expf: x = n·ln2 + r, |r| ≤ ln2/2 (a little more by rounding), e^r by a
 * polynomial of degree 7. The result is 2·e^r times 2^(n-1), built from its exponent bits, so that
 * n = 128 needs no second factor; x ≥ -86.9 gives n ≥ -125, so the factor is normal. Contract:
 * jl_exp in kernels.h.
 */
#ifndef JL_EXP_H
#define JL_EXP_H

#include "../base/half.h"

static inline float jl_exp_inline(float x) {
    float c = x < -86.9f ? -86.9f : x > 89.0f ? 89.0f : x; /* NaN stays */
    float shifted = c * 1.44269504f + 0x1.8p23f; /* rounds to an integer in the low bits */
    float n = shifted - 0x1.8p23f;
    float r =
        (c - n * 0.693359375f) - n * -2.12194440e-4f; /* ln2 in two parts; n·0.693… is exact */
    float p = 2 * 1.9875691500e-4f;
    p = p * r + 2 * 1.3981999507e-3f;
    p = p * r + 2 * 8.3334519073e-3f;
    p = p * r + 2 * 4.1665795894e-2f;
    p = p * r + 2 * 1.6666665459e-1f;
    p = p * r + 2 * 5.0000001201e-1f;
    float y = (p * (r * r) + (r + r)) + 2.0f;
    y = y * jl_bits_to_float((jl_float_to_bits(shifted) << 23) + 0x3f000000u);
    return x < -86.9f ? 0.0f : y;
}

#endif
