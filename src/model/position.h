/* position.h - positions in attention: RoPE with its scaling methods, and ALiBi.
 *
 * RoPE (Su et al. 2021) rotates pair i of every query and key by the angle pos·f_i, f_i =
 * base^(−2i/n_rot), so that their dot product depends only on the distance. Scaling extends the
 * context by changing the f_i: it divides them by given factors (Llama 3; LongRoPE, Ding et al.
 * 2024), all by one factor (linear, Chen et al. 2023), or only the slow ones, with a correction of
 * the lengths (YaRN, Peng et al. 2023). ALiBi (Press et al. 2022) instead subtracts a multiple of
 * the distance from the scores.
 */
#ifndef JL_POSITION_H
#define JL_POSITION_H

#include "../format/gguf.h"
#include "arch.h"

enum { JL_MAX_PAIRS = 512 };

typedef struct jl_rope_table {
    int n_pairs;                    /* rotated pairs of a head, n_rot / 2 */
    int stride_pair, distance;      /* see jl_rope() */
    double frequency[JL_MAX_PAIRS]; /* radians per position */
    double base;
    double length; /* factor of the rotated vectors: 1 except for YaRN */
} jl_rope_table;

/* Reads <arch>.rope.* into r [JL_ROPE_SCOPES]; context: the length before scaling. */
jl_status jl_rope_read(jl_rope_table *r, const jl_gguf *g, const jl_arch *arch, int head_dim,
                       int context, jl_error *error);

/* Divides the frequencies by factors [n_pairs] of the tensor `name`; rejects factors that are not
 * positive. */
jl_status jl_rope_divide(jl_rope_table *r, const char *name, const float *factors, jl_error *error);

/* slopes [heads] of ALiBi with maximum exponent max_exponent. */
void jl_alibi_slopes(float *slopes, int heads, float max_exponent);

#endif
