/* layers.h - the layers of a network, each forward with its backward.
 *
 * transformer.c and baselines.c compose them. x is the input, y the output, L the loss; dx =
 * ∂L/∂x, dw = ∂L/∂w. Arrays hold n rows. A backward function adds to the gradients of weights (dw
 * += …) and documents whether it overwrites dx. Nothing here allocates or keeps state.
 */
#ifndef JL_LAYERS_H
#define JL_LAYERS_H

#include "real.h"

typedef enum jlt_net_norm { JLT_NET_RMS_NORM, JLT_NET_LAYER_NORM } jlt_net_norm;

/* y = W x for n rows: x [n][in], W [out][in], y [n][out]. */
void jlt_linear(jlt_gemm *gemm, const jlt_real *x, const jlt_real *w, int n, int in, int out,
                jlt_real *y);
/* dx [n][in] overwritten (NULL: skipped), dw [out][in] added to. */
void jlt_linear_backward(jlt_gemm *gemm, const jlt_real *x, const jlt_real *w, const jlt_real *dy,
                         int n, int in, int out, jlt_real *dx, jlt_real *dw);

/* RMSNorm (Zhang & Sennrich 2019): y = w ⊙ x·r, r = 1/√(mean x² + eps). LayerNorm (Ba et al.
 * 2016): y = w ⊙ (x − μ)·r + b, r = 1/√(var x + eps). x, y [n][d]; w, b [d], b NULL for RMSNorm;
 * kept [n][2]: μ and r of each row, for backward. */
void jlt_norm(jlt_net_norm kind, const jlt_real *x, const jlt_real *w, const jlt_real *b,
              double eps, int n, int d, jlt_real *y, jlt_real *kept);
/* dx added to; dw, db added to. */
void jlt_norm_backward(jlt_net_norm kind, const jlt_real *x, const jlt_real *w,
                       const jlt_real *kept, const jlt_real *dy, int n, int d, jlt_real *dx,
                       jlt_real *dw, jlt_real *db);

/* SwiGLU (Shazeer 2020): y = silu(g) ⊙ u, silu(g) = g·σ(g). gu [n][2·ff]: g then u in each row;
 * y [n][ff]. */
void jlt_swiglu(const jlt_real *gu, int n, int ff, jlt_real *y);
void jlt_swiglu_backward(const jlt_real *gu, const jlt_real *dy, int n, int ff, jlt_real *dgu);

/* GELU (Hendrycks & Gimpel 2016), tanh form: y = x/2·(1 + tanh(√(2/π)(x + 0.044715 x³))). */
void jlt_gelu(const jlt_real *x, size_t n, jlt_real *y);
void jlt_gelu_backward(const jlt_real *x, const jlt_real *dy, size_t n, jlt_real *dx);

/* Cosine and sine of the angle t·base^(−i/width): position t, pair (i, i + 1) of `width`. */
void jlt_angle(int t, int i, int width, double base, jlt_real cs[2]);

/* Sinusoidal positions: sine and cosine, at base 10000, for numbers i and i + 1 of the embedding
 * at position t, divided by √width. Vaswani et al. (2017, section 3.4) multiply embeddings by
 * √width instead: the same sum up to scale, which a pre-norm block ignores. Unit sines would drown
 * the small initial embeddings of a tied output. */
void jlt_sinusoid(int t, int i, int width, jlt_real pair[2]);

/* RoPE (Su et al. 2021) in place: rotates the pair (2i, 2i + 1) of each of `heads` vectors of size
 * hd by t·base^(−2i/hd), t the row's position. cs [T][hd/2][2]: cos and sin. Row r of n has
 * position r mod T; rows lie `stride` numbers apart. sign: 1 forward, −1 backward. */
void jlt_rotate(jlt_real *x, int n, int stride, int heads, int hd, const jlt_real *cs, int length,
                int sign);

/* Inverted dropout in place, forward and backward: mask [n] of 0 or 1; kept numbers are scaled by
 * 1/(1 − p). */
void jlt_dropout(jlt_real *x, const uint8_t *mask, size_t n, double p);

/* Softmax of each row of z [n][v], cross-entropy with its target: returns Σ −ln p(target) and
 * replaces z by the gradient of scale times that sum: scale·(p − onehot). */
double jlt_cross_entropy(jlt_real *z, const int32_t *target, int n, int v, double scale);

/* Shape of causal multi-head attention over B sequences of T tokens. A row of qkv
 * [B·T][(H + 2·G)·hd] holds H query heads, G key heads, G value heads. Query head h uses key head
 * h·G/H (grouped queries: Ainslie et al. 2023). */
typedef struct jlt_heads {
    int B, T, H, G, hd;
    int alibi; /* nonzero: subtract slope_h·distance from scores (Press et al. 2022) */
} jlt_heads;

/* ALiBi's slope of head h: 2^(−8(h + 1)/H), for H a power of two. */
double jlt_alibi_slope(int h, int H);

/* out [B·T][H·hd] = softmax(Q Kᵀ/√hd) V; p [B][H][T][T] stores the softmax; only the lower
 * triangle (in blocks) is written. */
void jlt_attention(jlt_gemm *gemm, const jlt_heads *a, const jlt_real *qkv, jlt_real *p,
                   jlt_real *out);
/* dqkv overwritten; scratch: JLT_QUERY_BLOCK·T numbers. */
enum { JLT_QUERY_BLOCK = 64 };
void jlt_attention_backward(jlt_gemm *gemm, const jlt_heads *a, const jlt_real *qkv,
                            const jlt_real *p, const jlt_real *dout, jlt_real *dqkv,
                            jlt_real *scratch);

#endif
