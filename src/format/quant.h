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
    JL_Q8_0 = 8,
    JL_BF16 = 30
} jl_type;

typedef struct jl_type_info {
    const char *name; /* as GGUF tools write it: "Q8_0"; NULL for a number without a type */
    int block;        /* elements a block */
    int bytes;        /* bytes a block; 0: the type is known by name but not supported */
} jl_type_info;

/* Of any number; never NULL. Types of the format that are not supported still have their name. */
const jl_type_info *jl_type_get(uint32_t type);

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
/* In the 4-bit types q[j] holds column j in its low and column j + 16 in its high nibble. */

_Static_assert(sizeof(jl_block_q8_0) == 34, "Q8_0 block");
_Static_assert(sizeof(jl_block_q4_0) == 18, "Q4_0 block");
_Static_assert(sizeof(jl_block_q4_1) == 20, "Q4_1 block");

/* n elements (a multiple of the type's block) from src, which need not be aligned, to out[n]. */
void jl_dequantize(jl_type type, const uint8_t *src, float *out, size_t n);

#endif
