/* arch.h - one row per architecture: describes the differences between Transformers as data.
 *
 * A row lists required and optional tensors, the norm, activation and position encoding, and the
 * defaults of missing metadata. The forward pass reads the model built from a row, never the
 * architecture's name. A new architecture is a new row; a new kind of sublayer is a new file beside
 * forward/attention.c and forward/feed_forward.c.
 */
#ifndef JL_ARCH_H
#define JL_ARCH_H

#include <stddef.h>
#include <stdint.h>

/* Lengths in tensor shapes. */
typedef enum jl_dim {
    JL_DIM_NONE,    /* as columns: a vector */
    JL_DIM_EMBD,    /* width of the residual stream */
    JL_DIM_HEAD,    /* size of a head */
    JL_DIM_Q,       /* heads × head size */
    JL_DIM_KV,      /* KV heads × head size */
    JL_DIM_FF,      /* hidden width of the feed-forward sublayer */
    JL_DIM_VOCAB,   /* tokens */
    JL_DIM_CONTEXT, /* trained positions */
    JL_DIM_TYPES,   /* token types (BERT) */
    JL_DIM_PAIRS,   /* rotated pairs of a head */
    JL_DIM_ONE,
    JL_DIM_EXPERTS,   /* experts of a block */
    JL_DIM_EXPERT_FF, /* hidden width of an expert, */
    JL_DIM_SHARED_FF, /* and of the shared expert */
    JL_DIM_CONV,      /* kernel length of a short convolution */
    JL_DIM_Q_GATE,    /* 2 × heads × head size */
    JL_DIM_CHANNELS,  /* lengths of a recurrent block (jl_ssm_lengths) */
    JL_DIM_KERNEL,
    JL_DIM_INNER,
    JL_DIM_STATE,
    JL_DIM_STATE_HEADS,
    JL_DIM_GROUPS,
    JL_DIM_GROUP_INNER, /* inner / groups */
    JL_DIM_DENSE,       /* hidden width of the matrices after pooling */
    JL_DIM_LABELS       /* outputs of a classification head */
} jl_dim;

/* ---- Tensors --------------------------------------------------------------------------------- */

/* The tensors of all architectures. Those before JL_ATTN_NORM are outside the blocks. */
typedef enum jl_tensor {
    JL_TOKEN_EMBD,
    JL_POSITION_EMBD,
    JL_TYPE_EMBD,
    JL_TOKEN_NORM,
    JL_TOKEN_NORM_B,
    JL_OUTPUT_NORM,
    JL_OUTPUT_NORM_B,
    JL_OUTPUT_NORM_LFM2, /* its name in LFM2 */
    JL_OUTPUT_NORM_ENC,  /* and in NeoBERT */
    JL_OUTPUT,
    JL_OUTPUT_B,
    JL_ROPE_FREQS,
    JL_ROPE_LONG,
    JL_ROPE_SHORT,
    JL_DENSE_2, /* after pooling (EmbeddingGemma) */
    JL_DENSE_3,
    JL_CLS, /* the classification head of a reranker */
    JL_CLS_B,
    JL_CLS_ONE, /* with one output (Jina) */
    JL_CLS_ONE_B,
    JL_CLS_NORM,
    JL_CLS_OUT,
    JL_CLS_OUT_B,
    JL_ATTN_NORM,
    JL_ATTN_NORM_B,
    JL_ATTN_NORM_2,
    JL_ATTN_NORM_2_B,
    JL_ATTN_Q,
    JL_ATTN_Q_B,
    JL_ATTN_K,
    JL_ATTN_K_B,
    JL_ATTN_V,
    JL_ATTN_V_B,
    JL_ATTN_QKV,
    JL_ATTN_QKV_B,
    JL_HEAD_Q_NORM,
    JL_HEAD_K_NORM,
    JL_WHOLE_Q_NORM,
    JL_WHOLE_K_NORM,
    JL_WHOLE_Q_NORM_B,
    JL_WHOLE_K_NORM_B,
    JL_ATTN_OUTPUT,
    JL_ATTN_OUTPUT_B,
    JL_ATTN_POST_NORM,
    JL_ATTN_SUM_NORM,
    JL_ATTN_SUM_NORM_B,
    JL_FFN_NORM,
    JL_FFN_NORM_B,
    JL_FFN_GATE,
    JL_FFN_GATE_B,
    JL_FFN_UP,
    JL_FFN_UP_B,
    JL_FFN_GATE_UP,
    JL_FFN_DOWN,
    JL_FFN_DOWN_B,
    JL_FFN_POST_NORM,
    JL_FFN_SUM_NORM,
    JL_FFN_SUM_NORM_B,
    JL_ROUTER,
    JL_EXPERT_GATE,
    JL_EXPERT_UP,
    JL_EXPERT_DOWN,
    JL_SHARED_GATE,
    JL_SHARED_UP,
    JL_SHARED_DOWN,
    JL_SHARED_ROUTER,
    JL_CONV,
    JL_CONV_IN,
    JL_CONV_OUT,
    JL_ATTN_Q_GATE,     /* queries and gates, head by head */
    JL_FFN_NORM_QWEN35, /* the norm's name in Qwen 3.5 */
    JL_SSM_MIXED,
    JL_SSM_Z,
    JL_SSM_CONV,
    JL_SSM_ALPHA,
    JL_SSM_BETA,
    JL_SSM_DT_B,
    JL_SSM_A,
    JL_SSM_NORM,
    JL_SSM_OUT,
    JL_SSM_IN_1, /* 1: Mamba, 2: Mamba 2 */
    JL_SSM_IN_2,
    JL_SSM_CONV_B,
    JL_SSM_X,
    JL_SSM_DT_1,
    JL_SSM_DT_B_1,
    JL_SSM_A_1,
    JL_SSM_D_1,
    JL_SSM_A_2,
    JL_SSM_D_2,
    JL_SSM_NORM_2,
    JL_FFN_NORM_FALCON, /* its name in Falcon H1 */
    JL_TENSOR_COUNT
} jl_tensor;

__extension__ typedef unsigned __int128 jl_tensor_set;
_Static_assert(JL_TENSOR_COUNT <= 128, "a set has 128 places");

enum { JL_ONE_MATRIX, JL_EXPERTS, JL_FLOATS };

/* Name, shape and destination of a tensor. */
typedef struct jl_tensor_spec {
    const char *name; /* in the file, after "blk.N." in blocks */
    jl_dim cols;      /* of a matrix; JL_DIM_NONE: a vector of floats */
    int kind;         /* JL_EXPERTS: one matrix per expert; JL_FLOATS: a matrix of floats */
    struct {
        size_t slot; /* offset of the jl_matrix, float * or experts in jl_block or jl_weights */
        jl_dim rows;
    } parts[3];         /* contiguous in the file; rows JL_DIM_NONE ends the list */
    jl_tensor_set with; /* a fused tensor: the tensors it replaces */
} jl_tensor_spec;

extern const jl_tensor_spec jl_tensor_specs[JL_TENSOR_COUNT];

/* Alternative tensors of a block: a feed-forward network or experts (and the shared one);
 * attention, a short convolution or a recurrence. */
extern const jl_tensor_set jl_dense_set, jl_expert_set, jl_shared_set, jl_attention_set,
    jl_conv_set, jl_recurrent_set, jl_dense_after_set;

/* ---- Architectures --------------------------------------------------------------------------- */

/* The sublayer of a block that reads earlier tokens. */
typedef enum jl_mixer {
    JL_ATTENTION,
    JL_SHORT_CONV,      /* forward/short_conv.c */
    JL_DELTA_NET,       /* forward/delta_net.c; these and the following are recurrent */
    JL_MAMBA,           /* forward/mamba.c */
    JL_MAMBA2,          /* the same */
    JL_ATTENTION_MAMBA2 /* both, of the same input; their outputs are added */
} jl_mixer;

typedef enum jl_norm_kind { JL_RMS_NORM, JL_LAYER_NORM } jl_norm_kind;

typedef enum jl_activation {
    JL_SILU,
    JL_GELU, /* with tanh, in half precision as in ggml */
    JL_GELU_ERF,
    JL_RELU_SQUARED
} jl_activation;

typedef enum jl_rope_pairs {
    JL_ROPE_NONE,
    JL_ROPE_NEIGHBOURS, /* (0,1), (2,3), …  as GGUF permutes llama's weights */
    JL_ROPE_HALVES      /* (0,n/2), (1,n/2+1), …  as in GPT-NeoX */
} jl_rope_pairs;

/* Selects the RoPE table of a block: windowed blocks may have their own (local) one. */
typedef enum jl_rope_scope { JL_ROPE_GLOBAL, JL_ROPE_LOCAL, JL_ROPE_SCOPES } jl_rope_scope;

enum {
    JL_PARALLEL = 1,         /* attention and feed-forward both read x; x += both outputs */
    JL_PARALLEL_KEY = 2,     /* the same if the file's use_parallel_residual is true */
    JL_SCALE_EMBEDDING = 4,  /* embeddings are multiplied by √width */
    JL_DIVIDE_LOGITS = 8,    /* logit_scale divides instead of multiplying */
    JL_LOCAL_UNSCALED = 16,  /* blocks with a sliding window use unscaled RoPE */
    JL_WINDOW_NEEDED = 32,   /* the window is required; if the file has no size, use the default */
    JL_ROPE_MAY_BE_OFF = 64, /* the file's rope.scaling.finetuned = false disables RoPE */
    JL_MAY_HAVE_EXPERTS = 128,
    JL_HAS_EXPERTS = 256,
    JL_SHARES_SUM_TO_1 = 512,    /* normalise the shares of a token's experts */
    JL_BY_KV_HEADS = 1024,       /* only blocks with 0 KV heads have the row's mixer */
    JL_ENCODER = 2048,           /* attention is never causal, ignoring the file */
    JL_ROPE_IN_WINDOWS = 4096,   /* if any block has a window, the others have no RoPE */
    JL_NORM_AFTER_ROPE = 8192,   /* the norms of query and key heads follow RoPE */
    JL_NO_SECTIONS = 16384,      /* refuse M-RoPE, whose files pair other dimensions */
    JL_WINDOW_BOTH = 1 << 15,    /* half of a window is before the token, half after it */
    JL_WIDE_FIRST = 1 << 16,     /* blocks i with i % window_step == 0 have no window */
    JL_FIRST_BARE = 1 << 17,     /* the first block may lack its first norm */
    JL_ACTIVATION_KEY = 1 << 18, /* the file may name its activation */
    JL_ALTERNATE = 1 << 19,      /* experts in blocks i with i % moe_every_n_layers == 1 */
    JL_HEAD_MEAN = 1 << 20,      /* a classification head reads the mean and has GELU, not tanh */
    JL_HEAD_SOFTMAX = 1 << 21,   /* its outputs are normalised */
    JL_BY_INTERVAL = 1 << 22,    /* all but every full_attention_interval-th block have it */
    JL_UNUSED_LAYERS = 1 << 23,  /* the last nextn_predict_layers blocks are not evaluated */
};

typedef struct jl_arch {
    const char *name; /* general.architecture, and the prefix of its metadata keys */
    jl_tensor_set required, optional; /* tensors of a file */
    jl_norm_kind norm;
    jl_activation activation;
    jl_rope_pairs rope;
    jl_mixer mixer; /* of all blocks, or by rule of some, the others having attention */
    int rules;      /* JL_PARALLEL … */
    /* Defaults for missing metadata; 0: none. */
    int rope_skip;    /* no RoPE in blocks i with (i + 1) % rope_skip == 0 */
    int window_step;  /* no window in blocks i with (i + 1) % window_step == 0; 0: no windows */
    float local_base; /* RoPE base of windowed blocks; 0: as in the others */
    int wide_layers;  /* a model with this many blocks scales scores by 1/√(width / heads) */
    float score_cap, logit_cap; /* soft caps */
    float alibi;                /* maximum exponent of the slopes */
} jl_arch;

const jl_arch *jl_arch_find(const char *name, size_t n); /* NULL: not in the table */
const jl_arch *jl_arch_at(int i);                        /* NULL past the last row */

#endif
