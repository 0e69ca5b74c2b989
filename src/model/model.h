/* model.h - a loaded model: hyper-parameters, weights in kernel layout, tokenizer.
 *
 * Life: jl_model_new → the loader (load.c) collects the header → jl_model_build (model.c) checks
 * every hyper-parameter and tensor shape and takes all memory → the loader packs tensors as they
 * arrive → complete, and from then on immutable. All refusals happen before the first weight is
 * stored.
 */
#ifndef JL_MODEL_H
#define JL_MODEL_H

#include "../format/gguf.h"
#include "../format/quant.h"
#include "../text/tokenizer.h"
#include "arch.h"
#include "position.h"

typedef struct jl_hparams {
    int n_layers, n_heads, n_kv_heads;
    int n_embd, head_dim, n_ff, n_vocab;
    int n_ctx; /* positions the model was trained for */
    float eps; /* of the norms */
} jl_hparams;

/* What happens to one tensor of the file. */
typedef struct jl_target {
    uint64_t offset, end; /* in the file */
    uint64_t row_bytes;   /* in the file */
    int rows;             /* 1 for a vector */
    int cols;
    jl_type type;
    jl_matrix *matrix; /* one of these two, or neither: the tensor is passed over */
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
    jl_target *targets; /* [gguf.n_tensors], in file order */
    int current;        /* tensor that bytes go to */
    int row;            /* its next row */
    uint8_t *carry; /* [carry_cap] a panel's rows, in the file's form, until they are complete */
    size_t carry_fill, carry_cap;
} jl_loader;

struct jl_model {
    const jl_arch *arch; /* NULL: a vocabulary without weights */
    jl_hparams h;
    jl_rope_table rope;
    jl_weights w;
    jl_tokenizer *tokenizer; /* NULL: the file has none */
    void *memory;            /* weights, layers; one block */
    uint64_t memory_bytes;
    uint64_t n_parameters;
    jl_type main_type; /* the type that most weights have */
    char *strings[4];  /* name, architecture, licence, chat template: NUL-terminated, owned */
    jl_loader *loader; /* NULL once complete */
};

enum { JL_STRING_NAME, JL_STRING_ARCHITECTURE, JL_STRING_LICENSE, JL_STRING_TEMPLATE };

/* Everything between a parsed header and the first weight. On failure m is left to jl_model_free.
 * */
jl_status jl_model_build(jl_model *m, jl_error *error);

#endif
