/* weights.h - the weights of a loaded model, as the forward pass reads them.
 *
 * bind.c sets the shapes, model.c the pointers. Matrices are in panels (compute/kernels.h), vectors
 * are floats; the model owns all of them in one block of memory. Immutable once loaded.
 */
#ifndef JL_WEIGHTS_H
#define JL_WEIGHTS_H

#include "../compute/kernels.h"
#include "arch.h"

/* y = s · W x + b. */
typedef struct jl_linear {
    jl_matrix w;  /* [out][in] */
    float *bias;  /* [out]; NULL: none */
    float *scale; /* s [1], of NVFP4 files, under JL_ALL; NULL: 1 */
} jl_linear;

typedef struct jl_norm {
    float *weight; /* [width]; NULL: no norm here */
    float *bias;   /* [width]; NULL: none */
} jl_norm;

/* The weights of a recurrent sublayer; lengths of jl_hparams.ssm. */
typedef struct jl_recurrence {
    jl_linear mixed;         /* [channels][embd] inputs of the convolution */
    jl_linear z;             /* [inner][embd] gate of the output */
    jl_linear alpha;         /* [heads][embd] step or decay; Mamba: [rank][inner] */
    jl_linear beta;          /* delta nets: [heads][embd] strength of an update */
    jl_linear b, c, dt;      /* Mamba: [state][inner], [state][inner], [inner][rank] */
    jl_linear out;           /* [embd][inner] */
    float *conv, *conv_bias; /* [channels][kernel], [channels] or NULL */
    float *a, *d, *dt_bias;  /* [heads]; Mamba: a [inner][state], d [inner], no dt_bias */
    jl_norm norm;            /* delta nets: [state] of a head; Mamba 2: [groups][inner / groups] */
} jl_recurrence;

/* One block: its weights, and which variant of the architecture it uses. */
typedef struct jl_block {
    jl_norm attn_norm, ffn_norm;           /* inputs of the sublayers (pre-norm) */
    jl_norm attn_post_norm, ffn_post_norm; /* outputs of the sublayers (Gemma 2, OLMo 2) */
    jl_norm attn_sum_norm, ffn_sum_norm;   /* the stream after each sum (post-norm, BERT) */
    jl_norm falcon_norm;                   /* Falcon: attention's own input norm */
    jl_linear q, k, v;                     /* [q][embd] (or [2·q], per head with a gate of its
                                              output), [kv][embd], [kv][embd] */
    jl_norm q_norm, k_norm;                /* per head, or all heads as one vector */
    jl_linear o;                           /* [embd][q] */
    jl_linear gate, up;                    /* [ff][embd]; gate may be absent */
    jl_linear down;                        /* [embd][ff] */
    jl_linear router;                      /* [experts][embd]; absent: no experts */
    jl_linear *expert_gate, *expert_up;    /* [experts] of [expert ff][embd] */
    jl_linear *expert_down;                /* [experts] of [embd][expert ff] */
    jl_linear shared_gate, shared_up;      /* [shared ff][embd]; absent: no shared expert */
    jl_linear shared_down;                 /* [embd][shared ff] */
    jl_linear shared_router;               /* [1][embd]; absent: share 1 */
    jl_linear conv_in[3], conv_out;        /* [embd][embd] of a short convolution: b, c, x */
    float *conv;                           /* [embd][conv] kernels */
    jl_recurrence ssm;                     /* of a recurrent block */
    jl_mixer mixer;
    int slot;   /* index in the cache, among blocks with attention or short convolutions */
    int state;  /* index among the recurrent blocks */
    int window; /* sliding window, including the token itself; 0: none; if it goes both ways, the
                        same after the token */
    int has_experts; /* instead of one feed-forward network */
    int rope;        /* jl_rope_scope; −1: no RoPE */
} jl_block;

static inline int jl_has_attention(const jl_block *b) {
    return b->mixer == JL_ATTENTION || b->mixer == JL_ATTENTION_MAMBA2;
}

/* Whether a block carries a state from token to token. Such blocks exist in builds with JL_ALL. */
static inline int jl_is_recurrent(const jl_block *b) {
    return b->mixer >= JL_DELTA_NET;
}

/* The weights outside the blocks. */
typedef struct jl_weights {
    jl_matrix token_embd;    /* [vocab][embd] */
    jl_matrix position_embd; /* [context][embd]; rows = 0: none */
    float *type_embd;        /* [types][embd], type 0 is used; or NULL */
    jl_norm token_norm, output_norm;
    jl_linear dense[2];     /* [dense][embd], [embd][dense] after pooling; or absent */
    jl_linear cls, cls_out; /* [embd][embd], [labels][embd]: a reranker's head; or absent */
    jl_norm cls_norm;       /* between them */
    jl_linear output;       /* [vocab][embd]; tied: the token embedding */
    float *rope_factors;    /* [pairs] divisors of the RoPE frequencies, or NULL */
    float *rope_long;       /* the same for contexts beyond the original, */
    float *rope_short;      /* and up to it (phi 3) */
    float *slopes;          /* [heads] of ALiBi, or NULL */
    jl_block *blocks;       /* [n_layers] */
} jl_weights;

#endif
