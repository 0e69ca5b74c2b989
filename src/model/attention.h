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

/* Only what later positions ask of the batch: its keys and values join the cache. */
void jl_attention_remember(const jl_pass *p, int layer);

#endif
