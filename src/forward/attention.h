/* attention.h - multi-head attention over the KV cache, as a part of a block.
 *
 * With grouped-query attention (Ainslie et al. 2023) several query heads share one KV head; they
 * are computed together.
 */
#ifndef JL_ATTENTION_H
#define JL_ATTENTION_H

#include "pass.h"

/* delta = W_o · attention of h over everything up to each token; the cache must hold the positions
 * before the batch, and holds the batch afterwards. */
void jl_attention_part(const jl_pass *p, int layer);

/* The two halves of it, for a batch that is taken in parts of its rows: first the keys and values
 * of all rows join the cache, which is also all that later batches ask of these; */
void jl_attention_remember(const jl_pass *p, int layer);

/* then delta of each part, whose queries see them. */
void jl_attention_answer(const jl_pass *p, int layer);

/* Multiplications of one token's attention where the cache holds `keys` positions. */
uint64_t jl_attention_cost(const jl_model *m, int layer, int keys);

#endif
