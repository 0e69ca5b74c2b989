/* unembed.c - logits = cap(scale · (W_out h + b)). See unembed.h. */
#include "unembed.h"

#include "linear.h"

void jl_unembed(const jl_scratch *s, const jl_model *m, const float *h, int n, float *logits) {
    const jl_linear *output[] = { &m->w.output };
    int count = n * m->h.n_vocab;
    jl_linear_forward(s, h, n, output, &logits, 1);
    if (m->h.logit_scale != 1) jl_scale(logits, m->h.logit_scale, count);
    if (m->h.logit_cap > 0) jl_soft_cap(logits, m->h.logit_cap, count);
}
