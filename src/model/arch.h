/* arch.h - one row per architecture: what differs between Transformers is data here, not code
 * elsewhere.
 *
 * The forward pass reads a row's fields; model.c reads its list of weights. A new architecture is a
 * new row, and a new kind of norm, activation or position is a new value of an enum with its
 * kernel.
 */
#ifndef JL_ARCH_H
#define JL_ARCH_H

#include "../compute/kernels.h"

/* Lengths that tensor shapes are made of. */
typedef enum jl_dim {
    JL_DIM_ONE,  /* a vector */
    JL_DIM_EMBD, /* width of the residual stream */
    JL_DIM_Q,    /* heads × head size */
    JL_DIM_KV,   /* KV heads × head size */
    JL_DIM_FF,   /* hidden width of the feed-forward part */
    JL_DIM_VOCAB,
    JL_DIM_PAIRS, /* rotated pairs of a head */
    JL_DIM_COUNT
} jl_dim;

/* The weights of one block. Matrices are [rows][cols] = [out][in]. */
typedef struct jl_layer {
    float *attn_norm;     /* [embd] */
    jl_matrix wq, wk, wv; /* [q][embd], [kv][embd], [kv][embd] */
    jl_matrix wo;         /* [embd][q] */
    float *ffn_norm;      /* [embd] */
    jl_matrix w_gate;     /* [ff][embd] */
    jl_matrix w_up;       /* [ff][embd] */
    jl_matrix w_down;     /* [embd][ff] */
} jl_layer;

/* The weights outside the blocks. */
typedef struct jl_weights {
    jl_matrix token_embd; /* [vocab][embd] */
    float *output_norm;   /* [embd] */
    jl_matrix output;     /* [vocab][embd]; the embedding itself where the file ties them */
    float *rope_factors;  /* [pairs] divisors of the rope frequencies, or NULL */
    jl_layer *layers;     /* [n_layers] */
} jl_weights;

/* Where one tensor goes. */
typedef struct jl_weight_spec {
    const char *name;  /* in the file; a block's weights come after "blk.N." */
    size_t slot;       /* offset of the jl_matrix or float * in jl_layer or jl_weights */
    jl_dim rows, cols; /* rows JL_DIM_ONE: a vector of cols floats */
    int optional;
} jl_weight_spec;

typedef enum jl_rope_pairs {
    JL_ROPE_NEIGHBOURS, /* (0,1), (2,3), …  as GGUF permutes llama's weights */
    JL_ROPE_HALVES      /* (0,n/2), (1,n/2+1), …  as in GPT-NeoX */
} jl_rope_pairs;

typedef struct jl_arch {
    const char *name; /* general.architecture, and the prefix of its metadata keys */
    jl_rope_pairs rope;
    const jl_weight_spec *globals, *blocks; /* end with a NULL name */
} jl_arch;

const jl_arch *jl_arch_find(const char *name, size_t n); /* NULL: not in the table */
const jl_arch *jl_arch_at(int i);                        /* NULL past the last row */

#endif
