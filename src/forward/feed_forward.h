/* feed_forward.h - the feed-forward sublayer of a block; tokens are independent. */
#ifndef JL_FEED_FORWARD_H
#define JL_FEED_FORWARD_H

#include "pass.h"

/* delta = FFN(h), or the mixture of the block's experts. */
void jl_feed_forward_sublayer(const jl_pass *p, int block);

/* y [n][embd] = down(σ(gate x) ⊙ up x), or down(σ(up x)) without gate; x [n][embd]. y may be x.
 * block: whose sites are visited; −1: none, for experts. */
void jl_ffn_hidden(const jl_pass *p, const jl_linear *gate, const jl_linear *up,
                   const jl_linear *down, const float *x, int n, int block, float *y);

/* delta = the outputs of each token's experts, weighted by their shares, plus the output of the
 * shared expert, if there is one. */
void jl_experts_sublayer(const jl_pass *p, int block);

/* x [n] = GELU(x) = x·Φ(x), with the error function (only under JL_ALL). */
void jl_gelu_erf(float *x, int n);

#endif
