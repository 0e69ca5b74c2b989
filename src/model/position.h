/* position.h - how a token's position enters attention: rotary embedding and its ways of
 * stretching.
 *
 * RoPE (Su et al. 2021) turns pair i of every query and key by the angle pos·f_i, f_i =
 * base^(−2i/n_rot), so that their dot product depends on the distance alone. Longer contexts than
 * trained are reached by changing the f_i: divided by given factors (Llama 3; LongRoPE, Ding et al.
 * 2024), all by one factor (linear, Chen et al. 2023), or only the slow ones with a correction of
 * the lengths (YaRN, Peng et al. 2023). ALiBi (Press et al. 2022) lowers scores by the distance
 * instead.
 */
#ifndef JL_POSITION_H
#define JL_POSITION_H

#include "../format/gguf.h"
#include "arch.h"

enum { JL_MAX_PAIRS = 512 };

typedef struct jl_rope_table {
    int n_pairs;                    /* rotated pairs of a head, n_rot / 2 */
    int stride_pair, distance;      /* see jl_rope() */
    double frequency[JL_MAX_PAIRS]; /* radians a position */
    double length;                  /* factor on the rotated vectors' length: 1 except for YaRN */
} jl_rope_table;

/* Reads <arch>.rope.* into r [JL_ROPE_SCOPES]; head_dim is the size of a head, context the length
 * before stretching. */
jl_status jl_rope_read(jl_rope_table *r, const jl_gguf *g, const jl_arch *arch, int head_dim,
                       int context, jl_error *error);

/* Divides the frequencies by factors [n_pairs], those of the tensor `name`; refuses factors that
 * are not positive numbers. */
jl_status jl_rope_divide(jl_rope_table *r, const char *name, const float *factors, jl_error *error);

/* slopes [heads] of ALiBi, whose largest exponent is max_exponent. */
void jl_alibi_slopes(float *slopes, int heads, float max_exponent);

#endif
