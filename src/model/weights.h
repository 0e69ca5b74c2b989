/* weights.h - the weights of a loaded model, as the forward pass reads them.
 *
 * bind.c fills the shapes in, model.c the pointers: matrices in the panels of compute/kernels.h,
 * vectors as floats, all in one block of memory that the model owns. Immutable once loaded.
 */
#ifndef JL_WEIGHTS_H
#define JL_WEIGHTS_H

#include "../compute/kernels.h"

/* y = W x + b. */
typedef struct jl_linear {
    jl_matrix w; /* [out][in] */
    float *bias; /* [out]; NULL: none */
} jl_linear;

typedef struct jl_norm {
    float *weight; /* [width]; NULL: there is no norm at this place */
    float *bias;   /* [width]; NULL: none */
} jl_norm;

/* One block: its weights, and which variant of the architecture it uses. */
typedef struct jl_block {
    jl_norm attn_norm, ffn_norm;           /* of what the parts read */
    jl_norm attn_post_norm, ffn_post_norm; /* of what they add (Gemma 2, OLMo 2) */
    jl_norm attn_sum_norm, ffn_sum_norm;   /* of the stream it was added to (BERT) */
    jl_norm falcon_norm;                   /* where attention has a norm of its own beside ffn's */
    jl_linear q, k, v;                     /* [q][embd], [kv][embd], [kv][embd] */
    jl_norm q_norm, k_norm;                /* of every head, or of all heads as one vector */
    jl_linear o;                           /* [embd][q] */
    jl_linear gate, up;                    /* [ff][embd]; gate absent: no gate */
    jl_linear down;                        /* [embd][ff] */
    jl_linear router;                      /* [experts][embd]; absent: no experts */
    jl_linear *expert_gate, *expert_up;    /* [experts] of [expert ff][embd] */
    jl_linear *expert_down;                /* [experts] of [embd][expert ff] */
    jl_linear shared_gate, shared_up;      /* [shared ff][embd]; absent: no shared expert */
    jl_linear shared_down;                 /* [embd][shared ff] */
    jl_linear shared_router;               /* [1][embd]; absent: its share is 1 */
    jl_linear conv_in[3], conv_out;        /* [embd][embd] around a short convolution: b, c, x */
    float *conv;                           /* [embd][conv] its kernels */
    int is_conv;                           /* a short convolution in attention's place */
    int slot;   /* its place in the cache, among the blocks of its kind */
    int window; /* positions that a token sees, itself included; 0: all before it */
    int rope;   /* jl_rope_scope, or −1: positions are not rotated */
} jl_block;

/* The weights outside the blocks. */
typedef struct jl_weights {
    jl_matrix token_embd;    /* [vocab][embd] */
    jl_matrix position_embd; /* [context][embd]; rows = 0: positions are not added */
    float *type_embd;        /* [types][embd]; the first one's is added, or NULL */
    jl_norm token_norm, output_norm;
    jl_linear output;    /* [vocab][embd]; the embedding itself where the file ties them */
    float *rope_factors; /* [pairs] divisors of the rope frequencies, or NULL; */
    float *rope_long;    /* the same for contexts beyond the original one, */
    float *rope_short;   /* and for those within (phi 3) */
    float *slopes;       /* [heads] of ALiBi, or NULL */
    jl_block *blocks;    /* [n_layers] */
} jl_weights;

#endif
