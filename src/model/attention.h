/* attention.h - the KV cache and causal multi-head attention over it.
 *
 * The cache keeps keys and values of every position, as floats or half floats, in the tiles that
 * the kernels read: [layer][KV head][tile of 16 positions] K [head size][16], V [16][head size].
 * With grouped-query attention (Ainslie et al. 2023) several query heads share one KV head; they
 * are computed together.
 */
#ifndef JL_ATTENTION_H
#define JL_ATTENTION_H

#include "model.h"
#include "taps.h"

typedef struct jl_kv_cache {
    jl_kv_type type;
    uint8_t *k, *v; /* [n_layers][n_kv_heads][n_tiles] tiles of jl_kv_tile_bytes(type, head_dim) */
    int n_tiles;
} jl_kv_cache;

/* Scratch of one call, for n tokens. */
typedef struct jl_attention_scratch {
    float *q;     /* [n × group][head_dim] scaled queries of one KV head */
    float *out;   /* [n × group][head_dim] */
    int *n_keys;  /* [n × group] */
    void *kernel; /* jl_attention_bytes() */
} jl_attention_scratch;

/* Writes k and v [n][n_kv_heads × head_dim] of the positions pos … pos + n − 1 of one layer. */
void jl_kv_write(const jl_kv_cache *c, const jl_model *m, int layer, int pos, int n, const float *k,
                 const float *v);

/* q [n][n_heads × head_dim], rotated; out the same shape: each head's softmax(q·Kᵀ/√d)·V over the
 * positions up to its own. The cache must hold them, the new ones included. */
void jl_attend(const jl_kv_cache *c, const jl_model *m, int layer, int pos, int n, const float *q,
               float *out, jl_attention_scratch *scratch, const jl_taps *taps);

#endif
