/* network.h - a trainable network: its shape, its tensors in one flat array, its loss.
 *
 * Parameters, gradients and optimiser moments are flat arrays with the same layout, so updates,
 * gradient norms and checkpoints loop over one array. Tensors have GGUF's names and matrices are
 * [out][in], so an export copies them. There are three kinds: the decoder (transformer.c) and two
 * baselines (baselines.c).
 *
 * A loss runs forward, and backward if gradients are requested, over B sequences of T + 1 tokens in
 * its own workspace. Several may run at once over the same parameters.
 */
#ifndef JL_NETWORK_H
#define JL_NETWORK_H

#include "../base/arena.h"
#include "../base/random.h"
#include "../base/status.h"
#include "layers.h"

typedef enum jlt_net_position {
    JLT_NET_ROPE,
    JLT_NET_LEARNED,    /* a learned vector per position, added to the embedding */
    JLT_NET_SINUSOIDAL, /* sines and cosines added to the embedding (Vaswani et al. 2017) */
    JLT_NET_ALIBI,
    JLT_NET_NONE
} jlt_net_position;

typedef enum jlt_net_ffn { JLT_NET_SWIGLU, JLT_NET_GELU } jlt_net_ffn;

typedef enum jlt_net_kind {
    JLT_NET_TRANSFORMER, /* pre-norm decoder with tied output */
    JLT_NET_GRU,         /* gated recurrent network (Cho et al. 2014), tied output */
    JLT_NET_WINDOW,      /* feed-forward over the last n_window tokens (Bengio et al. 2003) */
    JLT_NET_KINDS
} jlt_net_kind;

typedef struct jlt_net_shape {
    jlt_net_kind kind;
    int n_vocab;
    int n_ctx; /* maximum sequence length */
    int n_embd;
    int n_layers, n_heads, n_kv_heads;
    int n_ff;     /* width of the FFN, or of the window's hidden layer */
    int n_window; /* window size in tokens */
    jlt_net_norm norm;
    jlt_net_ffn ffn;
    jlt_net_position position;
    float rope_base, eps;
    float dropout; /* rate on embeddings and sublayer outputs; 0: none */
} jlt_net_shape;

enum { JLT_NET_NAME = 48, JLT_MAX_LAYERS = 64, JLT_MAX_PARAMS = 1 << 28 };

typedef struct jlt_net_tensor {
    char name[JLT_NET_NAME];
    int rows, cols; /* rows 1: a vector */
    size_t at;      /* offset in the flat array */
    float start;    /* initial standard deviation; < 0: all ones; 0: zeros */
} jlt_net_tensor;

/* Flat-array offsets of the tensors of one decoder block. */
typedef struct jlt_net_block {
    size_t attn_norm, attn_norm_bias;
    size_t wqkv; /* [q + 2·kv][d]: W_q, W_k, W_v stacked for one product */
    size_t wo;   /* [d][q] */
    size_t ffn_norm, ffn_norm_bias;
    size_t w_in; /* SwiGLU: W_gate then W_up, [2·ff][d]; GELU: W_up [ff][d] */
    size_t w_down;
} jlt_net_block;

typedef struct jlt_network {
    jlt_net_shape shape;
    jlt_gemm *gemm;
    size_t n_params;
    int n_tensors;
    jlt_net_tensor *tensors; /* [n_tensors] owned */
    size_t token_embd;       /* [vocab][d], also the output matrix */
    size_t position_embd, output_norm, output_norm_bias;
    size_t w_in, w_state, bias, w_out;    /* baselines only */
    jlt_net_block blocks[JLT_MAX_LAYERS]; /* offsets; unused ones are 0 */
} jlt_network;

/* Checks the shape and lays out the tensors. */
jl_status jlt_network_init(jlt_network *net, const jlt_net_shape *shape, jlt_gemm *gemm,
                           jl_error *error);
void jlt_network_free(jlt_network *net);

/* Initialises params [n_params]; a seed gives the same numbers on every machine. */
void jlt_network_start(const jlt_network *net, uint64_t seed, jlt_real *params);

typedef struct jlt_workspace jlt_workspace;

/* NULL: no memory. B sequences of at most T tokens. */
jlt_workspace *jlt_workspace_new(const jlt_network *net, int B, int T);
void jlt_workspace_free(jlt_workspace *ws);

/* Returns Σ −ln p of tokens 1..T, given the earlier ones, for B sequences ids [B][T + 1]. grads:
 * scale·∂Σ/∂params is added (NULL: skipped). drop: draws the masks (NULL: no dropout). */
double jlt_network_loss(const jlt_network *net, jlt_workspace *ws, const jlt_real *params,
                        const int32_t *ids, int B, int T, jlt_real *grads, double scale,
                        jl_random *drop);

#endif
