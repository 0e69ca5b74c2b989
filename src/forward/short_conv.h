/* short_conv.h - a short convolution over the last few positions, in attention's place. */
#ifndef JL_SHORT_CONV_H
#define JL_SHORT_CONV_H

#include "pass.h"

/* delta = W_out (c ⊙ conv(b ⊙ x)) with b, c, x = W_in h; the cache must hold what entered the
 * positions before the batch, and holds the batch afterwards. */
void jl_short_conv_sublayer(const jl_pass *p, int block);

/* Only what later positions ask of the batch: b ⊙ x joins the cache. */
void jl_short_conv_store(const jl_pass *p, int block);

#endif
