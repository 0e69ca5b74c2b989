/* forward.h - token ids → logits: the Transformer itself.
 *
 * Works on a batch of consecutive positions. Everything it writes lies in the scratch and the
 * cache, both owned by the session; it allocates nothing and cannot fail.
 */
#ifndef JL_FORWARD_H
#define JL_FORWARD_H

#include "pass.h"

/* Lays the buffers out for batches of up to n_batch tokens in a context of n_ctx positions, for the
 * threads of a pool (or NULL). */
void jl_scratch_take(jl_scratch *s, jl_arena *arena, const jl_model *m, int n_batch, int n_ctx,
                     jl_pool *pool);

/* Evaluates ids[n] at positions pos … pos + n − 1 and writes the logits [rows][vocab] of the
 * batch's last `rows` tokens (0 ≤ rows ≤ n). The cache must hold the positions before pos. taps may
 * be NULL. */
void jl_forward(const jl_model *m, const jl_cache *cache, jl_scratch *s, const int32_t *ids, int n,
                int pos, int rows, float *logits, const jl_taps *taps);

#endif
