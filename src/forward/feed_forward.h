/* feed_forward.h - the feed-forward sublayer of a block, which computes each token by itself. */
#ifndef JL_FEED_FORWARD_H
#define JL_FEED_FORWARD_H

#include "pass.h"

/* delta = the feed-forward network of h, or the block's experts of h. */
void jl_feed_forward_sublayer(const jl_pass *p, int block);

/* y [n][embd] = down(σ(gate x) ⊙ up x), or down(σ(up x)) where gate is absent; x [n][embd]. y may
 * be x. */
void jl_ffn_hidden(const jl_pass *p, const jl_linear *gate, const jl_linear *up,
                   const jl_linear *down, const float *x, int n, float *y);

/* delta = the outputs of the experts that each token of h is routed to, weighted by their shares,
 * plus the shared expert's, if there is one. */
void jl_experts_sublayer(const jl_pass *p, int block);

#endif
