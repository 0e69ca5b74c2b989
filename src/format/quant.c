/* quant.c - the table of tensor types, and scalar dequantisation of the supported ones.
 *
 * Plain and slow on purpose: packing and kernels are compared with it. Numbers, names and block
 * sizes are those of enum ggml_type and ggml-common.h (ggml). A type with bytes = 0 is refused by
 * name.
 */
#include "quant.h"

#include <string.h>

#include "../base/half.h"

static const jl_type_info types[] = {
    [JL_F32] = { "F32", 1, 4 },
    [JL_F16] = { "F16", 1, 2 },
    [JL_Q4_0] = { "Q4_0", 32, sizeof(jl_block_q4_0) },
    [JL_Q4_1] = { "Q4_1", 32, sizeof(jl_block_q4_1) },
    [6] = { "Q5_0", 32, 0 },
    [7] = { "Q5_1", 32, 0 },
    [JL_Q8_0] = { "Q8_0", 32, sizeof(jl_block_q8_0) },
    [9] = { "Q8_1", 32, 0 },
    [10] = { "Q2_K", 256, 0 },
    [11] = { "Q3_K", 256, 0 },
    [12] = { "Q4_K", 256, 0 },
    [13] = { "Q5_K", 256, 0 },
    [14] = { "Q6_K", 256, 0 },
    [15] = { "Q8_K", 256, 0 },
    [16] = { "IQ2_XXS", 256, 0 },
    [17] = { "IQ2_XS", 256, 0 },
    [18] = { "IQ3_XXS", 256, 0 },
    [19] = { "IQ1_S", 256, 0 },
    [20] = { "IQ4_NL", 32, 0 },
    [21] = { "IQ3_S", 256, 0 },
    [22] = { "IQ2_S", 256, 0 },
    [23] = { "IQ4_XS", 256, 0 },
    [24] = { "I8", 1, 0 },
    [25] = { "I16", 1, 0 },
    [26] = { "I32", 1, 0 },
    [27] = { "I64", 1, 0 },
    [28] = { "F64", 1, 0 },
    [29] = { "IQ1_M", 256, 0 },
    [JL_BF16] = { "BF16", 1, 2 },
    [34] = { "TQ1_0", 256, 0 },
    [35] = { "TQ2_0", 256, 0 },
    [39] = { "MXFP4", 32, 0 },
    [40] = { "NVFP4", 64, 0 },
    [41] = { "Q1_0", 128, 0 },
};

const jl_type_info *jl_type_get(uint32_t type) {
    static const jl_type_info none = { NULL, 1, 0 };
    return type < sizeof types / sizeof *types && types[type].name ? &types[type] : &none;
}

static void dequantize_16(const uint8_t *src, float *out, size_t n, float (*widen)(uint16_t)) {
    for (size_t i = 0; i < n; i++) {
        uint16_t h;
        memcpy(&h, src + 2 * i, sizeof h);
        out[i] = widen(h);
    }
}

static void dequantize_q8_0(const uint8_t *src, float *out, size_t n) {
    for (size_t i = 0; i < n; i += 32, src += sizeof(jl_block_q8_0)) {
        jl_block_q8_0 b;
        memcpy(&b, src, sizeof b);
        float d = jl_half_to_float(b.d);
        for (size_t j = 0; j < 32; j++) out[i + j] = d * b.q[j];
    }
}

static void dequantize_q4_0(const uint8_t *src, float *out, size_t n) {
    for (size_t i = 0; i < n; i += 32, src += sizeof(jl_block_q4_0)) {
        jl_block_q4_0 b;
        memcpy(&b, src, sizeof b);
        float d = jl_half_to_float(b.d);
        for (size_t j = 0; j < 16; j++) {
            out[i + j] = d * (float)((b.q[j] & 15) - 8);
            out[i + j + 16] = d * (float)((b.q[j] >> 4) - 8);
        }
    }
}

static void dequantize_q4_1(const uint8_t *src, float *out, size_t n) {
    for (size_t i = 0; i < n; i += 32, src += sizeof(jl_block_q4_1)) {
        jl_block_q4_1 b;
        memcpy(&b, src, sizeof b);
        float d = jl_half_to_float(b.d), m = jl_half_to_float(b.m);
        for (size_t j = 0; j < 16; j++) {
            out[i + j] = d * (float)(b.q[j] & 15) + m;
            out[i + j + 16] = d * (float)(b.q[j] >> 4) + m;
        }
    }
}

void jl_dequantize(jl_type type, const uint8_t *src, float *out, size_t n) {
    switch (type) {
    case JL_F32:
        memcpy(out, src, n * sizeof *out);
        break;
    case JL_F16:
        dequantize_16(src, out, n, jl_half_to_float);
        break;
    case JL_BF16:
        dequantize_16(src, out, n, jl_bf16_to_float);
        break;
    case JL_Q8_0:
        dequantize_q8_0(src, out, n);
        break;
    case JL_Q4_0:
        dequantize_q4_0(src, out, n);
        break;
    case JL_Q4_1:
        dequantize_q4_1(src, out, n);
        break;
    }
}
