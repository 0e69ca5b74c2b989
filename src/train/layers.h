/* layers.h - the layers of a network, each forward with its backward.
 *
 * Place in the flow: network.c strings them together. Letters: x the input, y the output, and for
 * the loss L dx = ∂L/∂x, dw = ∂L/∂w. Arrays are rows of numbers, n rows at once; a backward adds to
 * the gradients of weights (dw += …) and says whether it adds to or overwrites dx. What it does not
 * do: allocate, decide an order, hold state.
 */
#ifndef JL_LAYERS_H
#define JL_LAYERS_H

#include "real.h"

typedef enum jl_net_norm { JL_NET_RMS_NORM, JL_NET_LAYER_NORM } jl_net_norm;

/* y = W x for n rows: x [n][in], W [out][in], y [n][out]. */
void jl_linear(jl_gemm *gemm, const jl_real *x, const jl_real *w, int n, int in, int out,
               jl_real *y);
/* dx [n][in] overwritten (NULL: not wanted), dw [out][in] added to. */
void jl_linear_back(jl_gemm *gemm, const jl_real *x, const jl_real *w, const jl_real *dy, int n,
                    int in, int out, jl_real *dx, jl_real *dw);

/* RMSNorm (Zhang & Sennrich 2019): y = w ⊙ x·r, r = 1/√(mean x² + eps). LayerNorm (Ba et al. 2016):
 * y = w ⊙ (x − μ)·r + b, r = 1/√(var x + eps). x, y [n][d]; w, b [d], b NULL for RMSNorm; kept
 * [n][2]: μ and r of each row, for the way back. */
void jl_norm(jl_net_norm kind, const jl_real *x, const jl_real *w, const jl_real *b, double eps,
             int n, int d, jl_real *y, jl_real *kept);
/* dx added to; dw, db added to. */
void jl_norm_back(jl_net_norm kind, const jl_real *x, const jl_real *w, const jl_real *kept,
                  const jl_real *dy, int n, int d, jl_real *dx, jl_real *dw, jl_real *db);

/* SwiGLU (Shazeer 2020): y = silu(g) ⊙ u, silu(g) = g·σ(g). gu [n][2·ff]: g then u in each row;
 * y [n][ff]. */
void jl_swiglu(const jl_real *gu, int n, int ff, jl_real *y);
void jl_swiglu_back(const jl_real *gu, const jl_real *dy, int n, int ff, jl_real *dgu);

/* GELU (Hendrycks & Gimpel 2016), its tanh form: y = x/2·(1 + tanh(√(2/π)(x + 0.044715 x³))). */
void jl_gelu(const jl_real *x, size_t n, jl_real *y);
void jl_gelu_back(const jl_real *x, const jl_real *dy, size_t n, jl_real *dx);

/* Position t as an angle, t·base^(−i/width) for the pair (i, i + 1) of `width` numbers: its cosine
 * and sine. */
void jl_angle(int t, int i, int width, double base, jl_real cs[2]);

/* What the sinusoidal scheme adds to numbers i and i + 1 of an embedding at position t: sine and
 * cosine of the pair's angle at base 10000, divided by √width. Vaswani et al. (2017, section 3.4)
 * multiply embeddings by √width instead; the sum has the same direction, and a pre-norm block sees
 * no more of it. Sines of unit size drown embeddings as small as a tied output starts from. */
void jl_sinusoid(int t, int i, int width, jl_real pair[2]);

/* RoPE (Su et al. 2021) in place: neighbours (2i, 2i + 1) of each of `heads` vectors of size hd
 * turn by the angle t·base^(−2i/hd), t the row's position; cs [T][hd/2][2] holds cos and sin; row r
 * of n has position r mod T, rows lie `stride` numbers apart. The way back turns the other way:
 * sign −1. */
void jl_turn(jl_real *x, int n, int stride, int heads, int hd, const jl_real *cs, int length,
             int sign);

/* Inverted dropout in place: mask [n] holds 0 or 1, kept numbers grow by 1/(1 − p). Its own way
 * back. */
void jl_drop(jl_real *x, const uint8_t *mask, size_t n, double p);

/* Softmax of each row of z [n][v] and the cross-entropy with its target: returns Σ −ln p(target)
 * and leaves in z the gradient of scale times that sum: scale·(p − onehot). */
double jl_cross_entropy(jl_real *z, const int32_t *target, int n, int v, double scale);

/* The shapes of causal multi-head attention over B sequences of T tokens. q, k and v lie in one
 * array qkv [B·T][(H + 2·G)·hd]: H query heads, then G key heads, then G value heads. Query head h
 * reads key head h·G/H (grouped queries: Ainslie et al. 2023). */
typedef struct jl_heads {
    int B, T, H, G, hd;
    int alibi; /* nonzero: scores fall by slope_h·distance (Press et al. 2022) */
} jl_heads;

/* ALiBi's slope of head h: 2^(−8(h + 1)/H), for H a power of two. */
double jl_alibi_slope(int h, int H);

/* out [B·T][H·hd] = softmax(Q Kᵀ/√hd) V; p [B][H][T][T] keeps the softmax, of which the lower
 * triangle (in blocks) is written. */
void jl_attention_heads(jl_gemm *gemm, const jl_heads *a, const jl_real *qkv, jl_real *p,
                        jl_real *out);
/* dqkv overwritten; scratch: JL_QUERY_BLOCK·T numbers. */
enum { JL_QUERY_BLOCK = 64 };
void jl_attention_heads_back(jl_gemm *gemm, const jl_heads *a, const jl_real *qkv, const jl_real *p,
                             const jl_real *dout, jl_real *dqkv, jl_real *scratch);

#endif
