/* mamba.h - selective state spaces: Mamba and Mamba 2. */
#ifndef JL_MAMBA_H
#define JL_MAMBA_H

#include "pass.h"

/* delta = the sublayer's output of h; writes the block's state after the batch. Both need the whole
 * batch, because a row depends on all rows before it. */
void jl_mamba_sublayer(const jl_pass *p, int block);
void jl_mamba2_sublayer(const jl_pass *p, int block);

#endif
