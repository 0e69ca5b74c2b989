/* feed_forward.h - the part of a block that looks at each token alone. */
#ifndef JL_FEED_FORWARD_H
#define JL_FEED_FORWARD_H

#include "pass.h"

/* delta = the feed-forward part of h. */
void jl_feed_forward_part(const jl_pass *p, int layer);

#endif
