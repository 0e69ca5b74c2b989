/* quant.c - table of tensor types; scalar dequantisation and quantisation.
 *
 * Simple and slow by design: the reference for packing and kernel tests. Type numbers, names and
 * block sizes are from enum ggml_type and ggml-common.h (ggml). Types with bytes = 0 are not
 * supported.
 */
#include "quant.h"

#include <math.h>
#include <string.h>

#include "../base/half.h"
#include "../base/status.h"
#include "quant_rare.h"

/* The size of a block that only the module for all models reads (quant_rare.h). */
#ifdef JL_ALL
#define RARE(block) sizeof(block)
#else
#define RARE(block) 0
#endif

static const jl_type_info types[] = {
    [JL_F32] = { "F32", 1, 4 },
    [JL_F16] = { "F16", 1, 2 },
    [JL_Q4_0] = { "Q4_0", 32, sizeof(jl_block_q4_0) },
    [JL_Q4_1] = { "Q4_1", 32, sizeof(jl_block_q4_1) },
    [JL_Q5_0] = { "Q5_0", 32, sizeof(jl_block_q5_0) },
    [JL_Q5_1] = { "Q5_1", 32, sizeof(jl_block_q5_1) },
    [JL_Q8_0] = { "Q8_0", 32, sizeof(jl_block_q8_0) },
    [9] = { "Q8_1", 32, 0 },
    [JL_Q2_K] = { "Q2_K", 256, sizeof(jl_block_q2_k) },
    [JL_Q3_K] = { "Q3_K", 256, sizeof(jl_block_q3_k) },
    [JL_Q4_K] = { "Q4_K", 256, sizeof(jl_block_q4_k) },
    [JL_Q5_K] = { "Q5_K", 256, sizeof(jl_block_q5_k) },
    [JL_Q6_K] = { "Q6_K", 256, sizeof(jl_block_q6_k) },
    [15] = { "Q8_K", 256, 0 },
    [JL_IQ2_XXS] = { "IQ2_XXS", 256, RARE(jl_block_iq2_xxs) },
    [JL_IQ2_XS] = { "IQ2_XS", 256, RARE(jl_block_iq2_xs) },
    [JL_IQ3_XXS] = { "IQ3_XXS", 256, RARE(jl_block_iq3_xxs) },
    [JL_IQ1_S] = { "IQ1_S", 256, RARE(jl_block_iq1_s) },
    [JL_IQ4_NL] = { "IQ4_NL", 32, sizeof(jl_block_iq4_nl) },
    [JL_IQ3_S] = { "IQ3_S", 256, RARE(jl_block_iq3_s) },
    [JL_IQ2_S] = { "IQ2_S", 256, RARE(jl_block_iq2_s) },
    [JL_IQ4_XS] = { "IQ4_XS", 256, sizeof(jl_block_iq4_xs) },
    [24] = { "I8", 1, 0 },
    [25] = { "I16", 1, 0 },
    [26] = { "I32", 1, 0 },
    [27] = { "I64", 1, 0 },
    [28] = { "F64", 1, 0 },
    [JL_IQ1_M] = { "IQ1_M", 256, RARE(jl_block_iq1_m) },
    [JL_BF16] = { "BF16", 1, 2 },
    [JL_TQ1_0] = { "TQ1_0", 256, RARE(jl_block_tq1_0) },
    [JL_TQ2_0] = { "TQ2_0", 256, RARE(jl_block_tq2_0) },
    [JL_MXFP4] = { "MXFP4", 32, RARE(jl_block_mxfp4) },
    [JL_NVFP4] = { "NVFP4", 64, RARE(jl_block_nvfp4) },
    [JL_Q1_0] = { "Q1_0", 128, RARE(jl_block_q1_0) },
    [JL_Q2_0] = { "Q2_0", 64, RARE(jl_block_q2_0) },
};

const jl_type_info *jl_type_get(uint32_t type) {
    static const jl_type_info none = { NULL, 1, 0 };
    return type < sizeof types / sizeof *types && types[type].name ? &types[type] : &none;
}

const char *jl_type_names(char *out, size_t cap) {
    size_t n = 0, count = sizeof types / sizeof *types, last = 0;
    for (size_t i = 0; i < count; i++)
        if (types[i].bytes) last = i;
    for (size_t i = 0; i <= last; i++)
        if (types[i].bytes && n < cap)
            n += jl_format(out + n, cap - n,
                           i == 0     ? "%s"
                           : i < last ? ", %s"
                                      : " or %s",
                           types[i].name);
    return out;
}

const int8_t jl_quant_values[][16] = {
    [JL_TABLE_IQ4] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 },
#ifdef JL_ALL
    [JL_TABLE_FP4] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 },
    [JL_TABLE_IQ1] = { -9, -7, -1, 1, 7, 9 },
    [JL_TABLE_IQ2] = { -43, -25, -8, 8, 25, 43 },
    [JL_TABLE_IQ3_XXS] = { -124, -104, -88, -72, -56, -40, -24, -8, 8, 24, 40, 56, 72, 88, 104,
                           124 },
    [JL_TABLE_IQ3_S] = { -120, -104, -88, -72, -56, -40, -24, -8, 8, 24, 40, 56, 72, 88, 104, 120 },
#endif
};

/* -- Blocks of 32 ------------------------------------------------------------------------------ */

static void dequantize_16(const uint8_t *src, float *out, size_t n, float (*widen)(uint16_t)) {
    for (size_t i = 0; i < n; i++) {
        uint16_t h;
        memcpy(&h, src + 2 * i, sizeof h);
        out[i] = widen(h);
    }
}

static void dequantize_q8_0(const void *block, float *out) {
    const jl_block_q8_0 *b = block;
    float d = jl_half_to_float(b->d);
    for (int c = 0; c < 32; c++) out[c] = d * b->q[c];
}

/* Column c of a block of 32: its nibble, and its fifth bit. */
static int nibble(const uint8_t *q, int c) {
    return q[c % 16] >> (c < 16 ? 0 : 4) & 15;
}
static int fifth_bit(const uint8_t high[4], int c) {
    return (high[c / 8] >> c % 8 & 1) << 4;
}

static void dequantize_q4_0(const void *block, float *out) {
    const jl_block_q4_0 *b = block;
    float d = jl_half_to_float(b->d);
    for (int c = 0; c < 32; c++) out[c] = d * (float)(nibble(b->q, c) - 8);
}

static void dequantize_q4_1(const void *block, float *out) {
    const jl_block_q4_1 *b = block;
    float d = jl_half_to_float(b->d), m = jl_half_to_float(b->m);
    for (int c = 0; c < 32; c++) out[c] = d * (float)nibble(b->q, c) + m;
}

static void dequantize_q5_0(const void *block, float *out) {
    const jl_block_q5_0 *b = block;
    float d = jl_half_to_float(b->d);
    for (int c = 0; c < 32; c++)
        out[c] = d * (float)((nibble(b->q, c) | fifth_bit(b->high, c)) - 16);
}

static void dequantize_q5_1(const void *block, float *out) {
    const jl_block_q5_1 *b = block;
    float d = jl_half_to_float(b->d), m = jl_half_to_float(b->m);
    for (int c = 0; c < 32; c++) out[c] = d * (float)(nibble(b->q, c) | fifth_bit(b->high, c)) + m;
}

static void dequantize_iq4_nl(const void *block, float *out) {
    const jl_block_iq4_nl *b = block;
    float d = jl_half_to_float(b->d);
    for (int c = 0; c < 32; c++) out[c] = d * jl_quant_values[JL_TABLE_IQ4][nibble(b->q, c)];
}

/* -- Super-blocks of 256 ----------------------------------------------------------------------- */

void jl_k_scale(const uint8_t scales[12], int j, int *s, int *m) {
    if (j < 4) {
        *s = scales[j] & 63;
        *m = scales[j + 4] & 63;
    } else {
        *s = (scales[j + 4] & 15) | (scales[j - 4] >> 6) << 4;
        *m = scales[j + 4] >> 4 | (scales[j] >> 6) << 4;
    }
}

int jl_q3_k_scale(const jl_block_q3_k *b, int j) {
    int low = b->scales[j % 8] >> (j < 8 ? 0 : 4) & 15;
    return (low | (b->scales[8 + j % 4] >> j / 4 * 2 & 3) << 4) - 32;
}

int jl_iq4_xs_scale(const jl_block_iq4_xs *b, int j) {
    return ((b->scales_low[j / 2] >> j % 2 * 4 & 15) | (b->scales_high >> 2 * j & 3) << 4) - 32;
}

/* Column c of a 2-bit, 4-bit and 1-bit plane. */
static int plane2(const uint8_t *q, int c) {
    return q[c / 128 * 32 + c % 32] >> c / 32 % 4 * 2 & 3;
}
static int plane4(const uint8_t *q, int c) {
    return q[c / 64 * 32 + c % 32] >> c / 32 % 2 * 4 & 15;
}
static int plane1(const uint8_t *q, int c) {
    return q[c % 32] >> c / 32 & 1;
}

static void dequantize_q2_k(const void *block, float *out) {
    const jl_block_q2_k *b = block;
    float d = jl_half_to_float(b->d), dmin = jl_half_to_float(b->dmin);
    for (int c = 0; c < 256; c++) {
        int s = b->scales[c / 16] & 15, m = b->scales[c / 16] >> 4;
        out[c] = (d * (float)s) * (float)plane2(b->q, c) - dmin * (float)m;
    }
}

static void dequantize_q3_k(const void *block, float *out) {
    const jl_block_q3_k *b = block;
    float d = jl_half_to_float(b->d);
    for (int c = 0; c < 256; c++) {
        int q = (plane2(b->q, c) | plane1(b->high, c) << 2) - 4;
        out[c] = (d * (float)jl_q3_k_scale(b, c / 16)) * (float)q;
    }
}

static void dequantize_q4_k(const void *block, float *out) {
    const jl_block_q4_k *b = block;
    float d = jl_half_to_float(b->d), dmin = jl_half_to_float(b->dmin);
    for (int c = 0; c < 256; c++) {
        int s, m;
        jl_k_scale(b->scales, c / 32, &s, &m);
        out[c] = (d * (float)s) * (float)plane4(b->q, c) - dmin * (float)m;
    }
}

static void dequantize_q5_k(const void *block, float *out) {
    const jl_block_q5_k *b = block;
    float d = jl_half_to_float(b->d), dmin = jl_half_to_float(b->dmin);
    for (int c = 0; c < 256; c++) {
        int s, m, q = plane4(b->q, c) | plane1(b->high, c) << 4;
        jl_k_scale(b->scales, c / 32, &s, &m);
        out[c] = (d * (float)s) * (float)q - dmin * (float)m;
    }
}

static void dequantize_q6_k(const void *block, float *out) {
    const jl_block_q6_k *b = block;
    float d = jl_half_to_float(b->d);
    for (int c = 0; c < 256; c++) {
        int low = b->low[c / 128 * 64 + c % 64] >> c / 64 % 2 * 4 & 15;
        int q = (low | plane2(b->high, c) << 4) - 32;
        out[c] = (d * b->scales[c / 16]) * (float)q;
    }
}

static void dequantize_iq4_xs(const void *block, float *out) {
    const jl_block_iq4_xs *b = block;
    float d = jl_half_to_float(b->d);
    for (int c = 0; c < 256; c++)
        out[c] = (d * (float)jl_iq4_xs_scale(b, c / 32)) *
                 jl_quant_values[JL_TABLE_IQ4][nibble(b->q + c / 32 * 16, c % 32)];
}

/* -- All types --------------------------------------------------------------------------------- */

/* one: NULL for the types of quant_rare.h. */
static void dequantize_blocks(jl_type type, const uint8_t *src, float *out, size_t n,
                              void (*one)(const void *block, float *out)) {
    union {
        uint16_t alignment;
        uint8_t bytes[sizeof(jl_block_q6_k)]; /* the largest */
    } block;
    size_t columns = (size_t)types[type].block, bytes = (size_t)types[type].bytes;
    for (size_t i = 0; i < n; i += columns, src += bytes) {
        memcpy(block.bytes, src, bytes);
#ifdef JL_ALL
        if (!one)
            jl_rare_dequantize(type, block.bytes, out + i);
        else
#endif
            one(block.bytes, out + i);
    }
}

void jl_dequantize(jl_type type, const uint8_t *src, float *out, size_t n) {
    static void (*const readers[])(const void *, float *) = {
        [JL_Q8_0] = dequantize_q8_0, [JL_Q4_0] = dequantize_q4_0, [JL_Q4_1] = dequantize_q4_1,
        [JL_Q5_0] = dequantize_q5_0, [JL_Q5_1] = dequantize_q5_1, [JL_IQ4_NL] = dequantize_iq4_nl,
        [JL_Q2_K] = dequantize_q2_k, [JL_Q3_K] = dequantize_q3_k, [JL_Q4_K] = dequantize_q4_k,
        [JL_Q5_K] = dequantize_q5_k, [JL_Q6_K] = dequantize_q6_k, [JL_IQ4_XS] = dequantize_iq4_xs,
    };
    if (type == JL_F32)
        memcpy(out, src, n * sizeof *out);
    else if (type == JL_F16)
        dequantize_16(src, out, n, jl_half_to_float);
    else if (type == JL_BF16)
        dequantize_16(src, out, n, jl_bf16_to_float);
#ifdef JL_ALL
    else if (jl_is_rare(type))
        dequantize_blocks(type, src, out, n, NULL);
#endif
    else
        dequantize_blocks(type, src, out, n, readers[type]);
}

/* ---- Quantisation --------------------------------------------------------------------------- */

/* The element of largest magnitude, signed; the first of equals. */
static float extreme(const float *x) {
    float max = 0;
    for (int i = 0; i < 32; i++)
        if (fabsf(x[i]) > fabsf(max)) max = x[i];
    return max;
}

/* 1 / d, or 0 if that is not finite: then d as a half is 0 too. */
static float inverse_of(float d) {
    float inverse = 1 / d;
    return fabsf(inverse) < INFINITY ? inverse : 0;
}

static void quantize_q8_0(const float *x, uint8_t *out) {
    float d = fabsf(extreme(x)) / 127, inverse = inverse_of(d);
    jl_block_q8_0 b = { .d = jl_float_to_half(d) };
    for (int i = 0; i < 32; i++) b.q[i] = (int8_t)roundf(x[i] * inverse);
    memcpy(out, &b, sizeof b);
}

/* Maps the extreme to −8, so that all 16 levels are used. */
static void quantize_q4_0(const float *x, uint8_t *out) {
    float d = extreme(x) / -8, inverse = inverse_of(d);
    jl_block_q4_0 b = { .d = jl_float_to_half(d) };
    for (int i = 0; i < 16; i++) {
        int low = (int)(x[i] * inverse + 8.5f), high = (int)(x[i + 16] * inverse + 8.5f);
        b.q[i] = (uint8_t)((low < 15 ? low : 15) | (high < 15 ? high : 15) << 4);
    }
    memcpy(out, &b, sizeof b);
}

int jl_quantize(jl_type type, const float *x, uint8_t *out, size_t n) {
    switch ((int)type) {
    case JL_F32:
        if (n) memcpy(out, x, n * sizeof *x);
        return 1;
    case JL_F16:
        for (size_t i = 0; i < n; i++, out += 2) {
            uint16_t half = jl_float_to_half(x[i]);
            memcpy(out, &half, sizeof half);
        }
        return 1;
    case JL_Q8_0:
        for (; n; n -= 32, x += 32, out += sizeof(jl_block_q8_0)) quantize_q8_0(x, out);
        return 1;
    case JL_Q4_0:
        for (; n; n -= 32, x += 32, out += sizeof(jl_block_q4_0)) quantize_q4_0(x, out);
        return 1;
    default:
        return 0;
    }
}
