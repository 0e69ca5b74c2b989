/* forward.h - token ids → logits: the Transformer itself.
 *
 * Works on a batch of consecutive positions. Everything it writes lies in the scratch and the KV
 * cache, both owned by the session; it allocates nothing and cannot fail.
 */
#ifndef JL_FORWARD_H
#define JL_FORWARD_H

#include "attention.h"
#include "../base/arena.h"

/* Buffers for a batch of up to n_batch tokens. n is the batch, widths as in jl_hparams. */
typedef struct jl_scratch {
    float *x;         /* [n][embd] the residual stream */
    float *h;         /* [n][embd] normalised, or what a part adds to x */
    float *q, *k, *v; /* [n][heads·hd], [n][kv·hd], [n][kv·hd] */
    float *heads;     /* [n][heads·hd] what attention gathered */
    float *gate, *up; /* [n][ff] */
    float *angles;    /* [n][pairs][2] */
    void *act;        /* prepared activations of one product */
    jl_attention_scratch attention;
} jl_scratch;

void jl_scratch_take(jl_scratch *s, jl_arena *arena, const jl_model *m, int n_batch);

/* Evaluates ids[n] at positions pos … pos + n − 1 and writes the logits [rows][vocab] of the
 * batch's last `rows` tokens (0 ≤ rows ≤ n). The cache must hold the positions before pos. taps may
 * be NULL. */
void jl_forward(const jl_model *m, const jl_kv_cache *cache, jl_scratch *s, const int32_t *ids,
                int n, int pos, int rows, float *logits, const jl_taps *taps);

#endif
