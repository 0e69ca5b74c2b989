/* half.h - converts 16-bit floats ↔ float: exact to float, round to nearest even back.
 *
 * IEEE 754 binary16 (subnormals, infinities and NaN included) and bfloat16.
 */
#ifndef JL_HALF_H
#define JL_HALF_H

#include <stdint.h>
#include <string.h>

static inline float jl_bits_to_float(uint32_t u) {
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

static inline uint32_t jl_float_to_bits(float f) {
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static inline float jl_half_to_float(uint16_t h) {
    /* Shift exponent and fraction into place, then scale by 2^112 = 2^(127-15), which is exact and
     * normalises half subnormals. Infinity and NaN need their exponent restored. */
    uint32_t magnitude = (uint32_t)(h & 0x7fff) << 13;
    float f = jl_bits_to_float(magnitude) * 0x1p112f;
    uint32_t u = jl_float_to_bits(f);
    if ((h & 0x7c00) == 0x7c00) u = 0x7f800000u | magnitude;
    return jl_bits_to_float(u | (uint32_t)(h & 0x8000) << 16);
}

static inline uint16_t jl_float_to_half(float f) {
    uint32_t u = jl_float_to_bits(f), sign = u >> 16 & 0x8000u, a = u & 0x7fffffffu;
    if (a >= 0x7f800000u) return (uint16_t)(sign | 0x7c00u | (a > 0x7f800000u ? 0x200u : 0));
    if (a >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* rounds to infinity */
    if (a < 0x38800000u) { /* subnormal half: the addition rounds */
        float r = jl_bits_to_float(a) + 0.5f;
        return (uint16_t)(sign | (jl_float_to_bits(r) - 0x3f000000u));
    }
    a += 0xfffu + (a >> 13 & 1); /* round to nearest even, with carry */
    return (uint16_t)(sign | (a - 0x38000000u) >> 13);
}

static inline float jl_bf16_to_float(uint16_t h) {
    return jl_bits_to_float((uint32_t)h << 16);
}

#endif
