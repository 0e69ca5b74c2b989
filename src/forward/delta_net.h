/* delta_net.h - a gated delta net: linear attention whose state forgets and corrects itself. */
#ifndef JL_DELTA_NET_H
#define JL_DELTA_NET_H

#include "pass.h"

/* delta = the sublayer's output of h; writes the block's state after the batch. Needs the whole
 * batch, because a row depends on all rows before it. */
void jl_delta_net_sublayer(const jl_pass *p, int block);

#endif
