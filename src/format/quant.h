/* quant.h - the tensor types of GGUF: block structs, sizes, and scalar dequantisation.
 *
 * Layouts follow ggml's block definitions (ggml-common.h) and are size-asserted. jl_dequantize() is
 * the oracle that packing and kernels are compared with. Values of jl_type are the format's own
 * numbers.
 */
#ifndef JL_QUANT_H
#define JL_QUANT_H

#include <stddef.h>
#include <stdint.h>

typedef enum jl_type {
    JL_F32 = 0,
    JL_F16 = 1,
    JL_Q4_0 = 2,
    JL_Q4_1 = 3,
    JL_Q5_0 = 6,
    JL_Q5_1 = 7,
    JL_Q8_0 = 8,
    JL_Q2_K = 10,
    JL_Q3_K = 11,
    JL_Q4_K = 12,
    JL_Q5_K = 13,
    JL_Q6_K = 14,
    JL_IQ4_NL = 20,
    JL_IQ4_XS = 23,
    JL_BF16 = 30
} jl_type;

typedef struct jl_type_info {
    const char *name; /* as GGUF tools write it: "Q8_0"; NULL for a number without a type */
    int block;        /* elements a block */
    int bytes;        /* bytes a block; 0: the type is known by name but not supported */
} jl_type_info;

/* Of any number; never NULL. Types of the format that are not supported still have their name. */
const jl_type_info *jl_type_get(uint32_t type);

/* "F32, F16, … or BF16": the supported ones, for messages. Returns out. */
const char *jl_type_names(char *out, size_t cap);

typedef struct jl_block_q8_0 {
    uint16_t d;
    int8_t q[32];
} jl_block_q8_0; /* w = d·q */
typedef struct jl_block_q4_0 {
    uint16_t d;
    uint8_t q[16];
} jl_block_q4_0; /* w = d·(q−8) */
typedef struct jl_block_q4_1 {
    uint16_t d, m;
    uint8_t q[16];
} jl_block_q4_1; /* w = d·q + m */
typedef struct jl_block_q5_0 {
    uint16_t d;
    uint8_t high[4], q[16];
} jl_block_q5_0; /* w = d·(q−16) */
typedef struct jl_block_q5_1 {
    uint16_t d, m;
    uint8_t high[4], q[16];
} jl_block_q5_1; /* w = d·q + m */
typedef struct jl_block_iq4_nl {
    uint16_t d;
    uint8_t q[16];
} jl_block_iq4_nl; /* w = d·jl_iq4_values[q] */
/* In these q[j] holds column j in its low and column j + 16 in its high nibble; bit c of `high` is
 * bit 4 of column c. */

/* K-quants: 256 columns share d and dmin; groups of 16 or 32 columns have small integer scales s
 * and minima m. `q` of 2 bits: byte 32·(c / 128) + c % 32, bits 2·(c / 32 % 4); of 4 bits: byte
 * 32·(c / 64) + c % 32, nibble c / 32 % 2. Single bits: byte c % 32, bit c / 32. */
typedef struct jl_block_q2_k {
    uint8_t scales[16]; /* a group of 16: s in the low, m in the high nibble */
    uint8_t q[64];
    uint16_t d, dmin;
} jl_block_q2_k; /* w = d·s·q − dmin·m */
typedef struct jl_block_q3_k {
    uint8_t high[32], q[64]; /* bit 2 of the quants, bits 0 and 1 */
    uint8_t scales[12];      /* 16 × 6 bits: low nibbles of s[0..15] by 8, high pairs by 4 */
    uint16_t d;
} jl_block_q3_k; /* w = d·(s−32)·(q−4) */
typedef struct jl_block_q4_k {
    uint16_t d, dmin;
    uint8_t scales[12]; /* 8 × 6 bits s and m, see jl_k_scale */
    uint8_t q[128];
} jl_block_q4_k; /* w = d·s·q − dmin·m */
typedef struct jl_block_q5_k {
    uint16_t d, dmin;
    uint8_t scales[12], high[32], q[128];
} jl_block_q5_k; /* w = d·s·q − dmin·m */
typedef struct jl_block_q6_k {
    uint8_t low[128]; /* bytes 64·(c / 128) + c % 64, nibble c / 64 % 2 */
    uint8_t high[64]; /* bits 4 and 5, as the 2-bit planes */
    int8_t scales[16];
    uint16_t d;
} jl_block_q6_k; /* w = d·s·(q−32) */
typedef struct jl_block_iq4_xs {
    uint16_t d, scales_high;       /* s of 32 columns: 4 bits of low nibbles, 2 bits here */
    uint8_t scales_low[4], q[128]; /* q[16·(c / 32) + c % 16], nibble c / 16 % 2 */
} jl_block_iq4_xs;                 /* w = d·(s−32)·jl_iq4_values[q] */

_Static_assert(sizeof(jl_block_q8_0) == 34, "Q8_0 block");
_Static_assert(sizeof(jl_block_q4_0) == 18, "Q4_0 block");
_Static_assert(sizeof(jl_block_q4_1) == 20, "Q4_1 block");
_Static_assert(sizeof(jl_block_q5_0) == 22, "Q5_0 block");
_Static_assert(sizeof(jl_block_q5_1) == 24, "Q5_1 block");
_Static_assert(sizeof(jl_block_iq4_nl) == 18, "IQ4_NL block");
_Static_assert(sizeof(jl_block_q2_k) == 84, "Q2_K block");
_Static_assert(sizeof(jl_block_q3_k) == 110, "Q3_K block");
_Static_assert(sizeof(jl_block_q4_k) == 144, "Q4_K block");
_Static_assert(sizeof(jl_block_q5_k) == 176, "Q5_K block");
_Static_assert(sizeof(jl_block_q6_k) == 210, "Q6_K block");
_Static_assert(sizeof(jl_block_iq4_xs) == 136, "IQ4_XS block");

/* What the quants of IQ4_NL and IQ4_XS mean (kvalues_iq4nl of ggml-common.h). */
extern const int8_t jl_iq4_values[16];

/* Scale and minimum of 32 columns j < 8 of Q4_K and Q5_K. */
void jl_k_scale(const uint8_t scales[12], int j, int *s, int *m);
/* Scale of 16 columns j < 16 of Q3_K, and of 32 columns j < 8 of IQ4_XS, −32 applied. */
int jl_q3_k_scale(const jl_block_q3_k *b, int j);
int jl_iq4_xs_scale(const jl_block_iq4_xs *b, int j);

/* n elements (a multiple of the type's block) from src, which need not be aligned, to out[n]. */
void jl_dequantize(jl_type type, const uint8_t *src, float *out, size_t n);

/* x[n], finite numbers, → n elements at out, which need not be aligned, as ggml's reference
 * quantiser makes them. n is a multiple of the type's block; F32, F16, Q8_0, Q4_0. Returns 0 for
 * any other type. */
int jl_quantize(jl_type type, const float *x, uint8_t *out, size_t n);

#endif
