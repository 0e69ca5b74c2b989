/* quant_rare.h - tensor types that few files have: ternary weights, 4-bit floats, and weights of 1
 * to 3 bits as rows of a grid.
 *
 * Only builds with JL_ALL read them. Layouts follow ggml-common.h (ggml); tests compare the values
 * with those of gguf-py. One reader per type unpacks 32 columns to jl_quants, for jl_dequantize()
 * and for packing. All weights are exact in a float:
 *   Q1, Q2, TQ   w = d·(q − 1)
 *   MX, NV       w = d·jl_quant_values[JL_TABLE_FP4][q]
 *   grids (IQ)   w = d·s·jl_quant_values[…][q] / 8, s odd
 */
#ifndef JL_QUANT_RARE_H
#define JL_QUANT_RARE_H

#include "quant.h"

/* Ternary weights −1, 0, 1 (TQ: BitNet b1.58, Ma et al. 2024), and with 1 or 2 bits. */
typedef struct jl_block_tq1_0 {
    uint8_t q[48], last[4]; /* digits of base 3, 5 (last: 4) a byte, as a fraction of 256 */
    uint16_t d;
} jl_block_tq1_0;
typedef struct jl_block_tq2_0 {
    uint8_t q[64]; /* a 2-bit plane, as in the K types */
    uint16_t d;
} jl_block_tq2_0;

typedef struct jl_block_q1_0 {
    uint16_t d;
    uint8_t q[16]; /* bits: 1 is d, 0 is −d */
} jl_block_q1_0;
typedef struct jl_block_q2_0 {
    uint16_t d;
    uint8_t q[16]; /* 2 bits a weight, in order */
} jl_block_q2_0;

/* 4-bit floats E2M1 (OCP Microscaling Formats 1.0), nibbles as in Q4_0. The scales here are half of
 * the format's, because the table has twice the values. */
typedef struct jl_block_mxfp4 {
    uint8_t e; /* E8M0: d = 2^(e − 128) */
    uint8_t q[16];
} jl_block_mxfp4;
typedef struct jl_block_nvfp4 {
    uint8_t d[4]; /* of 16 columns: E4M3 without sign */
    uint8_t q[32];
} jl_block_nvfp4;

/* Grids: an index of 8 to 11 bits chooses a row of 8 or 4 magnitudes, further bits their signs.
 * 7 bits of signs: the eighth makes the number of minus signs even. */
typedef struct jl_block_iq2_xxs {
    uint16_t d;
    uint8_t q[64]; /* for 32 columns: 4 indices, then 4 × 7 bits of signs and 4 of the scale */
} jl_block_iq2_xxs;
typedef struct jl_block_iq2_xs {
    uint16_t d, q[32]; /* for 8 columns: index 9 bits, signs 7 */
    uint8_t scales[8]; /* nibbles, for 16 columns */
} jl_block_iq2_xs;
typedef struct jl_block_iq2_s {
    uint16_t d;
    uint8_t q[32], signs[32], high[8]; /* high: 2 bits of each of 4 indices */
    uint8_t scales[8];
} jl_block_iq2_s;
typedef struct jl_block_iq3_xxs {
    uint16_t d;
    uint8_t q[64], signs[32]; /* for 32 columns: as the second half of IQ2_XXS */
} jl_block_iq3_xxs;
typedef struct jl_block_iq3_s {
    uint16_t d;
    uint8_t q[64], high[8], signs[32]; /* high: 1 bit of each of 8 indices */
    uint8_t scales[4];                 /* nibbles, for 32 columns */
} jl_block_iq3_s;
typedef struct jl_block_iq1_s {
    uint16_t d;
    uint8_t q[32];
    uint16_t high[8]; /* 4 × 3 bits of indices, 3 of the scale, 1: subtract ⅛, not add */
} jl_block_iq1_s;
typedef struct jl_block_iq1_m {
    uint8_t q[32], high[16]; /* high: for 8 columns a nibble, 3 bits of the index, 1 as above */
    uint8_t scales[8];       /* 4 × (4 × 3 bits, for 16 columns, and 4 bits of d) */
} jl_block_iq1_m;

_Static_assert(sizeof(jl_block_tq1_0) == 54, "TQ1_0 block");
_Static_assert(sizeof(jl_block_tq2_0) == 66, "TQ2_0 block");
_Static_assert(sizeof(jl_block_q1_0) == 18, "Q1_0 block");
_Static_assert(sizeof(jl_block_q2_0) == 18, "Q2_0 block");
_Static_assert(sizeof(jl_block_mxfp4) == 17, "MXFP4 block");
_Static_assert(sizeof(jl_block_nvfp4) == 36, "NVFP4 block");
_Static_assert(sizeof(jl_block_iq2_xxs) == 66, "IQ2_XXS block");
_Static_assert(sizeof(jl_block_iq2_xs) == 74, "IQ2_XS block");
_Static_assert(sizeof(jl_block_iq2_s) == 82, "IQ2_S block");
_Static_assert(sizeof(jl_block_iq3_xxs) == 98, "IQ3_XXS block");
_Static_assert(sizeof(jl_block_iq3_s) == 110, "IQ3_S block");
_Static_assert(sizeof(jl_block_iq1_s) == 50, "IQ1_S block");
_Static_assert(sizeof(jl_block_iq1_m) == 56, "IQ1_M block");

/* Whether a type is one of the above. */
int jl_is_rare(jl_type type);

/* Unpacks columns [32k, 32k + 32) of an aligned block. TQ: d is also the minimum m, and both
 * nibbles of scale are 1 (layout K2). MX, NV: d, and m for the last 16 columns, are bfloat16. IQ:
 * scale is 2s + 1 of the first and of the last 16 columns. */
void jl_rare_read(jl_type type, const void *block, int k, jl_quants *to);

/* Dequantises one aligned block. */
void jl_rare_dequantize(jl_type type, const void *block, float *out);

#endif
