/* network.h - a network to be trained: its shape, its tensors in one flat array, its loss.
 *
 * All parameters lie in one array, tensor after tensor, and so do their gradients and the
 * optimiser's moments; so an update, a norm of the gradient and a checkpoint are loops over one
 * array. Tensors are named as in GGUF and matrices are [out][in], so an export is a copy. Three
 * kinds share the interface: the decoder (transformer.c) and two ancestors (ancestors.c).
 *
 * A loss runs forward and, where a gradient is wanted, backward over B sequences of T + 1 tokens in
 * a workspace of its own; several workspaces may run at once over the same parameters.
 */
#ifndef JL_NETWORK_H
#define JL_NETWORK_H

#include "../base/arena.h"
#include "../base/random.h"
#include "../base/status.h"
#include "layers.h"

typedef enum jl_net_position {
    JL_NET_ROPE,
    JL_NET_LEARNED,    /* a trained vector for each position, added to the embedding */
    JL_NET_SINUSOIDAL, /* sines and cosines added to the embedding (Vaswani et al. 2017) */
    JL_NET_ALIBI,
    JL_NET_NONE
} jl_net_position;

typedef enum jl_net_ffn { JL_NET_SWIGLU, JL_NET_GELU } jl_net_ffn;

typedef enum jl_net_kind {
    JL_NET_TRANSFORMER, /* pre-norm decoder with tied output */
    JL_NET_GRU,         /* gated recurrent network (Cho et al. 2014), tied output */
    JL_NET_WINDOW,      /* feed-forward over the last n_window tokens (Bengio et al. 2003) */
    JL_NET_KINDS
} jl_net_kind;

typedef struct jl_net_shape {
    jl_net_kind kind;
    int n_vocab;
    int n_ctx; /* longest sequence */
    int n_embd;
    int n_layers, n_heads, n_kv_heads;
    int n_ff;     /* hidden width: of the feed-forward part, of the window's layer */
    int n_window; /* tokens the window sees */
    jl_net_norm norm;
    jl_net_ffn ffn;
    jl_net_position position;
    float rope_base, eps;
    float dropout; /* of embeddings and of what a block adds; 0: none */
} jl_net_shape;

enum { JL_NET_NAME = 48, JL_MAX_LAYERS = 64, JL_MOST_PARAMS = 1 << 28 };

typedef struct jl_net_tensor {
    char name[JL_NET_NAME];
    int rows, cols; /* rows 1: a vector */
    size_t at;      /* its first number in the flat array */
    float start;    /* standard deviation of its first values; < 0: all ones; 0: zeros */
} jl_net_tensor;

/* Offsets in the flat array of what a block of the decoder owns. */
typedef struct jl_net_block {
    size_t attn_norm, attn_norm_bias;
    size_t wqkv; /* [q + 2·kv][d]: W_q, W_k, W_v one after another, one product */
    size_t wo;   /* [d][q] */
    size_t ffn_norm, ffn_norm_bias;
    size_t w_in; /* SwiGLU: W_gate then W_up, [2·ff][d]; GELU: W_up [ff][d] */
    size_t w_down;
} jl_net_block;

typedef struct jl_network {
    jl_net_shape shape;
    jl_gemm *gemm;
    size_t n_params;
    int n_tensors;
    jl_net_tensor *tensors; /* [n_tensors] owned */
    size_t token_embd;      /* [vocab][d], also the output matrix */
    size_t position_embd, output_norm, output_norm_bias;
    size_t w_in, w_state, bias, w_out;  /* of the ancestors */
    jl_net_block blocks[JL_MAX_LAYERS]; /* offsets; unused ones are 0 */
} jl_network;

/* Checks the shape and lays the tensors out. */
jl_status jl_network_init(jl_network *net, const jl_net_shape *shape, jl_gemm *gemm,
                          jl_error *error);
void jl_network_free(jl_network *net);

/* First values, the same for the same seed on every machine. params [n_params]. */
void jl_network_start(const jl_network *net, uint64_t seed, jl_real *params);

typedef struct jl_workspace jl_workspace;

/* NULL: no memory. B sequences of at most T tokens. */
jl_workspace *jl_workspace_new(const jl_network *net, int B, int T);
void jl_workspace_free(jl_workspace *ws);

/* Σ −ln p of tokens 1..T of each of B sequences ids [B][T + 1], given those before. grads (NULL:
 * not wanted) gets scale·∂Σ/∂params added; drop (NULL: no dropout) draws the masks. */
double jl_network_loss(const jl_network *net, jl_workspace *ws, const jl_real *params,
                       const int32_t *ids, int B, int T, jl_real *grads, double scale,
                       jl_random *drop);

#endif
