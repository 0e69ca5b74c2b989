/* recurrent.h - what recurrent sublayers share: their state, and the convolution before it.
 *
 * The state of a block summarises all tokens before a position: the last kernel − 1 inputs of the
 * convolution [kernel − 1][channels], oldest first, then the sublayer's own floats. A pass reads
 * the state before its batch and writes the state after it elsewhere (jl_cache).
 */
#ifndef JL_RECURRENT_H
#define JL_RECURRENT_H

#include <math.h>

#include "pass.h"

/* log(1 + e^x) */
static inline float jl_softplus(float x) {
    return x > 20 ? x : (float)log(1 + (double)jl_exp(x));
}

/* Floats of the state of one block; 0 in models without recurrent blocks. */
static inline uint64_t jl_state_floats(const jl_hparams *h) {
    const jl_ssm_lengths *l = &h->ssm;
    if (h->n_recurrent == 0) return 0;
    return (uint64_t)(l->kernel - 1) * (uint64_t)l->channels +
           (uint64_t)l->inner * (uint64_t)l->state;
}

/* Floats of the states of all blocks. */
static inline uint64_t jl_states_floats(const jl_hparams *h) {
    return (uint64_t)h->n_recurrent * jl_state_floats(h);
}

/* The state of a block before the batch (NULL: all 0), and where the state after it is written. */
const float *jl_state_before(const jl_pass *p, int block);
float *jl_state_after(const jl_pass *p, int block);

/* conv of the scratch = SiLU(convolution of its mixed), depthwise and causal: y_t[c] = Σ_i
 * kernel[c][i]·u_{t − kernel + 1 + i}[c], i ascending, + bias. Also writes the inputs'
 * part of the state. */
void jl_recurrent_convolve(const jl_pass *p, int block);

#endif
