/* model.h - a loaded model: hyper-parameters, weights in kernel layout, tokenizer.
 *
 * Life: jl_model_new → the loader (load.c) collects the header → jl_model_build (model.c) checks
 * every hyper-parameter (hparams.c) and tensor shape (bind.c) and takes all memory → the loader
 * packs tensors as they arrive → complete, and from then on immutable. All refusals happen before
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

typedef struct jl_hparams {
    int n_layers, n_heads, n_kv_heads;
    int n_embd, head_dim, n_ff, n_vocab;
    int n_ctx;                     /* positions the model was trained for */
    int n_ctx_original;            /* the same before its rope was stretched */
    int n_experts, n_experts_used; /* of a block, by a token; 0: there are none */
    int n_ff_expert, n_ff_shared;  /* their hidden width, and that of the shared one (0: none) */
    int conv_length;               /* positions under a short convolution; 0: there is none */
    int n_attention, n_conv;       /* blocks of each kind */
    int n_types;                   /* parts that a text may have, of which we know the first */
    int encoder;                   /* every token sees the whole text, so none is predicted */
    int pooling;                   /* jl_pooling that the file asks for, 0: none */
    int parallel;                  /* attention and feed-forward part read the same x */
    float eps;                     /* of the norms */
    float embedding_scale, residual_scale, logit_scale; /* factors; 1: as they are */
    float query_scale;          /* factor of the scores, 1/√(head size) as a rule */
    float score_cap, logit_cap; /* soft caps; 0: none */
    float clamp_qkv;            /* queries, keys and values are kept within ± this; 0: not */
    float expert_scale;         /* factor of the experts' shares */
    float alibi;                /* largest exponent of ALiBi's slopes; 0: none */
} jl_hparams;

/* Where a run of rows of the file goes: a tensor, or a part of a fused one. */
typedef struct jl_target {
    uint64_t offset, end; /* in the file */
    uint64_t row_bytes;   /* in the file */
    int rows;             /* 1 for a vector */
    int cols;
    jl_type type;
    jl_matrix *matrix; /* one of these two */
    float **vector;    /* the slot that points to its floats */
} jl_target;

/* State that lives only while bytes arrive. */
typedef struct jl_loader {
    uint64_t file_size, memory_limit; /* 0: unknown, none */
    uint64_t position;                /* bytes of the file consumed */
    uint8_t *inbox; /* [inbox_cap] where the host writes; the header grows in it */
    size_t inbox_fill, inbox_cap;
    size_t next_try; /* parse the header again at this fill */
    int have_header, failed;
    jl_gguf gguf;       /* borrows from header */
    uint8_t *header;    /* the bytes gguf points into */
    jl_target *targets; /* [n_targets], in file order */
    int n_targets;
    int current;    /* target that bytes go to */
    int row;        /* its next row */
    uint8_t *carry; /* [carry_cap] a panel's rows, in the file's form, until they are complete */
    size_t carry_fill, carry_cap;
} jl_loader;

struct jl_model {
    const jl_arch *arch; /* NULL: a vocabulary without weights */
    jl_hparams h;
    jl_rope_table rope[JL_ROPE_SCOPES];
    jl_rope_table rope_long; /* the global one of contexts beyond n_ctx_original */
    jl_weights w;
    jl_linear *experts;      /* [n_layers][3][n_experts] what the blocks' point into, or NULL */
    jl_tokenizer *tokenizer; /* NULL: the file has none */
    void *memory;            /* weights, layers; one block */
    uint64_t memory_bytes;
    uint64_t n_parameters;
    jl_type main_type; /* the type that most weights have */
    char *strings[4];  /* name, architecture, licence, chat template: NUL-terminated, owned */
    jl_loader *loader; /* NULL once complete */
    jl_precision precision[2]; /* of weights below 8 bits and of 8 */
    int has_class[2];          /* whether there are such weights */
};

enum { JL_STRING_NAME, JL_STRING_ARCHITECTURE, JL_STRING_LICENSE, JL_STRING_TEMPLATE };

/* Everything between a parsed header and the first weight. On failure m is left to jl_model_free.
 * */
jl_status jl_model_build(jl_model *m, jl_error *error);

/* Its steps. Metadata → m->h, m->rope and the blocks' ways, m->w.blocks allocated (hparams.c); */
jl_status jl_hparams_read(jl_model *m, jl_error *error);
/* the file's tensors → targets and matrices without their memory (bind.c); */
jl_status jl_bind(jl_model *m, jl_error *error);
/* once the weights have arrived: what depends on their values. */
jl_status jl_model_complete(jl_model *m, jl_error *error);

/* Which of m->precision serves a layout, or NULL; records that there are such weights
 * (precision.c). */
const jl_precision *jl_model_precision_of(jl_model *m, jl_layout layout);

#endif
