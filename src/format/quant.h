/* quant.h - tensor types of GGUF: block structs, sizes, scalar dequantisation.
 *
 * Layouts follow ggml's block definitions (ggml-common.h); sizes are asserted. jl_dequantize() is
 * the reference for packing and kernel tests. jl_type has the format's type numbers.
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
    JL_IQ2_XXS = 16, /* this and the other types of quant_rare.h: under JL_ALL only */
    JL_IQ2_XS = 17,
    JL_IQ3_XXS = 18,
    JL_IQ1_S = 19,
    JL_IQ4_NL = 20,
    JL_IQ3_S = 21,
    JL_IQ2_S = 22,
    JL_IQ4_XS = 23,
    JL_IQ1_M = 29,
    JL_BF16 = 30,
    JL_TQ1_0 = 34,
    JL_TQ2_0 = 35,
    JL_MXFP4 = 39,
    JL_NVFP4 = 40,
    JL_Q1_0 = 41,
    JL_Q2_0 = 42
} jl_type;

typedef struct jl_type_info {
    const char *name; /* as in GGUF tools: "Q8_0"; NULL: no such type */
    int block;        /* elements per block */
    int bytes;        /* bytes per block; 0: not supported */
} jl_type_info;

/* Accepts any number; never NULL. Unsupported types of the format still have a name. */
const jl_type_info *jl_type_get(uint32_t type);

/* Writes the supported types for messages: "F32, F16, … or BF16". Returns out. */
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
} jl_block_iq4_nl; /* w = d·jl_quant_values[JL_TABLE_IQ4][q] */
/* In the blocks above, q[j] holds column j (low nibble) and j + 16 (high); bit c of `high` is bit 4
 * of column c. */

/* K-quants: 256 columns share d and dmin; groups of 16 or 32 columns have integer scales s and
 * minima m. `q` of 2 bits: byte 32·(c / 128) + c % 32, bits 2·(c / 32 % 4); of 4 bits: byte 32·(c /
 * 64) + c % 32, nibble c / 32 % 2. Single bits: byte c % 32, bit c / 32. */
typedef struct jl_block_q2_k {
    uint8_t scales[16]; /* per group of 16: s low nibble, m high nibble */
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
} jl_block_iq4_xs;                 /* w = d·(s−32)·jl_quant_values[JL_TABLE_IQ4][q] */

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

/* Values of quants that are indices: kvalues_iq4nl of ggml-common.h (IQ4), and those of the types
 * in quant_rare.h; the grids (IQ1 to IQ3) have signed values in eighths. */
typedef enum jl_value_table {
    JL_NO_TABLE,
    JL_TABLE_IQ4,
    JL_TABLE_FP4,
    JL_TABLE_IQ1,
    JL_TABLE_IQ2,
    JL_TABLE_IQ3_XXS,
    JL_TABLE_IQ3_S
} jl_value_table;
extern const int8_t jl_quant_values[][16];

/* 32 columns of a block as the integers of its type. */
typedef struct jl_quants {
    uint8_t q[32];                /* quants, offset not subtracted; Q8_0: int8 */
    uint16_t d, m;                /* halves of the block or its super-block; NVFP4: see there */
    uint8_t scale[2], minimum[2]; /* K and IQ types: of each group of 16 or 32 columns */
} jl_quants;

/* Scale and minimum of Q4_K and Q5_K group j < 8 (32 columns). */
void jl_k_scale(const uint8_t scales[12], int j, int *s, int *m);
/* Scale minus 32 of Q3_K group j < 16 (16 columns), IQ4_XS group j < 8 (32 columns). */
int jl_q3_k_scale(const jl_block_q3_k *b, int j);
int jl_iq4_xs_scale(const jl_block_iq4_xs *b, int j);

/* Dequantises n elements (a multiple of the type's block) from unaligned src to out[n]. */
void jl_dequantize(jl_type type, const uint8_t *src, float *out, size_t n);

/* Quantises finite x[n] to unaligned out exactly as ggml's reference quantiser. n is a multiple of
 * the type's block. Supports F32, F16, Q8_0, Q4_0; returns 0 for other types. */
int jl_quantize(jl_type type, const float *x, uint8_t *out, size_t n);

#endif
