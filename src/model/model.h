/* model.h - a loaded model: hyper-parameters, weights in kernel layout, tokenizer.
 *
 * Life: jl_model_new → the loader (load.c) collects the header → jl_model_build (model.c) checks
 * every hyper-parameter (hparams.c) and tensor shape (bind.c), then allocates all memory → the
 * loader packs tensors as they arrive → complete and immutable. Invalid models are rejected before
 * the first weight is stored.
 */
#ifndef JL_MODEL_H
#define JL_MODEL_H

#include "../format/gguf.h"
#include "../format/quant.h"
#include "../text/tokenizer.h"
#include "arch.h"
#include "position.h"
#include "weights.h"

/* Lengths of recurrent blocks; all 0: none. The names are those of GGUF's keys <arch>.ssm.*. */
typedef struct jl_ssm_lengths {
    int kernel;   /* of the convolution */
    int channels; /* of the convolution: inner + 2·groups·state */
    int inner;    /* of values, all heads; the state of a block has inner·state floats */
    int state;    /* of a head's keys */
    int groups;   /* heads of keys; Mamba: 0 */
    int heads;    /* of values; Mamba: the rank of its time steps */
} jl_ssm_lengths;

typedef struct jl_hparams {
    int n_layers, n_heads, n_kv_heads;
    int n_embd, head_dim, n_ff, n_vocab;
    int n_ctx;                     /* trained context length */
    int n_ctx_original;            /* the same before RoPE scaling */
    int n_experts, n_experts_used; /* per block, per token; 0: none */
    int n_ff_expert, n_ff_shared;  /* hidden width of an expert, of the shared one (0: none) */
    int expert_step;               /* experts in blocks i with i % this == 1; 0: in all */
    int n_dense;                   /* hidden width of the matrices after pooling; 0: none */
    int n_labels;                  /* outputs of a classification head; 0: it has one or none */
    int head_mean;                 /* the head reads the mean */
    jl_activation activation;      /* of feed-forward networks */
    int conv_length;               /* kernel length of short convolutions; 0: none */
    int n_attention, n_conv;       /* blocks of each kind, */
    int n_recurrent;
    jl_ssm_lengths ssm;  /* lengths of the recurrent ones */
    int n_unused_layers; /* blocks after n_layers, which predict further tokens */
    int n_types;         /* rows of type_embd; only the first is used */
    int encoder;         /* attention is not causal; does not predict tokens */
    int pooling;         /* jl_pooling of the file, 0: none */
    int parallel;        /* both sublayers read the same x */
    float eps;           /* of the norms */
    float embedding_scale, residual_scale, logit_scale; /* factors; 1: none */
    float query_scale;                                  /* factor of the scores, usually 1/√hd */
    float score_cap, logit_cap;                         /* soft caps; 0: none */
    float clamp_qkv;                                    /* clamps q, k and v to ±this; 0: none */
    float expert_scale;                                 /* factor of the experts' shares */
    float alibi; /* maximum exponent of ALiBi slopes; 0: none */
} jl_hparams;

/* The destination of a run of rows of the file: a tensor, or a part of a fused one. */
typedef struct jl_target {
    uint64_t offset, end; /* in the file */
    uint64_t row_bytes;   /* in the file */
    int rows;             /* 1 for a vector */
    int cols;
    jl_type type;
    jl_matrix *matrix; /* either a matrix */
    float **vector;    /* or the slot of a vector; neither: bytes that are only read */
} jl_target;

/* State of a load. */
typedef struct jl_loader {
    uint64_t file_size, memory_limit; /* 0: unknown; no limit */
    uint64_t position;                /* bytes of the file consumed */
    uint8_t *inbox;                   /* [inbox_cap] written by the host; collects the header */
    size_t inbox_fill, inbox_cap;
    size_t next_try; /* parse the header again at this fill */
    int have_header, failed;
    int header_only;    /* no weights are stored */
    jl_gguf gguf;       /* borrows from header */
    uint8_t *header;    /* the bytes gguf points into */
    jl_target *targets; /* [n_targets], in file order */
    int n_targets;
    int current;    /* target of the next bytes */
    int row;        /* its next row */
    uint8_t *carry; /* [carry_cap] unpacked rows of an incomplete panel */
    size_t carry_fill, carry_cap;
} jl_loader;

struct jl_model {
    const jl_arch *arch; /* NULL: a vocabulary without weights */
    jl_hparams h;
    jl_rope_table rope[JL_ROPE_SCOPES];
    jl_rope_table rope_long; /* global, for contexts beyond n_ctx_original */
    jl_weights w;
    jl_linear *experts;      /* [n_layers][3][n_experts], or NULL */
    jl_tokenizer *tokenizer; /* NULL: the file has none */
    size_t longest_token;    /* bytes */
    void *memory;            /* the weights, one block */
    uint64_t memory_bytes;
    uint64_t n_parameters;
    uint64_t file_bytes;          /* up to the last tensor */
    jl_type main_type;            /* type of most weights */
    char *strings[5];             /* JL_STRING_NAME …: NUL-terminated, owned */
    jl_loader *loader;            /* NULL once complete */
    uint64_t header_hash;         /* of the file's metadata and directory */
    jl_precision precision[2];    /* of weights below 8 bits and of 8 */
    int has_class[2];             /* whether such weights exist */
    _Atomic uint64_t fingerprint; /* 0: not computed yet */
};

enum {
    JL_STRING_NAME,
    JL_STRING_ARCHITECTURE,
    JL_STRING_LICENSE,
    JL_STRING_TEMPLATE,
    JL_STRING_RERANK
};

/* Builds m from a parsed header, up to the first weight. After a failure, m can only be freed. */
jl_status jl_model_build(jl_model *m, jl_error *error);

/* Step 1: metadata → m->h, m->rope and m->w.blocks, allocated here (hparams.c). */
jl_status jl_hparams_read(jl_model *m, jl_error *error);
/* Step 2: tensors of the file → targets, and matrices without memory (bind.c). */
jl_status jl_bind(jl_model *m, jl_error *error);
/* After the last weight: computes what depends on their values. */
jl_status jl_model_complete(jl_model *m, jl_error *error);

/* Identifies the model: a hash of the file's metadata and tensors, equal on every host and for any
 * precision. Computed by the first call, over all weights (fingerprint.c). */
uint64_t jl_model_fingerprint(const jl_model *m);
/* XXH64 of n bytes. */
uint64_t jl_hash64(const uint8_t *bytes, uint64_t n, uint64_t seed);

/* The m->precision of a layout, or NULL; records that such weights exist (precision.c). */
const jl_precision *jl_model_precision_of(jl_model *m, jl_layout layout);

#endif
