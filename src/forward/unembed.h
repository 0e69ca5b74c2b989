/* unembed.h - normalised hidden states → logits: the output matrix, its scale and its cap. */
#ifndef JL_UNEMBED_H
#define JL_UNEMBED_H

#include "pass.h"

/* logits [n][vocab] of h [n][embd], the stream after the last norm. Uses only act and pool of the
 * scratch. */
void jl_unembed(const jl_scratch *s, const jl_model *m, const float *h, int n, float *logits);

#endif
