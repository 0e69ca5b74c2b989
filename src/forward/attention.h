/* attention.h - multi-head attention over the KV cache, as a sublayer of a block.
 *
 * With grouped-query attention (Ainslie et al. 2023) several query heads share one KV head; they
 * are computed together.
 */
#ifndef JL_ATTENTION_H
#define JL_ATTENTION_H

#include "pass.h"

/* delta = W_o · attention of h over everything up to each token; the cache must hold the positions
 * before the batch, and holds the batch afterwards. */
void jl_attention_sublayer(const jl_pass *p, int block);

/* The two halves of it, for a batch that is computed some rows at a time. First the keys and values
 * of all rows are stored in the cache; */
void jl_attention_store_kv(const jl_pass *p, int block);

/* then delta of some rows, whose queries read the cache. */
void jl_attention_read_kv(const jl_pass *p, int block);

/* Multiplications of one token's attention where the cache holds `keys` positions. */
uint64_t jl_attention_cost(const jl_model *m, int block, int keys);

#endif
