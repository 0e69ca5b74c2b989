/* pass.h - what one pass over a batch works on.
 *
 * A pass evaluates n consecutive positions. Everything it writes lies in the cache and the scratch,
 * both owned by the session. A part of a block (attention.c, feed_forward.c) reads h, the
 * normalised stream, and writes what it adds to the stream into delta.
 */
#ifndef JL_PASS_H
#define JL_PASS_H

#include "../base/arena.h"
#include "model.h"
#include "taps.h"

/* Keys and values of every position, as floats or half floats, in the tiles that the kernels read:
 * [layer][KV head][tile of JL_KV_TILE positions] K [head size][keys], V [keys][head size]. */
typedef struct jl_kv_cache {
    jl_kv_type type;
    uint8_t *k, *v; /* [n_layers][n_kv_heads][n_tiles] tiles of jl_kv_tile_bytes(type, head_dim) */
    int n_tiles;
} jl_kv_cache;

/* Buffers for a batch of up to n_batch tokens. n is the batch, widths as in jl_hparams. */
typedef struct jl_scratch {
    float *x;                      /* [n][embd] the residual stream */
    float *h;                      /* [n][embd] the stream, normalised: what a part reads */
    float *delta;                  /* [n][embd] what a part adds to the stream */
    float *q, *k, *v;              /* [n][heads·hd], [n][kv·hd], [n][kv·hd] */
    float *heads;                  /* [n][heads·hd] what attention gathered */
    float *gate, *up;              /* [n][ff] */
    float *angles[JL_ROPE_SCOPES]; /* [n][pairs][2] */
    const jl_rope_table *rope[JL_ROPE_SCOPES]; /* borrowed from the model */
    void *act;                                 /* prepared activations of one product */
    struct {
        float *q, *out; /* [n × group][head_dim] of one KV head: scaled queries, what they gather */
        int *n_keys;    /* [n × group] keys that each query sees, */
        int *first;     /* [n × group] from this one on, */
        float *slope;   /* [n × group] its score falling by so much a position */
        void *kernel;   /* jl_attention_bytes() */
    } attention;
} jl_scratch;

typedef struct jl_pass {
    const jl_model *m;
    const jl_kv_cache *cache;
    jl_scratch *s;
    int n, pos;          /* tokens, position of the first */
    const jl_taps *taps; /* or NULL */
} jl_pass;

#endif
