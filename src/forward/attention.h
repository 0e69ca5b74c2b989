/* attention.h - multi-head attention over the KV cache, as a sublayer of a block.
 *
 * With grouped-query attention (Ainslie et al. 2023) several query heads share one KV head; they
 * are computed together.
 */
#ifndef JL_ATTENTION_H
#define JL_ATTENTION_H

#include "pass.h"

/* delta = W_o · attention(h), causal except in encoders. The cache must hold the positions before
 * the batch; the batch is appended. */
void jl_attention_sublayer(const jl_pass *p, int block);

/* The two halves of the sublayer, for a batch computed some rows at a time. First half: stores the
 * keys and values of the rows. */
void jl_attention_store_kv(const jl_pass *p, int block);

/* Second half, after the first for all rows: delta from queries over the cache. */
void jl_attention_read_kv(const jl_pass *p, int block);

/* Multiplications of one token's attention over a cache of `keys` positions. */
uint64_t jl_attention_cost(const jl_model *m, int block, int keys);

#endif
