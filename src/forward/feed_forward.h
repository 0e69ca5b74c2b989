/* feed_forward.h - the part of a block that looks at each token alone. */
#ifndef JL_FEED_FORWARD_H
#define JL_FEED_FORWARD_H

#include "pass.h"

/* delta = the feed-forward part of h, or what experts make of it. */
void jl_feed_forward_part(const jl_pass *p, int layer);

/* y [n][embd] = down(σ(gate x) ⊙ up x), or down(σ(up x)) where gate is absent; x [n][embd]. y may
 * be x. */
void jl_hidden(const jl_pass *p, const jl_linear *gate, const jl_linear *up, const jl_linear *down,
               const float *x, int n, float *y);

/* delta = the answers of the experts that each token of h asks, by their shares, and of the one
 * that all ask, where there is one. */
void jl_experts_part(const jl_pass *p, int layer);

#endif
