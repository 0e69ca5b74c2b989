/* short_conv.h - a short convolution over the last few positions, instead of attention. */
#ifndef JL_SHORT_CONV_H
#define JL_SHORT_CONV_H

#include "pass.h"

/* delta = W_out (c ⊙ conv(b ⊙ x)) with b, c, x = W_in h. The cache must hold the inputs before
 * the batch; the batch is appended to it. */
void jl_short_conv_sublayer(const jl_pass *p, int block);

/* Only stores the convolution inputs b ⊙ x in the cache. */
void jl_short_conv_store(const jl_pass *p, int block);

#endif
