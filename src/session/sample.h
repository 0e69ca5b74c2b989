/* sample.h - logits → token, through stages that can be looked at.
 *
 * penalty → temperature → top-k → top-p → min-p → draw. Each stage narrows what the one before left
 * and renormalises. The full order of the vocabulary is never computed: a heap gives candidates in
 * falling order only as far as a stage asks. Ties go to the smaller id, so a draw depends on
 * nothing but the logits, the settings and the seed.
 */
#ifndef JL_SAMPLE_H
#define JL_SAMPLE_H

#include "../base/random.h"
#include "../jielong.h"

typedef struct jl_entry {
    float logit;
    int32_t id;
} jl_entry;

/* Scratch over a vocabulary of n; the arrays are the session's. */
typedef struct jl_sampler {
    int n;
    float *logits;  /* [n] after the penalty */
    jl_entry *heap; /* [n]: heap[0 … held − popped) is a heap, then what was popped, last popped
                     * first, up to heap[held) */
    int held, popped;
    float max, scale; /* weight of a candidate = exp((logit − max)·scale) */
} jl_sampler;

jl_status jl_sampling_check(const jl_sampling *g, jl_error *error);

/* The candidates that remain after `stage` for logits [n], recent [n_recent] being the last tokens:
 * writes the cap most probable in falling order, returns how many remain, or a negative status. */
int jl_sample_stage(jl_sampler *s, const float *logits, const jl_sampling *g, const int32_t *recent,
                    int n_recent, jl_stage stage, jl_candidate *out, int cap, jl_error *error);

/* Draws one token; negative on failure. */
int32_t jl_sample_draw(jl_sampler *s, const float *logits, const jl_sampling *g,
                       const int32_t *recent, int n_recent, jl_random *random, jl_error *error);

/* log Σ exp(logits): a logit minus it is a natural log-probability. */
float jl_log_sum(const float *logits, int n);

/* The `cap` largest logits in falling order, as probabilities of softmax(logits); returns how many.
 * */
int jl_top(const float *logits, int n, float log_sum, jl_candidate *out, int cap);

#endif
